/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flows: load for bench.sh, one small process a side.
 *
 *   flows accept PORT                          accepts TCP connections, closes them
 *   flows connect ADDRESS PORT SPREAD SECONDS  connects as fast as it can; prints how
 *                                              many connections a second were complete
 *   flows answer PORT SIZE                     returns SIZE bytes of every UDP packet
 *   flows carry ADDRESS PORT COUNT FIRST [SECONDS]
 *                                              keeps COUNT UDP flows alive, from one
 *                                              socket to as many addresses
 *
 * Addresses are counted up from ADDRESS; the other side owns them all by a `local`
 * route (AnyIP), so that one process is many strangers. `accept` closes first, so that
 * TIME_WAIT is on its side; `connect` moves on by one of SPREAD addresses with every
 * connection, so that its ports do not run out.
 *
 * `carry` begins with FIRST packets of 1,200 bytes a flow, then says "ready" and sends
 * every flow 64 bytes in SECONDS (5).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define IN_FLIGHT 64
#define BACKLOG 4096
#define SOCKET_BUFFER (8 << 20)
#define FIRST_BYTES 1200
#define KEEP_BYTES 64
#define STEP_MS 10
/* Packets on their way before `carry` waits for answers. */
#define WINDOW 256

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static struct sockaddr_in address_at(const struct sockaddr_in *first, unsigned long i)
{
	struct sockaddr_in sin = *first;

	sin.sin_addr.s_addr = htonl(ntohl(first->sin_addr.s_addr) + (uint32_t)i);
	return sin;
}

/* --- TCP connections ------------------------------------------------------------- */

static int serve_accept(const struct sockaddr_in *any)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, peer;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, (const struct sockaddr *)any, sizeof(*any)) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return -errno;
	for (;;) {
		peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (peer >= 0)
			close(peer);
		else if (errno != ECONNABORTED && errno != EINTR)
			return -errno;
	}
}

static int begin_connection(int epoll, const struct sockaddr_in *to)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = fd};

	if (fd < 0)
		return -errno;
	if ((connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0 &&
	     errno != EINPROGRESS) ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return 0;
}

/* Whether it was accepted and closed by the other side, as it should. */
static bool end_connection(int fd)
{
	char byte;
	bool is_complete = recv(fd, &byte, 1, 0) == 0;

	close(fd);
	return is_complete;
}

static int run_connect(const struct sockaddr_in *first, unsigned long spread,
		       unsigned long seconds)
{
	struct epoll_event events[IN_FLIGHT];
	unsigned long begun = 0, complete = 0, failed = 0;
	uint64_t start = now_ms(), passed = 0;
	int epoll = epoll_create1(EPOLL_CLOEXEC), n, r = 0;

	if (epoll < 0)
		return -errno;
	while (passed < seconds * 1000 && r == 0) {
		for (; begun - complete - failed < IN_FLIGHT && r == 0; begun++) {
			struct sockaddr_in to = address_at(first, begun % spread);

			r = begin_connection(epoll, &to);
		}
		n = epoll_wait(epoll, events, IN_FLIGHT, 100);
		for (int i = 0; i < n; i++)
			(*(end_connection(events[i].data.fd) ? &complete : &failed))++;
		passed = now_ms() - start;
	}
	close(epoll);
	if (r == 0)
		printf("%lu per second, %lu failed\n",
		       (unsigned long)(complete * 1000 / passed), failed);
	return r;
}

/* --- UDP flows ------------------------------------------------------------------- */

static int open_udp(const struct sockaddr_in *any)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), one = 1;
	int size = SOCKET_BUFFER;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)) < 0 ||
	    bind(fd, (const struct sockaddr *)any, sizeof(*any)) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

/* The packet information that came with a packet makes its answer leave from the
 * address that was asked. */
static int serve_answer(const struct sockaddr_in *any, size_t size)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in_pktinfo))];
	char packet[2048];
	int fd = open_udp(any);

	if (fd < 0)
		return fd;
	for (;;) {
		struct sockaddr_in from;
		struct iovec data = {.iov_base = packet, .iov_len = sizeof(packet)};
		struct msghdr m = {.msg_name = &from,
				   .msg_namelen = sizeof(from),
				   .msg_iov = &data,
				   .msg_iovlen = 1,
				   .msg_control = control,
				   .msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(fd, &m, 0);
		struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&m);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (!c || c->cmsg_type != IP_PKTINFO)
			continue;
		((struct in_pktinfo *)CMSG_DATA(c))->ipi_ifindex = 0;
		data.iov_len = (size_t)n < size ? (size_t)n : size;
		sendmsg(fd, &m, 0);
	}
}

