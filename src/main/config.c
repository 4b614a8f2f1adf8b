/* SPDX-License-Identifier: BSD-3-Clause */
/* main/config: what the rooms need of the settings, and the bounds that no key sets. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "main/daemon.h"

_Static_assert(SETTINGS_LADDRS == GENL_LADDRS, "each has its place");

#define NEIGH_MAX 16384 /* neighbours */
#define ICMP_RATE 1000  /* ICMP errors a second and worker; as many resets */

/* 32 hexadecimal digits, checked; NULL: none. */
static void secret_read(const char *text, uint8_t secret[16])
{
	for (unsigned int i = 0; text && i < 16 && text[2 * i]; i++) {
		char byte[3] = { text[2 * i], text[2 * i + 1], '\0' };

		secret[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
}

int state_file_default(struct settings *settings, const struct daemon_options *options)
{
	if (settings->state_file || !options->state_path)
		return 0;
	settings->state_file = strdup(options->state_path);
	return settings->state_file ? 0 : -ENOMEM;
}

void genl_config_from(const struct settings *settings, struct genl_config *config)
{
	memset(config, 0, sizeof(*config));
	config->masq = (uint16_t)settings->genl_masq;
	config->n_laddrs = settings->n_genl_laddrs;
	for (unsigned int i = 0; i < settings->n_genl_laddrs; i++) {
		const struct devaddr_settings *from = &settings->genl_laddrs[i];

		config->laddrs[i].addr = from->addr;
		config->laddrs[i].family = from->family;
		memcpy(config->laddrs[i].dev, from->dev, sizeof(from->dev));
	}
}

void modules_config_from(const struct settings *settings, struct modules_config *config)
{
	memset(config, 0, sizeof(*config));
	config->net.ip4_forwarding = settings->ip4_forwarding;
	config->net.ip6_forwarding = settings->ip6_forwarding;
	config->net.ip6_disable = settings->ip6_disable;
	config->net.ip6_gen = (uint8_t)settings->addr_gen_mode;
	secret_read(settings->stable_secret, config->net.ip6_secret);
	config->net.mld = settings->mld;
	config->net.dad_transmits = (uint8_t)settings->dad_transmits;
	config->net.ip4_default_ttl = (uint8_t)settings->ip4_default_ttl;
	config->net.neigh_timeout_s = settings->neigh_timeout_s;
	config->net.neigh_queue = settings->neigh_queue;
	config->net.neigh_max = NEIGH_MAX;
	config->net.kni_routes = settings->kni_routes;
	config->net.icmp_rate = ICMP_RATE;
	config->net.frag.buckets = settings->frag_buckets;
	config->net.frag.bucket_entries = settings->frag_bucket_entries;
	config->net.frag.max_entries = settings->frag_max_entries;
	config->net.frag.timeout_s = settings->frag_timeout_s;
	config->ipvs.conn_max = settings->conn_pool_size;
	config->ipvs.mh_table_size = settings->mh_table_size;
	config->ipvs.conn_init_timeout_s = settings->conn_init_timeout_s;
	config->ipvs.no_conn_reset = settings->no_conn == NO_CONN_RESET;
	config->ipvs.expire_quiescent_template = settings->expire_quiescent_template;
	config->ipvs.keep_ttl = !settings->xmit_ttl;
	memcpy(config->ipvs.tcp_timeout_s, settings->tcp_timeout_s,
	       sizeof(config->ipvs.tcp_timeout_s));
	memcpy(config->ipvs.udp_timeout_s, settings->udp_timeout_s,
	       sizeof(config->ipvs.udp_timeout_s));
}
