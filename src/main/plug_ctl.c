/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/plug-ctl: `dpip link add`, `del` and `flush`. A link goes from the top
 * down: the links on it, what services and the net have on it, then the port,
 * and when every worker has left it the device; only then comes the answer, so that the next
 * request may add the device again.
 */
#include "main/plug_ctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/link.h"
#include "base/log.h"
#include "ipvs/ipvs.h"
#include "link/link_ctl.h"
#include "link/plug.h"
#include "link/upper.h"
#include "main/ports.h"
#include "main/settings.h"
#include "net/net.h"

#define REAP_MS 250

/* What must be right whatever there is. Names are as the conf file's. */
static int link_add_check(struct request *req, const void *body)
{
	struct api_link_add how = *(const struct api_link_add *)body;
	const char *wrong;
	char reason[384];
	int r;

	how.name[sizeof(how.name) - 1] = '\0';
	how.device[sizeof(how.device) - 1] = '\0';
	wrong = check_name(how.name);
	if (wrong)
		return request_fail(req, -EINVAL, "link \"%s\": its name is not %s", how.name,
				    wrong);
	r = ports_plug_check(&how, reason, sizeof(reason));
	return r < 0 ? request_fail(req, r, "link %s: %s", how.name, reason) : 0;
}

int link_check_free(struct request *req, const char *name)
{
	const struct link *link = request_workers(req)[WORKER_MASTER]->link;

	if (port_find(link, name) != PORT_NONE)
		return request_fail(req, -EEXIST, "link %s is already there", name);
	if (port_free_id(link) == PORT_NONE)
		return request_fail(req, -ENOSPC, "link %s: there are %u, no more are possible",
				    name, PORT_MAX);
	return 0;
}

/* What it was made of is remembered, so that it can be made again. */
static int link_plug_in(struct worker *const *all, const struct port *port,
			const struct api_link_add *how)
{
	struct link *link = all[WORKER_MASTER]->link;
	struct api_link_add *made_of = malloc(sizeof(*made_of));
	uint16_t id = port_free_id(link);
	int r = made_of ? plug_in(all, port) : -ENOMEM;

	if (r < 0) {
		free(made_of);
		return r;
	}
	*made_of = *how;
	link->made_of[id] = made_of;
	return 0;
}

static int link_add(struct request *req, const void *body)
{
	struct worker *const *all = request_workers(req);
	struct api_link_add how = *(const struct api_link_add *)body;
	const struct plug_source *source;
	struct port port;
	char reason[384];
	int r = link_add_check(req, body);

	if (r < 0)
		return r;
	how.name[sizeof(how.name) - 1] = '\0';
	how.device[sizeof(how.device) - 1] = '\0';
	r = link_check_free(req, how.name);
	if (r < 0)
		return r;
	source = plug_source_find(all[WORKER_MASTER], how.kind);
	if (!source)
		return request_fail(req, -EOPNOTSUPP, "link %s: kind %u is not known", how.name,
				    how.kind);
	r = source->open(source->arg, &how, &port, reason, sizeof(reason));
	if (r < 0)
		return request_fail(req, r, "link %s: %s", how.name, reason);
	memcpy(port.name, how.name, sizeof(port.name));
	port.added = true;
	r = link_plug_in(all, &port, &how);
	if (r < 0) {
		port.ops->remove(port.handle);
		return request_fail(req, r, "link %s: no memory", how.name);
	}
	log_notice("link %s: added, %s", how.name, how.device);
	return 0;
}

static int link_reaped(struct request *req, void *state)
{
	plug_reap(request_workers(req));
	return 0;
}

/* A port that stands on this one; PORT_NONE. */
static uint16_t link_upper(const struct link *link, uint16_t id)
{
	for (uint16_t i = 0; i < link->n_ports; i++)
		if (port_exists(link, i) && link->ports[i].kind != PORT_DEVICE &&
		    link->ports[i].parent == id)
			return i;
	return PORT_NONE;
}

int link_take_out(struct request *req, uint16_t id)
{
	struct worker *const *all = request_workers(req);
	struct link *link = all[WORKER_MASTER]->link;
	uint16_t device = port_device(link, id);
	char name[API_NAME_LEN];
	int r = 0;

	for (uint16_t upper = link_upper(link, id); r == 0 && upper != PORT_NONE;
	     upper = link_upper(link, id))
		r = link_take_out(req, upper);
	if (r < 0)
		return r;
	memcpy(name, link->ports[id].name, sizeof(name));
	r = ipvs_unplug(all, name);
	if (r == 0)
		r = net_unplug(all, id);
	if (r == 0)
		r = plug_out(all, id);
	if (r < 0)
		return request_fail(req, r,
				    "link %s: no memory; a part of what was on it is gone, delete "
				    "it again",
				    name);
	if (device != id)
		upper_tell_macs(link, device);
	link_forget(link, id);
	log_notice("link %s: deleted", name);
	request_continue(req, link_reaped, NULL);
	return 0;
}

static int link_del(struct request *req, const void *body)
{
	const struct api_link_del *del = body;
	uint16_t id = port_find(request_workers(req)[WORKER_MASTER]->link, del->dev);

	return id == PORT_NONE ? link_unknown(req, "", del->dev) : link_take_out(req, id);
}

static int link_flush(struct request *req, const void *body)
{
	const struct link *link = request_workers(req)[WORKER_MASTER]->link;
	int r = 0;

	for (uint16_t id = 0; id < PORT_MAX && r == 0; id++)
		if (port_exists(link, id) && link->ports[id].added)
			r = link_take_out(req, id);
	return r;
}

static void plug_on_timer(struct control *control, void *arg)
{
	plug_reap(control_workers(control));
}

int plug_start(struct control *control)
{
	return control_timer(control, REAP_MS, plug_on_timer, NULL);
}

static const struct request_handler plug_handlers[] = {
	REQUEST_CHECKED(LINK_ADD, SET, struct api_link_add, link_add, link_add_check),
	REQUEST_HANDLER(LINK_DEL, SET, struct api_link_del, link_del),
	REQUEST_HANDLER(LINK_FLUSH, SET, struct api_empty, link_flush),
};

const struct request_table plug_requests = { plug_handlers, RTE_DIM(plug_handlers) };
