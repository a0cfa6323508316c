/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"
#include "base/text.h"
#include <string.h>

#define COMMANDS_MAX 64
#define CALL_MAX 256

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

const struct command *command_find(const struct command *table, int count,
				   char *const *words, int *ret_used)
{
	for (const struct command *k = table; k->name; k++) {
		int used = match(k, count, words);

		if (!used)
			continue;
		*ret_used = used;
		return k;
	}
	return NULL;
}

unsigned int command_options(const struct command *k)
{
	return k->options | (k->columns ? TAKES_FIELDS : 0);
}

/* Whether commands of two words begin with it. */
static bool is_group(const struct command *table, const char *word)
{
	size_t length = strlen(word);

	for (const struct command *k = table; k->name; k++)
		if (strncmp(k->name, word, length) == 0 && k->name[length] == ' ')
			return true;
	return false;
}

/* "check, show, reload": the second words of a group. */
static const char *list_group(const struct command *table, const char *word,
			      char buf[static CALL_MAX])
{
	size_t length = strlen(word), used = 0;

	*buf = '\0';
	for (const struct command *k = table; k->name && used < CALL_MAX; k++)
		if (strncmp(k->name, word, length) == 0 && k->name[length] == ' ')
			used += (size_t)snprintf(buf + used, CALL_MAX - used, "%s%s",
						 used ? ", " : "",
						 k->name + length + 1);
	return buf;
}

enum exit_code command_reject(const struct command *table, int count,
			      char *const *words)
{
	const char *names[COMMANDS_MAX] = {0};
	bool in_group = is_group(table, words[0]);
	const char *nearest;
	char call[CALL_MAX];

	if (in_group && count < 2)
		return complain(EXIT_USAGE, "'%s' what? One of: %s", words[0],
				list_group(table, words[0], call));
	for (size_t i = 0; table[i].name && i + 1 < COMMANDS_MAX; i++)
		names[i] = table[i].name;
	nearest = text_nearest(words[0], names);
	snprintf(call, sizeof(call), "%s %s", words[0], count > 1 ? words[1] : "");
	if (!nearest || in_group)
		nearest = text_nearest(call, names);
	if (nearest)
		return complain(EXIT_USAGE, "no command '%s'; did you mean '%s'?",
				in_group ? call : words[0], nearest);
	return complain(EXIT_USAGE, "no command '%s'; see agentctl --help",
			in_group ? call : words[0]);
}
