/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agentctl: options, then the command from the table below. */
#include "base/text.h"
#include "base/units.h"
#include "client.h"
#include "command.h"
#include "complete.h"
#include <getopt.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#define ANY_NUMBER 1000

static const struct command commands[] = {
	{"status", cmd_status, "[APP]", 0, 1, true, TAKES_CHECK,
	 "is all well, is anything promoted, is anything limited"},
	{"apps", cmd_apps, "", 0, 0, false, 0, "every application seen so far"},
	{"explain", cmd_explain, "APP", 1, 1, true, 0,
	 "why it has the role it has, and what would change it"},
	{"peers", cmd_peers, "APP", 1, 1, true, 0, "whom it talks to"},
	{"record", cmd_record, "FILE", 1, 1, false, TAKES_DURATION,
	 "write down what the agent observes, for replay"},
	{"replay", cmd_replay, "FILE [APP]", 1, 2, false, TAKES_RULES | TAKES_EVIDENCE,
	 "judge a recording or a capture anew (needs no agent)"},
	{"policy check", cmd_policy_check, "[PATH...]", 0, ANY_NUMBER, false, 0,
	 "are policy files in order (needs no agent)"},
	{"policy show", cmd_policy_show, "", 0, 0, false, 0,
	 "the policy in force, and the line each value comes from"},
	{"policy reload", cmd_policy_reload, "", 0, 0, false, 0,
	 "read the policy files anew"},
	{"policy apply", cmd_policy_apply, "[FILE...]", 0, ANY_NUMBER, false,
	 TAKES_CONFIRM, "put files in place and try them; back again if it harms"},
	{"policy confirm", cmd_policy_confirm, "", 0, 0, false, 0,
	 "keep the policy that waits for that"},
	{"policy rollback", cmd_policy_rollback, "", 0, 0, false, 0,
	 "back to the policy before"},
	{"pause", cmd_pause, "DURATION", 1, 1, false, 0,
	 "limit and cut nothing for so long, 24h at most"},
	{"resume", cmd_resume, "", 0, 0, false, 0, "end the pause now"},
	{"metrics", cmd_metrics, "[FILE]", 0, 1, false, 0,
	 "all of that for Prometheus, to FILE as a whole"},
	{"doctor", cmd_doctor, "", 0, 0, false, 0,
	 "what works, what does not, what to do about it"},
	{0},
};

enum {
	OPT_DURATION = 256,
	OPT_POLICY,
	OPT_SET,
	OPT_CATALOGUE,
	OPT_HOST,
	OPT_EVIDENCE,
	OPT_CONFIRM,
	OPT_REPLACE
};

