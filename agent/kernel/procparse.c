/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/procparse.h"
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

/* A borrowed, unread rest of a text. */
struct rest {
	const char *at, *end;
};

/* Cuts the next token that ends at `separator` or at the end; false when none is left.
 */
static bool take_until(struct rest *r, char separator, struct rest *ret_token)
{
	const char *stop;

	if (r->at >= r->end)
		return false;
	stop = memchr(r->at, separator, (size_t)(r->end - r->at));
	ret_token->at = r->at;
	ret_token->end = stop ? stop : r->end;
	r->at = stop ? stop + 1 : r->end;
	return true;
}

static size_t rest_length(struct rest r)
{
	return (size_t)(r.end - r.at);
}

static bool rest_is(struct rest r, const char *text)
{
	return rest_length(r) == strlen(text) && memcmp(r.at, text, strlen(text)) == 0;
}

static bool rest_skip(struct rest *r, const char *prefix)
{
	size_t n = strlen(prefix);

	if (rest_length(*r) < n || memcmp(r->at, prefix, n) != 0)
		return false;
	r->at += n;
	return true;
}

static void skip_blanks(struct rest *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\t'))
		r->at++;
}

static bool take_number(struct rest *r, uint64_t *ret_number)
{
	const char *start;
	uint64_t n = 0;

	skip_blanks(r);
	for (start = r->at; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
		uint64_t digit = (uint64_t)(*r->at - '0');

		if (n > (UINT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	if (r->at == start)
		return false;
	*ret_number = n;
	return true;
}

static const char *find_last(const char *text, size_t length, char c)
{
	return length ? memrchr(text, c, length) : NULL;
}

int procparse_stat(const char *text, size_t length, struct procparse_stat *ret_stat)
{
	enum { FIELD_PARENT = 4, FIELD_FLAGS = 9, FIELD_START = 22 };
	const char *open = length ? memchr(text, '(', length) : NULL;
	/* A name may hold parentheses and newlines; no later field does. */
	const char *close = find_last(text, length, ')');
	struct procparse_stat s = {.state = '?'};
	struct rest r, token;
	size_t n;

	if (!open || !close || close < open)
		return -EINVAL;
	n = (size_t)(close - open - 1);
	if (n >= sizeof(s.comm))
		n = sizeof(s.comm) - 1;
	memcpy(s.comm, open + 1, n);
	r = (struct rest){close + 1, text + length};
	skip_blanks(&r);
	if (r.at >= r.end)
		return -EINVAL;
	s.state = *r.at++;
	if (!take_number(&r, &s.parent) || !take_until(&r, ' ', &token))
		return -EINVAL;
	for (int field = FIELD_PARENT + 1; field < FIELD_FLAGS; field++)
		if (!take_until(&r, ' ', &token))
			return -EINVAL;
	if (!take_number(&r, &s.flags) || !take_until(&r, ' ', &token))
		return -EINVAL;
	for (int field = FIELD_FLAGS + 1; field < FIELD_START; field++)
		if (!take_until(&r, ' ', &token))
			return -EINVAL;
	if (!take_number(&r, &s.start_ticks))
		return -EINVAL;
	*ret_stat = s;
	return 0;
}

int procparse_uids(const char *text, size_t length, uint32_t ret_uids[static 4])
{
	struct rest r = {text, text + length}, line;
	uint32_t uids[4];

	while (take_until(&r, '\n', &line)) {
		if (!rest_skip(&line, "Uid:"))
			continue;
		for (int i = 0; i < 4; i++) {
			uint64_t n;

			if (!take_number(&line, &n) || n > UINT32_MAX)
				return -EINVAL;
			uids[i] = (uint32_t)n;
		}
		memcpy(ret_uids, uids, sizeof(uids));
		return 0;
	}
	return -EINVAL;
}

static int copy_path(struct rest r, char *ret_path, size_t size)
{
	if (rest_length(r) >= size)
		return -ENAMETOOLONG;
	/* A NUL cannot be part of a path: whatever follows it is not the kernel's. */
	if (rest_length(r) && memchr(r.at, '\0', rest_length(r)))
		return -EINVAL;
	memcpy(ret_path, r.at, rest_length(r));
	ret_path[rest_length(r)] = '\0';
	return 0;
}

int procparse_cgroup(const char *text, size_t length, char *ret_path, size_t size)
{
	static const char removed[] = " (deleted)";
	struct rest r = {text, text + length}, line;
	size_t tail = sizeof(removed) - 1;

	while (take_until(&r, '\n', &line)) {
		if (!rest_skip(&line, "0::"))
			continue;
		if (rest_length(line) > tail &&
		    memcmp(line.end - tail, removed, tail) == 0)
			line.end -= tail;
		return copy_path(line, ret_path, size);
	}
	return -ENOENT;
}

/* mountinfo writes blanks, tabs, newlines and backslashes as \ooo. */
static void unescape_octal(char *path)
{
	char *to = path;

	for (const char *from = path; *from; to++) {
		bool is_escape = from[0] == '\\' && from[1] >= '0' && from[1] <= '3' &&
				 from[2] >= '0' && from[2] <= '7' && from[3] >= '0' &&
				 from[3] <= '7';
		int value = 0;

		if (is_escape)
			value = (from[1] - '0') * 64 + (from[2] - '0') * 8 + from[3] -
				'0';
		if (value) {
			*to = (char)value;
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* "36 35 98:0 ROOT MOUNTPOINT OPTIONS [TAGS] - FSTYPE SOURCE SUPEROPTIONS" */
static bool is_cgroup2_line(struct rest line, struct rest *ret_root,
			    struct rest *ret_point)
{
	struct rest token, root, point;

	for (int i = 0; i < 3; i++)
		if (!take_until(&line, ' ', &token))
			return false;
	if (!take_until(&line, ' ', &root) || !take_until(&line, ' ', &point))
		return false;
	while (take_until(&line, ' ', &token)) {
		if (!rest_is(token, "-"))
			continue;
		if (!take_until(&line, ' ', &token) || !rest_is(token, "cgroup2"))
			return false;
		*ret_root = root;
		*ret_point = point;
		return true;
	}
	return false;
}

int procparse_cgroup_mount(const char *text, size_t length, char *ret_path, size_t size)
{
	struct rest r = {text, text + length}, line, root, point, best = {NULL, NULL};
	int err;

	while (take_until(&r, '\n', &line)) {
		if (!is_cgroup2_line(line, &root, &point))
			continue;
		if (!best.at || rest_is(root, "/"))
			best = point;
		if (rest_is(root, "/"))
			break;
	}
	if (!best.at)
		return -ENOENT;
	err = copy_path(best, ret_path, size);
	if (err == 0)
		unescape_octal(ret_path);
	return err;
}

static bool is_one_of(struct rest r, const char *const *words)
{
	for (; *words; words++)
		if (rest_is(r, *words))
			return true;
	return false;
}

void procparse_script(const char *text, size_t length, char *ret_script, size_t size)
{
	/* What follows these is code or a module, not a file. */
	static const char *const code[] = {"-c", "-e", "-m", "--eval", "-", NULL};
	static const char *const with_value[] = {"-cp", "-classpath", "--class-path",
						 "-W",	"-X",	      "-r",
						 "-o",	"--require",  NULL};
	struct rest r = {text, text + length}, word;
	size_t n;

	ret_script[0] = '\0';
	take_until(&r, '\0', &word);
	while (take_until(&r, '\0', &word)) {
		if (is_one_of(word, code))
			return;
		if (rest_length(word) && *word.at == '-') {
			if (is_one_of(word, with_value))
				take_until(&r, '\0', &word);
			continue;
		}
		n = rest_length(word);
		if (n >= size)
			n = size - 1;
		memcpy(ret_script, word.at, n);
		ret_script[n] = '\0';
		return;
	}
}

size_t procparse_numbers(const char *text, size_t length, int *numbers, size_t max)
{
	struct rest r = {text, text + length}, word;
	size_t count = 0;
	uint64_t n;

	while (max && take_until(&r, ' ', &word)) {
		if (!take_number(&word, &n) || rest_length(word) || n > INT_MAX)
			continue;
		if (count == max)
			memmove(numbers, numbers + 1, --count * sizeof(*numbers));
		numbers[count++] = (int)n;
	}
	return count;
}

int procparse_io(const char *text, size_t length, uint64_t *ret_read,
		 uint64_t *ret_written)
{
	struct rest r = {text, text + length}, line;
	bool has_read = false, has_written = false;
	uint64_t bytes_read = 0, written = 0;

	while (take_until(&r, '\n', &line)) {
		if (rest_skip(&line, "read_bytes:"))
			has_read = take_number(&line, &bytes_read);
		else if (rest_skip(&line, "write_bytes:"))
			has_written = take_number(&line, &written);
	}
	if (!has_read || !has_written)
		return -EINVAL;
	*ret_read = bytes_read;
	*ret_written = written;
	return 0;
}

/* "KIND[123]" */
static bool take_link(const char *target, const char *kind, uint64_t *ret_inode)
{
	struct rest r = {target, target + strlen(target)};
	uint64_t inode;

	if (!rest_skip(&r, kind) || !rest_skip(&r, "[") || !take_number(&r, &inode) ||
	    !rest_is(r, "]"))
		return false;
	*ret_inode = inode;
	return true;
}

int procparse_socket_link(const char *target, uint64_t *ret_inode)
{
	return take_link(target, "socket:", ret_inode) ? 0 : -ENOENT;
}

int procparse_namespace_link(const char *target, uint64_t *ret_inode)
{
	return take_link(target, "net:", ret_inode) ? 0 : -EINVAL;
}

int procparse_tap(const char *text, size_t length, char *ret_name, size_t size)
{
	struct rest r = {text, text + length}, line;

	while (take_until(&r, '\n', &line)) {
		if (!rest_skip(&line, "iff:"))
			continue;
		skip_blanks(&line);
		return rest_length(line) && copy_path(line, ret_name, size) == 0
			       ? 0
			       : -ENOENT;
	}
	return -ENOENT;
}

enum procparse_device procparse_device_link(const char *target)
{
	static const char sound[] = "/dev/snd/pcm", camera[] = "/dev/video";

	if (strncmp(target, sound, sizeof(sound) - 1) == 0)
		return PROCPARSE_SOUND;
	if (strncmp(target, camera, sizeof(camera) - 1) == 0 &&
	    target[sizeof(camera) - 1] >= '0' && target[sizeof(camera) - 1] <= '9')
		return PROCPARSE_CAMERA;
	return PROCPARSE_NO_DEVICE;
}

bool procparse_is_sound_server(const char *path, size_t length)
{
	/* PulseAudio, and PipeWire in its place; PipeWire; JACK. Not any path that ends
	 * so: a program could listen there itself, and call it a call. */
	static const char *const globs[] = {
		"/run/user/*/pulse/native", "/var/run/user/*/pulse/native",
		"/run/pulse/native",	    "/var/run/pulse/native",
		"/run/user/*/pipewire-0",   "/run/user/*/pipewire-0-manager",
		"/dev/shm/jack-*/*/jack_0", "/tmp/jack-*/*/jack_0",
	};
	char text[128];

	if (length >= sizeof(text))
		return false;
	memcpy(text, path, length);
	text[length] = '\0';
	for (size_t i = 0; i < sizeof(globs) / sizeof(globs[0]); i++)
		if (fnmatch(globs[i], text, FNM_PATHNAME) == 0)
			return true;
	return false;
}
