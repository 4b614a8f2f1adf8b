/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The forwarding modes: XMIT(fnat, API_FORWARD_FNAT) is `const struct xmit xmit_fnat` of
 * xmit/fnat.c, under its number. No guard: it is read several times, with XMIT defined by who
 * includes it.
 */
XMIT(dr, API_FORWARD_DR)
XMIT(fnat, API_FORWARD_FNAT)
XMIT(nat, API_FORWARD_NAT)
XMIT(snat, API_FORWARD_SNAT)
XMIT(tunnel, API_FORWARD_TUNNEL)
