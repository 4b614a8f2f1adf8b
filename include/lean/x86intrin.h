/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stands before the compiler's header of this name, which DPDK's rte_vect.h includes and thereby
 * nearly every source: 60,000 lines, half of the time that a source takes to compile, of which
 * programs for processors without AVX can use what is here: up to SSE 4.2 (x86-64-v2).
 */
#ifdef __AVX__
#include_next <x86intrin.h>
#else
#include <nmmintrin.h>
#endif
