/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/mark.h"
#include <errno.h>

#define MARK_FLAG_BITS 4

int mark_layout_init(uint32_t mask, struct mark_layout *ret_layout)
{
	unsigned int low;

	if (!mask)
		return -EINVAL;
	low = (unsigned int)__builtin_ctz(mask);
	if (mask >> low != 0xfff)
		return -EINVAL;
	*ret_layout = (struct mark_layout){
		.mask = mask,
		.app = 0xffu << (low + MARK_FLAG_BITS),
		.app_shift = low + MARK_FLAG_BITS,
		.heavy = 8u << low,
		.leg = 4u << low,
		.blocked = 2u << low,
		.asked = 1u << low,
	};
	return 0;
}

uint8_t app_number(uint16_t app_id)
{
	return app_id < APP_NUMBER_SHARED ? (uint8_t)app_id : APP_NUMBER_SHARED;
}

uint32_t mark_of(const struct mark_layout *l, uint8_t number, uint32_t flags)
{
	return (uint32_t)number << l->app_shift |
	       (flags & (l->heavy | l->leg | l->blocked | l->asked));
}
