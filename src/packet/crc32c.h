/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/crc32c: SCTP's checksum (RFC 9260 appendix A). It is linear: what
 * changes in a packet changes the checksum by an amount that depends on the
 * change and on how much stands behind it, and on nothing else. So ports are
 * replaced without a look at the rest, and a damaged packet stays damaged.
 */
#ifndef PACKET_CRC32C_H
#define PACKET_CRC32C_H

#include <stddef.h>
#include <stdint.h>

#define CRC32C_INIT UINT32_MAX

/* Over more bytes: begins with CRC32C_INIT; the complement of what comes out is the checksum. */
uint32_t crc32c_more(uint32_t crc, const void *data, size_t len);

/* What is to be xored to the checksum of `len` bytes whose first four change by `xored`: their word
 * before xor that after, little-endian. */
uint32_t crc32c_change(uint32_t xored, uint16_t len);

#endif
