/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvsadm: the lines of -S one by one, without the program's name and the line's end. */
#ifndef IPVSADM_SAVE_H
#define IPVSADM_SAVE_H

#include <stdbool.h>
#include <stdio.h>

#include "api/ipvs.h"

void save_service(FILE *out, const struct api_service *service, bool numeric);
void save_laddr(FILE *out, const struct api_laddr *laddr, bool numeric);
void save_dest(FILE *out, const struct api_dest *dest, bool numeric);

#endif
