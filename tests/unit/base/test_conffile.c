/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/tree.h"
#include "base/conffile.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Every test has a directory of its own, removed afterwards. */
struct fixture {
	char root[64];
	char path[4096];
	struct conffiles files;
	char fault[256];
};

static int make_root(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->root, "/tmp/relaywarden-conffile-XXXXXX");
	if (!mkdtemp(f->root))
		return -1;
	*state = f;
	return 0;
}

static int remove_root(void **state)
{
	struct fixture *f = *state;

	conffiles_done(&f->files);
	tree_remove(f->root);
	free(f);
	return 0;
}

static const char *path_of(struct fixture *f, const char *name)
{
	snprintf(f->path, sizeof(f->path), "%s/%s", f->root, name);
	return f->path;
}

static void make_directory(struct fixture *f, const char *name)
{
	assert_int_equal(mkdir(path_of(f, name), 0755), 0);
}

static void make_file(struct fixture *f, const char *name, const char *text,
		      size_t length)
{
	FILE *file = fopen(path_of(f, name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static void write_file(struct fixture *f, const char *name, const char *text)
{
	make_file(f, name, text, strlen(text));
}

static int read_layers(struct fixture *f, const char *first, const char *second)
{
	char a[4096], b[4096];
	const char *layers[] = {a, b};

	snprintf(a, sizeof(a), "%s/%s", f->root, first);
	snprintf(b, sizeof(b), "%s/%s", f->root, second ? second : "");
	return conffiles_read(layers, second ? 2 : 1, &f->files, f->fault,
			      sizeof(f->fault));
}

static void files_come_in_name_order_within_their_layer(void **state)
{
	struct fixture *f = *state;

	make_directory(f, "usr");
	make_directory(f, "etc");
	write_file(f, "usr/50-b.ini", "b");
	write_file(f, "usr/10-a.ini", "a");
	write_file(f, "usr/Z.ini", "z");
	write_file(f, "etc/00-first.ini", "e");
	assert_int_equal(read_layers(f, "usr", "etc"), 0);
	assert_int_equal(f->files.count, 4);
	assert_string_equal(f->files.files[0].text, "a");
	assert_string_equal(f->files.files[1].text, "b");
	assert_string_equal(f->files.files[2].text, "z");
	assert_string_equal(f->files.files[3].text, "e");
	assert_string_equal(f->files.files[3].path, path_of(f, "etc/00-first.ini"));
}

static void only_visible_ini_files_are_read(void **state)
{
	struct fixture *f = *state;

	write_file(f, "a.ini", "a");
	write_file(f, "a.ini~", "x");
	write_file(f, "a.ini.dpkg-new", "x");
	write_file(f, ".#a.ini", "x");
	write_file(f, ".ini", "x");
	write_file(f, "README", "x");
	assert_int_equal(read_layers(f, "", NULL), 0);
	assert_int_equal(f->files.count, 1);
	assert_string_equal(f->files.files[0].text, "a");
}

static void a_missing_directory_is_an_empty_layer(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_layers(f, "nowhere", "neither"), 0);
	assert_int_equal(f->files.count, 0);
}

static void a_file_is_a_layer_of_its_own(void **state)
{
	struct fixture *f = *state;

	write_file(f, "my.policy", "text");
	assert_int_equal(read_layers(f, "my.policy", NULL), 0);
	assert_int_equal(f->files.count, 1);
	assert_string_equal(f->files.files[0].text, "text");
	assert_int_equal(f->files.files[0].length, 4);
}

static void bytes_are_kept_as_they_are(void **state)
{
	struct fixture *f = *state;

	make_file(f, "nul.ini", "a\0b", 3);
	write_file(f, "empty.ini", "");
	assert_int_equal(read_layers(f, "", NULL), 0);
	assert_int_equal(f->files.files[0].length, 0);
	assert_string_equal(f->files.files[0].text, "");
	assert_int_equal(f->files.files[1].length, 3);
	assert_memory_equal(f->files.files[1].text, "a\0b", 4);
}

static void a_file_of_the_limit_is_read_and_one_byte_more_is_not(void **state)
{
	struct fixture *f = *state;
	char *text = malloc(CONFFILE_SIZE_MAX + 1);

	memset(text, '#', CONFFILE_SIZE_MAX + 1);
	make_file(f, "big.ini", text, CONFFILE_SIZE_MAX);
	assert_int_equal(read_layers(f, "", NULL), 0);
	assert_int_equal(f->files.files[0].length, CONFFILE_SIZE_MAX);
	conffiles_done(&f->files);
	make_file(f, "big.ini", text, CONFFILE_SIZE_MAX + 1);
	free(text);
	assert_int_equal(read_layers(f, "", NULL), -EFBIG);
	assert_string_equal(f->fault, path_of(f, "big.ini"));
}

static void too_many_files_are_refused(void **state)
{
	struct fixture *f = *state;
	char name[32];

	for (int i = 0; i <= CONFFILE_COUNT_MAX; i++) {
		snprintf(name, sizeof(name), "%d.ini", i);
		write_file(f, name, "");
	}
	assert_int_equal(read_layers(f, "", NULL), -EFBIG);
	assert_int_equal(unlink(path_of(f, "0.ini")), 0);
	assert_int_equal(read_layers(f, "", NULL), 0);
	assert_int_equal(f->files.count, CONFFILE_COUNT_MAX);
}

static void what_is_no_regular_file_is_named_and_refused(void **state)
{
	struct fixture *f = *state;

	make_directory(f, "x.ini");
	assert_int_equal(read_layers(f, "", NULL), -EISDIR);
	assert_string_equal(f->fault, path_of(f, "x.ini"));
	assert_int_equal(rmdir(path_of(f, "x.ini")), 0);
	assert_int_equal(mkfifo(path_of(f, "x.ini"), 0600), 0);
	assert_int_equal(read_layers(f, "", NULL), -EINVAL);
	assert_string_equal(f->fault, path_of(f, "x.ini"));
	assert_int_equal(f->files.count, 0); /* untouched */
}

static void a_dangling_link_is_named_and_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(symlink("/nonexistent/target", path_of(f, "x.ini")), 0);
	assert_int_equal(read_layers(f, "", NULL), -ENOENT);
	assert_string_equal(f->fault, path_of(f, "x.ini"));
}

static void a_fault_longer_than_the_buffer_is_cut(void **state)
{
	struct fixture *f = *state;
	const char *layers[] = {f->root};
	char fault[5];

	make_directory(f, "x.ini");
	assert_int_equal(conffiles_read(layers, 1, &f->files, fault, sizeof(fault)),
			 -EISDIR);
	assert_string_equal(fault, "/tmp");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(files_come_in_name_order_within_their_layer),
		TEST(only_visible_ini_files_are_read),
		TEST(a_missing_directory_is_an_empty_layer),
		TEST(a_file_is_a_layer_of_its_own),
		TEST(bytes_are_kept_as_they_are),
		TEST(a_file_of_the_limit_is_read_and_one_byte_more_is_not),
		TEST(too_many_files_are_refused),
		TEST(what_is_no_regular_file_is_named_and_refused),
		TEST(a_dangling_link_is_named_and_refused),
		TEST(a_fault_longer_than_the_buffer_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
