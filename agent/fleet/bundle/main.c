/* SPDX-License-Identifier: GPL-2.0-or-later */
/* relaywarden-bundle: options, then the command from the table below. */
#include "base/text.h"
#include "base/units.h"
#include "command.h"
#include "config.h"
#include "files.h"
#include "keys.h"
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command {
	const char *name;
	command_function *function;
	const char *arguments;
	int min_arguments, max_arguments;
	const char *description;
} commands[] = {
	{"keygen", cmd_keygen, "NAME", 1, 1,
	 "a new pair of keys: NAME.key, to be kept secret, and NAME.pub"},
	{"create", cmd_create, "[FILE.ini...]", 0, BUNDLE_FILES_MAX,
	 "a bundle of policy files, not signed yet"},
	{"sign", cmd_sign, "BUNDLE", 1, 1, "add a signature, by --key"},
	{"inspect", cmd_inspect, "BUNDLE", 1, 1, "what is in it, believed or not"},
	{"verify", cmd_verify, "BUNDLE", 1, 1, "is it signed by a key of --keys"},
	{"install", cmd_install, "BUNDLE", 1, 1,
	 "put its files in force on this computer (root)"},
	{"status", cmd_status, "", 0, 0, "what this computer has installed"},
	{"metrics", cmd_metrics, "[FILE]", 0, 1, "the same for Prometheus"},
	{0},
};

enum exit_code complain(enum exit_code code, const char *format, ...)
{
	char text[1024], escaped[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "relaywarden-bundle: %s\n",
		text_escape(text, escaped, sizeof(escaped)));
	return code;
}

enum exit_code read_bundle(const char *path, char **ret_bytes, size_t *ret_size)
{
	int r = file_read(path, BUNDLE_SIZE_MAX, ret_bytes, ret_size);

	if (r == -EFBIG)
		return complain(EXIT_REFUSED, "%s: oversized: more than %d bytes", path,
				BUNDLE_SIZE_MAX);
	return r < 0 ? complain(EXIT_FAILED, "%s: %s", path, strerror(-r)) : EXIT_OK;
}

enum exit_code write_file(const char *path, const char *bytes, size_t size)
{
	char dir[PATH_MAX], name[PATH_MAX];
	int r;

	/* Both functions may change what they are given. */
	snprintf(dir, sizeof(dir), "%s", path);
	snprintf(name, sizeof(name), "%s", path);
	r = file_replace(dirname(dir), basename(name), bytes, size);
	return r < 0 ? complain(EXIT_FAILED, "%s: %s", path, strerror(-r)) : EXIT_OK;
}

static enum exit_code print_help(void)
{
	printf("Usage: relaywarden-bundle [OPTION...] COMMAND\n"
	       "Policy for many computers, as one signed file.\n\n");
	for (const struct command *k = commands; k->name; k++)
		printf("  %-8s %-14s %s\n", k->name, k->arguments, k->description);
	printf("\ncreate:\n"
	       "  -o, --output FILE       the bundle to write\n"
	       "      --channel NAME      the part of the fleet it is for\n"
	       "      --release NAME      what it is called while it rolls out\n"
	       "      --generation N      higher than all before it\n"
	       "      --expires TIME      installed by nobody after, e.g. 30d\n"
	       "      --rollout PERCENT   of the computers, default 100\n"
	       "sign:\n"
	       "      --key FILE.key      by which to sign\n"
	       "verify, install, status, metrics:\n"
	       "      --keys DIR          public keys to trust, default " KEYS_DIR "\n"
	       "      --config FILE       default " CONFIG_FILE "\n"
	       "      --state-dir DIR     default " INSTALL_STATE_DIR "\n"
	       "      --fetch-dir DIR     that of relaywarden-fetch, "
	       "default " FETCH_STATE_DIR "\n"
	       "      --agentctl PROGRAM  which one puts files in force\n"
	       "  -h, --help              this\n"
	       "  -V, --version           the version\n\n"
	       "Exit: 0 ok; 1 failure; 2 usage; 3 bundle refused. See "
	       "relaywarden-bundle(1).\n");
	return EXIT_OK;
}

static enum exit_code run(const struct options *o, int count, char *const *words)
{
	const char *names[sizeof(commands) / sizeof(*commands)] = {0};
	const char *nearest;

	for (size_t i = 0; commands[i].name; i++) {
		const struct command *k = &commands[i];

		names[i] = k->name;
		if (strcmp(words[0], k->name) != 0)
			continue;
		if (count - 1 < k->min_arguments || count - 1 > k->max_arguments)
			return complain(EXIT_USAGE, "usage: relaywarden-bundle %s %s",
					k->name, k->arguments);
		return k->function(o, count - 1, words + 1);
	}
	nearest = text_nearest(words[0], names);
	if (nearest)
		return complain(EXIT_USAGE, "no command '%s'; did you mean '%s'?",
				words[0], nearest);
	return complain(EXIT_USAGE, "no command '%s'; see relaywarden-bundle --help",
			words[0]);
}

