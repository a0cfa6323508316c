/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answer of `agentctl eligibility` for people; cmd_eligibility.c makes it, as JSON.
 */
#ifndef UI_CLI_ELIGIBILITY_H
#define UI_CLI_ELIGIBILITY_H

#include "command.h"

void eligibility_print(const struct render *r, const json_t *answer);

#endif
