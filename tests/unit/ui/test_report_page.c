/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/chart.h"
#include "report/page.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define HOUR 3600
#define FROM INT64_C(1772409600)
#define UNTIL (FROM + 24 * HOUR)

/* Whatever a program may be called, a page has to survive it. */
#define HOSTILE "<script>alert(1)</script>\\\" onload='x' & \\u001b[2J\\u202e"

static const char status_text[] =
	"{\"state\": \"ok\", \"mode\": \"enforce\", \"version\": \"" HOSTILE
	"\", \"since\": 1772409000, \"link\": {\"interface\": \"" HOSTILE
	"\"}, \"applications\": [{\"key\": \"k" HOSTILE "\", \"name\": \"" HOSTILE
	"\", \"role\": \"relay\", \"promoted\": true, \"decision\": \"shape\", "
	"\"enforced\": true, \"limited\": true, \"limits\": [], \"rule_file\": "
	"\"/x/" HOSTILE "\", \"rule_line\": 3, \"client\": \"" HOSTILE
	"\", \"client_word\": \"" HOSTILE "\", \"client_forbid\": \"" HOSTILE "\"}]}";

static const char usage_text[] =
	"{\"rows\": [{\"application\": \"" HOSTILE "\", \"key\": \"k" HOSTILE
	"\", \"time\": 1772413200, \"bytes_in\": 100000000, \"bytes_out\": 120000000, "
	"\"relayed_in\": 90000000, \"relayed_out\": 90000000}]}";

static const char events_text[] =
	"{\"events\": [{\"time\": 1772413200, \"kind\": \"promoted\", \"key\": "
	"\"k" HOSTILE "\", \"application\": \"" HOSTILE "\", \"text\": \"" HOSTILE
	"\", \"details\": {\"role\": \"relay\", \"evidence\": [{\"name\": \"" HOSTILE
	"\", \"weight\": 2.5, \"sentence\": \"" HOSTILE "\"}]}}, "
	"{\"time\": 1772413201, \"kind\": \"limited\", \"key\": \"k" HOSTILE
	"\", \"application\": \"" HOSTILE "\", \"text\": \"" HOSTILE
	"\", \"details\": {}}, {\"time\": 1772413250, \"kind\": \"impostor\", \"key\": "
	"\"k" HOSTILE "\", \"text\": \"" HOSTILE
	"\"}, {\"time\": 1772413300, \"kind\": \"tampered\", \"key\": "
	"\"\", \"text\": \"" HOSTILE "\"}]}";

static const char doctor_text[] = "{\"checks\": [{\"name\": \"" HOSTILE
				  "\", \"state\": \"degraded\", \"detail\": "
				  "\"" HOSTILE "\", \"advice\": \"" HOSTILE "\"}]}";

static json_t *parse(const char *text)
{
	json_error_t error;
	json_t *value = json_loads(text, 0, &error);

	if (!value)
		fail_msg("%d: %s", error.position, error.text);
	return value;
}

/* The page made of these replies, to be freed. */
static char *make_page(const char *status, const char *usage, const char *events,
		       const char *doctor)
{
	json_t *replies[] = {parse(status), parse(usage), parse(events), parse(doctor)};
	static struct report r;
	struct report_grain grain;
	struct html h;
	char *text = NULL;
	size_t size;

	assert_true(report_grain_of(UNTIL - FROM, UNTIL - FROM, 0, &grain));
	report_gather(FROM, UNTIL, &grain,
		      &(struct report_replies){replies[0], replies[1], replies[2],
					       replies[3]},
		      &r);
	h.out = open_memstream(&text, &size);
	assert_non_null(h.out);
	page_write(&h, &r, "<b>host</b>", UNTIL);
	fclose(h.out);
	for (size_t i = 0; i < 4; i++)
		json_decref(replies[i]);
	return text;
}

static void assert_has(const char *page, const char *part)
{
	if (!strstr(page, part))
		fail_msg("the page does not have: %s", part);
}

static void assert_has_not(const char *page, const char *part)
{
	if (strstr(page, part))
		fail_msg("the page has: %.60s", strstr(page, part));
}

