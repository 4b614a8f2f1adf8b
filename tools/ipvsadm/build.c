/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvsadm: what each verb asks of the daemon. Addresses and names are
 * understood here, after all options are known, since they depend on each
 * other: a port's name on the protocol, a server's default port on the
 * service. What the daemon does not do, such as a forwarding mode, is sent as
 * it was asked for, and the daemon says so.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "ipvsadm/flags.h"
#include "ipvsadm/forward.h"
#include "ipvsadm/ipvsadm.h"
#include "ipvsadm/line.h"
#include "ipvsadm/match.h"
#include "ipvsadm/name.h"
#include "lib/text.h"

static int need(struct line *line, enum option_id group, const char *what)
{
	if (line->chosen[group])
		return 0;
	return line_fail(line, "You need to supply the '%s' option for the '%s' command", what,
			 line_verb_name(line->id));
}

int line_number(struct line *line, enum option_id id, uint32_t min, uint32_t max, uint32_t *value)
{
	uint64_t n;

	if (text_number(line->value[id], min, max, &n) < 0)
		return line_fail(line, "%s \"%s\": a number from %u to %u is expected",
				 line_option_name(id), line->value[id], min, max);
	*value = n;
	return 0;
}

/* The service that was named, or all zero. */
static int service_key(struct line *line, struct api_service_key *key)
{
	static const uint16_t protocols[] = {
		[OPTION_TCP] = IPPROTO_TCP,
		[OPTION_UDP] = IPPROTO_UDP,
		[OPTION_SCTP] = IPPROTO_SCTP,
	};
	enum option_id id = line->chosen[GROUP_SERVICE];
	struct name_endpoint endpoint;
	char wrong[512];
	const char *why;

	memset(key, 0, sizeof(*key));
	if (line->given[OPTION_IPV6] && id != OPTION_FWMARK)
		return line_fail(line, "'-6' goes with '-f' only");
	if (!id)
		return 0;
	if (id == OPTION_FWMARK) {
		key->family = line->given[OPTION_IPV6] ? AF_INET6 : AF_INET;
		return line_number(line, id, 1, UINT32_MAX, &key->fwmark);
	}
	if (id == OPTION_MATCH)
		return match_parse(line->value[id], key, wrong, sizeof(wrong)) < 0
			       ? line_fail(line, "-H \"%s\": %s", line->value[id], wrong)
			       : 0;
	if (name_parse(line->value[id], 0, protocols[id], &endpoint, &why) < 0)
		return line_fail(line, "%s \"%s\": %s", line_option_name(id), line->value[id], why);
	if (text_ip_is_zero(&endpoint.addr))
		return line_fail(line, "%s \"%s\": an address other than zero is expected",
				 line_option_name(id), line->value[id]);
	key->addr = endpoint.addr;
	key->family = endpoint.family;
	key->protocol = protocols[id];
	key->port = endpoint.port;
	return 0;
}

static int needed_key(struct line *line, struct api_service_key *key)
{
	int r = need(line, GROUP_SERVICE, "service-address");

	return r < 0 ? r : service_key(line, key);
}

static int netmask(struct line *line, uint16_t family, uint32_t *plen)
{
	const char *text = line->value[OPTION_NETMASK];
	uint16_t found;
	union api_ip ip;
	uint64_t bits;
	uint32_t mask;

	if (text_number(text, 1, text_ip_bits(family), &bits) == 0) {
		*plen = bits;
		return 0;
	}
	if (family == AF_INET && text_ip(text, &found, &ip) == 0 && found == AF_INET) {
		mask = ntohl(ip.v4);
		if (mask && !(~mask & (~mask + 1))) {
			*plen = __builtin_popcount(mask);
			return 0;
		}
	}
	return line_fail(line, "-M \"%s\": %s is expected", text,
			 family == AF_INET6
				 ? "a prefix length from 1 to 128"
				 : "a mask like 255.255.255.0 or a prefix length from 1 to 32");
}

/* An option, or a group of them, and what an edit without it leaves as it is. */
struct kept {
	enum option_id group;
	uint32_t bit;
};

static uint32_t kept_bits(const struct line *line, const struct kept *rows, unsigned int n)
{
	uint32_t bits = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (!line->chosen[rows[i].group])
			bits |= rows[i].bit;
	}
	return bits;
}

