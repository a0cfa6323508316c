/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole replies come from a real engine fed with observations; a verdict is written
 * into an application by hand, for reaching one is the engine's own test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/dispatch.h"
#include "ctl/report.h"
#include "ctl/report_json.h"
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)
#define OFFSET 1000000

static const struct ctl_peer admin = {.uid = 0, .is_admin = true};
static const struct ctl_peer anna = {.uid = 1000};
static const struct ctl_peer bert = {.uid = 1001};

struct fixture {
	struct engine *engine;
	struct policy *policy;
	struct catalogue catalogue;
	struct report_input in;
};

static void add_app(struct fixture *f, uint16_t id, uint32_t uid, const char *name)
{
	struct app_identity identity = {.kind = APP_KIND_EXE, .uid = uid};
	struct observation o = {
		.kind = OBS_APP,
		.time_ns = 10 * SECOND,
		.app = {.id = id, .pid_count = 2, .pids = {70, 71}},
	};

	snprintf(identity.name, sizeof(identity.name), "%s", name);
	snprintf(identity.exe, sizeof(identity.exe), "/usr/bin/%s", name);
	snprintf(identity.key, sizeof(identity.key), "exe:/usr/bin/%s@%u", name, uid);
	o.app.identity = &identity;
	assert_int_equal(engine_observe(f->engine, &o), 0);
}

static void add_flow(struct fixture *f, uint16_t app, const char *remote, uint16_t port,
		     bool is_inbound, uint64_t bytes)
{
	struct observation o = {.kind = OBS_FLOW, .time_ns = 11 * SECOND};

	assert_int_equal(addr_parse("192.0.2.1", &o.flow.key.local), 0);
	assert_int_equal(addr_parse(remote, &o.flow.key.remote), 0);
	o.flow.key.local_port = 7654;
	o.flow.key.remote_port = port;
	o.flow.key.proto = IPPROTO_UDP;
	o.flow.app = app;
	o.flow.is_inbound = is_inbound;
	o.flow.bytes_in = bytes;
	o.flow.bytes_out = bytes / 2;
	o.flow.packets_in = o.flow.packets_out = 10;
	assert_int_equal(engine_observe(f->engine, &o), 0);
}

static int setup(void **state)
{
	static const char text[] = "[agent]\nmode = enforce\n"
				   "[app *]\npromotion = shape\n"
				   "relay_rate_up = 2mbit\n";
	const struct policy_source source = {"/etc/x/office.ini", text,
					     sizeof(text) - 1};
	struct fixture *f = calloc(1, sizeof(*f));
	struct policy_error e;

	assert_int_equal(policy_parse(&source, 1, &f->policy, &e), 0);
	assert_int_equal(engine_new(f->policy, &f->catalogue, &f->engine), 0);
	add_app(f, 1, 1000, "supernode");
	add_app(f, 2, 1000, "firefox");
	add_app(f, 3, 1001, "firefox");
	f->in = (struct report_input){
		.engine = f->engine,
		.policy = f->policy,
		.version = "1.2.3",
		.now_ns = 20 * SECOND,
		.start_ns = 5 * SECOND,
		.epoch_offset = OFFSET,
		.link_name = "eth0",
		.policy_generation = 7,
	};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	engine_free(f->engine);
	policy_free(f->policy);
	free(f);
	return 0;
}

static struct app *app_of(struct fixture *f, uint16_t id)
{
	struct app *app = (struct app *)(uintptr_t)engine_find_app(f->engine, id);

	assert_non_null(app);
	return app;
}

static void promote(struct app *app)
{
	app->role = ROLE_RELAY;
	app->role_since_ns = 12 * SECOND;
	app->log_odds = 4;
}

typedef int report_function(const struct report_input *in, const struct ctl_peer *peer,
			    const json_t *parameters, json_t **ret_reply,
			    const char **ret_error);

