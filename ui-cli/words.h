/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An application in words: what several commands say of it, said once.
 */
#ifndef UI_CLI_WORDS_H
#define UI_CLI_WORDS_H

#include "render.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define WORDS_MAX 256

enum style words_role_style(const json_t *app);

/* "2 Mbit/s", "250 kbit/s out, 1 Mbit/s in (relayed flows)"; "" without a limit. */
const char *words_limits(const json_t *app, char buf[static WORDS_MAX]);

/* "[app voice] office.ini:12", "the built-in default". */
const char *words_rule(const json_t *app, char buf[static WORDS_MAX]);

/* What policy does: "limited to ...", "shape when promoted", "left alone". */
const char *words_policy(const json_t *app, char buf[static WORDS_MAX]);

/* "reverse proxy (haproxy): a relay by trade, left alone by [app trade] ..."; "" for
 * what is none. */
const char *words_trade(const json_t *app, char buf[static WORDS_MAX]);

/* Why it may not be what its name says, as a clause; "" where nothing speaks against
 * it. */
const char *words_impostor(const json_t *app, char buf[static WORDS_MAX]);

/* What a weight means: "strong for", "some against", "weak for", "no weight". */
const char *words_weight(double weight, char buf[static WORDS_MAX]);
/* Whether it would be shown as more than 0. */
bool words_weight_counts(double weight);

/* "2: enough to cut, ...": how many independent kinds of evidence there are, and what
 * that suffices for; `families` as Explain has them, NULL where they are not told. */
const char *words_families(const json_t *app, const json_t *families,
			   char buf[static WORDS_MAX]);

/* The probability: "62 %", "<1 %", ">99 %": evidence never makes certain. */
const char *words_probability(const json_t *app, char buf[static WORDS_MAX]);

/* "4711 4712", as many as there is room for. */
const char *words_pids(const json_t *app, char buf[static WORDS_MAX]);

/* "2026-03-01 14:02:11". */
const char *words_time(int64_t epoch, char buf[static WORDS_MAX]);

/* What is used of its quota and what is left; "" without one. */
const char *words_quota(const json_t *app, char buf[static WORDS_MAX]);

/* "applies until Fri 18:00", "from Mon 08:00 on": what has `applies` and `until`. */
const char *words_schedule(const json_t *schedule, char buf[static WORDS_MAX]);
/* "14:02", with the day where that is another. */
const char *words_clock(int64_t epoch, char buf[static WORDS_MAX]);

/* What is refused of it, "" where nothing is; and whether that is more than calls. */
const char *words_cuts(const json_t *app);
bool words_is_severed(const json_t *app);

#endif
