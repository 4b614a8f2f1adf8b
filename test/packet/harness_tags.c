/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/harness_tags: see the header. Tags are written and read here byte by
 * byte, nothing shared with the daemon's; a frame sent with others than those
 * of a VLAN fails the test, as does a VLAN's count that is not what has passed
 * the wires.
 */
#include "packet/harness_tags.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <rte_mbuf.h>

#include "link/port.h"

#define MACS 12
#define TAG  4

/* 802.1Q 100 and 101; inside of 802.1ad 7 and 8. */
static const uint8_t inner[HARNESS_PORTS][TAG] = { { 0x81, 0, 0, 100 }, { 0x81, 0, 0, 101 } };
static const uint8_t outer[HARNESS_PORTS][TAG] = { { 0x88, 0xa8, 0, 7 }, { 0x88, 0xa8, 0, 8 } };

enum harness_tags harness_tags_usual(void)
{
	static const char *const names[HARNESS_TAGS] = { "none", "tagged",        "stripped",
							 "qinq", "qinq-stripped", "one-arm" };
	const char *name = getenv("TAGS");

	for (unsigned int i = 0; name && i < HARNESS_TAGS; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return HARNESS_UNTAGGED;
}

static bool is_qinq(enum harness_tags tags)
{
	return tags == HARNESS_QINQ || tags == HARNESS_QINQ_STRIPPED;
}

static bool is_stripped(enum harness_tags tags)
{
	return tags == HARNESS_STRIPPED || tags == HARNESS_QINQ_STRIPPED;
}

static unsigned int device_of(const struct harness *h, unsigned int port)
{
	return h->tags == HARNESS_ONE_ARM ? 0 : port;
}

static void add(struct harness *h, unsigned int port)
{
	struct harness_vlan *vlan = &h->vlans[port];
	unsigned int device = device_of(h, port);
	char line[160];

	if (is_qinq(h->tags)) {
		snprintf(line, sizeof(line),
			 "dpip vlan add outer%u link trunk%u proto 802.1ad id %u", port, device,
			 outer[port][3]);
		harness_run(h, line);
		memcpy(vlan->tags, outer[port], TAG);
		vlan->len = TAG;
	}
	snprintf(line, sizeof(line), "dpip vlan add dpdk%u link %s%u id %u", port,
		 is_qinq(h->tags) ? "outer" : "trunk", is_qinq(h->tags) ? port : device,
		 inner[port][3]);
	harness_run(h, line);
	memcpy(vlan->tags + vlan->len, inner[port], TAG);
	vlan->len += TAG;
	if (device == port)
		return;
	snprintf(line, sizeof(line), "dpip link set dpdk%u addr 02:00:00:00:00:%02x", port, port);
	harness_run(h, line);
}

void harness_tags_add(struct harness *h, enum harness_tags tags)
{
	h->tags = tags;
	for (unsigned int port = 0; tags && port < HARNESS_PORTS; port++)
		add(h, port);
}

void harness_tags_free(struct harness *h)
{
	for (unsigned int port = 0; port < HARNESS_PORTS; port++)
		while (h->vlans[port].n_taken < h->vlans[port].n_waiting)
			rte_pktmbuf_free(h->vlans[port].waiting[h->vlans[port].n_taken++]);
}

size_t harness_tags_in(struct harness *h, unsigned int port, const uint8_t *frame, size_t len,
		       uint8_t *out, size_t size)
{
	struct harness_vlan *vlan = &h->vlans[port];
	size_t put = is_stripped(h->tags) ? 0 : vlan->len;

	assert_true(len + put <= size);
	assert_true(put == 0 || len >= MACS);
	vlan->in++;
	vlan->in_bytes += len;
	if (put == 0) {
		memcpy(out, frame, len);
		return len;
	}
	memcpy(out, frame, MACS);
	memcpy(out + MACS, vlan->tags, put);
	memcpy(out + MACS + put, frame + MACS, len - MACS);
	return len + put;
}

unsigned int harness_tags_device(const struct harness *h, unsigned int port, struct rte_mbuf *m)
{
	if (!is_stripped(h->tags))
		return device_of(h, port);
	m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	m->vlan_tci = inner[port][3];
	if (h->tags == HARNESS_QINQ_STRIPPED) {
		m->ol_flags |= RTE_MBUF_F_RX_QINQ | RTE_MBUF_F_RX_QINQ_STRIPPED;
		m->vlan_tci_outer = outer[port][3];
	}
	return device_of(h, port);
}

static bool is_of(const struct harness_vlan *vlan, const uint8_t *frame, size_t len)
{
	return len >= MACS + vlan->len && memcmp(frame + MACS, vlan->tags, vlan->len) == 0;
}

/* Takes the tags out. */
static struct rte_mbuf *bare(struct harness_vlan *vlan, struct rte_mbuf *m)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

	memmove(frame + vlan->len, frame, MACS);
	rte_pktmbuf_adj(m, (uint16_t)vlan->len);
	vlan->out++;
	vlan->out_bytes += m->pkt_len;
	return m;
}

struct rte_mbuf *harness_tags_out(struct harness *h, unsigned int port, uint16_t *queue)
{
	struct harness_vlan *vlan = &h->vlans[port], *other = &h->vlans[!port];
	struct rte_mbuf *m;

	if (vlan->n_taken < vlan->n_waiting)
		return vlan->waiting[vlan->n_taken++];
	vlan->n_waiting = 0;
	vlan->n_taken = 0;
	while ((m = test_port_take(h->port[device_of(h, port)], queue)) != NULL && vlan->len) {
		if (is_of(vlan, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len))
			return bare(vlan, m);
		if (h->tags != HARNESS_ONE_ARM ||
		    !is_of(other, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len))
			fail_msg("a frame with the tags of no VLAN was sent");
		assert_true(other->n_waiting < RTE_DIM(other->waiting));
		other->waiting[other->n_waiting++] = bare(other, m);
	}
	return m;
}

static struct port_counters counters_of(const struct harness *h, const char *name)
{
	struct port_counters sum = { .rx_packets = 0 };

	for (unsigned int w = 1; w <= h->n_workers; w++) {
		const struct link *link = h->all[w]->link;
		uint16_t id = port_find(link, name);

		assert_int_not_equal(id, PORT_NONE);
		sum.rx_packets += link->counters[id].rx_packets;
		sum.rx_bytes += link->counters[id].rx_bytes;
		sum.tx_packets += link->counters[id].tx_packets;
		sum.tx_bytes += link->counters[id].tx_bytes;
	}
	return sum;
}

void harness_assert_counted(struct harness *h)
{
	for (unsigned int port = 0; port < HARNESS_PORTS; port++) {
		const struct harness_vlan *vlan = &h->vlans[port];
		/* one more tag is in what the outer one receives */
		uint64_t more[] = { 0, TAG * vlan->in };

		for (unsigned int level = 0; level < (is_qinq(h->tags) ? 2 : 1); level++) {
			char name[16];
			struct port_counters counters;

			snprintf(name, sizeof(name), "%s%u", level ? "outer" : "dpdk", port);
			counters = counters_of(h, name);
			assert_int_equal(counters.rx_packets, vlan->in);
			assert_int_equal(counters.rx_bytes, vlan->in_bytes + more[level]);
			assert_int_equal(counters.tx_packets, vlan->out);
			assert_int_equal(counters.tx_bytes, vlan->out_bytes);
		}
	}
}
