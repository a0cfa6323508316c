/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nft_callers.h"
#include "kernel/nft_encode.h"
#include "kernel/nft_handle.h"
#include "kernel/nft_hold.h"
#include "kernel/nft_nat.h"
#include "kernel/nft_rules.h"
#include "kernel/nft_sets.h"
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#define BUFFER_SIZE_FIRST (64 * 1024)
#define BUFFER_SIZE_MAX (16 * 1024 * 1024)
/* One answer for each refused message, each charged at about a kilobyte. */
#define RECEIVE_BUFFER_SIZE (8 * 1024 * 1024)

/* --- transactions ------------------------------------------------------------- */

/*
 * Message `index` of a transaction has sequence number `first` + index: the batch's
 * begin is 0, a step's messages share that of the step, counted from 1.
 */
struct answers {
	uint32_t first, count;
	bool is_complete; /* the last message was answered */
	int error;	  /* the first one, 0 when there is none */
	uint32_t index;	  /* whose it is */
	uint16_t type;	  /* of the refused message */
	uint32_t refused; /* bit I: one with index I, below 32, was refused */
};

/* Doubles the buffer, keeping its content. */
static int buffer_grow(struct nft_buffer *buf)
{
	size_t size = buf->size ? buf->size * 2 : BUFFER_SIZE_FIRST;
	uint8_t *grown;

	if (size > BUFFER_SIZE_MAX)
		return -ENOBUFS;
	grown = realloc(buf->data, size);
	if (!grown)
		return -ENOMEM;
	/* libmnl skips over padding; the kernel shall not read what nobody wrote. */
	memset(grown + buf->size, 0, size - buf->size);
	buf->data = grown;
	buf->size = size;
	return 0;
}

static int batch_begin(struct nft *n, struct answers *ret_answers)
{
	struct nft_buffer *buf = &n->buffer;
	int r = buf->data ? 0 : buffer_grow(buf);

	if (r < 0)
		return r;
	*ret_answers = (struct answers){.first = n->seq};
	buf->used = nftnl_batch_begin((char *)buf->data, n->seq)->nlmsg_len;
	buf->seq = n->seq + 1;
	return 0;
}

static int batch_put_end(struct nft_buffer *buf)
{
	int r = buf->size - buf->used < NFT_MESSAGE_ROOM ? buffer_grow(buf) : 0;

	if (r < 0)
		return r;
	buf->used +=
		nftnl_batch_end((char *)buf->data + buf->used, buf->seq)->nlmsg_len;
	return 0;
}

/* Asks for an answer to the last message: having it proves that no other is missing. */
static void batch_request_answer(struct nft_buffer *buf)
{
	struct nlmsghdr *message = (struct nlmsghdr *)(void *)buf->data, *last = NULL;
	int left = (int)buf->used;

	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
		last = message;
	if (last)
		last->nlmsg_flags |= NLM_F_ACK;
}

/* The kernel takes a transaction in one piece or not at all. */
static void socket_make_room(struct nft *n)
{
	int fd = mnl_socket_get_fd(n->socket), wanted = (int)n->buffer.size;

	if (wanted <= n->send_size)
		return;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &wanted, sizeof(wanted)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof(wanted));
	n->send_size = wanted;
}

static void answer_take(struct answers *a, const struct nlmsghdr *message)
{
	const struct nlmsgerr *answer = mnl_nlmsg_get_payload(message);
	uint32_t index = message->nlmsg_seq - a->first;

	/* Answers to an earlier transaction that failed are of no interest. */
	if (message->nlmsg_type != NLMSG_ERROR || index >= a->count ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*answer))
		return;
	if (answer->error && index < 32)
		a->refused |= 1u << index;
	if (answer->error && !a->error) {
		a->error = answer->error;
		a->index = index;
		a->type = answer->msg.nlmsg_type & 0xff;
	}
	if (answer->msg.nlmsg_flags & NLM_F_ACK)
		a->is_complete = true;
}

