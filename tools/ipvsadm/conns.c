/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvsadm -Lc: connections, row by row as the daemon sends them, however many
 * there are. The timeout in front is the configured one of the state; what is
 * left of it comes last.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>

#include "ipvsadm/forward.h"
#include "ipvsadm/ipvsadm.h"
#include "ipvsadm/name.h"
#include "lib/client.h"
#include "lib/text.h"

static const char *protocol_text(uint16_t protocol)
{
	return protocol == IPPROTO_TCP      ? "tcp"
	       : protocol == IPPROTO_UDP    ? "udp"
	       : protocol == IPPROTO_SCTP   ? "sctp"
	       : protocol == IPPROTO_ICMP   ? "icmp"
	       : protocol == IPPROTO_ICMPV6 ? "icmp6"
	       : protocol == 0              ? "ip" /* a template of a firewall mark */
					    : "?";
}

/* A template has no local address: an empty one of its client's family is shown. */
static uint16_t local_family(const struct api_conn *conn)
{
	return conn->local_family ? conn->local_family : conn->family;
}

static void print_row(FILE *out, const struct command *command, const struct client_item *item)
{
	char client[NAME_LEN], virtual[NAME_LEN], local[NAME_LEN], server[NAME_LEN], timeout[16];
	bool numeric = command->options.numeric;
	struct api_conn conn;

	client_object(item, &conn, sizeof(conn));
	snprintf(timeout, sizeof(timeout), "%" PRIu32 "s", conn.timeout_s);
	fprintf(out, "[%u]%-3s %-6s %-11.*s %-18s %-18s %-18s %-18s %" PRIu32 "s%s\n", conn.worker,
		protocol_text(conn.protocol), timeout, (int)sizeof(conn.state), conn.state,
		name_of(conn.family, &conn.caddr, conn.cport, conn.protocol, numeric, client),
		name_of(conn.family, &conn.vaddr, conn.vport, conn.protocol, numeric, virtual),
		name_of(local_family(&conn), &conn.laddr, conn.lport, conn.protocol, numeric,
			local),
		name_of(conn.server_family, &conn.daddr, conn.dport, conn.protocol, numeric,
			server),
		conn.left_s, conn.flags & API_CONN_TEMPLATE ? " template" : "");
}

static void put_endpoint(json_t *object, const char *address_key, const char *port_key,
			 uint16_t family, const union api_ip *ip, be16 port)
{
	char text[TEXT_IP_LEN];

	json_object_set_new(object, address_key, json_string(text_of_ip(family, ip, text)));
	json_object_set_new(object, port_key, json_integer(ntohs(port)));
}

static json_t *json_row(const struct command *command, const struct client_item *item)
{
	json_t *object = json_object();
	struct api_conn conn;
	char state[sizeof(conn.state) + 1];

	client_object(item, &conn, sizeof(conn));
	snprintf(state, sizeof(state), "%.*s", (int)sizeof(conn.state), conn.state);
	json_object_set_new(object, "worker", json_integer(conn.worker));
	json_object_set_new(object, "protocol", json_string(protocol_text(conn.protocol)));
	json_object_set_new(object, "timeout", json_integer(conn.timeout_s));
	json_object_set_new(object, "left", json_integer(conn.left_s));
	json_object_set_new(object, "state", json_string(state));
	if (conn.flags & API_CONN_TEMPLATE)
		json_object_set_new(object, "template", json_true());
	json_object_set_new(object, "forward", json_string(forward_text(conn.forward)));
	put_endpoint(object, "client_address", "client_port", conn.family, &conn.caddr, conn.cport);
	put_endpoint(object, "virtual_address", "virtual_port", conn.family, &conn.vaddr,
		     conn.vport);
	put_endpoint(object, "local_address", "local_port", local_family(&conn), &conn.laddr,
		     conn.lport);
	put_endpoint(object, "server_address", "server_port", conn.server_family, &conn.daddr,
		     conn.dport);
	return object;
}

const struct view ipvsadm_conns_view = {
	.kind = API_KIND_CONN,
	.row = print_row,
	.json_row = json_row,
};
