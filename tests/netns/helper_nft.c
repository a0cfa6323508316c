/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drives kernel/nft.h from lines on standard input, for tests/netns/nft.t. Changes of
 * the plan are silent; each of the other commands answers with one line, "ok ..." or
 * "error NUMBER TEXT".
 *
 *     helper_nft [TABLE]
 *     helper_nft --send FROM PORT TO PORT PACKETS BYTES	UDP, drops do not stop
 * it
 */
#include "kernel/nft.h"
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct session {
	struct nft *nft;
	struct plan wanted, installed;
	bool is_installed;
};

static void answer(int result, const char *text)
{
	if (result < 0)
		printf("error %d %s\n", -result, text[0] ? text : strerror(-result));
	else
		printf("ok %s\n", text);
}

/* --- changes of the plan ------------------------------------------------------ */

static enum direction direction_parse(const char *text)
{
	return strcmp(text, "in") == 0 ? DIRECTION_IN : DIRECTION_OUT;
}

static uint8_t proto_parse(const char *text)
{
	return strcmp(text, "tcp") == 0 ? IPPROTO_TCP : IPPROTO_UDP;
}

static enum plan_cut cut_parse(const char *text)
{
	if (strcmp(text, "legs") == 0)
		return CUT_LEGS;
	return strcmp(text, "calls") == 0 ? CUT_CALLS : CUT_ALL;
}

static int plan_trust(struct plan *p, const char *text)
{
	struct prefix *grown =
		realloc(p->trusted, (p->trusted_count + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	p->trusted = grown;
	return prefix_parse(text, &grown[p->trusted_count++]);
}

static int plan_add_directory(struct plan *p, const char *path, unsigned int level,
			      uint8_t number)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	return plan_set_cgroup(p, st.st_ino, level, number);
}

/* As much as a plan can hold. */
static int plan_fill(struct plan *p)
{
	int r = 0;

	for (size_t i = 0; i < APP_NUMBER_COUNT; i++) {
		struct plan_app *a = &p->apps[i];

		a->is_present = true;
		snprintf(a->comment, sizeof(a->comment), "application %zu", i);
		for (int d = 0; d < DIRECTION_COUNT; d++)
			a->rate[d] = a->relay_rate[d] = 1000000 + i;
		a->cuts[CUT_CALLS] = true;
		a->cuts[i % 2 ? CUT_LEGS : CUT_ALL] = true;
	}
	for (unsigned int i = 0; i < PLAN_PORTS_MAX && r == 0; i++)
		r = plan_set_port(p, i % 2 ? IPPROTO_TCP : IPPROTO_UDP,
				  (uint16_t)(1000 + i), (uint8_t)i);
	for (unsigned int i = 0; i < PLAN_CGROUPS_MAX && r == 0; i++)
		r = plan_set_cgroup(p, 1u << 20 | i, 1 + i % PLAN_CGROUP_LEVEL_MAX,
				    (uint8_t)i);
	return r;
}

/* Another application for each port: every element goes and comes again. */
static void plan_rotate(struct plan *p)
{
	for (size_t i = 0; i < p->port_count; i++)
		p->ports[i].number++;
}

static bool change(struct plan *p, const char *command, char args[4][128])
{
	uint8_t first = (uint8_t)atoi(args[0]);
	int r = 0;

	if (strcmp(command, "mask") == 0)
		r = mark_layout_init((uint32_t)strtoul(args[0], NULL, 0), &p->layout);
	else if (strcmp(command, "owned") == 0)
		p->is_owned = atoi(args[0]);
	else if (strcmp(command, "app") == 0) {
		p->apps[first].is_present = true;
		snprintf(p->apps[first].comment, sizeof(p->apps[first].comment),
			 "%.63s", args[1]);
	} else if (strcmp(command, "noapp") == 0)
		p->apps[first].is_present = false;
	else if (strcmp(command, "rate") == 0)
		p->apps[first].rate[direction_parse(args[1])] =
			strtoull(args[2], NULL, 10);
	else if (strcmp(command, "relay") == 0) {
		p->apps[first].relay_rate[direction_parse(args[1])] =
			strtoull(args[2], NULL, 10);
		p->apps[first].relay_legs_only = strcmp(args[3], "legs") == 0;
	} else if (strcmp(command, "cut") == 0)
		p->apps[first].cuts[cut_parse(args[1])] = atoi(args[2]);
	else if (strcmp(command, "port") == 0)
		r = plan_set_port(p, proto_parse(args[0]), (uint16_t)atoi(args[1]),
				  (uint8_t)atoi(args[2]));
	else if (strcmp(command, "noports") == 0)
		p->port_count = 0;
	else if (strcmp(command, "cgroup") == 0)
		r = plan_add_directory(p, args[0], (unsigned int)atoi(args[1]),
				       (uint8_t)atoi(args[2]));
	else if (strcmp(command, "nocgroups") == 0)
		p->cgroup_count = 0;
	else if (strcmp(command, "trust") == 0)
		r = plan_trust(p, args[0]);
	else if (strcmp(command, "distrust") == 0)
		p->trusted_count = 0;
	else if (strcmp(command, "fill") == 0)
		r = plan_fill(p);
	else if (strcmp(command, "rotate") == 0)
		plan_rotate(p);
	else
		return false;
	if (r < 0) {
		fprintf(stderr, "%s %s: %s\n", command, args[0], strerror(-r));
		exit(1);
	}
	return true;
}

/* --- commands ----------------------------------------------------------------- */

static void commit_steps(struct session *s, const struct plan_steps *steps)
{
	char what[160] = "", text[200];
	int r = nft_commit(s->nft, &s->wanted, steps, what, sizeof(what));

	if (r == 0) {
		if (s->is_installed)
			plan_done(&s->installed);
		s->is_installed = plan_copy(&s->wanted, &s->installed) == 0;
		snprintf(text, sizeof(text), "%zu steps", steps->count);
	}
	answer(r, r < 0 ? what : text);
}

static void commit(struct session *s)
{
	struct plan_steps steps = {0};
	int r = plan_diff(s->is_installed ? &s->installed : NULL, &s->wanted, &steps);

	if (r < 0)
		answer(r, "");
	else
		commit_steps(s, &steps);
	plan_steps_done(&steps);
}

/* What is not there cannot be removed: the whole transaction, whose other step is
 * right, must fail and say which was wrong. */
static void commit_wrong(struct session *s)
{
	struct plan_step items[] = {
		{.kind = STEP_APP_ADD, .number = 200},
		{.kind = STEP_LIMIT_REMOVE,
		 .number = 201,
		 .direction = DIRECTION_OUT,
		 .is_relay_limit = true,
		 .legs_only = true},
	};
	struct plan_steps steps = {.items = items, .count = 2};
	char what[160] = "";

	answer(nft_commit(s->nft, &s->wanted, &steps, what, sizeof(what)), what);
}

static void print_counters(struct session *s)
{
	struct nft_counters c;
	int r = nft_read_counters(s->nft, &c);

	if (r < 0) {
		answer(r, "");
		return;
	}
	printf("ok");
	for (size_t i = 0; i < APP_NUMBER_COUNT; i++)
		if (c.app[i][DIRECTION_IN].packets || c.app[i][DIRECTION_OUT].packets)
			printf(" %zu:in=%llu,out=%llu", i,
			       (unsigned long long)c.app[i][DIRECTION_IN].bytes,
			       (unsigned long long)c.app[i][DIRECTION_OUT].bytes);
	printf("\n");
}

static void print_refused(struct session *s)
{
	struct nft_counters c;
	int r = nft_read_counters(s->nft, &c);

	if (r < 0) {
		answer(r, "");
		return;
	}
	printf("ok");
	for (size_t i = 0; i < APP_NUMBER_COUNT; i++)
		if (c.refused[i][DIRECTION_IN].packets ||
		    c.refused[i][DIRECTION_OUT].packets)
			printf(" %zu:in=%llu,out=%llu", i,
			       (unsigned long long)c.refused[i][DIRECTION_IN].packets,
			       (unsigned long long)c.refused[i][DIRECTION_OUT].packets);
	printf("\n");
}

static void print_features(struct session *s)
{
	const struct nft_features *f = nft_features(s->nft);
	char text[80];

	snprintf(text, sizeof(text), "owner=%d cgroup=%d maps=%d reject=%d",
		 f->has_owner_flag, f->has_socket_cgroupv2, f->has_object_maps,
		 f->has_reject);
	answer(0, text);
}

static bool run(struct session *s, const char *command)
{
	if (strcmp(command, "commit") == 0)
		commit(s);
	else if (strcmp(command, "wrong") == 0)
		commit_wrong(s);
	else if (strcmp(command, "counters") == 0)
		print_counters(s);
	else if (strcmp(command, "refused") == 0)
		print_refused(s);
	else if (strcmp(command, "features") == 0)
		print_features(s);
	else if (strcmp(command, "remove") == 0)
		answer(nft_remove(s->nft), "");
	else if (strcmp(command, "forget") == 0) {
		if (s->is_installed)
			plan_done(&s->installed);
		s->is_installed = false;
	} else
		return false;
	return true;
}

/* --- traffic ------------------------------------------------------------------ */

static struct addrinfo *resolve(const char *host, const char *port)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC,
				       .ai_socktype = SOCK_DGRAM,
				       .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *found = NULL;

	if (getaddrinfo(host, port, &hints, &found) != 0) {
		fprintf(stderr, "%s port %s: not an address\n", host, port);
		exit(1);
	}
	return found;
}

