/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"
#include "base/text.h"
#include "base/units.h"
#include "base/when.h"
#include "columns.h"
#include "core/event.h"
#include "ctl/interface.h"
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NAMES_MAX 256
#define WATCH_DEFAULT_S 2
#define WATCH_MAX_S 3600
#define SPAN_COUNT_MAX 3000
#define HELP_MAX 256

/* --- what each does ----------------------------------------------------------------
 */

static enum exit_code take_json(struct context *c, const char *value)
{
	(void)value;
	c->is_json = true;
	return EXIT_OK;
}

static enum exit_code take_fields(struct context *c, const char *value)
{
	c->fields = value;
	return EXIT_OK;
}

static enum exit_code take_check(struct context *c, const char *value)
{
	(void)value;
	c->is_check = true;
	return EXIT_OK;
}

/* Plain seconds, as with watch(1), or with a unit. */
static enum exit_code take_watch(struct context *c, const char *value)
{
	char *end = NULL;

	c->watch = value ? strtoul(value, &end, 10) : WATCH_DEFAULT_S;
	if (value && (*end || end == value) && duration_parse(value, &c->watch) < 0)
		c->watch = 0;
	if (!c->watch || c->watch > WATCH_MAX_S)
		return complain(EXIT_USAGE,
				"--watch=%s; expected seconds, e.g. --watch=5, at most "
				"1h",
				value);
	return EXIT_OK;
}

static enum exit_code take_duration(struct context *c, const char *value)
{
	if (duration_parse(value, &c->duration) < 0 || !c->duration)
		return complain(EXIT_USAGE,
				"--duration '%s'; expected e.g. 60s, 10m, 2h", value);
	return EXIT_OK;
}

static enum exit_code take_output(struct context *c, const char *value)
{
	c->output = value;
	return EXIT_OK;
}

static enum exit_code take_force(struct context *c, const char *value)
{
	(void)value;
	c->is_forced = true;
	return EXIT_OK;
}

static enum exit_code take_confirm(struct context *c, const char *value)
{
	if (duration_parse(value, &c->confirm) < 0 || !c->confirm ||
	    c->confirm > CTL_CONFIRM_MAX_S)
		return complain(EXIT_USAGE,
				"--confirm '%s'; expected e.g. 60s, 5m, at most 1h",
				value);
	return EXIT_OK;
}

static enum exit_code take_replace(struct context *c, const char *value)
{
	c->replace = value;
	if (!*value || *value == '.' || strchr(value, '/'))
		return complain(EXIT_USAGE,
				"--replace '%s'; expected how file names begin, e.g. "
				"70-fleet-",
				value);
	return EXIT_OK;
}

/* --days and its like, with or without a number. */
static enum exit_code take_span(struct context *c, const char *span, const char *value)
{
	char *end = NULL;

	c->history.span = span;
	c->history.count = value ? strtoul(value, &end, 10) : 0;
	if (value && (*end || end == value || !c->history.count ||
		      c->history.count > SPAN_COUNT_MAX))
		return complain(EXIT_USAGE,
				"--%ss=%s; expected a number from 1 to %d, e.g. "
				"--%ss=7",
				span, value, SPAN_COUNT_MAX, span);
	return EXIT_OK;
}

static enum exit_code take_minutes(struct context *c, const char *value)
{
	return take_span(c, "minute", value);
}

static enum exit_code take_hours(struct context *c, const char *value)
{
	return take_span(c, "hour", value);
}

static enum exit_code take_days(struct context *c, const char *value)
{
	return take_span(c, "day", value);
}

static enum exit_code take_months(struct context *c, const char *value)
{
	return take_span(c, "month", value);
}

static enum exit_code check_when(const char *option, const char *value)
{
	int64_t epoch;

	if (when_parse(value, time(NULL), &epoch) == 0)
		return EXIT_OK;
	return complain(EXIT_USAGE, "--%s '%s'; expected e.g. %s", option, value,
			when_examples);
}

static enum exit_code take_since(struct context *c, const char *value)
{
	c->history.since = value;
	return check_when("since", value);
}

