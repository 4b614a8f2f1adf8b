/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The groups that ports are in: those of every port and of routers, users that
 * come and go, what the driver is told, and that all workers agree.
 */
#include <stdio.h>
#include <string.h>

#include "lib/prng.h"
#include "lib/unit.h"
#include "link/port.h"
#include "net/maddr_int.h"
#include "net/net.h"
#include "packet/harness.h"

static union ip_addr ip_of(const char *text, unsigned int *family)
{
	union ip_addr ip;

	assert_int_equal(ip_parse(text, family, &ip), 0);
	return ip;
}

/* All workers agree. */
static bool is_member(const struct harness *h, uint16_t port, const char *text)
{
	unsigned int family;
	union ip_addr ip = ip_of(text, &family);
	bool is = maddr_is_member(h->all[WORKER_MASTER], port, family, &ip);

	for (unsigned int i = 1; i <= h->n_workers; i++)
		assert_int_equal(maddr_is_member(h->all[i], port, family, &ip), is);
	return is;
}

static bool lets_in(const struct harness *h, unsigned int port, const char *mac)
{
	struct rte_ether_addr addr;

	assert_int_equal(harness_hex(mac, addr.addr_bytes, sizeof(addr.addr_bytes)), 6);
	return test_port_lets_in(h->port[port], &addr);
}

static void test_base(void **state)
{
	const struct harness_options options = { .n_workers = 3, .forwarding = true };
	struct harness *h = harness_new(&options);
	struct net_config config = h->all[WORKER_MASTER]->net->config;

	for (uint16_t port = 0; port < HARNESS_PORTS; port++) {
		assert_true(is_member(h, port, "224.0.0.1"));
		assert_true(is_member(h, port, "ff01::1"));
		assert_true(is_member(h, port, "ff02::1"));
		assert_true(is_member(h, port, "ff02::2"));
		assert_true(is_member(h, port, "ff05::2"));
		assert_false(is_member(h, port, "224.0.0.2"));
		assert_false(is_member(h, port, "ff02::3"));
		assert_true(lets_in(h, port, "01:00:5e:00:00:01"));
		assert_true(lets_in(h, port, "33:33:00:00:00:01"));
		assert_true(lets_in(h, port, "33:33:00:00:00:02"));
	}
	config.ip6_forwarding = false;
	assert_int_equal(net_configure(h->all, &config), 0);
	harness_advance(h, 500);
	assert_false(is_member(h, 0, "ff02::2"));
	assert_true(is_member(h, 1, "ff02::1"));
	assert_false(lets_in(h, 1, "33:33:00:00:00:02"));
	harness_free(h);
}

/* The last user takes the group away. */
static void test_users(void **state)
{
	const struct harness_options options = { .n_workers = 3 };
	struct harness *h = harness_new(&options);
	struct maddr_key key = { .port = 1 };
	unsigned int family;

	key.ip = ip_of("224.0.0.5", &family);
	key.family = (uint8_t)family;
	assert_int_equal(maddr_join(h->all, &key), 0);
	assert_int_equal(maddr_join(h->all, &key), 0);
	maddr_tick(h->all);
	assert_true(is_member(h, 1, "224.0.0.5"));
	assert_false(is_member(h, 0, "224.0.0.5"));
	assert_true(lets_in(h, 1, "01:00:5e:00:00:05"));
	assert_int_equal(maddr_leave(h->all, &key), 0);
	assert_true(is_member(h, 1, "224.0.0.5"));
	assert_int_equal(maddr_leave(h->all, &key), 0);
	assert_int_equal(maddr_leave(h->all, &key), 0); /* once too often: nothing */
	maddr_tick(h->all);
	assert_false(is_member(h, 1, "224.0.0.5"));
	assert_false(lets_in(h, 1, "01:00:5e:00:00:05"));

	/* a port that goes is in none, and one that comes in those of all again */
	assert_int_equal(net_unplug(h->all, 1), 0);
	assert_false(is_member(h, 1, "ff02::1"));
	assert_true(is_member(h, 0, "ff02::1"));
	maddr_tick(h->all);
	assert_true(is_member(h, 1, "ff02::1"));
	harness_free(h);
}

/* Many, so that the hash grows and shrinks, against a plain count. */
static void test_churn(void **state)
{
	const struct harness_options options = { .n_workers = 2 };
	struct harness *h = harness_new(&options);
	static uint32_t users[2][300];
	struct prng prng = { 11 };
	char text[32];

	memset(users, 0, sizeof(users));
	for (unsigned int i = 0; i < 30000; i++) {
		uint32_t port = prng_below(&prng, 2), n = prng_below(&prng, 300);
		struct maddr_key key = { .port = (uint16_t)port, .family = AF_INET6 };
		unsigned int family;

		snprintf(text, sizeof(text), "ff02::1:ff00:%x", n + 0x100);
		key.ip = ip_of(text, &family);
		if (prng_below(&prng, 2)) {
			assert_int_equal(maddr_join(h->all, &key), 0);
			users[port][n]++;
		} else {
			assert_int_equal(maddr_leave(h->all, &key), 0);
			users[port][n] -= users[port][n] > 0;
		}
		assert_int_equal(is_member(h, (uint16_t)port, text), users[port][n] > 0);
	}
	for (uint16_t port = 0; port < 2; port++)
		for (unsigned int n = 0; n < 300; n++) {
			snprintf(text, sizeof(text), "ff02::1:ff00:%x", n + 0x100);
			assert_int_equal(is_member(h, port, text), users[port][n] > 0);
		}
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_churn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
