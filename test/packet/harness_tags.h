/* SPDX-License-Identifier: BSD-3-Clause */
/* packet/harness_tags: VLANs in the place of the harness's ports, for the harness. */
#ifndef PACKET_HARNESS_TAGS_H
#define PACKET_HARNESS_TAGS_H

#include "packet/harness.h"

/* Where a test does not say: what TAGS in the environment says, none if there is none. */
enum harness_tags harness_tags_usual(void);

/* The VLANs, on devices that are there. */
void harness_tags_add(struct harness *h, enum harness_tags tags);
void harness_tags_free(struct harness *h);

/* The frame as the device receives it, into `out`; its length. */
size_t harness_tags_in(struct harness *h, unsigned int port, const uint8_t *frame, size_t len,
		       uint8_t *out, size_t size);

/* The device of a port, whose driver has told m's tags if it has taken them out. */
unsigned int harness_tags_device(const struct harness *h, unsigned int port, struct rte_mbuf *m);

/* The next frame sent by a port, without the tags that it must have; NULL: there is none. */
struct rte_mbuf *harness_tags_out(struct harness *h, unsigned int port, uint16_t *queue);

#endif
