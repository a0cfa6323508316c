/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * partner: the strangers that the lab's relays work for. Every second it writes to
 *COUNT what proves the relaying: how much reached it that others, out of its reach,
 *have sent.
 *
 *   partner talk COUNT LOCAL N PEER [rate B]
 *	N parties at addresses from LOCAL on talk with PEER, datagrams at some B bytes a
 *	second (12000), in talkspurts. COUNT: bytes that came for them, how many got any
 *   partner answer COUNT LOCAL N [rate B]
 *	the same, with whoever talks to them
 *   partner mux COUNT LOCAL N [rate B]
 *	N parties behind one address, with the relay that calls there
 *   partner lean COUNT LOCAL N PEER [every S]
 *	N addresses keep a registration alive every S seconds (20), and say nothing
 *else. COUNT: how many were acknowledged, how many others were named to them partner
 *serve COUNT LOCAL 0 [size B] [rate B] sends B bytes (131072) to each connection, at a
 *rate a connection, and closes it. COUNT: bytes, connections partner fetch COUNT LOCAL
 *N PEER [every S] every S seconds (0.05) a connection from one of N addresses, read to
 *its end. COUNT: bytes, connections that were read to the end partner control COUNT
 *LOCAL N [circuits C] the controller of an exit: keeps C circuits (20) busy, N in all
 *at most, each a request for /page-90. COUNT: bytes, circuits that ended
 */
#include "relay.h"

#define PARTIES_MAX 1024
#define PACKET_SECONDS 0.03

struct party {
	int fd;
	bool is_owner; /* of the socket; several share that of a mux */
	struct sockaddr_in peer;
	double due, loudness;
	uint64_t received;
};

static struct party parties[PARTIES_MAX];
static unsigned int party_count;
static const char *count_path;
static double rate, every, written_at;
static uint64_t bytes, ends;

static void report(double at)
{
	if (at < written_at + 1)
		return;
	written_at = at;
	write_count(count_path, bytes, ends);
}

static void wait_for_parties(int milliseconds)
{
	static struct pollfd fds[PARTIES_MAX];
	nfds_t count = 0;

	for (unsigned int i = 0; i < party_count; i++)
		if (parties[i].is_owner)
			fds[count++] =
				(struct pollfd){.fd = parties[i].fd, .events = POLLIN};
	poll(fds, count, milliseconds);
}

/* --- talk, answer, mux --------------------------------------------------------------
 */

/* A packet of a voice or small picture: louder and softer, in spurts of a second. */
static void party_talk(struct party *p, unsigned int number, double at)
{
	uint8_t data[DATAGRAM_MAX] = {0};
	struct head *head = (struct head *)(void *)data;
	double size;

	if (!p->peer.sin_port || at < p->due)
		return;
	p->due = at + PACKET_SECONDS;
	if (chance() < PACKET_SECONDS)
		p->loudness = chance() < 0.35 ? 0.1 : 0.6 + 1.4 * chance();
	size = rate * PACKET_SECONDS * p->loudness * (0.7 + 0.6 * chance());
	size = size < 40 ? 40 : size > 560 ? 560 : size;
	head->length = htons((uint16_t)size);
	head->sender = htons((uint16_t)number);
	sendto(p->fd, data, (size_t)size, 0, (struct sockaddr *)&p->peer,
	       sizeof(p->peer));
}

static void party_count_bytes(struct party *p, size_t length)
{
	ends += !p->received;
	p->received += length;
	bytes += length;
}

/* Only what another said counts; padding and cover traffic are nobody's words. */
static void party_receive(struct party *p, bool is_mux)
{
	uint8_t data[DATAGRAM_MAX] = {0};
	struct head *head = (struct head *)(void *)data;
	struct sockaddr_in from;
	socklen_t length = sizeof(from);
	ssize_t n;

	while ((n = recvfrom(p->fd, data, sizeof(data), 0, (struct sockaddr *)&from,
			     &length)) > 0) {
		unsigned int circuit = ntohs(head->sender);

		if (!p->peer.sin_port)
			p->peer = from;
		for (unsigned int i = 0; is_mux && i < party_count; i++)
			parties[i].peer = p->peer;
		if (ntohs(head->length) <= sizeof(*head) || ntohs(head->length) > n)
			continue;
		party_count_bytes(is_mux && circuit < party_count ? &parties[circuit]
								  : p,
				  ntohs(head->length));
	}
}

