/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wire: a client of the control socket made by hand, for tests of the daemon's
 * side: it sends what it is told, whole or in pieces, wrong or right, and reads
 * answers without the tools' library. Everything asserts that it works.
 */
#ifndef LIB_WIRE_H
#define LIB_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/control_rig.h"

#define PATIENCE_MS 20000 /* a test that waits longer has failed */

uint64_t now_ms(void);

int dial(const struct rig *rig);

/* A frame under construction; message_send() frees it. */
struct message {
	uint8_t *bytes;
	size_t len;
};

void message_begin(struct message *message, uint16_t flags);
void message_add(struct message *message, uint16_t id, const void *body, uint32_t len);
void message_send(int fd, struct message *message);

void transmit(int fd, const void *bytes, size_t len);

/* A frame of one request; of a listing of so many items. */
void send_one(int fd, uint16_t id, const void *body, uint32_t len);
void send_listing(int fd, uint16_t id, uint32_t items);

/* Bytes have arrived (or the end) within ms. */
bool readable(int fd, int ms);

/* The other side has closed, whatever lies here unread. Waits a little. */
bool hung_up(int fd);

/* len bytes, or less at the end of the connection; reset counts as the end. */
size_t receive(int fd, void *bytes, size_t len);

/* Nothing more comes; closes. */
void assert_ended(int fd);

struct answer {
	unsigned int frames;
	unsigned int replies; /* complete ones */
	struct {
		uint16_t id;
		int32_t status;
		uint32_t index;
		uint64_t items;
		uint64_t first, last; /* numbers of items */
		uint64_t missed;      /* of those who listen; what says so is no item here */
		char text[256];
	} reply[8];
};

/* The whole answer to one frame. */
void answer_receive(int fd, struct answer *answer);

/* The next part of an answer, added to what has come; true: it goes on. */
bool answer_part(int fd, struct answer *answer);

/* HELLO is answered, on this connection or a new one. */
void assert_serves(int fd);
void assert_rig_serves(const struct rig *rig);

#endif