/* Asks about `app` (NULL: no parameter) and expects `error` (NULL: none). */
static json_t *ask(struct fixture *f, report_function *report,
		   const struct ctl_peer *peer, const char *app, const char *error)
{
	json_t *parameters = app ? json_pack("{s:s}", "app", app) : json_object();
	const char *got = NULL;
	json_t *reply = NULL;

	assert_int_equal(report(&f->in, peer, parameters, &reply, &got), 0);
	json_decref(parameters);
	assert_non_null(reply);
	if (error)
		assert_string_equal(got ? got : "no error", error);
	else
		assert_null(got);
	return reply;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	assert_non_null(text);
	return text;
}

static json_int_t int_of(const json_t *object, const char *key)
{
	assert_true(json_is_integer(json_object_get(object, key)));
	return json_integer_value(json_object_get(object, key));
}

static const json_t *find_in(const json_t *reply, const char *name)
{
	const json_t *apps = json_object_get(reply, "applications");

	for (size_t i = 0; i < json_array_size(apps); i++)
		if (strcmp(text_of(json_array_get(apps, i), "name"), name) == 0)
			return json_array_get(apps, i);
	return NULL;
}

/* --- who sees what ------------------------------------------------------------- */

static void a_user_sees_his_own_applications_and_no_others(void **state)
{
	json_t *reply = ask(*state, report_status, &anna, NULL, NULL);
	const json_t *apps = json_object_get(reply, "applications");

	assert_int_equal(json_array_size(apps), 2);
	for (size_t i = 0; i < json_array_size(apps); i++)
		assert_int_equal(int_of(json_array_get(apps, i), "uid"), 1000);
	assert_int_equal(int_of(json_object_get(reply, "summary"), "applications"), 2);
	json_decref(reply);
}

static void an_admin_sees_all_and_what_belongs_to_nobody(void **state)
{
	json_t *reply = ask(*state, report_status, &admin, NULL, NULL);
	const json_t *apps = json_object_get(reply, "applications");
	bool has_unattributed = false;

	assert_int_equal(json_array_size(apps), 4);
	for (size_t i = 0; i < json_array_size(apps); i++)
		has_unattributed |= strcmp(text_of(json_array_get(apps, i), "kind"),
					   "unattributed") == 0;
	assert_true(has_unattributed);
	json_decref(reply);
}

static void unattributed_traffic_is_nobodys_even_with_his_uid(void **state)
{
	struct fixture *f = *state;

	app_of(f, APP_UNATTRIBUTED)->identity.uid = 1001;
	json_decref(
		ask(f, report_explain, &bert, "unattributed", CTL_ERROR_NO_SUCH_APP));
	json_decref(ask(f, report_explain, &admin, "unattributed", NULL));
}

static void the_application_of_another_does_not_exist(void **state)
{
	json_t *reply =
		ask(*state, report_explain, &bert, "supernode", CTL_ERROR_NO_SUCH_APP);

	/* Nor does the suggestion give it away. */
	assert_string_equal(text_of(reply, "nearest"), "");
	json_decref(reply);
	json_decref(ask(*state, report_peers, &bert, "exe:/usr/bin/supernode@1000",
			CTL_ERROR_NO_SUCH_APP));
	json_decref(
		ask(*state, report_status, &bert, "supernode", CTL_ERROR_NO_SUCH_APP));
}

static void a_promotion_of_another_is_not_counted(void **state)
{
	struct fixture *f = *state;
	json_t *reply;

	promote(app_of(f, 1));
	reply = ask(f, report_status, &bert, NULL, NULL);
	assert_int_equal(int_of(json_object_get(reply, "summary"), "promoted"), 0);
	assert_int_equal(int_of(json_object_get(reply, "summary"), "limited"), 0);
	json_decref(reply);
	reply = ask(f, report_status, &anna, NULL, NULL);
	assert_int_equal(int_of(json_object_get(reply, "summary"), "promoted"), 1);
	assert_int_equal(int_of(json_object_get(reply, "summary"), "limited"), 1);
	json_decref(reply);
}

