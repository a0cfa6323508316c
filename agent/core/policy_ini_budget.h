/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of [app NAME] that say how much and when: quota, peers_max, schedule.
 * Private to the parser of the policy.
 */
#ifndef CORE_POLICY_INI_BUDGET_H
#define CORE_POLICY_INI_BUDGET_H

#include "core/ini.h"

ini_setter policy_set_quota, policy_set_quota_action;
ini_setter policy_set_peers_max;
ini_setter policy_set_schedule;

/* Ranges of the week; `otherwise` is the word for none of them. 0, -EINVAL, -ENOMEM. */
int policy_parse_schedule(struct ini_document *d, const struct ini_key *key,
			  const char *value, const char *otherwise,
			  struct schedule *ret_schedule);

/* A quota that is to shape has a rate to shape to. 0 or -EINVAL. */
int policy_check_quotas(struct ini_document *d, const struct policy *p);

#endif
