/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvsadm: virtual services, real servers, local addresses, connections.
 * ipvsadm.c turns the command line into requests; one file a way of printing
 * what comes back, and edit.c for what changes only what was given.
 */
#ifndef IPVSADM_IPVSADM_H
#define IPVSADM_IPVSADM_H

#include "lib/command.h"

/* Bits of struct command's `given`: what -E and -e were told. */
enum ipvsadm_given {
	GIVEN_SCHEDULER = 1,
	GIVEN_PERSISTENT = 2,
	GIVEN_NETMASK = 4,
	GIVEN_OPS = 8,
	GIVEN_CONN_TIMEOUT = 16,
	GIVEN_FORWARD = 32,
	GIVEN_WEIGHT = 64,
	GIVEN_UPPER = 128,
	GIVEN_LOWER = 256,
};

extern const struct view ipvsadm_list_view;
extern const struct view ipvsadm_save_view;
extern const struct view ipvsadm_conns_view;
extern const struct view ipvsadm_laddrs_view;

command_edit_fn ipvsadm_edit_service;
command_edit_fn ipvsadm_edit_dest;

extern const struct program ipvsadm_program;

/* `ipvsadm …`, argv[0] being the name: what the daemon's startup block and the tests call. */
int ipvsadm_parse(int argc, char **argv, struct command *out, char *error, size_t size);

#endif
