/* SPDX-License-Identifier: BSD-3-Clause */
/* dpip: the names of scopes, which addresses and routes share. */
#ifndef DPIP_SCOPE_H
#define DPIP_SCOPE_H

#include "lib/args.h"

/* The word behind "scope"; kernel: kni_host is one of them. */
int scope_take(struct args *args, bool kernel, uint32_t *scope);

/* Its name, or its number in buf. */
const char *scope_text(unsigned int scope, char *buf, size_t size);

#endif
