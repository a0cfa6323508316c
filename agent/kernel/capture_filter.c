/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program that keeps everybody else's packets out of the ring. It runs for every
 * packet of the machine while a capture lasts, so it must be short to run: a packet
 * becomes one number, which is looked for by halving.
 *
 *	number = fold(source ^ destination) ^ protocol << 16 ^ (port ^ port)
 *
 * XOR does not know which end is which, so one number stands for both directions. Where
 * neither protocol nor ports are at a known place (a later fragment, IPv6 extension
 * headers) a packet goes by its addresses alone. Numbers of different flows may
 *coincide: user space looks the flow up exactly. Source: bpf(4) of BSD,
 *Documentation/networking/filter.rst.
 */
#include "kernel/capture_internal.h"
#include <endian.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define PREAMBLE_MAX 128 /* jumps of one byte reach over it */
#define VLAN_ID 0x0fff
#define FRAGMENT_OFFSET 0x1fff

enum label {
	NEXT, /* the next instruction */
	IS_IPV4,
	IS_IPV6,
	IS_TRANSPORT,
	HAS_PORTS,
	BY_ADDRS,
	DROP,
	SEARCH_FULL,
	SEARCH_ADDRS,
	LABELS,
};

/* Cells of the BPF machine's memory. */
enum cell { CELL_ADDRS, CELL_HEADER, CELL_PARTIAL, CELL_PORT };

struct builder {
	struct capture_filter *filter;
	enum label yes[PREAMBLE_MAX], no[PREAMBLE_MAX];
	unsigned short at[LABELS];
};

struct numbers {
	uint32_t of[CAPTURE_FLOWS_MAX];
	size_t count;
};

/* --- numbers --------------------------------------------------------------------- */

static uint32_t fold(const struct addr *a)
{
	uint32_t words[4];

	memcpy(words, a->b, sizeof(words));
	return be32toh(words[0] ^ words[1] ^ words[2] ^ words[3]);
}

/* The ffff of an IPv4 address in its 128 bits is in both and so vanishes. */
static uint32_t number_by_addrs(const struct flow_key *k)
{
	return fold(&k->local) ^ fold(&k->remote);
}

static uint32_t number_in_full(const struct flow_key *k)
{
	return number_by_addrs(k) ^ (uint32_t)k->proto << 16 ^
	       (uint32_t)(k->local_port ^ k->remote_port);
}

