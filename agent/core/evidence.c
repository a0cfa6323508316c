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

static double percent(double share)
{
	return round(share * 100);
}

static void sentence(enum evidence_kind k, const struct evidence *e, char *buf,
		     size_t size)
{
	bool counts = fabs(e->weight) > 0;

	switch (k) {
	case EVIDENCE_PRIOR:
		snprintf(buf, size, "%s",
			 e->value > 0
				 ? "It is a client whose network promotes computers."
				 : "It is not known as a client that gets promoted.");
		break;
	case EVIDENCE_MATCHED:
		snprintf(buf, size,
			 "%.0f %% of what strangers send it leaves again to other "
			 "strangers "
			 "within a second.",
			 percent(e->value));
		break;
	case EVIDENCE_COUPLING:
		snprintf(buf, size,
			 "One peer's traffic %s the traffic of all the others.",
			 counts ? "rises and falls with" : "does not follow");
		break;
	case EVIDENCE_BATCHES:
		snprintf(buf, size,
			 "Over minutes, %.0f %% of what strangers send it leaves again "
			 "to "
			 "other strangers.",
			 percent(e->value));
		break;
	case EVIDENCE_CIRCUITS:
		snprintf(buf, size,
			 "%.0f %% of its short connections come in pairs: one stranger "
			 "in, another out.",
			 percent(e->value));
		break;
	case EVIDENCE_PACKETS:
		snprintf(buf, size,
			 "In two seconds of packets, %.0f %% of what came in was sent "
			 "on "
			 "to somebody else at once.",
			 percent(e->value));
		break;
	case EVIDENCE_HUB:
		snprintf(buf, size,
			 "%.0f strangers that called it keep talking to it%s.",
			 e->value, counts ? ": they lean on it" : "");
		break;
	case EVIDENCE_REACHABLE:
		snprintf(buf, size,
			 counts ? "It listens to all the world, and strangers get "
				  "through."
				: "Strangers cannot call it, or do not.");
		break;
	case EVIDENCE_COVER:
		snprintf(buf, size,
			 "%.0f %% of its traffic comes and goes at one rate that never "
			 "varies.",
			 percent(e->value));
		break;
	case EVIDENCE_GAIN:
		snprintf(buf, size, "It sends %.2f bytes for each byte it receives.",
			 e->value);
		break;
	case EVIDENCE_NO_DISK:
		snprintf(buf, size,
			 counts ? "It neither stores what comes in nor reads what goes "
				  "out "
				  "from disk."
				: "It uses the disk (%.0f %% of its traffic).",
			 percent(e->value));
		break;
	case EVIDENCE_DISK:
		snprintf(buf, size,
			 counts ? "It stores or serves files: the disk moves %.0f %% "
				  "of its "
				  "traffic."
				: "The disk moves %.0f %% of its traffic.",
			 percent(e->value));
		break;
	case EVIDENCE_DEVICE:
		snprintf(buf, size, "%s",
			 counts ? "It uses sound or a camera, with one peer: a call."
			 : e->value > 0
				 ? "It uses sound or a camera, with several peers."
				 : "It uses neither sound nor a camera.");
		break;
	case EVIDENCE_LOCAL:
		snprintf(buf, size,
			 "%.0f %% of it goes on to, or comes from, networks you trust.",
			 percent(e->value));
		break;
	case EVIDENCE_TRANSPORT:
		snprintf(buf, size,
			 "At most %.0f %% of its traffic can have been passed from one "
			 "peer "
			 "to another.",
			 percent(e->value));
		break;
	case EVIDENCE_COUNT:
		break;
	}
}

const char *evidence_sentence(enum evidence_kind k, const struct evidence *e, char *buf,
			      size_t size)
{
	if (e->is_measured)
		sentence(k, e, buf, size);
	else
		snprintf(buf, size, "Not measured yet.");
	return buf;
}
