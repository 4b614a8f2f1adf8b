#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Debian's ipvsadm, unmodified, by dpvs-run: its commands, listings and errors.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"
if [ ! -x /usr/sbin/ipvsadm ]; then
	skip "stock ipvsadm: /usr/sbin/ipvsadm is not installed, see scripts/install-deps"
	test_done
fi

bed_net 0
BED_BLOCKS="ipvs_defs {
	genl_masq fnat
	genl_local_address 10.2.0.200 dev dpdk1
	genl_local_address 10.2.0.201 dev dpdk1
	genl_local_address 2001:db8:2::200 dev dpdk1
}"
bed_conf 2 <<-END
	$(bed_addresses | sed '2,$s/^/	/')
END
must "dpvs starts" bed_start

run() {
	"$DPVS_BIN/dpvs-run" "$@"
}
stock() {
	run /usr/sbin/ipvsadm "$@"
}
V=10.1.0.100

prints "-L -n of an empty table" stock -L -n <<END
IP Virtual Server version 1.2.1 (size=2097152)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
END
ok "-A" stock -A -t $V:80 -s wrr
ok "-A -u" stock -A -u $V:53 -s rr
refused "-A: a service that is there" 255 "Service already exists" stock -A -t $V:80 -s rr
refused "-A: an unknown scheduler" 255 "Scheduler or persistence engine not found" stock -A -t $V:81 -s nosuch
ok "-a -m: FNAT, as the conf file says" stock -a -t $V:80 -r 10.2.0.1:8080 -m -w 3
ok "its local addresses came along" eval '[ "$(ipvsadm -G -t $V:80 | grep -c "10.2.0.20[01]")" = 2 ]'
ok "it is FNAT" eval 'ipvsadm -ln | grep -Eq "10.2.0.1:8080 +FullNat 3 "'
ok "-a -m: one more" stock -a -t $V:80 -r 10.2.0.2:80 -m -x 20 -y 10
ok "-a -g" stock -a -u $V:53 -r 10.2.0.1:53 -g
refused "-a: a server that is there" 255 "Destination already exists" stock -a -t $V:80 -r 10.2.0.1:8080 -m
refused "-a: no such service" 255 "Service not defined" stock -a -t $V:99 -r 10.2.0.1:99 -m
ok "--sctp-service" stock -A --sctp-service $V:80 -s sh -b sh-port -p 60
ok "--sctp-service: FNAT" stock -a --sctp-service $V:80 -r 10.2.0.1:2905 -m
refused "--sctp-service: one-packet scheduling" 2 "One-Packet Scheduling is only for UDP" stock -E --sctp-service $V:80 --ops
prints "--sctp-service: -L -n" stock -L -n --sctp-service $V:80 <<END
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
SCTP 10.1.0.100:80 sh (sh-port) persistent 60
  -> 10.2.0.1:2905                Masq    1      0          0
END
ok "--sctp-service: its local addresses came along" eval '[ "$(ipvsadm -G --sctp-service $V:80 | grep -c "10.2.0.20[01]")" = 2 ]'
ok "--sctp-service: -S and -R, of stock and of ours" eval 'stock -S -n >$BED/sctp && grep -q -- "--sctp-service $V:80 -r 10.2.0.1:2905 -m" $BED/sctp &&
	ipvsadm -S -n >$BED/ours && stock -C && stock -R <$BED/sctp && stock -S -n | cmp - $BED/sctp && ipvsadm -C && ipvsadm -R <$BED/ours && stock -S -n | cmp - $BED/sctp'
ok "--sctp-service: -D" stock -D --sctp-service $V:80
prints "-L -n" stock -L -n -t $V:80 <<END
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  10.1.0.100:80 wrr
  -> 10.2.0.1:8080                Masq    3      0          0
  -> 10.2.0.2:80                  Masq    1      0          0
