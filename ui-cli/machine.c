/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine.h"
#include "core/eligibility.h"
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static bool take_address(const struct sockaddr *a, struct addr *ret_addr)
{
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;

	if (!a)
		return false;
	if (a->sa_family == AF_INET) {
		memcpy(&v4, a, sizeof(v4));
		*ret_addr = addr_from_ipv4(v4.sin_addr.s_addr);
		return true;
	}
	if (a->sa_family != AF_INET6)
		return false;
	memcpy(&v6, a, sizeof(v6));
	*ret_addr = addr_from_ipv6(&v6.sin6_addr);
	return true;
}

json_t *machine_addresses(void)
{
	json_t *list = json_array();
	struct ifaddrs *all;
	char text[ADDR_STRLEN];
	struct addr addr;

	if (getifaddrs(&all) < 0) {
		json_decref(list);
		return NULL;
	}
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		if (!(i->ifa_flags & IFF_UP) || (i->ifa_flags & IFF_LOOPBACK) ||
		    !take_address(i->ifa_addr, &addr))
			continue;
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s}", "interface", i->ifa_name,
					"address", addr_format(&addr, text), "scope",
					address_scope_name(address_scope_of(&addr))));
	}
	freeifaddrs(all);
	return list;
}

/* proc_pid_net(5): a route a line, addresses as the machine keeps them, in hexadecimal.
 */
int machine_gateway(struct addr *ret_gateway)
{
	FILE *f = fopen("/proc/net/route", "re");
	unsigned int destination, gateway, flags, mask;
	int r = -ENOENT;
	char line[256];

	if (!f)
		return -errno;
	while (r == -ENOENT && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %x %x %x %*s %*s %*s %x", &destination, &gateway,
			   &flags, &mask) != 4 ||
		    destination || mask || !(flags & RTF_GATEWAY))
			continue;
		*ret_gateway = addr_from_ipv4(gateway);
		r = 0;
	}
	fclose(f);
	return r;
}

uint64_t machine_uptime(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec;
}
