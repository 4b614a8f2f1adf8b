/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/kni-master: see kni_master.h. Everything here runs on the master; what
 * an interface's state means for the path (its port's kernel interface is up)
 * goes to the workers by op. An interface that cannot be made is told once, in
 * one line: dpvs runs without, and makes no second attempt.
 */
#include "link/kni_master.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/lines.h"
#include "base/list.h"
#include "base/log.h"
#include "worker/op.h"

/* The master's own part. */
struct kni_desk {
	struct kni kni;
	struct kni_config config;
	uint32_t generation; /* of the ports, as of the last look */
	bool looked;
	bool refused; /* there are no interfaces to be had, which was said */
};

static struct kni_desk *desk_of(struct worker *const *all)
{
	const struct link *link = all[WORKER_MASTER]->link;
	struct kni *kni = link ? link->kernel : NULL;

	return kni ? container_of(kni, struct kni_desk, kni) : NULL;
}

/* ---- up, for the path ---- */

struct kni_up {
	uint16_t port;
	bool up, elsewhere;
};

static void kni_apply_up(struct worker *w, struct op *op)
{
	const struct kni_up *data = op_data(op);

	w->link->kni->up[data->port] = data->up;
	w->link->kni->elsewhere[data->port] = data->elsewhere;
}

static void kni_set_up(struct kni_desk *desk, struct kni_port *port, bool up, bool elsewhere)
{
	struct kni_up data = { .port = port->port, .up = up, .elsewhere = elsewhere };

	if ((port->up == up && port->elsewhere == elsewhere) ||
	    op_multicast(desk->kni.all, kni_apply_up, &data, sizeof(data)) < 0)
		return;
	port->up = up;
	port->elsewhere = elsewhere;
}

/* ---- coming and going ---- */

