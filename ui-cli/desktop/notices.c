/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "notices.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR 3600
#define SAME_SINCE 5   /* seconds that the beginning of one promotion may differ */
#define SETTLE 2       /* a new one waits so long for what is done about it */
#define UPDATE_EVERY 5 /* a notice on the screen is changed no oftener */
#define SUMMARY_EVERY 900
#define SUMMARY_NUMBER 0

enum entry_state {
	ENTRY_NEW,  /* not shown yet */
	ENTRY_OPEN, /* on the screen, as far as is known */
	ENTRY_TOLD, /* shown, and gone from the screen */
};

struct entry {
	struct promotion promotion;
	uint64_t number; /* 0: free */
	enum entry_state state;
	bool is_over, was_quiet;
	bool is_known;	    /* from before: its text is not */
	bool is_changed;    /* since it was shown */
	uint32_t id;	    /* on the screen */
	int64_t seen;	    /* first */
	int64_t shown;	    /* last */
	bool is_in_summary; /* told of there, not by itself */
};

struct notices {
	struct entry entries[NOTICES_MAX];
	uint64_t next_number;
	int64_t shown[NOTICES_AN_HOUR]; /* when, in a ring */
	bool has_shown[NOTICES_AN_HOUR];
	size_t next_shown;
	uint32_t summary_id;
	int64_t summary_shown; /* when, if ever */
	bool has_summary;
	size_t left_out; /* of the last look: there was no entry for them */
};

struct notices *notices_new(void)
{
	struct notices *n = calloc(1, sizeof(*n));

	if (n)
		n->next_number = SUMMARY_NUMBER + 1;
	return n;
}

void notices_free(struct notices *n)
{
	free(n);
}

/* --- what is promoted ------------------------------------------------------------- */

static bool is_same(const struct entry *e, const char *key, int64_t since)
{
	int64_t difference = e->promotion.since - since;

	return e->number && difference <= SAME_SINCE && difference >= -SAME_SINCE &&
	       strcmp(e->promotion.key, key) == 0;
}

static struct entry *find(struct notices *n, const char *key, int64_t since)
{
	for (size_t i = 0; i < NOTICES_MAX; i++)
		if (is_same(&n->entries[i], key, since))
			return &n->entries[i];
	return NULL;
}

/* A free one, else the oldest that is over; NULL where all go on. */
static struct entry *find_room(struct notices *n)
{
	struct entry *best = NULL;

	for (size_t i = 0; i < NOTICES_MAX; i++) {
		struct entry *e = &n->entries[i];

		if (!e->number)
			return e;
		if (e->is_over && (!best || e->number < best->number))
			best = e;
	}
	return best;
}

static struct entry *add(struct notices *n, int64_t now)
{
	struct entry *e = find_room(n);

	if (!e)
		return NULL;
	memset(e, 0, sizeof(*e));
	e->number = n->next_number++;
	e->seen = now;
	return e;
}

static void see_one(struct notices *n, const struct promotion *p, int64_t now)
{
	struct entry *e = find(n, p->key, p->since);

	if (!e && p->is_allowed)
		return;
	if (!e) {
		e = add(n, now);
		if (!e) {
			n->left_out++;
			return;
		}
	}
	if (!e->is_known)
		e->is_changed = e->is_changed || e->is_over ||
				strcmp(e->promotion.title, p->title) != 0 ||
				strcmp(e->promotion.body, p->body) != 0;
	e->is_known = false;
	e->is_over = false;
	e->promotion = *p;
}

static bool is_listed(const struct entry *e, const struct promotion *promotions,
		      size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_same(e, promotions[i].key, promotions[i].since))
			return true;
	return false;
}

void notices_see(struct notices *n, const struct promotion *promotions, size_t count,
		 int64_t now)
{
	/* First those that are over: they make room. */
	for (size_t i = 0; i < NOTICES_MAX; i++) {
		struct entry *e = &n->entries[i];

		if (!e->number || e->is_over || is_listed(e, promotions, count))
			continue;
		e->is_over = true;
		e->is_changed = true;
		/* It ended while this program did not run: its name is not known. */
		if (e->is_known)
			e->state = ENTRY_TOLD;
	}
	n->left_out = 0;
	for (size_t i = 0; i < count; i++)
		see_one(n, &promotions[i], now);
}

