/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel interface with a double for the kernel: which packets reach it,
 * with exactly which bytes, and which of them first; what a flood costs; what
 * comes from it; and how an interface follows its port.
 *
 *	10.0.0.2 (06:…:02) — dpdk0 10.0.0.1/24, dpdk1 192.168.0.1/24 — 192.168.0.2 (06:…:12)
 *	the kernel has 10.0.0.5, by dpdk0.kni
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/unit.h"
#include "link/plug.h"
#include "packet/kni_rig.h"

static uint64_t to_kernel(const struct harness *h)
{
	uint64_t sum = 0;

	for (unsigned int i = 1; i <= h->n_workers; i++)
		sum += h->all[i]->counters.to_kernel;
	return sum;
}

/* ---- to the kernel ---- */

#define US     "02:00:00:00:00:00 06:00:00:00:00:02 "
#define GROUP  "01:00:5e:00:00:05 06:00:00:00:00:02 "
#define ALL    "ff:ff:ff:ff:ff:ff 06:00:00:00:00:02 "
#define P      "0a000002"
#define WE     "0a000001"
#define KERNEL "0a000005"

/* Frames that are the kernel's; IPv4 and L4 checksums of 0 are filled. */
static const struct {
	const char *what, *l2, *rest;
	enum kni_class class;
} heard[] = {
	{ "LLDP", "01:80:c2:00:00:0e 06:00:00:00:00:02 88cc", "0207 04 aabbccddeeff 0000",
	  KNI_GROUP },
	{ "LACP", "01:80:c2:00:00:02 06:00:00:00:00:02 8809", "0101 0000", KNI_GROUP },
	{ "a VLAN that is none of ours", US "8100", "0007 0800 45", KNI_BULK },
	{ "ARP in a VLAN", ALL "8100", "0007 0806 0001 0800 0604 0001", KNI_NEIGH },
	{ "ARP, who has the kernel's address", ALL "0806",
	  "0001 0800 0604 0001 060000000002" P "000000000000" KERNEL, KNI_NEIGH },
	{ "ARP, an answer to us", US "0806", "0001 0800 0604 0002 060000000002" P "020000000000" WE,
	  KNI_NEIGH },
	{ "ARP, gratuitous", ALL "0806",
	  "0001 0800 0604 0001 060000000009 0a000009 000000000000 0a000009", KNI_NEIGH },
	{ "echo request to the kernel", US "0800",
	  "4500 001c 0001 0000 4001 0000" P KERNEL "0800 0000 0001 0002", KNI_BULK },
	{ "echo reply to our address", US "0800",
	  "4500 001c 0001 0000 4001 0000" P WE "0000 0000 0001 0002", KNI_BULK },
	{ "BGP to the kernel", US "0800",
	  "4500 0028 0001 4000 0106 0000" P KERNEL
	  "c000 00b3 00000001 00000000 5002 1000 0000 0000",
	  KNI_BGP },
	{ "BGP from a peer that has listened, to our address", US "0800",
	  "4500 0028 0001 4000 0106 0000" P WE "00b3 c000 00000001 00000000 5010 1000 0000 0000",
	  KNI_BGP },
	{ "ssh to our address", US "0800",
	  "4500 0028 0001 4000 4006 0000" P WE "c000 0016 00000001 00000000 5002 1000 0000 0000",
	  KNI_BULK },
	{ "BFD", US "0800", "4500 001c 0001 4000 ff11 0000" P KERNEL "c000 0ec8 0008 0000",
	  KNI_BFD },
	{ "OSPF to its group", GROUP "0800", "45c0 0018 0001 0000 0159 0000" P "e0000005 02010000",
	  KNI_OSPF },
	{ "OSPF to our address", US "0800", "45c0 0018 0001 0000 0159 0000" P WE "02020000",
	  KNI_OSPF },
	{ "VRRP", "01:00:5e:00:00:12 00:00:5e:00:01:07 0800",
	  "45c0 001c 0001 0000 ff70 0000" P "e0000012 2107640101640000", KNI_VRRP },
	{ "IGMP with a router alert", GROUP "0800",
	  "46c0 0020 0001 0000 0102 0000" P "e0000016 94040000 2200f9fc 00000000", KNI_GROUP },
	{ "DHCP", ALL "0800", "4500 001c 0001 0000 4011 0000 00000000 ffffffff 0044 0043 0008 0000",
	  KNI_BULK },
	{ "the net's broadcast", ALL "0800",
	  "4500 001c 0001 0000 4011 0000" P "0a0000ff 0044 0043 0008 0000", KNI_BULK },
	{ "an address that nobody knows, where nothing is forwarded", US "0800",
	  "4500 001c 0001 0000 4011 0000" P "08080808 1000 2000 0008 0000", KNI_BULK },
	{ "GRE to our address", US "0800", "4500 0018 0001 0000 402f 0000" P WE "00000800",
	  KNI_BULK },
};

