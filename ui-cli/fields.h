/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members of a reply, as the commands read them. What an agent of another version left
 * out reads as "", 0 or false.
 */
#ifndef UI_CLI_FIELDS_H
#define UI_CLI_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

const char *field_text(const json_t *object, const char *key);
int64_t field_int(const json_t *object, const char *key);
/* The same, what is negative being 0. */
uint64_t field_size(const json_t *object, const char *key);
double field_real(const json_t *object, const char *key);
bool field_bool(const json_t *object, const char *key);

#endif