void notices_know(struct notices *n, const char *key, int64_t since, uint32_t id)
{
	struct entry *e = find(n, key, since);

	if (!e)
		e = add(n, 0);
	if (!e)
		return;
	snprintf(e->promotion.key, sizeof(e->promotion.key), "%s", key);
	e->promotion.since = since;
	e->state = id ? ENTRY_OPEN : ENTRY_TOLD;
	e->id = id;
	e->is_known = true;
}

/* --- what is shown ---------------------------------------------------------------- */

/* The oldest of the last NOTICES_AN_HOUR is in the place of the next one. */
static bool is_too_much(const struct notices *n, int64_t now)
{
	return n->has_shown[n->next_shown] && now - n->shown[n->next_shown] < HOUR;
}

static bool is_summary_due(const struct notices *n, int64_t now)
{
	return !n->has_summary || now - n->summary_shown >= SUMMARY_EVERY;
}

static void spend(struct notices *n, int64_t now)
{
	n->shown[n->next_shown] = now;
	n->has_shown[n->next_shown] = true;
	n->next_shown = (n->next_shown + 1) % NOTICES_AN_HOUR;
}

/* New ones that came to an end before they were shown: nobody was disturbed and nothing
 * is to be done, unless nobody was to be disturbed then. */
static bool is_waiting(const struct entry *e, int64_t now)
{
	if (!e->number || e->state != ENTRY_NEW || e->is_in_summary ||
	    e->promotion.is_allowed)
		return false;
	if (e->is_over && !e->was_quiet)
		return false;
	return now - e->seen >= SETTLE;
}

static bool has_news(const struct entry *e, int64_t now)
{
	return e->number && e->state == ENTRY_OPEN && e->is_changed &&
	       now - e->shown >= UPDATE_EVERY;
}

static size_t count_waiting(const struct notices *n, int64_t now, size_t *ret_quiet)
{
	size_t count = 0, quiet = 0;

	for (size_t i = 0; i < NOTICES_MAX; i++)
		if (is_waiting(&n->entries[i], now)) {
			count++;
			quiet += n->entries[i].was_quiet;
		}
	*ret_quiet = quiet;
	return count;
}

static void fill(struct entry *e, int64_t now, struct notice *ret_notice)
{
	struct notice *r = ret_notice;

	*r = (struct notice){.kind = e->is_over ? NOTICE_OVER : NOTICE_PROMOTED,
			     .number = e->number,
			     .replaces_id = e->id};
	if (e->is_over) {
		snprintf(r->title, sizeof(r->title),
			 e->id ? "%s no longer works for strangers"
			       : "%s worked for strangers, and no longer does",
			 e->promotion.name);
		snprintf(r->body, sizeof(r->body),
			 "What it did: agentctl events --app '%s'", e->promotion.name);
	} else {
		memcpy(r->title, e->promotion.title, sizeof(r->title));
		memcpy(r->body, e->promotion.body, sizeof(r->body));
	}
	e->state = ENTRY_OPEN;
	e->is_changed = false;
	e->shown = now;
}

/* Names, separated by commas, as far as there is room. */
static void list_names(struct notices *n, int64_t now, char *buf, size_t size)
{
	size_t used = 0, left_out = 0;

	*buf = '\0';
	for (size_t i = 0; i < NOTICES_MAX; i++) {
		struct entry *e = &n->entries[i];

		if (!is_waiting(e, now))
			continue;
		e->is_in_summary = true;
		if (used + strlen(e->promotion.name) + 32 < size)
			used += (size_t)snprintf(buf + used, size - used, "%s%s",
						 used ? ", " : "", e->promotion.name);
		else
			left_out++;
	}
	if (left_out)
		snprintf(buf + used, size - used, " and %zu more", left_out);
}

static void fill_summary(struct notices *n, size_t count, bool was_quiet, int64_t now,
			 struct notice *ret_notice)
{
	struct notice *r = ret_notice;
	char names[NOTICES_BODY_MAX - 160];