/* --- which application is meant ------------------------------------------------ */

static void expect_id(struct fixture *f, const struct ctl_peer *peer, const char *text,
		      json_int_t id)
{
	json_t *reply = ask(f, report_explain, peer, text, NULL);

	assert_int_equal(int_of(json_object_get(reply, "application"), "id"), id);
	json_decref(reply);
}

static void an_application_is_found_by_name_key_program_and_id(void **state)
{
	expect_id(*state, &admin, "supernode", 1);
	expect_id(*state, &admin, "exe:/usr/bin/firefox@1001", 3);
	expect_id(*state, &admin, "/usr/bin/supernode", 1);
	expect_id(*state, &admin, "2", 2);
	/* Ambiguous for an admin only. */
	expect_id(*state, &bert, "firefox", 3);
}

static void a_name_goes_before_a_number(void **state)
{
	struct fixture *f = *state;

	add_app(f, 9, 1000, "2");
	expect_id(f, &admin, "2", 9);
}

static void an_ambiguous_name_lists_what_would_not_be(void **state)
{
	json_t *reply =
		ask(*state, report_explain, &admin, "firefox", CTL_ERROR_AMBIGUOUS);
	const json_t *matches = json_object_get(reply, "matches");

	assert_int_equal(json_array_size(matches), 2);
	for (size_t i = 0; i < 2; i++)
		expect_id(*state, &admin, json_string_value(json_array_get(matches, i)),
			  (json_int_t)i + 2);
	json_decref(reply);
}

static void a_typing_error_gets_the_nearest_name(void **state)
{
	json_t *reply =
		ask(*state, report_peers, &anna, "supernod", CTL_ERROR_NO_SUCH_APP);

	assert_string_equal(text_of(reply, "nearest"), "supernode");
	json_decref(reply);
}

static void a_wrong_parameter_is_named(void **state)
{
	struct fixture *f = *state;
	json_t *parameters = json_pack("{s:s}", "application", "x");
	const char *error = NULL;
	json_t *reply;

	assert_int_equal(report_status(&f->in, &admin, parameters, &reply, &error), 0);
	assert_string_equal(error, CTL_ERROR_INVALID_PARAMETER);
	assert_string_equal(text_of(reply, "parameter"), "application");
	json_decref(reply);
	json_decref(parameters);
	reply = ask(f, report_explain, &admin, NULL, CTL_ERROR_INVALID_PARAMETER);
	assert_string_equal(text_of(reply, "parameter"), "app");
	json_decref(reply);
}

/* --- what it says -------------------------------------------------------------- */

static void an_application_has_every_member_of_the_interface(void **state)
{
	static const char *const members[] = {
		"name",	      "id",	     "key",	  "kind",	   "exe",
		"unit",	      "user",	     "uid",	  "client",	   "role",
		"promoted",   "probability", "since",	  "peers",	   "peers_in",
		"peers_out",  "flows",	     "legs",	  "bytes_in",	   "bytes_out",
		"relayed_in", "relayed_out", "rate_in",	  "rate_out",	   "counted",
		"decision",   "rule",	     "rule_file", "rule_line",	   "enforced",
		"limited",    "limits",	     "pids",	  "client_forbid", "trade",
	};
	json_t *reply = ask(*state, report_status, &anna, "supernode", NULL);
	const json_t *app = find_in(reply, "supernode");

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		assert_non_null(json_object_get(app, members[i]));
	assert_int_equal(json_object_size(app), sizeof(members) / sizeof(*members));
	assert_int_equal(json_array_size(json_object_get(app, "pids")), 2);
	assert_int_equal(int_of(reply, "schema_version"), REPORT_SCHEMA_VERSION);
	assert_int_equal(json_array_size(json_object_get(reply, "applications")), 1);
	json_decref(reply);
}

