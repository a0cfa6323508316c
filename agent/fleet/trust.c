/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trust.h"
#include <errno.h>
#include <string.h>
#include <systemd/sd-id128.h>
#include <time.h>

/* Of this purpose alone: the machine's own id stays secret. */
#define APPLICATION_ID                                                                 \
	SD_ID128_MAKE(9c, 1f, 5e, 0a, 73, d2, 4b, 86, b0, 3e, 2d, 64, f8, 17, ca, 95)

static const struct public_key *find_key(const struct keys *keys, const char *id)
{
	for (size_t i = 0; i < keys->count; i++)
		if (strcmp(keys->items[i].id, id) == 0)
			return &keys->items[i];
	return NULL;
}

/* One signature that is right suffices: others may be of keys that come or go. */
static int check_signatures(const struct bundle_envelope *e, const struct keys *keys,
			    char ret_key[static BUNDLE_KEY_STRLEN], char *fault)
{
	const char *wrong = NULL;

	for (size_t i = 0; i < e->signature_count; i++) {
		const struct bundle_signature *s = &e->signatures[i];
		const struct public_key *key = find_key(keys, s->key);

		if (!key)
			continue;
		if (crypto_sign_verify_detached(s->bytes, (const uint8_t *)e->payload,
						e->payload_size, key->bytes) == 0) {
			memcpy(ret_key, s->key, BUNDLE_KEY_STRLEN);
			return 0;
		}
		wrong = s->key;
	}
	if (wrong)
		snprintf(fault, BUNDLE_FAULT_STRLEN,
			 "tampered with: the signature of key %s does not fit it",
			 wrong);
	else
		snprintf(fault, BUNDLE_FAULT_STRLEN,
			 "no key that is trusted here has "
			 "signed it");
	return -EINVAL;
}

void trust_digest(const char *payload, size_t size,
		  char digest[static BUNDLE_DIGEST_STRLEN])
{
	uint8_t hash[BUNDLE_DIGEST_STRLEN / 2];

	crypto_generichash(hash, sizeof(hash), (const uint8_t *)payload, size, NULL, 0);
	sodium_bin2hex(digest, BUNDLE_DIGEST_STRLEN, hash, sizeof(hash));
}

int trust_bundle(const char *bytes, size_t size, const struct keys *keys,
		 struct trusted *ret_trusted, char fault[static BUNDLE_FAULT_STRLEN])
{
	struct bundle_envelope e;
	struct trusted t = {0};
	int r = bundle_open(bytes, size, &e, fault);

	if (r == 0)
		r = check_signatures(&e, keys, t.key, fault);
	if (r == 0)
		r = bundle_parse(e.payload, e.payload_size, &t.bundle, fault);
	if (r < 0)
		return r;
	trust_digest(e.payload, e.payload_size, t.digest);
	*ret_trusted = t;
	return 0;
}

int trust_place(const char *channel, struct bundle_place *ret_place)
{
	struct bundle_place p = {.channel = channel, .now = time(NULL)};
	sd_id128_t id;
	int r = sd_id128_get_machine_app_specific(APPLICATION_ID, &id);

	if (r < 0)
		return r;
	memcpy(p.id, id.bytes, sizeof(p.id));
	*ret_place = p;
	return 0;
}
