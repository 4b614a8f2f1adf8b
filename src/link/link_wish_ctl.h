/* SPDX-License-Identifier: BSD-3-Clause */
/* link/link-wish-ctl: settings of ports that came by `link set`. */
#ifndef LINK_LINK_WISH_CTL_H
#define LINK_LINK_WISH_CTL_H

#include "api/link.h"
#include "control/control.h"
#include "link/port.h"

/* The first value of each setting that was changed. */
struct link_wish {
	uint32_t set; /* bits of enum api_link_what */
	struct api_link_set was[API_LINK__WHATS];
};

/* How it is now. */
void link_setting(const struct link *link, uint16_t id, uint32_t what, struct api_link_set *set);

/* Room for the port's; 0 or -ENOMEM. Before the first link_wish_note(). */
int link_wish_prepare(struct link *link, uint16_t id);
/* It has been changed; *was: as it was before. */
void link_wish_note(struct link *link, uint16_t id, const struct api_link_set *was);
/* As it was before the first change; NULL: it was not changed. */
const struct api_link_set *link_wish_was(const struct link *link, uint16_t id, uint32_t what);
void link_wish_forget(struct link *link, uint16_t id, uint32_t what);

/* Items of all that were changed, as they are now; 0 or -ENOMEM. */
int link_wish_list(struct request *req);

#endif
