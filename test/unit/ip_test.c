/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses: text in and out, prefixes of every length, and that an IPv4
 * address never has anything behind its four bytes.
 */
#include <arpa/inet.h>
#include <errno.h>

#include "base/ip.h"
#include "lib/unit.h"

static void parse_and_print(void **state)
{
	static const struct {
		const char *in;
		int want;
		unsigned int family;
		const char *text; /* NULL: as it came in */
	} cases[] = {
		{ "0.0.0.0", 0, AF_INET, NULL },
		{ "192.0.2.17", 0, AF_INET, NULL },
		{ "255.255.255.255", 0, AF_INET, NULL },
		{ "::", 0, AF_INET6, NULL },
		{ "2001:db8::1", 0, AF_INET6, NULL },
		{ "2001:DB8:0:0:0:0:0:1", 0, AF_INET6, "2001:db8::1" },
		{ "::ffff:192.0.2.1", 0, AF_INET6, NULL },
		{ "", -EINVAL, 0, NULL },
		{ "1.2.3", -EINVAL, 0, NULL },
		{ "1.2.3.256", -EINVAL, 0, NULL },
		{ "1.2.3.4.5", -EINVAL, 0, NULL },
		{ "1.2.3.4 ", -EINVAL, 0, NULL },
		{ "1.2.3.4/24", -EINVAL, 0, NULL },
		{ "2001:db8::1::2", -EINVAL, 0, NULL },
		{ "2001:db8::g", -EINVAL, 0, NULL },
		{ "localhost", -EINVAL, 0, NULL },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		union ip_addr ip = { .u64 = { ~0ull, ~0ull } };
		unsigned int family = 77;
		char buf[IP_STR_LEN];

		assert_int_equal(ip_parse(cases[i].in, &family, &ip), cases[i].want);
		if (cases[i].want < 0) {
			assert_int_equal(family, 77);
			assert_int_equal(ip.u64[0], ~0ull);
			continue;
		}
		assert_int_equal(family, cases[i].family);
		if (family == AF_INET)
			assert_true(ip.u32[1] == 0 && ip.u64[1] == 0);
		assert_string_equal(ip_str(family, &ip, buf),
				    cases[i].text ? cases[i].text : cases[i].in);
	}
}

static void endpoint(void **state)
{
	static const struct {
		const char *addr;
		uint16_t port;
		const char *want;
	} cases[] = {
		{ "1.2.3.4", 80, "1.2.3.4:80" },
		{ "255.255.255.255", 65535, "255.255.255.255:65535" },
		{ "::1", 0, "[::1]:0" },
		{ "1111:2222:3333:4444:5555:6666:7777:8888", 65535,
		  "[1111:2222:3333:4444:5555:6666:7777:8888]:65535" },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		char buf[IP_ENDPOINT_STR_LEN];
		unsigned int family;
		union ip_addr ip;

		assert_int_equal(ip_parse(cases[i].addr, &family, &ip), 0);
		assert_string_equal(ip_endpoint_str(family, &ip, htons(cases[i].port), buf),
				    cases[i].want);
	}
}

static void network(void **state)
{
	static const struct {
		const char *in;
		unsigned int plen;
		const char *want;
	} cases[] = {
		{ "10.11.12.13", 0, "0.0.0.0" },      { "10.11.12.13", 8, "10.0.0.0" },
		{ "10.11.12.13", 15, "10.10.0.0" },   { "10.11.12.13", 24, "10.11.12.0" },
		{ "10.11.12.13", 31, "10.11.12.12" }, { "10.11.12.13", 32, "10.11.12.13" },
		{ "10.11.12.13", 99, "10.11.12.13" }, { "2001:db8:ffff::1", 33, "2001:db8:8000::" },
		{ "2001:db8::1", 127, "2001:db8::" }, { "2001:db8::1", 128, "2001:db8::1" },
		{ "2001:db8::1", 0, "::" },           { "2001:db8::1", 200, "2001:db8::1" },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		unsigned int family;
		union ip_addr ip, net, want;

		assert_int_equal(ip_parse(cases[i].in, &family, &ip), 0);
		assert_int_equal(ip_parse(cases[i].want, &family, &want), 0);
		net = ip_network(family, &ip, cases[i].plen);
		assert_true(ip_equal(&net, &want));
	}
}

/* Two addresses that differ in bit n alone agree in n bits and no more, in both functions. */
static void match_every_length(void **state)
{
	static const unsigned int families[] = { AF_INET, AF_INET6 };

	for (size_t f = 0; f < LENGTH(families); f++) {
		unsigned int bits = ip_bits(families[f]);

		for (unsigned int bit = 0; bit < bits; bit++) {
			union ip_addr a = { .u64 = { 0, 0 } }, b;

			memset(a.v6, 0x5a, bits / 8);
			b = a;
			b.v6[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
			for (unsigned int plen = 0; plen <= bits; plen++) {
				union ip_addr na = ip_network(families[f], &a, plen);
				union ip_addr nb = ip_network(families[f], &b, plen);

				assert_int_equal(ip_match(families[f], &a, &b, plen), plen <= bit);
				assert_int_equal(ip_equal(&na, &nb), plen <= bit);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_and_print),
		cmocka_unit_test(endpoint),
		cmocka_unit_test(network),
		cmocka_unit_test(match_every_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
