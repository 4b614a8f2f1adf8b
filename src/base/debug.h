/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base/debug: checks of our own rules that debug builds make and release
 * builds leave out. Never for what comes from outside.
 */
#ifndef BASE_DEBUG_H
#define BASE_DEBUG_H

#ifdef DPVS_DEBUG
#include <assert.h>
#define debug_assert(condition) assert(condition)
#else
#define debug_assert(condition) ((void)sizeof(condition))
#endif

#endif
