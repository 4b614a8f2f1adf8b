/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/key-ctl: how requests name a service and its addresses. What there is
 * no support for is refused here, with the service in the sentence, before any
 * file of this room sees it.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <rte_byteorder.h>

#include "ipvs/ipvs_ctl.h"
#include "ipvs/service_int.h"

static const char *key_protocol(uint16_t protocol, char *buf, size_t size)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "TCP";
	case IPPROTO_UDP:
		return "UDP";
	case IPPROTO_SCTP:
		return "SCTP";
	case IPPROTO_ICMP:
		return "ICMP";
	default:
		snprintf(buf, size, "protocol %u", protocol);
		return buf;
	}
}

const char *key_str(const struct service_key *key, char *buf)
{
	char endpoint[IP_ENDPOINT_STR_LEN];

	snprintf(buf, KEY_STR_LEN, "%s %s", key->proto == IPPROTO_TCP ? "TCP" : "UDP",
		 ip_endpoint_str(key->family, &key->addr, key->port, endpoint));
	return buf;
}

bool key_is_any(const struct api_service_key *from)
{
	static const struct api_service_key any;

	return memcmp(from, &any, sizeof(any)) == 0;
}

void key_to_api(const struct service_key *key, struct api_service_key *to)
{
	*to = (struct api_service_key){
		.addr = ip_to_api(&key->addr),
		.family = key->family,
		.protocol = key->proto,
		.port = key->port,
	};
}

int key_check_host(struct request *req, const char *what, unsigned int family,
		   const union api_ip *from, union ip_addr *addr)
{
	char text[IP_STR_LEN];
	uint8_t first;

	if (family != AF_INET)
		return request_fail(req, -EAFNOSUPPORT,
				    "%s: %s is not supported yet; supported: IPv4", what,
				    family == AF_INET6 ? "IPv6" : "this address family");
	*addr = ip_from_v4(from->v4);
	first = (uint8_t)(rte_be_to_cpu_32(from->v4) >> 24);
	if (first == 0 || first == 127 || first >= 224)
		return request_fail(req, -EINVAL,
				    "%s: %s is not a host's address; allowed: 1.0.0.0 to "
				    "223.255.255.255 without 127.0.0.0/8",
				    what, ip_str(family, addr, text));
	return 0;
}

int key_from_api(struct request *req, const struct api_service_key *from, struct service_key *key)
{
	char what[64], number[32];
	int r;

	if (from->fwmark)
		return request_fail(req, -EOPNOTSUPP,
				    "service with firewall mark %u: marks are not supported yet; "
				    "supported: protocol, address and port (-t, -u)",
				    from->fwmark);
	snprintf(what, sizeof(what), "%s service", key_protocol(from->protocol, number, 32));
	if (from->protocol != IPPROTO_TCP && from->protocol != IPPROTO_UDP)
		return request_fail(req, -EPROTONOSUPPORT,
				    "%s: not supported yet; supported: TCP (-t), UDP (-u)", what);
	*key = (struct service_key){
		.family = from->family,
		.port = from->port,
		.proto = (uint8_t)from->protocol,
	};
	r = key_check_host(req, what, from->family, &from->addr, &key->addr);
	if (r < 0)
		return r;
	return 0;
}

int key_request_check(struct request *req, const void *body)
{
	struct service_key key;

	return key_from_api(req, body, &key);
}

struct service *key_find(struct request *req, const struct api_service_key *from, int *error)
{
	struct service_table *table = service_table_of(request_workers(req)[WORKER_MASTER]);
	char text[KEY_STR_LEN];
	struct service_key key;
	struct service *svc;

	*error = key_from_api(req, from, &key);
	if (*error < 0)
		return NULL;
	svc = service_lookup(table, key.proto, key.family, &key.addr, key.port);
	if (!svc)
		*error = request_fail(req, -ENOENT, "there is no service %s", key_str(&key, text));
	return svc;
}

int key_check_cpu(struct request *req, uint32_t cpu)
{
	unsigned int n_workers = request_workers(req)[WORKER_MASTER]->n_workers;

	if (cpu > n_workers)
		return request_fail(req, -ERANGE,
				    "there is no worker %u; allowed: 1 to %u, or 0 for all", cpu,
				    n_workers);
	return 0;
}
