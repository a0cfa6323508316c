/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scrub.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer than any address, MAC address or name we look for. */
#define WORD_MAX 256
#define MAC_LENGTH 17

struct scrub {
	bool keeps_addresses;
	json_t *addresses, *macs, *users, *hosts; /* what was there to its number */
};

struct scrub *scrub_new(bool keeps_addresses)
{
	struct scrub *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->keeps_addresses = keeps_addresses;
	s->addresses = json_object();
	s->macs = json_object();
	s->users = json_object();
	s->hosts = json_object();
	if (s->addresses && s->macs && s->users && s->hosts)
		return s;
	scrub_free(s);
	return NULL;
}

void scrub_free(struct scrub *s)
{
	if (!s)
		return;
	json_decref(s->addresses);
	json_decref(s->macs);
	json_decref(s->users);
	json_decref(s->hosts);
	free(s);
}

/* The number of a name in a list that grows. */
static long long number_of(json_t *list, const char *name)
{
	json_t *number = json_object_get(list, name);

	if (!number) {
		number = json_integer((json_int_t)json_object_size(list) + 1);
		json_object_set_new(list, name, number);
	}
	return json_integer_value(number);
}

void scrub_add_user(struct scrub *s, const char *name)
{
	if (*name)
		number_of(s->users, name);
}

void scrub_add_host(struct scrub *s, const char *name)
{
	if (*name)
		number_of(s->hosts, name);
}

/* --- addresses ---------------------------------------------------------------------
 */

/* Those that are the same on every computer. */
static bool says_nothing(const char *word, const char *rest)
{
	static const char *const alike[] = {"0.0.0.0", "::", "::1", "255.255.255.255"};
	static const char *const networks[] = {
		"10.0.0.0/8",	 "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
		"100.64.0.0/10", "fc00::/7",	  "fd00::/8",	    "fe80::/10",
		"224.0.0.0/4",	 "ff00::/8",
	};
	char with_prefix[WORD_MAX];

	for (size_t i = 0; i < sizeof(alike) / sizeof(*alike); i++)
		if (strcmp(word, alike[i]) == 0)
			return true;
	if (strncmp(word, "127.", 4) == 0)
		return true;
	snprintf(with_prefix, sizeof(with_prefix), "%.64s%.*s", word,
		 (int)(1 + strspn(rest + (*rest == '/'), "0123456789")), rest);
	for (size_t i = 0; *rest == '/' && i < sizeof(networks) / sizeof(*networks);
	     i++)
		if (strcmp(with_prefix, networks[i]) == 0)
			return true;
	return false;
}

/* The longest address at the beginning of `text`; 0: there is none. */
static size_t match_address(const char *text, char ret_word[static WORD_MAX])
{
	bool is_ipv6;
	size_t length = strspn(text, "0123456789.");
	struct in6_addr address;

	is_ipv6 = text[length] == ':' || isxdigit((unsigned char)text[length]);
	if (is_ipv6)
		length = strspn(text, "0123456789abcdefABCDEF:.");
	if (!memchr(text, is_ipv6 ? ':' : '.', length))
		return 0; /* a number, a word: most are */
	for (length = length < INET6_ADDRSTRLEN ? length : INET6_ADDRSTRLEN; length > 1;
	     length--) {
		snprintf(ret_word, WORD_MAX, "%.*s", (int)length, text);
		if (inet_pton(AF_INET, ret_word, &address) == 1)
			return length;
		if (is_ipv6 && inet_pton(AF_INET6, ret_word, &address) == 1)
			return length;
	}
	return 0;
}

static size_t match_mac(const char *text, char ret_word[static WORD_MAX])
{
	for (size_t i = 0; i < MAC_LENGTH; i++)
		if (i % 3 == 2 ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
			return 0;
	if (isxdigit((unsigned char)text[MAC_LENGTH]) || text[MAC_LENGTH] == ':')
		return 0;
	snprintf(ret_word, WORD_MAX, "%.*s", MAC_LENGTH, text);
	return MAC_LENGTH;
}

/* Where an address can begin: not within a number, nor after a letter that belongs to
 * one. */
static bool is_start(const char *text, const char *at)
{
	if (!isxdigit((unsigned char)*at) && *at != ':')
		return false;
	return at == text || (!isdigit((unsigned char)at[-1]) && at[-1] != '.') ||
	       !isdigit((unsigned char)*at);
}

static size_t put_address(struct scrub *s, const char *text, const char *at, FILE *out)
{
	char word[WORD_MAX];
	size_t length;

	if (s->keeps_addresses || !is_start(text, at))
		return 0;
	length = match_mac(at, word);
	if (length) {
		fprintf(out, "mac%lld", number_of(s->macs, word));
		return length;
	}
	length = match_address(at, word);
	if (!length)
		return 0;
	if (says_nothing(word, at + length))
		fputs(word, out);
	else
		fprintf(out, "addr%lld", number_of(s->addresses, word));
	return length;
}

/* --- names -------------------------------------------------------------------------
 */

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (c & 0x80);
}

