/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/genl-ctl: what the messages of the kernel's IPVS mean here. A message
 * becomes one request or several, one after the other: whoever names a service
 * first asks whether there is one, since tools tell a service that is missing
 * from a server that is missing by the error's number (ESRCH, ENOENT); and
 * where -m means FNAT, the service gets its local addresses before its first
 * server. The rules are those of the requests, so that nothing can be done here
 * that ours could not do, and the sentence of a refusal goes along where the
 * number says too little.
 */
#include "ipvs/genl_ctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <rte_common.h>

#include "base/log.h"
#include "ipvs/genl.h"

#define GENL_VERSION 0x010201u /* the kernel's IPVS 1.2.1, which the tools ask for */

enum genl_phase {
	PHASE_RUN,    /* the request that changes or lists */
	PHASE_LOOK,   /* is there such a service? */
	PHASE_SEEK,   /* has it local addresses of the server's family? */
	PHASE_LADDRS, /* its local addresses */
};

struct genl_state {
	const struct genl_config *config;
	struct nlmsghdr header; /* of the message that is answered */
	const struct genl_command *command;
	uint8_t cmd;
	enum genl_phase phase;
	bool dump;
	struct api_service service;
	uint32_t flags_mask; /* of service.flags, those that were given */
	struct api_dest dest;
	bool dest_masq;      /* of the wanted server's namesake: it is NAT or FNAT now */
	bool has_laddr;      /* a local address of the server's family */
	unsigned int laddrs; /* this many were added */
	struct api_timeouts timeout;
	struct api_ipvs_stats sum;
	bool proc;
	bool proc_stats;
};

_Static_assert(sizeof(struct api_service) <= NETLINK_BODY_MAX &&
		       sizeof(struct api_dest) <= NETLINK_BODY_MAX &&
		       sizeof(struct api_laddr) <= NETLINK_BODY_MAX,
	       "requests fit");

enum genl_needs {
	NEEDS_SERVICE = 1,      /* a service's key */
	NEEDS_SERVICE_FULL = 2, /* all of it */
	NEEDS_DEST = 4,
	NEEDS_DEST_FULL = 8,
	NEEDS_LOOK = 16,    /* the service must be there */
	TAKES_SERVICE = 32, /* or means all */
};

struct genl_command {
	unsigned int needs; /* enum genl_needs */
	/* *request is what is run; false: the answer is complete. */
	bool (*run)(struct genl_state *state, struct netlink_request *request,
		    struct netlink_out *out);
};

static void want(struct netlink_request *request, uint16_t id, const void *body, size_t len)
{
	request->id = id;
	request->len = (uint32_t)len;
	memcpy(request->body, body, len);
}

/* ---- answers ---- */

/* Numbers for which the tools have words of their own. */
static bool error_speaks(int err)
{
	return err == -EEXIST || err == -ESRCH || err == -ENOENT;
}

/* For "not supported" the tools say that it is IPv6 that is not. */
static int error_number(const struct genl_state *state, int err)
{
	return err == -EOPNOTSUPP && state->service.key.family == AF_INET ? -EINVAL : err;
}

static bool finish(struct genl_state *state, int err, const char *text, struct netlink_out *out)
{
	if (err < 0 && text && text[0] && !error_speaks(err))
		log_info("ipvs: refused to a netlink client: %s", text);
	if (err == 0 && state->dump)
		netlink_out_done(out, &state->header);
	else if (err < 0 || (state->header.nlmsg_flags & NLM_F_ACK))
		netlink_out_ack(out, &state->header, error_number(state, err),
				error_speaks(err) ? NULL : text);
	return false;
}

/* A message of the family, with its own header; NULL: no memory. */
static struct nlmsghdr *answer_begin(const struct genl_state *state, uint8_t cmd,
				     struct netlink_out *out)
{
	struct nlmsghdr *message = netlink_out_begin(out, &state->header, state->header.nlmsg_type,
						     state->dump ? NLM_F_MULTI : 0);
	struct genlmsghdr *head;

