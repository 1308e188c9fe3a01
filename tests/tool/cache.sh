#!/usr/bin/env bash
# croton cache: what is kept, why something was compiled anew, keeping it in order.
source "$(dirname "$0")/common.sh"
cache=$CROTON_CACHE_DIR
layer=$work/layer.ctir

expect 0 "$cache" "$croton" cache path
expect 0 "\"mode\": \"ro\"" env CROTON_CACHE=ro "$croton" cache path --json
expect 1 "kept in memory only" env -u CROTON_CACHE_DIR -u HOME -u XDG_CACHE_HOME "$croton" cache path
expect 0 "0 entries, 0 bad" "$croton" cache verify
expect 0 "note: the cache has no such entries" "$croton" cache ls
"$croton" run "$layer" --dim n=3 --output "$work/y.npy" || failed=1
expect 0 "request  layer" "$croton" cache ls
expect 0 "kernel   layer_contract" "$croton" cache ls --kind all
expect 0 "\"name\": \"layer\"" "$croton" cache ls --json
expect 0 "request       1 entries" "$croton" cache stats
expect 1 "--kind: requests not in" "$croton" cache ls --kind requests

# why: each kind of change, named in the user's words with its line.
expect 0 "layer: in the cache as" "$croton" cache why "$layer"
constant() {
  cat <<TEXT
ctir 1
module @step : tensor {
  %x = input {name = "x"} : f64[n]
  %0 = constant {value = f64 $1, shape = [n]} : f64[n]
  %1 = mul(%x, %0)
  input %x
  output %1
}
TEXT
}
constant 0x1p-1 >"$work/a.ctir"
constant 0x1p-2 >"$work/b.ctir"
"$croton" run "$work/a.ctir" --dim n=3 --output "$work/y.npy" || failed=1
expect 0 "step: not in the cache" "$croton" cache why "$work/b.ctir"
expect 0 "constant: 0.5 there, 0.25 here  ($work/b.ctir:4)" "$croton" cache why "$work/b.ctir"
expect 0 "instruction set: " "$croton" cache why "$work/a.ctir" --target x86-64-v2
expect 0 "math: standard there, strict here" "$croton" cache why "$work/a.ctir" --math strict
CROTON_BISECT=3 expect 0 "CROTON_BISECT: -1 there, 3 here" "$croton" cache why "$work/a.ctir"
sed 's/f64\[n\]/f64[7]/g; s/\[n\]/[7]/g' "$work/a.ctir" >"$work/c.ctir"
expect 0 "input x: f64[n] there, f64[7] here  ($work/c.ctir:3)" "$croton" cache why "$work/c.ctir"
sed 's/mul(%x/add(%x/' "$work/a.ctir" >"$work/d.ctir"
expect 0 "operation: %1 = mul(%x, %0)" "$croton" cache why "$work/d.ctir"
CROTON_CACHE=off expect 0 "the cache is off" "$croton" cache why "$work/a.ctir"
# What is like nothing there is explained by nothing there, whatever its name.
sed 's/@step/@main/; s/mul(%x, %0)/tanh(%x)/; s/\[n\]/[n, 3]/g' "$work/a.ctir" >"$work/e.ctir"
expect 0 "nothing else in the cache is like it" "$croton" cache why "$work/e.ctir"

# By name, in a process that never saw the program: the last one that compiled it left a note.
"$croton" run "$work/b.ctir" --dim n=3 --output "$work/y.npy" || failed=1
expect 0 "it was compiled for $(realpath "$croton")" "$croton" cache why step
expect 0 "constant: 0.5 there, 0.25 here  ($work/b.ctir:4)" "$croton" cache why step
python3 - "$croton" <<'PY' || failed=1
import json, subprocess, sys
w = json.loads(subprocess.check_output([sys.argv[1], "cache", "why", "step", "--json"]))
assert w["hit"] and w["nearest_function"] == "step", w
assert [(c["what"], c["there"], c["here"]) for c in w["changes"]] == [("constant", "0.5", "0.25")], w
PY
expect 1 "stop is no file and no function in the cache $cache; did you mean \"step\"?" "$croton" cache why stop

# Another build of croton: its key differs in one line, so an entry with that line stands for it.
python3 - "$cache" <<'PY' || failed=1
# The form of an entry, written from its description in the runtime's README: magic, hash, texts with their lengths.
import pathlib, struct, sys
def mixed(x):
    x = ((x ^ (x >> 30)) * 0xbf58476d1ce4e5b9) % 2**64
    x = ((x ^ (x >> 27)) * 0x94d049bb133111eb) % 2**64
    return x ^ (x >> 31)
def digest(data):
    a, b = 0xcbf29ce484222325, 0x84222325cbf29ce4
    for c in data:
        a = ((a ^ c) * 0x100000001b3) % 2**64
        b = ((b ^ c ^ (a >> 56)) * 0x100000001b3) % 2**64
    return f"{mixed(a ^ len(data)):016x}{mixed((b + a) % 2**64):016x}"
