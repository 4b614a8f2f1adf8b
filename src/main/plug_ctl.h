/* SPDX-License-Identifier: BSD-3-Clause */
/* main/plug-ctl: requests that add and delete links. */
#ifndef MAIN_PLUG_CTL_H
#define MAIN_PLUG_CTL_H

#include "control/control.h"

extern const struct request_table plug_requests;

/* Is a port of this name possible? 0, or the request fails. */
int link_check_free(struct request *req, const char *name);

/* Deletes a link and all that is on it. 0, or the request fails. */
int link_take_out(struct request *req, uint16_t id);

/* Deleted links are removed even if who asked did not wait for it. 0 or -errno. */
int plug_start(struct control *control);

#endif
