/* SPDX-License-Identifier: BSD-3-Clause */
/* link/link-ctl: requests about ports. */
#ifndef LINK_LINK_CTL_H
#define LINK_LINK_CTL_H

#include "control/control.h"

extern const struct request_table link_requests;

#endif
