#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The checks of scripts/lint can fail: each is shown a small tree that breaks
# its rule, and one that keeps it.
#
# Plain only: it tests scripts.

. "$(dirname "$0")/../lib/test.sh"
BED=$(mktemp -d)
trap 'rm -rf "$BED"' EXIT
licence='/* SPDX-License-Identifier: BSD-3-Clause */'
tree=$BED/tree

# tree: a good one, from scratch
good_tree() {
	rm -rf "$tree"
	mkdir -p "$tree"/{src/base,src/net,src/control,src/main,include/api,tools/dpip,test,scripts}
	cp "$ROOT/.clang-format" "$tree"
	printf 'base\ncontrol\nnet\nmain\n' >"$tree/src/LAYERS"
	printf '%s\nint base_one(void);\n' "$licence" >"$tree/src/base/one.h"
	printf '%s\n#include "base/one.h"\n\nint net_two(void);\n\nint net_two(void)\n{\n\treturn base_one();\n}\n' \
		"$licence" >"$tree/src/net/two.c"
	printf '%s\n#include "control/c.h"\n#include "net/two.h"\n' "$licence" >"$tree/src/net/two_ctl.c"
	printf '%s\n#include "api/x.h"\n#include "lib/y.h"\n' "$licence" >"$tree/tools/dpip/x.c"
}

# fails NAME TEXT COMMAND…: exit code 1, TEXT in the output
fails() {
	local name=$1 text=$2 code
	shift 2

	"$@" >"$BED/out" 2>&1
	code=$?
	if [ "$code" = 1 ] && grep -qF -- "$text" "$BED/out"; then
		pass "$name"
	else
		{
			echo "exit code $code, wanted 1 and '$text'"
			cat "$BED/out"
		} | why
		failed "$name"
	fi
}

cd "$ROOT" || exit 1
good_tree
for check in text format layers sizes; do
	[ "$check" != format ] || [ -n "$(command -v clang-format-14)" ] || continue
	ok "$check: a good tree" scripts/check-$check "$tree"
done

echo '#include "net/two.h"' >>"$tree/src/base/one.h"
fails "layers: upwards" "src/base/one.h:3: base/ must not include \"net/two.h\"" scripts/check-layers "$tree"
good_tree
echo '#include "control/c.h"' >>"$tree/src/net/two.c"
fails "layers: control from the path" "src/net/two.c:10: only *_ctl.c" scripts/check-layers "$tree"
good_tree
echo '#include "net/two.h"' >>"$tree/tools/dpip/x.c"
fails "layers: tools reach into src" "tools/dpip/x.c:4: tools/ must not" scripts/check-layers "$tree"
good_tree
echo '#include "base/one.h"' >"$tree/include/api/x.h"
fails "layers: the contract reaches into src" "include/api/x.h:1: include/ must not" scripts/check-layers "$tree"
good_tree
echo '#include "two.h"' >>"$tree/src/net/two.c"
fails "layers: no folder" "includes name their folder" scripts/check-layers "$tree"
good_tree
mkdir "$tree/src/odd"
echo "$licence" >"$tree/src/odd/x.c"
fails "layers: an unknown folder" "src/odd/x.c:1: folder odd" scripts/check-layers "$tree"

good_tree
yes '' | head -n 800 >>"$tree/src/net/two.c"
fails "sizes: a long file" "src/net/two.c:801:" scripts/check-sizes "$tree"
good_tree
{ printf 'int f(void)\n{\n'; yes '	;' | head -n 101; echo '}'; } >>"$tree/src/net/two.c"
fails "sizes: a long function" "src/net/two.c:11: function of 101 lines" scripts/check-sizes "$tree"

good_tree
echo 'int x;' >"$tree/src/net/bare.c"
fails "text: no licence" "src/net/bare.c:1: no line" scripts/check-text "$tree"
good_tree
printf '#!/bin/sh\necho\n' >"$tree/scripts/bare"
fails "text: no licence in a script" "scripts/bare:1: no line" scripts/check-text "$tree"
good_tree
printf 'int x; \n' >>"$tree/src/net/two.c"
fails "text: blanks at a line's end" "src/net/two.c:10: blanks" scripts/check-text "$tree"
good_tree
printf '/* %s later */\n' 'TO''DO' >>"$tree/src/net/two.c"
fails "text: unfinished" "src/net/two.c:10: a mark" scripts/check-text "$tree"
good_tree
printf 'int x;' >>"$tree/src/net/two.c"
fails "text: no newline at the end" "src/net/two.c: no newline" scripts/check-text "$tree"
good_tree
printf '#!/bin/bash\n# SPDX-License-Identifier: BSD-3-Clause\nif\n' >"$tree/scripts/broken"
fails "text: a script that does not parse" "scripts/broken: bash cannot parse" scripts/check-text "$tree"

