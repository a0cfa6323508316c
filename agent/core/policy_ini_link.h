/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of [link]. Private to policy_ini.c.
 */
#ifndef CORE_POLICY_INI_LINK_H
#define CORE_POLICY_INI_LINK_H

#include "core/ini.h"

/* What they fill, before it goes into the policy. */
struct link_section {
	uint64_t capacity, capacity_up, capacity_down; /* 0: auto, or as capacity */
	unsigned int reserve_percent;
	uint64_t reserve_rate;
	enum link_egress egress;
	struct prefix *trusted;
	size_t trusted_count;
};

#define POLICY_LINK_KEYS 6
extern const struct ini_key policy_link_keys[POLICY_LINK_KEYS];

void policy_fill_link(const struct link_section *link, struct policy *p);

#endif
