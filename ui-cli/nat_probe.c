/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nat_probe.h"
#include "ask.h"
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define PATIENCE_S 4.0 /* for a server that may be far, or not there */
#define ANSWER_WAIT_S                                                                  \
	2.2 /* for one that is there; questions are repeated up to 1.5 s */

/* --- where the server is ---------------------------------------------------------- */

#define HOST_MAX 256

/* Splits "HOST:PORT". False when it is neither that nor a host alone. */
static bool split(const char *server, char host[static HOST_MAX], const char **ret_port)
{
	bool is_bracketed = server[0] == '[';
	const char *close = is_bracketed ? strchr(server, ']') : NULL;
	const char *colon = strrchr(close ? close : server, ':');
	const char *begin = close ? server + 1 : server, *end;

	/* More than one colon and no bracket: an IPv6 address alone. */
	if (!close && colon && strchr(server, ':') != colon)
		colon = NULL;
	end = close ? close : colon ? colon : server + strlen(server);
	if (is_bracketed && (!close || (close[1] && colon != close + 1)))
		return false;
	if (end == begin || end - begin >= HOST_MAX || (colon && !colon[1]))
		return false;
	memcpy(host, begin, (size_t)(end - begin));
	host[end - begin] = '\0';
	*ret_port = colon ? colon + 1 : NULL;
	return true;
}

static bool take_result(const struct addrinfo *found, struct ask_peer *ret_peer)
{
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;

	if (found->ai_family == AF_INET) {
		memcpy(&v4, found->ai_addr, sizeof(v4));
		*ret_peer = (struct ask_peer){addr_from_ipv4(v4.sin_addr.s_addr),
					      ntohs(v4.sin_port)};
		return true;
	}
	if (found->ai_family != AF_INET6)
		return false;
	memcpy(&v6, found->ai_addr, sizeof(v6));
	*ret_peer =
		(struct ask_peer){addr_from_ipv6(&v6.sin6_addr), ntohs(v6.sin6_port)};
	return true;
}

/* IPv4 where it has that: it is what NATs are for. */
static int find_server(const char *server, struct ask_peer *ret_peer,
		       const char **ret_why)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *found;
	char host[HOST_MAX], fallback[8];
	bool is_there = false;
	const char *port;
	int r;

	snprintf(fallback, sizeof(fallback), "%d", STUN_PORT);
	*ret_why = "expected HOST, HOST:PORT or [ADDRESS]:PORT";
	if (!split(server, host, &port))
		return -EINVAL;
	r = getaddrinfo(host, port ? port : fallback, &hints, &found);
	*ret_why = r ? gai_strerror(r) : "it has no address";
	if (r)
		return -ENOENT;
	for (const struct addrinfo *i = found; i; i = i->ai_next)
		if (!is_there || i->ai_family == AF_INET) {
			is_there |= take_result(i, ret_peer);
			if (is_there && i->ai_family == AF_INET)
				break;
		}
	freeaddrinfo(found);
	return is_there ? 0 : -ENOENT;
}

/* --- one round of questions ------------------------------------------------------- */

struct round {
	struct stun_request requests[ASK_QUESTIONS_MAX];
	struct stun_answer answers[ASK_QUESTIONS_MAX];
	struct ask_question questions[ASK_QUESTIONS_MAX];
	size_t count;
};

/* From wherever it comes: it has the number of the question. */
static bool take_answer(void *context, size_t index, const struct ask_peer *from,
			const void *data, size_t size)
{
	struct round *r = context;

	(void)from;
	return stun_decode(data, size, r->requests[index].id, &r->answers[index]) == 0;
}

static void round_add(struct round *r, const struct stun_endpoint *to, bool other_addr,
		      bool other_port)
{
	struct stun_request *request = &r->requests[r->count];
	struct ask_question *q = &r->questions[r->count++];

	*request = (struct stun_request){.from_other_addr = other_addr,
					 .from_other_port = other_port};
	if (getrandom(request->id, sizeof(request->id), 0) < 0)
		memset(request->id, 1, sizeof(request->id));
	*q = (struct ask_question){.to = {to->addr, to->port}};
	q->size = stun_encode(request, q->data);
}

static bool is_answered(const struct round *r, size_t index)
{
	return r->questions[index].is_answered && !r->answers[index].error;
}

