/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/crowd.h"
#include "core/policy_ini.h"
#include "core/transport.h"
#include <arpa/inet.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <utlist.h>

#include <cmocka.h>

/* One peer more. */
static void transport_add(struct transport *t, double in, double out)
{
	t->in += in;
	t->out += out;
	if (in + out > t->worst_peer)
		t->worst_peer = in + out;
}

#define SECOND 1000000000ull

static uint32_t seed;

static int setup(void **state)
{
	(void)state;
	seed = 1;
	return 0;
}

static double noise(void)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) / (double)(1u << 24);
}

static size_t below(size_t bound)
{
	return (size_t)(noise() * (double)bound);
}

/* --- the closed form -------------------------------------------------------------- */

#define PEERS 5
#define NODES (2 * PEERS + 2)

/* Augments along any path from `node` to the sink; what went through. */
static int augment(int capacity[NODES][NODES], bool *is_seen, int node, int amount)
{
	if (node == NODES - 1)
		return amount;
	is_seen[node] = true;
	for (int next = 0; next < NODES; next++) {
		int least =
			amount < capacity[node][next] ? amount : capacity[node][next];

		if (is_seen[next] || least == 0)
			continue;
		least = augment(capacity, is_seen, next, least);
		if (least) {
			capacity[node][next] -= least;
			capacity[next][node] += least;
			return least;
		}
	}
	return 0;
}

/* Ford and Fulkerson: source, what peers sent, what peers got, sink. */
static int max_flow(const int *in, const int *out)
{
	int capacity[NODES][NODES] = {{0}}, total = 0, more;

	for (int p = 0; p < PEERS; p++) {
		capacity[0][1 + p] = in[p];
		capacity[1 + PEERS + p][NODES - 1] = out[p];
		for (int q = 0; q < PEERS; q++)
			if (q != p)
				capacity[1 + p][1 + PEERS + q] = 1000000;
	}
	do {
		bool is_seen[NODES] = {false};

		more = augment(capacity, is_seen, 0, 1000000);
		total += more;
	} while (more);
	return total;
}

static int amount(void)
{
	if (noise() < 0.4)
		return 0;
	return (int)(noise() * (noise() < 0.3 ? 100 : 12));
}

static void the_transport_share_is_the_largest_flow_between_peers(void **state)
{
	(void)state;
	for (int instance = 0; instance < 3000; instance++) {
		struct transport t = {0};
		int in[PEERS], out[PEERS], sum_in = 0, sum_out = 0;
		double expected = 0;

		for (int p = 0; p < PEERS; p++) {
			in[p] = amount();
			out[p] = amount();
			sum_in += in[p];
			sum_out += out[p];
			transport_add(&t, in[p], out[p]);
		}
		if (sum_in || sum_out)
			expected = max_flow(in, out) / fmax(sum_in, sum_out);
		if (fabs(transport_share(&t) - expected) > 1e-9)
			fail_msg("instance %d: %g, not %g", instance,
				 transport_share(&t), expected);
	}
}

static void nothing_can_have_been_passed_on_with_one_peer(void **state)
{
	struct transport t = {0};

	(void)state;
	assert_true(fabs(transport_share(&t)) < 1e-12);
	transport_add(&t, 1000.1, 1000.3);
	assert_true(fabs(transport_share(&t)) < 1e-12);
}

/* --- kept as flows are accounted, against all of it counted anew -------------------
 */

#define FLOWS 60
#define REMOTES 12
#define APPS 2

/* A flow, and its rates as somebody would keep them who has the time. */
struct model {
	struct flow flow;
	bool exists;
	size_t app;
	double in, out;
};

struct world {
	struct model flows[FLOWS];
	struct peer peers[APPS][REMOTES];
	struct peer *lists[APPS];
	struct transport_sums sums[APPS];
	uint64_t now_ns;
	unsigned int outdone; /* times a peer had more than half */
};

static void attach(struct world *w, size_t i, size_t app, size_t remote)
{
	struct model *m = &w->flows[i];
	struct peer *p = &w->peers[app][remote];

	if (p->flows++ == 0) {
		*p = (struct peer){.flows = 1, .is_stranger = remote % 4 != 0};
		DL_APPEND(w->lists[app], p);
	}
	m->exists = true;
	m->app = app;
	m->flow.peer = p;
	m->flow.is_stranger = p->is_stranger;
	transport_attach(&w->sums[app], &m->flow);
}

static size_t detach(struct world *w, size_t i)
{
	struct model *m = &w->flows[i];
	struct peer *p = m->flow.peer;

	transport_detach(&w->sums[m->app], &m->flow);
	m->exists = false;
	if (--p->flows == 0) {
		transport_forget_peer(&w->sums[m->app], p);
		DL_DELETE(w->lists[m->app], p);
	}
	return (size_t)(p - w->peers[m->app]);
}

