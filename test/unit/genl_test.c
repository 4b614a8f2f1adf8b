/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * genl_test: the messages of the kernel's IPVS, both ways and by tables: what
 * request a message becomes, which error it gets, and what an item of an answer
 * looks like in attributes. The dialect is called as control/netlink calls it.
 */
#include "lib/unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <rte_byteorder.h>

#include "ipvs/genl.h"
#include "ipvs/genl_ctl.h"

struct talk {
	struct genl_config config;
	struct netlink_context context;
	void *state;
	struct netlink_request request;
	struct netlink_out out;
	uint64_t bytes[256];
	struct nlmsghdr *message;
};

static struct talk *talk_create(void)
{
	struct talk *talk = calloc(1, sizeof(*talk));

	assert_non_null(talk);
	talk->context.arg = &talk->config;
	talk->state = calloc(1, genl_dialect.state_size);
	assert_non_null(talk->state);
	return talk;
}

static void talk_destroy(struct talk *talk)
{
	netlink_out_free(&talk->out);
	free(talk->state);
	free(talk);
}

static void message_begin(struct talk *talk, uint8_t cmd, uint16_t flags)
{
	struct genlmsghdr *head;

	memset(talk->bytes, 0, sizeof(talk->bytes));
	talk->message = mnl_nlmsg_put_header(talk->bytes);
	talk->message->nlmsg_type = GENL_FAMILY_ID;
	talk->message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	talk->message->nlmsg_seq = 77;
	talk->message->nlmsg_pid = 4711;
	head = mnl_nlmsg_put_extra_header(talk->message, sizeof(*head));
	head->cmd = cmd;
}

static const uint8_t address4[16] = { 10, 0, 0, 1 };
static const uint8_t address6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 1 };

static void put_key(struct talk *talk, uint16_t family, uint16_t protocol, uint16_t port)
{
	mnl_attr_put_u16(talk->message, IPVS_SVC_ATTR_AF, family);
	mnl_attr_put_u16(talk->message, IPVS_SVC_ATTR_PROTOCOL, protocol);
	mnl_attr_put(talk->message, IPVS_SVC_ATTR_ADDR, 16,
		     family == AF_INET ? address4 : address6);
	mnl_attr_put_u16(talk->message, IPVS_SVC_ATTR_PORT, rte_cpu_to_be_16(port));
}

static void put_service(struct talk *talk, uint16_t family, uint32_t flags, uint32_t netmask)
{
	struct nlattr *nest = mnl_attr_nest_start(talk->message, IPVS_CMD_ATTR_SERVICE);
	struct ip_vs_flags both = { .flags = flags, .mask = ~0u };

	put_key(talk, family, IPPROTO_TCP, 80);
	mnl_attr_put_strz(talk->message, IPVS_SVC_ATTR_SCHED_NAME, "wrr");
	mnl_attr_put(talk->message, IPVS_SVC_ATTR_FLAGS, sizeof(both), &both);
	mnl_attr_put_u32(talk->message, IPVS_SVC_ATTR_TIMEOUT, 300);
	mnl_attr_put_u32(talk->message, IPVS_SVC_ATTR_NETMASK, netmask);
	mnl_attr_nest_end(talk->message, nest);
}

static void put_dest(struct talk *talk, uint32_t forward)
{
	struct nlattr *nest = mnl_attr_nest_start(talk->message, IPVS_CMD_ATTR_DEST);
	static const uint8_t server[16] = { 10, 2, 0, 1 };

	mnl_attr_put(talk->message, IPVS_DEST_ATTR_ADDR, 16, server);
	mnl_attr_put_u16(talk->message, IPVS_DEST_ATTR_PORT, rte_cpu_to_be_16(8080));
	mnl_attr_put_u32(talk->message, IPVS_DEST_ATTR_FWD_METHOD, forward);
	mnl_attr_put_u32(talk->message, IPVS_DEST_ATTR_WEIGHT, 5);
	mnl_attr_put_u32(talk->message, IPVS_DEST_ATTR_U_THRESH, 20);
	mnl_attr_put_u32(talk->message, IPVS_DEST_ATTR_L_THRESH, 10);
	mnl_attr_nest_end(talk->message, nest);
}

