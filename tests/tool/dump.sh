#!/usr/bin/env bash
# croton dump: every stage of a file, a dump and an entry of the cache; what it refuses.
source "$(dirname "$0")/common.sh"
layer=$work/layer.ctir

for stage in graph canonicalize canonicalize-2 form-fma fuse lower; do
  expect 0 "module @layer : " "$croton" dump "$layer" --stage $stage
done
expect 0 "launch  layer_contract" "$croton" dump "$layer" --stage plan
expect 0 "extern \"C\" void kernel_layer_contract" "$croton" dump "$layer" --stage cpp
expect 0 "__global__ void kernel_layer_contract" "$croton" dump "$layer" --stage cuda
# The C++ compiles by itself, of a file with several kernels, of a dump and of the cache.
sed 's/@layer/@several/; s/output %h/%s = sum(%h) {axes = [0]}\n  output %h, %s/' "$layer" >"$work/several.ctir"
CROTON_DUMP=$work/several "$croton" run "$work/several.ctir" --dim n=3 --output "$work/s.npz" || failed=1
"$croton" dump "$work/several.ctir" --stage cpp >"$work/file.cpp"
"$croton" dump several --stage cpp >"$work/entry.cpp"
"$croton" dump "$work/several" --stage cpp >"$work/dump.cpp"
"$croton" opt "$work/several.ctir" --emit cpp >"$work/opt.cpp"
cmp "$work/dump.cpp" "$work/several/several-0/kernels.cpp" || failed=1
[ "$(grep -c '^extern "C" void kernel_' "$work/file.cpp")" -ge 2 ] || { echo "FAILED: several.ctir has one kernel"; failed=1; }
# As of an entry that another build of croton wrote: whole texts, each with its own prelude.
cp -r "$work/several/several-0" "$work/foreign"
python3 - "$work/foreign/description.json" <<'PY' || failed=1
import json, sys
d = json.load(open(sys.argv[1]))
for kernel in d["kernels"]:
    kernel["cpp_commented"] = kernel["cpp"]
json.dump(d, open(sys.argv[1], "w"))
PY
"$croton" dump "$work/foreign" --stage cpp >"$work/foreign.cpp"
[ "$(grep -c '^namespace of_several_' "$work/foreign.cpp")" -ge 2 ] || { echo "FAILED: no text of its own"; failed=1; }
for compiler in g++ clang++-14 clang++-19; do
  command -v $compiler >/dev/null || { echo "SKIPPED: no $compiler"; continue; }
  for text in file entry dump opt foreign; do
    $compiler -std=c++20 -march=x86-64-v4 -Wall -Wextra -Werror -fsyntax-only "$work/$text.cpp" ||
      { echo "FAILED: $compiler refuses the C++ of $text"; failed=1; }
  done
done
rm -r "$CROTON_CACHE_DIR"
expect 0 "define " "$croton" dump "$layer" --stage llvm
expect 0 "retq" "$croton" dump "$layer" --stage asm
expect 0 "@layer_contract: " "$croton" dump "$layer" --stage remarks
expect 0 "== memory" "$croton" dump "$layer" --stage all
expect 0 "+  group @layer_contract product" "$croton" dump "$layer" --diff lay-out fuse
expect 0 "\"%x\" -> \"%0\"" "$croton" dump "$layer" --dot graph
expect 0 "digraph \"layer\"" "$croton" dump - --dot graph <"$layer"
if command -v dot >/dev/null; then
  "$croton" dump "$layer" --dot graph | dot -Tsvg >"$work/graph.svg" || failed=1
  grep -q "</svg>" "$work/graph.svg" || { echo "FAILED: Graphviz drew nothing"; failed=1; }
fi

