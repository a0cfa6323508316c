/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A recording or a capture, judged anew: when did whose role change, and why. */
#include "base/units.h"
#include "core/record.h"
#include "fields.h"
#include "pcap.h"
#include "replay.h"
#include "views.h"
#include "words.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE ((size_t)64 * 1024)
/* Who waits longer than this is told how far it is. */
#define PATIENCE 2.0

/* --- reading -----------------------------------------------------------------------
 */

/* A recording on its way from the file to the engine. */
struct input {
	const struct context *context;
	const char *path;
	FILE *file;
	uint8_t data[READ_SIZE + RECORD_MAX];
	size_t used;
	uint64_t bytes;
	struct record_decoder *decoder;
	struct replay *replay;
	struct progress progress;
};

static enum exit_code take_record(struct input *in, const struct record *record)
{
	const struct record_header *head = record_decoder_header(in->decoder);
	enum exit_code code = EXIT_OK;

	if (!in->replay)
		code = replay_new(in->context, head->start_ns, head->epoch_ns, true,
				  &in->replay);
	return code == EXIT_OK ? replay_take(in->replay, record) : code;
}

/* All records that are whole. */
static enum exit_code decode_some(struct input *in)
{
	enum exit_code code = EXIT_OK;
	struct record record;
	size_t at = 0, used = 0;
	int r = 1;

	while (r == 1 && code == EXIT_OK) {
		r = record_decode(in->decoder, in->data + at, in->used - at, &used,
				  &record);
		at += used;
		if (r == 1)
			code = take_record(in, &record);
	}
	memmove(in->data, in->data + at, in->used - at);
	in->used -= at;
	if (r == -EBADMSG)
		return complain(EXIT_FAILED, "%s: %s", in->path,
				record_decoder_error(in->decoder));
	return r < 0 ? complain(EXIT_FAILED, "%s", strerror(-r)) : code;
}

static enum exit_code read_recording(struct input *in)
{
	enum exit_code code = decode_some(in);
	size_t n = 1;

	while (code == EXIT_OK && n > 0) {
		n = fread(in->data + in->used, 1, sizeof(in->data) - in->used,
			  in->file);
		in->used += n;
		in->bytes += n;
		code = decode_some(in);
		if (progress_is_due(&in->progress)) {
			char bytes[UNITS_STRLEN];

			progress_show(&in->progress, "%s: %s", in->path,
				      size_format(in->bytes, bytes));
		}
	}
	progress_end(&in->progress);
	if (code == EXIT_OK && ferror(in->file))
		code = complain(EXIT_FAILED, "%s: %s", in->path, strerror(errno));
	if (code == EXIT_OK && record_decoder_finish(in->decoder, in->used) < 0)
		code = complain(EXIT_FAILED, "%s: %s", in->path,
				record_decoder_error(in->decoder));
	return code;
}

/* The first bytes tell what it is. Takes the file. */
static enum exit_code read_any(struct input *in, bool *ret_is_capture)
{
	enum exit_code code;

	in->used = fread(in->data, 1, 8, in->file);
	in->bytes = in->used;
	*ret_is_capture = pcap_is_capture(in->data, in->used);
	if (*ret_is_capture && fseek(in->file, 0, SEEK_SET) == 0)
		return pcap_replay(in->context, in->file, in->path, &in->progress,
				   &in->replay);
	if (*ret_is_capture)
		code = complain(EXIT_USAGE,
				"a capture cannot come from a pipe; save it "
				"to a file first");
	else if (in->used && memcmp(in->data, "RWRECORD", in->used) != 0)
		code = complain(
			EXIT_FAILED,
			"%s is neither a recording nor a capture (pcap, pcapng)",
			in->path);
	else if (in->context->hosts.count)
		code = complain(EXIT_USAGE, "%s is a recording; --host is for captures",
				in->path);
	else
		code = read_recording(in);
	fclose(in->file);
	return code;
}

/* --- for people --------------------------------------------------------------------
 */

