/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/event.h"
#include <string.h>
#include <syslog.h>

struct kind {
	const char *name, *message_id, *subsystem;
	int severity;
};

/* Ids are random, made once by `systemd-id128 new`; packaging/journal has what they
 * mean. */
static const struct kind kinds[EVENT_KIND_COUNT] = {
	[EVENT_STARTED] = {"started", "909d8e43030e40df8fd36e2dace89fc7", "agent",
			   LOG_INFO},
	[EVENT_STOPPED] = {"stopped", "9613488137ab479793f444e457d226ae", "agent",
			   LOG_INFO},
	[EVENT_PROMOTED] = {"promoted", "22c6c166197340dfb539afe286a41305", "role",
			    LOG_WARNING},
	[EVENT_CLEARED] = {"cleared", "b3639fbd569d46628f953fd4cd8378b3", "role",
			   LOG_NOTICE},
	[EVENT_LIMITED] = {"limited", "32cc768d4d394b518ae54121482c877d", "limit",
			   LOG_NOTICE},
	[EVENT_CUT] = {"cut", "217fac004b5b42e79e21536a5eeeb301", "cut", LOG_NOTICE},
	[EVENT_RELEASED] = {"released", "2d420df35c4a4efa8b17099379201992", "limit",
			    LOG_NOTICE},
	[EVENT_QUOTA_USED] = {"quota_used", "db12f6e3f63945fba1962eb146879066", "quota",
			      LOG_NOTICE},
	[EVENT_QUOTA_LEFT] = {"quota_left", "674bd1b3c91c4da9af27908221f63b9b", "quota",
			      LOG_NOTICE},
	[EVENT_POLICY_LOADED] = {"policy_loaded", "132b5d07dfec4ae8b38d3fcb7c517e4d",
				 "policy", LOG_INFO},
	[EVENT_POLICY_REFUSED] = {"policy_refused", "2baa71b72f7443aa9e45fbec5be794be",
				  "policy", LOG_ERR},
	[EVENT_POLICY_ROLLED_BACK] = {"policy_rolled_back",
				      "4e87504194f34c78870f844b3d4f4e4a", "policy",
				      LOG_WARNING},
	[EVENT_PAUSED] = {"paused", "cb1f78f940e5484e838a66f418b06d5f", "pause",
			  LOG_NOTICE},
	[EVENT_RESUMED] = {"resumed", "b7fac7fe10964b668af8cc652b572e36", "pause",
			   LOG_NOTICE},
	[EVENT_TAMPERED] = {"tampered", "3063f99119e04926854c14841fdb6568", "tampering",
			    LOG_WARNING},
	[EVENT_REPAIRED] = {"repaired", "f771c4b60ca241bf97cfbeb34f827077", "tampering",
			    LOG_NOTICE},
	[EVENT_DEGRADED] = {"degraded", "39707c4c58b44a12a8d2284f85c47cb6", "health",
			    LOG_WARNING},
	[EVENT_RECOVERED] = {"recovered", "9ed0e726d0174619bf6fea3b09ccc78b", "health",
			     LOG_NOTICE},
	[EVENT_IMPOSTOR] = {"impostor", "e756f2a6db8648b2b3f8b1e66132cc93", "impostor",
			    LOG_WARNING},
	[EVENT_CLOCK_SET] = {"clock_set", "5962adeac21c4a82a476daf247b7d18d", "clock",
			     LOG_NOTICE},
};

const char *event_name(enum event_kind k)
{
	return kinds[k].name;
}

bool event_parse(const char *name, enum event_kind *ret_kind)
{
	for (enum event_kind k = 0; k < EVENT_KIND_COUNT; k++)
		if (strcmp(kinds[k].name, name) == 0) {
			*ret_kind = k;
			return true;
		}
	return false;
}

const char *event_message_id(enum event_kind k)
{
	return kinds[k].message_id;
}

int event_severity(enum event_kind k)
{
	return kinds[k].severity;
}

const char *event_severity_name(enum event_kind k)
{
	switch (kinds[k].severity) {
	case LOG_ERR:
		return "error";
	case LOG_WARNING:
		return "warning";
	case LOG_NOTICE:
		return "notice";
	default:
		return "info";
	}
}

const char *event_subsystem(enum event_kind k)
{
	return kinds[k].subsystem;
}