# What NumPy or a pocket calculator says of x @ W for n = 7: 2*7*30*20 and tanh's cost, 4*7*30 + 4*30*20 bytes.
expect 0 "120*n + 2400 = 3240 bytes read, 80*n = 560 bytes written" "$croton" dump "$layer" --stage kernels --dim n=7
python3 - "$croton" "$layer" <<'PY' || failed=1
import json, subprocess, sys
croton, layer = sys.argv[1:]
d = json.loads(subprocess.check_output([croton, "dump", layer, "--json", "--stage", "asm", "--dim", "n=7"]))
kernel = d["kernels"][0]
assert d["croton_description"] == 2 and d["name"] == "layer"
product = 2 * 7 * 30 * 20
assert product <= kernel["operations"]["value"] <= product + 7 * 20 * 100, kernel["operations"]
assert kernel["bytes_read"]["value"] == 4 * (7 * 30 + 30 * 20)
assert kernel["assembly"] and kernel["llvm"] is None
graph = d["stages"][0]
lines = graph["text"].splitlines()
for node in graph["nodes"]:
    assert lines[node["line"] - 1].strip().startswith(node["names"][0] + " = "), node
    assert "/layer.ctir:" in node["sites"][0], node
assert [n["operands"] for n in graph["nodes"] if n["op"] == "tanh"] == [["%0"]]
assert {n["op"]: n["kind"] for n in graph["nodes"]} == {"input": "creation", "contract": "contraction", "tanh": "elementwise"}
assert d["buffers"][0]["name"] == "x" and d["buffers"][0]["bytes"]["value"] == 4 * 7 * 30
PY

# The cache explains itself: the process that dumps never saw the file.
expect 1 "holds no function lay; there is layer" "$croton" dump "$layer" --function lay
expect 1 "it holds no functions" "$croton" dump layer
"$croton" run "$layer" --dim n=3 --output "$work/y.npy" || failed=1
"$croton" dump "$layer" --stage all --dim n=7 | sed 's/  \/\/ .*//; s/%[A-Za-z0-9_.]*/%/g' >"$work/of_file"
mv "$layer" "$work/moved.ctir"
"$croton" dump layer --stage all --dim n=7 | sed 's/  \/\/ .*//; s/%[A-Za-z0-9_.]*/%/g' >"$work/of_entry"
for view in explain groups kernels plan memory asm llvm remarks; do
  for from in file entry; do
    sed -n "/^== $view\$/,/^== /p" "$work/of_$from" | sed '1d;$d' >"$work/view_$from"
  done
  [ -s "$work/view_entry" ] || { echo "FAILED: the entry has no $view"; failed=1; }
  cmp "$work/view_file" "$work/view_entry" || { echo "FAILED: $view differs between file and entry"; failed=1; }
