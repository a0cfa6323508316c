# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# restic backs a directory up to a server out there: read, encrypted, sent.

label lookalike
family transfer
used_for judging
needs restic rclone
strangers 1

start() {
	local dir i
	export RESTIC_PASSWORD=lab
	directory repository >/dev/null && dir=$(directory documents) || return
	for ((i = 1; i <= 30; i++)); do data "$dir/document-$i" 4 || return; done
	at 1 env HOME="$NS_DIR/repository" rclone serve restic --addr "$(stranger 1):8000" \
		"$NS_DIR/repository"
	listens 1 tcp 8000 || return
	ns_run office restic -q --no-cache -r "rest:http://$(stranger 1):8000/" init
}

drive() {
	office restic --cache-dir "$NS_DIR/home" --limit-upload 2000 \
		-r "rest:http://$(stranger 1):8000/" backup "$NS_DIR/documents"
}

role_proof() {
	exchanged_at_least 10000 10000000
}
