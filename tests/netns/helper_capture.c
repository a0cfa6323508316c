/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel/capture at a prompt, for capture.t: opened as root, then without privilege and
 * inside the sandbox, as main does it. Reads a command a line from stdin, prints plain
 * lines and then a line with ".".
 *
 *	flow PROTO LOCAL LPORT REMOTE RPORT   one more for `start`
 *	forget              all of them
 *	start, stop
 *	change              to the flows there are now, while it runs
 *	stop-after COUNT    the callback itself stops it then
 *	read                what comes until 200 ms bring nothing: one line for each
 *	                    flow and direction
 *	stats, readable, privilege
 *	ago                 how long ago, and whether in order, the packets read were
 *seen
 */
#include "kernel/capture.h"
#include "kernel/privilege.h"
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX 10
#define SILENCE_MS 200
#define SECOND_NS 1000000000U
#define NOBODY "65534:65534"

struct total {
	uint64_t packets, bytes;
	uint32_t longest;
};

struct helper {
	struct capture *capture;
	struct flow_key flows[CAPTURE_FLOWS_MAX + 1];
	size_t flow_count;
	struct total in[CAPTURE_FLOWS_MAX + 1], out[CAPTURE_FLOWS_MAX + 1];
	uint64_t others; /* packets of no flow asked for */
	uint64_t first_ns, last_ns, seen, stop_after;
	bool went_back;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec;
}

static size_t find_flow(const struct helper *h, const struct flow_key *key)
{
	size_t i = 0;

	while (i < h->flow_count && memcmp(&h->flows[i], key, sizeof(*key)) != 0)
		i++;
	return i;
}

static void take_packet(void *context, const struct capture_packet *p)
{
	struct helper *h = context;
	size_t i = find_flow(h, &p->key);
	struct total *t = p->is_inbound ? &h->in[i] : &h->out[i];

	if (i == h->flow_count) {
		h->others++;
		return;
	}
	t->packets++;
	t->bytes += p->length;
	if (p->length > t->longest)
		t->longest = p->length;
	if (!h->seen++)
		h->first_ns = p->time_ns;
	h->went_back = h->went_back || p->time_ns < h->last_ns;
	h->last_ns = p->time_ns;
	if (h->seen == h->stop_after)
		capture_stop(h->capture);
}

static void print_result(const char *what, int r)
{
	printf("%s: %s\n", what, r < 0 ? strerrorname_np(-r) : "ok");
}

static bool is_readable(const struct helper *h, int timeout_ms)
{
	struct pollfd p = {.fd = capture_fd(h->capture), .events = POLLIN};

	return poll(&p, 1, timeout_ms) > 0;
}

/* --- commands -------------------------------------------------------------------- */

static void do_flow(struct helper *h, char **words)
{
	struct flow_key key = {.local_port = (uint16_t)atoi(words[3]),
			       .remote_port = (uint16_t)atoi(words[5])};

	key.proto = strcmp(words[1], "tcp") == 0   ? IPPROTO_TCP
		    : strcmp(words[1], "udp") == 0 ? IPPROTO_UDP
						   : (uint8_t)atoi(words[1]);
	if (h->flow_count > CAPTURE_FLOWS_MAX || addr_parse(words[2], &key.local) < 0 ||
	    addr_parse(words[4], &key.remote) < 0)
		puts("no such flow, or too many");
	else
		h->flows[h->flow_count++] = key;
}

static void print_total(const struct flow_key *k, const char *direction,
			const struct total *t)
{
	char local[ADDR_STRLEN], remote[ADDR_STRLEN];

	if (t->packets)
		printf("%s %u %s %u %s %u packets %" PRIu64 " bytes %" PRIu64
		       " longest %u\n",
		       direction, k->proto, addr_format(&k->local, local),
		       k->local_port, addr_format(&k->remote, remote), k->remote_port,
		       t->packets, t->bytes, t->longest);
}

static void do_read(struct helper *h)
{
	int r = 0;

	memset(h->in, 0, sizeof(h->in));
	memset(h->out, 0, sizeof(h->out));
	h->others = h->seen = h->last_ns = 0;
	h->went_back = false;
	while (r == 0 && is_readable(h, SILENCE_MS))
		r = capture_read(h->capture);
	for (size_t i = 0; i < h->flow_count; i++) {
		print_total(&h->flows[i], "in", &h->in[i]);
		print_total(&h->flows[i], "out", &h->out[i]);
	}
	if (h->others)
		printf("others %" PRIu64 "\n", h->others);
	if (r < 0)
		print_result("read", r);
}

/* Sent within ten seconds, and not in the future: another clock is years away. */
static void do_ago(const struct helper *h)
{
	uint64_t now = now_ns();
	bool is_near =
		h->seen && h->last_ns <= now && now - h->first_ns < 10ULL * SECOND_NS;

	printf("%s %s\n", is_near ? "just now" : "another time",
	       h->went_back ? "not in order" : "in order");
}

static void do_privilege(void)
{
	struct privilege_state s;

	privilege_read(&s);
	printf("uid %u seccomp %d capabilities %s\n", s.uid, s.seccomp, s.capabilities);
}

static void do_stats(struct helper *h)
{
	struct capture_stats s;

	capture_read_stats(h->capture, &s);
	printf("packets %" PRIu64 " dropped %" PRIu64 " unparsable %" PRIu64 "\n",
	       s.packets, s.dropped, s.unparsable);
}

static void run(struct helper *h, char **words, int count)
{
	if (strcmp(words[0], "flow") == 0 && count == 6)
		do_flow(h, words);
	else if (strcmp(words[0], "forget") == 0)
		h->flow_count = 0;
	else if (strcmp(words[0], "start") == 0)
		print_result("start",
			     capture_start(h->capture, h->flows, h->flow_count));
	else if (strcmp(words[0], "change") == 0)
		print_result("change",
			     capture_change(h->capture, h->flows, h->flow_count));
	else if (strcmp(words[0], "stop") == 0)
		capture_stop(h->capture);
	else if (strcmp(words[0], "stop-after") == 0 && count == 2)
		h->stop_after = strtoull(words[1], NULL, 10);
	else if (strcmp(words[0], "read") == 0)
		do_read(h);
	else if (strcmp(words[0], "stats") == 0)
		do_stats(h);
	else if (strcmp(words[0], "readable") == 0)
		puts(is_readable(h, SILENCE_MS) ? "yes" : "no");
	else if (strcmp(words[0], "ago") == 0)
		do_ago(h);
	else if (strcmp(words[0], "privilege") == 0)
		do_privilege();
	else
		puts("unknown command");
	puts(".");
	fflush(stdout);
}

/* As in main: open, drop, sandbox, run. */
static int open_all(struct helper *h)
{
	uid_t uid;
	gid_t gid;
	int r = capture_open(take_packet, h, &h->capture);

	if (r == 0)
		r = privilege_find_user(NOBODY, &uid, &gid);
	if (r == 0)
		r = privilege_drop(uid, gid);
	if (r == 0)
		r = privilege_sandbox();
	return r;
}

int main(void)
{
	static struct helper h;
	char line[256], *words[WORDS_MAX], *state;
	int count, r = open_all(&h);

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
	capture_close(h.capture);
	return r == 0 ? 0 : 1;
}
