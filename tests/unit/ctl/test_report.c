/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole replies: who sees what, and what they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "../support/reports.h"
#include "ctl/dispatch.h"
#include "ctl/report_json.h"
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

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
	struct report_fixture *f = *state;

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
	struct report_fixture *f = *state;
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

struct seen {
	const struct ctl_peer *peer;
	const char *key, *address;
	json_int_t peers;
	size_t names, legs;
};

static void expect_seen(struct report_fixture *f, const struct seen *s)
{
	json_t *list = ask(f, report_peers, s->peer, s->key, NULL);
	json_t *why = ask(f, report_explain, s->peer, s->key, NULL);
	const json_t *app = json_object_get(why, "application");
	const json_t *first = json_array_get(json_object_get(list, "peers"), 0);

	assert_int_equal(int_of(list, "total"), s->peers);
	assert_string_equal(text_of(first, "address"), s->address);
	assert_int_equal(json_array_size(json_object_get(app, "judged_with")),
			 s->names);
	assert_int_equal(json_array_size(json_object_get(why, "legs")), s->legs);
	json_decref(list);
	json_decref(why);
}

/* The one they are judged as has the flows of both. */
static void of_a_group_each_user_sees_his_own_programs_and_peers(void **state)
{
	static const struct seen seen[] = {
		{&anna, "exe:/usr/bin/supernode@1000", "198.51.100.7", 1, 0, 0},
		{&bert, "exe:/usr/bin/firefox@1001", "198.51.100.8", 1, 0, 0},
		{&admin, "exe:/usr/bin/firefox@1001", "198.51.100.8", 2, 1, 1},
	};
	struct report_fixture *f = *state;
	struct app *one = app_of(f, 1);

	add_flow(f, 1, "198.51.100.7", 1, true, 1000);
	add_flow(f, 1, "198.51.100.8", 1, false, 3000);
	for (struct flow *flow = one->flows; flow; flow = flow->next) {
		bool is_berts = flow->key.remote.b[15] == 8;

		flow->app = is_berts ? 3 : 1;
		flow->is_leg = true;
		addr_parse(is_berts ? "198.51.100.7" : "198.51.100.8", &flow->partner);
	}
	app_of(f, 3)->judge = 1;
	for (size_t i = 0; i < 3; i++)
		expect_seen(f, &seen[i]);
}

/* --- parameters ---------------------------------------------------------------- */

