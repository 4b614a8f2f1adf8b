#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# make install: what it puts where, and that the unit names what was installed.
#
# Plain only: it tests the Makefile.

. "$(dirname "$0")/../lib/test.sh"
bed_enter "$@"

ok "make install" make -C "$ROOT" -o all install DESTDIR="$BED/root" PREFIX=/opt/balancer \
	BIN="$(realpath "$DPVS_BIN")"
for name in dpvs dpip ipvsadm dpvs-run; do
	ok "$name is there" test -x "$BED/root/opt/balancer/sbin/$name"
done
ok "the preloaded library is there" test -f "$BED/root/opt/balancer/lib/libdpvs-ipvs.so"
ok "dpvs-run finds it" "$BED/root/opt/balancer/sbin/dpvs-run" true
ok "the drop-in names it" grep -q "LD_PRELOAD=/opt/balancer/lib/libdpvs-ipvs.so" "$BED/root/opt/balancer/share/dpvs/keepalived-dpvs.conf"
for sample in dpvs bird frr keepalived; do
	ok "a sample for $sample is there" test -f "$BED/root/opt/balancer/share/dpvs/$sample.conf.sample"
done
notify=$(sed -n 's/.*notify "\([^ ]*\) .*/\1/p' "$BED/root/opt/balancer/share/dpvs/keepalived.conf.sample" | sort -u)
equal "the sample's notify script is what was installed" "/opt/balancer/share/dpvs/vrrp-notify" "$notify"
ok "and it runs" "$BED/root$notify" --help
unit=$BED/root/opt/balancer/lib/systemd/system/dpvs.service
for file in $(grep -o '/opt/[^ ]*' "$unit"); do
	ok "the unit's $file is there" test -f "$BED/root$file"
done
equal "the unit starts what was installed" "/opt/balancer/sbin/dpvs" "$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$unit")"
equal "the unit names nothing of another place" 0 "$(grep -c /usr/local "$unit")"
test_done
