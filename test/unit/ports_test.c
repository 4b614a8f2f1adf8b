/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a listing of addresses says of local ports: the sum over services, over
 * workers, and over what is on its way out.
 */
#include "lib/unit.h"

#include <netinet/in.h>

#include "ipvs/ports_ctl.h"
#include "ipvs/sched/sched.h"
#include "lib/ipvs_rig.h"

static struct service *add_service(struct ipvs_rig *rig, uint32_t n)
{
	struct service_key key = {
		.addr = ipvs_rig_ip(n),
		.family = AF_INET,
		.port = 80,
		.proto = IPPROTO_TCP,
	};
	struct service_config config = { .sched = sched_find("rr") };

	assert_int_equal(service_add(rig->all, &key, &config), 0);
	return service_lookup(ipvs_rig_table(rig, 0), key.proto, AF_INET, &key.addr, key.port);
}

/* One address of the service, for which worker N counts N * conns. */
static struct laddr *add_laddr(struct ipvs_rig *rig, struct service *svc, const union ip_addr *addr,
			       uint64_t conns)
{
	struct laddr *laddr = ipvs_rig_table(rig, 0)->laddrs;

	assert_int_equal(laddr_add(rig->all, svc, AF_INET, addr, "dpdk0"), 0);
	while (laddr->service != svc->id || !ip_equal(&laddr->addr, addr))
		laddr++;
	for (unsigned int i = 1; i <= rig->n_workers; i++) {
		ipvs_rig_table(rig, i)->laddrs[laddr->id].conns = conns * i;
		ipvs_rig_table(rig, i)->laddrs[laddr->id].conflicts = 1;
	}
	return laddr;
}

static void test_sum(void **state)
{
	struct ipvs_rig *rig = ipvs_rig_create(3);
	struct service *first = add_service(rig, 1), *second = add_service(rig, 2);
	union ip_addr addr = ipvs_rig_ip(201), other = ipvs_rig_ip(202), none = ipvs_rig_ip(203);
	const struct {
		const union ip_addr *addr;
		uint64_t used, miss;
	} cases[] = {
		{ &addr, 6 * (1 + 100), 6 },
		{ &other, 6 * 10, 3 },
		{ &none, 0, 0 },
	};
	struct laddr *removed;

	add_laddr(rig, first, &addr, 1);
	add_laddr(rig, first, &other, 10);
	removed = add_laddr(rig, second, &addr, 100);
	assert_int_equal(laddr_del(rig->all, removed), 0);
	for (unsigned int i = 0; i < LENGTH(cases); i++) {
		struct api_addr item = { .family = AF_INET };

		ports_of_addr(rig->all, cases[i].addr, &item);
		assert_int_equal(item.ports_used, cases[i].used);
		assert_int_equal(item.ports_miss, cases[i].miss);
	}
	ipvs_rig_destroy(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
