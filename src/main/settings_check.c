/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/settings_check: what no single key shows: that workers, queues and
 * devices fit together. A conf file without worker_defs needs none of it, for
 * then workers and queues are derived from the machine.
 */
#include <string.h>

#include "main/settings_int.h"
#include "net/net.h"

static size_t vdev_name_len(const char *vdev)
{
	return strcspn(vdev, ",");
}

static bool vdev_same(const char *a, const char *b)
{
	return a && b && vdev_name_len(a) == vdev_name_len(b) &&
	       strncmp(a, b, vdev_name_len(a)) == 0;
}

static void check_devices(struct conf *conf, const struct settings *settings)
{
	for (unsigned int i = 0; i < settings->n_devices; i++) {
		const struct device_settings *device = &settings->devices[i];

		if (device->vdev && device->pci)
			conf_fault(conf, device->line,
				   "device \"%s\" has vdev and pci, allowed is one of them",
				   device->name);
		for (unsigned int k = 0; k < i; k++) {
			const struct device_settings *other = &settings->devices[k];

			if (vdev_same(device->vdev, other->vdev))
				conf_fault(conf, device->line,
					   "device \"%s\": vdev \"%.*s\" is device \"%s\" (line "
					   "%u) already",
					   device->name, (int)vdev_name_len(device->vdev),
					   device->vdev, other->name, other->line);
			if (device->pci && other->pci && strcmp(device->pci, other->pci) == 0)
				conf_fault(
					conf, device->line,
					"device \"%s\": pci %s is device \"%s\" (line %u) already",
					device->name, device->pci, other->name, other->line);
		}
	}
}

static const struct device_settings *device_find(const struct settings *settings, const char *name)
{
	for (unsigned int i = 0; i < settings->n_devices; i++)
		if (strcmp(settings->devices[i].name, name) == 0)
			return &settings->devices[i];
	return NULL;
}

static const struct bonding_settings *bonding_find(const struct settings *settings,
						   const char *name)
{
	for (unsigned int i = 0; i < settings->n_bondings; i++)
		if (strcmp(settings->bondings[i].name, name) == 0)
			return &settings->bondings[i];
	return NULL;
}

/* The bonding that has the device; NULL. */
static const struct bonding_settings *bonding_of(const struct settings *settings, const char *name)
{
	for (unsigned int i = 0; i < settings->n_bondings; i++)
		for (unsigned int k = 0; k < settings->bondings[i].n_slaves; k++)
			if (strcmp(settings->bondings[i].slaves[k], name) == 0)
				return &settings->bondings[i];
	return NULL;
}

static void check_slave(struct conf *conf, const struct settings *settings,
			const struct bonding_settings *bonding, unsigned int k)
{
	const char *name = bonding->slaves[k];
	const struct bonding_settings *other = bonding_of(settings, name);

	if (!device_find(settings, name))
		conf_fault(conf, bonding->line,
			   "bonding \"%s\": slave \"%s\" is no device of netif_defs", bonding->name,
			   name);
	if (other != bonding)
		conf_fault(
			conf, bonding->line,
			"bonding \"%s\": slave \"%s\" is one of bonding \"%s\" (line %u) already",
			bonding->name, name, other->name, other->line);
	for (unsigned int i = 0; i < k; i++)
		if (strcmp(bonding->slaves[i], name) == 0)
			conf_fault(conf, bonding->line, "bonding \"%s\": slave \"%s\" stands twice",
				   bonding->name, name);
}

static void check_bondings(struct conf *conf, const struct settings *settings)
{
	for (unsigned int i = 0; i < settings->n_bondings; i++) {
		const struct bonding_settings *bonding = &settings->bondings[i];
		bool primary = !bonding->primary;

		if (bonding->n_slaves == 0)
			conf_fault(conf, bonding->line,
				   "bonding \"%s\": slave is missing, allowed are the names of "
				   "devices",
				   bonding->name);
		for (unsigned int k = 0; k < bonding->n_slaves; k++) {
			primary = primary || strcmp(bonding->primary, bonding->slaves[k]) == 0;
			check_slave(conf, settings, bonding, k);
		}
		if (!primary)
			conf_fault(conf, bonding->line,
				   "bonding \"%s\": primary \"%s\" is none of its slaves",
				   bonding->name, bonding->primary);
	}
}

