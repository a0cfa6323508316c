/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/footprint.h"
#include "store/atomic_file.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "footprint"
#define LINE_MAX_SIZE 256

static int make_path(const char *state_dir, char *buf, size_t size)
{
	int length = snprintf(buf, size, "%s/" FILE_NAME, state_dir);

	return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

/* The line it should be, from what was read: anything else is not ours. */
static int parse(const char *line, char place[static LINE_MAX_SIZE],
		 struct footprint *ret_footprint)
{
	unsigned int accounting, mask;
	char end;

	if (sscanf(line, "place %255s accounting %1u mark_mask 0x%8x%c", place,
		   &accounting, &mask, &end) != 4 ||
	    accounting > 1 || end != '\n')
		return -EBADMSG;
	*ret_footprint = (struct footprint){accounting == 1, mask};
	return 0;
}

int footprint_load(const char *state_dir, const char *place,
		   struct footprint *ret_footprint)
{
	char path[PATH_MAX], line[LINE_MAX_SIZE + 64] = "", of[LINE_MAX_SIZE];
	struct footprint f;
	FILE *file;
	int r = make_path(state_dir, path, sizeof(path));

	if (r < 0)
		return r;
	file = fopen(path, "re");
	if (!file)
		return -errno;
	errno = 0;
	r = fgets(line, sizeof(line), file) ? 0 : errno ? -errno : -EBADMSG;
	fclose(file);
	if (r == 0)
		r = parse(line, of, &f);
	if (r == 0 && strcmp(of, place) != 0)
		r = -ENOENT;
	if (r == 0)
		*ret_footprint = f;
	return r;
}

int footprint_save(const char *state_dir, const char *place,
		   const struct footprint *footprint)
{
	struct atomic_file f;
	int r = atomic_file_open(state_dir, FILE_NAME, &f);

	if (r < 0)
		return r;
	fprintf(f.file, "place %s accounting %d mark_mask 0x%08x\n", place,
		footprint->turned_accounting_on, footprint->mark_mask);
	return atomic_file_close(&f);
}

int footprint_remove(const char *state_dir)
{
	char path[PATH_MAX];
	int r = make_path(state_dir, path, sizeof(path));

	if (r < 0)
		return r;
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}
