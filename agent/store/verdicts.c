/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/verdicts.h"
#include "base/text.h"
#include "store/atomic_file.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME "trials"
#define FILE_SIZE_MAX (VERDICTS_REFUSED_MAX * (VERDICTS_TEXT_MAX + 64) + 256)
#define PRINT_DIGITS 16

/* Sixteen hexadecimal digits, which are not 0. */
static bool parse_print(const char *text, size_t length, uint64_t *ret_print)
{
	char digits[PRINT_DIGITS + 1];

	if (length < PRINT_DIGITS || strspn(text, "0123456789abcdef") != PRINT_DIGITS)
		return false;
	memcpy(digits, text, PRINT_DIGITS);
	digits[PRINT_DIGITS] = '\0';
	*ret_print = strtoull(digits, NULL, 16);
	return *ret_print != 0;
}

static void parse_line(const char *line, size_t length, struct verdicts *v)
{
	static const char kept[] = "kept ", trying[] = "trying ",
			  refused[] = "refused ";
	char raw[VERDICTS_TEXT_MAX], text[VERDICTS_TEXT_MAX];
	size_t skip = sizeof(refused) - 1 + PRINT_DIGITS + 1;
	uint64_t print;

	if (length >= sizeof(kept) - 1 && memcmp(line, kept, sizeof(kept) - 1) == 0)
		parse_print(line + sizeof(kept) - 1, length - sizeof(kept) + 1,
			    &v->kept);
	else if (length >= sizeof(trying) - 1 &&
		 memcmp(line, trying, sizeof(trying) - 1) == 0)
		parse_print(line + sizeof(trying) - 1, length - sizeof(trying) + 1,
			    &v->trying);
	else if (length > skip && memcmp(line, refused, sizeof(refused) - 1) == 0 &&
		 parse_print(line + sizeof(refused) - 1, PRINT_DIGITS, &print)) {
		snprintf(raw, sizeof(raw), "%.*s", (int)(length - skip), line + skip);
		verdicts_refuse(v, print, text_escape(raw, text, sizeof(text)));
	}
}

void verdicts_parse(const char *text, struct verdicts *ret_verdicts)
{
	struct verdicts v = {0};

	while (*text) {
		size_t length = strcspn(text, "\n");

		parse_line(text, length, &v);
		text += length + (text[length] == '\n');
	}
	*ret_verdicts = v;
}

int verdicts_read(const char *dir, struct verdicts *ret_verdicts)
{
	char path[4096], *text = calloc(1, FILE_SIZE_MAX);
	FILE *file;
	int r = 0;

	if (!text)
		return -ENOMEM;
	snprintf(path, sizeof(path), "%s/" FILE_NAME, dir);
	file = fopen(path, "re");
	if (file) {
		fread(text, 1, FILE_SIZE_MAX - 1, file);
		r = ferror(file) ? -EIO : 0;
		fclose(file);
	} else if (errno != ENOENT) {
		r = -errno;
	}
	if (r == 0)
		verdicts_parse(text, ret_verdicts);
	free(text);
	return r;
}

int verdicts_write(const char *dir, const struct verdicts *v)
{
	struct atomic_file f;
	int r = atomic_file_open(dir, FILE_NAME, &f);

	if (r < 0)
		return r;
	if (v->kept)
		fprintf(f.file, "kept %016" PRIx64 "\n", v->kept);
	if (v->trying)
		fprintf(f.file, "trying %016" PRIx64 "\n", v->trying);
	for (size_t i = 0; i < v->refused_count; i++)
		fprintf(f.file, "refused %016" PRIx64 " %s\n", v->refused[i].print,
			v->refused[i].text);
	return atomic_file_close(&f);
}

static size_t find(const struct verdicts *v, uint64_t print)
{
	size_t i = 0;

	while (i < v->refused_count && v->refused[i].print != print)
		i++;
	return i;
}

const char *verdicts_refusal(const struct verdicts *v, uint64_t print)
{
	size_t i = find(v, print);

	return i < v->refused_count ? v->refused[i].text : NULL;
}

static void remove_at(struct verdicts *v, size_t at)
{
	v->refused_count--;
	memmove(&v->refused[at], &v->refused[at + 1],
		(v->refused_count - at) * sizeof(v->refused[0]));
}

void verdicts_refuse(struct verdicts *v, uint64_t print, const char *text)
{
	struct verdict_refusal *r;
	size_t length;

	verdicts_forgive(v, print);
	if (v->refused_count == VERDICTS_REFUSED_MAX)
		remove_at(v, 0);
	r = &v->refused[v->refused_count++];
	r->print = print;
	snprintf(r->text, sizeof(r->text), "%s", text);
	length = strlen(r->text);
	for (size_t i = 0; i < length; i++)
		if (r->text[i] == '\n')
			r->text[i] = ' ';
	if (v->kept == print)
		v->kept = 0;
}

void verdicts_forgive(struct verdicts *v, uint64_t print)
{
	size_t i = find(v, print);

	if (i < v->refused_count)
		remove_at(v, i);
}
