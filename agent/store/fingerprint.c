/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/fingerprint.h"
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static uint64_t mix(uint64_t print, const void *data, size_t size)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < size; i++)
		print = (print ^ p[i]) * 0x100000001b3u;
	return print;
}

static uint64_t print_stat(uint64_t print, int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, 0) < 0)
		return mix(print, "gone", 4);
	print = mix(print, &st.st_ino, sizeof(st.st_ino));
	print = mix(print, &st.st_size, sizeof(st.st_size));
	return mix(print, &st.st_mtim, sizeof(st.st_mtim));
}

uint64_t fingerprint_layer(uint64_t print, const char *path)
{
	uint64_t sum = 0;
	DIR *dir = opendir(path);
	const struct dirent *entry;

	print = print_stat(print, AT_FDCWD, path);
	if (!dir)
		return print;
	/* The order of a directory means nothing: add up its entries. */
	while ((entry = readdir(dir))) {
		uint64_t one;

		/* ".." changes with our own state directory, say. */
		if (entry->d_name[0] == '.')
			continue;
		one = mix(FINGERPRINT_EMPTY, entry->d_name, strlen(entry->d_name));

		sum += print_stat(one, dirfd(dir), entry->d_name);
	}
	closedir(dir);
	return mix(print, &sum, sizeof(sum));
}

uint64_t fingerprint_files(uint64_t print, const struct conffiles *files)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct conffile *f = &files->files[i];

		print = mix(print, f->path, strlen(f->path) + 1);
		print = mix(print, f->text, f->length);
		print = mix(print, &f->length, sizeof(f->length));
	}
	return print;
}