/* All answers are there when sending returns. 0, or the error of the socket. */
static int answers_read(struct nft *n, struct answers *a)
{
	for (;;) {
		ssize_t got =
			mnl_socket_recvfrom(n->socket, n->answer, sizeof(n->answer));
		const struct nlmsghdr *message = (const void *)n->answer;
		int left = (int)got;

		if (got < 0 && errno == EAGAIN)
			return 0;
		if (got < 0 && (errno == EINTR || errno == ENOBUFS))
			continue; /* what is lost makes `is_complete` stay false */
		if (got < 0)
			return -errno;
		for (; mnl_nlmsg_ok(message, left);
		     message = mnl_nlmsg_next(message, &left))
			answer_take(a, message);
	}
}

/* Sends what is in the buffer; `is_final` ends the batch, else the kernel checks it all
 * and takes it back. 0 when the kernel answered, whatever it said. */
static int batch_send(struct nft *n, bool is_final, struct answers *a)
{
	struct nft_buffer *buf = &n->buffer;
	int r;

	a->count = buf->seq - a->first;
	n->seq = buf->seq + 1;
	batch_request_answer(buf);
	r = is_final ? batch_put_end(buf) : 0;
	if (r < 0)
		return r;
	socket_make_room(n);
	if (mnl_socket_sendto(n->socket, buf->data, buf->used) < 0)
		return -errno;
	r = answers_read(n, a);
	if (r < 0)
		return r;
	return a->is_complete || a->error ? 0 : -ENOBUFS;
}

/* --- open and close ----------------------------------------------------------- */

enum probe_index {
	PROBE_OWNER = 1,
	PROBE_TABLE,
	PROBE_SETS,
	PROBE_SOCKET,
	PROBE_REJECT,
	PROBE_QUEUE,
	PROBE_QUEUE_TARGET,
	PROBE_QUOTA,
	PROBE_NAT,
	PROBE_COUNT
};

/* The real messages in a batch without an end: checked in full, never in force. */
static int probe_encode(struct nft_buffer *buf, uint32_t first)
{
	struct nft_features all = {.has_socket_cgroupv2 = true, .has_reject = true};
	const struct plan_step quota = {.kind = STEP_QUOTA_ADD, .quota.bytes = 1};
	struct plan_cgroup cgroup = {.level = 1};
	struct plan wanted;
	struct nft_encoder e = {.buf = buf, .features = &all, .wanted = &wanted};

	plan_init(&wanted);
	wanted.cgroups = &cgroup;
	wanted.cgroup_count = 1;
	buf->seq = first + PROBE_OWNER;
	e.table = "relaywarden_probe_owner";
	nft_put_table(&e, NFT_MSG_NEWTABLE, NLM_F_CREATE, NFT_TABLE_F_OWNER);
	buf->seq = first + PROBE_TABLE;
	e.table = "relaywarden_probe";
	nft_put_table(&e, NFT_MSG_NEWTABLE, NLM_F_CREATE, 0);
	nft_put_chain(&e, nft_side_of(DIRECTION_IN)->mark_chain);
	buf->seq = first + PROBE_SETS;
	nft_sets_create(&e);
	buf->seq = first + PROBE_SOCKET;
	nft_rules_mark(&e, DIRECTION_IN);
	buf->seq = first + PROBE_REJECT;
	nft_put_chain(&e, nft_side_of(DIRECTION_IN)->refuse_chain);
	nft_put_counter(&e, NFT_UNLISTED_COUNTER);
	nft_rules_refuse(&e, DIRECTION_IN);
	buf->seq = first + PROBE_QUEUE_TARGET;
	nft_rule_queue(&e, nft_side_of(DIRECTION_IN)->refuse_chain);
	all.has_queue = true;
	buf->seq = first + PROBE_QUEUE;
	nft_rule_queue(&e, nft_side_of(DIRECTION_IN)->refuse_chain);
	buf->seq = first + PROBE_QUOTA;
	nft_encode_quota(&e, &quota);
	buf->seq = first + PROBE_NAT;
	nft_put_nat(&e, true);
	buf->seq = first + PROBE_COUNT;
	return e.error;
}

