/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvsadm: services by match (-H) as text, both ways. */
#ifndef IPVSADM_MATCH_H
#define IPVSADM_MATCH_H

#include <stddef.h>

#include "api/ipvs.h"

#define MATCH_LEN 352 /* longest text, NUL included */

/*
 * "proto=tcp,src-range=A[-B][:P[-Q]],dst-range=…,iif=D,oif=D,af=ipv4|ipv6" into key. 0, or -EINVAL
 * with the sentence's end in error.
 */
int match_parse(const char *text, struct api_service_key *key, char *error, size_t size);

/* As it is typed behind -H, and as -L shows it; buf of MATCH_LEN; return buf. */
const char *match_option(const struct api_service_key *key, char *buf);
const char *match_shown(const struct api_service_key *key, char *buf);

/* "tcp" */
const char *match_proto(const struct api_service_key *key);

/* "10.0.0.0-10.0.0.255:0-0"; "" if it is any; buf of MATCH_LEN; returns buf. */
const char *match_source(const struct api_service_key *key, char *buf);
const char *match_destination(const struct api_service_key *key, char *buf);

#endif
