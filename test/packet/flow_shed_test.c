/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow-shed: overload. What is overload; how many new connections it leaves;
 * what is dropped then, and what never.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "ipvs/flow_int.h"
#include "ipvs/ipvs.h"
#include "link/port.h"
#include "main/path.h"
#include "packet/fnat_rig.h"
#include "packet/ipvs6_rig.h"
#include "packet/sctp.h"
#include "worker/worker.h"

#define FLOW 20000

static struct packet from_client(uint8_t proto, uint16_t sport, uint8_t flags)
{
	struct packet packet = packet_first(CLIENT, proto, sport);

	packet.flags = flags;
	return packet;
}

/* As a vector from the clients, in overload with so many connections allowed. */
static void send_frames(struct harness *h, const struct frame *frames, unsigned int n,
			uint32_t allowed)
{
	struct worker *w = h->all[1];
	struct batch *in = &w->stage_in[STAGE_FLOW];

	for (unsigned int i = 0; i < n; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(h->pool);

		assert_non_null(m);
		memcpy(rte_pktmbuf_append(m, (uint16_t)frames[i].len), frames[i].bytes,
		       frames[i].len);
		in->pkts[in->count++] = m;
	}
	w->counters.received += n;
	w->rx_port = CLIENT_SIDE;
	w->rx_crowded = true;
	w->ipvs->shed.tsc = w->now_tsc;
	w->ipvs->shed.tokens = allowed;
	worker_run_stages(w);
	w->rx_crowded = false;
}

static void send_crowded(struct harness *h, const struct packet *packets, unsigned int n,
			 uint32_t allowed)
{
	struct frame frames[8];

	assert_in_range(n, 1, RTE_DIM(frames));
	for (unsigned int i = 0; i < n; i++)
		frames[i] = frame_in(CLIENT_SIDE, &packets[i]);
	send_frames(h, frames, n, allowed);
}

static unsigned int taken(struct harness *h)
{
	unsigned int n = 0;

	while (rig_take(h, SERVER_SIDE).len)
		n++;
	return n;
}

/* Returns what was dropped of 4 new ones and a packet of one that is there. */
static uint64_t shed(struct harness *h, uint8_t proto, uint32_t allowed, uint16_t first)
{
	uint64_t before = h->all[1]->drops[DROP_IPVS_CROWDED];
	struct packet packets[5];

	for (uint16_t i = 0; i < 4; i++)
		packets[i] = from_client(proto, (uint16_t)(first + i), SYN);
	packets[4] = from_client(proto, FLOW, proto == IPPROTO_UDP ? 0 : SYN);
	send_crowded(h, packets, 5, allowed);
	return h->all[1]->drops[DROP_IPVS_CROWDED] - before;
}

/* The flow stage drops them, so it is on in all modes of the test. */
static struct harness *new_rig(void)
{
	struct harness *h = rig_new(&(struct harness_options){ .n_workers = 1 });

	path_use(h->all[1], FLOW_ON);
	return h;
}

static void test_dropped(void **state)
{
	struct harness *h;
	struct packet open = from_client(IPPROTO_UDP, FLOW, 0);

	h = new_rig();
	rig_service(h, 'u', 2);
	rig_send(h, CLIENT_SIDE, &open);
	assert_int_equal(taken(h), 1);
	/* the connection that is there sends on, whatever is allowed */
	assert_int_equal(shed(h, IPPROTO_UDP, 0, 1000), 4);
	assert_int_equal(taken(h), 1);
	assert_int_equal(shed(h, IPPROTO_UDP, 1, 1000), 3);
	assert_int_equal(taken(h), 2);
	assert_int_equal(shed(h, IPPROTO_UDP, 64, 2000), 0);
	assert_int_equal(taken(h), 5);
	assert_int_equal(rig_conns(h), 6);
	rig_end(h);
}

static void test_tcp(void **state)
{
	struct harness *h;
	struct packet open = from_client(IPPROTO_TCP, FLOW, SYN);

	h = new_rig();
	rig_service(h, 't', 2);
	rig_send(h, CLIENT_SIDE, &open);
	assert_int_equal(taken(h), 1);
	/* a SYN sent again is of a connection that is there */
	assert_int_equal(shed(h, IPPROTO_TCP, 2, 1000), 2);
	assert_int_equal(taken(h), 3);
	assert_int_equal(rig_conns(h), 3);
	assert_int_equal(shed(h, IPPROTO_TCP, 0, 2000), 4);
	assert_int_equal(taken(h), 1);
	rig_end(h);
}

/* Who waits for the server's MAC address, on the slow path, has had its place and pays for no
 * other. */
