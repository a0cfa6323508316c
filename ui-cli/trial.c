/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trial.h"
#include "fields.h"
#include "words.h"
#include <string.h>
#include <time.h>

#define POLL_NS 200000000

static const char *state_of(const json_t *reply)
{
	return field_text(json_object_get(reply, "trial"), "state");
}

static bool is_state(const json_t *reply, const char *state)
{
	return strcmp(state_of(reply), state) == 0;
}

static bool is_over(const json_t *reply, int64_t number, bool is_patient)
{
	const json_t *trial = json_object_get(reply, "trial");

	if (field_int(trial, "number") > number)
		return true; /* another one came after it */
	return !is_state(reply, "queued") && !is_state(reply, "probing") &&
	       !(is_patient && is_state(reply, "confirm"));
}

static void say_how_to_confirm(const struct context *c, const json_t *reply)
{
	const json_t *trial = json_object_get(reply, "trial");
	char until[WORDS_MAX];

	render_line(&c->out, STYLE_WARN,
		    "in force until %s; to keep it: agentctl policy confirm",
		    words_time(field_int(trial, "confirm_until"), until));
	fflush(c->out.out);
}

static enum exit_code say_result(const struct context *c, const json_t *reply)
{
	const char *reason = field_text(json_object_get(reply, "trial"), "reason");

	if (is_state(reply, "rolled_back"))
		return complain(EXIT_POLICY_INVALID,
				"%s; the policy before is in force", reason);
	if (is_state(reply, "invalid"))
		return complain(EXIT_POLICY_INVALID,
				"%s; the policy in force stays as it was", reason);
	if (c->is_json)
		return EXIT_OK;
	if (is_state(reply, "paused"))
		render_line(&c->out, STYLE_WARN,
			    "read; it is tried when the pause is over");
	else if (!is_state(reply, "confirm"))
		render_line(&c->out, STYLE_GOOD,
			    "ok: policy generation %lld is in force (%s)",
			    (long long)field_int(reply, "generation"), reason);
	return EXIT_OK;
}

/* The next answer in place of `reply`. */
static enum exit_code ask_again(const struct context *c, const char *method,
				json_t **reply)
{
	const struct timespec pause = {.tv_nsec = POLL_NS};
	enum exit_code code;
	json_t *next;

	nanosleep(&pause, NULL);
	code = client_call(c, method, NULL, &next);
	if (code != EXIT_OK)
		return code;
	json_decref(*reply);
	*reply = next;
	return EXIT_OK;
}

enum exit_code trial_follow(const struct context *c, const json_t *reply,
			    bool is_patient, const volatile int *is_interrupted)
{
	int64_t number = field_int(json_object_get(reply, "trial"), "number");
	json_t *now = json_incref((json_t *)(uintptr_t)reply);
	enum exit_code code = EXIT_OK;
	bool has_told = false;

	while (code == EXIT_OK && !is_over(now, number, is_patient)) {
		if (is_state(now, "confirm") && !has_told && !c->is_json)
			say_how_to_confirm(c, now);
		has_told = is_state(now, "confirm");
		code = ask_again(c,
				 is_interrupted && *is_interrupted ? "PolicyRollback"
								   : "PolicyTrial",
				 &now);
	}
	if (code == EXIT_OK && c->is_json)
		code = print_json(now);
	if (code == EXIT_OK && is_state(now, "confirm") && !c->is_json)
		say_how_to_confirm(c, now);
	if (code == EXIT_OK)
		code = say_result(c, now);
	json_decref(now);
	return code;
}