static void carry(struct world *w, size_t i)
{
	/* From bytes to what fills a fast link, mostly both ways. */
	double scale = pow(10, 8 * noise()), in = noise() < .2 ? 0 : noise() * scale,
	       out = noise() < .2 ? 0 : noise() * scale;
	struct model *m = &w->flows[i];
	struct observation o = {.kind = OBS_FLOW, .time_ns = w->now_ns};
	struct flow_delta d;

	o.flow.bytes_in = m->flow.bytes_in + (uint64_t)in;
	o.flow.bytes_out = m->flow.bytes_out + (uint64_t)out;
	d = flow_update(&m->flow, &o);
	m->in += d.payload_in / DECAY_SECONDS;
	m->out += d.payload_out / DECAY_SECONDS;
	transport_account(&w->sums[m->app], &m->flow, &d);
}

/* Trusted and untrusted change places for some. */
static void change_trust(struct world *w)
{
	struct flow *list[APPS] = {0};

	for (size_t app = 0; app < APPS; app++) {
		size_t remote = below(REMOTES);

		w->peers[app][remote].is_stranger = !w->peers[app][remote].is_stranger;
	}
	for (size_t i = 0; i < FLOWS; i++) {
		struct flow *f = &w->flows[i].flow;

		if (!w->flows[i].exists)
			continue;
		f->is_stranger = f->peer->is_stranger;
		DL_APPEND(list[w->flows[i].app], f);
	}
	for (size_t app = 0; app < APPS; app++)
		transport_recount(&w->sums[app], list[app], w->lists[app]);
}

static void pass_time(struct world *w)
{
	double kind = noise(), seconds = noise();
	double factor;

	if (kind < .02)
		seconds *= 4000; /* to another epoch, or several */
	else if (kind < .2)
		seconds *= 30;
	w->now_ns += (uint64_t)(seconds * 1e9);
	factor = exp(-seconds / DECAY_SECONDS);
	for (size_t i = 0; i < FLOWS; i++) {
		w->flows[i].in *= factor;
		w->flows[i].out *= factor;
	}
}

static void happen(struct world *w)
{
	size_t i = below(FLOWS);
	struct model *m = &w->flows[i];
	double kind = noise();

	if (!m->exists) {
		*m = (struct model){0};
		attach(w, i, below(APPS), below(REMOTES));
	} else if (kind < .6) {
		carry(w, i);
	} else if (kind < .7) {
		detach(w, i);
	} else if (kind < .85) {
		transport_set_leg(&w->sums[m->app], &m->flow, noise() < .5);
	} else if (kind < .9) {
		size_t remote = detach(w, i);

		attach(w, i, below(APPS), remote);
	} else if (kind < .91) {
		change_trust(w);
	} else {
		pass_time(w);
	}
}

static struct transport count_anew(const struct world *w, size_t app,
				   enum peer_part part)
{
	double in[REMOTES] = {0}, out[REMOTES] = {0};
	struct transport t = {0};

	for (size_t i = 0; i < FLOWS; i++) {
		const struct model *m = &w->flows[i];
		size_t remote = (size_t)(m->flow.peer - w->peers[app]);

		if (!m->exists || m->app != app || !m->flow.is_stranger ||
		    (part == PEER_REST && m->flow.is_leg))
			continue;
		in[remote] += m->in;
		out[remote] += m->out;
	}
	for (size_t remote = 0; remote < REMOTES; remote++)
		transport_add(&t, in[remote], out[remote]);
	return t;
}

static void assert_alike(struct world *w, size_t app, enum peer_part part, int step)
{
	struct transport expected = count_anew(w, app, part);
	struct transport t =
		transport_measure(&w->sums[app], w->lists[app], part, w->now_ns);
	double sum = expected.in + expected.out;

	/* Rounding is of the largest that went by: a thousandth of a byte a second. */
	if (fabs(t.in + t.out - sum) > 1e-6 * sum + 1e-3)
		fail_msg("step %d: %g, not %g", step, t.in + t.out, sum);
	if (sum < 1)
		return;
	w->outdone += expected.worst_peer > fmax(expected.in, expected.out);
	if (fabs(transport_share(&t) - transport_share(&expected)) > 1e-3)
		fail_msg("step %d: %g, not %g", step, transport_share(&t),
			 transport_share(&expected));
}

static void what_is_kept_is_what_counting_anew_gives(void **state)
{
	(void)state;
	for (int turn = 0; turn < 20; turn++) {
		static struct world w;

		memset(&w, 0, sizeof(w));
		for (int step = 0; step < 5000; step++) {
			happen(&w);
			if (step % 3)
				continue;
			for (size_t app = 0; app < APPS; app++) {
				assert_alike(&w, app, PEER_ALL, step);
				assert_alike(&w, app, PEER_REST, step);
			}
		}
		/* What the closed form is about did happen. */
		assert_in_range(w.outdone, 500, 6000);
	}
}

