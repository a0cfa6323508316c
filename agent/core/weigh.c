/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/weigh.h"
#include <math.h>

#define HUB_CALLERS 8
#define HUB_CALLS 4
#define HUB_CALLERS_MANY 20
#define HUB_CALLERS_MOST 256
#define HUB_AFTER_S 30
#define HUB_CALLER_RATE 200.0 /* bytes per second of a caller: more is payload */
#define HUB_GAIN_MIN 0.5 /* upkeep is answered in kind; beyond, it serves something */
#define HUB_GAIN_MAX 2.0
#define PACKETS_WHOLE 0.8 /* share sent on at once that has the full weight */
#define COVER_AFTER_S 60
#define FAMILY_MIN 2.0 /* log-odds a family must add to count as one */

static void set(struct evidence *e, enum evidence_kind k, double value, double weight)
{
	e[k] = (struct evidence){true, value, weight};
}

double weigh_prior(bool is_known_client, bool is_set_to_relay)
{
	if (!is_known_client)
		return -6;
	return is_set_to_relay ? -2 : -4;
}

/* From 0 at `from` to 1 at `to`. */
static double ramp(double x, double from, double to)
{
	return fmax(0, fmin(1, (x - from) / (to - from)));
}

static void weigh_flows(const struct facts *f, struct evidence *e)
{
	if (f->has_matched) {
		set(e, EVIDENCE_MATCHED, f->matched, 8 * ramp(f->matched, 0, .5));
		set(e, EVIDENCE_COUPLING, f->coupled_windows,
		    f->coupled_windows >= 2 ? 3.5 : 0);
	}
	if (f->has_batches)
		set(e, EVIDENCE_BATCHES, f->batches, 8 * ramp(f->batches, 0, .5));
}

/*
 * In the middle of a swarm half of what came in leaves at once, to those who wait for
 * just that piece; a relay passes on nearly all of it.
 */
static void weigh_packets(const struct facts *f, struct evidence *e)
{
	if (f->has_packets)
		set(e, EVIDENCE_PACKETS, f->packets,
		    8 * ramp(f->packets, 0, PACKETS_WHOLE));
	if (f->has_circuits)
		set(e, EVIDENCE_CIRCUITS, f->circuits, 8 * ramp(f->circuits, 0, .5));
}

/* Where all call each other, as in a distributed hash table, nobody leans on anybody.
 */
static double leaning(const struct facts *f)
{
	return fmax(0, (double)f->callers - (double)f->called);
}

bool weigh_is_hub(const struct facts *f, unsigned int calls)
{
	return leaning(f) >= HUB_CALLERS_MANY ||
	       (f->callers >= HUB_CALLERS && calls >= HUB_CALLS);
}

/*
 * Who leans on it. Eight strangers that keep talking are a sign; some hundred, each
 * with a few packets a minute both ways, are what a supernode is, though it carries
 * next to nothing (Guha et al. 2006): 2.5 at 8 if it calls others too, 4 at 20, and 1.5
 * more each time they double, up to 9.5. Servers and swarms have as many, to whom they
 * give more than they get, or who bring more than a sign of life.
 */
static double hub_weight(const struct facts *f)
{
	double callers = fmin(leaning(f), HUB_CALLERS_MOST);
	double gain = f->in_60 > 0 ? f->out_60 / f->in_60 : 0;

	if (f->hub_seconds < HUB_AFTER_S)
		return 0;
	if (callers < HUB_CALLERS_MANY || gain < HUB_GAIN_MIN || gain > HUB_GAIN_MAX ||
	    f->in_60 > HUB_CALLER_RATE * f->callers)
		return 2.5;
	return 4 + 1.5 * log2(callers / HUB_CALLERS_MANY);
}

static void weigh_peers(const struct facts *f, struct evidence *e)
{
	set(e, EVIDENCE_HUB, f->callers, hub_weight(f));
	/* Of a capture nobody can say what it listened on, or had open. */
	if (f->has_processes || f->is_reachable)
		set(e, EVIDENCE_REACHABLE, f->is_reachable, f->is_reachable ? .5 : 0);
}

/* Storing or serving files conserves their bytes; a talkative log is no storage, though
 * it may come to half of the traffic. */
static double disk_weight(double share)
{
	return -5 * ramp(share, .5, .85);
}

static bool is_near_one(double x)
{
	return x > 0.7 && x < 1.4;
}

static void weigh_storage(const struct facts *f, double gain, struct evidence *e)
{
	double share = fmax(f->stored, f->served);
	bool goes_through =
		is_near_one(f->stored) && is_near_one(f->served) && is_near_one(gain);

	if (!f->has_storage)
		return;
	set(e, EVIDENCE_NO_DISK, share, share < .05 ? 1.5 : 0);
	/* Through the disk and out again is what a store-and-forward relay does. */
	set(e, EVIDENCE_DISK, share, goes_through ? 0 : disk_weight(share));
}