/* "sh-port,flag-1": names of the flags, some for one scheduler only. */
static int sched_flags(struct line *line, struct api_service *service)
{
	char words[128], *rest = words;
	uint32_t bit;

	if (text_copy(words, sizeof(words), line->value[OPTION_SCHED_FLAGS]) < 0)
		return line_fail(line, "%s: too long", line_option_name(OPTION_SCHED_FLAGS));
	for (char *word; (word = strsep(&rest, ","));) {
		bit = flags_sched_bit(service->sched, word);
		if (!bit)
			return line_fail(
				line,
				"-b \"%s\": no flag of scheduler %s; allowed: sh-fallback, "
				"sh-port (sh), mh-fallback, mh-port (mh), flag-1, flag-2, "
				"flag-3",
				word, service->sched);
		service->flags |= bit;
	}
	return 0;
}

/* The scheduler and what goes with it. */
static int sched_fields(struct line *line, struct api_service *service)
{
	const char *target = line->value[OPTION_HASH_TARGET];

	if (line->given[OPTION_SCHEDULER] &&
	    text_copy(service->sched, sizeof(service->sched), line->value[OPTION_SCHEDULER]) < 0)
		return line_fail(line, "-s \"%s\": a name of 1 to %d characters is expected",
				 line->value[OPTION_SCHEDULER], API_NAME_LEN - 1);
	if (!line->given[OPTION_SCHEDULER] &&
	    (line->given[OPTION_SCHED_FLAGS] || line->given[OPTION_HASH_TARGET]))
		return line_fail(line, "'-b' and '--hash-target' go with '-s' only");
	if (target && strcmp(service->sched, "conhash") != 0)
		return line_fail(line, "'--hash-target' goes with '-s conhash' only");
	if (target && strcmp(target, "qid") == 0)
		service->flags |= API_SERVICE_HASH_QID;
	else if (target && strcmp(target, "sip") != 0)
		return line_fail(line, "--hash-target \"%s\": sip or qid is expected", target);
	return line->given[OPTION_SCHED_FLAGS] ? sched_flags(line, service) : 0;
}

static int on_remove(struct line *line, uint32_t *policy)
{
	const char *word = line->value[OPTION_ON_REMOVE];

	for (*policy = 0; *policy < API_ON_REMOVE__COUNT; (*policy)++)
		if (strcmp(word, flags_on_remove(*policy)) == 0)
			return 0;
	return line_fail(line, "--on-remove \"%s\": keep, reset or reschedule is expected", word);
}

/* What the options say about a service. */
static int service_fields(struct line *line, struct api_service *service)
{
	int r = sched_fields(line, service);

	if (r < 0)
		return r;
	if (line->given[OPTION_PERSISTENT]) {
		service->flags |= API_SERVICE_PERSISTENT;
		service->timeout_s = 300;
		if (line->value[OPTION_PERSISTENT])
			r = line_number(line, OPTION_PERSISTENT, 0, 31 * 24 * 3600,
					&service->timeout_s);
		if (r == 0 && service->timeout_s == 0)
			service->flags &= ~API_SERVICE_PERSISTENT; /* not any more */
	}
	if (r == 0 && line->given[OPTION_NETMASK])
		r = netmask(line, service->key.family, &service->plen);
	if (r == 0 && line->given[OPTION_PE])
		r = line_fail(
			line,
			"--pe %s: there are no persistence engines here: clients are known by "
			"their address (-p, -M)",
			line->value[OPTION_PE]);
	if (line->given[OPTION_OPS])
		service->flags |= API_SERVICE_ONEPACKET;
	if (r == 0 && line->given[OPTION_CONN_TIMEOUT])
		r = line_number(line, OPTION_CONN_TIMEOUT, 0, 31 * 24 * 3600,
				&service->conn_timeout_s);
	if (r == 0 && line->given[OPTION_ON_REMOVE])
		r = on_remove(line, &service->on_remove);
	return r;
}

static int named_service(struct line *line, struct api_service *service)
{
	int r;

	memset(service, 0, sizeof(*service));
	r = needed_key(line, &service->key);
	return r < 0 ? r : service_fields(line, service);
}

static int change_service(struct line *line, uint16_t id, const struct api_service *service)
{
	line->out->kind = COMMAND_CHANGES;
	command_request(line->out, id, sizeof(*service))->service = *service;
	return 0;
}