done
grep -q "layer.ctir" <("$croton" dump layer --stage all) && { echo "FAILED: an entry knows the user's lines"; failed=1; }
entry=$(ls "$CROTON_CACHE_DIR"/*/*.request)
key=$(basename "$entry" .request)
expect 0 "launch  layer_contract" "$croton" dump "${key:0:8}" --stage plan
expect 0 "launch  layer_contract" "$croton" dump "$entry" --stage plan
expect 1 "layr is no file and no function in the cache $CROTON_CACHE_DIR; did you mean \"layer\"?" "$croton" dump layr
mv "$work/moved.ctir" "$layer"

# CROTON_DUMP on a hit, and what is left of it.
CROTON_DUMP=$work/report "$croton" run "$layer" --dim n=3 --output "$work/y.npy" || failed=1
expect 0 "launch  layer_contract" "$croton" dump "$work/report" --stage plan
expect 0 "retq" "$croton" dump "$work/report/layer-0" --stage asm
expect 0 "layer.ctir:6" "$croton" dump "$work/report" --stage cpp
cp -r "$work/report/layer-0" "$work/report/layer-1"
expect 1 "holds several dumps; choose one with --function: layer-0, layer-1" "$croton" dump "$work/report"
expect 0 "launch" "$croton" dump "$work/report" --function layer-1 --stage plan
expect 1 "did you mean \"layer-1\"?" "$croton" dump "$work/report" --function layr-1

# What is damaged is named, with the place.
description=$work/report/layer-1/description.json
cp "$description" "$work/good.json"
head -c 500 "$work/good.json" >"$description"
expect 1 "$description is damaged: [json.exception" "$croton" dump "$work/report/layer-1"
sed 's/"arena_bytes"/"arena_byte"/' "$work/good.json" >"$description"
expect 1 "$description is damaged: arena_bytes is missing" "$croton" dump "$work/report/layer-1"
sed 's/"first": [0-9-]*,/"first": "none",/' "$work/good.json" >"$description"
expect 1 "is damaged: buffers[0].first is no number" "$croton" dump "$work/report/layer-1"
sed 's/"croton_description": 2/"croton_description": 3/' "$work/good.json" >"$description"
expect 1 "has version 3; this croton reads up to version 2" "$croton" dump "$work/report/layer-1"
sed 's/"croton_description": 2/"croton_description": 1/' "$work/good.json" >"$description"
expect 1 "has version 1; this croton reads version 2: make it again" "$croton" dump "$work/report/layer-1"
echo '[]' >"$description"
expect 1 "$description is no description of a function by croton" "$croton" dump "$work/report/layer-1"
mkdir "$work/empty"
expect 1 "$work/empty holds no dump" "$croton" dump "$work/empty"
cp "$entry" "$work/entry"
printf 'x' | dd of="$work/entry" bs=1 seek=200 conv=notrunc status=none
expect 1 "the cache entry $work/entry cannot be used: its checksum does not hold" "$croton" dump "$work/entry"
cp "$entry" "$work/entry" && chmod 666 "$work/entry"
expect 1 "writable by nobody else" "$croton" dump "$work/entry"
sed 's/ctir 1/ctir 2/' "$layer" >"$work/newer.ctir"
expect 1 "newer.ctir:1:6: the text has version 2; this croton reads up to version 1" "$croton" dump "$work/newer.ctir"
expect 1 "machine code that holds no description" "$croton" dump "$croton"
expect 1 "cannot read $work/none.ctir: there is no such file" "$croton" dump "$work/none.ctir"
expect 1 "layer has no stage fusee; did you mean \"fuse\"?" "$croton" dump "$layer" --stage fusee
expect 1 "did you mean \"fuse\"?" "$croton" dump "$layer" --dot fusee
expect 1 "--dim needs name=extent" "$croton" dump "$layer" --dim n
expect 1 "unknown target sparc" "$croton" dump "$layer" --target sparc
expect 1 "math is strict, standard or fast" "$croton" dump "$layer" --math sloppy
expect 1 "cannot write /proc/none" "$croton" dump "$layer" -o /proc/none
CROTON_NVRTC=/nowhere expect 1 "ptx needs NVRTC" "$croton" dump "$layer" --stage ptx
CROTON_NVRTC=/nowhere expect 0 "not available: ptx needs NVRTC" "$croton" dump "$layer" --stage all
# A dump that the environment asks for costs no program its results.
CROTON_DUMP=/proc/none expect 0 "CROTON_DUMP: dump: cannot write /proc/none/layer-0: No such file" "$croton" run "$layer" --dim n=3
# What cannot be written is said; a device is written to, never replaced.
for command in "ops" "dump $layer"; do
  "$croton" $command >/dev/full 2>"$work/log" && { echo "FAILED: croton $command writes to a full disk"; failed=1; }
  grep -qE "standard output cannot be written|cannot write to file: No space left" "$work/log" || { echo "FAILED: $command: $(cat "$work/log")"; failed=1; }
done
expect 1 "/dev/full" "$croton" run "$layer" --dim n=3 --output /dev/full
[ -c /dev/full ] || { echo "FAILED: a device was replaced by a file"; failed=1; }
exit $failed
