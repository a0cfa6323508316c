/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "eligibility.h"
#include "base/units.h"
#include "fields.h"
#include <stdarg.h>
#include <string.h>

/* More of a kind than this are a number. */
#define SHOWN_MAX 6

static bool is(const json_t *object, const char *key, const char *text)
{
	return strcmp(field_text(object, key), text) == 0;
}

/* --- the answer ------------------------------------------------------------------- */

static const char *reach(const json_t *answer)
{
	if (is(answer, "reachable", "yes"))
		return "strangers can reach this machine";
	if (is(answer, "reachable", "no"))
		return "strangers do not reach this machine";
	return "whether strangers reach this machine is not known";
}

static void print_verdict(const struct render *r, const json_t *answer)
{
	int64_t clients = field_int(answer, "could_be_promoted");
	int64_t listeners = field_int(answer, "unknown_listeners");
	bool has_gaps = json_array_size(json_object_get(answer, "unseen")) > 0;

	if (is(answer, "verdict", "promoted"))
		render_line(r, STYLE_BAD, "is promoted: see agentctl status");
	else if (clients)
		render_line(
			r, STYLE_WARN,
			"could be promoted: %lld known client%s would let it, and %s",
			(long long)clients, clients == 1 ? "" : "s", reach(answer));
	else if (listeners)
		render_line(
			r, STYLE_WARN,
			"could be promoted: %s, and %lld program%s that nobody knows "
			"listen%s there",
			reach(answer), (long long)listeners, listeners == 1 ? "" : "s",
			listeners == 1 ? "s" : "");
	else
		render_line(r, STYLE_GOOD,
			    "safe%s: no client that runs here would be promoted; %s",
			    has_gaps ? " as far as can be seen" : "", reach(answer));
}

/* --- reasons, a row each ---------------------------------------------------------- */

static void add(struct render_table *t, const char *what, enum style style,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

static void add(struct render_table *t, const char *what, enum style style,
		const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	render_cell(t, STYLE_BOLD, "%s", what);
	render_cell(t, style, "%s", text);
}

static void add_more(struct render_table *t, size_t count)
{
	if (count > SHOWN_MAX)
		add(t, "", STYLE_DIM, "%zu more: --json shows all", count - SHOWN_MAX);
}

static void add_addresses(struct render_table *t, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list) && i < SHOWN_MAX; i++) {
		const json_t *a = json_array_get(list, i);

		add(t, i ? "" : "address",
		    is(a, "scope", "public") ? STYLE_WARN : STYLE_PLAIN, "%s on %s: %s",
		    field_text(a, "address"), field_text(a, "interface"),
		    field_text(a, "scope"));
	}
	if (!json_array_size(list))
		add(t, "address", STYLE_PLAIN, "none but loopback");
	add_more(t, json_array_size(list));
}

static void add_firewall(struct render_table *t, const json_t *answer)
{
	static const char *const families[][2] = {{"ipv4", "IPv4"}, {"ipv6", "IPv6"}};
	const json_t *firewall = json_object_get(answer, "firewall");

	for (size_t i = 0; i < 2; i++) {
		const json_t *f = json_object_get(firewall, families[i][0]);
		const char *what = i ? "" : "inbound";

		if (is(f, "state", "refuses"))
			add(t, what, STYLE_GOOD,
			    "%s is refused where no rule admits it (%s); which ports "
			    "are "
			    "admitted was not read",
			    families[i][1], field_text(f, "chain"));
		else if (is(f, "state", "open"))
			add(t, what, STYLE_WARN,
			    "%s is open: no nftables chain refuses it", families[i][1]);
		else
			add(t, what, STYLE_PLAIN, "%s: not known", families[i][1]);
	}
	if (field_int(answer, "callers"))
		add(t, "", STYLE_WARN, "%lld strangers call programs here now",
		    (long long)field_int(answer, "callers"));
}

/* What a behaviour means to somebody who has never heard of it. */
static const char *meaning_of_mapping(const char *mapping)
{
	if (strcmp(mapping, "none") == 0)
		return "nothing translates its address";
	if (strcmp(mapping, "endpoint-independent") == 0)
		return "one port for all it calls: strangers can be led to it";
	if (strcmp(mapping, "unknown") == 0)
		return "the server has one address, so how it maps can't be told";
	return "another port for each it calls (symmetric): strangers can't be led to "
	       "it";
}

static const char *meaning_of_filtering(const char *filtering)
{
	if (strcmp(filtering, "endpoint-independent") == 0)
		return "open: whoever knows the port gets in";
	if (strcmp(filtering, "address-dependent") == 0)
		return "only addresses it has called get in";
	if (strcmp(filtering, "address-and-port-dependent") == 0)
		return "only those it has called get in";
	return "not known";
}

static void add_stun(struct render_table *t, const json_t *stun)
{
	const char *mapping = field_text(stun, "mapping");
	const char *filtering = field_text(stun, "filtering");

	if (!field_bool(stun, "asked")) {
		add(t, "NAT", STYLE_PLAIN, "not asked: --stun HOST asks a server");
		return;
	}
	if (*field_text(stun, "error")) {
		add(t, "NAT", STYLE_WARN, "not known: %s: %s",
		    field_text(stun, "server"), field_text(stun, "error"));
		return;
	}
	add(t, "NAT", STYLE_PLAIN, "%s is seen as %s", field_text(stun, "local"),
	    field_text(stun, "mapped"));
	add(t, "", STYLE_PLAIN, "mapping %s: %s", mapping, meaning_of_mapping(mapping));
	add(t, "",
	    strcmp(filtering, "endpoint-independent") == 0 ? STYLE_WARN : STYLE_PLAIN,
	    "filtering %s: %s", filtering, meaning_of_filtering(filtering));
}