END
ok "-L --stats" eval 'stock -L -n --stats | grep -Eq "^  -> 10.2.0.1:8080 +0 +0 +0 +0 +0$"'
ok "-L --rate" eval 'stock -L -n --rate | grep -Eq "^  -> 10.2.0.1:8080 +0 +0 +0 +0 +0$"'
ok "-L --thresholds" eval 'stock -L -n --thresholds | grep -Eq "^  -> 10.2.0.2:80 +20 +10 +0 +0"'
ok "-L -c" eval 'stock -L -n -c | grep -q "^pro expire state"'
ok "-e" stock -e -t $V:80 -r 10.2.0.1:8080 -m -w 9
ok "-e took effect, and it stays FNAT" eval 'ipvsadm -ln | grep -Eq "10.2.0.1:8080 +FullNat 9 "'
refused "-e: no such server" 255 "No such destination" stock -e -t $V:80 -r 10.2.0.9:80 -m
refused "-d: no such server" 255 "No such destination" stock -d -t $V:80 -r 10.2.0.9:80
ok "-E" stock -E -t $V:80 -s rr
ok "-E took effect" eval 'ipvsadm -ln | grep -q "^TCP  $V:80 rr"'
ok "-E: what only ours can say stays" eval 'ipvsadm -A -u $V:443 -s conhash --hash-target qid --conn-timeout 30 --on-remove reset &&
	stock -E -u $V:443 -s conhash -p 60 && ipvsadm -S -n >$BED/ours && grep -qx -- "-A -u $V:443 -s conhash --hash-target qid -p 60 --conn-timeout 30 --on-remove reset" $BED/ours'
ok "-E: but for what was the scheduler's" eval 'stock -E -u $V:443 -s rr && ipvsadm -S -n >$BED/ours &&
	grep -qx -- "-A -u $V:443 -s rr --conn-timeout 30 --on-remove reset" $BED/ours && ipvsadm -D -u $V:443'
refused "-E: no such service" 255 "No such service" stock -E -t $V:99 -s rr
ok "-Z" stock -Z
ok "-Z of one" stock -Z -t $V:80
refused "-Z: no such service" 255 "No such service" stock -Z -t $V:99
ok "--set" stock --set 600 60 200
prints "-L --timeout" stock -L --timeout <<END
Timeout (tcp tcpfin udp): 600 60 200
END
ok "--set of one" stock --set 0 0 100
prints "-L --timeout after --set of one" stock -L --timeout <<END
Timeout (tcp tcpfin udp): 600 60 100
END
prints "-L --daemon: none" stock -L --daemon </dev/null
refused "--start-daemon" 255 "no connection synchronisation daemon" stock --start-daemon master --mcast-interface lo
refused "--stop-daemon" 255 "No daemon is running" stock --stop-daemon master
refused "a refusal says why" 255 "weight 70000; allowed: 0 to 65535" stock -a -t $V:80 -r 10.2.0.3:80 -m -w 70000

ok "-S and -R restore the same table" eval 'stock -S -n >$BED/saved && [ "$(wc -l <$BED/saved)" = 5 ] &&
	stock -C && [ -z "$(stock -S -n)" ] && stock -R <$BED/saved && stock -S -n | cmp - $BED/saved'
ok "the same by ours" eval 'ipvsadm -S -n >$BED/ours && ipvsadm -C && ipvsadm -R <$BED/ours && stock -S -n | cmp - $BED/saved'
ok "-d" stock -d -t $V:80 -r 10.2.0.2:80
ok "-D" stock -D -t $V:80
refused "-D: no such service" 255 "No such service" stock -D -t $V:80
ok "-C" stock -C

# IPv6, marks of both families, and tunnels, those to the other family's servers too
V6=2001:db8:1::100
S6=2001:db8:2::
ok "IPv6: a persistent service" stock -A -t [$V6]:80 -s wrr -p 300 -M 64
ok "IPv6: FNAT" stock -a -t [$V6]:80 -r [${S6}1]:8080 -m -w 3
ok "IPv6: its local address is of its family" eval \
	'[ "$(ipvsadm -G -t [$V6]:80 | grep -o "2001:db8:2::200\|10.2.0.20[01]")" = 2001:db8:2::200 ]'
