/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine is told, written down: to a file that was opened at the start, or to
 * an admin who asks on the control socket. A recording begins with what is known at
 * that moment, is written in batches, and ends at its bound.
 */
#include "agent_private.h"
#include "base/base64.h"
#include "core/record.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

#define BATCH_SIZE ((size_t)48 * 1024)
#define FILE_MAX (UINT64_C(256) * 1024 * 1024)
#define STREAMS_MAX 2

struct recording {
	struct record_encoder *encoder;
	int fd;			   /* of the file, or -1 */
	struct ctl_stream *stream; /* or NULL */
	bool is_over;		   /* freed with the next second */
	uint64_t bytes;		   /* written or sent */
	size_t used;
	uint8_t batch[BATCH_SIZE + RECORD_MAX];
	struct recording *prev, *next;
};

/* --- out ------------------------------------------------------------------------ */

static int write_file(struct recording *r)
{
	size_t written = 0;

	while (written < r->used) {
		ssize_t n = write(r->fd, r->batch + written, r->used - written);

		if (n < 0 && errno != EINTR)
			return -errno;
		written += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int send_stream(struct recording *r, bool is_last)
{
	struct ctl_stream *stream = r->stream;
	char text[BASE64_SIZE(sizeof(r->batch))];
	json_t *reply = json_pack("{s:i, s:s}", "schema_version", 1, "data",
				  base64_encode(r->batch, r->used, text));
	int result;

	if (is_last)
		r->stream = NULL;
	result = is_last ? ctl_stream_end_take(stream, reply)
			 : ctl_stream_send_take(stream, reply);
	if (result < 0)
		r->stream = NULL;
	return result;
}

/* Who asked has been told already, by the server; of the file the log tells. */
static void write_batch(struct recording *r, bool is_last)
{
	int result = r->fd >= 0 ? write_file(r) : send_stream(r, is_last);

	r->bytes += r->used;
	r->used = 0;
	if (result == 0 && !is_last)
		return;
	r->is_over = true;
	if (r->fd >= 0 && result < 0)
		log_error("record", "the recording ends here, it can't be written: %s",
			  strerror(-result));
}

static void end(struct recording *r, bool is_full)
{
	if (r->is_over)
		return;
	r->used += record_encode_end(is_full, r->batch + r->used);
	write_batch(r, true);
	if (is_full)
		log_line(LOG_NOTICE, "record",
			 "the recording has reached %llu MiB and ends here",
			 (unsigned long long)(FILE_MAX >> 20));
}

/* What was encoded behind the batch now belongs to it. */
static void take(struct recording *r, size_t size)
{
	r->used += size;
	if (r->used >= BATCH_SIZE)
		write_batch(r, false);
	if (r->bytes + r->used > FILE_MAX)
		end(r, true);
}

/* --- what is recorded ------------------------------------------------------------ */

static void put(struct recording *r, const struct observation *o)
{
	static struct log_limit limit;
	size_t size;
	int result;

	if (r->is_over)
		return;
	result = record_encode(r->encoder, o, r->batch + r->used, &size);
	if (result == 0)
		take(r, size);
	else
		log_limited(&limit, LOG_WARNING, "record",
			    "an observation can't be recorded: %s", strerror(-result));
}

/* A text, line by line; its first line voids what was there of it before. */
struct lines {
	struct recording *recording;
	enum record_text text;
	bool has_begun;
};

static void put_line(struct lines *l, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void put_line(struct lines *l, const char *format, ...)
{
	struct recording *r = l->recording;
	char line[RECORD_LINE_MAX + 1];
	va_list args;
	size_t size;

	if (r->is_over)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (record_encode_line(r->encoder, l->text, !l->has_begun, line,
			       r->batch + r->used, &size) < 0) {
		log_warning("record", "a line of the policy is too long to record");
		return;
	}
	l->has_begun = true;
	take(r, size);
}

static void put_policy(struct recording *r, const struct policy *p)
{
	struct lines l = {r, RECORD_POLICY, false};
	const char *section = "";

	put_line(&l, "; as it was in force");
	for (size_t i = 0; i < p->setting_count; i++) {
		const struct policy_setting *s = &p->settings[i];

		if (strcmp(section, s->section) != 0)
			put_line(&l, "[%s]", s->section);
		section = s->section;
		put_line(&l, "%s=%s", s->key, s->value);
	}
}

static void put_globs(struct lines *l, const char *key, char *const *items,
		      size_t count)
{
	char line[RECORD_LINE_MAX] = "";
	size_t used = 0;

	for (size_t i = 0; i < count && used < sizeof(line); i++)
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s",
					 i ? "," : "", items[i]);
	if (count)
		put_line(l, "%s=%s", key, line);
}

static void put_catalogue(struct recording *r, const struct catalogue *c)
{
	struct lines l = {r, RECORD_CATALOGUE, false};

	put_line(&l, "; as it was in force");
	for (size_t i = 0; i < c->count; i++) {
		const struct catalogue_client *client = &c->clients[i];

		put_line(&l, "[client %s]", client->id);
		put_line(&l, "title=%s", client->title);
		put_line(&l, "word=%s", client->word);
		if (*client->forbid)
			put_line(&l, "forbid=%s", client->forbid);
		if (client->trade)
			put_line(&l, "trade=%s", client->trade);
		if (client->is_login)
			put_line(&l, "login=yes");
		put_globs(&l, "match.exe", client->exes, client->exe_count);
		put_globs(&l, "match.unit", client->units, client->unit_count);
	}
}

/* --- what is known already ---------------------------------------------------------
 */

static void put_app(struct recording *r, const struct app *app, uint64_t now_ns)
{
	struct observation o = {
		.kind = OBS_APP,
		.time_ns = now_ns,
		.app.id = app->id,
		.app.has_wildcard_listener = app->has_wildcard_listener,
		.app.is_set_to_relay = app->is_set_to_relay,
		.app.pid_count = app->pid_count,
		.app.identity = &app->identity,
	};

	memcpy(o.app.pids, app->pids, sizeof(o.app.pids));
	put(r, &o);
}

static void put_flow(struct recording *r, const struct flow *f, uint64_t now_ns)
{
	struct observation o = {
		.kind = OBS_FLOW,
		.time_ns = now_ns,
		.flow.key = f->key,
		.flow.app = f->app,
		.flow.is_inbound = f->is_inbound,
		.flow.bytes_in = f->bytes_in,
		.flow.bytes_out = f->bytes_out,
		.flow.packets_in = f->packets_in,
		.flow.packets_out = f->packets_out,
	};

	put(r, &o);
}

static void put_known(struct recording *r, const struct agent *a, uint64_t now_ns)
{
	const struct app *app = NULL;

	put_policy(r, policy_store_policy(a->policies));
	put_catalogue(r, policy_store_catalogue(a->policies));
	while ((app = engine_next_app(a->engine, app))) {
		if (app->id != APP_UNATTRIBUTED)
			put_app(r, app, now_ns);
		for (const struct flow *f = app->flows; f; f = f->next)
			put_flow(r, f, now_ns);
	}
}

/* --- life ------------------------------------------------------------------------ */

static void recording_free(struct recording *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	record_encoder_free(r->encoder);
	free(r);
}

static uint64_t wall_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec;
}

/* Takes `fd` when it succeeds. */
static int recording_new(struct agent *a, int fd, struct ctl_stream *stream,
			 struct recording **ret_recording)
{
	struct recording *r = calloc(1, sizeof(*r));
	uint64_t now = agent_now();
	int result;

	if (!r)
		return -ENOMEM;
	r->fd = -1;
	r->stream = stream;
	result = record_encoder_new(now, wall_now(), &r->encoder);
	if (result == 0)
		result = record_encode_header(r->encoder, r->batch, &r->used);
	if (result < 0) {
		recording_free(r);
		return result;
	}
	r->fd = fd;
	DL_APPEND(a->recordings, r);
	put_known(r, a, now);
	*ret_recording = r;
	return 0;
}

/* A regular file, whatever name was given: nothing else is bounded and never blocks. */
static int open_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		      0600);
	struct stat st;
	int r = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (!S_ISREG(st.st_mode))
		r = -EINVAL;
	else if (ftruncate(fd, 0) < 0)
		r = -errno;
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

