/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the agent has changed outside its table and would not find out again after it
 * was killed: one line in the state directory, written before the change and removed
 * when all is as it was. It holds for one network namespace until the next boot.
 */
#ifndef STORE_FOOTPRINT_H
#define STORE_FOOTPRINT_H

#include <stdbool.h>
#include <stdint.h>

struct footprint {
	bool turned_accounting_on;
	uint32_t mark_mask; /* whose bits flows may have; 0: none yet */
};

/*
 * `place` names the namespace and the boot (kernel/place.h). 0; -ENOENT when nothing is
 * remembered, or of another place; -EBADMSG when it can't be parsed; -errno.
 */
int footprint_load(const char *state_dir, const char *place,
		   struct footprint *ret_footprint);
/* Atomic; on the disk when it returns. 0 or -errno. */
int footprint_save(const char *state_dir, const char *place,
		   const struct footprint *footprint);
/* 0, also when there was none, or -errno. */
int footprint_remove(const char *state_dir);

#endif
