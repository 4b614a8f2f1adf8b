/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/startup: the commands' own lines inside the daemon. The words go
 * through the same parsers as on the command line, and the requests that come
 * out through the same handlers as over the socket: one language for conf file
 * and shell.
 */
#include "main/startup.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#include "dpip/dpip.h"
#include "ipvsadm/ipvsadm.h"
#include "lib/command.h"
#include "main/modules.h"

static const struct program *const startup_programs[] = { &dpip_program, &ipvsadm_program };

static int startup_parse(int argc, char **argv, struct command *command, char *error, size_t size)
{
	return command_startup(startup_programs, RTE_DIM(startup_programs), argc, argv, command,
			       error, size);
}

int startup_run(struct worker *const *all, const struct request_table *tables, int argc,
		char **argv, char *error, size_t size)
{
	struct command command = { 0 };
	int r = startup_parse(argc, argv, &command, error, size);

	for (unsigned int i = 0; i < command.n_requests && r == 0; i++) {
		const struct command_request *request = &command.requests[i];

		r = control_run_request(all, tables, request->id, &request->body, request->len,
					error, size);
	}
	return r;
}

/* The device that a request names, or NULL. */
static const char *request_device(const struct command_request *request)
{
	switch (request->id) {
	case API_ADDR_ADD:
	case API_ADDR_SET:
	case API_ADDR_DEL:
		return request->body.addr.dev;
	case API_ROUTE_ADD:
	case API_ROUTE_SET:
	case API_ROUTE_DEL:
		return request->body.route.dev;
	case API_NEIGH_ADD:
	case API_NEIGH_SET:
	case API_NEIGH_DEL:
		return request->body.neigh.dev;
	case API_ADDR_FLUSH:
	case API_ROUTE_FLUSH:
	case API_NEIGH_FLUSH:
	case API_KNI_FLUSH:
		return request->body.filter.dev;
	case API_LINK_DEL:
		return request->body.link_del.dev;
	case API_LINK_SET:
		return request->body.link_set.dev;
	case API_VLAN_ADD:
		return request->body.vlan.link;
	case API_TUNNEL_ADD:
	case API_TUNNEL_REPLACE:
		return request->body.tunnel.link;
	case API_LADDR_ADD:
	case API_LADDR_DEL:
		return request->body.laddr.dev;
	default:
		return NULL;
	}
}

static bool device_of_order(const char *name)
{
	if (strncmp(name, "dpdk", 4) != 0 || !isdigit((unsigned char)name[4]))
		return false;
	return name[4 + strspn(name + 4, "0123456789")] == '\0';
}

static bool request_adds(const struct command_request *request, const char *name)
{
	const struct api_vlan *vlan = &request->body.vlan;
	char made[API_NAME_LEN + 8];

	switch (request->id) {
	case API_LINK_ADD:
		return strcmp(request->body.link_add.name, name) == 0;
	case API_TUNNEL_ADD:
	case API_TUNNEL_REPLACE:
		return strcmp(request->body.tunnel.name, name) == 0;
	case API_VLAN_ADD:
		snprintf(made, sizeof(made), "%s.%u", vlan->link, vlan->id);
		return strcmp(vlan->name[0] ? vlan->name : made, name) == 0;
	default:
		return false;
	}
}

/* Does a line before this one add the link? */
static bool added_before(const struct settings *settings, char *const *argv, const char *name)
{
	char error[COMMAND_ERROR_LEN];

	for (unsigned int i = 0; i < settings->n_startup && settings->startup[i].argv != argv;
	     i++) {
		const struct startup_line *line = &settings->startup[i];
		struct command command = { 0 };

		if (startup_parse(line->argc, line->argv, &command, error, sizeof(error)) == 0 &&
		    command.n_requests && request_adds(&command.requests[0], name))
			return true;
	}
	return false;
}

/* Of a bonding: it is no port of its own. */
static bool is_slave(const struct settings *settings, const char *name)
{
	for (unsigned int i = 0; i < settings->n_bondings; i++)
		for (unsigned int k = 0; k < settings->bondings[i].n_slaves; k++)
			if (strcmp(settings->bondings[i].slaves[k], name) == 0)
				return true;
	return false;
}

static int check_device(const struct settings *settings, char *const *argv, const char *name,
			char *error, size_t size)
{
	unsigned int n = 0;
	size_t at;

	if (settings->n_devices == 0 && device_of_order(name))
		return 0;
	for (unsigned int i = 0; i < settings->n_devices; i++)
		if (strcmp(settings->devices[i].name, name) == 0 && !is_slave(settings, name))
			return 0;
	for (unsigned int i = 0; i < settings->n_bondings; i++)
		if (strcmp(settings->bondings[i].name, name) == 0)
			return 0;
	if (added_before(settings, argv, name))
		return 0;
	at = (size_t)snprintf(error, size, "no such device \"%s\"; there are: %s", name,
			      settings->n_devices ? "" : "dpdk0, dpdk1 … in DPDK's order");
	for (unsigned int i = 0; i < settings->n_devices && at < size; i++)
		if (!is_slave(settings, settings->devices[i].name))
			at += (size_t)snprintf(error + at, size - at, "%s%s", n++ ? ", " : "",
					       settings->devices[i].name);
	for (unsigned int i = 0; i < settings->n_bondings && at < size; i++)
		at += (size_t)snprintf(error + at, size - at, "%s%s", n++ ? ", " : "",
				       settings->bondings[i].name);
	return -ENODEV;
}

int startup_check(const struct settings *settings, int argc, char **argv, char *error, size_t size)
{
	struct request_table tables[MODULE_TABLES];
	struct command command = { 0 };
	int r = startup_parse(argc, argv, &command, error, size);

	modules_request_tables(tables);
	for (unsigned int i = 0; i < command.n_requests && r == 0; i++) {
		const struct command_request *request = &command.requests[i];
		const char *device = request_device(request);

		if (device && device[0])
			r = check_device(settings, argv, device, error, size);
		if (r == 0)
			r = control_check_request(tables, request->id, &request->body, error, size);
	}
	return r;
}