	if (!message)
		return NULL;
	head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->cmd = cmd;
	head->version = IPVS_GENL_VERSION;
	return message;
}

/* ---- commands ---- */

static bool run_new_service(struct genl_state *state, struct netlink_request *request,
			    struct netlink_out *out)
{
	want(request, API_SERVICE_ADD, &state->service, sizeof(state->service));
	return true;
}

/* Flags that were not given stay; what is no matter of the kernel's does too. */
static bool run_set_service(struct genl_state *state, struct netlink_request *request,
			    struct netlink_out *out)
{
	state->service.keep = API_SERVICE_KEEP_CONN_TIMEOUT | API_SERVICE_KEEP_ON_REMOVE;
	if (!(state->flags_mask & API_SERVICE_PERSISTENT))
		state->service.keep |= API_SERVICE_KEEP_PERSISTENCE | API_SERVICE_KEEP_PLEN;
	if (!(state->flags_mask & API_SERVICE_ONEPACKET))
		state->service.keep |= API_SERVICE_KEEP_ONEPACKET;
	want(request, API_SERVICE_SET, &state->service, sizeof(state->service));
	return true;
}

static bool run_del_service(struct genl_state *state, struct netlink_request *request,
			    struct netlink_out *out)
{
	want(request, API_SERVICE_DEL, &state->service.key, sizeof(state->service.key));
	return true;
}

static bool run_get_service(struct genl_state *state, struct netlink_request *request,
			    struct netlink_out *out)
{
	struct api_service_filter filter = { .key = state->service.key };

	want(request, API_SERVICE_LIST, &filter, sizeof(filter));
	return true;
}

static bool run_get_dest(struct genl_state *state, struct netlink_request *request,
			 struct netlink_out *out)
{
	struct api_service_filter filter = { .key = state->service.key,
					     .flags = API_SERVICE_DESTS };

	want(request, API_SERVICE_LIST, &filter, sizeof(filter));
	return true;
}

static bool run_zero(struct genl_state *state, struct netlink_request *request,
		     struct netlink_out *out)
{
	want(request, API_SERVICE_ZERO, &state->service.key, sizeof(state->service.key));
	return true;
}

static bool run_flush(struct genl_state *state, struct netlink_request *request,
		      struct netlink_out *out)
{
	static const struct api_empty empty;

	want(request, API_SERVICE_FLUSH, &empty, sizeof(empty));
	return true;
}

/* The next local address that the service is to have for its server; false: there are no more. */
static bool run_laddr(struct genl_state *state, struct netlink_request *request)
{
	struct api_laddr laddr = { .service = state->service.key };

	while (state->laddrs < state->config->n_laddrs &&
	       state->config->laddrs[state->laddrs].family != state->dest.family)
		state->laddrs++;
	if (state->laddrs == state->config->n_laddrs)
		return false;
	laddr.addr = state->config->laddrs[state->laddrs].addr;
	laddr.family = state->config->laddrs[state->laddrs].family;
	memcpy(laddr.dev, state->config->laddrs[state->laddrs].dev, sizeof(laddr.dev));
	state->laddrs++;
	want(request, API_LADDR_ADD, &laddr, sizeof(laddr));
	state->phase = PHASE_LADDRS;
	return true;
}

static bool run_dest(struct genl_state *state, uint16_t id, struct netlink_request *request)
{
	state->phase = PHASE_RUN;
	want(request, id, &state->dest, sizeof(state->dest));
	return true;
}

static bool seek_laddrs(struct genl_state *state, struct netlink_request *request)
{
	struct api_service_filter filter = { .key = state->service.key };

	want(request, API_LADDR_LIST, &filter, sizeof(filter));
	state->phase = PHASE_SEEK;
	return true;
}

