/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One blocking NETLINK_SOCK_DIAG socket, for requests of the daemon alone.
 *
 * The kernel's exact look-up takes the tuple as the socket sees it for TCP
 * (inet_diag_find_one_icsk), and as an arriving packet would carry it for UDP
 * (udp_dump_one: "src and dst are swapped for historical reasons"). Either way an
 * answer is believed only when it fits the flow that was asked for.
 */
#include "kernel/sockdiag.h"
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define RECEIVE_SIZE 32768
#define REQUEST_MAX 128
#define RECEIVE_TIMEOUT_S 2 /* the kernel answers at once; this is for broken ones */

#define STATE_BIT(s) (1u << (s))

struct sockdiag {
	struct mnl_socket *socket;
	unsigned int port_id;
	uint32_t seq;
	char buffer[RECEIVE_SIZE];
};

int sockdiag_open(struct sockdiag **ret_sockdiag)
{
	struct timeval timeout = {.tv_sec = RECEIVE_TIMEOUT_S};
	struct sockdiag *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	if (!s->socket || mnl_socket_bind(s->socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    setsockopt(mnl_socket_get_fd(s->socket), SOL_SOCKET, SO_RCVTIMEO, &timeout,
		       sizeof(timeout)) < 0) {
		err = -errno;
		sockdiag_close(s);
		return err;
	}
	s->port_id = mnl_socket_get_portid(s->socket);
	*ret_sockdiag = s;
	return 0;
}

void sockdiag_close(struct sockdiag *s)
{
	if (!s)
		return;
	if (s->socket)
		mnl_socket_close(s->socket);
	free(s);
}

/* --- requests --------------------------------------------------------------------- */

static void put_addr(__be32 to[4], const struct addr *a, uint8_t family)
{
	memset(to, 0, 16);
	if (family == AF_INET)
		memcpy(to, a->b + 12, 4);
	else
		memcpy(to, a->b, 16);
}

static int send_message(struct sockdiag *s, uint16_t flags, const void *request,
			size_t size)
{
	uint32_t buf[REQUEST_MAX / sizeof(uint32_t)];
	struct nlmsghdr *m = mnl_nlmsg_put_header(buf);

	m->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	m->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	m->nlmsg_seq = ++s->seq;
	memcpy(mnl_nlmsg_put_extra_header(m, size), request, size);
	if (mnl_socket_sendto(s->socket, m, m->nlmsg_len) < 0)
		return -errno;
	return 0;
}

static int send_request(struct sockdiag *s, uint16_t flags,
			const struct inet_diag_req_v2 *request)
{
	return send_message(s, flags, request, sizeof(*request));
}

static void make_exact_request(const struct flow_key *key, bool as_packet,
			       struct inet_diag_req_v2 *r)
{
	uint8_t family = addr_is_ipv4(&key->local) ? AF_INET : AF_INET6;
	const struct addr *source = as_packet ? &key->remote : &key->local;
	const struct addr *destination = as_packet ? &key->local : &key->remote;

	memset(r, 0, sizeof(*r));
	r->sdiag_family = family;
	r->sdiag_protocol = key->proto;
	r->idiag_states = UINT32_MAX;
	put_addr(r->id.idiag_src, source, family);
	put_addr(r->id.idiag_dst, destination, family);
	r->id.idiag_sport = htons(as_packet ? key->remote_port : key->local_port);
	r->id.idiag_dport = htons(as_packet ? key->local_port : key->remote_port);
	r->id.idiag_cookie[0] = r->id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
}

/* --- answers ---------------------------------------------------------------------- */

static struct addr get_addr(const __be32 from[4], uint8_t family)
{
	return family == AF_INET ? addr_from_ipv4(from[0]) : addr_from_ipv6(from);
}

static bool addr_is_any(const struct addr *a)
{
	static const uint8_t zero[16];

	if (addr_is_ipv4(a))
		return addr_ipv4(a) == 0;
	return memcmp(a->b, zero, sizeof(zero)) == 0;
}

static int take_attribute(const struct nlattr *attribute, void *context)
{
	struct sockdiag_socket *s = context;

	if (mnl_attr_get_type(attribute) == INET_DIAG_CGROUP_ID &&
	    mnl_attr_get_payload_len(attribute) == sizeof(uint64_t))
		s->cgroup_id = mnl_attr_get_u64(attribute);
	return MNL_CB_OK;
}

static int parse_socket(const struct nlmsghdr *message, uint8_t proto,
			struct sockdiag_socket *ret_socket)
{
	const struct inet_diag_msg *d = mnl_nlmsg_get_payload(message);
	struct sockdiag_socket s = {0};

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*d) ||
	    (d->idiag_family != AF_INET && d->idiag_family != AF_INET6))
		return -EPROTO;
	s.key.local = get_addr(d->id.idiag_src, d->idiag_family);
	s.key.remote = get_addr(d->id.idiag_dst, d->idiag_family);
	s.key.local_port = ntohs(d->id.idiag_sport);
	s.key.remote_port = ntohs(d->id.idiag_dport);
	s.key.proto = proto;
	s.inode = d->idiag_inode;
	s.uid = d->idiag_uid;
	s.is_listener = proto == IPPROTO_TCP ? d->idiag_state == TCP_LISTEN
					     : s.key.remote_port == 0;
	s.is_wildcard = addr_is_any(&s.key.local);
	mnl_attr_parse(message, (unsigned int)sizeof(*d), take_attribute, &s);
	*ret_socket = s;
	return 0;
}

