/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Enforcement is suspended for a while, because somebody asked for it. */
#include "agent_private.h"
#include "ctl/report_json.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

#define CLOCK_TEXT_MAX 32

bool pause_is_on(const struct agent *a)
{
	return a->pause.until_ns != 0;
}

/* "14:32": for the log, in local time. */
static const char *clock_text(uint64_t in_ns, char buf[static CLOCK_TEXT_MAX])
{
	time_t t = time(NULL) + (time_t)(in_ns / SECOND_NS);
	struct tm local;

	*buf = '\0';
	if (localtime_r(&t, &local))
		strftime(buf, CLOCK_TEXT_MAX, "%Y-%m-%d %H:%M:%S", &local);
	return buf;
}

static void pause_end(struct agent *a, const char *why)
{
	a->pause = (struct pause){0};
	chronicle_say_take(a, EVENT_RESUMED, NULL, "%s: policy is enforced again", why);
}

static void pause_begin(struct agent *a, const struct ctl_peer *peer, uint64_t seconds)
{
	uint64_t now = agent_now();
	char text[CLOCK_TEXT_MAX];

	a->pause = (struct pause){.until_ns = now + seconds * SECOND_NS,
				  .uid = peer->uid,
				  .pid = peer->pid};
	agent_user_name(a, peer->uid, a->pause.user, sizeof(a->pause.user));
	chronicle_say_take(
		a, EVENT_PAUSED,
		json_pack("{s:I, s:o}", "seconds", (json_int_t)seconds, "user",
			  report_text(a->pause.user)),
		"paused until %s by %s (uid %u, pid %d): nothing is limited or cut",
		clock_text(seconds * SECOND_NS, text), a->pause.user,
		(unsigned int)peer->uid, (int)peer->pid);
}

void pause_expire(struct agent *a, uint64_t now_ns)
{
	if (pause_is_on(a) && now_ns >= a->pause.until_ns)
		pause_end(a, "the pause is over");
}

void pause_set(struct agent *a, const struct ctl_peer *peer, uint64_t seconds)
{
	char user[sizeof(a->pause.user)], why[128];

	if (seconds) {
		pause_begin(a, peer, seconds);
	} else if (pause_is_on(a)) {
		agent_user_name(a, peer->uid, user, sizeof(user));
		snprintf(why, sizeof(why), "resumed by %s (uid %u, pid %d)", user,
			 (unsigned int)peer->uid, (int)peer->pid);
		pause_end(a, why);
	}
	enforce_update(a, agent_now());
	trial_go_on(a); /* what was read meanwhile can be seen now */
}