ok "IPv6: UDP by source and its port" stock -A -u [$V6]:53 -s sh -b sh-port
ok "IPv6: DR" stock -a -u [$V6]:53 -r [${S6}1]:53 -g
ok "IPv6: tunnel" stock -a -u [$V6]:53 -r [${S6}2]:53 -i
ok "IPv6: tunnel by gre" stock -a -u [$V6]:53 -r [${S6}3]:53 -i --tun-type gre --tun-csum
ok "IPv6: tunnel by gue to an IPv4 server" stock -a -u [$V6]:53 -r 10.2.0.3:53 -i --tun-type gue --tun-port 6080
refused "IPv6: a server that is there" 255 "Destination already exists" stock -a -u [$V6]:53 -r [${S6}2]:53 -i
ok "a mark" stock -A -f 7 -s rr
ok "the same mark of IPv6" stock -A -f 7 -6 -s mh
ok "its server" stock -a -f 7 -r 10.2.0.1 -g -w 2
ok "the server of IPv6" stock -a -f 7 -6 -r [${S6}1]:0 -g
prints "IPv6: -L -n --tun-info" stock -L -n --tun-info <<END
IP Virtual Server version 1.2.1 (size=2097152)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn
TCP  [$V6]:80 wrr persistent 300 mask 64
  -> [${S6}1]:8080         Masq    n/a           3      0          0
UDP  [$V6]:53 sh (sh-port)
  -> 10.2.0.3:53                  Tunnel  gue:6080:-c   1      0          0
  -> [${S6}1]:53           Route   n/a           1      0          0
  -> [${S6}2]:53           Tunnel  ipip          1      0          0
  -> [${S6}3]:53           Tunnel  gre:+c        1      0          0
FWM  7 rr
  -> 10.2.0.1:0                   Route   n/a           2      0          0
FWM  7 IPv6 mh
  -> [${S6}1]:0            Route   n/a           1      0          0
END
ok "IPv6: -e: a checksum offloaded to the other end" stock -e -u [$V6]:53 -r 10.2.0.3:53 -i --tun-type gue --tun-port 6080 --tun-remcsum
ok "IPv6: ours prints the same lines of DR and tunnels" eval 'stock -L -n --tun-info | grep "Tunnel \|Route " | sort >$BED/stock.list &&
	[ "$(wc -l <$BED/stock.list)" = 6 ] && grep -q "gue:6080:r+c " $BED/stock.list &&
	ipvsadm -L -n --tun-info | grep "Tunnel \|Route " | sort | diff $BED/stock.list -'
ok "IPv6: -L --stats of one" eval 'stock -L -n --stats -u [$V6]:53 | grep -Eq "^  -> \[${S6}2\]:53 +0 +0 +0 +0 +0$"'
ok "IPv6: -S and -R restore the same table" eval 'stock -S -n >$BED/saved && [ "$(wc -l <$BED/saved)" = 11 ] &&
	stock -C && [ -z "$(stock -S -n)" ] && stock -R <$BED/saved && stock -S -n | cmp - $BED/saved'
ok "IPv6: the same by ours" eval 'ipvsadm -S -n >$BED/ours && ipvsadm -C && ipvsadm -R <$BED/ours &&
	stock -S -n | cmp - $BED/saved'
ok "IPv6: -e" stock -e -u [$V6]:53 -r [${S6}2]:53 -i -w 5 --tun-type gre
ok "IPv6: -e took effect" eval 'ipvsadm -ln --tun-info | grep -F "[${S6}2]:53 " | grep -Eq " Tunnel +gre:-c +5 "'
ok "IPv6: -Z of one" stock -Z -t [$V6]:80
ok "IPv6: -d" stock -d -t [$V6]:80 -r [${S6}1]:8080
ok "IPv6: -D" stock -D -t [$V6]:80
ok "IPv6: -D of a mark" stock -D -f 7 -6
equal "the mark of IPv4 stays" 1 "$(stock -L -n | grep -c '^FWM  7 rr')"
ok "-C" stock -C
ok "/proc/net/ip_vs_stats by fopen" eval 'run $PYTHON -c "print(open(\"/proc/net/ip_vs_stats\").read())" | grep -q "Conns/s"'
ok "/proc/net/ip_vs_conn by open" eval 'run cat /proc/net/ip_vs_conn | grep -q "^Pro FromIP"'
ok "other netlink families are the kernel's" eval 'run ip link show lo | grep -q LOOPBACK'