static bool run_full_nat(struct genl_state *state, uint16_t id, struct netlink_request *request,
			 struct netlink_out *out)
{
	if (state->has_laddr)
		return run_dest(state, id, request);
	if (run_laddr(state, request))
		return true;
	return finish(state, -EADDRNOTAVAIL,
		      "-m means full NAT here (ipvs_defs { genl_masq fnat }), which needs a local "
		      "address of the server's family: genl_local_address A dev D there, or "
		      "ipvsadm -P of dpvs",
		      out);
}

static uint16_t dest_id(const struct genl_state *state)
{
	return state->cmd == IPVS_CMD_SET_DEST ? API_DEST_SET : API_DEST_ADD;
}

/* Masquerading is what the conf file says it is. */
static bool run_masq_dest(struct genl_state *state, uint16_t id, struct netlink_request *request,
			  struct netlink_out *out)
{
	if (state->dest.forward != IP_VS_CONN_F_MASQ)
		return run_dest(state, id, request);
	if (id == API_DEST_SET && state->dest_masq) {
		state->dest.flags |= API_DEST_KEEP_FORWARD;
		return run_dest(state, id, request);
	}
	state->dest.forward = state->config->masq;
	if (state->config->masq != API_FORWARD_FNAT)
		return run_dest(state, id, request);
	return state->service.n_laddrs ? seek_laddrs(state, request)
				       : run_full_nat(state, id, request, out);
}

static bool run_new_dest(struct genl_state *state, struct netlink_request *request,
			 struct netlink_out *out)
{
	return run_masq_dest(state, API_DEST_ADD, request, out);
}

static bool run_set_dest(struct genl_state *state, struct netlink_request *request,
			 struct netlink_out *out)
{
	return run_masq_dest(state, API_DEST_SET, request, out);
}

static bool run_del_dest(struct genl_state *state, struct netlink_request *request,
			 struct netlink_out *out)
{
	return run_dest(state, API_DEST_DEL, request);
}

static bool run_set_config(struct genl_state *state, struct netlink_request *request,
			   struct netlink_out *out)
{
	want(request, API_TIMEOUT_SET, &state->timeout, sizeof(state->timeout));
	return true;
}

static bool run_get_config(struct genl_state *state, struct netlink_request *request,
			   struct netlink_out *out)
{
	static const struct api_empty empty;

	want(request, API_TIMEOUT_GET, &empty, sizeof(empty));
	return true;
}

static bool run_get_info(struct genl_state *state, struct netlink_request *request,
			 struct netlink_out *out)
{
	static const struct api_empty empty;

	want(request, API_IPVS_INFO, &empty, sizeof(empty));
	return true;
}

static bool run_new_daemon(struct genl_state *state, struct netlink_request *request,
			   struct netlink_out *out)
{
	return finish(state, -EOPNOTSUPP,
		      "there is no connection synchronisation daemon yet; instead VRRP moves the "
		      "addresses, and clients connect again",
		      out);
}

static bool run_del_daemon(struct genl_state *state, struct netlink_request *request,
			   struct netlink_out *out)
{
	return finish(state, -ESRCH, NULL, out);
}

static bool run_get_daemon(struct genl_state *state, struct netlink_request *request,
			   struct netlink_out *out)
{
	return finish(state, 0, NULL, out); /* a dump of none */
}

static const struct genl_command genl_commands[] = {
	[IPVS_CMD_NEW_SERVICE] = { NEEDS_SERVICE_FULL, run_new_service },
	[IPVS_CMD_SET_SERVICE] = { NEEDS_SERVICE_FULL | NEEDS_LOOK, run_set_service },
	[IPVS_CMD_DEL_SERVICE] = { NEEDS_SERVICE | NEEDS_LOOK, run_del_service },
	[IPVS_CMD_GET_SERVICE] = { TAKES_SERVICE, run_get_service },
	[IPVS_CMD_NEW_DEST] = { NEEDS_SERVICE | NEEDS_DEST_FULL | NEEDS_LOOK, run_new_dest },
	[IPVS_CMD_SET_DEST] = { NEEDS_SERVICE | NEEDS_DEST_FULL | NEEDS_LOOK, run_set_dest },
	[IPVS_CMD_DEL_DEST] = { NEEDS_SERVICE | NEEDS_DEST | NEEDS_LOOK, run_del_dest },
	[IPVS_CMD_GET_DEST] = { NEEDS_SERVICE, run_get_dest },
	[IPVS_CMD_NEW_DAEMON] = { 0, run_new_daemon },
	[IPVS_CMD_DEL_DAEMON] = { 0, run_del_daemon },
	[IPVS_CMD_GET_DAEMON] = { 0, run_get_daemon },
	[IPVS_CMD_SET_CONFIG] = { 0, run_set_config },
	[IPVS_CMD_GET_CONFIG] = { 0, run_get_config },
	[IPVS_CMD_GET_INFO] = { 0, run_get_info },
	[IPVS_CMD_ZERO] = { TAKES_SERVICE, run_zero },
	[IPVS_CMD_FLUSH] = { 0, run_flush },
};

