/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Varlink on the wire, for both ends: NUL-terminated JSON objects in, messages out, and
 * the two shapes a message can have. No I/O. Source: https://varlink.org/Method-Call.
 *
 * Sizes are checked before content: nothing above the decoder's bound is kept, let
 * alone parsed. Text that is not UTF-8, keys given twice and nesting beyond jansson's
 * JSON_PARSER_MAX_DEPTH make a message bad.
 */
#ifndef CTL_VARLINK_H
#define CTL_VARLINK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define VARLINK_REQUEST_MAX ((size_t)64 * 1024)
#define VARLINK_REPLY_MAX ((size_t)16 * 1024 * 1024)
#define VARLINK_METHOD_MAX 255 /* characters of a method's name */
#define VARLINK_FAULT_MAX 192  /* room for what is wrong with a message */

/* --- decoder: bytes to messages ------------------------------------------------ */

struct varlink_decoder {
	char *data;
	size_t size, max; /* allocated now; allowed, both with the NUL */
	size_t used;	  /* bytes held */
	size_t scanned;	  /* of these, known to hold no NUL */
};

/* `max`: bytes of the largest message, its NUL included. */
void varlink_decoder_init(struct varlink_decoder *d, size_t max);
void varlink_decoder_done(struct varlink_decoder *d);

/*
 * Room for the next bytes; tell how many came with varlink_decoder_add. 0, -EMSGSIZE
 * when the message has outgrown `max`, -ENOBUFS when complete messages must be taken
 * first, -ENOMEM.
 */
int varlink_decoder_reserve(struct varlink_decoder *d, void **ret_room,
			    size_t *ret_size);
void varlink_decoder_add(struct varlink_decoder *d, size_t count);

/* Whether a complete message waits; whether the beginning of one does. */
bool varlink_decoder_has_message(struct varlink_decoder *d);
bool varlink_decoder_is_partial(struct varlink_decoder *d);

/*
 * Takes the first message. 1 with a JSON object; 0 when none is complete; -EBADMSG when
 * it is not one JSON object (`fault`, `size` bytes, says why in printable text; it is
 * taken all the same).
 */
int varlink_decoder_next(struct varlink_decoder *d, json_t **ret_message, char *fault,
			 size_t size);

/* --- messages to bytes --------------------------------------------------------- */

/*
 * The bytes of a message, its NUL included, to be released with free(). 0, -EMSGSIZE
 * above `max`, -ENOMEM.
 */
int varlink_encode(const json_t *message, size_t max, char **ret_data,
		   size_t *ret_size);

/* --- the two shapes ------------------------------------------------------------ */

/* Everything is borrowed from the message. */
struct varlink_request {
	const char *method;	  /* "org.relaywarden.Agent.Status" */
	const json_t *parameters; /* an object, or NULL when none were sent */
	bool is_more, is_oneway, is_upgrade;
};

struct varlink_reply {
	const char *error;  /* NULL when the call succeeded */
	json_t *parameters; /* an object, or NULL */
	bool is_continued;
};

/* 0, or -EBADMSG with what is wrong in `ret_fault` (a literal). */
int varlink_request_parse(const json_t *message, struct varlink_request *ret_request,
			  const char **ret_fault);
int varlink_reply_parse(const json_t *message, struct varlink_reply *ret_reply,
			const char **ret_fault);

/* Take over `parameters`, NULL meaning none; return NULL without memory. */
json_t *varlink_request_take(const char *method, json_t *parameters);
json_t *varlink_reply_take(const char *error, json_t *parameters);
/* One of several replies to a call with "more", not the last. */
json_t *varlink_reply_continued_take(json_t *parameters);
/* A call that wants them. */
json_t *varlink_request_more_take(const char *method, json_t *parameters);

#endif
