/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "progress.h"
#include "base/text.h"
#include "clock.h"
#include "columns.h"
#include <stdarg.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PROGRESS_EVERY 0.5
#define PROGRESS_MAX 512

/* Not among what is printed meanwhile. */
static bool is_in_the_way(const struct context *c)
{
	return c->is_json || c->is_live ||
	       (c->has_evidence_lines && isatty(STDOUT_FILENO));
}

void progress_begin(struct progress *p, const struct context *c, double patience)
{
	*p = (struct progress){
		.is_shown = !is_in_the_way(c) && isatty(STDERR_FILENO),
		.start = clock_seconds(),
	};
	p->next = p->start + patience;
}

double progress_seconds(const struct progress *p)
{
	return clock_seconds() - p->start;
}

bool progress_is_due(struct progress *p)
{
	double time;

	if (!p->is_shown)
		return false;
	time = clock_seconds();
	if (time < p->next)
		return false;
	p->next = time + PROGRESS_EVERY;
	return true;
}

/* A line that goes on below could not be taken away any more. */
static int room_on_screen(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return 80 - 1;
	return size.ws_col - 1;
}

void progress_show(struct progress *p, const char *format, ...)
{
	char text[PROGRESS_MAX], clean[PROGRESS_MAX];
	va_list args;

	if (!p->is_shown)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text_escape(text, clean, sizeof(clean));
	fprintf(stderr, "\r\033[K%.*s", (int)columns_fit(clean, room_on_screen()),
		clean);
	fflush(stderr);
	p->is_dirty = true;
}

void progress_end(struct progress *p)
{
	if (p->is_dirty)
		fputs("\r\033[K", stderr);
	p->is_dirty = false;
}