static void times_are_of_the_wall(void **state)
{
	struct fixture *f = *state;
	json_t *reply;

	promote(app_of(f, 1));
	reply = ask(f, report_status, &anna, NULL, NULL);
	assert_int_equal(int_of(reply, "now"), OFFSET + 20);
	assert_int_equal(int_of(reply, "since"), OFFSET + 5);
	assert_int_equal(int_of(find_in(reply, "supernode"), "since"), OFFSET + 12);
	json_decref(reply);
}

static void a_promoted_application_shows_its_limit_and_its_line(void **state)
{
	struct fixture *f = *state;
	const json_t *app, *limits;
	json_t *reply;

	promote(app_of(f, 1));
	reply = ask(f, report_status, &anna, NULL, NULL);
	app = find_in(reply, "supernode");
	limits = json_object_get(app, "limits");
	assert_true(json_is_true(json_object_get(app, "limited")));
	assert_string_equal(text_of(app, "decision"), "shape");
	assert_string_equal(text_of(app, "rule"), "*");
	assert_string_equal(text_of(app, "rule_file"), "/etc/x/office.ini");
	assert_int_equal(int_of(app, "rule_line"), 5);
	assert_int_equal(json_array_size(limits), 1);
	assert_string_equal(text_of(json_array_get(limits, 0), "direction"), "out");
	assert_int_equal(int_of(json_array_get(limits, 0), "bytes_per_second"), 250000);
	/* The other has none, and an empty array rather than nothing. */
	app = find_in(reply, "firefox");
	assert_true(json_is_false(json_object_get(app, "limited")));
	assert_int_equal(json_array_size(json_object_get(app, "limits")), 0);
	json_decref(reply);
}

static void in_monitor_mode_nothing_is_limited(void **state)
{
	struct fixture *f = *state;
	json_t *reply;

	promote(app_of(f, 1));
	f->policy->mode = MODE_MONITOR;
	reply = ask(f, report_status, &anna, NULL, NULL);
	assert_string_equal(text_of(reply, "mode"), "monitor");
	assert_int_equal(
		json_array_size(json_object_get(find_in(reply, "supernode"), "limits")),
		0);
	json_decref(reply);
}

static void counters_are_those_of_its_number_and_shared_ones_say_so(void **state)
{
	static struct report_counter counters[APP_NUMBER_COUNT][DIRECTION_COUNT];
	struct fixture *f = *state;
	const json_t *counted;
	json_t *reply;

	add_app(f, 300, 1000, "late");
	counters[1][DIRECTION_OUT] = (struct report_counter){3, 4000};
	f->in.counters = counters;
	reply = ask(f, report_status, &anna, NULL, NULL);
	counted = json_object_get(find_in(reply, "supernode"), "counted");
	assert_int_equal(int_of(counted, "packets_out"), 3);
	assert_int_equal(int_of(counted, "bytes_out"), 4000);
	assert_int_equal(int_of(counted, "bytes_in"), 0);
	assert_true(json_is_false(json_object_get(counted, "shared")));
	counted = json_object_get(find_in(reply, "late"), "counted");
	assert_true(json_is_true(json_object_get(counted, "shared")));
	json_decref(reply);
}

static void a_degraded_agent_says_why(void **state)
{
	static const char *const degraded[] = {"no cgroup v2"};
	struct fixture *f = *state;
	json_t *reply = ask(f, report_status, &anna, NULL, NULL);

	assert_string_equal(text_of(reply, "state"), "ok");
	json_decref(reply);
	f->in.degraded = degraded;
	f->in.degraded_count = 1;
	reply = ask(f, report_status, &anna, NULL, NULL);
	assert_string_equal(text_of(reply, "state"), "degraded");
	assert_string_equal(json_string_value(json_array_get(
				    json_object_get(reply, "degraded"), 0)),
			    "no cgroup v2");
	json_decref(reply);
}

