# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# unison keeps a directory the same on three computers of one owner, by way of this one:
# synchronises with one, then with the other, again and again.

label lookalike
family sync
used_for judging
needs unison
strangers 2
note "passes on its owner's files, by way of the disk"

start() {
	local i dir
	for i in 0 1 2; do
		dir=$(directory "tree-$i") && directory "unison-$i" >/dev/null || return
		data "$dir/first-$i" 2
	done
	chown -R "$SUBJECT_UID" "$NS_DIR"/tree-*
	for i in 1 2; do
		at "$i" env HOME="$NS_DIR/unison-$i" UNISON="$NS_DIR/unison-$i" \
			unison -socket 5000 -listen "$(stranger "$i")"
		listens "$i" tcp 5000 || return
	done
}

# Somebody works on the first and the second; all three get it.
drive() {
	# shellcheck disable=SC2016 # for the shell in the office
	office env UNISON="$NS_DIR/unison-0" bash -c 'while :; do
		for i in 1 2; do
			unison "$0/tree-0" "socket://198.18.0.10$i:5000/$0/tree-$i" -batch \
				-auto -prefer newer -confirmbigdel=false
		done
		sleep 1
	done' "$NS_DIR"
	# shellcheck disable=SC2016 # for the shell at the stranger
	at 1 bash -c 'for ((i = 0; i < 400; i++)); do
		head -c 400k /dev/urandom >"$0/tree-1/new-$((i % 20))"
		sleep 0.$((RANDOM % 9))
	done' "$NS_DIR"
}

role_proof() {
	exchanged_at_least 3000000 3000000
}
