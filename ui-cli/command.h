/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a command of agentctl is, and the exit codes all of them keep to. main.c has the
 * table; each command is a file of its own.
 */
#ifndef UI_CLI_COMMAND_H
#define UI_CLI_COMMAND_H

#include "core/policy_ini.h"
#include "listing.h"
#include "render.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum exit_code {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_POLICY_INVALID = 3,
	EXIT_DEGRADED = 4,
	EXIT_PROMOTED = 5,
	EXIT_UNREACHABLE = 6,
	EXIT_NOT_PERMITTED = 7,
	EXIT_ELIGIBLE = 8, /* nothing is promoted, but could be */
};

#define WORD_LIST_MAX 32

/* What part of the history is wanted: see options.c. */
struct history_wish {
	const char *since, *until; /* as they were written, or NULL */
	const char *app, *kind;	   /* --app, --kind, or NULL */
	const char *span;	   /* of --days, --hours, ..., or NULL */
	uint64_t count;		   /* of these; 0: as many as usual */
	uint64_t lines;		   /* --lines */
	bool has_lines, is_following;
};

/* The values of an option that may be repeated, in order. */
struct word_list {
	const char *items[WORD_LIST_MAX];
	size_t count;
};

/* What the command line says. */
struct context {
	const char *socket;
	bool is_json, is_check, has_evidence_lines; /* --json, --check, --evidence */
	bool wants_help, wants_version;
	const char *app; /* of replay FILE APP, or NULL */
	struct render out;
	const char *fields;  /* --fields, or NULL */
	uint64_t duration;   /* --duration in seconds, 0: none */
	uint64_t confirm;    /* --confirm likewise */
	const char *replace; /* --replace, or NULL */
	const char *stun;    /* --stun, or NULL */
	bool asks_gateway;   /* --ask-gateway */
	struct word_list policies, settings, catalogues,
		hosts;	/* --policy, --set, ... */
	bool has_peers; /* --with-peers */
	bool is_live;	/* drawn again and again: no hints on other ways to ask */
	uint64_t watch; /* --watch: every so many seconds, 0: once */
	unsigned int patience; /* how many seconds the agent may take, 0: as usual */
	struct history_wish history;
	const char *output; /* --output, or NULL */
	bool is_forced;	    /* --force */
	uint64_t given;	    /* one bit for each row of options.h that was there */
};

/* `arguments` are those after the command's name, `count` of them, then NULL. */
typedef enum exit_code command_function(const struct context *c, int count,
					char *const *arguments);

/* Options that go with some commands alone. */
enum command_options {
	TAKES_CHECK = 1,	/* --check */
	TAKES_DURATION = 2,	/* --duration */
	TAKES_RULES = 4,	/* --policy, --set, --host */
	TAKES_EVIDENCE = 8,	/* --evidence */
	TAKES_CONFIRM = 16,	/* --confirm, --replace */
	TAKES_FIELDS = 32,	/* --fields: whatever has columns */
	TAKES_WATCH = 64,	/* --watch */
	TAKES_SPAN = 128,	/* --minutes, --hours, --days, --months */
	TAKES_TIMES = 256,	/* --since, --until */
	TAKES_EVENTS = 512,	/* --app, --kind, --lines, --follow */
	TAKES_CATALOGUE = 1024, /* --catalogue */
	TAKES_NETWORK = 2048,	/* --stun, --ask-gateway */
	TAKES_OUTPUT = 4096,	/* --output, --force */
	TAKES_PEERS = 8192,	/* --with-peers */
};

struct command {
	const char *name; /* one word, or two */
	command_function *function;
	const char *arguments; /* "FILE [APP]"; completion goes by these words, too */
	int min_arguments, max_arguments;
	const struct listing_column *columns; /* of its table, for --fields, or NULL */
	unsigned int options; /* enum command_options: which make sense */
	const char *description;
};

/*
 * The command that `words` begin with, and how many of them are its name; NULL: none.
 * `table` ends with a row without a name.
 */
const struct command *command_find(const struct command *table, int count,
				   char *const *words, int *ret_used);
/* Says that there is no such command, and which is near. */
enum exit_code command_reject(const struct command *table, int count,
			      char *const *words);
/* Which of enum command_options make sense with it. */
unsigned int command_options(const struct command *k);

command_function cmd_status, cmd_top, cmd_apps, cmd_explain, cmd_peers,
	cmd_policy_check, cmd_policy_show, cmd_policy_reload, cmd_doctor, cmd_record,
	cmd_replay, cmd_pause, cmd_resume, cmd_policy_apply, cmd_policy_confirm,
	cmd_policy_rollback, cmd_metrics, cmd_usage, cmd_events, cmd_eligibility,
	cmd_report, cmd_support_bundle;

/* "agentctl: TEXT" on stderr; what came from outside is escaped. Returns `code`. */
enum exit_code complain(enum exit_code code, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* From now on the last complaint is kept in `buf` instead, without "agentctl: "; NULL
 * ends that. */
void complain_into(char *buf, size_t size);

/* "FILE:LINE: KEY: TEXT" on stderr, as editors and CI like it. */
enum exit_code complain_policy(const struct policy_error *e);

/* Prints a reply as it came, for programs. */
enum exit_code print_json(const json_t *reply);

#endif