static const struct worker_port_settings *port_find(const struct worker_settings *worker,
						    const char *dev)
{
	for (unsigned int i = 0; i < worker->n_ports; i++)
		if (strcmp(worker->ports[i].dev, dev) == 0)
			return &worker->ports[i];
	return NULL;
}

static void check_roles(struct conf *conf, const struct settings *settings)
{
	const struct worker_settings *master = NULL, *kni = NULL;
	bool forwards = false, unknown = false;

	for (unsigned int i = 0; i < settings->n_workers; i++) {
		const struct worker_settings *worker = &settings->workers[i];

		forwards = forwards || worker->role == WORKER_ROLE_FORWARD;
		unknown = unknown || worker->role == WORKER_ROLE_UNKNOWN;
		for (unsigned int k = 0; k < i; k++)
			if (settings->workers[k].cpu_id == worker->cpu_id &&
			    worker->cpu_id != WORKER_CPU_UNKNOWN)
				conf_fault(conf, worker->line,
					   "worker \"%s\": cpu_id %u is worker \"%s\" (line %u) "
					   "already",
					   worker->name, worker->cpu_id, settings->workers[k].name,
					   settings->workers[k].line);
		if (worker->role == WORKER_ROLE_KNI && kni)
			conf_fault(conf, worker->line,
				   "worker \"%s\" is a second one of type kni, the first is \"%s\" "
				   "(line %u)",
				   worker->name, kni->name, kni->line);
		if (worker->role == WORKER_ROLE_KNI)
			kni = worker;
		if (worker->role != WORKER_ROLE_MASTER)
			continue;
		if (master)
			conf_fault(
				conf, worker->line,
				"worker \"%s\" is a second master, the first is \"%s\" (line %u)",
				worker->name, master->name, master->line);
		else
			master = worker;
	}
	if (!master && !unknown)
		conf_fault(conf, settings->workers[0].line,
			   "worker_defs has no worker of type master, allowed is exactly one");
	if (!forwards && !unknown)
		conf_fault(conf, settings->workers[0].line,
			   "worker_defs has no worker of type slave, at least one must forward "
			   "packets");
}

static void check_port_names(struct conf *conf, const struct settings *settings,
			     const struct worker_settings *worker)
{
	for (unsigned int i = 0; i < worker->n_ports; i++) {
		const struct worker_port_settings *port = &worker->ports[i];
		const struct bonding_settings *bonding = bonding_of(settings, port->dev);

		if (bonding)
			conf_fault(conf, port->line,
				   "worker \"%s\": port \"%s\" is a slave of bonding \"%s\": name "
				   "that one",
				   worker->name, port->dev, bonding->name);
		else if (settings->n_devices && !device_find(settings, port->dev) &&
			 !bonding_find(settings, port->dev))
			conf_fault(conf, port->line,
				   "worker \"%s\": port \"%s\" is no device of netif_defs",
				   worker->name, port->dev);
	}
}

static void check_port_use(struct conf *conf, const struct worker_settings *worker)
{
	for (unsigned int i = 0; i < worker->n_ports; i++) {
		const struct worker_port_settings *port = &worker->ports[i];

		if (worker->role == WORKER_ROLE_MASTER && port->n_rx + port->n_tx > 0)
			conf_fault(conf, port->line,
				   "worker \"%s\": the master has no queues, give them to workers "
				   "of type slave",
				   worker->name);
		if (worker->role == WORKER_ROLE_KNI && port->n_rx > 0)
			conf_fault(conf, port->line,
				   "worker \"%s\": rx_queue_ids of a worker of type kni: it has no "
				   "queues, what it carries goes through the workers",
				   worker->name);
	}
}

/* Who has each queue of one direction of a device. */
struct queue_owners {
	const struct worker_settings *worker[SETTINGS_WORKERS];
	unsigned int line; /* of the first port block of the device */
	unsigned int count, highest;
};

static void queues_claim(struct conf *conf, struct queue_owners *owners,
			 const struct worker_settings *worker,
			 const struct worker_port_settings *port, const char *key,
			 const uint16_t *ids, unsigned int n)
{
	if (owners->line == 0)
		owners->line = port->line;
	for (unsigned int i = 0; i < n; i++) {
		const struct worker_settings *other = owners->worker[ids[i]];

		if (other) {
			conf_fault(conf, port->line,
				   "worker \"%s\": %s %u of port \"%s\" is worker \"%s\"'s (line "
				   "%u) already",
				   worker->name, key, ids[i], port->dev, other->name, other->line);
			continue;
		}
		owners->worker[ids[i]] = worker;
		owners->count++;
		if (ids[i] > owners->highest)
			owners->highest = ids[i];
	}
}

