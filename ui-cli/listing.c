/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "listing.h"
#include "base/text.h"
#include "base/units.h"
#include "command.h"
#include "fields.h"
#include "words.h"
#include <string.h>

#define COLUMNS_MAX 64
#define FIELD_MAX 64

/* The columns of one table, in the order they are shown in. */
struct choice {
	const struct listing_column *columns[COLUMNS_MAX];
	struct render_column headings[COLUMNS_MAX];
	size_t count;
};

/* --- which columns -----------------------------------------------------------------
 */

/* The next of "name,role": how long it is; 0 at the end. */
static size_t next_field(const char **text, char buf[static FIELD_MAX])
{
	size_t length;

	*text += strspn(*text, ", ");
	length = strcspn(*text, ", ");
	snprintf(buf, FIELD_MAX, "%.*s", (int)length, *text);
	*text += length;
	return length;
}

static const struct listing_column *find(const struct listing_column *columns,
					 const char *field)
{
	for (; columns->field; columns++)
		if (strcmp(columns->field, field) == 0)
			return columns;
	return NULL;
}

/* "name, role, peers". */
static const char *list(const struct listing_column *columns, char *buf, size_t size)
{
	size_t used = 0;

	*buf = '\0';
	for (; columns->field && used < size; columns++)
		used += (size_t)snprintf(buf + used, size - used, "%s%s",
					 used ? ", " : "", columns->field);
	return buf;
}

static int reject(const struct listing_column *columns, const char *field)
{
	const char *names[COLUMNS_MAX + 1] = {0};
	const char *nearest;
	char all[1024];

	for (size_t i = 0; i < COLUMNS_MAX && columns[i].field; i++)
		names[i] = columns[i].field;
	nearest = text_nearest(field, names);
	list(columns, all, sizeof(all));
	if (nearest)
		return complain(EXIT_USAGE,
				"no field '%s'; did you mean '%s'? There are: %s",
				field, nearest, all);
	return complain(EXIT_USAGE, "no field '%s'; there are: %s", field, all);
}

int listing_check(const struct listing_column *columns, const char *fields)
{
	char field[FIELD_MAX], all[1024];
	size_t count = 0;

	while (next_field(&fields, field)) {
		if (!find(columns, field))
			return reject(columns, field);
		if (++count > COLUMNS_MAX)
			return complain(EXIT_USAGE, "--fields with more than %d",
					COLUMNS_MAX);
	}
	if (count)
		return EXIT_OK;
	return complain(EXIT_USAGE, "--fields wants some of: %s",
			list(columns, all, sizeof(all)));
}

static void choose(struct choice *ret_choice, const struct listing_column *columns,
		   const char *fields)
{
	char field[FIELD_MAX];

	ret_choice->count = 0;
	if (!fields) {
		for (; columns->field && ret_choice->count < COLUMNS_MAX; columns++)
			if (columns->rank)
				ret_choice->columns[ret_choice->count++] = columns;
		return;
	}
	while (ret_choice->count < COLUMNS_MAX && next_field(&fields, field)) {
		const struct listing_column *column = find(columns, field);

		if (column)
			ret_choice->columns[ret_choice->count++] = column;
	}
}

/* Takes away the least important column. NULL: all of them must stay. */
static const struct listing_column *drop_one(struct choice *ch)
{
	const struct listing_column *column;
	size_t at = ch->count;

	for (size_t i = 0; i < ch->count; i++)
		if (ch->columns[i]->rank > 1 &&
		    (at == ch->count || ch->columns[i]->rank > ch->columns[at]->rank))
			at = i;
	if (at == ch->count)
		return NULL;
	column = ch->columns[at];
	ch->count--;
	memmove(ch->columns + at, ch->columns + at + 1,
		(ch->count - at) * sizeof(*ch->columns));
	return column;
}

/* --- cells -------------------------------------------------------------------------
 */

static bool is_right(enum listing_kind kind)
{
	return kind == LISTING_NUMBER || kind == LISTING_SIZE || kind == LISTING_RATE;
}

static void put_member(struct render_table *t, const struct listing_column *column,
		       const json_t *item)
{
	const char *field = column->field;
	char units[UNITS_STRLEN], words[WORDS_MAX];

	switch (column->kind) {
	case LISTING_TEXT:
		render_cell(t, STYLE_PLAIN, "%s", field_text(item, field));
		break;
	case LISTING_BOLD:
		render_cell(t, STYLE_BOLD, "%s", field_text(item, field));
		break;
	case LISTING_DIM:
		render_cell(t, STYLE_DIM, "%s", field_text(item, field));
		break;
	case LISTING_NUMBER:
		render_cell(t, STYLE_PLAIN, "%lld", (long long)field_int(item, field));
		break;
	case LISTING_SIZE:
		render_cell(t, STYLE_PLAIN, "%s",
			    size_format(field_size(item, field), units));
		break;
	case LISTING_RATE:
		render_cell(t, STYLE_PLAIN, "%s",
			    rate_format(field_size(item, field), units));
		break;
	case LISTING_TIME:
		render_cell(t, STYLE_PLAIN, "%s",
			    words_time(field_int(item, field), words));
		break;
	case LISTING_YES:
		render_cell(t, STYLE_PLAIN, "%s",
			    field_bool(item, field) ? "yes" : "no");
		break;
	}
}

static struct render_table *make_table(struct choice *ch, const json_t *items)
{
	struct render_table *t;

	for (size_t i = 0; i < ch->count; i++)
		ch->headings[i] = (struct render_column){
			ch->columns[i]->heading, is_right(ch->columns[i]->kind)};
	t = render_table_new(ch->headings, ch->count);
	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *item = json_array_get(items, i);

		for (size_t k = 0; k < ch->count; k++)
			if (ch->columns[k]->cell)
				ch->columns[k]->cell(t, item);
			else
				put_member(t, ch->columns[k], item);
	}
	return t;
}

/* -----------------------------------------------------------------------------------
 */

void listing_print(const struct context *c, const struct listing_column *columns,
		   const json_t *items)
{
	const struct listing_column *dropped;
	char names[256] = "";
	size_t used = 0;
	struct choice ch;
	struct render_table *t;

	choose(&ch, columns, c->fields);
	t = make_table(&ch, items);
	while (!c->fields && !render_table_fits(&c->out, t) &&
	       (dropped = drop_one(&ch))) {
		render_table_free(t);
		t = make_table(&ch, items);
		if (used < sizeof(names))
			used += (size_t)snprintf(names + used, sizeof(names) - used,
						 "%s%s", used ? ", " : "",
						 dropped->field);
	}
	render_table_print(&c->out, t, 0);
	if (used && !c->is_live)
		render_hint(&c->out, "No room for: %s. Show them with --fields.",
			    names);
	render_table_free(t);
}
