#!/usr/bin/env bash
# croton dump --html: the page in a browser, of a small function and of a graph of 2,000 nodes.
#   report.sh CROTON INSPECT      INSPECT: the example program that dumps itself
source "$(dirname "$0")/common.sh"
page=$(dirname "$0")/report_page.py
inspect=$2

expect 0 "" "$croton" dump "$work/layer.ctir" --html -o "$work/layer.html"
grep -q "</html>" "$work/layer.html" || { echo "FAILED: the page is not whole"; failed=1; }
if grep -qE "(src|href)=\"https?:" "$work/layer.html"; then echo "FAILED: the page needs a network"; failed=1; fi
expect 1 "cannot write /no/such/folder/report.html" "$croton" dump "$work/layer.ctir" --html -o /no/such/folder/report.html

# A program writes the page itself, and croton makes the same of its dump: what takes a compiler is added, and
# the machine is measured again. The program's own lines are in it.
CROTON_DUMP=$work/dumps "$inspect" "$work/dump" >/dev/null || failed=1
for folder in "$work/dump" "$work/dumps/train-0"; do
  expect 0 "" "$croton" dump "$folder" --html -o "$work/again.html"
  python3 - "$folder/report.html" "$work/again.html" <<'PY' || { echo "FAILED: $folder/report.html"; failed=1; }
import base64, json, re, sys, zlib
def parts(file):
    before, data, after = re.split(r'(?<=id="data">)([^<]*)', open(file).read())
    return before, json.loads(zlib.decompress(base64.b64decode(data))), after
first, again = parts(sys.argv[1]), parts(sys.argv[2])
assert first[0] == again[0] and first[2] == again[2], "another page"
(one, two) = (p[1]["description"] for p in (first, again))
assert one["origin"] == "a running program" and two["origin"] in sys.argv[1]
assert "train.dump(directory)" in one["sources"]["inspect.cpp"]
assert set(one["rules"]) == {rule for stage in one["stages"] for rule in stage["rules"]} != set()
assert one["rules"]["log-softmax"]["text"].startswith("log(softmax(x")
assert all(stage["doc"] for stage in one["stages"][1:]) and one["stages"][0]["doc"] == ""
for d in one, two:
    del d["origin"]
for kernel, other in zip(one["kernels"], two["kernels"], strict=True):
    assert kernel.pop("assembly") is None and "ret" in other.pop("assembly")
    if kernel["remarks"] is None: kernel["remarks"] = other["remarks"]
assert one == two, [k for k in one if one[k] != two[k]]
assert all(p[1]["machine"]["operations_per_second"] > 1e8 for p in (first, again))
PY
done

# 2,000 nodes: layers of 40, each reading two of the layer before.
python3 - >"$work/large.ctir" <<'PY'
print("ctir 1\nmodule @large : tensor {\n  %x = input {name = \"x\"} : f64[n]")
last, made = ["%x"] * 40, 1
layer = 0
while made < 2000:
    now = []
    for i in range(min(40, 2000 - made)):
        op = ["add", "mul", "maximum", "sub"][(i + layer) % 4]
        print(f"  %v{layer}_{i} = {op}({last[i]}, {last[(i * 7 + layer) % 40] if layer else '%x'})" if layer else
              f"  %v0_{i} = {['sin', 'cos', 'tanh', 'exp'][i % 4]}(%x)" if i < 4 else
              f"  %v0_{i} = add(%v0_{i - 4}, %v0_{i % 4})")
        now.append(f"%v{layer}_{i}")
    made += len(now)
    last = now + last[len(now):]
    layer += 1
print("  input %x\n  output " + ", ".join(last) + "\n}")
PY
expect 0 "" "$croton" dump "$work/large.ctir" --html -o "$work/large.html"

python=/usr/bin/python3
if command -v chromedriver >/dev/null && $python -c "import selenium" 2>/dev/null; then
  expect 0 "no errors in the console" $python "$page" "$work/layer.html" --search tanh
  expect 0 "lines come from inspect.cpp:" $python "$page" "$work/dump/report.html" --search softmax
  expect 0 "2000 nodes after" $python "$page" "$work/large.html" --nodes 2000 --search maximum
  # Nothing, a copy, and texts that are past the graph.
  printf 'ctir 1\nmodule @none : tensor {\n}\n' >"$work/none.ctir"
  printf 'ctir 1\nmodule @copy : tensor {\n  %%x = input {name = "x"} : f32[n]\n  input %%x\n  output %%x\n}\n' >"$work/copy.ctir"
  "$croton" opt "$work/layer.ctir" --run all -o "$work/planned.ctir"
  for unusual in none copy planned; do
    expect 0 "" "$croton" dump "$work/$unusual.ctir" --html -o "$work/$unusual.html"
    expect 0 "every address shows something" $python "$page" "$work/$unusual.html" --unusual
  done
  # Cut off in the middle, changed in one place.
  sed 's|^\(<script type="text/plain" id="data">.\{400\}\).*|\1</script>|' "$work/layer.html" >"$work/cut.html"
  sed 's|^\(<script type="text/plain" id="data">.\{400\}\)....|\1!!!!|' "$work/layer.html" >"$work/changed.html"
  for broken in cut changed; do
    cmp -s "$work/layer.html" "$work/$broken.html" && { echo "FAILED: $broken.html is whole"; failed=1; }
    expect 0 "This report is damaged" $python "$page" "$work/$broken.html" --damaged
  done
else
  echo "SKIPPED: no chromedriver or no selenium"
fi
exit $failed
