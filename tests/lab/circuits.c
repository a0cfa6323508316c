/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * circuits: passes on TCP connections between strangers. Each is a circuit; it ends
 *when one end closes.
 *
 *   circuits forward LISTEN TARGET [spread N]
 *	each connection that comes goes on to a target: N addresses from TARGET on (1)
 *   circuits exit CONTROLLER TARGET [spread N]
 *	all circuits come in one connection, which this end opened; each goes out by one
 *of its own. In that connection: the circuit's number, how many bytes follow (none: the
 *	circuit ends), both of two bytes, the bytes
 */
#include "relay.h"

#define CIRCUITS_MAX 600
#define BUFFER_SIZE 16384
#define MUX_SIZE (256 * 1024)
#define FRAME_HEAD 4

/* What has come and is not sent on yet. */
struct buffer {
	uint8_t *data;
	size_t used, room;
};

/* A pair of connections; of an exit only the second is there. */
struct circuit {
	bool is_open;
	unsigned int number;
	int fd[2];
	struct buffer to[2]; /* what waits for that end */
	bool ends;	     /* one end has closed: what waits is the last */
};

static struct circuit circuits[CIRCUITS_MAX];
static struct pollfd fds[2 * CIRCUITS_MAX + 1];
static struct sockaddr_in target;
static unsigned int spread, circuit_count;
static struct buffer mux_in, mux_out;
static int mux = -1;

/* --- buffers -----------------------------------------------------------------------
 */

static void buffer_init(struct buffer *b, size_t room)
{
	*b = (struct buffer){.data = malloc(room), .room = room};
	if (!b->data)
		err(1, "buffer");
}

static void buffer_drop(struct buffer *b, size_t size)
{
	memmove(b->data, b->data + size, b->used - size);
	b->used -= size;
}

static bool buffer_put(struct buffer *b, const void *data, size_t size)
{
	if (b->used + size > b->room)
		return false;
	memcpy(b->data + b->used, data, size);
	b->used += size;
	return true;
}

/* False once the connection has no more to say. */
static bool buffer_fill(struct buffer *b, int fd)
{
	ssize_t n;

	if (b->used == b->room)
		return true;
	n = recv(fd, b->data + b->used, b->room - b->used, 0);
	if (n > 0)
		b->used += (size_t)n;
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == ENOTCONN));
}

/* False once the connection takes no more. */
static bool buffer_flush(struct buffer *b, int fd)
{
	ssize_t n = b->used ? send(fd, b->data, b->used, MSG_NOSIGNAL) : 0;

	if (n > 0)
		buffer_drop(b, (size_t)n);
	return n >= 0 || errno == EAGAIN || errno == ENOTCONN;
}

/* --- circuits ----------------------------------------------------------------------
 */

static struct circuit *circuit_open(unsigned int number, int client)
{
	struct sockaddr_in to = address_plus(target, number % spread);

	for (struct circuit *c = circuits; c < circuits + CIRCUITS_MAX; c++) {
		if (c->is_open)
			continue;
		*c = (struct circuit){.is_open = true, .number = number};
		c->fd[0] = client;
		c->fd[1] = open_connection(SOCK_STREAM, NULL, &to);
		buffer_init(&c->to[0], BUFFER_SIZE);
		buffer_init(&c->to[1], BUFFER_SIZE);
		return c;
	}
	return NULL;
}

static void circuit_close(struct circuit *c)
{
	for (int i = 0; i < 2; i++) {
		if (c->fd[i] >= 0)
			close(c->fd[i]);
		free(c->to[i].data);
	}
	c->is_open = false;
}

static struct circuit *circuit_find(unsigned int number)
{
	for (struct circuit *c = circuits; c < circuits + CIRCUITS_MAX; c++)
		if (c->is_open && c->number == number)
			return c;
	return NULL;
}

/* --- forward -----------------------------------------------------------------------
 */

static void forward_accept(int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		if (!circuit_open(circuit_count++, fd))
			close(fd);
}

static void forward_pass(struct circuit *c)
{
	bool goes_on = true;

	for (int i = 0; i < 2; i++) {
		if (!c->ends && !buffer_fill(&c->to[!i], c->fd[i]))
			c->ends = true;
		goes_on = buffer_flush(&c->to[!i], c->fd[!i]) && goes_on;
	}
	if (!goes_on || (c->ends && !c->to[0].used && !c->to[1].used))
		circuit_close(c);
}

