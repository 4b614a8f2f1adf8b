/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the parser of request frames. It needs no EAL and no other file than
 * the parser; build and run it by
 *
 *	clang -g -O1 -D_GNU_SOURCE -Iinclude -Isrc -fsanitize=fuzzer,address,undefined \
 *		-o frame_fuzz test/fuzz/frame_fuzz.c src/control/frame.c
 *	./frame_fuzz -max_len=4096 -max_total_time=60
 *
 * Beside what the sanitizers see, what the parser promises is checked: no frame
 * reaches behind its bytes, its requests follow one another and fill it, and a
 * frame that is whole stays so with any bytes behind it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void promise(int kept)
{
	if (!kept)
		abort();
}

/* Most inputs are no frame by their first bytes: these are put right in every other one. */
static size_t repair(uint8_t *bytes, size_t size)
{
	struct api_frame head;

	if (size < sizeof(head) || !(bytes[0] & 1))
		return size;
	memcpy(&head, bytes, sizeof(head));
	head.magic = API_MAGIC;
	head.version = API_VERSION;
	head.flags &= API_FRAME_KEEP_GOING;
	head.len = (uint32_t)size & ~7u;
	head.count = head.count % 16 + 1;
	memcpy(bytes, &head, sizeof(head));
	return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(size ? size : 1);
	struct frame_request request;
	struct frame frame, again;
	uint32_t n = 0;
	char error[128] = "";
	int r;

	if (!bytes)
		return 0;
	if (size)
		memcpy(bytes, data, size);
	size = repair(bytes, size);
	r = frame_parse(bytes, size, &frame, error, sizeof(error));
	if (r == 0) {
		promise(frame.len <= size && frame.count > 0);
		promise(frame_parse(bytes, frame.len, &again, error, sizeof(error)) == 0);
		promise(frame_parse(bytes, frame.len - 1, &again, error, sizeof(error)) == -EAGAIN);
		while (frame_next(&frame, &request)) {
			promise(request.index == n++);
			promise((const uint8_t *)request.body + request.len <= bytes + frame.len);
			promise(((const uint8_t *)request.body - bytes) % 8 == 0);
		}
		promise(n == frame.count && frame.at == bytes + frame.len);
	} else {
		promise(r < 0 && (r == -EAGAIN || error[0]));
	}
	free(bytes);
	return 0;
}
