/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base/region: address space from mmap, aligned to 2 MB. Without commitment
 * (MAP_NORESERVE), so a table sized for millions costs nothing until it is
 * used. All but the first 2 MB asks for transparent 2 MB pages, because random
 * access into much memory would miss the TLB each time; the first comes in
 * small pages, so that a table that may grow large costs little while it is
 * small. The NUMA node is a wish: a machine without NUMA, or a container that
 * forbids placement, gets memory all the same.
 */
#include "base/region.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <numa.h>
#include <numaif.h>

#define REGION_ALIGN ((size_t)2 << 20)
#define REGION_SCAN  4096 /* pages that are asked about at once */

static void prefer_node(const struct region *region, int node)
{
	struct bitmask *nodes;

	if (node < 0 || numa_available() < 0 || node > numa_max_node())
		return;
	nodes = numa_allocate_nodemask();
	if (!nodes)
		return;
	numa_bitmask_setbit(nodes, (unsigned int)node);
	/* Preferred, not bound: memory of another node is better than none. */
	(void)mbind(region->base, region->size, MPOL_PREFERRED, nodes->maskp, nodes->size + 1, 0);
	numa_free_nodemask(nodes);
}

int region_create(struct region *region, size_t size, int numa_node)
{
	struct region fresh;
	size_t head;
	char *map;

	if (size == 0 || size > SIZE_MAX / 2)
		return -EINVAL;
	fresh.size = (size + REGION_ALIGN - 1) & ~(REGION_ALIGN - 1);
	map = mmap(NULL, fresh.size + REGION_ALIGN, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return -errno;
	head = (size_t)(-(uintptr_t)map & (REGION_ALIGN - 1));
	if (head)
		munmap(map, head);
	if (head < REGION_ALIGN)
		munmap(map + head + fresh.size, REGION_ALIGN - head);
	fresh.base = map + head;
	(void)madvise(fresh.base, REGION_ALIGN, MADV_NOHUGEPAGE);
	if (fresh.size > REGION_ALIGN)
		(void)madvise((char *)fresh.base + REGION_ALIGN, fresh.size - REGION_ALIGN,
			      MADV_HUGEPAGE);
	prefer_node(&fresh, numa_node);
	*region = fresh;
	return 0;
}

void region_destroy(struct region *region)
{
	if (region->base)
		munmap(region->base, region->size);
	region->base = NULL;
	region->size = 0;
}

void region_populate(const struct region *region, size_t from, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), begin = from & ~(page - 1);
	size_t end = from + len < region->size ? from + len : region->size;

	if (end > begin)
		(void)madvise((char *)region->base + begin, end - begin, MADV_POPULATE_WRITE);
}

size_t region_resident(const struct region *region)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), resident = 0;
	unsigned char in_core[REGION_SCAN];

	for (size_t off = 0; off < region->size; off += REGION_SCAN * page) {
		size_t len = region->size - off;

		if (len > REGION_SCAN * page)
			len = REGION_SCAN * page;
		if (mincore((char *)region->base + off, len, in_core) < 0)
			continue;
		for (size_t i = 0; i < len / page; i++)
			resident += (in_core[i] & 1) * page;
	}
	return resident;
}

size_t region_resident_to(const struct region *region, size_t end)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct region part = *region;

	end = (end + page - 1) & ~(page - 1);
	part.size = end < region->size ? end : region->size;
	return region_resident(&part);
}
