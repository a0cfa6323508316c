/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Short connections for the namespace tests, one process a side:
 *
 *   helper_load serve PORT BYTES MILLISECONDS
 *       gives every connection BYTES, spread over the time, and closes it
 *   helper_load relay PORT
 *       a SOCKS5 proxy that starts a process for every connection
 *   helper_load start PROGRAM ARGUMENTS...
 *       starts a program and waits for its end
 *   helper_load fetch PROXY PORT SERVER PORT PER_SECOND SECONDS
 *       opens so many connections a second through a SOCKS5 proxy, reads each to its
 *       end; prints "complete N incomplete N"
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 8192 /* descriptors: also the index into the table */
#define PARTS 8
#define WORST_MS 10000	/* after the last was opened */
#define SOCKS_ANSWER 12 /* bytes before the first of the server: 2 + 10 */

struct connection {
	bool is_open;
	uint64_t next_ms; /* serve: when the next part is due */
	int parts;
	int step; /* fetch: of the handshake */
	size_t received;
};

static struct connection connections[CONNECTIONS_MAX];

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int watch(int epoll, int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.fd = fd};

	if (fd >= CONNECTIONS_MAX || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) < 0) {
		close(fd);
		return -1;
	}
	memset(&connections[fd], 0, sizeof(connections[fd]));
	connections[fd].is_open = true;
	return 0;
}

static void end(int fd)
{
	connections[fd].is_open = false;
	close(fd);
}

/* --- serve ------------------------------------------------------------------------ */

static void send_due(size_t bytes, uint64_t span_ms)
{
	static const char part[1 << 20];
	uint64_t now = now_ms();

	for (int fd = 0; fd < CONNECTIONS_MAX; fd++) {
		struct connection *c = &connections[fd];

		if (!c->is_open || now < c->next_ms)
			continue;
		if (c->parts == PARTS ||
		    send(fd, part, bytes / PARTS, MSG_NOSIGNAL) < 0) {
			end(fd);
			continue;
		}
		c->parts++;
		c->next_ms = now + span_ms / PARTS;
	}
}

static int serve(const struct sockaddr_in *any, size_t bytes, uint64_t span_ms)
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int epoll = epoll_create1(EPOLL_CLOEXEC), one = 1, fd;
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = listener};

	if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(listener, (const struct sockaddr *)any, sizeof(*any)) < 0 ||
	    listen(listener, 4096) < 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &ev) < 0)
		return -errno;
	for (;;) {
		epoll_wait(epoll, &ev, 1, 10);
		while ((fd = accept4(listener, NULL, NULL,
				     SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
			watch(epoll, fd, 0);
		send_due(bytes, span_ms);
	}
}

/* --- relay -------------------------------------------------------------------------
 */

static void relay_one(int client)
{
	static const char hello[] = {5, 0}, reply[10] = {5, 0, 0, 1};
	struct sockaddr_in to = {.sin_family = AF_INET};
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	static char buf[65536];
	ssize_t n;

	if (recv(client, buf, 3, MSG_WAITALL) != 3 ||
	    send(client, hello, sizeof(hello), MSG_NOSIGNAL) < 0 ||
	    recv(client, buf, 10, MSG_WAITALL) != 10)
		return;
	memcpy(&to.sin_addr, buf + 4, 4);
	memcpy(&to.sin_port, buf + 8, 2);
	if (connect(server, (struct sockaddr *)&to, sizeof(to)) < 0 ||
	    send(client, reply, sizeof(reply), MSG_NOSIGNAL) < 0)
		return;
	while ((n = recv(server, buf, sizeof(buf), 0)) > 0 &&
	       send(client, buf, (size_t)n, MSG_NOSIGNAL) == n)
		;
}

static int relay(const struct sockaddr_in *any)
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, fd;

	signal(SIGCHLD, SIG_IGN);
	if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(listener, (const struct sockaddr *)any, sizeof(*any)) < 0 ||
	    listen(listener, 4096) < 0)
		return -errno;
	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		if (fork() == 0) {
			close(listener);
			relay_one(fd);
			_exit(0);
		}
		close(fd);
	}
	return -errno;
}

