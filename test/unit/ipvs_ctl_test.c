/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs_ctl_test: what the requests of ipvsadm refuse and in which words, and
 * what their listings contain, run by the real dispatch without a socket.
 */
#include "lib/unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/request.h"
#include "ipvs/conn_int.h"
#include "ipvs/ipvs_ctl.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/template.h"
#include "lib/ipvs_rig.h"

#define TABLES 5

static void tables_fill(struct request_table tables[TABLES])
{
	tables[0] = service_requests;
	tables[1] = dest_requests;
	tables[2] = laddr_requests;
	tables[3] = conn_requests;
	tables[4] = (struct request_table){ NULL, 0 };
}

static int run(struct ipvs_rig *rig, uint16_t id, const void *body, size_t len, char *error,
	       size_t size)
{
	struct request_table tables[TABLES];

	tables_fill(tables);
	error[0] = '\0';
	return control_run_request(rig->all, tables, id, body, (uint32_t)len, error, size);
}

#define RUN(rig, id, body, error) run(rig, API_##id, body, sizeof(*(body)), error, sizeof(error))

/* 10.0.0.0 + n, TCP, port 80 */
static struct api_service_key service_key(uint32_t n)
{
	union ip_addr addr = ipvs_rig_ip(n);

	return (struct api_service_key){ .addr = ip_to_api(&addr),
					 .family = AF_INET,
					 .protocol = IPPROTO_TCP,
					 .port = htons(80) };
}

static struct api_service service_body(uint32_t n)
{
	return (struct api_service){ .key = service_key(n), .sched = "rr" };
}

static struct api_dest dest_body(uint32_t service, uint32_t n)
{
	union ip_addr addr = ipvs_rig_ip(n);

	return (struct api_dest){ .service = service_key(service),
				  .addr = ip_to_api(&addr),
				  .family = AF_INET,
				  .port = htons(8000),
				  .forward = API_FORWARD_FNAT,
				  .weight = 1 };
}

static struct api_laddr laddr_body(uint32_t service, uint32_t n)
{
	union ip_addr addr = ipvs_rig_ip(n);

	return (struct api_laddr){ .service = service_key(service),
				   .addr = ip_to_api(&addr),
				   .family = AF_INET,
				   .dev = "dpdk0" };
}

/* A rig with service 1 and its server 100. */
static struct ipvs_rig *rig_ready(void)
{
	struct ipvs_rig *rig = ipvs_rig_create(3);
	struct api_service svc = service_body(1);
	struct api_dest dest = dest_body(1, 100);
	char error[256];

	assert_int_equal(RUN(rig, SERVICE_ADD, &svc, error), 0);
	assert_int_equal(RUN(rig, DEST_ADD, &dest, error), 0);
	return rig;
}

static void check(int got, const char *text, int want, const char *want_text)
{
	if (got != want || strcmp(text, want_text) != 0)
		fail_msg("got %d \"%s\", want %d \"%s\"", got, text, want, want_text);
}

/* ---- services ---- */

static void break_fwmark(struct api_service *svc)
{
	svc->key.fwmark = 9;
}

static void break_sctp_match(struct api_service *svc)
{
	svc->key.protocol = IPPROTO_SCTP;
	svc->key.has_match = 1;
}

static void break_protocol(struct api_service *svc)
{
	svc->key.protocol = 99;
}

static void break_ip6(struct api_service *svc)
{
	svc->key.family = AF_INET6;
	memset(&svc->key.addr, 0xff, sizeof(svc->key.addr));
}

static void break_family(struct api_service *svc)
{
	svc->key.family = 77;
}

static void break_address(struct api_service *svc)
{
	svc->key.addr.v4 = htonl(0xe0000001);
}

static void break_port(struct api_service *svc)
{
	svc->key.port = 0;
}

static void break_sched(struct api_service *svc)
{
	memset(svc->sched, 'x', sizeof(svc->sched)); /* no NUL */
}

static void break_mask(struct api_service *svc)
{
	svc->flags = API_SERVICE_PERSISTENT;
	svc->timeout_s = 1;
	svc->plen = 33;
}

static void break_ops(struct api_service *svc)
{
	svc->flags = API_SERVICE_ONEPACKET;
}

static void break_flags(struct api_service *svc)
{
	svc->flags = API_SERVICE_SCHED2;
}

static void break_mh_flags(struct api_service *svc)
{
	snprintf(svc->sched, sizeof(svc->sched), "mh");
	svc->flags = API_SERVICE_SCHED1 | API_SERVICE_SCHED3;
}

