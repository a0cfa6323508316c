/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keys.h"
#include "base/base64.h"
#include "core/bundle_lines.h"
#include "files.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PUBLIC_WORD "ed25519-public"
#define SECRET_WORD "ed25519-secret"
#define KEY_FILE_MAX 4096

/* The first half of what BLAKE2b makes of it. */
static void make_id(const uint8_t public[static crypto_sign_PUBLICKEYBYTES],
		    char id[static BUNDLE_KEY_STRLEN])
{
	uint8_t hash[crypto_generichash_BYTES_MIN];

	crypto_generichash(hash, sizeof(hash), public, crypto_sign_PUBLICKEYBYTES, NULL,
			   0);
	sodium_bin2hex(id, BUNDLE_KEY_STRLEN, hash, BUNDLE_KEY_STRLEN / 2);
}

/* --- reading ------------------------------------------------------------------- */

/* A file of one line, "WORD BASE64", of exactly `size` bytes. */
static int parse_key(const char *text, size_t length, const char *word, uint8_t *bytes,
		     size_t size)
{
	struct bundle_lines l = {text, text + length};
	struct bundle_word key, value;
	uint8_t decoded[BUNDLE_LINE_MAX];
	size_t decoded_size;

	if (bundle_lines_next(&l, &key, &value) <= 0 || !bundle_word_is(&key, word) ||
	    base64_decode(value.text, value.length, decoded, &decoded_size) < 0 ||
	    decoded_size != size || l.at != l.end)
		return -EINVAL;
	memcpy(bytes, decoded, size);
	sodium_memzero(decoded, sizeof(decoded));
	return 0;
}

/* Whoever may write it may have a policy installed. */
static int check_owner(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || st.st_mode & 022)
		return -EPERM;
	return 0;
}

static int read_public(int dir_fd, const char *name, struct public_key *ret_key)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct public_key k;
	char *text = NULL;
	size_t length;
	int r;

	if (fd < 0)
		return -errno;
	r = check_owner(fd);
	if (r == 0)
		r = file_read_fd(fd, KEY_FILE_MAX, &text, &length);
	close(fd);
	if (r == 0)
		r = parse_key(text, length, PUBLIC_WORD, k.bytes, sizeof(k.bytes));
	free(text);
	if (r < 0)
		return r;
	make_id(k.bytes, k.id);
	*ret_key = k;
	return 0;
}

static const char *describe(int error)
{
	switch (error) {
	case EINVAL:
		return "not a public key; see relaywarden-bundle(5)";
	case EPERM:
		return "others than root may write it; chown it to root, and chmod "
		       "go-w";
	case EFBIG:
		return "too many keys, or too large a one";
	case ENOKEY:
		return "no key (*.pub) is there; put the public keys of your admins "
		       "there";
	default:
		return strerror(error);
	}
}

static int blame(int r, const char *dir, const char *name, char *fault)
{
	snprintf(fault, KEYS_FAULT_STRLEN, "%.200s/%.100s: %s", dir, name,
		 describe(-r));
	return r;
}

static bool is_key_name(const char *name)
{
	size_t length = strlen(name);

	return name[0] != '.' && length > 4 && strcmp(name + length - 4, ".pub") == 0;
}

static int read_all(DIR *dir, const char *path, struct keys *k, char *fault)
{
	struct dirent *entry;
	int r = check_owner(dirfd(dir));

	if (r < 0)
		return blame(r, path, "", fault);
	while ((entry = readdir(dir))) {
		if (!is_key_name(entry->d_name))
			continue;
		r = k->count == KEYS_MAX ? -EFBIG
					 : read_public(dirfd(dir), entry->d_name,
						       &k->items[k->count]);
		if (r < 0)
			return blame(r, path, entry->d_name, fault);
		k->count++;
	}
	return k->count ? 0 : blame(-ENOKEY, path, "", fault);
}

int keys_read(const char *dir, struct keys *ret_keys,
	      char fault[static KEYS_FAULT_STRLEN])
{
	struct keys k = {0};
	DIR *d = opendir(dir);
	int r;

	if (!d)
		return blame(errno == ENOENT ? -ENOKEY : -errno, dir, "", fault);
	r = read_all(d, dir, &k, fault);
	closedir(d);
	if (r == 0)
		*ret_keys = k;
	return r;
}

int secret_key_read(const char *path, struct secret_key *ret_key)
{
	struct secret_key k;
	char *text;
	size_t length;
	int r = file_read(path, KEY_FILE_MAX, &text, &length);

	if (r < 0)
		return r;
	r = parse_key(text, length, SECRET_WORD, k.bytes, sizeof(k.bytes));
	sodium_memzero(text, length);
	free(text);
	if (r < 0)
		return r;
	make_id(k.bytes + crypto_sign_SEEDBYTES, k.id); /* its second half is public */
	*ret_key = k;
	return 0;
}

/* --- making -------------------------------------------------------------------- */

/* Never over one that is there. */
static int write_key(const char *name, const char *suffix, mode_t mode,
		     const char *word, const uint8_t *bytes, size_t size)
{
	char path[PATH_MAX], text[BASE64_SIZE(crypto_sign_SECRETKEYBYTES)];
	int fd, r, length = snprintf(path, sizeof(path), "%s%s", name, suffix);

	if (length < 0 || (size_t)length >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	r = dprintf(fd, "%s %s\n", word, base64_encode(bytes, size, text)) < 0 ? -errno
									       : 0;
	sodium_memzero(text, sizeof(text));
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r < 0)
		unlink(path);
	return r;
}

int keys_make(const char *name, char ret_id[static BUNDLE_KEY_STRLEN])
{
	uint8_t public[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
	int r;

	crypto_sign_keypair(public, secret);
	r = write_key(name, ".key", 0600, SECRET_WORD, secret, sizeof(secret));
	sodium_memzero(secret, sizeof(secret));
	if (r == 0)
		r = write_key(name, ".pub", 0644, PUBLIC_WORD, public, sizeof(public));
	if (r == 0)
		make_id(public, ret_id);
	return r;
}
