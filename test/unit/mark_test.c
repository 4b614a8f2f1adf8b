/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules of marks: which packets fit, and that the first that fits counts. */
#include "lib/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipvs/mark.h"
#include "lib/ipvs_rig.h"
#include "link/port.h"

static struct mark_rule any(uint32_t mark)
{
	return (struct mark_rule){
		.mark = mark, .iif = PORT_NONE, .sport_last = UINT16_MAX, .dport_last = UINT16_MAX
	};
}

static struct mark_rule to(uint32_t mark, uint8_t family, const char *addr, uint8_t plen)
{
	struct mark_rule rule = any(mark);

	rule.family = family;
	rule.to_plen = plen;
	inet_pton(family, addr, &rule.to);
	return rule;
}

static struct mark_rule from(uint32_t mark, uint8_t family, const char *addr, uint8_t plen)
{
	struct mark_rule rule = any(mark);

	rule.family = family;
	rule.from_plen = plen;
	inet_pton(family, addr, &rule.from);
	return rule;
}

static struct mark_rule ports(uint32_t mark, uint8_t proto, uint16_t sport, uint16_t sport_last,
			      uint16_t dport, uint16_t dport_last)
{
	struct mark_rule rule = any(mark);

	rule.proto = proto;
	rule.sport = sport;
	rule.sport_last = sport_last;
	rule.dport = dport;
	rule.dport_last = dport_last;
	return rule;
}

static struct mark_rule iif(uint32_t mark, uint16_t port)
{
	struct mark_rule rule = any(mark);

	rule.iif = port;
	return rule;
}

static void set(struct ipvs_rig *rig, const struct mark_rule *rules, uint32_t n)
{
	struct mark_rules *list = malloc(sizeof(*list) + n * sizeof(*rules));

	assert_non_null(list);
	list->n = n;
	memcpy(list->rules, rules, n * sizeof(*rules));
	assert_int_equal(mark_rules_set(rig->all, list), 0);
}

static const struct asked {
	const char *src, *dst;
	uint8_t proto;
	uint16_t sport, dport, in_port;
	uint32_t want;
} asked[] = {
	{ "10.1.0.1", "1.1.1.1", IPPROTO_TCP, 1, 80, 0, 1 },
	{ "10.1.0.1", "1.1.1.2", IPPROTO_TCP, 1, 80, 0, 4 },
	{ "10.9.0.1", "1.1.1.2", IPPROTO_TCP, 1, 80, 0, 0 }, /* the exception */
	{ "10.9.0.1", "1.1.1.1", IPPROTO_TCP, 1, 80, 0, 1 }, /* behind the first */
	{ "10.1.0.1", "1.1.1.2", IPPROTO_TCP, 1, 79, 0, 7 },
	{ "10.1.0.1", "1.1.1.2", IPPROTO_TCP, 1, 90, 0, 4 },
	{ "10.1.0.1", "1.1.1.2", IPPROTO_TCP, 1, 91, 0, 7 },
	{ "10.1.0.1", "1.1.1.2", IPPROTO_UDP, 1, 80, 0, 7 },
	{ "10.1.0.1", "1.1.1.2", IPPROTO_UDP, 53, 9, 0, 5 },
	{ "10.1.0.1", "1.1.1.2", IPPROTO_SCTP, 53, 9, 0, 5 },
	{ "10.1.0.1", "1.1.1.2", IPPROTO_ICMP, 53, 9, 0, 6 }, /* an id is no port */
	{ "2001:db8::1", "2001:db8::2", IPPROTO_ICMPV6, 0, 0, 0, 6 },
	{ "2001:db8::1", "2001:db8::2", IPPROTO_TCP, 9, 9, 0, 7 },
	{ "2001:db8::1", "2001:db8:5::2", IPPROTO_TCP, 9, 9, 0, 3 },
	{ "2001:db8::1", "2001:db8::2", IPPROTO_TCP, 9, 9, 1, 0 },
	{ "2001:db8::1", "2001:db8::2", IPPROTO_TCP, 9, 9, PORT_NONE, 7 },
};

static void test_first_match(void **state)
{
	const struct mark_rule rules[] = {
		to(1, AF_INET, "1.1.1.1", 32),
		from(0, AF_INET, "10.9.0.0", 16),
		to(3, AF_INET6, "2001:db8:5::", 48),
		ports(4, IPPROTO_TCP, 0, 65535, 80, 90),
		ports(5, 0, 53, 53, 0, 65535),
		ports(6, IPPROTO_ICMP, 0, 65535, 0, 65535),
		iif(7, 0),
	};
	struct ipvs_rig *rig = ipvs_rig_create(2);

	set(rig, rules, LENGTH(rules));
	for (size_t i = 0; i < LENGTH(asked); i++) {
		struct tuple tuple = {
			.sport = htons(asked[i].sport),
			.dport = htons(asked[i].dport),
			.proto = asked[i].proto,
			.family = strchr(asked[i].src, ':') ? AF_INET6 : AF_INET,
		};

		inet_pton(tuple.family, asked[i].src, &tuple.src);
		inet_pton(tuple.family, asked[i].dst, &tuple.dst);
		for (unsigned int w = 0; w <= 2; w++) {
			uint32_t got = mark_of(rig->all[w], &tuple, asked[i].in_port);

			if (got != asked[i].want)
				fail_msg("row %zu, worker %u: mark %u", i, w, got);
		}
	}
	assert_int_equal(mark_rules_set(rig->all, NULL), 0);
	ipvs_rig_destroy(rig);
}

/* Rules of a device go with it, and no others. */
static void test_unplug(void **state)
{
	const struct mark_rule rules[] = { iif(1, 0), iif(2, 1), iif(3, 0), any(4) };
	struct ipvs_rig *rig = ipvs_rig_create(1);
	const struct mark_rules *left;

	assert_int_equal(mark_unplug(rig->all, 0), 0);
	set(rig, rules, LENGTH(rules));
	assert_int_equal(mark_unplug(rig->all, 0), 0);
	left = rig->ipvs[1].marks;
	assert_int_equal(left->n, 2);
	assert_int_equal(left->rules[0].mark, 2);
	assert_int_equal(left->rules[1].mark, 4);
	assert_int_equal(mark_unplug(rig->all, 5), 0);
	assert_ptr_equal(rig->ipvs[1].marks, left);
	assert_int_equal(mark_rules_set(rig->all, NULL), 0);
	ipvs_rig_destroy(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_match),
		cmocka_unit_test(test_unplug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
