/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/bundle_state.h"
#include "base/hash.h"
#include "core/bundle_lines.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TURNS 10000
/* Clocks differ, not by more. */
#define CLOCK_TOLERANCE_S (24 * 3600)
/* What did harm once may have had bad luck with the network. */
#define RETRY_S (24 * 3600)

/* --- on the disk --------------------------------------------------------------- */

/* `size` is that of a text's room, 0 for a number. */
static const struct field {
	const char *key;
	size_t offset, size;
} fields[] = {
	{"seen", offsetof(struct bundle_state, seen), 0},
	{"digest", offsetof(struct bundle_state, digest), BUNDLE_DIGEST_STRLEN},
	{"applied", offsetof(struct bundle_state, applied), 0},
	{"refused", offsetof(struct bundle_state, refused), 0},
	{"refused_at", offsetof(struct bundle_state, refused_at), 0},
	{"created", offsetof(struct bundle_state, created), 0},
	{"expires", offsetof(struct bundle_state, expires), 0},
	{"answered", offsetof(struct bundle_state, answered), 0},
	{"failed", offsetof(struct bundle_state, failed), 0},
	{"etag", offsetof(struct bundle_state, etag), BUNDLE_ETAG_STRLEN},
	{"result", offsetof(struct bundle_state, result), BUNDLE_RESULT_STRLEN},
};

#define FIELD_COUNT (sizeof(fields) / sizeof(*fields))

static void take_field(struct bundle_state *s, const struct field *f,
		       const struct bundle_word *value)
{
	void *at = (char *)s + f->offset;
	uint64_t number;

	if (f->size)
		bundle_word_copy(value, at, f->size);
	else if (bundle_word_number(value, INT64_MAX, &number) == 0)
		memcpy(at, &number, sizeof(number)); /* int64_t or uint64_t */
}

void bundle_state_parse(const char *text, size_t length, struct bundle_state *ret_state)
{
	struct bundle_lines l = {text, text + length};
	struct bundle_state s = {0};
	struct bundle_word key, value;

	while (bundle_lines_next(&l, &key, &value) > 0)
		for (size_t i = 0; i < FIELD_COUNT; i++)
			if (bundle_word_is(&key, fields[i].key))
				take_field(&s, &fields[i], &value);
	*ret_state = s;
}

static size_t format_field(const struct bundle_state *s, const struct field *f,
			   char *buf, size_t size)
{
	const char *at = (const char *)s + f->offset;
	uint64_t number;
	int n = 0;

	if (f->size) {
		if (*at)
			n = snprintf(buf, size, "%s %s\n", f->key, at);
	} else {
		memcpy(&number, at, sizeof(number));
		if (number)
			n = snprintf(buf, size, "%s %" PRIu64 "\n", f->key, number);
	}
	return n > 0 ? (size_t)n : 0;
}

size_t bundle_state_format(const struct bundle_state *s,
			   char buf[static BUNDLE_STATE_SIZE_MAX])
{
	size_t used = 0;

	*buf = '\0';
	for (size_t i = 0; i < FIELD_COUNT; i++)
		used += format_field(s, &fields[i], buf + used,
				     BUNDLE_STATE_SIZE_MAX - used);
	return used;
}

/* --- whether to take one ------------------------------------------------------- */

static enum bundle_verdict say(enum bundle_verdict verdict, char *reason,
			       const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static enum bundle_verdict say(enum bundle_verdict verdict, char *reason,
			       const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason, BUNDLE_FAULT_STRLEN, format, args);
	va_end(args);
	return verdict;
}

unsigned int bundle_turn(const uint64_t id[2], const char *release)
{
	return (unsigned int)(hash_siphash(id[0], id[1], release, strlen(release)) %
			      TURNS);
}

/* What no clock and no neighbour changes. */
static enum bundle_verdict judge_order(const struct bundle *b, const char *digest,
				       const struct bundle_state *state, char *reason)
{
	if (b->generation < state->seen)
		return say(BUNDLE_REFUSE, reason,
			   "replayed: generation %" PRIu64 " is older than %" PRIu64
			   ", which was seen",
			   b->generation, state->seen);
	if (b->generation == state->seen && strcmp(digest, state->digest) != 0)
		return say(BUNDLE_REFUSE, reason,
			   "generation %" PRIu64 " was seen with other content; sign "
			   "it with a higher number",
			   b->generation);
	return BUNDLE_TAKE;
}

static enum bundle_verdict judge_past(const struct bundle *b,
				      const struct bundle_state *state, int64_t now,
				      char *reason)
{
	if (b->generation != state->refused || now - state->refused_at >= RETRY_S ||
	    now < state->refused_at)
		return BUNDLE_TAKE;
	return say(BUNDLE_REFUSE, reason,
		   "generation %" PRIu64 " was tried and refused; it is tried again "
		   "in %" PRId64 " s, or correct it and sign it with a higher number",
		   b->generation, state->refused_at + RETRY_S - now);
}

static enum bundle_verdict judge_time(const struct bundle *b, int64_t now, char *reason)
{
	if (now < BUNDLE_EPOCH)
		return say(BUNDLE_REFUSE, reason,
			   "the clock of this computer is wrong, so it cannot be told "
			   "whether it has expired; set the clock");
	if (now >= b->expires)
		return say(BUNDLE_REFUSE, reason,
			   "expired %" PRId64 " s ago; sign it anew", now - b->expires);
	if (b->created > now && b->created - now > CLOCK_TOLERANCE_S)
		return say(BUNDLE_REFUSE, reason,
			   "it was made %" PRId64 " s from now; is the clock right?",
			   b->created - now);
	return BUNDLE_TAKE;
}

enum bundle_verdict bundle_judge(const struct bundle *b, const char *digest,
				 const struct bundle_state *state,
				 const struct bundle_place *place,
				 char reason[static BUNDLE_FAULT_STRLEN])
{
	enum bundle_verdict verdict;

	if (strcmp(b->channel, place->channel) != 0)
		return say(BUNDLE_REFUSE, reason, "it is for channel %s, not %s",
			   b->channel, place->channel);
	verdict = judge_order(b, digest, state, reason);
	if (verdict != BUNDLE_TAKE)
		return verdict;
	if (b->generation == state->applied)
		return say(BUNDLE_HAVE, reason, "generation %" PRIu64 " is in force",
			   b->generation);
	verdict = judge_past(b, state, place->now, reason);
	if (verdict == BUNDLE_TAKE)
		verdict = judge_time(b, place->now, reason);
	if (verdict != BUNDLE_TAKE)
		return verdict;
	if (bundle_turn(place->id, b->release) >= b->rollout * (TURNS / 100))
		return say(BUNDLE_WAIT, reason,
			   "generation %" PRIu64 " (%s) waits: it is rolled out to "
			   "%u %% so far",
			   b->generation, b->release, b->rollout);
	return say(BUNDLE_TAKE, reason, "generation %" PRIu64 " (%s)", b->generation,
		   b->release);
}

void bundle_state_see(struct bundle_state *s, const struct bundle *b,
		      const char *digest)
{
	s->seen = b->generation;
	snprintf(s->digest, sizeof(s->digest), "%s", digest);
}