static struct bytes heard_frame(unsigned int i)
{
	return ip4_frame(heard[i].l2, heard[i].rest, 0);
}

/* The kernel has got these bytes, and nothing else has. */
static void expect_heard(const struct kni_rig *rig, unsigned int i, const struct bytes *frame)
{
	struct frames *got = &rig->kernel->twins[0].written;
	char hex[2 * FRAME_MAX + 1] = "";

	kni_rig_run(rig);
	for (size_t k = 0; k < frame->len; k++)
		snprintf(hex + 2 * k, 3, "%02x", frame->at[k]);
	if (got->n != 1)
		fail_msg("%s: the kernel has got %u frames", heard[i].what, got->n);
	assert_frame(got->at[0].bytes, got->at[0].len, hex);
	got->n = 0;
	ip4_expect_nothing(rig->h);
}

#define US6 US "86dd"
#define ENDS6                              \
	"20010db8000000000000000000000002" \
	"20010db8000000000000000000000001"
#define DATA6 "c000 0035 0010 1234" /* UDP */

/* Behind options that all pieces name stands what only the first one says: it becomes whole here,
 * since it may be ours, and is the kernel's then. */
static void pieces_test(void **state)
{
	for (unsigned int i = 0; i < 4; i++) {
		unsigned int workers = i & 1 ? 3 : 1;
		struct kni_rig rig = kni_rig_new(workers);
		struct bytes pieces[2] = {
			ip4_frame(US6,
				  "60000000 0018 2c40" ENDS6
				  "3c00 0001 00000007 1100 0104 00000000" DATA6,
				  0),
			ip4_frame(US6,
				  "60000000 0010 2c40" ENDS6 "3c00 0010 00000007 4142434445464748",
				  0),
		};
		struct bytes whole = ip4_frame(US6,
					       "60000000 0018 3c40" ENDS6 "1100 0104 00000000" DATA6
					       "4142434445464748",
					       0);

		harness_run(rig.h, "dpip addr add 2001:db8::1/64 dev dpdk0");
		harness_advance(rig.h, 5000);
		ip4_count_frames(rig.h, 0);
		kni_rig_run(&rig);
		rig.kernel->twins[0].written.n = 0;
		for (unsigned int j = 0; j < 2; j++) {
			const struct bytes *piece = &pieces[i & 2 ? 1 - j : j];

			harness_inject(rig.h, 0, j % workers, piece->at, piece->len);
			harness_turn(rig.h);
		}
		harness_assert_balance(rig.h);
		expect_heard(&rig, 0, &whole);
		kni_rig_free(&rig);
	}
}

static void to_kernel_test(void **state)
{
	for (unsigned int workers = 1; workers <= 3; workers += 2) {
		struct kni_rig rig = kni_rig_new(workers);

		for (unsigned int i = 0; i < LENGTH(heard); i++) {
			struct bytes frame = heard_frame(i);

			harness_inject(rig.h, 0, i % workers, frame.at, frame.len);
			harness_turn(rig.h);
			harness_assert_balance(rig.h);
			expect_heard(&rig, i, &frame);
			assert_int_equal(to_kernel(rig.h), i + 1);
		}
		kni_rig_free(&rig);
	}
}

