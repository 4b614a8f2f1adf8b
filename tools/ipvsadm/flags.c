/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvsadm: the flags of a service are made in one place as (word, value) pairs
 * and printed in three ways: for people, for programs, and for -R.
 */
#include "ipvsadm/flags.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/text.h"

#define FLAGS_MAX 9

struct flag {
	const char *word; /* NULL: the value alone is shown */
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

/* In the order in which they are printed. */
static const struct {
	const char *sched; /* NULL: any other */
	uint32_t bit;
	const char *word;
} sched_words[] = {
	{ "sh", API_SERVICE_SCHED1, "sh-fallback" }, { "sh", API_SERVICE_SCHED2, "sh-port" },
	{ "mh", API_SERVICE_SCHED1, "mh-fallback" }, { "mh", API_SERVICE_SCHED2, "mh-port" },
	{ NULL, API_SERVICE_SCHED1, "flag-1" },      { NULL, API_SERVICE_SCHED2, "flag-2" },
	{ NULL, API_SERVICE_SCHED3, "flag-3" },
};

#define SCHED_WORDS (sizeof(sched_words) / sizeof(sched_words[0]))

uint32_t flags_sched_bit(const char *sched, const char *word)
{
	for (unsigned int i = 0; i < SCHED_WORDS; i++)
		if (strcmp(sched_words[i].word, word) == 0 &&
		    (!sched_words[i].sched || strcmp(sched_words[i].sched, sched) == 0))
			return sched_words[i].bit;
	return 0;
}

/* "sh-fallback,sh-port" */
static void sched_text(const struct api_service *service, char *buf, size_t size)
{
	uint32_t left = service->flags;
	size_t used = 0;

	for (unsigned int i = 0; i < SCHED_WORDS && used < size; i++) {
		if (!(left & sched_words[i].bit) ||
		    (sched_words[i].sched && strcmp(sched_words[i].sched, service->sched) != 0))
			continue;
		left &= ~sched_words[i].bit;
		used += snprintf(buf + used, size - used, "%s%s", used ? "," : "",
				 sched_words[i].word);
	}
}

const char *flags_on_remove(uint32_t policy)
{
	static const char *const words[API_ON_REMOVE__COUNT] = { "keep", "reset", "reschedule" };

	return policy < API_ON_REMOVE__COUNT ? words[policy] : "?";
}

static unsigned int flags_of(const struct api_service *service, struct flag flags[FLAGS_MAX])
{
	uint16_t family = service->key.family;
	unsigned int n = 0;

	memset(flags, 0, FLAGS_MAX * sizeof(*flags));
	if (service->flags & (API_SERVICE_SCHED1 | API_SERVICE_SCHED2 | API_SERVICE_SCHED3)) {
		flags[n] = (struct flag){ .option = "-b" };
		sched_text(service, flags[n].value, sizeof(flags[n].value));
		n++;
	}
	if (strcmp(service->sched, "conhash") == 0) {
		bool qid = service->flags & API_SERVICE_HASH_QID;

		flags[n] = (struct flag){ .option = "--hash-target" };
		memcpy(flags[n++].value, qid ? "qid" : "sip", 4);
	}
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
	if (service->on_remove != API_ON_REMOVE_KEEP) {
		flags[n] = (struct flag){ .word = "on-remove", .option = "--on-remove" };
		snprintf(flags[n].value, sizeof(flags[n].value), "%s",
			 flags_on_remove(service->on_remove));
		n++;
	}
	return n;
}

void flags_print(FILE *out, const struct api_service *service)
{
	struct flag flags[FLAGS_MAX];
	unsigned int n = flags_of(service, flags);

	for (unsigned int i = 0; i < n; i++)
		fprintf(out, " %s%s%s", flags[i].word ? flags[i].word : "",
			flags[i].word && *flags[i].value ? " " : "", flags[i].value);
}

json_t *flags_json(const struct api_service *service)
{
	json_t *array = json_array();
	struct flag flags[FLAGS_MAX];
	unsigned int n = flags_of(service, flags);

	for (unsigned int i = 0; i < n; i++)
		json_array_append_new(array,
				      json_sprintf("%s%s%s", flags[i].word ? flags[i].word : "",
						   flags[i].word && *flags[i].value ? " " : "",
						   flags[i].value));
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