static void break_qid(struct api_service *svc)
{
	snprintf(svc->sched, sizeof(svc->sched), "conhash");
	svc->flags = API_SERVICE_HASH_QID;
}

static void break_timeout(struct api_service *svc)
{
	svc->conn_timeout_s = 31536000;
}

static void break_nothing(struct api_service *svc)
{
}

static const struct {
	void (*spoil)(struct api_service *svc);
	int error;
	const char *text;
} bad_services[] = {
	{ break_fwmark, -EINVAL,
	  "service FWM 9: a service of a mark has no protocol, address or port" },
	{ break_sctp_match, -EPROTONOSUPPORT,
	  "SCTP match (-H): not supported yet; supported: TCP, UDP, ICMP" },
	{ break_protocol, -EPROTONOSUPPORT,
	  "protocol 99 service: not supported yet; supported: TCP (-t), UDP (-u), SCTP "
	  "(--sctp-service), firewall marks (-f)" },
	{ break_ip6, -EINVAL,
	  "TCP service: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff is not a host's address; allowed: "
	  "IPv6 addresses other than ::, ::1, ff00::/8, fe80::/10 and ::ffff:0:0/96" },
	{ break_family, -EAFNOSUPPORT, "TCP service: address family 77; allowed: IPv4 and IPv6" },
	{ break_address, -EINVAL,
	  "TCP service: 224.0.0.1 is not a host's address; allowed: 1.0.0.0 to 223.255.255.255 "
	  "without "
	  "127.0.0.0/8" },
	{ break_port, -EINVAL,
	  "TCP 10.0.0.2:0: port 0, any port, is for persistent services (-p) only: else the "
	  "connections of one client would be strewn over the servers" },
	{ break_sched, -ENOENT,
	  "TCP 10.0.0.2:80: there is no scheduler \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"; known: rr, "
	  "wrr, lc, wlc, sed, nq, sh, dh, lblc, lblcr, fo, ovf, mh, conhash, twos" },
	{ break_mask, -ERANGE,
	  "TCP 10.0.0.2:80: persistence of clients' first 33 bits (-M); allowed: 1 to 32" },
	{ break_ops, -EINVAL,
	  "TCP 10.0.0.2:80: one-packet scheduling (--ops) is for UDP services: a TCP connection "
	  "has more packets than one" },
	{ break_flags, -EINVAL, "TCP 10.0.0.2:80: scheduler rr has no flag flag-2; it has: none" },
	{ break_mh_flags, -EINVAL,
	  "TCP 10.0.0.2:80: scheduler mh has no flag flag-3; it has: flag-1, flag-2" },
	{ break_qid, -EINVAL,
	  "TCP 10.0.0.2:80: --hash-target qid is for UDP services: QUIC runs over UDP" },
	{ break_timeout, -ERANGE,
	  "TCP 10.0.0.2:80: connection timeout 31536000 s; allowed: 0 to 31535999" },
	{ break_nothing, 0, "" },
	{ break_nothing, -EEXIST, "service TCP 10.0.0.2:80 exists already" },
};

static void test_bad_services(void **state)
{
	struct ipvs_rig *rig = rig_ready();
	struct api_service svc = service_body(3);
	struct api_service_key key = service_key(3);
	char error[512];

	for (size_t i = 0; i < LENGTH(bad_services); i++) {
		struct api_service body = service_body(2);

		bad_services[i].spoil(&body);
		check(RUN(rig, SERVICE_ADD, &body, error), error, bad_services[i].error,
		      bad_services[i].text);
	}
	check(RUN(rig, SERVICE_SET, &svc, error), error, -ENOENT,
	      "there is no service TCP 10.0.0.3:80");
	check(RUN(rig, SERVICE_DEL, &key, error), error, -ENOENT,
	      "there is no service TCP 10.0.0.3:80");
	check(RUN(rig, SERVICE_ZERO, &key, error), error, -ENOENT,
	      "there is no service TCP 10.0.0.3:80");
	ipvs_rig_destroy(rig);
}