/* The message as it lies there; is a request wanted? */
static bool begin(struct talk *talk)
{
	memset(talk->state, 0, genl_dialect.state_size);
	netlink_out_free(&talk->out);
	return genl_dialect.begin(talk->state, &talk->context, talk->message, &talk->request,
				  &talk->out);
}

static bool end(struct talk *talk, int status, const char *text)
{
	return genl_dialect.end(talk->state, status, text, &talk->request, &talk->out);
}

/* The next message of the answer, or NULL. */
static const struct nlmsghdr *answer(struct talk *talk)
{
	const void *message;

	if (netlink_out_left(&talk->out) == 0)
		return NULL;
	message = talk->out.bytes + talk->out.at;
	netlink_out_take(&talk->out, MNL_ALIGN(((const struct nlmsghdr *)message)->nlmsg_len));
	assert_int_equal(((const struct nlmsghdr *)message)->nlmsg_seq, 77);
	assert_int_equal(((const struct nlmsghdr *)message)->nlmsg_pid, 4711);
	return message;
}

static void assert_acknowledged(struct talk *talk, int err)
{
	const struct nlmsghdr *message = answer(talk);
	const struct nlmsgerr *body;

	assert_non_null(message);
	assert_int_equal(message->nlmsg_type, NLMSG_ERROR);
	body = mnl_nlmsg_get_payload(message);
	assert_int_equal(body->error, err);
	assert_null(answer(talk));
}

/* ---- what messages become ---- */

static void services_come(void **state)
{
	static const struct {
		uint8_t cmd;
		uint16_t family;
		uint32_t flags, netmask;
		int err;
		uint16_t id;
		uint32_t ours, plen, timeout_s;
	} rows[] = {
		{ IPVS_CMD_NEW_SERVICE, AF_INET, 0, ~0u, 0, API_SERVICE_ADD, 0, 0, 0 },
		{ IPVS_CMD_NEW_SERVICE, AF_INET6, 0, 128, 0, API_SERVICE_ADD, 0, 0, 0 },
		{ IPVS_CMD_NEW_SERVICE, AF_INET, IP_VS_SVC_F_PERSISTENT, ~0u, 0, API_SERVICE_ADD,
		  API_SERVICE_PERSISTENT, 32, 300 },
		{ IPVS_CMD_NEW_SERVICE, AF_INET, IP_VS_SVC_F_PERSISTENT, RTE_BE32(0xffffff00), 0,
		  API_SERVICE_ADD, API_SERVICE_PERSISTENT, 24, 300 },
		{ IPVS_CMD_NEW_SERVICE, AF_INET, IP_VS_SVC_F_PERSISTENT, RTE_BE32(0xff00ff00),
		  -EINVAL, 0, 0, 0, 0 },
		{ IPVS_CMD_NEW_SERVICE, AF_INET6, IP_VS_SVC_F_PERSISTENT, 64, 0, API_SERVICE_ADD,
		  API_SERVICE_PERSISTENT, 64, 300 },
		{ IPVS_CMD_NEW_SERVICE, AF_INET6, IP_VS_SVC_F_PERSISTENT, 129, -EINVAL, 0, 0, 0,
		  0 },
		{ IPVS_CMD_NEW_SERVICE, AF_INET, IP_VS_SVC_F_ONEPACKET | IP_VS_SVC_F_SCHED2, ~0u, 0,
		  API_SERVICE_ADD, API_SERVICE_ONEPACKET | API_SERVICE_SCHED2, 0, 0 },
	};
	struct talk *talk = talk_create();

	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		const struct api_service *service = (const void *)talk->request.body;

		message_begin(talk, rows[i].cmd, 0);
		put_service(talk, rows[i].family, rows[i].flags, rows[i].netmask);
		assert_int_equal(begin(talk), rows[i].err == 0);
		if (rows[i].err) {
			assert_acknowledged(talk, rows[i].err);
			continue;
		}
		assert_int_equal(talk->request.id, rows[i].id);
		assert_int_equal(talk->request.len, sizeof(*service));
		assert_int_equal(service->key.family, rows[i].family);
		assert_int_equal(service->key.protocol, IPPROTO_TCP);
		assert_int_equal(service->key.port, RTE_BE16(80));
		assert_memory_equal(&service->key.addr,
				    rows[i].family == AF_INET ? address4 : address6, 16);
		assert_string_equal(service->sched, "wrr");
		assert_int_equal(service->flags, rows[i].ours);
		assert_int_equal(service->plen, rows[i].plen);
		assert_int_equal(service->timeout_s, rows[i].timeout_s);
		assert_false(end(talk, 0, ""));
		assert_acknowledged(talk, 0);
	}
	talk_destroy(talk);
}

