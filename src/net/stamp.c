/* SPDX-License-Identifier: BSD-3-Clause */
/* net/stamp: see the header. */
#include "net/stamp.h"

#include <rte_common.h>

static void touch(struct stamps *stamps, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++)
		if (++stamps->at[i] == 0)
			stamps->at[i] = 1;
}

void stamps_touch_all(struct stamps *stamps)
{
	touch(stamps, 0, 2 * STAMP_SLOTS);
}

void stamps_init(struct stamps *stamps)
{
	*stamps = (struct stamps){ .at = { 0 } };
	stamps_touch_all(stamps);
}

void stamps_touch(struct stamps *stamps, unsigned int family, const union ip_addr *prefix,
		  unsigned int plen)
{
	unsigned int net = family == AF_INET ? STAMP4_PLEN : STAMP6_PLEN;
	unsigned int bits = plen < net ? RTE_MIN(net - plen, STAMP_BITS) : 0;
	uint32_t n = 1u << bits;

	touch(stamps, stamp_slot(family, prefix) & ~(n - 1), n);
}
