/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvsadm: services by match. The words are those of other ipvsadms; a range
 * may also be a prefix, or ports alone. What is printed is always a range.
 */
#include "ipvsadm/match.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/text.h"

struct match_range {
	union api_ip *first, *last;
	be16 *port_first, *port_last;
};

static const struct {
	const char *word;
	uint16_t number;
} protocols[] = {
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "icmp", IPPROTO_ICMP },
	{ "icmp6", IPPROTO_ICMPV6 },
};

#define PROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

const char *match_proto(const struct api_service_key *key)
{
	for (unsigned int i = 0; i < PROTOCOLS; i++)
		if (protocols[i].number == key->protocol)
			return protocols[i].word;
	return "?";
}

__attribute__((format(printf, 3, 4))) static int fail(char *error, size_t size, const char *format,
						      ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, size, format, args);
	va_end(args);
	return -EINVAL;
}

static int parse_ports(char *text, const struct match_range *range)
{
	char *dash = strchr(text, '-');
	uint64_t first, last;

	if (dash)
		*dash = '\0';
	if (text_number(text, 0, 65535, &first) < 0 ||
	    text_number(dash ? dash + 1 : text, 0, 65535, &last) < 0)
		return -EINVAL;
	*range->port_first = htons((uint16_t)first);
	*range->port_last = htons((uint16_t)last);
	return 0;
}