static void test_no_way_yet(void **state)
{
	const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };

	for (unsigned int i = 0; i < 2; i++) {
		struct harness *h = new_rig();
		struct packet packets[4];

		for (uint16_t n = 0; n < 4; n++)
			packets[n] = from_client(protos[i], (uint16_t)(1000 + n), SYN);
		rig_service(h, protos[i] == IPPROTO_TCP ? 't' : 'u', 1);
		harness_run(h, "dpip neigh del " SERVER " dev dpdk1");
		send_crowded(h, packets, 4, 3);
		assert_int_equal(rig_conns(h), 3);
		assert_int_equal(h->all[1]->held, 3);
		assert_int_equal(h->all[1]->drops[DROP_IPVS_CROWDED], 1);
		harness_run(h, "dpip neigh add " SERVER " lladdr 06:00:00:00:01:0b dev dpdk1");
		assert_int_equal(taken(h), 3);
		rig_end(h);
	}
}

/* New ones of IPv6 give way too, those that are there do not. */
static void test_ip6(void **state)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };

	for (unsigned int p = 0; p < RTE_DIM(protos); p++) {
		struct packet6 packet = rig6_from_client(protos[p]);
		struct harness *h = new_rig();
		struct frame frames[5] = { { .len = 0 } };

		rig6_service(h, protos[p], 'b');
		rig6_pass_in(h, 0, &packet, 'b');
		for (uint16_t i = 0; i < RTE_DIM(frames); i++) {
			static const uint8_t macs[] = { 2, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0x64 };
			uint8_t *bytes = frames[i].bytes;

			packet.sport = (uint16_t)(40000 + i); /* the first one is there */
			memcpy(bytes, macs, sizeof(macs));
			bytes[12] = 0x86;
			bytes[13] = 0xdd;
			frames[i].len = 14 + rig6_build(bytes + 14, &packet);
		}
		send_frames(h, frames, 5, 1);
		assert_int_equal(h->all[1]->drops[DROP_IPVS_CROWDED], 3);
		assert_int_equal(taken(h), 2);
		assert_int_equal(rig_conns(h), 2);
		rig_end(h);
	}
}

/* What is to no service, or opens nothing, is none of its business. */
static void test_others(void **state)
{
	struct harness *h = new_rig();
	struct packet packets[2];

	rig_service(h, 't', 1);
	packets[0] = from_client(IPPROTO_TCP, 1000, ACK);
	packets[1] = from_client(IPPROTO_UDP, 1000, 0);
	send_crowded(h, packets, 2, 0);
	assert_int_equal(h->all[1]->drops[DROP_IPVS_CROWDED], 0);
	rig_take(h, CLIENT_SIDE);
	rig_end(h);
}

/* The stage leaves SCTP alone; it gives way behind it, and what is there counts. */
static void test_sctp(void **state)
{
	struct harness *h = new_rig();
	struct packet packets[5];

	harness_run(h, "ipvsadm -A --sctp-service " VIP ":80 -s rr");
	harness_run(h, "ipvsadm -P --sctp-service " VIP ":80 -z " LADDR " -F dpdk1");
	harness_run(h, "ipvsadm -a --sctp-service " VIP ":80 -r " SERVER ":80 -b");
	packets[4] = from_client(IPPROTO_SCTP, FLOW, SCTP_CHUNK_INIT);
	rig_send(h, CLIENT_SIDE, &packets[4]);
	assert_int_equal(taken(h), 1);
	for (uint16_t i = 0; i < 4; i++)
		packets[i] = from_client(IPPROTO_SCTP, (uint16_t)(1000 + i), SCTP_CHUNK_INIT);
	packets[4].flags = SCTP_CHUNK_DATA;
	send_crowded(h, packets, 5, 1);
	assert_int_equal(h->all[1]->drops[DROP_IPVS_CROWDED], 3);
	assert_int_equal(h->all[1]->ipvs->shed.hits, 1);
	assert_int_equal(taken(h), 2);
	assert_int_equal(rig_conns(h), 2);
	rig_end(h);
}

/* Once: a vector after so many cycles, with so many packets of connections since the last. */
static uint32_t allowed_after(struct worker *w, uint64_t cycles, uint64_t hits, uint32_t tokens)
{
	w->now_tsc = UINT64_C(1000000);
	w->ipvs->shed.tsc = w->now_tsc - cycles;
	w->ipvs->shed.hits = hits;
	w->ipvs->shed.tokens = tokens;
	return flow_shed_begin(w);
}

