/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/queue.h"
#include "core/packet.h"
#include "kernel/nlread.h"
#include <arpa/inet.h>
#include <errno.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>

/* Answered before the loop looks at anything else. */
#define BATCH_MAX 64
/* The longest headers of IPv4 and TCP, or those of IPv6 and some extensions. */
#define HEADERS_SIZE 120
/* A message takes less than two kilobytes of it. */
#define RECEIVE_BUFFER_SIZE (QUEUE_LENGTH_MAX * 2048)
#define REQUEST_SIZE 256

struct queue {
	struct mnl_socket *socket;
	queue_callback *callback;
	void *context;
	uint16_t number;
	uint32_t seq;
	struct queue_stats stats;
	_Alignas(struct nlmsghdr) uint8_t buf[NLREAD_SIZE];
};

/* --- packets and verdicts --------------------------------------------------------- */

/* From the headers alone; the remote side has sent it. */
static bool read_key(const struct nlattr *payload, const struct nlattr *whole,
		     struct flow_key *key)
{
	uint32_t size = payload ? mnl_attr_get_payload_len(payload) : 0, wire_size;
	struct packet p;

	/* It is told where the packet is longer than what was copied. */
	wire_size = nlread_payload(whole, &wire_size, sizeof(wire_size))
			    ? ntohl(wire_size)
			    : size;
	if (!payload ||
	    packet_parse(PACKET_LINK_RAW, mnl_attr_get_payload(payload), size,
			 wire_size, &p) < 0 ||
	    !p.has_ports)
		return false;
	*key = (struct flow_key){.local = p.destination,
				 .remote = p.source,
				 .local_port = p.destination_port,
				 .remote_port = p.source_port,
				 .proto = p.proto};
	return true;
}

int queue_parse(const struct nlmsghdr *message, struct queue_packet *ret_packet)
{
	const size_t skip = sizeof(struct nfgenmsg);
	const struct nlattr *attrs[NFQA_MAX + 1];
	struct nfqnl_msg_packet_hdr header;
	struct queue_packet p = {0};

	if (message->nlmsg_type != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET) ||
	    message->nlmsg_len < NLMSG_HDRLEN + skip)
		return -ENOMSG;
	nlread_attrs((const uint8_t *)mnl_nlmsg_get_payload(message) + skip,
		     message->nlmsg_len - NLMSG_HDRLEN - skip, attrs, NFQA_MAX);
	if (!nlread_payload(attrs[NFQA_PACKET_HDR], &header, sizeof(header)))
		return -EINVAL;
	p.id = ntohl(header.packet_id);
	/* None is zero. */
	nlread_payload(attrs[NFQA_MARK], &p.mark, sizeof(p.mark));
	p.mark = ntohl(p.mark);
	p.has_key = read_key(attrs[NFQA_PAYLOAD], attrs[NFQA_CAP_LEN], &p.key);
	*ret_packet = p;
	return 0;
}

struct nlmsghdr *queue_put_verdict(char *buf, uint16_t number, uint32_t id,
				   uint32_t mark)
{
	struct nlmsghdr *message = nfq_nlmsg_put(buf, NFQNL_MSG_VERDICT, number);

	nfq_nlmsg_verdict_put(message, (int)id, NF_REPEAT);
	nfq_nlmsg_verdict_put_mark(message, mark);
	return message;
}

static void answer_message(struct queue *q, const struct nlmsghdr *message)
{
	_Alignas(struct nlmsghdr) char buf[QUEUE_VERDICT_SIZE];
	const struct nlmsghdr *verdict;
	struct queue_packet p;

	if (queue_parse(message, &p) < 0)
		return;
	q->stats.packets++;
	p.mark |= q->callback(q->context, p.has_key ? &p.key : NULL);
	verdict = queue_put_verdict(buf, q->number, p.id, p.mark);
	/* One that could not be sent stays among the QUEUE_LENGTH_MAX. */
	mnl_socket_sendto(q->socket, verdict, verdict->nlmsg_len);
}

void queue_handle(struct queue *q)
{
	for (int i = 0; i < BATCH_MAX; i++) {
		const struct nlmsghdr *message = (const void *)q->buf;
		size_t length;
		int left, r;

		r = nlread_receive(q->socket, q->buf, sizeof(q->buf), &length);
		if (r == -ENOBUFS)
			q->stats.lost++;
		if (r < 0)
			return;
		left = (int)length;
		for (; mnl_nlmsg_ok(message, left);
		     message = mnl_nlmsg_next(message, &left))
			answer_message(q, message);
	}
}

