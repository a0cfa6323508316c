/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/conffile.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct names {
	char **items;
	size_t count;
};

static void names_done(struct names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->items[i]);
	free(n->items);
}

static int names_add(struct names *n, const char *name)
{
	char **grown;

	if (n->count >= CONFFILE_COUNT_MAX)
		return -EFBIG;
	grown = reallocarray(n->items, n->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	n->items = grown;
	n->items[n->count] = strdup(name);
	if (!n->items[n->count])
		return -ENOMEM;
	n->count++;
	return 0;
}

/* Bytes, not the locale's order: every machine reads the files in the same order. */
static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Hidden files are what editors leave behind. */
static bool is_wanted(const char *name)
{
	size_t length = strlen(name);

	return name[0] != '.' && length > 4 && strcmp(name + length - 4, ".ini") == 0;
}

static int list_directory(DIR *dir, struct names *names)
{
	struct dirent *entry;
	int r;

	for (;;) {
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			break;
		if (!is_wanted(entry->d_name))
			continue;
		r = names_add(names, entry->d_name);
		if (r < 0)
			return r;
	}
	if (errno)
		return -errno;
	if (names->count)
		qsort(names->items, names->count, sizeof(*names->items), compare_names);
	return 0;
}

/* Reads to the end or one byte beyond the limit: st_size of a growing file lies. */
static int read_all(int fd, struct conffile *file)
{
	ssize_t n;
	size_t room = 0;
	char *grown;

	for (;;) {
		if (file->length + 1 >= room) {
			room = room ? 2 * room : 4096;
			grown = realloc(file->text, room);
			if (!grown)
				return -ENOMEM;
			file->text = grown;
		}
		n = read(fd, file->text + file->length, room - 1 - file->length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		file->length += (size_t)n;
		if (file->length > CONFFILE_SIZE_MAX)
			return -EFBIG;
	}
	file->text[file->length] = '\0';
	return 0;
}

static int read_fd(int fd, struct conffile *file)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	return read_all(fd, file);
}

static void conffile_done(struct conffile *f)
{
	free(f->path);
	free(f->text);
}

/* Takes neither: `fd` stays the caller's, `path` is copied. */
static int add_file(struct conffiles *files, int fd, const char *path)
{
	struct conffile file = {0}, *grown;
	int r;

	if (files->count >= CONFFILE_COUNT_MAX)
		return -EFBIG;
	r = read_fd(fd, &file);
	if (r < 0)
		goto fail;
	r = -ENOMEM;
	file.path = strdup(path);
	if (!file.path)
		goto fail;
	grown = reallocarray(files->files, files->count + 1, sizeof(*grown));
	if (!grown)
		goto fail;
	files->files = grown;
	files->files[files->count++] = file;
	return 0;
fail:
	conffile_done(&file);
	return r;
}

/* What is at fault, for the caller's message. */
struct fault {
	char *path;
	size_t size;
};

static void blame(const struct fault *fault, const char *path)
{
	snprintf(fault->path, fault->size, "%s", path);
}

static int add_entry(struct conffiles *files, int dir_fd, const char *layer,
		     const char *name, const struct fault *fault)
{
	const char *slash = layer[strlen(layer) - 1] == '/' ? "" : "/";
	char *path;
	int fd, r;

	if (asprintf(&path, "%s%s%s", layer, slash, name) < 0)
		return -ENOMEM;
	blame(fault, path);
	/* O_NONBLOCK: a FIFO of that name must not hang the daemon. */
	fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	r = fd < 0 ? -errno : add_file(files, fd, path);
	if (fd >= 0)
		close(fd);
	free(path);
	return r;
}

/* Takes `fd`. */
static int add_directory(struct conffiles *files, int fd, const char *layer,
			 const struct fault *fault)
{
	struct names names = {0};
	DIR *dir = fdopendir(fd);
	int r;

	if (!dir) {
		r = -errno;
		close(fd);
		return r;
	}
	r = list_directory(dir, &names);
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = add_entry(files, dirfd(dir), layer, names.items[i], fault);
	names_done(&names);
	closedir(dir);
	return r;
}

static int add_layer(struct conffiles *files, const char *layer,
		     const struct fault *fault)
{
	struct stat st;
	int fd, r;

	blame(fault, layer);
	fd = open(layer, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		return add_directory(files, fd, layer, fault);
	r = add_file(files, fd, layer);
	close(fd);
	return r;
}

int conffiles_read(const char *const *layers, size_t layer_count,
		   struct conffiles *ret_files, char *ret_path, size_t size)
{
	char path[4096] = "";
	const struct fault fault = {path, sizeof(path)};
	struct conffiles files = {0};
	int r;

	for (size_t i = 0; i < layer_count; i++) {
		r = add_layer(&files, layers[i], &fault);
		if (r < 0) {
			snprintf(ret_path, size, "%s", path);
			conffiles_done(&files);
			return r;
		}
	}
	*ret_files = files;
	return 0;
}

void conffiles_done(struct conffiles *f)
{
	for (size_t i = 0; i < f->count; i++)
		conffile_done(&f->files[i]);
	free(f->files);
	*f = (struct conffiles){0};
}