/* Who names a service is told first whether there is one. */
static void errors_are_the_kernels(void **state)
{
	static const struct {
		uint8_t cmd;
		bool looks;
		int status;
		int err;
	} rows[] = {
		{ IPVS_CMD_NEW_SERVICE, false, -EEXIST, -EEXIST },
		{ IPVS_CMD_NEW_SERVICE, false, -ENOENT, -ENOENT },
		{ IPVS_CMD_NEW_SERVICE, false, -EOPNOTSUPP, -EINVAL },
		{ IPVS_CMD_SET_SERVICE, true, -ENOENT, -ENOENT },
		{ IPVS_CMD_DEL_SERVICE, true, -ENOENT, -ENOENT },
		{ IPVS_CMD_NEW_DEST, true, -EEXIST, -EEXIST },
		{ IPVS_CMD_SET_DEST, true, -ENOENT, -ENOENT },
		{ IPVS_CMD_DEL_DEST, true, -ENOENT, -ENOENT },
		{ IPVS_CMD_ZERO, false, -ENOENT, -ESRCH },
		{ IPVS_CMD_GET_SERVICE, false, -ENOENT, -ESRCH },
		{ IPVS_CMD_FLUSH, false, -ENOMEM, -ENOMEM },
		{ IPVS_CMD_SET_CONFIG, false, -ERANGE, -ERANGE },
	};
	struct talk *talk = talk_create();

	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		for (int missing = 0; missing <= rows[i].looks; missing++) {
			message_begin(talk, rows[i].cmd, 0);
			put_service(talk, AF_INET, 0, ~0u);
			put_dest(talk, IP_VS_CONN_F_DROUTE);
			assert_true(begin(talk));
			if (rows[i].looks) {
				assert_int_equal(talk->request.id, API_SERVICE_LIST);
				assert_int_equal(end(talk, missing ? -ENOENT : 0, "none"),
						 !missing);
			}
			if (missing) {
				assert_acknowledged(talk, -ESRCH);
				continue;
			}
			assert_false(end(talk, rows[i].status, "why"));
			assert_acknowledged(talk, rows[i].err);
		}
	}
	talk_destroy(talk);
}

static const struct api_dest *dest_wanted(struct talk *talk, uint8_t cmd, uint32_t forward,
					  uint16_t is_now)
{
	static const uint8_t server[16] = { 10, 2, 0, 1 };
	struct api_service service = { .n_laddrs = 0 };
	struct api_dest now = { .family = AF_INET, .port = RTE_BE16(8080), .forward = is_now };

	memcpy(&now.addr, server, sizeof(server));
	message_begin(talk, cmd, 0);
	put_service(talk, AF_INET, 0, ~0u);
	put_dest(talk, forward);
	assert_true(begin(talk));
	genl_dialect.item(talk->state, API_KIND_SERVICE, &service, sizeof(service), &talk->out);
	genl_dialect.item(talk->state, API_KIND_DEST, &now, sizeof(now), &talk->out);
	assert_true(end(talk, 0, ""));
	return (const void *)talk->request.body;
}

/* A server by -m for a service that has a local address of that family. */
static void service_of_laddrs(struct talk *talk, uint16_t family)
{
	struct api_service service = { .n_laddrs = 1 };
	struct api_laddr laddr = { .family = family };

	message_begin(talk, IPVS_CMD_NEW_DEST, 0);
	put_service(talk, AF_INET, 0, ~0u);
	put_dest(talk, IP_VS_CONN_F_MASQ);
	assert_true(begin(talk));
	genl_dialect.item(talk->state, API_KIND_SERVICE, &service, sizeof(service), &talk->out);
	assert_true(end(talk, 0, ""));
	assert_int_equal(talk->request.id, API_LADDR_LIST);
	genl_dialect.item(talk->state, API_KIND_LADDR, &laddr, sizeof(laddr), &talk->out);
	assert_true(end(talk, 0, ""));
}

