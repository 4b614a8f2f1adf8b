/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sched_hash_test: the schedulers that hash pick the same server on every
 * worker; mh's table for 1,000 servers is made in under 10 ms, its shares follow
 * the weights, and one server's removal moves at most 1 % of the others' clients;
 * conhash keeps a client with its server, by address or by QUIC connection id.
 * That they pick what the kernel picks is sched_kernel_test.c's.
 */
#include "lib/unit.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/ipvs.h"
#include "ipvs/tables.h"
#include "lib/ipvs_rig.h"
#include "packet/tuple.h"

#define WORKERS 3
#define CLIENTS 20000
#define MANY    1000

static const struct service_key key = { .family = AF_INET, .port = 80, .proto = IPPROTO_UDP };

static struct ipvs_rig *rig_with(const char *sched, uint32_t flags, uint32_t table_size)
{
	struct service_config config = { .sched = sched_find(sched), .sched_flags = flags };
	struct ipvs_rig *rig = ipvs_rig_create(WORKERS);

	for (unsigned int i = 0; i <= WORKERS; i++)
		rig->ipvs[i].config.mh_table_size = table_size;
	assert_non_null(config.sched);
	assert_int_equal(service_add(rig->all, &key, &config), 0);
	return rig;
}

static struct service *svc_of(const struct ipvs_rig *rig, unsigned int worker)
{
	return service_lookup(ipvs_rig_table(rig, worker), key.proto, key.family, &key.addr,
			      key.port);
}

static struct dest_config server(uint32_t number, uint32_t weight)
{
	return (struct dest_config){ .addr = ipvs_rig_ip(0x10000 + number),
				     .family = AF_INET,
				     .port = 8000,
				     .forward = API_FORWARD_FNAT,
				     .weight = weight };
}

static void add(struct ipvs_rig *rig, uint32_t number, uint32_t weight)
{
	struct dest_config config = server(number, weight);

	assert_int_equal(dest_add(rig->all, svc_of(rig, 0), &config), 0);
}

static struct dest *master_dest(struct ipvs_rig *rig, uint32_t number)
{
	struct dest_config config = server(number, 0);

	return dest_find(ipvs_rig_table(rig, 0), svc_of(rig, 0), AF_INET, &config.addr,
			 config.port);
}

static void set_weight(struct ipvs_rig *rig, uint32_t number, uint32_t weight)
{
	struct dest_config config = server(number, weight);

	assert_int_equal(dest_set(rig->all, master_dest(rig, number), &config), 0);
	assert_int_equal(tables_settle(rig->all), 0);
}

/* The number of the server that client n gets, UINT32_MAX: none. */
static uint32_t pick(struct ipvs_rig *rig, unsigned int worker, uint32_t n)
{
	struct tuple tuple = { .src = ipvs_rig_ip(0x100000 + n * 7),
			       .sport = (be16)(n * 31),
			       .family = AF_INET,
			       .proto = IPPROTO_UDP };
	struct sched_packet packet = { .tuple = &tuple };
	struct dest *dest = service_schedule(rig->all[worker], svc_of(rig, worker), &packet);

	return dest ? rte_be_to_cpu_32(dest->addr.v4) - 0x0a010000u : UINT32_MAX;
}

static void test_same_on_all(void **state)
{
	static const struct {
		const char *sched;
		uint32_t flags;
	} rows[] = {
		{ "sh", 0 }, { "sh", API_SERVICE_SCHED1 | API_SERVICE_SCHED2 }, { "dh", 0 },
		{ "mh", 0 }, { "mh", API_SERVICE_SCHED1 | API_SERVICE_SCHED2 }, { "conhash", 0 },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct ipvs_rig *rig = rig_with(rows[i].sched, rows[i].flags, 4093);
		unsigned int some = 0;

		for (uint32_t n = 0; n < 7; n++)
			add(rig, n, n % 3 + 1);
		assert_int_equal(tables_settle(rig->all), 0);
		for (uint32_t n = 0; n < 1000; n++) {
			uint32_t one = pick(rig, 1, n);

			assert_int_not_equal(one, UINT32_MAX);
			assert_int_equal(pick(rig, 2, n), one);
			assert_int_equal(pick(rig, 3, n), one);
			some |= 1u << one;
		}
		/* all servers, but for dh, which has seen one address */
		assert_true(some == 0x7f || strcmp(rows[i].sched, "dh") == 0);
		ipvs_rig_destroy(rig);
	}
}

static double settle_ms(struct ipvs_rig *rig)
{
	struct timespec start, end;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
	assert_int_equal(tables_settle(rig->all), 0);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	return (double)(end.tv_sec - start.tv_sec) * 1e3 +
	       (double)(end.tv_nsec - start.tv_nsec) / 1e6;
}

