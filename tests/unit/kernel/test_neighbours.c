/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parsers of rtnetlink messages; what they are joined to is in tests/netns. */
#include "kernel/neighbours.h"
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t mac[NEIGHBOURS_MAC_SIZE] = {2, 0x42, 0xac, 0x11, 0, 2};

struct message {
	uint32_t buf[128];
	struct nlmsghdr *header;
	void *extra;
};

static void begin(struct message *m, uint16_t type, size_t extra)
{
	memset(m, 0, sizeof(*m));
	m->header = mnl_nlmsg_put_header(m->buf);
	m->header->nlmsg_type = type;
	m->extra = mnl_nlmsg_put_extra_header(m->header, extra);
}

/* --- interfaces --------------------------------------------------------------------
 */

static void put_link(struct message *m, const char *name, const char *kind,
		     uint16_t hardware, int32_t namespace_id)
{
	struct ifinfomsg *ifi;
	struct nlattr *nest;

	begin(m, RTM_NEWLINK, sizeof(*ifi));
	ifi = m->extra;
	ifi->ifi_index = 7;
	ifi->ifi_type = hardware;
	mnl_attr_put_strz(m->header, IFLA_IFNAME, name);
	if (namespace_id >= -1)
		mnl_attr_put_u32(m->header, IFLA_LINK_NETNSID, (uint32_t)namespace_id);
	if (!kind)
		return;
	nest = mnl_attr_nest_start(m->header, IFLA_LINKINFO);
	mnl_attr_put_str(m->header, IFLA_INFO_KIND, kind);
	mnl_attr_nest_end(m->header, nest);
}

static void an_interface_is_known_by_where_it_leads(void **state)
{
	static const struct {
		const char *kind;
		uint16_t hardware;
		int32_t namespace_id; /* -2: not said */
		int wanted_error;
		enum neighbours_link wanted;
	} cases[] = {
		{"veth", ARPHRD_ETHER, 3, 0, LINK_NAMESPACE},
		{"netkit", ARPHRD_ETHER, 0, 0, LINK_NAMESPACE},
		{"veth", ARPHRD_ETHER, -2, -ENOENT, LINK_OTHER}, /* both ends here */
		{"veth", ARPHRD_ETHER, -1, -ENOENT, LINK_OTHER}, /* it has no id */
		{"vethx", ARPHRD_ETHER, 3, -ENOENT, LINK_OTHER},
		{"macvlan", ARPHRD_ETHER, 3, -ENOENT, LINK_OTHER},
		{"tun", ARPHRD_ETHER, -2, 0, LINK_TAP},
		{"tun", ARPHRD_NONE, -2, -ENOENT, LINK_OTHER}, /* a VPN's */
		{"bridge", ARPHRD_ETHER, -2, 0, LINK_BRIDGE},
		{NULL, ARPHRD_ETHER, -2, -ENOENT, LINK_OTHER}, /* hardware */
	};
	struct neighbours_port port;
	struct message m;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_link(&m, "x0", cases[i].kind, cases[i].hardware,
			 cases[i].namespace_id);
		assert_int_equal(neighbours_parse_link(m.header, &port),
				 cases[i].wanted_error);
		if (cases[i].wanted_error)
			continue;
		assert_int_equal(port.kind, cases[i].wanted);
		assert_int_equal(port.index, 7);
		assert_string_equal(port.name, "x0");
		if (port.kind == LINK_NAMESPACE)
			assert_int_equal(port.namespace_id, cases[i].namespace_id);
	}
}

static void a_broken_interface_is_refused(void **state)
{
	struct neighbours_port port;
	struct ifinfomsg *ifi;
	struct message m;

	(void)state;
	put_link(&m, "a_name_of_16_bytes", "veth", ARPHRD_ETHER, 1);
	assert_int_equal(neighbours_parse_link(m.header, &port), -EINVAL);
	put_link(&m, "x0", "veth", ARPHRD_ETHER, 1);
	ifi = m.extra;
	ifi->ifi_index = 0;
	assert_int_equal(neighbours_parse_link(m.header, &port), -EINVAL);
	ifi->ifi_index = 1;
	m.header->nlmsg_type = RTM_DELLINK;
	assert_int_equal(neighbours_parse_link(m.header, &port), -EINVAL);
	m.header->nlmsg_type = RTM_NEWLINK;
	m.header->nlmsg_len = NLMSG_HDRLEN + 8;
	assert_int_equal(neighbours_parse_link(m.header, &port), -EINVAL);
}

/* --- neighbours --------------------------------------------------------------------
 */

static struct ndmsg *put_neighbour(struct message *m, const char *text,
				   uint16_t ndm_state)
{
	struct ndmsg *ndm;
	struct addr a;

	begin(m, RTM_NEWNEIGH, sizeof(*ndm));
	ndm = m->extra;
	assert_int_equal(addr_parse(text, &a), 0);
	ndm->ndm_family = addr_is_ipv4(&a) ? AF_INET : AF_INET6;
	ndm->ndm_ifindex = 7;
	ndm->ndm_state = ndm_state;
	if (addr_is_ipv4(&a))
		mnl_attr_put_u32(m->header, NDA_DST, addr_ipv4(&a));
	else
		mnl_attr_put(m->header, NDA_DST, sizeof(a), &a);
	mnl_attr_put(m->header, NDA_LLADDR, sizeof(mac), mac);
	return ndm;
}

static int parse_neighbour(const char *text, uint16_t ndm_state,
			   struct neighbours_entry *e)
{
	struct message m;

