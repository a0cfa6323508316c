/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * relay: passes on datagrams between strangers, in ways that are hard to recognise.
 * Each client's go to another target, and back. No client of a network: a stand-in for
 * what one could do to hide.
 *
 *   relay LISTEN TARGET [NAME VALUE]...     addresses as 198.18.0.1:4000
 *
 *   spread N      targets at N addresses, from TARGET on (200)
 *   batch S       what has come is held back, and sent on every S seconds
 *   pad P         what is sent on is up to P per cent longer
 *   rate B        each peer gets B bytes a second, always, in packets of one size
 *   reencode 1    what is sent on has another length, as of another codec
 *   mux ADDRESS   all clients are behind this one, which the relay calls
 *   own ADDRESS   its owner's video call, at the same time
 *   stop S        is silent from S seconds on after its first datagram
 *   hub 1         passes nothing on: acknowledges who leans on it, tells them of each
 *                 other, and calls N hubs from TARGET on
 */
#include "relay.h"

#define SESSIONS_MAX 64
#define LEANING_MAX 4096
#define QUEUE_SIZE ((size_t)2 << 20)
#define STEADY_LENGTH 600
#define FLUSH_AT_ONCE 20
#define FRAME_SECONDS 0.04
#define HUB_SECONDS 20.0

struct queue {
	uint8_t *data; /* of datagrams, each after two bytes of its length */
	size_t begin, end, dropped;
};

/* One way: where to, and what waits to go there. */
struct leg {
	int fd;
	struct sockaddr_in to; /* unless the socket is connected */
	struct queue queue;
	double due; /* rate: the next packet */
};

struct session {
	struct sockaddr_in client;
	uint16_t circuit;
	struct leg to_client, to_target;
};

static struct {
	double batch, pad, rate, stop;
	bool reencodes, is_mux, is_hub;
	unsigned int spread;
	struct sockaddr_in target, own;
	bool has_own;
} how;

static struct session sessions[SESSIONS_MAX];
static unsigned int session_count;
static struct sockaddr_in leaning[LEANING_MAX];
static unsigned int leaning_count;
static int listener, own_call = -1;
static double began_at, batch_until, own_due, hub_due;
static uint64_t passed;

/* --- what waits ------------------------------------------------------------------- */

static void queue_put(struct queue *q, const uint8_t *data, size_t size)
{
	uint16_t length = (uint16_t)size;

	if (!q->data && !(q->data = malloc(QUEUE_SIZE)))
		err(1, "queue");
	if (q->begin == q->end)
		q->begin = q->end = 0;
	if (q->end + size + sizeof(length) > QUEUE_SIZE) {
		q->dropped++;
		return;
	}
	memcpy(q->data + q->end, &length, sizeof(length));
	memcpy(q->data + q->end + sizeof(length), data, size);
	q->end += sizeof(length) + size;
}

/* 0 where nothing waits. */
static size_t queue_take(struct queue *q, uint8_t *data)
{
	uint16_t length;

	if (q->begin == q->end)
		return 0;
	memcpy(&length, q->data + q->begin, sizeof(length));
	memcpy(data, q->data + q->begin + sizeof(length), length);
	q->begin += sizeof(length) + (size_t)length;
	return length;
}

static void leg_send(struct leg *l, const uint8_t *data, size_t size)
{
	if (l->to.sin_port)
		sendto(l->fd, data, size, 0, (struct sockaddr *)&l->to, sizeof(l->to));
	else
		send(l->fd, data, size, 0);
	passed += size;
}

/* --- what is sent on ----------------------------------------------------------------
 */

/* Another length for the same words: shorter mostly, and not by a fixed share. */
static size_t reencode(uint8_t *data, size_t size)
{
	size_t length = sizeof(struct head) + 60 + size / 4 +
			(size_t)(chance() * (double)size / 3);
	struct head head;

	memcpy(&head, data, sizeof(head));
	head.length = htons((uint16_t)length);
	memcpy(data, &head, sizeof(head));
	return length;
}

static size_t pad(size_t size)
{
	size_t padded = size + (size_t)((double)size * how.pad / 100 * chance());

	return padded < DATAGRAM_MAX ? padded : DATAGRAM_MAX;
}

