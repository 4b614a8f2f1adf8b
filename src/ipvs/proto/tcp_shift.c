/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/proto/tcp_shift: the numbers that a server sees of a connection. Local
 * ports are used again long before the server has forgotten their last
 * connection. A server in TIME_WAIT takes the next SYN if its sequence number
 * lies behind all it has seen, or if it has a later timestamp (RFC 6191), and
 * refuses it when the timestamp is earlier. Clients know nothing of each
 * other, so we give all of them one clock.
 *
 * Sequence numbers start from a clock of 64 ns ticks plus a keyed hash of the
 * tuple (RFC 6528): an outsider cannot guess them, and on one port they only
 * rise, for clients that send less than 15 MB/s on average.
 *
 * Timestamps start from the monotonic clock alone, because the hash's key does
 * not outlive the daemon, but servers do. Clients' clocks tick at most once a
 * millisecond (RFC 7323, 5.4); ours ticks nine times in eight, so that neither
 * drift nor jitter puts an old connection's last stamp behind a new one's
 * first, and a connection must last 198 days to be half a round behind.
 *
 * A checksum covers 16-bit words from the start of the header; a number that
 * begins at an odd offset contributes with its bytes swapped.
 */
#include <string.h>

#include <rte_byteorder.h>
#include <rte_branch_prediction.h>

#include "ipvs/proto/tcp.h"
#include "packet/csum.h"

#define TCP_OPT_END       0
#define TCP_OPT_NOP       1
#define TCP_OPT_SACK      5
#define TCP_OPT_TS        8
#define TCP_OPT_TS_LEN    10
#define TCP_OPT_SACK_UNIT 8 /* bytes of a block */

/* Two NOPs and the timestamps: what nearly every segment of nearly every stack has. */
#define TCP_OPT_USUAL_LEN 12
static const uint8_t tcp_opt_usual[4] = { TCP_OPT_NOP, TCP_OPT_NOP, TCP_OPT_TS, TCP_OPT_TS_LEN };

/* Adds to the number at this place of the header; returns the checksum's delta. */
static uint32_t tcp_add(uint8_t *header, unsigned int offset, uint32_t add)
{
	uint32_t before, after, delta;

	memcpy(&before, header + offset, sizeof(before));
	after = rte_cpu_to_be_32(rte_be_to_cpu_32(before) + add);
	memcpy(header + offset, &after, sizeof(after));
	delta = csum_delta32(before, after);
	return offset & 1 ? rte_bswap16(csum_fold(delta)) : delta;
}

/* Where the header really ends. */
static unsigned int tcp_header_end(const struct rte_tcp_hdr *th, unsigned int th_len)
{
	unsigned int len = (th->data_off >> 4) * 4u;

	return len < th_len ? len : th_len;
}

/*
 * The next option at or behind *at that is not padding; *at becomes its offset, *len its length.
 * false: there is none, or what is there is not to be trusted.
 */
static bool tcp_option(const uint8_t *header, unsigned int end, unsigned int *at, unsigned int *len)
{
	while (*at < end && header[*at] == TCP_OPT_NOP)
		++*at;
	if (*at + 1 >= end || header[*at] == TCP_OPT_END)
		return false;
	*len = header[*at + 1];
	return *len >= 2 && *at + *len <= end;
}

static bool tcp_usual_options(const uint8_t *header, unsigned int end)
{
	return end == sizeof(struct rte_tcp_hdr) + TCP_OPT_USUAL_LEN &&
	       memcmp(header + sizeof(struct rte_tcp_hdr), tcp_opt_usual, sizeof(tcp_opt_usual)) ==
		       0;
}

/* Offset of the option, 0: there is none. */
static unsigned int tcp_find_timestamps(const uint8_t *header, unsigned int end)
{
	unsigned int at = sizeof(struct rte_tcp_hdr), len;

	for (; tcp_option(header, end, &at, &len); at += len)
		if (header[at] == TCP_OPT_TS && len == TCP_OPT_TS_LEN)
			return at;
	return 0;
}

