/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sctp_test: the state machine of associations cell by cell against the rows of
 * the kernel's IPVS, and the checksum: over whole messages against known ones,
 * and its change by ports against one computed anew.
 */
#include "lib/unit.h"

#include <string.h>

#include "ipvs/proto/sctp.h"
#include "lib/prng.h"
#include "packet/crc32c.h"
#include "packet/sctp.h"

/* States before, in the order of the columns. */
static const char before[] = "NO I1 IN CS CR CW CO CE ES SS SR SA RJ CL";

#define SACK        3
#define HEARTBEAT   4
#define FORWARD_TSN 192
#define DATA_ROW    SCTP_CHUNK_DATA, SACK, HEARTBEAT, FORWARD_TSN
#define ONE(chunk)  chunk, chunk, chunk, chunk

static const struct {
	enum sctp_path path;
	uint8_t chunks[4];
	const char *after;
} rows[] = {
	{ SCTP_PATH_INPUT, { DATA_ROW }, "ES I1 IN CS CR CW CO CE ES SS SR SA RJ CL" },
	{ SCTP_PATH_INPUT, { ONE(1) }, "I1 IN IN CS CR CW CO CE ES SS SR SA IN IN" },
	{ SCTP_PATH_INPUT, { ONE(2) }, "CW CW CW CS CR CO CO CE ES SS SR SA RJ CL" },
	{ SCTP_PATH_INPUT, { ONE(10) }, "CR IN IN CR CR CW CO CE ES SS SR SA RJ CL" },
	{ SCTP_PATH_INPUT, { ONE(11) }, "ES I1 IN CS CR CW CO ES ES SS SR SA RJ CL" },
	{ SCTP_PATH_INPUT, { ONE(7) }, "SR I1 IN CS CR CW CO CE SR SS SR SA RJ CL" },
	{ SCTP_PATH_INPUT, { ONE(8) }, "CL IN IN CS CR CW CO CE ES CL SR CL RJ CL" },
	{ SCTP_PATH_INPUT, { ONE(14) }, "CL CL CL CS CR CW CO CE ES SS SR CL RJ CL" },
	{ SCTP_PATH_INPUT, { ONE(9) }, "CL I1 IN CS CR CW CO CL ES SS SR SA RJ CL" },
	{ SCTP_PATH_INPUT, { ONE(6) }, "CL CL CL CL CL RJ CL CL CL CL CL CL CL CL" },

	{ SCTP_PATH_OUTPUT, { DATA_ROW }, "ES I1 IN CS CR CW CO CE ES SS SR SA RJ CL" },
	{ SCTP_PATH_OUTPUT, { ONE(1) }, "CW CW CW CW CW CW CW CW ES CW CW CW CW CW" },
	{ SCTP_PATH_OUTPUT, { ONE(2) }, "CS CS CS CS CR CW CO CE ES SS SR SA RJ CL" },
	{ SCTP_PATH_OUTPUT, { ONE(10) }, "CE CE CE CE CE CE CE CE ES SS SR SA RJ CL" },
	{ SCTP_PATH_OUTPUT, { ONE(11) }, "ES ES ES ES ES ES ES ES ES SS SR SA RJ CL" },
	{ SCTP_PATH_OUTPUT, { ONE(7) }, "SS SS SS SS SS SS SS SS SS SS SR SA RJ CL" },
	{ SCTP_PATH_OUTPUT, { ONE(8) }, "SA SA SA SA SA CW CO CE ES SA SA SA RJ CL" },
	{ SCTP_PATH_OUTPUT, { ONE(14) }, "CL I1 IN CS CR CW CO CE ES SS SR SA RJ CL" },
	{ SCTP_PATH_OUTPUT, { ONE(9) }, "CL CL CL CL CL CW CO CE ES SS SR SA RJ CL" },
	{ SCTP_PATH_OUTPUT, { ONE(6) }, "CL RJ CL CL CL CL CL CL CL CL CL CL CL CL" },

	{ SCTP_PATH_INPUT_ONLY, { DATA_ROW }, "ES I1 IN CS CR ES CO CE ES SS SR SA RJ CL" },
	{ SCTP_PATH_INPUT_ONLY, { ONE(1) }, "I1 IN IN IN IN IN CO CE ES SS SR SA IN IN" },
	{ SCTP_PATH_INPUT_ONLY, { ONE(2) }, "CE CE CE CE CE CE CO CE ES SS SR SA RJ CL" },
	{ SCTP_PATH_INPUT_ONLY, { ONE(10) }, "ES ES ES ES ES ES CO CE ES SS SR SA RJ CL" },
	{ SCTP_PATH_INPUT_ONLY, { ONE(11) }, "ES I1 IN ES ES CW ES ES ES SS SR SA RJ CL" },
	{ SCTP_PATH_INPUT_ONLY, { ONE(7) }, "SR I1 IN CS CR CW CO CE SR SS SR SA RJ CL" },
	{ SCTP_PATH_INPUT_ONLY, { ONE(8) }, "CL IN IN CS CR CW CO CE CL CL SR CL RJ CL" },
	{ SCTP_PATH_INPUT_ONLY, { ONE(14) }, "CL CL CL CL CL CW CO CE ES SS CL CL RJ CL" },
	{ SCTP_PATH_INPUT_ONLY, { ONE(9) }, "CL I1 IN CS CR CW CO CE ES SS SR SA RJ CL" },
	{ SCTP_PATH_INPUT_ONLY, { ONE(6) }, "CL CL CL CL CL RJ CL CL CL CL CL CL CL CL" },
};

