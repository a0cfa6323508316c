/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An application in words: what several commands say of it, said once.
 */
#ifndef UI_CLI_WORDS_H
#define UI_CLI_WORDS_H

#include "render.h"
#include <jansson.h>
#include <stdint.h>

#define WORDS_MAX 256

enum style words_role_style(const json_t *app);

/* "2 Mbit/s", "250 kbit/s out, 1 Mbit/s in (relayed flows)"; "" without a limit. */
const char *words_limits(const json_t *app, char buf[static WORDS_MAX]);

/* "[app voice] office.ini:12", "the built-in default". */
const char *words_rule(const json_t *app, char buf[static WORDS_MAX]);

/* What policy does: "limited to ...", "shape when promoted", "warn". */
const char *words_policy(const json_t *app, char buf[static WORDS_MAX]);

/* The probability: "62 %", "<1 %", ">99 %": evidence never makes certain. */
const char *words_probability(const json_t *app, char buf[static WORDS_MAX]);

/* "2026-03-01 14:02:11". */
const char *words_time(int64_t epoch, char buf[static WORDS_MAX]);

#endif
