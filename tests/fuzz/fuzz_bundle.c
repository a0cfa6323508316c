/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a server, or whoever sits between, sends for a policy bundle: the envelope, and,
 * as if its signature were right, the payload; and the notes on the disk about it. What
 * is accepted is written and read the same again.
 */
#include "core/bundle_state.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int is_true)
{
	if (!is_true)
		abort();
}

static void check_payload(const char *payload, size_t size)
{
	char fault[BUNDLE_FAULT_STRLEN], *again;
	struct bundle b;
	size_t length;

	if (bundle_parse(payload, size, &b, fault) < 0)
		return;
	require(b.file_count <= BUNDLE_FILES_MAX && b.rollout <= 100);
	for (size_t i = 0; i < b.file_count; i++) {
		require(bundle_name_check(b.files[i].name) == 0);
		require(b.files[i].text >= payload);
		require(b.files[i].text + b.files[i].length <= payload + size);
	}
	require(bundle_write(&b, &again, &length, fault) == 0);
	require(length == size && memcmp(again, payload, size) == 0);
	free(again);
}

static void check_envelope(const char *bytes, size_t size)
{
	char fault[BUNDLE_FAULT_STRLEN], *again;
	struct bundle_envelope e;
	size_t length;

	if (bundle_open(bytes, size, &e, fault) < 0)
		return;
	require(e.payload + e.payload_size == bytes + size);
	require(bundle_seal(&e, &again, &length, fault) == 0);
	require(length == size && memcmp(again, bytes, size) == 0);
	free(again);
	check_payload(e.payload, e.payload_size);
}

static void check_state(const char *bytes, size_t size)
{
	char text[BUNDLE_STATE_SIZE_MAX], again[BUNDLE_STATE_SIZE_MAX];
	struct bundle_state s;

	bundle_state_parse(bytes, size, &s);
	bundle_state_parse(text, bundle_state_format(&s, text), &s);
	bundle_state_format(&s, again);
	require(strcmp(text, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of its very size, so that a byte beyond it is noticed. */
	char *bytes = malloc(size ? size : 1);

	require(bytes != NULL);
	if (size)
		memcpy(bytes, data, size);
	check_envelope(bytes, size);
	check_payload(bytes, size);
	check_state(bytes, size);
	free(bytes);
	return 0;
}