/* The last address of a net whose first is there. */
static void last_of(uint16_t family, uint8_t plen, union api_ip *ip)
{
	for (unsigned int bit = plen; bit < text_ip_bits(family); bit++)
		ip->v6[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
}

static int same_family(uint16_t family, struct api_service_key *key)
{
	if (key->family && key->family != family)
		return -EINVAL;
	key->family = family;
	return 0;
}

static int parse_prefix(const char *text, struct api_service_key *key,
			const struct match_range *range)
{
	uint16_t family;
	uint8_t plen;

	if (text_prefix(text, &family, range->first, &plen) < 0 ||
	    text_ip_has_host_bits(range->first, family, plen))
		return -EINVAL;
	*range->last = *range->first;
	last_of(family, plen, range->last);
	return same_family(family, key);
}

static int parse_addrs(char *text, struct api_service_key *key, const struct match_range *range)
{
	char *dash = strchr(text, '-');
	uint16_t family, other;

	if (strchr(text, '/'))
		return parse_prefix(text, key, range);
	if (dash)
		*dash = '\0';
	if (text_ip(text, &family, range->first) < 0 ||
	    text_ip(dash ? dash + 1 : text, &other, range->last) < 0 || family != other)
		return -EINVAL;
	return same_family(family, key);
}

static int parse_range(char *text, struct api_service_key *key, const struct match_range *range)
{
	char *addrs, *ports;

	if (text_split_port(text, &addrs, &ports) < 0 || (!*addrs && !ports))
		return -EINVAL;
	if (*addrs && parse_addrs(addrs, key, range) < 0)
		return -EINVAL;
	return ports ? parse_ports(ports, range) : 0;
}

static int parse_proto(const char *word, struct api_service_key *key)
{
	for (unsigned int i = 0; i < PROTOCOLS; i++) {
		if (strcmp(protocols[i].word, word) == 0) {
			key->protocol = protocols[i].number;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_family(const char *word, struct api_service_key *key)
{
	if (strcmp(word, "ipv4") == 0)
		return same_family(AF_INET, key);
	return strcmp(word, "ipv6") == 0 ? same_family(AF_INET6, key) : -EINVAL;
}

/* One "word=value". */
static int parse_word(const char *word, char *value, struct api_service_key *key, char *error,
		      size_t size)
{
	struct api_match *match = &key->match;
	const struct match_range src = { &match->src_first, &match->src_last, &match->sport_first,
					 &match->sport_last };
	const struct match_range dst = { &match->dst_first, &match->dst_last, &match->dport_first,
					 &match->dport_last };
	char was[MATCH_LEN];

	if (text_copy(was, sizeof(was), value) < 0)
		return fail(error, size, "%s=: a value of 1 to %d characters is expected", word,
			    MATCH_LEN - 1);
	if (strcmp(word, "proto") == 0)
		return parse_proto(value, key) < 0
			       ? fail(error, size, "proto=%s: tcp, udp, icmp or icmp6 is expected",
				      was)
			       : 0;
	if (strcmp(word, "src-range") == 0 || strcmp(word, "dst-range") == 0)
		return parse_range(value, key, word[0] == 's' ? &src : &dst) < 0
			       ? fail(error, size,
				      "%s=%s: IP[-IP][:PORT[-PORT]] or [IPv6-IPv6]:PORT-PORT is "
				      "expected, of one family",
				      word, was)
			       : 0;
	if (strcmp(word, "iif") == 0 || strcmp(word, "oif") == 0)
		return text_copy(word[0] == 'i' ? match->iif : match->oif, API_NAME_LEN, value) < 0
			       ? fail(error, size, "%s=%s: a device name has 1 to %d characters",
				      word, was, API_NAME_LEN - 1)
			       : 0;
	if (strcmp(word, "af") == 0)
		return parse_family(value, key) < 0
			       ? fail(error, size,
				      "af=%s: ipv4 or ipv6 is expected, the ranges' own", was)
			       : 0;
	return fail(error, size, "\"%s\": proto, src-range, dst-range, iif, oif or af is expected",
		    word);
}

int match_parse(const char *text, struct api_service_key *key, char *error, size_t size)
{
	char copy[2 * MATCH_LEN], *rest = copy;

	if (text_copy(copy, sizeof(copy), text) < 0)
		return fail(error, size, "WORD=VALUE[,WORD=VALUE…] is expected");
	key->has_match = 1;
	for (char *word; (word = strsep(&rest, ","));) {
		char *value = strchr(word, '=');

		if (!value)
			return fail(error, size, "\"%s\": WORD=VALUE is expected", word);
		*value++ = '\0';
		if (parse_word(word, value, key, error, size) < 0)
			return -EINVAL;
	}
	if (!key->protocol)
		return fail(error, size, "proto=tcp, udp, icmp or icmp6 is needed");
	if (!key->family)
		key->family = key->protocol == IPPROTO_ICMPV6 ? AF_INET6 : AF_INET;
	if (key->protocol == IPPROTO_ICMP && key->family == AF_INET6)
		key->protocol = IPPROTO_ICMPV6;
	if (key->protocol == IPPROTO_ICMPV6 && key->family == AF_INET)
		return fail(error, size, "proto=icmp6 is of IPv6, the ranges are of IPv4");
	return 0;
}

static const char *range_text(uint16_t family, const union api_ip *addrs, be16 first, be16 last,
			      char *buf)
{
	char from[TEXT_IP_LEN], to[TEXT_IP_LEN];

	buf[0] = '\0';
	if (text_ip_is_zero(&addrs[0]) && text_ip_is_zero(&addrs[1]) && !first && !last)
		return buf;
	snprintf(buf, MATCH_LEN, family == AF_INET6 ? "[%s-%s]:%u-%u" : "%s-%s:%u-%u",
		 text_of_ip(family, &addrs[0], from), text_of_ip(family, &addrs[1], to),
		 ntohs(first), ntohs(last));
	return buf;
}

const char *match_source(const struct api_service_key *key, char *buf)
{
	const struct api_match *match = &key->match;
	const union api_ip addrs[] = { match->src_first, match->src_last };

	return range_text(key->family, addrs, match->sport_first, match->sport_last, buf);
}

const char *match_destination(const struct api_service_key *key, char *buf)
{
	const struct api_match *match = &key->match;
	const union api_ip addrs[] = { match->dst_first, match->dst_last };

	return range_text(key->family, addrs, match->dport_first, match->dport_last, buf);
}

/* Appends ",word=value" unless it is empty. */
static void append(char *buf, const char *word, const char *value)
{
	size_t len = strlen(buf);

	if (*value)
		snprintf(buf + len, MATCH_LEN - len, ",%s=%s", word, value);
}

static const char *text_of(const struct api_service_key *key, const char *proto, const char *src,
			   const char *dst, char *buf)
{
	char range[MATCH_LEN], iif[API_NAME_LEN + 1], oif[API_NAME_LEN + 1];

	snprintf(iif, sizeof(iif), "%.*s", API_NAME_LEN, key->match.iif);
	snprintf(oif, sizeof(oif), "%.*s", API_NAME_LEN, key->match.oif);
	snprintf(buf, MATCH_LEN, "%s%s", proto, match_proto(key));
	append(buf, src, match_source(key, range));
	append(buf, dst, match_destination(key, range));
	append(buf, "iif", iif);
	append(buf, "oif", oif);
	append(buf, "af", key->family == AF_INET6 ? "ipv6" : "");
	return buf;
}

const char *match_option(const struct api_service_key *key, char *buf)
{
	return text_of(key, "proto=", "src-range", "dst-range", buf);
}

const char *match_shown(const struct api_service_key *key, char *buf)
{
	return text_of(key, "", "from", "to", buf);
}
