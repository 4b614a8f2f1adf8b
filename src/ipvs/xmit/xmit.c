/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/xmit: the table of forwarding modes, made from list.h. What modes share is in steps.c. */
#include "ipvs/xmit/xmit.h"

#include <rte_common.h>

#include "api/ipvs.h"

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
