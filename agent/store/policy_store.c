/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/policy_store.h"
#include "base/conffile.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAST_GOOD "last-good.ini"

struct policy_store {
	struct policy_store_config config;
	policy_store_change *on_change;
	void *context;
	struct policy *policy;
	struct catalogue *catalogue;
	struct policy_store_state state;
	bool has_loaded, existed[POLICY_STORE_LAYERS_MAX];
	uint64_t loaded_print, seen_print; /* fingerprints of the files */
	unsigned int remembered;	   /* generation */
};

/* --- noticing changes -------------------------------------------------------- */

/* FNV-1a: equal prints mean equal files for the purpose of noticing an edit. */
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

static uint64_t print_layer(uint64_t print, const char *path)
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
		one = mix(0xcbf29ce484222325u, entry->d_name, strlen(entry->d_name));

		sum += print_stat(one, dirfd(dir), entry->d_name);
	}
	closedir(dir);
	return mix(print, &sum, sizeof(sum));
}

static uint64_t fingerprint(const struct policy_store *s)
{
	uint64_t print = 0xcbf29ce484222325u;

	for (size_t i = 0; i < s->config.policy_dir_count; i++)
		print = print_layer(print, s->config.policy_dirs[i]);
	for (size_t i = 0; i < s->config.catalogue_dir_count; i++)
		print = print_layer(print, s->config.catalogue_dirs[i]);
	return print;
}

/* --- reading ----------------------------------------------------------------- */

/* Fills the sources that point into the files; the caller frees the array. */
static struct policy_source *sources_of(const struct conffiles *files)
{
	struct policy_source *sources = calloc(files->count + 1, sizeof(*sources));

	for (size_t i = 0; sources && i < files->count; i++)
		sources[i] = (struct policy_source){files->files[i].path,
						    files->files[i].text,
						    files->files[i].length};
	return sources;
}

static int read_layers(const char *const *dirs, size_t count,
		       struct conffiles *ret_files, struct policy_error *error)
{
	char path[sizeof(error->file)] = "";
	int r = conffiles_read(dirs, count, ret_files, path, sizeof(path));

	if (r == 0)
		return 0;
	*error = (struct policy_error){0};
	snprintf(error->file, sizeof(error->file), "%s", path);
	snprintf(error->text, sizeof(error->text), "can't be read: %s", strerror(-r));
	return -EINVAL;
}

static int read_policy(const char *const *dirs, size_t count,
		       struct policy **ret_policy, struct policy_error *error)
{
	struct conffiles files = {0};
	struct policy_source *sources = NULL;
	int r = read_layers(dirs, count, &files, error);

	if (r < 0)
		return r;
	sources = sources_of(&files);
	r = sources ? policy_parse(sources, files.count, ret_policy, error) : -ENOMEM;
	free(sources);
	conffiles_done(&files);
	return r;
}

static int read_catalogue(const struct policy_store_config *c,
			  struct catalogue **ret_catalogue, struct policy_error *error)
{
	struct conffiles files = {0};
	struct policy_source *sources = NULL;
	int r = read_layers(c->catalogue_dirs, c->catalogue_dir_count, &files, error);

	if (r < 0)
		return r;
	sources = sources_of(&files);
	r = sources ? catalogue_parse(sources, files.count, ret_catalogue, error)
		    : -ENOMEM;
	free(sources);
	conffiles_done(&files);
	return r;
}

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

static int check_vanished(const struct policy_store *s, struct policy_error *error)
{
	for (size_t i = 0; i < s->config.policy_dir_count; i++) {
		if (!s->existed[i] || is_there(s->config.policy_dirs[i]))
			continue;
		*error = (struct policy_error){0};
		snprintf(error->file, sizeof(error->file), "%s",
			 s->config.policy_dirs[i]);
		snprintf(error->text, sizeof(error->text),
			 "the directory is gone; make it again, or accept that with "
			 "`agentctl policy reload`");
		return -EINVAL;
	}
	return 0;
}

/* --- taking over ------------------------------------------------------------- */

static void take(struct policy_store *s, struct policy *policy,
		 struct catalogue *catalogue)
{
	struct policy *old_policy = s->policy;
	struct catalogue *old_catalogue = s->catalogue;

	s->policy = policy;
	s->catalogue = catalogue;
	s->state.generation++;
	for (size_t i = 0; i < s->config.policy_dir_count; i++)
		s->existed[i] = is_there(s->config.policy_dirs[i]);
	s->on_change(s->context, policy, catalogue);
	policy_free(old_policy);
	catalogue_free(old_catalogue);
}

