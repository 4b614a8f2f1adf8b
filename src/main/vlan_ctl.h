/* SPDX-License-Identifier: BSD-3-Clause */
/* main/vlan-ctl: requests about VLANs. */
#ifndef MAIN_VLAN_CTL_H
#define MAIN_VLAN_CTL_H

#include "control/control.h"

extern const struct request_table vlan_requests;

#endif
