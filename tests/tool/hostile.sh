#!/usr/bin/env bash
# What a command is given and cannot work with: one line that says what and where, and 1; never a crash, never a wait.
source "$(dirname "$0")/common.sh"
cd "$work" || exit 1
layer=layer.ctir
mkdir folder
: >empty
ln -s loop loop
# Bytes of every kind, the same in every run; a line break in front would move the message's place.
python3 -c 'import random, sys; random.seed(1); sys.stdout.buffer.write(b"\x7f" + random.randbytes(2999))' >garbage
truncate -s 5G sparse
printf 'ctir 2\n' >newer.ctir
long=$(printf 'a%.0s' {1..4000})
printf '{"id": 1, "program": "layer.ctir"}\n' >case.jsonl

# refused PATTERN COMMAND...: within ten seconds, 1 and one line with the pattern.
refused() {
  local pattern=$1 output status
  shift
  output=$(timeout 10 "$croton" "$@" 2>&1 >/dev/null </dev/null)
  status=$?
  [ $status -eq 1 ] && [ "$(wc -l <<<"$output")" -eq 1 ] && grep -qF -- "$pattern" <<<"$output" ||
    { echo "FAILED: croton $(cut -c1-100 <<<"$*") gave $status, wanted \"$pattern\": $(head -3 <<<"$output" | cut -c1-200)"; failed=1; }
}

# ---- inputs: for every command that takes a module
while IFS='|' read -r command; do
  # shellcheck disable=SC2086
  set -- $command
  refused "empty:1:1: a module begins with 'ctir 1'" "$@" empty
  refused "garbage:1:1: a module begins with 'ctir 1'" "$@" garbage
  refused "sparse:1:1: a module begins with 'ctir 1'" "$@" sparse
  refused "/dev/zero:1:1: a module begins with 'ctir 1'" "$@" /dev/zero
  refused "newer.ctir:1:6: the text has version 2" "$@" newer.ctir
  refused "cannot read loop: Too many levels of symbolic links" "$@" loop
  refused "cannot read $long: File name too long" "$@" "$long"
  refused "none.ctir: " "$@" none.ctir
  refused "standard input:1:1: a module begins with 'ctir 1'" "$@" -
done <<TEXT
opt
dump
run --dim n=3
bench --dim n=3
cache why
aot -o written
TEXT
for file in empty garbage; do refused "there is no program ./$file" precompile -o kernels ./$file; done
refused "cannot read none.ctir" precompile -o kernels none.ctir
refused "sparse: it is no .npy file" run $layer --input x=sparse
refused "/dev/zero: it is no .npy file" run $layer --input x=/dev/zero
cp sparse sparse.npz 2>/dev/null || truncate -s 5G sparse.npz
refused "sparse.npz: it is no .npz archive" run $layer --input x=sparse.npz
refused "cannot read loop: Too many levels of symbolic links" run --cases loop
refused "cannot read none.jsonl: No such file or directory" run --cases none.jsonl
refused "cannot read folder: Is a directory" run --cases folder
timeout 60 "$croton" run --cases /dev/zero >answers 2>/dev/null
[ $? -eq 1 ] && grep -q "longer than 256 MiB; nothing after it is read" answers || { echo "FAILED: an endless case: $(head -c 300 answers)"; failed=1; }
yes | timeout 10 "$croton" opt - >log 2>&1
[ "${PIPESTATUS[1]}" -eq 1 ] || { echo "FAILED: an endless text: $(head -3 log)"; failed=1; }
# A module may come through a pipe.
expect 0 "layer: 1 kernel" "$croton" dump <(cat $layer)
expect 0 "module @layer" "$croton" opt <(printf '// by hand\n\n  '; cat $layer)

# ---- outputs
for place in folder:"Is a directory" loop:"Too many levels" none/x:"No such file" /dev/full:"No space left" "$long:File name too long"; do
  refused "cannot write ${place%%:*}: ${place#*:}" dump $layer -o "${place%%:*}"
  refused "cannot write ${place%%:*}: ${place#*:}" run $layer --dim n=3 --output "${place%%:*}"