good_tree
printf 'int  x ;\n' >>"$tree/src/net/two.c"
if command -v clang-format-14 >/dev/null; then
	fails "format" "src/net/two.c:10:" scripts/check-format "$tree"
else
	skip "format: clang-format 14 is not there"
fi

rules_tree() {
	good_tree
	mkdir -p "$tree"/src/packet "$tree"/test/{packet,unit}
	printf '%s\n#define DROP_REASONS(X) \\\n\tX(ONE, "one", "a") \\\n\tX(TWO, \\\n\t  "two_b", "b")\n' "$licence" >"$tree/src/packet/drop.h"
	printf '%s\n\t{ "a row", DROP_ONE },\nstatic void test_two(void **state)\nDROP_TWO\n' "$licence" >"$tree/test/packet/x_test.c"
	: >"$tree/test/unit/y_test.c"
	printf '| a | `x: a row`, `x: test_two` | `one`, `two_b` |\n' >"$tree/test/README.md"
}
rules_tree
ok "rules: a good tree" scripts/check-rules "$tree"
sed -i 's/DROP_TWO/DROP_ONE/' "$tree/test/packet/x_test.c"
fails "rules: a reason without a test" "two_b: no test in test/packet or test/unit names DROP_TWO" scripts/check-rules "$tree"
for word in "x: a roe" "y: a row" "x: test_tw" three; do
	rules_tree
	printf '| `%s` |\n' "$word" >>"$tree/test/README.md"
	fails "rules: $word" "test/README.md:2: " scripts/check-rules "$tree"
done

# objects
object() {
	mkdir -p "$BED/obj/$(dirname "$1")"
	gcc -O2 -x c -c -o "$BED/obj/$1" -
}
clean_objects() {
	rm -rf "$BED/obj"
	echo 'int b(void); int a(void) { return b(); }' | object src/net/a.o
	echo 'const char *const t[] = { "x" }; int b(void) { return 1; }' | object src/net/b.o
	echo 'int counter = 7; int waiting;' | object src/control/c.o
}
clean_objects
ok "circles: none" scripts/check-circles "$BED/obj"
ok "statics: none" scripts/check-statics "$BED/obj"
echo 'int a(void); int b(void) { return a(); }' | object src/net/b.o
fails "circles: two files" "src/net/a.c" scripts/check-circles "$BED/obj"
for symbol in 'int counter = 7;' 'static int hits; int hit(void) { return ++hits; }' \
	'__thread int mine;' '__thread int mine = 3;' 'int hit(void) { static long n; return (int)++n; }'; do
	clean_objects
	echo "$symbol" | object src/net/b.o
	fails "statics: $symbol" "src/net/b.c: mutable static" scripts/check-statics "$BED/obj"
done
if [ "$(uname -m)" = x86_64 ]; then
	clean_objects
	echo 'int d(int *p) { return __atomic_add_fetch(p, 1, 0); } void *malloc(unsigned long); void *e(void) { return malloc(3); }' |
		object src/control/d.o
	echo 'short d(short *p) { return __atomic_add_fetch(p, -1, 0); } void f(void) { __atomic_thread_fence(5); }' | object src/net/d.o
	echo 'void *malloc(unsigned long); void *e(void) { return malloc(3); }' | object src/net/e_ctl.o
	ok "lines: none shared" scripts/check-lines "$BED/obj"
	for code in 'int d(int *p) { return __atomic_add_fetch(p, 1, 0); }' 'void d(long *p) { __atomic_fetch_or(p, 4, 0); }' 		'int d(char *p) { return __atomic_exchange_n(p, 1, 0); }' 		'int d(int *p, int o) { return __atomic_compare_exchange_n(p, &o, 1, 0, 0, 0); }'; do
		echo "$code" | object src/net/d.o
		fails "lines: $code" "src/net/d.c: d writes what others may write" scripts/check-lines "$BED/obj"
	done
	echo 'void *calloc(unsigned long, unsigned long); void *d(void) { return calloc(1, 3); }' | object src/net/d.o
	fails "lines: memory beside another worker's" "src/net/d.c: memory of calloc" scripts/check-lines "$BED/obj"
	fails "lines: no objects" "build first" scripts/check-lines "$BED/none"
fi
fails "circles: no objects" "build first" scripts/check-circles "$BED/none"
fails "statics: no objects" "build first" scripts/check-statics "$BED/none"
test_done
