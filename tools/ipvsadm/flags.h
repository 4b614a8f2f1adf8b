/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvsadm: what is said about a service behind its scheduler. */
#ifndef IPVSADM_FLAGS_H
#define IPVSADM_FLAGS_H

#include <stdio.h>

#include <jansson.h>

#include "api/ipvs.h"

/* The flag (enum api_service_flag) of a word of `-b`, for that scheduler; 0: it has none of that
 * name. */
uint32_t flags_sched_bit(const char *sched, const char *word);

/* "keep", "reset", "reschedule". */
const char *flags_on_remove(uint32_t policy);

/* " persistent 300 mask 255.255.255.0 ops conn-timeout 30": as listings print it. */
void flags_print(FILE *out, const struct api_service *service);
/* The same words as an array. */
json_t *flags_json(const struct api_service *service);
/* " -p 300 -M 255.255.255.0 --ops --conn-timeout 30": as -R reads it. */
void flags_print_options(FILE *out, const struct api_service *service);

#endif
