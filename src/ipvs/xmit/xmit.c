/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/xmit: the table of forwarding modes, made from list.h. What modes share is in steps.c. */
#include "ipvs/xmit/xmit.h"

#include <rte_common.h>

#include "api/ipvs.h"
#include "ipvs/ipvs.h"
#include "worker/worker.h"

#define XMIT(mode, forward) extern const struct xmit xmit_##mode;
#include "ipvs/xmit/list.h"
#undef XMIT

static const struct xmit *const xmit_modes[] = {
#define XMIT(mode, forward) [forward] = &xmit_##mode,
#include "ipvs/xmit/list.h"
#undef XMIT
};

const struct xmit *xmit_find(unsigned int forward)
{
	return forward < RTE_DIM(xmit_modes) ? xmit_modes[forward] : NULL;
}

void xmit_run(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir)
{
	xmit_find(conn_forward(conn_get(w->ipvs->conns, id)))->run(w, m, id, dir);
}
