/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The prober's own life: takes requests, looks, answers. Nothing here is trusted to be
 * right but the kernel; what comes from the network is compared with what was asked and
 * thrown away.
 */
#include "kernel/nlread.h"
#include "kernel/privilege.h"
#include "kernel/prober_internal.h"
#include <errno.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Every probe of a round, each of them asking every resolver. */
#define ATTEMPTS_MAX (PROBES_MAX * PROBER_RESOLVERS_MAX)
/* So soon a question that got no answer is asked once more. */
#define ASK_AGAIN_MS (PROBER_TIMEOUT_MS / 2)

/* A socket that waits: for an answer of a resolver, or for a connection. */
struct attempt {
	int fd;
	uint8_t index, kind;
	bool has_asked_again;
	uint64_t began_ms;
	uint16_t query_size;
	uint8_t query[PROBER_QUERY_MAX];
};

struct state {
	int fd;
	uint32_t round;
	struct mnl_socket *routes;
	uint32_t seq;
	struct attempt attempts[ATTEMPTS_MAX];
	size_t count;
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void answer(const struct state *s, uint8_t index, bool works)
{
	const struct prober_reply reply = {
		.round = s->round, .index = index, .works = works};

	if (send(s->fd, &reply, sizeof(reply), MSG_NOSIGNAL) != (ssize_t)sizeof(reply))
		_exit(0);
}

/* --- routes -------------------------------------------------------------------------
 */

static void take_route(void *context, const struct nlmsghdr *m)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(m);
	bool *is_found = context;

	if (m->nlmsg_type == RTM_NEWROUTE &&
	    mnl_nlmsg_get_payload_len(m) >= sizeof(*route))
		*is_found =
			route->rtm_type == RTN_UNICAST || route->rtm_type == RTN_LOCAL;
}

static bool has_route(struct state *s, const union prober_address *to)
{
	uint32_t buf[NLREAD_SIZE / sizeof(uint32_t)];
	struct nlmsghdr *m = mnl_nlmsg_put_header(buf);
	bool is_v4 = to->any.sa_family == AF_INET, is_found = false;
	struct nlread read = {.seq = ++s->seq};
	struct rtmsg *route;
	size_t length;

	m->nlmsg_type = RTM_GETROUTE;
	m->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	m->nlmsg_seq = read.seq;
	route = mnl_nlmsg_put_extra_header(m, sizeof(*route));
	route->rtm_family = (unsigned char)to->any.sa_family;
	route->rtm_dst_len = is_v4 ? 32 : 128;
	mnl_attr_put(m, RTA_DST, is_v4 ? 4 : 16,
		     is_v4 ? (const void *)&to->v4.sin_addr : &to->v6.sin6_addr);
	if (mnl_socket_sendto(s->routes, m, m->nlmsg_len) < 0)
		return false;
	do {
		if (nlread_receive(s->routes, buf, sizeof(buf), &length) < 0)
			return false;
	} while (nlread_walk(&read, buf, length, take_route, &is_found) == 0);
	return is_found;
}

/* --- sockets ------------------------------------------------------------------------
 */

static bool is_waiting(const struct state *s, uint8_t index)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->attempts[i].index == index)
			return true;
	return false;
}

static void remove_attempt(struct state *s, size_t at)
{
	close(s->attempts[at].fd);
	s->attempts[at] = s->attempts[--s->count];
}

/* It works: what else was tried for it is not needed any more. */
static void end_probe(struct state *s, uint8_t index)
{
	for (size_t i = s->count; i-- > 0;)
		if (s->attempts[i].index == index)
			remove_attempt(s, i);
	answer(s, index, true);
}

static void end_attempt(struct state *s, size_t at, bool works)
{
	uint8_t index = s->attempts[at].index;

	if (works) {
		end_probe(s, index);
		return;
	}
	remove_attempt(s, at);
	if (!is_waiting(s, index))
		answer(s, index, false);
}

static bool ask(const struct attempt *a)
{
	return send(a->fd, a->query, a->query_size, MSG_NOSIGNAL) ==
	       (ssize_t)a->query_size;
}

