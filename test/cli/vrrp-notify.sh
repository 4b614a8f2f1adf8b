#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/vrrp-notify as keepalived calls it: state by state, words that are
# wrong, and without a daemon.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"
bed_net 0
bed_conf 1 <<-END
	dpip addr add 10.1.0.254/24 dev dpdk0
END
must "dpvs starts" bed_start

NOTIFY=$ROOT/scripts/vrrp-notify
export PATH=$DPVS_BIN:$PATH # where it looks when bin/ is elsewhere
A=10.1.0.100/32
B=fd00:1::100/128

# notify STATE: for the two addresses
notify() {
	"$NOTIFY" dpdk0 "$A" "$B" INSTANCE web "$1" 100
}

# has WORDS…: dpdk0's addresses, but the first
has() {
	[ "$(echo $(dpip addr show dev dpdk0 | awk '$1 ~ /^inet/ && $2 != "10.1.0.254/24" { print $2 }' | sort))" = "$*" ]
}

ok "BACKUP, as it begins" notify BACKUP
ok "it has none" has
ok "MASTER" notify MASTER
ok "it has both, at once" has "$A" "$B"
ok "they are no duplicates of anybody's to be asked for" eval '! dpip addr show | grep -q tentative'
ok "MASTER once more" notify MASTER
ok "it still has both" has "$A" "$B"
ok "a state that changes nothing" notify MASTER_RX_LOWER_PRI
ok "it still has both" has "$A" "$B"
for state in BACKUP FAULT STOP DELETED; do
	notify MASTER
	ok "$state" notify "$state"
	ok "$state: it has none" has
done

# Two of keepalived's that run at once: whichever comes to it first, the later one's state counts.
last=$(ls "$BED"/dpvs.ipc.vrrp.*)

waits() { # the script, or who does its work
	pgrep -P "$1" -x flock >/dev/null || pgrep -P "$(pgrep -P "$1")" -x flock >/dev/null
}

both() {
	local state pids=

	exec 8>>"$last"
	flock 8
	for state in "$@"; do
		"$NOTIFY" dpdk0 "$A" "$B" INSTANCE web "$state" 100 8>&- &
		pids="$pids $!"
		bed_wait_for 10 waits $! || return
	done
	exec 8>&-
	for state in $pids; do
		wait "$state" || return
	done
}

for n in 1 2 3 4 5; do
	ok "MASTER and BACKUP at once" both MASTER BACKUP
	ok "it has none" has
	ok "BACKUP and MASTER at once" both BACKUP MASTER
	ok "it has both" has "$A" "$B"
done
# keepalived's end may be the end of all that it has started, and of their process group
killed() {
	exec 8>>"$last"
	flock 8
	set -m
	"$NOTIFY" dpdk0 "$A" "$B" INSTANCE web STOP 100 8>&- &
	set +m
	bed_wait_for 10 waits $! && kill -TERM -- -$! && kill -0 -- -$! && kill -KILL -- -$!
	exec 8>&-
	! wait $!
}
ok "STOP is ended with keepalived" killed
ok "it has none" bed_wait_for 10 has
ok "MASTER again" notify MASTER
# an older one that comes to it last: as if another had run in the far future
cp "$last" "$BED/last"
sed 's/ .*/ 99999999999999999999 0000000001/' "$BED/last" >"$last"
ok "BACKUP, but another state came behind it" notify BACKUP
ok "it still has both" has "$A" "$B"
# ... and one of another boot, whose clock says nothing
echo "00000000-0000-0000-0000-000000000000 99999999999999999999 0000000001" >"$last"
ok "BACKUP" notify BACKUP
ok "it has none" has
ok "of a group" "$NOTIFY" dpdk0 "$A" GROUP all MASTER
ok "it has that one" has "$A"
refused "another device" 1 'no such device "dpdk7"' "$NOTIFY" dpdk7 "$A" INSTANCE web MASTER 100
refused "BACKUP on another device" 1 'no such device "dpdk7"' "$NOTIFY" dpdk7 "$A" INSTANCE web BACKUP 100
refused "no state" 2 "usage: vrrp-notify" "$NOTIFY" dpdk0 "$A" INSTANCE web
refused "no address" 2 "usage: vrrp-notify" "$NOTIFY" dpdk0 INSTANCE web MASTER 100
refused "no device" 2 "usage: vrrp-notify" "$NOTIFY" "$A" INSTANCE web MASTER 100
refused "two devices" 2 "usage: vrrp-notify" "$NOTIFY" dpdk0 dpdk1 "$A" INSTANCE web MASTER 100
ok "help" "$NOTIFY" --help
stopped "vrrp-notify"
refused "MASTER without a daemon" 1 "web MASTER: " "$NOTIFY" dpdk0 "$A" INSTANCE web MASTER 100
refused "STOP without a daemon" 1 "web STOP: " "$NOTIFY" dpdk0 "$A" INSTANCE web STOP 100
mkdir "$BED/alone"
cp "$NOTIFY" "$BED/alone/"
refused "no dpip" 1 "there is no dpip beside this script, nor in PATH: /usr/bin:/bin" env PATH=/usr/bin:/bin \
	"$BED/alone/vrrp-notify" dpdk0 "$A" INSTANCE web MASTER 100
test_done
