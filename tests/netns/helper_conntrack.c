/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel/link and kernel/conntrack at a prompt, for conntrack.t: reads a command a line
 * from stdin, prints plain lines and then a line with ".".
 *
 *	events              what is pending, until there is no more
 *	dump VALUE MASK     entries by mark
 *	mark PROTO LOCAL LPORT REMOTE RPORT in|out VALUE MASK
 *	read PROTO LOCAL LPORT REMOTE RPORT in|out
 *	rcvbuf BYTES        of the event socket
 *	link                take notifications; uplink, capacity, public address?
 *	local ADDRESS       is it ours?
 *	accounting, fill, stats
 */
#include "kernel/conntrack.h"
#include "kernel/link.h"
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define WORDS_MAX 10
#define WAIT_MS 5000

struct helper {
	struct link *link;
	struct conntrack *conntrack;
};

static const char *proto_name(uint8_t proto, char buf[static 8])
{
	if (proto == IPPROTO_TCP)
		return "tcp";
	if (proto == IPPROTO_UDP)
		return "udp";
	snprintf(buf, 8, "%u", proto);
	return buf;
}

static uint8_t parse_proto(const char *text)
{
	if (strcmp(text, "tcp") == 0)
		return IPPROTO_TCP;
	if (strcmp(text, "udp") == 0)
		return IPPROTO_UDP;
	return (uint8_t)atoi(text);
}

static void print_entry(void *context, enum conntrack_event event,
			const struct conntrack_entry *e)
{
	static const char *const names[] = {"new", "dumped", "destroyed"};
	char local[ADDR_STRLEN], remote[ADDR_STRLEN], proto[8];

	(void)context;
	printf("%s %s %s %s %u %s %u mark 0x%x", names[event],
	       e->is_inbound ? "in" : "out", proto_name(e->key.proto, proto),
	       addr_format(&e->key.local, local), e->key.local_port,
	       addr_format(&e->key.remote, remote), e->key.remote_port, e->mark);
	if (e->has_counters)
		printf(" bytes_in %" PRIu64 " packets_in %" PRIu64 " bytes_out %" PRIu64
		       " packets_out %" PRIu64,
		       e->bytes_in, e->packets_in, e->bytes_out, e->packets_out);
	putchar('\n');
}

static bool is_readable(int fd, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, timeout_ms) > 0;
}

static void print_result(const char *what, int r)
{
	printf("%s: %s\n", what, r < 0 ? strerrorname_np(-r) : "ok");
}

static void do_events(struct helper *h)
{
	while (is_readable(conntrack_event_fd(h->conntrack), 0)) {
		int r = conntrack_handle_events(h->conntrack);

		if (r < 0)
			print_result("events", r);
	}
}

static void do_dump(struct helper *h, char **words)
{
	int r = conntrack_dump_start(h->conntrack, (uint32_t)strtoul(words[1], NULL, 0),
				     (uint32_t)strtoul(words[2], NULL, 0));

	while (r == 0) {
		if (is_readable(conntrack_dump_fd(h->conntrack), WAIT_MS))
			r = conntrack_dump_read(h->conntrack);
		else
			r = -ETIMEDOUT;
	}
	print_result("dump", r);
}

/* The key in words 1 to 5, PROTO LOCAL LPORT REMOTE RPORT. */
static bool parse_key(char **words, struct flow_key *ret_key)
{
	struct flow_key key = {.proto = parse_proto(words[1])};

	if (addr_parse(words[2], &key.local) < 0 ||
	    addr_parse(words[4], &key.remote) < 0) {
		puts("bad address");
		return false;
	}
	key.local_port = (uint16_t)atoi(words[3]);
	key.remote_port = (uint16_t)atoi(words[5]);
	*ret_key = key;
	return true;
}

static void do_mark(struct helper *h, char **words)
{
	struct flow_key key;

	if (parse_key(words, &key))
		print_result("mark",
			     conntrack_set_mark(h->conntrack, &key,
						strcmp(words[6], "in") == 0,
						(uint32_t)strtoul(words[7], NULL, 0),
						(uint32_t)strtoul(words[8], NULL, 0)));
}

