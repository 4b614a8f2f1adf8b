/* SPDX-License-Identifier: BSD-3-Clause */
/* link/link-set-ctl: requests that change settings of ports. */
#ifndef LINK_LINK_SET_CTL_H
#define LINK_LINK_SET_CTL_H

#include "control/control.h"

extern const struct request_table link_set_requests;

#endif