done
refused "cannot write empty: Not a directory" aot $layer -o empty
refused "cannot write empty: Not a directory" precompile $layer -o empty
refused "cannot write into loop" cache export loop
# No room: nothing of what was there is lost, nothing half written stays.
echo before >kept
(ulimit -f 0 && refused "cannot write kept: File too large" dump $layer --stage cpp -o kept && exit $failed) || failed=1
[ "$(cat kept)" = before ] || { echo "FAILED: a file that could not be written is lost"; failed=1; }
(ulimit -f 0 && refused "layer cannot be kept in full: File too large" precompile $layer -o full && exit $failed) || failed=1
(ulimit -f 0 && refused "cannot write into full: File too large" precompile -o full -- true && exit $failed) || failed=1
(ulimit -f 0 && refused "cannot write written/croton_aot.h: File too large" aot $layer -o written && exit $failed) || failed=1
[ ! -e written ] || { echo "FAILED: aot leaves $(ls -A written)"; failed=1; }
[ -z "$(find . -name '*.part' -o -name '.croton-*')" ] || { echo "FAILED: left behind: $(find . -name '*.part' -o -name '.croton-*')"; failed=1; }
# A link stays, and so do the rights of what is replaced.
ln -s kept link
chmod 640 kept
"$croton" dump $layer -o link
[ -L link ] && grep -q "1 kernel" kept && [ "$(stat -c %a kept)" = 640 ] || { echo "FAILED: a link or a mode is lost"; failed=1; }

# ---- standard streams: full, closed
for command in --help --version "opt --help" ops "completion bash" "cache path"; do
  # shellcheck disable=SC2086
  "$croton" $command >/dev/full 2>log && { echo "FAILED: croton $command writes to a full disk"; failed=1; }
  grep -q "croton: standard output cannot be written" log || { echo "FAILED: $command: $(cat log)"; failed=1; }
  # shellcheck disable=SC2086
  "$croton" $command >&- 2>log && { echo "FAILED: croton $command writes to nothing"; failed=1; }
done
"$croton" opt - <&- 2>log
grep -q "cannot read standard input: Bad file descriptor" log || { echo "FAILED: a closed input: $(cat log)"; failed=1; }
# What is opened later does not stand in for a closed stream.
"$croton" run $layer --dim n=3 --output h.npy <&- >&- 2>&-
"$croton" run $layer --dim n=3 --output again.npy
cmp h.npy again.npy || { echo "FAILED: a run without streams"; failed=1; }
timeout 20 "$croton" run --cases case.jsonl <&- >&- 2>&-
[ $? -eq 1 ] || { echo "FAILED: cases without streams"; failed=1; }

# ---- names: what steers a terminal is shown, what a shell takes apart is quoted
expect 1 'unknown command a\x1b[31m' "$croton" $'a\x1b[31m'
mkdir "a folder"
CROTON_CACHE_DIR="$work/a folder" "$croton" run $layer --dim n=3 --output h.npy
expect 0 "CROTON_CACHE_PATH='b folder'" env CROTON_CACHE_DIR="$work/a folder" "$croton" cache export "b folder"
chmod 777 "a folder"
expect 1 "chmod go-w '$work/a folder'" env CROTON_CACHE_DIR="$work/a folder" "$croton" doctor

# ---- options
refused "layer has no dim m" run $layer --dim m=3
refused "layer has no dim m" bench $layer --dim n=3 --dim m=3
refused "layer has no dim m" dump $layer --dim m=3
refused "--dims n=: there is no extent" precompile $layer -o kernels --dims n=
refused "99999999999999999999 is no extent" precompile $layer -o kernels --dims n=99999999999999999999
# An option takes one value: what follows is the file.
expect 0 "[" "$croton" run --dim n=3 $layer
TMPDIR=/no/such refused "cannot make /no/such/croton-cold-" run $layer --dim n=3 --cache cold
exit $failed