static void a_wrong_parameter_is_named(void **state)
{
	struct report_fixture *f = *state;
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
		"name",		"id",		"judged_with",	  "key",
		"kind",		"exe",		"unit",		  "user",
		"uid",		"client",	"role",		  "promoted",
		"probability",	"since",	"peers",	  "peers_in",
		"peers_out",	"flows",	"legs",		  "bytes_in",
		"bytes_out",	"relayed_in",	"relayed_out",	  "rate_in",
		"rate_out",	"counted",	"decision",	  "rule",
		"rule_file",	"rule_line",	"enforced",	  "limited",
		"limits",	"cuts",		"lacks_evidence", "refused",
		"schedules",	"pids",		"client_word",	  "client_forbid",
		"client_trade", "own_in",	"own_out",	  "evidence_families",
		"paused",	"spares_login", "may_be_cut",	  "container",
		"callers",	"trade_doubt",	"quota",	  "peers_max",
		"impostor",
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

static void the_word_of_its_network_is_told_unless_it_is_a_trade(void **state)
{
	char id[] = "n2n", word[] = "supernode", forbid[] = "do not run it";
	struct catalogue_client client = {.id = id, .word = word, .forbid = forbid};
	struct report_fixture *f = *state;
	json_t *reply;

	app_of(f, 1)->client = &client;
	reply = ask(f, report_status, &anna, "supernode", NULL);
	assert_string_equal(text_of(find_in(reply, "supernode"), "client_word"),
			    "supernode");
	json_decref(reply);
	client.trade = word;
	reply = ask(f, report_status, &anna, "supernode", NULL);
	assert_string_equal(text_of(find_in(reply, "supernode"), "client_word"), "");
	json_decref(reply);
}

static void what_is_not_relayed_is_its_own(void **state)
{
	struct report_fixture *f = *state;
	const json_t *app;
	json_t *reply;

	app_of(f, 1)->totals = (struct app_totals){1000, 900, 700, 950};
	reply = ask(f, report_status, &anna, "supernode", NULL);
	app = find_in(reply, "supernode");
	assert_int_equal(int_of(app, "own_in"), 300);
	/* Counted a moment apart; never negative. */
	assert_int_equal(int_of(app, "own_out"), 0);
	json_decref(reply);
}

static void expect_cut(struct report_fixture *f, bool is_promoted,
		       unsigned int families, bool may_be_cut)
{
	struct app *app = app_of(f, 1);
	const json_t *found;
	json_t *reply;

	app->role = is_promoted ? ROLE_RELAY : ROLE_SUSPECT;
	app->families = families;
	app->may_be_cut = may_be_cut; /* what detection made of both */
	reply = ask(f, report_status, &anna, "supernode", NULL);
	found = find_in(reply, "supernode");
	assert_int_equal(int_of(found, "evidence_families"), families);
	assert_int_equal(json_is_true(json_object_get(found, "may_be_cut")),
			 may_be_cut);
	json_decref(reply);
}

static void what_may_be_cut_is_what_detection_says(void **state)
{
	expect_cut(*state, true, 1, false);
	expect_cut(*state, true, 2, true);
	expect_cut(*state, false, 2, false);
}

static void forbid(struct report_fixture *f)
{
	f->policy->rules[0].promotion = PROMOTION_FORBID;
}

static void a_cut_is_told_with_its_line_and_what_it_refused(void **state)
{
	struct report_fixture *f = *state;
	struct report_refused refused[APP_NUMBER_COUNT] = {
		[1] = {.packets = {42, 7}, .since_ns = 13 * SECOND}};
	const json_t *app;
	json_t *reply;

	forbid(f);
	promote(app_of(f, 1));
	app_of(f, 1)->may_be_cut = true;
	f->in.refused = refused;
	reply = ask(f, report_status, &anna, NULL, NULL);
	app = find_in(reply, "supernode");
	assert_int_equal(int_of(json_object_get(reply, "summary"), "cut"), 1);
	assert_int_equal(json_array_size(json_object_get(app, "cuts")), 2);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(app, "cuts"), 0)),
		"legs");
	assert_int_equal(int_of(app, "rule_line"), 4); /* promotion's */
	app = json_object_get(app, "refused");
	assert_int_equal(int_of(app, "packets_in"), 42);
	assert_int_equal(int_of(app, "packets_out"), 7);
	assert_int_equal(int_of(app, "since"), OFFSET + 13);
	app = find_in(reply, "firefox");
	assert_int_equal(json_array_size(json_object_get(app, "cuts")), 0);
	assert_int_equal(int_of(json_object_get(app, "refused"), "since"), 0);
	f->in.refused = NULL;
	json_decref(reply);
}

static void a_cut_that_lacks_evidence_is_told(void **state)
{
	struct report_fixture *f = *state;
	const json_t *app;
	json_t *reply;

	forbid(f);
	promote(app_of(f, 1));
	reply = ask(f, report_status, &anna, NULL, NULL);
	app = find_in(reply, "supernode");
	assert_true(json_is_true(json_object_get(app, "lacks_evidence")));
	assert_true(json_is_true(json_object_get(app, "limited")));
	assert_int_equal(json_array_size(json_object_get(app, "cuts")), 0);
	assert_int_equal(int_of(json_object_get(reply, "summary"), "cut"), 0);
	json_decref(reply);
}

static void a_pause_is_told_with_who_asked_and_limits_nothing(void **state)
{
	struct report_fixture *f = *state;
	const struct report_pause pause = {30 * SECOND, 1000, 4711, "anna"};
	const json_t *app;
	json_t *reply;

	promote(app_of(f, 1));
	f->in.pause = &pause;
	reply = ask(f, report_status, &anna, NULL, NULL);
	app = find_in(reply, "supernode");
	assert_true(json_is_true(json_object_get(app, "paused")));
	assert_true(json_is_false(json_object_get(app, "limited")));
	assert_int_equal(int_of(json_object_get(reply, "summary"), "limited"), 0);
	app = json_object_get(reply, "paused");
	assert_int_equal(int_of(app, "until"), OFFSET + 30);
	assert_int_equal(int_of(app, "uid"), 1000);
	assert_int_equal(int_of(app, "pid"), 4711);
	assert_string_equal(text_of(app, "user"), "anna");
	json_decref(reply);
	f->in.pause = NULL;
	reply = ask(f, report_status, &anna, NULL, NULL);
	assert_int_equal(int_of(json_object_get(reply, "paused"), "until"), 0);
	json_decref(reply);
}

