/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvsadm: names. An address in numbers never asks a resolver, neither when
 * read nor, with -n, when printed.
 */
#include "ipvsadm/name.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "ipvsadm/match.h"
#include "lib/text.h"

/* The name of a protocol in the services database. */
static const char *database_name(uint16_t protocol)
{
	return protocol == IPPROTO_UDP ? "udp" : protocol == IPPROTO_SCTP ? "sctp" : "tcp";
}

static int parse_port(const char *text, uint16_t protocol, be16 *port)
{
	char buf[1024];
	struct servent entry, *found = NULL;
	uint64_t number;

	if (text_number(text, 0, 65535, &number) == 0) {
		*port = htons(number);
		return 0;
	}
	if (!*text || (*text >= '0' && *text <= '9'))
		return -EINVAL;
	if (getservbyname_r(text, database_name(protocol), &entry, buf, sizeof(buf), &found) ||
	    !found)
		return -EINVAL;
	*port = found->s_port;
	return 0;
}

/* FIRST-LAST; other than a range of numbers, with -EINVAL, it may be a name. */
static int parse_ports(char *text, struct name_endpoint *out)
{
	char *dash = strchr(text, '-');
	uint64_t first, last;
	int r;

	if (!dash)
		return -EINVAL;
	*dash = '\0';
	r = text_number(text, 1, 65535, &first) < 0 ? -EINVAL
						    : text_number(dash + 1, 1, 65535, &last);
	*dash = '-';
	if (r < 0)
		return -EINVAL;
	out->port = htons((uint16_t)first);
	out->port_last = htons((uint16_t)last);
	return 0;
}

static bool is_host_name(const char *text)
{
	if (!*text || *text == '-' || *text == '.')
		return false;
	/* digits and dots only: an address that is wrong, not a name to ask for */
	if (text[strspn(text, "0123456789.")] == '\0')
		return false;
	return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789.-_")] == '\0';
}

/* IPv4 first, as users of a host with both expect. */
static int resolve(const char *host, uint16_t family, struct name_endpoint *out)
{
	static const int families[] = { AF_INET, AF_INET6 };

	for (unsigned int i = 0; i < 2; i++) {
		struct addrinfo hints = { .ai_family = families[i], .ai_socktype = SOCK_STREAM };
		struct addrinfo *found;

		if ((family && family != families[i]) || getaddrinfo(host, NULL, &hints, &found))
			continue;
		memset(&out->addr, 0, sizeof(out->addr));
		out->family = families[i];
		if (out->family == AF_INET)
			out->addr.v4 = ((struct sockaddr_in *)found->ai_addr)->sin_addr.s_addr;
		else
			memcpy(out->addr.v6, &((struct sockaddr_in6 *)found->ai_addr)->sin6_addr,
			       sizeof(out->addr.v6));
		freeaddrinfo(found);
		return 0;
	}
	return -EINVAL;
}

static int parse(const char *text, uint16_t family, uint16_t protocol, bool ranges,
		 struct name_endpoint *out, const char **why)
{
	char copy[NAME_LEN], *host, *port;

	memset(out, 0, sizeof(*out));
	*why = "HOST[:PORT] or [IPv6]:PORT is expected";
	if (text_copy(copy, sizeof(copy), text) < 0 || text_split_port(copy, &host, &port) < 0)
		return -EINVAL;

	if (text_ip(host, &out->family, &out->addr) < 0) {
		if (!is_host_name(host))
			return -EINVAL;
		*why = "no address is known for that host";
		if (resolve(host, family, out) < 0)
			return -EINVAL;
	}
	if (family && family != out->family) {
		*why = "the address is of the other family";
		return -EINVAL;
	}
	out->has_port = port != NULL;
	if (!port || (ranges && parse_ports(port, out) == 0))
		return 0;
	*why = "a port from 0 to 65535 or the name of a service is expected";
	return parse_port(port, protocol, &out->port);
}

int name_parse(const char *text, uint16_t family, uint16_t protocol, struct name_endpoint *out,
	       const char **why)
{
	return parse(text, family, protocol, false, out, why);
}

int name_parse_range(const char *text, uint16_t protocol, struct name_endpoint *out,
		     const char **why)
{
	return parse(text, 0, protocol, true, out, why);
}

