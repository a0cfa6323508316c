/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "complete.h"
#include "client.h"
#include "fields.h"
#include <string.h>

static enum exit_code print_options(const struct option *options)
{
	for (; options->name; options++)
		printf("--%s\n", options->name);
	return EXIT_OK;
}

/* First words; a group of commands is there once. */
static void print_first_words(const struct command *commands)
{
	const char *group = "";

	for (const struct command *k = commands; k->name; k++) {
		size_t length = strcspn(k->name, " ");

		if (!k->name[length]) {
			printf("%s\t%s\n", k->name, k->description);
		} else if (strncmp(group, k->name, length + 1) != 0) {
			group = k->name;
			printf("%.*s\tmore words follow\n", (int)length, k->name);
		}
	}
}

static void print_second_words(const struct command *commands, const char *first)
{
	size_t length = strlen(first);

	for (const struct command *k = commands; k->name; k++)
		if (strncmp(k->name, first, length) == 0 && k->name[length] == ' ')
			printf("%s\t%s\n", k->name + length + 1, k->description);
}

static bool takes_app(const struct command *commands, const char *first)
{
	for (const struct command *k = commands; k->name; k++)
		if (strcmp(k->name, first) == 0)
			return k->takes_app;
	return false;
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

enum exit_code complete(const struct context *c, const struct command *commands,
			const struct option *options, int count, char *const *words)
{
	if (count == 1 && strcmp(words[0], "--options") == 0)
		return print_options(options);
	if (count == 0) {
		print_first_words(commands);
	} else if (count == 1) {
		print_second_words(commands, words[0]);
		if (takes_app(commands, words[0]))
			print_apps(c);
	}
	return EXIT_OK;
}
