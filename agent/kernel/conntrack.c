/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/conntrack.h"
#include "kernel/nlread.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Datagrams taken in one call. An event is a datagram; a dump's holds 100 entries. */
#define CONNTRACK_EVENT_BATCH 64
#define CONNTRACK_DUMP_BATCH 16
/* Room for some ten thousand events while the loop is busy elsewhere. */
#define CONNTRACK_RECEIVE_BUFFER (8 << 20)
/* Our longest request is 140 bytes; a refused one comes back inside the error. */
#define CONNTRACK_REQUEST_SIZE 512
#define CONNTRACK_ENTRY_SIZE 4096

#define SYSCTL "/proc/sys/net/netfilter/"
#define ACCOUNTING SYSCTL "nf_conntrack_acct"

struct conntrack {
	const struct link *link;
	const struct guests *guests;
	conntrack_callback *callback;
	void *context;
	struct mnl_socket *events, *dump, *changes;
	uint32_t seq;
	bool is_dumping;
	struct nlread dump_answers;
	struct conntrack_stats stats;
	uint32_t buf[NLREAD_SIZE / sizeof(uint32_t)];
};

/* --- sysctls: of the network namespace of the reading task ----------------------- */

static int read_sysctl(const char *path, uint64_t *ret_value)
{
	char text[32], *end;
	ssize_t n;
	uint64_t value;
	int r, fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	r = n < 0 ? -errno : 0;
	close(fd);
	if (r < 0)
		return r;
	text[n] = '\0';
	errno = 0;
	value = strtoull(text, &end, 10);
	if (end == text || errno)
		return -EBADMSG;
	*ret_value = value;
	return 0;
}

int conntrack_is_accounting(void)
{
	uint64_t value;
	int r = read_sysctl(ACCOUNTING, &value);

	return r < 0 ? r : value != 0;
}

int conntrack_set_accounting(bool on)
{
	const char *path = ACCOUNTING;
	int fd, r = conntrack_is_accounting();

	if (r < 0 || r == on)
		return r < 0 ? r : 0;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = write(fd, on ? "1\n" : "0\n", 2) == 2 ? 1 : -errno;
	close(fd);
	return r;
}

int conntrack_read_fill(uint64_t *ret_count, uint64_t *ret_max)
{
	uint64_t count, max;
	int r = read_sysctl(SYSCTL "nf_conntrack_count", &count);

	if (r == 0)
		r = read_sysctl(SYSCTL "nf_conntrack_max", &max);
	if (r < 0)
		return r;
	*ret_count = count;
	*ret_max = max;
	return 0;
}

/* --- requests ------------------------------------------------------------------ */

static struct nlmsghdr *put_request(struct conntrack *c, void *buf, uint8_t type,
				    uint16_t flags, uint8_t family)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *header;

	m->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	m->nlmsg_flags = NLM_F_REQUEST | flags;
	m->nlmsg_seq = ++c->seq;
	header = mnl_nlmsg_put_extra_header(m, sizeof(*header));
	header->nfgen_family = family;
	header->version = NFNETLINK_V0;
	return m;
}

static void put_mark(struct nlmsghdr *m, uint32_t value, uint32_t mask)
{
	mnl_attr_put_u32(m, CTA_MARK, htonl(value));
	mnl_attr_put_u32(m, CTA_MARK_MASK, htonl(mask));
}

static void ignore_message(void *context, const struct nlmsghdr *m)
{
	(void)context;
	(void)m;
}

/* Sends a request with NLM_F_ACK: the kernel has answered before sendto returns. */
static int talk(struct conntrack *c, const struct nlmsghdr *request)
{
	struct nlread answers = {.seq = request->nlmsg_seq};
	uint32_t buf[CONNTRACK_REQUEST_SIZE / sizeof(uint32_t)];
	size_t length;
	int r;

	if (mnl_socket_sendto(c->changes, request, request->nlmsg_len) < 0)
		return -errno;
	do {
		r = nlread_receive(c->changes, buf, sizeof(buf), &length);
		if (r < 0)
			return r;
		r = nlread_walk(&answers, buf, length, ignore_message, NULL);
	} while (r == 0);
	return r < 0 ? r : 0;
}

/* --- life ---------------------------------------------------------------------- */

static int open_socket(struct mnl_socket **ret_socket)
{
	struct mnl_socket *s =
		mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int r;

	if (!s)
		return -errno;
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = -errno;
		mnl_socket_close(s);
		return r;
	}
	*ret_socket = s;
	return 0;
}

