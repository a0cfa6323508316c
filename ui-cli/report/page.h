/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A report as one HTML file that needs nothing else: no script, no font, no picture
 * from anywhere, and a policy that lets none in.
 */
#ifndef UI_CLI_REPORT_PAGE_H
#define UI_CLI_REPORT_PAGE_H

#include "gather.h"
#include "html.h"

/* `host`: what this computer is called; `now`: when it was made, Unix time. Errors are
 * those of the stream. */
void page_write(struct html *h, const struct report *r, const char *host, int64_t now);

/* --- page_promotions.c to page.c ---------------------------------------------------
 */

void page_promotions(struct html *h, const struct report *r);

#endif
