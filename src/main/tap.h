/* SPDX-License-Identifier: BSD-3-Clause */
/* main/tap: may a net_tap device have its kernel interface? */
#ifndef MAIN_TAP_H
#define MAIN_TAP_H

#include <stddef.h>

/*
 * The kernel lets a second process open queues of a TAP interface, and shares the frames out
 * between the two. 0, or -EBUSY with one sentence in error: the interface that the device names
 * (iface=) is there, and somebody has it open. Other devices than net_tap are always free.
 */
int tap_check_free(const char *vdev, char *error, size_t size);

#endif
