/* SPDX-License-Identifier: BSD-3-Clause */
/* link/eth: the stages nearest to the ports. */
#ifndef LINK_ETH_H
#define LINK_ETH_H

#include "worker/stage.h"

/* STAGE_ETH_INPUT: frames as they came, by w->rx_port; the others get L3 at the start of data.
 */
stage_fn eth_input;

/* STAGE_TX: frames with their L2 header, meta->out_port set. */
stage_fn link_tx;

/* STAGE_HANDOVER: meta->out_port is the worker to go to. */
stage_fn link_handover;

#endif
