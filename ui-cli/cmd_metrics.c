/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client.h"
#include "metrics.h"
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* Whoever reads it meanwhile sees the old file or the new one. */
static enum exit_code write_file(const char *path, const json_t *const replies[3])
{
	char temporary[PATH_MAX];
	FILE *out;
	int length = snprintf(temporary, sizeof(temporary), "%s.new", path);
	bool failed;

	if (length < 0 || (size_t)length >= sizeof(temporary))
		return complain(EXIT_FAILED, "%s: %s", path, strerror(ENAMETOOLONG));
	out = fopen(temporary, "we");
	if (!out)
		return complain(EXIT_FAILED, "%s: %s", temporary, strerror(errno));
	metrics_write(out, replies[0], replies[1], replies[2]);
	failed = ferror(out);
	failed = fclose(out) != 0 || failed;
	if (!failed && rename(temporary, path) == 0)
		return EXIT_OK;
	complain(EXIT_FAILED, "%s: %s", path, strerror(errno));
	unlink(temporary);
	return EXIT_FAILED;
}

enum exit_code cmd_metrics(const struct context *c, int count, char *const *arguments)
{
	static const char *const methods[3] = {"Status", "PolicyShow", "Doctor"};
	json_t *replies[3] = {NULL};
	enum exit_code code = EXIT_OK, written = EXIT_OK;

	for (int i = 0; i < 3 && code == EXIT_OK; i++)
		code = client_call(c, methods[i], NULL, &replies[i]);
	/* That it does not answer is worth knowing, too. */
	if (count)
		written = write_file(arguments[0], (const json_t *const *)replies);
	else
		metrics_write(stdout, replies[0], replies[1], replies[2]);
	for (int i = 0; i < 3; i++)
		json_decref(replies[i]);
	return written == EXIT_OK ? code : written;
}
