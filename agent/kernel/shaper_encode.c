/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages that make, change and remove our qdiscs and classes. */
#include "kernel/shaper.h"
#include <linux/if_ether.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

/* The kernel's clock for buckets, fixed since 2.6.31: PSCHED_SHIFT is 6. */
#define NS_PER_TICK 64
/*
 * What may go out at once. A timer or a sender that comes late by less than this loses
 * nothing of the rate, and on a busy machine both come tens of milliseconds late. More
 * never passes: packets larger than the bucket leave it in debt.
 */
#define BUCKET_NS 25000000u
/* What a leaf without a limit takes in a turn; that of a limited one is a packet's. */
#define QUANTUM_MOST 60000
#define QUANTUM_LEAST (ETH_DATA_LEN + ETH_HLEN)
/* A queue holds a quarter of a second, but at least one packet of segmentation offload
 * with all the headers it will have. */
#define LEAF_SECOND_PART 4
#define LEAF_BYTES_LEAST 70000
/* Of smaller packets it holds as many as fill it. */
#define LEAF_PACKET_BYTES 256
#define LEAF_PACKETS_MOST 10240
/* CoDel takes a queue for standing only above the time of one and a half packets. */
#define CODEL_TARGET_LEAST_US 5000
#define CODEL_INTERVAL_FACTOR 20

static uint32_t class_handle(uint16_t minor)
{
	return QUEUE_MAJOR << 16 | minor;
}

/* Unique on an interface, and below what the kernel gives by itself (8000:). */
static uint32_t leaf_handle(uint16_t minor)
{
	return (0x6000u + minor) << 16;
}

static struct nlmsghdr *begin(void *buf, uint16_t type, uint16_t flags,
			      struct tcmsg header)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(buf);
	struct tcmsg *tc;

	m->nlmsg_type = type;
	m->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	tc = mnl_nlmsg_put_extra_header(m, sizeof(*tc));
	*tc = header;
	return m;
}

struct nlmsghdr *shaper_encode_root(void *buf, uint32_t interface)
{
	/* In place of the kernel's default, and of nothing else. */
	struct nlmsghdr *m = begin(buf, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL,
				   (struct tcmsg){.tcm_ifindex = (int)interface,
						  .tcm_handle = class_handle(0),
						  .tcm_parent = TC_H_ROOT});
	/* r2q has no meaning, as each class has its quantum; 0 is refused. */
	const struct tc_htb_glob glob = {
		.version = 3, .rate2quantum = 10, .defcls = QUEUE_DEFAULT};
	struct nlattr *options;

	mnl_attr_put_strz(m, TCA_KIND, "htb");
	options = mnl_attr_nest_start(m, TCA_OPTIONS);
	mnl_attr_put(m, TCA_HTB_INIT, sizeof(glob), &glob);
	mnl_attr_nest_end(m, options);
	return m;
}

struct nlmsghdr *shaper_encode_root_removal(void *buf, uint32_t interface)
{
	return begin(buf, RTM_DELQDISC, 0,
		     (struct tcmsg){.tcm_ifindex = (int)interface,
				    .tcm_handle = class_handle(0),
				    .tcm_parent = TC_H_ROOT});
}

static struct tc_ratespec rate_spec(uint64_t rate)
{
	return (struct tc_ratespec){.rate = rate < UINT32_MAX ? (uint32_t)rate
							      : UINT32_MAX,
				    .linklayer = TC_LINKLAYER_ETHERNET};
}

/* A bucket of BUCKET_NS, but not less than a packet. */
static uint32_t bucket_ticks(uint64_t rate)
{
	uint64_t packet = UINT64_C(1000000000) * QUANTUM_LEAST / rate;

	return (uint32_t)((packet > BUCKET_NS ? packet : BUCKET_NS) / NS_PER_TICK);
}

