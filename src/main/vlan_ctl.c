/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/vlan-ctl: `dpip vlan add`, `del` and `show`. A VLAN is a link like any
 * other once it is there, and goes as links do (plug_ctl.c).
 */
#include "main/vlan_ctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/vlan.h"
#include "base/log.h"
#include "link/link_ctl.h"
#include "link/upper.h"
#include "link/vlan.h"
#include "main/plug_ctl.h"
#include "main/settings.h"

static const char *proto_text(uint16_t proto)
{
	return proto == VLAN_PROTO_AD ? "802.1ad" : "802.1q";
}

/* Texts end, a protocol is one; what needs no tables. */
static int vlan_read(struct request *req, const struct api_vlan *body, struct api_vlan *vlan)
{
	*vlan = *body;
	vlan->name[sizeof(vlan->name) - 1] = '\0';
	vlan->link[sizeof(vlan->link) - 1] = '\0';
	if (vlan->proto && vlan->proto != VLAN_PROTO_Q && vlan->proto != VLAN_PROTO_AD)
		return request_fail(req, -EINVAL, "vlan: proto %#x: 802.1q or 802.1ad is allowed",
				    vlan->proto);
	return 0;
}

static int vlan_name(struct request *req, struct api_vlan *vlan)
{
	char name[sizeof(vlan->link) + 8];
	const char *wrong;

	if (!vlan->name[0]) {
		snprintf(name, sizeof(name), "%s.%u", vlan->link, vlan->id);
		if (strlen(name) >= sizeof(vlan->name))
			return request_fail(req, -EINVAL,
					    "vlan %s: its name would have more than %u "
					    "characters: give it one",
					    name, API_NAME_LEN - 1);
		memcpy(vlan->name, name, sizeof(vlan->name));
	}
	wrong = check_name(vlan->name);
	return wrong ? request_fail(req, -EINVAL, "vlan \"%s\": its name is not %s", vlan->name,
				    wrong)
		     : 0;
}

static int vlan_read_new(struct request *req, const void *body, struct api_vlan *vlan)
{
	int r = vlan_read(req, body, vlan);

	if (r < 0)
		return r;
	if (!vlan->link[0])
		return request_fail(req, -EINVAL, "vlan: link and the name of a port are needed");
	if (vlan->id < VLAN_ID_MIN || vlan->id > VLAN_ID_MAX)
		return request_fail(req, -ERANGE, "vlan %s: id %u: %u to %u are allowed",
				    vlan->name[0] ? vlan->name : vlan->link, vlan->id, VLAN_ID_MIN,
				    VLAN_ID_MAX);
	vlan->proto = vlan->proto ? vlan->proto : VLAN_PROTO_Q;
	return vlan_name(req, vlan);
}

static int vlan_add_check(struct request *req, const void *body)
{
	struct api_vlan vlan;

	return vlan_read_new(req, body, &vlan);
}

static int vlan_parent(struct request *req, const struct api_vlan *vlan, uint16_t *parent)
{
	const struct link *link = request_workers(req)[WORKER_MASTER]->link;
	uint16_t twin;

	*parent = port_find(link, vlan->link);
	if (*parent == PORT_NONE)
		return link_unknown(req, "vlan", vlan->link);
	if (link->ports[*parent].kind != PORT_DEVICE && link->ports[*parent].kind != PORT_VLAN)
		return request_fail(req, -EINVAL, "vlan %s: %s has no Ethernet", vlan->name,
				    vlan->link);
	if (link->ports[*parent].n_tags == PORT_TAGS)
		return request_fail(req, -EINVAL,
				    "vlan %s: frames of %s have %u tags, no more are possible",
				    vlan->name, vlan->link, PORT_TAGS);
	twin = vlan_find(link, *parent, vlan->proto, vlan->id);
	if (twin != PORT_NONE)
		return request_fail(req, -EEXIST, "vlan %s: %s id %u on %s is %s already",
				    vlan->name, proto_text(vlan->proto), vlan->id, vlan->link,
				    link->ports[twin].name);
	return 0;
}

