/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvsadm: one row a forwarding mode, how it is printed and how it is asked for. */
#include "ipvsadm/forward.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/ipvs.h"

struct forward_mode {
	const char *text;
	const char *option;
};

static const struct forward_mode modes[] = {
	[API_FORWARD_NAT] = { "Masq", "-m" },      [API_FORWARD_LOCAL] = { "Local", "-m" },
	[API_FORWARD_TUNNEL] = { "Tunnel", "-i" }, [API_FORWARD_DR] = { "Route", "-g" },
	[API_FORWARD_FNAT] = { "FullNat", "-b" },  [API_FORWARD_SNAT] = { "SNAT", "-J" },
};

static const struct forward_mode *mode_of(unsigned int forward)
{
	if (forward >= sizeof(modes) / sizeof(modes[0]) || !modes[forward].text)
		return NULL;
	return &modes[forward];
}

const char *forward_text(unsigned int forward)
{
	const struct forward_mode *mode = mode_of(forward);

	return mode ? mode->text : "?";
}

const char *forward_option(unsigned int forward)
{
	const struct forward_mode *mode = mode_of(forward);

	return mode ? mode->option : "";
}

static const char *const tunnels[API_TUNNEL__COUNT] = {
	[API_TUNNEL_IPIP] = "ipip",
	[API_TUNNEL_GUE] = "gue",
	[API_TUNNEL_GRE] = "gre",
};

const char *forward_tunnel_name(unsigned int type)
{
	return type < API_TUNNEL__COUNT ? tunnels[type] : "?";
}

int forward_tunnel_type(const char *name, uint16_t *type)
{
	for (*type = 0; *type < API_TUNNEL__COUNT; (*type)++)
		if (strcmp(name, tunnels[*type]) == 0)
			return 0;
	return -EINVAL;
}

const char *forward_tunnel_csum(unsigned int flags)
{
	if (flags & API_TUNNEL_REMCSUM)
		return "remcsum";
	return flags & API_TUNNEL_CSUM ? "csum" : "nocsum";
}

const char *forward_tunnel_options(const struct api_dest *dest, char buf[FORWARD_TUNNEL_LEN])
{
	char port[24] = "";

	buf[0] = 0;
	if (dest->forward != API_FORWARD_TUNNEL)
		return buf;
	if (dest->tun_type == API_TUNNEL_IPIP) {
		snprintf(buf, FORWARD_TUNNEL_LEN, " --tun-type ipip");
		return buf;
	}
	if (dest->tun_type == API_TUNNEL_GUE)
		snprintf(port, sizeof(port), " --tun-port %u", ntohs(dest->tun_port));
	snprintf(buf, FORWARD_TUNNEL_LEN, " --tun-type %s%s --tun-%s",
		 forward_tunnel_name(dest->tun_type), port, forward_tunnel_csum(dest->tun_flags));
	return buf;
}

/* As stock ipvsadm prints it: kind, port of gue, then without a checksum, with one, or its remote
 * kind. */
const char *forward_tunnel_info(const struct api_dest *dest, char buf[FORWARD_TUNNEL_LEN])
{
	const char *name = forward_tunnel_name(dest->tun_type), *csum = "-c";

	if (dest->forward != API_FORWARD_TUNNEL)
		return "n/a";
	if (dest->tun_flags & API_TUNNEL_REMCSUM)
		csum = "r+c";
	else if (dest->tun_flags & API_TUNNEL_CSUM)
		csum = "+c";
	if (dest->tun_type == API_TUNNEL_IPIP)
		return name;
	if (dest->tun_type == API_TUNNEL_GUE)
		snprintf(buf, FORWARD_TUNNEL_LEN, "%s:%u:%s", name, ntohs(dest->tun_port), csum);
	else
		snprintf(buf, FORWARD_TUNNEL_LEN, "%s:%s", name, csum);
	return buf;
}
