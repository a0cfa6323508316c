/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cells of an application that are more than one of its members.
 */
#ifndef UI_CLI_CELLS_H
#define UI_CLI_CELLS_H

#include "render.h"
#include <jansson.h>

typedef void cell_function(struct render_table *t, const json_t *app);

cell_function cell_role, cell_probability, cell_limits, cell_policy, cell_rule,
	cell_pids, cell_own, cell_relayed;

#endif