static void peers_are_summed_by_address_heaviest_first(void **state)
{
	struct fixture *f = *state;
	const json_t *peers, *first;
	json_t *reply;

	add_flow(f, 1, "198.51.100.1", 1, true, 1000);
	add_flow(f, 1, "198.51.100.2", 1, false, 3000);
	add_flow(f, 1, "198.51.100.2", 2, true, 5000);
	reply = ask(f, report_peers, &anna, "supernode", NULL);
	peers = json_object_get(reply, "peers");
	assert_int_equal(int_of(reply, "total"), 2);
	assert_int_equal(json_array_size(peers), 2);
	first = json_array_get(peers, 0);
	assert_string_equal(text_of(first, "address"), "198.51.100.2");
	assert_string_equal(text_of(first, "initiated"), "both");
	assert_int_equal(int_of(first, "flows"), 2);
	assert_int_equal(int_of(first, "bytes_in"), 8000);
	assert_int_equal(int_of(first, "bytes_out"), 4000);
	assert_string_equal(text_of(json_array_get(peers, 1), "initiated"), "in");
	json_decref(reply);
}

static void an_application_without_flows_has_an_empty_list(void **state)
{
	json_t *reply = ask(*state, report_peers, &bert, "firefox", NULL);

	assert_int_equal(int_of(reply, "total"), 0);
	assert_true(json_is_array(json_object_get(reply, "peers")));
	json_decref(reply);
}

static void link_flows(struct flow *flows, size_t count, struct app *app)
{
	for (size_t i = 0; i + 1 < count; i++)
		flows[i].next = &flows[i + 1];
	app->flows = flows;
}

static void a_pair_of_legs_is_there_once_the_strongest_first(void **state)
{
	static const struct {
		const char *remote, *partner;
		float match;
		bool is_leg;
	} rows[] = {
		{"198.51.100.1", "198.51.100.2", 0.6f, true},
		{"198.51.100.3", "198.51.100.4", 0.7f, true},
		{"198.51.100.2", "198.51.100.1", 0.9f, true},
		{"198.51.100.4", "198.51.100.3", 0.5f, true},
		{"198.51.100.9", "198.51.100.8", 0.99f, false},
	};
	struct flow flows[5] = {0};
	struct app app = {0};
	json_t *legs;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		addr_parse(rows[i].remote, &flows[i].key.remote);
		addr_parse(rows[i].partner, &flows[i].partner);
		flows[i].match = rows[i].match;
		flows[i].is_leg = rows[i].is_leg;
	}
	link_flows(flows, 5, &app);
	legs = report_legs(&app);
	assert_int_equal(json_array_size(legs), 2);
	assert_string_equal(text_of(json_array_get(legs, 0), "from"), "198.51.100.2");
	assert_string_equal(text_of(json_array_get(legs, 1), "from"), "198.51.100.3");
	json_decref(legs);
}

static void of_many_legs_the_strongest_are_kept(void **state)
{
	const size_t count = REPORT_LEGS_MAX * 3;
	struct flow *flows = calloc(count, sizeof(*flows));
	struct app app = {0};
	double last = 2;
	json_t *legs;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		flows[i].key.remote = addr_from_ipv4((uint32_t)(2 * i));
		flows[i].partner = addr_from_ipv4((uint32_t)(2 * i + 1));
		flows[i].is_leg = true;
		/* A permutation: 37 and the count have no common factor. */
		flows[i].match = (float)((i * 37) % count) / (float)count;
	}
	link_flows(flows, count, &app);
	legs = report_legs(&app);
	assert_int_equal(json_array_size(legs), REPORT_LEGS_MAX);
	for (size_t i = 0; i < REPORT_LEGS_MAX; i++) {
		double c = json_real_value(
			json_object_get(json_array_get(legs, i), "correlation"));

		assert_true(c < last);
		assert_true(c >= (double)(count - REPORT_LEGS_MAX) / (double)count);
		last = c;
	}
	json_decref(legs);
	free(flows);
}

