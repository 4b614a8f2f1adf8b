/* SPDX-License-Identifier: BSD-3-Clause */
/* link/link-tell-ctl: MONITOR, and changes of links for those who listen. */
#ifndef LINK_LINK_TELL_CTL_H
#define LINK_LINK_TELL_CTL_H

#include "control/control.h"

extern const struct request_table monitor_requests;

/* Changes of links are told from now on. 0 or -errno. */
int link_tell_start(struct control *control);

#endif