struct nlmsghdr *shaper_encode_class(void *buf, uint32_t interface,
				     const struct queue_class *class)
{
	uint16_t parent = class->parent;
	struct nlmsghdr *m =
		begin(buf, RTM_NEWTCLASS, NLM_F_CREATE,
		      (struct tcmsg){.tcm_ifindex = (int)interface,
				     .tcm_handle = class_handle(class->minor),
				     .tcm_parent = class_handle(parent)});
	const struct tc_htb_opt opt = {.rate = rate_spec(class->rate),
				       .ceil = rate_spec(class->ceil),
				       .buffer = bucket_ticks(class->rate),
				       .cbuffer = bucket_ticks(class->ceil),
				       .quantum = class->ceil == QUEUE_UNLIMITED
							  ? QUANTUM_MOST
							  : QUANTUM_LEAST};
	struct nlattr *options;

	mnl_attr_put_strz(m, TCA_KIND, "htb");
	options = mnl_attr_nest_start(m, TCA_OPTIONS);
	if (class->rate > UINT32_MAX)
		mnl_attr_put_u64(m, TCA_HTB_RATE64, class->rate);
	if (class->ceil > UINT32_MAX)
		mnl_attr_put_u64(m, TCA_HTB_CEIL64, class->ceil);
	mnl_attr_put(m, TCA_HTB_PARMS, sizeof(opt), &opt);
	mnl_attr_nest_end(m, options);
	return m;
}

struct nlmsghdr *shaper_encode_class_removal(void *buf, uint32_t interface,
					     const struct queue_class *class)
{
	return begin(buf, RTM_DELTCLASS, 0,
		     (struct tcmsg){.tcm_ifindex = (int)interface,
				    .tcm_handle = class_handle(class->minor)});
}

/* --- leaves ------------------------------------------------------------------- */

static uint32_t leaf_bytes(const struct queue_class *class)
{
	uint64_t bytes = class->ceil / LEAF_SECOND_PART;

	if (bytes < LEAF_BYTES_LEAST)
		return LEAF_BYTES_LEAST;
	return bytes < UINT32_MAX / 2 ? (uint32_t)bytes : UINT32_MAX / 2;
}

static uint32_t leaf_packets(const struct queue_class *class)
{
	uint32_t packets = leaf_bytes(class) / LEAF_PACKET_BYTES;

	return packets < LEAF_PACKETS_MOST ? packets : LEAF_PACKETS_MOST;
}

static void put_fq_codel(struct nlmsghdr *m, const struct queue_class *class)
{
	uint64_t target = UINT64_C(1500000) * QUANTUM_LEAST / class->ceil;

	if (target < CODEL_TARGET_LEAST_US)
		target = CODEL_TARGET_LEAST_US;
	if (target > UINT32_MAX / CODEL_INTERVAL_FACTOR)
		target = UINT32_MAX / CODEL_INTERVAL_FACTOR;
	mnl_attr_put_u32(m, TCA_FQ_CODEL_LIMIT, leaf_packets(class));
	mnl_attr_put_u32(m, TCA_FQ_CODEL_TARGET, (uint32_t)target);
	mnl_attr_put_u32(m, TCA_FQ_CODEL_INTERVAL,
			 (uint32_t)target * CODEL_INTERVAL_FACTOR);
}

const char *shaper_leaf_kind(enum shaper_leaf kind)
{
	static const char *const names[LEAF_COUNT] = {
		[LEAF_FQ_CODEL] = "fq_codel", [LEAF_FQ] = "fq", [LEAF_FIFO] = "bfifo"};

	return names[kind];
}

struct nlmsghdr *shaper_encode_leaf(void *buf, uint32_t interface,
				    const struct queue_class *class,
				    enum shaper_leaf kind)
{
	struct nlmsghdr *m =
		begin(buf, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE,
		      (struct tcmsg){.tcm_ifindex = (int)interface,
				     .tcm_handle = leaf_handle(class->minor),
				     .tcm_parent = class_handle(class->minor)});
	const struct tc_fifo_qopt fifo = {.limit = leaf_bytes(class)};
	struct nlattr *options;

	mnl_attr_put_strz(m, TCA_KIND, shaper_leaf_kind(kind));
	if (kind == LEAF_FIFO) { /* its options are no attributes */
		mnl_attr_put(m, TCA_OPTIONS, sizeof(fifo), &fifo);
		return m;
	}
	options = mnl_attr_nest_start(m, TCA_OPTIONS);
	if (kind == LEAF_FQ_CODEL)
		put_fq_codel(m, class);
	else
		mnl_attr_put_u32(m, TCA_FQ_PLIMIT, leaf_packets(class));
	mnl_attr_nest_end(m, options);
	return m;
}
