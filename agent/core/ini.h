/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one way INI text is read, for policy and catalogue alike. A table of section
 * kinds and their keys says what may be written; sections of the same name merge key by
 * key, the later source winning, and every key remembers its file and line. The first
 * thing that is wrong ends the reading. Private to core/.
 *
 * ini_lines.c checks lines and has inih take them apart; ini.c finds section and key;
 * ini_value.c holds what the setters of both parsers share.
 */
#ifndef CORE_INI_H
#define CORE_INI_H

#include "base/pool.h"
#include "core/policy_ini.h"
#include <stdbool.h>
#include <stddef.h>

#define INI_KEYS_MAX 32
#define INI_SECTIONS_MAX 1024
#define INI_WORD_STRLEN 64

struct ini_document;
struct ini_section;
struct ini_key;

/* Takes a value over into the section's object. 0, -EINVAL by ini_fail, or -ENOMEM. */
typedef int ini_setter(struct ini_document *d, struct ini_section *s,
		       const struct ini_key *key, const char *value);

struct ini_key {
	const char *name;
	ini_setter *set;
	size_t offset;	      /* of the field, for setters that serve several keys */
	int id;		      /* the parser's own number for it */
	const char *fallback; /* the built-in default as text, or NULL */
};

struct ini_kind {
	const char *name;    /* first word between the brackets */
	const char *example; /* "[app NAME]", for messages */
	bool is_named;	     /* a second word is required, else refused */
	size_t object_size;
	const struct ini_key *keys;
	size_t key_count; /* at most INI_KEYS_MAX */
};

struct ini_entry {
	const char *value; /* NULL: not set */
	struct policy_origin origin;
	size_t source; /* number of the source that set it last */
};

struct ini_section {
	const struct ini_kind *kind;
	const char *title; /* "app voice" */
	const char *name;  /* "voice", or "" */
	void *object;	   /* zeroed; what the setters fill */
	struct policy_origin origin;
	struct ini_entry entries[INI_KEYS_MAX]; /* as the keys of the kind */
};

struct ini_document {
	struct pool *pool; /* owns all that is handed out */
	const struct ini_kind *kinds;
	size_t kind_count;
	struct ini_section **sections; /* by their last opening */
	size_t section_count;
	struct ini_section *current;
	struct policy_origin here;
	size_t source;
	struct policy_error *error;
};

/* 0 or -ENOMEM. */
int ini_init(struct ini_document *d, struct pool *pool, const struct ini_kind *kinds,
	     size_t kind_count, struct policy_error *error);

/* Reads the sources in order. 0, -EINVAL with the error filled, -ENOMEM. */
int ini_read(struct ini_document *d, const struct policy_source *sources, size_t count);

/* Fill the error, at the line being read or elsewhere. Always -EINVAL. */
int ini_fail(struct ini_document *d, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int ini_fail_at(struct ini_document *d, const struct policy_origin *where,
		const char *key, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* --- ini_lines.c to ini.c ------------------------------------------------------- */

int ini_read_lines(struct ini_document *d, const char *text, size_t length);
int ini_open_section(struct ini_document *d, const char *title, size_t length);
int ini_set_key(struct ini_document *d, const char *name, const char *value);

/* --- ini_value.c ---------------------------------------------------------------- */

/* A word of the input, printable and short enough for a message. Returns `buf`. */
const char *ini_word(const char *text, char buf[static INI_WORD_STRLEN]);

/* "unknown WHAT 'WORD'; did you mean 'NEAREST'? Expected EXPECTED". -EINVAL. */
int ini_fail_unknown(struct ini_document *d, const char *key, const char *what,
		     const char *word, const char *const *candidates,
		     const char *expected);

/* The place of `value` among `names` (NULL ends them). 0 or -EINVAL. */
int ini_parse_choice(struct ini_document *d, const char *key, const char *value,
		     const char *const *names, size_t *ret_index);

/* A comma list; items without blanks around them, none empty. 0, -EINVAL, -ENOMEM. */
int ini_parse_list(struct ini_document *d, const char *key, const char *value,
		   struct policy_strings *ret_list);

/* A list of globs on whole paths. 0, -EINVAL, -ENOMEM. */
int ini_parse_paths(struct ini_document *d, const char *key, const char *value,
		    struct policy_strings *ret_list);

/* A rate, or "none", which is 0. 0 or -EINVAL. */
int ini_parse_rate(struct ini_document *d, const char *key, const char *value,
		   const char *none, uint64_t *ret_rate);

#endif
