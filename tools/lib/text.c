/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/text: reading and writing addresses, numbers and MACs. Strict on
 * purpose: "010", "1 " or "+1" are not what someone meant, so numbers are
 * digits only, and addresses what inet_pton() takes.
 */
#include "lib/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

int text_number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	uint64_t n = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*text - '0'), &n))
			return -EINVAL;
	}
	if (n < min || n > max)
		return -EINVAL;
	*value = n;
	return 0;
}

int text_ip(const char *text, uint16_t *family, union api_ip *ip)
{
	union api_ip parsed;

	memset(&parsed, 0, sizeof(parsed));
	if (inet_pton(AF_INET, text, &parsed.v4) == 1)
		*family = AF_INET;
	else if (inet_pton(AF_INET6, text, parsed.v6) == 1)
		*family = AF_INET6;
	else
		return -EINVAL;
	*ip = parsed;
	return 0;
}

int text_prefix(const char *text, uint16_t *family, union api_ip *ip, uint8_t *plen)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	char address[TEXT_IP_LEN];
	union api_ip parsed;
	uint16_t parsed_family;
	uint64_t bits;

	if (len >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, len);
	address[len] = '\0';
	if (text_ip(address, &parsed_family, &parsed) < 0)
		return -EINVAL;

	bits = text_ip_bits(parsed_family);
	if (slash && text_number(slash + 1, 0, bits, &bits) < 0)
		return -EINVAL;
	*family = parsed_family;
	*ip = parsed;
	*plen = bits;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int text_mac(const char *text, uint8_t mac[6])
{
	uint8_t parsed[6];

	for (unsigned int i = 0; i < 6; i++) {
		int high = hex_digit(text[0]);
		int low = high < 0 ? -1 : hex_digit(text[1]);

		if (low < 0)
			return -EINVAL;
		parsed[i] = high << 4 | low;
		text += 2;
		if (i < 5 && *text != ':' && *text != '-')
			return -EINVAL;
		if (i < 5)
			text++;
	}
	if (*text)
		return -EINVAL;
	memcpy(mac, parsed, sizeof(parsed));
	return 0;
}

unsigned int text_ip_bits(uint16_t family)
{
	return family == AF_INET6 ? 128 : 32;
}

bool text_ip_is_zero(const union api_ip *ip)
{
	static const union api_ip zero;

	return memcmp(ip, &zero, sizeof(zero)) == 0;
}

bool text_ip_has_host_bits(const union api_ip *ip, uint16_t family, unsigned int plen)
{
	unsigned int bits = text_ip_bits(family);

	for (unsigned int bit = plen; bit < bits; bit++) {
		if (ip->v6[bit / 8] & (0x80u >> bit % 8))
			return true;
	}
	return false;
}

int text_ip_compare(const union api_ip *a, const union api_ip *b)
{
	int r = memcmp(a->v6, b->v6, sizeof(a->v6));

	return (r > 0) - (r < 0);
}

const char *text_of_ip(uint16_t family, const union api_ip *ip, char *buf)
{
	if (!inet_ntop(family == AF_INET6 ? AF_INET6 : AF_INET, ip, buf, TEXT_IP_LEN))
		buf[0] = '\0';
	return buf;
}

const char *text_of_endpoint(uint16_t family, const union api_ip *ip, be16 port, char *buf)
{
	char address[TEXT_IP_LEN];

	text_of_ip(family, ip, address);
	snprintf(buf, TEXT_ENDPOINT_LEN, family == AF_INET6 ? "[%s]:%u" : "%s:%u", address,
		 ntohs(port));
	return buf;
}

const char *text_of_mac(const uint8_t mac[6], bool upper, char *buf)
{
	snprintf(buf, TEXT_MAC_LEN,
		 upper ? "%02X:%02X:%02X:%02X:%02X:%02X" : "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
		 mac[1], mac[2], mac[3], mac[4], mac[5]);
	return buf;
}

int text_copy(char *to, size_t size, const char *from)
{
	size_t len = strlen(from);

	if (!len || len >= size)
		return -EINVAL;
	memset(to, 0, size);
	memcpy(to, from, len);
	return 0;
}

int text_split_port(char *text, char **host, char **port)
{
	char *colon = strchr(text, ':');

	*host = text;
	*port = NULL;
	if (*text == '[') {
		char *end = strchr(text, ']');

		if (!end || (end[1] && end[1] != ':'))
			return -EINVAL;
		*host = text + 1;
		*port = end[1] ? end + 2 : NULL;
		*end = '\0';
		return 0;
	}
	if (colon && !strchr(colon + 1, ':')) {
		*colon = '\0';
		*port = colon + 1;
	}
	return 0;
}
