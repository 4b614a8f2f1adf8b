#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The daemon's own command line, start, stop, and reload.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"
bed_net 0
dpvs=$DPVS_BIN/dpvs

# --- without starting ---------------------------------------------------------
equal "-v prints the version" "dpvs" "$("$dpvs" -v | cut -d' ' -f1)"
ok "-v ends with 0" "$dpvs" -v
ok "--version ends with 0" "$dpvs" --version
ok "-h ends with 0" "$dpvs" -h
ok "-h names the options" eval '"$dpvs" --help | grep -q -- --ipc-file'
equal "-h begins with the usage" "Usage: dpvs [OPTION...] [-- EAL options]" "$("$dpvs" -h | head -n 1)"
refused "an unknown option" 2 "--frobnicate" "$dpvs" --frobnicate
refused "a word too many" 2 "\"start\"" "$dpvs" start
refused "a conf file that is not there" 2 "$BED/none.conf" "$dpvs" -c "$BED/none.conf" -p "$BED/pid" -x "$BED/ipc"

# --- start ----------------------------------------------------------------------
bed_conf 1 <"/dev/null"

# Listens as systemd would; prints the messages until READY=1.
cat >"$BED/notify.py" <<'END'
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(120)
while True:
    text = s.recv(4096).decode()
    if "READY=1" in text:
        print("READY", "socket" if os.path.exists(sys.argv[2]) else "no socket", flush=True)
        break
END
$PYTHON "$BED/notify.py" "$BED/notify" "$BED/dpvs.ipc" >"$BED/notified" &
notifier=$!
bed_wait_for 10 test -S "$BED/notify"
NOTIFY_SOCKET=$BED/notify must "dpvs starts" bed_start
wait "$notifier"
equal "systemd is told, and the socket is there by then" "READY socket" "$(cat "$BED/notified")"
equal "the pid file has its pid" "$DPVS_PID" "$(cat "$BED/dpvs.pid")"
equal "only the owner may use the socket" 600 "$(stat -c %a "$BED/dpvs.ipc")"
ok "it serves" dpip link show

refused_start() {
	local name=$1 want=$2 text=$3
	shift 3

	timeout 60 "$dpvs" "$@" >"$BED/out" 2>&1
	equal "$name" "$want" $?
	ok "$name: the reason is said" grep -qF -- "$text" "$BED/out" "$BED/other.log"
}

# --- a second one -----------------------------------------------------------------
sed "s/iface=tap/iface=pat/; s,$BED/dpvs.log,$BED/other.log," "$BED/dpvs.conf" >"$BED/other.conf"
refused_start "a second instance on the same socket is refused" 1 "another dpvs serves this socket" \
	-c "$BED/other.conf" -p "$BED/other.pid" -x "$BED/dpvs.ipc"
refused_start "a second instance with the same pid file is refused" 1 "another dpvs holds this pid file" \
	-c "$BED/other.conf" -p "$BED/dpvs.pid" -x "$BED/other.ipc"
ok "the first one still serves" dpip link show
echo "a note" >"$BED/note"
refused_start "a file that is no pid file is refused" 1 "no pid file" \
	-c "$BED/other.conf" -p "$BED/note" -x "$BED/other.ipc"
equal "and left alone" "a note" "$(cat "$BED/note")"
ok "the reason is on standard error too" grep -q "no pid file" "$BED/out"
ok "and its pid file is there" test -s "$BED/dpvs.pid"

(
	"$dpvs" -c "$BED/other.conf" -p "$BED/other.pid" -x "$BED/other.ipc" >>"$BED/out" 2>&1 &
	other=$!
	bed_wait_for "$BED_START_TIMEOUT" test -S "$BED/other.ipc"
	DPVS_IPC_FILE=$BED/other.ipc dpip addr add 10.9.9.9/32 dev dpdk0 || exit 1
	dpip addr show | grep -q 10.9.9.9 && exit 2
	DPVS_IPC_FILE=$BED/other.ipc dpip addr show | grep -q 10.9.9.9 || exit 3
	kill -TERM "$other"
	wait "$other"
)
equal "two instances with different sockets run side by side, and apart" 0 $?

(
	sed '/pktpool_size/d' "$BED/other.conf" >"$BED/usual.conf"
	"$dpvs" -c "$BED/usual.conf" -p "$BED/other.pid" -x "$BED/other.ipc" >>"$BED/out" 2>&1 &
	other=$!
	bed_wait_for "$BED_START_TIMEOUT" test -S "$BED/other.ipc"
	[ "$(DPVS_IPC_FILE=$BED/other.ipc dpip link show | grep -c '^[0-9]*: ')" -ge 2 ] || exit 1
	kill -TERM "$other"
	wait "$other"
)
equal "several TAPs find memory beside as many packet buffers as usual" 0 $?

# --- idle --------------------------------------------------------------------------
ticks() {
	awk '{ print $14 + $15 }' "/proc/$DPVS_PID/stat"
}
sleep 1
before=$(ticks)
sleep 4
used=$((($(ticks) - before) * 100 / (4 * $(getconf CLK_TCK))))
if [ -n "$SANITIZED" ]; then
	skip "an idle worker takes under 5 % of a CPU: slow programs are not measured"
