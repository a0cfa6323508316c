/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/evidence.h"
#include <math.h>
#include <stdio.h>

static const struct {
	const char *name, *unit;
	enum evidence_family family;
} kinds[EVIDENCE_COUNT] = {
	[EVIDENCE_PRIOR] = {"prior", "", EVIDENCE_FAMILY_NONE},
	[EVIDENCE_MATCHED] = {"matched-share", "share", EVIDENCE_FAMILY_SERIES},
	[EVIDENCE_COUPLING] = {"coupling", "windows of 3", EVIDENCE_FAMILY_SERIES},
	[EVIDENCE_BATCHES] = {"batches", "share", EVIDENCE_FAMILY_SERIES},
	[EVIDENCE_PACKETS] = {"packets", "share", EVIDENCE_FAMILY_PACKETS},
	[EVIDENCE_CIRCUITS] = {"circuits", "share", EVIDENCE_FAMILY_OPENINGS},
	[EVIDENCE_HUB] = {"hub", "peers", EVIDENCE_FAMILY_PEERS},
	[EVIDENCE_REACHABLE] = {"reachable", "", EVIDENCE_FAMILY_NONE},
	[EVIDENCE_COVER] = {"cover", "share", EVIDENCE_FAMILY_CONSERVATION},
	[EVIDENCE_GAIN] = {"gain", "ratio", EVIDENCE_FAMILY_CONSERVATION},
	[EVIDENCE_NO_DISK] = {"no-disk", "share", EVIDENCE_FAMILY_CONSERVATION},
	[EVIDENCE_DISK] = {"disk", "share", EVIDENCE_FAMILY_NONE},
	[EVIDENCE_DEVICE] = {"device", "", EVIDENCE_FAMILY_NONE},
	[EVIDENCE_LOCAL] = {"local", "share", EVIDENCE_FAMILY_NONE},
	[EVIDENCE_TRANSPORT] = {"transport-share", "share", EVIDENCE_FAMILY_NONE},
};

const char *evidence_name(enum evidence_kind k)
{
	return kinds[k].name;
}

enum evidence_family evidence_family(enum evidence_kind k)
{
	return kinds[k].family;
}

const char *evidence_unit(enum evidence_kind k)
{
	return kinds[k].unit;
}

static const struct {
	const char *name, *meaning;
} families[EVIDENCE_FAMILY_COUNT] = {
	[EVIDENCE_FAMILY_NONE] = {"", ""},
	[EVIDENCE_FAMILY_SERIES] = {"series", "how its flows rise and fall"},
	[EVIDENCE_FAMILY_PACKETS] = {"packets", "packets"},
	[EVIDENCE_FAMILY_OPENINGS] = {"openings", "when its connections begin"},
	[EVIDENCE_FAMILY_PEERS] = {"peers", "who leans on it"},
	[EVIDENCE_FAMILY_CONSERVATION] = {"conservation", "what is conserved"},
};

const char *evidence_family_name(enum evidence_family f)
{
	return families[f].name;
}

const char *evidence_family_meaning(enum evidence_family f)
{
	return families[f].meaning;
}

/* --- sentences -------------------------------------------------------------------- */
/*
 * Each is true whatever the weight: it tells what was measured, and draws a conclusion
 * only where the weight does.
 */

static double percent(double share)
{
	return round(share * 100);
}

static bool speaks_for(const struct evidence *e)
{
	return e->weight > 0;
}

static void say_prior(const struct evidence *e, char *buf, size_t size)
{
	snprintf(buf, size, "Before any evidence: %s.",
		 e->value > 1	? "its own configuration has it work for others"
		 : e->value > 0 ? "its network promotes some of its clients, not most"
				: "hardly any unknown program works for strangers");
}

static void say_matched(const struct evidence *e, char *buf, size_t size)
{
	snprintf(buf, size,
		 "%.0f %% of what strangers send it rises and falls with what it sends "
		 "to other strangers.",
		 percent(e->value));
}

static void say_coupling(const struct evidence *e, char *buf, size_t size)
{
	snprintf(buf, size,
		 "In %.0f of the last 3 looks, one peer's traffic rose and fell with "
		 "that of all the others.",
		 e->value);
}

static void say_batches(const struct evidence *e, char *buf, size_t size)
{
	snprintf(buf, size,
		 "Over minutes, %.0f %% of what strangers send it rises and falls with "
		 "what it sends on later.",
		 percent(e->value));
}

static void say_packets(const struct evidence *e, char *buf, size_t size)
{
	snprintf(buf, size,
		 "In a sample of packets, %.0f %% of the bytes that came in went on to "
		 "another peer at once.",
		 percent(e->value));
}

