/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/base64.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* RFC 4648 section 10. */
static const struct {
	const char *bytes, *text;
} vectors[] = {{"", ""},
	       {"f", "Zg=="},
	       {"fo", "Zm8="},
	       {"foo", "Zm9v"},
	       {"foob", "Zm9vYg=="},
	       {"fooba", "Zm9vYmE="},
	       {"foobar", "Zm9vYmFy"},
	       {"\xfb\xff", "+/8="}};

static void the_vectors_of_the_rfc_hold(void **state)
{
	char text[32];
	size_t size;

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		const char *bytes = vectors[i].bytes;

		base64_encode(bytes, strlen(bytes), text);
		assert_string_equal(text, vectors[i].text);
		assert_int_equal(strlen(text) + 1, BASE64_SIZE(strlen(bytes)));
		/* in place */
		assert_int_equal(base64_decode(text, strlen(text), text, &size), 0);
		assert_int_equal(size, strlen(bytes));
		assert_memory_equal(text, bytes, size);
	}
}

static void all_bytes_come_back(void **state)
{
	uint8_t bytes[256], back[BASE64_SIZE(256)];
	char text[BASE64_SIZE(256)];
	size_t size;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	base64_encode(bytes, sizeof(bytes), text);
	assert_int_equal(base64_decode(text, strlen(text), back, &size), 0);
	assert_int_equal(size, sizeof(bytes));
	assert_memory_equal(back, bytes, size);
}

static void what_no_encoder_writes_is_refused(void **state)
{
	static const char *const wrong[] = {
		"Z",	"Zg",	    "Zg=",  "Zh==",    "Zm9=", "Z===",
		"====", "Zg==Zg==", "Zm 9", "Zm9\x80", "=m9v", "Z=9v"};
	uint8_t back[16];
	size_t size = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		int r = base64_decode(wrong[i], strlen(wrong[i]), back, &size);

		if (r != -EINVAL || size != 77)
			fail_msg("'%s' is accepted", wrong[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_the_rfc_hold),
		cmocka_unit_test(all_bytes_come_back),
		cmocka_unit_test(what_no_encoder_writes_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