static int compare_numbers(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void sort_numbers(struct numbers *n)
{
	size_t kept = 0;

	qsort(n->of, n->count, sizeof(n->of[0]), compare_numbers);
	for (size_t i = 0; i < n->count; i++)
		if (i == 0 || n->of[i] != n->of[kept - 1])
			n->of[kept++] = n->of[i];
	n->count = kept;
}

/* --- instructions ---------------------------------------------------------------- */

static void put(struct capture_filter *f, int code, uint32_t k, size_t yes, size_t no)
{
	if (f->length < CAPTURE_FILTER_MAX)
		f->code[f->length++] = (struct sock_filter){
			(uint16_t)code, (uint8_t)yes, (uint8_t)no, k};
}

static void emit(struct builder *b, int code, uint32_t k)
{
	put(b->filter, code, k, 0, 0);
}

/* To `yes` or to `no`, both of the preamble. */
static void emit_if(struct builder *b, int test, uint32_t k, enum label yes,
		    enum label no)
{
	b->yes[b->filter->length] = yes;
	b->no[b->filter->length] = no;
	emit(b, BPF_JMP | test | BPF_K, k);
}

static void emit_goto(struct builder *b, enum label to)
{
	b->yes[b->filter->length] = to;
	emit(b, BPF_JMP | BPF_JA, 0);
}

static void emit_load(struct builder *b, int size, uint32_t offset)
{
	emit(b, BPF_LD | size | BPF_ABS, offset);
}

/* What the kernel knows of a packet beside its bytes: SKF_AD_... */
static void emit_load_about(struct builder *b, int what)
{
	emit_load(b, BPF_W, (uint32_t)(SKF_AD_OFF + what));
}

/* A ^= the word at `offset` of the packet. */
static void emit_xor_word(struct builder *b, uint32_t offset)
{
	emit(b, BPF_MISC | BPF_TAX, 0);
	emit_load(b, BPF_W, offset);
	emit(b, BPF_ALU | BPF_XOR | BPF_X, 0);
}

static void emit_xor_cell(struct builder *b, enum cell cell)
{
	emit(b, BPF_LDX | BPF_MEM, cell);
	emit(b, BPF_ALU | BPF_XOR | BPF_X, 0);
}

static void put_label(struct builder *b, enum label label)
{
	b->at[label] = b->filter->length;
}

static void resolve_labels(struct builder *b, unsigned short end)
{
	for (unsigned short i = 0; i < end; i++) {
		struct sock_filter *s = &b->filter->code[i];

		if (s->code == (BPF_JMP | BPF_JA))
			s->k = (uint32_t)(b->at[b->yes[i]] - i - 1);
		else if (BPF_CLASS(s->code) == BPF_JMP) {
			if (b->yes[i] != NEXT)
				s->jt = (uint8_t)(b->at[b->yes[i]] - i - 1);
			if (b->no[i] != NEXT)
				s->jf = (uint8_t)(b->at[b->no[i]] - i - 1);
		}
	}
}

/* --- the program ----------------------------------------------------------------- */

/*
 * A packet of ours passes several interfaces where these are stacked. Not looked at:
 * loopback (it shows a packet twice), what a promiscuous interface sees of others, and
 * tagged packets, which their VLAN's own interface shows too.
 */
static void emit_interface(struct builder *b)
{
	emit_load_about(b, SKF_AD_HATYPE);
	emit_if(b, BPF_JEQ, ARPHRD_LOOPBACK, DROP, NEXT);
	emit_load_about(b, SKF_AD_PKTTYPE);
	emit_if(b, BPF_JEQ, PACKET_OTHERHOST, DROP, NEXT);
	emit_load_about(b, SKF_AD_VLAN_TAG); /* 0 where there is none */
	emit_if(b, BPF_JSET, VLAN_ID, DROP, NEXT);
	emit_load_about(b, SKF_AD_PROTOCOL);
	emit_if(b, BPF_JEQ, ETH_P_IP, IS_IPV4, NEXT);
	emit_if(b, BPF_JEQ, ETH_P_IPV6, IS_IPV6, DROP);
}

static void emit_ipv4(struct builder *b)
{
	put_label(b, IS_IPV4);
	emit_load(b, BPF_W, 12);
	emit_xor_word(b, 16);
	emit(b, BPF_ST, CELL_ADDRS);
	emit_load(b, BPF_H, 6);
	emit_if(b, BPF_JSET, FRAGMENT_OFFSET, BY_ADDRS, NEXT);
	emit(b, BPF_LDX | BPF_B | BPF_MSH, 0);
	emit(b, BPF_STX, CELL_HEADER);
	emit_load(b, BPF_B, 9);
	emit_goto(b, IS_TRANSPORT);
}

static void emit_ipv6(struct builder *b)
{
	static const uint8_t extensions[] = {IPPROTO_HOPOPTS, IPPROTO_ROUTING,
					     IPPROTO_FRAGMENT, IPPROTO_AH,
					     IPPROTO_DSTOPTS};

	put_label(b, IS_IPV6);
	emit_load(b, BPF_W, 8);
	for (uint32_t offset = 12; offset < 40; offset += 4)
		emit_xor_word(b, offset);
	emit(b, BPF_ST, CELL_ADDRS);
	emit(b, BPF_LDX | BPF_IMM, 40);
	emit(b, BPF_STX, CELL_HEADER);
	emit_load(b, BPF_B, 6);
	for (size_t i = 0; i < sizeof(extensions); i++)
		emit_if(b, BPF_JEQ, extensions[i], BY_ADDRS, NEXT);
	emit_goto(b, IS_TRANSPORT);
}

/* A is the protocol, the cells hold the addresses and the length of the IP header. */
static void emit_transport(struct builder *b)
{
	put_label(b, IS_TRANSPORT);
	emit_if(b, BPF_JEQ, IPPROTO_TCP, HAS_PORTS, NEXT);
	emit_if(b, BPF_JEQ, IPPROTO_UDP, HAS_PORTS, NEXT);
	emit_if(b, BPF_JEQ, IPPROTO_UDPLITE, HAS_PORTS, NEXT);
	emit_if(b, BPF_JEQ, IPPROTO_SCTP, HAS_PORTS, NEXT);
	emit(b, BPF_ALU | BPF_LSH | BPF_K, 16);
	emit_xor_cell(b, CELL_ADDRS);
	emit_goto(b, SEARCH_FULL);
}

static void emit_ports(struct builder *b)
{
	put_label(b, HAS_PORTS);
	emit(b, BPF_ALU | BPF_LSH | BPF_K, 16);
	emit_xor_cell(b, CELL_ADDRS);
	emit(b, BPF_ST, CELL_PARTIAL);
	emit(b, BPF_LDX | BPF_MEM, CELL_HEADER);
	emit(b, BPF_LD | BPF_H | BPF_IND, 0);
	emit(b, BPF_ST, CELL_PORT);
	emit(b, BPF_LD | BPF_H | BPF_IND, 2);
	emit_xor_cell(b, CELL_PORT);
	emit_xor_cell(b, CELL_PARTIAL);
	emit_goto(b, SEARCH_FULL);
}

/*
 * A tree over sorted[0..count): 2 * count - 1 instructions, of which a packet runs some
 * log2(count). `end` is where "found" is, and behind it "not found": with 64 flows no
 * jump is longer than 128.
 */
static void put_tree(struct capture_filter *f, const uint32_t *sorted, size_t count,
		     size_t end)
{
	size_t half = count / 2;

	if (count == 1) {
		size_t found = end - f->length - 1;

		put(f, BPF_JMP | BPF_JEQ | BPF_K, sorted[0], found, found + 1);
		return;
	}
	put(f, BPF_JMP | BPF_JGT | BPF_K, sorted[half - 1], 2 * half - 1, 0);
	put_tree(f, sorted, half, end);
	put_tree(f, sorted + half, count - half, end);
}

static void put_search(struct capture_filter *f, struct numbers *n)
{
	sort_numbers(n);
	put_tree(f, n->of, n->count, f->length + 2 * n->count - 1);
	put(f, BPF_RET | BPF_K, CAPTURE_SNAP, 0, 0);
	put(f, BPF_RET | BPF_K, 0, 0, 0);
}

static void build_preamble(struct builder *b)
{
	emit_interface(b);
	emit_ipv6(b);
	emit_ipv4(b);
	emit_transport(b);
	emit_ports(b);
	put_label(b, BY_ADDRS);
	emit(b, BPF_LD | BPF_MEM, CELL_ADDRS);
	emit_goto(b, SEARCH_ADDRS);
	put_label(b, DROP);
	emit(b, BPF_RET | BPF_K, 0);
}

void capture_filter_build(const struct flow_key *flows, size_t count,
			  struct capture_filter *ret_filter)
{
	struct numbers full = {.count = 0}, by_addrs = {.count = 0};
	struct builder b = {.filter = ret_filter};
	unsigned short end;

	ret_filter->length = 0;
	for (size_t i = 0; i < count && i < CAPTURE_FLOWS_MAX; i++) {
		full.of[full.count++] = number_in_full(&flows[i]);
		by_addrs.of[by_addrs.count++] = number_by_addrs(&flows[i]);
	}
	if (count == 0) {
		emit(&b, BPF_RET | BPF_K, 0);
		return;
	}
	build_preamble(&b);
	end = ret_filter->length;
	put_label(&b, SEARCH_FULL);
	put_search(ret_filter, &full);
	put_label(&b, SEARCH_ADDRS);
	put_search(ret_filter, &by_addrs);
	resolve_labels(&b, end);
}