/* A daemon that starts with broken files enforces what it enforced last. */
static void take_remembered(struct policy_store *s)
{
	struct policy_error ignored;
	struct policy *policy = NULL;
	struct catalogue *catalogue = NULL;
	char path[4096];
	const char *layer = path;

	if (!s->config.state_dir)
		return;
	snprintf(path, sizeof(path), "%s/" LAST_GOOD, s->config.state_dir);
	if (!is_there(path) || read_policy(&layer, 1, &policy, &ignored) < 0)
		return;
	/* The catalogue only sets priors: go without where it is the broken part. */
	if (read_catalogue(&s->config, &catalogue, &ignored) < 0 &&
	    catalogue_parse(NULL, 0, &catalogue, &ignored) < 0) {
		policy_free(policy);
		return;
	}
	take(s, policy, catalogue);
	s->state.is_remembered = true;
	s->remembered = s->state.generation;
}

int policy_store_load(struct policy_store *s, bool is_explicit)
{
	struct policy_error error = {0};
	struct policy *policy = NULL;
	struct catalogue *catalogue = NULL;
	int r;

	s->loaded_print = s->seen_print = fingerprint(s);
	r = is_explicit ? 0 : check_vanished(s, &error);
	if (r == 0)
		r = read_policy(s->config.policy_dirs, s->config.policy_dir_count,
				&policy, &error);
	if (r == 0)
		r = read_catalogue(&s->config, &catalogue, &error);
	if (r == -ENOMEM)
		snprintf(error.text, sizeof(error.text), "out of memory");
	s->state.is_ok = r == 0;
	s->state.error = error;
	if (r == 0) {
		s->state.is_remembered = false;
		take(s, policy, catalogue);
	} else {
		policy_free(policy);
		if (!s->has_loaded)
			take_remembered(s);
	}
	s->has_loaded = true;
	return r == 0 ? 0 : -EINVAL;
}

int policy_store_poll(struct policy_store *s)
{
	uint64_t now = fingerprint(s);
	bool is_quiet = now == s->seen_print;

	s->seen_print = now;
	if (now == s->loaded_print || !is_quiet)
		return 0;
	policy_store_load(s, false);
	return 1;
}

/* --- last-good.ini ----------------------------------------------------------- */

static void write_settings(FILE *file, const struct policy *p)
{
	const char *section = "";

	fputs("; Written by relaywardend: the last policy that was in force. Not for "
	      "editing.\n",
	      file);
	for (size_t i = 0; i < p->setting_count; i++) {
		const struct policy_setting *setting = &p->settings[i];

		if (strcmp(section, setting->section) != 0)
			fprintf(file, "[%s]\n", setting->section);
		section = setting->section;
		/* No blanks: the line is no longer than the one it was read from. */
		fprintf(file, "%s=%s\n", setting->key, setting->value);
	}
}

static int write_last_good(const struct policy_store *s)
{
	char path[4096], temporary[4096 + 4];
	FILE *file;
	bool failed;

	snprintf(path, sizeof(path), "%s/" LAST_GOOD, s->config.state_dir);
	snprintf(temporary, sizeof(temporary), "%s.new", path);
	file = fopen(temporary, "we");
	if (!file)
		return -errno;
	write_settings(file, s->policy);
	failed = fflush(file) != 0 || fsync(fileno(file)) < 0 || ferror(file);
	failed = fclose(file) != 0 || failed;
	if (failed || rename(temporary, path) < 0) {
		int r = errno ? -errno : -EIO;

		unlink(temporary);
		return r;
	}
	return 0;
}

int policy_store_remember(struct policy_store *s)
{
	if (!s->config.state_dir || s->remembered == s->state.generation)
		return 0;
	/* One try a generation: a full disk is told once, not every second. */
	s->remembered = s->state.generation;
	s->state.save_error = write_last_good(s);
	return s->state.save_error;
}

/* --- life -------------------------------------------------------------------- */

int policy_store_new(const struct policy_store_config *config,
		     policy_store_change *on_change, void *context,
		     struct policy_store **ret_store)
{
	struct policy_store *s = calloc(1, sizeof(*s));
	struct policy_error ignored;

	if (!s)
		return -ENOMEM;
	s->config = *config;
	s->on_change = on_change;
	s->context = context;
	s->state.is_ok = true;
	s->policy = policy_new_default();
	if (!s->policy || catalogue_parse(NULL, 0, &s->catalogue, &ignored) < 0) {
		policy_store_free(s);
		return -ENOMEM;
	}
	*ret_store = s;
	return 0;
}

void policy_store_free(struct policy_store *s)
{
	if (!s)
		return;
	policy_free(s->policy);
	catalogue_free(s->catalogue);
	free(s);
}

const struct policy *policy_store_policy(const struct policy_store *s)
{
	return s->policy;
}

const struct catalogue *policy_store_catalogue(const struct policy_store *s)
{
	return s->catalogue;
}

const struct policy_store_state *policy_store_state(const struct policy_store *s)
{
	return &s->state;
}