/* Takes answers; with `wait_ms`, waits that long for the first. */
static unsigned long take_answers(int fd, int wait_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	unsigned long count = 0;
	char packet[2048];

	if (wait_ms && poll(&p, 1, wait_ms) <= 0)
		return 0;
	while (recv(fd, packet, sizeof(packet), MSG_DONTWAIT) >= 0)
		count++;
	return count;
}

static void send_packet(int fd, const struct sockaddr_in *to, size_t size)
{
	static const char packet[FIRST_BYTES];

	/* A lost packet is a lost packet: the next one is not far. */
	sendto(fd, packet, size, 0, (const struct sockaddr *)to, sizeof(*to));
}

static void carry_first(int fd, const struct sockaddr_in *first, unsigned long count,
			unsigned long packets)
{
	unsigned long sent = 0, answered = 0;

	for (unsigned long i = 0; i < count * packets; i++) {
		struct sockaddr_in to = address_at(first, i % count);

		send_packet(fd, &to, FIRST_BYTES);
		sent++;
		answered += take_answers(fd, 0);
		while (sent > answered + WINDOW) {
			unsigned long more = take_answers(fd, 100);

			answered = more ? answered + more : sent; /* those are lost */
		}
	}
}

static int run_carry(const struct sockaddr_in *first, unsigned long count,
		     unsigned long packets, unsigned long seconds)
{
	const struct sockaddr_in any = {.sin_family = AF_INET};
	uint64_t start, sent = 0, due;
	int fd = open_udp(&any);

	if (fd < 0)
		return fd;
	carry_first(fd, first, count, packets);
	puts("ready");
	fflush(stdout);
	for (start = now_ms();;) {
		due = (now_ms() - start) * count / (seconds * 1000);
		for (; sent < due; sent++) {
			struct sockaddr_in to = address_at(first, sent % count);

			send_packet(fd, &to, KEEP_BYTES);
		}
		take_answers(fd, 0);
		usleep(STEP_MS * 1000);
	}
}

/* --- command line ------------------------------------------------------------------
 */

static const char usage[] = "usage: flows accept PORT\n"
			    "       flows connect ADDRESS PORT SPREAD SECONDS\n"
			    "       flows answer PORT SIZE\n"
			    "       flows carry ADDRESS PORT COUNT FIRST [SECONDS]\n";

static bool parse_number(const char *text, unsigned long max, unsigned long *ret_value)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || value == 0 || value > max)
		return false;
	*ret_value = value;
	return true;
}

static bool parse_address(const char *address, const char *port,
			  struct sockaddr_in *ret_address)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	unsigned long number;

	if (inet_pton(AF_INET, address, &sin.sin_addr) != 1 ||
	    !parse_number(port, UINT16_MAX, &number))
		return false;
	sin.sin_port = htons((uint16_t)number);
	*ret_address = sin;
	return true;
}

static int run_server(int argc, char **argv)
{
	struct sockaddr_in any;
	unsigned long size;

	if (argc < 3 || !parse_address("0.0.0.0", argv[2], &any))
		return -EINVAL;
	if (argc == 3 && strcmp(argv[1], "accept") == 0)
		return serve_accept(&any);
	if (argc == 4 && strcmp(argv[1], "answer") == 0 &&
	    parse_number(argv[3], UINT16_MAX, &size))
		return serve_answer(&any, size);
	return -EINVAL;
}

static int run_client(int argc, char **argv)
{
	struct sockaddr_in first;
	unsigned long a, b, seconds = 5;

	if (!parse_address(argv[2], argv[3], &first) ||
	    !parse_number(argv[4], UINT16_MAX * 4, &a) ||
	    !parse_number(argv[5], 3600, &b))
		return -EINVAL;
	if (argc == 6 && strcmp(argv[1], "connect") == 0)
		return run_connect(&first, a, b);
	if (argc == 7 && !parse_number(argv[6], 3600, &seconds))
		return -EINVAL;
	if (strcmp(argv[1], "carry") == 0)
		return run_carry(&first, a, b, seconds);
	return -EINVAL;
}

int main(int argc, char **argv)
{
	int r = argc >= 6 ? run_client(argc, argv) : run_server(argc, argv);

	if (r == -EINVAL) {
		fputs(usage, stderr);
		return 2;
	}
	if (r < 0)
		fprintf(stderr, "flows: %s: %s\n", argv[1], strerror(-r));
	return r < 0 ? 1 : 0;
}