static void talk(bool is_mux)
{
	for (;;) {
		wait_for_parties(5);
		for (unsigned int i = 0; i < party_count; i++) {
			if (parties[i].is_owner)
				party_receive(&parties[i], is_mux);
			party_talk(&parties[i], i, now());
		}
		report(now());
	}
}

/* --- lean ---------------------------------------------------------------------------
 */

static void lean_receive(struct party *p)
{
	struct {
		struct head head;
		struct sockaddr_in other;
	} answer;

	while (recv(p->fd, &answer, sizeof(answer), 0) == (ssize_t)sizeof(answer)) {
		bytes += !p->received++;
		ends += answer.other.sin_port != 0;
	}
}

static void lean(void)
{
	uint8_t data[32] = {0};

	for (unsigned int i = 0; i < party_count; i++)
		parties[i].due = now() + every * chance() / 4;
	for (;;) {
		wait_for_parties(100);
		for (unsigned int i = 0; i < party_count; i++) {
			struct party *p = &parties[i];

			lean_receive(p);
			if (now() < p->due)
				continue;
			p->due = now() + every * (0.9 + 0.2 * chance());
			sendto(p->fd, data, sizeof(data), 0,
			       (struct sockaddr *)&p->peer, sizeof(p->peer));
		}
		report(now());
	}
}

/* --- serve, fetch -------------------------------------------------------------------
 */

/* A party is a connection here. */
static struct party *free_party(void)
{
	for (unsigned int i = 0; i < PARTIES_MAX; i++) {
		if (parties[i].is_owner)
			continue;
		parties[i] = (struct party){.is_owner = true};
		party_count = i + 1 > party_count ? i + 1 : party_count;
		return &parties[i];
	}
	return NULL;
}

static void end_party(struct party *p)
{
	close(p->fd);
	p->is_owner = false;
	ends++;
}

/* A tenth of a second's bytes, each tenth. */
static void serve_some(struct party *p, size_t size, double at)
{
	static uint8_t data[65536];
	size_t some = (size_t)(rate / 10);
	ssize_t n;

	if (at < p->due)
		return;
	p->due = at + 0.1;
	some = some < sizeof(data) ? some : sizeof(data);
	some = some < size - p->received ? some : (size_t)(size - p->received);
	n = send(p->fd, data, some, MSG_NOSIGNAL);
	if (n > 0) {
		p->received += (uint64_t)n;
		bytes += (uint64_t)n;
	}
	if (p->received == size || (n < 0 && errno != EAGAIN))
		end_party(p);
}

static void serve(const struct sockaddr_in *local, size_t size)
{
	int listener = open_listener(local), fd;
	struct party *p;

	for (;;) {
		usleep(10000);
		while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
			p = free_party();
			if (p)
				p->fd = fd;
			else
				close(fd);
		}
		for (unsigned int i = 0; i < party_count; i++)
			if (parties[i].is_owner)
				serve_some(&parties[i], size, now());
		report(now());
	}
}

static void fetch_one(const struct sockaddr_in *local, unsigned int addresses,
		      const struct sockaddr_in *peer)
{
	struct sockaddr_in from =
		address_plus(*local, (unsigned int)random() % addresses);
	struct party *p = free_party();

	if (p)
		p->fd = open_connection(SOCK_STREAM, &from, peer);
}

static void fetch_some(struct party *p)
{
	static uint8_t data[65536];
	ssize_t n;

	while ((n = recv(p->fd, data, sizeof(data), 0)) > 0)
		bytes += (uint64_t)n;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != ENOTCONN))
		end_party(p);
}

static void fetch(const struct sockaddr_in *local, unsigned int addresses,
		  const struct sockaddr_in *peer)
{
	double due = 0;

	for (;;) {
		wait_for_parties(10);
		if (now() >= due) {
			due = now() + every;
			fetch_one(local, addresses, peer);
		}
		for (unsigned int i = 0; i < party_count; i++)
			if (parties[i].is_owner)
				fetch_some(&parties[i]);
		report(now());
	}
}

