/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/xmit/translate: the `run` of the modes that rewrite both directions. */
#ifndef IPVS_XMIT_TRANSLATE_H
#define IPVS_XMIT_TRANSLATE_H

#include "ipvs/conn.h"

struct rte_mbuf;
struct worker;

/* Each direction's packets become what the other direction's answer, the other way round. */
void translate(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir);

/* The same where clients see us as a router of theirs: whose packet cannot go on hears of it from
 * an address of the port; the world hears of it from the address that it knows. */
void translate_passing(struct worker *w, struct rte_mbuf *m, uint32_t id, enum conn_dir dir);

#endif
