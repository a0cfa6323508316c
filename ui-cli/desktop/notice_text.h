/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What Status says of applications, as promotions that notices are made of. Pure.
 */
#ifndef UI_CLI_DESKTOP_NOTICE_TEXT_H
#define UI_CLI_DESKTOP_NOTICE_TEXT_H

#include "notices.h"
#include <jansson.h>
#include <sys/types.h>

#define ANY_USER ((uid_t)-1)

/*
 * Those of `applications` (as Status has them) that are promoted and belong to `user`
 * (or ANY_USER). At most `size`; returns how many. The texts change only when what is
 * done changes.
 */
size_t notice_find_promotions(const json_t *applications, uid_t user,
			      struct promotion *ret_promotions, size_t size);

#endif