/* The default scheduler; SET changes it; DEL and FLUSH empty the table. */
static void test_services(void **state)
{
	struct ipvs_rig *rig = rig_ready();
	struct api_service svc = service_body(5);
	struct api_empty empty = { 0 };
	char error[256];

	svc.sched[0] = '\0';
	assert_int_equal(RUN(rig, SERVICE_ADD, &svc, error), 0);
	assert_string_equal(ipvs_rig_table(rig, 3)->services[1].sched->name, "wlc");
	snprintf(svc.sched, sizeof(svc.sched), "wrr");
	svc.conn_timeout_s = 5;
	assert_int_equal(RUN(rig, SERVICE_SET, &svc, error), 0);
	assert_string_equal(ipvs_rig_table(rig, 3)->services[1].sched->name, "wrr");
	assert_int_equal(ipvs_rig_table(rig, 3)->services[1].conn_timeout_s, 5);
	assert_int_equal(RUN(rig, SERVICE_DEL, &svc.key, error), 0);
	assert_int_equal(ipvs_rig_table(rig, 3)->n_services, 1);
	assert_int_equal(RUN(rig, SERVICE_FLUSH, &empty, error), 0);
	for (unsigned int worker = 0; worker <= 3; worker++)
		assert_int_equal(ipvs_rig_table(rig, worker)->n_services, 0);
	ipvs_rig_destroy(rig);
}

/* SERVICE_SET changes what it does not keep, and checks that alone. */
static void test_service_keeps(void **state)
{
	struct ipvs_rig *rig = rig_ready();
	const struct service *svc = &ipvs_rig_table(rig, 3)->services[0];
	struct api_service body = service_body(1);
	char error[256];

	body.conn_timeout_s = 7;
	assert_int_equal(RUN(rig, SERVICE_SET, &body, error), 0);

	snprintf(body.sched, sizeof(body.sched), "frob");
	body.flags = API_SERVICE_PERSISTENT | API_SERVICE_ONEPACKET | API_SERVICE_SCHED2;
	body.conn_timeout_s = 8;
	body.keep = API_SERVICE_KEEP_SCHED | API_SERVICE_KEEP_PERSISTENCE | API_SERVICE_KEEP_PLEN |
		    API_SERVICE_KEEP_ONEPACKET;
	check(RUN(rig, SERVICE_SET, &body, error), error, 0, "");
	assert_string_equal(svc->sched->name, "rr");
	assert_int_equal(svc->conn_timeout_s, 8);

	snprintf(body.sched, sizeof(body.sched), "wrr");
	body.conn_timeout_s = 31536000;
	body.keep = API_SERVICE_KEEP_CONN_TIMEOUT;
	body.flags = API_SERVICE_PERSISTENT;
	check(RUN(rig, SERVICE_SET, &body, error), error, -ERANGE,
	      "TCP 10.0.0.1:80: persistence (-p) of 0 s; allowed: 1 to 2678400");
	body.timeout_s = 60;
	body.plen = 24;
	check(RUN(rig, SERVICE_SET, &body, error), error, 0, "");
	assert_int_equal(svc->persist_s, 60);
	assert_int_equal(svc->persist_plen, 24);
	body.flags = 0, body.plen = 0;
	check(RUN(rig, SERVICE_SET, &body, error), error, 0, "");
	assert_string_equal(svc->sched->name, "wrr");
	assert_int_equal(svc->conn_timeout_s, 8);
	assert_int_equal(svc->persist_s, 0);
	ipvs_rig_destroy(rig);
}

/* ---- servers ---- */

