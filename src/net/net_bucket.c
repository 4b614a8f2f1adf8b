/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/net-bucket: the token bucket behind every rate limit of this room. Kept
 * in thousandths of a token, so that any rate is exact to the millisecond.
 */
#include "net/net.h"

bool net_bucket_take(struct net_bucket *bucket, uint32_t rate, uint64_t now_ms)
{
	uint64_t full = (uint64_t)rate * 1000;
	uint64_t passed_ms = now_ms - bucket->refilled_ms;

	/* a second is worth a full bucket; the first call finds it full */
	if (passed_ms >= 1000 || bucket->tokens_1000 + passed_ms * rate >= full)
		bucket->tokens_1000 = full;
	else
		bucket->tokens_1000 += passed_ms * rate;
	bucket->refilled_ms = now_ms;
	if (bucket->tokens_1000 < 1000)
		return false;
	bucket->tokens_1000 -= 1000;
	return true;
}
