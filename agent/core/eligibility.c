/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/eligibility.h"

/* 100.64.0.0/10 */
static bool is_carrier(const struct addr *a)
{
	return addr_is_ipv4(a) && a->b[12] == 100 && (a->b[13] & 0xc0) == 64;
}

enum address_scope address_scope_of(const struct addr *a)
{
	if (addr_is_loopback(a))
		return ADDRESS_LOOPBACK;
	if (addr_is_local_scope(a))
		return ADDRESS_LINK_LOCAL;
	if (is_carrier(a))
		return ADDRESS_CARRIER;
	return addr_is_private(a) ? ADDRESS_PRIVATE : ADDRESS_PUBLIC;
}

const char *address_scope_name(enum address_scope s)
{
	static const char *const names[] = {
		[ADDRESS_LOOPBACK] = "loopback", [ADDRESS_LINK_LOCAL] = "link-local",
		[ADDRESS_PRIVATE] = "private",	 [ADDRESS_CARRIER] = "carrier NAT",
		[ADDRESS_PUBLIC] = "public",
	};

	return names[s];
}

/*
 * What was tried counts for more than what should be: who was called is reached, and
 * what a server's other address could send came through all that is between.
 */
static enum answer is_reachable(const struct eligibility_facts *f)
{
	if (f->callers)
		return ANSWER_YES;
	if (f->filtering == NAT_NONE || f->filtering == NAT_ENDPOINT_INDEPENDENT)
		return ANSWER_YES;
	if (f->is_refused == ANSWER_YES)
		return ANSWER_NO;
	if (f->maps_ports == ANSWER_YES)
		return ANSWER_YES;
	if (f->filtering != NAT_NOT_KNOWN)
		return ANSWER_NO;
	if (f->has_public_address && f->is_refused == ANSWER_NO)
		return ANSWER_YES;
	return ANSWER_UNKNOWN;
}

static bool could_be_promoted(const struct eligibility_client *c, enum answer reachable)
{
	if (c->is_forbidden)
		return false;
	if (!c->needs_inbound || reachable == ANSWER_YES)
		return true;
	return c->is_running && reachable == ANSWER_UNKNOWN;
}

struct eligibility eligibility_judge(const struct eligibility_facts *f)
{
	struct eligibility e = {.is_reachable = is_reachable(f)};

	for (size_t i = 0; i < f->client_count; i++)
		e.clients += could_be_promoted(&f->clients[i], e.is_reachable);
	if (e.is_reachable == ANSWER_YES)
		e.listeners = f->listeners;
	if (f->promoted)
		e.verdict = ELIGIBILITY_PROMOTED;
	else if (e.clients || e.listeners)
		e.verdict = ELIGIBILITY_POSSIBLE;
	return e;
}

const char *eligibility_verdict_name(enum eligibility_verdict v)
{
	static const char *const names[] = {
		[ELIGIBILITY_SAFE] = "safe",
		[ELIGIBILITY_POSSIBLE] = "possible",
		[ELIGIBILITY_PROMOTED] = "promoted",
	};

	return names[v];
}
