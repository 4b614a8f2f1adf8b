/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frame parser: what it accepts, every way in which bytes can fail to be a
 * frame, and that no prefix and no change of a byte makes it read elsewhere
 * (frames lie in blocks of exactly their length, which sanitizers watch).
 */
#include "control/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/unit.h"

/* A frame of two requests: 7 bytes of body, then none. */
struct sample {
	struct api_frame head;
	struct api_request first;
	uint8_t body[8];
	struct api_request second;
};

static const struct sample good = {
	.head = { API_MAGIC, API_VERSION, API_FRAME_KEEP_GOING, sizeof(struct sample), 2 },
	.first = { .id = 16, .len = 7 },
	.body = "1234567",
	.second = { .id = 65535, .len = 0 },
};

static int parse(const void *bytes, size_t have, struct frame *frame, char *error, size_t size)
{
	uint8_t *copy = malloc(have ? have : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, bytes, have);
	memset(error, 0, size);
	r = frame_parse(copy, have, frame, error, size);
	if (r == 0)
		frame->at = (const uint8_t *)bytes + (frame->at - copy);
	free(copy);
	return r;
}

static void good_frame_is_read(void **state)
{
	struct frame_request request;
	struct frame frame;
	char error[128];

	assert_int_equal(parse(&good, sizeof(good), &frame, error, sizeof(error)), 0);
	assert_int_equal(frame.len, sizeof(good));
	assert_int_equal(frame.count, 2);
	assert_int_equal(frame.flags, API_FRAME_KEEP_GOING);

	assert_true(frame_next(&frame, &request));
	assert_int_equal(request.id, 16);
	assert_int_equal(request.index, 0);
	assert_int_equal(request.len, 7);
	assert_ptr_equal(request.body, good.body);

	assert_true(frame_next(&frame, &request));
	assert_int_equal(request.id, 65535);
	assert_int_equal(request.index, 1);
	assert_int_equal(request.len, 0);
	assert_false(frame_next(&frame, &request));
}

static void every_prefix_asks_for_more(void **state)
{
	struct frame frame;
	char error[128];

	for (size_t have = 0; have < sizeof(good); have++)
		assert_int_equal(parse(&good, have, &frame, error, sizeof(error)), -EAGAIN);
}

static void bytes_behind_are_the_next_frame(void **state)
{
	struct sample two[2] = { good, good };
	struct frame frame;
	char error[128];

	assert_int_equal(parse(two, sizeof(two), &frame, error, sizeof(error)), 0);
	assert_int_equal(frame.len, sizeof(good));
}

static const struct {
	const char *name;
	struct sample frame;
	size_t have;
	int want;
	const char *text; /* part of the sentence */
} bad[] = {
	{ "magic", { .head = { 0x20544547, 1, 0, 48, 2 } }, 16, -EPROTO, "0x20544547" },
	{ "magic, four bytes of it",
	  { .head = { .magic = 0x20544547 } },
	  4,
	  -EPROTO,
	  "0x20544547" },
	{ "magic of the other byte order",
	  { .head = { .magic = 0x44505653 } },
	  4,
	  -EPROTO,
	  "0x44505653" },
	{ "version", { .head = { API_MAGIC, 77, 0, 48, 2 } }, 16, -EPROTONOSUPPORT, "version 77" },
	{ "version, six bytes",
	  { .head = { .magic = API_MAGIC } },
	  6,
	  -EPROTONOSUPPORT,
	  "version 0" },
	{ "flags", { .head = { API_MAGIC, API_VERSION, 7, 48, 2 } }, 16, -EINVAL, "flags 0x6" },
	{ "too long",
	  { .head = { API_MAGIC, API_VERSION, 0, API_FRAME_MAX + 8, 2 } },
	  16,
	  -EMSGSIZE,
	  "4194312" },
	{ "longest number",
	  { .head = { API_MAGIC, API_VERSION, 0, UINT32_MAX, 2 } },
	  16,
	  -EMSGSIZE,
	  "4294967295" },
	{ "length 0", { .head = { API_MAGIC, API_VERSION, 0, 0, 2 } }, 16, -EBADMSG, "length 0" },
	{ "length below header",
	  { .head = { API_MAGIC, API_VERSION, 0, 8, 2 } },
	  16,
	  -EBADMSG,
	  "length 8" },
	{ "length no multiple of 8",
	  { .head = { API_MAGIC, API_VERSION, 0, 47, 2 } },
	  16,
	  -EBADMSG,
	  "multiple of 8" },
	{ "no request",
	  { .head = { API_MAGIC, API_VERSION, 0, 16, 0 } },
	  16,
	  -EBADMSG,
	  "without a request" },
	{ "too many requests",
	  { .head = { API_MAGIC, API_VERSION, 0, API_FRAME_MAX, API_FRAME_REQUESTS + 1 } },
	  16,
	  -EMSGSIZE,
	  "65537 requests" },
	{ "more requests than fit",
	  { .head = { API_MAGIC, API_VERSION, 0, 48, 5 } },
	  16,
	  -EBADMSG,
	  "no room for 5" },
	{ "header only",
	  { .head = { API_MAGIC, API_VERSION, 0, 16, 1 } },
	  16,
	  -EBADMSG,
	  "no room for 1" },
	{ "body behind the end",
	  { .head = { API_MAGIC, API_VERSION, 0, 40, 2 }, .first = { .id = 16, .len = 17 } },
	  40,
	  -EBADMSG,
	  "body of 17 bytes in a frame with 16 left" },
	{ "length that wraps",
	  { .head = { API_MAGIC, API_VERSION, 0, 40, 2 },
	    .first = { .id = 16, .len = UINT32_MAX } },
	  40,
	  -EBADMSG,
	  "request 0" },
	{ "length that wraps when padded",
	  { .head = { API_MAGIC, API_VERSION, 0, 40, 2 },
	    .first = { .id = 16, .len = UINT32_MAX - 6 } },
	  40,
	  -EBADMSG,
	  "request 0" },
	{ "no second request",
	  { .head = { API_MAGIC, API_VERSION, 0, 40, 2 }, .first = { .id = 16, .len = 16 } },
	  40,
	  -EBADMSG,
	  "request 1 of 2" },
	{ "bytes behind the last",
	  { .head = { API_MAGIC, API_VERSION, 0, 40, 1 }, .first = { .id = 16, .len = 7 } },
	  40,
	  -EBADMSG,
	  "8 bytes behind" },
	{ "reserved",
	  { .head = { API_MAGIC, API_VERSION, 0, 40, 2 },
	    .first = { .id = 16, .reserved = 1, .len = 8 } },
	  40,
	  -EINVAL,
	  "reserved" },
};

