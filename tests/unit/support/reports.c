/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "reports.h"
#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct ctl_peer admin = {.uid = 0, .is_admin = true};
const struct ctl_peer anna = {.uid = 1000};
const struct ctl_peer bert = {.uid = 1001};

void add_app(struct report_fixture *f, uint16_t id, uint32_t uid, const char *name)
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

void add_flow(struct report_fixture *f, uint16_t app, const char *remote, uint16_t port,
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

int report_setup(void **state)
{
	static const char text[] = "[agent]\nmode = enforce\n"
				   "[app *]\npromotion = shape\n"
				   "relay_rate_up = 2mbit\n";
	const struct policy_source source = {"/etc/x/office.ini", text,
					     sizeof(text) - 1};
	struct report_fixture *f = calloc(1, sizeof(*f));
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

int report_teardown(void **state)
{
	struct report_fixture *f = *state;

	engine_free(f->engine);
	policy_free(f->policy);
	free(f);
	return 0;
}

struct app *app_of(struct report_fixture *f, uint16_t id)
{
	struct app *app = (struct app *)(uintptr_t)engine_find_app(f->engine, id);

	assert_non_null(app);
	return app;
}

void promote(struct app *app)
{
	app->role = ROLE_RELAY;
	app->role_since_ns = 12 * SECOND;
	app->log_odds = 4;
}

json_t *ask(struct report_fixture *f, report_function *report,
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

const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	assert_non_null(text);
	return text;
}

json_int_t int_of(const json_t *object, const char *key)
{
	assert_true(json_is_integer(json_object_get(object, key)));
	return json_integer_value(json_object_get(object, key));
}

const json_t *find_in(const json_t *reply, const char *name)
{
	const json_t *apps = json_object_get(reply, "applications");

	for (size_t i = 0; i < json_array_size(apps); i++)
		if (strcmp(text_of(json_array_get(apps, i), "name"), name) == 0)
			return json_array_get(apps, i);
	return NULL;
}
