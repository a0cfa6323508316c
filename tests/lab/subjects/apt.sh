# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# apt-get fetches packages from two mirrors, one after the other, as an upgrade does.

label lookalike
family transfer
used_for judging
needs apt-get apt-ftparchive dpkg-deb nginx
strangers 2

package() { # NAME
	local tree=$NS_DIR/package/$1
	mkdir -p "$tree/DEBIAN" "$tree/usr/share/lab" || return
	data "$tree/usr/share/lab/$1" 4 || return
	printf 'Package: %s\nVersion: 1\nArchitecture: all\nMaintainer: lab <lab@lab>\n%s\n' \
		"$1" "Description: nothing" >"$tree/DEBIAN/control"
	dpkg-deb -Znone -b "$tree" "$NS_DIR/www/$1.deb" >/dev/null
}

start() {
	local i dir
	web_server s1 0 && web_server s2 0 || return
	for i in 1 2 3 4 5 6 7 8 9 10; do package "lab-package-$i" || return; done
	(cd "$NS_DIR/www" && apt-ftparchive packages . >Packages) || return
	dir=$(directory apt) || return
	mkdir -p "$dir"/{lists/partial,archives/partial,parts}
	touch "$dir/status"
	for i in 1 2; do
		echo "deb [trusted=yes] http://$(stranger "$i")/ ./"
	done >"$dir/sources.list"
	chown -R "$SUBJECT_UID:$SUBJECT_UID" "$dir"
}

# Everything apt-get would else read or write of this machine is turned to the run's own.
drive() {
	local dir=$NS_DIR/apt names=(lab-package-{1..10}) apt
	apt=(apt-get -q -o "Dir::Etc::sourcelist=$dir/sources.list"
		-o "Dir::Etc::sourceparts=$dir/parts" -o "Dir::State=$dir"
		-o "Dir::State::lists=$dir/lists" -o "Dir::State::status=$dir/status"
		-o "Dir::Cache=$dir" -o "Dir::Cache::archives=$dir/archives"
		-o "Dir::Log=$dir" -o APT::Sandbox::User= -o Debug::NoLocking=1
		-o Acquire::http::Proxy=false -o Acquire::http::Dl-Limit=800
		-o Acquire::Languages=none)
	# shellcheck disable=SC2016 # for the shell in the office
	office bash -c 'cd "$0" || exit; names=$1; shift; "$@" update
		while :; do
			"$@" download $names
			rm -f ./*.deb
		done' "$dir" "${names[*]}" "${apt[@]}"
}

role_proof() {
	exchanged_at_least 5000000 10000
}