	put_neighbour(&m, text, ndm_state);
	return neighbours_parse_entry(m.header, e);
}

static void a_neighbour_is_an_address_with_a_mac(void **state)
{
	static const char *const texts[] = {"172.17.0.2", "fd17::2"};
	struct neighbours_entry e;
	char text[ADDR_STRLEN];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(parse_neighbour(texts[i], NUD_STALE, &e), 0);
		assert_string_equal(addr_format(&e.addr, text), texts[i]);
		assert_memory_equal(e.mac, mac, sizeof(mac));
		assert_int_equal(e.index, 7);
	}
}

static void one_that_is_not_there_or_never_forwarded_is_passed_over(void **state)
{
	struct neighbours_entry e;
	struct message m;

	(void)state;
	assert_int_equal(parse_neighbour("172.17.0.2", NUD_FAILED, &e), -ENOENT);
	assert_int_equal(parse_neighbour("172.17.0.2", NUD_INCOMPLETE, &e), -ENOENT);
	assert_int_equal(parse_neighbour("fe80::2", NUD_REACHABLE, &e), -ENOENT);
	assert_int_equal(parse_neighbour("224.0.0.1", NUD_PERMANENT, &e), -ENOENT);
	put_neighbour(&m, "172.17.0.2", NUD_REACHABLE)->ndm_flags = NTF_PROXY;
	assert_int_equal(neighbours_parse_entry(m.header, &e), -ENOENT);
}

static void an_address_of_the_wrong_size_is_refused(void **state)
{
	struct neighbours_entry e;
	struct message m;

	(void)state;
	put_neighbour(&m, "172.17.0.2", NUD_REACHABLE)->ndm_family = AF_INET6;
	assert_int_equal(neighbours_parse_entry(m.header, &e), -EINVAL);
	put_neighbour(&m, "fd17::2", NUD_REACHABLE)->ndm_family = AF_INET;
	assert_int_equal(neighbours_parse_entry(m.header, &e), -EINVAL);
}

static void a_mac_belongs_to_the_port_of_a_bridge(void **state)
{
	struct neighbours_entry e;
	struct ndmsg *ndm;
	struct message m;

	(void)state;
	begin(&m, RTM_NEWNEIGH, sizeof(*ndm));
	ndm = m.extra;
	ndm->ndm_family = AF_BRIDGE;
	ndm->ndm_ifindex = 9;
	ndm->ndm_state = NUD_REACHABLE;
	mnl_attr_put(m.header, NDA_LLADDR, sizeof(mac), mac);
	/* A device's own list, of no bridge. */
	assert_int_equal(neighbours_parse_bridged(m.header, &e), -ENOENT);
	mnl_attr_put_u32(m.header, NDA_MASTER, 4);
	assert_int_equal(neighbours_parse_bridged(m.header, &e), 0);
	assert_int_equal(e.index, 9);
	assert_int_equal(e.bridge, 4);
	assert_memory_equal(e.mac, mac, sizeof(mac));
	/* Our own end of the port. */
	ndm->ndm_state = NUD_PERMANENT;
	assert_int_equal(neighbours_parse_bridged(m.header, &e), -ENOENT);
}

/* --- answers -----------------------------------------------------------------------
 */

static void a_route_counts_without_a_gateway(void **state)
{
	struct rtmsg *rtm;
	struct message m;
	uint32_t index;

	(void)state;
	begin(&m, RTM_NEWROUTE, sizeof(*rtm));
	rtm = m.extra;
	rtm->rtm_type = RTN_UNICAST;
	assert_int_equal(neighbours_parse_route(m.header, &index), -ENOENT);
	mnl_attr_put_u32(m.header, RTA_OIF, 4);
	assert_int_equal(neighbours_parse_route(m.header, &index), 0);
	assert_int_equal(index, 4);
	rtm->rtm_type = RTN_LOCAL;
	assert_int_equal(neighbours_parse_route(m.header, &index), -ENOENT);
	rtm->rtm_type = RTN_UNICAST;
	mnl_attr_put_u32(m.header, RTA_GATEWAY, 0x010011ac);
	assert_int_equal(neighbours_parse_route(m.header, &index), -ENOENT);
}

static void a_namespace_without_an_id_has_none(void **state)
{
	struct message m;
	int32_t id;

	(void)state;
	begin(&m, RTM_NEWNSID, sizeof(struct rtgenmsg));
	assert_int_equal(neighbours_parse_namespace(m.header, &id), -EINVAL);
	mnl_attr_put_u32(m.header, NETNSA_NSID, (uint32_t)-1);
	assert_int_equal(neighbours_parse_namespace(m.header, &id), -ENOENT);
	begin(&m, RTM_NEWNSID, sizeof(struct rtgenmsg));
	mnl_attr_put_u32(m.header, NETNSA_NSID, 3);
	assert_int_equal(neighbours_parse_namespace(m.header, &id), 0);
	assert_int_equal(id, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interface_is_known_by_where_it_leads),
		cmocka_unit_test(a_broken_interface_is_refused),
		cmocka_unit_test(a_neighbour_is_an_address_with_a_mac),
		cmocka_unit_test(
			one_that_is_not_there_or_never_forwarded_is_passed_over),
		cmocka_unit_test(an_address_of_the_wrong_size_is_refused),
		cmocka_unit_test(a_mac_belongs_to_the_port_of_a_bridge),
		cmocka_unit_test(a_route_counts_without_a_gateway),
		cmocka_unit_test(a_namespace_without_an_id_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
