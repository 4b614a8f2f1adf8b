/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvsadm -L --timeout: the three timeouts of --set. */
#include <inttypes.h>

#include "ipvsadm/ipvsadm.h"
#include "lib/client.h"

static void print_row(FILE *out, const struct command *command, const struct client_item *item)
{
	struct api_timeouts timeouts;

	client_object(item, &timeouts, sizeof(timeouts));
	fprintf(out, "Timeout (tcp tcpfin udp): %" PRIu32 " %" PRIu32 " %" PRIu32 "\n",
		timeouts.tcp_s, timeouts.tcp_fin_s, timeouts.udp_s);
}

static json_t *json_row(const struct command *command, const struct client_item *item)
{
	struct api_timeouts timeouts;
	json_t *object = json_object();

	client_object(item, &timeouts, sizeof(timeouts));
	json_object_set_new(object, "tcp", json_integer(timeouts.tcp_s));
	json_object_set_new(object, "tcpfin", json_integer(timeouts.tcp_fin_s));
	json_object_set_new(object, "udp", json_integer(timeouts.udp_s));
	return object;
}

const struct view ipvsadm_timeouts_view = {
	.kind = API_KIND_TIMEOUTS,
	.row = print_row,
	.json_row = json_row,
};
