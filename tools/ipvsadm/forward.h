/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvsadm: the words and options of forwarding modes. */
#ifndef IPVSADM_FORWARD_H
#define IPVSADM_FORWARD_H

/* As listings print it: "FullNat", "Masq", … */
const char *forward_text(unsigned int forward);

/* As -S writes it: "-b", "-m", … */
const char *forward_option(unsigned int forward);

#endif
