/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: one packet socket for its whole life, and a ring of memory while it captures.
 *
 * Stopped, nothing of it is on any packet's path: binding to protocol 0 does not take a
 * socket off again (the kernel reads it as "the one before"), so it is bound to an
 * EtherType that is reserved and never sent, behind a filter that drops all. The ring
 * goes too: it would keep its memory and a timer.
 */
#include "kernel/capture_internal.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A packet takes some 220 bytes of it: nine thousand wait there. */
#define RING_BLOCK_SIZE (64U * 1024)
#define RING_BLOCKS 32U
#define RING_SIZE ((size_t)RING_BLOCK_SIZE * RING_BLOCKS)
#define RING_FRAME_SIZE 2048U /* only has to divide a block */
#define RING_TIMEOUT_MS 20U   /* a block is handed over by then, full or not */

/* Behind a packet's header in the ring: who sent it. */
#define SENDER_OFFSET ((size_t)TPACKET_ALIGN((int)sizeof(struct tpacket3_hdr)))

#define PROTOCOL_NEVER_SENT 0xffff /* RFC 1701: reserved */

#define SECOND_NS 1000000000
#define CLOCK_TRIES 5
#define PATH_SILENCE_NS (SECOND_NS / 10)

/* The interface that shows one direction of a flow. */
struct path {
	int ifindex; /* 0: none yet */
	uint64_t last_ns;
};

struct captured_flow {
	struct flow_key key; /* first: found by it */
	struct path in, out;
};

struct capture {
	int fd;
	capture_callback *callback;
	void *context;
	uint8_t *ring; /* NULL while stopped */
	unsigned int block;
	unsigned int session;	   /* counts starts and stops */
	int64_t boottime_offset;   /* to be added to CLOCK_REALTIME */
	struct capture_stats done; /* not asked for yet */
	size_t flow_count;
	struct captured_flow flows[CAPTURE_FLOWS_MAX]; /* sorted by key */
};

/* --- the socket ------------------------------------------------------------------ */

static int set_filter(int fd, struct capture_filter *filter)
{
	struct sock_fprog program = {.len = filter->length, .filter = filter->code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) <
			       0
		       ? -errno
		       : 0;
}

static int drop_all(int fd)
{
	struct capture_filter filter;

	capture_filter_build(NULL, 0, &filter);
	return set_filter(fd, &filter);
}

static int bind_to(int fd, uint16_t protocol)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
				      .sll_protocol = htons(protocol)};

	return bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
}

static int set_ring(int fd, const struct tpacket_req3 *request)
{
	return setsockopt(fd, SOL_PACKET, PACKET_RX_RING, request, sizeof(*request)) < 0
		       ? -errno
		       : 0;
}

static int open_socket(int *ret_fd)
{
	int version = TPACKET_V3, r = 0;
	/* Protocol 0: it receives nothing. SOCK_DGRAM: packets begin with their IP
	 * header, whatever the link. */
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0)
		r = -errno;
	if (r == 0)
		r = drop_all(fd);
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

int capture_open(capture_callback *callback, void *context,
		 struct capture **ret_capture)
{
	struct capture *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->callback = callback;
	c->context = context;
	r = open_socket(&c->fd);
	if (r < 0) {
		free(c);
		return r;
	}
	*ret_capture = c;
	return 0;
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	if (c->ring)
		munmap(c->ring, RING_SIZE);
	close(c->fd);
	free(c);
}

int capture_fd(const struct capture *c)
{
	return c->fd;
}

/* --- start and stop -------------------------------------------------------------- */

static int64_t read_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * SECOND_NS + ts.tv_nsec;
}

/*
 * Exact to half the time between two readings, well below a microsecond. The two clocks
 * run at one rate, also through a suspend, so it holds until somebody sets the clock.
 */
static int64_t measure_boottime_offset(void)
{
	int64_t best = INT64_MAX, offset = 0;

	for (int i = 0; i < CLOCK_TRIES; i++) {
		int64_t before = read_clock(CLOCK_BOOTTIME);
		int64_t wall = read_clock(CLOCK_REALTIME);
		int64_t gap = read_clock(CLOCK_BOOTTIME) - before;

		if (gap >= best)
			continue;
		best = gap;
		offset = before + gap / 2 - wall;
	}
	return offset;
}

static int compare_flows(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct flow_key));
}

static void set_flows(struct capture *c, const struct flow_key *flows, size_t count)
{
	memset(c->flows, 0, sizeof(c->flows));
	for (size_t i = 0; i < count; i++)
		c->flows[i].key = flows[i];
	qsort(c->flows, count, sizeof(c->flows[0]), compare_flows);
	c->flow_count = count;
}

