/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every scheduler, one line each; read with SCHED(name) defined. No guard: it is included several
 * times.
 */
SCHED(rr)
SCHED(wrr)
SCHED(wlc)
