/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Would this machine be promoted: what can be seen of it, and the answer. */
#include "client.h"
#include "core/eligibility.h"
#include "core/identity.h"
#include "eligibility.h"
#include "fields.h"
#include "gateway.h"
#include "installed.h"
#include "machine.h"
#include "nat_probe.h"
#include "progress.h"
#include "rules.h"
#include <stdlib.h>
#include <string.h>

#define SCHEMA_VERSION 1

static const char *const answers[] = {
	[ANSWER_UNKNOWN] = "unknown", [ANSWER_NO] = "no", [ANSWER_YES] = "yes"};

/* --- asking others, where the caller said so -------------------------------------- */

static json_t *format_endpoint(const struct stun_endpoint *e)
{
	char text[ADDR_STRLEN];

	return json_sprintf(addr_is_ipv4(&e->addr) ? "%s:%u" : "[%s]:%u",
			    addr_format(&e->addr, text), (unsigned int)e->port);
}

static json_t *ask_server(const struct context *c, struct eligibility_facts *f)
{
	struct nat_probe p = {.error = ""};
	struct progress progress;

	if (!c->stun)
		return json_pack("{s:b}", "asked", 0);
	progress_begin(&progress, c, 0);
	progress_show(&progress, "asking %s, up to ten seconds", c->stun);
	nat_probe(c->stun, &p);
	progress_end(&progress);
	if (*p.error)
		return json_pack("{s:b, s:s, s:s}", "asked", 1, "server", c->stun,
				 "error", p.error);
	f->filtering = p.filtering;
	return json_pack("{s:b, s:s, s:s, s:o, s:o, s:s, s:s}", "asked", 1, "server",
			 c->stun, "error", "", "local", format_endpoint(&p.local),
			 "mapped", format_endpoint(&p.mapped), "mapping",
			 nat_behaviour_name(p.mapping), "filtering",
			 nat_behaviour_name(p.filtering));
}

static json_t *ask_gateway(const struct context *c, struct eligibility_facts *f)
{
	struct gateway_probe p;
	struct progress progress;
	char gateway[ADDR_STRLEN], external[ADDR_STRLEN];
	const char *error = "";

	if (!c->asks_gateway)
		return json_pack("{s:b}", "asked", 0);
	progress_begin(&progress, c, 0);
	progress_show(&progress, "asking the gateway");
	gateway_probe(&p);
	progress_end(&progress);
	if (!p.has_gateway)
		error = "there is no gateway";
	else if (!p.has_answered)
		error = "it does not answer";
	else
		error = portmap_result_text(&p.answer);
	if (p.has_gateway)
		f->maps_ports = *error ? ANSWER_NO : ANSWER_YES;
	return json_pack("{s:b, s:s, s:s, s:s, s:s}", "asked", 1, "gateway",
			 p.has_gateway ? addr_format(&p.gateway, gateway) : "", "error",
			 error, "protocol",
			 !p.has_answered		    ? ""
			 : p.answer.protocol == PORTMAP_PCP ? "PCP"
							    : "NAT-PMP",
			 "external",
			 p.has_answered && p.answer.has_external
				 ? addr_format(&p.answer.external, external)
				 : "");
}

/* --- from what is seen to facts --------------------------------------------------- */

/* Of one family: whether it has a public address, and what refuses strangers there. */
static void judge_family(const json_t *answer, bool is_ipv6, bool *ret_has_public,
			 enum answer *ret_is_refused)
{
	const json_t *list = json_object_get(answer, "addresses");
	const char *state =
		field_text(json_object_get(json_object_get(answer, "firewall"),
					   is_ipv6 ? "ipv6" : "ipv4"),
			   "state");

	*ret_has_public = false;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *a = json_array_get(list, i);

		if (!strchr(field_text(a, "address"), ':') == !is_ipv6 &&
		    strcmp(field_text(a, "scope"), "public") == 0)
			*ret_has_public = true;
	}
	*ret_is_refused = strcmp(state, "refuses") == 0 ? ANSWER_YES
			  : strcmp(state, "open") == 0	? ANSWER_NO
							: ANSWER_UNKNOWN;
}

/* The way in that is open counts; without a public address, that of IPv4. */
static void judge_addresses(const json_t *answer, struct eligibility_facts *f)
{
	bool v4, v6;
	enum answer refused4, refused6;

	judge_family(answer, false, &v4, &refused4);
	judge_family(answer, true, &v6, &refused6);
	f->has_public_address = v4 || v6;
	f->is_refused = refused4;
	if (v6 && (!v4 || refused4 == ANSWER_YES || refused6 == ANSWER_NO))
		f->is_refused = refused6;
}

/* Strangers that called, and programs that are promoted; a trade is there to be called.
 */
static void judge_apps(const json_t *apps, struct eligibility_facts *f,
		       json_t *promoted)
{
	for (size_t i = 0; i < json_array_size(apps); i++) {
		const json_t *app = json_array_get(apps, i);

		if (!*field_text(app, "client_trade"))
			f->callers += (unsigned int)field_size(app, "peers_in");
		if (!field_bool(app, "promoted"))
			continue;
		f->promoted++;
		json_array_append_new(promoted, json_string(field_text(app, "name")));
	}
}

/* A person's program that listens, and nobody knows: such as a client would be. Nearly
 * all that use UDP have a socket that could be called, so that says nothing. */
static bool is_suspicious(const json_t *listener)
{
	int64_t uid = field_int(listener, "uid");

	return strcmp(field_text(listener, "protocol"), "tcp") == 0 && uid >= 0 &&
	       identity_is_person((uint32_t)uid) && !*field_text(listener, "client");
}

static void judge_listeners(const json_t *list, struct eligibility_facts *f)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		f->listeners += is_suspicious(json_array_get(list, i));
}