/* ---- a message comes ---- */

/* The attributes of a command, by type; 0 or -EINVAL. */
static int command_attrs(const struct nlmsghdr *message,
			 const struct nlattr *attrs[IPVS_CMD_ATTR_MAX + 1])
{
	const struct nlattr *attr;

	memset(attrs, 0, (IPVS_CMD_ATTR_MAX + 1) * sizeof(attrs[0]));
	mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr))
	{
		uint16_t type = mnl_attr_get_type(attr);

		if (type > IPVS_CMD_ATTR_MAX)
			continue;
		if (type >= IPVS_CMD_ATTR_TIMEOUT_TCP && mnl_attr_get_payload_len(attr) < 4)
			return -EINVAL;
		attrs[type] = attr;
	}
	return 0;
}

static uint32_t timeout_of(const struct nlattr *attr)
{
	return attr ? mnl_attr_get_u32(attr) : 0;
}

static int command_read(struct genl_state *state, const struct nlmsghdr *message)
{
	const struct nlattr *attrs[IPVS_CMD_ATTR_MAX + 1];
	unsigned int needs = state->command->needs;
	const struct nlattr *service;
	int r = command_attrs(message, attrs);

	service = attrs[IPVS_CMD_ATTR_SERVICE];
	if (r == 0 && (needs & TAKES_SERVICE) && service)
		needs |= NEEDS_SERVICE;
	if (r == 0 && (needs & (NEEDS_SERVICE | NEEDS_SERVICE_FULL)))
		r = genl_read_service(service, needs & NEEDS_SERVICE_FULL, &state->service,
				      &state->flags_mask);
	if (r == 0 && (needs & (NEEDS_DEST | NEEDS_DEST_FULL)))
		r = genl_read_dest(attrs[IPVS_CMD_ATTR_DEST], &state->service.key,
				   needs & NEEDS_DEST_FULL, &state->dest);
	state->timeout = (struct api_timeouts){
		.tcp_s = timeout_of(attrs[IPVS_CMD_ATTR_TIMEOUT_TCP]),
		.tcp_fin_s = timeout_of(attrs[IPVS_CMD_ATTR_TIMEOUT_TCP_FIN]),
		.udp_s = timeout_of(attrs[IPVS_CMD_ATTR_TIMEOUT_UDP]),
	};
	return r;
}

static bool command_begin(struct genl_state *state, const struct nlmsghdr *message,
			  struct netlink_request *request, struct netlink_out *out)
{
	struct api_service_filter filter = { .cpu = 0 };
	int r;

	if (state->cmd >= RTE_DIM(genl_commands) || !genl_commands[state->cmd].run)
		return finish(state, -EOPNOTSUPP, NULL, out);
	state->command = &genl_commands[state->cmd];
	r = command_read(state, message);
	if (r == -EINVAL && state->dump)
		return finish(state, 0, NULL, out); /* the kernel's dump is empty, too */
	if (r < 0)
		return finish(state, r, NULL, out);
	if (!(state->command->needs & NEEDS_LOOK))
		return state->command->run(state, request, out);
	state->phase = PHASE_LOOK;
	filter.key = state->service.key;
	if (state->cmd == IPVS_CMD_SET_DEST && state->dest.forward == IP_VS_CONN_F_MASQ)
		filter.flags = API_SERVICE_DESTS;
	want(request, API_SERVICE_LIST, &filter, sizeof(filter));
	return true;
}

