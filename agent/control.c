/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions from agentctl, and what there is to say of the agent's own health. */
#include "agent_private.h"
#include "ctl/report.h"
#include "doctor.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* --- what a reply is made of
 * ------------------------------------------------------------ */

static int64_t epoch_offset(void)
{
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	return wall.tv_sec - (int64_t)(agent_now() / SECOND_NS);
}

/* Of a line whose directions differ, the faster. */
static uint64_t link_capacity(const struct agent *a)
{
	uint64_t up = guarding_capacity(a, DIRECTION_OUT);
	uint64_t down = guarding_capacity(a, DIRECTION_IN);

	return up > down ? up : down;
}

/* The counters have the same shape on both sides, which never see each other. */
static void
copy_counters(const struct agent *a,
	      struct report_counter counters[APP_NUMBER_COUNT][DIRECTION_COUNT])
{
	for (int i = 0; i < APP_NUMBER_COUNT; i++)
		for (int d = 0; d < DIRECTION_COUNT; d++) {
			const struct nft_counter *c = &a->enforce.counters.app[i][d];

			counters[i][d] = (struct report_counter){c->packets, c->bytes};
		}
}

static void copy_refused(const struct agent *a, struct report_refused *refused)
{
	for (int i = 0; i < APP_NUMBER_COUNT; i++) {
		const struct refused *r = &a->enforce.refused[i];

		memcpy(refused[i].packets, r->packets, sizeof(r->packets));
		refused[i].since_ns = r->since_ns;
	}
}

static const char *trial_state(const struct agent *a)
{
	static const char *const outcomes[] = {[TRIAL_UNDECIDED] = "none",
					       [TRIAL_KEPT] = "kept",
					       [TRIAL_ROLLED_BACK] = "rolled_back",
					       [TRIAL_INVALID] = "invalid"};

	if (a->trial.is_wanted)
		return "queued";
	switch (a->trial.machine.phase) {
	case TRIAL_IDLE:
		return outcomes[a->trial.outcome];
	case TRIAL_CONFIRM:
		return "confirm";
	case TRIAL_APPLYING:
		return pause_is_on(a) ? "paused" : "probing";
	case TRIAL_BEFORE:
	case TRIAL_AFTER:
		break;
	}
	return "probing";
}

static void copy_quotas(const struct agent *a, const struct wall_time *wall,
			struct report_quota *quotas)
{
	const struct app *app = NULL;
	struct decision d;

	memset(quotas, 0, APP_NUMBER_COUNT * sizeof(*quotas));
	if (!a->quotas.store)
		return;
	while ((app = engine_next_app(a->engine, app))) {
		decide(policy_store_policy(a->policies), app, wall, &d);
		quota_read(a, app, &d, &quotas[app_number(app->id)]);
	}
}

static void copy_impostors(const struct agent *a, unsigned int *impostors)
{
	const struct app *app = NULL;

	memset(impostors, 0, (APP_ID_MAX + 1) * sizeof(*impostors));
	while ((app = engine_next_app(a->engine, app)))
		impostors[app->id] = impostor_reasons(a, app);
}

/* Everything that report.h may ask for, in one place to borrow from. */
struct snapshot {
	struct report_input input;
	struct wall_time wall;
	struct link_uplink uplink;
	struct doctor doctor;
	struct report_counter counters[APP_NUMBER_COUNT][DIRECTION_COUNT];
	struct report_refused refused[APP_NUMBER_COUNT];
	struct report_pause pause;
	struct report_trial trial;
	struct report_quota quotas[APP_NUMBER_COUNT];
	unsigned int impostors[APP_ID_MAX + 1];
};

static const struct report_input *snapshot_take(struct agent *a, struct snapshot *s)
{
	const struct policy_store_state *state = policy_store_state(a->policies);

	agent_wall(&s->wall);
	link_get_uplink(a->link, &s->uplink);
	doctor_examine(a, &s->doctor);
	copy_counters(a, s->counters);
	copy_refused(a, s->refused);
	s->pause = (struct report_pause){a->pause.until_ns, a->pause.uid, a->pause.pid,
					 a->pause.user};
	s->trial = (struct report_trial){
		.number = a->trial.number,
		.state = trial_state(a),
		.confirm_until_ns = trial_confirm_until_ns(&a->trial.machine),
		.by = a->trial.by,
		.reason = a->trial.reason,
	};
	copy_quotas(a, &s->wall, s->quotas);
	copy_impostors(a, s->impostors);
	s->input = (struct report_input){
		.engine = a->engine,
		.policy = policy_store_policy(a->policies),
		.counters = s->counters,
		.refused = s->refused,
		.callers = &a->enforce.callers,
		.quotas = s->quotas,
		.impostors = s->impostors,
		.version = RELAYWARDEN_VERSION,
		.now_ns = agent_now(),
		.start_ns = a->start_ns,
		.epoch_offset = epoch_offset(),
		.wall = &s->wall,
		.link_name = s->uplink.name,
		.link_capacity = link_capacity(a),
		.degraded = s->doctor.degraded,
		.degraded_count = s->doctor.degraded_count,
		.checks = s->doctor.checks,
		.check_count = s->doctor.check_count,
		.guard = policy_is_guarding(policy_store_policy(a->policies))
				 ? &a->guard
				 : NULL,
		.policy_generation = state->generation,
		.policy_error = state->is_ok ? NULL : &state->error,
		.pause = pause_is_on(a) ? &s->pause : NULL,
		.trial = &s->trial,
	};
	return &s->input;
}