/* --- by the engine -----------------------------------------------------------------
 */

static void trust_some(struct crowd *c, bool is_some)
{
	static const char text[] = "[link]\ntrusted = 198.19.0.0/29\n";
	struct policy_source source = {
		.file = "policy.ini", .text = text, .length = sizeof(text) - 1};
	struct policy *policy;
	struct policy_error ignored;

	assert_int_equal(policy_parse(&source, is_some, &policy, &ignored), 0);
	engine_set_policy(c->engine, policy, c->catalogue);
	policy_free(c->policy);
	c->policy = policy;
}

static double sum_of_flows(const struct app *a, enum peer_part part, uint64_t now_ns)
{
	double sum = 0;

	for (const struct flow *f = a->flows; f; f = f->next) {
		struct rates r = flow_rates(f, now_ns);

		if (f->is_stranger && (part == PEER_ALL || !f->is_leg))
			sum += r.in + r.out;
	}
	return sum;
}

static void assert_is_there(const struct app *a, const struct peer *peer)
{
	const struct peer *p;

	if (!peer)
		return;
	DL_FOREACH (a->peer_list, p)
		if (p == peer)
			return;
	fail_msg("%s: its heaviest peer has left", a->identity.key);
}

static void assert_sums(const struct crowd *c)
{
	const struct app *a = NULL;

	while ((a = engine_next_app(c->engine, a)))
		for (int part = 0; part < PEER_PARTS; part++) {
			struct transport_sums copy = a->transport;
			struct transport t = transport_measure(
				&copy, a->peer_list, (enum peer_part)part, c->now_ns);
			double sum = sum_of_flows(a, (enum peer_part)part, c->now_ns);

			assert_is_there(a, a->transport.parts[part].top);
			if (fabs(t.in + t.out - sum) > 1e-6 * sum + 1e-3)
				fail_msg("%s: %g, not %g", a->identity.key,
					 t.in + t.out, sum);
		}
}

/* Flows end and begin, change their owner, lose it, and are trusted for a while. */
static void the_engine_keeps_it_through_all_that_flows_go_through(void **state)
{
	struct crowd c;

	(void)state;
	crowd_begin(&c, 3, 90);
	for (int i = 0; i < 400; i++) {
		struct observation gone = {
			.kind = OBS_APP_GONE, .time_ns = c.now_ns, .app.id = 3};
		size_t first = below(60);

		crowd_carry(&c, first, 30);
		crowd_report(&c, first, 30);
		if (i % 7 == 0)
			crowd_renew(&c, below(85), 5);
		if (i % 11 == 0)
			c.flows[below(60)].flow.app = (uint16_t)(1 + below(2));
		if (i % 40 == 20)
			trust_some(&c, i % 80 == 20);
		if (i == 300) {
			for (size_t f = 0; f < c.flow_count; f++)
				if (c.flows[f].flow.app == 3)
					c.flows[f].flow.app = APP_UNATTRIBUTED;
			assert_int_equal(engine_observe(c.engine, &gone), 0);
			c.app_count = 2;
		}
		crowd_tick(&c, i == 200 ? 5000 * SECOND : SECOND / 5);
		assert_sums(&c);
	}
	crowd_end(&c);
}

static void what_has_left_leaves_nothing_behind(void **state)
{
	struct crowd c;
	const struct app *a;

	(void)state;
	crowd_begin(&c, 1, 10);
	crowd_carry(&c, 0, 10);
	crowd_report(&c, 0, 10);
	a = engine_find_app(c.engine, 1);
	assert_true(a->transport.parts[PEER_ALL].rates.in > 0);
	for (size_t i = 0; i < 10; i++) {
		c.flows[i].kind = OBS_FLOW_END;
		crowd_report(&c, i, 1);
	}
	assert_int_equal(a->transport.flows, 0);
	assert_true(a->transport.parts[PEER_ALL].rates.in <= 0);
	assert_null(a->transport.parts[PEER_ALL].top);
	assert_null(a->transport.parts[PEER_REST].top);
	crowd_end(&c);
}

#define CASE(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_transport_share_is_the_largest_flow_between_peers),
		CASE(nothing_can_have_been_passed_on_with_one_peer),
		CASE(what_is_kept_is_what_counting_anew_gives),
		CASE(the_engine_keeps_it_through_all_that_flows_go_through),
		CASE(what_has_left_leaves_nothing_behind),
	};

	return cmocka_run_group_tests_name("transport", tests, NULL, NULL);
}