static void add_event(struct render_table *t, const json_t *event)
{
	const char *kind = field_text(event, "event");
	char text[WORDS_MAX], rule[WORDS_MAX], after[UNITS_STRLEN];

	render_cell(t, STYLE_PLAIN, "%s", view_after(event, after));
	render_cell(t, STYLE_PLAIN, "%s", words_time(field_int(event, "time"), text));
	render_cell(t, STYLE_BOLD, "%s", field_text(event, "app"));
	if (strcmp(kind, "role") == 0) {
		render_cell(t, words_role_style(event), "%s",
			    field_text(event, "role"));
		render_cell(t, STYLE_PLAIN, "%s", words_probability(event, text));
		return;
	}
	if (strcmp(kind, "gone") == 0)
		render_cell(t, STYLE_DIM, "ended (was a %s)",
			    field_text(event, "before"));
	else if (*words_cuts(event))
		render_cell(t, STYLE_WARN, "%s, by %s", words_cuts(event),
			    words_rule(event, rule));
	else if (field_bool(event, "limited"))
		render_cell(t, STYLE_WARN, "limited to %s by %s",
			    words_limits(event, text), words_rule(event, rule));
	else
		render_cell(t, STYLE_PLAIN, "no longer limited or cut");
	render_cell(t, STYLE_PLAIN, "%s", "");
}

static void print_timeline(const struct context *c, const struct replay *p)
{
	static const struct render_column columns[] = {{"AFTER", true},
						       {"TIME", false},
						       {"APPLICATION", false},
						       {"WHAT", false},
						       {"FOR STRANGERS", true}};
	const json_t *timeline = replay_timeline(p);
	struct render_table *t = render_table_new(columns, 5);

	for (size_t i = 0; i < json_array_size(timeline); i++)
		add_event(t, json_array_get(timeline, i));
	if (json_array_size(timeline))
		render_table_print(&c->out, t, 0);
	else
		render_line(&c->out, STYLE_PLAIN, "No application changed its role.");
	render_table_free(t);
	if (replay_timeline_is_full(p))
		render_line(&c->out, STYLE_WARN, "... and more changes than are shown");
}

static void print_headline(const struct context *c, const char *path,
			   const struct replay *p, bool is_capture)
{
	char start[WORDS_MAX], passed[UNITS_STRLEN];
	struct replay_summary s;

	replay_summarize(p, &s);
	render_hint(
		&c->out, "%s: %s from %s, %s, %llu %s", path,
		is_capture ? "captured" : "recorded",
		words_time((int64_t)(s.start_ns / 1000000000) + s.epoch_offset, start),
		duration_format((s.now_ns - s.start_ns) / 1000000000, passed),
		(unsigned long long)s.records,
		is_capture ? "observations made of it" : "observations");
	if (s.refused)
		render_line(&c->out, STYLE_WARN,
			    "%llu observations contradict themselves and were left out",
			    (unsigned long long)s.refused);
}

/* Nothing to show of an application that is not there: which ones are is in the table
 * above. */
static enum exit_code print_explanation(const struct context *c, const struct replay *p,
					const char *app, bool is_answer)
{
	struct replay_summary s;
	enum exit_code code;
	json_t *reply;

	code = replay_explain(p, app, &reply);
	if (code != EXIT_OK)
		return code;
	replay_summarize(p, &s);
	render_line(&c->out, STYLE_PLAIN, "%s", "");
	if (is_answer) {
		view_answer(c, replay_timeline(p), reply);
		render_line(&c->out, STYLE_PLAIN, "%s", "");
	}
	view_explanation(c, reply, (int64_t)(s.now_ns / 1000000000) + s.epoch_offset);
	json_decref(reply);
	return EXIT_OK;
}

/* The one application of a capture. */
#define CAPTURED_APP "1"

