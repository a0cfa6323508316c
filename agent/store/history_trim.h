/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What goes out of the history, a little at a time: see history_store.h.
 */
#ifndef STORE_HISTORY_TRIM_H
#define STORE_HISTORY_TRIM_H

#include "store/history_store.h"

struct sqlite3;

/* At most so many rows of each kind at a time, or one minute, hour, day or month. */
#define HISTORY_TRIM_ROWS 256

/* Inside a transaction. SQLITE_OK or another SQLITE_*. */
int history_trim(struct sqlite3 *handle, const struct history_clock *now);

#endif
