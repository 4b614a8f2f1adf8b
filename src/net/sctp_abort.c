/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/sctp-abort: the answer to an SCTP packet that belongs nowhere (RFC 9260
 * 8.4): ABORT, or SHUTDOWN COMPLETE for who waits for that. It returns the
 * packet's own tag and says so (T); to an INIT, which has none, the tag that it
 * asks for. What ends something itself gets no answer, nor do packets with a
 * wrong checksum, which take nothing of the rate that others share.
 */
#include "net/ip.h"

#include <netinet/in.h>
#include <string.h>

#include "net/answer.h"
#include "packet/crc32c.h"
#include "packet/sctp.h"
#include "packet/unfinished.h"

#define REFLECTED 1 /* flag T */

/* As an INIT begins. */
struct sctp_begin {
	struct rte_sctp_hdr header;
	struct sctp_chunk_header chunk;
	be32 init_tag;
};

struct sctp_answer {
	struct rte_sctp_hdr header;
	struct sctp_chunk_header chunk;
};

static bool answered(struct rte_mbuf *m)
{
	switch (sctp_tells(m)) {
	case SCTP_CHUNK_ABORT:
	case SCTP_CHUNK_SHUTDOWN_COMPLETE:
	case SCTP_CHUNK_COOKIE_ACK:
	case SCTP_CHUNK_ERROR:
		return false;
	case SCTP_CHUNK_INIT:
		return pkt_meta(m)->l4_len >= sizeof(struct sctp_begin);
	default:
		return true;
	}
}

static bool checksum_right(struct rte_mbuf *m)
{
	return unfinished(m) || sctp_header(m)->cksum == sctp_checksum(m);
}

static void fill(struct sctp_answer *answer, struct rte_mbuf *m)
{
	struct sctp_begin copy, begin = { .init_tag = 0 };
	uint32_t len = RTE_MIN((uint32_t)pkt_meta(m)->l4_len, (uint32_t)sizeof(begin));
	bool init;

	memcpy(&begin, rte_pktmbuf_read(m, pkt_meta(m)->l4_off, len, &copy), len);
	init = begin.chunk.type == SCTP_CHUNK_INIT;
	*answer = (struct sctp_answer){
		.header = { .src_port = begin.header.dst_port,
			    .dst_port = begin.header.src_port,
			    .tag = init ? begin.init_tag : begin.header.tag },
		.chunk = { .type = begin.chunk.type == SCTP_CHUNK_SHUTDOWN_ACK
					   ? SCTP_CHUNK_SHUTDOWN_COMPLETE
					   : SCTP_CHUNK_ABORT,
			   .flags = init ? 0 : REFLECTED,
			   .len = rte_cpu_to_be_16(sizeof(answer->chunk)) },
	};
	answer->header.cksum = rte_cpu_to_le_32(~crc32c_more(CRC32C_INIT, answer, sizeof(*answer)));
}

void sctp_send_abort(struct worker *w, struct rte_mbuf *m)
{
	struct rte_mbuf *made;

	if (!answered(m) || !answer_allowed(w, m) || !checksum_right(m) || !answer_in_rate(w))
		return;
	made = answer_new(w, sizeof(struct sctp_answer));
	if (!made)
		return;
	fill(rte_pktmbuf_mtod(made, struct sctp_answer *), m);
	answer_address(w, made, m);
	answer_send(w, made, m);
}
