/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvsadm: the words and options of forwarding modes. */
#ifndef IPVSADM_FORWARD_H
#define IPVSADM_FORWARD_H

#include <stddef.h>
#include <stdint.h>

struct api_dest;

/* As listings print it: "FullNat", "Masq", … */
const char *forward_text(unsigned int forward);

/* As -S writes it: "-b", "-m", … */
const char *forward_option(unsigned int forward);

/* Of a tunnel: "gue", …; by that word: 0 or -EINVAL. */
const char *forward_tunnel_name(unsigned int type);
int forward_tunnel_type(const char *name, uint16_t *type);
const char *forward_tunnel_csum(unsigned int flags); /* "nocsum", "csum", "remcsum" */

/* What -i says beyond itself, with a blank in front: empty for other modes. */
#define FORWARD_TUNNEL_LEN 64
const char *forward_tunnel_options(const struct api_dest *dest, char buf[FORWARD_TUNNEL_LEN]);

/* In a column, as "gue:6080:+c"; "n/a": no tunnel. */
const char *forward_tunnel_info(const struct api_dest *dest, char buf[FORWARD_TUNNEL_LEN]);

#endif