/* --- control ------------------------------------------------------------------------
 */

/* All of it, or the end: requests are small. */
static void control_open(int fd, unsigned int number)
{
	static const char request[] = "GET /page-90 HTTP/1.0\r\n\r\n";
	uint16_t head[2] = {htons((uint16_t)number), htons(sizeof(request) - 1)};
	uint8_t frame[sizeof(head) + sizeof(request) - 1];

	memcpy(frame, head, sizeof(head));
	memcpy(frame + sizeof(head), request, sizeof(request) - 1);
	if (send(fd, frame, sizeof(frame), MSG_NOSIGNAL) != (ssize_t)sizeof(frame))
		errx(0, "the exit has gone");
}

/* How many circuits ended with what came. */
static unsigned int control_receive(int fd)
{
	static uint8_t data[1 << 17];
	static size_t used;
	ssize_t n = recv(fd, data + used, sizeof(data) - used, 0);
	unsigned int ended = 0;
	size_t at = 0, size;

	if (n == 0)
		errx(0, "the exit has gone");
	used += n > 0 ? (size_t)n : 0;
	while (used - at >= 4) {
		size = (size_t)data[at + 2] << 8 | data[at + 3];
		if (used - at < 4 + size)
			break;
		bytes += size;
		ended += size == 0;
		at += 4 + size;
	}
	memmove(data, data + at, used - at);
	used -= at;
	return ended;
}

/* With time to think between a circuit's end and the next, so that it is no stream. */
static void control(const struct sockaddr_in *local, unsigned int most,
		    unsigned int at_once)
{
	int listener = open_listener(local), fd;
	unsigned int opened = 0;
	double due = 0;

	while ((fd = accept(listener, NULL, NULL)) < 0) {
		usleep(10000);
		report(now());
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (;;) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};

		poll(&wait, 1, 10);
		ends += control_receive(fd);
		if (opened < ends + at_once && opened < most && now() >= due) {
			control_open(fd, opened++ % 60000 + 1);
			due = now() + every * 2 * chance();
		}
		report(now());
	}
}

/* --- all of it ----------------------------------------------------------------------
 */

static void make_parties(const struct sockaddr_in *local, unsigned int count,
			 const char *peer, bool is_mux)
{
	for (unsigned int i = 0; i < count && i < PARTIES_MAX; i++) {
		struct sockaddr_in own = address_plus(*local, i);
		struct party *p = &parties[party_count++];

		p->loudness = 1;
		p->is_owner = !is_mux || i == 0;
		p->fd = p->is_owner ? open_socket(SOCK_DGRAM, &own) : parties[0].fd;
		if (peer)
			p->peer = address(peer);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *peer = NULL;
	bool has_peer = strcmp(what, "talk") == 0 || strcmp(what, "lean") == 0 ||
			strcmp(what, "fetch") == 0;
	int options = has_peer ? 6 : 5;
	struct sockaddr_in local, to;
	unsigned int count;

	if (argc < options || (argc - options) % 2)
		errx(2, "usage: partner WHAT COUNT LOCAL N [PEER] [NAME VALUE]...");
	count_path = argv[2];
	local = address(argv[3]);
	count = (unsigned int)atoi(argv[4]);
	peer = has_peer ? argv[5] : NULL;
	srandom((unsigned int)getpid());
	rate = option(argc, argv, options, "rate", 12000);
	every = option(argc, argv, options, "every", 20);
	if (strcmp(what, "serve") == 0)
		serve(&local, (size_t)option(argc, argv, options, "size", 131072));
	if (strcmp(what, "fetch") == 0) {
		to = address(peer);
		every = option(argc, argv, options, "every", 0.05);
		fetch(&local, count, &to);
	}
	if (strcmp(what, "control") == 0) {
		every = option(argc, argv, options, "every", 0.1);
		control(&local, count,
			(unsigned int)option(argc, argv, options, "circuits", 20));
	}
	make_parties(&local, count, peer, strcmp(what, "mux") == 0);
	if (strcmp(what, "lean") == 0)
		lean();
	talk(strcmp(what, "mux") == 0);
}