static enum exit_code take_until(struct context *c, const char *value)
{
	c->history.until = value;
	return check_when("until", value);
}

static enum exit_code take_app(struct context *c, const char *value)
{
	c->history.app = value;
	return EXIT_OK;
}

static enum exit_code take_kind(struct context *c, const char *value)
{
	const char *names[EVENT_KIND_COUNT + 1] = {0};
	const char *nearest;
	enum event_kind kind;

	c->history.kind = value;
	if (event_parse(value, &kind))
		return EXIT_OK;
	for (enum event_kind k = 0; k < EVENT_KIND_COUNT; k++)
		names[k] = event_name(k);
	nearest = text_nearest(value, names);
	if (nearest)
		return complain(EXIT_USAGE, "no kind '%s'; did you mean '%s'?", value,
				nearest);
	return complain(EXIT_USAGE, "no kind '%s'; agentctl(1) lists them", value);
}

static enum exit_code take_lines(struct context *c, const char *value)
{
	char *end;

	c->history.has_lines = true;
	c->history.lines = strtoul(value, &end, 10);
	if (*end || end == value || *value == '-')
		return complain(EXIT_USAGE, "--lines '%s'; expected a number, e.g. 20",
				value);
	return EXIT_OK;
}

static enum exit_code take_follow(struct context *c, const char *value)
{
	(void)value;
	c->history.is_following = true;
	return EXIT_OK;
}

static enum exit_code take_evidence(struct context *c, const char *value)
{
	(void)value;
	c->has_evidence_lines = true;
	return EXIT_OK;
}

static enum exit_code add_word(struct word_list *list, const char *option,
			       const char *value)
{
	if (list->count == WORD_LIST_MAX)
		return complain(EXIT_USAGE, "%s more than %d times", option,
				WORD_LIST_MAX);
	list->items[list->count++] = value;
	return EXIT_OK;
}

static enum exit_code take_policy(struct context *c, const char *value)
{
	return add_word(&c->policies, "--policy", value);
}

static enum exit_code take_set(struct context *c, const char *value)
{
	return add_word(&c->settings, "--set", value);
}

static enum exit_code take_catalogue(struct context *c, const char *value)
{
	return add_word(&c->catalogues, "--catalogue", value);
}

static enum exit_code take_host(struct context *c, const char *value)
{
	return add_word(&c->hosts, "--host", value);
}

static enum exit_code take_stun(struct context *c, const char *value)
{
	c->stun = value;
	return EXIT_OK;
}

static enum exit_code take_ask_gateway(struct context *c, const char *value)
{
	(void)value;
	c->asks_gateway = true;
	return EXIT_OK;
}

static enum exit_code take_with_peers(struct context *c, const char *value)
{
	(void)value;
	c->has_peers = true;
	return EXIT_OK;
}

static enum exit_code take_no_legend(struct context *c, const char *value)
{
	(void)value;
	c->out.has_legend = false;
	return EXIT_OK;
}

static enum exit_code take_socket(struct context *c, const char *value)
{
	c->socket = value;
	return EXIT_OK;
}

static enum exit_code take_help(struct context *c, const char *value)
{
	(void)value;
	c->wants_help = true;
	return EXIT_OK;
}

static enum exit_code take_version(struct context *c, const char *value)
{
	(void)value;
	c->wants_version = true;
	return EXIT_OK;
}

