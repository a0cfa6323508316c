/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/conntrack_marks.h"
#include "kernel/nlread.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* The requests of one datagram of a dump: an entry names itself in a few attributes. */
#define BATCH_SIZE (2 * NLREAD_SIZE)
/* The answers to them: only refusals, each with the message it is about. */
#define RECEIVE_BUFFER (4 << 20)

/* --- one entry ------------------------------------------------------------------- */

static const uint8_t *attrs_of(const struct nlmsghdr *m, size_t *ret_size)
{
	size_t header = NLMSG_ALIGN(sizeof(struct nfgenmsg));
	size_t length = mnl_nlmsg_get_payload_len(m);

	*ret_size = length > header ? length - header : 0;
	return (const uint8_t *)mnl_nlmsg_get_payload(m) + header;
}

static uint32_t read_mark(const struct nlattr *attr)
{
	uint32_t mark;

	return nlread_payload(attr, &mark, sizeof(mark)) ? ntohl(mark) : 0;
}

uint32_t conntrack_mark_of(const struct nlmsghdr *entry)
{
	const struct nlattr *found[CTA_MARK + 1];
	size_t size;
	const uint8_t *attrs = attrs_of(entry, &size);

	nlread_attrs(attrs, size, found, CTA_MARK);
	return read_mark(found[CTA_MARK]);
}

/* As the kernel wrote it, with everything in it: ports, ICMP's id, zones. */
static void copy_attr(struct nlmsghdr *to, const struct nlattr *attr)
{
	uint16_t flags = attr->nla_type & NLA_F_NESTED;

	mnl_attr_put(to, (uint16_t)(mnl_attr_get_type(attr) | flags),
		     mnl_attr_get_payload_len(attr), mnl_attr_get_payload(attr));
}

int conntrack_put_clear(const struct nlmsghdr *entry, uint32_t mask, uint32_t seq,
			void *buf, size_t size)
{
	const struct nlattr *found[CTA_MARK_MASK + 1];
	const struct nfgenmsg *from = mnl_nlmsg_get_payload(entry);
	struct nfgenmsg *header;
	struct nlmsghdr *m = buf;
	size_t left;
	const uint8_t *attrs = attrs_of(entry, &left);

	nlread_attrs(attrs, left, found, CTA_MARK_MASK);
	if (!left || !found[CTA_TUPLE_ORIG])
		return -EINVAL;
	if (!(read_mark(found[CTA_MARK]) & mask))
		return 0;
	/* No more than the message it is copied from, and the mask. */
	if (size < entry->nlmsg_len + 64u)
		return -ENOBUFS;
	m = mnl_nlmsg_put_header(buf);
	m->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW);
	m->nlmsg_flags = NLM_F_REQUEST;
	m->nlmsg_seq = seq;
	header = mnl_nlmsg_put_extra_header(m, sizeof(*header));
	header->nfgen_family = from->nfgen_family;
	header->version = NFNETLINK_V0;
	copy_attr(m, found[CTA_TUPLE_ORIG]);
	if (found[CTA_ZONE])
		copy_attr(m, found[CTA_ZONE]);
	mnl_attr_put_u32(m, CTA_MARK, 0);
	mnl_attr_put_u32(m, CTA_MARK_MASK, htonl(mask));
	return (int)NLMSG_ALIGN(m->nlmsg_len);
}

/* --- all of them ----------------------------------------------------------------- */

struct sweep {
	uint32_t mask;
	conntrack_mark_is_ours *is_ours;
	void *context;
	struct mnl_socket *dump, *changes;
	uint32_t seq;
	size_t used; /* of batch */
	struct conntrack_cleared done;
	uint32_t batch[BATCH_SIZE / sizeof(uint32_t)];
	uint32_t buf[NLREAD_SIZE / sizeof(uint32_t)];
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int open_socket(int flags, struct mnl_socket **ret_socket)
{
	struct mnl_socket *s =
		mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | flags);
	int size = RECEIVE_BUFFER;

	if (!s)
		return -errno;
	*ret_socket = s;
	if (setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_RCVBUFFORCE, &size,
		       sizeof(size)) < 0)
		setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_RCVBUF, &size,
			   sizeof(size));
	return mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
}