static void classes_test(void **state)
{
	struct kni_rig rig = kni_rig_new(1);

	for (unsigned int i = 0; i < LENGTH(heard); i++) {
		struct bytes frame = heard_frame(i);
		struct rte_mbuf *m = rte_pktmbuf_alloc(rig.h->pool);

		memcpy(rte_pktmbuf_append(m, (uint16_t)frame.len), frame.at, frame.len);
		if (kni_classify(m) != heard[i].class)
			fail_msg("%s: class %u", heard[i].what, kni_classify(m));
		for (size_t len = 0; len < frame.len; len++) { /* cut short, nothing is read */
			m->data_len = (uint16_t)len;
			kni_classify(m);
		}
		m->data_len = (uint16_t)frame.len;
		rte_pktmbuf_free(m);
	}
	kni_rig_free(&rig);
}

static void segments_test(void **state)
{
	struct kni_rig rig = kni_rig_new(1);

	for (unsigned int i = 0; i < LENGTH(heard); i++) {
		struct bytes frame = heard_frame(i);

		harness_inject_as(rig.h, 0, 0, frame.at, frame.len, 0, 16);
		harness_turn(rig.h);
		expect_heard(&rig, i, &frame);
	}
	kni_rig_free(&rig);
}

/* A tag that the port took out is there again. */
static void stripped_tag_test(void **state)
{
	struct kni_rig rig = kni_rig_new(1);
	struct bytes frame = ip4_frame(US "0800", "4500 0014 0001 0000 40ff 0000" P WE, 0);
	struct rte_mbuf *m = rte_pktmbuf_alloc(rig.h->pool);
	struct frames *got = &rig.kernel->twins[0].written;

	memcpy(rte_pktmbuf_append(m, (uint16_t)frame.len), frame.at, frame.len);
	m->ol_flags = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	m->vlan_tci = 9;
	assert_true(test_port_inject(rig.h->port[0], 0, m));
	harness_turn(rig.h);
	kni_rig_run(&rig);
	assert_int_equal(got->n, 1);
	assert_int_equal(got->at[0].len, frame.len + 4);
	assert_memory_equal(got->at[0].bytes, frame.at, 12);
	assert_memory_equal(got->at[0].bytes + 12, "\x81\x00\x00\x09", 4);
	assert_memory_equal(got->at[0].bytes + 16, frame.at + 12, frame.len - 12);
	kni_rig_free(&rig);
}

/* Down, or on a port whose interface is down: as if there were none. */
static void down_test(void **state)
{
	struct kni_rig rig = kni_rig_new(1);
	struct bytes lldp = heard_frame(0), bgp = heard_frame(9);

	harness_inject(rig.h, 1, 0, lldp.at, lldp.len);
	harness_turn(rig.h);
	assert_int_equal(harness_drops(rig.h, DROP_ETH_TYPE), 1);
	kni_rig_learn(&rig, 100, false);
	ip4_send_frame(rig.h, 0, &lldp);
	assert_int_equal(harness_drops(rig.h, DROP_ETH_TYPE), 2);
	ip4_send_frame(rig.h, 0, &bgp);
	assert_int_equal(harness_drops(rig.h, DROP_IP4_NO_LISTENER), 1);
	assert_int_equal(to_kernel(rig.h), 0);
	kni_rig_learn(&rig, 100, true);
	ip4_send_frame(rig.h, 0, &lldp);
	assert_int_equal(to_kernel(rig.h), 1);
	kni_rig_free(&rig);
}

/* ---- budgets ---- */

#define SSH  11
#define OSPF 13
#define ARP  4

static void flood(const struct kni_rig *rig, unsigned int what, unsigned int n)
{
	struct bytes frame = heard_frame(what);

	for (unsigned int i = 0; i < n; i++) {
		harness_inject(rig->h, 0, 0, frame.at, frame.len);
		if (i % 32 == 31)
			harness_turn(rig->h);
	}
	harness_turn(rig->h);
}

