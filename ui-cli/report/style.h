/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a report looks: on a screen, light or dark, and on paper, also without colour.
 */
#ifndef UI_CLI_REPORT_STYLE_H
#define UI_CLI_REPORT_STYLE_H

/* The content of its <style>. */
extern const char report_style[];

#endif