static ssize_t receive(struct sockdiag *s)
{
	ssize_t n;

	do
		n = mnl_socket_recvfrom(s->socket, s->buffer, sizeof(s->buffer));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return n;
}

static int message_error(const struct nlmsghdr *message)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(message);

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*e) || e->error >= 0)
		return -EPROTO;
	return e->error;
}

/* One request, one reply; replies to requests that timed out earlier are passed over.
 */
static int ask(struct sockdiag *s, const struct inet_diag_req_v2 *request,
	       struct sockdiag_socket *ret_socket)
{
	int err = send_request(s, 0, request);

	while (err == 0) {
		const struct nlmsghdr *message = (const void *)s->buffer;
		ssize_t n = receive(s);

		if (n < 0)
			return (int)n;
		if (!mnl_nlmsg_ok(message, (int)n))
			return -EPROTO;
		if (message->nlmsg_seq != s->seq)
			continue;
		if (message->nlmsg_type == NLMSG_ERROR)
			return message_error(message);
		return parse_socket(message, request->sdiag_protocol, ret_socket);
	}
	return err;
}

/* Whether the flow is this socket's: the kernel was free to find another. */
static bool socket_fits(const struct sockdiag_socket *s, const struct flow_key *key)
{
	if (s->key.local_port != key->local_port ||
	    (!s->is_wildcard && !addr_equal(&s->key.local, &key->local)))
		return false;
	if (s->key.remote_port == 0)
		return true;
	return s->key.remote_port == key->remote_port &&
	       addr_equal(&s->key.remote, &key->remote);
}

static int ask_fitting(struct sockdiag *s, const struct flow_key *key, bool as_packet,
		       struct sockdiag_socket *ret_socket)
{
	struct sockdiag_socket found;
	struct inet_diag_req_v2 request;
	int err;

	make_exact_request(key, as_packet, &request);
	err = ask(s, &request, &found);
	if (err < 0)
		return err;
	if (!socket_fits(&found, key))
		return -ENOENT;
	*ret_socket = found;
	return 0;
}

/*
 * A connection in its handshake or not yet accepted has no inode, nor has one that was
 * closed; the listener it came through has.
 */
static int find_listener(struct sockdiag *s, const struct flow_key *key,
			 struct sockdiag_socket *ret_socket)
{
	struct flow_key any = *key;

	any.remote = addr_is_ipv4(&key->local) ? addr_from_ipv4(0) : (struct addr){{0}};
	any.remote_port = 0;
	return ask_fitting(s, &any, false, ret_socket);
}

int sockdiag_find(struct sockdiag *s, const struct flow_key *key,
		  struct sockdiag_socket *ret_socket)
{
	bool as_packet = key->proto == IPPROTO_UDP;
	struct sockdiag_socket found, listener;
	int err;

	if (key->proto != IPPROTO_TCP && key->proto != IPPROTO_UDP)
		return -ENOENT;
	err = ask_fitting(s, key, as_packet, &found);
	/* Some kernels may not swap; the answer is checked, so asking does no harm. */
	if (err == -ENOENT && key->proto == IPPROTO_UDP)
		err = ask_fitting(s, key, !as_packet, &found);
	if (err < 0)
		return err;
	if (key->proto == IPPROTO_TCP && found.inode == 0 &&
	    find_listener(s, key, &listener) == 0)
		found = listener;
	*ret_socket = found;
	return 0;
}

/* --- dumps ------------------------------------------------------------------------ */