static int kni_watch(struct kni *kni, int fd, uint32_t id)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = id };

	return epoll_ctl(kni->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static void kni_refused(struct kni_desk *desk, const char *name, int r)
{
	if (r == -EPERM || r == -ENOENT || r == -EACCES || r == -ENODEV) {
		desk->refused = true;
		log_warning("no kernel interfaces: %s: %s; dpvs goes on without, see global_defs "
			    "kni",
			    r == -EPERM ? "CAP_NET_ADMIN is missing" : "/dev/net/tun",
			    strerror(-r));
		return;
	}
	log_warning("kernel interface %s: %s; dpvs goes on without it", name, strerror(-r));
}

/* Who sends for a port has a transmit queue of it; ports are spread over those. */
static unsigned int kni_choose_worker(const struct kni *kni, uint16_t id)
{
	unsigned int n = kni->all[WORKER_MASTER]->n_workers;

	for (unsigned int i = 0; i < n; i++) {
		unsigned int w = 1 + (id + i) % n;

		if (kni->all[w]->link->txq[id] != PORT_QUEUE_NONE)
			return w;
	}
	return 0;
}

static int kni_open(struct kni_desk *desk, struct kni_port *port, const char *name)
{
	const struct kni_ops *ops = desk->kni.ops;
	void *dev = NULL;
	int r;

	if (strlen(name) >= IFNAMSIZ) {
		log_warning("kernel interface %s: its name is longer than %d letters: give the "
			    "device a kni_name",
			    name, IFNAMSIZ - 1);
		return -ENAMETOOLONG;
	}
	strcpy(port->name, name);
	r = ops->open(desk->kni.ops_arg, name, &dev);
	if (r == 0)
		r = kni_watch(&desk->kni, ops->fd(dev), port->port);
	if (r < 0) {
		if (dev)
			ops->close(dev);
		kni_refused(desk, name, r);
		return r;
	}
	port->index = ops->index(dev);
	port->dev = dev;
	return 0;
}

static void kni_name_of(const struct kni_desk *desk, const char *port, char *name, size_t size)
{
	const char *given = desk->config.name ? desk->config.name(desk->config.name_arg, port)
					      : NULL;

	if (given)
		snprintf(name, size, "%s", given);
	else
		snprintf(name, size, "%s.kni", port);
}

static void kni_port_add(struct kni_desk *desk, uint16_t id)
{
	struct kni *kni = &desk->kni;
	struct kni_port *port = lines_alloc(sizeof(*port));
	char name[API_NAME_LEN + 8];

	if (!port)
		return;
	port->port = id;
	port->carrier = true; /* as TAP devices are made */
	kni_name_of(desk, kni->all[WORKER_MASTER]->link->ports[id].name, name, sizeof(name));
	if (kni_open(desk, port, name) == 0)
		log_info("port %s: kernel interface %s",
			 kni->all[WORKER_MASTER]->link->ports[id].name, name);
	pthread_mutex_lock(&kni->lock);
	kni->ports[id] = port;
	pthread_mutex_unlock(&kni->lock);
}

static void kni_port_remove(struct kni_desk *desk, uint16_t id)
{
	struct kni *kni = &desk->kni;
	struct kni_port *port = kni->ports[id];

	kni_set_up(desk, port, false, false);
	pthread_mutex_lock(&kni->lock);
	kni->ports[id] = NULL;
	pthread_mutex_unlock(&kni->lock);
	if (port->dev)
		kni->ops->close(port->dev); /* and leaves the epoll */
	free(port);
}

/* ---- mirroring ---- */

static void kni_mirror_facts(struct kni_desk *desk, struct kni_port *port)
{
	const struct port *from = &desk->kni.all[WORKER_MASTER]->link->ports[port->port];
	const struct kni_ops *ops = desk->kni.ops;
	int r = 0;

	port->worker = kni_choose_worker(&desk->kni, port->port);
	if (!rte_is_same_ether_addr(&port->mac, &from->mac)) {
		port->mac = from->mac;
		port->mac_seen = false;
		r = ops->set_mac(port->dev, &from->mac);
	}
	if (r == 0 && port->mtu != from->mtu) {
		port->mtu = from->mtu;
		r = ops->set_mtu(port->dev, from->mtu);
	}
	if (r < 0 && !port->elsewhere)
		log_warning("kernel interface %s: cannot be made like port %s: %s", port->name,
			    from->name, strerror(-r));
}

static void kni_mirror_carrier(struct kni_desk *desk, struct kni_port *port)
{
	const struct link *link = desk->kni.all[WORKER_MASTER]->link;
	const struct port *from = &link->ports[port->port];
	uint16_t id = port_device(link, port->port); /* a VLAN has its device's */
	struct api_link state = { 0 };
	bool carrier = false;

	if (id != PORT_NONE && from->up &&
	    link->ports[id].ops->show(link->ports[id].handle, &state) == 0)
		carrier = state.flags & API_LINK_CARRIER;
	if (carrier == port->carrier)
		return;
	port->carrier = carrier;
	desk->kni.ops->set_carrier(port->dev, carrier);
}

void kni_sync_carrier(struct worker *const *all)
{
	struct kni_desk *desk = desk_of(all);

	for (uint16_t id = 0; desk && id < PORT_MAX; id++)
		if (desk->kni.ports[id] && desk->kni.ports[id]->dev)
			kni_mirror_carrier(desk, desk->kni.ports[id]);
}

void kni_sync(struct worker *const *all)
{
	struct kni_desk *desk = desk_of(all);
	const struct link *link = all[WORKER_MASTER]->link;

	if (!desk || (desk->looked && desk->generation == link->generation))
		return;
	desk->looked = true;
	desk->generation = link->generation;
	for (uint16_t id = 0; id < PORT_MAX; id++) {
		struct kni_port *port = desk->kni.ports[id];

		if (port && !port_exists(link, id))
			kni_port_remove(desk, id);
		else if (!port && port_exists(link, id) && !desk->refused &&
			 link->ports[id].kind != PORT_TUNNEL)
			kni_port_add(desk, id);
		port = desk->kni.ports[id];
		if (port && port->dev)
			kni_mirror_facts(desk, port);
	}
	kni_sync_carrier(all);
}

/* ---- what the kernel says ---- */

static struct kni_port *port_of_index(struct kni_desk *desk, unsigned int index)
{
	for (unsigned int id = 0; id < PORT_MAX; id++) {
		struct kni_port *port = desk->kni.ports[id];

		if (port && port->dev && port->index == index)
			return port;
	}
	return NULL;
}

const struct kni_port *kni_port_find(const struct worker *master, unsigned int index)
{
	struct kni_desk *desk = desk_of(master->all);

	return desk && index ? port_of_index(desk, index) : NULL;
}

/* The device was deleted, or has gone to another namespace, where it still is ours. */
static void kni_learn_gone(struct kni_desk *desk, struct kni_port *port)
{
	uint16_t id = port->port;

	if (desk->kni.ops->set_mac(port->dev, &port->mac) == 0) {
		log_notice("kernel interface %s: gone to another network namespace; whether it is "
			   "up there is not known here, so it gets its packets",
			   port->name);
		kni_set_up(desk, port, true, true);
		return;
	}
	log_notice("kernel interface %s: was deleted, and is made again", port->name);
	kni_port_remove(desk, id);
	desk->looked = false;
	kni_sync(desk->kni.all);
}

void kni_learn(struct worker *const *all, const struct kni_news *news)
{
	struct kni_desk *desk = desk_of(all);
	struct kni_port *port = desk ? port_of_index(desk, news->index) : NULL;
	const struct kni_ops *ops;

	if (!port)
		return;
	ops = desk->kni.ops;
	if (news->gone) {
		kni_learn_gone(desk, port);
		return;
	}
	kni_set_up(desk, port, news->up, false);
	if (news->has_mac && rte_is_same_ether_addr(&news->mac, &port->mac))
		port->mac_seen = true;
	else if (news->has_mac && ops->set_mac(port->dev, &port->mac) == 0 && port->mac_seen)
		log_notice(
			"kernel interface %s: its MAC address is the port's again: dpip link set "
			"DEV addr changes both",
			port->name);
	if (news->mtu > port->mtu && ops->set_mtu(port->dev, port->mtu) == 0)
		log_notice("kernel interface %s: mtu %u is more than the port's, it is %u again",
			   port->name, news->mtu, port->mtu);
}

/* ---- start and end ---- */

static int kni_init(struct kni_desk *desk, struct worker *const *all,
		    const struct kni_config *config)
{
	struct kni *kni = &desk->kni;

	desk->config = *config;
	kni->all = all;
	kni->ops = config->ops;
	kni->ops_arg = config->ops_arg;
	kni->pool = config->pool;
	kni->lcore = config->lcore;
	pthread_mutex_init(&kni->lock, NULL);
	kni->bell.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	kni->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (kni->bell.fd < 0 || kni->epoll_fd < 0)
		return -errno;
	return kni_watch(kni, kni->bell.fd, PORT_MAX);
}

int kni_create(struct worker *const *all, const struct kni_config *config)
{
	struct kni_desk *desk = lines_alloc(sizeof(*desk));
	int r;

	if (!desk)
		return -ENOMEM;
	all[WORKER_MASTER]->link->kernel = &desk->kni;
	r = kni_init(desk, all, config);
	for (unsigned int i = 0; i <= all[WORKER_MASTER]->n_workers && r == 0; i++) {
		all[i]->link->kni = kni_door_create(all[i], &desk->kni.bell);
		if (!all[i]->link->kni)
			r = -ENOMEM;
	}
	if (r < 0)
		kni_destroy(all);
	return r;
}

void kni_destroy(struct worker *const *all)
{
	struct kni_desk *desk = desk_of(all);

	if (!desk)
		return;
	for (uint16_t id = 0; id < PORT_MAX; id++) {
		if (desk->kni.ports[id] && desk->kni.ports[id]->dev)
			desk->kni.ops->close(desk->kni.ports[id]->dev);
		free(desk->kni.ports[id]);
	}
	for (unsigned int i = 0; i <= all[WORKER_MASTER]->n_workers; i++) {
		kni_door_destroy(all[i]->link->kni);
		all[i]->link->kni = NULL;
	}
	if (desk->kni.bell.fd >= 0)
		close(desk->kni.bell.fd);
	if (desk->kni.epoll_fd >= 0)
		close(desk->kni.epoll_fd);
	pthread_mutex_destroy(&desk->kni.lock);
	all[WORKER_MASTER]->link->kernel = NULL;
	free(desk);
}
