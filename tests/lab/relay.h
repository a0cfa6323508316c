/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the lab's relays (relay.c, circuits.c) and those they work for (partner.c) have
 * in common: the head of a datagram, and small things about sockets. Only for the lab.
 */
#ifndef LAB_RELAY_H
#define LAB_RELAY_H

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DATAGRAM_MAX 1400

/* Begins every datagram. What is behind `length` bytes is padding; all is, where 0. */
struct head {
	uint16_t length; /* of what one said to another, this head included */
	uint16_t sender; /* who said it; of a mux: which circuit */
};

static inline double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline double chance(void)
{
	return (double)random() / (double)RAND_MAX;
}

/* "198.19.2.1:4000"; ends the program where it is none. */
static inline struct sockaddr_in address(const char *text)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	char host[INET_ADDRSTRLEN] = "";
	const char *colon = strchr(text, ':');

	if (colon && (size_t)(colon - text) < sizeof(host))
		memcpy(host, text, (size_t)(colon - text));
	if (!colon || inet_pton(AF_INET, host, &a.sin_addr) != 1)
		errx(2, "'%s' is no ADDRESS:PORT", text);
	a.sin_port = htons((uint16_t)atoi(colon + 1));
	return a;
}

/* The i-th address from `first` on, same port. */
static inline struct sockaddr_in address_plus(struct sockaddr_in first, unsigned int i)
{
	first.sin_addr.s_addr = htonl(ntohl(first.sin_addr.s_addr) + i);
	return first;
}

static inline bool address_is(const struct sockaddr_in *a, const struct sockaddr_in *b)
{
	return a->sin_addr.s_addr == b->sin_addr.s_addr && a->sin_port == b->sin_port;
}

/* Of `type`, not blocking, bound to `local` unless NULL. */
static inline int open_socket(int type, const struct sockaddr_in *local)
{
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
	    size = 1 << 20;
	int one = 1;

	if (fd < 0)
		err(1, "socket");
	if (type == SOCK_DGRAM)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (local && bind(fd, (const struct sockaddr *)local, sizeof(*local)) < 0)
		err(1, "bind %s", inet_ntoa(local->sin_addr));
	return fd;
}

/* Connected, or on its way to be. */
static inline int open_connection(int type, const struct sockaddr_in *local,
				  const struct sockaddr_in *peer)
{
	int fd = open_socket(type, local);

	if (connect(fd, (const struct sockaddr *)peer, sizeof(*peer)) < 0 &&
	    errno != EINPROGRESS)
		err(1, "connect %s", inet_ntoa(peer->sin_addr));
	return fd;
}

static inline int open_listener(const struct sockaddr_in *local)
{
	int fd = open_socket(SOCK_STREAM, local);

	if (listen(fd, 512) < 0)
		err(1, "listen");
	return fd;
}

/* `text`'s value among "name value" words from argv[from] on; `other` where not there.
 */
static inline double option(int argc, char **argv, int from, const char *name,
			    double other)
{
	for (int i = from; i + 1 < argc; i += 2)
		if (strcmp(argv[i], name) == 0)
			return atof(argv[i + 1]);
	return other;
}

static inline const char *option_text(int argc, char **argv, int from, const char *name)
{
	for (int i = from; i + 1 < argc; i += 2)
		if (strcmp(argv[i], name) == 0)
			return argv[i + 1];
	return NULL;
}

/* The file is what a subject proves its role with: one line, always whole. */
static inline void write_count(const char *path, uint64_t first, uint64_t second)
{
	char line[64], spare[4096];
	FILE *file;

	snprintf(spare, sizeof(spare), "%s.new", path);
	snprintf(line, sizeof(line), "%llu %llu\n", (unsigned long long)first,
		 (unsigned long long)second);
	file = fopen(spare, "we");
	if (!file || fputs(line, file) < 0 || fclose(file) != 0 ||
	    rename(spare, path) < 0)
		err(1, "%s", path);
}

#endif