static const struct {
	uint16_t forward;
	uint16_t family;
	uint32_t weight, upper, lower;
	uint16_t port;
	uint32_t service, server;
	int error;
	const char *text;
} bad_dests[] = {
	{ API_FORWARD_SNAT, AF_INET, 1, 0, 0, 8000, 1, 101, -EINVAL,
	  "real server 10.0.0.101:8000 of TCP 10.0.0.1:80: forwarding method SNAT (-J) is for "
	  "services by match (-H) only" },
	{ API_FORWARD_LOCAL, AF_INET, 1, 0, 0, 8000, 1, 101, -EOPNOTSUPP,
	  "real server 10.0.0.101:8000 of TCP 10.0.0.1:80: forwarding method local "
	  "delivery is not supported yet; supported: FNAT (-b), DR (-g), NAT (-m), tunnel (-i), "
	  "SNAT (-J)" },
	{ API_FORWARD_DR, AF_INET, 1, 0, 0, 8000, 1, 101, -EINVAL,
	  "real server 10.0.0.101:8000 of TCP 10.0.0.1:80: DR (-g) leaves ports as they are; "
	  "allowed: the service's port, 80" },
	{ 99, AF_INET, 1, 0, 0, 8000, 1, 101, -EOPNOTSUPP,
	  "real server 10.0.0.101:8000 of TCP 10.0.0.1:80: forwarding method number 99 is not "
	  "supported yet; supported: FNAT (-b), DR (-g), NAT (-m), tunnel (-i), SNAT (-J)" },
	{ API_FORWARD_NAT, AF_INET6, 1, 0, 0, 8000, 1, 101, -EAFNOSUPPORT,
	  "real server [a00:65::]:8000 of TCP 10.0.0.1:80: IPv6 for a service of IPv4; allowed: "
	  "servers of the service's family, or FNAT (-b) or a tunnel (-i)" },
	{ API_FORWARD_FNAT, AF_INET, 65536, 0, 0, 8000, 1, 101, -ERANGE,
	  "real server 10.0.0.101:8000 of TCP 10.0.0.1:80: weight 65536; allowed: 0 to 65535" },
	{ API_FORWARD_FNAT, AF_INET, 1, 3, 4, 8000, 1, 101, -ERANGE,
	  "real server 10.0.0.101:8000 of TCP 10.0.0.1:80: lower threshold 4 is above the upper "
	  "one, "
	  "3" },
	{ API_FORWARD_FNAT, AF_INET, 1, 0, 0, 0, 1, 101, -EINVAL,
	  "real server 10.0.0.101:0 of TCP 10.0.0.1:80: port 0; allowed: 1 to 65535" },
	{ API_FORWARD_FNAT, AF_INET, 1, 0, 0, 8000, 2, 101, -ENOENT,
	  "there is no service TCP 10.0.0.2:80" },
	{ API_FORWARD_FNAT, AF_INET, 1, 0, 0, 8000, 1, 100, -EEXIST,
	  "real server 10.0.0.100:8000 of TCP 10.0.0.1:80 exists already" },
	{ API_FORWARD_FNAT, AF_INET, 65535, 3, 3, 8000, 1, 101, 0, "" },
};

static void test_bad_dests(void **state)
{
	struct ipvs_rig *rig = rig_ready();
	struct api_dest missing = dest_body(1, 150);
	char error[512];

	for (size_t i = 0; i < LENGTH(bad_dests); i++) {
		struct api_dest body = dest_body(bad_dests[i].service, bad_dests[i].server);

		body.forward = bad_dests[i].forward;
		body.family = bad_dests[i].family;
		body.weight = bad_dests[i].weight;
		body.upper = bad_dests[i].upper;
		body.lower = bad_dests[i].lower;
		body.port = htons(bad_dests[i].port);
		check(RUN(rig, DEST_ADD, &body, error), error, bad_dests[i].error,
		      bad_dests[i].text);
	}
	check(RUN(rig, DEST_SET, &missing, error), error, -ENOENT,
	      "there is no real server 10.0.0.150:8000 of TCP 10.0.0.1:80");
	check(RUN(rig, DEST_DEL, &missing, error), error, -ENOENT,
	      "there is no real server 10.0.0.150:8000 of TCP 10.0.0.1:80");
	ipvs_rig_destroy(rig);
}

static void check_dest(const struct dest *dest, uint32_t weight, uint32_t upper, uint32_t lower)
{
	assert_int_equal(dest->forward, API_FORWARD_FNAT);
	assert_int_equal(dest->weight, weight);
	assert_int_equal(dest->marks.upper, upper);
	assert_int_equal(dest->marks.lower, lower);
}

/* DEST_SET changes what it does not keep; the thresholds are compared as they will be. */
static void test_dest_keeps(void **state)
{
	const uint16_t all = API_DEST_KEEP_FORWARD | API_DEST_KEEP_WEIGHT | API_DEST_KEEP_UPPER |
			     API_DEST_KEEP_LOWER;
	struct ipvs_rig *rig = rig_ready();
	const struct dest *dest = &ipvs_rig_table(rig, 3)->dests[0];
	struct api_dest body = dest_body(1, 100);
	char error[256];

	body.weight = 3;
	body.upper = 20;
	body.lower = 10;
	assert_int_equal(RUN(rig, DEST_SET, &body, error), 0);

	body.forward = API_FORWARD_DR;
	body.weight = body.upper = body.lower = 70000;
	body.flags = all;
	check(RUN(rig, DEST_SET, &body, error), error, 0, "");
	check_dest(dest, 3, 20, 10);
	body.weight = 0;
	body.flags = all & ~API_DEST_KEEP_WEIGHT;
	check(RUN(rig, DEST_SET, &body, error), error, 0, "");
	check_dest(dest, 0, 20, 10);
	body.upper = 9;
	body.flags = all & ~API_DEST_KEEP_UPPER;
	check(RUN(rig, DEST_SET, &body, error), error, -ERANGE,
	      "real server 10.0.0.100:8000 of TCP 10.0.0.1:80: lower threshold 10 is above the "
	      "upper one, 9");
	body.upper = 11;
	check(RUN(rig, DEST_SET, &body, error), error, 0, "");
	body.lower = 11;
	body.flags = all & ~API_DEST_KEEP_LOWER;
	check(RUN(rig, DEST_SET, &body, error), error, 0, "");
	check_dest(dest, 0, 11, 11);
	body.flags = all & ~API_DEST_KEEP_FORWARD;
	check(RUN(rig, DEST_SET, &body, error), error, -EINVAL,
	      "real server 10.0.0.100:8000 of TCP 10.0.0.1:80: DR (-g) leaves ports as they are; "
	      "allowed: the service's port, 80");
	ipvs_rig_destroy(rig);
}

