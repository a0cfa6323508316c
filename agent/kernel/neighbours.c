/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/neighbours.h"
#include "kernel/nlread.h"
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Tries for a dump that the kernel calls inconsistent. */
#define TRIES 3

struct neighbours {
	struct mnl_socket *socket;
	uint32_t seq;
	bool has_ports;	 /* at least one that a guest may be behind */
	size_t left_out; /* of the last reading, for want of room */
	struct neighbours_port ports[NEIGHBOURS_PORTS_MAX]; /* sorted by index */
	size_t port_count;
	struct neighbours_entry bridged[NEIGHBOURS_MAX]; /* by bridge, then MAC */
	size_t bridged_count;
	struct neighbours_entry entries[NEIGHBOURS_MAX]; /* as the kernel lists them */
	size_t entry_count;
	struct neighbour list[NEIGHBOURS_MAX];
	size_t count;
	uint32_t buf[NLREAD_SIZE / sizeof(uint32_t)];
};

int neighbours_open(struct neighbours **ret_neighbours)
{
	struct neighbours *n = calloc(1, sizeof(*n));
	int r;

	if (!n)
		return -ENOMEM;
	n->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (n->socket && mnl_socket_bind(n->socket, 0, MNL_SOCKET_AUTOPID) == 0) {
		*ret_neighbours = n;
		return 0;
	}
	r = -errno;
	neighbours_close(n);
	return r;
}

void neighbours_close(struct neighbours *n)
{
	if (!n)
		return;
	if (n->socket)
		mnl_socket_close(n->socket);
	free(n);
}

/* --- requests -------------------------------------------------------------------- */

static struct nlmsghdr *begin(struct neighbours *n, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(n->buf);

	m->nlmsg_type = type;
	m->nlmsg_flags = NLM_F_REQUEST | flags;
	m->nlmsg_seq = ++n->seq;
	return m;
}

static int dump_once(struct neighbours *n, const struct nlmsghdr *request,
		     nlread_callback *callback)
{
	struct nlread answers = {.seq = request->nlmsg_seq};
	size_t length;
	int r;

	if (mnl_socket_sendto(n->socket, request, request->nlmsg_len) < 0)
		return -errno;
	do {
		r = nlread_receive(n->socket, n->buf, sizeof(n->buf), &length);
		if (r < 0)
			return r;
		r = nlread_walk(&answers, n->buf, length, callback, n);
	} while (r == 0);
	return r < 0 ? r : 0;
}

/* `family` is the first byte of every header that these dumps have. */
static int dump(struct neighbours *n, uint16_t type, size_t header, uint8_t family,
		nlread_callback *callback, size_t *count)
{
	int r = -EINTR;

	for (int i = 0; i < TRIES && r == -EINTR; i++) {
		struct nlmsghdr *m = begin(n, type, NLM_F_DUMP);
		uint8_t *extra = mnl_nlmsg_put_extra_header(m, header);

		extra[0] = family;
		*count = 0;
		r = dump_once(n, m, callback);
	}
	return r;
}

/* What answers a question of one message, in `n->buf`; NULL when the kernel refuses. */
static const struct nlmsghdr *ask(struct neighbours *n, const struct nlmsghdr *request)
{
	uint32_t seq = request->nlmsg_seq;
	size_t length;

	if (mnl_socket_sendto(n->socket, request, request->nlmsg_len) < 0)
		return NULL;
	for (;;) {
		const struct nlmsghdr *m = (const struct nlmsghdr *)n->buf;

		if (nlread_receive(n->socket, n->buf, sizeof(n->buf), &length) < 0 ||
		    !mnl_nlmsg_ok(m, (int)length))
			return NULL;
		if (m->nlmsg_seq == seq)
			return m->nlmsg_type == NLMSG_ERROR ? NULL : m;
	}
}

int neighbours_namespace_id(struct neighbours *n, pid_t pid, int32_t *ret_id)
{
	struct nlmsghdr *m = begin(n, RTM_GETNSID, 0);
	const struct nlmsghdr *answer;

	mnl_nlmsg_put_extra_header(m, sizeof(struct rtgenmsg));
	mnl_attr_put_u32(m, NETNSA_PID, (uint32_t)pid);
	answer = ask(n, m);
	return answer ? neighbours_parse_namespace(answer, ret_id) : -ENOENT;
}

/* Whether our routes lead to an address through that interface, with no gateway. */
static bool is_next_to(struct neighbours *n, const struct addr *a, uint32_t index)
{
	bool is_ipv4 = addr_is_ipv4(a);
	struct nlmsghdr *m = begin(n, RTM_GETROUTE, 0);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(m, sizeof(*rtm));
	const struct nlmsghdr *answer;
	uint32_t out;

	rtm->rtm_family = is_ipv4 ? AF_INET : AF_INET6;
	rtm->rtm_dst_len = is_ipv4 ? 32 : 128;
	if (is_ipv4)
		mnl_attr_put_u32(m, RTA_DST, addr_ipv4(a));
	else
		mnl_attr_put(m, RTA_DST, sizeof(*a), a);
	answer = ask(n, m);
	return answer && neighbours_parse_route(answer, &out) == 0 && out == index;
}

