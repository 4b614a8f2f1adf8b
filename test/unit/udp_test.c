/* SPDX-License-Identifier: BSD-3-Clause */
/* udp_test: the states of a UDP connection, their names and times. */
#include "lib/unit.h"

#include "ipvs/proto/udp.h"

static const struct {
	enum conn_dir dir;
	enum udp_state before, after;
} steps[] = {
	{ CONN_IN, UDP_ONEWAY, UDP_ONEWAY }, { CONN_OUT, UDP_ONEWAY, UDP_NORMAL },
	{ CONN_IN, UDP_NORMAL, UDP_NORMAL }, { CONN_OUT, UDP_NORMAL, UDP_NORMAL },
	{ CONN_IN, UDP_LAST, UDP_LAST },     { CONN_OUT, UDP_LAST, UDP_LAST },
};

static void test_steps(void **state)
{
	for (size_t i = 0; i < LENGTH(steps); i++)
		assert_int_equal(udp_next_state(steps[i].dir, steps[i].before), steps[i].after);
}

static void test_names_and_times(void **state)
{
	static const struct {
		enum udp_state state;
		const char *name;
		uint32_t timeout_s;
	} want[] = {
		{ UDP_ONEWAY, "UDP_ONEWAY", 300 },
		{ UDP_NORMAL, "UDP_NORM", 300 },
		{ UDP_LAST, "UDP_LAST", 2 },
	};

	assert_int_equal(LENGTH(want), UDP__COUNT);
	for (size_t i = 0; i < LENGTH(want); i++) {
		assert_string_equal(udp_state_names[want[i].state], want[i].name);
		assert_int_equal(udp_default_timeouts_s[want[i].state], want[i].timeout_s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_names_and_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
