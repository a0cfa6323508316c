/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "command.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Where complaints go while the terminal is somebody else's. */
static char *kept;
static size_t kept_size;

void complain_into(char *buf, size_t size)
{
	kept = buf;
	kept_size = size;
	if (buf)
		*buf = '\0';
}

static void put_escaped(const char *prefix, const char *text)
{
	size_t size = 4 * strlen(text) + 1;
	char *copy;

	if (kept) {
		text_escape(text, kept, kept_size);
		return;
	}
	copy = malloc(size);
	fprintf(stderr, "%s%s\n", prefix,
		copy ? text_escape(text, copy, size) : "out of memory");
	free(copy);
}

enum exit_code complain(enum exit_code code, const char *format, ...)
{
	char prefix[64], *text;
	va_list args;
	int r;

	va_start(args, format);
	r = vasprintf(&text, format, args);
	va_end(args);
	if (r < 0)
		return code;
	snprintf(prefix, sizeof(prefix), "%s: ", program_invocation_short_name);
	put_escaped(prefix, text);
	free(text);
	return code;
}

enum exit_code complain_policy(const struct policy_error *e)
{
	char text[1024];

	put_escaped("", policy_error_format(e, text, sizeof(text)));
	return EXIT_POLICY_INVALID;
}

enum exit_code print_json(const json_t *reply)
{
	/* ASCII alone: a name from outside cannot steer a terminal. Members stay in the
	 * order of the interface. */
	if (json_dumpf(reply, stdout,
		       JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6)) < 0)
		return complain(EXIT_FAILED, "cannot write the output");
	putchar('\n');
	return EXIT_OK;
}