static const struct {
	const char *shorthand;
	enum sctp_state state;
	const char *name;
	uint32_t timeout_s;
} states[] = {
	{ "NO", SCTP_NONE, "NONE", 2 },
	{ "I1", SCTP_INIT1, "INIT1", 4 },
	{ "IN", SCTP_INIT, "INIT", 61 },
	{ "CS", SCTP_COOKIE_SENT, "C-SENT", 61 },
	{ "CR", SCTP_COOKIE_REPLIED, "C-REPLIED", 61 },
	{ "CW", SCTP_COOKIE_WAIT, "C-WAIT", 61 },
	{ "CO", SCTP_COOKIE, "COOKIE", 61 },
	{ "CE", SCTP_COOKIE_ECHOED, "C-ECHOED", 61 },
	{ "ES", SCTP_ESTABLISHED, "ESTABLISHED", 900 },
	{ "SS", SCTP_SHUTDOWN_SENT, "S-SENT", 61 },
	{ "SR", SCTP_SHUTDOWN_RECEIVED, "S-RECEIVED", 61 },
	{ "SA", SCTP_SHUTDOWN_ACK_SENT, "S-ACK-SENT", 61 },
	{ "RJ", SCTP_REJECTED, "REJECTED", 4 },
	{ "CL", SCTP_CLOSED, "CLOSED", 61 },
};

static enum sctp_state state_at(const char *row, size_t column)
{
	for (size_t i = 0; i < LENGTH(states); i++)
		if (strncmp(row + column * 3, states[i].shorthand, 2) == 0)
			return states[i].state;
	fail_msg("%s has no state %zu", row, column);
	return SCTP_NONE;
}

static void test_steps(void **state)
{
	for (size_t i = 0; i < LENGTH(rows); i++)
		for (size_t column = 0; column < SCTP__COUNT; column++)
			for (size_t c = 0; c < LENGTH(rows[i].chunks); c++) {
				enum sctp_state from = state_at(before, column);
				enum sctp_state to = state_at(rows[i].after, column);

				if (sctp_next_state(rows[i].path, from, rows[i].chunks[c]) != to)
					fail_msg("row %zu, column %zu, chunk %u", i, column,
						 rows[i].chunks[c]);
			}
}

static void test_states(void **state)
{
	for (size_t i = 0; i < LENGTH(states); i++) {
		assert_string_equal(sctp_state_names[states[i].state], states[i].name);
		assert_int_equal(sctp_timeouts_s[states[i].state], states[i].timeout_s);
		assert_int_equal(sctp_state_reusable(states[i].state),
				 states[i].state == SCTP_CLOSED);
	}
}

/* RFC 3720 B.4, and the number that is everywhere. */
static void test_known(void **state)
{
	uint8_t bytes[32];

	assert_int_equal(~crc32c_more(CRC32C_INIT, "123456789", 9), 0xe3069283);
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(~crc32c_more(CRC32C_INIT, bytes, 32), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(~crc32c_more(CRC32C_INIT, bytes, 32), 0x62a8ab43);
	for (unsigned int i = 0; i < 32; i++)
		bytes[i] = (uint8_t)i;
	assert_int_equal(~crc32c_more(CRC32C_INIT, bytes, 32), 0x46dd794e);
}

/* Of every length, and with new first bytes. */
static void test_change(void **state)
{
	static uint8_t bytes[UINT16_MAX];
	struct prng prng = { 7 };

	prng_fill(&prng, bytes, sizeof(bytes));
	for (uint32_t len = 4; len <= UINT16_MAX; len += len < 600 ? 1 : len / 9) {
		uint32_t was = ~crc32c_more(CRC32C_INIT, bytes, len), old, now;
		uint32_t xored = (uint32_t)prng_next(&prng);

		memcpy(&old, bytes, 4);
		now = old ^ xored;
		memcpy(bytes, &now, 4);
		assert_int_equal(~crc32c_more(CRC32C_INIT, bytes, len),
				 was ^ crc32c_change(xored, (uint16_t)len));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
