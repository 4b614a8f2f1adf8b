/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base/lines: memory in cache lines of its own, for what one thread writes all
 * the time: malloc would put it beside another thread's, and each would wait
 * for the other's writes. Freed by free().
 */
#ifndef BASE_LINES_H
#define BASE_LINES_H

#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 64u

/* Zeroed; NULL: no memory. */
static inline void *lines_alloc(size_t size)
{
	size_t whole = (size + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
	void *memory = aligned_alloc(LINE_BYTES, whole);

	if (memory)
		memset(memory, 0, whole);
	return memory;
}

#endif
