/* SPDX-License-Identifier: BSD-3-Clause */
/* perf/frames: see the header. Sums are over 16-bit words in memory order, as RFC 1071 says. */
#include "perf/frames.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#define L3           sizeof(struct rte_ether_hdr)
#define L4           (L3 + sizeof(struct rte_ipv4_hdr))
#define UDP_PAYLOAD  18
#define TCP_PAYLOAD  6
#define STAMPS_BYTES 12
#define SEQ          1000
#define WINDOW       512

const struct rte_ether_addr frame_our_mac[SIDE__COUNT] = { { { 2, 0, 0, 0, 0, 0 } },
							   { { 2, 0, 0, 0, 0, 1 } } };
const struct rte_ether_addr frame_their_mac[SIDE__COUNT] = { { { 6, 0, 0, 0, 0, 0 } },
							     { { 6, 0, 0, 0, 0, 1 } } };

static uint32_t sum_words(const void *data, size_t len)
{
	const uint8_t *at = data;
	uint32_t sum = 0;
	uint16_t word;

	for (; len > 1; len -= 2, at += 2) {
		memcpy(&word, at, sizeof(word));
		sum += word;
	}
	if (len) {
		word = 0;
		memcpy(&word, at, 1);
		sum += word;
	}
	return sum;
}

static be16 finish(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (be16)~sum;
}

static uint8_t tcp_flags(enum frame_kind kind)
{
	switch (kind) {
	case FRAME_SYN:
		return RTE_TCP_SYN_FLAG;
	case FRAME_SYN_ACK:
		return RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG;
	case FRAME_DATA:
		return RTE_TCP_PSH_FLAG | RTE_TCP_ACK_FLAG;
	case FRAME_FIN:
		return RTE_TCP_FIN_FLAG | RTE_TCP_ACK_FLAG;
	default:
		return RTE_TCP_ACK_FLAG;
	}
}

static size_t put_tcp(uint8_t *l4, enum frame_kind kind, bool stamps)
{
	static const uint8_t options[STAMPS_BYTES] = { 1, 1, 8, 10, 0, 1, 0, 0, 0, 1, 0, 0 };
	struct rte_tcp_hdr *th = (struct rte_tcp_hdr *)l4;
	size_t len = sizeof(*th) + (stamps ? STAMPS_BYTES : 0);
	bool opened = kind != FRAME_SYN && kind != FRAME_SYN_ACK;

	th->sent_seq = rte_cpu_to_be_32(SEQ + opened);
	th->recv_ack = rte_cpu_to_be_32(kind == FRAME_SYN ? 0 : SEQ + 1);
	th->data_off = (uint8_t)(len / 4 << 4);
	th->tcp_flags = tcp_flags(kind);
	th->rx_win = rte_cpu_to_be_16(WINDOW);
	if (stamps)
		memcpy(th + 1, options, sizeof(options));
	return len + (kind == FRAME_DATA ? TCP_PAYLOAD : 0);
}

static size_t put_udp(uint8_t *l4)
{
	struct rte_udp_hdr *uh = (struct rte_udp_hdr *)l4;

	uh->dgram_len = rte_cpu_to_be_16(sizeof(*uh) + UDP_PAYLOAD);
	return sizeof(*uh) + UDP_PAYLOAD;
}

void frame_make(struct frame *frame, enum frame_kind kind, enum side side, bool stamps)
{
	uint8_t *bytes = frame->template.bytes;
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)bytes;
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(bytes + L3);
	bool udp = kind == FRAME_UDP;
	size_t l4_len;

	memset(frame, 0, sizeof(*frame));
	eth->dst_addr = frame_our_mac[side];
	eth->src_addr = frame_their_mac[side];
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	l4_len = udp ? put_udp(bytes + L4) : put_tcp(bytes + L4, kind, stamps);
	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + l4_len));
	ip->fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG);
	ip->time_to_live = 64;
	ip->next_proto_id = udp ? IPPROTO_UDP : IPPROTO_TCP;
	frame->template.len = (uint16_t)RTE_MAX(L4 + l4_len, (size_t)60);
	frame->template.csum_at = (uint16_t)(L4 + (udp ? offsetof(struct rte_udp_hdr, dgram_cksum)
						       : offsetof(struct rte_tcp_hdr, cksum)));
	frame->ip_sum = sum_words(ip, sizeof(*ip));
	frame->l4_sum = sum_words(bytes + L4, l4_len) +
			rte_cpu_to_be_16((uint16_t)(ip->next_proto_id + l4_len));
}

void frame_flow(const struct frame *frame, const struct bench_seen *tuple, struct bench_flow *flow)
{
	uint32_t addresses = sum_words(&tuple->src, 8), ports = sum_words(&tuple->sport, 4);

	*flow = (struct bench_flow){
		.ip_csum = finish(frame->ip_sum + addresses),
		.src = tuple->src,
		.dst = tuple->dst,
		.sport = tuple->sport,
		.dport = tuple->dport,
		.l4_csum = finish(frame->l4_sum + addresses + ports),
	};
	if (frame->template.bytes[L3 + 9] == IPPROTO_UDP && flow->l4_csum == 0)
		flow->l4_csum = 0xffff;
}