static void add_gateway(struct render_table *t, const json_t *g)
{
	if (!field_bool(g, "asked"))
		add(t, "port mapping", STYLE_PLAIN,
		    "not asked: --ask-gateway asks the gateway");
	else if (!*field_text(g, "gateway"))
		add(t, "port mapping", STYLE_PLAIN, "none: %s", field_text(g, "error"));
	else if (*field_text(g, "error"))
		add(t, "port mapping", STYLE_GOOD,
		    "%s maps no port by NAT-PMP or PCP: %s (UPnP was not asked)",
		    field_text(g, "gateway"), field_text(g, "error"));
	else
		add(t, "port mapping", STYLE_WARN,
		    "%s opens ports to whoever asks, by %s%s%s",
		    field_text(g, "gateway"), field_text(g, "protocol"),
		    *field_text(g, "external") ? "; out there it is " : "",
		    field_text(g, "external"));
}

static void add_listeners(struct render_table *t, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list) && i < SHOWN_MAX; i++) {
		const json_t *l = json_array_get(list, i);

		add(t, i ? "" : "listening", STYLE_PLAIN, "%s %lld: %s%s%s%s",
		    field_text(l, "protocol"), (long long)field_int(l, "port"),
		    *field_text(l, "application") ? field_text(l, "application")
						  : "not known, or several programs",
		    *field_text(l, "user") ? " (" : "", field_text(l, "user"),
		    *field_text(l, "user") ? ")" : "");
	}
	add_more(t, json_array_size(list));
}

static void add_rest(struct render_table *t, const json_t *answer)
{
	char capacity[UNITS_STRLEN], uptime[UNITS_STRLEN];

	if (field_int(answer, "capacity"))
		add(t, "link", STYLE_PLAIN, "%s: %s", field_text(answer, "interface"),
		    rate_format(field_size(answer, "capacity"), capacity));
	add(t, "uptime", STYLE_PLAIN, "%s",
	    duration_format(field_size(answer, "uptime"), uptime));
}

/* --- known clients ---------------------------------------------------------------- */

static void join(const json_t *list, char *buf, size_t size)
{
	size_t used = 0;

	*buf = '\0';
	for (size_t i = 0; i < json_array_size(list) && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%s", i ? ", " : "",
					 json_string_value(json_array_get(list, i)));
}

static void add_setting(struct render_table *t, const json_t *client)
{
	const json_t *s = json_object_get(client, "setting");

	if (is(s, "state", "set"))
		add(t, "", STYLE_GOOD, "its own setting forbids it: %s in %s",
		    field_text(s, "line"), field_text(s, "file"));
	else if (*field_text(s, "line"))
		add(t, "", STYLE_WARN, "to forbid it, write into %s%s: %s",
		    field_text(s, "file"),
		    is(s, "state", "unknown") ? " (which was not read)" : "",
		    field_text(s, "line"));
	else if (*field_text(s, "command"))
		add(t, "", STYLE_WARN, "to forbid it: %s", field_text(s, "command"));
	else
		add(t, "", STYLE_PLAIN, "its own setting against it: %s",
		    field_text(client, "forbid"));
}

static void add_client(struct render_table *t, const json_t *client)
{
	const json_t *running = json_object_get(client, "running");
	char names[512];

	join(json_array_size(running) ? running : json_object_get(client, "paths"),
	     names, sizeof(names));
	add(t, field_text(client, "title"), STYLE_PLAIN, "%s: %s",
	    json_array_size(running) ? "runs" : "is installed", names);
	add(t, "", STYLE_PLAIN, "its network makes it: %s%s%s",
	    field_text(client, "word"), *field_text(client, "when") ? "; when: " : "",
	    field_text(client, "when"));
	if (field_bool(client, "refused"))
		add(t, "", STYLE_GOOD,
		    "policy forbids it: agentctl status shows by which "
		    "line");
	add_setting(t, client);
}

static void print_clients(const struct render *r, const json_t *list)
{
	static const struct render_column columns[] = {{"", false}, {"", false}};
	struct render_table *t = render_table_new(columns, 2);

	render_hint(r, "%s", "");
	if (!json_array_size(list))
		render_line(r, STYLE_PLAIN, "No known client runs, or is installed.");
	else
		render_line(r, STYLE_BOLD, "Known clients");
	for (size_t i = 0; i < json_array_size(list); i++)
		add_client(t, json_array_get(list, i));
	render_table_print(r, t, 2);
	render_table_free(t);
}

/* --- all of it -------------------------------------------------------------------- */

void eligibility_print(const struct render *r, const json_t *answer)
{
	static const struct render_column columns[] = {{"", false}, {"", false}};
	const json_t *unseen = json_object_get(answer, "unseen");
	struct render_table *t = render_table_new(columns, 2);

	print_verdict(r, answer);
	add_addresses(t, json_object_get(answer, "addresses"));
	add_firewall(t, answer);
	add_stun(t, json_object_get(answer, "stun"));
	add_gateway(t, json_object_get(answer, "gateway"));
	add_listeners(t, json_object_get(answer, "listeners"));
	add_rest(t, answer);
	render_table_print(r, t, 2);
	render_table_free(t);
	print_clients(r, json_object_get(answer, "clients"));
	for (size_t i = 0; i < json_array_size(unseen); i++)
		render_line(r, STYLE_WARN, "not seen: %s",
			    json_string_value(json_array_get(unseen, i)));
}
