/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base/units: small blocks of memory inside a region, named by 32-bit numbers.
 * Blocks are of 1, 2, 4, … 64 units of 32 bytes, aligned to their size; what
 * is given back serves the next block of that size or smaller. One thread
 * uses it; memory comes with the first touch, so nothing is allocated on the
 * way. Number 0 is no block.
 */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNIT_BYTES   32u
#define UNIT_CLASSES 7 /* of 1 << class units */

struct units {
	uint8_t *base; /* of unit 0; aligned to the largest block */
	uint32_t next; /* units from here on were never given out */
	uint32_t limit;
	uint32_t used; /* units in blocks */
	uint32_t free[UNIT_CLASSES];
};

/* Over memory that reads as zero, of so many bytes. */
void units_init(struct units *units, void *memory, size_t bytes);

/* The smallest class that has room for n units, of 1 to 64. */
static inline unsigned int units_class(uint32_t n)
{
	return n <= 1 ? 0 : 32 - (unsigned int)__builtin_clz(n - 1);
}

/* A block whose contents are anything; 0: there is none left. */
uint32_t units_alloc(struct units *units, unsigned int class);
void units_free(struct units *units, uint32_t block, unsigned int class);
/* The block stays, as one of the class below. */
void units_halve(struct units *units, uint32_t block, unsigned int class);

/* Can so many units be allocated whatever the sizes? */
static inline bool units_room(const struct units *units, uint32_t n)
{
	return units->limit - units->next >= n;
}

static inline void *units_at(const struct units *units, uint32_t block)
{
	return units->base + (size_t)block * UNIT_BYTES;
}

#endif