static void servers_come(void **state)
{
	struct talk *talk = talk_create();
	const struct api_dest *dest = dest_wanted(talk, IPVS_CMD_NEW_DEST, IP_VS_CONN_F_DROUTE, 0);

	assert_int_equal(talk->request.id, API_DEST_ADD);
	assert_int_equal(dest->service.port, RTE_BE16(80));
	assert_int_equal(dest->family, AF_INET);
	assert_int_equal(dest->port, RTE_BE16(8080));
	assert_int_equal(dest->forward, API_FORWARD_DR);
	assert_int_equal(dest->weight, 5);
	assert_int_equal(dest->upper, 20);
	assert_int_equal(dest->lower, 10);

	dest = dest_wanted(talk, IPVS_CMD_SET_DEST, IP_VS_CONN_F_TUNNEL, API_FORWARD_DR);
	assert_int_equal(talk->request.id, API_DEST_SET);
	assert_int_equal(dest->forward, API_FORWARD_TUNNEL);
	assert_int_equal(dest->flags, 0);
	talk_destroy(talk);
}

static void masquerading_is_what_the_conf_file_says(void **state)
{
	struct talk *talk = talk_create();
	const struct api_dest *dest;
	const struct api_laddr *laddr = (const void *)talk->request.body;

	dest = dest_wanted(talk, IPVS_CMD_NEW_DEST, IP_VS_CONN_F_MASQ, 0);
	assert_int_equal(dest->forward, API_FORWARD_NAT);
	assert_false(end(talk, -EOPNOTSUPP, "NAT is not there"));
	assert_non_null(memmem(talk->out.bytes, talk->out.end, "genl_masq", 9));

	talk->config.masq = API_FORWARD_FNAT;
	/* two of the server's family, one of the other */
	talk->config.n_laddrs = 3;
	talk->config.laddrs[0].family = AF_INET;
	talk->config.laddrs[1].family = AF_INET6;
	strcpy(talk->config.laddrs[1].dev, "dpdk6");
	talk->config.laddrs[2].family = AF_INET;
	strcpy(talk->config.laddrs[2].dev, "dpdk1");
	dest_wanted(talk, IPVS_CMD_NEW_DEST, IP_VS_CONN_F_MASQ, 0);
	assert_int_equal(talk->request.id, API_LADDR_ADD);
	assert_true(end(talk, 0, ""));
	assert_int_equal(talk->request.id, API_LADDR_ADD);
	assert_string_equal(laddr->dev, "dpdk1");
	assert_true(end(talk, -EEXIST, "it has it"));
	assert_int_equal(talk->request.id, API_DEST_ADD);
	assert_int_equal(dest->forward, API_FORWARD_FNAT);
	assert_false(end(talk, 0, ""));
	assert_acknowledged(talk, 0);

	/* what the service has counts, if it is of the server's family */
	service_of_laddrs(talk, AF_INET);
	assert_int_equal(talk->request.id, API_DEST_ADD);
	assert_int_equal(dest->forward, API_FORWARD_FNAT);
	service_of_laddrs(talk, AF_INET6);
	assert_int_equal(talk->request.id, API_LADDR_ADD);
	assert_int_equal(laddr->family, AF_INET);

	/* none of its family, and the service has none */
	talk->config.n_laddrs = 0;
	message_begin(talk, IPVS_CMD_NEW_DEST, 0);
	put_service(talk, AF_INET, 0, ~0u);
	put_dest(talk, IP_VS_CONN_F_MASQ);
	assert_true(begin(talk));
	assert_false(end(talk, 0, ""));
	assert_non_null(memmem(talk->out.bytes, talk->out.end, "genl_local_address", 18));

	/* what was shown as Masq stays what it is */
	talk->config.masq = API_FORWARD_NAT;
	dest = dest_wanted(talk, IPVS_CMD_SET_DEST, IP_VS_CONN_F_MASQ, API_FORWARD_FNAT);
	assert_int_equal(talk->request.id, API_DEST_SET);
	assert_int_equal(dest->flags, API_DEST_KEEP_FORWARD);
	talk_destroy(talk);
}

