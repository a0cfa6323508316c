/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/portmap.h"
#include <errno.h>
#include <string.h>

#define VERSION_NAT_PMP 0
#define VERSION_PCP 2
#define ANSWER 0x80
#define NAT_PMP_HEADER 8
#define NAT_PMP_ANSWER 12
#define PCP_HEADER 24

size_t portmap_encode(enum portmap_protocol protocol, const struct addr *client,
		      uint8_t buf[static PORTMAP_REQUEST_SIZE])
{
	memset(buf, 0, PORTMAP_REQUEST_SIZE);
	if (protocol == PORTMAP_NAT_PMP)
		return 2;     /* version and opcode, both 0 */
	buf[0] = VERSION_PCP; /* opcode 0, ANNOUNCE: its lifetime is 0 too */
	memcpy(buf + 8, client->b, sizeof(client->b));
	return PCP_HEADER;
}

static int decode_nat_pmp(const uint8_t *p, size_t size, struct portmap_answer *a)
{
	uint32_t v4;

	if (size < NAT_PMP_HEADER)
		return -EBADMSG;
	a->protocol = PORTMAP_NAT_PMP;
	a->result = (unsigned int)p[2] << 8 | p[3];
	if (a->result)
		return 0;
	if (size != NAT_PMP_ANSWER)
		return -EBADMSG;
	memcpy(&v4, p + NAT_PMP_HEADER, sizeof(v4));
	a->external = addr_from_ipv4(v4);
	a->has_external = v4 != 0; /* a gateway that has none yet */
	return 0;
}

static int decode_pcp(const uint8_t *p, size_t size, struct portmap_answer *a)
{
	if (size < PCP_HEADER || size % 4)
		return -EBADMSG;
	a->protocol = PORTMAP_PCP;
	a->result = p[3];
	return 0;
}

int portmap_decode(const void *data, size_t size, struct portmap_answer *ret_answer)
{
	struct portmap_answer a = {0};
	const uint8_t *p = data;
	int r;

	if (size < 4 || size > PORTMAP_ANSWER_MAX || p[1] != ANSWER)
		return -EBADMSG;
	r = p[0] == VERSION_NAT_PMP ? decode_nat_pmp(p, size, &a)
	    : p[0] == VERSION_PCP   ? decode_pcp(p, size, &a)
				    : -EBADMSG;
	if (r == 0)
		*ret_answer = a;
	return r;
}

const char *portmap_result_text(const struct portmap_answer *answer)
{
	switch (answer->result) {
	case 0:
		return "";
	case 1:
		return "it does not speak this version";
	case 2:
		return "it does not allow that";
	case 3:
		return answer->protocol == PORTMAP_PCP
			       ? "it finds the request malformed"
			       : "it has no address itself";
	default:
		return "it refuses";
	}
}
