/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * worker/stage: the stations of a packet. Stages run in the order of the enum;
 * a stage pushes only to later ones. The table that binds an id to its function
 * is main/path.c's (or a test's own), and reaches the worker at start.
 */
#ifndef WORKER_STAGE_H
#define WORKER_STAGE_H

#include "packet/batch.h"

struct worker;
struct rte_mbuf;

enum stage_id {
	STAGE_FLOW, /* frames as they came, of one port: w->rx_port */
	STAGE_ETH_INPUT,
	STAGE_ARP_INPUT,
	STAGE_IP4_INPUT, /* header checks, meta */
	STAGE_IP6_INPUT,
	STAGE_IPVS_INPUT,   /* connections and services; the others go on to IP_ROUTE */
	STAGE_IP_ROUTE,     /* local, kernel or forward */
	STAGE_IP_LOCAL,     /* for us */
	STAGE_IP_FORWARD,   /* not for us: TTL, ICMP errors */
	STAGE_IP_OUTPUT,    /* packets we made, and those behind forward: route, MTU */
	STAGE_NEIGH_OUTPUT, /* L2 header, or wait for the neighbour */
	STAGE_KERNEL_TX,    /* what the kernel is to get */
	STAGE_HANDOVER,     /* to the worker that owns the flow */
	STAGE_TX,           /* port in meta->out_port; frames with their L2 header */
	STAGE__COUNT
};

typedef void stage_fn(struct worker *w, struct batch *in);

struct stage {
	const char *name;
	stage_fn *run;
};

#endif
