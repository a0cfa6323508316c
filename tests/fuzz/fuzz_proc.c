/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text parsers of /proc. The first byte chooses the parser, the rest is the file;
 * it is handed over without a NUL behind it, as read() leaves it.
 */
#include "kernel/procparse.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_text(const char *text, size_t size)
{
	if (!memchr(text, '\0', size))
		abort();
}

static void parse(uint8_t parser, const char *text, size_t length)
{
	struct procparse_stat stat;
	uint32_t uids[4];
	uint64_t a, b;
	char path[64];
	int numbers[4];

	switch (parser % 10) {
	case 0:
		if (procparse_stat(text, length, &stat) == 0)
			expect_text(stat.comm, sizeof(stat.comm));
		break;
	case 1:
		procparse_uids(text, length, uids);
		break;
	case 2:
		if (procparse_cgroup(text, length, path, sizeof(path)) == 0)
			expect_text(path, sizeof(path));
		break;
	case 3:
		if (procparse_cgroup_mount(text, length, path, sizeof(path)) == 0)
			expect_text(path, sizeof(path));
		break;
	case 4:
		procparse_script(text, length, path, sizeof(path));
		expect_text(path, sizeof(path));
		break;
	case 5:
		procparse_io(text, length, &a, &b);
		break;
	case 6:
		if (procparse_numbers(text, length, numbers, 4) > 4)
			abort();
		break;
	case 7:
		procparse_is_sound_server(text, length);
		break;
	case 8:
		if (procparse_tap(text, length, path, sizeof(path)) == 0)
			expect_text(path, sizeof(path));
		break;
	default:
		memset(path, 0, sizeof(path));
		memcpy(path, text, length < 63 ? length : 63);
		procparse_socket_link(path, &a);
		procparse_namespace_link(path, &a);
		procparse_device_link(path);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size < 2)
		return 0;
	/* An allocation of its own, so that reading past the end is seen. */
	text = malloc(size - 1);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	parse(data[0], text, size - 1);
	free(text);
	return 0;
}