int recording_open_file(struct agent *a, const char *path)
{
	struct recording *r;
	int fd = open_file(path), result = fd;

	if (fd >= 0) {
		result = recording_new(a, fd, NULL, &r);
		if (result < 0)
			close(fd);
	}
	if (result < 0)
		log_error("record", "%s can't be recorded to: %s", path,
			  strerror(-result));
	else
		log_info("record", "recording to %s, %llu MiB at most", path,
			 (unsigned long long)(FILE_MAX >> 20));
	return result < 0 ? result : 0;
}

static void on_stream_gone(void *context)
{
	struct recording *r = context;

	r->stream = NULL;
	r->is_over = true;
}

int recording_open_stream(void *context, const struct ctl_peer *peer,
			  const json_t *parameters, struct ctl_stream *stream,
			  json_t **ret_reply, const char **ret_error)
{
	const char *wrong = ctl_parameters_check(parameters, NULL);
	struct agent *a = context;
	struct recording *r;
	int streams = 0, result;

	if (wrong)
		return ctl_fail(CTL_ERROR_INVALID_PARAMETER, "parameter", wrong,
				ret_reply, ret_error);
	DL_FOREACH (a->recordings, r)
		streams += r->stream != NULL;
	if (streams >= STREAMS_MAX)
		return ctl_fail(CTL_ERROR_BUSY, "text",
				"others are recording; try again when they are done",
				ret_reply, ret_error);
	log_info("record", "recording for uid %u, process %d", (unsigned int)peer->uid,
		 (int)peer->pid);
	result = recording_new(a, -1, stream, &r);
	if (result < 0)
		return result;
	/* Lost already: then the server knows, and nothing is to be told. */
	if (r->stream) {
		stream->on_gone = on_stream_gone;
		stream->context = r;
		write_batch(r, false);
	}
	return 0;
}

void recording_observe(struct agent *a, const struct observation *o)
{
	struct recording *r;

	DL_FOREACH (a->recordings, r)
		put(r, o);
}

void recording_set_policy(struct agent *a, const struct policy *policy,
			  const struct catalogue *catalogue)
{
	struct recording *r;

	DL_FOREACH (a->recordings, r) {
		put_policy(r, policy);
		put_catalogue(r, catalogue);
	}
}

void recording_flush(struct agent *a)
{
	struct recording *r, *next;

	DL_FOREACH_SAFE(a->recordings, r, next)
	{
		if (!r->is_over && r->used)
			write_batch(r, false);
		if (r->is_over) {
			DL_DELETE(a->recordings, r);
			recording_free(r);
		}
	}
}

void recording_close(struct agent *a)
{
	struct recording *r, *next;

	DL_FOREACH_SAFE(a->recordings, r, next)
	{
		end(r, false);
		DL_DELETE(a->recordings, r);
		recording_free(r);
	}
}