/* IP:PORT in front of *rest, which then begins behind it. */
static int take_end(char **rest, uint16_t family, union api_ip *ip, be16 *port)
{
	bool brackets = family == AF_INET6;
	char *at = *rest, *end = *rest ? strstr(*rest, brackets ? "]:" : ":") : NULL, *number;
	uint16_t found;
	uint64_t n;

	if (!end || (brackets && *at != '['))
		return -EINVAL;
	*end = '\0';
	number = end + (brackets ? 2 : 1);
	*rest = strchr(number, ':');
	if (*rest)
		*(*rest)++ = '\0';
	if (text_ip(at + brackets, &found, ip) < 0 || found != family ||
	    text_number(number, 0, 65535, &n) < 0)
		return -EINVAL;
	*port = htons((uint16_t)n);
	return 0;
}

int name_pair(const char *text, struct api_conn_filter *filter)
{
	char copy[160], *rest = copy;

	if (text_copy(copy, sizeof(copy), text) < 0)
		return -EINVAL;
	rest = strchr(copy, ':');
	if (!rest)
		return -EINVAL;
	*rest++ = '\0';
	filter->pair_family = strcmp(copy, "ipv4") == 0   ? AF_INET
			      : strcmp(copy, "ipv6") == 0 ? AF_INET6
							  : AF_UNSPEC;
	if (filter->pair_family == AF_UNSPEC ||
	    take_end(&rest, filter->pair_family, &filter->pair_src, &filter->pair_sport) < 0 ||
	    take_end(&rest, filter->pair_family, &filter->pair_dst, &filter->pair_dport) < 0)
		return -EINVAL;
	return rest ? -EINVAL : 0;
}

static void host_name(uint16_t family, const union api_ip *ip, char *buf, size_t size)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address;

	memset(&address, 0, sizeof(address));
	address.any.sa_family = family;
	if (family == AF_INET6)
		memcpy(&address.v6.sin6_addr, ip->v6, sizeof(ip->v6));
	else
		address.v4.sin_addr.s_addr = ip->v4;
	if (getnameinfo(&address.any, family == AF_INET6 ? sizeof(address.v6) : sizeof(address.v4),
			buf, size, NULL, 0, 0)) {
		char number[INET6_ADDRSTRLEN];

		/* no resolver at all: -R must be able to read what -S writes */
		snprintf(buf, size, "%s", text_of_ip(family, ip, number));
	}
}

const char *name_of(uint16_t family, const union api_ip *ip, be16 port, uint16_t protocol,
		    bool numeric, char *buf)
{
	char host[NI_MAXHOST], data[1024], number[8];
	struct servent entry, *found = NULL;
	const char *service = number;

	if (numeric)
		return text_of_endpoint(family, ip, port, buf);

	host_name(family, ip, host, sizeof(host));
	snprintf(number, sizeof(number), "%u", ntohs(port));
	if (getservbyport_r(port, database_name(protocol), &entry, data, sizeof(data), &found) ==
		    0 &&
	    found && strlen(found->s_name) < 40)
		service = found->s_name;
	snprintf(buf, NAME_LEN, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, service);
	return buf;
}

const char *name_dest(const struct api_dest *dest, bool numeric, char *buf)
{
	bool range = dest->port_last != 0;
	size_t len;

	name_of(dest->family, &dest->addr, dest->port, dest->service.protocol, numeric || range,
		buf);
	len = strlen(buf);
	if (range)
		snprintf(buf + len, NAME_LEN - len, "-%u", ntohs(dest->port_last));
	return buf;
}

const char *name_protocol(const struct api_service_key *key)
{
	if (key->has_match)
		return "MATCH";
	if (key->fwmark)
		return "FWM";
	switch (key->protocol) {
	case IPPROTO_TCP:
		return "TCP";
	case IPPROTO_UDP:
		return "UDP";
	case IPPROTO_SCTP:
		return "SCTP";
	}
	return "?";
}

const char *name_service(const struct api_service_key *key, bool numeric, char *buf)
{
	if (key->has_match)
		return match_shown(key, buf);
	if (!key->fwmark)
		return name_of(key->family, &key->addr, key->port, key->protocol, numeric, buf);
	snprintf(buf, NAME_LEN, "%u%s", key->fwmark, key->family == AF_INET6 ? " IPv6" : "");
	return buf;
}

bool name_key_is_any(const struct api_service_key *key)
{
	static const struct api_service_key any;

	return memcmp(key, &any, sizeof(any)) == 0;
}
