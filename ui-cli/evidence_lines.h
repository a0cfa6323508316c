/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Evidence over time, for those who fit weights: a JSON object a line, one for each
 * second and each application that has peers.
 */
#ifndef UI_CLI_EVIDENCE_LINES_H
#define UI_CLI_EVIDENCE_LINES_H

#include "command.h"

struct app;

/*
 * One line on stdout: after_ms, time, app, key, client, role, log_odds, families,
 * probability, peers, and evidence: name to {value, weight}, null where it was not
 * measured, so that all lines have the same members.
 */
enum exit_code evidence_line_print(const struct app *app, uint64_t after_ms,
				   int64_t time);

#endif
