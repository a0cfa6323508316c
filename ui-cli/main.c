/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agentctl: options, then the command from the table below. */
#include "client.h"
#include "command.h"
#include "complete.h"
#include "options.h"
#include "views.h"
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#define ANY_NUMBER 1000

static const struct command commands[] = {
	{"status", cmd_status, "[APP]", 0, 1, status_columns, TAKES_CHECK | TAKES_WATCH,
	 "is all well, is anything promoted, is anything limited"},
	{"top", cmd_top, "", 0, 0, NULL, 0,
	 "the applications live: sort, filter, look into one"},
	{"apps", cmd_apps, "", 0, 0, apps_columns, 0, "every application seen so far"},
	{"explain", cmd_explain, "APP", 1, 1, NULL, 0,
	 "why it has the role it has, and what would change it"},
	{"peers", cmd_peers, "APP", 1, 1, peers_columns, 0, "whom it talks to"},
	{"usage", cmd_usage, "[APP]", 0, 1, NULL, TAKES_SPAN | TAKES_TIMES,
	 "how much was carried, by day, hour, minute or month"},
	{"events", cmd_events, "", 0, 0, events_columns, TAKES_TIMES | TAKES_EVENTS,
	 "what happened, and what the agent did about it"},
	{"record", cmd_record, "FILE", 1, 1, NULL, TAKES_DURATION,
	 "write down what the agent observes, for replay"},
	{"replay", cmd_replay, "FILE [APP]", 1, 2, NULL,
	 TAKES_RULES | TAKES_CATALOGUE | TAKES_EVIDENCE,
	 "judge a recording or a capture anew (needs no agent)"},
	{"policy check", cmd_policy_check, "[PATH...]", 0, ANY_NUMBER, NULL, 0,
	 "are policy files in order (needs no agent)"},
	{"policy show", cmd_policy_show, "", 0, 0, policy_columns, 0,
	 "the policy in force, and the line each value comes from"},
	{"policy reload", cmd_policy_reload, "", 0, 0, NULL, 0,
	 "read the policy files anew"},
	{"policy apply", cmd_policy_apply, "[FILE...]", 0, ANY_NUMBER, NULL,
	 TAKES_CONFIRM, "put files in place and try them; back again if it harms"},
	{"policy confirm", cmd_policy_confirm, "", 0, 0, NULL, 0,
	 "keep the policy that waits for that"},
	{"policy rollback", cmd_policy_rollback, "", 0, 0, NULL, 0,
	 "back to the policy before"},
	{"pause", cmd_pause, "DURATION", 1, 1, NULL, 0,
	 "limit and cut nothing for so long, 24h at most"},
	{"resume", cmd_resume, "", 0, 0, NULL, 0, "end the pause now"},
	{"report", cmd_report, "", 0, 0, NULL, TAKES_TIMES | TAKES_OUTPUT,
	 "was this computer a relay, how long, how much: HTML to mail"},
	{"metrics", cmd_metrics, "[FILE]", 0, 1, NULL, 0,
	 "all of that for Prometheus, to FILE as a whole"},
	{"eligibility", cmd_eligibility, "", 0, 0, NULL,
	 TAKES_CHECK | TAKES_CATALOGUE | TAKES_NETWORK,
	 "would this computer be promoted, and what would prevent it"},
	{"doctor", cmd_doctor, "", 0, 0, NULL, 0,
	 "what works, what does not, what to do about it"},
	{"support-bundle", cmd_support_bundle, "[FILE]", 0, 1, NULL, TAKES_PEERS,
	 "all that helps to help you, in one file, without names"},
	{0},
};

/* --- help --------------------------------------------------------------------------
 */

static void print_fields(const struct command *k)
{
	printf("\nFields, * shown without --fields:\n");
	for (const struct listing_column *column = k->columns; column->field; column++)
		printf("  %c %-18s%s\n", column->rank ? '*' : ' ', column->field,
		       column->heading);
}

static enum exit_code print_command_help(const struct command *k)
{
	printf("Usage: agentctl [OPTION...] %s%s%s\n%s\n\n", k->name,
	       *k->arguments ? " " : "", k->arguments, k->description);
	options_print(commands, k);
	if (k->columns)
		print_fields(k);
	printf("\nMore: man agentctl\n");
	return EXIT_OK;
}

static enum exit_code print_help(void)
{
	printf("Usage: agentctl [OPTION...] COMMAND\n"
	       "Shows what relaywardend knows of the applications on this "
	       "computer.\n\n");
	for (const struct command *k = commands; k->name; k++) {
		char call[64];

		snprintf(call, sizeof(call), "  %s %s", k->name, k->arguments);
		help_print(call, k->description);
	}
	printf("\nAPP is an application's name, key, unit, program or number.\n\n");
	options_print(commands, NULL);
	printf("\nExit: 0 ok, 1 failure, 2 usage, 3 policy invalid, 4 degraded, 5 "
	       "promoted,\n"
	       "6 agent not reachable, 7 not permitted, 8 could be promoted. See "
	       "agentctl(1).\n");
	return EXIT_OK;
}

/* -----------------------------------------------------------------------------------
 */

/* Whether what was typed after the command, and before it, goes with it. */
static enum exit_code check(const struct context *c, const struct command *k, int rest)
{
	enum exit_code code;

	if (rest < k->min_arguments || rest > k->max_arguments)
		return complain(EXIT_USAGE, "usage: agentctl %s %s", k->name,
				k->arguments);
	code = options_check(c, k, commands);
	if (code != EXIT_OK || !c->fields)
		return code;
	if (c->is_json)
		return complain(
			EXIT_USAGE,
			"--fields chooses columns of a table; of JSON, jq does: "
			"agentctl %s --json | jq ...",
			k->name);
	return listing_check(k->columns, c->fields);
}

static enum exit_code run(const struct context *c, int count, char *const *words)
{
	int used;
	const struct command *k = command_find(commands, count, words, &used);
	enum exit_code code;

	if (!k && strcmp(words[0], COMPLETE_COMMAND) == 0)
		return complete(c, commands, count - 1, words + 1);
	if (!k)
		return command_reject(commands, count, words);
	if (c->wants_help)
		return print_command_help(k);
	code = check(c, k, count - used);
	return code == EXIT_OK ? k->function(c, count - used, words + used) : code;
}

static enum exit_code perform(int argc, char **argv)
{
	const char *environment = getenv("RELAYWARDEN_SOCKET");
	struct context c = {.socket = environment && *environment
					      ? environment
					      : CLIENT_SOCKET_DEFAULT};
	enum exit_code code;
	int first;

	render_init(&c.out, stdout);
	code = options_parse(argc, argv, &c, &first);
	if (code != EXIT_OK)
		return code;
	if (c.wants_version) {
		printf("agentctl %s\n", RELAYWARDEN_VERSION);
		return EXIT_OK;
	}
	if (first < argc && strcmp(argv[first], "help") == 0) {
		c.wants_help = true;
		first++;
	}
	if (first == argc && c.wants_help)
		return print_help();
	if (first == argc)
		return complain(EXIT_USAGE, "which command? See agentctl --help");
	return run(&c, argc - first, argv + first);
}

int main(int argc, char **argv)
{
	enum exit_code code;

	/* Not numbers: JSON and tables have a decimal point everywhere. */
	setlocale(LC_CTYPE, "");
	code = perform(argc, argv);
	/* A full disk or a closed pipe must not look like success. */
	if ((fflush(stdout) != 0 || ferror(stdout)) && code == EXIT_OK)
		code = complain(EXIT_FAILED, "cannot write the output");
	return code;
}