/* --- opening and closing ---------------------------------------------------------- */

static void take_nothing(void *context, const struct nlmsghdr *message)
{
	(void)context;
	(void)message;
}

/* Sends a request that is to be acknowledged; packets that come meanwhile are passed
 * over, so only before anything is queued. */
static int request(struct queue *q, struct nlmsghdr *message)
{
	struct nlread answers = {.seq = ++q->seq};
	size_t length;
	int r;

	message->nlmsg_flags |= NLM_F_ACK;
	message->nlmsg_seq = q->seq;
	if (mnl_socket_sendto(q->socket, message, message->nlmsg_len) < 0)
		return -errno;
	do {
		/* The kernel answers before sending returns. */
		r = nlread_receive(q->socket, q->buf, sizeof(q->buf), &length);
		if (r == 0)
			r = nlread_walk(&answers, q->buf, length, take_nothing, NULL);
	} while (r == 0);
	return r < 0 ? r : 0;
}

static void put_flags(struct nlmsghdr *message, uint32_t flags, uint32_t mask)
{
	mnl_attr_put_u32(message, NFQA_CFG_FLAGS, htonl(flags));
	mnl_attr_put_u32(message, NFQA_CFG_MASK, htonl(mask));
}

/* Only the number's owner, and one alone, may have it. */
static int bind_number(struct queue *q)
{
	_Alignas(struct nlmsghdr) char buf[REQUEST_SIZE];
	struct nlmsghdr *message = nfq_nlmsg_put(buf, NFQNL_MSG_CONFIG, q->number);
	int r;

	nfq_nlmsg_cfg_put_cmd(message, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
	r = request(q, message);
	if (r == -EINVAL)
		return -EPROTONOSUPPORT;
	return r == -EPERM ? -EBUSY : r;
}

static int configure(struct queue *q)
{
	const uint32_t flags = NFQA_CFG_F_FAIL_OPEN | NFQA_CFG_F_GSO;
	_Alignas(struct nlmsghdr) char buf[REQUEST_SIZE];
	struct nlmsghdr *message = nfq_nlmsg_put(buf, NFQNL_MSG_CONFIG, q->number);

	nfq_nlmsg_cfg_put_params(message, NFQNL_COPY_PACKET, HEADERS_SIZE);
	nfq_nlmsg_cfg_put_qmaxlen(message, QUEUE_LENGTH_MAX);
	put_flags(message, flags, flags);
	return request(q, message);
}

static int socket_open(struct queue *q)
{
	int on = 1, size = RECEIVE_BUFFER_SIZE, fd;

	q->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!q->socket || mnl_socket_bind(q->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	fd = mnl_socket_get_fd(q->socket);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	/* An answer need not repeat the message. */
	return mnl_socket_setsockopt(q->socket, NETLINK_CAP_ACK, &on, sizeof(on)) < 0
		       ? -errno
		       : 0;
}

int queue_open(uint16_t number, queue_callback *callback, void *context,
	       struct queue **ret_queue)
{
	struct queue *q = calloc(1, sizeof(*q));
	int r;

	if (!q)
		return -ENOMEM;
	q->number = number;
	q->callback = callback;
	q->context = context;
	r = socket_open(q);
	if (r == 0)
		r = bind_number(q);
	if (r == 0)
		r = configure(q);
	if (r < 0) {
		queue_close(q);
		return r;
	}
	*ret_queue = q;
	return 0;
}

void queue_close(struct queue *q)
{
	if (!q)
		return;
	if (q->socket)
		mnl_socket_close(q->socket);
	free(q);
}

int queue_fd(const struct queue *q)
{
	return mnl_socket_get_fd(q->socket);
}

int queue_set_closed(struct queue *q, bool is_closed)
{
	_Alignas(struct nlmsghdr) char buf[REQUEST_SIZE];
	struct nlmsghdr *message = nfq_nlmsg_put(buf, NFQNL_MSG_CONFIG, q->number);

	put_flags(message, is_closed ? 0 : NFQA_CFG_F_FAIL_OPEN, NFQA_CFG_F_FAIL_OPEN);
	/* Without an acknowledgement: packets may be on their way. */
	return mnl_socket_sendto(q->socket, message, message->nlmsg_len) < 0 ? -errno
									     : 0;
}

const struct queue_stats *queue_stats(const struct queue *q)
{
	return &q->stats;
}