/* ---- what is wrong in form ---- */

static void wrong_messages_are_refused(void **state)
{
	struct talk *talk = talk_create();
	struct nlattr *nest;

	/* no service; a service of nothing; one without its settings; another family */
	message_begin(talk, IPVS_CMD_NEW_SERVICE, 0);
	assert_false(begin(talk));
	assert_acknowledged(talk, -EINVAL);
	mnl_attr_put(talk->message, IPVS_CMD_ATTR_SERVICE | NLA_F_NESTED, 0, NULL);
	assert_false(begin(talk));
	assert_acknowledged(talk, -EINVAL);
	message_begin(talk, IPVS_CMD_NEW_SERVICE, 0);
	nest = mnl_attr_nest_start(talk->message, IPVS_CMD_ATTR_SERVICE);
	put_key(talk, AF_INET, IPPROTO_TCP, 80);
	mnl_attr_nest_end(talk->message, nest);
	assert_false(begin(talk));
	assert_acknowledged(talk, -EINVAL);
	message_begin(talk, IPVS_CMD_NEW_SERVICE, 0);
	put_service(talk, AF_UNIX, 0, ~0u);
	assert_false(begin(talk));
	assert_acknowledged(talk, -EAFNOSUPPORT);
	/* an unknown command; a message without the family's header */
	message_begin(talk, 200, 0);
	assert_false(begin(talk));
	assert_acknowledged(talk, -EOPNOTSUPP);
	message_begin(talk, IPVS_CMD_FLUSH, 0);
	talk->message->nlmsg_len = NLMSG_HDRLEN;
	assert_false(begin(talk));
	assert_acknowledged(talk, -EINVAL);
	/* what is no request is not answered */
	message_begin(talk, IPVS_CMD_FLUSH, 0);
	talk->message->nlmsg_flags = 0;
	assert_false(begin(talk));
	assert_null(answer(talk));
	/* no daemon of synchronisation */
	message_begin(talk, IPVS_CMD_NEW_DAEMON, 0);
	assert_false(begin(talk));
	assert_acknowledged(talk, -EOPNOTSUPP);
	message_begin(talk, IPVS_CMD_DEL_DAEMON, 0);
	assert_false(begin(talk));
	assert_acknowledged(talk, -ESRCH);
	talk_destroy(talk);
}

static void the_family_is_found(void **state)
{
	struct talk *talk = talk_create();
	const struct nlmsghdr *message;
	const struct nlattr *attr;
	uint16_t id = 0;

	message_begin(talk, CTRL_CMD_GETFAMILY, 0);
	talk->message->nlmsg_type = GENL_ID_CTRL;
	mnl_attr_put_strz(talk->message, CTRL_ATTR_FAMILY_NAME, "IPVS");
	assert_false(begin(talk));
	message = answer(talk);
	assert_non_null(message);
	mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr)) if (mnl_attr_get_type(attr) ==
									CTRL_ATTR_FAMILY_ID)
		id = mnl_attr_get_u16(attr);
	assert_int_equal(id, GENL_FAMILY_ID);
	assert_acknowledged(talk, 0);

	message_begin(talk, CTRL_CMD_GETFAMILY, 0);
	talk->message->nlmsg_type = GENL_ID_CTRL;
	mnl_attr_put_strz(talk->message, CTRL_ATTR_FAMILY_NAME, "ethtool");
	assert_false(begin(talk));
	assert_acknowledged(talk, -ENOENT);
	talk_destroy(talk);
}

/* ---- answers ---- */