else
	ok "an idle worker takes under 5 % of a CPU (here $used %)" [ "$used" -lt 5 ]
fi

# What waits at a link that is down wakes nobody: about a hundred sleeps a second, not a million.
ok "a link goes down" dpip link set dpdk0 down
ip link set tap0 up
$PYTHON -c '
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("tap0", 0))
for i in range(10):
    s.send(b"\xff" * 6 + b"\2" * 6 + b"\x88\xb5" + bytes(46))'
before=$(worker_sum sleeps)
sleep 2
slept=$(($(worker_sum sleeps) - before))
ok "frames at a link that is down let the worker sleep (here $slept times)" [ "$slept" -lt 5000 ]
before=$(worker_sum received)
ok "it goes up" dpip link set dpdk0 up
ok "and the frames are taken" bed_wait_for 10 eval '[ "$(worker_sum received)" -ge $((before + 10)) ]'

# --- reload --------------------------------------------------------------------------
mv "$BED/dpvs.log" "$BED/dpvs.log.1"
kill -HUP "$DPVS_PID"
ok "SIGHUP opens the log file again" bed_wait_for 10 grep -q reloaded "$BED/dpvs.log"
# DPDK complains here, to a stream of its own
refused "a MAC address that is none is refused" 1 "addr" dpip link set dpdk0 addr 01:00:00:00:00:01
ok "behind SIGHUP, DPDK's own lines harm nothing" dpip -s -v link show
sed -i 's/log_level INFO/log_level DEBUG/' "$BED/dpvs.conf"
: >"$BED/dpvs.log"
kill -HUP "$DPVS_PID"
ok "SIGHUP takes a key that is reloadable" bed_wait_for 10 grep -q reloaded "$BED/dpvs.log"
link_local() {
	dpip -6 addr show | grep -oE 'fe80::[0-9a-f:]+'
}
# ip6_reload KEYS: these are all of ipv6_defs; the link-local addresses before are in $before
ip6_reload() {
	before=$(link_local)
	sed -i "/^ipv6_defs/,/}/c ipv6_defs {\n$1\n}" "$BED/dpvs.conf"
	kill -HUP "$DPVS_PID"
}
# as many as links, and none of those before
others() {
	[ "$(link_local | wc -l)" = "$links" ] && [ -z "$(comm -12 <(sort <<<"$before") <(link_local | sort))" ]
}
none() {
	[ -z "$(link_local)" ]
}
links=$(dpip link show | grep -cE "^[0-9]+: ")
secret=00112233445566778899aabbccddeeff
equal "addr_gen_mode none: there is no link-local address" "" "$(link_local)"
ip6_reload "addr_gen_mode eui64"
ok "SIGHUP takes addr_gen_mode eui64" bed_wait_for 10 others
ip6_reload "addr_gen_mode stable-privacy\nstable_secret $secret"
ok "SIGHUP: stable-privacy makes others" bed_wait_for 10 others
ip6_reload "addr_gen_mode stable-privacy\nstable_secret ${secret/00/01}"
ok "SIGHUP: another secret makes others again" bed_wait_for 10 others
ip6_reload "disable on"
ok "SIGHUP: without IPv6 there is none" bed_wait_for 10 none
ip6_reload "addr_gen_mode random"
ok "SIGHUP: addr_gen_mode random" bed_wait_for 10 others
ip6_reload "addr_gen_mode none"
ok "SIGHUP takes addr_gen_mode none" bed_wait_for 10 none
sed -i 's/pktpool_size 16383/pktpool_size 8191/' "$BED/dpvs.conf"
kill -HUP "$DPVS_PID"
ok "SIGHUP names a key that needs a restart" bed_wait_for 10 grep -q 'needs a restart.*pktpool_size' "$BED/dpvs.log"
cp "$BED/dpvs.conf" "$BED/good.conf"
echo "nonsense { }" >>"$BED/dpvs.conf"
kill -HUP "$DPVS_PID"
ok "SIGHUP with a wrong file changes nothing, and says so" \
	bed_wait_for 10 grep -q "nothing was reloaded" "$BED/dpvs.log"
ok "SIGHUP with a wrong file: the fault is logged with its line" \
	grep -q "dpvs.conf:$(wc -l <"$BED/dpvs.conf"): .*nonsense" "$BED/dpvs.log"
ok "it still serves" dpip link show
cp "$BED/good.conf" "$BED/dpvs.conf"

# --- stop ----------------------------------------------------------------------------
stopped SIGTERM
ok "SIGTERM: the socket is gone" [ ! -e "$BED/dpvs.ipc" ]
ok "SIGTERM: the pid file is gone" [ ! -e "$BED/dpvs.pid" ]
ok "SIGTERM: the ports are gone" [ ! -e /sys/class/net/tap0 ]

must "dpvs starts again" bed_start
kill -INT "$DPVS_PID"
while kill -INT "$DPVS_PID" 2>/dev/null; do
	sleep 0.01
