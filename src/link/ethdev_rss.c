/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/ethdev-rss: what drivers need to be told so that all ports hash alike.
 * Some take what they do not do without a word, so what can be read back is.
 */
#include "link/ethdev_rss.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

#include "link/rss.h"

#define KEY_USUAL 40 /* bytes, where a driver does not say */

/* What owners are made from: without these, most packets would come to the wrong worker. */
#define TYPES_NEEDED (RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP)

static unsigned int key_bytes(const struct rte_eth_dev_info *info)
{
	return info->hash_key_size ? info->hash_key_size : KEY_USUAL;
}

uint16_t ethdev_rss_entries(uint16_t id, uint64_t types)
{
	struct rte_eth_dev_info info;

	if ((types & TYPES_NEEDED) != TYPES_NEEDED || rte_eth_dev_info_get(id, &info) != 0 ||
	    key_bytes(&info) < TOEPLITZ_KEY || key_bytes(&info) > RSS_KEY)
		return 0;
	return info.reta_size;
}

static int set_key(uint16_t id, uint64_t types, const uint8_t *key, unsigned int len)
{
	uint8_t copy[RSS_KEY], there[RSS_KEY];
	struct rte_eth_rss_conf conf = {
		.rss_key = copy,
		.rss_key_len = (uint8_t)len,
		.rss_hf = types,
	};
	int r;

	memcpy(copy, key, len);
	r = rte_eth_dev_rss_hash_update(id, &conf);
	if (r < 0)
		return r;
	conf = (struct rte_eth_rss_conf){ .rss_key = there, .rss_key_len = (uint8_t)len };
	if (rte_eth_dev_rss_hash_conf_get(id, &conf) != 0)
		return 0; /* not every driver can say */
	if ((conf.rss_hf & TYPES_NEEDED) != TYPES_NEEDED || memcmp(there, key, len) != 0)
		return -EPROTO;
	return 0;
}

static void reta_select(struct rte_eth_rss_reta_entry64 *groups, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		groups[i / RTE_ETH_RETA_GROUP_SIZE].mask |= UINT64_C(1)
							    << i % RTE_ETH_RETA_GROUP_SIZE;
}

static bool reta_is(const struct rte_eth_rss_reta_entry64 *groups, const uint16_t *reta, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		if (groups[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] !=
		    reta[i])
			return false;
	return true;
}

static int set_reta(uint16_t id, const uint16_t *reta, uint16_t n)
{
	size_t n_groups = (n + RTE_ETH_RETA_GROUP_SIZE - 1u) / RTE_ETH_RETA_GROUP_SIZE;
	struct rte_eth_rss_reta_entry64 *groups = calloc(n_groups, sizeof(*groups));
	int r;

	if (!groups)
		return -ENOMEM;
	reta_select(groups, n);
	for (uint16_t i = 0; i < n; i++)
		groups[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] = reta[i];
	r = rte_eth_dev_rss_reta_update(id, groups, n);
	if (r == 0) {
		memset(groups, 0, n_groups * sizeof(*groups));
		reta_select(groups, n);
		if (rte_eth_dev_rss_reta_query(id, groups, n) == 0 && !reta_is(groups, reta, n))
			r = -EPROTO;
	}
	free(groups);
	return r;
}

int ethdev_rss_set(uint16_t id, uint64_t types, const uint8_t *key, const uint16_t *reta,
		   uint16_t n)
{
	struct rte_eth_dev_info info;
	int r = rte_eth_dev_info_get(id, &info);

	if (r == 0)
		r = set_key(id, types, key, key_bytes(&info));
	return r == 0 ? set_reta(id, reta, n) : r;
}