	*r = (struct notice){.kind = NOTICE_SUMMARY,
			     .number = SUMMARY_NUMBER,
			     .replaces_id = n->summary_id};
	list_names(n, now, names, sizeof(names));
	snprintf(r->title, sizeof(r->title), "%zu %sprograms have worked for strangers",
		 count + n->left_out, was_quiet ? "" : "more ");
	snprintf(r->body, sizeof(r->body), "%s%s. What was done: agentctl events",
		 names, was_quiet ? ", while notices were quiet" : "");
	n->has_summary = true;
	n->summary_shown = now;
}

static void mark_quiet(struct notices *n)
{
	for (size_t i = 0; i < NOTICES_MAX; i++)
		if (n->entries[i].state == ENTRY_NEW)
			n->entries[i].was_quiet = true;
}

bool notices_next(struct notices *n, int64_t now, bool is_quiet,
		  struct notice *ret_notice)
{
	size_t quiet, waiting = count_waiting(n, now, &quiet);

	if (is_quiet) {
		mark_quiet(n);
		return false;
	}
	for (size_t i = 0; i < NOTICES_MAX; i++)
		if (has_news(&n->entries[i], now)) {
			fill(&n->entries[i], now, ret_notice);
			return true;
		}
	if (!waiting)
		return false;
	if (quiet < 2 && is_too_much(n, now) && !is_summary_due(n, now))
		return false;
	if (quiet > 1 || is_too_much(n, now)) {
		fill_summary(n, waiting, quiet > 1, now, ret_notice);
		return true;
	}
	for (size_t i = 0; i < NOTICES_MAX; i++)
		if (is_waiting(&n->entries[i], now)) {
			spend(n, now);
			fill(&n->entries[i], now, ret_notice);
			return true;
		}
	return false;
}

/* When it is due, INT64_MAX: never as things are. */
static int64_t due_of(const struct notices *n, const struct entry *e, int64_t now)
{
	bool is_held = is_too_much(n, now) && !is_summary_due(n, now);
	int64_t due = INT64_MAX;

	if (!e->number || e->is_in_summary)
		return INT64_MAX;
	if (e->state == ENTRY_NEW && !e->promotion.is_allowed &&
	    (!e->is_over || e->was_quiet))
		due = is_held ? n->summary_shown + SUMMARY_EVERY : e->seen + SETTLE;
	else if (e->state == ENTRY_OPEN && e->is_changed)
		due = e->shown + UPDATE_EVERY;
	return due;
}

int64_t notices_wait(const struct notices *n, int64_t now)
{
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < NOTICES_MAX; i++) {
		int64_t due = due_of(n, &n->entries[i], now);

		if (due < least)
			least = due;
	}
	if (least == INT64_MAX)
		return least;
	return least > now ? least - now : 0;
}

/* --- what became of it ------------------------------------------------------------ */

void notices_shown(struct notices *n, uint64_t number, uint32_t id)
{
	if (number == SUMMARY_NUMBER) {
		n->summary_id = id;
		return;
	}
	for (size_t i = 0; i < NOTICES_MAX; i++)
		if (n->entries[i].number == number)
			n->entries[i].id = id;
}

bool notices_closed(struct notices *n, uint32_t id)
{
	bool is_ours = false;

	if (id == n->summary_id)
		n->summary_id = 0;
	for (size_t i = 0; i < NOTICES_MAX; i++) {
		struct entry *e = &n->entries[i];

		if (!e->number || e->id != id || e->state != ENTRY_OPEN)
			continue;
		e->state = ENTRY_TOLD;
		e->id = 0;
		is_ours = true;
	}
	return is_ours;
}

bool notices_each_told(const struct notices *n, size_t *cursor, const char **ret_key,
		       int64_t *ret_since, uint32_t *ret_id)
{
	while (*cursor < NOTICES_MAX) {
		const struct entry *e = &n->entries[(*cursor)++];

		if (!e->number || e->is_over ||
		    (e->state == ENTRY_NEW && !e->is_in_summary))
			continue;
		*ret_key = e->promotion.key;
		*ret_since = e->promotion.since;
		*ret_id = e->id;
		return true;
	}
	return false;
}
