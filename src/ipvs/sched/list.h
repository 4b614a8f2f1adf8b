/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every scheduler, one line each; read with SCHED(name) defined. No guard: it is included several
 * times.
 */
SCHED(rr)
SCHED(wrr)
SCHED(lc)
SCHED(wlc)
SCHED(sed)
SCHED(nq)
SCHED(sh)
SCHED(dh)
SCHED(lblc)
SCHED(lblcr)
SCHED(fo)
SCHED(ovf)
SCHED(mh)
SCHED(conhash)
SCHED(twos)