/* "Which number has the family IPVS?" */
static bool controller_begin(struct genl_state *state, const struct nlmsghdr *message,
			     struct netlink_out *out)
{
	const struct nlattr *attr;
	const char *name = NULL;
	struct nlmsghdr *answer;

	mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr))
	{
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_NAME &&
		    mnl_attr_get_payload_len(attr) == sizeof(IPVS_GENL_NAME))
			name = mnl_attr_get_payload(attr);
	}
	if (state->cmd != CTRL_CMD_GETFAMILY || !name ||
	    memcmp(name, IPVS_GENL_NAME, sizeof(IPVS_GENL_NAME)) != 0)
		return finish(state, -ENOENT, NULL, out);
	answer = answer_begin(state, CTRL_CMD_NEWFAMILY, out);
	if (!answer)
		return false;
	mnl_attr_put_strz(answer, CTRL_ATTR_FAMILY_NAME, IPVS_GENL_NAME);
	mnl_attr_put_u16(answer, CTRL_ATTR_FAMILY_ID, GENL_FAMILY_ID);
	mnl_attr_put_u32(answer, CTRL_ATTR_VERSION, IPVS_GENL_VERSION);
	mnl_attr_put_u32(answer, CTRL_ATTR_HDRSIZE, 0);
	mnl_attr_put_u32(answer, CTRL_ATTR_MAXATTR, IPVS_CMD_ATTR_MAX);
	netlink_out_commit(out, answer);
	return finish(state, 0, NULL, out);
}

static void proc_text(struct genl_state *state, const char *text, size_t len,
		      struct netlink_out *out)
{
	struct nlmsghdr *message = netlink_out_begin(out, &state->header, GENL_PROC_TYPE,
						     NLM_F_MULTI);

	if (!message)
		return;
	memcpy(mnl_nlmsg_put_extra_header(message, len), text, len);
	message->nlmsg_len = (uint32_t)(MNL_NLMSG_HDRLEN + len);
	netlink_out_commit(out, message);
}

/* The file is named by what stands behind /proc/net/. */
static bool proc_begin(struct genl_state *state, const struct nlmsghdr *message,
		       struct netlink_request *request, struct netlink_out *out)
{
	const char *name = mnl_nlmsg_get_payload(message);
	size_t len = strnlen(name, mnl_nlmsg_get_payload_len(message));
	struct api_conn_filter conns = { .cpu = 0 };
	struct api_service_filter services = { .cpu = 0 };

	state->proc = state->dump = true;
	if (len == strlen("ip_vs_conn") && memcmp(name, "ip_vs_conn", len) == 0) {
		proc_text(state, genl_conn_head, strlen(genl_conn_head), out);
		want(request, API_CONN_LIST, &conns, sizeof(conns));
		return true;
	}
	if (len == strlen("ip_vs_stats") && memcmp(name, "ip_vs_stats", len) == 0) {
		state->proc_stats = true;
		want(request, API_SERVICE_LIST, &services, sizeof(services));
		return true;
	}
	return finish(state, -ENOENT, NULL, out);
}

static bool genl_begin(void *arg, const struct netlink_context *context,
		       const struct nlmsghdr *message, struct netlink_request *request,
		       struct netlink_out *out)
{
	struct genl_state *state = arg;
	const struct genlmsghdr *head = mnl_nlmsg_get_payload(message);

