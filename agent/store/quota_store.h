/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What applications have used of their quotas: in memory by key and unit, and in the
 * database, which is behind by what moved since the last write.
 *
 * At most QUOTA_STORE_MAX are kept; at the bound the one not asked for whose period
 * began first gives way, and is counted.
 */
#ifndef STORE_QUOTA_STORE_H
#define STORE_QUOTA_STORE_H

#include "core/observation.h"
#include "core/quota.h"
#include "store/database.h"
#include <stddef.h>

#define QUOTA_STORE_MAX 2048
/* A label: the key's fingerprint, the unit, the period. */
#define QUOTA_LABEL_SIZE 40

struct quota_entry {
	char key[APP_TEXT_MAX];
	uint64_t print; /* of the key, the same in every run */
	enum quota_unit unit;
	struct quota_account account;
	uint32_t serial; /* counts the times its object has to begin anew */
	uint64_t asked_ns;
	bool is_changed; /* since it was written */
	bool was_over;	 /* and said so in the log */
};

struct quota_store;

/* Reads what there is, without what ended long before `day`. `database` is borrowed. 0
 * or -ENOMEM. */
int quota_store_new(struct database *database, int32_t day, uint64_t now_ns,
		    struct quota_store **ret_store);
void quota_store_free(struct quota_store *s);

/* The one of an application, begun with the period of `day` if it is new. NULL when
 * memory is out or everything is in use. Valid until the next call. */
struct quota_entry *quota_store_get(struct quota_store *s, const char *key,
				    enum quota_unit unit, int32_t day, uint64_t now_ns);

/* Likewise, or NULL where there is none. */
const struct quota_entry *quota_store_find(const struct quota_store *s, const char *key,
					   enum quota_unit unit);

/* Writes what has changed, in one transaction. 0, or -errno: it is kept and tried
 * again.
 */
int quota_store_write(struct quota_store *s, uint64_t now_ns);

/* Entries that were given up at the bound. */
uint64_t quota_store_evicted(const struct quota_store *s);

/* For the comment of a kernel object; returns `buf`. */
const char *quota_store_label(const struct quota_entry *e,
			      char buf[static QUOTA_LABEL_SIZE]);
/* A comment that begins with a label, and what its object had consumed: the entry, if
 * there is one, learns of it. */
void quota_store_adopt(struct quota_store *s, const char *comment, uint64_t consumed);

#endif
