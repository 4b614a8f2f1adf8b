/* SPDX-License-Identifier: BSD-3-Clause */
/* lib/tun: TUN devices and sockets of programs that are the other end of tunnels. */
#ifndef TEST_LIB_TUN_H
#define TEST_LIB_TUN_H

/* Makes the device, of whole IP packets; -1 with errno. */
int tun_open(const char *name);

/* What comes in bursts waits in the socket; as much as the kernel lets us. */
void socket_roomy(int fd);

#endif
