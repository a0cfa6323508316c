/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which clients of the catalogue are on this machine, running or only installed, and
 * whether their own setting forbids a promotion already. Looks at the places programs
 * are put, and reads the configuration files that the catalogue names, nothing else.
 */
#ifndef UI_CLI_INSTALLED_H
#define UI_CLI_INSTALLED_H

#include "core/catalogue.h"
#include <jansson.h>

/*
 * Array of those that are here, {id, title, word, when, forbid, needs_inbound, running,
 * paths, refused, setting}; `running` are the names of applications of `apps`, those of
 * a Status reply, or NULL. `refused`: policy keeps all that run from a promotion. NULL
 * without memory.
 */
json_t *installed_clients(const struct catalogue *c, const json_t *apps);

#endif