static void malformed_frames_are_refused(void **state)
{
	struct frame frame;
	char error[128];
	int r;

	for (size_t i = 0; i < LENGTH(bad); i++) {
		r = parse(&bad[i].frame, bad[i].have, &frame, error, sizeof(error));
		if (r != bad[i].want || !strstr(error, bad[i].text))
			fail_msg("%s: %d \"%s\", wanted %d \"%s\"", bad[i].name, r, error,
				 bad[i].want, bad[i].text);
	}
}

/* As a fuzzer would, but the same every time: whatever is accepted can be walked within its bytes.
 */
static void changed_bytes_do_no_harm(void **state)
{
	struct frame_request request;
	uint8_t bytes[sizeof(good)];
	unsigned int accepted = 0, refused = 0;
	uint32_t seed = 20240229;
	struct frame frame;
	char error[128];

	for (int round = 0; round < 200000; round++) {
		memcpy(bytes, &good, sizeof(good));
		for (int n = 0; n <= round % 3; n++) {
			seed = seed * 1664525 + 1013904223;
			bytes[(seed >> 8) % sizeof(bytes)] = (uint8_t)(seed >> 24);
		}
		if (parse(bytes, sizeof(bytes), &frame, error, sizeof(error)) != 0) {
			refused++;
			continue;
		}
		accepted++;
		while (frame_next(&frame, &request)) {
			const uint8_t *body = request.body;

			assert_true(body >= bytes && body + request.len <= bytes + sizeof(bytes));
		}
		assert_true(frame.at <= bytes + sizeof(bytes));
	}
	assert_true(accepted > 1000 && refused > 1000);
}

static void longest_frame_is_accepted(void **state)
{
	struct api_request request = { .len = API_FRAME_MAX - sizeof(struct api_frame) -
					      sizeof(request) };
	struct api_frame head = { API_MAGIC, API_VERSION, 0, API_FRAME_MAX, 1 };
	uint8_t *bytes = calloc(1, API_FRAME_MAX);
	struct frame frame;
	char error[128];

	assert_non_null(bytes);
	memcpy(bytes, &head, sizeof(head));
	memcpy(bytes + sizeof(head), &request, sizeof(request));
	assert_int_equal(parse(bytes, API_FRAME_MAX - 1, &frame, error, sizeof(error)), -EAGAIN);
	assert_int_equal(parse(bytes, API_FRAME_MAX, &frame, error, sizeof(error)), 0);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_frame_is_read),
		cmocka_unit_test(every_prefix_asks_for_more),
		cmocka_unit_test(bytes_behind_are_the_next_frame),
		cmocka_unit_test(malformed_frames_are_refused),
		cmocka_unit_test(changed_bytes_do_no_harm),
		cmocka_unit_test(longest_frame_is_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