static unsigned int count_class(const struct frames *got, unsigned int what)
{
	struct bytes frame = heard_frame(what);
	unsigned int n = 0;

	for (unsigned int i = 0; i < got->n; i++)
		n += got->at[i].len == frame.len &&
		     memcmp(got->at[i].bytes, frame.at, frame.len) == 0;
	return n;
}

static void budget_test(void **state)
{
	struct kni_rig rig = kni_rig_new(1);
	struct frames *got = &rig.kernel->twins[0].written;

	/* at one moment: a burst of each class, whatever the others do */
	flood(&rig, SSH, 600);
	flood(&rig, ARP, 400);
	flood(&rig, OSPF, 5);
	assert_int_equal(harness_drops(rig.h, DROP_KNI_BULK), 600 - 256);
	assert_int_equal(harness_drops(rig.h, DROP_KNI_ROUTING), 400 - 256);
	kni_rig_run(&rig);
	assert_int_equal(count_class(got, SSH), 256);
	assert_int_equal(count_class(got, ARP), 256);
	assert_int_equal(count_class(got, OSPF), 5);
	harness_assert_balance(rig.h);

	/* 24 packets a ms of bulk */
	harness_advance(rig.h, 5);
	flood(&rig, SSH, 600);
	assert_in_range(600 * 2 - harness_drops(rig.h, DROP_KNI_BULK) - 256, 118, 122);
	kni_rig_free(&rig);
}

/* What keeps sessions alive is written before what came earlier and can wait. */
static void order_test(void **state)
{
	struct kni_rig rig = kni_rig_new(1);
	struct frames *got = &rig.kernel->twins[0].written;
	struct bytes ospf = heard_frame(OSPF);

	flood(&rig, SSH, 100);
	flood(&rig, OSPF, 3);
	kni_rig_run(&rig);
	assert_int_equal(got->n, 103);
	for (unsigned int i = 0; i < 3; i++)
		assert_memory_equal(got->at[i].bytes, ospf.at, ospf.len);
	kni_rig_free(&rig);
}

/* The owner does not come: the ring is full, and the loss has a name. */
static void ring_test(void **state)
{
	struct kni_rig rig = kni_rig_new(1);

	for (unsigned int i = 0; i < 12; i++) {
		flood(&rig, SSH, 100);
		harness_advance(rig.h, 10);
	}
	assert_int_equal(harness_drops(rig.h, DROP_KNI_BULK), 0);
	assert_int_equal(to_kernel(rig.h), KNI_RING - 1);
	assert_int_equal(harness_drops(rig.h, DROP_KNI_RING), 1200 - (KNI_RING - 1));
	kni_rig_free(&rig);
}

static void refused_by_kernel_test(void **state)
{
	struct kni_rig rig = kni_rig_new_with(&stuck_ops, 1, 0);

	kni_rig_learn(&rig, 100, true);
	flood(&rig, OSPF, 3);
	kni_rig_run(&rig);
	assert_int_equal(kni_port_find(rig.h->all[0], 100)->counters.to_dropped, 3);
	assert_int_equal(kni_port_find(rig.h->all[0], 100)->counters.to_packets, 0);
	kni_rig_free(&rig);
}

/* forward2kni: all that comes in reaches the kernel once, whether it is the kernel's or not. */
static void forward_test(void **state)
{
	for (unsigned int workers = 1; workers <= 3; workers += 2) {
		struct kni_rig rig = kni_rig_new(workers);
		struct frames *got = &rig.kernel->twins[0].written;
		struct bytes ping = ip4_frame(
			US "0800", "4500 001c 0001 0000 4001 0000" P WE "0800 0000 0001 0002", 0);
		uint8_t out[FRAME_MAX];

		harness_run(rig.h, "dpip link set dpdk0 forward2kni on");
		for (unsigned int i = 0; i < LENGTH(heard); i++) {
			struct bytes frame = heard_frame(i);

			harness_inject(rig.h, 0, i % workers, frame.at, frame.len);
			harness_turn(rig.h);
			harness_assert_balance(rig.h);
			expect_heard(&rig, i, &frame);
		}
		assert_int_equal(harness_drops(rig.h, DROP_KNI_FORWARDED), LENGTH(heard));
		for (unsigned int on = 1; on + 1 > 0; on--) {
			harness_inject(rig.h, 0, 0, ping.at, ping.len);
			harness_turn(rig.h);
			kni_rig_run(&rig);
			assert_int_equal(got->n, on);
			if (on)
				assert_memory_equal(got->at[0].bytes, ping.at, ping.len);
			got->n = 0;
			assert_int_equal(harness_take(rig.h, 0, out, sizeof(out)), ping.len);
			harness_run(rig.h, "dpip link set dpdk0 forward2kni off");
		}
		kni_rig_free(&rig);
	}
}

