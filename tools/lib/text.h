/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lib/text: the texts of addresses, numbers and MACs, both ways. Readers
 * return 0 or -EINVAL and take the whole text or nothing of it; writers fill
 * the caller's buffer and return it.
 */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "api/types.h"

#define TEXT_IP_LEN       46 /* an address, NUL included */
#define TEXT_PREFIX_LEN   50 /* an address, '/' and a length */
#define TEXT_ENDPOINT_LEN 56 /* [address]:port */
#define TEXT_MAC_LEN      18

/* An unsigned decimal number from min to max. */
int text_number(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/* Either family, by its text. */
int text_ip(const char *text, uint16_t *family, union api_ip *ip);

/* A/P, or A with all its bits; host bits are kept. */
int text_prefix(const char *text, uint16_t *family, union api_ip *ip, uint8_t *plen);

/* Six bytes, a colon or a dash between. */
int text_mac(const char *text, uint8_t mac[6]);

unsigned int text_ip_bits(uint16_t family);
bool text_ip_is_zero(const union api_ip *ip);
/* Is one of the bits behind plen set? */
bool text_ip_has_host_bits(const union api_ip *ip, uint16_t family, unsigned int plen);
/* -1, 0, 1: the order of listings. */
int text_ip_compare(const union api_ip *a, const union api_ip *b);

const char *text_of_ip(uint16_t family, const union api_ip *ip, char *buf);
const char *text_of_endpoint(uint16_t family, const union api_ip *ip, be16 port, char *buf);
const char *text_of_mac(const uint8_t mac[6], bool upper, char *buf);

/*
 * Cuts HOST[:PORT] or [V6]:PORT apart, in place; *port NULL: there is none. Several colons without
 * brackets are an address alone. -EINVAL: a bracket that nothing closes, or a word behind it.
 */
int text_split_port(char *text, char **host, char **port);

/* Copies a name that must fit; -EINVAL if it is empty or too long. */
int text_copy(char *to, size_t size, const char *from);

#endif
