"""Writes tests/cases: programs with inputs and results computed by NumPy 2, one case a line, for
`croton run --cases`.

    python3 tests/data/make_cases.py

Gradients are the formulas worked out by hand; elementary functions are computed in extended
precision and rounded once.
"""
import json
import math
import os
import pathlib
import shutil

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent / "cases"
DTYPES = {"bool": "bool", "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64", "uint8": "u8", "uint16": "u16",
          "uint32": "u32", "uint64": "u64", "float32": "f32", "float64": "f64"}
rng = np.random.default_rng(7)
files = {}


def store(name, arrays):
    np.savez_compressed(ROOT / "arrays" / f"{name}.npz", **arrays)
    return f"arrays/{name}.npz"


def case(topic, name, body, inputs, expected=None, dims=None, outputs=None, **fields):
    """Inputs are declared from the arrays; `dims` names their symbolic extents, as {"x": "n, 3"}."""
    lines = ["ctir 1", f"module @{name} : tensor {{"]
    for key, value in inputs.items():
        if key.startswith("cotangent"):
            continue
        shape = (dims or {}).get(key, ", ".join(map(str, value.shape)))
        dtype = DTYPES[value.dtype.newbyteorder("=").name]
        lines.append(f'  %{key} = input {{name = "{key}"}} : {dtype}[{shape}]')
    lines += ["  " + line.strip() for line in body.strip().splitlines()]
    given = [key for key in inputs if not key.startswith("cotangent")]
    outputs = outputs or [key for key in expected or {} if not key.startswith("grad ")]
    lines += ["  input " + ", ".join("%" + key for key in given)] if given else []
    lines += ["  output " + ", ".join("%" + key for key in outputs), "}"]
    row = {"id": f"{topic}/{name}", "program": "\n".join(lines) + "\n", "inputs": store(f"{topic}-{name}", inputs)}
    if expected:
        row["expected"] = store(f"{topic}-{name}-expected", expected)
    row.update(fields)
    files.setdefault(topic, []).append(row)


def rounded(function, x):
    return function(x.astype(np.longdouble)).astype(x.dtype)


shutil.rmtree(ROOT, ignore_errors=True)
(ROOT / "arrays").mkdir(parents=True)
np.seterr(all="ignore")
erf = np.vectorize(math.erf, otypes=[float])

# ---- elementary functions, special values among them
special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 0.5, 1e-8, 20.0, -20.0]
for dtype, rtol in (("float32", 1e-6), ("float64", 1e-15)):
    x = np.concatenate([np.array(special), rng.normal(size=40) * 3]).astype(dtype)
    names = {"exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "log2": np.log2, "log10": np.log10,
             "tanh": np.tanh, "sin": np.sin, "cos": np.cos, "sqrt": np.sqrt,
             "sigmoid": lambda v: 1 / (1 + np.exp(-v)), "softplus": lambda v: np.logaddexp(0, v)}
    expected = {name: rounded(function, x) for name, function in names.items()}
    expected |= {"abs": np.abs(x), "sign": np.sign(x), "floor": np.floor(x), "ceil": np.ceil(x), "trunc": np.trunc(x),
                 "round": np.rint(x), "isnan": np.isnan(x), "isinf": np.isinf(x), "sqr": x * x, "neg": -x}
    case("ops", f"functions_{dtype}", "\n".join(f"%{name} = {name}(%x)" for name in expected), {"x": x}, expected,
         {"x": "n"}, tolerance={"rtol": rtol * 2, "atol": 1e-300})
    y = np.concatenate([np.array(special)[::-1], rng.normal(size=40)]).astype(dtype)
    two = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "maximum": np.maximum,
           "minimum": np.minimum, "eq": np.equal, "neq": np.not_equal, "lt": np.less, "ge": np.greater_equal,
           "mod": np.remainder}
    expected = {name: function(x, y) for name, function in two.items()}
    case("ops", f"pairs_{dtype}", "\n".join(f"%{name} = {name}(%x, %y)" for name in expected), {"x": x, "y": y},
         expected, {"x": "n", "y": "n"}, tolerance={"rtol": rtol, "atol": 0})