/* `data` has room for DATAGRAM_MAX. */
static void pass_on(struct leg *l, uint8_t *data, size_t size)
{
	if (how.reencodes)
		size = reencode(data, size);
	if (how.pad > 0)
		size = pad(size);
	if (how.batch > 0 || how.rate > 0)
		queue_put(&l->queue, data, size);
	else
		leg_send(l, data, size);
}

/* As much of what waits as receivers take at once. */
static void leg_flush(struct leg *l)
{
	uint8_t data[DATAGRAM_MAX];

	for (int i = 0; i < FLUSH_AT_ONCE; i++) {
		size_t size = queue_take(&l->queue, data);

		if (!size)
			return;
		leg_send(l, data, size);
	}
}

/* What waits, or nothing in as many bytes. */
static void leg_send_steadily(struct leg *l, double at)
{
	uint8_t data[DATAGRAM_MAX];

	if (l->due < at - 1)
		l->due = at;
	for (; l->due <= at; l->due += STEADY_LENGTH / how.rate) {
		memset(data, 0, sizeof(data));
		queue_take(&l->queue, data);
		leg_send(l, data, STEADY_LENGTH);
	}
}

static void send_what_is_due(double at)
{
	bool is_batch_due = how.batch > 0 && at < batch_until;

	for (unsigned int i = 0; i < session_count; i++) {
		if (is_batch_due) {
			leg_flush(&sessions[i].to_client);
			leg_flush(&sessions[i].to_target);
		} else if (how.rate > 0) {
			leg_send_steadily(&sessions[i].to_client, at);
			leg_send_steadily(&sessions[i].to_target, at);
		}
	}
	/* Half a second is enough for all that waited. */
	if (how.batch > 0 && at >= batch_until + how.batch - 0.5)
		batch_until = at + 0.5;
}

/* --- sessions --------------------------------------------------------------------- */

static struct session *find_session(const struct sockaddr_in *client, uint16_t circuit)
{
	struct session *s;
	struct sockaddr_in target;

	for (s = sessions; s < sessions + session_count; s++)
		if (address_is(&s->client, client) && s->circuit == circuit)
			return s;
	if (session_count == SESSIONS_MAX)
		return NULL;
	target = address_plus(how.target, session_count++ % how.spread);
	*s = (struct session){.client = *client, .circuit = circuit};
	s->to_client.fd = listener;
	s->to_client.to = *client;
	s->to_target.fd = open_connection(SOCK_DGRAM, NULL, &target);
	return s;
}

static void receive_from_clients(void)
{
	struct sockaddr_in from;
	socklen_t length = sizeof(from);
	uint8_t data[DATAGRAM_MAX] = {0};
	struct head *head = (struct head *)(void *)data;
	struct session *s;
	ssize_t n;

	while ((n = recvfrom(listener, data, sizeof(data), 0, (struct sockaddr *)&from,
			     &length)) > 0) {
		if (!began_at)
			began_at = now();
		s = find_session(&from, how.is_mux ? head->sender : 0);
		if (s)
			pass_on(&s->to_target, data, (size_t)n);
	}
}

static void receive_from_target(struct session *s)
{
	uint8_t data[DATAGRAM_MAX] = {0};
	struct head *head = (struct head *)(void *)data;
	ssize_t n;

	while ((n = recv(s->to_target.fd, data, sizeof(data), 0)) > 0) {
		if (how.is_mux)
			head->sender = s->circuit;
		pass_on(&s->to_client, data, (size_t)n);
	}
}

/* --- the owner's call --------------------------------------------------------------
 */

/* As tests/netns/call.pl: pictures of changing size, 25 a second. */
static void call(double at)
{
	static double movement = 1;
	static unsigned int frame;
	uint8_t data[DATAGRAM_MAX] = {0};

	while (recv(own_call, data, sizeof(data), 0) > 0)
		;
	if (at < own_due)
		return;
	own_due = at + FRAME_SECONDS;
	movement = 0.97 * movement + 0.03 + 0.12 * (chance() - 0.5);
	for (double left = 3000 * movement * (frame++ % 50 ? 1 : 5); left > 0;
	     left -= 1100)
		send(own_call, data, left < 1100 ? (size_t)left : 1100, 0);
}

/* --- a hub -------------------------------------------------------------------------
 */

