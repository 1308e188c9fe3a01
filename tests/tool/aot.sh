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
expect 1 "cannot write /proc/none" "$croton" aot "$work/layer.ctir" -o /proc/none
expect 1 "unknown target sparc" env CROTON_CPU=sparc "$croton" run "$work/layer.ctir" --dim n=3
[ -e "$work/bad" ] && { echo "FAILED: aot has left something behind"; failed=1; }
exit $failed
