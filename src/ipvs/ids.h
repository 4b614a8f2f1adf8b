/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/ids: the master's free numbers of a table, so that giving one back cannot fail. */
#ifndef IPVS_IDS_H
#define IPVS_IDS_H

#include <stdint.h>

struct ids {
	uint32_t *free; /* a stack, with room for all that were ever taken */
	uint32_t n_free;
	uint32_t room;
	uint32_t used; /* all ids below have been taken at least once */
	uint32_t max;
};

/* 0, -ENOSPC (max are in use) or -ENOMEM. */
int ids_take(struct ids *ids, uint32_t *id);
void ids_give(struct ids *ids, uint32_t id);
void ids_free(struct ids *ids);

#endif