static int send_packets(char **argv)
{
	struct addrinfo *from = resolve(argv[0], argv[1]);
	struct addrinfo *to = resolve(argv[2], argv[3]);
	long packets = atol(argv[4]), sent = 0;
	size_t bytes = (size_t)atol(argv[5]);
	static const char data[65536];
	int fd = socket(from->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), result = 1;

	if (bytes > sizeof(data) || bind(fd, from->ai_addr, from->ai_addrlen) < 0) {
		perror("bind");
		goto out;
	}
	for (long i = 0; i < packets; i++)
		if (sendto(fd, data, bytes, 0, to->ai_addr, to->ai_addrlen) >= 0)
			sent++;
	printf("%ld\n", sent);
	result = 0;
out:
	close(fd);
	freeaddrinfo(from);
	freeaddrinfo(to);
	return result;
}

static int drive(const char *table)
{
	struct session s = {0};
	char line[512];
	int r = nft_open(table, &s.nft);

	setvbuf(stdout, NULL, _IOLBF, 0);
	answer(r, r < 0 ? "" : "open");
	if (r < 0)
		return 1;
	plan_init(&s.wanted);
	s.wanted.is_owned = true;
	mark_layout_init(0xfff00000, &s.wanted.layout);
	while (fgets(line, sizeof(line), stdin)) {
		char command[32] = "", args[4][128] = {"", "", "", ""};

		if (sscanf(line, "%31s %127s %127s %127s %127s", command, args[0],
			   args[1], args[2], args[3]) < 1)
			continue;
		if (!change(&s.wanted, command, args) && !run(&s, command))
			answer(-EINVAL, command);
	}
	plan_done(&s.wanted);
	if (s.is_installed)
		plan_done(&s.installed);
	nft_close(s.nft);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 8 && strcmp(argv[1], "--send") == 0)
		return send_packets(argv + 2);
	return drive(argc > 1 ? argv[1] : NFT_TABLE_NAME);
}
