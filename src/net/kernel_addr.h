/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/kernel-addr: the addresses that the kernel has, on whatever device of its
 * own: not what it takes by a local route or translates. A packet for one of ours
 * that nobody here wants goes to the kernel only if it has the address, too: it
 * would drop all others, and who sent them would wait for an answer.
 */
#ifndef NET_KERNEL_ADDR_H
#define NET_KERNEL_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"

struct pkt_meta;
struct worker;

/* The kernel may have it several times. */
struct kernel_addr {
	union ip_addr ip, peer; /* peer: of a point to point device, else ip */
	uint32_t index;         /* of its device */
	uint8_t family, plen;
};

struct kernel_addr_table;

struct kernel_addr_table *kernel_addr_table_create(void);
void kernel_addr_table_destroy(struct kernel_addr_table *table);

/*
 * Might somebody in the kernel listen to a packet for one of our addresses? If its interface is up,
 * and the kernel has the address or nobody knows which it has.
 */
bool kernel_may_listen(const struct worker *w, const struct pkt_meta *meta);

/*
 * Master: what rtnetlink tells. A round begins, has all addresses that there are, and ends; before
 * the first whole one has ended, none is known not to be there. -ENOMEM of put is no more than a
 * packet that is refused.
 */
void kernel_addr_begin(struct worker *master);
void kernel_addr_put(struct worker *const *all, const struct kernel_addr *addr);
void kernel_addr_remove(struct worker *const *all, const struct kernel_addr *addr);
void kernel_addr_end(struct worker *const *all);

#endif
