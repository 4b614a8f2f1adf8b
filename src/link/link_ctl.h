/* SPDX-License-Identifier: BSD-3-Clause */
/* link/link-ctl: requests about ports. */
#ifndef LINK_LINK_CTL_H
#define LINK_LINK_CTL_H

#include "api/link.h"
#include "control/control.h"

extern const struct request_table link_requests;

/* -ENODEV, and a sentence that names those that there are; `what` leads it, unless it is empty. */
int link_unknown(struct request *req, const char *what, const char *name);

/* Master: the port as an item of the listing; *item is zeroed. */
void link_item_fill(struct worker *const *all, unsigned int id, struct api_link *item);

#endif