static void hostile_names_are_text(void **state)
{
	char *page = make_page(status_text, usage_text, events_text, doctor_text);

	(void)state;
	assert_has_not(page, "<script");
	assert_has_not(page, "onload='");
	assert_has_not(page, "<b>host");
	assert_has_not(page, "\x1b");
	assert_has_not(page, "\u202e");
	assert_has(page,
		   "&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&#39;x&#39; "
		   "&amp; \\x1b[2J");
	assert_has(page, "&lt;b&gt;host&lt;/b&gt;");
	free(page);
}

static void nothing_is_loaded_and_the_page_forbids_it(void **state)
{
	static const char *const loading[] = {" src=", " href=", "url(",    "@import",
					      "<link", "<img",	 "<iframe", "<object",
					      "http:", "https:"};
	char *page = make_page(status_text, usage_text, events_text, doctor_text);

	(void)state;
	for (size_t i = 0; i < sizeof(loading) / sizeof(*loading); i++)
		assert_has_not(page, loading[i]);
	assert_has(page, "<meta http-equiv=\"Content-Security-Policy\" "
			 "content=\"default-src 'none'; style-src 'unsafe-inline'\">");
	free(page);
}

/* Every element that was opened is closed, in order; void ones have no end. */
static void assert_balanced(const char *page)
{
	static const char *const voids[] = {"meta", "!DOCTYPE"};
	const char *stack[64], *c = page;
	size_t depth = 0;

	while ((c = strchr(c, '<'))) {
		bool is_end = c[1] == '/', is_void = false;
		const char *name = c + 1 + is_end;
		size_t length = strcspn(name, " >/\n");
		const char *close = strchr(c, '>');

		assert_non_null(close);
		for (size_t i = 0; i < 2; i++)
			is_void = is_void ||
				  strncmp(name, voids[i], strlen(voids[i])) == 0;
		if (is_end) {
			assert_true(depth > 0);
			depth--;
			if (strncmp(stack[depth], name, length) != 0)
				fail_msg("</%.*s> ends <%.12s", (int)length, name,
					 stack[depth]);
		} else if (!is_void && close[-1] != '/') {
			assert_true(depth < 64);
			stack[depth++] = name;
		}
		c = close;
	}
	assert_int_equal(depth, 0);
}

static void elements_are_closed_in_order(void **state)
{
	char *page = make_page(status_text, usage_text, events_text, doctor_text);
	char *empty = make_page("{}", "{}", "{}", "{}");

	(void)state;
	assert_balanced(page);
	assert_balanced(empty);
	free(page);
	free(empty);
}

static void a_report_of_nothing_says_so(void **state)
{
	char *page = make_page("{\"state\": \"ok\", \"since\": 1772409000}", "{}", "{}",
			       "{\"checks\": [{\"state\": \"ok\"}]}");

	(void)state;
	assert_has(page,
		   "<h1>No: in the 24 hours looked at, this computer was no relay for "
		   "strangers.</h1>");
	assert_has(page, "No program worked for strangers.");
	assert_has(page, "Nothing was exchanged with strangers.");
	assert_has(page, "All checks of the agent are in order.");
	assert_has(page, "<title id=\"link-title\">The link over time</title>");
	free(page);
}

static void the_chart_has_units_and_spans(void **state)
{
	char *page = make_page(status_text, usage_text, events_text, doctor_text);

	(void)state;
	assert_has(page, "Mbit/s");
	assert_has(page, "<rect class=\"promoted\"");
	assert_has(page, "<rect class=\"limited\"");
	assert_has(page, "relayed for strangers</text>");
	assert_has(page, "<p class=\"alarm\">&lt;script&gt;");
	assert_has_not(page, "nan");
	assert_has_not(page, "inf\"");
	free(page);
}

static int set_zone(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_names_are_text),
		cmocka_unit_test(nothing_is_loaded_and_the_page_forbids_it),
		cmocka_unit_test(elements_are_closed_in_order),
		cmocka_unit_test(a_report_of_nothing_says_so),
		cmocka_unit_test(the_chart_has_units_and_spans),
	};

	return cmocka_run_group_tests(tests, set_zone, NULL);
}
