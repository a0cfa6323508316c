/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pictures of a report, as SVG inside the page. Their colours are classes of the
 * page's style (style.h).
 */
#ifndef UI_CLI_REPORT_CHART_H
#define UI_CLI_REPORT_CHART_H

#include "gather.h"
#include "html.h"

/* The link over time: what was sent upwards, what came in downwards, own and relayed
 * traffic stacked; above it when something was promoted, and limited. */
void chart_link(struct html *h, const struct report *r);

/* Below it: strangers over time. */
void chart_peers(struct html *h, const struct report *r);

/* One bar of own and relayed bytes beside each other; `largest` fills it. */
void chart_bytes(struct html *h, const struct report_bytes *b, uint64_t largest);

/* How much a piece of evidence weighs: to the right for, to the left against. */
void chart_weight(struct html *h, double weight);

#endif
