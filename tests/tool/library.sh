#!/usr/bin/env bash
# croton dump of libraries written ahead of time: what they say of themselves, and what damaged ones and
# other machine code are answered with.
#   tests/tool/library.sh PATH-OF-CROTON
source "$(dirname "$0")/common.sh"
cat >"$work/pick.ctir" <<'TEXT'
ctir 1
module @pick : tensor {
  %x = input {name = "x"} : f64[n]
  %s = shared {name = "scale"} : f64[]
  %b = broadcast(%s) {shape = [n], axes = []}
  %0 = mul(%x, %b)
  input %x
  output %0
}
TEXT
printf '\0\0\0\0\0\0\010\100' | write_npz "$work/pick.ctir.npz" scale '<f8' '()'  # 3.0

"$croton" aot "$work/layer.ctir" -o "$work/one" --target x86-64-v2,x86-64-v3,x86-64-v4 --emit obj,static,shared,header >/dev/null || failed=1
"$croton" aot "$work/layer.ctir" "$work/pick.ctir" -o "$work/two" --name two --freeze '*' --target x86-64-v2,x86-64-v3 --emit static,shared,header >/dev/null || failed=1
one=$work/one/liblayer.so two=$work/two/libtwo.a
[ $failed = 0 ] || exit 1

# Signatures, targets and what is inside, from a shared and a static library and an object.
for file in "$one" "$work/one/liblayer.a" "$work/one/layer.o"; do
  expect 0 "$file: the library layer for x86-64-v2, x86-64-v3, x86-64-v4, C interface 1, written by croton" "$croton" dump "$file"
  expect 0 "  layer(x : f32[n, 30], W : f32[30, 20]) -> (out : f32[n, 20])" "$croton" dump "$file"
  expect 0 "layer: 1 kernel in 1 step for x86-64-v3" "$croton" dump "$file" --target x86-64-v3
done
expect 0 "  pick(x : f64[n]) -> (out : f64[n])" "$croton" dump "$two"
expect 0 "    constants: scale" "$croton" dump "$two"
expect 0 "  8 bytes of constants" "$croton" dump "$two"
expect 0 "mul" "$croton" dump "$two" --function pick --stage graph
python3 - "$croton" "$one" "$two" <<'PY' || failed=1
import json, subprocess, sys
croton, one, two = sys.argv[1:]
dump = lambda *a: json.loads(subprocess.check_output([croton, "dump", *a, "--json"]))
libraries = dump(two)["libraries"]
assert [f["name"] for f in libraries[0]["functions"]] == ["layer", "pick"], libraries
assert libraries[0]["targets"] == ["x86-64-v2", "x86-64-v3"] and libraries[0]["constant_bytes"] == 8
assert "graph" not in libraries[0]["functions"][0]
layer = dump(one, "--target", "x86-64-v2", "--dim", "n=7")
assert layer["croton_description"] == 2 and layer["target"] == "x86-64-v2", layer["target"]
assert layer["kernels"][0]["bytes_read"]["value"] == 4 * (7 * 30 + 30 * 20)
PY

# Every stage, as of the file that it was written from: with the user's lines and names.
for stage in graph fuse plan memory kernels cpp groups; do
  for from in "$one" "$work/layer.ctir"; do
    "$croton" dump "$from" --target x86-64-v3 --stage $stage >"$work/stage-${from##*.}"
  done
  cmp "$work/stage-so" "$work/stage-ctir" || { echo "FAILED: the library shows another $stage"; failed=1; }
done
expect 0 "layer.ctir:6" "$croton" dump "$one" --stage graph
expect 0 "retq" "$croton" dump "$one" --stage asm --target x86-64-v2
expect 0 "+  group @layer_contract product" "$croton" dump "$one" --diff lay-out fuse
expect 0 "\"%x\" -> \"%0\"" "$croton" dump "$one" --dot graph
"$croton" dump "$one" --html -o "$work/page.html" && grep -q "</html>" "$work/page.html" || { echo "FAILED: no page of a library"; failed=1; }

