#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# `dpvs --check`: good conf files, and wrong ones with the exact sentences.
# Nothing is started.

. "$(dirname "$0")/../lib/test.sh"
BED=$(mktemp -d)
trap 'rm -rf "$BED"' EXIT
cd "$BED" || exit 1
dpvs=$DPVS_BIN/dpvs

# good NAME [TEXT]: standard input is a right file; what is printed has TEXT, or is nothing
good() {
	local code

	cat >conf
	"$dpvs" --check --conf conf >out 2>&1
	code=$?
	if [ "$code" = 0 ] && { [ $# = 1 ] && [ ! -s out ] || { [ $# = 2 ] && grep -qF -- "$2" out; }; }; then
		pass "$1"
	else
		{ echo "exit code $code, wanted 0 and '${2:-nothing}'"; cat out; } | why
		failed "$1"
	fi
}

# wrong NAME LINE…: standard input is a wrong file; exactly these lines are said, behind "conf:"
wrong() {
	local name=$1 code
	shift

	cat >conf
	printf 'conf:%s\n' "$@" >want
	"$dpvs" -n -c conf >out 2>err
	code=$?
	if [ "$code" = 2 ] && cmp -s want err && [ ! -s out ]; then
		pass "$name"
	else
		{ echo "exit code $code, wanted 2; wanted (-) and got (+):"; diff -u want err | tail -n +3; cat out; } | why
		failed "$name"
	fi
}

good "an empty file" </dev/null
good "comments, quotes, words that are ignored, blocks on a line" <<'END'
! a comment
<init> global_defs {	# another
	log_level <init> DEBUG
	log_file "/tmp/a b"
	poll 'busy'
}
netif_defs { device dpdk0 { vdev "net_tap0,iface=x"
	rx { queue_number 1 } tx { queue_number 1 } } }
END
for mode in on off check; do
	good "flow $mode" <<<"global_defs { flow $mode }"
done
good "startup lines are parsed, and their devices known" <<'END'
netif_defs { device dpdk0 { mtu 1500 } }
startup {
	dpip addr add 10.0.0.1/24 dev dpdk0
	dpip route add default via 10.0.0.2 dev dpdk0
	ipvsadm -A -t 10.0.0.1:80 -s wrr
	ipvsadm -a -t 10.0.0.1:80 -r 10.0.0.3:80 -b -w 2
	ipvsadm -P -z 10.0.0.9 -t 10.0.0.1:80 -F dpdk0
	ipvsadm -e -t 10.0.0.1:80 -r 10.0.0.3:80 -w 3
	ipvsadm -E -t 10.0.0.1:80 -s rr
	ipvsadm -Z
}
END
good "keys without an effect yet: one warning names them" "pdump" <<'END'
global_defs {
	lldp on
	pdump on
}
END

wrong "an unknown key, and the nearest known one" \
	'2: unknown key "log_levle" in global_defs; did you mean "log_level"?' <<'END'
global_defs {
	log_levle DEBUG
}
END
wrong "an unknown block, and the nearest known one" \
	'1: unknown block "netif_devs" in the file; did you mean "netif_defs"?' <<'END'
netif_devs { }
END
wrong "all at once: numbers out of range" \
	'2: pktpool_size 12: out of range, allowed are 1023 to 134217727' \
	'3: mtu 99999: out of range, allowed are 68 to 9216' \
	'7: established 0: out of range, allowed are 1 to 31535999' \
	'8: time_wait x: not a number, allowed are 1 to 31535999' <<'END'
netif_defs {
	pktpool_size 12
	device dpdk0 { mtu 99999 }
}
ipvs_defs {
	tcp { timeout {
		established 0
		time_wait x
	} }
}
END
wrong "no way for the flow stage" '1: flow fast: not known, allowed are on, off, check' <<<"global_defs { flow fast }"
wrong "twice a way for the flow stage" \
	'1: flow takes one value, "off" is one too many; the next key stands on a line of its own' <<<"global_defs { flow on off }"
wrong "a word that is none of the choices" \
	'2: log_level LOUD: not known, allowed are EMERG, ALERT, CRIT, ERR, ERROR, WARNING, NOTICE, INFO, DEBUG' <<'END'
global_defs {
	log_level LOUD
}
END
wrong "a value is missing" '2: poll: a value is missing, allowed are adaptive, busy' <<'END'
global_defs {
	poll
}
END
wrong "two keys on a line" \
	'1: log_level takes one value, "poll" is one too many; the next key stands on a line of its own' <<'END'
global_defs { log_level INFO poll busy }
END
wrong "a block that is not closed" \
	'1: block "global_defs" that is opened here is not closed: a "}" is missing' <<'END'
global_defs {
	log_level INFO
END
wrong "a brace too many" '2: a "}" that closes no block' <<'END'
global_defs { log_level INFO }
}
END
wrong "a device twice" '3: name "dpdk0" stands a second time, the first is in line 2' <<'END'
netif_defs {
	device dpdk0 { mtu 1500 }
	device dpdk0 { mtu 1400 }
}
END
wrong "a device without a name" '1: block device: the name is missing: device NAME { … }' <<'END'
netif_defs { device { mtu 1500 } }
END
wrong "a PCI address that is none" '2: pci "99": must be a PCI address as lspci -D shows it, such as 0000:06:00.0' <<'END'
netif_defs { device dpdk0 {
	pci 99
} }
END
wrong "two masters, on one lcore" \
	'8: worker "b": cpu_id 0 is worker "a" (line 4) already' \
	'8: worker "b" is a second master, the first is "a" (line 4)' <<'END'
netif_defs { device dpdk0 { mtu 1500 } }
worker_defs {

	worker a {
		type master
		cpu_id 0
	}
	worker b {
		type master
		cpu_id 0
	}
	worker c {
		type slave
		cpu_id 1
		port dpdk0 {
			rx_queue_ids 0
			tx_queue_ids 0
		}
	}
}
END
wrong "startup lines that are no commands, and unknown devices" \
	'3: no such device "dpdk7"; there are: dpdk0' <<'END'
netif_defs { device dpdk0 { mtu 1500 } }
startup {
	dpip addr add 10.0.0.1/24 dev dpdk7
}
END

wrong "links that the startup block adds, and those that it cannot" \
	'3: no such device "wan"; there are: dpdk0' \
	'6: link x: vdev "7tap" is not a DPDK device name and its arguments without blanks, such as net_tap0,iface=x' \
	'7: link x: pci "06:00.0" is not a PCI address as lspci -D shows it, such as 0000:06:00.0' <<'END'
netif_defs { device dpdk0 { mtu 1500 } }
startup {
	dpip link set wan up
	dpip link add wan vdev net_tap7,iface=x
	dpip addr add 10.0.0.1/24 dev wan
	dpip link add x vdev 7tap
	dpip link add x pci 06:00.0
	dpip link del wan
	dpip link flush
}
END

wrong "startup lines that the daemon would refuse, in its words" \
	'2: TCP 10.0.0.1:80: there is no scheduler "frob"; known: rr, wrr, lc, wlc, sed, nq, sh, dh, lblc, lblcr, fo, ovf, mh, conhash, twos' \
	'3: real server 10.0.0.3:81 of TCP 10.0.0.1:80: DR (-g) leaves ports as they are; allowed: the service'"'"'s port, 80' \
	'4: real server 10.0.0.3:80 of TCP 10.0.0.1:80: forwarding method SNAT (-J) is for services by match (-H) only' \
	'6: TCP 10.0.0.1:80: one-packet scheduling (--ops) is for UDP services: a TCP connection has more packets than one' \
	'7: SCTP 10.0.0.1:80: one-packet scheduling (--ops) is for UDP services: a TCP connection has more packets than one' \
	'8: real server of TCP 10.0.0.1:80: ::1 is not a host'"'"'s address; allowed: IPv6 addresses other than ::, ::1, ff00::/8, fe80::/10 and ::ffff:0:0/96' \
	'9: local address of TCP 10.0.0.1:80: 127.0.0.9 is not a host'"'"'s address; allowed: 1.0.0.0 to 223.255.255.255 without 127.0.0.0/8' \
	'10: real server 10.0.0.3:80 of TCP 10.0.0.1:80: lower threshold 3 is above the upper one, 2' \
	'13: 10.0.0.255/24 cannot be an address of ours: it is its net'"'"'s broadcast' <<'END'
startup {
	ipvsadm -A -t 10.0.0.1:80 -s frob
	ipvsadm -a -t 10.0.0.1:80 -r 10.0.0.3:81
	ipvsadm -e -t 10.0.0.1:80 -r 10.0.0.3:80 -J
	ipvsadm -e -t 10.0.0.1:80 -r 10.0.0.3:80 -y 3
	ipvsadm -E -t 10.0.0.1:80 --ops
	ipvsadm -A --sctp-service 10.0.0.1:80 --ops
	ipvsadm -d -t 10.0.0.1:80 -r [::1]:80
	ipvsadm -P -z 127.0.0.9 -t 10.0.0.1:80 -F dpdk0
	ipvsadm -a -t 10.0.0.1:80 -r 10.0.0.3:80 -b -x 2 -y 3
	ipvsadm -E -t 10.0.0.1:80 --conn-timeout 9
	dpip addr add 2001:db8::1/64 dev dpdk0
	dpip addr add 10.0.0.255/24 dev dpdk0
	dpip route add 2001:db8:1::/64 dev dpdk0
	dpip neigh add 2001:db8::2 lladdr 02:00:00:00:00:01 dev dpdk0
}
END

good "an edit that keeps how a server is reached, whatever that is" <<'END'
startup {
	ipvsadm -A -t 10.1.0.100:80
	ipvsadm -a -t 10.1.0.100:80 -r [2001:db8::1]:80 -i
	ipvsadm -e -t 10.1.0.100:80 -r [2001:db8::1]:80 -w 7
}
END
# whatever else is in a startup block: refused, with its line
startup_refused() {
	local name=$1 line=$2
	printf 'startup {\n\t%s\n}\n' "$line" >conf
	"$dpvs" -n -c conf >out 2>err
	equal "startup line refused: $name" 2 $?
	ok "startup line refused: $name: with its line" grep -q '^conf:2: .' err
}
startup_refused "an unknown program" "frobnicate --all"
startup_refused "an unknown object" "dpip frob add 1"
startup_refused "a listing" "dpip addr show"
startup_refused "a batch file" "dpip -b /etc/passwd"
startup_refused "an address that is none" "dpip addr add 300.1.1.1 dev dpdk0"

head -c 300000 /dev/urandom >conf
timeout 20 "$dpvs" -n -c conf >out 2>err
equal "noise is refused" 2 $?
printf 'a { %.0s' $(seq 2000) >conf
timeout 20 "$dpvs" -n -c conf >out 2>err
equal "blocks 2,000 deep are refused" 2 $?
mkdir dir
"$dpvs" -n -c dir >out 2>err
equal "a directory is refused" 2 $?

# The samples that are installed are right.
for sample in "$ROOT"/conf/dpvs.conf.*; do
	case $sample in *.md) continue ;; esac
	ok "sample ${sample##*/}" "$dpvs" -n -c "$sample"
done
test_done