/* --- options ------------------------------------------------------------------- */

enum {
	OPT_CONFIG = 256,
	OPT_KEYS,
	OPT_STATE_DIR,
	OPT_FETCH_DIR,
	OPT_AGENTCTL,
	OPT_KEY,
	OPT_CHANNEL,
	OPT_RELEASE,
	OPT_GENERATION,
	OPT_EXPIRES,
	OPT_ROLLOUT
};

static const struct option long_options[] = {
	{"config", required_argument, NULL, OPT_CONFIG},
	{"keys", required_argument, NULL, OPT_KEYS},
	{"state-dir", required_argument, NULL, OPT_STATE_DIR},
	{"fetch-dir", required_argument, NULL, OPT_FETCH_DIR},
	{"agentctl", required_argument, NULL, OPT_AGENTCTL},
	{"output", required_argument, NULL, 'o'},
	{"key", required_argument, NULL, OPT_KEY},
	{"channel", required_argument, NULL, OPT_CHANNEL},
	{"release", required_argument, NULL, OPT_RELEASE},
	{"generation", required_argument, NULL, OPT_GENERATION},
	{"expires", required_argument, NULL, OPT_EXPIRES},
	{"rollout", required_argument, NULL, OPT_ROLLOUT},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{0},
};

static enum exit_code take_number(const char *option, uint64_t max, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(optarg, &end, 10);
	if (errno || end == optarg || *end || *optarg == '-' || *ret > max)
		return complain(EXIT_USAGE,
				"--%s '%s'; expected a number, %llu at most", option,
				optarg, (unsigned long long)max);
	return EXIT_OK;
}

static enum exit_code take_value(int option, struct options *o)
{
	uint64_t number;
	enum exit_code code;

	switch (option) {
	case OPT_GENERATION:
		return take_number("generation", INT64_MAX, &o->generation);
	case OPT_ROLLOUT:
		code = take_number("rollout", 100, &number);
		if (code == EXIT_OK)
			o->rollout = (unsigned int)number;
		return code;
	case OPT_EXPIRES:
		if (duration_parse(optarg, &o->expires) < 0 || !o->expires)
			return complain(EXIT_USAGE, "--expires '%s'; expected e.g. 30d",
					optarg);
		return EXIT_OK;
	default:
		return complain(EXIT_USAGE, "see relaywarden-bundle --help");
	}
}

static const char **field_of(int option, struct options *o)
{
	switch (option) {
	case OPT_CONFIG:
		return &o->config;
	case OPT_KEYS:
		return &o->keys;
	case OPT_STATE_DIR:
		return &o->state_dir;
	case OPT_FETCH_DIR:
		return &o->fetch_dir;
	case OPT_AGENTCTL:
		return &o->agentctl;
	case OPT_KEY:
		return &o->key;
	case OPT_CHANNEL:
		return &o->channel;
	case OPT_RELEASE:
		return &o->release;
	case 'o':
		return &o->output;
	default:
		return NULL;
	}
}

int main(int argc, char **argv)
{
	struct options o = {.config = CONFIG_FILE,
			    .keys = KEYS_DIR,
			    .state_dir = INSTALL_STATE_DIR,
			    .fetch_dir = FETCH_STATE_DIR,
			    .agentctl = "/usr/bin/agentctl",
			    .rollout = 100};
	enum exit_code code = EXIT_OK;
	int option;

	while (code == EXIT_OK &&
	       (option = getopt_long(argc, argv, "o:hV", long_options, NULL)) != -1) {
		const char **field = field_of(option, &o);

		if (option == 'h')
			return (int)print_help();
		if (option == 'V')
			return printf("relaywarden-bundle %s\n", RELAYWARDEN_VERSION) <
			       0;
		if (field)
			*field = optarg;
		else
			code = take_value(option, &o);
	}
	if (code == EXIT_OK && optind == argc)
		code = complain(EXIT_USAGE,
				"which command? See relaywarden-bundle --help");
	if (code == EXIT_OK && sodium_init() < 0)
		code = complain(EXIT_FAILED, "libsodium does not start");
	if (code == EXIT_OK)
		code = run(&o, argc - optind, argv + optind);
	if (fflush(stdout) != 0 && code == EXIT_OK)
		code = complain(EXIT_FAILED, "cannot write the output");
	return (int)code;
}