/* --- methods
 * ---------------------------------------------------------------------------- */

static int method_status(void *context, const struct ctl_peer *peer,
			 const json_t *parameters, json_t **ret_reply,
			 const char **ret_error)
{
	struct snapshot s;

	return report_status(snapshot_take(context, &s), peer, parameters, ret_reply,
			     ret_error);
}

static int method_explain(void *context, const struct ctl_peer *peer,
			  const json_t *parameters, json_t **ret_reply,
			  const char **ret_error)
{
	struct snapshot s;

	return report_explain(snapshot_take(context, &s), peer, parameters, ret_reply,
			      ret_error);
}

static int method_peers(void *context, const struct ctl_peer *peer,
			const json_t *parameters, json_t **ret_reply,
			const char **ret_error)
{
	struct snapshot s;

	return report_peers(snapshot_take(context, &s), peer, parameters, ret_reply,
			    ret_error);
}

static int method_policy_show(void *context, const struct ctl_peer *peer,
			      const json_t *parameters, json_t **ret_reply,
			      const char **ret_error)
{
	struct snapshot s;

	(void)peer;
	return report_policy(snapshot_take(context, &s), parameters, ret_reply,
			     ret_error);
}

/* --- changes of the policy
 * ------------------------------------------------------------- */

/* "anna (uid 1000, pid 4711)", as the kernel told when he connected. */
static const char *who(const struct agent *a, const struct ctl_peer *peer, char *buf,
		       size_t size)
{
	char user[64];

	agent_user_name(a, peer->uid, user, sizeof(user));
	snprintf(buf, size, "%s (uid %u, pid %d)", user, (unsigned int)peer->uid,
		 (int)peer->pid);
	return buf;
}

static int load(struct agent *a, const struct ctl_peer *peer, uint64_t confirm_s,
		json_t **ret_reply, const char **ret_error)
{
	char by[sizeof(a->trial.by)];
	struct snapshot s;

	if (trial_confirm_until_ns(&a->trial.machine))
		return ctl_fail(CTL_ERROR_TRIAL_RUNNING, "text",
				"a policy waits to be confirmed; first: agentctl "
				"policy confirm, or agentctl policy rollback",
				ret_reply, ret_error);
	who(a, peer, by, sizeof(by));
	log_line(LOG_NOTICE, "policy", "%s by %s",
		 confirm_s ? "to be tried, wanted" : "reload wanted", by);
	trial_load(a, by, confirm_s * SECOND_NS);
	return report_reload(snapshot_take(a, &s), ret_reply, ret_error);
}

static int method_policy_reload(void *context, const struct ctl_peer *peer,
				const json_t *parameters, json_t **ret_reply,
				const char **ret_error)
{
	const char *wrong = ctl_parameters_check(parameters, NULL);

	if (wrong)
		return ctl_fail(CTL_ERROR_INVALID_PARAMETER, "parameter", wrong,
				ret_reply, ret_error);
	return load(context, peer, 0, ret_reply, ret_error);
}

static int method_policy_apply(void *context, const struct ctl_peer *peer,
			       const json_t *parameters, json_t **ret_reply,
			       const char **ret_error)
{
	uint64_t seconds = 0;
	const char *wrong = ctl_parameters_number(parameters, "confirm",
						  CTL_CONFIRM_MAX_S, &seconds);

	if (wrong)
		return ctl_fail(CTL_ERROR_INVALID_PARAMETER, "parameter", wrong,
				ret_reply, ret_error);
	return load(context, peer, seconds, ret_reply, ret_error);
}

static int method_policy_trial(void *context, const struct ctl_peer *peer,
			       const json_t *parameters, json_t **ret_reply,
			       const char **ret_error)
{
	const char *wrong = ctl_parameters_check(parameters, NULL);
	struct snapshot s;

	(void)peer;
	if (wrong)
		return ctl_fail(CTL_ERROR_INVALID_PARAMETER, "parameter", wrong,
				ret_reply, ret_error);
	return report_policy_trial(snapshot_take(context, &s), ret_reply);
}