static bool says(const json_t *list, const char *part)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strstr(json_string_value(json_array_get(list, i)), part))
			return true;
	return false;
}

static void a_client_is_told_how_far_it_is_from_a_relay(void **state)
{
	struct decision d = {.action = PROMOTION_SHAPE, .is_enforced = true};
	struct app app = {.role = ROLE_SUSPECT, .log_odds = 0.4895};
	json_t *list = report_would_change(&app, &d);

	(void)state;
	assert_true(says(list, "above 95 %: it is at 62 %."));
	assert_true(says(list, "promotion = allow"));
	json_decref(list);
}

static void a_relay_is_told_what_carries_its_verdict(void **state)
{
	struct decision d = {.action = PROMOTION_SHAPE, .is_enforced = false};
	struct app app = {.role = ROLE_RELAY, .log_odds = 4, .is_held = true};
	json_t *list;

	(void)state;
	app.evidence[EVIDENCE_MATCHED] = (struct evidence){true, 0.9, 8};
	app.evidence[EVIDENCE_GAIN] = (struct evidence){true, 1, 1};
	list = report_would_change(&app, &d);
	assert_true(says(list, "below 27 % for 60 s"));
	assert_true(says(list, "Without matched-share (+8.0) it would be at 2 %."));
	assert_false(says(list, "Without gain"));
	assert_true(says(list, "pushes against our limit"));
	assert_true(says(list, "monitor mode"));
	json_decref(list);
}

static void evidence_not_measured_counts_for_nothing(void **state)
{
	struct app app = {0};
	const json_t *e;
	json_t *list;

	(void)state;
	app.evidence[EVIDENCE_MATCHED] = (struct evidence){false, 0.9, 8};
	app.evidence[EVIDENCE_GAIN] = (struct evidence){true, NAN, INFINITY};
	list = report_evidence(&app);
	assert_int_equal(json_array_size(list), EVIDENCE_COUNT);
	e = json_array_get(list, EVIDENCE_MATCHED);
	assert_true(json_is_false(json_object_get(e, "measured")));
	assert_true(json_real_value(json_object_get(e, "weight")) < 1);
	/* JSON has no such numbers; the member is there all the same. */
	e = json_array_get(list, EVIDENCE_GAIN);
	assert_true(json_is_real(json_object_get(e, "value")));
	json_decref(list);
}

static void texts_that_are_not_utf8_do_not_cost_the_reply(void **state)
{
	json_t *text = report_text("a\xff");

	(void)state;
	assert_non_null(text);
	assert_string_equal(json_string_value(text), "a\\xff");
	json_decref(text);
	text = report_text(NULL);
	assert_string_equal(json_string_value(text), "");
	json_decref(text);
}

/* --- policy and doctor --------------------------------------------------------- */

static void policy_names_file_and_line_of_every_setting(void **state)
{
	struct fixture *f = *state;
	json_t *none = json_object(), *reply;
	const char *error = NULL;
	const json_t *s;
	bool found = false;

	assert_int_equal(report_policy(&f->in, none, &reply, &error), 0);
	json_decref(none);
	assert_int_equal(int_of(reply, "generation"), 7);
	assert_string_equal(text_of(reply, "state"), "ok");
	s = json_object_get(reply, "settings");
	for (size_t i = 0; i < json_array_size(s); i++) {
		const json_t *item = json_array_get(s, i);

		if (strcmp(text_of(item, "key"), "relay_rate_up") != 0)
			continue;
		assert_string_equal(text_of(item, "section"), "app *");
		assert_string_equal(text_of(item, "file"), "/etc/x/office.ini");
		assert_int_equal(int_of(item, "line"), 5);
		found = true;
	}
	assert_true(found);
	json_decref(reply);
}

