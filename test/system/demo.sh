#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The demo itself: it succeeds, as root and as an ordinary user; it fails when
# the shares are not what the weights say; --keep leaves it running and --stop
# ends it.
#
# Plain only: it tests a script; the programs that it starts have tests of their own.

. "$(dirname "$0")/../lib/test.sh"

BED=$(mktemp -d)
chmod 755 "$BED"
trap 'rm -rf "$BED"' EXIT
cp -r "$DPVS_BIN" "$BED/bin"
mkdir "$BED/tmp"
chmod 1777 "$BED/tmp"
chmod -R a+rX "$BED/bin"
export TMPDIR=$BED/tmp DPVS_BIN=$BED/bin REQUESTS=400
unset BED_INSIDE

demo() {
	"$ROOT/scripts/demo" "$@"
}

ok "the demo succeeds" demo --no-build
refused_demo() {
	! DPVS_BIN=$BED/none demo --no-build >"$BED/none.log" 2>&1 &&
		grep -q "dpvs is not built" "$BED/none.log" && ! grep -q namespaces "$BED/none.log"
}
ok "--no-build without programs says so at once" refused_demo
ok "the demo succeeds with two workers" demo --no-build --workers 2

nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"
if [ "$(id -u)" != 0 ]; then
	skip "the demo as an ordinary user: this is one"
elif ! $nobody test -r "$ROOT/scripts/demo"; then
	skip "the demo as an ordinary user: the tree is not readable to one"
elif ! $nobody unshare --user --net --map-root-user true 2>/dev/null; then
	skip "the demo as an ordinary user: user namespaces are not allowed here"
else
	ok "the demo succeeds for an ordinary user" $nobody "$ROOT/scripts/demo" --no-build
fi

ok "--keep leaves it running" demo --no-build --keep
equal "a client of the kept demo is served" again \
	"$(demo --in client curl -s "http://10.1.0.100/?token=again" | cut -d' ' -f2)"
ok "the kept demo's services are listed" \
	eval 'demo --in balancer ipvsadm -ln | grep -q "10.1.0.100:80 wrr"'
refused "a second demo beside a kept one is refused" 1 "a demo is running already" demo --no-build
ok "--stop ends it" demo --stop
refused "--stop without one is refused" 1 "no demo is running" demo --stop
equal "nothing of it is left" "" "$(ls "$TMPDIR")"

mv "$DPVS_BIN/dpvs" "$DPVS_BIN/dpvs-real"
cat >"$DPVS_BIN/dpvs" <<END
#!/bin/sh
# weights other than those the demo expects
sed -i 's/-w 2/-w 5/' "\$2"
exec $DPVS_BIN/dpvs-real "\$@"
END
chmod 755 "$DPVS_BIN/dpvs"
ok "the demo fails when the shares do not match" eval '! demo --no-build >"$BED/out"'
ok "and says so" grep -q "FAILED: HTTP: server2 got .* its weight asks for" "$BED/out"
test_done
