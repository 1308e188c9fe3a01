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

# The nearest word.
expect 1 "unknown command dmup; did you mean \"dump\"?" "$croton" dmup
expect 1 "unknown command whi; did you mean \"why\"?" "$croton" cache whi
expect 1 "dump: unknown option --stge; did you mean \"--stage\"?" "$croton" dump x.ctir --stge cpp
expect 1 "A subcommand is required" "$croton"
expect 1 "source is required" "$croton" dump

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
expect 0 "(made when it is needed)" "$croton" doctor
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
exit $failed
