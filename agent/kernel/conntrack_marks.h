/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking our bits off the conntrack marks of a network namespace, of flows of every
 * protocol and zone, forwarded ones and those that nobody here remembers included.
 *
 * Owns: two netlink sockets, for as long as it runs; needs no struct conntrack.
 */
#ifndef KERNEL_CONNTRACK_MARKS_H
#define KERNEL_CONNTRACK_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nlmsghdr;

/* Whether the bits of `mask` in a mark that has others too are ours. The message is
 * one for conntrack_parse. */
typedef bool conntrack_mark_is_ours(void *context, const struct nlmsghdr *entry,
				    uint32_t mark);

struct conntrack_cleared {
	uint64_t entries; /* all there are */
	uint64_t cleared; /* asked the kernel for; some may have ended meanwhile */
	uint64_t mixed;	  /* left as they are: their other bits are somebody else's */
	uint64_t refused; /* by the kernel, for another reason than that they ended */
};

/*
 * Clears the bits of `mask` in every entry that has some. What has bits outside the
 * mask, too, stays as it is unless `is_ours` says yes; it may be NULL. 0; -ETIMEDOUT
 * when `timeout_ms` were not enough; -EPROTONOSUPPORT without ctnetlink; -errno. With
 * every result *ret_cleared says what was done until then.
 */
int conntrack_clear_marks(uint32_t mask, conntrack_mark_is_ours *is_ours, void *context,
			  unsigned int timeout_ms,
			  struct conntrack_cleared *ret_cleared);

/* --- pure part, for tests -------------------------------------------------------- */

/*
 * Appends to `buf`, of which `size` bytes are left, the request that clears the bits of
 * `mask` in the entry that a ctnetlink message is about. Its length; 0 when it has none
 * of them set; -EINVAL for a message that names no entry; -ENOBUFS.
 */
int conntrack_put_clear(const struct nlmsghdr *entry, uint32_t mask, uint32_t seq,
			void *buf, size_t size);
/* 0 where there is none. */
uint32_t conntrack_mark_of(const struct nlmsghdr *entry);

#endif
