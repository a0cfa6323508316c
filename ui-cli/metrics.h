/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the agent tells, in Prometheus' text format, for node_exporter's textfile
 * collector. The number of series has a bound: applications by name are those that a
 * section of the policy of their own is about, and those that are promoted, limited or
 * cut; at most METRICS_APPS_MAX of them. The others are one, "other".
 */
#ifndef UI_CLI_METRICS_H
#define UI_CLI_METRICS_H

#include <jansson.h>
#include <stdio.h>

#define METRICS_APPS_MAX 20
#define METRICS_CHECKS_MAX 64

/* Replies of Status, PolicyShow and Doctor; NULL for what was not answered. Without a
 * status, that the agent is down. */
void metrics_write(FILE *out, const json_t *status, const json_t *policy,
		   const json_t *doctor);

#endif