	state->config = context->arg;
	state->header = *message;
	if (message->nlmsg_type == GENL_PROC_TYPE)
		return proc_begin(state, message, request, out);
	if (message->nlmsg_type < NLMSG_MIN_TYPE || !(message->nlmsg_flags & NLM_F_REQUEST))
		return false; /* acknowledgements and the like are not answered */
	if (mnl_nlmsg_get_payload_len(message) < sizeof(*head))
		return finish(state, -EINVAL, NULL, out);
	state->cmd = head->cmd;
	state->dump = (message->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	if (message->nlmsg_type == GENL_ID_CTRL)
		return controller_begin(state, message, out);
	if (message->nlmsg_type != GENL_FAMILY_ID)
		return finish(state, -ENOENT, NULL, out);
	return command_begin(state, message, request, out);
}

/* ---- what its requests bring ---- */

/* For the connection id in place of the address netlink has no word; it goes with the scheduler. */
static void look_service(struct genl_state *state, const struct api_service *service)
{
	state->service.n_laddrs = service->n_laddrs;
	if (strcmp(state->service.sched, service->sched) == 0)
		state->service.flags |= service->flags & API_SERVICE_HASH_QID;
}

/* What is there of what the message names. */
static void item_look(struct genl_state *state, uint16_t kind, const void *object)
{
	const struct api_dest *dest = object;

	if (kind == API_KIND_SERVICE)
		look_service(state, object);
	else if (kind == API_KIND_DEST && dest->family == state->dest.family &&
		 dest->port == state->dest.port &&
		 memcmp(&dest->addr, &state->dest.addr, sizeof(dest->addr)) == 0)
		state->dest_masq = dest->forward == API_FORWARD_FNAT ||
				   dest->forward == API_FORWARD_NAT;
}

static void item_seek(struct genl_state *state, uint16_t kind, const void *object)
{
	const struct api_laddr *laddr = object;

	state->has_laddr |= kind == API_KIND_LADDR && laddr->family == state->dest.family;
}

static void item_timeout(struct genl_state *state, const struct api_timeouts *timeout,
			 struct netlink_out *out)
{
	struct nlmsghdr *message = answer_begin(state, IPVS_CMD_SET_CONFIG, out);

	if (!message)
		return;
	mnl_attr_put_u32(message, IPVS_CMD_ATTR_TIMEOUT_TCP, timeout->tcp_s);
	mnl_attr_put_u32(message, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, timeout->tcp_fin_s);
	mnl_attr_put_u32(message, IPVS_CMD_ATTR_TIMEOUT_UDP, timeout->udp_s);
	netlink_out_commit(out, message);
}

static void item_info(struct genl_state *state, const struct api_ipvs_info *info,
		      struct netlink_out *out)
{
	struct nlmsghdr *message = answer_begin(state, IPVS_CMD_SET_INFO, out);

	if (!message)
		return;
	mnl_attr_put_u32(message, IPVS_INFO_ATTR_VERSION, GENL_VERSION);
	mnl_attr_put_u32(message, IPVS_INFO_ATTR_CONN_TAB_SIZE, info->conn_max);
	netlink_out_commit(out, message);
}

static void item_service(struct genl_state *state, const struct api_service *service,
			 struct netlink_out *out)
{
	struct nlmsghdr *message;

	if (state->cmd != IPVS_CMD_GET_SERVICE || service->key.has_match)
		return; /* netlink has no words for it */
	message = answer_begin(state, IPVS_CMD_NEW_SERVICE, out);
	if (!message)
		return;
	genl_write_service(message, service);
	netlink_out_commit(out, message);
}

static void item_dest(struct genl_state *state, const struct api_dest *dest,
		      struct netlink_out *out)
{
	struct nlmsghdr *message = answer_begin(state, IPVS_CMD_NEW_DEST, out);

	if (!message)
		return;
	genl_write_dest(message, dest);
	netlink_out_commit(out, message);
}

static void stats_add(struct api_ipvs_stats *sum, const struct api_ipvs_stats *stats)
{
	sum->conns += stats->conns;
	sum->inpkts += stats->inpkts;
	sum->outpkts += stats->outpkts;
	sum->inbytes += stats->inbytes;
	sum->outbytes += stats->outbytes;
	sum->cps += stats->cps;
	sum->inpps += stats->inpps;
	sum->outpps += stats->outpps;
	sum->inbps += stats->inbps;
	sum->outbps += stats->outbps;
}

static void item_proc(struct genl_state *state, uint16_t kind, const void *object,
		      struct netlink_out *out)
{
	char line[256];

