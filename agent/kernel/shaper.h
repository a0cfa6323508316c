/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queues of core/queue.h on the uplinks, through rtnetlink: an HTB root qdisc with
 * the handle 5257:. Every update looks at what the kernel has and sends what differs:
 * what an earlier run left, somebody deleted, or a new uplink lacks needs no path of
 * its own. Source: rtnetlink(7), linux/pkt_sched.h.
 *
 * A qdisc that an admin configured is one whose handle is not 0; it is never touched.
 */
#ifndef KERNEL_SHAPER_H
#define KERNEL_SHAPER_H

#include "core/queue.h"
#include <libmnl/libmnl.h>

#define SHAPER_UPLINKS_MAX PLAN_UPLINKS_MAX

struct shaper;

/* What became of an uplink. */
struct shaper_uplink {
	uint32_t index;
	int error; /* 0: queues are in place; -EBUSY: somebody else's qdisc; -ENOENT:
		    * the kernel has no HTB; or what it said */
};

/* 0 or -errno. */
int shaper_open(struct shaper **ret_shaper);
/* Leaves what is installed. */
void shaper_close(struct shaper *s);

/*
 * Before the rules: makes and changes the classes on those of `uplinks` that may have
 * them. Nothing chooses a new class yet. What can't be is in shaper_uplinks(). 0, or
 * -errno where not even what is there could be read: then there are none.
 */
int shaper_prepare(struct shaper *s, const struct queue_classes *wanted,
		   const uint32_t *uplinks, size_t count);
/* After the rules: removes the classes and qdiscs of ours that are not wanted. */
void shaper_finish(struct shaper *s);

/* Of the last shaper_prepare(); none where no class was wanted. */
const struct shaper_uplink *shaper_uplinks(const struct shaper *s, size_t *ret_count);
/* The kind of the leaves: "fq_codel", "fq" or "bfifo". */
const char *shaper_leaf_name(const struct shaper *s);

/* --- shaper_encode.c and shaper_parse.c, in the open for their tests ------------ */

enum shaper_leaf { LEAF_FQ_CODEL, LEAF_FQ, LEAF_FIFO, LEAF_COUNT };

/* Each begins a message of its own in `buf` (SHAPER_MESSAGE_MAX bytes, zeroed by
 * rtnl's or the caller's mnl_nlmsg_put_header) and returns it. */
#define SHAPER_MESSAGE_MAX 512
struct nlmsghdr *shaper_encode_root(void *buf, uint32_t interface);
struct nlmsghdr *shaper_encode_root_removal(void *buf, uint32_t interface);
struct nlmsghdr *shaper_encode_class(void *buf, uint32_t interface,
				     const struct queue_class *class);
struct nlmsghdr *shaper_encode_class_removal(void *buf, uint32_t interface,
					     const struct queue_class *class);
struct nlmsghdr *shaper_encode_leaf(void *buf, uint32_t interface,
				    const struct queue_class *class,
				    enum shaper_leaf kind);
const char *shaper_leaf_kind(enum shaper_leaf kind);

struct shaper_qdisc {
	uint32_t interface;
	bool is_our_root;
	bool is_foreign; /* an admin configured it */
};

/* Of RTM_NEWQDISC and RTM_NEWTCLASS; false for what is neither, or none of ours. */
bool shaper_parse_qdisc(const struct nlmsghdr *m, struct shaper_qdisc *ret_qdisc);
bool shaper_parse_class(const struct nlmsghdr *m, struct queue_class *ret_class);

#endif
