# SPDX-License-Identifier: BSD-3-Clause
#
# A network in a box: one client, the balancer and any number of real servers,
# each in a network namespace of its own, for the demo and the tests. Sourced
# by bash scripts. The balancer's ports are DPDK tap devices; a kernel bridge
# joins each to the veths of the namespaces on that side:
#
#	client 10.1.0.1 --veth-- br0 -- tap0 (dpdk0) dpvs (dpdk1) tap1 -- br1 --veth-- server N 10.2.0.N
#
# Everything lives in network, mount and process namespaces made for the
# occasion (and in a user namespace, when the caller is not root), so that beds
# run side by side, names need not be unique, and the kernel ends every process
# of a bed with it. A script begins with
#
#	. scripts/lib/testbed.sh
#	bed_enter "$@"
#
# which starts the script once more inside; $BED is the bed's own directory.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

DPVS_BIN=${DPVS_BIN:-$ROOT/bin}
BED_START_TIMEOUT=${BED_START_TIMEOUT:-60} # seconds: EAL may take long on a busy machine
VIP=10.1.0.100
LADDR=10.2.0.200

# --- outside: the namespaces ------------------------------------------------

# The words that make the namespaces, for whoever calls; nothing when it cannot be done.
bed_unshare_command() {
	local words="unshare --net --mount --pid --fork --kill-child --mount-proc"

	[ "$(id -u)" = 0 ] || words="$words --user --map-root-user"
	$words true 2>/dev/null && echo "$words"
}

bed_require() {
	[ -n "$(bed_unshare_command)" ] ||
		die "cannot make network namespaces here: run as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1)"
	[ -r /dev/net/tun ] && [ -w /dev/net/tun ] ||
		die "/dev/net/tun is missing or not open to $(id -un): it makes the balancer's ports"
}

# Runs a command inside new namespaces, in the background; sets BED_PID and BED. Its output goes to the file
# $BED_OUTPUT of the bed, if that is set.
bed_launch() {
	bed_require
	BED=$(mktemp -d "${TMPDIR:-/tmp}/dpvs-bed.XXXXXX") || exit 1
	export BED
	if [ -n "${BED_OUTPUT:-}" ]; then
		BED_INSIDE=1 setsid $(bed_unshare_command) "$@" >"$BED/$BED_OUTPUT" 2>&1 </dev/null &
	else
		BED_INSIDE=1 setsid $(bed_unshare_command) "$@" &
	fi
	BED_PID=$!
}

# Asks the bed's first process to end, then ends it, and every other with it.
bed_end() {
	local n inner

	inner=$(pgrep -P "$BED_PID" 2>/dev/null)
	[ -z "$inner" ] || kill -TERM $inner 2>/dev/null
	for n in $(seq 50); do
		kill -0 "$BED_PID" 2>/dev/null || break
		sleep 0.1
	done
	kill -KILL "$BED_PID" 2>/dev/null
	wait "$BED_PID" 2>/dev/null
	rm -rf "$BED"
}

