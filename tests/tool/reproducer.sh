#!/usr/bin/env bash
# What fails in a pass or in the compiler leaves one file, from which croton opt repeats the failure.
#   tests/tool/reproducer.sh PATH-OF-CROTON REFUSING-COMPILER
source "$(dirname "$0")/common.sh"
refusing=$2
mkdir "$work/left"
export TMPDIR=$work/left

# The compiler.
CROTON_COMPILER=$refusing expect 2 "the compiler refused an emitted kernel" "$croton" run "$work/layer.ctir" --dim n=3
left=$(ls "$work/left"/croton-layer-compiler-*.ctir)
[ "$(wc -l <<<"$left")" = 1 ] || { echo "FAILED: not one file: $left"; failed=1; }
command=$(sed -n '1s/^\/\/ croton //p' "$left")
# shellcheck disable=SC2086
CROTON_COMPILER=$refusing expect 2 "refused on purpose" "$croton" $command
# With a compiler that works, the same command works: the file is whole.
# shellcheck disable=SC2086
expect 0 "retq" "$croton" $command
CROTON_CACHE=off CROTON_DUMP=$work/dumps CROTON_COMPILER=$refusing expect 2 "repeat it with: croton opt --emit asm" "$croton" run "$work/layer.ctir" --dim n=3
ls "$work/dumps"/croton-layer-compiler-*.ctir >/dev/null || failed=1
# The line of the directory that cannot be written.
CROTON_CACHE=off CROTON_DUMP=/proc/none CROTON_COMPILER=$refusing expect 2 "(a file to repeat it from: cannot write /proc/none/croton-layer" "$croton" run "$work/layer.ctir" --dim n=3
# The command is one that a shell takes, and a temporary folder that is not there takes no error's place.
CROTON_CACHE=off CROTON_DUMP="$work/some dumps" CROTON_COMPILER=$refusing expect 2 "'$work/some dumps/croton-layer-compiler-" "$croton" run "$work/layer.ctir" --dim n=3
CROTON_CACHE=off TMPDIR=/no/such CROTON_COMPILER=$refusing expect 2 "from: cannot write /no/such/croton-layer" "$croton" run "$work/layer.ctir" --dim n=3
# A component that is not there is no failure of a text: there is nothing to repeat.
rm -f "$work/left"/*
CROTON_CACHE=off CROTON_COMPILER=/nowhere expect 2 "CROTON_COMPILER is the path of" "$croton" run "$work/layer.ctir" --dim n=3
[ -z "$(ls "$work/left")" ] || { echo "FAILED: a file was left for a missing compiler"; failed=1; }

# A pass: a product that no group computes is accepted as text and has no form inside another kernel.
cat >"$work/broken.ctir" <<'TEXT'
ctir 1
module @broken : grouped {
  %x = input {name = "x"} : f32[n, 30]
  %W = input {name = "W"} : f32[30, 20]
  %0 = contract(%x, %W) {a = [0, 2], b = [2, 1], out = [0, 1]}
  %h = tanh(%0)
  input %x, %W
  output %h
  group @broken_tanh elementwise [n, 20] : %h -> %h
}
TEXT
expect 2 "the pass lower failed" "$croton" run "$work/broken.ctir" --dim n=3
left=$(ls "$work/left"/croton-broken-lower-*.ctir)
command=$(sed -n '1s/^\/\/ croton //p' "$left")
# shellcheck disable=SC2086
expect 2 "the pass lower failed" "$croton" $command
# opt leaves a file as well when the failing pass is not the only one of its run.
rm -f "$work/left"/*
expect 2 "repeat it with: croton opt --run lower" "$croton" opt "$work/broken.ctir" --run schedule,lower
[ -n "$(ls "$work/left")" ] || { echo "FAILED: opt left no file"; failed=1; }

# Groups that cannot be: refused as text, with the group's name.
sed 's/elementwise \[n, 20\]/product [n, 20]/' "$work/broken.ctir" >"$work/kind.ctir"
expect 1 "the group broken_tanh is product, but tanh decides its loops" "$croton" run "$work/kind.ctir" --dim n=3
sed 's/output %h/output %h, %0/' "$work/broken.ctir" >"$work/missing.ctir"
expect 1 "no group computes a result, contract" "$croton" run "$work/missing.ctir" --dim n=3
exit $failed