/* What is written can be read again. */
static void services_go_out_as_they_come_in(void **state)
{
	static const struct api_service rows[] = {
		{ .key = { .family = AF_INET, .protocol = IPPROTO_UDP, .port = RTE_BE16(53) },
		  .sched = "rr" },
		{ .key = { .family = AF_INET6, .protocol = IPPROTO_TCP, .port = RTE_BE16(443) },
		  .sched = "wlc",
		  .flags = API_SERVICE_PERSISTENT | API_SERVICE_SCHED1,
		  .timeout_s = 60,
		  .plen = 64 },
		{ .key = { .family = AF_INET, .fwmark = 7 },
		  .sched = "sh",
		  .flags = API_SERVICE_PERSISTENT,
		  .timeout_s = 50,
		  .plen = 24 },
	};
	struct talk *talk = talk_create();

	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		const struct nlmsghdr *message;
		struct api_service back;
		uint32_t mask;

		message_begin(talk, IPVS_CMD_GET_SERVICE, NLM_F_DUMP);
		assert_true(begin(talk));
		assert_int_equal(talk->request.id, API_SERVICE_LIST);
		genl_dialect.item(talk->state, API_KIND_SERVICE, &rows[i], sizeof(rows[i]),
				  &talk->out);
		assert_false(end(talk, 0, ""));
		message = answer(talk);
		assert_non_null(message);
		assert_true(message->nlmsg_flags & NLM_F_MULTI);
		assert_int_equal(genl_read_service(mnl_nlmsg_get_payload_offset(
							   message, sizeof(struct genlmsghdr)),
						   true, &back, &mask),
				 0);
		assert_memory_equal(&back, &rows[i], sizeof(back));
		message = answer(talk);
		assert_int_equal(message->nlmsg_type, NLMSG_DONE);
		assert_null(answer(talk));
	}
	talk_destroy(talk);
}

static void servers_go_out_as_they_come_in(void **state)
{
	struct api_service_key key = { .family = AF_INET };
	struct talk *talk = talk_create();
	struct api_dest dest = { .service = key,
				 .family = AF_INET6,
				 .port = RTE_BE16(8080),
				 .forward = API_FORWARD_TUNNEL,
				 .weight = 9,
				 .upper = 4,
				 .lower = 2 };
	const struct nlmsghdr *message;
	struct api_dest back;

	message_begin(talk, IPVS_CMD_GET_DEST, NLM_F_DUMP);
	put_service(talk, AF_INET, 0, ~0u);
	assert_true(begin(talk));
	genl_dialect.item(talk->state, API_KIND_DEST, &dest, sizeof(dest), &talk->out);
	message = answer(talk);
	assert_non_null(message);
	assert_int_equal(
		genl_read_dest(mnl_nlmsg_get_payload_offset(message, sizeof(struct genlmsghdr)),
			       &key, true, &back),
		0);
	assert_memory_equal(&back, &dest, sizeof(back));

	dest.forward = API_FORWARD_FNAT;
	genl_dialect.item(talk->state, API_KIND_DEST, &dest, sizeof(dest), &talk->out);
	message = answer(talk);
	genl_read_dest(mnl_nlmsg_get_payload_offset(message, sizeof(struct genlmsghdr)), &key, true,
		       &back);
	assert_int_equal(back.forward, IP_VS_CONN_F_MASQ);
	talk_destroy(talk);
}

static void files_of_proc(void **state)
{
	const struct api_conn conn = {
		.caddr = { .v4 = RTE_BE32(0x0a010001) },
		.vaddr = { .v4 = RTE_BE32(0x0a010064) },
		.daddr = { .v4 = RTE_BE32(0x0a020001) },
		.family = AF_INET,
		.protocol = IPPROTO_TCP,
		.cport = RTE_BE16(0xd431),
		.vport = RTE_BE16(80),
		.dport = RTE_BE16(8080),
		.left_s = 899,
		.state = "TCP_EST",
	};
	char line[256];

	genl_conn_line(&conn, line, sizeof(line));
	assert_string_equal(line,
			    "TCP 0A010001 D431 0A010064 0050 0A020001 1F90 ESTABLISHED     899\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_come),
		cmocka_unit_test(errors_are_the_kernels),
		cmocka_unit_test(servers_come),
		cmocka_unit_test(masquerading_is_what_the_conf_file_says),
		cmocka_unit_test(wrong_messages_are_refused),
		cmocka_unit_test(the_family_is_found),
		cmocka_unit_test(services_go_out_as_they_come_in),
		cmocka_unit_test(servers_go_out_as_they_come_in),
		cmocka_unit_test(files_of_proc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
