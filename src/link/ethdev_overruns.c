/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Drivers tell of such frames in counters of their own, each by a name of its
 * own. Names are matched once, when a port is opened; reading asks for those
 * counters only, since all of a NIC's may take milliseconds.
 */
#include "link/ethdev_overruns.h"

#include <string.h>

#include <rte_ethdev.h>

/* What such names have in them; the last is mlx5's. */
static const char *const words[] = { "overrun", "over_run", "overflow",
				     "ovflow",  "fifo",     "phy_discard_packets" };

bool ethdev_overruns_named(const char *name)
{
	if (strncmp(name, "tx", 2) == 0 || strstr(name, "_tx_"))
		return false;
	for (unsigned int i = 0; i < RTE_DIM(words); i++)
		if (strstr(name, words[i]))
			return true;
	return false;
}

void ethdev_overruns_find(uint16_t id, struct ethdev_overruns *overruns)
{
	int n = rte_eth_xstats_get_names_by_id(id, NULL, 0, NULL);
	struct rte_eth_xstat_name name;

	for (uint64_t i = 0; n > 0 && i < (uint64_t)n && overruns->n < ETHDEV_OVERRUNS; i++) {
		if (rte_eth_xstats_get_names_by_id(id, &name, 1, &i) != 1 ||
		    !ethdev_overruns_named(name.name))
			continue;
		overruns->of[overruns->n].port = id;
		overruns->of[overruns->n++].counter = i;
	}
}

uint64_t ethdev_overruns_read(const struct ethdev_overruns *overruns)
{
	uint64_t sum = 0, value;

	for (unsigned int i = 0; i < overruns->n; i++)
		if (rte_eth_xstats_get_by_id(overruns->of[i].port, &overruns->of[i].counter, &value,
					     1) == 1)
			sum += value;
	return sum;
}