static int nft_probe(struct nft *n)
{
	struct answers a;
	int r = batch_begin(n, &a);

	if (r == 0)
		r = probe_encode(&n->buffer, a.first);
	if (r == 0)
		r = batch_send(n, false, &a);
	if (r < 0)
		return r;
	/* Without nf_tables the kernel refuses the whole batch. */
	if (a.refused & (1u << 0))
		return a.error == -EOPNOTSUPP ? -EPROTONOSUPPORT : a.error;
	if (a.refused & (1u << PROBE_TABLE))
		return a.error;
	n->features.has_owner_flag = !(a.refused & (1u << PROBE_OWNER));
	n->features.has_object_maps = !(a.refused & (1u << PROBE_SETS));
	n->features.has_quota = !(a.refused & (1u << PROBE_QUOTA));
	n->features.has_reject = !(a.refused & (1u << PROBE_REJECT));
	n->features.has_queue = !(a.refused & (1u << PROBE_QUEUE));
	n->features.has_queue_target = !(a.refused & (1u << PROBE_QUEUE_TARGET));
	n->features.has_masquerade = !(a.refused & (1u << PROBE_NAT));
	n->features.has_socket_cgroupv2 = !(a.refused & (1u << PROBE_SOCKET));
	return 0;
}

static int socket_open(struct nft *n)
{
	int on = 1, size = RECEIVE_BUFFER_SIZE, fd;

	/* It never blocks: the kernel answers before sending returns. */
	n->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!n->socket)
		return -errno;
	if (mnl_socket_bind(n->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	fd = mnl_socket_get_fd(n->socket);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	/* An answer need not repeat the message. */
	if (mnl_socket_setsockopt(n->socket, NETLINK_CAP_ACK, &on, sizeof(on)) < 0)
		return -errno;
	return 0;
}

int nft_open(const char *table, struct nft **ret_nft)
{
	struct nft *n;
	int r;

	if (!table[0] || strlen(table) >= NFT_TABLE_NAME_MAX)
		return -EINVAL;
	n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	strcpy(n->table, table);
	n->seq = 1;
	r = socket_open(n);
	if (r == 0)
		r = nft_probe(n);
	if (r < 0) {
		nft_close(n);
		return r;
	}
	*ret_nft = n;
	return 0;
}

void nft_close(struct nft *n)
{
	if (!n)
		return;
	if (n->socket)
		mnl_socket_close(n->socket);
	free(n->buffer.data);
	free(n);
}

const struct nft_features *nft_features(const struct nft *n)
{
	return &n->features;
}

/* --- commit ------------------------------------------------------------------- */

static const char *message_name(uint16_t type)
{
	switch (type) {
	case NFT_MSG_NEWTABLE:
	case NFT_MSG_DELTABLE:
		return "the table itself";
	case NFT_MSG_NEWCHAIN:
		return "a chain";
	case NFT_MSG_NEWSET:
		return "a set or map";
	case NFT_MSG_NEWRULE:
	case NFT_MSG_DELRULE:
		return "a rule";
	default:
		return "the transaction";
	}
}

static void step_describe(const struct nft *n, const struct plan_step *s, uint16_t type,
			  char *buf, size_t size)
{
	char name[NFT_NAME_SIZE], address[ADDR_STRLEN];

	switch (s->kind) {
	case STEP_CREATE:
		snprintf(buf, size, "table inet %s, %s", n->table, message_name(type));
		return;
	case STEP_APP_ADD:
	case STEP_APP_REMOVE:
		snprintf(buf, size, "counters in_%u and out_%u", s->number, s->number);
		return;
	case STEP_REFUSED_ADD:
	case STEP_REFUSED_REMOVE:
		snprintf(buf, size, "counters refused_in_%u and refused_out_%u",
			 s->number, s->number);
		return;
	case STEP_CUT_ADD:
	case STEP_CUT_REMOVE:
		snprintf(buf, size, "cut of application %u", s->number);
		return;
	case STEP_LIMIT_ADD:
	case STEP_LIMIT_REMOVE:
		snprintf(buf, size, "limit %s", nft_limit_name(s, name));
		return;
	case STEP_QUOTA_ADD:
	case STEP_QUOTA_REMOVE:
		snprintf(buf, size, "quota %s", nft_quota_name(s->number, name));
		return;
	case STEP_QUOTAS_SET:
		snprintf(buf, size, "the chains for quotas");
		return;
	case STEP_NAT_ADD:
	case STEP_NAT_REMOVE:
		snprintf(buf, size, "the chain that masquerades");
		return;
	case STEP_NAT_APP_ADD:
	case STEP_NAT_APP_REMOVE:
		snprintf(buf, size, "symmetric_nat of application %u", s->number);
		return;
	case STEP_PORT_ADD:
	case STEP_PORT_REMOVE:
		snprintf(buf, size, "port %u of protocol %u", s->port.port,
			 s->port.proto);
		return;
	case STEP_CGROUP_ADD:
	case STEP_CGROUP_REMOVE:
		snprintf(buf, size, "cgroup %llu at level %u",
			 (unsigned long long)s->cgroup.id, s->cgroup.level);
		return;
	case STEP_GUEST_ADD:
	case STEP_GUEST_REMOVE:
		snprintf(buf, size, "guest %s", addr_format(&s->guest.addr, address));
		return;
	case STEP_FORWARD_ADD:
	case STEP_FORWARD_REMOVE:
		snprintf(buf, size, "the chain for what is forwarded");
		return;
	case STEP_TRUSTED_SET:
		snprintf(buf, size, "the trusted networks");
		return;
	case STEP_LEVELS_SET:
		snprintf(buf, size, "the marking rules");
		return;
	case STEP_CUTTING_SET:
		snprintf(buf, size, "the cutting rules");
		return;
	case STEP_CLASS_ADD:
	case STEP_CLASS_REMOVE:
		snprintf(buf, size, "class %x:%x", s->priority >> 16,
			 s->priority & 0xffff);
		return;
	case STEP_GUARD_ADD:
	case STEP_GUARD_REMOVE:
		snprintf(buf, size, "counters guarded_in_%u and guarded_out_%u",
			 s->number, s->number);
		return;
	case STEP_SHAPING_SET:
		snprintf(buf, size, "the uplinks and the rules before the limits");
		return;
	}
	snprintf(buf, size, "an unknown step");
}

/* The kernel says EPERM both to a socket without CAP_NET_ADMIN, at the begin of the
 * batch, and to one that touches another's table, at the message that does. */
static int answers_explain(const struct nft *n, const struct answers *a,
			   const struct plan_steps *steps, char *ret_what, size_t size)
{
	char step[128];

	if (!a->index || a->index > steps->count) {
		snprintf(ret_what, size, "transaction: %s", strerror(-a->error));
		return a->error;
	}
	if (a->error == -EPERM) {
		snprintf(ret_what, size,
			 "another agent owns table inet %s; stop it first", n->table);
		return -EEXIST;
	}
	step_describe(n, &steps->items[a->index - 1], a->type, step, sizeof(step));
	snprintf(ret_what, size, "%s: %s", step, strerror(-a->error));
	return a->error;
}

static int steps_encode(struct nft *n, const struct plan *wanted,
			const struct plan_steps *steps)
{
	for (size_t i = 0; i < steps->count;) {
		int r = nft_encode_step(&n->buffer, n->table, &n->features, wanted,
					&steps->items[i]);

		if (r == 0)
			i++;
		else if (r == -ENOBUFS)
			r = buffer_grow(&n->buffer);
		if (r < 0)
			return r;
	}
	return 0;
}

int nft_commit(struct nft *n, const struct plan *wanted, const struct plan_steps *steps,
	       char *ret_what, size_t size)
{
	struct answers a;
	int r;

	if (!steps->count)
		return 0;
	r = batch_begin(n, &a);
	if (r == 0)
		r = steps_encode(n, wanted, steps);
	if (r == 0)
		r = batch_send(n, true, &a);
	if (r < 0) {
		snprintf(ret_what, size, "transaction of %zu steps: %s", steps->count,
			 strerror(-r));
		return r;
	}
	return a.error ? answers_explain(n, &a, steps, ret_what, size) : 0;
}

int nft_remove(struct nft *n)
{
	struct nft_encoder e = {.buf = &n->buffer, .table = n->table};
	struct answers a;
	int r = batch_begin(n, &a);

	if (r < 0)
		return r;
	nft_put_table(&e, NFT_MSG_DELTABLE, 0, 0);
	e.buf->seq++;
	r = e.error ? e.error : batch_send(n, true, &a);
	if (r < 0)
		return r;
	if (a.error == -EPERM && a.index)
		return -EEXIST;
	if (a.error == -ENOENT)
		return 0;
	return a.error ? a.error : 1;
}