static void queues_check_gaps(struct conf *conf, const struct queue_owners *owners, const char *key,
			      const char *dev, unsigned int limit, unsigned int limit_line)
{
	if (owners->count == 0)
		return;
	for (unsigned int id = 0; id <= owners->highest; id++)
		if (!owners->worker[id])
			conf_fault(conf, owners->line,
				   "%s of port \"%s\": no worker has queue %u, allowed are ids "
				   "from 0 without a gap",
				   key, dev, id);
	if (limit > 0 && owners->highest >= limit)
		conf_fault(conf, limit_line,
			   "device \"%s\": queue_number %u, but the %s of workers go up to %u", dev,
			   limit, key, owners->highest);
}

static void check_queues(struct conf *conf, const struct settings *settings, const char *dev)
{
	const struct device_settings *device = device_find(settings, dev);
	struct queue_owners rx = { .line = 0 }, tx = { .line = 0 };

	for (unsigned int i = 0; i < settings->n_workers; i++) {
		const struct worker_settings *worker = &settings->workers[i];
		const struct worker_port_settings *port = port_find(worker, dev);

		if (port) {
			queues_claim(conf, &rx, worker, port, "rx_queue_ids", port->rx, port->n_rx);
			queues_claim(conf, &tx, worker, port, "tx_queue_ids", port->tx, port->n_tx);
		}
		if (worker->role == WORKER_ROLE_FORWARD && (!port || port->n_tx == 0))
			conf_fault(conf, port ? port->line : worker->line,
				   "worker \"%s\" has no tx_queue_ids on port \"%s\": every worker "
				   "of type slave must have them on every device",
				   worker->name, dev);
	}
	queues_check_gaps(conf, &rx, "rx_queue_ids", dev, device ? device->rx_queues : 0,
			  device ? device->line : 0);
	queues_check_gaps(conf, &tx, "tx_queue_ids", dev, device ? device->tx_queues : 0,
			  device ? device->line : 0);
	if (rx.count == 0)
		conf_fault(
			conf, rx.line ? rx.line : settings->workers[0].line,
			"no worker has rx_queue_ids on port \"%s\": its packets would not be read",
			dev);
}

/* Without device blocks, the ports are those that workers name. */
static void check_named_ports(struct conf *conf, const struct settings *settings)
{
	for (unsigned int i = 0; i < settings->n_workers; i++) {
		const struct worker_settings *worker = &settings->workers[i];

		for (unsigned int k = 0; k < worker->n_ports; k++) {
			bool before = false;

			for (unsigned int j = 0; j < i; j++)
				before = before ||
					 port_find(&settings->workers[j], worker->ports[k].dev);
			if (!before)
				check_queues(conf, settings, worker->ports[k].dev);
		}
	}
}

static void check_workers(struct conf *conf, const struct settings *settings)
{
	if (settings->n_workers == 0)
		return;
	check_roles(conf, settings);
	for (unsigned int i = 0; i < settings->n_workers; i++) {
		check_port_names(conf, settings, &settings->workers[i]);
		check_port_use(conf, &settings->workers[i]);
	}
	for (unsigned int i = 0; i < settings->n_devices; i++)
		if (!bonding_of(settings, settings->devices[i].name))
			check_queues(conf, settings, settings->devices[i].name);
	for (unsigned int i = 0; i < settings->n_bondings; i++)
		check_queues(conf, settings, settings->bondings[i].name);
	if (settings->n_devices == 0)
		check_named_ports(conf, settings);
}

static void check_secret_given(struct conf *conf, const struct settings *settings)
{
	if (settings->addr_gen_mode == IP6_GEN_STABLE &&
	    (!settings->stable_secret || !settings->stable_secret[0]))
		conf_fault(conf, 0,
			   "ipv6_defs addr_gen_mode stable-privacy needs a stable_secret, 32 "
			   "hexadecimal digits");
}

void settings_check(struct conf *conf, const struct settings *settings)
{
	check_devices(conf, settings);
	check_bondings(conf, settings);
	check_workers(conf, settings);
	check_secret_given(conf, settings);
}