static int map_ring(struct capture *c)
{
	static const struct tpacket_req3 request = {
		.tp_block_size = RING_BLOCK_SIZE,
		.tp_block_nr = RING_BLOCKS,
		.tp_frame_size = RING_FRAME_SIZE,
		.tp_frame_nr = RING_SIZE / RING_FRAME_SIZE,
		.tp_retire_blk_tov = RING_TIMEOUT_MS,
	};
	int r = set_ring(c->fd, &request);
	void *ring;

	if (r < 0)
		return r;
	ring = mmap(NULL, RING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
	if (ring == MAP_FAILED)
		return -errno;
	c->ring = ring;
	c->block = 0;
	return 0;
}

/* The order matters: a packet that arrived when bound and without a ring would stay in
 * the socket's queue, and the descriptor readable for ever. */
static void take_off(struct capture *c)
{
	static const struct tpacket_req3 none;

	drop_all(c->fd);
	bind_to(c->fd, PROTOCOL_NEVER_SENT);
	if (c->ring)
		munmap(c->ring, RING_SIZE);
	c->ring = NULL;
	set_ring(c->fd, &none);
	c->flow_count = 0;
	c->session++;
}

void capture_stop(struct capture *c)
{
	if (c->ring)
		take_off(c);
}

int capture_start(struct capture *c, const struct flow_key *flows, size_t count)
{
	struct capture_filter filter;
	int r;

	if (count == 0)
		return -EINVAL;
	if (count > CAPTURE_FLOWS_MAX)
		return -E2BIG;
	capture_stop(c);
	set_flows(c, flows, count);
	c->boottime_offset = measure_boottime_offset();
	c->session++;
	capture_filter_build(flows, count, &filter);
	r = map_ring(c);
	if (r == 0)
		r = set_filter(c->fd, &filter);
	if (r == 0)
		r = bind_to(c->fd, ETH_P_ALL); /* less would not show what is sent */
	if (r < 0)
		take_off(c);
	return r;
}

/* The interfaces that showed a flow before are kept: it is the same flow. */
static void change_flows(struct capture *c, const struct flow_key *flows, size_t count)
{
	struct captured_flow before[CAPTURE_FLOWS_MAX];
	size_t before_count = c->flow_count;

	memcpy(before, c->flows, sizeof(before));
	set_flows(c, flows, count);
	for (size_t i = 0; i < count; i++) {
		const struct captured_flow *same =
			bsearch(&c->flows[i].key, before, before_count,
				sizeof(before[0]), compare_flows);

		if (same)
			c->flows[i] = *same;
	}
}

int capture_change(struct capture *c, const struct flow_key *flows, size_t count)
{
	struct capture_filter filter;
	int r;

	if (!c->ring || count == 0)
		return -EINVAL;
	if (count > CAPTURE_FLOWS_MAX)
		return -E2BIG;
	capture_filter_build(flows, count, &filter);
	r = set_filter(c->fd, &filter);
	if (r == 0)
		change_flows(c, flows, count);
	return r;
}

/* --- reading --------------------------------------------------------------------- */

/*
 * Where interfaces are stacked (bridge, bond, VRF) a packet passes several: the one
 * that showed this direction first counts, until it shows no more.
 */
static bool is_on_path(struct path *p, int ifindex, uint64_t time_ns)
{
	if (p->ifindex != ifindex) {
		if (p->ifindex && time_ns < p->last_ns + PATH_SILENCE_NS)
			return false;
		p->ifindex = ifindex;
	}
	p->last_ns = time_ns;
	return true;
}

static struct captured_flow *find_flow(struct capture *c, const struct flow_key *key)
{
	return bsearch(key, c->flows, c->flow_count, sizeof(c->flows[0]),
		       compare_flows);
}

/* What a guest sends comes in here, and what it gets goes out. */
static void turn(struct capture_packet *p)
{
	struct flow_key key = p->key;

	key.local = p->key.remote;
	key.local_port = p->key.remote_port;
	key.remote = p->key.local;
	key.remote_port = p->key.local_port;
	p->key = key;
	p->is_inbound = !p->is_inbound;
}

static bool is_wanted(struct capture *c, struct capture_packet *p, int ifindex)
{
	struct captured_flow *flow = find_flow(c, &p->key);

	if (!flow) {
		turn(p);
		flow = find_flow(c, &p->key);
	}
	return flow &&
	       is_on_path(p->is_inbound ? &flow->in : &flow->out, ifindex, p->time_ns);
}

static void take_packet(struct capture *c, const struct tpacket3_hdr *h)
{
	const uint8_t *bytes = (const uint8_t *)h;
	struct capture_packet p;
	struct sockaddr_ll from;

	memcpy(&from, bytes + SENDER_OFFSET, sizeof(from));
	if (from.sll_pkttype > PACKET_OUTGOING || from.sll_pkttype == PACKET_OTHERHOST)
		return;
	if (capture_parse(bytes + h->tp_net, h->tp_snaplen, h->tp_len,
			  from.sll_pkttype != PACKET_OUTGOING, &p) < 0) {
		c->done.unparsable++;
		return;
	}
	p.time_ns = (uint64_t)((int64_t)h->tp_sec * SECOND_NS + h->tp_nsec +
			       c->boottime_offset);
	if (p.length && is_wanted(c, &p, from.sll_ifindex))
		c->callback(c->context, &p);
}

int capture_read(struct capture *c)
{
	struct tpacket_block_desc *block;
	const struct tpacket3_hdr *h;
	unsigned int session = c->session;
	uint32_t count;

	if (!c->ring)
		return 0;
	block = (struct tpacket_block_desc *)(c->ring +
					      (size_t)c->block * RING_BLOCK_SIZE);
	if (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
	      TP_STATUS_USER))
		return 0;
	count = block->hdr.bh1.num_pkts;
	h = (const void *)((uint8_t *)block + block->hdr.bh1.offset_to_first_pkt);
	for (uint32_t i = 0; i < count; i++) {
		take_packet(c, h);
		/* The callback may have stopped it: then the ring is gone. */
		if (c->session != session)
			return 0;
		h = (const void *)((const uint8_t *)h + h->tp_next_offset);
	}
	__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL,
			 __ATOMIC_RELEASE);
	c->block = (c->block + 1) % RING_BLOCKS;
	return 0;
}

void capture_read_stats(struct capture *c, struct capture_stats *ret_stats)
{
	struct tpacket_stats_v3 kernel = {0};
	socklen_t size = sizeof(kernel);

	/* Reading sets the kernel's own to zero; its packets count the dropped too. */
	if (getsockopt(c->fd, SOL_PACKET, PACKET_STATISTICS, &kernel, &size) == 0) {
		c->done.packets += kernel.tp_packets;
		c->done.dropped += kernel.tp_drops;
	}
	*ret_stats = c->done;
	c->done = (struct capture_stats){0};
}
