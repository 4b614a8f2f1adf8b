/* SPDX-License-Identifier: BSD-3-Clause */
/* main/path: the stages of the packet path, in order, with the flow stage on, off or checked. */
#ifndef MAIN_PATH_H
#define MAIN_PATH_H

#include "ipvs/flow.h"

struct worker;

/* STAGE__COUNT of them. */
const struct stage *path_stages(enum flow_mode mode);

/* Before the worker runs, or by its own hand. */
void path_use(struct worker *w, enum flow_mode mode);

#endif
