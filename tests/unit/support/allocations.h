/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts what a program asks of the heap. For programs that are linked with
 * -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc; the libraries of the system are not
 * counted.
 */
#ifndef SUPPORT_ALLOCATIONS_H
#define SUPPORT_ALLOCATIONS_H

#include <stddef.h>

/* Calls since the program began. */
size_t allocations_count(void);

#endif
