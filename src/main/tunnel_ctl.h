/* SPDX-License-Identifier: BSD-3-Clause */
/* main/tunnel-ctl: requests about tunnels. */
#ifndef MAIN_TUNNEL_CTL_H
#define MAIN_TUNNEL_CTL_H

#include "control/control.h"

extern const struct request_table tunnel_requests;

#endif