/* In the order of --help. */
const struct option_row option_rows[] = {
	{"json", 'j', NULL, 0, take_json, "for programs: the agent's reply as JSON"},
	{"fields", 'f', "NAME,...", TAKES_FIELDS, take_fields,
	 "of a table, these columns in this order"},
	{"check", 0, NULL, TAKES_CHECK, take_check,
	 "exit with 5 if anything is promoted, with 8 if it could be"},
	{"watch", 'w', "[=SECONDS]", TAKES_WATCH, take_watch,
	 "again and again, until q or Ctrl-C"},
	{"duration", 0, "TIME", TAKES_DURATION, take_duration,
	 "stop after 60s, 10m, 2h"},
	{"output", 'o', "PATH", TAKES_OUTPUT, take_output, "write it there"},
	{"force", 0, NULL, TAKES_OUTPUT, take_force, "also where there is one"},
	{"policy", 0, "PATH", TAKES_RULES, take_policy,
	 "by this policy; may be repeated"},
	{"set", 0, "SECTION.KEY=VALUE", TAKES_RULES, take_set,
	 "with this setting changed, e.g. --set 'app *.promotion=shape'"},
	{"catalogue", 0, "PATH", TAKES_CATALOGUE, take_catalogue,
	 "with what is known of clients there"},
	{"host", 0, "ADDRESS", TAKES_RULES, take_host,
	 "of a capture: the computer to judge"},
	{"evidence", 0, NULL, TAKES_EVIDENCE, take_evidence,
	 "the evidence of every second, a JSON object a line, instead of the result"},
	{"confirm", 0, "TIME", TAKES_CONFIRM, take_confirm,
	 "back again unless confirmed in 60s, 5m"},
	{"replace", 0, "PREFIX", TAKES_CONFIRM, take_replace,
	 "the files take the place of all PREFIX*.ini"},
	{"minutes", 0, "[=COUNT]", TAKES_SPAN, take_minutes,
	 "by minute, the last 60 or COUNT"},
	{"hours", 0, "[=COUNT]", TAKES_SPAN, take_hours,
	 "by hour, the last 24 or COUNT"},
	{"days", 0, "[=COUNT]", TAKES_SPAN, take_days, "by day, the last 30 or COUNT"},
	{"months", 0, "[=COUNT]", TAKES_SPAN, take_months,
	 "by month, the last 12 or COUNT"},
	{"since", 0, "TIME", TAKES_TIMES, take_since,
	 "from then on: 2h, yesterday, 22:00, 'yesterday 22:00', 2026-03-01, "
	 "2026-03-01T22:00"},
	{"until", 0, "TIME", TAKES_TIMES, take_until, "up to then, likewise"},
	{"app", 0, "APP", TAKES_EVENTS, take_app, "of this application"},
	{"kind", 0, "KIND", TAKES_EVENTS, take_kind,
	 "of this kind: promoted, limited, policy_loaded, ..."},
	{"lines", 'n', "COUNT", TAKES_EVENTS, take_lines, "the latest COUNT of them"},
	{"follow", 'F', NULL, TAKES_EVENTS, take_follow,
	 "and each one that happens, until Ctrl-C"},
	{"stun", 0, "HOST[:PORT]", TAKES_NETWORK, take_stun,
	 "ask this server what kind of NAT there is"},
	{"ask-gateway", 0, NULL, TAKES_NETWORK, take_ask_gateway,
	 "ask the gateway whether it maps ports"},
	{"with-peers", 0, NULL, TAKES_PEERS, take_with_peers,
	 "with addresses as they are"},
	{"no-legend", 0, NULL, 0, take_no_legend, "no headings, no hints"},
	{"socket", 's', "PATH", 0, take_socket, "ask the agent that listens there"},
	{"help", 'h', NULL, 0, take_help, "this; with a command, what it takes"},
	{"version", 'V', NULL, 0, take_version, "the version"},
	{0},
};

/* --- parsing -----------------------------------------------------------------------
 */

/* getopt's codes of long options; short ones are characters. */
#define LONG_BASE 256

static void make_getopt_tables(struct option *ret_longs, char *ret_shorts)
{
	*ret_shorts++ = ':';
	for (int i = 0; option_rows[i].name; i++) {
		const struct option_row *row = &option_rows[i];
		int value = !row->value		   ? no_argument
			    : row->value[0] == '[' ? optional_argument
						   : required_argument;

		ret_longs[i] = (struct option){row->name, value, NULL, LONG_BASE + i};
		if (!row->letter)
			continue;
		*ret_shorts++ = row->letter;
		for (int colons = 0; colons < value; colons++)
			*ret_shorts++ = ':';
	}
	*ret_shorts = '\0';
}

static enum exit_code reject(const char *word, int option)
{
	const char *names[OPTIONS_MAX + 1] = {0};
	const char *nearest;
	char name[64];

