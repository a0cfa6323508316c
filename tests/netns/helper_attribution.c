/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attribution on real sockets, told what to do on standard input, one answer a line:
 *
 *   load                                 -> ok | error TEXT
 *   find PROTO LOCAL LPORT REMOTE RPORT in|out
 *                                        -> app ID NAME KEY | error TEXT
 *   refresh [keep]                       -> ok (keep: every application has flows)
 *   plan                                 -> port PROTO PORT NUMBER, cgroup LEVEL
 * NUMBER, end io ID                                -> ok | error TEXT stats -> lookups
 * N resolved N scans N ... bench N                              -> scan NS find NS
 * (each the mean of N)
 *
 * Observations go out first: "seen ID PIDS WILDCARD NAME", "gone ID", "storage ID R W
 * sound|- camera|-".
 */
#include "kernel/attribution.h"
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRIES 200 /* of a look-up that waits for scans */

struct helper {
	struct sockdiag *sockdiag;
	struct procinfo *procinfo;
	struct attribution *attribution;
	struct app_identity names[APP_ID_MAX + 1];
	uint64_t
		ahead_ns; /* added to the clock, so that the pace never makes us wait */
};

static uint64_t now_ns(const struct helper *h)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec + h->ahead_ns;
}

static void observe(void *context, const struct observation *o)
{
	struct helper *h = context;

	switch (o->kind) {
	case OBS_APP:
		h->names[o->app.id] = *o->app.identity;
		printf("seen %u %u %d %s\n", o->app.id, o->app.pid_count,
		       o->app.has_wildcard_listener, o->app.identity->name);
		break;
	case OBS_APP_GONE:
		printf("gone %u\n", o->app.id);
		break;
	case OBS_APP_IO:
		printf("storage %u %llu %llu %s %s\n", o->app_io.id,
		       (unsigned long long)o->app_io.read_bytes,
		       (unsigned long long)o->app_io.written_bytes,
		       o->app_io.has_sound ? "sound" : "-",
		       o->app_io.has_camera ? "camera" : "-");
		break;
	default:
		printf("unexpected %d\n", o->kind);
	}
}

static void answer(int err)
{
	if (err < 0)
		printf("error %s\n", strerrorname_np(-err));
	else
		printf("ok\n");
}

static int parse_flow(const char *line, struct flow_key *ret_key, bool *ret_inbound)
{
	char proto[8], local[ADDR_STRLEN], remote[ADDR_STRLEN], direction[8];
	unsigned int local_port, remote_port;
	struct flow_key key;

	memset(&key, 0, sizeof(key));
	if (sscanf(line, "find %7s %45s %u %45s %u %7s", proto, local, &local_port,
		   remote, &remote_port, direction) != 6 ||
	    addr_parse(local, &key.local) < 0 || addr_parse(remote, &key.remote) < 0)
		return -EINVAL;
	key.proto = strcmp(proto, "tcp") == 0 ? IPPROTO_TCP : IPPROTO_UDP;
	key.local_port = (uint16_t)local_port;
	key.remote_port = (uint16_t)remote_port;
	*ret_key = key;
	*ret_inbound = strcmp(direction, "in") == 0;
	return 0;
}

/* As the daemon's loop does it, with the waiting left out. */
static int find(struct helper *h, const struct flow_key *key, bool is_inbound,
		uint16_t *ret_app)
{
	int err = -EAGAIN;

	for (int i = 0; err == -EAGAIN && i < TRIES; i++) {
		err = attribution_find(h->attribution, key, is_inbound, now_ns(h),
				       ret_app);
		if (err != -EAGAIN)
			break;
		h->ahead_ns += 1000000000u;
		attribution_scan(h->attribution, now_ns(h));
	}
	return err;
}

static void do_find(struct helper *h, const char *line)
{
	struct flow_key key;
	bool is_inbound;
	uint16_t app = 0;
	int err = parse_flow(line, &key, &is_inbound);

	if (err == 0)
		err = find(h, &key, is_inbound, &app);
	if (err < 0)
		answer(err);
	else
		printf("app %u %s %s\n", app, h->names[app].name, h->names[app].key);
}

