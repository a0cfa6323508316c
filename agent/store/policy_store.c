/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/policy_store.h"
#include "base/conffile.h"
#include "store/atomic_file.h"
#include "store/fingerprint.h"
#include "store/verdicts.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LAST_GOOD "last-good.ini"
#define PREVIOUS_GOOD "previous-good.ini"

/* A policy with all that belongs to it. */
struct generation {
	struct policy *policy;
	struct catalogue *catalogue;
	struct conffiles files; /* of its policy */
	uint64_t print;		/* of what its files say, 0: of none */
	bool is_remembered;	/* it came from last-good.ini */
};

struct policy_store {
	struct policy_store_config config;
	policy_store_change *on_change;
	void *context;
	struct generation now;	     /* in force */
	struct generation candidate; /* read, and not in force yet; policy NULL: none */
	struct generation kept;	     /* before the one that is tried; likewise */
	struct verdicts verdicts;
	struct policy_store_state state;
	bool has_loaded, existed[POLICY_STORE_LAYERS_MAX];
	uint64_t loaded_print, seen_print; /* fingerprints of the files */
	unsigned int remembered;	   /* generation */
	bool forgets_previous; /* the next last-good.ini has no one before it */
};

/* Changes when a file of any layer does. */
static uint64_t print_layers(const struct policy_store *s)
{
	uint64_t print = FINGERPRINT_EMPTY;

	for (size_t i = 0; i < s->config.policy_dir_count; i++)
		print = fingerprint_layer(print, s->config.policy_dirs[i]);
	for (size_t i = 0; i < s->config.catalogue_dir_count; i++)
		print = fingerprint_layer(print, s->config.catalogue_dirs[i]);
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

/* `print` goes on over what was read. */
static int read_policy(const char *const *dirs, size_t count, struct generation *g,
		       struct policy_error *error)
{
	struct policy_source *sources = NULL;
	int r = read_layers(dirs, count, &g->files, error);

	if (r < 0)
		return r;
	sources = sources_of(&g->files);
	r = sources ? policy_parse(sources, g->files.count, &g->policy, error)
		    : -ENOMEM;
	g->print = fingerprint_files(g->print, &g->files);
	free(sources);
	return r;
}

static int read_catalogue(const struct policy_store_config *c, uint64_t *print,
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
	*print = fingerprint_files(*print, &files);
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

/* --- generations ------------------------------------------------------------- */

static void generation_done(struct generation *g)
{
	policy_free(g->policy);
	catalogue_free(g->catalogue);
	conffiles_done(&g->files);
	*g = (struct generation){0};
}

/* Moves `from` in force; what was there goes to `to`, or is freed. */
static void take(struct policy_store *s, struct generation *from, struct generation *to)
{
	struct generation before = s->now;

	s->now = *from;
	*from = (struct generation){0};
	s->state.generation++;
	s->state.is_remembered = s->now.is_remembered;
	for (size_t i = 0; i < s->config.policy_dir_count; i++)
		s->existed[i] = is_there(s->config.policy_dirs[i]);
	s->on_change(s->context, s->now.policy, s->now.catalogue);
	if (to)
		*to = before;
	else
		generation_done(&before);
}

/* What an earlier daemon wrote: last-good.ini, say. False when there is none in order.
 */
static bool read_saved(const struct policy_store *s, const char *name,
		       struct generation *ret_generation)
{
	struct generation g = {.is_remembered = true};
	struct policy_error ignored;
	char path[4096];
	const char *layer = path;
	uint64_t print = FINGERPRINT_EMPTY;

	if (!s->config.state_dir)
		return false;
	snprintf(path, sizeof(path), "%s/%s", s->config.state_dir, name);
	if (!is_there(path) || read_policy(&layer, 1, &g, &ignored) < 0) {
		generation_done(&g);
		return false;
	}
	/* What was saved is not what the files say. */
	conffiles_done(&g.files);
	g.print = 0;
	/* The catalogue only sets priors: go without where it is the broken part. */
	if (read_catalogue(&s->config, &print, &g.catalogue, &ignored) < 0 &&
	    catalogue_parse(NULL, 0, &g.catalogue, &ignored) < 0) {
		generation_done(&g);
		return false;
	}
	*ret_generation = g;
	return true;
}

/* A daemon that starts with files it may not use enforces what it enforced last. */
static void take_remembered(struct policy_store *s)
{
	struct generation g;

	/* The daemon may have ended between the writing of the one and the other. */
	if (!read_saved(s, LAST_GOOD, &g) && !read_saved(s, PREVIOUS_GOOD, &g))
		return;
	take(s, &g, NULL);
	s->remembered = s->state.generation;
}

static int read_generation(struct policy_store *s, bool is_explicit,
			   struct generation *g, struct policy_error *error)
{
	int r = is_explicit ? 0 : check_vanished(s, error);

	g->print = FINGERPRINT_EMPTY;
	if (r == 0)
		r = read_policy(s->config.policy_dirs, s->config.policy_dir_count, g,
				error);
	if (r == 0)
		r = read_catalogue(&s->config, &g->print, &g->catalogue, error);
	if (r == -ENOMEM)
		snprintf(error->text, sizeof(error->text), "out of memory");
	return r;
}

/* Files that were taken back stay so until they change, or somebody insists. */
static int check_refused(struct policy_store *s, bool is_explicit, uint64_t print,
			 struct policy_error *error)
{
	const char *text = verdicts_refusal(&s->verdicts, print);

	if (!text || is_explicit)
		return 0;
	s->state.is_refused = true;
	snprintf(error->text, sizeof(error->text), "%s", text);
	return -EINVAL;
}

int policy_store_read(struct policy_store *s, bool is_explicit)
{
	struct policy_error error = {0};
	struct generation g = {0};
	int r;

	s->loaded_print = s->seen_print = print_layers(s);
	s->state.is_refused = false;
	r = read_generation(s, is_explicit, &g, &error);
	if (r == 0)
		r = check_refused(s, is_explicit, g.print, &error);
	s->state.is_ok = r == 0;
	s->state.error = error;
	if (!s->has_loaded && (r < 0 || g.print != s->verdicts.kept))
		take_remembered(s);
	s->has_loaded = true;
	generation_done(&s->candidate);
	if (r == 0)
		s->candidate = g;
	else
		generation_done(&g);
	return r == 0 ? 0 : -EINVAL;
}

const struct policy *policy_store_candidate(const struct policy_store *s)
{
	return s->candidate.policy;
}

bool policy_store_is_known_good(const struct policy_store *s)
{
	return s->candidate.policy && s->candidate.print == s->verdicts.kept;
}

bool policy_store_is_trying(const struct policy_store *s)
{
	return s->kept.policy != NULL;
}

static void write_verdicts(struct policy_store *s)
{
	int r = s->config.state_dir ? verdicts_write(s->config.state_dir, &s->verdicts)
				    : 0;

	if (r < 0)
		s->state.save_error = r;
}

void policy_store_try(struct policy_store *s)
{
	if (!s->candidate.policy)
		return;
	s->verdicts.trying = s->candidate.print;
	if (!policy_store_is_known_good(s))
		write_verdicts(s);
	/* Of several that are tried in a row the one before them all is what is kept.
	 */
	take(s, &s->candidate, policy_store_is_trying(s) ? NULL : &s->kept);
}

void policy_store_keep(struct policy_store *s)
{
	bool is_news = s->verdicts.kept != s->now.print;

	if (!policy_store_is_trying(s))
		return;
	generation_done(&s->kept);
	s->verdicts.kept = s->now.print;
	s->verdicts.trying = 0;
	verdicts_forgive(&s->verdicts, s->now.print);
	if (is_news)
		write_verdicts(s);
}

/* The files on disk are those of a policy that is not to come back by itself. */
static void refuse(struct policy_store *s, uint64_t print, const char *why)
{
	verdicts_refuse(&s->verdicts, print, why);
	s->verdicts.trying = 0;
	s->state.is_ok = false;
	s->state.is_refused = true;
	s->state.error = (struct policy_error){0};
	snprintf(s->state.error.text, sizeof(s->state.error.text), "%s", why);
	write_verdicts(s);
}

void policy_store_roll_back(struct policy_store *s, const char *why)
{
	uint64_t print = policy_store_is_trying(s) ? s->now.print : s->candidate.print;

	generation_done(&s->candidate);
	if (policy_store_is_trying(s)) {
		take(s, &s->kept, NULL);
		s->remembered = s->state.generation;
	}
	refuse(s, print, why);
}

void policy_store_put_off(struct policy_store *s)
{
	generation_done(&s->candidate);
	s->verdicts.trying = 0;
	write_verdicts(s);
}

int policy_store_go_back(struct policy_store *s, const char *why)
{
	struct generation before;
	uint64_t print = s->now.print;
	char path[4096];

	if (!read_saved(s, PREVIOUS_GOOD, &before))
		return -ENOENT;
	take(s, &before, NULL);
	refuse(s, print, why);
	s->verdicts.kept = 0;
	/* There is nothing before it. */
	snprintf(path, sizeof(path), "%s/" PREVIOUS_GOOD, s->config.state_dir);
	unlink(path);
	s->forgets_previous = true;
	return 0;
}

int policy_store_poll(struct policy_store *s)
{
	uint64_t now = print_layers(s);
	bool is_quiet = now == s->seen_print;

	s->seen_print = now;
	if (now == s->loaded_print || !is_quiet)
		return 0;
	policy_store_read(s, false);
	return 1;
}

/* --- which files ------------------------------------------------------------- */

static bool has_file(const struct conffiles *files, const struct conffile *file)
{
	for (size_t i = 0; i < files->count; i++)
		if (strcmp(files->files[i].path, file->path) == 0 &&
		    strcmp(files->files[i].text, file->text) == 0)
			return true;
	return false;
}

static bool has_path(const char *list, const char *name)
{
	return strstr(list, name) != NULL;
}

/* Those of `files` that the others have not, or otherwise. */
static void add_names(const struct conffiles *files, const struct conffiles *others,
		      char *buf, size_t size)
{
	for (size_t i = 0; i < files->count; i++) {
		const char *path = files->files[i].path, *slash = strrchr(path, '/');
		const char *name = slash ? slash + 1 : path;
		size_t used = strlen(buf);

		if (!has_file(others, &files->files[i]) && !has_path(buf, name))
			snprintf(buf + used, size - used, "%s%s", used ? ", " : "",
				 name);
	}
}

void policy_store_changed_files(const struct policy_store *s, char *buf, size_t size)
{
	const struct generation *tried = s->candidate.policy ? &s->candidate : &s->now;
	const struct generation *before = s->kept.policy ? &s->kept : &s->now;

	*buf = '\0';
	if (before->files.count) {
		add_names(&tried->files, &before->files, buf, size);
		add_names(&before->files, &tried->files, buf, size);
	}
	if (!*buf)
		snprintf(buf, size, "the policy");
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

static bool is_same(const char *a, const char *b)
{
	const char *layers[] = {a, b};
	struct conffiles files = {0};
	char path[8];
	bool same = conffiles_read(layers, 2, &files, path, sizeof(path)) == 0 &&
		    files.count == 2 &&
		    strcmp(files.files[0].text, files.files[1].text) == 0;

	conffiles_done(&files);
	return same;
}

/* The last one but one is kept, too, to go back to. */
static int write_last_good(struct policy_store *s)
{
	char previous[4096];
	struct atomic_file f;
	int r = atomic_file_open(s->config.state_dir, LAST_GOOD, &f);

	if (r < 0)
		return r;
	write_settings(f.file, s->now.policy);
	fflush(f.file);
	snprintf(previous, sizeof(previous), "%s/" PREVIOUS_GOOD, s->config.state_dir);
	if (!s->forgets_previous && is_there(f.path) && !is_same(f.temporary, f.path) &&
	    rename(f.path, previous) < 0)
		r = -errno;
	s->forgets_previous = false;
	return atomic_file_close(&f) < 0 ? -EIO : r;
}

int policy_store_remember(struct policy_store *s)
{
	if (!s->config.state_dir || s->remembered == s->state.generation ||
	    policy_store_is_trying(s))
		return 0;
	/* One try a generation: a full disk is told once, not every second. */
	s->remembered = s->state.generation;
	s->state.save_error = write_last_good(s);
	return s->state.save_error;
}

/* --- life -------------------------------------------------------------------- */

/* One that was being tried when the daemon ended has ended it, or nobody kept it. */
static void read_verdicts(struct policy_store *s)
{
	if (!s->config.state_dir)
		return;
	s->state.save_error = verdicts_read(s->config.state_dir, &s->verdicts);
	if (s->verdicts.trying)
		verdicts_refuse(&s->verdicts, s->verdicts.trying,
				"rolled back: the agent ended while it was tried");
	s->verdicts.trying = 0;
}

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
	s->now.policy = policy_new_default();
	if (!s->now.policy ||
	    catalogue_parse(NULL, 0, &s->now.catalogue, &ignored) < 0) {
		policy_store_free(s);
		return -ENOMEM;
	}
	read_verdicts(s);
	*ret_store = s;
	return 0;
}

void policy_store_free(struct policy_store *s)
{
	if (!s)
		return;
	generation_done(&s->now);
	generation_done(&s->candidate);
	generation_done(&s->kept);
	free(s);
}

const struct policy *policy_store_policy(const struct policy_store *s)
{
	return s->now.policy;
}

const struct catalogue *policy_store_catalogue(const struct policy_store *s)
{
	return s->now.catalogue;
}

const struct policy_store_state *policy_store_state(const struct policy_store *s)
{
	return &s->state;
}
