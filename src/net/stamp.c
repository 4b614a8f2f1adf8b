/* SPDX-License-Identifier: BSD-3-Clause */
/* net/stamp: see the header. */
#include "net/stamp.h"

static void touch(uint32_t *slots, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++)
		if (++slots[i] == 0)
			slots[i] = 1;
}

void stamps_touch_all(struct stamps *stamps)
{
	touch(stamps->ip4, 0, STAMP_SLOTS);
	touch(stamps->ip6, 0, STAMP_SLOTS);
}

void stamps_init(struct stamps *stamps)
{
	*stamps = (struct stamps){ .ip4 = { 0 } };
	stamps_touch_all(stamps);
}

/* Of a prefix whose first `skip` bits do not tell. */
static void touch_prefix(uint32_t *slots, uint32_t high, unsigned int plen, unsigned int skip)
{
	uint32_t slot = high >> (32 - skip - STAMP_BITS) & (STAMP_SLOTS - 1);
	unsigned int bits = plen < skip ? 0 : plen - skip;
	uint32_t n = bits >= STAMP_BITS ? 1 : 1u << (STAMP_BITS - bits);

	touch(slots, slot & ~(n - 1), n);
}

void stamps_touch(struct stamps *stamps, unsigned int family, const union ip_addr *prefix,
		  unsigned int plen)
{
	if (family == AF_INET)
		touch_prefix(stamps->ip4, rte_be_to_cpu_32(prefix->v4), plen, 0);
	else
		touch_prefix(stamps->ip6, rte_be_to_cpu_32(prefix->u32[0]), plen, STAMP6_SKIP);
}
