/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What became of policies, by the fingerprint of what they say: the one that was kept,
 * the one that is being tried, and those that were taken back and why. Kept across
 * restarts in STATE_DIR/trials, one line each.
 */
#ifndef STORE_VERDICTS_H
#define STORE_VERDICTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VERDICTS_REFUSED_MAX 16 /* beyond, the oldest is forgotten */
#define VERDICTS_TEXT_MAX 512

struct verdict_refusal {
	uint64_t print;
	char text[VERDICTS_TEXT_MAX]; /* which files, and why */
};

struct verdicts {
	uint64_t kept, trying;				      /* 0: none */
	struct verdict_refusal refused[VERDICTS_REFUSED_MAX]; /* oldest first */
	size_t refused_count;
};

/* Takes what makes sense and passes over what does not: a damaged file is no reason not
 * to start. `text` is NUL-terminated. */
void verdicts_parse(const char *text, struct verdicts *ret_verdicts);

/* From and to the file in `dir`. Nothing there is nothing known. 0 or -errno. */
int verdicts_read(const char *dir, struct verdicts *ret_verdicts);
int verdicts_write(const char *dir, const struct verdicts *v);

/* NULL: it was not refused. */
const char *verdicts_refusal(const struct verdicts *v, uint64_t print);
void verdicts_refuse(struct verdicts *v, uint64_t print, const char *text);
void verdicts_forgive(struct verdicts *v, uint64_t print);

#endif
