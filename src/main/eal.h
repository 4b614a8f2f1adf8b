/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/eal: DPDK's environment: which words it is started with. What dpvs
 * chooses itself comes first; eal_args of the conf file and the words behind
 * `--` come later and win.
 */
#ifndef MAIN_EAL_H
#define MAIN_EAL_H

#include <stdbool.h>

#include "main/settings.h"

struct eal_words {
	int argc;
	char **argv; /* argv[argc] is NULL; each and the array malloc'ed */
};

/* The lcores of a run: the master's, the workers' and that of the kernel interfaces, as DPDK
 * numbers them. */
struct lcore_plan {
	unsigned int master;
	unsigned int n_workers;
	unsigned int workers[SETTINGS_WORKERS];
	int kni; /* -1: none, the master serves them */
};

/* From worker_defs, or from the number of CPUs that this process may use; then the words for DPDK
 * may say otherwise. */
void lcore_plan_make(const struct settings *settings, struct lcore_plan *plan);

/*
 * All words for rte_eal_init(). `extra` are those behind `--`. 0 or -errno with a sentence in
 * error. *huge tells whether 2 MB or 1 GB pages will be used.
 */
int eal_words_make(const struct settings *settings, const struct lcore_plan *plan,
		   const char *ipc_path, int n_extra, char *const *extra, struct eal_words *words,
		   bool *huge, char *error, size_t size);
void eal_words_free(struct eal_words *words);

#endif