static void test_bad_laddrs(void **state)
{
	struct ipvs_rig *rig = rig_ready();
	struct api_laddr body = laddr_body(1, 200);
	union ip_addr addr = ipvs_rig_ip(201);
	char error[256];

	check(RUN(rig, LADDR_DEL, &body, error), error, -ENOENT,
	      "there is no local address 10.0.0.200 of TCP 10.0.0.1:80");
	assert_int_equal(
		laddr_add(rig->all, &ipvs_rig_table(rig, 0)->services[0], AF_INET, &addr, "dpdk0"),
		0);
	body = laddr_body(1, 201);
	check(RUN(rig, LADDR_ADD, &body, error), error, -EEXIST,
	      "local address 10.0.0.201 of TCP 10.0.0.1:80 exists already");
	memset(body.dev, 'e', sizeof(body.dev)); /* no NUL */
	check(RUN(rig, LADDR_DEL, &body, error), error, -ENOENT,
	      "local address 10.0.0.201 of TCP 10.0.0.1:80 is on device dpdk0, not on "
	      "\"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\"");
	body.dev[0] = '\0';
	check(RUN(rig, LADDR_ADD, &body, error), error, -EINVAL,
	      "local address 10.0.0.201 of TCP 10.0.0.1:80: its device is not named (-F)");
	body.family = 77;
	check(RUN(rig, LADDR_ADD, &body, error), error, -EAFNOSUPPORT,
	      "local address of TCP 10.0.0.1:80: address family 77; allowed: IPv4 and IPv6");
	body = laddr_body(2, 200);
	check(RUN(rig, LADDR_ADD, &body, error), error, -ENOENT,
	      "there is no service TCP 10.0.0.2:80");
	ipvs_rig_destroy(rig);
}

/* ---- listings ---- */

struct listing {
	unsigned int count;
	unsigned int kinds[64]; /* how many of each kind */
	void (*each)(struct listing *listing, uint16_t kind, const void *object);
	const void *arg;
};

static void listing_frame(struct listing *listing, const struct reply_chunk *chunk)
{
	const uint8_t *bytes = (const uint8_t *)chunk->bytes;
	const struct api_reply *reply = (const void *)(bytes + sizeof(struct api_frame));
	uint32_t at = sizeof(struct api_frame) + sizeof(*reply);
	uint32_t end = at + reply->len;

	assert_int_equal(reply->status, 0);
	while (at < end) {
		const struct api_item *item = (const void *)(bytes + at);

		at += sizeof(*item);
		assert_in_range(item->kind, 1, LENGTH(listing->kinds) - 1);
		listing->kinds[item->kind]++;
		listing->count++;
		if (listing->each)
			listing->each(listing, item->kind, bytes + at);
		at += API_ALIGN(item->len);
	}
}

/* Runs a listing to its end; returns its status. */
static int list(struct ipvs_rig *rig, uint16_t id, const void *body, size_t len,
		struct listing *listing)
{
	struct request_table tables[TABLES];
	struct dispatch dispatch = { .all = rig->all, .tables = tables };
	struct frame_request what = { .id = id, .len = (uint32_t)len, .body = body };
	struct reply reply = { .first = NULL };
	struct request *req = calloc(1, sizeof(*req));
	struct reply_chunk *chunk;
	int status;

