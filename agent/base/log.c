/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int max_priority = LOG_INFO;

void log_set_level(int syslog_priority)
{
	max_priority = syslog_priority;
}

static void write_line(int priority, const char *subsystem, const char *format,
		       va_list args)
{
	/* One write a line, so that lines of several processes do not mix. */
	char line[1024];
	int length = 0;

	if (getenv("JOURNAL_STREAM"))
		length = snprintf(line, sizeof(line), "<%d>", priority);
	length += snprintf(line + length, sizeof(line) - (size_t)length,
			   "%s: ", subsystem);
	vsnprintf(line + length, sizeof(line) - (size_t)length, format, args);
	fprintf(stderr, "%s\n", line);
}

void log_line(int priority, const char *subsystem, const char *format, ...)
{
	va_list args;

	if (priority > max_priority)
		return;
	va_start(args, format);
	write_line(priority, subsystem, format, args);
	va_end(args);
}

void log_limited(struct log_limit *limit, int priority, const char *subsystem,
		 const char *format, ...)
{
	struct timespec ts;
	uint64_t now;
	va_list args;

	if (priority > max_priority)
		return;
	clock_gettime(CLOCK_BOOTTIME, &ts);
	now = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	if (limit->last_ns && now - limit->last_ns < 1000000000u) {
		limit->suppressed++;
		return;
	}
	if (limit->suppressed)
		log_line(priority, subsystem, "(%u lines like the next left out)",
			 limit->suppressed);
	limit->last_ns = now;
	limit->suppressed = 0;
	va_start(args, format);
	write_line(priority, subsystem, format, args);
	va_end(args);
}