	if (kind == API_KIND_SERVICE)
		stats_add(&state->sum, &((const struct api_service *)object)->stats);
	else if (kind == API_KIND_CONN)
		proc_text(state, line, (size_t)genl_conn_line(object, line, sizeof(line)), out);
}

static void genl_item(void *arg, uint16_t kind, const void *object, uint32_t len,
		      struct netlink_out *out)
{
	struct genl_state *state = arg;

	if (state->phase == PHASE_LOOK)
		return item_look(state, kind, object);
	if (state->phase == PHASE_SEEK)
		return item_seek(state, kind, object);
	if (state->proc)
		return item_proc(state, kind, object, out);
	switch (kind) {
	case API_KIND_SERVICE:
		return item_service(state, object, out);
	case API_KIND_DEST:
		return item_dest(state, object, out);
	case API_KIND_TIMEOUTS:
		return item_timeout(state, object, out);
	case API_KIND_IPVS_INFO:
		return item_info(state, object, out);
	}
}

/* ---- its requests end ---- */

/* Has the service its local addresses? One that it has already is as good. */
static bool laddr_ended(struct genl_state *state, int status, const char *text,
			struct netlink_request *request, struct netlink_out *out)
{
	if (status < 0 && status != -EEXIST)
		return finish(state, status, text, out);
	if (run_laddr(state, request))
		return true;
	return run_dest(state, dest_id(state), request);
}

static bool proc_ended(struct genl_state *state, int status, const char *text,
		       struct netlink_out *out)
{
	char all[1024];

	if (status == 0 && state->proc_stats)
		proc_text(state, all, (size_t)genl_stats_text(&state->sum, all, sizeof(all)), out);
	return finish(state, status, text, out);
}

/* What a stock tool can do about it, when -m is what the daemon does not know. */
static bool masq_refused(struct genl_state *state, int status, const char *text,
			 struct netlink_out *out)
{
	char said[640];

	if (status != -EOPNOTSUPP || !(state->command->needs & NEEDS_DEST_FULL) ||
	    state->dest.forward != API_FORWARD_NAT || (state->dest.flags & API_DEST_KEEP_FORWARD))
		return finish(state, status, text, out);
	snprintf(said, sizeof(said),
		 "%s; -m of stock tools means what the conf file's key ipvs_defs { genl_masq } "
		 "says: nat (as it is) or fnat",
		 text);
	return finish(state, status, said, out);
}

static bool genl_end(void *arg, int status, const char *text, struct netlink_request *request,
		     struct netlink_out *out)
{
	struct genl_state *state = arg;

	if (state->proc)
		return proc_ended(state, status, text, out);
	if (state->phase == PHASE_SEEK)
		return status < 0 ? finish(state, status, text, out)
				  : run_full_nat(state, dest_id(state), request, out);
	if (state->phase == PHASE_LADDRS)
		return laddr_ended(state, status, text, request, out);
	if (state->phase == PHASE_LOOK) {
		state->phase = PHASE_RUN;
		if (status == -ENOENT)
			return finish(state, -ESRCH, NULL, out);
		return status < 0 ? finish(state, status, text, out)
				  : state->command->run(state, request, out);
	}
	if (status == -ENOENT &&
	    (state->cmd == IPVS_CMD_GET_SERVICE || state->cmd == IPVS_CMD_ZERO))
		status = -ESRCH;
	if (status == -ENOENT && state->cmd == IPVS_CMD_GET_DEST)
		status = 0; /* servers of no service: none, as the kernel says it */
	return masq_refused(state, status, text, out);
}

const struct netlink_dialect genl_dialect = {
	.state_size = sizeof(struct genl_state),
	.begin = genl_begin,
	.item = genl_item,
	.end = genl_end,
};