# Bytes that are no message end their connection and nothing else.
ok "packets that make no sense" $PYTHON - "$DPVS_IPC_FILE.genl" <<'END'
import os, random, socket, struct, sys
random.seed(1)
def connect():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(10)
    s.connect(sys.argv[1])
    return s
def message(type, flags, body, length=None):
    return struct.pack("=IHHII", 16 + len(body) if length is None else length, type, flags, 1, 2) + body
info = message(0x4956, 5, struct.pack("=BBH", 15, 1, 0))
for bad in b"x", b"\0" * 16, os.urandom(100), os.urandom(20000), message(0x4956, 1, b"", 12), message(0x4956, 1, b"", 99), message(0x4956, 5, b"\0" * 64, 0xe2f31ba4):
    s = connect()
    s.send(bad)
    assert s.recv(4096) == b"", bad[:20]
for _ in range(3000):
    s = connect() if _ % 50 == 0 else s
    body = bytearray(struct.pack("=BBH", random.choice([n for n in range(20) if n != 15]), 1, 0) + os.urandom(random.randrange(80)))
    s.send(message(0x4956, random.choice((1, 5, 0x301)), bytes(body)) + b"\0" * (-len(body) % 4) + info)
    while True:
        answer = s.recv(65536)
        assert answer
        if struct.unpack_from("=H", answer, 4)[0] == 0x4956 and answer[16] == 14:
            break
    assert struct.unpack_from("=Hxx", s.recv(65536), 4)[0] == 2
# those who neither read nor go
silent = [connect() for _ in range(20)]
for s in silent:
    s.send(message(0x4956, 0x301, struct.pack("=BBH", 4, 1, 0)))
END
ok "the daemon goes on" stock -A -t $V:8000 -s rr
ok "many clients at once" eval 'for i in $(seq 20); do stock -a -t $V:8000 -r 10.2.0.$i:80 -m & done; wait; [ "$(stock -L -n | grep -c Masq)" = 20 ]'

# A program's sockets: a connection is kept from one to the next, but never where it would be taken for something else.
cat >"$BED/sockets.py" <<'END'
import os, select, signal, socket, struct, sys
RAW = socket.SOCK_RAW | socket.SOCK_CLOEXEC
def open_socket(kind=RAW):
    s = socket.socket(socket.AF_NETLINK, kind, 16)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
    s.bind((0, 0))
    return s
def ask(s, family=b"IPVS\0", send=socket.socket.send):
    attr = struct.pack("=HH", 4 + len(family), 2) + family + b"\0" * (-len(family) % 4)
    body = struct.pack("=BBH", 3, 1, 0) + attr
    send(s, struct.pack("=IHHII", 16 + len(body), 16, 5, 1, s.getsockname()[0]) + body)
def family(s, how=lambda s: s.recv(8192)):
    answer, ack = how(s), how(s)
    assert struct.unpack_from("=H", ack, 4)[0] == 2 and struct.unpack_from("=i", ack, 16)[0] == 0, ack
    return struct.unpack_from("=H", answer, answer.index(b"\6\0\1\0") + 4)[0]
def info(s, send=socket.socket.send):
    send(s, struct.pack("=IHHIIBBH", 20, 0x4956, 5, 1, 0, 15, 1, 0))
    answer, ack = s.recv(8192), s.recv(8192)
    assert answer[16] == 14 and struct.unpack_from("=i", ack, 16)[0] == 0
def once(how=lambda s: s.recv(8192)):
    s = open_socket()
    ask(s)
    assert family(s, how) == 0x4956
    info(s)
    inode = os.fstat(s.fileno()).st_ino
    s.close()
    return inode
def peek(s):
    seen = s.recv(8192, socket.MSG_PEEK | socket.MSG_TRUNC)
    assert s.recv(8192) == seen
    return seen
def polled(s):
    poll = select.poll()
    poll.register(s, select.POLLIN)
    assert poll.poll(10000)
    return s.recv(8192)
def selected(s):
    assert select.select([s], [], [], 10)[0]
    return s.recv(8192)
def watched(s):
    with select.epoll() as epoll:
        epoll.register(s, select.EPOLLIN)
        assert epoll.poll(10)
    return s.recv(8192)