static void a_refused_policy_is_an_error_of_reload_and_degrades_show(void **state)
{
	static const struct policy_error wrong = {
		.file = "/etc/x/a.ini", .line = 3, .key = "mode", .text = "what?"};
	struct fixture *f = *state;
	json_t *none = json_object(), *reply;
	const char *error = NULL;

	assert_int_equal(report_reload(&f->in, &reply, &error), 0);
	assert_null(error);
	assert_int_equal(int_of(reply, "generation"), 7);
	json_decref(reply);
	f->in.policy_error = &wrong;
	assert_int_equal(report_reload(&f->in, &reply, &error), 0);
	assert_string_equal(error, CTL_ERROR_POLICY_INVALID);
	assert_int_equal(int_of(reply, "line"), 3);
	json_decref(reply);
	error = NULL;
	assert_int_equal(report_policy(&f->in, none, &reply, &error), 0);
	assert_null(error);
	assert_string_equal(text_of(reply, "state"), "degraded");
	assert_string_equal(text_of(reply, "error"), "/etc/x/a.ini:3: mode: what?");
	json_decref(reply);
	json_decref(none);
}

static void one_failed_check_makes_the_agent_degraded(void **state)
{
	static const struct report_check checks[] = {
		{"a", REPORT_OK, "fine", NULL},
		{"b", REPORT_INFO, "x", ""},
		{"c", REPORT_FAILED, "broken", "mend it"},
	};
	struct fixture *f = *state;
	json_t *none = json_object(), *reply;
	const char *error = NULL;

	f->in.checks = checks;
	f->in.check_count = 2;
	assert_int_equal(report_doctor(&f->in, none, &reply, &error), 0);
	assert_string_equal(text_of(reply, "state"), "ok");
	json_decref(reply);
	f->in.check_count = 3;
	assert_int_equal(report_doctor(&f->in, none, &reply, &error), 0);
	assert_string_equal(text_of(reply, "state"), "degraded");
	assert_string_equal(
		text_of(json_array_get(json_object_get(reply, "checks"), 2), "advice"),
		"mend it");
	json_decref(reply);
	json_decref(none);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_user_sees_his_own_applications_and_no_others),
		CASE(an_admin_sees_all_and_what_belongs_to_nobody),
		CASE(unattributed_traffic_is_nobodys_even_with_his_uid),
		CASE(the_application_of_another_does_not_exist),
		CASE(a_promotion_of_another_is_not_counted),
		CASE(an_application_is_found_by_name_key_program_and_id),
		CASE(a_name_goes_before_a_number),
		CASE(an_ambiguous_name_lists_what_would_not_be),
		CASE(a_typing_error_gets_the_nearest_name),
		CASE(a_wrong_parameter_is_named),
		CASE(an_application_has_every_member_of_the_interface),
		CASE(times_are_of_the_wall),
		CASE(a_promoted_application_shows_its_limit_and_its_line),
		CASE(in_monitor_mode_nothing_is_limited),
		CASE(counters_are_those_of_its_number_and_shared_ones_say_so),
		CASE(a_degraded_agent_says_why),
		CASE(peers_are_summed_by_address_heaviest_first),
		CASE(an_application_without_flows_has_an_empty_list),
		cmocka_unit_test(a_pair_of_legs_is_there_once_the_strongest_first),
		cmocka_unit_test(of_many_legs_the_strongest_are_kept),
		cmocka_unit_test(a_client_is_told_how_far_it_is_from_a_relay),
		cmocka_unit_test(a_relay_is_told_what_carries_its_verdict),
		cmocka_unit_test(evidence_not_measured_counts_for_nothing),
		cmocka_unit_test(texts_that_are_not_utf8_do_not_cost_the_reply),
		CASE(policy_names_file_and_line_of_every_setting),
		CASE(a_refused_policy_is_an_error_of_reload_and_degrades_show),
		CASE(one_failed_check_makes_the_agent_degraded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
