#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Debian's BIRD, unmodified, over a kernel interface: see routing_proof in
# test/lib/routing.sh.

. "$(dirname "$0")/../lib/routing.sh"
bed_enter "$@"
routing_needs bird birdc

routing_bird_ours >"$BED/ours.conf"

daemon_start() {
	bird_start ours
}

daemon_stop() {
	bird_kill ours TERM
}

routing_proof BIRD 3 bird bird
test_done
