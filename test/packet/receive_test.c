/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The round over the receive queues: a port that is full all the time does not
 * keep the other one waiting, neither with what opens connections, until that
 * is overload and afterwards, nor with what is established; also where workers
 * are three, on the one that owns it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "link/port.h"
#include "packet/batch.h"
#include "packet/fnat_rig.h"
#include "packet/ip4_rig.h"

#define TURNS  300
#define QUEUED (3 * BATCH_BURST) /* on the port that is full, before each turn */

static struct packet to_server(uint16_t sport)
{
	struct packet packet = packet_first(CLIENT, IPPROTO_UDP, sport);

	packet.payload = "in";
	return packet;
}

static struct packet to_client(uint16_t lport)
{
	return (struct packet){ .src = SERVER,
				.dst = LADDR,
				.sport = 8080,
				.dport = lport,
				.proto = IPPROTO_UDP,
				.payload = "out" };
}

struct fair {
	struct harness *h;
	struct worker *w;
	unsigned int queue; /* its own on both ports */
	unsigned int busy;  /* the side that is full */
	bool opens;         /* ... of what opens connections */
	uint16_t lport;     /* of the connection that is open */
	uint16_t next;
	unsigned int queued;
};

static void put(const struct fair *fair, unsigned int side, const struct packet *packet)
{
	struct frame frame = frame_in(side, packet);

	harness_inject(fair->h, side, fair->queue, frame.bytes, frame.len);
}

static void fill_up(struct fair *fair)
{
	for (; fair->queued < QUEUED; fair->queued++) {
		struct packet packet = fair->busy == SERVER_SIDE ? to_client(fair->lport)
				       : fair->opens             ? to_server(fair->next++)
								 : to_server(999);

		put(fair, fair->busy, &packet);
	}
}

/* A turn: one vector of the full port, and of the other the one frame that is there. */
static void turn(struct fair *fair)
{
	unsigned int other = !fair->busy;
	struct packet packet = other == SERVER_SIDE ? to_client(fair->lport) : to_server(999);
	uint64_t received = fair->w->counters.received;

	fill_up(fair);
	put(fair, other, &packet);
	worker_turn(fair->w);
	fair->queued -= fair->w->rx_burst;
	assert_int_equal(fair->w->counters.received - received, fair->w->rx_burst + 1);
	/* it is the only one that goes there */
	assert_int_equal(ip4_count_frames(fair->h, fair->busy), 1);
	assert_in_range(ip4_count_frames(fair->h, other), 0, fair->w->rx_burst);
}

static void check(unsigned int n_workers, unsigned int busy, bool opens)
{
	const struct harness_options options = { .n_workers = n_workers,
						 .conn_max = 2 * TURNS * BATCH_BURST };
	struct fair fair = { .h = rig_new(&options), .busy = busy, .opens = opens, .next = 1000 };
	struct packet first = to_server(999);
	struct rig_conn conn;

	rig_service(fair.h, 'u', 1);
	harness_turn(fair.h);
	ip4_count_frames(fair.h, CLIENT_SIDE); /* announcements of addresses */
	ip4_count_frames(fair.h, SERVER_SIDE);
	rig_send(fair.h, CLIENT_SIDE, &first);
	assert_int_equal(ip4_count_frames(fair.h, SERVER_SIDE), 1);
	conn = rig_conn(fair.h, IPPROTO_UDP, CLIENT, 999);
	assert_int_not_equal(conn.id, CONN_NONE);
	fair.lport = conn.lport;
	fair.w = conn.w;
	fair.queue = conn.w->id - 1;
	for (unsigned int i = 0; i < TURNS; i++)
		turn(&fair);
	harness_turn(fair.h);
	ip4_count_frames(fair.h, CLIENT_SIDE);
	ip4_count_frames(fair.h, SERVER_SIDE);
	rig_end(fair.h);
}

static void full_of_established(void **state)
{
	for (unsigned int side = 0; side < HARNESS_PORTS; side++)
		check(1, side, false);
}

static void full_of_new(void **state)
{
	check(1, CLIENT_SIDE, true);
}

/* What belongs to another worker goes there: of what is established nothing does. */
static void of_three(void **state)
{
	for (unsigned int side = 0; side < HARNESS_PORTS; side++)
		check(3, side, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_of_established),
		cmocka_unit_test(full_of_new),
		cmocka_unit_test(of_three),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
