/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets for our addresses that nobody here takes, while the kernel interface
 * is up: the kernel gets those to addresses that it has, too; who sent the
 * others is told, as where there is no kernel interface.
 */
#include <string.h>

#include "lib/unit.h"
#include "net/kernel_addr.h"
#include "packet/kni_rig.h"

#define P  "0a000002"
#define WE "0a000001"

/* To addresses of ours; out: NULL: the kernel gets it. */
#define BOTH  "0a000008"
#define P6    "20010db8000000000000000000000002"
#define WE6   "20010db8000000000000000000000001"
#define BOTH6 "20010db8000000000000000000000008"
#define SYN   "1000 2000 00000100 00000000 5002 2000 0000 0000"
#define RST   "2000 1000 00000000 00000101 5014 0000 0000 0000"
#define UDP   "1000 2000 000c 0000 61626364"

static const struct ip_case whose[] = {
	{ "TCP, ours", "4500 0028 0001 4000 4006 0000" P WE SYN,
	  "4500 0028 0000 4000 4006 0000" WE P RST, 0, 0, DROP_IP4_NO_LISTENER, TO_0 },
	{ "UDP, ours", "4500 0020 0001 0000 4011 0000" P WE UDP,
	  "45c0 003c 0000 4000 4001 0000" WE P "0303 0000 00000000", 0, 32, DROP_IP4_NO_LISTENER,
	  TO_0 },
	{ "TCP, the kernel's too", "4500 0028 0001 4000 4006 0000" P BOTH SYN, NULL, 0, 0, -1,
	  TO_0 },
	{ "a fragment", "4500 0020 0001 2000 4011 0000" P BOTH UDP, NULL, 0, 0, -1, TO_0 },
	{ "TCP, ours, IPv6", "60000000 0014 0640" P6 WE6 SYN, "60000000 0014 0640" WE6 P6 RST, 0, 0,
	  DROP_IP6_NO_LISTENER, TO6_0 },
	{ "UDP, ours, IPv6", "60000000 000c 1140" P6 WE6 UDP,
	  "60000000 003c 3a40" WE6 P6 "0104 0000 00000000", 0, 52, DROP_IP6_NO_LISTENER, TO6_0 },
	{ "TCP, the kernel's too, IPv6", "60000000 0014 0640" P6 BOTH6 SYN, NULL, 0, 0, -1, TO6_0 },
	{ "UDP to a group of ours", "60000000 000c 1101" P6 "ff020000000000000000000000000001" UDP,
	  NULL, 0, 0, -1, "33:33:00:00:00:01 06:00:00:00:00:02 86dd" },
};

/* The kernel's no more. */
static const struct ip_case gone = { "TCP, was the kernel's",
				     "4500 0028 0001 4000 4006 0000" P BOTH SYN,
				     "4500 0028 0000 4000 4006 0000" BOTH P RST,
				     0,
				     0,
				     DROP_IP4_NO_LISTENER,
				     TO_0 };

static void check_whose(const struct kni_rig *rig, const struct ip_case *one, bool kernel)
{
	struct frames *got = &rig->kernel->twins[0].written;
	struct ip_case as = *one;

	/* the number of an answer of IPv4 tells who has answered */
	if (rig->h->n_workers > 1 && one->out && strstr(one->l2, "0800"))
		return;
	rig->h->all[1]->net->ip_id = 0;
	as.out = kernel ? NULL : one->out;
	as.drop = kernel ? -1 : one->drop;
	ip_case_check(rig->h, &as, NULL, strstr(one->l2, "86dd") ? FROM6_0 : FROM_0);
	kni_rig_run(rig);
	if (got->n != kernel)
		fail_msg("%s: the kernel has got %u frames", one->name, got->n);
	got->n = 0;
}

static struct kernel_addr kernel_addr(const char *text, uint32_t index)
{
	struct kernel_addr addr = { .plen = 24, .index = index };
	unsigned int family;

	assert_int_equal(ip_parse(text, &family, &addr.ip), 0);
	addr.family = (uint8_t)family;
	return addr;
}

/* What the kernel could have a listener for is its; it is unknown before it has told its addresses.
 */
static void whose_test(void **state)
{
	const struct kernel_addr four = kernel_addr("10.0.0.8", 3),
				 six = kernel_addr("2001:db8::8", 4),
				 again = kernel_addr("10.0.0.8", 4);

	for (unsigned int workers = 1; workers <= 3; workers += 2) {
		struct kni_rig rig = kni_rig_new(workers);
		struct worker *const *all = rig.h->all;

		ip6_rig_add(rig.h);
		harness_run(rig.h, "dpip addr add 10.0.0.8 dev dpdk0");
		harness_run(rig.h, "dpip addr add 2001:db8::8 dev dpdk0 nodad");
		ip4_count_frames(rig.h, 0);
		ip4_count_frames(rig.h, 1);
		kernel_addr_begin(all[0]);
		kernel_addr_put(all, &four);
		kernel_addr_put(all, &six);
		for (unsigned int round = 0; round < 2; round++) {
			for (unsigned int i = 0; i < LENGTH(whose); i++)
				check_whose(&rig, &whose[i], round == 0 || !whose[i].out);
			kernel_addr_end(all);
			harness_turn(rig.h);
		}
		/* its interface goes where nobody sees its addresses, and comes back */
		kni_learn(all, &(struct kni_news){ .index = 100, .gone = true });
		check_whose(&rig, &whose[4], true);
		kni_rig_learn(&rig, 100, true);
		check_whose(&rig, &whose[4], false);
		/* the kernel has it a second time; what a new round does not tell has gone */
		kernel_addr_put(all, &again);
		kernel_addr_remove(all, &four);
		harness_turn(rig.h);
		check_whose(&rig, &whose[2], true);
		kernel_addr_begin(all[0]);
		kernel_addr_put(all, &six);
		kernel_addr_end(all);
		harness_turn(rig.h);
		check_whose(&rig, &gone, false);
		kni_rig_free(&rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(whose_test) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