static int method_policy_confirm(void *context, const struct ctl_peer *peer,
				 const json_t *parameters, json_t **ret_reply,
				 const char **ret_error)
{
	struct agent *a = context;
	char by[sizeof(a->trial.by)];

	if (!trial_confirm(&a->trial.machine))
		return ctl_fail(CTL_ERROR_NO_TRIAL, "text",
				"no policy waits to be confirmed", ret_reply,
				ret_error);
	log_line(LOG_NOTICE, "policy", "confirmed by %s", who(a, peer, by, sizeof(by)));
	trial_go_on(a);
	return method_policy_trial(a, peer, parameters, ret_reply, ret_error);
}

static int method_policy_rollback(void *context, const struct ctl_peer *peer,
				  const json_t *parameters, json_t **ret_reply,
				  const char **ret_error)
{
	struct agent *a = context;
	char by[sizeof(a->trial.by)];

	if (trial_end(a, who(a, peer, by, sizeof(by))) < 0)
		return ctl_fail(CTL_ERROR_NO_TRIAL, "text",
				"there is no earlier policy to go back to", ret_reply,
				ret_error);
	return method_policy_trial(a, peer, parameters, ret_reply, ret_error);
}

static int method_policy_hold(void *context, const struct ctl_peer *peer,
			      const json_t *parameters, json_t **ret_reply,
			      const char **ret_error)
{
	const struct policy_store_config *c =
		&((const struct agent *)context)->options.policies;
	uint64_t seconds = UINT64_MAX;
	const char *wrong =
		ctl_parameters_number(parameters, "seconds", CTL_HOLD_MAX_S, &seconds);

	(void)peer;
	if (wrong || seconds > CTL_HOLD_MAX_S)
		return ctl_fail(CTL_ERROR_INVALID_PARAMETER, "parameter",
				wrong ? wrong : "seconds", ret_reply, ret_error);
	trial_hold(context, seconds);
	return report_policy_hold(c->policy_dirs, c->policy_dir_count, ret_reply);
}

static int method_pause(void *context, const struct ctl_peer *peer,
			const json_t *parameters, json_t **ret_reply,
			const char **ret_error)
{
	struct agent *a = context;
	struct snapshot s;
	uint64_t seconds = UINT64_MAX;
	const char *wrong =
		ctl_parameters_number(parameters, "seconds", CTL_PAUSE_MAX_S, &seconds);

	if (wrong || seconds > CTL_PAUSE_MAX_S)
		return ctl_fail(CTL_ERROR_INVALID_PARAMETER, "parameter",
				wrong ? wrong : "seconds", ret_reply, ret_error);
	pause_set(a, peer, seconds);
	return report_paused(snapshot_take(a, &s), ret_reply);
}

static int method_doctor(void *context, const struct ctl_peer *peer,
			 const json_t *parameters, json_t **ret_reply,
			 const char **ret_error)
{
	struct snapshot s;

	(void)peer;
	return report_doctor(snapshot_take(context, &s), parameters, ret_reply,
			     ret_error);
}

#define METHOD(name) INTERFACE_AGENT "." name

static const struct ctl_method_entry methods[] = {
	{METHOD("Status"), false, method_status},
	{METHOD("Explain"), false, method_explain},
	{METHOD("Peers"), false, method_peers},
	{METHOD("PolicyShow"), false, method_policy_show},
	{METHOD("PolicyReload"), true, method_policy_reload},
	{METHOD("PolicyApply"), true, method_policy_apply},
	{METHOD("PolicyConfirm"), true, method_policy_confirm},
	{METHOD("PolicyRollback"), true, method_policy_rollback},
	{METHOD("PolicyHold"), true, method_policy_hold},
	{METHOD("PolicyTrial"), false, method_policy_trial},
	{METHOD("Pause"), true, method_pause},
	{METHOD("Doctor"), false, method_doctor},
	{METHOD("Usage"), false, history_method_usage},
	{METHOD("Events"), false, history_method_events},
	{METHOD("Eligibility"), false, eligibility_method},
};

static const struct ctl_stream_entry streams[] = {
	{METHOD("Record"), true, recording_open_stream},
	{METHOD("Events"), false, history_stream_events},
};

int control_open(struct agent *a)
{
	struct ctl_server_options options = {
		.path = a->options.control_path,
		.service = {.methods = methods,
			    .method_count = sizeof(methods) / sizeof(methods[0]),
			    .context = a,
			    .streams = streams,
			    .stream_count = sizeof(streams) / sizeof(streams[0])},
	};
	int r = ctl_server_new(a->event, &options, &a->server);

	if (r == -EADDRINUSE)
		log_error("control",
			  "another relaywardend answers on %s; stop it, or give "
			  "--control PATH",
			  a->options.control_path);
	else if (r < 0)
		log_error("control", "%s can't be opened: %s", a->options.control_path,
			  strerror(-r));
	return r;
}