/* One question. Where it was seen from, or NULL. */
static const struct stun_endpoint *seen_from(int fd, const struct stun_endpoint *to,
					     struct stun_endpoint *ret_mapped)
{
	struct round r = {.count = 0};

	round_add(&r, to, false, false);
	if (ask(fd, r.questions, 1, ANSWER_WAIT_S, take_answer, &r) < 1 ||
	    !is_answered(&r, 0) || !r.answers[0].has_mapped)
		return NULL;
	*ret_mapped = r.answers[0].mapped;
	return ret_mapped;
}

/* --- the tests -------------------------------------------------------------------- */

/* What of the server may send to a socket that called its first address alone. */
static enum nat_behaviour find_filtering(const struct stun_endpoint *server)
{
	struct round r = {.count = 0};
	struct stun_endpoint mapped;
	enum nat_behaviour b = NAT_NOT_KNOWN;
	int fd = ask_open(addr_is_ipv4(&server->addr));

	if (fd < 0)
		return b;
	if (seen_from(fd, server, &mapped)) {
		round_add(&r, server, true, true);
		round_add(&r, server, false, true);
		if (ask(fd, r.questions, 2, ANSWER_WAIT_S, take_answer, &r) >= 0)
			b = is_answered(&r, 0)	 ? NAT_ENDPOINT_INDEPENDENT
			    : is_answered(&r, 1) ? NAT_ADDRESS_DEPENDENT
						 : NAT_ADDRESS_AND_PORT_DEPENDENT;
		/* A refusal to try says nothing of what is filtered. */
		if (r.answers[0].error || r.answers[1].error)
			b = NAT_NOT_KNOWN;
	}
	close(fd);
	return b;
}

static void find_mapping(int fd, const struct stun_endpoint *server,
			 const struct stun_endpoint *other, struct nat_probe *p)
{
	struct stun_endpoint other_addr = {other->addr, server->port};
	struct stun_endpoint seen[2];
	const struct stun_endpoint *second = NULL, *third = NULL;

	if (p->has_other)
		second = seen_from(fd, &other_addr, &seen[0]);
	if (second)
		third = seen_from(fd, other, &seen[1]);
	p->mapping = nat_mapping(&p->local, &p->mapped, second, third);
}

/* Asks the server itself, with the socket that is then asked about. 0, or -errno. */
static int ask_server(int fd, const struct stun_endpoint *server, struct nat_probe *p,
		      struct stun_endpoint *ret_other)
{
	struct ask_peer to = {server->addr, server->port}, local;
	struct round round = {.count = 0};
	int r;

	round_add(&round, server, false, false);
	r = ask(fd, round.questions, 1, PATIENCE_S, take_answer, &round);
	if (r < 0)
		return r;
	if (r == 0)
		return -ETIMEDOUT;
	if (!is_answered(&round, 0) || !round.answers[0].has_mapped)
		return -EPROTO;
	r = ask_local(fd, &to, &local);
	if (r < 0)
		return r;
	p->local = (struct stun_endpoint){local.addr, local.port};
	p->mapped = round.answers[0].mapped;
	*ret_other = round.answers[0].other;
	/* One that names itself has no other. */
	p->has_other = round.answers[0].has_other &&
		       !addr_equal(&ret_other->addr, &server->addr) &&
		       addr_is_ipv4(&ret_other->addr) == addr_is_ipv4(&server->addr);
	return 0;
}

void nat_probe(const char *server, struct nat_probe *ret_probe)
{
	struct nat_probe p = {.mapping = NAT_NOT_KNOWN};
	struct stun_endpoint first, other;
	struct ask_peer peer;
	const char *why;
	int fd = -1, r = find_server(server, &peer, &why);

	if (r == 0) {
		first = (struct stun_endpoint){peer.addr, peer.port};
		fd = ask_open(addr_is_ipv4(&peer.addr));
		r = fd < 0 ? fd : ask_server(fd, &first, &p, &other);
		why = r == -ETIMEDOUT ? "it does not answer"
		      : r == -EPROTO  ? "it does not say how it sees us"
				      : strerror(-r);
	}
	if (r < 0)
		snprintf(p.error, sizeof(p.error), "%s", why);
	if (r == 0 && p.has_other)
		p.filtering = find_filtering(&first);
	if (r == 0)
		find_mapping(fd, &first, &other, &p);
	if (fd >= 0)
		close(fd);
	*ret_probe = p;
}
