/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/conn-ahead: memory for connections before they come. A table lies in
 * regions that grow by being touched, and the first touch of a 2 MB page stops
 * the worker while the kernel clears it, and longer in a virtual machine whose
 * host has to find it first. So the master touches what comes next: it changes
 * no byte, and reads nothing but how far the table has grown, so it may be late
 * or early without harm. A table that was never used stays untouched.
 */
#include "base/region.h"
#include "ipvs/conn_int.h"

#define AHEAD 65536u /* entries */

static void ahead(const struct region *region, size_t size, size_t first, size_t max)
{
	size_t last = first + AHEAD < max ? first + AHEAD : max;

	region_populate(region, first * size, (last - first) * size);
}

void conn_ahead(const struct conn_table *table)
{
	uint32_t count = __atomic_load_n(&table->count, __ATOMIC_RELAXED);
	size_t max = conn_entries(table);
	bool used = false;

	for (unsigned int c = 0; c < CONN_CLASSES; c++) {
		const struct conn_class *class = &table->classes[c];
		uint32_t fresh = __atomic_load_n(&class->fresh, __ATOMIC_RELAXED);
		uint32_t n_free = __atomic_load_n(&class->n_free, __ATOMIC_RELAXED);

		if (fresh == CONN_FIRST)
			continue;
		used = true;
		ahead(&class->lines_region,
		      c == CONN_IP4 ? sizeof(struct conn_line4) : sizeof(struct conn_line6), fresh,
		      max);
		ahead(&class->colds_region, sizeof(struct conn_cold), fresh, max);
		ahead(&class->links_region, sizeof(struct wheel_link), fresh, max);
		ahead(&class->free_region, sizeof(*class->free), n_free, max);
	}
	if (used)
		region_populate(&table->index.region, 0,
				(size_t)conn_index_ahead(&table->index, 2 * AHEAD + count / 2) *
					sizeof(struct conn_bucket));
}
