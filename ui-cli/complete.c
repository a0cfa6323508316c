/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "complete.h"
#include "client.h"
#include "core/event.h"
#include "fields.h"
#include "options.h"
#include <stdlib.h>
#include <string.h>

/* --- the command line so far -------------------------------------------------------
 */

struct line {
	char **plain; /* the words that are no options */
	int count;
	const struct option_row *waits; /* the option whose value comes next, or NULL */
	const char *socket;
};

/* The row of "--name", "--name=value", "-n"; NULL: there is none. */
static const struct option_row *find_option(const char *word)
{
	size_t length = strcspn(word + 1, "=");

	for (const struct option_row *row = option_rows; row->name; row++) {
		if (word[1] != '-' && row->letter == word[1])
			return row;
		if (word[1] == '-' && strlen(row->name) == length - 1 &&
		    strncmp(row->name, word + 2, length - 1) == 0)
			return row;
	}
	return NULL;
}

static void take_option(struct line *line, const char *word)
{
	const char *equals = strchr(word, '=');

	line->waits = find_option(word);
	if (!line->waits || !line->waits->value)
		line->waits = NULL;
	else if (equals && strcmp(line->waits->name, "socket") == 0)
		line->socket = equals + 1;
	if (equals)
		line->waits = NULL;
}

/* bash makes "--socket=x" three words. */
static void take_word(struct line *line, char *word)
{
	if (strcmp(word, "=") == 0)
		return;
	if (line->waits && line->waits->value[0] != '[') {
		if (strcmp(line->waits->name, "socket") == 0)
			line->socket = word;
		line->waits = NULL;
	} else if (word[0] == '-' && word[1]) {
		take_option(line, word);
	} else {
		line->plain[line->count++] = word;
		line->waits = NULL;
	}
}

/* --- candidates --------------------------------------------------------------------
 */

/* First words; a group of commands is there once. */
static void print_first_words(const struct command *table)
{
	const char *group = "";

	for (const struct command *k = table; k->name; k++) {
		size_t length = strcspn(k->name, " ");

		if (!k->name[length]) {
			printf("%s\t%s\n", k->name, k->description);
		} else if (strncmp(group, k->name, length + 1) != 0) {
			group = k->name;
			printf("%.*s\tmore words follow\n", (int)length, k->name);
		}
	}
}

static void print_second_words(const struct command *table, const char *first)
{
	size_t length = strlen(first);

	for (const struct command *k = table; k->name; k++)
		if (strncmp(k->name, first, length) == 0 && k->name[length] == ' ')
			printf("%s\t%s\n", k->name + length + 1, k->description);
}

/* Those that go with the command, all where there is none yet. */
static void print_options(const struct command *k)
{
	for (const struct option_row *row = option_rows; row->name; row++)
		if (!row->flag || !k || (command_options(k) & row->flag))
			printf("--%s\t%s\n", row->name, row->help);
}

/* Names that are one plain word; the others would want quoting in three shells. */
static bool is_plain(const char *name)
{
	return *name && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstu"
				     "vwxyz0123456789._+@-") == strlen(name);
}

static void print_apps(const struct context *c)
{
	const json_t *apps;
	json_t *reply;

	if (client_call_silent(c, "Status", &reply) != EXIT_OK)
		return;
	apps = json_object_get(reply, "applications");
	for (size_t i = 0; i < json_array_size(apps); i++) {
		const json_t *app = json_array_get(apps, i);

		if (is_plain(field_text(app, "name")))
			printf("%s\t%s\n", field_text(app, "name"),
			       field_text(app, "role"));
	}
	json_decref(reply);
}

/* The last one of "name,role,pe"; what stands before it stays. */
static void print_fields(const struct command *k, const char *current)
{
	const char *comma = strrchr(current, ',');
	int kept = comma ? (int)(comma - current) + 1 : 0;

	for (const struct listing_column *column = k->columns; column->field; column++)
		printf("%.*s%s\t%s\n", kept, current, column->field, column->heading);
}

static void print_kinds(void)
{
	for (int kind = 0; kind < EVENT_KIND_COUNT; kind++)
		printf("%s\t%s\n", event_name((enum event_kind)kind),
		       event_severity_name((enum event_kind)kind));
}

/* Values of an option, by what it calls them. */
static void print_values(const struct context *c, const struct option_row *row,
			 const struct command *k, const char *current)
{
	if (strcmp(row->value, "PATH") == 0)
		printf(":files\n");
	else if (strcmp(row->value, "APP") == 0)
		print_apps(c);
	else if (strcmp(row->value, "KIND") == 0)
		print_kinds();
	else if (row->flag == TAKES_FIELDS && k && k->columns)
		print_fields(k, current);
}

/* The word of "FILE [APP]" for argument number `at`; the last one may be repeated. */
static void copy_argument(const char *arguments, int at, char *buf, size_t size)
{
	*buf = '\0';
	while (*arguments) {
		size_t length;

		arguments += strspn(arguments, " [");
		length = strcspn(arguments, " ].");
		snprintf(buf, size, "%.*s", (int)length, arguments);
		arguments += length;
		if (at-- == 0 || strncmp(arguments, "...", 3) == 0)
			return;
		arguments += strspn(arguments, "]");
		*buf = '\0';
	}
}

static void print_arguments(const struct context *c, const struct command *k, int at)
{
	char word[32];

	copy_argument(k->arguments, at, word, sizeof(word));
	if (strcmp(word, "APP") == 0)
		print_apps(c);
	else if (strcmp(word, "FILE") == 0 || strcmp(word, "PATH") == 0)
		printf(":files\n");
}

/* -----------------------------------------------------------------------------------
 */

static void print_candidates(const struct context *c, const struct command *table,
			     const struct line *line, const char *current)
{
	int used = 0;
	const struct command *k = command_find(table, line->count, line->plain, &used);

	if (line->waits && line->waits->value[0] != '[')
		print_values(c, line->waits, k,
			     strcmp(current, "=") == 0 ? "" : current);
	else if (*current == '-')
		print_options(k);
	else if (k)
		print_arguments(c, k, line->count - used);
	else if (line->count == 0)
		print_first_words(table);
	else if (line->count == 1)
		print_second_words(table, line->plain[0]);
}

enum exit_code complete(const struct context *c, const struct command *table, int count,
			char *const *words)
{
	struct line line = {.socket = c->socket};
	struct context mine = *c;

	if (count < 1)
		return EXIT_USAGE;
	line.plain = calloc((size_t)count, sizeof(*line.plain));
	if (!line.plain)
		return EXIT_FAILED;
	for (int i = 0; i + 1 < count; i++)
		take_word(&line, words[i]);
	mine.socket = line.socket;
	print_candidates(&mine, table, &line, words[count - 1]);
	free(line.plain);
	return EXIT_OK;
}
