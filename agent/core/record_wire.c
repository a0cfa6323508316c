/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/record_wire.h"
#include <string.h>

#define NUMBER_BYTES_MAX 10 /* seven bits each */

void wire_put_byte(struct wire_out *w, uint8_t value)
{
	w->data[w->used++] = value;
}

void wire_put_bytes(struct wire_out *w, const void *data, size_t size)
{
	memcpy(w->data + w->used, data, size);
	w->used += size;
}

void wire_put_fixed(struct wire_out *w, uint64_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		wire_put_byte(w, (uint8_t)(value >> (8 * i)));
}

void wire_put_number(struct wire_out *w, uint64_t value)
{
	while (value > 0x7f) {
		wire_put_byte(w, (uint8_t)(value | 0x80));
		value >>= 7;
	}
	wire_put_byte(w, (uint8_t)value);
}

/* Zigzag: 0, -1, 1, -2 become 0, 1, 2, 3. */
void wire_put_step(struct wire_out *w, uint64_t from, uint64_t to)
{
	uint64_t step = to - from;

	wire_put_number(w, step << 1 ^ (step >> 63 ? UINT64_MAX : 0));
}

void wire_put_text(struct wire_out *w, const char *text)
{
	size_t length = strlen(text);

	wire_put_number(w, length);
	wire_put_bytes(w, text, length);
}

uint8_t wire_get_byte(struct wire_in *w)
{
	if (w->at == w->size) {
		w->is_bad = true;
		return 0;
	}
	return w->data[w->at++];
}

void wire_get_bytes(struct wire_in *w, void *ret_data, size_t size)
{
	if (w->size - w->at < size) {
		w->is_bad = true;
		memset(ret_data, 0, size);
		return;
	}
	memcpy(ret_data, w->data + w->at, size);
	w->at += size;
}

uint64_t wire_get_fixed(struct wire_in *w, unsigned int bytes)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < bytes; i++)
		value |= (uint64_t)wire_get_byte(w) << (8 * i);
	return value;
}

uint64_t wire_get_number(struct wire_in *w)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < NUMBER_BYTES_MAX; i++) {
		uint8_t byte = wire_get_byte(w);

		/* The tenth byte has room for one bit. */
		if (i == NUMBER_BYTES_MAX - 1 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (!(byte & 0x80))
			return value;
	}
	w->is_bad = true;
	return 0;
}

uint64_t wire_get_step(struct wire_in *w, uint64_t from)
{
	uint64_t coded = wire_get_number(w);

	return from + (coded >> 1 ^ (coded & 1 ? UINT64_MAX : 0));
}

void wire_get_text(struct wire_in *w, char *buf, size_t size)
{
	uint64_t length = wire_get_number(w);

	*buf = '\0';
	if (length >= size || length > w->size - w->at ||
	    memchr(w->data + w->at, '\0', (size_t)length)) {
		w->is_bad = true;
		return;
	}
	wire_get_bytes(w, buf, (size_t)length);
	buf[length] = '\0';
}