static int request_dump(struct sweep *s)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(s->buf);
	struct nfgenmsg *header;

	m->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET);
	m->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	m->nlmsg_seq = ++s->seq;
	header = mnl_nlmsg_put_extra_header(m, sizeof(*header));
	header->nfgen_family = AF_UNSPEC;
	header->version = NFNETLINK_V0;
	return mnl_socket_sendto(s->dump, m, m->nlmsg_len) < 0 ? -errno : 0;
}

static void take_entry(void *context, const struct nlmsghdr *entry)
{
	struct sweep *s = context;
	uint32_t mark = conntrack_mark_of(entry);
	int r;

	s->done.entries++;
	if ((mark & s->mask) && (mark & ~s->mask) &&
	    !(s->is_ours && s->is_ours(s->context, entry, mark))) {
		s->done.mixed++;
		return;
	}
	r = conntrack_put_clear(entry, s->mask, s->seq, (uint8_t *)s->batch + s->used,
				sizeof(s->batch) - s->used);
	if (r <= 0)
		return;
	s->used += (size_t)r;
	s->done.cleared++;
}

static void take_refusals(struct sweep *s)
{
	uint32_t buf[8192 / sizeof(uint32_t)];
	const struct nlmsghdr *m;
	const struct nlmsgerr *answer;
	size_t length;

	while (nlread_receive(s->changes, buf, sizeof(buf), &length) == 0) {
		int rest = (int)length;

		for (m = (const struct nlmsghdr *)buf; mnl_nlmsg_ok(m, rest);
		     m = mnl_nlmsg_next(m, &rest)) {
			answer = mnl_nlmsg_get_payload(m);
			if (m->nlmsg_type == NLMSG_ERROR &&
			    mnl_nlmsg_get_payload_len(m) >= sizeof(*answer) &&
			    answer->error && answer->error != -ENOENT)
				s->done.refused++;
		}
	}
}

/* The requests that one datagram of the dump led to, in one piece. */
static int send_batch(struct sweep *s)
{
	size_t used = s->used;

	s->used = 0;
	if (used && mnl_socket_sendto(s->changes, s->batch, used) < 0)
		return -errno;
	take_refusals(s);
	return 0;
}

static int sweep_all(struct sweep *s, uint64_t deadline_ms)
{
	struct nlread answers = {.seq = s->seq};
	size_t length;
	int r = 0, sent;

	while (r == 0) {
		if (now_ms() >= deadline_ms)
			return -ETIMEDOUT;
		r = nlread_receive(s->dump, s->buf, sizeof(s->buf), &length);
		if (r < 0)
			return r;
		r = nlread_walk(&answers, s->buf, length, take_entry, s);
		sent = send_batch(s);
		if (sent < 0)
			return sent;
	}
	return r < 0 ? r : 0;
}

int conntrack_clear_marks(uint32_t mask, conntrack_mark_is_ours *is_ours, void *context,
			  unsigned int timeout_ms,
			  struct conntrack_cleared *ret_cleared)
{
	struct sweep *s = calloc(1, sizeof(*s));
	uint64_t deadline = now_ms() + timeout_ms;
	int r;

	*ret_cleared = (struct conntrack_cleared){0};
	if (!s)
		return -ENOMEM;
	s->mask = mask;
	s->is_ours = is_ours;
	s->context = context;
	r = open_socket(0, &s->dump);
	if (r == 0)
		r = open_socket(SOCK_NONBLOCK, &s->changes);
	/* One that was inconsistent (-EINTR) may have left some out. */
	do {
		if (r == 0 || r == -EINTR)
			r = request_dump(s);
		if (r == 0)
			r = sweep_all(s, deadline);
	} while (r == -EINTR);
	*ret_cleared = s->done;
	if (s->dump)
		mnl_socket_close(s->dump);
	if (s->changes)
		mnl_socket_close(s->changes);
	free(s);
	/* nfnetlink says EINVAL for a subsystem it does not have. */
	return r == -EINVAL ? -EPROTONOSUPPORT : r;
}
