/* SPDX-License-Identifier: BSD-3-Clause */
/* packet/sctp: see the header. The checksum is a little-endian number on the wire. */
#include "packet/sctp.h"

#include <string.h>

#include <rte_byteorder.h>
#include <rte_common.h>

#include "packet/crc32c.h"

uint8_t sctp_tells(struct rte_mbuf *m)
{
	uint32_t at = pkt_meta(m)->l4_off + (uint32_t)sizeof(struct rte_sctp_hdr);
	const struct sctp_chunk_header *next;
	struct sctp_chunk_header first, copy;
	uint16_t len;

	memcpy(&first, rte_pktmbuf_mtod_offset(m, const void *, at), sizeof(first));
	len = rte_be_to_cpu_16(first.len);
	if ((first.type != SCTP_CHUNK_COOKIE_ECHO && first.type != SCTP_CHUNK_COOKIE_ACK) ||
	    len < sizeof(first))
		return first.type;
	next = rte_pktmbuf_read(m, at + RTE_ALIGN_CEIL((uint32_t)len, 4u), sizeof(copy), &copy);
	return next && next->type == SCTP_CHUNK_ABORT ? next->type : first.type;
}

uint32_t sctp_checksum(struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	uint32_t at = (uint32_t)meta->l4_off + (uint32_t)sizeof(struct rte_sctp_hdr);
	uint32_t end = (uint32_t)meta->l4_off + meta->l4_len, crc = CRC32C_INIT, start = 0;
	struct rte_sctp_hdr header = *sctp_header(m);

	header.cksum = 0;
	crc = crc32c_more(crc, &header, sizeof(header));
	for (; m && at < end; start += m->data_len, m = m->next) {
		uint32_t until = RTE_MIN(end, start + m->data_len);

		if (at >= until)
			continue;
		crc = crc32c_more(crc, rte_pktmbuf_mtod_offset(m, const void *, at - start),
				  until - at);
		at = until;
	}
	return rte_cpu_to_le_32(~crc);
}

void sctp_header_set_ports(struct rte_sctp_hdr *sctp, be16 sport, be16 dport, uint16_t len)
{
	uint32_t was, is;

	memcpy(&was, sctp, sizeof(was));
	sctp->src_port = sport;
	sctp->dst_port = dport;
	memcpy(&is, sctp, sizeof(is));
	sctp->cksum ^= rte_cpu_to_le_32(crc32c_change(rte_le_to_cpu_32(was ^ is), len));
}

void sctp_set_ports(struct rte_mbuf *m, be16 sport, be16 dport)
{
	sctp_header_set_ports(sctp_header(m), sport, dport, pkt_meta(m)->l4_len);
}