static struct eligibility_client *judge_clients(const json_t *list,
						struct eligibility_facts *f)
{
	size_t count = json_array_size(list);
	struct eligibility_client *clients = calloc(count + 1, sizeof(*clients));

	for (size_t i = 0; clients && i < count; i++) {
		const json_t *c = json_array_get(list, i);
		const json_t *setting = json_object_get(c, "setting");

		clients[i] = (struct eligibility_client){
			.is_running =
				json_array_size(json_object_get(c, "running")) > 0,
			.needs_inbound = field_bool(c, "needs_inbound"),
			.is_forbidden =
				field_bool(c, "refused") ||
				strcmp(field_text(setting, "state"), "set") == 0,
		};
	}
	f->clients = clients;
	f->client_count = clients ? count : 0;
	return clients;
}

/* --- what could not be seen ------------------------------------------------------- */

static void note(json_t *unseen, const char *text)
{
	json_array_append_new(unseen, json_string(text));
}

static void note_unseen(const json_t *status, const json_t *seen,
			const struct catalogue *catalogue, json_t *unseen)
{
	if (!status)
		note(unseen,
		     "the agent is not reachable: what runs, who listens and the "
		     "firewall are not known; start relaywardend, or see agentctl "
		     "doctor");
	else if (!seen)
		note(unseen,
		     "the agent is an older one: who listens and the firewall are "
		     "not known; restart it");
	else if (!field_bool(seen, "sees_all"))
		note(unseen, "programs of other users are not told: ask as root");
	else if (!field_bool(seen, "has_listeners"))
		note(unseen, "the agent can't see who listens: agentctl doctor");
	if (!catalogue->count)
		note(unseen,
		     "no known clients: /usr/share/relaywarden/clients is empty");
}

/* --- the answer ------------------------------------------------------------------- */

static json_t *copy(const json_t *object, const char *key, json_t *fallback)
{
	json_t *value = json_object_get(object, key);

	if (!value)
		return fallback;
	json_decref(fallback);
	return json_incref(value);
}

/* A reply that has this member, or NULL: an error has parameters too. */
static json_t *ask_agent(const struct context *c, const char *method,
			 const char *member)
{
	json_t *reply = NULL;

	if (client_call_silent(c, method, &reply) == EXIT_OK &&
	    json_object_get(reply, member))
		return reply;
	json_decref(reply);
	return NULL;
}

static json_t *gather(const struct context *c, const struct catalogue *catalogue,
		      struct eligibility_facts *f)
{
	const json_t *apps, *link;
	json_t *status = ask_agent(c, "Status", "applications");
	json_t *seen = ask_agent(c, "Eligibility", "listeners");
	json_t *answer, *unseen = json_array(), *addresses = machine_addresses();

	apps = json_object_get(status, "applications");
	link = json_object_get(status, "link");
	note_unseen(status, seen, catalogue, unseen);
	if (!addresses)
		note(unseen, "this computer's addresses can't be read");
	answer = json_pack(
		"{s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:I, s:I, s:o, s:o}",
		"schema_version", SCHEMA_VERSION, "verdict", "", "promoted",
		json_array(), "addresses", addresses ? addresses : json_array(),
		"firewall", copy(seen, "firewall", json_object()), "listeners",
		copy(seen, "listeners", json_array()), "stun", ask_server(c, f),
		"gateway", ask_gateway(c, f), "interface",
		field_text(link, "interface"), "capacity",
		(json_int_t)field_int(link, "capacity"), "uptime",
		(json_int_t)machine_uptime(), "clients",
		installed_clients(catalogue, apps), "unseen", unseen);
	judge_apps(apps, f, json_object_get(answer, "promoted"));
	json_decref(status);
	json_decref(seen);
	return answer;
}

static enum eligibility_verdict judge(json_t *answer, struct eligibility_facts *f)
{
	struct eligibility_client *clients;
	struct eligibility e;

	judge_addresses(answer, f);
	judge_listeners(json_object_get(answer, "listeners"), f);
	clients = judge_clients(json_object_get(answer, "clients"), f);
	e = eligibility_judge(f);
	free(clients);
	json_object_set_new(answer, "verdict",
			    json_string(eligibility_verdict_name(e.verdict)));
	json_object_set_new(answer, "reachable", json_string(answers[e.is_reachable]));
	json_object_set_new(answer, "callers", json_integer((json_int_t)f->callers));
	json_object_set_new(answer, "could_be_promoted",
			    json_integer((json_int_t)e.clients));
	json_object_set_new(answer, "unknown_listeners",
			    json_integer((json_int_t)e.listeners));
	return e.verdict;
}

enum exit_code cmd_eligibility(const struct context *c, int count,
			       char *const *arguments)
{
	static const enum exit_code codes[] = {
		[ELIGIBILITY_SAFE] = EXIT_OK,
		[ELIGIBILITY_POSSIBLE] = EXIT_ELIGIBLE,
		[ELIGIBILITY_PROMOTED] = EXIT_PROMOTED,
	};
	struct eligibility_facts f = {.promoted = 0};
	struct catalogue *catalogue = NULL;
	enum eligibility_verdict verdict;
	enum exit_code code;
	json_t *answer;

	(void)count;
	(void)arguments;
	code = rules_load_catalogue(c, NULL, &catalogue);
	if (code != EXIT_OK)
		return code;
	answer = gather(c, catalogue, &f);
	catalogue_free(catalogue);
	if (!answer)
		return complain(EXIT_FAILED, "out of memory");
	verdict = judge(answer, &f);
	if (c->is_json)
		code = print_json(answer);
	else
		eligibility_print(&c->out, answer);
	json_decref(answer);
	return code == EXIT_OK && c->is_check ? codes[verdict] : code;
}
