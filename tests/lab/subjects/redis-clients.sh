# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A program's clients of message brokers (redis): subscribed to three of them, and saying
# something of its own to each now and then.

label lookalike
family background
used_for judging
needs redis-server redis-cli
strangers 3

start() {
	local i
	for i in 1 2 3; do
		at "$i" redis-server --port 6379 --bind "$(stranger "$i")" --save '' \
			--appendonly no --protected-mode no --dir "$NS_DIR"
		listens "$i" tcp 6379 || return
		office redis-cli -h "$(stranger "$i")" subscribe news
	done
}

# Words for a channel now and then, as a broker takes them, on standard output.
# shellcheck disable=SC2016 # for the shell that speaks
SPEAK='while :; do
	echo "publish $0 $(head -c $((RANDOM % 700 + 20)) /dev/urandom | od -An -tx1 |
		tr -d "\n ")"
	sleep $((RANDOM % $1)).$((RANDOM % 10))
done'

drive() {
	local i
	for i in 1 2 3; do
		at "$i" bash -c "($SPEAK) | redis-cli -h $(stranger "$i")" news 2
		office bash -c "($SPEAK) | redis-cli -h $(stranger "$i")" other 2
	done
}

role_proof() {
	exchanged_at_least 50000 20000
}
