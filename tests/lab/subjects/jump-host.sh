# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# dropbear as a jump host: three strangers reach other computers' ssh through it, and copy
# files from there.

label relay
family "jump host"
used_for judging
needs dropbear dropbearkey dbclient
strangers 2
trade "jump host"
note "a relay by trade: a policy exempts it"

# Where it looks for keys is root's home: of its own here, in a mount namespace.
ssh_server() { # DIRECTORY LISTEN
	# shellcheck disable=SC2016 # for the shell that runs it
	SSH_SERVER=(unshare -m bash -c 'mount --bind "$0/root" /root && cd / &&
		exec dropbear -F -s -r "$0/host-key" -P "$0/pid" -p "$1"' "$1" "$2")
}

start() {
	local dir key
	key=$(directory keys)/key
	dropbearkey -t ed25519 -f "$key" >"$NS_DIR/keys/words" 2>/dev/null || return
	for dir in office s2; do
		mkdir -p "$NS_DIR/ssh-$dir/root/.ssh"
		dropbearkey -t ed25519 -f "$NS_DIR/ssh-$dir/host-key" >/dev/null 2>&1 || return
		grep '^ssh-' "$NS_DIR/keys/words" >"$NS_DIR/ssh-$dir/root/.ssh/authorized_keys"
		chown -R root:root "$NS_DIR/ssh-$dir"
		chmod -R go= "$NS_DIR/ssh-$dir/root"
	done
	data "$NS_DIR/ssh-s2/root/file" 20
	ssh_server "$NS_DIR/ssh-office" "$OFFICE:2222"
	office_root "${SSH_SERVER[@]}"
	office_listens tcp 2222 || return
	ssh_server "$NS_DIR/ssh-s2" 22
	at 2 "${SSH_SERVER[@]}"
	listens 2 tcp 22
}

drive() {
	local i
	for i in 1 2 3; do
		# dbclient asks for no home but writes down hosts there: it has one here.
		# shellcheck disable=SC2016 # for the shell at the stranger
		at 1 env HOME="$NS_DIR/keys" bash -c 'while :; do
			dbclient -y -y -i "$0" -J "dbclient -y -y -i $0 -p 2222 -B $1:22 root@$2" \
				"root@$1" "head -c $((RANDOM % 900 + 100))k file" </dev/null |
				wc -c >>"$3"
			sleep 0.$((RANDOM % 9))
		done' "$NS_DIR/keys/key" "$(stranger 2 "$i")" "$OFFICE" "$NS_DIR/fetched"
	done
}

role_proof() {
	at_least "$(fetched)" 5000000 "copied through the jump host from out of reach"
}