# ---- every dtype: arithmetic wraps, reductions widen
for dtype, short in DTYPES.items():
    if dtype == "bool":
        x, y = np.array([0, 0, 1, 1], bool), np.array([0, 1, 0, 1], bool)
        expected = {"logical_and": x & y, "logical_or": x | y, "logical_xor": x ^ y, "bitwise_xor": x ^ y, "eq": x == y}
        body = "\n".join(f"%{name} = {name}(%x, %y)" for name in expected) + "\n%any = any(%x) {axes = [0]}\n%all = all(%x) {axes = [0]}"
        expected |= {"any": np.array(True), "all": np.array(False)}
    else:
        real = dtype.startswith("float")
        info = None if real else np.iinfo(dtype)
        x = rng.normal(size=24).astype(dtype) if real else rng.integers(info.min, info.max, 24, dtype, endpoint=True)
        y = rng.normal(size=24).astype(dtype) if real else rng.integers(1, 60, 24).astype(dtype)
        expected = {"add": x + y, "mul": x * y, "sub": x - y, "maximum": np.maximum(x, y), "lt": x < y,
                    "floor_divide": x // y, "mod": x % y}
        body = "\n".join(f"%{name} = {name}(%x, %y)" for name in expected)
        body += "\n%total = sum(%x) {axes = [0]}\n%largest = max(%x) {axes = [0]}\n%at = argmax(%x) {axes = [0]}\n" \
                "%running = cumsum(%y) {axis = 0, reverse = false}"
        # In the text sums keep their dtype; expressions widen integers before them.
        expected |= {"total": np.sum(x, dtype=dtype), "largest": np.max(x), "at": np.argmax(x), "running": np.cumsum(y, dtype=dtype)}
    case("ops", f"dtype_{short}", body, {"x": x, "y": y}, {k: np.asarray(v) for k, v in expected.items()},
         {"x": "n", "y": "n"}, tolerance={"rtol": 2e-6 if dtype == "float32" else 1e-13, "atol": 1e-6 if dtype == "float32" else 1e-13})

# ---- shapes: rank 0, empty, Fortran-ordered, the other byte order, broadcast, movement
s = np.array(1.25)
case("ops", "rank_0", "%y = exp(%x)\n%z = add(%y, %y)", {"x": s},
     {"y": np.exp(s), "z": 2 * np.exp(s)}, tolerance={"rtol": 1e-15})
e = np.zeros((0, 3), np.float32)
case("ops", "empty", "%y = tanh(%x)\n%s = sum(%x) {axes = [0]}\n%p = prod(%x) {axes = [0, 1]}", {"x": e},
     {"y": e, "s": np.zeros(3, np.float32), "p": np.array(1, np.float32)}, {"x": "n, 3"})
f = np.asfortranarray(rng.normal(size=(4, 7)))
case("ops", "fortran_order", "%y = mul(%x, %x)\n%t = transpose(%x) {permutation = [1, 0]}\n%s = sum(%x) {axes = [1]}", {"x": f},
     {"y": f * f, "t": f.T, "s": f.sum(1)}, {"x": "n, m"}, tolerance={"rtol": 1e-14})
case("ops", "byte_order", "%y = add(%x, %x)", {"x": f.astype(">f8")}, {"y": f + f}, {"x": "n, m"}, tolerance={"rtol": 0})
b = rng.normal(size=7)
case("ops", "broadcast", "%w = broadcast(%b) {shape = [n, m], axes = [1]}\n%y = add(%x, %w)", {"x": f, "b": b}, {"y": f + b},
     {"x": "n, m", "b": "m"}, tolerance={"rtol": 0})
i = np.array([3, 0, -1, 3], np.int64)
case("ops", "movement",
     "%g = gather(%x, %i) {axis = 0}\n%r = reshape(%x) {shape = [28]}\n"
     "%s = slice(%x) {starts = [1, 0], sizes = [3, 4], steps = [1, 2]}\n%c = concatenate(%x, %x) {axis = 0}",
     {"x": f, "i": i}, {"g": f[i], "r": f.reshape(28), "s": f[1:, ::2], "c": np.concatenate([f, f])})
a, w = rng.normal(size=(5, 6)), rng.normal(size=(6, 3))
case("ops", "products",
     "%y = contract(%a, %w) {a = [0, 2], b = [2, 1], out = [0, 1]}\n%t = contract(%a, %w) {a = [0, 2], b = [2, 1], out = [1, 0]}",
     {"a": a, "w": w}, {"y": a @ w, "t": (a @ w).T}, {"a": "n, 6", "w": "6, k"}, tolerance={"rtol": 1e-13, "atol": 1e-13})
x = rng.normal(size=(3, 4, 5)).astype(np.float32)
wide = x.astype(np.float64)
case("ops", "reductions",
     "%s = sum(%x) {axes = [0, 2]}\n%m = max(%x) {axes = [1]}\n%l = min(%x) {axes = [0, 1, 2]}\n%p = prod(%x) {axes = [2]}\n"
     "%a = argmin(%x) {axes = [2]}\n%c = cumsum(%x) {axis = 1, reverse = true}", {"x": x},
     {"s": wide.sum((0, 2)).astype("f4"), "m": x.max(1), "l": x.min(), "p": wide.prod(2).astype("f4"), "a": x.argmin(2),
      "c": wide[:, ::-1].cumsum(1)[:, ::-1].astype("f4")}, {"x": "k, m, n"}, tolerance={"rtol": 1e-5, "atol": 1e-6})

# ---- compositions, called by name with attributes
z = rng.normal(size=(4, 6)) * 4
shifted = np.exp(z - z.max(0))
soft = shifted / shifted.sum(0)
log_total = np.log(np.exp(z - z.max(1, keepdims=True)).sum(1)) + z.max(1)
case("ops", "compositions",
     "%softmax = softmax(%z) {axis = 0}\n%log_softmax = log_softmax(%z) {axis = 0}\n%logsumexp = logsumexp(%z) {axes = [1]}\n"
     "%mean = mean(%z) {axes = [1]}\n%var = var(%z) {axes = [0], ddof = 1}\n%std = std(%z) {axes = [0, 1], ddof = 0}\n"
     "%relu = relu(%z)\n%gelu = gelu(%z)", {"z": z},
     {"softmax": soft, "log_softmax": np.log(soft), "logsumexp": log_total, "mean": z.mean(1), "var": z.var(0, ddof=1),
      "std": np.asarray(z.std()), "relu": np.maximum(z, 0), "gelu": z * (1 + erf(z / np.sqrt(2))) / 2}, {"z": "n, m"},
     tolerance={"rtol": 1e-12, "atol": 1e-14})

# ---- gradients
v, c = rng.normal(size=9), rng.normal(size=9)
case("gradients", "of_a_scalar", "%0 = mul(%x, %x)\n%1 = neg(%0)\n%2 = exp(%1)\n%y = sum(%2) {axes = [0]}", {"x": v},
     {"y": np.asarray(np.exp(-v * v).sum()), "grad x": -2 * v * np.exp(-v * v)}, {"x": "n"}, wrt=["x"],
     tolerance={"rtol": 1e-13, "atol": 1e-15})
case("gradients", "of_products", "%h = contract(%a, %w) {a = [0, 2], b = [2, 1], out = [0, 1]}\n%y = tanh(%h)",
     {"a": a, "w": w, "cotangent": np.ones((5, 3))},
     {"y": np.tanh(a @ w), "grad w": a.T @ (1 - np.tanh(a @ w) ** 2), "grad a": (1 - np.tanh(a @ w) ** 2) @ w.T},
     {"a": "n, 6", "w": "6, k"}, wrt=["w", "a"], cotangents=["cotangent"], tolerance={"rtol": 1e-12, "atol": 1e-13})
case("gradients", "of_two_outputs", "%y = sin(%x)\n%z = sqr(%x)\n%k = floor(%x)", {"x": v, "cotangent": c},
     {"y": np.sin(v), "grad x": np.cos(v) * c + 3 * 2 * v}, {"x": "n"}, outputs=["y", "z", "k"], wrt=["x"], cotangents=["cotangent", 3, None],
     tolerance={"rtol": 1e-13, "atol": 1e-14})
labels = np.array([1, 0, 5, 2], np.int64)
row_soft = np.exp(z - log_total[:, None])
case("gradients", "of_cross_entropy", "%l = cross_entropy(%z, %labels)\n%y = mean(%l) {axes = [0]}", {"z": z, "labels": labels},
     {"y": np.asarray((log_total - z[np.arange(4), labels]).mean()), "grad z": (row_soft - np.eye(6)[labels]) / 4},
     {"z": "n, 6", "labels": "n"}, wrt=["z"], tolerance={"rtol": 1e-12, "atol": 1e-14})
ties = np.array([2.0, 5, 5, 1, 5])
case("gradients", "of_ties", "%y = max(%x) {axes = [0]}", {"x": ties}, {"y": np.asarray(5.0), "grad x": np.array([0, 1, 1, 0, 1]) / 3},
     {"x": "n"}, wrt=["x"])
case("gradients", "of_a_gather", "%g = gather(%x, %i) {axis = 0}\n%y = sum(%g) {axes = [0]}", {"x": v, "i": i},
     {"y": np.asarray(v[i].sum()), "grad x": np.bincount(np.where(i < 0, i + 9, i), minlength=9).astype(float)}, {"i": "k"},
     wrt=["x"], tolerance={"rtol": 1e-14})
case("gradients", "of_nothing_given", "%y = sum(%x) {axes = [0]}", {"x": v, "cotangent": np.array(2.5)},
     {"y": np.asarray(v.sum()), "grad x": np.full(9, 2.5)}, {"x": "n"}, cotangents=["cotangent"], tolerance={"rtol": 1e-13})

# ---- errors, each with the text that it must have
far = np.array([2, 9], np.int64)
case("errors", "index", "%y = gather(%x, %i) {axis = 0}", {"x": v, "i": far}, outputs=["y"], dims={"i": "k"},
     expect_error={"kind": "user", "message": "9"})
case("errors", "shapes", "%y = add(%x, %i)", {"x": v, "i": c[:4]}, outputs=["y"], dims={"x": "n", "i": "n"},
     expect_error="n is")
case("errors", "types", "%y = add(%x, %i)", {"x": v, "i": far}, outputs=["y"], expect_error="errors/types:5")
case("errors", "unknown_op", "%y = tanj(%x)", {"x": v}, outputs=["y"], expect_error='did you mean "tanh"')
case("errors", "no_scalar", "%y = tanh(%x)", {"x": v}, outputs=["y"], wrt=["x"], expect_error="needs cotangents")
case("errors", "unknown_variable", "%y = sum(%x) {axes = [0]}", {"x": v}, outputs=["y"], wrt=["w"],
     expect_error="no input or shared variable w to differentiate")
case("errors", "integer_variable", "%y = sum(%x) {axes = [0]}", {"x": far}, outputs=["y"], wrt=["x"], expect_error="is not real")
case("errors", "cotangent_missing", "%y = tanh(%x)", {"x": v}, outputs=["y"], wrt=["x"], cotangents=["weights"],
     expect_error="the cotangent weights is not in")
case("errors", "cotangents_too_many", "%y = tanh(%x)", {"x": v}, outputs=["y"], wrt=["x"], cotangents=[1, 1],
     expect_error="1 outputs need as many cotangents, not 2")
case("errors", "cotangent_shape", "%y = tanh(%x)", {"x": v, "cotangent": c[:4]}, outputs=["y"], dims={"x": "n"}, cotangents=["cotangent"],
     expect_error="cotangent of y")
case("errors", "no_gradient", "%k = argmax(%x) {axes = [0]}\n%y = cast(%k) {dtype = f64}", {"x": v}, outputs=["y"], wrt=["x"],
     expect_error="the path ends at argmax: positions are piecewise constant")
case("errors", "empty_maximum", "%y = max(%x) {axes = [0]}", {"x": np.zeros(0)}, outputs=["y"], dims={"x": "n"}, expect_error="empty")
case("errors", "wrong_dtype", "%y = tanh(%x)", {"x": v}, outputs=["y"], dims={"x": "n"}, expect_error="errors/never")
files["errors"][-1]["program"] = files["errors"][-1]["program"].replace("f64[n]", "f32[n]")
files["errors"][-1]["expect_error"] = "was given f64; cast it to f32 first"
case("errors", "missing_input", "%y = tanh(%x)", {"x": v}, outputs=["y"], dims={"x": "n"}, expect_error="")
files["errors"][-1]["program"] = files["errors"][-1]["program"].replace('"x"', '"xx"')
files["errors"][-1]["expect_error"] = "the input xx : f64[n] is not given"

for topic, rows in files.items():
    with open(ROOT / f"{topic}.jsonl", "w") as out:
        for row in rows:
            out.write(json.dumps(row) + "\n")
size = sum(os.path.getsize(p) for p in ROOT.rglob("*") if p.is_file())
print({topic: len(rows) for topic, rows in files.items()}, "cases,", size, "bytes")
