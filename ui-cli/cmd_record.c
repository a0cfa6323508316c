/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent's observations, from now on, into a file: chunk by chunk as they come. */
#include "base/base64.h"
#include "base/units.h"
#include "client.h"
#include "core/record.h"
#include "fields.h"
#include "progress.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct target {
	const char *path;
	int fd;
	uint64_t bytes, records;
	struct record_decoder *decoder; /* counts, and checks, what comes */
	struct progress progress;
};

/* With the first bytes: where no agent answers, the last recording stays. It tells who
 * talked to whom, so it is for its owner alone. */
static enum exit_code open_target(struct target *t)
{
	t->fd = open(t->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return t->fd < 0 ? complain(EXIT_FAILED, "%s: %s", t->path, strerror(errno))
			 : EXIT_OK;
}

static enum exit_code write_all(struct target *t, const uint8_t *data, size_t size)
{
	size_t written = 0;

	if (t->fd < 0 && open_target(t) != EXIT_OK)
		return EXIT_FAILED;
	while (written < size) {
		ssize_t n = write(t->fd, data + written, size - written);

		if (n < 0 && errno != EINTR)
			return complain(EXIT_FAILED, "%s: %s", t->path,
					strerror(errno));
		written += n > 0 ? (size_t)n : 0;
	}
	t->bytes += size;
	return EXIT_OK;
}

/* Each chunk holds whole records. */
static enum exit_code check_records(struct target *t, const uint8_t *data, size_t size)
{
	struct record record;
	size_t at = 0, used;
	int r;

	while ((r = record_decode(t->decoder, data + at, size - at, &used, &record)) ==
	       1) {
		t->records += record.kind == RECORD_OBSERVATION;
		at += used;
	}
	if (r < 0)
		return complain(EXIT_FAILED, "the agent sent no recording: %s",
				record_decoder_error(t->decoder));
	if (at + used != size)
		return complain(EXIT_FAILED, "the agent sent half a record");
	return EXIT_OK;
}

static enum exit_code take_chunk(void *context, const json_t *reply)
{
	const char *text = field_text(reply, "data");
	struct target *t = context;
	size_t length = strlen(text), size;
	uint8_t *data = malloc(length + 1);
	enum exit_code code;

	if (!data)
		return complain(EXIT_FAILED, "out of memory");
	if (base64_decode(text, length, data, &size) < 0)
		code = complain(EXIT_FAILED, "the agent sent no base64");
	else
		code = check_records(t, data, size);
	if (code == EXIT_OK)
		code = write_all(t, data, size);
	free(data);
	if (progress_is_due(&t->progress)) {
		char bytes[UNITS_STRLEN], passed[UNITS_STRLEN];

		progress_show(&t->progress, "%s: %llu records, %s, %s. Ctrl-C ends it.",
			      t->path, (unsigned long long)t->records,
			      size_format(t->bytes, bytes),
			      duration_format((uint64_t)progress_seconds(&t->progress),
					      passed));
	}
	return code;
}

static enum exit_code run(const struct context *c, struct target *t)
{
	uint8_t end[RECORD_MAX];
	const struct client_stream call = {.method = "Record",
					   .seconds = c->duration,
					   .on_reply = take_chunk,
					   .context = t};
	enum exit_code code;
	bool has_ended;

	progress_begin(&t->progress, c, 0);
	code = client_stream(c, &call, &has_ended);
	progress_end(&t->progress);
	/* What has come is a recording, whatever happened then; an end mark only where
	 * that was its end. */
	if (code == EXIT_OK && !has_ended && t->bytes)
		code = write_all(t, end, record_encode_end(false, end));
	if (code == EXIT_OK && has_ended)
		complain(EXIT_OK,
			 "%s: the agent ended the recording at its largest "
			 "size",
			 t->path);
	return code;
}

static enum exit_code report(const struct context *c, const struct target *t)
{
	char bytes[UNITS_STRLEN], passed[UNITS_STRLEN];
	uint64_t seconds = (uint64_t)progress_seconds(&t->progress);
	json_t *reply;
	enum exit_code code;

	if (t->fd == STDOUT_FILENO)
		return EXIT_OK;
	if (!c->is_json) {
		render_hint(&c->out,
			    "%s: %llu records, %s, %s. Look at it: agentctl "
			    "replay %s",
			    t->path, (unsigned long long)t->records,
			    size_format(t->bytes, bytes),
			    duration_format(seconds, passed), t->path);
		return EXIT_OK;
	}
	reply = json_pack("{s:i, s:I, s:I, s:I}", "schema_version", 1, "records",
			  (json_int_t)t->records, "bytes", (json_int_t)t->bytes,
			  "seconds", (json_int_t)seconds);
	code = reply ? print_json(reply) : complain(EXIT_FAILED, "out of memory");
	json_decref(reply);
	return code;
}

enum exit_code cmd_record(const struct context *c, int count, char *const *arguments)
{
	bool is_stdout = strcmp(arguments[0], "-") == 0;
	struct target t = {.path = arguments[0], .fd = is_stdout ? STDOUT_FILENO : -1};
	enum exit_code code;

	(void)count;
	if (is_stdout && isatty(t.fd))
		return complain(EXIT_USAGE, "a recording is no text for a terminal; "
					    "name a file, or pipe it on");
	if (record_decoder_new(&t.decoder) < 0)
		return complain(EXIT_FAILED, "out of memory");
	code = run(c, &t);
	record_decoder_free(t.decoder);
	if (!is_stdout && t.fd >= 0 && close(t.fd) < 0 && code == EXIT_OK)
		code = complain(EXIT_FAILED, "%s: %s", t.path, strerror(errno));
	return code == EXIT_OK ? report(c, &t) : code;
}
