/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies from texts, and what is said of those that are wrong. */
#ifndef SUPPORT_POLICIES_H
#define SUPPORT_POLICIES_H

#include "core/policy_ini.h"
#include <stddef.h>

/* Of one or two files (`second` may be NULL); fails the test where that fails. */
struct policy *policies_parse_layers(const char *first, const char *second);
struct policy *policies_parse(const char *text);
/* The error, formatted; the policy must stay untouched. */
const char *policies_error_of_bytes(const char *text, size_t length);
const char *policies_error_of(const char *text);
/* The same, as it was given. */
const struct policy_error *policies_last_error(void);
void policies_assert_begins(const char *text, const char *beginning);
void policies_assert_mentions(const char *text, const char *part);
const struct policy_setting *
policies_find_setting(const struct policy *p, const char *section, const char *key);
void policies_assert_setting(const struct policy *p, const char *section,
			     const char *key, const char *value, const char *file,
			     unsigned int line);

#endif
