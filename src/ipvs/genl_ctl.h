/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/genl-ctl: the dialect of stock ipvsadm and keepalived, for control_listen_netlink(); its arg
 * is a struct genl_config. */
#ifndef IPVS_GENL_CTL_H
#define IPVS_GENL_CTL_H

#include "control/netlink.h"

extern const struct netlink_dialect genl_dialect;

#endif
