/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTML and SVG as text. What is ours goes through html_raw(), everything else through
 * html_text(), which makes it harmless: text_escape() first, then entities.
 */
#ifndef UI_CLI_REPORT_HTML_H
#define UI_CLI_REPORT_HTML_H

#include <stdio.h>

struct html {
	FILE *out;
};

/* Markup of ours, with figures at most: never a text from outside. */
void html_raw(struct html *h, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Text, also in the value of an attribute between double quotes. */
void html_text(struct html *h, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* One element with text in it: "td", or "td class=\"number\"" with its attributes. */
void html_element(struct html *h, const char *tag, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