/* The longest name of one of the lists that begins here and ends where a word does. */
static size_t put_name(struct scrub *s, const char *text, const char *at, FILE *out)
{
	size_t end = 0, found = 0;
	char word[WORD_MAX];
	const char *kind = "";
	long long number = 0;

	if (!is_word(*at) || (at > text && is_word(at[-1])))
		return 0;
	while (end + 1 < WORD_MAX && (is_word(at[end]) || strchr(".-", at[end])) &&
	       at[end]) {
		const json_t *user, *host;

		end++;
		if (is_word(at[end]))
			continue;
		snprintf(word, sizeof(word), "%.*s", (int)end, at);
		user = json_object_get(s->users, word);
		host = json_object_get(s->hosts, word);
		if (!user && !host)
			continue;
		found = end;
		kind = user ? "user" : "host";
		number = json_integer_value(user ? user : host);
	}
	if (found)
		fprintf(out, "%s%lld", kind, number);
	return found;
}

/* What ends a path in texts and in JSON. */
#define PATH_END " \t\n\"',;)"

/* Of a path in somebody's home, whose it is and how the file is called. */
static size_t put_home(struct scrub *s, const char *at, FILE *out)
{
	size_t length, name_length;
	const char *name = at + 6, *slash;
	char word[WORD_MAX];

	if (strncmp(at, "/home/", 6) != 0)
		return 0;
	name_length = strcspn(name, "/" PATH_END);
	if (name_length == 0 || name_length >= WORD_MAX || *name == '*')
		return 0;
	length = 6 + name_length + strcspn(name + name_length, PATH_END);
	snprintf(word, sizeof(word), "%.*s", (int)name_length, name);
	fprintf(out, "~user%lld", number_of(s->users, word));
	slash = memrchr(name, '/', length - 6);
	if (slash > name + name_length)
		fputs("/...", out);
	if (slash) {
		/* The file's own name may have his in it. */
		snprintf(word, sizeof(word), "%.*s", (int)(at + length - slash), slash);
		for (const char *c = word; *c;) {
			size_t used = put_name(s, word, c, out);

			if (!used)
				fputc(*c, out);
			c += used ? used : 1;
		}
	}
	return length;
}

/* --- secrets -----------------------------------------------------------------------
 */

/* "token=x", "password: x", "\"psk\": \"x\"": the name stays. */
static size_t put_secret(const char *text, const char *at, FILE *out)
{
	static const char *const names[] = {
		"password", "passwd",	  "passphrase", "secret",  "token",
		"psk",	    "credential", "apikey",	"api_key", "api-key"};
	size_t length = 0, gap;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && !length; i++)
		if (strncasecmp(at, names[i], strlen(names[i])) == 0)
			length = strlen(names[i]);
	if (!length || (at > text && isalnum((unsigned char)at[-1])))
		return 0;
	length += strspn(at + length, "abcdefghijklmnopqrstuvwxyz_-0123456789\"");
	gap = strspn(at + length, " \t");
	if (at[length + gap] != '=' && at[length + gap] != ':')
		return 0;
	length += gap + 1;
	length += strspn(at + length, " \t\"'");
	fprintf(out, "%.*s(left out)", (int)length, at);
	return length + strcspn(at + length, " \t\n\"',;&");
}

/* Of an URL: who logs in, and what is asked. What is between is read on. */
static size_t skip_url_secret(const char *text, const char *at)
{
	size_t length;

	if (*at == '?' && at > text) {
		const char *begin = at;

		while (begin > text && !strchr(PATH_END, begin[-1]))
			begin--;
		return memmem(begin, (size_t)(at - begin), "://", 3)
			       ? strcspn(at, PATH_END)
			       : 0;
	}
	if (at - text < 3 || strncmp(at - 3, "://", 3) != 0)
		return 0;
	length = strcspn(at, "@/" PATH_END);
	return at[length] == '@' ? length + 1 : 0;
}

/* -----------------------------------------------------------------------------------
 */

/* How many bytes of the text at `at` were taken and written in another form. */
static size_t put_any(struct scrub *s, const char *text, const char *at, FILE *out)
{
	size_t used = skip_url_secret(text, at);

	if (!used)
		used = put_secret(text, at, out);
	if (!used)
		used = put_home(s, at, out);
	if (!used)
		used = put_address(s, text, at, out);
	return used ? used : put_name(s, text, at, out);
}

char *scrub_text(struct scrub *s, const char *text)
{
	char *clean = NULL;
	size_t size;
	FILE *out = open_memstream(&clean, &size);

	if (!out)
		return NULL;
	for (const char *at = text; *at;) {
		size_t used = put_any(s, text, at, out);

		if (!used)
			fputc(*at, out);
		at += used ? used : 1;
	}
	if (fclose(out) == 0)
		return clean;
	free(clean);
	return NULL;
}
