/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the tests of capture_filter_build: runs a classic BPF program as the kernel does,
 * as far as the filter uses the machine. Static, because a unit test is one file.
 */
#ifndef TESTS_BPF_RUN_H
#define TESTS_BPF_RUN_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the kernel knows of a packet beside its bytes. */
struct bpf_packet {
	const uint8_t *data;
	size_t size;
	uint32_t protocol, type, hardware, vlan_tag;
};

struct bpf_machine {
	uint32_t a, x, cells[BPF_MEMWORDS];
	size_t next, steps;
};

/* False where the kernel would drop the packet: a load beyond its end. */
static bool bpf_load(const struct bpf_packet *p, int64_t offset, size_t size,
		     uint32_t *ret_value)
{
	uint32_t value = 0;

	switch (offset - SKF_AD_OFF) {
	case SKF_AD_PROTOCOL:
		*ret_value = p->protocol;
		return true;
	case SKF_AD_PKTTYPE:
		*ret_value = p->type;
		return true;
	case SKF_AD_HATYPE:
		*ret_value = p->hardware;
		return true;
	case SKF_AD_VLAN_TAG:
		*ret_value = p->vlan_tag;
		return true;
	default:
		break;
	}
	if (offset < 0 || (uint64_t)offset + size > p->size)
		return false;
	for (size_t i = 0; i < size; i++)
		value = value << 8 | p->data[(size_t)offset + i];
	*ret_value = value;
	return true;
}

static bool bpf_jump(struct bpf_machine *m, const struct sock_filter *s)
{
	bool is_true;

	switch (BPF_OP(s->code)) {
	case BPF_JA:
		m->next += s->k;
		return true;
	case BPF_JEQ:
		is_true = m->a == s->k;
		break;
	case BPF_JGT:
		is_true = m->a > s->k;
		break;
	case BPF_JSET:
		is_true = m->a & s->k;
		break;
	default:
		return false;
	}
	m->next += is_true ? s->jt : s->jf;
	return true;
}

static bool bpf_step(struct bpf_machine *m, const struct sock_filter *s,
		     const struct bpf_packet *p)
{
	if (BPF_CLASS(s->code) == BPF_JMP)
		return bpf_jump(m, s);
	switch (s->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		return bpf_load(p, (int32_t)s->k, 4, &m->a);
	case BPF_LD | BPF_H | BPF_ABS:
		return bpf_load(p, (int32_t)s->k, 2, &m->a);
	case BPF_LD | BPF_B | BPF_ABS:
		return bpf_load(p, (int32_t)s->k, 1, &m->a);
	case BPF_LD | BPF_H | BPF_IND:
		return bpf_load(p, (int64_t)m->x + s->k, 2, &m->a);
	case BPF_LDX | BPF_B | BPF_MSH:
		if (!bpf_load(p, s->k, 1, &m->x))
			return false;
		m->x = (m->x & 0xf) * 4;
		return true;
	case BPF_LDX | BPF_IMM:
		m->x = s->k;
		return true;
	case BPF_LD | BPF_MEM:
		m->a = m->cells[s->k];
		return true;
	case BPF_LDX | BPF_MEM:
		m->x = m->cells[s->k];
		return true;
	case BPF_ST:
		m->cells[s->k] = m->a;
		return true;
	case BPF_STX:
		m->cells[s->k] = m->x;
		return true;
	case BPF_MISC | BPF_TAX:
		m->x = m->a;
		return true;
	case BPF_ALU | BPF_XOR | BPF_X:
		m->a ^= m->x;
		return true;
	case BPF_ALU | BPF_LSH | BPF_K:
		m->a <<= s->k;
		return true;
	default:
		return false;
	}
}

/* What the program returns: bytes to keep. */
static uint32_t bpf_run(const struct sock_filter *code, size_t length,
			const struct bpf_packet *p, size_t *ret_steps)
{
	struct bpf_machine m = {.a = 0};

	while (m.next < length) {
		const struct sock_filter *s = &code[m.next++];

		*ret_steps = ++m.steps;
		if (s->code == (BPF_RET | BPF_K))
			return s->k;
		if (!bpf_step(&m, s, p))
			return 0;
	}
	return 0;
}

#endif
