#!/usr/bin/env bash
# croton precompile: a cache that a machine without a compiler runs from, and what a miss says.
#   tests/tool/precompile.sh PATH-OF-CROTON
source "$(dirname "$0")/common.sh"

expect 0 "layer: 1 kernel for x86-64-v2" "$croton" precompile "$work/layer.ctir" -o "$work/kernels" --target x86-64-v2,x86-64-v3 --dims n=1,32,600

# A machine without a compiler: nothing but the given cache, which is only read.
bare() { env CROTON_COMPILER=/nowhere CROTON_CACHE_DIR="$work/empty" CROTON_CACHE_PATH="$work/kernels" "$@"; }
chmod -R a-w "$work/kernels"
before=$(find "$work/kernels" -type f -exec cksum {} + | sort)
for level in v2 v3; do
  expect 0 "request hit" bare env CROTON_LOG=cache CROTON_CPU=x86-64-$level "$croton" run "$work/layer.ctir" --dim n=3 --output "$work/$level.npy"
  env CROTON_CPU=x86-64-$level "$croton" run "$work/layer.ctir" --dim n=3 --output "$work/compiled.npy"
  cmp "$work/$level.npy" "$work/compiled.npy" || { echo "FAILED: precompiled for $level gave other bits"; failed=1; }
done
[ "$before" = "$(find "$work/kernels" -type f -exec cksum {} + | sort)" ] || { echo "FAILED: a read-only cache was written to"; failed=1; }

sed 's/tanh/exp/; s/layer/other/' "$work/layer.ctir" >"$work/other.ctir"
expect 2 "other is in no cache for x86-64-v2, and croton's compiler component cannot be loaded" bare env CROTON_CPU=x86-64-v2 "$croton" run "$work/other.ctir" --dim n=3
expect 2 "croton precompile PROGRAM -o DIRECTORY --target x86-64-v2" bare env CROTON_CPU=x86-64-v2 "$croton" run "$work/other.ctir" --dim n=3
expect 2 "looked in: $work/empty (CROTON_CACHE_DIR); $work/kernels (CROTON_CACHE_PATH); $work/absent, which is not there (CROTON_CACHE_PATH)" bare env CROTON_CPU=x86-64-v2 CROTON_CACHE_PATH="$work/kernels:$work/absent" "$croton" run "$work/other.ctir" --dim n=3
expect 2 "looked in: no cache, CROTON_CACHE is off" bare env CROTON_CACHE=off "$croton" run "$work/other.ctir" --dim n=3
chmod -R u+w "$work/kernels"

# A program is run; a folder holds graphs.
expect 0 "has run for x86-64-v2" "$croton" precompile -o "$work/programs" --target x86-64-v2 -- "$croton" run "$work/other.ctir" --dim n=3
expect 0 "request hit" env CROTON_LOG=cache CROTON_COMPILER=/nowhere CROTON_CACHE_DIR="$work/empty" CROTON_CACHE_PATH="$work/programs" CROTON_CPU=x86-64-v2 "$croton" run "$work/other.ctir" --dim n=5
mkdir "$work/graphs" && cp "$work"/*.ctir "$work/graphs"
expect 0 "other: " "$croton" precompile "$work/graphs" -o "$work/kernels" --target x86-64-v2

# A program that cannot be run for a level, or fails, is said.
expect 1 "false failed with 1" "$croton" precompile -o "$work/programs" -- false
expect 1 "layer has no dim m" "$croton" precompile "$work/layer.ctir" -o "$work/bad" --dims m=3
expect 1 "few is no extent" "$croton" precompile "$work/layer.ctir" -o "$work/bad" --dims n=few
expect 1 "unknown target x86-64-v5" "$croton" precompile "$work/layer.ctir" -o "$work/bad" --target x86-64-v5
expect 1 "there is no program /nowhere/app" "$croton" precompile /nowhere/app -o "$work/bad"
expect 1 "cannot read $work/none.ctir" "$croton" precompile "$work/none.ctir" -o "$work/bad"
sed 's/tensor {/tensor {\n  fact n % 8 == 0/' "$work/layer.ctir" >"$work/eights.ctir"
expect 1 "layer: n is 12, but n % 8 == 0 must hold" "$croton" precompile "$work/eights.ctir" -o "$work/bad" --dims n=8,12
exit $failed
