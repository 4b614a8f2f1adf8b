#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What a client of the socket may do wrong: nothing of it harms the daemon or
# makes another client wait.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"
bed_net 0
bed_conf 1 <<-END
	dpip addr add 10.1.0.254/24 dev dpdk0
END
must "dpvs starts" bed_start

cat >"$BED/frames.py" <<'END'
import os, random, select, socket, struct, sys, time

PATH = os.environ["DPVS_IPC_FILE"]
MAGIC, VERSION = 0x53565044, int(sys.argv[2])
HELLO, ADDR_LIST, LINK_ADD, LINK_DEL, MONITOR = 1, 20, 66, 67, 88

def connect(timeout=5):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.settimeout(timeout)
    s.connect(PATH)
    return s

def frame(body, magic=MAGIC, version=VERSION, flags=0, length=None, count=1):
    return struct.pack("=IHHII", magic, version, flags, len(body) + 16 if length is None else length, count) + body

def request(ident, body, length=None, reserved=0):
    return struct.pack("=HHI", ident, reserved, len(body) if length is None else length) + body + bytes(-len(body) % 8)

def hello():
    return request(HELLO, bytes(48))

def read_all(s):
    data = b""
    try:
        while True:
            piece = s.recv(65536)
            if not piece:
                return data, True
            data += piece
    except socket.timeout:
        return data, False
    except ConnectionError:
        return data, True

def status(data):
    """of the first reply"""
    return struct.unpack_from("=HHiII", data, 16)[2]

def refused(name, data):
    """one reply with index 0, id 0 and a negative status, and the connection is closed"""
    s = connect()
    s.sendall(data)
    answer, closed = read_all(s)
    good = closed and len(answer) >= 36 and struct.unpack_from("=HHiII", answer, 16)[0] == 0 and status(answer) < 0
    report(name, good, (closed, answer[:64]))

def report(name, good, detail=""):
    print(("ok " if good else "# %r\nnot ok " % (detail,)) + name, flush=True)

def answered(name, data, negative):
    s = connect()
    s.sendall(data)
    answer = s.recv(65536)
    report(name, len(answer) >= 36 and (status(answer) < 0) == negative, answer[:64])

answered("a good frame", frame(hello()), False)
refused("a wrong magic", frame(hello(), magic=0x12345678))
refused("a wrong version", frame(hello(), version=77))
refused("a length below the header's", frame(hello(), length=8))
refused("a length beyond the most", frame(hello(), length=(4 << 20) + 8))
refused("a length of 4 GB", frame(hello(), length=0xffffffff))
refused("a request longer than its frame", frame(request(HELLO, bytes(48), length=5000)))
refused("a request of 4 GB", frame(request(HELLO, bytes(48), length=0xffffffff)))
refused("fewer requests than counted", frame(hello(), count=3))
refused("more requests than counted", frame(hello() + hello(), count=1))
refused("too many requests", frame(b"", count=0xffffffff))
answered("an unknown request", frame(request(9999, b"")), True)
answered("a body too short", frame(request(ADDR_LIST, bytes(4))), True)
answered("a body too long", frame(request(ADDR_LIST, bytes(400))), True)

# Those who want to hear of changes: so many and no more, until they say something or go.
def monitor(objects, family=0):
    return frame(request(MONITOR, struct.pack("=IHH", objects, family, 0)))

answered("monitor: of nothing", monitor(0), True)
answered("monitor: of an object that there is not", monitor(64), True)
answered("monitor: of a family that there is not", monitor(1, 77), True)
answered("monitor: a body too short", frame(request(MONITOR, bytes(4))), True)
listeners = [connect() for _ in range(66)]
for s in listeners:
    s.sendall(monitor(32)) # marks: nobody sets one
refusals, end = [], time.time() + 20
while len(refusals) < 2 and time.time() < end:
    refusals = select.select(listeners, [], [], 1)[0]
