/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvsadm: the flags of a service are made in one place as (word, value) pairs
 * and printed in three ways: for people, for programs, and for -R.
 */
#include "ipvsadm/flags.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/text.h"

#define FLAGS_MAX 4

struct flag {
	const char *word;
	const char *option;
	char value[TEXT_IP_LEN];
};

/* A prefix length as ipvsadm prints it: a mask for IPv4, a number for IPv6. */
static void mask_text(uint16_t family, uint32_t plen, char *buf, size_t size)
{
	union api_ip mask;

	if (family == AF_INET6 || plen > 32) {
		snprintf(buf, size, "%u", plen);
		return;
	}
	memset(&mask, 0, sizeof(mask));
	mask.v4 = htonl(plen ? ~0u << (32 - plen) : 0);
	text_of_ip(AF_INET, &mask, buf);
}

static unsigned int flags_of(const struct api_service *service, struct flag flags[FLAGS_MAX])
{
	uint16_t family = service->key.family;
	unsigned int n = 0;

	memset(flags, 0, FLAGS_MAX * sizeof(*flags));
	if (service->flags & API_SERVICE_PERSISTENT) {
		flags[n] = (struct flag){ .word = "persistent", .option = "-p" };
		snprintf(flags[n].value, sizeof(flags[n].value), "%u", service->timeout_s);
		n++;
		if (service->plen && service->plen != text_ip_bits(family)) {
			flags[n] = (struct flag){ .word = "mask", .option = "-M" };
			mask_text(family, service->plen, flags[n].value, sizeof(flags[n].value));
			n++;
		}
	}
	if (service->flags & API_SERVICE_ONEPACKET)
		flags[n++] = (struct flag){ .word = "ops", .option = "--ops" };
	if (service->conn_timeout_s) {
		flags[n] = (struct flag){ .word = "conn-timeout", .option = "--conn-timeout" };
		snprintf(flags[n].value, sizeof(flags[n].value), "%u", service->conn_timeout_s);
		n++;
	}
	return n;
}

void flags_print(FILE *out, const struct api_service *service)
{
	struct flag flags[FLAGS_MAX];
	unsigned int n = flags_of(service, flags);

	for (unsigned int i = 0; i < n; i++)
		fprintf(out, " %s%s%s", flags[i].word, *flags[i].value ? " " : "", flags[i].value);
}

json_t *flags_json(const struct api_service *service)
{
	json_t *array = json_array();
	struct flag flags[FLAGS_MAX];
	unsigned int n = flags_of(service, flags);

	for (unsigned int i = 0; i < n; i++)
		json_array_append_new(array,
				      json_sprintf("%s%s%s", flags[i].word,
						   *flags[i].value ? " " : "", flags[i].value));
	return array;
}

void flags_print_options(FILE *out, const struct api_service *service)
{
	struct flag flags[FLAGS_MAX];
	unsigned int n = flags_of(service, flags);

	for (unsigned int i = 0; i < n; i++)
		fprintf(out, " %s%s%s", flags[i].option, *flags[i].value ? " " : "",
			flags[i].value);
}
