/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/limit: the places of a server with an upper threshold, for all workers
 * together. How many are taken, and whether the server is full until enough of
 * them are free again, stands in one word, which every worker changes as one:
 * so the threshold is never exceeded, whoever opens connections at once, and a
 * place that is given back is anybody's at that moment. The price is a line
 * that workers share, once for each connection of such a server and for no
 * other, and for no packet behind the first; limit.c is the one file of the
 * path that may do so (scripts/check-lines).
 */
#ifndef IPVS_LIMIT_H
#define IPVS_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define LIMIT_FULL (UINT64_C(1) << 32) /* below it: how many are taken */

struct limit {
	uint64_t word;
} __attribute__((aligned(64)));

/* As configured. */
struct limit_marks {
	uint32_t upper; /* full when so many are taken */
	uint32_t lower; /* until fewer are; 0: than three quarters of upper */
};

static inline bool limit_full(const struct limit *limit)
{
	return __atomic_load_n(&limit->word, __ATOMIC_RELAXED) & LIMIT_FULL;
}

/* A place. false: it is full, or has just become so. */
bool limit_take(struct limit *limit, struct limit_marks marks);
/* n places that are there already, or are to be whatever the threshold says. */
void limit_add(struct limit *limit, struct limit_marks marks, uint32_t n);
void limit_give(struct limit *limit, struct limit_marks marks, uint32_t n);
/* Other marks: full or not is decided anew. */
void limit_settle(struct limit *limit, struct limit_marks marks);

#endif
