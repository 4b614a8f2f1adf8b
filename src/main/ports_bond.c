/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/ports-bond: the conf file's bonding blocks. A bonding takes the place of
 * its devices among the ports that are opened; it has the first one's
 * descriptors and RSS, and the smallest of their MTUs.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "link/bond.h"
#include "main/ports.h"

static unsigned int entry_find(const struct ports *ports, const char *name)
{
	unsigned int i = 0;

	while (i < ports->count && strcmp(ports->port[i].device.name, name) != 0)
		i++;
	return i;
}

/* Takes a device from among the ports. */
static int bond_take(struct ports *ports, const struct bonding_settings *settings, const char *name,
		     struct bond *bond, struct device_settings *device)
{
	unsigned int at = entry_find(ports, name);
	const struct device_settings *taken = &ports->port[at].device;
	struct bond_member *member = &bond->members[bond->n_members];

	if (at == ports->count)
		return -ENODEV;
	if (bond->n_members == 0)
		*device = *taken;
	device->mtu = RTE_MIN(device->mtu, taken->mtu);
	device->fast_free = device->fast_free && taken->fast_free;
	snprintf(member->name, sizeof(member->name), "%s", name);
	member->id = ports->port[at].id;
	if (settings->primary && strcmp(settings->primary, name) == 0)
		bond->primary = member->id;
	bond->n_members++;
	ports->count--;
	memmove(&ports->port[at], &ports->port[at + 1],
		(ports->count - at) * sizeof(ports->port[0]));
	return 0;
}

static int bond_make(struct ports *ports, const struct bonding_settings *settings, char *error,
		     size_t size)
{
	struct ports_port *port;
	struct bond bond = {
		.mode = (uint8_t)settings->mode,
		.primary = PORT_NONE,
		.dedicated_queues = settings->options && strstr(settings->options, "=on"),
	};
	struct device_settings device = { .mtu = 0 };
	char reason[256] = "";
	uint16_t id = 0;
	int r = 0;

	for (unsigned int i = 0; i < settings->n_slaves && r == 0; i++)
		r = bond_take(ports, settings, settings->slaves[i], &bond, &device);
	if (r < 0)
		snprintf(reason, sizeof(reason), "one of its devices is no port");
	else
		r = bond_create(settings->name, &bond, (int)settings->numa_node, &id, reason,
				sizeof(reason));
	if (r < 0) {
		snprintf(error, size, "bonding %s: %s", settings->name, reason);
		return r;
	}
	port = &ports->port[ports->count++];
	*port = (struct ports_port){ .device = device, .id = id, .bond = bond };
	memcpy(port->device.name, settings->name, sizeof(port->device.name));
	port->device.vdev = port->device.pci = NULL;
	/* else the driver takes broadcasts away, unless all members can be told to let all
	 * multicast in */
	port->device.promisc = device.promisc || bond.mode == BOND_8023AD;
	/* LACP's own frames are of another pool, and so are balance-alb's; a broadcast is of all
	 * members at once */
	port->device.fast_free = device.fast_free && bond.mode != BOND_8023AD &&
				 bond.mode != BOND_BROADCAST && bond.mode != BOND_ALB;
	return 0;
}

int ports_bond(struct ports *ports, const struct settings *settings, char *error, size_t size)
{
	int r = 0;

	for (unsigned int i = 0; i < settings->n_bondings && r == 0; i++)
		r = bond_make(ports, &settings->bondings[i], error, size);
	return r;
}
