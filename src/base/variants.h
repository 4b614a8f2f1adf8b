/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * base/variants: one source, several instruction sets. A function marked
 * HOT_VARIANTS is compiled for the baseline and for AVX2, and the loader binds
 * the one that this CPU can run. Only for loops that gain by it, by
 * measurement. Sanitizers cannot run the loader's choice, other machines have
 * nothing to choose: there the mark is empty.
 */
#ifndef BASE_VARIANTS_H
#define BASE_VARIANTS_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer) || \
	__has_feature(thread_sanitizer)
#define VARIANTS_SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define VARIANTS_SANITIZED
#endif

#if defined(__x86_64__) && !defined(VARIANTS_SANITIZED)
#define HOT_VARIANTS __attribute__((target_clones("avx2", "default")))
#else
#define HOT_VARIANTS
#endif

#endif
