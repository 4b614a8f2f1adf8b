/* SPDX-License-Identifier: BSD-3-Clause */
/* main/path: the stages of the packet path, in order. */
#ifndef MAIN_PATH_H
#define MAIN_PATH_H

#include "worker/stage.h"

extern const struct stage path_stages[STAGE__COUNT];

#endif
