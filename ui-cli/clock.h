/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Seconds for waiting and for showing how long something takes: never set back, from an
 * unknown beginning.
 */
#ifndef UI_CLI_CLOCK_H
#define UI_CLI_CLOCK_H

double clock_seconds(void);

#endif
