/* SPDX-License-Identifier: BSD-3-Clause */
/* main/plug-ctl: requests that add and delete links. */
#ifndef MAIN_PLUG_CTL_H
#define MAIN_PLUG_CTL_H

#include "control/control.h"

extern const struct request_table plug_requests;

/* Deleted links are removed even if who asked did not wait for it. 0 or -errno. */
int plug_start(struct control *control);

#endif