root = pathlib.Path(sys.argv[1])
path = [p for p in root.glob("*/*.request") if b"module @layer" in p.read_bytes()][0]
data = path.read_bytes()
magic = b"CROTON-CACHE-1\n"
assert data.startswith(magic)
body = data[len(magic) + 32:]
assert digest(body).encode() == data[len(magic):len(magic) + 32]
size = struct.unpack("<Q", body[:8])[0]
key, rest = body[8:8 + size], body[8 + size:]
lines = key.split(b"\n")
lines[1] = b"library croton 0.0.9 build cafe"
key = b"\n".join(lines)
body = struct.pack("<Q", len(key)) + key + rest
name = digest(key)
path.unlink()
target = root / name[:2] / (name + ".request")
target.parent.mkdir(mode=0o700, exist_ok=True)
target.write_bytes(magic + digest(body).encode() + body)
target.chmod(0o600)
PY
expect 0 "build of croton: croton 0.0.9 build cafe there" "$croton" cache why "$layer"
expect 0 "made by another build of croton (croton 0.0.9 build cafe)" "$croton" dump layer --stage plan
expect 0 "0 bad" "$croton" cache verify

# Export, and use as a read-only layer.
expect 0 "1 function" "$croton" cache export "$work/layers" layer
expect 0 "layer" env CROTON_CACHE_DIR="$work/other" CROTON_CACHE_PATH="$work/layers" "$croton" cache ls
"$croton" cache export "$work/steps" >/dev/null || failed=1
CROTON_CACHE_DIR=$work/other CROTON_CACHE_PATH=$work/steps CROTON_LOG=cache \
  expect 0 "step: request hit" "$croton" run "$work/b.ctir" --dim n=3
expect 1 "cannot write into /proc/none" "$croton" cache export /proc/none

# Damage: named, and removed on request.
victim=$(ls "$cache"/*/*.kernel | head -1)
printf 'x' | dd of="$victim" bs=1 seek=300 conv=notrunc status=none
expect 1 "$victim: its checksum does not hold" "$croton" cache verify
expect 0 "1 bad, 1 removed" "$croton" cache verify --delete
expect 0 "0 bad" "$croton" cache verify
chmod 666 "$(ls "$cache"/*/*.kernel | head -1)"
expect 1 "writable by nobody else" "$croton" cache verify
: >"$cache/$(ls "$cache" | head -1)/deadbeefdeadbeefdeadbeefdeadbeef.request"
expect 1 "it does not begin as an entry" "$croton" cache verify --json
expect 0 "1 entry removed" "$croton" cache prune
expect 0 "1 entry removed" "$croton" cache prune --other-builds
touch -d "40 days ago" "$(ls "$cache"/*/*.request | head -1)"
expect 0 "1 entry removed" "$croton" cache prune --unused-for 30
expect 1 "--max" "$croton" cache prune --max lots
# How many a bound leaves depends on which were used last; with those that are cleared then they are all.
entries() { find "$cache" -mindepth 2 -type f ! -path "*/source/*" | wc -l; }
removed() { # ARGUMENT...: how many entries the command says it removed, of which there are some
  local output
  output=$("$croton" cache "$@") && grep -qE '^(1 entry|([2-9]|[1-9][0-9]+) entries) removed, ' <<<"$output" ||
    { echo "FAILED: cache $*: $output" >&2; return 1; }
  echo "${output%% *}"
}
before=$(entries)
bytes=$(($(find "$cache" -mindepth 2 -type f ! -path "*/source/*" -printf '%s\n' | paste -sd+)))
pruned=$(removed prune --max $((bytes - 1))) || failed=1
echo keep >"$cache/notes.txt"
cleared=$(removed clear) || failed=1
[ $((pruned + cleared)) -eq "$before" ] && [ "$(entries)" -eq 0 ] ||
  { echo "FAILED: of $before entries $pruned were pruned and $cleared cleared, $(entries) are left"; failed=1; }
[ "$(ls "$cache")" = notes.txt ] || { echo "FAILED: clear leaves or takes what it should not"; failed=1; }
expect 1 "no function in the cache $cache; it holds no functions" "$croton" cache why layer
expect 1 "layer is no file, and there is no cache: none of" env -u CROTON_CACHE_DIR -u HOME -u XDG_CACHE_HOME "$croton" cache why layer
# What can be no cache.
for command in path stats clear prune; do
  expect 1 "the cache $layer is no directory" env CROTON_CACHE_DIR="$layer" "$croton" cache $command
done
expect 1 "cannot write into $layer/exported: Not a directory" "$croton" cache export "$layer/exported"
# Commands that keep it in order, and programs that fill it, at once: nobody fails.
for k in 0 1 2 3; do sed "s/@layer/@layer$k/; s/tanh/$(cut -d' ' -f$((k + 1)) <<<"tanh exp sin cos")/" "$layer" >"$work/layer$k.ctir"; done
several() { # TIMES COMMAND...
  local times=$1
  shift
  for _ in $(seq "$times"); do "$@" >/dev/null 2>"$work/log-$BASHPID" || { echo "FAILED: $*: $(cat "$work/log-$BASHPID")"; touch "$work/failed"; }; done
}
for k in 0 1 2 3; do several 12 "$croton" run "$work/layer$k.ctir" --dim n=3 & done
several 100 "$croton" cache clear &
several 100 "$croton" cache clear &
several 100 "$croton" cache verify --delete &
several 100 "$croton" cache prune --max 50K &
several 100 "$croton" cache export "$work/exported" &
several 100 "$croton" cache ls &
several 30 "$croton" doctor &
wait
[ ! -e "$work/failed" ] || failed=1
[ -z "$(find "$cache" -name '*.part')" ] || { echo "FAILED: files that were being written are left"; failed=1; }
exit $failed
