/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of [app NAME] that say when: schedule.
 * Private to policy_ini.c.
 */
#ifndef CORE_POLICY_INI_BUDGET_H
#define CORE_POLICY_INI_BUDGET_H

#include "core/ini.h"

ini_setter policy_set_schedule;

#endif
