/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ask.h"
#include "clock.h"
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union socket_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t to_socket(const struct ask_peer *p, union socket_address *ret_address)
{
	memset(ret_address, 0, sizeof(*ret_address));
	if (addr_is_ipv4(&p->addr)) {
		ret_address->v4.sin_family = AF_INET;
		ret_address->v4.sin_addr.s_addr = addr_ipv4(&p->addr);
		ret_address->v4.sin_port = htons(p->port);
		return sizeof(ret_address->v4);
	}
	ret_address->v6.sin6_family = AF_INET6;
	memcpy(&ret_address->v6.sin6_addr, &p->addr, sizeof(p->addr));
	ret_address->v6.sin6_port = htons(p->port);
	return sizeof(ret_address->v6);
}

static struct ask_peer from_socket(const union socket_address *a)
{
	if (a->any.sa_family == AF_INET)
		return (struct ask_peer){addr_from_ipv4(a->v4.sin_addr.s_addr),
					 ntohs(a->v4.sin_port)};
	return (struct ask_peer){addr_from_ipv6(&a->v6.sin6_addr),
				 ntohs(a->v6.sin6_port)};
}

int ask_open(bool is_ipv4)
{
	union socket_address any = {.any.sa_family = is_ipv4 ? AF_INET : AF_INET6};
	int fd =
		socket(any.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (bind(fd, &any.any, is_ipv4 ? sizeof(any.v4) : sizeof(any.v6)) < 0)
		r = -errno;
	if (r < 0)
		close(fd);
	return r < 0 ? r : fd;
}

/* The socket itself is not connected, and so has no address: another one tells it. */
static int find_source(const struct ask_peer *to, struct ask_peer *ret_source)
{
	union socket_address peer, own;
	socklen_t size = to_socket(to, &peer), own_size = sizeof(own);
	int fd = socket(peer.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), r = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, &peer.any, size) < 0 ||
	    getsockname(fd, &own.any, &own_size) < 0)
		r = -errno;
	close(fd);
	if (r == 0)
		*ret_source = from_socket(&own);
	return r;
}

int ask_local(int fd, const struct ask_peer *to, struct ask_peer *ret_local)
{
	union socket_address own;
	socklen_t size = sizeof(own);
	int r = find_source(to, ret_local);

	if (r < 0)
		return r;
	if (getsockname(fd, &own.any, &size) < 0)
		return -errno;
	ret_local->port = from_socket(&own).port;
	return 0;
}

static int send_all(int fd, const struct ask_question *questions, size_t count)
{
	union socket_address to;
	socklen_t size;

	for (size_t i = 0; i < count; i++) {
		const struct ask_question *q = &questions[i];

		if (q->is_answered)
			continue;
		size = to_socket(&q->to, &to);
		if (sendto(fd, q->data, q->size, 0, &to.any, size) < 0 &&
		    errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return 0;
}

/* Takes what has come. The number of questions it answers, or -errno. */
static int receive_all(int fd, struct ask_question *questions, size_t count,
		       ask_take *take, void *context)
{
	uint8_t data[ASK_SIZE_MAX];
	int answered = 0;

	for (;;) {
		union socket_address sender = {.any.sa_family = AF_UNSPEC};
		socklen_t length = sizeof(sender);
		ssize_t n = recvfrom(fd, data, sizeof(data), 0, &sender.any, &length);
		struct ask_peer from = from_socket(&sender);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? answered : -errno;
		for (size_t i = 0; i < count; i++)
			if (!questions[i].is_answered &&
			    take(context, i, &from, data, (size_t)n)) {
				questions[i].is_answered = true;
				answered++;
			}
	}
}

int ask(int fd, struct ask_question *questions, size_t count, double seconds,
	ask_take *take, void *context)
{
	static const double pauses[] = {0, .5, 1.5};
	struct pollfd p = {.fd = fd, .events = POLLIN};
	double start = clock_seconds(), left;
	size_t sent = 0;
	int answered = 0, r;

	while (answered < (int)count &&
	       (left = start + seconds - clock_seconds()) > 0) {
		bool is_due = sent < 3 && clock_seconds() - start >= pauses[sent];

		r = is_due ? send_all(fd, questions, count) : 0;
		sent += is_due;
		if (r < 0)
			return r;
		if (sent < 3 && start + pauses[sent] - clock_seconds() < left)
			left = start + pauses[sent] - clock_seconds();
		if (poll(&p, 1, left > 0 ? (int)(left * 1000) + 1 : 0) < 0 &&
		    errno != EINTR)
			return -errno;
		r = receive_all(fd, questions, count, take, context);
		if (r < 0)
			return r;
		answered += r;
	}
	return answered;
}
