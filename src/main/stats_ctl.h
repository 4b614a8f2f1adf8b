/* SPDX-License-Identifier: BSD-3-Clause */
/* main/stats-ctl: counters of all rooms (`dpip stats`). */
#ifndef MAIN_STATS_CTL_H
#define MAIN_STATS_CTL_H

#include "control/control.h"

extern const struct request_table stats_requests;

#endif