static const struct option long_options[] = {
	{"json", no_argument, NULL, 'j'},
	{"check", no_argument, NULL, 'c'},
	{"duration", required_argument, NULL, OPT_DURATION},
	{"policy", required_argument, NULL, OPT_POLICY},
	{"set", required_argument, NULL, OPT_SET},
	{"catalogue", required_argument, NULL, OPT_CATALOGUE},
	{"host", required_argument, NULL, OPT_HOST},
	{"evidence", no_argument, NULL, OPT_EVIDENCE},
	{"confirm", required_argument, NULL, OPT_CONFIRM},
	{"replace", required_argument, NULL, OPT_REPLACE},
	{"no-legend", no_argument, NULL, 'n'},
	{"socket", required_argument, NULL, 's'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{0},
};

static enum exit_code print_help(void)
{
	printf("Usage: agentctl [OPTION...] COMMAND\n"
	       "Shows what relaywardend knows of the applications on this "
	       "computer.\n\n");
	for (const struct command *k = commands; k->name; k++) {
		char call[64];

		snprintf(call, sizeof(call), "%s %s", k->name, k->arguments);
		printf("  %-24s%s\n", call, k->description);
	}
	printf("\nAPP is an application's name, key, unit, program or number.\n\n"
	       "  -j, --json              for programs: the agent's reply as JSON\n"
	       "      --check             status: exit with 5 if anything is promoted\n"
	       "      --duration TIME     record: stop after 60s, 10m, 2h\n"
	       "      --policy PATH       replay: by this policy; may be repeated\n"
	       "      --set SECTION.KEY=VALUE\n"
	       "                          replay: with this setting changed, e.g.\n"
	       "                          --set 'app *.promotion=shape'\n"
	       "      --catalogue DIR     replay: with what DIR knows of clients\n"
	       "      --host ADDRESS      replay of a capture: the computer to judge\n"
	       "      --evidence          replay: the evidence of every second, a "
	       "JSON\n"
	       "                          object a line, instead of the result\n"
	       "      --confirm TIME      policy apply: back again unless confirmed in "
	       "60s, 5m\n"
	       "      --replace PREFIX    policy apply: the files take the place of "
	       "all "
	       "PREFIX*.ini\n"
	       "      --no-legend         no headings, no hints\n"
	       "  -s, --socket PATH       ask the agent at PATH\n"
	       "  -h, --help              this\n"
	       "  -V, --version           the version\n\n"
	       "Exit: 0 ok, 1 failure, 2 usage, 3 policy invalid, 4 degraded, 5 "
	       "promoted,\n"
	       "6 agent not reachable, 7 not permitted. See agentctl(1).\n");
	return EXIT_OK;
}

/* --- finding the command ------------------------------------------------------- */

/* How many words of `words` the command's name is; 0: it is another. */
static int match(const struct command *k, int count, char *const *words)
{
	const char *space = strchr(k->name, ' ');
	size_t first = space ? (size_t)(space - k->name) : strlen(k->name);

	if (count < 1 || strlen(words[0]) != first ||
	    memcmp(words[0], k->name, first) != 0)
		return 0;
	if (!space)
		return 1;
	return count > 1 && strcmp(words[1], space + 1) == 0 ? 2 : 0;
}

static enum exit_code reject(int count, char *const *words)
{
	const char *names[sizeof(commands) / sizeof(*commands)] = {0};
	const char *nearest;
	char call[256];
	bool is_group = false;

	for (size_t i = 0; commands[i].name; i++) {
		size_t length = strlen(words[0]);

		names[i] = commands[i].name;
		is_group = is_group || (strncmp(names[i], words[0], length) == 0 &&
					names[i][length] == ' ');
	}
	if (is_group && count < 2)
		return complain(EXIT_USAGE, "'%s' what? See agentctl --help", words[0]);
	nearest = text_nearest(words[0], names);
	snprintf(call, sizeof(call), "%s %s", words[0], count > 1 ? words[1] : "");
	if (!nearest || is_group)
		nearest = text_nearest(call, names);
	if (nearest)
		return complain(EXIT_USAGE, "no command '%s'; did you mean '%s'?",
				is_group ? call : words[0], nearest);
	return complain(EXIT_USAGE, "no command '%s'; see agentctl --help",
			is_group ? call : words[0]);
}

static unsigned int given_options(const struct context *c)
{
	bool has_rules = c->policies.count || c->settings.count ||
			 c->catalogues.count || c->hosts.count;

	return (c->is_check ? TAKES_CHECK : 0) | (c->duration ? TAKES_DURATION : 0) |
	       (has_rules ? TAKES_RULES : 0) |
	       (c->has_evidence_lines ? TAKES_EVIDENCE : 0) |
	       (c->confirm || c->replace ? TAKES_CONFIRM : 0);
}

static enum exit_code reject_misplaced(unsigned int options)
{
	if (options & TAKES_CHECK)
		return complain(EXIT_USAGE, "--check goes with status alone");
	if (options & TAKES_DURATION)
		return complain(EXIT_USAGE, "--duration goes with record alone");
	if (options & TAKES_CONFIRM)
		return complain(EXIT_USAGE,
				"--confirm and --replace go with policy apply alone");
	if (options & TAKES_EVIDENCE)
		return complain(EXIT_USAGE, "--evidence goes with replay alone");
	return complain(EXIT_USAGE,
			"--policy, --set, --catalogue and --host go with replay alone");
}

static enum exit_code run(const struct context *c, int count, char *const *words)
{
	for (const struct command *k = commands; k->name; k++) {
		int used = match(k, count, words);
		int rest = count - used;

		if (!used)
			continue;
		if (rest < k->min_arguments || rest > k->max_arguments)
			return complain(EXIT_USAGE, "usage: agentctl %s %s", k->name,
					k->arguments);
		if (given_options(c) & ~k->options)
			return reject_misplaced(given_options(c) & ~k->options);
		return k->function(c, rest, words + used);
	}
	if (strcmp(words[0], COMPLETE_COMMAND) == 0)
		return complete(c, commands, long_options, count - 1, words + 1);
	return reject(count, words);
}

/* --- options ------------------------------------------------------------------- */

static enum exit_code reject_option(const char *word, int option)
{
	const char *names[sizeof(long_options) / sizeof(*long_options)] = {0};
	const char *nearest;
	char name[64];

	if (option == ':')
		return complain(EXIT_USAGE, "%s wants a value; see agentctl --help",
				word);
	for (size_t i = 0; long_options[i].name; i++)
		names[i] = long_options[i].name;
	snprintf(name, sizeof(name), "%s", word + strspn(word, "-"));
	nearest = text_nearest(name, names);
	if (strncmp(word, "--", 2) == 0 && nearest)
		return complain(EXIT_USAGE, "no option '%s'; did you mean '--%s'?",
				word, nearest);
	return complain(EXIT_USAGE, "no option '%s'; see agentctl --help", word);
}

/* What --help and --version do instead of a command. */
enum instead { INSTEAD_NOTHING, INSTEAD_HELP, INSTEAD_VERSION };

static enum exit_code add_word(struct word_list *list, const char *option)
{
	if (list->count == WORD_LIST_MAX)
		return complain(EXIT_USAGE, "%s more than %d times", option,
				WORD_LIST_MAX);
	list->items[list->count++] = optarg;
	return EXIT_OK;
}

/* Those of single commands. */
static enum exit_code take_special_option(int option, const char *word,
					  struct context *c)
{
	switch (option) {
	case OPT_DURATION:
		if (duration_parse(optarg, &c->duration) < 0 || !c->duration)
			return complain(EXIT_USAGE,
					"--duration '%s'; expected e.g. 60s, 10m, 2h",
					optarg);
		return EXIT_OK;
	case OPT_CONFIRM:
		if (duration_parse(optarg, &c->confirm) < 0 || !c->confirm ||
		    c->confirm > CTL_CONFIRM_MAX_S)
			return complain(EXIT_USAGE,
					"--confirm '%s'; expected e.g. 60s, 5m, at "
					"most 1h",
					optarg);
		return EXIT_OK;
	case OPT_REPLACE:
		c->replace = optarg;
		if (!*optarg || *optarg == '.' || strchr(optarg, '/'))
			return complain(EXIT_USAGE,
					"--replace '%s'; expected how file names "
					"begin, e.g. 70-fleet-",
					optarg);
		return EXIT_OK;
	case OPT_POLICY:
		return add_word(&c->policies, "--policy");
	case OPT_SET:
		return add_word(&c->settings, "--set");
	case OPT_CATALOGUE:
		return add_word(&c->catalogues, "--catalogue");
	case OPT_HOST:
		return add_word(&c->hosts, "--host");
	case OPT_EVIDENCE:
		c->has_evidence_lines = true;
		return EXIT_OK;
	default:
		return reject_option(word, option);
	}
}

static enum exit_code parse_options(int argc, char **argv, struct context *ret_context,
				    bool *ret_has_legend, enum instead *ret_instead)
{
	enum exit_code code = EXIT_OK;
	int option;

	opterr = 0;
	while (code == EXIT_OK &&
	       (option = getopt_long(argc, argv, ":js:hV", long_options, NULL)) != -1) {
		switch (option) {
		case 'j':
			ret_context->is_json = true;
			break;
		case 'c':
			ret_context->is_check = true;
			break;
		case 'n':
			*ret_has_legend = false;
			break;
		case 's':
			ret_context->socket = optarg;
			break;
		case 'h':
			*ret_instead = INSTEAD_HELP;
			break;
		case 'V':
			*ret_instead = INSTEAD_VERSION;
			break;
		default:
			code = take_special_option(option, argv[optind - 1],
						   ret_context);
		}
	}
	return code;
}

static enum exit_code perform(int argc, char **argv)
{
	const char *environment = getenv("RELAYWARDEN_SOCKET");
	struct context c = {.socket = environment && *environment
					      ? environment
					      : CLIENT_SOCKET_DEFAULT};
	enum instead instead = INSTEAD_NOTHING;
	bool has_legend = true;
	enum exit_code code;

	code = parse_options(argc, argv, &c, &has_legend, &instead);
	if (code != EXIT_OK)
		return code;
	if (instead == INSTEAD_HELP)
		return print_help();
	if (instead == INSTEAD_VERSION) {
		printf("agentctl %s\n", RELAYWARDEN_VERSION);
		return EXIT_OK;
	}
	if (optind == argc)
		return complain(EXIT_USAGE, "which command? See agentctl --help");
	render_init(&c.out, stdout, has_legend);
	return run(&c, argc - optind, argv + optind);
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
