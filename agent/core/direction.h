/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CORE_DIRECTION_H
#define CORE_DIRECTION_H

/* As the workstation sees it: what comes in is down, what goes out is up. */
enum direction { DIRECTION_IN, DIRECTION_OUT, DIRECTION_COUNT };

#endif