# Outside: runs this script again inside and ends with its exit code. Inside: sets up and returns.
bed_enter() {
	local code

	if [ -n "${BED_INSIDE:-}" ]; then
		bed_inside
		return
	fi
	bed_launch bash "$0" "$@"
	trap 'bed_end; exit 130' INT TERM HUP
	wait "$BED_PID"
	code=$?
	trap - INT TERM HUP
	if [ -n "${BED_KEEP_LOGS:-}" ]; then
		mkdir -p "$BED_KEEP_LOGS"
		cp "$BED"/*.log "$BED"/*.conf "$BED_KEEP_LOGS" 2>/dev/null
	fi
	rm -rf "$BED"
	exit $code
}

# --- inside -----------------------------------------------------------------

bed_inside() {
	trap 'exit 143' INT TERM HUP
	mkdir "$BED/ns"
	bed_quiet
	ip link set lo up
}

# The kernel adds no packets of its own: tests count what comes in.
bed_quiet() {
	echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
	echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
} 2>/dev/null

# bed_node NAME SIDE ADDRESS/PLEN: a namespace with one interface eth0 on bridge brSIDE
bed_node() {
	local name=$1 side=$2 address=$3

	touch "$BED/ns/$name"
	unshare --net="$BED/ns/$name" true
	ip link add "$name" type veth peer name eth0 netns "$BED/ns/$name"
	ip link set "$name" master "br$side" up
	bed_in "$name" bash -c "
		echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
		ip link set lo up; ip address add $address dev eth0; ip link set eth0 up"
}

# bed_ip6 NAME ADDRESS/PLEN GATEWAY: the node has IPv6, too
bed_ip6() {
	bed_in "$1" bash -c "for f in all eth0 lo; do echo 0 >/proc/sys/net/ipv6/conf/\$f/disable_ipv6; done
		ip link set eth0 down; ip link set eth0 up
		ip -6 address add $2 dev eth0 nodad; ip -6 route add default via $3"
}

# bed_in NAME COMMAND…
bed_in() {
	local name=$1

	shift
	nsenter --net="$BED/ns/$name" "$@"
}

in_client() {
	bed_in client "$@"
}

# in_server N COMMAND…
in_server() {
	local n=$1

	shift
	bed_in "server$n" "$@"
}

# bed_net SERVERS: bridges, the client, and servers 1 … SERVERS
bed_net() {
	local side n

	for side in 0 1; do
		ip link add "br$side" type bridge mcast_snooping 0
		ip link set "br$side" up
	done
	bed_node client 0 10.1.0.1/24
	for n in $(seq "$1"); do
		bed_node "server$n" 1 "10.2.0.$n/24"
	done
}

# bed_conf WORKERS [FILE]: a conf file; standard input has the startup lines, $BED_BLOCKS more blocks; $FLOW
# says how the flow stage is (on, off, check), else it is as by default
bed_conf() {
	local workers=$1 file=${2:-$BED/dpvs.conf} queues port n

	queues=$(seq -s ' ' 0 $((workers - 1)))
	{
		echo "global_defs {"
		echo "	log_level ${BED_LOG_LEVEL:-INFO}"
		echo "	log_file $BED/dpvs.log"
		[ -z "${FLOW:-}" ] || echo "	flow $FLOW"
		echo "}"
		echo "netif_defs {"
		echo "	pktpool_size ${BED_POOL:-16383}"
		for port in 0 1; do
			echo "	device dpdk$port {"
			echo "		vdev \"net_tap$port,iface=tap$port\""
			echo "		rx { queue_number $workers }"
			echo "		tx { queue_number $workers }"
			echo "	}"
		done
		echo "}"
		echo "worker_defs {"
		echo "	worker master {"
		echo "		type master"
		echo "		cpu_id 0"
		echo "	}"
		for n in $(seq "$workers"); do
			echo "	worker worker$n {"
			echo "		type slave"
			echo "		cpu_id $n"
			for port in 0 1; do
				echo "		port dpdk$port {"
				echo "			rx_queue_ids $((n - 1))"
				echo "			tx_queue_ids $((n - 1))"
				echo "		}"
			done
			echo "	}"
		done
		echo "}"
		[ -z "${BED_BLOCKS:-}" ] || echo "$BED_BLOCKS"
		[[ ${BED_BLOCKS:-} == *ipv6_defs* ]] || echo "ipv6_defs { addr_gen_mode none }" # as quiet as the kernel
		echo "startup {"
		sed 's/^/	/'
		echo "}"
	} >"$file"
}

# The addresses that every bed has; for the startup block.
bed_addresses() {
	echo "dpip addr add 10.1.0.254/24 dev dpdk0"
	echo "dpip addr add $VIP/32 dev dpdk0"
	echo "dpip addr add 10.2.0.254/24 dev dpdk1"
}

# Timeouts that let a test see the end of its connections. What is being opened gets longer than a busy
# machine has been seen to stand still, 3 s: packets that lie in a queue meanwhile still find it.
bed_short_timeouts() {
	printf '%s\n' "ipvs_defs {" "	conn { conn_init_timeout 6 }"
	printf '	tcp { timeout {\n'
	printf '		%s %s\n' established "${1:-90}" syn_sent 6 syn_recv 6 fin_wait 2 time_wait 2 \
		close 1 close_wait 3 last_ack 2
	printf '	} }\n	udp { timeout {\n'
	printf '		%s %s\n' oneway 2 normal 3 last 1
	printf '	} }\n}\n'
}

# bed_start [WORDS for dpvs]: starts the daemon, waits until it serves, joins its ports to the bridges
bed_start() {
	export DPVS_IPC_FILE=$BED/dpvs.ipc
	"$DPVS_BIN/dpvs" -c "$BED/dpvs.conf" -p "$BED/dpvs.pid" -x "$DPVS_IPC_FILE" "$@" \
		>>"$BED/dpvs-output.log" 2>&1 </dev/null &
	DPVS_PID=$!
	bed_wait_for "$BED_START_TIMEOUT" bed_serves_or_gone
	if ! bed_serves; then
		say "# dpvs did not come up; its last lines:"
		tail -n 20 "$BED/dpvs-output.log" "$BED/dpvs.log" 2>/dev/null | sed 's/^/# /'
		return 1
	fi
	bed_attach 0 1
}

# Joins tap ports to the bridges of the same number. The kernel's end must have another MAC address than
# dpvs's, or the bridge keeps frames for dpvs to itself.
bed_attach() {
	local n

	for n in "$@"; do
		ip link set "tap$n" address "02:00:00:00:ff:0$n" || return 1
		ip link set "tap$n" master "br$n" || return 1
		ip link set "tap$n" up
	done
	# What the ends know of a dpvs that ran here before. It announced itself before it could be heard here.
	for n in "$BED"/ns/*; do
		[ ! -e "$n" ] || nsenter --net="$n" ip neighbour flush dev eth0
	done
}

bed_serves() {
	[ -S "$DPVS_IPC_FILE" ] && kill -0 "$DPVS_PID" 2>/dev/null
}

bed_serves_or_gone() {
	[ -S "$DPVS_IPC_FILE" ] || ! kill -0 "$DPVS_PID" 2>/dev/null
}

# A pipe to which nobody writes: to read it for a while is a sleep that costs no process.
exec {BED_SILENCE}<> <(:)

# bed_wait_for SECONDS COMMAND…: until the command succeeds. It asks often at first, then less so: what is
# waited for needs the CPU as well.
bed_wait_for() {
	local end=$((SECONDS + $1)) asked=0 pause=0.05

	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		[ "$((asked += 1))" -lt 10 ] || pause=0.2
		read -rt "$pause" -u "$BED_SILENCE" || :
	done
}

# Stops the daemon as an operator would; the result is its exit code.
bed_stop() {
	local code

	kill -TERM "$DPVS_PID" 2>/dev/null
	( sleep 30 && kill -KILL "$DPVS_PID" ) 2>/dev/null &
	local guard=$!
	wait "$DPVS_PID"
	code=$?
	kill "$guard" 2>/dev/null
	wait "$guard" 2>/dev/null
	DPVS_PID=
	return $code
}

dpip() {
	"$DPVS_BIN/dpip" "$@"
}

ipvsadm() {
	"$DPVS_BIN/ipvsadm" "$@"
}

# --- what runs in the ends ----------------------------------------------------

# bed_nginx N: nginx on port 80 of server N; it answers any request by its name and the request's token,
# /who by the client's address
bed_nginx() {
	local n=$1 dir=$BED/nginx$1

	mkdir -p "$dir/root"
	cat >"$dir/nginx.conf" <<-END
		worker_processes 1;
		daemon off;
		pid $dir/pid;
		error_log $BED/nginx$n.log;
		$([ "$(id -u)" = 0 ] && [ -z "${BED_NGINX_USER:-}" ] && echo "user root;")
		events { worker_connections 8192; }
		http {
			access_log off;
			client_body_temp_path $dir/body;
			proxy_temp_path $dir/proxy;
			fastcgi_temp_path $dir/fastcgi;
			uwsgi_temp_path $dir/uwsgi;
			scgi_temp_path $dir/scgi;
			server {
				listen 80 backlog=4096;
				listen [::]:80 ipv6only=on backlog=4096;
				root $dir/root;
				location / { return 200 "server$n \$arg_token\n"; }
				location /files/ { }
				location /who { return 200 "\$remote_addr\n"; }
			}
		}
	END
	in_server "$n" nginx -c "$dir/nginx.conf" -p "$dir" >>"$BED/nginx$n.log" 2>&1 </dev/null &
	echo $! >"$dir/shell-pid"
	bed_wait_for 10 bed_listens "$n" 80 || { say "# nginx of server $n did not start"; cat "$BED/nginx$n.log"; return 1; }
}

# bed_listens N PORT
bed_listens() {
	in_server "$1" bash -c "exec 3<>/dev/tcp/127.0.0.1/$2" 2>/dev/null
}

# bed_traffic_server N: TCP port 7000 and UDP port 7000 of server N, see test/system/traffic.c
bed_traffic_server() {
	in_server "$1" "$DPVS_BIN/test/system/traffic" serve "server$1" 7000 \
		>>"$BED/traffic$1.log" 2>&1 </dev/null &
	bed_wait_for 10 bed_listens "$1" 7000
}