static void do_read(struct helper *h, char **words)
{
	struct flow_key key;

	if (parse_key(words, &key))
		print_result("read", conntrack_read(h->conntrack, &key,
						    strcmp(words[6], "in") == 0));
}

static void do_rcvbuf(struct helper *h, char **words)
{
	int size = atoi(words[1]);

	print_result("rcvbuf", setsockopt(conntrack_event_fd(h->conntrack), SOL_SOCKET,
					  SO_RCVBUF, &size, sizeof(size)) < 0
				       ? -errno
				       : 0);
}

static void do_link(struct helper *h)
{
	struct link_uplink uplink;
	int r = 0;

	while (r == 0 && is_readable(link_fd(h->link), 0))
		r = link_handle(h->link);
	link_get_uplink(h->link, &uplink);
	printf("uplink '%s' capacity %" PRIu64 " public %s\n", uplink.name,
	       uplink.capacity, link_has_public_address(h->link) ? "yes" : "no");
	print_result("link", r);
}

static void do_local(struct helper *h, char **words)
{
	struct addr a;

	if (addr_parse(words[1], &a) < 0)
		puts("bad address");
	else
		puts(link_is_local(h->link, &a) ? "yes" : "no");
}

static void do_fill(void)
{
	uint64_t count, max;
	int r = conntrack_read_fill(&count, &max);

	if (r < 0)
		print_result("fill", r);
	else
		printf("fill %" PRIu64 " of %" PRIu64 "\n", count, max);
}

static void do_accounting(void)
{
	int r = conntrack_set_accounting(true);

	if (r < 0)
		print_result("accounting", r);
	else
		printf("accounting was %s\n", r ? "off" : "on");
}

static void do_stats(struct helper *h)
{
	const struct conntrack_stats *s = conntrack_stats(h->conntrack);

	printf("lost %" PRIu64 " forwarded %" PRIu64 " loopback %" PRIu64
	       " unparsable %" PRIu64 "\n",
	       s->lost_events, s->forwarded, s->loopback, s->unparsable);
}

static void run(struct helper *h, char **words, int count)
{
	if (strcmp(words[0], "events") == 0)
		do_events(h);
	else if (strcmp(words[0], "dump") == 0 && count == 3)
		do_dump(h, words);
	else if (strcmp(words[0], "mark") == 0 && count == 9)
		do_mark(h, words);
	else if (strcmp(words[0], "read") == 0 && count == 7)
		do_read(h, words);
	else if (strcmp(words[0], "rcvbuf") == 0 && count == 2)
		do_rcvbuf(h, words);
	else if (strcmp(words[0], "link") == 0)
		do_link(h);
	else if (strcmp(words[0], "local") == 0 && count == 2)
		do_local(h, words);
	else if (strcmp(words[0], "fill") == 0)
		do_fill();
	else if (strcmp(words[0], "accounting") == 0)
		do_accounting();
	else if (strcmp(words[0], "stats") == 0)
		do_stats(h);
	else
		puts("unknown command");
	puts(".");
	fflush(stdout);
}

int main(void)
{
	struct helper h = {0};
	char line[256], *words[WORDS_MAX], *state;
	int count, r;

	r = link_open(&h.link);
	if (r == 0)
		r = conntrack_open(h.link, NULL, print_entry, NULL, &h.conntrack);
	print_result("open", r);
	fflush(stdout);
	while (r == 0 && fgets(line, sizeof(line), stdin)) {
		count = 0;
		for (char *w = strtok_r(line, " \n", &state); w && count < WORDS_MAX;
		     w = strtok_r(NULL, " \n", &state))
			words[count++] = w;
		if (count)
			run(&h, words, count);
	}
	conntrack_close(h.conntrack);
	link_close(h.link);
	return r == 0 ? 0 : 1;
}