int build_add_service(struct line *line)
{
	struct api_service service;
	int r = named_service(line, &service);

	if (r < 0)
		return r;
	if (!service.key.fwmark && !service.key.has_match && !service.key.port &&
	    !line->given[OPTION_PERSISTENT])
		return line_fail(line, "port 0 is for persistent services only: give a port");
	if (line->given[OPTION_NETMASK] && !line->given[OPTION_PERSISTENT])
		return line_fail(line, "'-M' goes with '-p' only");
	if (!line->given[OPTION_SCHEDULER])
		strcpy(service.sched, "wlc");
	if (!service.plen)
		service.plen = text_ip_bits(service.key.family);
	return change_service(line, API_SERVICE_ADD, &service);
}

int build_edit_service(struct line *line)
{
	static const struct kept kept[] = {
		{ OPTION_SCHEDULER, API_SERVICE_KEEP_SCHED },
		{ OPTION_PERSISTENT, API_SERVICE_KEEP_PERSISTENCE },
		{ OPTION_NETMASK, API_SERVICE_KEEP_PLEN },
		{ OPTION_OPS, API_SERVICE_KEEP_ONEPACKET },
		{ OPTION_CONN_TIMEOUT, API_SERVICE_KEEP_CONN_TIMEOUT },
		{ OPTION_ON_REMOVE, API_SERVICE_KEEP_ON_REMOVE },
	};
	struct api_service service;
	int r = named_service(line, &service);

	if (r < 0)
		return r;
	service.keep = kept_bits(line, kept, sizeof(kept) / sizeof(kept[0]));
	return change_service(line, API_SERVICE_SET, &service);
}

static int change_key(struct line *line, uint16_t id, bool needed)
{
	union command_body *body;
	struct api_service_key key;
	int r;

	r = needed ? needed_key(line, &key) : service_key(line, &key);
	if (r < 0)
		return r;
	line->out->kind = COMMAND_CHANGES;
	body = command_request(line->out, id, sizeof(key));
	body->service_key = key;
	return 0;
}

int build_delete_service(struct line *line)
{
	return change_key(line, API_SERVICE_DEL, true);
}

int build_zero(struct line *line)
{
	return change_key(line, API_SERVICE_ZERO, false);
}

int build_clear(struct line *line)
{
	line->out->kind = COMMAND_CHANGES;
	command_request(line->out, API_SERVICE_FLUSH, sizeof(struct api_empty));
	return 0;
}

static int dest_name(struct line *line, struct api_dest *dest)
{
	struct name_endpoint endpoint;
	const char *why;
	int r;

	r = needed_key(line, &dest->service);
	if (r == 0)
		r = need(line, OPTION_SERVER, "-r");
	if (r < 0)
		return r;
	if (name_parse_range(line->value[OPTION_SERVER], dest->service.protocol, &endpoint, &why) <
	    0)
		return line_fail(line, "-r \"%s\": %s", line->value[OPTION_SERVER], why);
	if (text_ip_is_zero(&endpoint.addr))
		return line_fail(line, "-r \"%s\": an address other than zero is expected",
				 line->value[OPTION_SERVER]);
	dest->addr = endpoint.addr;
	dest->family = endpoint.family;
	dest->port = endpoint.has_port ? endpoint.port : dest->service.port;
	dest->port_last = endpoint.port_last;
	return 0;
}

