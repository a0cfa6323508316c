/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A notification only says "read anew": two short dumps replace the whole state, so
 * that it can't drift from the kernel's, and lost notifications need no path of their
 * own.
 */
#include "kernel/link.h"
#include "base/log.h"
#include "kernel/rtnl.h"
#include <errno.h>
#include <limits.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Datagrams taken from the notification socket in one call. */
#define LINK_BATCH 64
/* Tries for a dump that the kernel calls inconsistent. */
#define LINK_TRIES 4
#define BYTES_PER_MBIT 125000u

struct link_state {
	struct addr addrs[LINK_ADDRS_MAX]; /* sorted */
	size_t count;
	bool is_truncated;
	bool has_public;
	uint32_t uplinks[LINK_UPLINKS_MAX];
	size_t uplink_count;
	uint32_t uplink_index; /* 0: there is no default route */
	uint64_t uplink_rank;  /* family and metric; the lowest wins */
	struct link_uplink uplink;
};

struct link {
	struct mnl_socket *events; /* NULL in a fixed link */
	struct rtnl rtnl;
	int ioctl_fd;
	bool is_stale; /* the last read failed */
	struct link_state state, fresh;
	uint32_t buf[NLREAD_SIZE / sizeof(uint32_t)];
};

/* --- addresses ---------------------------------------------------------------- */

static int compare_addrs(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct addr));
}

static bool is_public(const struct addr *a)
{
	return !addr_is_private(a) && !addr_is_local_scope(a);
}

static void state_add_addr(struct link_state *s, const struct addr *a)
{
	if (is_public(a))
		s->has_public = true;
	if (s->count == LINK_ADDRS_MAX) {
		s->is_truncated = true;
		return;
	}
	s->addrs[s->count++] = *a;
}

static int compare_indexes(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void state_sort(struct link_state *s)
{
	qsort(s->uplinks, s->uplink_count, sizeof(s->uplinks[0]), compare_indexes);
	qsort(s->addrs, s->count, sizeof(s->addrs[0]), compare_addrs);
}

static void take_addr(void *context, const struct nlmsghdr *m)
{
	struct link_state *s = context;
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(m);
	const struct nlattr *attrs[IFA_MAX + 1], *attr;
	uint32_t v4;
	struct addr a;

	if (m->nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(m) < sizeof(*ifa))
		return;
	rtnl_attrs(m, sizeof(*ifa), attrs, IFA_MAX);
	/* IFA_ADDRESS is the far end where the two differ (point to point). */
	attr = attrs[IFA_LOCAL] ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS];
	if (ifa->ifa_family == AF_INET && nlread_payload(attr, &v4, sizeof(v4)))
		a = addr_from_ipv4(v4);
	else if (ifa->ifa_family != AF_INET6 || !nlread_payload(attr, &a, sizeof(a)))
		return;
	state_add_addr(s, &a);
}

/* --- the default route -------------------------------------------------------- */

static void state_add_uplink(struct link_state *s, uint32_t interface, uint64_t rank)
{
	size_t i = 0;

	if (!s->uplink_index || rank < s->uplink_rank) {
		s->uplink_index = interface;
		s->uplink_rank = rank;
	}
	while (i < s->uplink_count && s->uplinks[i] != interface)
		i++;
	if (i == s->uplink_count && i < LINK_UPLINKS_MAX)
		s->uplinks[s->uplink_count++] = interface;
}

/* The interfaces of a route's next hops. */
static void take_hops(struct link_state *s, const struct nlattr *hops, uint64_t rank)
{
	const uint8_t *at = mnl_attr_get_payload(hops);
	size_t rest = mnl_attr_get_payload_len(hops), step;
	struct rtnexthop hop;

	for (; rest >= sizeof(hop); at += step, rest -= step) {
		memcpy(&hop, at, sizeof(hop));
		if (hop.rtnh_ifindex > 0)
			state_add_uplink(s, (uint32_t)hop.rtnh_ifindex, rank);
		step = RTNH_ALIGN(hop.rtnh_len);
		if (step < sizeof(hop) || step > rest)
			return;
	}
}

static bool is_default_route(const struct nlmsghdr *m)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(m);

	if (mnl_nlmsg_get_payload_len(m) < sizeof(*rtm))
		return false;
	return (rtm->rtm_family == AF_INET || rtm->rtm_family == AF_INET6) &&
	       rtm->rtm_dst_len == 0 && rtm->rtm_table == RT_TABLE_MAIN &&
	       rtm->rtm_type == RTN_UNICAST;
}