/* --- tables ---------------------------------------------------------------------- */

static int compare_ports(const void *a, const void *b)
{
	const struct neighbours_port *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

static int compare_bridged(const void *a, const void *b)
{
	const struct neighbours_entry *x = a, *y = b;

	if (x->bridge != y->bridge)
		return x->bridge < y->bridge ? -1 : 1;
	return memcmp(x->mac, y->mac, sizeof(x->mac));
}

static const struct neighbours_port *find_port(const struct neighbours *n,
					       uint32_t index)
{
	struct neighbours_port key = {.index = index};

	return bsearch(&key, n->ports, n->port_count, sizeof(key), compare_ports);
}

static void take_link(void *context, const struct nlmsghdr *m)
{
	struct neighbours *n = context;
	struct neighbours_port port;

	if (neighbours_parse_link(m, &port) < 0)
		return;
	if (n->port_count < NEIGHBOURS_PORTS_MAX)
		n->ports[n->port_count++] = port;
	else
		n->left_out++;
}

/* Keeps an entry if it leads to one of the ports. */
static void keep(struct neighbours *n, const struct neighbours_entry *e,
		 struct neighbours_entry *list, size_t *count)
{
	if (!find_port(n, e->index))
		return;
	if (*count < NEIGHBOURS_MAX)
		list[(*count)++] = *e;
	else
		n->left_out++;
}

static void take_bridged(void *context, const struct nlmsghdr *m)
{
	struct neighbours *n = context;
	struct neighbours_entry e;

	if (neighbours_parse_bridged(m, &e) == 0)
		keep(n, &e, n->bridged, &n->bridged_count);
}

static void take_entry(void *context, const struct nlmsghdr *m)
{
	struct neighbours *n = context;
	struct neighbours_entry e;

	if (neighbours_parse_entry(m, &e) == 0)
		keep(n, &e, n->entries, &n->entry_count);
}

/* Bridges stay, as that is what the addresses are on. */
static int read_ports(struct neighbours *n, const char *except)
{
	size_t kept = 0;
	int r = dump(n, RTM_GETLINK, sizeof(struct ifinfomsg), AF_UNSPEC, take_link,
		     &n->port_count);

	n->has_ports = false;
	for (size_t i = 0; r == 0 && i < n->port_count; i++) {
		bool is_bridge = n->ports[i].kind == LINK_BRIDGE;

		if (!is_bridge && strcmp(n->ports[i].name, except) == 0)
			continue;
		n->has_ports |= !is_bridge;
		n->ports[kept++] = n->ports[i];
	}
	n->port_count = kept;
	qsort(n->ports, kept, sizeof(n->ports[0]), compare_ports);
	return r;
}

static int read_bridged(struct neighbours *n)
{
	int r = dump(n, RTM_GETNEIGH, sizeof(struct ndmsg), AF_BRIDGE, take_bridged,
		     &n->bridged_count);

	qsort(n->bridged, n->bridged_count, sizeof(n->bridged[0]), compare_bridged);
	return r;
}

/* --- joining -----------------------------------------------------------------------
 */

/* A MAC that several ports of a bridge have (in different VLANs) is nobody's. */
static const struct neighbours_port *find_bridged(const struct neighbours *n,
						  const struct neighbours_entry *e)
{
	struct neighbours_entry key = *e;
	const struct neighbours_entry *found, *end = n->bridged + n->bridged_count;

	key.bridge = e->index;
	found = bsearch(&key, n->bridged, n->bridged_count, sizeof(key),
			compare_bridged);
	if (!found)
		return NULL;
	while (found > n->bridged && compare_bridged(found - 1, &key) == 0)
		found--;
	for (const struct neighbours_entry *b = found + 1;
	     b < end && compare_bridged(b, &key) == 0; b++)
		if (b->index != found->index)
			return NULL;
	return find_port(n, found->index);
}

static void join(struct neighbours *n)
{
	n->count = 0;
	for (size_t i = 0; i < n->entry_count; i++) {
		const struct neighbours_entry *e = &n->entries[i];
		const struct neighbours_port *port = find_port(n, e->index);

		if (port && port->kind == LINK_BRIDGE)
			port = find_bridged(n, e);
		if (port && port->kind != LINK_BRIDGE &&
		    is_next_to(n, &e->addr, e->index))
			n->list[n->count++] = (struct neighbour){e->addr, port};
	}
}

size_t neighbours_left_out(const struct neighbours *n)
{
	return n->left_out;
}

int neighbours_read(struct neighbours *n, const char *except,
		    const struct neighbour **ret_list, size_t *ret_count)
{
	int r;

	n->count = n->left_out = 0;
	r = read_ports(n, except);
	if (r == 0 && n->has_ports) {
		r = read_bridged(n);
		if (r == 0)
			r = dump(n, RTM_GETNEIGH, sizeof(struct ndmsg), AF_UNSPEC,
				 take_entry, &n->entry_count);
		if (r == 0)
			join(n);
	}
	if (r < 0)
		return r;
	*ret_list = n->list;
	*ret_count = n->count;
	return 0;
}