/* With the stage off, or checked, what would open a connection gives way just before it does. */
static void test_without_stage(void **state)
{
	static const enum flow_mode modes[] = { FLOW_OFF, FLOW_CHECK };

	for (unsigned int i = 0; i < RTE_DIM(modes); i++) {
		struct packet open = from_client(IPPROTO_UDP, FLOW, 0);
		struct harness *h = rig_new(&(struct harness_options){ .n_workers = 1 });

		path_use(h->all[1], modes[i]);
		rig_service(h, 'u', 2);
		rig_service(h, 't', 2);
		rig_send(h, CLIENT_SIDE, &open);
		assert_int_equal(taken(h), 1);
		assert_int_equal(shed(h, IPPROTO_UDP, 0, 1000), 4);
		assert_int_equal(taken(h), 1);
		assert_int_equal(h->all[1]->ipvs->shed.hits, 1);
		assert_int_equal(shed(h, IPPROTO_UDP, 3, 1000), 1);
		assert_int_equal(taken(h), 4);
		/* none of these is known */
		assert_int_equal(shed(h, IPPROTO_TCP, 2, 1000), 3);
		assert_int_equal(taken(h), 2);
		assert_int_equal(rig_conns(h), 6);
		rig_end(h);
	}
}

/* What comes by ring from another worker gives way at its owner. */
static void test_handed_over(void **state)
{
	struct harness *h = rig_new(&(struct harness_options){ .n_workers = 2 });
	struct worker *from = h->all[1], *to = h->all[2];
	void *pkts[BATCH_BURST];

	path_use(from, FLOW_ON);
	path_use(to, FLOW_ON);
	rig_service(h, 'u', 2);
	for (uint16_t i = 0; i < 256; i++) {
		struct packet packet = from_client(IPPROTO_UDP, (uint16_t)(1000 + i), 0);
		struct frame frame = frame_in(CLIENT_SIDE, &packet);

		harness_inject(h, CLIENT_SIDE, 0, frame.bytes, frame.len);
	}
	for (unsigned int turn = 0; turn < 256 / BATCH_BURST; turn++)
		worker_turn(from);
	assert_in_range(from->counters.handed_out, 64, 192);
	assert_int_equal(from->drops[DROP_IPVS_CROWDED], 0);
	/* as worker_turn() takes them over, but without a moment in between */
	assert_int_equal(rte_ring_sc_dequeue_burst(to->handover, pkts, BATCH_BURST, NULL),
			 BATCH_BURST);
	to->counters.handed_in += BATCH_BURST;
	for (unsigned int i = 0; i < BATCH_BURST; i++) {
		pkt_meta(pkts[i])->flags |= META_HANDED_OVER;
		stage_push(to, STAGE_IPVS_INPUT, pkts[i]);
	}
	to->rx_crowded = true;
	to->ipvs->shed.tsc = to->now_tsc;
	to->ipvs->shed.tokens = 5;
	worker_run_stages(to);
	to->rx_crowded = false;
	assert_int_equal(to->drops[DROP_IPVS_CROWDED], BATCH_BURST - 5);
	assert_int_equal(conn_count(to->ipvs->conns), 5);
	harness_turn(h);
	assert_int_equal(to->drops[DROP_IPVS_CROWDED], BATCH_BURST - 5);
	taken(h);
	rig_end(h);
}

/* A ring that is full for long is overload too. */
static void test_ring_full(void **state)
{
	struct harness *h = rig_new(&(struct harness_options){ .n_workers = 2 });
	struct packet packet = from_client(IPPROTO_UDP, 1000, 0);
	struct frame frame = frame_in(CLIENT_SIDE, &packet);
	unsigned int from;

	path_use(h->all[1], FLOW_ON);
	path_use(h->all[2], FLOW_ON);
	rig_service(h, 'u', 1);
	rig_send(h, CLIENT_SIDE, &packet);
	taken(h);
	from = conn_count(h->all[1]->ipvs->conns) ? 2 : 1;
	for (unsigned int n = 0; n < 40; n++) {
		for (unsigned int i = 0; i < BATCH_BURST; i++)
			harness_inject(h, CLIENT_SIDE, from - 1, frame.bytes, frame.len);
		worker_turn(h->all[from]);
		assert_int_equal(h->all[3 - from]->crowded_until_ms != 0, n > 32);
		worker_turn(h->all[3 - from]);
		taken(h);
	}
	rig_end(h);
}

