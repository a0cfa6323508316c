/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes out of a text what tells about people: addresses, names of users and of this
 * computer, what lies in home directories, secrets. Each becomes a pseudonym that stays
 * the same in all texts of one scrub, so that what belongs together is still seen.
 * Errs on the side of taking too much. Pure.
 *
 *   198.18.0.7, 2001:db8::7     addr1      loopback, unspecified and the private
 * networks 198.18.0.0/16               addr2/16   as a whole (10.0.0.0/8) stay
 *   02:00:5e:10:00:01           mac1
 *   anna (if added)             user1
 *   /home/anna/secret/prog      ~user1/.../prog
 *   office-pc (if added)        host1
 *   token=x, password: x        token=(left out)
 *   https://a:b@host/p?q        https://host/p
 */
#ifndef UI_CLI_SCRUB_H
#define UI_CLI_SCRUB_H

#include <stdbool.h>

struct scrub;

/* With `keeps_addresses` those stay. NULL without memory. */
struct scrub *scrub_new(bool keeps_addresses);
void scrub_free(struct scrub *s);

/* Names to take out wherever they are whole words; "" is none. */
void scrub_add_user(struct scrub *s, const char *name);
void scrub_add_host(struct scrub *s, const char *name);

/* The text without all of that, to be freed; NULL without memory. */
char *scrub_text(struct scrub *s, const char *text);

#endif