	if (option == ':')
		return complain(EXIT_USAGE, "%s wants a value; see agentctl --help",
				word);
	for (size_t i = 0; option_rows[i].name; i++)
		names[i] = option_rows[i].name;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	nearest = text_nearest(name + strspn(name, "-"), names);
	if (strncmp(word, "--", 2) == 0 && nearest)
		return complain(EXIT_USAGE, "no option '%s'; did you mean '--%s'?",
				name, nearest);
	return complain(EXIT_USAGE, "no option '%s'; see agentctl --help", name);
}

/* The row of a code of getopt's, or -1. */
static int find_row(int code)
{
	if (code >= LONG_BASE)
		return code - LONG_BASE;
	for (int i = 0; option_rows[i].name; i++)
		if (option_rows[i].letter && option_rows[i].letter == code)
			return i;
	return -1;
}

enum exit_code options_parse(int argc, char **argv, struct context *c, int *ret_first)
{
	struct option longs[OPTIONS_MAX + 1] = {0};
	char shorts[3 * OPTIONS_MAX + 2];
	enum exit_code code = EXIT_OK;
	int option;

	make_getopt_tables(longs, shorts);
	opterr = 0;
	while (code == EXIT_OK &&
	       (option = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		int row = find_row(option);

		if (row < 0)
			return reject(argv[optind - 1], option);
		c->given |= UINT64_C(1) << row;
		code = option_rows[row].take(c, optarg);
	}
	*ret_first = optind;
	return code;
}

/* --- which go with what ------------------------------------------------------------
 */

/* "status, apps, peers". */
static const char *list_commands(const struct command *table, unsigned int flag,
				 char buf[static NAMES_MAX])
{
	size_t used = 0;

	*buf = '\0';
	for (const struct command *k = table; k->name && used < NAMES_MAX; k++)
		if (command_options(k) & flag)
			used += (size_t)snprintf(buf + used, NAMES_MAX - used, "%s%s",
						 used ? ", " : "", k->name);
	return buf;
}

enum exit_code options_check(const struct context *c, const struct command *k,
			     const struct command *table)
{
	char names[NAMES_MAX];

	for (int i = 0; option_rows[i].name; i++) {
		const struct option_row *row = &option_rows[i];

		if (!(c->given >> i & 1) || !row->flag ||
		    (command_options(k) & row->flag))
			continue;
		list_commands(table, row->flag, names);
		return complain(EXIT_USAGE, "--%s goes with %s%s", row->name, names,
				strchr(names, ',') ? "" : " alone");
	}
	return EXIT_OK;
}

void help_print(const char *call, const char *text)
{
	if (strlen(call) + 2 > HELP_COLUMN) {
		printf("%s\n", call);
		call = "";
	}
	while (*text) {
		size_t fit = columns_fit_words(text, HELP_WIDTH - HELP_COLUMN);

		printf("%-*s%.*s\n", HELP_COLUMN, call, (int)fit, text);
		text += fit;
		text += strspn(text, " ");
		call = "";
	}
}

/* "status: " before the help of an option that goes with one command alone, where none
 * was named. */
static void make_help(const struct option_row *row, const char *commands,
		      char buf[static HELP_MAX])
{
	bool is_one = *commands && !strchr(commands, ',');

	snprintf(buf, HELP_MAX, "%s%s%s", is_one ? commands : "", is_one ? ": " : "",
		 row->help);
}

static void print_option(const struct option_row *row, const char *commands)
{
	const char *value = row->value ? row->value : "";
	char call[64], letter[5] = "    ", help[HELP_MAX];

	if (row->letter)
		snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	snprintf(call, sizeof(call), "  %s--%s%s%s", letter, row->name,
		 *value && *value != '[' ? " " : "", value);
	make_help(row, commands, help);
	help_print(call, help);
}

void options_print(const struct command *table, const struct command *k)
{
	char names[NAMES_MAX];

	for (const struct option_row *row = option_rows; row->name; row++) {
		if (k && row->flag && !(command_options(k) & row->flag))
			continue;
		print_option(row, k || !row->flag
					  ? ""
					  : list_commands(table, row->flag, names));
	}
}
