# SPDX-License-Identifier: BSD-3-Clause
#
# What scripts/demo, scripts/check and scripts/install-deps share: where the
# tree is, how to say what is going on, and how to build. Sourced by bash.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
JOBS=${JOBS:-$(nproc)}
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH # an ordinary user's may lack sbin

say() {
	printf '%s\n' "$*"
}

# One line a step, with the seconds since the script began.
step() {
	printf '[%3ds] %s\n' "$SECONDS" "$*"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# make, as the tree's owner when root works in somebody else's tree, so that
# nothing is left there which its owner cannot remove. The log has all output.
build() {
	local log=$1 owner
	shift

	owner=$(stat -c %U "$ROOT")
	mkdir -p "$(dirname "$log")"
	if [ "$(id -u)" = 0 ] && [ "$owner" != root ] && [ "$owner" != UNKNOWN ]; then
		chown -R "$owner:" "$ROOT/obj" "$ROOT/bin" 2>/dev/null
		runuser -u "$owner" -- make -C "$ROOT" -j"$JOBS" "$@" >"$log" 2>&1
	else
		make -C "$ROOT" -j"$JOBS" "$@" >"$log" 2>&1
	fi
}
