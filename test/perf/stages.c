/* SPDX-License-Identifier: BSD-3-Clause */
/* perf/stages: see the header. A vector during which the CPU was taken away is not counted. */
#include "perf/stages.h"

#include <stdint.h>
#include <string.h>

#include <rte_cycles.h>

#include "main/path.h"

#define INTERRUPTED 5000 /* cycles a packet of a vector */

static double spent[STAGE__COUNT];
static enum flow_mode timed_flow;

static void timed_run(struct worker *w, struct batch *in, enum stage_id stage)
{
	uint64_t most = (uint64_t)in->count * INTERRUPTED, start = rte_rdtsc(), cycles;

	path_stages(timed_flow)[stage].run(w, in);
	cycles = rte_rdtsc() - start;
	if (cycles < most)
		spent[stage] += (double)cycles;
}

void timed_reset(enum flow_mode flow)
{
	timed_flow = flow;
	memset(spent, 0, sizeof(spent));
}

double timed_cycles(enum stage_id stage)
{
	return spent[stage];
}

#define STAGES(X)       \
	X(FLOW)         \
	X(ETH_INPUT)    \
	X(ARP_INPUT)    \
	X(IP4_INPUT)    \
	X(IP6_INPUT)    \
	X(IPVS_INPUT)   \
	X(IP_ROUTE)     \
	X(IP_LOCAL)     \
	X(IP_FORWARD)   \
	X(IP_OUTPUT)    \
	X(NEIGH_OUTPUT) \
	X(KERNEL_TX)    \
	X(HANDOVER)     \
	X(TX)

#define TIMED(name)                                                  \
	static void timed_##name(struct worker *w, struct batch *in) \
	{                                                            \
		timed_run(w, in, STAGE_##name);                      \
	}
STAGES(TIMED)

#define COUNT(name) +1
_Static_assert(0 STAGES(COUNT) == STAGE__COUNT, "a stage is missing here");

#define ENTRY(name) [STAGE_##name] = { #name, timed_##name },
const struct stage timed_stages[STAGE__COUNT] = { STAGES(ENTRY) };