static void test_many_servers(void **state)
{
	static uint32_t before[CLIENTS];
	struct ipvs_rig *rig = rig_with("mh", 0, 65521);
	uint32_t moved = 0, gone = 0;
	double best = 1e9;

	for (uint32_t n = 0; n < MANY; n++)
		add(rig, n, 1);
	for (unsigned int i = 0; i < 5; i++) {
		double ms;

		set_weight(rig, 0, i % 2 + 1);
		tables_note(ipvs_rig_table(rig, 0), svc_of(rig, 0));
		ms = settle_ms(rig);
		best = ms < best ? ms : best;
	}
	print_message("mh, %u servers, 65521 slots: %.2f ms\n", MANY, best);
#ifndef __SANITIZE_ADDRESS__
	assert_true(best < 10);
#endif
	for (uint32_t n = 0; n < CLIENTS; n++)
		before[n] = pick(rig, 1, n);
	assert_int_equal(dest_del(rig->all, master_dest(rig, 500)), 0);
	assert_int_equal(tables_settle(rig->all), 0);
	for (uint32_t n = 0; n < CLIENTS; n++) {
		uint32_t now = pick(rig, 1, n);

		assert_int_not_equal(now, UINT32_MAX);
		assert_int_not_equal(now, 500);
		if (before[n] == 500)
			gone++;
		else
			moved += now != before[n];
	}
	print_message("one removed: %u of %u others moved\n", moved, CLIENTS - gone);
	assert_true(moved * 100 <= CLIENTS - gone);
	ipvs_rig_destroy(rig);
}

/* Ten servers: hardly anybody else moves. */
static void test_few_servers(void **state)
{
	static uint32_t before[CLIENTS];
	struct ipvs_rig *rig = rig_with("mh", 0, 65521);
	uint32_t count[10] = { 0 }, moved = 0, gone = 0;

	for (uint32_t n = 0; n < 10; n++)
		add(rig, n, n % 2 + 1);
	assert_int_equal(tables_settle(rig->all), 0);
	for (uint32_t n = 0; n < CLIENTS; n++) {
		before[n] = pick(rig, 1, n);
		count[before[n]]++;
	}
	for (uint32_t n = 0; n < 10; n++)
		assert_in_range(count[n], CLIENTS / 15 * (n % 2 + 1) * 9 / 10,
				CLIENTS / 15 * (n % 2 + 1) * 11 / 10);
	assert_int_equal(dest_del(rig->all, master_dest(rig, 3)), 0);
	assert_int_equal(tables_settle(rig->all), 0);
	for (uint32_t n = 0; n < CLIENTS; n++) {
		gone += before[n] == 3;
		moved += before[n] != 3 && pick(rig, 1, n) != before[n];
	}
	print_message("one of ten removed: %u of %u others moved\n", moved, CLIENTS - gone);
	assert_true(moved * 100 <= CLIENTS - gone);
	ipvs_rig_destroy(rig);
}

/* mh: weight 0 keeps the slots; their clients get nothing, or another server by the flag. */
static void test_mh_drains(void **state)
{
	for (uint32_t flags = 0; flags <= API_SERVICE_SCHED1; flags += API_SERVICE_SCHED1) {
		struct ipvs_rig *rig = rig_with("mh", flags, 251);
		uint32_t before[500];

		for (uint32_t n = 0; n < 4; n++)
			add(rig, n, 1);
		assert_int_equal(tables_settle(rig->all), 0);
		for (uint32_t n = 0; n < LENGTH(before); n++)
			before[n] = pick(rig, 1, n);
		set_weight(rig, 2, 0);
		for (uint32_t n = 0; n < LENGTH(before); n++) {
			uint32_t now = pick(rig, 1, n);

			if (before[n] != 2)
				assert_int_equal(now, before[n]);
			else if (flags)
				assert_in_range(now, 0, 3);
			else
				assert_int_equal(now, UINT32_MAX);
			assert_int_not_equal(now, 2);
		}
		set_weight(rig, 2, 1);
		for (uint32_t n = 0; n < LENGTH(before); n++)
			assert_int_equal(pick(rig, 1, n), before[n]);
		ipvs_rig_destroy(rig);
	}
}

/* Before the new table is there, a removed server's clients get others. */
static void test_removed_before_table(void **state)
{
	static const char *const scheds[] = { "mh", "conhash" };

	for (size_t i = 0; i < LENGTH(scheds); i++) {
		struct ipvs_rig *rig = rig_with(scheds[i], 0, 1021);

		for (uint32_t n = 0; n < 3; n++)
			add(rig, n, 1);
		assert_int_equal(pick(rig, 1, 0), UINT32_MAX);
		assert_int_equal(tables_settle(rig->all), 0);
		assert_int_equal(dest_del(rig->all, master_dest(rig, 1)), 0);
		for (uint32_t n = 0; n < 300; n++)
			assert_true(pick(rig, 1, n) == 0 || pick(rig, 1, n) == 2);
		assert_int_equal(service_del(rig->all, svc_of(rig, 0)), 0);
		assert_int_equal(tables_settle(rig->all), 0);
		ipvs_rig_destroy(rig);
	}
}