/* What -i says beyond itself; only the daemon knows what goes together. */
static int tunnel_fields(struct line *line, struct api_dest *dest)
{
	static const enum option_id ids[] = { OPTION_TUN_TYPE, OPTION_TUN_PORT, GROUP_CSUM };
	const char *type = line->value[OPTION_TUN_TYPE];
	uint32_t port = 0;
	int r = 0;

	for (unsigned int i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (line->chosen[ids[i]] && !line->given[OPTION_TUNNEL])
			return line_fail(line, "'%s' goes with '-i' only",
					 line_option_name(line->chosen[ids[i]]));
	if (type) {
		r = forward_tunnel_type(type, &dest->tun_type);
		if (r < 0)
			return line_fail(line, "--tun-type \"%s\": ipip, gre or gue is expected",
					 type);
	}
	if (line->given[OPTION_TUN_PORT])
		r = line_number(line, OPTION_TUN_PORT, 1, 65535, &port);
	dest->tun_port = htons((uint16_t)port);
	if (line->given[OPTION_TUN_CSUM])
		dest->tun_flags = API_TUNNEL_CSUM;
	if (line->given[OPTION_TUN_REMCSUM])
		dest->tun_flags = API_TUNNEL_REMCSUM;
	return r;
}

/* What the options say about a server. */
static int dest_fields(struct line *line, struct api_dest *dest)
{
	static const uint16_t modes[] = {
		[OPTION_DR] = API_FORWARD_DR,     [OPTION_TUNNEL] = API_FORWARD_TUNNEL,
		[OPTION_NAT] = API_FORWARD_NAT,   [OPTION_FNAT] = API_FORWARD_FNAT,
		[OPTION_SNAT] = API_FORWARD_SNAT,
	};
	enum option_id mode = line->chosen[GROUP_FORWARD];
	int r = tunnel_fields(line, dest);

	if (mode)
		dest->forward = modes[mode];
	if (r == 0 && line->given[OPTION_WEIGHT])
		r = line_number(line, OPTION_WEIGHT, 0, 65535, &dest->weight);
	if (r == 0 && line->given[OPTION_UPPER])
		r = line_number(line, OPTION_UPPER, 0, UINT32_MAX, &dest->upper);
	if (r == 0 && line->given[OPTION_LOWER])
		r = line_number(line, OPTION_LOWER, 0, UINT32_MAX, &dest->lower);
	return r;
}

/* dest: what counts where the line says nothing. */
static int change_server(struct line *line, uint16_t id, struct api_dest dest)
{
	int r = dest_name(line, &dest);

	if (r == 0)
		r = dest_fields(line, &dest);
	if (r < 0)
		return r;
	line->out->kind = COMMAND_CHANGES;
	command_request(line->out, id, sizeof(dest))->dest = dest;
	return 0;
}

int build_add_server(struct line *line)
{
	return change_server(line, API_DEST_ADD,
			     (struct api_dest){ .forward = API_FORWARD_DR, .weight = 1 });
}

int build_edit_server(struct line *line)
{
	static const struct kept kept[] = {
		{ GROUP_FORWARD, API_DEST_KEEP_FORWARD },
		{ OPTION_WEIGHT, API_DEST_KEEP_WEIGHT },
		{ OPTION_UPPER, API_DEST_KEEP_UPPER },
		{ OPTION_LOWER, API_DEST_KEEP_LOWER },
	};
	uint32_t flags = kept_bits(line, kept, sizeof(kept) / sizeof(kept[0]));

	return change_server(line, API_DEST_SET, (struct api_dest){ .flags = (uint16_t)flags });
}

int build_delete_server(struct line *line)
{
	return change_server(line, API_DEST_DEL, (struct api_dest){ 0 });
}

static int change_laddr(struct line *line, uint16_t id)
{
	union command_body *body;
	struct api_laddr laddr;
	int r;

	memset(&laddr, 0, sizeof(laddr));
	r = needed_key(line, &laddr.service);
	if (r == 0)
		r = need(line, OPTION_LOCAL, "-z");
	if (r == 0)
		r = need(line, OPTION_IFNAME, "-F");
	if (r < 0)
		return r;
	if (text_ip(line->value[OPTION_LOCAL], &laddr.family, &laddr.addr) < 0)
		return line_fail(line, "-z \"%s\": an IPv4 or IPv6 address is expected",
				 line->value[OPTION_LOCAL]);
	if (text_copy(laddr.dev, sizeof(laddr.dev), line->value[OPTION_IFNAME]) < 0)
		return line_fail(line, "-F \"%s\": a device name has 1 to %d characters",
				 line->value[OPTION_IFNAME], API_NAME_LEN - 1);

	line->out->kind = COMMAND_CHANGES;
	body = command_request(line->out, id, sizeof(laddr));
	body->laddr = laddr;
	return 0;
}

int build_add_laddr(struct line *line)
{
	return change_laddr(line, API_LADDR_ADD);
}

int build_delete_laddr(struct line *line)
{
	return change_laddr(line, API_LADDR_DEL);
}

static void ask_for(struct line *line, uint16_t id, const struct api_service_key *key,
		    uint32_t flags)
{
	union command_body *body = command_request(line->out, id, sizeof(body->service_filter));

	body->service_filter.key = *key;
	body->service_filter.cpu = line->out->options.cpu;
	body->service_filter.flags = flags;
}

int build_get_laddr(struct line *line)
{
	struct api_service_key key;
	int r;

	r = service_key(line, &key);
	if (r < 0)
		return r;
	line->out->kind = COMMAND_LISTS;
	line->out->view = &ipvsadm_laddrs_view;
	ask_for(line, API_LADDR_LIST, &key, 0);
	ask_for(line, API_SERVICE_LIST, &key, 0);
	return 0;
}

static int list_conns(struct line *line, const struct api_service_key *key)
{
	union command_body *body;

	if (line->chosen[GROUP_COLUMNS])
		return line_fail(line, "'%s' conflicts with '-c'",
				 line_option_name(line->chosen[GROUP_COLUMNS]));
	line->out->view = &ipvsadm_conns_view;
	body = command_request(line->out, API_CONN_LIST, sizeof(body->conn_filter));
	body->conn_filter.key = *key;
	body->conn_filter.cpu = line->out->options.cpu;
	if (line->given[OPTION_SOCKPAIR] &&
	    name_pair(line->value[OPTION_SOCKPAIR], &body->conn_filter) < 0)
		return line_fail(line,
				 "--sockpair \"%s\": ipv4:IP:PORT:IP:PORT or "
				 "ipv6:[IP]:PORT:[IP]:PORT is expected",
				 line->value[OPTION_SOCKPAIR]);
	return 0;
}

static int list_timeouts(struct line *line, const struct api_service_key *key)
{
	if (!name_key_is_any(key))
		return line_fail(line,
				 "'--timeout' is of all services: see --conn-timeout for one");
	line->out->view = &ipvsadm_timeouts_view;
	command_request(line->out, API_TIMEOUT_GET, sizeof(struct api_empty));
	return 0;
}

int build_set(struct line *line)
{
	static const char *const names[LINE_WORDS] = { "TCP", "TCPFIN", "UDP" };
	uint32_t seconds[LINE_WORDS];
	union command_body *body;
	uint64_t n;

	if (line->n_words < LINE_WORDS)
		return line_fail(line,
				 "--set TCP TCPFIN UDP: three timeouts are expected, in seconds");
	for (unsigned int i = 0; i < LINE_WORDS; i++) {
		if (text_number(line->words[i], 0, 31 * 24 * 3600, &n) < 0)
			return line_fail(line,
					 "--set, %s: \"%s\": seconds from 1 to %u, or 0 for as it "
					 "is, are expected",
					 names[i], line->words[i], 31 * 24 * 3600);
		seconds[i] = n;
	}
	line->out->kind = COMMAND_CHANGES;
	body = command_request(line->out, API_TIMEOUT_SET, sizeof(body->timeouts));
	body->timeouts = (struct api_timeouts){ .tcp_s = seconds[0],
						.tcp_fin_s = seconds[1],
						.udp_s = seconds[2] };
	return 0;
}

int build_list(struct line *line)
{
	struct api_service_key key;
	int r;

	r = service_key(line, &key);
	if (r < 0)
		return r;
	line->out->kind = COMMAND_LISTS;
	if (line->given[OPTION_CONNECTION])
		return list_conns(line, &key);
	if (line->given[OPTION_SOCKPAIR])
		return line_fail(line, "'--sockpair' goes with '-c' only");
	if (line->given[OPTION_TIMEOUT])
		return list_timeouts(line, &key);
	line->out->view = &ipvsadm_list_view;
	command_request(line->out, API_HELLO, sizeof(struct api_hello));
	ask_for(line, API_SERVICE_LIST, &key, API_SERVICE_DESTS);
	return 0;
}

int build_save(struct line *line)
{
	static const struct api_service_key every;

	line->out->kind = COMMAND_LISTS;
	line->out->view = &ipvsadm_save_view;
	ask_for(line, API_LADDR_LIST, &every, 0);
	ask_for(line, API_SERVICE_LIST, &every, API_SERVICE_DESTS);
	return 0;
}

int build_restore(struct line *line)
{
	line->out->kind = COMMAND_SCRIPT;
	strcpy(line->out->file, "-");
	return 0;
}
