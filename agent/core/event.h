/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens to the agent and its applications that a person may ask about later. An
 * event is told once, in one plain sentence; chronicle.c takes it to the journal, the
 * history and those who listen. Pure.
 *
 * Names and message ids never change: scripts and message catalogues depend on them.
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include "core/observation.h"
#include <stdbool.h>
#include <stdint.h>

/* Longer ones are cut. Details that are longer are left out. */
#define EVENT_TEXT_MAX 1024
#define EVENT_DETAILS_MAX 3072

enum event_kind {
	EVENT_STARTED,
	EVENT_STOPPED,
	EVENT_PROMOTED, /* an application has become a supernode or relay */
	EVENT_CLEARED,	/* it is none any more, or has ended */
	EVENT_LIMITED,	/* a relay limit is in force on it */
	EVENT_CUT,	/* connections of it are cut, or calls refused */
	EVENT_RELEASED, /* neither is any more */
	EVENT_QUOTA_USED,
	EVENT_QUOTA_LEFT, /* there is some again */
	EVENT_POLICY_LOADED,
	EVENT_POLICY_REFUSED, /* files are wrong, the policy before stays */
	EVENT_POLICY_ROLLED_BACK,
	EVENT_PAUSED,
	EVENT_RESUMED,
	EVENT_TAMPERED, /* somebody has changed our rules */
	EVENT_REPAIRED,
	EVENT_DEGRADED, /* something does not work as it should */
	EVENT_RECOVERED,
	EVENT_IMPOSTOR, /* it relays, and is not what its name says */
	EVENT_CLOCK_SET,
	EVENT_KIND_COUNT
};

struct event {
	enum event_kind kind;
	int64_t time;			/* Unix time, seconds */
	const struct app_identity *app; /* it is about, or NULL: the agent itself */
	const char *text;		/* one plain sentence */
	const char *details;		/* a JSON object, or NULL */
	unsigned int left_out;		/* like it, for there were too many */
};

/* "policy_rolled_back". */
const char *event_name(enum event_kind k);
/* False for a name of no kind. */
bool event_parse(const char *name, enum event_kind *ret_kind);
/* MESSAGE_ID of the journal: 32 hexadecimal digits. */
const char *event_message_id(enum event_kind k);
/* As syslog(3) has them, LOG_ERR to LOG_INFO; and its name, "warning". */
int event_severity(enum event_kind k);
const char *event_severity_name(enum event_kind k);
/* What it is about in a line of the log: "role", "policy". */
const char *event_subsystem(enum event_kind k);

#endif