static void say_circuits(const struct evidence *e, char *buf, size_t size)
{
	snprintf(buf, size,
		 "%.0f %% of its short connections come in pairs: a stranger calls it, "
		 "and it calls another.",
		 percent(e->value));
}

static void say_hub(const struct evidence *e, char *buf, size_t size)
{
	if (e->value < 1)
		snprintf(buf, size, "No stranger that called it keeps talking to it.");
	else if (e->value < 2)
		snprintf(buf, size, "One stranger that called it keeps talking to it.");
	else
		snprintf(buf, size,
			 "%.0f strangers that called it keep talking to it%s.",
			 e->value, speaks_for(e) ? ": they lean on it" : "");
}

static void say_reachable(const struct evidence *e, char *buf, size_t size)
{
	snprintf(buf, size, "%s",
		 e->value > 0
			 ? "It listens on all addresses, and strangers get through."
			 : "It was not seen to listen on all addresses and be "
			   "called by strangers.");
}

static void say_cover(const struct evidence *e, char *buf, size_t size)
{
	snprintf(buf, size,
		 "%.0f %% of its traffic comes and goes at one rate that never "
		 "varies%s.",
		 percent(e->value), speaks_for(e) ? ": it may hide what it is" : "");
}

static void say_gain(const struct evidence *e, char *buf, size_t size)
{
	snprintf(buf, size, "It sends %.2f bytes for each byte it receives%s.",
		 e->value, speaks_for(e) ? ": as much goes out as comes in" : "");
}

/* A program may write more than it receives. */
static const char *disk_moves(const struct evidence *e, char *buf, size_t size)
{
	if (e->value > 1)
		snprintf(buf, size,
			 "The disk moves as much as all its traffic, or more");
	else
		snprintf(buf, size, "The disk moves %.0f %% of its traffic",
			 percent(e->value));
	return buf;
}

static void say_no_disk(const struct evidence *e, char *buf, size_t size)
{
	char moves[64];

	snprintf(buf, size, "%s%s.", disk_moves(e, moves, sizeof(moves)),
		 speaks_for(e) ? ": it neither stores what comes in nor reads what "
				 "goes out"
			       : "");
}

/* Without weight though the disk is busy: it writes and reads, and gives as much as it
 * gets. */
static void say_disk(const struct evidence *e, char *buf, size_t size)
{
	char moves[64];

	snprintf(buf, size, "%s: %s.", disk_moves(e, moves, sizeof(moves)),
		 e->weight < 0	  ? "it stores or serves files"
		 : e->value > 0.6 ? "in and out alike, as if to send it on later"
				  : "too little to say that it stores or serves files");
}

static void say_device(const struct evidence *e, char *buf, size_t size)
{
	snprintf(buf, size, "%s",
		 e->value <= 0	 ? "It was not seen to use sound or a camera."
		 : e->weight < 0 ? "It uses sound or a camera, with one peer: a call."
				 : "It uses sound or a camera, and several peers are "
				   "busy.");
}

static void say_local(const struct evidence *e, char *buf, size_t size)
{
	snprintf(buf, size,
		 "Up to %.0f %% of its traffic with strangers comes from networks you "
		 "trust, or ends there%s.",
		 percent(e->value), e->weight < 0 ? ": for you" : "");
}

static void say_transport(const struct evidence *e, char *buf, size_t size)
{
	snprintf(buf, size,
		 "At most %.0f %% of its traffic can have been passed on from one peer "
		 "to another.",
		 percent(e->value));
}

typedef void say_function(const struct evidence *e, char *buf, size_t size);

static say_function *const sayers[EVIDENCE_COUNT] = {
	[EVIDENCE_PRIOR] = say_prior,
	[EVIDENCE_MATCHED] = say_matched,
	[EVIDENCE_COUPLING] = say_coupling,
	[EVIDENCE_BATCHES] = say_batches,
	[EVIDENCE_PACKETS] = say_packets,
	[EVIDENCE_CIRCUITS] = say_circuits,
	[EVIDENCE_HUB] = say_hub,
	[EVIDENCE_REACHABLE] = say_reachable,
	[EVIDENCE_COVER] = say_cover,
	[EVIDENCE_GAIN] = say_gain,
	[EVIDENCE_NO_DISK] = say_no_disk,
	[EVIDENCE_DISK] = say_disk,
	[EVIDENCE_DEVICE] = say_device,
	[EVIDENCE_LOCAL] = say_local,
	[EVIDENCE_TRANSPORT] = say_transport,
};

const char *evidence_sentence(enum evidence_kind k, const struct evidence *e, char *buf,
			      size_t size)
{
	if (e->is_measured)
		sayers[k](e, buf, size);
	else
		snprintf(buf, size, "Not measured yet.");
	return buf;
}