report("monitor: 64 listen, two more are refused", len(refusals) == 2 and
       all(status(s.recv(65536)) < 0 for s in refusals), len(refusals))
listening = [s for s in listeners if s not in refusals]
listening[0].sendall(b"x")
report("monitor: one that speaks is at its end", read_all(listening[0])[1])
half = listening[1]
half.sendall(frame(hello())[:20])
for s in listeners:
    s.close()
answered("beside them", frame(hello()), False)

# Bytes come one by one, and a frame is still a frame.
s = connect()
for byte in frame(hello()):
    s.sendall(bytes([byte]))
report("a frame byte by byte", status(s.recv(65536)) == 0)

# Clients that go away in the middle, or say nothing, or never read.
for cut in (1, 15, 16, 20, 40):
    s = connect()
    s.sendall(frame(hello())[:cut])
    s.close()

# A link whose client has gone before it was removed can be added again: it was removed.
def link_add():
    s = connect()
    s.sendall(frame(request(LINK_ADD, struct.pack("=32sIIII256s", b"lan", 1, 0, 0, 0, b"net_tap5,iface=tap5"))))
    return status(s.recv(65536))

report("a link is added", link_add() == 0)
late = 0
for _ in range(20):
    s = connect()
    s.sendall(frame(request(LINK_DEL, struct.pack("=32s", b"lan"))))
    s.close()
    end = time.time() + 10
    while link_add() != 0 and time.time() < end:
        pass
    late += time.time() >= end
report("and again, when nobody waited for its removal", late == 0, late)

silent = [connect() for _ in range(50)]
half = [connect() for _ in range(50)]
for s in half:
    s.sendall(frame(hello())[:20])
deaf = [connect() for _ in range(5)]
for s in deaf:
    s.settimeout(0.2)
    try:
        for _ in range(200):
            s.sendall(frame(request(ADDR_LIST, bytes(40)) * 1000, count=1000))
    except (socket.timeout, ConnectionError):
        pass
begin = time.time()
answered("beside silent, half and deaf clients", frame(hello()), False)
report("and in good time (%.0f ms)" % (1000 * (time.time() - begin)), time.time() - begin < 1)
for s in silent + half + deaf:
    s.close()

# Noise, and good frames with bytes changed; what changes things is not asked for by chance.
random.seed(1)
for _ in range(int(sys.argv[1])):
    data = bytearray(frame(hello() + request(ADDR_LIST, bytes(40)), count=2))
    if random.random() < 0.3:
        data = bytearray(random.randbytes(random.randrange(1, 300)))
    else:
        for _ in range(random.randrange(1, 6)):
            data[random.randrange(len(data))] = random.randrange(256)
    s = connect(0.02)
    try:
        s.sendall(data)
        s.recv(65536)
    except (socket.timeout, ConnectionError):
        pass
    s.close()
answered("behind %s frames of noise" % sys.argv[1], frame(hello()), False)
END
descriptors() {
	ls "/proc/$DPVS_PID/fd" | wc -l
}
ok "a link for the script" dpip link add lan vdev net_tap5,iface=tap5
before=$(descriptors)
ok "which goes" dpip link del lan
$PYTHON "$BED/frames.py" "$(scaled 2000)" "$(awk '$2 == "API_VERSION" { print $3 }' "$ROOT/include/api/frame.h")" >"$BED/frames.out" 2>&1
equal "the script ran to its end" 0 $?
while read -r line; do
	case $line in
	'ok '*) pass "${line#ok }" ;;
	'not ok '*) failed "${line#not ok }" ;;
	*) echo "$line" | why ;;
	esac
done <"$BED/frames.out"
ok "no connection is left open" bed_wait_for 10 eval '[ "$(descriptors)" -le "$before" ]'
ok "the daemon's objects are what they were" eval 'dpip addr show | grep -q 10.1.0.254/24'
stopped "behind all that"
test_done
