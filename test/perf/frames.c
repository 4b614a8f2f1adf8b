/* SPDX-License-Identifier: BSD-3-Clause */
/* perf/frames: see the header. Sums are over 16-bit words in memory order, as RFC 1071 says. */
#include "perf/frames.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#define L3           sizeof(struct rte_ether_hdr)
#define UDP_PAYLOAD  18
#define TCP_PAYLOAD  6
#define STAMPS_BYTES 12
#define SEQ          1000
#define WINDOW       512

const uint16_t frame_vlan[SIDE__COUNT] = { 10, 20 };
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

/* The header but for the flow's fields; what of it is in the L4 checksum. */
static uint32_t put_ip4(uint8_t *at, uint8_t proto, size_t l4_len)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)at;

	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + l4_len));
	ip->fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG);
	ip->time_to_live = 64;
	ip->next_proto_id = proto;
	return rte_cpu_to_be_16((uint16_t)(proto + l4_len));
}

static uint32_t put_ip6(uint8_t *at, uint8_t proto, size_t l4_len)
{
	static const uint8_t prefix[12] = { 0x20, 0x01, 0x0d, 0xb8 }; /* FRAME_PREFIX6 */
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)at;

	ip->vtc_flow = RTE_BE32(0x60000000);
	ip->payload_len = rte_cpu_to_be_16((uint16_t)l4_len);
	ip->proto = proto;
	ip->hop_limits = 64;
	memcpy(ip->src_addr, prefix, sizeof(prefix));
	memcpy(ip->dst_addr, prefix, sizeof(prefix));
	return 2 * sum_words(prefix, sizeof(prefix)) + rte_cpu_to_be_16((uint16_t)(proto + l4_len));
}

void frame_make(struct frame *frame, enum frame_kind kind, enum side side,
		const struct frame_form *form)
{
	uint8_t *bytes = frame->template.bytes;
	const bool six = frame_six(form, side);
	size_t l3_len = six ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr);
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)bytes;
	bool udp = kind == FRAME_UDP;
	uint8_t *l4 = bytes + L3 + l3_len, proto = udp ? IPPROTO_UDP : IPPROTO_TCP;
	size_t l4_len;

	memset(frame, 0, sizeof(*frame));
	eth->dst_addr = frame_our_mac[side];
	eth->src_addr = frame_their_mac[side];
	eth->ether_type = six ? RTE_BE16(RTE_ETHER_TYPE_IPV6) : RTE_BE16(RTE_ETHER_TYPE_IPV4);
	l4_len = udp ? put_udp(l4) : put_tcp(l4, kind, form->stamps);
	frame->l4_sum = six ? put_ip6(bytes + L3, proto, l4_len)
			    : put_ip4(bytes + L3, proto, l4_len);
	frame->template.six = six;
	if (form->tagged)
		frame->template.tag = rte_cpu_to_be_32((uint32_t)RTE_ETHER_TYPE_VLAN << 16 |
						       frame_vlan[side]);
	frame->udp = udp;
	frame->template.len = (uint16_t)RTE_MAX(L3 + l3_len + l4_len, (size_t)60);
	frame->template.csum_at = (uint16_t)(L3 + l3_len +
					     (udp ? offsetof(struct rte_udp_hdr, dgram_cksum)
						  : offsetof(struct rte_tcp_hdr, cksum)));
	frame->ip_sum = sum_words(bytes + L3, l3_len);
	frame->l4_sum += sum_words(l4, l4_len);
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
	if (frame->udp && flow->l4_csum == 0)
		flow->l4_csum = 0xffff;
}
