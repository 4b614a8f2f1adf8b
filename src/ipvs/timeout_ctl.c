/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/timeout-ctl: the three timeouts that Linux IPVS has for all connections
 * of a kind, read and set while connections run, and what else there is to say
 * about the balancer as a whole. The conf file's finer ones are the same
 * numbers: a SIGHUP sets them again. Which timeout a connection has is looked
 * up when its state changes or it expires, so a new one counts from then on.
 */
#include <errno.h>
#include <string.h>

#include "ipvs/ipvs.h"
#include "ipvs/ipvs_ctl.h"
#include "ipvs/proto/tcp.h"
#include "ipvs/proto/udp.h"
#include "worker/worker.h"

#define TIMEOUT_MAX 31535999u /* seconds, as in the conf file */

static int timeout_check(struct request *req, const char *what, uint32_t seconds)
{
	if (seconds <= TIMEOUT_MAX)
		return 0;
	return request_fail(req, -ERANGE, "%s timeout %u s; allowed: 1 to %u, or 0: as it is", what,
			    seconds, TIMEOUT_MAX);
}

static int timeout_request_check(struct request *req, const void *body)
{
	const struct api_timeouts *wanted = body;
	int r = timeout_check(req, "TCP", wanted->tcp_s);

	if (r == 0)
		r = timeout_check(req, "TCP FIN", wanted->tcp_fin_s);
	return r == 0 ? timeout_check(req, "UDP", wanted->udp_s) : r;
}

static int timeout_request_set(struct request *req, const void *body)
{
	struct worker *const *all = request_workers(req);
	struct ipvs_config config = all[WORKER_MASTER]->ipvs->config;
	const struct api_timeouts *wanted = body;
	int r = timeout_request_check(req, body);

	if (r < 0)
		return r;
	if (wanted->tcp_s)
		config.tcp_timeout_s[TCP_ESTABLISHED] = wanted->tcp_s;
	if (wanted->tcp_fin_s)
		config.tcp_timeout_s[TCP_FIN_WAIT] = wanted->tcp_fin_s;
	if (wanted->udp_s)
		config.udp_timeout_s[UDP_ONEWAY] = config.udp_timeout_s[UDP_NORMAL] = wanted->udp_s;
	return ipvs_change_config(all, &config);
}

static int timeout_request_reset(struct request *req, const void *body)
{
	struct worker *const *all = request_workers(req);
	const struct ipvs_config *conf = &all[WORKER_MASTER]->ipvs->conf;
	struct ipvs_config config = all[WORKER_MASTER]->ipvs->config;

	memcpy(config.tcp_timeout_s, conf->tcp_timeout_s, sizeof(config.tcp_timeout_s));
	memcpy(config.udp_timeout_s, conf->udp_timeout_s, sizeof(config.udp_timeout_s));
	return ipvs_change_config(all, &config);
}

static uint32_t timeouts_changed(const struct ipvs_config *config, const struct ipvs_config *conf)
{
	uint32_t changed = 0;

	if (config->tcp_timeout_s[TCP_ESTABLISHED] != conf->tcp_timeout_s[TCP_ESTABLISHED])
		changed |= API_TIMEOUT_TCP;
	if (config->tcp_timeout_s[TCP_FIN_WAIT] != conf->tcp_timeout_s[TCP_FIN_WAIT])
		changed |= API_TIMEOUT_TCP_FIN;
	if (config->udp_timeout_s[UDP_ONEWAY] != conf->udp_timeout_s[UDP_ONEWAY] ||
	    config->udp_timeout_s[UDP_NORMAL] != conf->udp_timeout_s[UDP_NORMAL])
		changed |= API_TIMEOUT_UDP;
	return changed;
}

static int timeout_request_get(struct request *req, const void *body)
{
	const struct ipvs *ipvs = request_workers(req)[WORKER_MASTER]->ipvs;
	const struct ipvs_config *config = &ipvs->config;
	struct api_timeouts *item = request_item(req, API_KIND_TIMEOUTS, sizeof(*item));

	if (!item)
		return -ENOMEM;
	item->tcp_s = config->tcp_timeout_s[TCP_ESTABLISHED];
	item->tcp_fin_s = config->tcp_timeout_s[TCP_FIN_WAIT];
	item->udp_s = config->udp_timeout_s[UDP_NORMAL];
	item->changed = timeouts_changed(config, &ipvs->conf);
	return 0;
}

static int info_request(struct request *req, const void *body)
{
	struct api_ipvs_info *item = request_item(req, API_KIND_IPVS_INFO, sizeof(*item));

	if (!item)
		return -ENOMEM;
	item->conn_max = request_workers(req)[WORKER_MASTER]->ipvs->config.conn_max;
	return 0;
}

static const struct request_handler timeout_handlers[] = {
	REQUEST_CHECKED(TIMEOUT_SET, SET, struct api_timeouts, timeout_request_set,
			timeout_request_check),
	REQUEST_HANDLER(TIMEOUT_RESET, SET, struct api_timeouts, timeout_request_reset),
	REQUEST_HANDLER(TIMEOUT_GET, GET, struct api_empty, timeout_request_get),
	REQUEST_HANDLER(IPVS_INFO, GET, struct api_empty, info_request),
};

const struct request_table timeout_requests = { timeout_handlers, RTE_DIM(timeout_handlers) };