	assert_non_null(req);
	tables_fill(tables);
	for (bool over = request_start(req, &dispatch, &reply, &what); !over;)
		over = request_resume(req);
	status = req->status;
	assert_int_equal(reply_finish(&reply), 0);
	while ((chunk = reply_take(&reply))) {
		if (status == 0)
			listing_frame(listing, chunk);
		free(chunk);
	}
	reply_free(&reply);
	free(req);
	return status;
}

#define LIST(rig, id, body, listing) list(rig, API_##id, body, sizeof(*(body)), listing)

/* Items of a service listing in the order in which they must come. */
static void each_in_order(struct listing *listing, uint16_t kind, const void *object)
{
	const char *const *want = listing->arg;
	char got[KEY_STR_LEN] = "";

	if (kind == API_KIND_SERVICE) {
		const struct api_service *svc = object;
		union ip_addr addr = ip_from_api(&svc->key.addr);

		ip_endpoint_str(AF_INET, &addr, svc->key.port, got);
	} else {
		const struct api_dest *dest = object;
		union ip_addr addr = ip_from_api(&dest->addr);

		ip_str(AF_INET, &addr, got);
	}
	assert_string_equal(got, want[listing->count - 1]);
}

static void test_service_list(void **state)
{
	static const char *const all_in_order[] = { "10.0.0.1:80", "10.0.0.102", "10.0.0.101",
						    "10.0.0.100", "10.0.0.2:80" };
	struct ipvs_rig *rig = rig_ready();
	struct api_service_filter filter = { .flags = API_SERVICE_DESTS };
	struct listing listing = { .each = each_in_order, .arg = all_in_order };
	struct api_service svc = service_body(2);
	char error[256];

	for (uint32_t n = 101; n <= 102; n++) {
		struct api_dest dest = dest_body(1, n);

		assert_int_equal(RUN(rig, DEST_ADD, &dest, error), 0);
	}
	assert_int_equal(RUN(rig, SERVICE_ADD, &svc, error), 0);
	assert_int_equal(LIST(rig, SERVICE_LIST, &filter, &listing), 0);
	assert_int_equal(listing.count, 5);
	filter.flags = 0;
	listing = (struct listing){ .count = 0 };
	assert_int_equal(LIST(rig, SERVICE_LIST, &filter, &listing), 0);
	assert_int_equal(listing.count, 2);
	filter.key = service_key(1);
	filter.flags = API_SERVICE_DESTS;
	listing = (struct listing){ .each = each_in_order, .arg = all_in_order };
	assert_int_equal(LIST(rig, SERVICE_LIST, &filter, &listing), 0);
	assert_int_equal(listing.count, 4);
	filter.cpu = 4;
	check(RUN(rig, SERVICE_LIST, &filter, error), error, -ERANGE,
	      "there is no worker 4; allowed: 1 to 3, or 0 for all");
	filter.cpu = 0;
	filter.key = service_key(9);
	check(RUN(rig, SERVICE_LIST, &filter, error), error, -ENOENT,
	      "there is no service TCP 10.0.0.9:80");
	ipvs_rig_destroy(rig);
}

struct wanted_dest {
	uint32_t active, inactive, flags;
	uint64_t conns;
};

static void each_dest(struct listing *listing, uint16_t kind, const void *object)
{
	const struct wanted_dest *want = listing->arg;
	const struct api_dest *dest = object;

	if (kind != API_KIND_DEST)
		return;
	assert_int_equal(dest->active, want->active);
	assert_int_equal(dest->inactive, want->inactive);
	assert_int_equal(dest->flags, want->flags);
	assert_int_equal(dest->stats.conns, want->conns);
	assert_int_equal(dest->upper, 4);
	assert_int_equal(dest->weight, 3);
	assert_int_equal(dest->forward, API_FORWARD_FNAT);
}

/* The sums of all workers, and one worker's. */
static void test_dest_counts(void **state)
{
	static const struct wanted_dest wanted[] = { /* by cpu */
						     { 1, 3, API_DEST_OVERLOAD, 4 },
						     { 1, 1, API_DEST_OVERLOAD, 2 },
						     { 0, 1, API_DEST_OVERLOAD, 1 },
						     { 0, 1, API_DEST_OVERLOAD, 1 }
	};
	struct ipvs_rig *rig = rig_ready();
	struct api_dest body = dest_body(1, 100);
	struct conn conns[4] = { { .flags = 0 } };
	char error[256];

	body.weight = 3;
	body.upper = 4;
	assert_int_equal(RUN(rig, DEST_SET, &body, error), 0);
	ipvs_rig_conn_new(&ipvs_rig_table(rig, 1)->dests[0], &conns[0]);
	dest_conn_active(&ipvs_rig_table(rig, 1)->dests[0], &conns[0]);
	for (unsigned int worker = 1; worker <= 3; worker++)
		ipvs_rig_conn_new(&ipvs_rig_table(rig, worker)->dests[0], &conns[worker]);
	for (uint32_t cpu = 0; cpu <= 3; cpu++) {
		struct api_service_filter filter = { .cpu = cpu, .flags = API_SERVICE_DESTS };
		struct listing listing = { .each = each_dest, .arg = &wanted[cpu] };

		assert_int_equal(LIST(rig, SERVICE_LIST, &filter, &listing), 0);
		assert_int_equal(listing.kinds[API_KIND_DEST], 1);
	}
	ipvs_rig_destroy(rig);
}