def both(change, send=socket.socket.send):
    for name, number in (b"nlctrl\0", 16), (b"IPVS\0", 0x4956):
        once()
        s = open_socket()
        for used in change(s), s:
            ask(used, name, send)
            assert family(used) == number
            if number != 16:
                info(used, send)
            used.close()
        once()
def inside(case):
    if case == "kept":
        assert once() == once() == once(peek)
    elif case == "waits":
        for how in polled, selected, lambda s: os.read(s.fileno(), 8192), watched:
            once()
            once(how)
    elif case == "others":
        once()
        s = open_socket()
        ask(s, b"nlctrl\0")
        assert family(s) == 16
        assert s.getsockname()[0] not in (0, 1)
        s.close()
        once()
        s = open_socket()
        s.setblocking(False)
        ask(s, b"nlctrl\0")
        assert not os.get_blocking(s.fileno()) and family(s, polled) == 16
        s.close()
        once()
    elif case == "watched":
        once()
        s = open_socket()
        with select.epoll() as epoll:
            epoll.register(s, select.EPOLLIN)
            ask(s)
            assert epoll.poll(10)
        assert family(s) == 0x4956
        info(s)
        s.close()
        once()
    elif case == "fork":
        before = once()
        child = os.fork()
        if not child:
            os._exit(once() == before)
        assert os.waitpid(child, 0)[1] == 0
        once()
        s = open_socket()
        child = os.fork()
        if not child:
            ask(s)
            os._exit(family(s) != 0x4956)
        assert os.waitpid(child, 0)[1] == 0
        inode = os.fstat(s.fileno()).st_ino
        s.close()
        assert once() != inode
    elif case == "closed":
        before = once()
        os.closerange(3, 200)
        files = [open("/dev/null") for _ in range(10)]
        assert once() != before
        os.dup2(files[0].fileno(), 50)
        assert all(os.fstat(f.fileno()).st_rdev == os.stat("/dev/null").st_rdev for f in files)
    elif case == "written":
        both(lambda s: open_socket(), lambda s, message: os.write(s.fileno(), message))
        both(lambda s: open_socket(), lambda s, message: os.writev(s.fileno(), [message]))
    elif case == "connected":
        both(lambda s: (s.connect((0, 0)), open_socket())[1])
    elif case == "copied":
        both(lambda s: s.dup())
        both(lambda s: socket.socket(fileno=os.dup(s.fileno())))
        both(lambda s: socket.socket(fileno=os.dup2(s.fileno(), 60)))
        once()
        s = open_socket()
        ask(s)
        assert family(s) == 0x4956
        copy = s.dup()
        info(copy)
        info(s)
        asked = open_socket()
        ask(asked)
        assert family(asked.dup()) == 0x4956
        asked.close()
        read, write = os.pipe()
        os.dup2(write, s.fileno())
        assert os.write(s.fileno(), b"x" * 20) == 20 and os.read(read, 100) == b"x" * 20
        info(copy)
    elif case == "not blocking":
        s = open_socket(RAW | socket.SOCK_NONBLOCK)
        try:
            s.recv(100)
        except BlockingIOError:
            pass
        s.close()
        once()
        s = open_socket()
        s.setblocking(False)
        s.close()
        once()
    elif case == "dies":
        once()
        s = open_socket()
        ask(s)
        assert family(s) == 0x4956
        s.send(struct.pack("=IHHIIBBH", 20, 0x4956, 5, 7, 0, 15, 1, 0))
        for flags in socket.MSG_PEEK, 0:
            said = struct.unpack_from("=IHHIIi", s.recv(8192, flags))
            assert said[1] == 2 and said[3] == 7 and said[5] == -104, said
        for _ in range(3):
            try:
                info(s)
            except OSError:
                continue
            assert False
        print("once", flush=True)
        sys.stdin.readline()
        info(s)
        s.close()
        once()
    elif case == "restart":
        asked = open_socket()
        ask(asked)
        assert family(asked) == 0x4956
        info(asked)
        once()
        s = open_socket()
        print("once", flush=True)
        sys.stdin.readline()
        info(asked)
        ask(s)
        assert family(s) == 0x4956
        info(s)
        s.close()
        once()