/* IPv4 goes before IPv6; within a family the lower metric wins, as in the kernel. */
static void take_route(void *context, const struct nlmsghdr *m)
{
	struct link_state *s = context;
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(m);
	const struct nlattr *attrs[RTA_MAX + 1];
	uint32_t interface = 0, metric = 0;
	uint64_t rank;

	if (m->nlmsg_type != RTM_NEWROUTE || !is_default_route(m) ||
	    (rtm->rtm_flags & RTNH_F_DEAD))
		return;
	rtnl_attrs(m, sizeof(*rtm), attrs, RTA_MAX);
	nlread_payload(attrs[RTA_PRIORITY], &metric, sizeof(metric));
	rank = (uint64_t)(rtm->rtm_family == AF_INET6) << 32 | metric;
	if (nlread_payload(attrs[RTA_OIF], &interface, sizeof(interface)) && interface)
		state_add_uplink(s, interface, rank);
	else if (attrs[RTA_MULTIPATH])
		take_hops(s, attrs[RTA_MULTIPATH], rank);
}

/* --- the uplink's name and speed ---------------------------------------------- */

/*
 * Two calls of one ioctl: the first only tells how long the masks behind the settings
 * are. ethtool(8) does the same.
 */
static uint32_t read_speed(int fd, struct ifreq *request)
{
	union {
		struct ethtool_link_settings settings;
		uint8_t room[sizeof(struct ethtool_link_settings) +
			     3 * SCHAR_MAX * sizeof(uint32_t)];
	} u;

	memset(&u, 0, sizeof(u));
	u.settings.cmd = ETHTOOL_GLINKSETTINGS;
	request->ifr_data = (void *)&u;
	if (ioctl(fd, SIOCETHTOOL, request) < 0)
		return 0;
	if (u.settings.link_mode_masks_nwords >= 0)
		return 0;
	u.settings.cmd = ETHTOOL_GLINKSETTINGS;
	u.settings.link_mode_masks_nwords =
		(signed char)-u.settings.link_mode_masks_nwords;
	if (ioctl(fd, SIOCETHTOOL, request) < 0)
		return 0;
	return u.settings.speed == (uint32_t)SPEED_UNKNOWN ? 0 : u.settings.speed;
}

static void read_uplink(int fd, struct link_state *s)
{
	struct ifreq request = {.ifr_ifindex = (int)s->uplink_index};

	memset(&s->uplink, 0, sizeof(s->uplink));
	if (!s->uplink_index || ioctl(fd, SIOCGIFNAME, &request) < 0)
		return;
	memcpy(s->uplink.name, request.ifr_name, sizeof(s->uplink.name));
	s->uplink.name[sizeof(s->uplink.name) - 1] = '\0';
	/* A tun device says 10 Mbit/s whatever it can do: believe Ethernet alone. */
	if (ioctl(fd, SIOCGIFHWADDR, &request) < 0 ||
	    request.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return;
	s->uplink.capacity = (uint64_t)read_speed(fd, &request) * BYTES_PER_MBIT;
}

/* --- reading everything ------------------------------------------------------- */

static int dump_once(struct link *l, uint16_t type, size_t header,
		     nlread_callback *callback)
{
	/* Zero in either header: every address family. */
	rtnl_begin(&l->rtnl, type, NLM_F_DUMP, header);
	return rtnl_send(&l->rtnl, callback, &l->fresh);
}

static int read_once(struct link *l)
{
	int r;

	memset(&l->fresh, 0, sizeof(l->fresh));
	r = dump_once(l, RTM_GETADDR, sizeof(struct ifaddrmsg), take_addr);
	if (r < 0)
		return r;
	return dump_once(l, RTM_GETROUTE, sizeof(struct rtmsg), take_route);
}

static int read_state(struct link *l)
{
	int r = -EINTR;

	for (int i = 0; i < LINK_TRIES && r == -EINTR; i++)
		r = read_once(l);
	l->is_stale = r < 0;
	if (r < 0)
		return r;
	state_sort(&l->fresh);
	read_uplink(l->ioctl_fd, &l->fresh);
	if (l->fresh.is_truncated && !l->state.is_truncated)
		log_warning("link",
			    "more than %d local addresses: flows of the others "
			    "count as forwarded",
			    LINK_ADDRS_MAX);
	l->state = l->fresh;
	return 0;
}

/* --- life --------------------------------------------------------------------- */

static struct link *link_alloc(void)
{
	struct link *l = calloc(1, sizeof(*l));

	if (l)
		l->ioctl_fd = -1;
	return l;
}

int link_open(struct link **ret_link)
{
	/* Links too: a carrier that comes back leaves the default route as it was. */
	const unsigned int groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
				    RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_LINK;
	struct link *l = link_alloc();
	int r;

	if (!l)
		return -ENOMEM;
	r = rtnl_init(&l->rtnl);
	if (r < 0)
		goto fail;
	/* Notifications before the first read: no change falls between the two. */
	r = rtnl_open_socket(SOCK_NONBLOCK, groups, &l->events);
	if (r < 0)
		goto fail;
	l->ioctl_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (l->ioctl_fd < 0) {
		r = -errno;
		goto fail;
	}
	r = read_state(l);
	if (r < 0)
		goto fail;
	*ret_link = l;
	return 0;
fail:
	link_close(l);
	return r;
}

int link_new_fixed(const struct addr *addrs, size_t count, struct link **ret_link)
{
	struct link *l = link_alloc();

	if (!l)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		state_add_addr(&l->state, &addrs[i]);
	state_sort(&l->state);
	*ret_link = l;
	return 0;
}

void link_close(struct link *l)
{
	if (!l)
		return;
	if (l->events)
		mnl_socket_close(l->events);
	rtnl_done(&l->rtnl);
	if (l->ioctl_fd >= 0)
		close(l->ioctl_fd);
	free(l);
}

int link_fd(const struct link *l)
{
	return l->events ? mnl_socket_get_fd(l->events) : -1;
}

/* --- notifications ------------------------------------------------------------ */

static bool is_uplink(const struct link_state *s, int interface)
{
	for (size_t i = 0; i < s->uplink_count; i++)
		if ((int)s->uplinks[i] == interface)
			return true;
	return false;
}

static bool concerns_us(const struct link *l, const struct nlmsghdr *m)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(m);

	switch (m->nlmsg_type) {
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return true;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return is_default_route(m);
	case RTM_NEWLINK:
	case RTM_DELLINK:
		/* A wireless interface sends these for every scan: ours only. */
		return mnl_nlmsg_get_payload_len(m) >= sizeof(*ifi) &&
		       is_uplink(&l->state, ifi->ifi_index);
	default:
		return false;
	}
}

