/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ctnetlink message to an entry. Pure, and without an allocation: it runs for every
 * flow of every dump. Source: linux/netfilter/nfnetlink_conntrack.h.
 */
#include "kernel/conntrack.h"
#include "kernel/nlread.h"
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <string.h>

struct tuple {
	struct addr src, dst;
	uint16_t src_port, dst_port; /* host order */
	uint8_t proto;
};

struct counter {
	uint64_t packets, bytes;
};

static void read_nested(const struct nlattr *attr, const struct nlattr **found,
			unsigned int max)
{
	if (attr)
		nlread_attrs(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr),
			     found, max);
	else
		memset(found, 0, (max + 1) * sizeof(*found));
}

static int read_addrs(const struct nlattr *attr, uint8_t family, struct tuple *t)
{
	const struct nlattr *ip[CTA_IP_MAX + 1];
	uint32_t src, dst;

	read_nested(attr, ip, CTA_IP_MAX);
	if (family == AF_INET6) {
		if (!nlread_payload(ip[CTA_IP_V6_SRC], &t->src, sizeof(t->src)) ||
		    !nlread_payload(ip[CTA_IP_V6_DST], &t->dst, sizeof(t->dst)))
			return -EINVAL;
		return 0;
	}
	if (family != AF_INET ||
	    !nlread_payload(ip[CTA_IP_V4_SRC], &src, sizeof(src)) ||
	    !nlread_payload(ip[CTA_IP_V4_DST], &dst, sizeof(dst)))
		return -EINVAL;
	t->src = addr_from_ipv4(src);
	t->dst = addr_from_ipv4(dst);
	return 0;
}

/* Ports where the protocol has them; ICMP has a type, a code and an id instead. */
static int read_proto(const struct nlattr *attr, struct tuple *t)
{
	const struct nlattr *proto[CTA_PROTO_MAX + 1];
	const struct nlattr *src, *dst;

	read_nested(attr, proto, CTA_PROTO_MAX);
	src = proto[CTA_PROTO_SRC_PORT];
	dst = proto[CTA_PROTO_DST_PORT];
	if (!nlread_payload(proto[CTA_PROTO_NUM], &t->proto, sizeof(t->proto)))
		return -EINVAL;
	if (!src && !dst && t->proto != IPPROTO_TCP && t->proto != IPPROTO_UDP)
		return 0;
	if (!nlread_payload(src, &t->src_port, sizeof(t->src_port)) ||
	    !nlread_payload(dst, &t->dst_port, sizeof(t->dst_port)))
		return -EINVAL;
	t->src_port = ntohs(t->src_port);
	t->dst_port = ntohs(t->dst_port);
	return 0;
}

static int read_tuple(const struct nlattr *attr, uint8_t family,
		      struct tuple *ret_tuple)
{
	const struct nlattr *parts[CTA_TUPLE_MAX + 1];
	struct tuple t = {0};
	int r;

	read_nested(attr, parts, CTA_TUPLE_MAX);
	r = read_addrs(parts[CTA_TUPLE_IP], family, &t);
	if (r == 0)
		r = read_proto(parts[CTA_TUPLE_PROTO], &t);
	if (r == 0)
		*ret_tuple = t;
	return r;
}

static int read_counter(const struct nlattr *attr, struct counter *c)
{
	const struct nlattr *parts[CTA_COUNTERS_MAX + 1];

	read_nested(attr, parts, CTA_COUNTERS_MAX);
	if (!nlread_payload(parts[CTA_COUNTERS_PACKETS], &c->packets,
			    sizeof(c->packets)) ||
	    !nlread_payload(parts[CTA_COUNTERS_BYTES], &c->bytes, sizeof(c->bytes)))
		return -EINVAL;
	c->packets = be64toh(c->packets);
	c->bytes = be64toh(c->bytes);
	return 0;
}

static int read_counters(const struct nlattr *const *attrs, struct conntrack_entry *e)
{
	struct counter original, reply;

	if (!attrs[CTA_COUNTERS_ORIG] && !attrs[CTA_COUNTERS_REPLY])
		return 0;
	if (read_counter(attrs[CTA_COUNTERS_ORIG], &original) < 0 ||
	    read_counter(attrs[CTA_COUNTERS_REPLY], &reply) < 0)
		return -EINVAL;
	e->has_counters = true;
	e->bytes_in = e->is_inbound ? original.bytes : reply.bytes;
	e->packets_in = e->is_inbound ? original.packets : reply.packets;
	e->bytes_out = e->is_inbound ? reply.bytes : original.bytes;
	e->packets_out = e->is_inbound ? reply.packets : original.packets;
	return 0;
}

/*
 * A connection whose handshake was not seen has unknown windows, so the kernel is
 * liberal with both directions (tcp_new in nf_conntrack_proto_tcp.c). One that is
 * handed back by a flow table is so too: its ends are as known as before, but nobody
 * tells.
 */
static bool is_midway(const struct nlattr *const *tcp)
{
	struct nf_ct_tcp_flags original, reply;

	return nlread_payload(tcp[CTA_PROTOINFO_TCP_FLAGS_ORIGINAL], &original,
			      sizeof(original)) &&
	       nlread_payload(tcp[CTA_PROTOINFO_TCP_FLAGS_REPLY], &reply,
			      sizeof(reply)) &&
	       (original.flags & reply.flags & IP_CT_TCP_FLAG_BE_LIBERAL);
}

