#!/usr/bin/env bash
# Every command's --help, completion, the generated pages, misspelt words, colour, doctor.
#   tests/tool/words.sh PATH-OF-CROTON SOURCE-FOLDER
source "$(dirname "$0")/common.sh"
root=$2

# Every command has an example.
"$croton" completion bash | sed -n 's/^ *"\(croton [a-z ]*\)") words=.*/\1/p' >"$work/commands"
[ "$(wc -l <"$work/commands")" -ge 15 ] || { echo "FAILED: few commands"; cat "$work/commands"; failed=1; }
while read -r _ rest; do
  # shellcheck disable=SC2086
  expect 0 "Example: " "$croton" $rest --help
done <"$work/commands"

# The pages are what the program says of itself.
for page in README.md:reference "coming-from-theano.md:reference --theano"; do
  # shellcheck disable=SC2086
  "$croton" ${page#*:} | cmp - "$root/tools/croton/${page%%:*}" ||
    { echo "FAILED: tools/croton/${page%%:*} is stale: croton ${page#*:} > tools/croton/${page%%:*}"; failed=1; }
done
# What the page calls a function of ours stands in a header or in the registry.
"$croton" reference --theano | sed -n 's/^| `[^|]*` | `\([a-z_]*\)` |.*/\1/p' | sort -u >"$work/ours"
[ "$(wc -l <"$work/ours")" -ge 50 ] || { echo "FAILED: few names"; failed=1; }
"$croton" ops | awk '{print $1}' >"$work/registry"
while read -r name; do
  grep -qx "$name" "$work/registry" || grep -qw "$name" "$root"/frontend/croton/*.hpp ||
    { echo "FAILED: $name is neither in the registry nor in a header"; failed=1; }
done <"$work/ours"
expect 0 "tensor.switch → where: " "$croton" ops --theano T.switch
expect 1 "is not in the table; did you mean" "$croton" ops --theano tensor.swich

# Completion, as the shell asks for it.
complete_bash() { # words...: what is offered for the last
  bash --norc -c 'eval "$("$1" completion bash)"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _croton; echo "${COMPREPLY[*]}"' _ "$croton" "$@"
}
expect 0 "dump" complete_bash croton du
expect 0 "why" complete_bash croton cache w
expect 0 "--stage" complete_bash croton dump --st
expect 0 "canonicalize" complete_bash croton dump --stage cano
expect 0 "x86-64-v3" complete_bash croton dump --target x86
[ "$(complete_bash croton dump --delet)" = "" ] || { echo "FAILED: an option of another command"; failed=1; }
expect 0 "#compdef croton" "$croton" completion zsh
expect 0 "__fish_seen_subcommand_from cache; and __fish_seen_subcommand_from why' -l math" "$croton" completion fish
for shell in zsh fish; do
  command -v $shell >/dev/null || { echo "SKIPPED: no $shell"; continue; }
  "$croton" completion $shell >"$work/completion" && $shell -n "$work/completion" || { echo "FAILED: $shell"; failed=1; }
done
expect 1 "tcsh not in" "$croton" completion tcsh

expect 0 "static" complete_bash croton aot --emit st
expect 0 "llvm" complete_bash croton opt --emit ll
[ "$(complete_bash croton opt --emit st)" = "" ] || { echo "FAILED: a word of another command's option"; failed=1; }
expect 0 "cold" complete_bash croton run --cache co
expect 0 "fuse" complete_bash croton bench --passes fu
if command -v fish >/dev/null; then
  complete_fish() { PATH=$(dirname "$croton"):$PATH fish --no-config -c 'croton completion fish | source; complete -C $argv[1]' "$1"; }
  expect 0 "why" complete_fish "croton cache w"
  expect 0 "x86-64-v3" complete_fish "croton dump --target x86"
  expect 0 "static" complete_fish "croton aot --emit st"
fi
if command -v zsh >/dev/null; then
  # The functions that take what is offered stand in for those of the completion system.
  complete_zsh() { # words...: what is offered for the last
    zsh -f -c 'compdef() { : } ; _files() { : } ; _describe() { print -l -- ${(P)2} }
      source =("$1" completion zsh); shift; words=("$@"); CURRENT=$#; _croton' _ "$croton" "$@"
  }
  expect 0 "why:why a function was compiled anew" complete_zsh croton cache ""
  expect 0 "canonicalize" complete_zsh croton dump --stage ""
  expect 0 "static" complete_zsh croton aot --emit ""
fi

# --json: one document on standard output, of what was done or of what went wrong, and the same exit code.
cp "$work/layer.ctir" "$work/module.ctir"
"$croton" run "$work/layer.ctir" --dim n=3 --output "$work/h.npy"
printf '{"id": 1, "program": "module.ctir"}\n' >"$work/case.jsonl"
while IFS='|' read -r code kind command; do
  # shellcheck disable=SC2086
  (cd "$work" && "$croton" $command --json) >"$work/document" 2>"$work/log"
  status=$?
  python3 -c '
import json, sys
document = json.load(open(sys.argv[1]))
error = document.get("error") if isinstance(document, dict) else None
assert (error["kind"] if error else "") == sys.argv[2], error
assert not error or error["message"] in open(sys.argv[3]).read()' "$work/document" "$kind" "$work/log" &&
    [ $status -eq "$code" ] || { echo "FAILED: croton $command --json gave $status: $(head -c 300 "$work/document" "$work/log")"; failed=1; }
done <<TEXT
0||opt layer.ctir
0||opt layer.ctir --emit cpp
0||opt layer.ctir --dot
0||opt --passes
0||opt --rules
0||dump layer.ctir
0||dump layer --stage asm
0||dump layer.ctir --stage all
0||dump layer.ctir --diff graph fuse
0||dump layer.ctir --dot graph
0||run layer.ctir --dim n=3 --check
0||bench layer.ctir --dim n=3 --repeat 2
0||cache path
0||cache ls
0||cache stats
0||cache why layer
0||cache verify
0||cache prune
0||cache export exported
0||aot layer.ctir -o written
0||precompile layer.ctir -o kernels
0||ops
0||ops tanh
0||ops --theano switch
0||cache clear
1||run --cases case.jsonl
1|user|opt none.ctir
1|user|opt layer.ctir --run fusse
1|user|opt layer.ctir --stge x
1|user|dump none
1|user|dump layer.ctir --html
1|user|run layer.ctir
1|user|run --cases none.jsonl
1|user|bench none.ctir
1|user|cache why none
1|user|cache export module.ctir/exported
1|user|cache clear --all
1|user|aot none.ctir -o written
1|user|precompile none.ctir -o kernels
1|user|ops tanj
1|user|ops --theano tensor.swich
TEXT
CROTON_CACHE=off CROTON_COMPILER=/nowhere "$croton" run "$work/layer.ctir" --dim n=3 --json >"$work/document" 2>/dev/null
[ $? -eq 2 ] && grep -q '"kind": "backend"' "$work/document" || { echo "FAILED: a missing compiler as JSON"; failed=1; }

expect 0 "\"program\": \"true\"" "$croton" precompile --json -o "$work/kernels" -- true

# The nearest word.
expect 1 "unknown command dmup; did you mean \"dump\"?" "$croton" dmup
expect 1 "unknown command whi; did you mean \"why\"?" "$croton" cache whi
expect 1 "dump: unknown option --stge; did you mean \"--stage\"?" "$croton" dump x.ctir --stge cpp
expect 1 "A subcommand is required" "$croton"
expect 1 "source is required" "$croton" dump

# One line, and 1, for what cannot be.
one_line() { # PATTERN ARGUMENT...
  local pattern=$1 output status
  shift
  output=$("$croton" "$@" 2>&1)
  status=$?
  [ $status -eq 1 ] && [ "$(wc -l <<<"$output")" -eq 1 ] && grep -qF -- "$pattern" <<<"$output" ||
    { echo "FAILED: croton $* gave $status, wanted one line with \"$pattern\": $output"; failed=1; }
}
one_line "run: Could not convert: --repeat = x; see croton run --help" run "$work/layer.ctir" --repeat x
one_line "cannot read $work: Is a directory" opt "$work"
one_line "cannot read $work: Is a directory" run "$work"
one_line "--jobs -1: a whole number, at least 1" run --cases "$work/layer.ctir" --jobs -1
one_line "--jobs 0: a whole number, at least 1" run --cases "$work/layer.ctir" --jobs 0
one_line "--timeout -1: seconds, above 0" run --cases "$work/layer.ctir" --timeout -1
one_line "--timeout -1: seconds, above 0" run "$work/layer.ctir" --timeout -1
for command in run bench; do
  one_line "--threads -3: a whole number, at least 1" $command "$work/layer.ctir" --threads -3
  one_line "--repeat 0: a whole number, at least 1" $command "$work/layer.ctir" --repeat 0
  one_line "unknown pass cano; did you mean \"canonicalize\"?" $command "$work/layer.ctir" --dim n=3 --passes cano
done
one_line "has no stage KERNELS; did you mean \"kernels\"?" dump "$work/layer.ctir" --stage KERNELS
one_line "has no stage canon; did you mean \"canonicalize\"?" dump "$work/layer.ctir" --stage canon

# Progress, on a terminal alone and after two seconds; then it is gone.
cat >"$work/slow" <<'TEXT'
#!/bin/sh
sleep 3
TEXT
chmod +x "$work/slow"
python3 - "$work" <<'PY'
import json, sys
work = sys.argv[1]
def chain(nodes):
    ops = ["sin", "exp", "tanh"]
    lines = ["ctir 1", "module @chain : tensor {", '  %x = input {name = "x"} : f64[n]']
    lines += [f"  %v{i} = {ops[i % 3]}({'%x' if i == 0 else f'%v{i - 1}'})" for i in range(nodes)]
    return "\n".join(lines + ["  input %x", f"  output %v{nodes - 1}", "}"]) + "\n"
for i in range(4):  # each more work than the one before
    open(work + f"/chain{i}.ctir", "w").write(chain(300 * 3**i))
    open(work + f"/huge{i}.ctir", "w").write(chain(30000 * 3**i))
    with open(work + f"/cases{i}.jsonl", "w") as file:
        for k in range(4 * 3**i):
            file.write(json.dumps({"id": k, "program": chain(300 + k), "inputs": "two.npz"}) + "\n")
PY
printf '\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0' | write_npz "$work/two.npz" x '<f8' '(2,)'
python3 - "$croton" "$work" <<'PY' || failed=1
import os, pty, subprocess, sys, time
croton, work = sys.argv[1:]
failed = 0
def run(command, terminal):
    """The seconds of a run, and its standard error."""
    start = time.time()
    environment = dict(os.environ, CROTON_CACHE="off")
    if not terminal:
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment).stderr.decode(), 0
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs, env=environment)
    os.close(theirs)
    text = b""
    while True:
        try:
            some = os.read(ours, 4096)
        except OSError:
            some = b""
        if not some:
            break
        text += some
    process.wait()
    return text.decode(), time.time() - start
commands = [
    ("] 0 of 1\x1b[K", lambda i: ["precompile", "-o", work + "/precompiled", "--", work + "/slow"]),
    ("running chain [", lambda i: ["run", work + "/chain0.ctir", "--dim", "n=100000", "--repeat", str(60 * 3**i), "--output", work + "/y.npy"]),
    ("timing ", lambda i: ["bench", work + "/chain0.ctir", "--dim", "n=20000", "--repeat", str(150 * 3**i)]),
    ("dump ", lambda i: ["dump", work + f"/chain{i}.ctir", "--stage", "all", "-o", work + "/all"]),
    ("opt ", lambda i: ["opt", work + f"/huge{i}.ctir", "--run", "all", "-o", work + "/all"]),
    ("writing ", lambda i: ["aot", work + f"/chain{i}.ctir", "-o", work + "/aot", "--target", "x86-64-v2,x86-64-v3,x86-64-v4"]),
    (" cases, ", lambda i: ["run", "--jobs", "1", "--cases", work + f"/cases{i}.jsonl"]),
]
for wanted, command in commands:
    for i in range(4):  # until it takes so long that its progress must show
        arguments = command(i)
        text, spent = run([croton] + arguments, True)
        if spent >= 2.5:
            break
    if spent < 2.5 or wanted not in text or "\r\x1b[K" not in text:
        print(f"FAILED: no progress of {arguments[0]} in {spent:.1f} s, or it stays: {text[-200:]!r}")
        failed = 1
    if arguments[0] in ("precompile", "opt") and "\r" in run([croton] + arguments, False)[0]:
        print(f"FAILED: progress of {arguments[0]} where there is no terminal")
        failed = 1
sys.exit(failed)
PY

# Colour on a terminal alone, and not with NO_COLOR.
python3 - "$croton" "$work/layer.ctir" <<'PY' || failed=1
import os, pty, subprocess, sys
croton, layer = sys.argv[1:]
def on_terminal(**extra):
    env = {**os.environ, "TERM": "xterm", **extra}
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(croton, [croton, "dump", layer, "--stage", "all"], env)
    out = b""
    try:
        while chunk := os.read(fd, 65536):
            out += chunk
    except OSError:
        pass
    os.waitpid(pid, 0)
    return out
plain = {k: "" for k in ("NO_COLOR",)}
assert b"\x1b[1m== graph" in on_terminal(**plain)
assert b"\x1b[" not in on_terminal(NO_COLOR="1")
assert b"== graph" in on_terminal(NO_COLOR="1")
assert b"\x1b[" not in subprocess.check_output([croton, "dump", layer, "--stage", "all"])
PY

# The doctor: what is there, and what mends the rest.
expect 0 "ok       compiler" "$croton" doctor
expect 0 "kernels are made for x86-64-v" "$croton" doctor
CROTON_CACHE_DIR=$work/fresh expect 0 "(made when it is needed)" "$croton" doctor
CROTON_NVRTC=/nowhere expect 0 "apt-get install nvidia-cuda-toolkit" "$croton" doctor
CROTON_COMPILER=/nowhere expect 1 "export CROTON_COMPILER=" "$croton" doctor
CROTON_CACHE=off expect 1 "unset CROTON_CACHE" "$croton" doctor
CROTON_CACHEDIR=/tmp expect 1 "no switch of croton; did you mean \"CROTON_CACHE_DIR\"?" "$croton" doctor
mkdir -m 777 "$work/open"
CROTON_CACHE_DIR=$work/open expect 1 "chmod go-w $work/open" "$croton" doctor
: >"$work/file"
CROTON_CACHE_DIR=$work/file expect 1 "is no directory" "$croton" doctor
CROTON_CACHE_DIR=/proc/none expect 1 "export CROTON_CACHE_DIR=" "$croton" doctor
expect 0 "\"good\": true" "$croton" doctor --json
mkdir -p "$work/damaged/ab" && chmod -R go-w "$work/damaged" && echo nothing >"$work/damaged/ab/ab.request"
CROTON_CACHE_PATH=$work/none expect 1 "$work/none of CROTON_CACHE_PATH is no directory" "$croton" doctor

# A value that a switch cannot have is said by the doctor, and once by whatever reads it.
cat >"$work/values" <<'TEXT'
CROTON_BISECT few|a whole number, 0 or more
CROTON_BISECT -1|a whole number, 0 or more
CROTON_CACHE of|off, ro or rw
CROTON_CACHE_MAX 3X|bytes, such as 4096, 200M or 1G
CROTON_LINES maybe|1, on, yes, true, 0, off, no or false
CROTON_LOG cash|cache, pass, jit or all, separated by commas
CROTON_PERF map|jitdump, 1, on, yes, true, 0, off, no or false
CROTON_THREADS 0|a whole number from 1 to 4096
CROTON_THREADS 2x|a whole number from 1 to 4096
CROTON_VERIFY 2|1, on, yes, true, 0, off, no or false
CROTON_CPU v3|x86-64-v2, x86-64-v3 or x86-64-v4
CROTON_MATH quick|strict, standard or fast
TEXT
while IFS='|' read -r setting allowed; do
  name=${setting%% *} value=${setting#* }
  expect 1 "problem  $name" env "$name=$value" "$croton" doctor
  expect 1 "$name=$value: it may be $allowed" env "$name=$value" "$croton" doctor
  case $name in
  CROTON_CPU) expect 1 "croton: $name=$value: it may be $allowed" env "$name=$value" "$croton" run "$work/layer.ctir" --dim n=3 ;;
  CROTON_MATH) ;; # the program has --math; examples read the switch
  *)
    expect 0 "croton: $name=$value: it may be $allowed; the value is ignored" \
      env CROTON_CACHE_DIR="$work/values-cache" "$name=$value" "$croton" run "$work/layer.ctir" --dim n=3
    [ "$(env "$name=$value" "$croton" run "$work/layer.ctir" --dim n=3 2>&1 | grep -c "$name")" -eq 1 ] ||
      { echo "FAILED: $name=$value is not said once"; failed=1; }
    ;;
  esac
done <"$work/values"
for value in 1 on yes true 0 off no false; do
  [ -z "$(CROTON_VERIFY=$value "$croton" run "$work/layer.ctir" --dim n=1 --output "$work/h.npy" 2>&1)" ] ||
    { echo "FAILED: CROTON_VERIFY=$value is refused"; failed=1; }
done
exit $failed
