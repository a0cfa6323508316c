/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/evidence.h"
#include <math.h>
#include <stdio.h>

static const struct {
	const char *name, *unit;
} kinds[EVIDENCE_COUNT] = {
	[EVIDENCE_PRIOR] = {"prior", ""},
	[EVIDENCE_MATCHED] = {"matched-share", "share"},
	[EVIDENCE_COUPLING] = {"coupling", "windows of 3"},
	[EVIDENCE_PACKETS] = {"packets", "share"},
	[EVIDENCE_HUB] = {"hub", "peers"},
	[EVIDENCE_GAIN] = {"gain", "ratio"},
	[EVIDENCE_NO_DISK] = {"no-disk", "share"},
	[EVIDENCE_DISK] = {"disk", "share"},
	[EVIDENCE_TRANSPORT] = {"transport-share", "share"},
};

const char *evidence_name(enum evidence_kind k)
{
	return kinds[k].name;
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
	case EVIDENCE_PACKETS:
		snprintf(buf, size,
			 "In two seconds of packets, %.0f %% of what came in was sent "
			 "on "
			 "to somebody else at once.",
			 percent(e->value));
		break;
	case EVIDENCE_HUB:
		snprintf(buf, size,
			 "%.0f strangers that called it lean on it at once%s.",
			 e->value, counts ? ", while it calls others" : "");
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