static bool is_ended(const struct nlattr *const *tcp)
{
	uint8_t state;

	return nlread_payload(tcp[CTA_PROTOINFO_TCP_STATE], &state, sizeof(state)) &&
	       (state == TCP_CONNTRACK_TIME_WAIT || state == TCP_CONNTRACK_CLOSE);
}

static void read_tcp(const struct nlattr *info, struct conntrack_entry *e)
{
	const struct nlattr *parts[CTA_PROTOINFO_MAX + 1];
	const struct nlattr *tcp[CTA_PROTOINFO_TCP_MAX + 1];

	read_nested(info, parts, CTA_PROTOINFO_MAX);
	read_nested(parts[CTA_PROTOINFO_TCP], tcp, CTA_PROTOINFO_TCP_MAX);
	e->is_midway = is_midway(tcp);
	e->is_ended = is_ended(tcp);
}

/*
 * Packets start at original.src and, after any DNAT, arrive at reply.src: those two
 * say where the ends are. Destination addresses do not: a published container port has
 * ours as original.dst, and masquerading has ours as reply.dst, in flows that are only
 * forwarded.
 */
static int find_local_end(const struct link *link, const struct guests *guests,
			  const struct tuple *original, const struct tuple *reply,
			  struct conntrack_entry *e)
{
	bool starts_here = link_is_local(link, &original->src);
	bool arrives_here = link_is_local(link, &reply->src);
	uint16_t from = starts_here ? 0 : guests_find(guests, &original->src);
	uint16_t to = arrives_here ? 0 : guests_find(guests, &reply->src);

	if (!starts_here && !arrives_here && !from && !to)
		return -ENOENT;
	if ((from && to) || (from && arrives_here) || (to && starts_here))
		return -ELOOP;
	e->guest = from ? from : to;
	arrives_here |= to != 0;
	e->is_loopback = starts_here && arrives_here;
	e->is_inbound = arrives_here && !starts_here;
	return 0;
}

static void fill_key(const struct tuple *t, struct flow_key *key)
{
	key->local = t->src;
	key->remote = t->dst;
	key->local_port = t->src_port;
	key->remote_port = t->dst_port;
	key->proto = t->proto;
}

static struct tuple turned(const struct tuple *t)
{
	return (struct tuple){.src = t->dst,
			      .dst = t->src,
			      .src_port = t->dst_port,
			      .dst_port = t->src_port,
			      .proto = t->proto};
}

/*
 * Seen from where it began. A redirected one called another address than where it
 * arrives: the reply, turned, has the real ends, and is as unique as the reply is.
 */
static int fill_loopback(const struct link *link, const struct tuple *original,
			 const struct tuple *reply, struct conntrack_entry *e)
{
	struct tuple ends = turned(reply);

	if (ends.proto != IPPROTO_TCP && ends.proto != IPPROTO_UDP)
		return -ELOOP;
	if (!link_is_local(link, &ends.src) ||
	    (!addr_is_loopback(&ends.dst) && !addr_equal(&ends.src, &ends.dst)))
		return -ELOOP;
	fill_key(&ends, &e->key);
	fill_key(original, &e->client);
	fill_key(reply, &e->server);
	return 0;
}

static int fill_entry(const struct nlattr *const *attrs, uint8_t family,
		      const struct link *link, const struct guests *guests,
		      struct conntrack_entry *e)
{
	struct tuple original, reply;
	int r;

	if (read_tuple(attrs[CTA_TUPLE_ORIG], family, &original) < 0 ||
	    read_tuple(attrs[CTA_TUPLE_REPLY], family, &reply) < 0)
		return -EINVAL;
	if (attrs[CTA_MARK] &&
	    !nlread_payload(attrs[CTA_MARK], &e->mark, sizeof(e->mark)))
		return -EINVAL;
	e->mark = ntohl(e->mark);
	r = find_local_end(link, guests, &original, &reply, e);
	if (r == 0 && e->is_loopback)
		r = fill_loopback(link, &original, &reply, e);
	if (r < 0)
		return r;
	if (!e->is_loopback)
		fill_key(e->is_inbound ? &reply : &original, &e->key);
	read_tcp(attrs[CTA_PROTOINFO], e);
	return read_counters(attrs, e);
}

int conntrack_parse(const struct nlmsghdr *message, const struct link *link,
		    const struct guests *guests, struct conntrack_entry *ret_entry)
{
	const size_t skip = sizeof(struct nfgenmsg);
	const struct nlattr *attrs[CTA_MAX + 1];
	struct conntrack_entry entry = {0};
	const struct nfgenmsg *header;
	size_t size;
	int r;

	if (message->nlmsg_type >> 8 != NFNL_SUBSYS_CTNETLINK ||
	    message->nlmsg_len < NLMSG_HDRLEN + skip)
		return -EINVAL;
	header = mnl_nlmsg_get_payload(message);
	size = message->nlmsg_len - NLMSG_HDRLEN - skip;
	nlread_attrs((const uint8_t *)header + skip, size, attrs, CTA_MAX);
	r = fill_entry(attrs, header->nfgen_family, link, guests, &entry);
	if (r == 0)
		*ret_entry = entry;
	return r;
}
