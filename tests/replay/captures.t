#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A capture answers whether a computer was relaying, whatever it was captured on; one that
# is damaged says so. Needs neither root nor an agent.

# shellcheck source=tests/replay/lib.sh
. "$(dirname "$0")/lib.sh"

capture() { # LINK WHAT [CALLERS]
	perl "$ROOT/tests/replay/capture.pl" "$@"
}

judge() { # FILE [OPTION...]
	"$CTL" replay --host 192.0.2.1 --policy "$ROOT/rules/policy.d" "$@"
}

for link in ethernet vlan raw sll sll2; do
	capture "$link" relay >"$DIR/relay.pcap"
	judge "$DIR/relay.pcap" --json >"$DIR/relay.json"
	is "$(jq -r .explanation.application.role "$DIR/relay.json")" relay \
		"a relay is found in a capture of link type $link" ||
		diag "$(judge "$DIR/relay.pcap" 2>&1)"
done
is "$(jq -r '.explanation.legs[0] | [.from, .to] | sort | join(" ")' \
	"$DIR/relay.json")" "198.51.100.7 203.0.113.9" "it relayed for these two"
is "$(jq .start "$DIR/relay.json")" 1790000000 "times are those of the capture"
is "$(jq -c '.explanation.application | [.peers_in, .peers_out]' "$DIR/relay.json")" \
	"[1,1]" "who sent first began: the one came, the other was called"
answer=$(judge "$DIR/relay.pcap")
like "$answer" "Yes: host 192.0.2.1 worked for strangers, as a relay" \
	"the question is answered in a sentence"
like "$answer" "since when +recognised [0-9.]+ s into .*, the first signs at [0-9.]+ s" \
	"and since when"
like "$answer" "until when +it still was when the capture ends" "and until when"
like "$answer" "for whom +198.51.100.7 and 203.0.113.9" "and for whom"
like "$answer" "how much +1.[0-9]+ MB in and 1.[0-9]+ MB out on relayed" "and how much"

capture ethernet server >"$DIR/server.pcap"
is "$(judge "$DIR/server.pcap" --json | jq -r '.timeline | length')" 0 \
	"a server that answers is no relay"
like "$(judge "$DIR/server.pcap")" "Nothing in this capture says" "and is told so"
like "$(judge --set 'link.trusted=192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24' \
	"$DIR/relay.pcap")" "It met no stranger" "trusted peers are no strangers"
capture ethernet stops >"$DIR/stops.pcap"
answer=$(judge "$DIR/stops.pcap")
like "$answer" "Yes: .*until when +the last signs at .*, taken for a client again [5-7]m" \
	"of one that stopped it says when"
like "$answer" "for whom +198.51.100.7 and 203.0.113.9.*how much +1.[0-9]+ MB in" \
	"and still for whom, and how much it was"
ok "the timeline has them at its end" jq -e '.timeline[-1] | .role == "client" and
	(.legs | length) == 1 and .last_sign_ms > 40000 and .last_sign_ms < .after_ms' \
	<(judge "$DIR/stops.pcap" --json)

capture ethernet hub >"$DIR/hub.pcap"
answer=$(judge "$DIR/hub.pcap")
like "$answer" "Yes: host 192.0.2.1 worked for strangers, as a supernode" \
	"a hub is found, though it carries next to nothing"
like "$answer" "for whom +the many who lean on it" \
	"and whom it worked for"
like "$answer" "how much +no flows were told apart as relayed" "and that it relayed nothing"
like "$answer" "Independent kinds of evidence: 1 [(]who leans on it[)]: enough to limit" \
	"one kind of evidence is not enough to cut"
capture ethernet hub 40 >"$DIR/few.pcap"
answer=$(judge "$DIR/few.pcap")
like "$answer" "Rather not: something in this capture says" "what is not nothing is not"
like "$answer" "It seems to use the network for its owner, though" "called nothing"
capture ethernet hub 100 >"$DIR/some.pcap"
answer=$(judge "$DIR/some.pcap")
like "$answer" "Perhaps: some signs say.*host 192.0.2.1: suspect" "a suspect is a perhaps"

"$CTL" replay "$DIR/relay.pcap" >/dev/null 2>"$DIR/said"
is $? 2 "a capture needs to be told the host"
like "$(cat "$DIR/said")" "--host ADDRESS" "and says how"
"$CTL" replay --host office "$DIR/relay.pcap" >/dev/null 2>&1
is $? 2 "a host is an address"
"$CTL" replay --host 192.0.2.99 "$DIR/relay.pcap" >/dev/null 2>"$DIR/said"
is $? 1 "a host that is not in it is an error"
like "$(cat "$DIR/said")" "none of its [0-9]+ packets is from or to 192.0.2.99" \
	"that is said"

size=$(stat -c %s "$DIR/relay.pcap")
head -c $((size - 5)) "$DIR/relay.pcap" >"$DIR/cut.pcap"
judge "$DIR/cut.pcap" >"$DIR/there" 2>"$DIR/said"
is $? 1 "a capture that is cut off is no success"
like "$(cat "$DIR/said")" "damaged behind packet [0-9]+" "the error says where"
like "$(cat "$DIR/there")" "worked for strangers" "what it holds is judged all the same"
head -c 20 "$DIR/relay.pcap" >"$DIR/head.pcap"
judge "$DIR/head.pcap" >/dev/null 2>"$DIR/said"
is $? 1 "half a header is refused"
{ head -c 20 "$DIR/relay.pcap" && printf '\x69\0\0\0' &&
	tail -c +25 "$DIR/relay.pcap"; } >"$DIR/wifi.pcap"
judge "$DIR/wifi.pcap" >/dev/null 2>"$DIR/said"
is $? 1 "a link type that is not known is refused"
like "$(cat "$DIR/said")" "link type 105 cannot be read" "and named"
judge - <"$DIR/relay.pcap" >/dev/null 2>&1
is $? 0 "a file as standard input will do"
judge - < <(cat "$DIR/relay.pcap") >/dev/null 2>&1
is $? 2 "a pipe will not"
done_testing
