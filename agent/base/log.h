/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log lines on stderr, with the priority prefix that systemd understands (sd-daemon(3))
 * when stderr is the journal. core/ never logs. What a stranger can trigger goes
 * through log_limited.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <syslog.h>

void log_set_level(int syslog_priority); /* default LOG_INFO */

/* "subsystem: text". Strings from outside must have gone through text_escape. */
void log_line(int priority, const char *subsystem, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* At most one line a second for each `limit`, then says how many were left out. */
struct log_limit {
	uint64_t last_ns;
	unsigned int suppressed;
};
void log_limited(struct log_limit *limit, int priority, const char *subsystem,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

#define log_error(subsystem, ...) log_line(LOG_ERR, subsystem, __VA_ARGS__)
#define log_warning(subsystem, ...) log_line(LOG_WARNING, subsystem, __VA_ARGS__)
#define log_info(subsystem, ...) log_line(LOG_INFO, subsystem, __VA_ARGS__)
#define log_debug(subsystem, ...) log_line(LOG_DEBUG, subsystem, __VA_ARGS__)

#endif