static enum exit_code print_all(const struct input *in, const char *app,
				bool is_capture)
{
	const struct context *c = in->context;
	json_t *status = replay_status(in->replay);
	const json_t *apps = json_object_get(status, "applications");

	if (!apps)
		return complain(EXIT_FAILED, "out of memory");
	print_headline(c, in->path, in->replay, is_capture);
	render_hint(&c->out, "%s", "");
	print_timeline(c, in->replay);
	render_line(&c->out, STYLE_PLAIN, "%s", "");
	if (json_array_size(apps))
		view_apps(c, apps);
	json_decref(status);
	if (is_capture && !app)
		app = CAPTURED_APP;
	return app ? print_explanation(c, in->replay, app, is_capture) : EXIT_OK;
}

/* --- for programs ------------------------------------------------------------------
 */

static enum exit_code print_replay_json(const struct input *in, const char *app,
					bool is_capture, bool is_whole)
{
	json_t *status = replay_status(in->replay), *explanation = NULL, *reply;
	enum exit_code code = EXIT_OK;
	struct replay_summary s;

	if (is_capture && !app)
		app = CAPTURED_APP;
	if (app)
		code = replay_explain(in->replay, app, &explanation);
	if (code != EXIT_OK) {
		json_decref(status);
		return code;
	}
	replay_summarize(in->replay, &s);
	reply = json_pack(
		"{s:i, s:s, s:b, s:I, s:I, s:I, s:I, s:O, s:O?, s:o?}",
		"schema_version", 1, "kind", is_capture ? "capture" : "recording",
		"complete", is_whole, "start",
		(json_int_t)(s.start_ns / 1000000000) + s.epoch_offset, "seconds",
		(json_int_t)((s.now_ns - s.start_ns) / 1000000000), "observations",
		(json_int_t)s.records, "refused", (json_int_t)s.refused, "timeline",
		replay_timeline(in->replay), "applications",
		json_object_get(status, "applications"), "explanation", explanation);
	json_decref(status);
	code = reply ? print_json(reply) : complain(EXIT_FAILED, "out of memory");
	json_decref(reply);
	return code;
}

/* The lines are out already. */
static enum exit_code end_evidence(const struct replay *p, const char *app)
{
	struct replay_summary s;
	enum exit_code code;
	json_t *reply = NULL;

	replay_summarize(p, &s);
	if (!app || s.evidence_lines)
		return EXIT_OK;
	code = replay_explain(p, app, &reply); /* says so if there is none */
	json_decref(reply);
	return code;
}

/* --- the command -------------------------------------------------------------------
 */

static FILE *open_input(const char *path)
{
	if (strcmp(path, "-") == 0)
		return fdopen(dup(STDIN_FILENO), "rb");
	return fopen(path, "rbe");
}

static enum exit_code show(const struct input *in, bool is_capture, bool is_whole)
{
	const struct context *c = in->context;

	if (c->has_evidence_lines)
		return end_evidence(in->replay, c->app);
	return c->is_json ? print_replay_json(in, c->app, is_capture, is_whole)
			  : print_all(in, c->app, is_capture);
}

enum exit_code cmd_replay(const struct context *c, int count, char *const *arguments)
{
	struct context mine = *c;
	struct input *in = calloc(1, sizeof(*in));
	enum exit_code code, shown = EXIT_OK;
	bool is_capture = false;

	if (!in || record_decoder_new(&in->decoder) < 0) {
		free(in);
		return complain(EXIT_FAILED, "out of memory");
	}
	mine.app = count > 1 ? arguments[1] : NULL;
	in->context = &mine;
	in->path = arguments[0];
	in->file = open_input(in->path);
	progress_begin(&in->progress, &mine, PATIENCE);
	if (in->file)
		code = read_any(in, &is_capture);
	else
		code = complain(EXIT_FAILED, "%s: %s", in->path, strerror(errno));
	/* Of a damaged file, what came before the damage. */
	if (in->replay && (code == EXIT_OK || code == EXIT_FAILED))
		shown = show(in, is_capture, code == EXIT_OK);
	replay_free(in->replay);
	record_decoder_free(in->decoder);
	free(in);
	return code == EXIT_OK ? shown : code;
}
