/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/test-port: a port whose wire is an array. A test puts frames into its
 * receive queues and takes what was sent. Room for a given number of frames on
 * each side; what does not fit is not taken, as by a NIC whose ring is full.
 */
#ifndef LINK_TEST_PORT_H
#define LINK_TEST_PORT_H

#include "link/port.h"

#define TEST_PORT_ROOM   1024
#define TEST_PORT_QUEUES 8
#define TEST_PORT_KEY    40  /* bytes of its RSS key, */
#define TEST_PORT_RETA   512 /* and the most entries of its RETA */
#define TEST_PORT_MC     64  /* multicast MAC addresses that it keeps */

struct test_port;

/* Fills *port, up, with this many queues each way and these offloads (enum port_offload). NULL: no
 * memory. */
struct test_port *test_port_create(const char *name, uint16_t queues, uint16_t offloads,
				   struct port *port);

/* From now on another member carries what it sends. */
void test_port_fail_over(struct test_port *test);

/* Before the port is added: it has RSS with a RETA of so many entries, or says so and refuses to
 * be told. */
void test_port_set_rss(struct test_port *test, uint16_t entries, bool refuses);

/* The receive queue that its RSS chooses for a frame; 0 without RSS. */
uint16_t test_port_rss_queue(const struct test_port *test, const void *frame, size_t len);

/* Toeplitz's hash of len bytes; the key has len + 4. */
uint32_t test_port_hash(const uint8_t *key, const uint8_t *input, size_t len);

/* To be received on a queue; the port owns the frame. false: no room, the caller keeps it. */
bool test_port_inject(struct test_port *test, uint16_t queue, struct rte_mbuf *m);

/* What was sent first; NULL: nothing. Its queue comes in *queue unless that is NULL. The caller
 * owns the frame. */
struct rte_mbuf *test_port_take(struct test_port *test, uint16_t *queue);

/* Is this MAC address in one of the filters that it was told last? (It lets all in.) */
bool test_port_lets_in(const struct test_port *test, const struct rte_ether_addr *mac);

/* The next frames that it may take before its transmit queue is full; UINT32_MAX: no such limit. */
void test_port_limit_tx(struct test_port *test, uint32_t frames);

#endif
