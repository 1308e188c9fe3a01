#!/usr/bin/env bash
# Generated code in other tools: perf's map and jitdump, a debugger's names and lines, perf's report. What is not installed or not
# allowed is skipped with a line that says so.
source "$(dirname "$0")/common.sh"
script=$(realpath "$0")
cd "$work" || exit 1
cat >curve.ctir <<'TEXT'
ctir 1
module @curve : tensor {
  %x = input {name = "x"} : f64[n]
  %e = exp(%x)
  %y = mul(%e, %x)
  input %x
  output %y
}
TEXT
run=("$croton" run curve.ctir --dim n=100000 --output y.npy)

# ---- perf's map names the kernel, and where it lies
CROTON_PERF=1 "${run[@]}" &
process=$!
wait $process
if ! grep -qE '^[0-9a-f]+ [0-9a-f]+ kernel_curve_[a-z_]+$' /tmp/perf-$process.map; then
  echo "FAILED: /tmp/perf-$process.map holds no kernel"
  failed=1
fi
rm -f /tmp/perf-$process.map
"${run[@]}" &
process=$!
wait $process
[ ! -e /tmp/perf-$process.map ] || { echo "FAILED: a map without CROTON_PERF"; failed=1; }
# A link that lies in wait is replaced, not followed.
echo untouched >victim
cat >linked.sh <<TEXT
ln -s $work/victim /tmp/perf-\$\$.map
exec env CROTON_PERF=1 "$croton" run $work/curve.ctir --dim n=3 --output $work/y.npy
TEXT
bash linked.sh &
process=$!
wait $process
[ "$(cat victim)" = untouched ] || { echo "FAILED: the map followed a link"; failed=1; }
[ -f /tmp/perf-$process.map ] && [ ! -L /tmp/perf-$process.map ] || { echo "FAILED: no map in the link's place"; failed=1; }
rm -f /tmp/perf-$process.map

# ---- lines: another key, the same bits, a file that stays
"${run[@]}"
cp y.npy plain.npy
CROTON_LINES=1 "${run[@]}"
cmp plain.npy y.npy || { echo "FAILED: lines changed the bits"; failed=1; }
emitted=$(ls "$CROTON_CACHE_DIR"/source/curve_*.cpp)
[ "$(wc -w <<<"$emitted")" -eq 1 ] || { echo "FAILED: emitted files: $emitted"; failed=1; }
grep -q 'curve.ctir:5' "$emitted" || { echo "FAILED: $emitted has no line of the program"; failed=1; }
count() { find "$CROTON_CACHE_DIR" -name '*.kernel' | wc -l; }
[ "$(count)" -eq 2 ] || { echo "FAILED: $(count) kernels in the cache instead of one with lines and one without"; failed=1; }
rm "$emitted"
CROTON_LINES=1 CROTON_LOG=cache "${run[@]}" 2>log
grep -q "1 of 1 kernels from the cache" log || { echo "FAILED: lines are compiled anew: $(cat log)"; failed=1; }
[ -e "$emitted" ] || { echo "FAILED: $emitted is not written again"; failed=1; }
for mode in CROTON_CACHE=off CROTON_CACHE_DIR=/proc/none; do
  TMPDIR=$work env CROTON_LINES=1 $mode "${run[@]}" || { echo "FAILED: lines with $mode"; failed=1; }
  ls "$work"/croton-*/source/curve_*.cpp >/dev/null || { echo "FAILED: no emitted file with $mode"; failed=1; }
  rm -rf "$work"/croton-*
done

# ---- a jitdump: names and code, and with lines those of the emitted file, as the debug information has them
jitdump() { # FILE-OF-RESULT VARIABLE=VALUE...: what the dump of a run holds
  rm -rf dumps && mkdir dumps
  JITDUMPDIR=$work/dumps env CROTON_PERF=jitdump "${@:2}" "${run[@]}"
  python3 "$(dirname "$script")/read_jitdump.py" dumps/jit-*.dump >"$1" || { echo "FAILED: the jitdump is not as specified"; failed=1; }
}
jitdump names
grep -qE '^kernel_curve_[a-z_]+ [0-9]+$' names || { echo "FAILED: the jitdump names no kernel: $(cat names)"; failed=1; }
grep -q '^ ' names && { echo "FAILED: lines without CROTON_LINES"; failed=1; }
jitdump lines CROTON_LINES=1
for text in 'out\[i\] = exp(' '(buffers\[0\])'; do
  line=$(grep -n "$text" "$emitted" | head -1 | cut -d: -f1)
  grep -qxF "  $emitted:$line" lines || { echo "FAILED: the jitdump has no line $line ($text)"; head -5 lines; failed=1; }
done
[ "$(grep -c "^  $emitted:" lines)" -eq "$(grep -c '^ ' lines)" ] || { echo "FAILED: lines of other files"; failed=1; }
JITDUMPDIR=/proc/none CROTON_PERF=jitdump CROTON_LOG=jit expect 0 "cannot write /proc/none/jit-" "${run[@]}"

# ---- a debugger
if command -v gdb >/dev/null; then
  line=$(grep -n 'out\[i\] = exp(' "$emitted" | cut -d: -f1)
  cat >commands <<TEXT
set confirm off
set pagination off
set breakpoint pending on
break $(basename "$emitted"):$line
run
backtrace 1
info line
kill
TEXT
  CROTON_LINES=1 gdb -q -nx -batch -x commands --args "${run[@]}" --threads 1 >log 2>&1
  grep -q "^#0 .*kernel_curve_.*$(basename "$emitted"):$line" log || { echo "FAILED: gdb shows no kernel and line:"; tail -20 log; failed=1; }
  # Without lines it knows names.
  name=$(basename "$emitted" | sed 's/-.*//')
  printf 'set confirm off\nset breakpoint pending on\nbreak kernel_%s\nrun\nbacktrace 1\nkill\n' "$name" >commands
  gdb -q -nx -batch -x commands --args "${run[@]}" --threads 1 >log 2>&1
  grep -q "#0 .*kernel_$name" log || { echo "FAILED: gdb shows no kernel:"; tail -20 log; failed=1; }
else
  echo "SKIPPED: gdb is not installed"
fi

# ---- perf's report
if command -v perf >/dev/null && perf record -q -o check.data true 2>/dev/null; then
  CROTON_PERF=1 perf record -q -o perf.data "$croton" run curve.ctir --dim n=1000000 --repeat 100 --output y.npy 2>/dev/null
  perf report -i perf.data --stdio 2>/dev/null | grep -q "kernel_curve_" || { echo "FAILED: perf report names no kernel"; failed=1; }
  (
    mkdir perf && cd perf || exit 1
    CROTON_LINES=1 CROTON_PERF=jitdump perf record -q -k 1 -o perf.data "$croton" run ../curve.ctir --dim n=1000000 --repeat 100 --threads 1 --output y.npy
    perf inject --jit -i perf.data -o jitted.data
    perf report -i jitted.data --stdio -s sym,srcline >report
    perf annotate -i jitted.data --stdio -l "kernel_$(basename "$emitted" | sed 's/-.*//')" >annotated
  ) 2>/dev/null
  grep -q "kernel_curve_.*curve_.*cpp:[0-9]" perf/report || { echo "FAILED: perf report has no lines of kernels"; failed=1; }
  grep -q '(buffers\[0\])' perf/annotated || { echo "FAILED: perf annotate shows no text of kernels"; failed=1; }
else
  echo "SKIPPED: perf is not installed or not allowed here"
fi
exit $failed
