/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/prober.h"
#include "kernel/privilege.h"
#include "kernel/prober_internal.h"
#include <arpa/nameser.h>
#include <errno.h>
#include <fcntl.h>
#include <resolv.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

struct prober {
	int fd;
	uint32_t round;
	uint32_t missing, works; /* of the round: a bit for each probe */
};

/* --- the child ---------------------------------------------------------------------
 */

/* The end of the daemon ends it, not a signal to the whole group. */
static void ignore_signals(void)
{
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

static void close_all_but(int fd)
{
	if (fd > 0)
		close_range(0, (unsigned int)fd - 1, 0);
	close_range((unsigned int)fd + 1, ~0u, 0);
}

__attribute__((noreturn)) static void be_prober(int fd, uid_t uid, gid_t gid)
{
	close_all_but(fd);
	ignore_signals();
	prctl(PR_SET_NAME, "relaywarden-prb");
	if (privilege_drop_all(uid, gid) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
		prober_run(fd);
	_exit(0);
}

int prober_start(uid_t uid, gid_t gid, struct prober **ret_prober)
{
	struct prober *p = calloc(1, sizeof(*p));
	int fds[2];
	pid_t pid;

	if (!p)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0) {
		free(p);
		return -errno;
	}
	signal(SIGCHLD, SIG_IGN); /* nobody waits for it */
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		be_prober(fds[1], uid, gid);
	}
	close(fds[1]);
	p->fd = fds[0];
	if (pid < 0 || fcntl(p->fd, F_SETFL, O_NONBLOCK) < 0) {
		int r = -errno;

		prober_stop(p);
		return r;
	}
	*ret_prober = p;
	return 0;
}

void prober_stop(struct prober *p)
{
	if (!p)
		return;
	close(p->fd);
	free(p);
}

int prober_fd(const struct prober *p)
{
	return p->fd;
}

/* --- what it is asked ---------------------------------------------------------------
 */

static void set_address(union prober_address *to, const struct addr *a, uint16_t port)
{
	memset(to, 0, sizeof(*to));
	if (addr_is_ipv4(a)) {
		to->v4.sin_family = AF_INET;
		to->v4.sin_port = htons(port);
		to->v4.sin_addr.s_addr = addr_ipv4(a);
	} else {
		to->v6.sin6_family = AF_INET6;
		to->v6.sin6_port = htons(port);
		memcpy(&to->v6.sin6_addr, a->b, sizeof(a->b));
	}
}

/* Those of resolv.conf; the library keeps IPv6 ones apart, with the IPv4 one unset. */
static void set_resolvers(struct prober_request *q, const struct __res_state *state)
{
	for (int i = 0; i < state->nscount && i < PROBER_RESOLVERS_MAX; i++) {
		union prober_address *to = &q->addresses[q->address_count++];

		memset(to, 0, sizeof(*to));
		if (state->nsaddr_list[i].sin_family == AF_INET)
			to->v4 = state->nsaddr_list[i];
		else if (state->_u._ext.nsaddrs[i])
			to->v6 = *state->_u._ext.nsaddrs[i];
		else
			q->address_count--;
	}
}

static int set_query(struct prober_request *q, const char *name)
{
	struct __res_state state = {0};
	int size;

	if (res_ninit(&state) < 0)
		return -EIO;
	set_resolvers(q, &state);
	size = res_nmkquery(&state, ns_o_query, name, ns_c_in,
			    strcmp(name, ".") == 0 ? ns_t_ns : ns_t_a, NULL, 0, NULL,
			    q->query, sizeof(q->query));
	res_nclose(&state);
	if (size < 0)
		return -EINVAL;
	q->query_size = (uint16_t)size;
	return 0;
}

static int send_request(struct prober *p, const struct probe *probe, uint8_t index)
{
	struct prober_request q = {
		.round = p->round, .index = index, .kind = (uint8_t)probe->kind};

	if (probe->kind == PROBE_DNS) {
		if (set_query(&q, probe->name) < 0)
			q.address_count = 0; /* then it does not work */
	} else {
		set_address(&q.addresses[0], &probe->addr, probe->port);
		q.address_count = 1;
	}
	if (send(p->fd, &q, sizeof(q), MSG_NOSIGNAL) != (ssize_t)sizeof(q))
		return errno ? -errno : -EIO;
	return 0;
}

int prober_begin(struct prober *p, const struct probe *probes, size_t count)
{
	int r = 0;

	p->round++;
	p->missing = p->works = 0;
	for (size_t i = 0; i < count && i < PROBES_MAX && r == 0; i++) {
		r = send_request(p, &probes[i], (uint8_t)i);
		p->missing |= UINT32_C(1) << i;
	}
	return r;
}

/* --- what it answers ----------------------------------------------------------------
 */

int prober_read(struct prober *p, uint32_t *ret_works)
{
	struct prober_reply reply;
	ssize_t size;

	while ((size = recv(p->fd, &reply, sizeof(reply), MSG_TRUNC)) > 0) {
		if (size != (ssize_t)sizeof(reply) || reply.index >= PROBES_MAX)
			return -EPROTO;
		if (reply.round != p->round)
			continue;
		p->missing &= ~(UINT32_C(1) << reply.index);
		if (reply.works)
			p->works |= UINT32_C(1) << reply.index;
		if (!p->missing) {
			*ret_works = p->works;
			return 1;
		}
	}
	if (size == 0)
		return -EPIPE;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}