static int join_events(const struct mnl_socket *s)
{
	int groups[] = {NFNLGRP_CONNTRACK_NEW, NFNLGRP_CONNTRACK_DESTROY};
	int size = CONNTRACK_RECEIVE_BUFFER;
	int fd = mnl_socket_get_fd(s);

	/* Beyond rmem_max where we may; less room only means losing events earlier. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (mnl_socket_setsockopt(s, NETLINK_ADD_MEMBERSHIP, &groups[i],
					  sizeof(groups[i])) < 0)
			return -errno;
	return 0;
}

/* A question that needs ctnetlink and changes nothing; it also loads the module. */
static int probe(struct conntrack *c)
{
	uint32_t buf[CONNTRACK_REQUEST_SIZE / sizeof(uint32_t)];
	int r = talk(
		c, put_request(c, buf, IPCTNL_MSG_CT_GET_STATS, NLM_F_ACK, AF_UNSPEC));

	/* nfnetlink says EINVAL for a subsystem it does not have. */
	return r == -EINVAL ? -EPROTONOSUPPORT : r;
}

int conntrack_open(const struct link *link, const struct guests *guests,
		   conntrack_callback *callback, void *context,
		   struct conntrack **ret_conntrack)
{
	struct conntrack *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->link = link;
	c->guests = guests;
	c->callback = callback;
	c->context = context;
	r = open_socket(&c->changes);
	if (r == 0)
		r = open_socket(&c->dump);
	if (r == 0)
		r = open_socket(&c->events);
	if (r == 0)
		r = probe(c);
	if (r == 0)
		r = join_events(c->events);
	if (r < 0) {
		conntrack_close(c);
		return r;
	}
	*ret_conntrack = c;
	return 0;
}

void conntrack_close(struct conntrack *c)
{
	if (!c)
		return;
	if (c->events)
		mnl_socket_close(c->events);
	if (c->dump)
		mnl_socket_close(c->dump);
	if (c->changes)
		mnl_socket_close(c->changes);
	free(c);
}

const struct conntrack_stats *conntrack_stats(const struct conntrack *c)
{
	return &c->stats;
}

/* --- entries in ------------------------------------------------------------------ */

static void hand_over(struct conntrack *c, enum conntrack_event event,
		      const struct nlmsghdr *m)
{
	struct conntrack_entry entry;

	switch (conntrack_parse(m, c->link, c->guests, &entry)) {
	case 0:
		c->stats.loopback += entry.is_loopback;
		c->callback(c->context, event, &entry);
		break;
	case -ENOENT:
		c->stats.forwarded++;
		break;
	case -ELOOP:
		c->stats.loopback++;
		break;
	default:
		c->stats.unparsable++;
		break;
	}
}

static void take_events(struct conntrack *c, size_t length)
{
	const struct nlmsghdr *m = (const struct nlmsghdr *)c->buf;
	int rest = (int)length;

	for (; mnl_nlmsg_ok(m, rest); m = mnl_nlmsg_next(m, &rest)) {
		c->stats.events++;
		hand_over(c,
			  (m->nlmsg_type & 0xff) == IPCTNL_MSG_CT_DELETE
				  ? CONNTRACK_DESTROYED
				  : CONNTRACK_NEW,
			  m);
	}
}

int conntrack_event_fd(const struct conntrack *c)
{
	return mnl_socket_get_fd(c->events);
}

int conntrack_handle_events(struct conntrack *c)
{
	size_t length;
	int r;

	for (int i = 0; i < CONNTRACK_EVENT_BATCH; i++) {
		r = nlread_receive(c->events, c->buf, sizeof(c->buf), &length);
		if (r == -EAGAIN)
			return 0;
		if (r == -ENOBUFS)
			c->stats.lost_events++;
		if (r < 0)
			return r;
		take_events(c, length);
	}
	return 0;
}

/* --- dumps ----------------------------------------------------------------------- */

int conntrack_dump_start(struct conntrack *c, uint32_t value, uint32_t mask)
{
	uint32_t buf[CONNTRACK_REQUEST_SIZE / sizeof(uint32_t)];
	struct nlmsghdr *m;

	if (c->is_dumping)
		return -EBUSY;
	m = put_request(c, buf, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC);
	if (mask)
		put_mark(m, value, mask);
	if (mnl_socket_sendto(c->dump, m, m->nlmsg_len) < 0)
		return -errno;
	c->dump_answers = (struct nlread){.seq = m->nlmsg_seq};
	c->is_dumping = true;
	c->stats.dumps++;
	return 0;
}

int conntrack_dump_fd(const struct conntrack *c)
{
	return mnl_socket_get_fd(c->dump);
}

static void take_dumped(void *context, const struct nlmsghdr *m)
{
	hand_over(context, CONNTRACK_DUMPED, m);
}

int conntrack_dump_read(struct conntrack *c)
{
	size_t length;
	int r = 0;

	for (int i = 0; i < CONNTRACK_DUMP_BATCH && r == 0; i++) {
		r = nlread_receive(c->dump, c->buf, sizeof(c->buf), &length);
		if (r == -EAGAIN)
			return 0;
		if (r == 0)
			r = nlread_walk(&c->dump_answers, c->buf, length, take_dumped,
					c);
	}
	if (r != 0)
		c->is_dumping = false;
	return r;
}

/* --- single entries
 * ----------------------------------------------------------------------- */

static void put_addrs(struct nlmsghdr *m, const struct flow_key *key)
{
	struct nlattr *nest = mnl_attr_nest_start(m, CTA_TUPLE_IP);

	if (addr_is_ipv4(&key->local)) {
		mnl_attr_put_u32(m, CTA_IP_V4_SRC, addr_ipv4(&key->local));
		mnl_attr_put_u32(m, CTA_IP_V4_DST, addr_ipv4(&key->remote));
	} else {
		mnl_attr_put(m, CTA_IP_V6_SRC, sizeof(key->local), &key->local);
		mnl_attr_put(m, CTA_IP_V6_DST, sizeof(key->remote), &key->remote);
	}
	mnl_attr_nest_end(m, nest);
}

static void put_tuple(struct nlmsghdr *m, uint16_t type, const struct flow_key *key)
{
	struct nlattr *tuple = mnl_attr_nest_start(m, type), *nest;

	put_addrs(m, key);
	nest = mnl_attr_nest_start(m, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(m, CTA_PROTO_NUM, key->proto);
	mnl_attr_put_u16(m, CTA_PROTO_SRC_PORT, htons(key->local_port));
	mnl_attr_put_u16(m, CTA_PROTO_DST_PORT, htons(key->remote_port));
	mnl_attr_nest_end(m, nest);
	mnl_attr_nest_end(m, tuple);
}

static bool is_icmp(const struct flow_key *key)
{
	return key->proto == IPPROTO_ICMP || key->proto == IPPROTO_ICMPV6;
}

static struct nlmsghdr *put_entry(struct conntrack *c, void *buf, uint8_t type,
				  uint16_t flags, const struct flow_key *key,
				  bool is_inbound)
{
	struct nlmsghdr *m = put_request(
		c, buf, type, flags, addr_is_ipv4(&key->local) ? AF_INET : AF_INET6);

	put_tuple(m, is_inbound ? CTA_TUPLE_REPLY : CTA_TUPLE_ORIG, key);
	return m;
}

static void keep_message(void *context, const struct nlmsghdr *m)
{
	const struct nlmsghdr **kept = context;

	*kept = m;
}

int conntrack_read(struct conntrack *c, const struct flow_key *key, bool is_inbound)
{
	uint32_t buf[CONNTRACK_ENTRY_SIZE / sizeof(uint32_t)];
	const struct nlmsghdr *m, *entry = NULL;
	struct nlread answers;
	size_t length;
	int r = 0;

	if (is_icmp(key))
		return -EOPNOTSUPP;
	m = put_entry(c, buf, IPCTNL_MSG_CT_GET, 0, key, is_inbound);
	answers = (struct nlread){.seq = m->nlmsg_seq};
	if (mnl_socket_sendto(c->changes, m, m->nlmsg_len) < 0)
		return -errno;
	while (r == 0 && !entry) {
		r = nlread_receive(c->changes, buf, sizeof(buf), &length);
		if (r == 0)
			r = nlread_walk(&answers, buf, length, keep_message, &entry);
	}
	if (!entry)
		return r < 0 ? r : -ENOENT;
	/* Last: the callback may use the socket for a mark. */
	hand_over(c, CONNTRACK_DUMPED, entry);
	return 0;
}

int conntrack_set_mark(struct conntrack *c, const struct flow_key *key, bool is_inbound,
		       uint32_t value, uint32_t mask)
{
	uint32_t buf[CONNTRACK_REQUEST_SIZE / sizeof(uint32_t)];
	struct nlmsghdr *m;
	int r;

	/* The kernel XORs the value in: a bit outside the mask would flip others'. */
	if (value & ~mask)
		return -EINVAL;
	if (is_icmp(key))
		return -EOPNOTSUPP;
	m = put_entry(c, buf, IPCTNL_MSG_CT_NEW, NLM_F_ACK, key, is_inbound);
	put_mark(m, value, mask);
	r = talk(c, m);
	c->stats.mark_updates += r == 0;
	c->stats.mark_failures += r < 0;
	return r;
}

int conntrack_delete(struct conntrack *c, const struct flow_key *key, bool is_inbound)
{
	uint32_t buf[CONNTRACK_REQUEST_SIZE / sizeof(uint32_t)];

	if (is_icmp(key))
		return -EOPNOTSUPP;
	return talk(
		c, put_entry(c, buf, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, key, is_inbound));
}
