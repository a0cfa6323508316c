/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fields.h"

const char *field_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

int64_t field_int(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

uint64_t field_size(const json_t *object, const char *key)
{
	int64_t value = field_int(object, key);

	return value < 0 ? 0 : (uint64_t)value;
}

double field_real(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

bool field_bool(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}
