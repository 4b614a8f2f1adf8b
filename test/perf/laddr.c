/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * perf/laddr: what a local address costs a worker, by its number of real
 * servers and what they have seen.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "ipvs/lport.h"
#include "perf/figures.h"

#define SERVERS   100
#define MAX_CONNS (1u << 20)
#define MOST      1e6
#define PORTS     (LPORT_LAST - LPORT_FIRST + 1)

/* Makes and ends `n` connections with each server, all but the last one after the other. */
static void serve(struct lport_pool *pool, uint32_t n)
{
	for (uint32_t server = 0; server < SERVERS; server++) {
		struct tuple reply = { .src = ip_from_v4(htonl(0x0a000001 + server)),
				       .dst = ip_from_v4(htonl(0xac100001)),
				       .sport = htons(80),
				       .proto = IPPROTO_TCP,
				       .family = AF_INET };

		for (uint32_t i = 0; i < n; i++) {
			if (i)
				lport_release(pool, &reply);
			if (lport_take(pool, &reply) != 0)
				die("no local port");
		}
	}
}

void laddr_run(const struct case_plan *plan, struct figures *figures)
{
	static const struct {
		uint32_t conns;
		const char *what;
	} steps[] = { { 1, "one connection each" },
		      { 1000, "a thousand each" },
		      { 2 * PORTS, "all ports of each used twice" } };
	struct rig *rig = figure_rig(plan, IPPROTO_UDP, 1);
	struct lport_pool *pool = lport_pool_create(rig_worker(rig), MAX_CONNS);

	if (!pool)
		die("no memory for local ports");
	figure_say(figures, (double)lport_memory(pool), "bytes", 8192, "no server in use");
	for (unsigned int i = 0; i < RTE_DIM(steps); i++) {
		serve(pool, steps[i].conns);
		figure_say(figures, (double)lport_memory(pool), "bytes", MOST, "%u servers, %s",
			   SERVERS, steps[i].what);
	}
	lport_pool_destroy(pool);
	rig_free(rig);
}
