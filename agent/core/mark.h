/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our twelve bits of the conntrack mark: the application number in the top byte, four
 * flags below it: HEAVY, LEG, BLOCKED, ASKED. Every other bit belongs to others. Pure.
 *
 * An application's number is min(id, 255): ids above 254 share number 255 and say so.
 */
#ifndef CORE_MARK_H
#define CORE_MARK_H

#include <stdint.h>

#define APP_NUMBER_SHARED 255
#define APP_NUMBER_COUNT 256 /* 0 is "unattributed" and is metered too */

/* The twelve bits, from the policy's mark_mask. */
struct mark_layout {
	uint32_t mask; /* all twelve */
	uint32_t app;  /* top byte of them */
	unsigned int app_shift;
	uint32_t heavy, leg, blocked; /* one bit each, below it */
	uint32_t asked; /* the lowest: whose socket is called was asked once */
};

/* 0, or -EINVAL unless `mask` is twelve neighbouring bits. */
int mark_layout_init(uint32_t mask, struct mark_layout *ret_layout);
uint8_t app_number(uint16_t app_id);
/* The mark of an application's flow; of `flags` only those four count. */
uint32_t mark_of(const struct mark_layout *l, uint8_t number, uint32_t flags);

#endif