static void each_laddr(struct listing *listing, uint16_t kind, const void *object)
{
	const struct api_laddr *laddr = object;
	union ip_addr addr = ipvs_rig_ip(200 + listing->count);

	assert_int_equal(kind, API_KIND_LADDR);
	assert_int_equal(laddr->addr.v4, addr.v4);
	assert_int_equal(laddr->conns, 6);
	assert_int_equal(laddr->conflicts, 3);
	assert_string_equal(laddr->dev, "dpdk0");
}

static void test_laddr_list(void **state)
{
	struct ipvs_rig *rig = rig_ready();
	struct api_service_filter filter = { .cpu = 0 };
	struct listing listing = { .each = each_laddr };

	for (uint32_t n = 201; n <= 203; n++) {
		union ip_addr addr = ipvs_rig_ip(n);

		assert_int_equal(laddr_add(rig->all, &ipvs_rig_table(rig, 0)->services[0], AF_INET,
					   &addr, "dpdk0"),
				 0);
	}
	for (unsigned int worker = 1; worker <= 3; worker++)
		for (uint32_t id = 0; id < 3; id++) {
			ipvs_rig_table(rig, worker)->laddrs[id].conns = worker;
			ipvs_rig_table(rig, worker)->laddrs[id].conflicts = 1;
		}
	assert_int_equal(LIST(rig, LADDR_LIST, &filter, &listing), 0);
	assert_int_equal(listing.count, 3);
	filter.key = service_key(1);
	listing = (struct listing){ .each = each_laddr };
	assert_int_equal(LIST(rig, LADDR_LIST, &filter, &listing), 0);
	assert_int_equal(listing.count, 3);
	ipvs_rig_destroy(rig);
}

static void each_conn(struct listing *listing, uint16_t kind, const void *object)
{
	const struct api_conn *conn = object;

	assert_int_equal(kind, API_KIND_CONN);
	assert_string_equal(conn->state, conn->protocol == IPPROTO_TCP ? "TCP_EST" : "UDP_ONEWAY");
	assert_int_equal(conn->timeout_s, 90);
	assert_int_equal(conn->left_s, 90);
	assert_int_equal(conn->caddr.v4, ipvs_rig_ip(5000).v4);
	assert_int_equal(conn->vaddr.v4, ipvs_rig_ip(1).v4);
	assert_int_equal(conn->laddr.v4, ipvs_rig_ip(200).v4);
	assert_int_equal(conn->daddr.v4, ipvs_rig_ip(100).v4);
	assert_int_equal(ntohs(conn->vport), 80);
	assert_int_equal(ntohs(conn->dport), 8000);
	assert_int_equal(conn->cport, conn->lport);
	assert_in_range(conn->worker, 1, 3);
}

static void open_conns(struct ipvs_rig *rig, unsigned int worker, uint8_t proto, uint16_t count)
{
	struct conn_table *conns = rig->ipvs[worker].conns;

	rig->ipvs[worker].config.tcp_timeout_s[TCP_ESTABLISHED] = 90;
	rig->ipvs[worker].config.udp_timeout_s[0] = 90;
	for (uint16_t port = 1; port <= count; port++) {
		struct tuple in = { .src = ipvs_rig_ip(5000),
				    .dst = ipvs_rig_ip(1),
				    .sport = htons(port),
				    .dport = htons(80),
				    .proto = proto,
				    .family = AF_INET };
		struct tuple out = { .src = ipvs_rig_ip(100),
				     .dst = ipvs_rig_ip(200),
				     .sport = htons(8000),
				     .dport = htons(port),
				     .proto = proto,
				     .family = AF_INET };
		uint32_t id = conn_create(conns, &in, &out);

		assert_int_not_equal(id, CONN_NONE);
		if (proto == IPPROTO_TCP)
			conn_get(conns, id)->state = TCP_ESTABLISHED;
		conn_set_timeout(conns, id, 90, 0);
	}
}

