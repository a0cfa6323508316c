/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of rtnetlink to what neighbours.c joins. Pure, for the fuzzer too. */
#include "kernel/neighbours.h"
#include "kernel/nlread.h"
#include <errno.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <string.h>

/* A message's fixed part, and its attributes sorted. NULL when it is too short. */
static const void *read_message(const struct nlmsghdr *m, size_t header,
				const struct nlattr **attrs, unsigned int max)
{
	const uint8_t *payload = mnl_nlmsg_get_payload(m);
	size_t skip = NLMSG_ALIGN(header), size;

	if (m->nlmsg_len < NLMSG_HDRLEN + skip)
		return NULL;
	size = m->nlmsg_len - NLMSG_HDRLEN - skip;
	nlread_attrs(payload + skip, size, attrs, max);
	return payload;
}

/* Whether an attribute holds this text, with or without a NUL behind it. */
static bool is_text(const struct nlattr *attr, const char *text)
{
	size_t n = attr ? mnl_attr_get_payload_len(attr) : 0, length = strlen(text);

	return n >= length && memcmp(mnl_attr_get_payload(attr), text, length) == 0 &&
	       (n == length || ((const char *)mnl_attr_get_payload(attr))[length] == 0);
}

static enum neighbours_link kind_of(const struct nlattr *const *attrs,
				    uint16_t hardware, int32_t *ret_namespace)
{
	const struct nlattr *info[IFLA_INFO_MAX + 1], *kind;

	if (!attrs[IFLA_LINKINFO])
		return LINK_OTHER;
	nlread_attrs(mnl_attr_get_payload(attrs[IFLA_LINKINFO]),
		     mnl_attr_get_payload_len(attrs[IFLA_LINKINFO]), info,
		     IFLA_INFO_MAX);
	kind = info[IFLA_INFO_KIND];
	if (is_text(kind, "bridge"))
		return LINK_BRIDGE;
	/* The other kind of tun device has no link layer: what is behind it is routed
	 * to by a program, mostly a VPN's. */
	if (is_text(kind, "tun"))
		return hardware == ARPHRD_ETHER ? LINK_TAP : LINK_OTHER;
	if ((is_text(kind, "veth") || is_text(kind, "netkit")) &&
	    nlread_payload(attrs[IFLA_LINK_NETNSID], ret_namespace,
			   sizeof(*ret_namespace)) &&
	    *ret_namespace >= 0)
		return LINK_NAMESPACE;
	return LINK_OTHER;
}

int neighbours_parse_link(const struct nlmsghdr *m, struct neighbours_port *ret_port)
{
	const struct nlattr *attrs[IFLA_MAX + 1];
	struct neighbours_port port = {.namespace_id = -1};
	const struct ifinfomsg *ifi = read_message(m, sizeof(*ifi), attrs, IFLA_MAX);
	size_t n;

	if (!ifi || m->nlmsg_type != RTM_NEWLINK || ifi->ifi_index <= 0)
		return -EINVAL;
	port.kind = kind_of(attrs, ifi->ifi_type, &port.namespace_id);
	if (port.kind == LINK_OTHER)
		return -ENOENT;
	if (!attrs[IFLA_IFNAME])
		return -EINVAL;
	n = mnl_attr_get_payload_len(attrs[IFLA_IFNAME]);
	if (n > sizeof(port.name))
		return -EINVAL;
	memcpy(port.name, mnl_attr_get_payload(attrs[IFLA_IFNAME]), n);
	port.name[sizeof(port.name) - 1] = '\0';
	port.index = (uint32_t)ifi->ifi_index;
	*ret_port = port;
	return 0;
}

static int read_addr(const struct nlattr *attr, uint8_t family, struct addr *ret_addr)
{
	uint32_t v4;

	if (family == AF_INET && nlread_payload(attr, &v4, sizeof(v4)))
		*ret_addr = addr_from_ipv4(v4);
	else if (family != AF_INET6 ||
		 !nlread_payload(attr, ret_addr, sizeof(*ret_addr)))
		return -EINVAL;
	return 0;
}

/* An address that is in use, with a MAC; link-local ones are never forwarded. */
int neighbours_parse_entry(const struct nlmsghdr *m, struct neighbours_entry *ret_entry)
{
	const uint16_t known =
		NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT;
	const struct nlattr *attrs[NDA_MAX + 1];
	struct neighbours_entry e = {.bridge = 0};
	const struct ndmsg *ndm = read_message(m, sizeof(*ndm), attrs, NDA_MAX);

	if (!ndm || m->nlmsg_type != RTM_NEWNEIGH || ndm->ndm_ifindex <= 0)
		return -EINVAL;
	if (!(ndm->ndm_state & known) || (ndm->ndm_flags & NTF_PROXY) ||
	    !nlread_payload(attrs[NDA_LLADDR], e.mac, sizeof(e.mac)))
		return -ENOENT;
	if (read_addr(attrs[NDA_DST], ndm->ndm_family, &e.addr) < 0)
		return -EINVAL;
	if (addr_is_local_scope(&e.addr))
		return -ENOENT;
	e.index = (uint32_t)ndm->ndm_ifindex;
	*ret_entry = e;
	return 0;
}

/* A permanent one is the port's own MAC, that of our end. */
int neighbours_parse_bridged(const struct nlmsghdr *m,
			     struct neighbours_entry *ret_entry)
{
	const struct nlattr *attrs[NDA_MAX + 1];
	struct neighbours_entry e = {.bridge = 0};
	const struct ndmsg *ndm = read_message(m, sizeof(*ndm), attrs, NDA_MAX);

	if (!ndm || m->nlmsg_type != RTM_NEWNEIGH || ndm->ndm_ifindex <= 0)
		return -EINVAL;
	if (ndm->ndm_family != AF_BRIDGE || (ndm->ndm_state & NUD_PERMANENT) ||
	    !nlread_payload(attrs[NDA_LLADDR], e.mac, sizeof(e.mac)) ||
	    !nlread_payload(attrs[NDA_MASTER], &e.bridge, sizeof(e.bridge)))
		return -ENOENT;
	e.index = (uint32_t)ndm->ndm_ifindex;
	*ret_entry = e;
	return 0;
}

int neighbours_parse_route(const struct nlmsghdr *m, uint32_t *ret_index)
{
	const struct nlattr *attrs[RTA_MAX + 1];
	const struct rtmsg *rtm = read_message(m, sizeof(*rtm), attrs, RTA_MAX);

	if (!rtm || m->nlmsg_type != RTM_NEWROUTE)
		return -EINVAL;
	if (rtm->rtm_type != RTN_UNICAST || attrs[RTA_GATEWAY] || attrs[RTA_VIA])
		return -ENOENT;
	return nlread_payload(attrs[RTA_OIF], ret_index, sizeof(*ret_index)) ? 0
									     : -ENOENT;
}

int neighbours_parse_namespace(const struct nlmsghdr *m, int32_t *ret_id)
{
	const struct nlattr *attrs[NETNSA_MAX + 1];
	int32_t id;

	if (!read_message(m, sizeof(struct rtgenmsg), attrs, NETNSA_MAX) ||
	    m->nlmsg_type != RTM_NEWNSID ||
	    !nlread_payload(attrs[NETNSA_NSID], &id, sizeof(id)))
		return -EINVAL;
	if (id < 0)
		return -ENOENT;
	*ret_id = id;
	return 0;
}
