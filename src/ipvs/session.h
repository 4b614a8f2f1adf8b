/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/session: the beginning and the end of a connection: everything that one
 * holds besides its entry (local port, its place in the counts of server and
 * local address) is taken and given back here.
 */
#ifndef IPVS_SESSION_H
#define IPVS_SESSION_H

#include "ipvs/conn.h"

struct rte_mbuf;
struct service;
struct worker;

/* A connection for m, its first packet, with a server of svc. CONN_NONE: m was dropped, with its
 * reason. */
uint32_t session_open(struct worker *w, struct rte_mbuf *m, struct service *svc);

/* Gives back what the connection holds, but its entry; for the wheel, which frees that itself. */
void session_release(struct worker *w, uint32_t id);

/* session_release(), and the entry is free. */
void session_close(struct worker *w, uint32_t id);

#endif
