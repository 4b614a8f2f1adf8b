/* SPDX-License-Identifier: BSD-3-Clause */
/* link/kni-ctl: requests about kernel interfaces, and what drives them on the master's loop. */
#ifndef LINK_KNI_CTL_H
#define LINK_KNI_CTL_H

#include "control/control.h"

struct nlmsghdr;

extern const struct request_table kni_requests;

/* Mirrors ports, and carries packets too unless a worker of type kni does. 0 or -errno. */
int kni_start(struct control *control);

/* A message of rtnetlink's about a device. */
void kni_learn_message(struct worker *const *all, const struct nlmsghdr *message);

#endif
