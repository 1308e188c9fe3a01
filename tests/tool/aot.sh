#!/usr/bin/env bash
# croton aot: what it writes, what it refuses, and that a refusal leaves nothing behind.
#   tests/tool/aot.sh PATH-OF-CROTON
source "$(dirname "$0")/common.sh"

expect 0 "liblayer.a" "$croton" aot "$work/layer.ctir" -o "$work/aot" --target x86-64-v2,x86-64-v3 --emit static,shared,header,hpp,obj,source
for file in liblayer.a liblayer.so layer.h layer.hpp layer.o layer_x86-64-v3.cpp croton_aot.h; do
  [ -s "$work/aot/$file" ] || { echo "FAILED: aot has not written $file"; failed=1; }
done
nm -s "$work/aot/liblayer.a" | grep -q "croton_aot_query_layer in layer.o" || { echo "FAILED: no symbol table"; failed=1; }
expect 1 "unknown target x86-64-v9; did you mean" "$croton" aot "$work/layer.ctir" -o "$work/bad" --target x86-64-v9
expect 1 "cannot emit heder; did you mean \"header\"?" "$croton" aot "$work/layer.ctir" -o "$work/bad" --emit heder
expect 1 "layer has no shared variable W" "$croton" aot "$work/layer.ctir" -o "$work/bad" --freeze W
expect 1 "there is no /nowhere/ld" "$croton" aot "$work/layer.ctir" -o "$work/bad" --emit shared --linker /nowhere/ld
printf '#!/bin/sh\necho "no such emulation"\nexit 3\n' >"$work/ld" && chmod +x "$work/ld"
expect 1 "$work/ld cannot link liblayer.so: exit code 3" "$croton" aot "$work/layer.ctir" -o "$work/bad" --emit shared --linker "$work/ld"
expect 1 "no such emulation" "$croton" aot "$work/layer.ctir" -o "$work/bad" --emit shared --linker "$work/ld"
expect 1 "true cannot link liblayer.so: exit code 0" "$croton" aot "$work/layer.ctir" -o "$work/bad" --emit shared --linker true
# A default that fails is no mistake of the user's.
mkdir "$work/path" && cp "$work/ld" "$work/path/cc"
expect 2 "cc cannot link liblayer.so" env PATH="$work/path" "$croton" aot "$work/layer.ctir" -o "$work/bad" --emit shared
# What an interrupted build leaves is removed by the next one, and nothing that is in use.
printf '#!/bin/sh\necho $$ >"$0.runs"; exec sleep 60\n' >"$work/path/ld" && chmod +x "$work/path/ld"
interrupted=()
for k in 1 2; do
  rm -f "$work/path/ld.runs"
  "$croton" aot "$work/layer.ctir" -o "$work/ended" --target x86-64-v2 --emit shared --linker "$work/path/ld" >/dev/null 2>&1 &
  interrupted+=($!)
  for try in {1..3000}; do [ -s "$work/path/ld.runs" ] || sleep 0.02; done
  interrupted+=("$(cat "$work/path/ld.runs")")
done
kill -KILL "${interrupted[@]::2}"
wait "${interrupted[0]}" 2>/dev/null
"$croton" aot "$work/layer.ctir" -o "$work/ended" --target x86-64-v2 --emit static >/dev/null || failed=1
[ "$(cd "$work/ended" && echo .croton-aot-*)" = ".croton-aot-${interrupted[2]}-0" ] || { echo "FAILED: folders aside: $(ls -A "$work/ended")"; failed=1; }
kill -KILL "${interrupted[@]:2}"
wait "${interrupted[2]}" 2>/dev/null
"$croton" aot "$work/layer.ctir" -o "$work/ended" --target x86-64-v2 --emit static >/dev/null || failed=1
[ "$(ls -A "$work/ended")" = liblayer.a ] || { echo "FAILED: left behind: $(ls -A "$work/ended")"; failed=1; }
expect 1 "cannot write /proc/none" "$croton" aot "$work/layer.ctir" -o /proc/none
expect 1 "CROTON_CPU=sparc: it may be x86-64-v2, x86-64-v3 or x86-64-v4" env CROTON_CPU=sparc "$croton" run "$work/layer.ctir" --dim n=3
# Several builds at once into one folder: every file is whole.
for k in 1 2 3; do "$croton" aot "$work/layer.ctir" -o "$work/both" --target x86-64-v2 --emit static,header >/dev/null 2>"$work/build$k" & done
wait
"$croton" aot "$work/layer.ctir" -o "$work/alone" --target x86-64-v2 --emit static,header >/dev/null
[ "$(cat "$work"/build?)" = "" ] && diff -r "$work/both" "$work/alone" || { echo "FAILED: builds at once"; failed=1; }

# Two libraries of a program with functions of one name: each file of the program calls its own.
for k in 1 2; do
  printf 'ctir 1\nmodule @same : tensor {\n  %%x = input {name = "x"} : f64[n]\n  %%0 = add(%%x, %%x)\n  %%1 = exp(%%x)\n  input %%x\n  output %%%d\n}\n' $((k - 1)) >"$work/same$k.ctir"
  "$croton" aot "$work/same$k.ctir" -o "$work/same" --name "lib$k" --target x86-64-v2 --emit static,header,hpp >/dev/null || failed=1
  printf '#include "lib%d.hpp"\ndouble f%d() { double x[1] = {0}, out[1]; same::run({x, {1}}, {out, {1}}); return out[0]; }\n' $k $k >"$work/same$k.cpp"
done
printf 'double f1(); double f2();\nint main() { return f1() == 0 && f2() == 1 ? 0 : 1; }\n' >"$work/same.cpp"
g++ -std=c++17 -I"$work/same" "$work"/same*.cpp "$work/same/liblib1.a" "$work/same/liblib2.a" -o "$work/same/user" && "$work/same/user" ||
  { echo "FAILED: functions of one name in two libraries"; failed=1; }

# Weights of more than the compiler takes as text: 80 MB, of which a program reads the ends.
cat >"$work/heavy.ctir" <<'TEXT'
ctir 1
module @heavy : tensor {
  %i = input {name = "i"} : i64[k]
  %W = shared {name = "W"} : f32[20000000]
  %0 = gather(%W, %i) {axis = 0}
  input %i
  output %0
}
TEXT
# 1.5, zeros, 2.5
{ printf '\0\0\300\077'; head -c 79999992 /dev/zero; printf '\0\0\040\100'; } |
  write_npz "$work/heavy.ctir.npz" W '<f4' '(20000000,)'
folder="$work/a \"folder\""
expect 0 "libheavy.a" "$croton" aot "$work/heavy.ctir" -o "$folder" --freeze W --target x86-64-v2,x86-64-v3 --emit static,header
cat >"$work/heavy.c" <<'TEXT'
#include <stdio.h>
#include "heavy.h"
int main(void) {
  const croton_aot_library* library;
  const int64_t last[] = {0, 1, 19999999};
  float out[3];
  if (croton_aot_query_heavy(1, &library, 0) || croton_aot_run_heavy(library, 3, last, out, 0, 0, 0, 0)) return 1;
  printf("%g %g %g\n", out[0], out[1], out[2]);
  return 0;
}
TEXT
cc -I"$folder" "$work/heavy.c" "$folder/libheavy.a" -o "$work/heavy" || failed=1
expect 0 "1.5 0 2.5" "$work/heavy"
expect 1 "heavy has 80000000 bytes of constants, too many for source" "$croton" aot "$work/heavy.ctir" -o "$work/bad" --freeze W --emit source
[ -e "$work/bad" ] && { echo "FAILED: aot has left something behind"; failed=1; }
exit $failed
