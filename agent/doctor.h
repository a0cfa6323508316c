/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What works, what does not and what to do about it: for `agentctl doctor`, and in one
 * sentence each for the head of `agentctl status`.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include "ctl/report.h"

struct agent;

#define DOCTOR_CHECKS_MAX 48
#define DOCTOR_TEXT_MAX 512

struct doctor {
	struct report_check checks[DOCTOR_CHECKS_MAX];
	size_t check_count;
	const char *degraded[DOCTOR_CHECKS_MAX];
	size_t degraded_count;
	char details[DOCTOR_CHECKS_MAX][DOCTOR_TEXT_MAX]; /* what checks point to */
};

void doctor_examine(const struct agent *a, struct doctor *ret_doctor);

#endif