static int vlan_add_run(struct request *req, const void *body)
{
	struct worker *const *all = request_workers(req);
	const struct link *link = all[WORKER_MASTER]->link;
	struct api_vlan vlan;
	struct port port;
	uint16_t parent = PORT_NONE;
	int r = vlan_read_new(req, body, &vlan);

	if (r == 0)
		r = vlan_parent(req, &vlan, &parent);
	if (r == 0)
		r = link_check_free(req, vlan.name);
	if (r < 0)
		return r;
	vlan_fill(link, parent, vlan.proto, vlan.id, &port);
	memcpy(port.name, vlan.name, sizeof(port.name));
	upper_fill(link, &port);
	r = upper_add(all, &port);
	if (r < 0)
		return request_fail(req, r, "vlan %s: no memory", vlan.name);
	log_notice("vlan %s: added, %s id %u on %s", vlan.name, proto_text(vlan.proto), vlan.id,
		   vlan.link);
	return 0;
}

static bool vlan_fits(const struct link *link, uint16_t id, const struct api_vlan *vlan)
{
	const struct port *port = &link->ports[id];

	return port_exists(link, id) && port->kind == PORT_VLAN &&
	       (!vlan->name[0] || strcmp(vlan->name, port->name) == 0) &&
	       (!vlan->link[0] || strcmp(vlan->link, link->ports[port->parent].name) == 0) &&
	       (!vlan->proto || vlan->proto == vlan_proto(port)) &&
	       (!vlan->id || vlan->id == vlan_id(port));
}

static uint16_t vlan_next(const struct link *link, uint16_t from, const struct api_vlan *vlan)
{
	for (uint16_t id = from; id < link->n_ports; id++)
		if (vlan_fits(link, id, vlan))
			return id;
	return PORT_NONE;
}

static int vlan_del_run(struct request *req, const void *body)
{
	const struct link *link = request_workers(req)[WORKER_MASTER]->link;
	struct api_vlan vlan;
	uint16_t id;
	int r = vlan_read(req, body, &vlan);

	if (r < 0)
		return r;
	if (!vlan.name[0] && (!vlan.link[0] || !vlan.id))
		return request_fail(req, -EINVAL, "vlan: a name, or link and id, are needed");
	id = vlan_next(link, 0, &vlan);
	if (id == PORT_NONE && vlan.name[0])
		return request_fail(req, -ENODEV, "vlan: there is no VLAN \"%s\"", vlan.name);
	if (id == PORT_NONE)
		return request_fail(req, -ENODEV, "vlan: there is no id %u on %s", vlan.id,
				    vlan.link);
	if (vlan_next(link, (uint16_t)(id + 1), &vlan) != PORT_NONE)
		return request_fail(req, -EINVAL,
				    "vlan: id %u on %s is an 802.1q and an 802.1ad VLAN: say which "
				    "by proto",
				    vlan.id, vlan.link);
	return link_take_out(req, id);
}

static int vlan_list_one(struct request *req, const struct link *link, uint16_t id)
{
	const struct port *port = &link->ports[id];
	struct api_vlan *item = request_item(req, API_KIND_VLAN, sizeof(*item));

	if (!item)
		return -ENOMEM;
	memcpy(item->name, port->name, sizeof(item->name));
	memcpy(item->link, link->ports[port->parent].name, sizeof(item->link));
	item->proto = vlan_proto(port);
	item->id = vlan_id(port);
	item->index = id + 1u;
	return 0;
}

static int vlan_list_run(struct request *req, const void *body)
{
	const struct link *link = request_workers(req)[WORKER_MASTER]->link;
	struct api_vlan filter;
	int r = vlan_read(req, body, &filter);

	if (r == 0 && filter.link[0] && port_find(link, filter.link) == PORT_NONE)
		r = link_unknown(req, "vlan", filter.link);
	if (r == 0 && filter.name[0] && vlan_next(link, 0, &filter) == PORT_NONE)
		r = request_fail(req, -ENODEV, "vlan: there is no VLAN \"%s\"", filter.name);
	/* what a VLAN stands on comes before it, so that the list can be added from top to bottom
	 */
	for (unsigned int depth = 1; r == 0 && depth <= PORT_TAGS; depth++)
		for (uint16_t id = 0; r == 0 && id < link->n_ports; id++)
			if (vlan_fits(link, id, &filter) && link->ports[id].n_tags == depth)
				r = vlan_list_one(req, link, id);
	return r;
}

static const struct request_handler vlan_handlers[] = {
	REQUEST_CHECKED(VLAN_ADD, SET, struct api_vlan, vlan_add_run, vlan_add_check),
	REQUEST_HANDLER(VLAN_DEL, SET, struct api_vlan, vlan_del_run),
	REQUEST_HANDLER(VLAN_LIST, GET, struct api_vlan, vlan_list_run),
};

const struct request_table vlan_requests = { vlan_handlers, RTE_DIM(vlan_handlers) };