/* Copies keep to the budget of their class. */
static void copy_test(void **state)
{
	struct kni_rig rig = kni_rig_new(1);
	struct frames *got = &rig.kernel->twins[0].written;
	struct bytes ospf = heard_frame(OSPF);
	struct rte_mbuf *m = rte_pktmbuf_alloc(rig.h->pool);
	struct batch in = { .count = 1, .pkts = { m } };

	memcpy(rte_pktmbuf_append(m, (uint16_t)ospf.len), ospf.at, ospf.len);
	for (unsigned int i = 0; i < 300; i++)
		kni_forward(rig.h->all[1], &in, 0);
	kni_forward(rig.h->all[1], &in, 1); /* that one is down */
	kni_rig_run(&rig);
	assert_int_equal(count_class(got, OSPF), 256);
	assert_int_equal(got->n, 256);
	rte_pktmbuf_free(m);
	kni_rig_free(&rig);
}

/* ---- from the kernel ---- */

static void kernel_sends(struct twin *twin, const void *bytes, size_t len)
{
	uint64_t one = 1;

	frames_put(&twin->waiting, bytes, len);
	assert_int_equal(write(twin->fd, &one, sizeof(one)), sizeof(one));
}

static void from_kernel_test(void **state)
{
	for (unsigned int workers = 1; workers <= 3; workers += 2) {
		struct kni_rig rig = kni_rig_new(workers);
		uint8_t frame[FRAME_MAX], got[FRAME_MAX];

		memset(frame, 0x5a, sizeof(frame));
		for (unsigned int i = 0; i < 200; i++) {
			frame[20] = (uint8_t)i;
			kernel_sends(&rig.kernel->twins[1], frame, 60 + i);
		}
		kni_rig_run(&rig);
		harness_turn(rig.h);
		for (unsigned int i = 0; i < 200; i++) { /* in order, whoever sends them */
			frame[20] = (uint8_t)i;
			assert_int_equal(harness_take(rig.h, 1, got, sizeof(got)), 60 + i);
			assert_memory_equal(got, frame, 60 + i);
		}
		ip4_expect_nothing(rig.h);
		harness_assert_balance(rig.h);
		kni_rig_free(&rig);
	}
}

/* Nobody takes them: bounded, and counted. */
static void from_kernel_full_test(void **state)
{
	struct kni_rig rig = kni_rig_new(1);
	const struct kni_counters *counters = &kni_port_find(rig.h->all[0], 100)->counters;
	uint8_t frame[60] = { 0 };

	for (unsigned int i = 0; i < 1500; i++)
		kernel_sends(&rig.kernel->twins[0], frame, sizeof(frame));
	kni_rig_run(&rig);
	assert_int_equal(counters->from_packets, 1023);
	assert_int_equal(counters->from_dropped, 1500 - 1023);
	kni_rig_free(&rig);
}

/* ---- like its port ---- */