# A program that is linked with libraries holds what they say; nothing of it is loaded, and strip -R takes it away.
cat >"$work/user.c" <<'TEXT'
#include "layer.h"
extern croton_aot_query croton_aot_query_two;
int main(void) {
  const croton_aot_library* library;
  return croton_aot_query_layer(1, &library, 0) + croton_aot_query_two(1, &library, 0);
}
TEXT
cc -I"$work/one" "$work/user.c" "$work/one/liblayer.a" "$two" -o "$work/user" || failed=1
"$work/user" || { echo "FAILED: the program does not run"; failed=1; }
strip "$work/user"
expect 0 "the library two for x86-64-v2, x86-64-v3" "$croton" dump "$work/user"
expect 0 "mul" "$croton" dump "$work/user" --function pick --stage graph
expect 1 "holds several functions; choose one with --function: layer.layer, two.layer, two.pick" "$croton" dump "$work/user" --function layer
expect 0 "tanh" "$croton" dump "$work/user" --function two.layer --stage graph
for file in "$one" "$work/user"; do
  readelf -SW "$file" | awk '$2 == ".croton" || $3 == ".croton"' | grep -q "PROGBITS *0000000000000000 .* 00  *0 " ||
    { echo "FAILED: the description of $file is loaded"; failed=1; }
done
strip -R .croton "$work/user"
expect 1 "is machine code that holds no description of itself" "$croton" dump "$work/user"
"$work/user" || { echo "FAILED: the program does not run without its description"; failed=1; }
"$croton" aot "$work/layer.ctir" -o "$work/bare" --bare --emit shared >/dev/null || failed=1
expect 1 "unless they were written with --bare" "$croton" dump "$work/bare/liblayer.so"

# Mistakes, other machine code, and damage.
expect 1 "holds no variant of layer for x86-64-v5" "$croton" dump "$one" --target x86-64-v5 --stage cpp
expect 1 "holds no function pik; did you mean \"pick\"?; there are layer, pick" "$croton" dump "$two" --function pik
expect 1 "holds several functions; choose one with --function: layer, pick" "$croton" dump "$two" --stage cpp
expect 1 "layer has no stage fusee; did you mean \"fuse\"?" "$croton" dump "$one" --stage fusee
expect 1 "is machine code that holds no description of itself" "$croton" dump "$work/one/layer_x86-64-v3.o"
expect 1 "is machine code that holds no description of itself" "$croton" dump "$croton"
printf '!<arch>\n' >"$work/empty.a"
expect 1 "is machine code that holds no description of itself" "$croton" dump "$work/empty.a"
(cd "$work/two" && ar x libtwo.a two.o && ar rcT thin.a two.o)
expect 1 "thin.a is a thin archive: its members are files of their own" "$croton" dump "$work/two/thin.a"
printf '\x7fELF' >"$work/short.so"
expect 1 "short.so is damaged: it ends before what its tables say it holds" "$croton" dump "$work/short.so"
head -c 60000 "$one" >"$work/cut.so"
expect 1 "cut.so is damaged: it ends before" "$croton" dump "$work/cut.so"
head -c 9000 "$two" >"$work/cut.a"
expect 1 "cut.a is damaged: it ends before" "$croton" dump "$work/cut.a"
# damaged OFFSET-IN-SECTION BYTES: the library with other bytes in its description.
damaged() {
  local at
  at=$(readelf -SW "$one" | sed -n 's/.* \.croton *PROGBITS *0* *\([0-9a-f]*\) .*/\1/p')
  cp "$one" "$work/damaged.so"
  printf "$2" | dd of="$work/damaged.so" bs=1 seek=$((0x$at + $1)) conv=notrunc status=none
}
damaged 100 'xx'
expect 1 "damaged.so is damaged: its description's checksum does not hold" "$croton" dump "$work/damaged.so"
damaged 0 'x'
expect 1 "damaged.so is damaged: its section .croton holds no description" "$croton" dump "$work/damaged.so"
damaged 8 '\x02'
expect 1 "damaged.so has a description of version 2; this croton reads up to version 1" "$croton" dump "$work/damaged.so"
damaged 16 '\xff\xff\xff\xff\xff\xff\xff\xff'
expect 1 "damaged.so is damaged: it ends before" "$croton" dump "$work/damaged.so"
damaged 24 '\xff\xff\xff\xff\xff\xff\xff\xff'
expect 1 "damaged.so is damaged: its description is too large" "$croton" dump "$work/damaged.so"
damaged 24 '\x01'
expect 1 "damaged.so is damaged: its description cannot be unpacked" "$croton" dump "$work/damaged.so"
exit $failed