done
wait "$DPVS_PID"
equal "SIGINT, again and again, stops it with exit code 0" 0 $?
ok "SIGINT: the socket is gone" [ ! -e "$BED/dpvs.ipc" ]

# A killed one leaves its files; the next start is not disturbed by them.
must "dpvs starts once more" bed_start
kill -KILL "$DPVS_PID"
wait "$DPVS_PID" 2>/dev/null
ok "a killed daemon's files stay" test -e "$BED/dpvs.ipc" -a -e "$BED/dpvs.pid"
refused "no daemon: exit code 1 and the socket's path" 1 "$BED/dpvs.ipc" dpip addr show
rm -f "$BED/dpvs.ipc.before"
"$dpvs" -c "$BED/dpvs.conf" -p "$BED/dpvs.pid" -x "$BED/dpvs.ipc" >>"$BED/dpvs-output.log" 2>&1 &
DPVS_PID=$!
ok "the next start is not disturbed by them" bed_wait_for "$BED_START_TIMEOUT" dpip -j link show
stopped "behind a killed one"
refused "stopped: exit code 1" 1 "is the daemon running?" ipvsadm -ln

# --- startup lines, EAL words ------------------------------------------------------------
bed_conf 1 <<-END
	dpip addr add 10.1.0.254/24 dev dpdk0
	ipvsadm -A -t 10.1.0.100:80 -s rr
	ipvsadm -A -t 10.1.0.100:80 -s rr
	dpip addr add 10.1.0.253/24 dev dpdk0
END
line=$(grep -n 'ipvsadm -A' "$BED/dpvs.conf" | tail -n 1 | cut -d: -f1)
"$dpvs" -c "$BED/dpvs.conf" -p "$BED/dpvs.pid" -x "$BED/dpvs.ipc" >"$BED/out" 2>&1
equal "a startup line that fails ends the start with 2" 2 $?
ok "and names file and line" grep -q "dpvs.conf:$line: " "$BED/out" "$BED/dpvs.log"
ok "and leaves no socket" [ ! -e "$BED/dpvs.ipc" ]

bed_conf 1 <<-END
	dpip addr add 10.1.0.254/24 dev dpdk0
	ipvsadm -A -t 10.1.0.100:80 -s wrr
	ipvsadm -a -t 10.1.0.100:80 -r 10.2.0.1:80 -b -w 5 -x 9
	ipvsadm -e -t 10.1.0.100:80 -r 10.2.0.1:80 -w 6
	ipvsadm -E -t 10.1.0.100:80 --conn-timeout 40
END
bed_start -- -m 300 --log-level=lib.eal:debug
ok "words behind -- go to EAL" eval 'ipvsadm -ln >/dev/null && grep -qi "eal" "$BED/dpvs-output.log" "$BED/dpvs.log"'
ok "startup lines took effect" eval 'dpip addr show | grep -q 10.1.0.254/24'
ok "edits among them" eval 'ipvsadm -S -n | grep -q "^-A .* -s wrr --conn-timeout 40$" &&
	ipvsadm -S -n | grep -q "^-a .* -b -w 6 -x 9$"'
stopped "with EAL words"

refused_start "words behind -- that are no EAL options are refused" 2 '"extra"' \
	-c "$BED/dpvs.conf" -p "$BED/dpvs.pid" -x "$BED/dpvs.ipc" -- extra words
refused_start "another main lcore than the master's is refused" 1 "DPDK's main lcore is 1" \
	-c "$BED/dpvs.conf" -p "$BED/dpvs.pid" -x "$BED/dpvs.ipc" -- --main-lcore=1

# Without worker_defs the machine decides, or the words for EAL.
sed '/^worker_defs/,/^}/d; s/queue_number [0-9]*//' "$BED/dpvs.conf" >"$BED/plain.conf"
mv "$BED/plain.conf" "$BED/dpvs.conf"
must "without worker_defs it starts" bed_start
json "without worker_defs: a worker at least" 'len({x["worker"] for x in j}) >= 1' dpip -j stats worker
stopped "without worker_defs"
must "without worker_defs it starts with lcores behind --" bed_start -- "--lcores=(2,5,7)@$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')"
json "without worker_defs: lcores behind -- are the workers" '{x["worker"] for x in j} == {1, 2}' dpip -j stats worker
stopped "without worker_defs, with lcores behind --"
refused_start "without worker_defs: one lcore is refused" 1 "DPDK has only lcore 0" \
	-c "$BED/dpvs.conf" -p "$BED/dpvs.pid" -x "$BED/dpvs.ipc" -- -l 0
must "on one CPU it starts" eval 'real=$dpvs; bed_start_taskset() { export DPVS_IPC_FILE=$BED/dpvs.ipc
	taskset -c "$(taskset -cp $$ | sed "s/.*: //; s/[-,].*//")" "$real" -c "$BED/dpvs.conf" -p "$BED/dpvs.pid" \
		-x "$DPVS_IPC_FILE" >>"$BED/dpvs-output.log" 2>&1 & DPVS_PID=$!
	bed_wait_for "$BED_START_TIMEOUT" bed_serves; }; bed_start_taskset'
ok "on one CPU it serves" dpip addr show
stopped "on one CPU"
test_done
