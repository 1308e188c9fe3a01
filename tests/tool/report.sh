#!/usr/bin/env bash
# croton dump --html: the page in a browser, of a small function and of a graph of 2,000 nodes.
source "$(dirname "$0")/common.sh"
page=$(dirname "$0")/report_page.py

expect 0 "" "$croton" dump "$work/layer.ctir" --html -o "$work/layer.html"
grep -q "</html>" "$work/layer.html" || { echo "FAILED: the page is not whole"; failed=1; }
if grep -qE "(src|href)=\"https?:" "$work/layer.html"; then echo "FAILED: the page needs a network"; failed=1; fi
expect 1 "cannot write /no/such/folder/report.html" "$croton" dump "$work/layer.ctir" --html -o /no/such/folder/report.html

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
  expect 0 "2000 nodes after" $python "$page" "$work/large.html" --nodes 2000 --search maximum
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
