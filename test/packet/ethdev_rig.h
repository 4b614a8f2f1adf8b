/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/ethdev_rig: ports of DPDK's drivers, next to the two of a harness, for
 * the tests of what a driver is asked for and does. A device is made as on
 * DPDK's command line, and its port opened, with one queue each way unless a test
 * changes that between the two; it may also take away what the port stands on.
 */
#ifndef PACKET_ETHDEV_RIG_H
#define PACKET_ETHDEV_RIG_H

#include "link/ethdev.h"
#include "packet/harness.h"

/* Makes the device with these arguments; returns what to open its port with, `name` to us. */
struct ethdev_config ethdev_rig_make(const struct harness *h, const char *name, const char *device,
				     const char *words);

/* The test fails if it does not open, with the sentence that says why. */
void ethdev_rig_open(const struct ethdev_config *config, struct port *port);

#endif
