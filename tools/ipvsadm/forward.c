/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvsadm: one row a forwarding mode, how it is printed and how it is asked for. */
#include "ipvsadm/forward.h"

#include <stddef.h>

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