/* --- fetch ------------------------------------------------------------------------ */

static int begin(int epoll, const struct sockaddr_in *proxy)
{
	static const char hello[] = {5, 1, 0};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	/* Through a network without delay: blocking here costs nothing. */
	if (connect(fd, (const struct sockaddr *)proxy, sizeof(*proxy)) < 0 ||
	    send(fd, hello, sizeof(hello), MSG_NOSIGNAL) < 0) {
		close(fd);
		return -1;
	}
	return watch(epoll, fd, EPOLLIN);
}

static int ask_for(int fd, const struct sockaddr_in *server)
{
	char request[10] = {5, 1, 0, 1};

	memcpy(request + 4, &server->sin_addr, 4);
	memcpy(request + 8, &server->sin_port, 2);
	return send(fd, request, sizeof(request), MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* True when it has ended well, which closes it; false leaves it open, or closes it. */
static bool take(int fd, const struct sockaddr_in *server)
{
	static char buf[65536];
	struct connection *c = &connections[fd];
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n > 0) {
		c->received += (size_t)n;
		if (c->step == 0 && ask_for(fd, server) == 0)
			c->step = 1;
		return false;
	}
	if (n < 0 && errno == EAGAIN)
		return false;
	end(fd);
	return n == 0 && c->received > SOCKS_ANSWER;
}

static void fetch(const struct sockaddr_in *proxy, const struct sockaddr_in *server,
		  unsigned int rate, unsigned int seconds)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	uint64_t start = now_ms(), now = start, total = (uint64_t)rate * seconds;
	unsigned long begun = 0, complete = 0;

	while (complete < total && now < start + seconds * 1000 + WORST_MS) {
		struct epoll_event events[64];
		int n;

		for (; begun < total && begun * 1000 <= (now - start) * rate; begun++)
			if (begin(epoll, proxy) < 0)
				total--;
		n = epoll_wait(epoll, events, 64, 2);
		for (int i = 0; i < n; i++)
			complete += take(events[i].data.fd, server);
		now = now_ms();
	}
	printf("complete %lu incomplete %lu\n", complete,
	       (unsigned long)rate * seconds - complete);
}

static struct sockaddr_in address_of(const char *text, const char *port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
				  .sin_port = htons((uint16_t)atoi(port))};

	if (text && inet_pton(AF_INET, text, &sin.sin_addr) != 1)
		exit(2);
	return sin;
}

int main(int argc, char **argv)
{
	struct rlimit limit = {CONNECTIONS_MAX, CONNECTIONS_MAX};

	setrlimit(RLIMIT_NOFILE, &limit);
	if (argc == 5 && strcmp(argv[1], "serve") == 0) {
		struct sockaddr_in any = address_of(NULL, argv[2]);
		int r = serve(&any, (size_t)atol(argv[3]), (uint64_t)atol(argv[4]));

		fprintf(stderr, "helper_load: %s\n", strerror(-r));
		return 1;
	}
	if (argc == 3 && strcmp(argv[1], "relay") == 0) {
		struct sockaddr_in any = address_of(NULL, argv[2]);

		return relay(&any) < 0;
	}
	if (argc > 2 && strcmp(argv[1], "start") == 0) {
		pid_t pid = fork();

		if (pid == 0) {
			execv(argv[2], argv + 2);
			_exit(127);
		}
		return waitpid(pid, NULL, 0) < 0;
	}
	if (argc == 8 && strcmp(argv[1], "fetch") == 0) {
		struct sockaddr_in proxy = address_of(argv[2], argv[3]);
		struct sockaddr_in server = address_of(argv[4], argv[5]);

		fetch(&proxy, &server, (unsigned int)atoi(argv[6]),
		      (unsigned int)atoi(argv[7]));
		return 0;
	}
	fprintf(stderr, "helper_load: see the top of helper_load.c\n");
	return 2;
}
