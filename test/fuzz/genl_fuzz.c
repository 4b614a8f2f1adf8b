/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the messages of stock ipvsadm and keepalived: bytes become netlink
 * messages as control/netlink takes them from its socket, the dialect reads
 * them, and what it asks for is answered by made-up items and errors. Promised
 * is that requests have the size of their handlers' bodies, that a message comes
 * to its end, and that the answer is whole netlink messages of bounded length.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/genetlink.h>

#include "api/addr.h"
#include "api/frame.h"
#include "api/ipvs.h"
#include "api/kni.h"
#include "api/link.h"
#include "api/maddr.h"
#include "api/mark.h"
#include "api/monitor.h"
#include "api/neigh.h"
#include "api/route.h"
#include "api/stats.h"
#include "api/tunnel.h"
#include "api/vlan.h"
#include "ipvs/genl.h"
#include "ipvs/genl_ctl.h"

#define REQUESTS_MOST (GENL_LADDRS + 4)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void promise(int kept)
{
	if (!kept)
		abort();
}

static uint32_t body_size(uint16_t id)
{
	switch (id) {
#define X(name, number, access, body) \
	case number:                  \
		return sizeof(body);
		API_REQUESTS(X)
#undef X
	}
	return 0;
}

/* Most inputs are no message by their first bytes: every other one is put right. */
static void repair(uint8_t *bytes, size_t size)
{
	struct nlmsghdr head;

	if (size < sizeof(head) || !(bytes[0] & 1))
		return;
	memcpy(&head, bytes, sizeof(head));
	head.nlmsg_len = (uint32_t)size;
	head.nlmsg_type = bytes[0] & 2   ? GENL_FAMILY_ID
			  : bytes[0] & 4 ? GENL_PROC_TYPE
					 : GENL_ID_CTRL;
	head.nlmsg_flags |= NLM_F_REQUEST;
	memcpy(bytes, &head, sizeof(head));
}

static void items(void *state, struct netlink_out *out)
{
	static const struct api_service service = { .key.family = AF_INET, .sched = "rr" };
	static const struct api_dest dest = { .family = AF_INET6, .forward = API_FORWARD_FNAT };
	static const struct api_conn conn = { .family = AF_INET6, .state = "ESTABLISHED" };
	static const struct api_timeouts timeouts;
	static const struct api_ipvs_info info;

	genl_dialect.item(state, API_KIND_SERVICE, &service, sizeof(service), out);
	genl_dialect.item(state, API_KIND_DEST, &dest, sizeof(dest), out);
	genl_dialect.item(state, API_KIND_CONN, &conn, sizeof(conn), out);
	genl_dialect.item(state, API_KIND_TIMEOUTS, &timeouts, sizeof(timeouts), out);
	genl_dialect.item(state, API_KIND_IPVS_INFO, &info, sizeof(info), out);
}

static void check_answer(struct netlink_out *out)
{
	uint32_t len;

	while ((len = netlink_out_front(out, 8192))) {
		const void *bytes = out->bytes + out->at;
		int left = (int)len;

		promise(len <= 8192 && len % 4 == 0);
		for (const struct nlmsghdr *head = bytes; left > 0;
		     head = mnl_nlmsg_next(head, &left))
			promise(mnl_nlmsg_ok(head, left) && head->nlmsg_len <= NETLINK_MESSAGE_MAX);
		netlink_out_take(out, len);
	}
}

static void converse(void *state, const struct genl_config *config, const struct nlmsghdr *message)
{
	static const int statuses[] = { 0, 0, 0, -ENOENT, -EEXIST, -EOPNOTSUPP };
	const struct netlink_context context = { .arg = config };
	struct netlink_request request = { .id = 0 };
	struct netlink_out out = { .bytes = NULL };
	unsigned int n = 0;
	bool more;

	memset(state, 0, genl_dialect.state_size);
	more = genl_dialect.begin(state, &context, message, &request, &out);
	while (more) {
		promise(request.len && request.len == body_size(request.id));
		promise(++n < REQUESTS_MOST);
		items(state, &out);
		more = genl_dialect.end(state, statuses[(message->nlmsg_seq + n) % 6], "why",
					&request, &out);
	}
	check_answer(&out);
	netlink_out_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct genl_config config = { .masq = API_FORWARD_FNAT, .n_laddrs = 2 };
	uint8_t *bytes = malloc(size ? size : 1);
	void *state = malloc(genl_dialect.state_size);
	const struct nlmsghdr *message = (const void *)bytes;
	int left = (int)size;

	if (bytes && state) {
		if (size)
			memcpy(bytes, data, size);
		repair(bytes, size);
		while (left > 0 && netlink_fits(message, (uint32_t)left)) {
			converse(state, &config, message);
			message = mnl_nlmsg_next(message, &left);
		}
	}
	free(state);
	free(bytes);
	return 0;
}