/* Hands over the sockets of one buffer. 1 at the end of the dump, 0 for more. */
static int take_dump_buffer(struct sockdiag *s, ssize_t n, uint8_t proto,
			    sockdiag_callback *callback, void *context)
{
	const struct nlmsghdr *message = (const void *)s->buffer;
	int left = (int)n;

	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
		struct sockdiag_socket found;

		if (message->nlmsg_seq != s->seq)
			continue;
		if (message->nlmsg_type == NLMSG_DONE)
			return 1;
		if (message->nlmsg_type == NLMSG_ERROR)
			return message_error(message);
		if (parse_socket(message, proto, &found) == 0)
			callback(context, &found);
	}
	return 0;
}

static int dump_family(struct sockdiag *s, uint8_t family, uint8_t proto,
		       uint32_t states, sockdiag_callback *callback, void *context)
{
	struct inet_diag_req_v2 request = {
		.sdiag_family = family,
		.sdiag_protocol = proto,
		.idiag_states = states,
	};
	int err = send_request(s, NLM_F_DUMP, &request);

	while (err == 0) {
		ssize_t n = receive(s);

		if (n < 0)
			return (int)n;
		err = take_dump_buffer(s, n, proto, callback, context);
	}
	return err < 0 ? err : 0;
}

int sockdiag_dump(struct sockdiag *s, bool listeners_only, sockdiag_callback *callback,
		  void *context)
{
	/* An unconnected UDP socket is in state CLOSE. */
	static const struct {
		uint8_t proto;
		uint32_t listening;
	} kinds[] = {{IPPROTO_TCP, STATE_BIT(TCP_LISTEN)},
		     {IPPROTO_UDP, STATE_BIT(TCP_CLOSE)}};
	static const uint8_t families[] = {AF_INET, AF_INET6};

	for (size_t k = 0; k < 2; k++) {
		uint32_t states = listeners_only ? kinds[k].listening : UINT32_MAX;

		for (size_t f = 0; f < 2; f++) {
			int err = dump_family(s, families[f], kinds[k].proto, states,
					      callback, context);

			/* A kernel without IPv6 has no such sockets either. */
			if (err < 0 && !(families[f] == AF_INET6 && err == -ENOENT))
				return err;
		}
	}
	return 0;
}

/* --- Unix sockets ----------------------------------------------------------------- */

static int take_unix_attribute(const struct nlattr *attribute, void *context)
{
	struct sockdiag_unix *u = context;

	if (mnl_attr_get_type(attribute) == UNIX_DIAG_NAME) {
		u->path = mnl_attr_get_payload(attribute);
		u->path_length = mnl_attr_get_payload_len(attribute);
		/* The kernel may count the NUL at its end. */
		while (u->path_length && !u->path[u->path_length - 1])
			u->path_length--;
	} else if (mnl_attr_get_type(attribute) == UNIX_DIAG_PEER &&
		   mnl_attr_get_payload_len(attribute) == sizeof(uint32_t)) {
		u->peer_inode = mnl_attr_get_u32(attribute);
	}
	return MNL_CB_OK;
}

/* 1 at the end of the dump, 0 for more, or -errno. */
static int take_unix_buffer(struct sockdiag *s, ssize_t n,
			    sockdiag_unix_callback *callback, void *context)
{
	const struct nlmsghdr *message = (const void *)s->buffer;
	int left = (int)n;

	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
		const struct unix_diag_msg *d = mnl_nlmsg_get_payload(message);
		struct sockdiag_unix u = {.path = ""};

		if (message->nlmsg_seq != s->seq)
			continue;
		if (message->nlmsg_type == NLMSG_DONE)
			return 1;
		if (message->nlmsg_type == NLMSG_ERROR)
			return message_error(message);
		if (mnl_nlmsg_get_payload_len(message) < sizeof(*d))
			continue;
		u.inode = d->udiag_ino;
		mnl_attr_parse(message, (unsigned int)sizeof(*d), take_unix_attribute,
			       &u);
		callback(context, &u);
	}
	return 0;
}

int sockdiag_dump_unix(struct sockdiag *s, sockdiag_unix_callback *callback,
		       void *context)
{
	const struct unix_diag_req request = {
		.sdiag_family = AF_UNIX,
		.udiag_states = STATE_BIT(TCP_ESTABLISHED),
		.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER,
	};
	int err = send_message(s, NLM_F_DUMP, &request, sizeof(request));

	while (err == 0) {
		ssize_t n = receive(s);

		if (n < 0)
			return (int)n;
		err = take_unix_buffer(s, n, callback, context);
	}
	return err < 0 ? err : 0;
}