static void test_conhash_moves(void **state)
{
	static uint32_t before[CLIENTS];
	struct ipvs_rig *rig = rig_with("conhash", 0, 4093);
	uint32_t count[6] = { 0 };

	for (uint32_t n = 0; n < 6; n++)
		add(rig, n, n < 3 ? 10 : 20);
	assert_int_equal(tables_settle(rig->all), 0);
	for (uint32_t n = 0; n < CLIENTS; n++) {
		before[n] = pick(rig, 1, n);
		count[before[n]]++;
	}
	for (uint32_t n = 0; n < 6; n++)
		assert_in_range(count[n], CLIENTS / 9 * (n < 3 ? 1 : 2) * 7 / 10,
				CLIENTS / 9 * (n < 3 ? 1 : 2) * 13 / 10);
	/* drained: its own clients go elsewhere, nobody else moves; removed, they stay there */
	set_weight(rig, 4, 0);
	for (uint32_t n = 0; n < CLIENTS; n++) {
		uint32_t now = pick(rig, 1, n);

		assert_int_not_equal(now, 4);
		if (before[n] != 4)
			assert_int_equal(now, before[n]);
		before[n] = now;
	}
	assert_int_equal(dest_del(rig->all, master_dest(rig, 4)), 0);
	assert_int_equal(tables_settle(rig->all), 0);
	for (uint32_t n = 0; n < CLIENTS; n++)
		assert_int_equal(pick(rig, 1, n), before[n]);
	ipvs_rig_destroy(rig);
}

/* The server of a datagram from client n. */
static struct dest *pick_quic(struct ipvs_rig *rig, uint32_t n, const void *payload, uint32_t len)
{
	struct tuple tuple = { .src = ipvs_rig_ip(0x100000 + n * 7),
			       .family = AF_INET,
			       .proto = IPPROTO_UDP };
	struct sched_packet packet = { .tuple = &tuple, .payload = payload, .payload_len = len };

	return service_schedule(rig->all[1], svc_of(rig, 1), &packet);
}

static void test_quic(void **state)
{
	struct ipvs_rig *rig = rig_with("conhash", API_SERVICE_HASH_QID, 4093);
	/* long header: version 1, an id of 10 bytes; short one with the same first eight */
	const uint8_t first[] = "\xc3\0\0\0\1\x0a"
				"ABCDEFGHxy\0\0";
	const uint8_t later[] = "\x40"
				"ABCDEFGHzz";
	const uint8_t gquic[] = "\x08"
				"ABCDEFGHzz";
	const uint8_t other[] = "\x40"
				"ABCDEFGIzz";
	const uint8_t none[] = "\x00"
			       "ABCDEFGIzz";
	const uint8_t empty[] = "\xc3\0\0\0\1\0\0\0";
	const struct dest *home;
	unsigned int elsewhere = 0, by_address = 0;

	for (uint32_t n = 0; n < 8; n++)
		add(rig, n, 1);
	assert_int_equal(tables_settle(rig->all), 0);
	home = pick_quic(rig, 0, first, sizeof(first));
	assert_non_null(home);
	for (uint32_t n = 0; n < 200; n++) {
		const struct dest *plain = pick_quic(rig, n, NULL, 0);

		assert_ptr_equal(pick_quic(rig, n, first, sizeof(first)), home);
		assert_ptr_equal(pick_quic(rig, n, later, sizeof(later)), home);
		assert_ptr_equal(pick_quic(rig, n, gquic, sizeof(gquic)), home);
		assert_ptr_equal(pick_quic(rig, n, other, sizeof(other)),
				 pick_quic(rig, 0, other, sizeof(other)));
		assert_ptr_equal(pick_quic(rig, n, none, sizeof(none)), plain);
		assert_ptr_equal(pick_quic(rig, n, empty, sizeof(empty)), plain);
		/* cut off in every place: by address, never beyond the end */
		for (uint32_t len = 0; len < 9; len++)
			assert_ptr_equal(pick_quic(rig, n, later, len), plain);
		for (uint32_t len = 0; len < 6 + 8; len++)
			assert_ptr_equal(pick_quic(rig, n, first, len), plain);
		by_address |= 1u << (rte_be_to_cpu_32(plain->addr.v4) & 7);
	}
	assert_int_equal(by_address, 0xff);
	for (uint8_t i = 0; i < 200; i++) {
		uint8_t datagram[9] = { 0x40, i };

		elsewhere |=
			1u << (rte_be_to_cpu_32(
				       pick_quic(rig, 0, datagram, sizeof(datagram))->addr.v4) &
			       7);
	}
	assert_int_equal(elsewhere, 0xff);
	ipvs_rig_destroy(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_on_all),
		cmocka_unit_test(test_many_servers),
		cmocka_unit_test(test_few_servers),
		cmocka_unit_test(test_mh_drains),
		cmocka_unit_test(test_removed_before_table),
		cmocka_unit_test(test_conhash_moves),
		cmocka_unit_test(test_quic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