static void test_share(void **state)
{
	struct harness *h = new_rig();
	struct worker *w = h->all[1];

	assert_int_equal(allowed_after(w, 100, 0, 3),
			 SHED_NOTHING); /* nobody is there to give way to */
	assert_int_equal(allowed_after(w, 10240, 4, 0), 9);
	assert_int_equal(allowed_after(w, 10240, 4, 2), 11);
	assert_int_equal(allowed_after(w, 16384, 16, 0), 2); /* an eighth */
	assert_int_equal(allowed_after(w, 16384, 32, 0), 2);
	assert_int_equal(allowed_after(w, 900000, 32, 0), 64);
	assert_int_equal(flow_shed_begin(w), 64); /* the same turn */
	rig_end(h);
}

/* Rounds of so many packets of one connection. */
static void rounds(struct harness *h, unsigned int n, unsigned int packets)
{
	struct packet packet = from_client(IPPROTO_UDP, FLOW, 0);
	struct frame frame = frame_in(CLIENT_SIDE, &packet);

	for (unsigned int i = 0; i < n; i++) {
		for (unsigned int k = 0; k < packets; k++)
			harness_inject(h, CLIENT_SIDE, 0, frame.bytes, frame.len);
		for (unsigned int k = 0; k < packets; k += h->all[1]->rx_burst)
			harness_turn(h);
		taken(h);
	}
}

static void test_overload(void **state)
{
	struct harness *h = new_rig();

	rig_service(h, 'u', 1);
	rounds(h, 32, BATCH_BURST);
	rounds(h, 1, BATCH_BURST - 1);
	rounds(h, 32, BATCH_BURST);
	harness_turn(h);
	assert_false(h->all[1]->rx_crowded);
	rounds(h, 33, BATCH_BURST);
	harness_turn(h);
	assert_true(h->all[1]->rx_crowded);
	rig_end(h);
}

/* Whose queue brings what is given up lets another full one go first, but none that is down. */
static void test_turns(void **state)
{
	struct harness *h = rig_new(&(struct harness_options){ .n_workers = 1 });
	struct packet packet = from_client(IPPROTO_UDP, FLOW, 0);
	struct frame frame = frame_in(CLIENT_SIDE, &packet);
	struct worker *w = h->all[1];

	rig_service(h, 'u', 1);
	for (unsigned int down = 0; down < 2; down++) {
		uint64_t received = w->counters.received;

		if (down)
			harness_run(h, "dpip link set dpdk1 down");
		w->link->rxq[CLIENT_SIDE].passes = 2;
		harness_inject(h, CLIENT_SIDE, 0, frame.bytes, frame.len);
		for (unsigned int turn = 0; turn < 2; turn++) {
			w->link->rxq[SERVER_SIDE].full = 1;
			worker_turn(w);
			assert_int_equal(w->counters.received - received, down);
		}
		worker_turn(w);
		assert_int_equal(w->counters.received - received, 1);
	}
	rig_end(h);
}

static uint32_t given_up;

static void stage_gives_up(struct worker *w, struct batch *in)
{
	for (uint32_t i = 0; i < in->count; i++)
		drop(w, in->pkts[i], DROP_IPVS_CROWDED);
	w->rx_shed += given_up;
}

/* For how many turns, by what its vector was. */
static void test_passes(void **state)
{
	static const struct {
		uint32_t shed, passes;
	} cases[] = { { 0, 0 }, { 16, 0 }, { 17, 1 }, { 29, 1 }, { 30, 2 }, { 32, 2 } };
	struct harness *h = new_rig();
	struct packet packet = from_client(IPPROTO_UDP, FLOW, 0);
	struct frame frame = frame_in(CLIENT_SIDE, &packet);
	struct stage stages[STAGE__COUNT];
	struct worker *w = h->all[1];

	memcpy(stages, path_stages(FLOW_ON), sizeof(stages));
	stages[STAGE_FLOW].run = stage_gives_up;
	w->stages = stages;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		given_up = cases[i].shed;
		harness_inject(h, CLIENT_SIDE, 0, frame.bytes, frame.len);
		worker_turn(w);
		assert_int_equal(w->drops[DROP_IPVS_CROWDED], i + 1);
		assert_int_equal(w->link->rxq[CLIENT_SIDE].passes, cases[i].passes);
	}
	path_use(w, FLOW_ON);
	rig_end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dropped),       cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_no_way_yet),    cmocka_unit_test(test_ip6),
		cmocka_unit_test(test_others),        cmocka_unit_test(test_sctp),
		cmocka_unit_test(test_without_stage), cmocka_unit_test(test_handed_over),
		cmocka_unit_test(test_ring_full),     cmocka_unit_test(test_share),
		cmocka_unit_test(test_overload),      cmocka_unit_test(test_turns),
		cmocka_unit_test(test_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
