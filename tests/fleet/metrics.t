#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# From a promotion to an alert: a real agent, its metrics through a real node_exporter into
# a real Prometheus with the shipped rules. The dashboard's questions are asked of it.

# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/../netns/lib.sh"

METRICS=      # where node_exporter looks
PROMETHEUS=127.0.0.1:9090
RULES=$ROOT/packaging/fleet/prometheus/relaywarden.rules.yml
DASHBOARD=$ROOT/packaging/fleet/grafana/relaywarden.json

# As relaywarden-metrics.timer does, but every second.
write_metrics() {
	while sleep 1; do
		"$CTL" metrics "$METRICS/relaywarden.prom"
		"$BUILD/relaywarden-bundle" metrics --state-dir "$NS_DIR/installed" \
			--fetch-dir "$NS_DIR/fetch" "$METRICS/relaywarden-fleet.prom"
	done
}

prometheus_config() {
	cat <<-YAML
		global: {scrape_interval: 1s, evaluation_interval: 1s}
		rule_files: ["$RULES"]
		scrape_configs:
		  - job_name: node
		    static_configs: [{targets: ["127.0.0.1:9100"]}]
	YAML
}

api() { # PATH [CURL_OPTION...]
	local path=$1
	shift
	ns_run office curl -sS --max-time 10 --get "$@" "http://$PROMETHEUS/api/v1/$path"
}

query() { # EXPRESSION: how many results
	api query --data-urlencode "query=$1" |
		jq -e 'if .status == "success" then .data.result | length else error(.error) end'
}

has_results() { # EXPRESSION
	local count
	count=$(query "$1") && [ "$count" -gt 0 ]
}

alerts() { # NAME: how many are firing
	api alerts | jq --arg n "$1" \
		'[.data.alerts[] | select(.labels.alertname == $n and .state == "firing")] | length'
}

fires() {
	[ "$(alerts "$1")" -gt 0 ]
}

begin_netns
need promtool prometheus prometheus-node-exporter curl
is "$(promtool test rules "$ROOT/tests/fleet/rules_test.yml" | tail -n 2 | tr -d ' \n')" \
	SUCCESS "the rules pass their own tests"
lab_build 2 || bail_out "the network could not be made"
METRICS=$NS_DIR/metrics
mkdir -p "$METRICS" "$NS_DIR/installed" "$NS_DIR/fetch"
printf 'seen 8\nanswered %s\n' "$(date +%s)" >"$NS_DIR/fetch/state"
printf 'seen 7\napplied 7\ncreated 1\nexpires 9999999999\n' >"$NS_DIR/installed/state"
agent_paths office

"$CTL" metrics "$METRICS/relaywarden.prom" 2>/dev/null
is $? 6 "where no agent answers, the exit status says so"
is "$(sed '/^#/d' "$METRICS/relaywarden.prom")" "relaywarden_up 0" "... and so does the file"

start_agent office || bail_out "no agent"
ok "with an agent there are metrics" ctl metrics "$METRICS/relaywarden.prom"
is "$(ls "$METRICS")" relaywarden.prom "... put in place as a whole"
ok "promtool has nothing against them" promtool check metrics <"$METRICS/relaywarden.prom"
"$BUILD/relaywarden-bundle" metrics --state-dir "$NS_DIR/installed" \
	--fetch-dir "$NS_DIR/fetch" >"$NS_DIR/bundle.prom"
ok "... nor against those of bundles" promtool check metrics <"$NS_DIR/bundle.prom"

export -f write_metrics
export CTL BUILD METRICS NS_DIR
ns_spawn office "$NS_DIR/writing" bash -c write_metrics
ns_spawn office "$NS_DIR/exporter" prometheus-node-exporter --collector.disable-defaults \
	--collector.textfile --collector.textfile.directory "$METRICS" \
	--web.listen-address 127.0.0.1:9100
prometheus_config >"$NS_DIR/prometheus.yml"
ns_spawn office "$NS_DIR/prometheus" prometheus --config.file "$NS_DIR/prometheus.yml" \
	--storage.tsdb.path "$NS_DIR/tsdb" --web.listen-address "$PROMETHEUS"
wait_until 30 has_results "relaywarden_up == 1" ||
	bail_out "nothing arrives: $(tail -n 3 "$NS_DIR/prometheus" "$NS_DIR/exporter")"
ok "the agent's metrics arrive" has_results "relaywarden_up == 1"
ok "... and those of bundles" has_results "relaywarden_bundle_generation == 7"
is "$(query 'node_textfile_scrape_error == 1')" 0 "node_exporter can read them all"
is "$(alerts RelaywardenPromoted)" 0 "nothing is promoted, nothing is told"

lab_relay 5M || bail_out "nothing is relayed"
ok "a supernode is promoted" wait_until 60 app_has_role "$SUPERNODE_PID" relay
ok "... and an alert fires" wait_until 30 fires RelaywardenPromoted
is "$(api alerts | jq -r '[.data.alerts[] | select(.labels.alertname ==
	"RelaywardenPromoted") | .labels.app] | unique | join(" ")')" \
	"$(app_get "$SUPERNODE_PID" name)" "... and names it"
ok "promtool has nothing against the metrics of one, either" \
	promtool check metrics <"$METRICS/relaywarden.prom"
like "$(cat "$METRICS/relaywarden.prom")" \
	'relaywarden_app_relayed_bytes_total\{app="supernode",user="[^"]*",direction="out"\} [1-9]' \
	"its relayed bytes are counted"

wait_until 30 has_results 'rate(relaywarden_app_relayed_bytes_total[10s])'
mapfile -t questions < <(jq -r '.. | .expr? // empty' "$DASHBOARD")
ok "the dashboard asks questions" test "${#questions[@]}" -ge 10
for question in "${questions[@]}"; do
	ok "there is an answer to: $question" \
		has_results "${question//\$__rate_interval/10s}"
done

stop_agent
ok "an agent that is gone is told" wait_until 30 has_results "relaywarden_up == 0"
done_testing