static bool has_flows(void *context, uint16_t app)
{
	(void)app;
	return *(const bool *)context;
}

static void do_plan(struct helper *h)
{
	struct plan plan;
	int err;

	plan_init(&plan);
	err = attribution_fill_plan(h->attribution, &plan);
	for (size_t i = 0; i < plan.port_count; i++)
		printf("port %s %u %u\n",
		       plan.ports[i].proto == IPPROTO_TCP ? "tcp" : "udp",
		       plan.ports[i].port, plan.ports[i].number);
	for (size_t i = 0; i < plan.cgroup_count; i++)
		printf("cgroup %u %u\n", plan.cgroups[i].level, plan.cgroups[i].number);
	printf(err < 0 ? "error\n" : "end\n");
	plan_done(&plan);
}

static void do_stats(struct helper *h)
{
	const struct attribution_stats *s = attribution_stats(h->attribution);

	printf("lookups %llu resolved %llu waiting %llu unresolved %llu scans %llu "
	       "processes %llu refused %llu\n",
	       (unsigned long long)s->lookups, (unsigned long long)s->resolved,
	       (unsigned long long)s->waiting, (unsigned long long)s->unresolved,
	       (unsigned long long)s->scans, (unsigned long long)s->processes_read,
	       (unsigned long long)s->apps_refused);
}

/* The cost of one full scan and of one look-up that misses (two round trips). */
static void do_bench(struct helper *h, unsigned int count)
{
	struct flow_key key = {.local_port = 9, .remote_port = 9, .proto = IPPROTO_UDP};
	uint64_t start = now_ns(h), scan, miss;
	uint16_t app;
	int processes = 0;

	count = count ? count : 1;
	for (unsigned int i = 0; i < count; i++)
		processes = procinfo_scan(h->procinfo, (uint32_t)-1, NULL);
	scan = (now_ns(h) - start) / count;
	addr_parse("127.0.0.1", &key.local);
	addr_parse("198.18.0.1", &key.remote);
	start = now_ns(h);
	for (unsigned int i = 0; i < count; i++)
		attribution_find(h->attribution, &key, false, start, &app);
	miss = (now_ns(h) - start) / count;
	printf("scan %llu processes %d miss %llu\n", (unsigned long long)scan,
	       processes, (unsigned long long)miss);
}

static void obey(struct helper *h, const char *line)
{
	if (strcmp(line, "load") == 0) {
		answer(attribution_load(h->attribution, now_ns(h)));
	} else if (strncmp(line, "find ", 5) == 0) {
		do_find(h, line);
	} else if (strncmp(line, "refresh", 7) == 0) {
		bool keep = strcmp(line, "refresh keep") == 0;

		attribution_refresh(h->attribution, now_ns(h), has_flows, &keep);
		answer(0);
	} else if (strcmp(line, "plan") == 0) {
		do_plan(h);
	} else if (strncmp(line, "io ", 3) == 0) {
		answer(attribution_read_io(h->attribution, (uint16_t)atoi(line + 3),
					   now_ns(h)));
	} else if (strcmp(line, "stats") == 0) {
		do_stats(h);
	} else if (strncmp(line, "bench ", 6) == 0) {
		do_bench(h, (unsigned int)atoi(line + 6));
	} else {
		printf("error unknown\n");
	}
}

int main(void)
{
	struct helper *h = calloc(1, sizeof(*h));
	char line[512];
	int err = h ? 0 : -ENOMEM;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (err == 0)
		err = sockdiag_open(&h->sockdiag);
	if (err == 0)
		err = procinfo_open("/proc", NULL, &h->procinfo);
	if (err == 0)
		err = attribution_new(h->sockdiag, h->procinfo, observe, h,
				      &h->attribution);
	if (err < 0) {
		fprintf(stderr, "helper_attribution: %s\n", strerror(-err));
		return 1;
	}
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		obey(h, line);
	}
	attribution_free(h->attribution);
	procinfo_close(h->procinfo);
	sockdiag_close(h->sockdiag);
	free(h);
	return 0;
}