signal.alarm(120) # who waits for nothing has failed
inside(sys.argv[1])
END
for case in kept waits watched others fork closed written connected copied "not blocking"; do
	ok "sockets of a program: $case" run $PYTHON "$BED/sockets.py" "$case"
done

BED_BLOCKS=
bed_conf 2 <"/dev/null"
ok "SIGHUP takes the keys back" eval 'kill -HUP $DPVS_PID; bed_wait_for 10 grep -q "reloaded" $BED/dpvs.log'
ok "-m is NAT then" eval 'stock -a -t $V:8000 -r 10.2.0.99:80 -m && ipvsadm -ln | grep -Eq "10.2.0.99:80 +Masq"'

mkfifo "$BED/go"
run $PYTHON "$BED/sockets.py" restart <>"$BED/go" >"$BED/once" &
program=$!
ok "a program configures something" bed_wait_for 20 grep -q once "$BED/once"
stopped "stock"
must "dpvs starts again" bed_start
echo >"$BED/go"
wait "$program"
equal "the program goes on with the next daemon" 0 $?
stopped "stock, again"
# One that dies while a tool waits for it: it answers so many questions, and ends at the next. One line says so.
cat >"$BED/mortal" <<'END'
import os, socket, struct, sys
path, left, s = os.environ["DPVS_IPC_FILE"] + ".genl", int(sys.argv[1]), None
if os.path.exists(path):
    os.unlink(path)
listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listening.bind(path)
listening.listen(5)
print("here", flush=True)
while True:
    try:
        s = s or listening.accept()[0]
        asked = s.recv(65536)
        if asked and not left:
            break
        if asked:
            left -= 1
            s.send(struct.pack("=IHH8sBBHHHIHHI", 36, 0x4956, 0, asked[8:16], 14, 1, 0, 8, 1, 0x10201, 8, 2, 4096))
            s.send(struct.pack("=IHH8si", 36, 2, 0, asked[8:16], 0) + asked[:16])
    except OSError:
        asked = b""
    s = s if asked else None
END
mortal() {
	: >"$BED/mortal.out"
	$PYTHON "$BED/mortal" "$1" >"$BED/mortal.out" &
	bed_wait_for 10 grep -q here "$BED/mortal.out"
}
one_line() {
	cat "$1"
	[ "$(grep -c dpvs "$1")" = 1 ] && grep -q "^dpvs: the daemon at $DPVS_IPC_FILE.genl ended or restarted before it answered; " "$1"
}
mortal 0
refused "dies: at the first question" 2 "Can't initialize ipvs: Connection reset by peer" stock -L -n
ok "dies: at the first question: one line" one_line "$BED/refused.err"
mortal 1
refused "dies: at a command" 255 "Connection reset by peer" stock -A -t $V:80 -s rr
ok "dies: at a command: one line" one_line "$BED/refused.err"
mortal 0
refused "dies: below /proc/net" 1 "ended or restarted before it answered" run cat /proc/net/ip_vs_conn
mortal 1
run $PYTHON "$BED/sockets.py" dies <>"$BED/go" >"$BED/died" 2>"$BED/said" &
program=$!
ok "dies: a program hears of it" bed_wait_for 20 grep -q once "$BED/died"
ok "dies: a program that tries again: one line" one_line "$BED/said"
mortal 9
echo >"$BED/go"
wait "$program"
equal "dies: the program goes on with the next daemon" 0 $?
kill $! && wait $!

# What a tool finds without a daemon; the kernel is asked for nothing, and no module is loaded.
refused "no daemon: the tool's own words" 2 "Can't initialize ipvs" stock -L -n
refused "no daemon: the reason" 2 "no daemon answers at $DPVS_IPC_FILE.genl" stock -L -n
cat >"$BED/modprobe" <<-END
	#!/bin/sh
	echo "\$@" >>$BED/modprobed
END
chmod +x "$BED/modprobe"
if mount --bind "$BED/modprobe" /sbin/modprobe 2>/dev/null; then
	stock -L -n >/dev/null 2>&1
	ok "no daemon: modprobe is not run" test ! -e "$BED/modprobed"
	umount /sbin/modprobe
fi
ok "no daemon: /proc/net/ip_vs_stats is not there" eval '! run cat /proc/net/ip_vs_stats 2>/dev/null'
test_done