static void remember(const struct sockaddr_in *from)
{
	for (unsigned int i = 0; i < leaning_count; i++)
		if (address_is(&leaning[i], from))
			return;
	if (leaning_count < LEANING_MAX)
		leaning[leaning_count++] = *from;
}

/* The answer to a keep-alive names another who leans on it. */
static void answer_leaning(void)
{
	struct {
		struct head head;
		struct sockaddr_in other;
	} answer;
	struct sockaddr_in from;
	socklen_t length = sizeof(from);

	while (recvfrom(listener, &answer, sizeof(answer), 0, (struct sockaddr *)&from,
			&length) > 0) {
		remember(&from);
		if (ntohs(answer.head.length) == sizeof(answer))
			continue; /* another hub's answer */
		answer.head.length = htons(sizeof(answer));
		answer.other = leaning[(unsigned int)random() % leaning_count];
		sendto(listener, &answer, sizeof(answer), 0, (struct sockaddr *)&from,
		       sizeof(from));
	}
}

static void call_hubs(double at)
{
	struct head head = {.length = htons(sizeof(head))};

	if (at < hub_due)
		return;
	hub_due = at + HUB_SECONDS;
	for (unsigned int i = 0; i < how.spread; i++) {
		struct sockaddr_in hub = address_plus(how.target, i);

		sendto(listener, &head, sizeof(head), 0, (struct sockaddr *)&hub,
		       sizeof(hub));
	}
}

/* --- all of it ---------------------------------------------------------------------
 */

static void wait_for_any(int milliseconds)
{
	struct pollfd fds[SESSIONS_MAX + 2];
	nfds_t count = 0;

	fds[count++] = (struct pollfd){.fd = listener, .events = POLLIN};
	fds[count++] = (struct pollfd){.fd = own_call, .events = POLLIN};
	for (unsigned int i = 0; i < session_count; i++)
		fds[count++] = (struct pollfd){.fd = sessions[i].to_target.fd,
					       .events = POLLIN};
	poll(fds, count, milliseconds);
}

static void relay_once(double at)
{
	receive_from_clients();
	for (unsigned int i = 0; i < session_count; i++)
		receive_from_target(&sessions[i]);
	send_what_is_due(at);
}

static void read_options(int argc, char **argv)
{
	const char *text;

	how.target = address(argv[2]);
	how.spread = (unsigned int)option(argc, argv, 3, "spread", 200);
	how.batch = option(argc, argv, 3, "batch", 0);
	how.pad = option(argc, argv, 3, "pad", 0);
	how.rate = option(argc, argv, 3, "rate", 0);
	how.stop = option(argc, argv, 3, "stop", 0);
	how.reencodes = option(argc, argv, 3, "reencode", 0) > 0;
	how.is_hub = option(argc, argv, 3, "hub", 0) > 0;
	text = option_text(argc, argv, 3, "own");
	if (text) {
		how.own = address(text);
		how.has_own = true;
	}
}

/* A controller is called, so that no stranger ever needs to call in. */
static void call_controller(const char *text)
{
	struct head hello = {.length = htons(sizeof(hello))};
	struct sockaddr_in controller = address(text);

	how.is_mux = true;
	sendto(listener, &hello, sizeof(hello), 0, (struct sockaddr *)&controller,
	       sizeof(controller));
}

int main(int argc, char **argv)
{
	struct sockaddr_in local;
	bool is_eager;

	if (argc < 3 || argc % 2 == 0)
		errx(2, "usage: relay LISTEN TARGET [NAME VALUE]...");
	read_options(argc, argv);
	local = address(argv[1]);
	listener = open_socket(SOCK_DGRAM, &local);
	if (option_text(argc, argv, 3, "mux"))
		call_controller(option_text(argc, argv, 3, "mux"));
	if (how.has_own)
		own_call = open_connection(SOCK_DGRAM, &local, &how.own);
	is_eager = how.batch > 0 || how.rate > 0;
	while (how.stop <= 0 || !began_at || now() < began_at + how.stop) {
		wait_for_any(is_eager ? 2 : 20);
		if (how.has_own)
			call(now());
		if (how.is_hub) {
			answer_leaning();
			call_hubs(now());
		} else {
			relay_once(now());
		}
	}
	/* It stays, and hears nothing more. */
	for (unsigned int i = 0; i < session_count; i++)
		close(sessions[i].to_target.fd);
	close(listener);
	for (;;)
		pause();
}
