/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events on their way out: each is told once, to the journal (or on stderr, where that
 * is none of the journal's), to the history, and to whoever listens. What flaps is held
 * back here, for all of them alike.
 */
#include "agent_private.h"
#include "base/journal.h"
#include "base/text.h"
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Members of the details that become fields of the journal. */
#define DETAIL_FIELDS_MAX 12
#define DETAIL_NAME_MAX 64
#define DETAIL_VALUE_MAX 256

void chronicle_open(struct agent *a)
{
	a->chronicle.journal = journal_is_stderr() ? journal_open() : -1;
}

void chronicle_close(struct agent *a)
{
	if (a->chronicle.journal >= 0)
		close(a->chronicle.journal);
	a->chronicle.journal = -1;
}

/* --- the journal ----------------------------------------------------------------- */

/* An entry while it is put together; `names` and `values` hold what is made for it. */
struct entry {
	struct journal_field fields[JOURNAL_FIELDS_MAX];
	size_t count, detail_count;
	char names[DETAIL_FIELDS_MAX][DETAIL_NAME_MAX];
	char values[DETAIL_FIELDS_MAX][DETAIL_VALUE_MAX];
};

static void put(struct entry *e, const char *name, const char *value)
{
	if (e->count < JOURNAL_FIELDS_MAX && value && *value)
		e->fields[e->count++] = (struct journal_field){name, value};
}

/* "rule" becomes RELAYWARDEN_RULE. */
static void make_name(const char *key, char *name)
{
	size_t used = (size_t)snprintf(name, DETAIL_NAME_MAX, "RELAYWARDEN_");

	for (; *key && used + 1 < DETAIL_NAME_MAX; key++)
		name[used++] = isalnum((unsigned char)*key)
				       ? (char)toupper((unsigned char)*key)
				       : '_';
	name[used] = '\0';
}

/* Texts and numbers; lists are for those who read the history. */
static bool make_value(const json_t *value, char *buf)
{
	if (json_is_string(value))
		text_escape(json_string_value(value), buf, DETAIL_VALUE_MAX);
	else if (json_is_integer(value))
		snprintf(buf, DETAIL_VALUE_MAX, "%lld",
			 (long long)json_integer_value(value));
	else if (json_is_real(value))
		snprintf(buf, DETAIL_VALUE_MAX, "%.4g", json_real_value(value));
	else if (json_is_boolean(value))
		snprintf(buf, DETAIL_VALUE_MAX, "%d", json_is_true(value));
	else
		return false;
	return true;
}

static void put_details(struct entry *e, const char *details)
{
	json_t *object = details ? json_loads(details, 0, NULL) : NULL;
	const char *key;
	json_t *value;

	json_object_foreach (object, key, value) {
		size_t i = e->detail_count;

		if (i == DETAIL_FIELDS_MAX || !make_value(value, e->values[i]))
			continue;
		make_name(key, e->names[i]);
		put(e, e->names[i], e->values[i]);
		e->detail_count++;
	}
	json_decref(object);
}

static int send_entry(const struct agent *a, const struct event *e)
{
	char priority[4], uid[12], left_out[12], name[4 * sizeof(e->app->name)],
		key[4 * APP_TEXT_MAX];
	struct entry entry;

	entry.count = entry.detail_count = 0;
	snprintf(priority, sizeof(priority), "%d", event_severity(e->kind));
	put(&entry, "MESSAGE", e->text);
	put(&entry, "MESSAGE_ID", event_message_id(e->kind));
	put(&entry, "PRIORITY", priority);
	put(&entry, "SYSLOG_IDENTIFIER", "relaywardend");
	put(&entry, "RELAYWARDEN_EVENT", event_name(e->kind));
	if (e->app) {
		snprintf(uid, sizeof(uid), "%u", (unsigned int)e->app->uid);
		put(&entry, "RELAYWARDEN_APP",
		    text_escape(e->app->name, name, sizeof(name)));
		put(&entry, "RELAYWARDEN_APP_KEY",
		    text_escape(e->app->key, key, sizeof(key)));
		put(&entry, "RELAYWARDEN_APP_UID", uid);
	}
	if (e->left_out) {
		snprintf(left_out, sizeof(left_out), "%u", e->left_out);
		put(&entry, "RELAYWARDEN_LEFT_OUT", left_out);
	}
	put_details(&entry, e->details);
	return journal_send(a->chronicle.journal, JOURNAL_SOCKET, entry.fields,
			    entry.count);
}

/* A journal that does not keep up is not asked a second time, by way of stderr. */
static void tell_journal(struct agent *a, const struct event *e)
{
	int r = a->chronicle.journal >= 0 ? send_entry(a, e) : -ENOENT;

	if (r == -EAGAIN)
		a->chronicle.unsent++;
	else if (r < 0)
		log_line(event_severity(e->kind), event_subsystem(e->kind), "%s",
			 e->text);
}

/* --- telling --------------------------------------------------------------------- */

void chronicle_note(struct agent *a, const struct event *e)
{
	char text[EVENT_TEXT_MAX], more[48] = "";
	const char *key = e->app ? e->app->key : NULL;
	struct event told = *e;

	if (!event_limit_admit(&a->chronicle.limit, e->kind, key, agent_now(),
			       &told.left_out))
		return;
	if (told.left_out)
		snprintf(more, sizeof(more), " (%u more like it were not told)",
			 told.left_out);
	text_escape(e->text, text, sizeof(text) - strlen(more));
	strcat(text, more);
	told.text = text;
	if (!told.time)
		told.time = time(NULL);
	if (told.details && strlen(told.details) > EVENT_DETAILS_MAX)
		told.details = NULL;
	tell_journal(a, &told);
	history_tell_streams(a, &told, history_note(a, &told));
}

static void say(struct agent *a, enum event_kind kind, const struct app_identity *app,
		json_t *details, const char *format, va_list args)
	__attribute__((format(printf, 5, 0)));

static void say(struct agent *a, enum event_kind kind, const struct app_identity *app,
		json_t *details, const char *format, va_list args)
{
	char text[EVENT_TEXT_MAX];
	char *dump = details ? json_dumps(details, JSON_COMPACT | JSON_ENSURE_ASCII |
							   JSON_REAL_PRECISION(6))
			     : NULL;
	struct event e = {.kind = kind, .app = app, .text = text, .details = dump};

	vsnprintf(text, sizeof(text), format, args);
	chronicle_note(a, &e);
	free(dump);
	json_decref(details);
}

void chronicle_say_take(struct agent *a, enum event_kind kind, json_t *details,
			const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(a, kind, NULL, details, format, args);
	va_end(args);
}

void chronicle_say_app_take(struct agent *a, enum event_kind kind,
			    const struct app_identity *app, json_t *details,
			    const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(a, kind, app, details, format, args);
	va_end(args);
}