static void a_trial_is_told_with_its_state_and_reason(void **state)
{
	struct report_fixture *f = *state;
	const struct report_trial trial = {3, "confirm", 30 * SECOND, "anna", "x"};
	const json_t *told;
	json_t *reply;

	f->in.trial = &trial;
	reply = ask(f, report_status, &anna, NULL, NULL);
	told = json_object_get(reply, "trial");
	assert_int_equal(int_of(told, "number"), 3);
	assert_string_equal(text_of(told, "state"), "confirm");
	assert_int_equal(int_of(told, "confirm_until"), OFFSET + 30);
	assert_string_equal(text_of(told, "by"), "anna");
	assert_string_equal(text_of(told, "reason"), "x");
	json_decref(reply);
	f->in.trial = NULL;
}

/* The admin's is the last that is still there after a boot. */
static void files_belong_in_the_directory_of_the_admin(void **state)
{
	static const char *const usual[] = {"/usr/share/p", "/etc/p", "/run/p"};
	json_t *reply;

	(void)state;
	assert_int_equal(report_policy_hold(usual, 3, &reply), 0);
	assert_string_equal(text_of(reply, "into"), "/etc/p");
	assert_int_equal(json_array_size(json_object_get(reply, "directories")), 3);
	json_decref(reply);
	assert_int_equal(report_policy_hold(usual + 2, 1, &reply), 0);
	assert_string_equal(text_of(reply, "into"), "/run/p");
	json_decref(reply);
}

static void times_are_of_the_wall(void **state)
{
	struct report_fixture *f = *state;
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
	struct report_fixture *f = *state;
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
	struct report_fixture *f = *state;
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
	struct report_fixture *f = *state;
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
	struct report_fixture *f = *state;
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
	struct report_fixture *f = *state;
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

/* --- policy and doctor --------------------------------------------------------- */

static void policy_names_file_and_line_of_every_setting(void **state)
{
	struct report_fixture *f = *state;
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
	struct report_fixture *f = *state;
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
	struct report_fixture *f = *state;
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

#define CASE(name) cmocka_unit_test_setup_teardown(name, report_setup, report_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_user_sees_his_own_applications_and_no_others),
		CASE(an_admin_sees_all_and_what_belongs_to_nobody),
		CASE(unattributed_traffic_is_nobodys_even_with_his_uid),
		CASE(the_application_of_another_does_not_exist),
		CASE(a_promotion_of_another_is_not_counted),
		CASE(of_a_group_each_user_sees_his_own_programs_and_peers),
		CASE(a_wrong_parameter_is_named),
		CASE(an_application_has_every_member_of_the_interface),
		CASE(the_word_of_its_network_is_told_unless_it_is_a_trade),
		CASE(what_is_not_relayed_is_its_own),
		CASE(what_may_be_cut_is_what_detection_says),
		CASE(a_cut_is_told_with_its_line_and_what_it_refused),
		CASE(a_cut_that_lacks_evidence_is_told),
		CASE(a_pause_is_told_with_who_asked_and_limits_nothing),
		CASE(a_trial_is_told_with_its_state_and_reason),
		CASE(files_belong_in_the_directory_of_the_admin),
		CASE(times_are_of_the_wall),
		CASE(a_promoted_application_shows_its_limit_and_its_line),
		CASE(in_monitor_mode_nothing_is_limited),
		CASE(counters_are_those_of_its_number_and_shared_ones_say_so),
		CASE(a_degraded_agent_says_why),
		CASE(peers_are_summed_by_address_heaviest_first),
		CASE(an_application_without_flows_has_an_empty_list),
		CASE(policy_names_file_and_line_of_every_setting),
		CASE(a_refused_policy_is_an_error_of_reload_and_degrades_show),
		CASE(one_failed_check_makes_the_agent_degraded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