void tcp_choose_deltas(struct conn *conn, const struct hash_key *key, const struct tuple *out,
		       const struct rte_tcp_hdr *th, unsigned int th_len, uint64_t now_ns)
{
	const uint8_t *header = (const uint8_t *)th;
	unsigned int at = tcp_find_timestamps(header, tcp_header_end(th, th_len));
	uint32_t start = (uint32_t)siphash(key, out, sizeof(*out)) + (uint32_t)(now_ns / 64);

	conn->seq_delta = start - rte_be_to_cpu_32(th->sent_seq);
	conn->flags |= CONN_SEQ;
	if (at) {
		uint64_t now_ms = now_ns / 1000000;
		uint32_t stamp;

		memcpy(&stamp, header + at + 2, sizeof(stamp));
		conn->ts_delta = (uint32_t)(now_ms + now_ms / 8) - rte_be_to_cpu_32(stamp);
		conn->flags |= CONN_TS;
	}
}

/* From the client: TSval. SACK blocks and TSecr speak of the server's numbers, which nobody shifts.
 */
static uint32_t tcp_shift_in(const struct conn *conn, uint8_t *header, unsigned int end)
{
	unsigned int at = sizeof(struct rte_tcp_hdr), len;
	uint32_t sum = 0;

	if (!(conn->flags & CONN_TS))
		return 0;
	if (likely(tcp_usual_options(header, end)))
		return tcp_add(header, at + sizeof(tcp_opt_usual), conn->ts_delta);
	for (; tcp_option(header, end, &at, &len); at += len)
		if (header[at] == TCP_OPT_TS && len == TCP_OPT_TS_LEN)
			sum += tcp_add(header, at + 2, conn->ts_delta);
	return sum;
}

static uint32_t tcp_shift_sack(uint8_t *header, unsigned int at, unsigned int len, uint32_t add)
{
	uint32_t sum = 0;

	for (unsigned int block = at + 2; block + TCP_OPT_SACK_UNIT <= at + len;
	     block += TCP_OPT_SACK_UNIT) {
		sum += tcp_add(header, block, add);
		sum += tcp_add(header, block + 4, add);
	}
	return sum;
}

/* From the server, a segment with ACK: TSecr and SACK blocks, which without it mean nothing. */
static uint32_t tcp_shift_out(const struct conn *conn, uint8_t *header, unsigned int end)
{
	unsigned int at = sizeof(struct rte_tcp_hdr), len;
	uint32_t sum = 0;

	if (likely(tcp_usual_options(header, end))) {
		if (conn->flags & CONN_TS)
			sum = tcp_add(header, at + sizeof(tcp_opt_usual) + 4, -conn->ts_delta);
		return sum;
	}
	for (; tcp_option(header, end, &at, &len); at += len) {
		if (header[at] == TCP_OPT_TS && len == TCP_OPT_TS_LEN) {
			if (conn->flags & CONN_TS)
				sum += tcp_add(header, at + 6, -conn->ts_delta);
		} else if (header[at] == TCP_OPT_SACK) {
			sum += tcp_shift_sack(header, at, len, -conn->seq_delta);
		}
	}
	return sum;
}

uint32_t tcp_shift(const struct conn *conn, enum conn_dir dir, struct rte_tcp_hdr *th,
		   unsigned int th_len)
{
	uint8_t *header = (uint8_t *)th;
	unsigned int end = tcp_header_end(th, th_len);
	uint32_t sum;

	if (!(conn->flags & CONN_SEQ))
		return 0;
	if (dir == CONN_IN) {
		sum = tcp_add(header, offsetof(struct rte_tcp_hdr, sent_seq), conn->seq_delta);
		return sum + tcp_shift_in(conn, header, end);
	}
	if (!(th->tcp_flags & RTE_TCP_ACK_FLAG))
		return 0;
	sum = tcp_add(header, offsetof(struct rte_tcp_hdr, recv_ack), -conn->seq_delta);
	return sum + tcp_shift_out(conn, header, end);
}