/* False: it can't even be begun. */
static bool begin_attempt(struct state *s, const struct prober_request *q,
			  const union prober_address *to)
{
	struct attempt *a = &s->attempts[s->count];
	bool is_dns = q->kind == PROBE_DNS;
	socklen_t size = to->any.sa_family == AF_INET ? sizeof(to->v4) : sizeof(to->v6);

	if (s->count == ATTEMPTS_MAX)
		return false;
	*a = (struct attempt){.index = q->index,
			      .kind = q->kind,
			      .began_ms = now_ms(),
			      .query_size = q->query_size};
	memcpy(a->query, q->query, sizeof(a->query));
	a->fd = socket(to->any.sa_family,
		       (is_dns ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, 0);
	if (a->fd < 0)
		return false;
	if ((connect(a->fd, &to->any, size) < 0 && errno != EINPROGRESS) ||
	    (is_dns && !ask(a))) {
		close(a->fd);
		return false;
	}
	s->count++;
	return true;
}

/* Its socket has something to say. */
static void take_event(struct state *s, size_t at)
{
	const struct attempt *a = &s->attempts[at];
	uint8_t datagram[512];
	int error = 0;
	ssize_t size;

	if (a->kind == PROBE_TCP) {
		socklen_t length = sizeof(error);

		if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
			error = errno;
		end_attempt(s, at, error == 0);
		return;
	}
	size = recv(a->fd, datagram, sizeof(datagram), 0);
	if (size < 0)
		end_attempt(s, at, false);
	else if (probe_is_answer(a->query, a->query_size, datagram, (size_t)size))
		end_attempt(s, at, true);
}

static void take_time(struct state *s, uint64_t now)
{
	for (size_t i = s->count; i-- > 0;) {
		struct attempt *a;

		if (i >= s->count) /* others went with one that ended */
			continue;
		a = &s->attempts[i];
		if (now - a->began_ms >= PROBER_TIMEOUT_MS) {
			end_attempt(s, i, false);
		} else if (a->kind == PROBE_DNS && !a->has_asked_again &&
			   now - a->began_ms >= ASK_AGAIN_MS) {
			a->has_asked_again = true;
			ask(a);
		}
	}
}

/* --- requests -----------------------------------------------------------------------
 */

static bool is_sound(const struct prober_request *q)
{
	if (q->index >= PROBES_MAX || q->kind >= PROBE_KIND_COUNT ||
	    q->query_size > PROBER_QUERY_MAX ||
	    q->address_count > (q->kind == PROBE_DNS ? PROBER_RESOLVERS_MAX : 1))
		return false;
	for (uint32_t i = 0; i < q->address_count; i++)
		if (q->addresses[i].any.sa_family != AF_INET &&
		    q->addresses[i].any.sa_family != AF_INET6)
			return false;
	return true;
}

static void begin_round(struct state *s, uint32_t round)
{
	while (s->count)
		remove_attempt(s, 0);
	s->round = round;
}

static void take_request(struct state *s, const struct prober_request *q)
{
	bool has_begun = false;

	if (q->round != s->round)
		begin_round(s, q->round);
	if (q->kind == PROBE_ROUTE) {
		answer(s, q->index, q->address_count && has_route(s, &q->addresses[0]));
		return;
	}
	for (uint32_t i = 0; i < q->address_count; i++)
		has_begun = begin_attempt(s, q, &q->addresses[i]) || has_begun;
	if (!has_begun)
		answer(s, q->index, false);
}

/* False when the daemon is gone, or is no daemon of ours. */
static bool read_request(struct state *s)
{
	struct prober_request q;
	ssize_t size = recv(s->fd, &q, sizeof(q), MSG_TRUNC);

	if (size < 0)
		return errno == EINTR;
	if (size != (ssize_t)sizeof(q) || !is_sound(&q))
		return false;
	take_request(s, &q);
	return true;
}

static bool run_once(struct state *s)
{
	struct pollfd polled[ATTEMPTS_MAX + 1] = {{.fd = s->fd, .events = POLLIN}};
	size_t count = s->count;

	for (size_t i = 0; i < count; i++)
		polled[i + 1] = (struct pollfd){
			.fd = s->attempts[i].fd,
			.events = s->attempts[i].kind == PROBE_TCP ? POLLOUT : POLLIN};
	if (poll(polled, count + 1, count ? ASK_AGAIN_MS / 4 : -1) < 0)
		return errno == EINTR;
	/* By descriptor: an attempt that ends moves another to its place. */
	for (size_t i = 1; i <= count; i++)
		for (size_t k = s->count; polled[i].revents && k-- > 0;)
			if (s->attempts[k].fd == polled[i].fd) {
				take_event(s, k);
				break;
			}
	take_time(s, now_ms());
	return !polled[0].revents || read_request(s);
}

void prober_run(int fd)
{
	static struct state s;

	s.fd = fd;
	s.routes = mnl_socket_open(NETLINK_ROUTE);
	if (!s.routes || mnl_socket_bind(s.routes, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    privilege_sandbox_prober() < 0)
		return;
	while (run_once(&s))
		;
}
