/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of [notices]: what the desktop notifier shows, and when. Private to
 * policy_ini.c.
 */
#ifndef CORE_POLICY_INI_NOTICES_H
#define CORE_POLICY_INI_NOTICES_H

#include "core/ini.h"

/* They fill a struct policy_notices. */
#define POLICY_NOTICES_KEYS 2
extern const struct ini_key policy_notices_keys[POLICY_NOTICES_KEYS];

#endif