/* --- exit --------------------------------------------------------------------------
 */

static bool frame_put(unsigned int circuit, const void *data, size_t size)
{
	uint16_t head[2] = {htons((uint16_t)circuit), htons((uint16_t)size)};

	if (mux_out.used + sizeof(head) + size > mux_out.room)
		return false;
	return buffer_put(&mux_out, head, sizeof(head)) &&
	       buffer_put(&mux_out, data, size);
}

static void frame_take(unsigned int number, const uint8_t *data, size_t size)
{
	struct circuit *c = circuit_find(number);

	if (size == 0) {
		if (c)
			circuit_close(c);
		return;
	}
	if (!c)
		c = circuit_open(number, -1);
	if (c && !buffer_put(&c->to[1], data, size))
		circuit_close(c); /* more than a request: nothing of ours */
}

static void exit_receive(void)
{
	uint16_t head[2];
	size_t size;

	if (!buffer_fill(&mux_in, mux))
		errx(0, "the controller has gone");
	while (mux_in.used >= FRAME_HEAD) {
		memcpy(head, mux_in.data, sizeof(head));
		size = ntohs(head[1]);
		if (mux_in.used < FRAME_HEAD + size)
			return;
		frame_take(ntohs(head[0]), mux_in.data + FRAME_HEAD, size);
		buffer_drop(&mux_in, FRAME_HEAD + size);
	}
}

static void exit_pass(struct circuit *c)
{
	struct buffer *b = &c->to[0];

	if (!c->ends && !buffer_fill(b, c->fd[1]))
		c->ends = true;
	if (b->used && frame_put(c->number, b->data, b->used))
		b->used = 0;
	if (!buffer_flush(&c->to[1], c->fd[1]) ||
	    (c->ends && !b->used && frame_put(c->number, NULL, 0)))
		circuit_close(c);
}

/* --- all of it ---------------------------------------------------------------------
 */

/* Who cannot be sent to is not listened to either. */
static short events_of(const struct buffer *in, const struct buffer *out)
{
	return (short)((in->used < in->room ? POLLIN : 0) | (out->used ? POLLOUT : 0));
}

static void wait_for_any(int first, short events)
{
	nfds_t count = 0;

	fds[count++] = (struct pollfd){.fd = first, .events = events};
	for (struct circuit *c = circuits; c < circuits + CIRCUITS_MAX; c++) {
		for (int i = 0; c->is_open && i < 2; i++)
			fds[count++] = (struct pollfd){
				.fd = c->fd[i],
				.events = events_of(&c->to[!i], &c->to[i])};
	}
	poll(fds, count, 1000);
}

static void forward(const char *text)
{
	struct sockaddr_in local = address(text);
	int listener = open_listener(&local);

	for (;;) {
		wait_for_any(listener, POLLIN);
		forward_accept(listener);
		for (struct circuit *c = circuits; c < circuits + CIRCUITS_MAX; c++)
			if (c->is_open)
				forward_pass(c);
	}
}

static void work_as_exit(const char *text)
{
	struct sockaddr_in controller = address(text);

	mux = open_connection(SOCK_STREAM, NULL, &controller);
	buffer_init(&mux_in, MUX_SIZE);
	buffer_init(&mux_out, MUX_SIZE);
	for (;;) {
		wait_for_any(mux, events_of(&mux_in, &mux_out));
		exit_receive();
		for (struct circuit *c = circuits; c < circuits + CIRCUITS_MAX; c++)
			if (c->is_open)
				exit_pass(c);
		if (!buffer_flush(&mux_out, mux))
			errx(0, "the controller has gone");
	}
}

int main(int argc, char **argv)
{
	if (argc < 4 || argc % 2)
		errx(2, "usage: circuits forward|exit ADDRESS TARGET [spread N]");
	target = address(argv[3]);
	spread = (unsigned int)option(argc, argv, 4, "spread", 1);
	if (strcmp(argv[1], "exit") == 0)
		work_as_exit(argv[2]);
	else
		forward(argv[2]);
}
