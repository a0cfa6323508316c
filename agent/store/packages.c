/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/packages.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DPKG_LISTS "/var/lib/dpkg/info"
#define DPKG_DIVERSIONS "/var/lib/dpkg/diversions"
#define LIST_MAX (8u << 20) /* no list of files is longer */
#define WAIT_FACTOR 8	    /* a step may last so many times what it may compute */
#define SPELLINGS_MAX 4	    /* as it is, without /usr, and both before a diversion */

static const char *const rpm_databases[] = {
	"/usr/lib/sysimage/rpm/rpmdb.sqlite",
	"/var/lib/rpm/rpmdb.sqlite",
};

struct packages {
	char root[PATH_MAX];
	char spellings[SPELLINGS_MAX][PATH_MAX];
	size_t spelling_count;
	DIR *lists;	  /* of dpkg, while they are read */
	bool has_records; /* some could be read */
	char *text;	  /* LIST_MAX bytes */
};

int packages_new(const char *root, struct packages **ret_packages)
{
	struct packages *p = calloc(1, sizeof(*p));

	if (p)
		p->text = malloc(LIST_MAX);
	if (!p || !p->text) {
		free(p);
		return -ENOMEM;
	}
	snprintf(p->root, sizeof(p->root), "%s", root);
	*ret_packages = p;
	return 0;
}

static void give_up(struct packages *p)
{
	if (p->lists)
		closedir(p->lists);
	p->lists = NULL;
	p->spelling_count = 0;
	p->has_records = false;
}

void packages_free(struct packages *p)
{
	if (!p)
		return;
	give_up(p);
	free(p->text);
	free(p);
}

/* --- files -------------------------------------------------------------------------
 */

/* A whole file into p->text. Its length, or -errno. */
static ssize_t read_text(struct packages *p, int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t used = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	while (used < LIST_MAX && n > 0) {
		n = read(fd, p->text + used, LIST_MAX - used);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			used += (size_t)n;
	}
	close(fd);
	return n < 0 ? -EIO : (ssize_t)used;
}

static bool has_line(const char *text, size_t length, const char *line)
{
	size_t size = strlen(line);
	const char *at = text, *end = text + length;

	while ((at = memmem(at, (size_t)(end - at), line, size))) {
		bool begins = at == text || at[-1] == '\n';
		bool ends = at + size == end || at[size] == '\n';

		if (begins && ends)
			return true;
		at += size;
	}
	return false;
}

/* --- how a path may be written -----------------------------------------------------
 */

static void add_spelling(struct packages *p, const char *path)
{
	if (p->spelling_count < SPELLINGS_MAX)
		snprintf(p->spellings[p->spelling_count++], PATH_MAX, "%s", path);
}

static void add_both(struct packages *p, const char *path)
{
	add_spelling(p, path);
	if (strncmp(path, "/usr/bin/", 9) == 0 ||
	    strncmp(path, "/usr/sbin/", 10) == 0 || strncmp(path, "/usr/lib", 8) == 0)
		add_spelling(p, path + 4);
}

/* Of three lines each: the path that a package has, where it lies instead, and who put
 * another in its place. */
static void add_diverted(struct packages *p, const char *path)
{
	char name[PATH_MAX + sizeof(DPKG_DIVERSIONS)], *line, *rest, *from = NULL;
	ssize_t length;

	snprintf(name, sizeof(name), "%s" DPKG_DIVERSIONS, p->root);
	length = read_text(p, AT_FDCWD, name);
	if (length <= 0 || (size_t)length >= LIST_MAX)
		return;
	p->text[length] = '\0';
	rest = p->text;
	for (int i = 0; (line = strsep(&rest, "\n")); i++) {
		if (i % 3 == 0)
			from = line;
		else if (i % 3 == 1 && strcmp(line, path) == 0)
			add_both(p, from);
	}
}

int packages_begin(struct packages *p, const char *path)
{
	char name[PATH_MAX + sizeof(DPKG_LISTS)];

	give_up(p);
	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	add_both(p, path);
	add_diverted(p, path);
	snprintf(name, sizeof(name), "%s" DPKG_LISTS, p->root);
	p->lists = opendir(name);
	return 0;
}

/* --- rpm ---------------------------------------------------------------------------
 */

/* Keys are texts to some versions and bytes to others. */
static const char rpm_query[] =
	"SELECT 1 FROM Basenames AS b JOIN Dirnames AS d ON d.hnum = b.hnum"
	" WHERE b.key IN (?1, CAST(?1 AS BLOB)) AND d.key IN (?2, CAST(?2 AS BLOB))"
	" LIMIT 1";

static bool is_in_rpm(sqlite3_stmt *query, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	bool is_found;

	sqlite3_reset(query);
	sqlite3_bind_text(query, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_text(query, 2, path, (int)(name - path), SQLITE_STATIC);
	is_found = sqlite3_step(query) == SQLITE_ROW;
	sqlite3_reset(query);
	return is_found;
}

/* As it was when its last writer closed it: rpm leaves nothing behind in its log. */
static bool search_rpm(struct packages *p, const char *database)
{
	char uri[PATH_MAX + 64];
	sqlite3_stmt *query = NULL;
	sqlite3 *db = NULL;
	bool is_found = false;

	snprintf(uri, sizeof(uri), "file:%s%s?immutable=1", p->root, database);
	if (sqlite3_open_v2(uri, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) ==
		    SQLITE_OK &&
	    sqlite3_prepare_v2(db, rpm_query, -1, &query, NULL) == SQLITE_OK) {
		p->has_records = true;
		for (size_t i = 0; i < p->spelling_count && !is_found; i++)
			is_found = is_in_rpm(query, p->spellings[i]);
	}
	sqlite3_finalize(query);
	sqlite3_close(db);
	return is_found;
}

static enum packages_answer search_databases(struct packages *p)
{
	for (size_t i = 0; i < sizeof(rpm_databases) / sizeof(*rpm_databases); i++)
		if (search_rpm(p, rpm_databases[i]))
			return PACKAGES_FOUND;
	return p->has_records ? PACKAGES_NONE : PACKAGES_UNKNOWN;
}

/* --- dpkg --------------------------------------------------------------------------
 */

static bool is_list(const char *name)
{
	size_t length = strlen(name);

	return length > 5 && strcmp(name + length - 5, ".list") == 0;
}

static bool is_in_list(struct packages *p, const char *name)
{
	ssize_t length = read_text(p, dirfd(p->lists), name);

	if (length < 0)
		return false;
	p->has_records = true;
	for (size_t i = 0; i < p->spelling_count; i++)
		if (has_line(p->text, (size_t)length, p->spellings[i]))
			return true;
	return false;
}

static uint64_t now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

enum packages_answer packages_go_on(struct packages *p, uint64_t budget_ns)
{
	/* On a busy machine time passes without us; with a slow disk it passes in it.
	 */
	uint64_t used = now(CLOCK_THREAD_CPUTIME_ID) + budget_ns;
	uint64_t end = now(CLOCK_MONOTONIC) + WAIT_FACTOR * budget_ns;
	const struct dirent *entry;

	while (p->lists && (entry = readdir(p->lists))) {
		if (!is_list(entry->d_name))
			continue;
		if (is_in_list(p, entry->d_name)) {
			give_up(p);
			return PACKAGES_FOUND;
		}
		if (now(CLOCK_THREAD_CPUTIME_ID) >= used || now(CLOCK_MONOTONIC) >= end)
			return PACKAGES_BUSY;
	}
	return search_databases(p);
}
