/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base/units: see the header. A free block's first word names the next free one
 * of its size. A larger block is split when its size is asked for no more;
 * halves are not joined again, but when nothing is used at all, everything
 * begins anew.
 */
#include "base/units.h"

#include <string.h>

#define LARGEST (1u << (UNIT_CLASSES - 1))

static void units_reset(struct units *units)
{
	units->next = LARGEST; /* number 0 is none, and the rest are aligned */
	memset(units->free, 0, sizeof(units->free));
}

void units_init(struct units *units, void *memory, size_t bytes)
{
	memset(units, 0, sizeof(*units));
	units->base = memory;
	units->limit = (uint32_t)(bytes / UNIT_BYTES) & ~(LARGEST - 1);
	units_reset(units);
}

static uint32_t *link_of(const struct units *units, uint32_t block)
{
	return units_at(units, block);
}

static void push(struct units *units, uint32_t block, unsigned int class)
{
	*link_of(units, block) = units->free[class];
	units->free[class] = block;
}

static uint32_t pop(struct units *units, unsigned int class)
{
	uint32_t block = units->free[class];

	if (block)
		units->free[class] = *link_of(units, block);
	return block;
}

/* The smallest free block of at least that class, 0: none; *is: its class. */
static uint32_t take(struct units *units, unsigned int class, unsigned int *is)
{
	for (unsigned int c = class; c < UNIT_CLASSES; c++) {
		uint32_t block = pop(units, c);

		if (block) {
			*is = c;
			return block;
		}
	}
	if (units->limit - units->next < LARGEST)
		return 0;
	*is = UNIT_CLASSES - 1;
	units->next += LARGEST;
	return units->next - LARGEST;
}

uint32_t units_alloc(struct units *units, unsigned int class)
{
	unsigned int is;
	uint32_t block = take(units, class, &is);

	if (!block)
		return 0;
	while (is > class) {
		is--;
		push(units, block + (1u << is), is);
	}
	units->used += 1u << class;
	return block;
}

void units_halve(struct units *units, uint32_t block, unsigned int class)
{
	uint32_t half = 1u << (class - 1);

	units->used -= half;
	push(units, block + half, class - 1);
}

void units_free(struct units *units, uint32_t block, unsigned int class)
{
	units->used -= 1u << class;
	if (units->used == 0)
		units_reset(units);
	else
		push(units, block, class);
}
