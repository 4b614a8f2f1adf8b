/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base/region: a piece of address space for a table that may grow large. All
 * of it is reserved at once; memory comes with the first touch (4 KB pages, or
 * transparent 2 MB pages where the kernel gives them), on the given NUMA node.
 * Zero-filled. Owned by whoever made it; freed at the end.
 */
#ifndef BASE_REGION_H
#define BASE_REGION_H

#include <stddef.h>

struct region {
	void *base;
	size_t size; /* bytes, a multiple of 2 MB */
};

/* numa_node -1: any. 0 or -errno. */
int region_create(struct region *region, size_t size, int numa_node);
void region_destroy(struct region *region);

/*
 * Backs a part by memory as its first touch would; contents stay. Any thread may ask, beside those
 * that use the region. A kernel that cannot (before 5.14) leaves it to the touch.
 */
void region_populate(const struct region *region, size_t from, size_t len);

/* Bytes that are backed by memory now. */
size_t region_resident(const struct region *region);
/* The same of its first `end` bytes, and of no more. */
size_t region_resident_to(const struct region *region, size_t end);

#endif
