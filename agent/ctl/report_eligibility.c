/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon alone can see of whether this machine would be promoted. */
#include "ctl/dispatch.h"
#include "ctl/report_find.h"
#include "ctl/report_json.h"
#include <errno.h>
#include <netinet/in.h>

static const char *trade_of(const struct app *app)
{
	return app->client && app->client->trade ? app->client->trade : "";
}

static json_t *make_listener(const struct report_listener *l, const struct app *app)
{
	static const struct app_identity nobody;
	const struct app_identity *id = app ? &app->identity : &nobody;

	return json_pack("{s:s, s:i, s:o, s:i, s:o, s:I, s:o, s:o, s:o}", "protocol",
			 l->proto == IPPROTO_TCP ? "tcp" : "udp", "port", (int)l->port,
			 "application", report_text(id->name), "id",
			 app ? (int)app->id : 0, "user", report_text(id->user), "uid",
			 app ? (json_int_t)id->uid : (json_int_t)-1, "exe",
			 report_text(id->exe), "client",
			 report_text(app && app->client ? app->client->id : ""),
			 "client_trade", report_text(app ? trade_of(app) : ""));
}

/* Whose a port is that is nobody's, or shared, is for those who may see all. */
static bool may_see_listener(const struct ctl_peer *peer, const struct app *app)
{
	return app ? report_may_see(peer, app) : peer->is_admin;
}

static json_t *make_listeners(const struct report_input *in,
			      const struct ctl_peer *peer,
			      const struct report_listeners *l)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < l->count; i++) {
		const struct report_listener *listener = &l->list[i];
		const struct app *app =
			listener->app ? engine_find_app(in->engine, listener->app)
				      : NULL;

		if (!may_see_listener(peer, app))
			continue;
		if (json_array_append_new(list, make_listener(listener, app)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *make_firewall(const struct report_firewall *f)
{
	static const char *const states[] = {[REPORT_FIREWALL_UNKNOWN] = "unknown",
					     [REPORT_FIREWALL_OPEN] = "open",
					     [REPORT_FIREWALL_REFUSES] = "refuses"};

	return json_pack("{s:s, s:o}", "state", states[f->state], "chain",
			 report_text(f->chain));
}

int report_eligibility(const struct report_input *in, const struct ctl_peer *peer,
		       const struct report_listeners *listeners,
		       const struct report_firewall firewall[2],
		       const json_t *parameters, json_t **ret_reply,
		       const char **ret_error)
{
	const char *wrong = ctl_parameters_check(parameters, NULL);
	json_t *reply;

	if (wrong)
		return ctl_fail(CTL_ERROR_INVALID_PARAMETER, "parameter", wrong,
				ret_reply, ret_error);
	reply = json_pack("{s:i, s:b, s:b, s:o, s:{s:o, s:o}}", "schema_version",
			  REPORT_SCHEMA_VERSION, "sees_all", peer->is_admin,
			  "has_listeners", listeners->is_known, "listeners",
			  make_listeners(in, peer, listeners), "firewall", "ipv4",
			  make_firewall(&firewall[0]), "ipv6",
			  make_firewall(&firewall[1]));
	if (!reply)
		return -ENOMEM;
	*ret_reply = reply;
	return 0;
}
