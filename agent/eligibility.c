/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Would this machine be promoted: what the daemon alone can see of it. */
#include "agent_private.h"
#include "ctl/report.h"
#include "kernel/nft_input.h"
#include <stdlib.h>
#include <string.h>

/* More are not told: who has a thousand open ports has other questions. */
#define LISTENERS_MAX 1024
#define FIREWALL_FRESH_NS SECOND_NS

static void take_listener(void *context, uint8_t proto, uint16_t port, uint16_t app)
{
	struct report_listeners *l = context;

	if (l->count < LISTENERS_MAX)
		l->list[l->count++] = (struct report_listener){proto, port, app};
}

static int compare_listeners(const void *a, const void *b)
{
	const struct report_listener *x = a, *y = b;

	return x->proto != y->proto ? x->proto - y->proto : x->port - y->port;
}

static void read_listeners(const struct agent *a, struct report_listeners *l)
{
	if (!a->attribution)
		return;
	l->is_known = true;
	attribution_walk_listeners(a->attribution, take_listener, l);
	qsort(l->list, l->count, sizeof(*l->list), compare_listeners);
}

static void judge_firewall(const struct nft_input *input, bool is_ipv6,
			   struct report_firewall *ret_firewall)
{
	const struct nft_input_chain *c = nft_input_refuses(input, is_ipv6);

	ret_firewall->state = c			  ? REPORT_FIREWALL_REFUSES
			      : input->has_legacy ? REPORT_FIREWALL_UNKNOWN
						  : REPORT_FIREWALL_OPEN;
	if (c)
		nft_input_describe(c, ret_firewall->chain, sizeof(ret_firewall->chain));
}

/* A large firewall takes some milliseconds, and everybody may ask: once a second. */
static const struct report_firewall *read_firewall(struct agent *a)
{
	struct firewall_view *v = &a->firewall;
	uint64_t now = agent_now();
	struct nft_input input;
	int r;

	if (v->read_ns && now - v->read_ns < FIREWALL_FRESH_NS)
		return v->families;
	*v = (struct firewall_view){.read_ns = now};
	r = nft_input_read(a->options.table, &input);
	if (r < 0) {
		log_debug("eligibility", "rules can't be read: %s", strerror(-r));
		return v->families;
	}
	judge_firewall(&input, false, &v->families[0]);
	judge_firewall(&input, true, &v->families[1]);
	return v->families;
}

int eligibility_method(void *context, const struct ctl_peer *peer,
		       const json_t *parameters, json_t **ret_reply,
		       const char **ret_error)
{
	struct agent *a = context;
	struct report_input in = {.engine = a->engine};
	struct report_listener list[LISTENERS_MAX];
	struct report_listeners listeners = {.list = list};

	read_listeners(a, &listeners);
	return report_eligibility(&in, peer, &listeners, read_firewall(a), parameters,
				  ret_reply, ret_error);
}