static void follows_port_test(void **state)
{
	struct kni_rig rig = kni_rig_new(1);
	struct twin *twin = &rig.kernel->twins[0], *other = &rig.kernel->twins[1];

	assert_string_equal(twin->name, "dpdk0.kni");
	assert_string_equal(other->name, "dpdk1x");
	assert_int_equal(twin->mac.addr_bytes[5], 0);
	assert_int_equal(other->mac.addr_bytes[5], 1);
	assert_int_equal(twin->mtu, rig.h->all[0]->link->ports[0].mtu);
	harness_run(rig.h, "dpip link set dpdk0 addr 02:00:00:00:00:77");
	harness_run(rig.h, "dpip link set dpdk0 mtu 1400");
	harness_run(rig.h, "dpip link set dpdk0 down");
	kni_sync(rig.h->all);
	assert_int_equal(twin->mac.addr_bytes[5], 0x77);
	assert_int_equal(twin->mtu, 1400);
	assert_false(twin->carrier);
	harness_run(rig.h, "dpip link set dpdk0 up");
	kni_sync(rig.h->all);
	assert_true(twin->carrier);

	/* somebody sets another MAC address and MTUs */
	kni_learn(rig.h->all, &(struct kni_news){ .index = 100,
						  .up = true,
						  .has_mac = true,
						  .mac = { { 2, 0, 0, 0, 0, 0x88 } },
						  .mtu = 9000 });
	assert_int_equal(twin->mac.addr_bytes[5], 0x77);
	assert_int_equal(twin->mtu, 1400);
	twin->mtu = 1300;
	kni_learn(rig.h->all, &(struct kni_news){ .index = 100, .up = true, .mtu = 1300 });
	assert_int_equal(twin->mtu, 1300);
	kni_rig_free(&rig);
}

static void deleted_test(void **state)
{
	struct kni_rig rig = kni_rig_new(1);
	struct twin *twin = &rig.kernel->twins[0];
	struct bytes lldp = heard_frame(0);

	/* gone to another namespace: still ours, and up as far as we know */
	kni_rig_learn(&rig, 100, false);
	kni_learn(rig.h->all, &(struct kni_news){ .index = 100, .gone = true });
	assert_true(twin->open);
	ip4_send_frame(rig.h, 0, &lldp);
	assert_int_equal(to_kernel(rig.h), 1);

	/* deleted: made again, down */
	twin->deleted = true;
	kni_learn(rig.h->all, &(struct kni_news){ .index = 100, .gone = true });
	assert_false(twin->open);
	assert_true(rig.kernel->twins[2].open);
	ip4_send_frame(rig.h, 0, &lldp);
	assert_int_equal(to_kernel(rig.h), 1);

	/* the port goes, and its interface with it */
	assert_int_equal(plug_out(rig.h->all, 1), 0);
	harness_turn(rig.h);
	plug_reap(rig.h->all);
	kni_sync(rig.h->all);
	assert_false(rig.kernel->twins[1].open);
	kni_rig_free(&rig);
}

/* No right to make interfaces: one attempt, and all else works. */
static void refused_test(void **state)
{
	struct kni_rig rig = kni_rig_new_with(&twin_ops, 1, -EPERM);
	struct bytes lldp = heard_frame(0);

	assert_int_equal(rig.kernel->opened, 1);
	harness_run(rig.h, "dpip link set dpdk0 mtu 1400");
	kni_sync(rig.h->all);
	assert_int_equal(rig.kernel->opened, 1);
	ip4_send_frame(rig.h, 0, &lldp);
	assert_int_equal(harness_drops(rig.h, DROP_ETH_TYPE), 1);
	kni_rig_free(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(to_kernel_test),    cmocka_unit_test(pieces_test),
		cmocka_unit_test(classes_test),      cmocka_unit_test(segments_test),
		cmocka_unit_test(stripped_tag_test), cmocka_unit_test(down_test),
		cmocka_unit_test(budget_test),       cmocka_unit_test(order_test),
		cmocka_unit_test(ring_test),         cmocka_unit_test(refused_by_kernel_test),
		cmocka_unit_test(forward_test),      cmocka_unit_test(copy_test),
		cmocka_unit_test(from_kernel_test),  cmocka_unit_test(from_kernel_full_test),
		cmocka_unit_test(follows_port_test), cmocka_unit_test(deleted_test),
		cmocka_unit_test(refused_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
