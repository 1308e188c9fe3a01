#!/usr/bin/env bash
# croton bench: the counts are those of the program, times are there, two functions take turns; what it refuses.
source "$(dirname "$0")/common.sh"
layer=$work/layer.ctir

expect 0 "median ns" "$croton" bench "$layer" --dim n=7 --repeat 3
expect 0 "layer_contract" "$croton" bench "$layer" --dim n=7 --repeat 3 --threads 1
python3 - "$croton" "$layer" <<'PY' || failed=1
import json, subprocess, sys
croton, layer = sys.argv[1:]
d = json.loads(subprocess.check_output([croton, "bench", layer, "--dim", "n=7", "--repeat", "4", "--json", "--against", layer]))
assert len(d["functions"]) == 2 and d["ratio"]["median"] > 0 and d["ratio"]["min"] > 0, d
for f in d["functions"]:
    assert f["samples"] == 4 and f["dims"] == {"n": 7}, f
    assert 0 < f["ns"]["min"] <= f["ns"]["median"] <= f["ns"]["max"], f
    (kernel,) = f["kernels"]
    # x, W and h once; 2*7*30*20 of the product, and tanh's cost.
    assert kernel["bytes"] == 4 * (7 * 30 + 30 * 20 + 7 * 20), kernel
    assert kernel["operations"] > 2 * 7 * 30 * 20, kernel
    assert abs(f["gflops"] - f["operations"] / f["ns"]["median"]) < 1e-9 * f["gflops"], f
    assert 0 < kernel["ns"]["min"], kernel
PY
# Two schedules of one program.
"$croton" opt "$layer" --run canonicalize,lay-out,fuse,schedule -o "$work/scheduled.ctir"
sed 's/rows = 6/rows = 8/; s/columns = [0-9]*/columns = 48/' "$work/scheduled.ctir" >"$work/edited.ctir"
expect 0 "of the time of $work/scheduled.ctir" "$croton" bench "$work/scheduled.ctir" --against "$work/edited.ctir" --dim n=64 --repeat 3

expect 1 "so --dim n=… is needed" "$croton" bench "$layer"
expect 1 "cannot read $work/none.ctir" "$croton" bench "$work/none.ctir"
expect 1 "cannot read $work/none.ctir" "$croton" bench "$layer" --dim n=3 --against "$work/none.ctir"
expect 1 "--repeat -1" "$croton" bench "$layer" --dim n=3 --repeat -1
expect 1 "unknown pass fusse; did you mean \"fuse\"?" "$croton" bench "$layer" --dim n=3 --passes fusse
expect 1 "has no input z" "$croton" bench "$layer" --dim n=3 --input z=random
exit $failed
