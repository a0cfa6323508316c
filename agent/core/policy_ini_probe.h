/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The section [probe]: what has to work after a policy changed, if it did before.
 * Private to policy_ini.c.
 */
#ifndef CORE_POLICY_INI_PROBE_H
#define CORE_POLICY_INI_PROBE_H

#include "core/ini.h"
#include "core/probe.h"

struct probe_list {
	struct probe items[PROBES_OF_KIND_MAX];
	size_t count;
	bool is_set;
};

struct probe_section {
	struct probe_list kinds[PROBE_KIND_COUNT];
};

#define POLICY_PROBE_KEYS 3
extern const struct ini_key policy_probe_keys[POLICY_PROBE_KEYS];

/* `s` NULL: nothing was written. 0 or -ENOMEM. */
int policy_fill_probes(const struct ini_document *d, const struct ini_section *s,
		       struct policy *p);

#endif