bool weigh_forwards(const struct evidence evidence[EVIDENCE_COUNT])
{
	static const enum evidence_kind heads[] = {EVIDENCE_MATCHED, EVIDENCE_COUPLING,
						   EVIDENCE_BATCHES, EVIDENCE_PACKETS,
						   EVIDENCE_CIRCUITS};

	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		if (evidence[heads[i]].weight > 0)
			return true;
	return false;
}

static bool has_positive_head(const struct evidence *e)
{
	return weigh_forwards(e) || e[EVIDENCE_HUB].weight > 0 ||
	       e[EVIDENCE_COVER].weight > 0;
}

/*
 * Bytes that come and go at one unvarying rate hide what they carry: relays do so, and
 * so do calls. Who has sound or a camera in use is in a call.
 */
static void weigh_cover(const struct facts *f, struct evidence *e)
{
	bool counts = f->cover_seconds >= COVER_AFTER_S && !f->has_device;

	set(e, EVIDENCE_COVER, f->cover, counts ? 3 * ramp(f->cover, .5, .9) : 0);
}

/* What strangers send that ends in a trusted network, and what they get from there, is
 * relayed for the owner, if at all. What was seen to go on to strangers still counts:
 * talk with oneself must not be an excuse. */
static void weigh_local(const struct facts *f, struct evidence *e)
{
	double onward =
		fmax(fmax(e[EVIDENCE_MATCHED].value, e[EVIDENCE_PACKETS].value),
		     fmax(e[EVIDENCE_BATCHES].value, e[EVIDENCE_CIRCUITS].value));

	set(e, EVIDENCE_LOCAL, f->local,
	    -6 * ramp(f->local, .5, .8) * (1 - fmin(1, onward)));
}

/* Clients that abort leave a proxy with less sent than received: down to .45 was
 * measured, and .31 to .66 in the middle of a swarm. */
static void weigh_transport(const struct facts *f, struct evidence *e)
{
	/* What is sent in bursts swings about it. */
	double share = fmax(f->transport, f->batches);

	if (f->has_transport)
		set(e, EVIDENCE_TRANSPORT, share,
		    -3 * (1 - ramp(share, FACTS_TRANSPORT_MIN, .5)));
}

static void weigh_balance(const struct facts *f, struct evidence *e)
{
	double gain = f->in_60 > 0 ? f->out_60 / f->in_60 : 0;
	bool is_conserved = gain >= 0.8 && gain <= 1.25;

	weigh_cover(f, e);
	set(e, EVIDENCE_GAIN, gain, is_conserved && has_positive_head(e) ? 1 : 0);
	weigh_transport(f, e);
	weigh_storage(f, gain, e);
	if (f->has_processes || f->has_device)
		set(e, EVIDENCE_DEVICE, f->has_device,
		    f->has_device && f->is_with_one ? -2 : 0);
	weigh_local(f, e);
}

void weigh(const struct facts *f, struct evidence ret_evidence[EVIDENCE_COUNT])
{
	for (int k = 0; k < EVIDENCE_COUNT; k++)
		ret_evidence[k] = (struct evidence){0};
	set(ret_evidence, EVIDENCE_PRIOR,
	    f->is_known_client ? 1 + f->is_set_to_relay : 0,
	    weigh_prior(f->is_known_client, f->is_set_to_relay));
	weigh_flows(f, ret_evidence);
	weigh_packets(f, ret_evidence);
	weigh_peers(f, ret_evidence);
	if (f->is_flowing || (f->is_trickling && f->batches > 0))
		weigh_balance(f, ret_evidence);
}

double weigh_sum(const struct evidence evidence[EVIDENCE_COUNT])
{
	double sum = 0;

	for (int k = 0; k < EVIDENCE_COUNT; k++)
		sum += evidence[k].weight;
	return sum;
}

unsigned int weigh_family_bits(const struct evidence evidence[EVIDENCE_COUNT])
{
	double sums[EVIDENCE_FAMILY_COUNT] = {0};
	unsigned int bits = 0;

	for (enum evidence_kind k = 0; k < EVIDENCE_COUNT; k++)
		if (evidence[k].weight > 0)
			sums[evidence_family(k)] += evidence[k].weight;
	for (unsigned int f = 0; f < EVIDENCE_FAMILY_COUNT; f++)
		if (f != EVIDENCE_FAMILY_NONE && sums[f] >= FAMILY_MIN)
			bits |= 1u << f;
	return bits;
}

unsigned int weigh_families(const struct evidence evidence[EVIDENCE_COUNT])
{
	return (unsigned int)__builtin_popcount(weigh_family_bits(evidence));
}