static bool any_concerns_us(const struct link *l, size_t length)
{
	const struct nlmsghdr *m = (const struct nlmsghdr *)l->buf;
	int rest = (int)length;

	for (; mnl_nlmsg_ok(m, rest); m = mnl_nlmsg_next(m, &rest))
		if (concerns_us(l, m))
			return true;
	return false;
}

int link_handle(struct link *l)
{
	bool has_changed = l->is_stale;
	size_t length;
	int r;

	if (!l->events)
		return 0;
	for (int i = 0; i < LINK_BATCH; i++) {
		r = nlread_receive(l->events, l->buf, sizeof(l->buf), &length);
		if (r == -EAGAIN)
			break;
		if (r == -ENOBUFS)
			has_changed = true;
		else if (r < 0)
			return r;
		else if (any_concerns_us(l, length))
			has_changed = true;
	}
	return has_changed ? read_state(l) : 0;
}

/* --- questions ---------------------------------------------------------------- */

bool link_is_local(const struct link *l, const struct addr *a)
{
	if (addr_is_ipv4(a) ? a->b[12] == 127
			    : memcmp(a, &in6addr_loopback, sizeof(*a)) == 0)
		return true;
	return bsearch(a, l->state.addrs, l->state.count, sizeof(*a), compare_addrs);
}

bool link_has_public_address(const struct link *l)
{
	return l->state.has_public;
}

void link_get_uplink(const struct link *l, struct link_uplink *ret_uplink)
{
	*ret_uplink = l->state.uplink;
}

static void take_stats(void *context, const struct nlmsghdr *m)
{
	const struct nlattr *attrs[IFLA_STATS_MAX + 1];
	struct rtnl_link_stats64 *ret_stats = context;
	const struct nlattr *stats;

	if (m->nlmsg_type != RTM_NEWSTATS)
		return;
	rtnl_attrs(m, sizeof(struct if_stats_msg), attrs, IFLA_STATS_MAX);
	stats = attrs[IFLA_STATS_LINK_64];
	/* Kernels append to it; ours are the first members. */
	if (stats && mnl_attr_get_payload_len(stats) >=
			     offsetof(struct rtnl_link_stats64, rx_errors))
		memcpy(ret_stats, mnl_attr_get_payload(stats),
		       offsetof(struct rtnl_link_stats64, rx_errors));
}

int link_read_bytes(struct link *l, uint64_t ret_bytes[DIRECTION_COUNT])
{
	struct rtnl_link_stats64 stats = {0};
	struct if_stats_msg *header;
	int r;

	if (!l->state.uplink_index || !l->rtnl.socket)
		return -ENODEV;
	header = mnl_nlmsg_get_payload(
		rtnl_begin(&l->rtnl, RTM_GETSTATS, NLM_F_ACK, sizeof(*header)));
	header->ifindex = l->state.uplink_index;
	header->filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
	r = rtnl_send(&l->rtnl, take_stats, &stats);
	if (r < 0)
		return r;
	ret_bytes[DIRECTION_IN] = stats.rx_bytes;
	ret_bytes[DIRECTION_OUT] = stats.tx_bytes;
	return 0;
}

void link_get_name(const struct link *l, uint32_t index, struct link_name *ret_name)
{
	struct ifreq request = {.ifr_ifindex = (int)index};

	if (l->ioctl_fd < 0 || ioctl(l->ioctl_fd, SIOCGIFNAME, &request) < 0)
		snprintf(ret_name->text, sizeof(ret_name->text), "[%u]", index);
	else
		snprintf(ret_name->text, sizeof(ret_name->text), "%s",
			 request.ifr_name);
}

size_t link_get_uplinks(const struct link *l, uint32_t ret_indexes[LINK_UPLINKS_MAX])
{
	memcpy(ret_indexes, l->state.uplinks, sizeof(l->state.uplinks));
	return l->state.uplink_count;
}
