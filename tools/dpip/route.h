/* SPDX-License-Identifier: BSD-3-Clause */
/* dpip/route: what the two halves of dpip route share. */
#ifndef DPIP_ROUTE_H
#define DPIP_ROUTE_H

#include "dpip/dpip.h"

extern const struct args_choice route_protocols[];
extern const struct args_choice route_types[];

extern const struct view route_view, route_get_view;

/* A route as `show` has it, without the line's end; and as an object. */
struct client_item;
void route_print(FILE *out, const struct client_item *item);
json_t *route_json(const struct client_item *item);

/* The route of a request, as `show` would have it: -v. */
void route_echo(FILE *out, const struct command *command);

#endif
