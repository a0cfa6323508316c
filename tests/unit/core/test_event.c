/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/event.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <cmocka.h>

#define CATALOG "packaging/journal/relaywarden.catalog"

static void every_kind_has_a_name_that_leads_back_to_it(void **state)
{
	(void)state;
	for (enum event_kind k = 0; k < EVENT_KIND_COUNT; k++) {
		enum event_kind found = EVENT_KIND_COUNT;

		assert_non_null(event_name(k));
		assert_true(event_parse(event_name(k), &found));
		assert_int_equal(found, k);
		assert_true(*event_subsystem(k) != '\0');
		assert_in_range(event_severity(k), LOG_ERR, LOG_INFO);
	}
}

static void what_is_no_kind_leads_nowhere(void **state)
{
	enum event_kind found = EVENT_PAUSED;

	(void)state;
	assert_false(event_parse("", &found));
	assert_false(event_parse("Promoted", &found));
	assert_int_equal(found, EVENT_PAUSED);
}

static void message_ids_are_ids_and_differ(void **state)
{
	(void)state;
	for (enum event_kind k = 0; k < EVENT_KIND_COUNT; k++) {
		const char *id = event_message_id(k);

		assert_int_equal(strlen(id), 32);
		assert_int_equal(strspn(id, "0123456789abcdef"), 32);
		for (enum event_kind other = 0; other < k; other++)
			assert_string_not_equal(event_message_id(other), id);
	}
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 65536);

	assert_non_null(file);
	assert_non_null(text);
	assert_in_range(fread(text, 1, 65535, file), 1, 65534);
	fclose(file);
	return text;
}

static unsigned int count_entries(const char *text)
{
	unsigned int count = 0;

	for (const char *at = text; (at = strstr(at, "\n-- ")); at++)
		count++;
	return count;
}

static void every_kind_has_its_entry_in_the_catalogue(void **state)
{
	char *text = read_file(CATALOG);

	(void)state;
	for (enum event_kind k = 0; k < EVENT_KIND_COUNT; k++) {
		char heading[64];

		snprintf(heading, sizeof(heading),
			 "\n-- %s\nSubject: ", event_message_id(k));
		if (!strstr(text, heading))
			fail_msg("%s has no entry", event_name(k));
	}
	assert_int_equal(count_entries(text), EVENT_KIND_COUNT);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_has_a_name_that_leads_back_to_it),
		cmocka_unit_test(what_is_no_kind_leads_nowhere),
		cmocka_unit_test(message_ids_are_ids_and_differ),
		cmocka_unit_test(every_kind_has_its_entry_in_the_catalogue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
