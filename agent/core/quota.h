/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Quotas: bytes in a day, week or month of the local calendar. What an application has
 * used of its own, when a new period begins, what is left. Pure: the day comes in as a
 * value (base/wall.h).
 */
#ifndef CORE_QUOTA_H
#define CORE_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

/* How long a quota lasts: by the local calendar. */
enum quota_unit { QUOTA_DAY, QUOTA_WEEK, QUOTA_MONTH }; /* weeks begin on Monday */

/* What happens when it is used up. */
enum quota_action {
	QUOTA_WARN,
	QUOTA_SHAPE, /* to quota_rate_* */
	QUOTA_BLOCK, /* no network but loopback and trusted networks */
};

const char *quota_unit_name(enum quota_unit u);
const char *quota_action_name(enum quota_action a);

/* The first day of the period that has `day` in it, and of the one after it. Days are
 * those of base/wall.h. */
int32_t quota_period_of(enum quota_unit unit, int32_t day);
int32_t quota_period_after(enum quota_unit unit, int32_t period);

/* What one application has used in one period. */
struct quota_account {
	int32_t period;	 /* its first day */
	uint64_t used;	 /* bytes */
	uint32_t held_s; /* how long the calendar has shown an earlier one */
};

/*
 * The calendar shows `day`, `seconds` after it was last asked. True when a new period
 * has begun: then nothing of it is used.
 *
 * A period that has begun is not left when the clock is set back before it: what is
 * used stays used, and nothing is given twice when the clock comes by again. But a
 * clock that was wrongly ahead must not hold a quota for years: once as long as a whole
 * period has passed, what it shows is believed.
 */
bool quota_turn(struct quota_account *a, enum quota_unit unit, int32_t day,
		uint32_t seconds);

/*
 * Takes what the kernel's object has counted, which began with what was used, no more
 * than its `limit`, and stops there. False when it has less: somebody has reset it, and
 * it has to begin anew with what is used.
 */
bool quota_count(struct quota_account *a, uint64_t consumed, uint64_t limit);

/* What an object that outlived an agent knows of that period. */
void quota_adopt(struct quota_account *a, int32_t period, uint64_t consumed);

uint64_t quota_left(const struct quota_account *a, uint64_t limit);

#endif
