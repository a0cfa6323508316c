/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uthash as this project uses it: out of memory leaves the element out (its hh.tbl is
 * NULL) instead of ending the process. Include this, never <uthash.h>.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#endif
