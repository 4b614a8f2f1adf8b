/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/tap: a TAP interface that a process has open runs; one that was made
 * beforehand and waits for its process has no carrier, and is not refused.
 */
#include "main/tap.h"

#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define TAP_DRIVER "net_tap"
#define TAP_IFACE  "iface="

/* The value of iface= in "net_tap0,iface=x,mac=…"; false: there is none. */
static bool tap_iface(const char *vdev, char name[IFNAMSIZ])
{
	const char *at = vdev;
	size_t len;

	if (strncmp(vdev, TAP_DRIVER, strlen(TAP_DRIVER)) != 0)
		return false;
	while ((at = strchr(at, ','))) {
		at++;
		if (strncmp(at, TAP_IFACE, strlen(TAP_IFACE)) != 0)
			continue;
		at += strlen(TAP_IFACE);
		len = strcspn(at, ",");
		if (len == 0 || len >= IFNAMSIZ)
			return false;
		snprintf(name, IFNAMSIZ, "%.*s", (int)len, at);
		return true;
	}
	return false;
}

static bool iface_runs(const char *name)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool runs;

	if (fd < 0)
		return false;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	runs = ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_RUNNING);
	close(fd);
	return runs;
}

int tap_check_free(const char *vdev, char *error, size_t size)
{
	char name[IFNAMSIZ];

	if (!tap_iface(vdev, name) || !iface_runs(name))
		return 0;
	snprintf(error, size,
		 "the interface \"%s\" of vdev \"%s\" is in use, maybe by another dpvs; choose "
		 "another iface",
		 name, vdev);
	return -EBUSY;
}
