/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Constant-rate cover: what comes from one stranger at a rate that never varies, and
 * leaves at the same rate for another. It hides what it carries from every correlation;
 * that it is there shows. Calls at constant bit rates look the same, so that it weighs
 * little. Pure.
 */
#ifndef CORE_COVER_H
#define CORE_COVER_H

#include "core/relay_pairs.h"

/*
 * The share of what `count` flows brought in the `length` samples before tick `end`
 * that is such cover; `per_second` samples make a second.
 */
double cover_share(const struct pairs_input *inputs, size_t count, uint32_t end,
		   size_t length, size_t per_second);

#endif
