/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/event_limit.h"
#include "base/hash.h"
#include <string.h>

static uint32_t app_of(const char *key)
{
	uint32_t hash = key ? hash_keyed(key, strlen(key)) : 0;

	return key && !hash ? 1 : hash;
}

/* Its own, else the one that gives way: free, or the first to be calm again. */
static struct event_limit_slot *find_slot(struct event_limit *l, enum event_kind kind,
					  uint32_t app)
{
	struct event_limit_slot *calmest = &l->slots[0];

	for (size_t i = 0; i < EVENT_LIMIT_SLOTS; i++) {
		struct event_limit_slot *s = &l->slots[i];

		if (s->busy_until_ns && s->kind == kind && s->app == app)
			return s;
		if (s->busy_until_ns < calmest->busy_until_ns)
			calmest = s;
	}
	*calmest = (struct event_limit_slot){.kind = kind, .app = app};
	return calmest;
}

bool event_limit_admit(struct event_limit *l, enum event_kind kind, const char *key,
		       uint64_t now_ns, unsigned int *ret_left_out)
{
	uint64_t each = key ? EVENT_LIMIT_APP_NS : EVENT_LIMIT_AGENT_NS;
	uint64_t burst = key ? EVENT_LIMIT_APP_BURST : EVENT_LIMIT_AGENT_BURST;
	struct event_limit_slot *s = find_slot(l, kind, app_of(key));
	uint64_t from = s->busy_until_ns > now_ns ? s->busy_until_ns : now_ns;

	if (from - now_ns > (burst - 1) * each) {
		s->left_out++;
		l->left_out++;
		return false;
	}
	*ret_left_out = s->left_out;
	s->left_out = 0;
	s->busy_until_ns = from + each;
	return true;
}
