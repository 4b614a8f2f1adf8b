/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/flow: the first stage. It sends on what belongs to an established
 * connection and is in no way unusual, and leaves all else to the stages behind
 * it, untouched. It decides nothing of its own: what it does to a packet is what
 * they would do.
 */
#ifndef IPVS_FLOW_H
#define IPVS_FLOW_H

#include "worker/stage.h"

enum flow_mode {
	FLOW_ON,
	FLOW_OFF,
	FLOW_CHECK, /* both ways are computed, and compared; for tests, slow */
};

/* STAGE_FLOW, one for each mode. */
stage_fn flow_input, flow_off, flow_check;

/* What flow_check notes of a worker's packet on its way; NULL: no memory. */
struct flow_foreseen *flow_foreseen_new(void);

/* STAGE_TX of FLOW_CHECK: compares with what flow_check has foreseen. A difference ends the
 * program. */
stage_fn flow_check_tx;

#endif