static void test_conn_list(void **state)
{
	struct ipvs_rig *rig = rig_ready();
	struct api_conn_filter filter = { .cpu = 0 };
	struct listing listing = { .each = each_conn };
	char error[256];

	assert_int_equal(LIST(rig, CONN_LIST, &filter, &listing), 0);
	assert_int_equal(listing.count, 0);
	open_conns(rig, 1, IPPROTO_TCP, 1000);
	open_conns(rig, 3, IPPROTO_TCP, 700);
	open_conns(rig, 3, IPPROTO_UDP, 77);
	assert_int_equal(LIST(rig, CONN_LIST, &filter, &listing), 0);
	assert_int_equal(listing.count, 1777);
	filter.key = service_key(1);
	listing = (struct listing){ .each = each_conn };
	assert_int_equal(LIST(rig, CONN_LIST, &filter, &listing), 0);
	assert_int_equal(listing.count, 1700);
	filter.cpu = 3;
	filter.key.protocol = IPPROTO_UDP;
	listing = (struct listing){ .each = each_conn };
	assert_int_equal(LIST(rig, CONN_LIST, &filter, &listing), 0);
	assert_int_equal(listing.count, 77);
	filter.cpu = 99;
	check(RUN(rig, CONN_LIST, &filter, error), error, -ERANGE,
	      "there is no worker 99; allowed: 1 to 3, or 0 for all");
	ipvs_rig_destroy(rig);
}

static void each_template(struct listing *listing, uint16_t kind, const void *object)
{
	const struct api_conn *conn = object;

	assert_int_equal(conn->flags, API_CONN_TEMPLATE);
	assert_string_equal(conn->state, *(const bool *)listing->arg ? "ASSURED" : "NONE");
	assert_int_equal(conn->caddr.v4, ipvs_rig_ip(5000 & ~255u).v4);
	assert_int_equal(conn->vport, RTE_BE16(80));
	assert_int_equal(conn->daddr.v4, ipvs_rig_ip(100).v4);
	assert_int_equal(conn->left_s, 60);
	assert_int_equal(conn->worker, 2);
}

/* Like a connection from port 0; its state is what any worker knows of its connections. */
static void test_template_list(void **state)
{
	struct ipvs_rig *rig = rig_ready();
	struct service *svc = &ipvs_rig_table(rig, 2)->services[0];
	struct api_service body = service_body(1);
	struct tuple tuple = { .src = ipvs_rig_ip(5000), .dst = svc->key.addr, .family = AF_INET };
	const struct sched_packet packet = { .tuple = &tuple };
	struct api_conn_filter filter = { .cpu = 0 };
	bool assured = false;
	struct listing listing = { .each = each_template, .arg = &assured };
	struct template_decision decision;
	struct conn_cold cold = { .family = AF_INET };
	enum drop_reason reason;
	char error[256];

	body.flags = API_SERVICE_PERSISTENT, body.timeout_s = 60, body.plen = 24;
	assert_int_equal(RUN(rig, SERVICE_SET, &body, error), 0);
	assert_true(template_decide(rig->all[2], svc, &packet, &decision, &reason));
	template_conn_new(rig->all[3], &cold, &decision);
	assert_int_equal(LIST(rig, CONN_LIST, &filter, &listing), 0);
	assert_int_equal(listing.count, 1);
	template_conn_assured(rig->all[3], &cold);
	assured = true;
	assert_int_equal(LIST(rig, CONN_LIST, &filter, &listing), 0);
	assert_int_equal(listing.count, 2);
	assert_int_equal(template_conns(rig->all[2], CONN_FIRST), 1);
	template_conn_free(rig->all[3], &cold);
	assert_int_equal(template_conns(rig->all[2], CONN_FIRST), 0);
	ipvs_rig_destroy(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_services),  cmocka_unit_test(test_services),
		cmocka_unit_test(test_bad_dests),     cmocka_unit_test(test_bad_laddrs),
		cmocka_unit_test(test_service_list),  cmocka_unit_test(test_dest_counts),
		cmocka_unit_test(test_laddr_list),    cmocka_unit_test(test_conn_list),
		cmocka_unit_test(test_service_keeps), cmocka_unit_test(test_dest_keeps),
		cmocka_unit_test(test_template_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
