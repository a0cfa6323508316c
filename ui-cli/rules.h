/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy and catalogue for judging without an agent: from files, from a recording, with
 * single settings changed.
 */
#ifndef UI_CLI_RULES_H
#define UI_CLI_RULES_H

#include "command.h"

/*
 * The policy of --policy, else `recorded`, else (NULL) of the installed directories;
 * over it what --set says. EXIT_OK with *ret_policy, or what is wrong has been said.
 */
enum exit_code rules_load_policy(const struct context *c, const char *recorded,
				 struct policy **ret_policy);

/* Likewise with --catalogue. */
enum exit_code rules_load_catalogue(const struct context *c, const char *recorded,
				    struct catalogue **ret_catalogue);

#endif
