/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a trial reads: its own file of verdicts, an endpoint and a name of the policy,
 * and what claims to be a resolver's answer.
 */
#include "base/text.h"
#include "core/probe.h"
#include "store/verdicts.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int is_true)
{
	if (!is_true)
		abort();
}

static void check_verdicts(const char *text)
{
	struct verdicts v;

	verdicts_parse(text, &v);
	require(v.refused_count <= VERDICTS_REFUSED_MAX);
	for (size_t i = 0; i < v.refused_count; i++) {
		require(v.refused[i].print != 0);
		require(text_is_plain(v.refused[i].text, strlen(v.refused[i].text)));
		require(verdicts_refusal(&v, v.refused[i].print) != NULL);
	}
}

/* What is accepted reads the same again. */
static void check_endpoint(const char *text)
{
	struct probe p = {.kind = PROBE_TCP}, again;
	char shown[PROBE_STRLEN];

	if (probe_parse_endpoint(text, &p.addr, &p.port) < 0)
		return;
	probe_describe(&p, shown);
	require(probe_parse_endpoint(shown + 4, &again.addr, &again.port) == 0);
	require(addr_equal(&p.addr, &again.addr) && p.port == again.port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	require(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	check_verdicts(text);
	check_endpoint(text);
	if (probe_is_name(text))
		require(strlen(text) < PROBE_NAME_MAX);
	if (size >= 24)
		probe_is_answer(data, 12, data + 12, size - 12);
	free(text);
	return 0;
}
