/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/crc32c: numbers here are polynomials over one bit, the lowest power in
 * the highest bit. Each byte of a message multiplies what stands before it by
 * x^8, so a change `len` bytes before the end counts x^(8 len) times: a product
 * for each of len's four digits of four bits.
 */
#include "packet/crc32c.h"

#define POLYNOMIAL 0x82f63b78u
#define ONE        0x80000000u

/* x^4 times the four lowest bits, which are the highest powers. */
static const uint32_t reduced[16] = {
	0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
	0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
	0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

/* x^8 to the power of digit * 16^place. */
static const uint32_t powers[4][16] = {
	{ ONE, 0x00800000, 0x00008000, 0x00000080, 0x82f63b78, 0xfbc3faf9, 0x8b277743, 0x52a0c93f,
	  0x6ea2d55c, 0x1c08b7d6, 0xf56e0ef4, 0x34019664, 0xa66805eb, 0x7a1f6b24, 0xe75d06aa,
	  0xc94ec098 },
	{ ONE, 0x18b8ea18, 0x510ac59a, 0xb2dea967, 0xb82be955, 0x36c41f1c, 0x19b29a35, 0xc9e90b9e,
	  0xb8fdb1e7, 0xe55ef1f3, 0x1fe0b5c3, 0xe0553f1e, 0x18e4a304, 0x2b830011, 0x56993a31,
	  0x0246e2e6 },
	{ ONE, 0x88e56f72, 0x74c360a4, 0x631bb273, 0xe4172b16, 0x71892b1b, 0x835305c9, 0x196b1eae,
	  0x0d65762a, 0xafc81338, 0xb5a50ab7, 0xf373c3ac, 0x5f60970f, 0xd46d3063, 0x3a5275ea,
	  0x02331c01 },
	{ ONE, 0x35d73a62, 0x28461564, 0x43eefc9f, 0xbf455269, 0x5edcdeb9, 0x65059450, 0x4e6f41a4,
	  0xe2ea32dc, 0xf5b95b32, 0x695a4c87, 0xf204502c, 0x9a4f01b6, 0x941a0916, 0x4303cb97,
	  0x4c3d3d65 },
};

uint32_t crc32c_more(uint32_t crc, const void *data, size_t len)
{
	for (const uint8_t *byte = data; len; byte++, len--) {
		crc ^= *byte;
		crc = (crc >> 4) ^ reduced[crc & 15];
		crc = (crc >> 4) ^ reduced[crc & 15];
	}
	return crc;
}

static uint32_t product(uint32_t a, uint32_t b)
{
	uint32_t sum = 0;

	for (; a; a <<= 1) {
		sum ^= b & -(a >> 31);
		b = (b >> 1) ^ (POLYNOMIAL & -(b & 1));
	}
	return sum;
}

uint32_t crc32c_change(uint32_t xored, uint16_t len)
{
	for (unsigned int place = 0; len; place++, len >>= 4)
		if (len & 15)
			xored = product(powers[place][len & 15], xored);
	return xored;
}
