/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway.h"
#include "ask.h"
#include "machine.h"
#include <string.h>
#include <unistd.h>

#define PATIENCE_S 2.5

/* A gateway of both protocols answers both questions; the better answer counts. */
struct round {
	struct addr gateway;
	struct portmap_answer best;
	bool has_best;
};

static bool is_better(const struct round *r, const struct portmap_answer *a)
{
	if (!r->has_best || (r->best.result && !a->result))
		return true;
	return !a->result && a->has_external && !r->best.has_external;
}

static bool take_answer(void *context, size_t index, const struct ask_peer *from,
			const void *data, size_t size)
{
	static const enum portmap_protocol asked[] = {PORTMAP_NAT_PMP, PORTMAP_PCP};
	struct round *r = context;
	struct portmap_answer a;

	if (!addr_equal(&from->addr, &r->gateway) || portmap_decode(data, size, &a) < 0)
		return false;
	if (is_better(r, &a)) {
		r->best = a;
		r->has_best = true;
	}
	return a.protocol == asked[index];
}

static void put_question(struct ask_question *q, enum portmap_protocol protocol,
			 const struct ask_peer *to, const struct addr *client)
{
	*q = (struct ask_question){.to = *to};
	q->size = portmap_encode(protocol, client, q->data);
}

void gateway_probe(struct gateway_probe *ret_probe)
{
	struct gateway_probe p = {.has_gateway = false};
	struct ask_question questions[2];
	struct ask_peer to, local;
	struct round r = {.has_best = false};
	int fd;

	p.has_gateway = machine_gateway(&p.gateway) == 0;
	fd = p.has_gateway ? ask_open(true) : -1;
	to = (struct ask_peer){p.gateway, PORTMAP_PORT};
	r.gateway = p.gateway;
	if (fd >= 0 && ask_local(fd, &to, &local) == 0) {
		put_question(&questions[0], PORTMAP_NAT_PMP, &to, &local.addr);
		put_question(&questions[1], PORTMAP_PCP, &to, &local.addr);
		ask(fd, questions, 2, PATIENCE_S, take_answer, &r);
	}
	if (fd >= 0)
		close(fd);
	p.has_answered = r.has_best;
	p.answer = r.best;
	*ret_probe = p;
}
