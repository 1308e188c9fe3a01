"""Writes structured_table.npz: ops with structure, and dtypes of mixed operands, by NumPy 2. Run it with NumPy
installed:

    python3 tests/data/make_structured_table.py

`cases` is JSON text: programs of one dtype, each with named inputs and a list of calls of public operations. The
results lie one after the other in `results.DTYPE`, their dtypes and shapes in `cases`. Floating sums and products are
computed in extended precision and rounded once. `promotions` lists the result dtypes of mixed operands: NumPy's, but
float16, which croton computes as f32.
"""
import json
import os
import warnings

import numpy as np

warnings.filterwarnings("ignore")
rng = np.random.default_rng(21)
names = {"bool": "bool", "i8": "int8", "i16": "int16", "i32": "int32", "i64": "int64", "u8": "uint8", "u16": "uint16",
         "u32": "uint32", "u64": "uint64", "f32": "float32", "f64": "float64"}
short = {np.dtype(v): k for k, v in names.items()}
short[np.dtype("float16")] = "f32"
long = np.longdouble
arrays, results, programs = {}, {}, []


def tame(dtype, shape):
    if dtype == "bool":
        return rng.random(shape) < 0.5
    if dtype[0] == "f":
        return (np.round(rng.standard_normal(shape) * 64) / 32).astype(names[dtype])
    return rng.integers(0 if dtype[0] == "u" else -4, 6, shape).astype(names[dtype])


def special(dtype, shape):
    a = tame(dtype, shape)
    flat = a.reshape(-1)
    if dtype[0] == "f":
        corners = [np.inf, -np.inf, np.nan, -0.0, np.finfo(a.dtype).smallest_subnormal, 1e30]
        flat[3::11] = np.array(corners, a.dtype)[np.arange(len(flat[3::11])) % len(corners)]
    elif dtype != "bool":
        info = np.iinfo(a.dtype)
        flat[3::7] = np.array([info.max, info.min], a.dtype)[np.arange(len(flat[3::7])) % 2]
    return a


def wide(x):
    """Sums of floating numbers are taken in extended precision."""
    return x.astype(long) if x.dtype.kind == "f" else x


def rounded(out, dtype):
    return np.asarray(out).astype(dtype)


def accumulate(function):
    def apply(x, **how):
        return rounded(function(wide(x), **how), x.dtype) if x.dtype.kind == "f" else function(x, **how)
    return apply


def statistic(function):
    def apply(x, **how):
        y = x if x.dtype.kind == "f" else x.astype("float64")
        return rounded(function(y.astype(long), **how), y.dtype)
    return apply


def logsumexp(x, axis=None, keepdims=False):
    top = np.max(x, axis=axis, keepdims=True)
    shift = np.where(np.isfinite(top), top, 0)
    out = np.log(np.sum(np.exp(x - shift), axis=axis, keepdims=True)) + shift
    return out if keepdims else np.squeeze(out, axis=axis)


def inexact(x):
    """The dtype in which elementary functions are computed: float16 is f32."""
    kind = np.exp(np.zeros((), x.dtype)).dtype
    return np.dtype("float32") if kind == np.float16 else kind


def softmax(x, axis=-1):
    y = x.astype(inexact(x)).astype(long)
    e = np.exp(y - np.max(y, axis=axis, keepdims=True))
    return rounded(e / np.sum(e, axis=axis, keepdims=True), inexact(x))


def log_softmax(x, axis=-1):
    y = x.astype(inexact(x)).astype(long)
    shifted = y - np.max(y, axis=axis, keepdims=True)
    return rounded(shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True)), inexact(x))


def product(function):
    def apply(a, b):
        if a.dtype.kind == "f":
            return rounded(function(a.astype(long), b.astype(long)), a.dtype)
        return function(a, b)
    return apply


class Program:
    def __init__(self, name, dtype, **inputs):
        self.row = {"name": name, "dtype": dtype, "inputs": [], "cases": []}
        self.values = {}
        # Half of the programs know their extents, the others have a symbol for every one.
        symbolic = (len(programs) + list(names).index(dtype)) % 2 == 0
        for key, value in inputs.items():
            stored = f"{dtype}.{name}.{key}"
            for other, known in arrays.items():
                if known.dtype == value.dtype and known.shape == value.shape and known.tobytes() == value.tobytes():
                    stored = other
            arrays[stored] = value
            self.row["inputs"].append({"name": key, "array": stored, "symbolic": symbolic and "known" not in name})
            self.values[key] = value
        self.asked, self.seen = list(names).index(dtype), set()
        programs.append(self.row)

    def put(self, op, operands, function, attributes=None, **more):
        """One call of `op`; `function` computes it from the operands' arrays."""
        # f32 has every case; the others the first of each op and every eighth of the rest, each other ones.
        self.asked += 1
        if self.row["dtype"] != "f32" and op in self.seen and self.asked % 8:
            return
        try:
            out = function(*(self.values[key] for key in operands))
        except TypeError:
            return  # NumPy has no such operation on this dtype
        self.seen.add(op)
        out = np.asarray(out)
        results.setdefault(short[out.dtype], []).append(out.ravel())
        self.row["cases"].append({"op": op, "operands": list(operands), "attributes": attributes or {}, **more,
                                  "result": short[out.dtype], "shape": list(out.shape)})


def attributes_of(axes, keep):
    out = {}
    if axes is not None:
        out["axes"] = list(axes) if isinstance(axes, tuple) else axes
    if keep:
        out["keepdims"] = True
    return out


def reductions(dtype):
    reduce = {"sum": accumulate(np.sum), "prod": accumulate(np.prod), "max": np.max, "min": np.min, "any": np.any,
              "all": np.all, "mean": statistic(np.mean), "var": statistic(np.var), "std": statistic(np.std),
              "logsumexp": statistic(logsumexp)}
    axes_list = [(None, False), (0, False), (1, True), (-1, False), ((0, 2), False), ((1, 2), True), ((0, 1, 2), True)]
    p = Program("reductions", dtype, a=tame(dtype, (3, 4, 5)), s=special(dtype, (3, 4, 5)))
    for op, f in reduce.items():
        for axes, keep in axes_list:
            p.put(op, ["a"], lambda x: f(x, axis=axes, keepdims=keep), attributes_of(axes, keep))
        if op in ("sum", "prod", "max", "min", "any", "all") or (dtype[0] == "f" and op == "mean"):
            for axes, keep in axes_list[:5]:
                p.put(op, ["s"], lambda x: f(x, axis=axes, keepdims=keep), attributes_of(axes, keep))
    for ddof in (1, 2):
        p.put("var", ["a"], lambda x: statistic(np.var)(x, axis=(0, 2), ddof=ddof), {"axes": [0, 2], "ddof": ddof})
        p.put("std", ["a"], lambda x: statistic(np.std)(x, axis=1, ddof=ddof), {"axes": 1, "ddof": ddof})
    for op, f in {"argmax": np.argmax, "argmin": np.argmin}.items():
        for key in "as":
            p.put(op, [key], f)
            for axis in (0, 1, -1):
                p.put(op, [key], lambda x: f(x, axis=axis), {"axes": axis})
                p.put(op, [key], lambda x: f(x, axis=axis, keepdims=True), {"axes": axis, "keepdims": True})
            p.put(op, [key], lambda x: f(x.reshape(3, 20), axis=1), {"axes": [1, 2]})
    for axis in (0, 1, -1):
        for key in "as":
            p.put("cumsum", [key], lambda x: accumulate(np.cumsum)(x, axis=axis), {"axis": axis})
        p.put("cumsum", ["a"], lambda x: np.flip(accumulate(np.cumsum)(np.flip(x, axis), axis=axis), axis),
              {"axis": axis, "reverse": True})
    # Borders of chunks and lanes.
    count = 4097
    x = ((np.arange(count) * 7919) % 101 - (0 if dtype[0] == "u" else 50))
    x = (x % 2 == 0) if dtype == "bool" else (x / 8 if dtype[0] == "f" else x).astype(names[dtype])
    p = Program("long", dtype, a=x, c=np.ascontiguousarray(x[:513 * 3].reshape(513, 3)),
                r=np.ascontiguousarray(x[:4 * 513].reshape(4, 513)))
    for op in ("sum", "max", "min", "any", "all", "mean", "var"):
        p.put(op, ["a"], reduce[op])
        p.put(op, ["c"], lambda x: reduce[op](x, axis=0), {"axes": 0})
        p.put(op, ["r"], lambda x: reduce[op](x, axis=1), {"axes": 1})
    p.put("argmax", ["a"], np.argmax)
    p.put("argmin", ["c"], lambda x: np.argmin(x, axis=0), {"axes": 0})
    p.put("cumsum", ["c"], lambda x: accumulate(np.cumsum)(x, axis=0), {"axis": 0})
    # Nothing to reduce, and nothing to show.
    p = Program("empty", dtype, a=tame(dtype, (3, 0)), b=tame(dtype, (0, 4)), c=tame(dtype, (0,)))
    for op in ("sum", "prod", "any", "all"):
        for key in "abc":
            p.put(op, [key], reduce[op])
        for axis in (0, 1):
            for key in "ab":
                p.put(op, [key], lambda x: reduce[op](x, axis=axis), {"axes": axis})
    for op in ("max", "min"):
        p.put(op, ["a"], lambda x: reduce[op](x, axis=0), {"axes": 0})
        p.put(op, ["b"], lambda x: reduce[op](x, axis=1), {"axes": 1})
    p.put("argmax", ["a"], lambda x: np.argmax(x, axis=0), {"axes": 0})
    p.put("cumsum", ["a"], lambda x: accumulate(np.cumsum)(x, axis=1), {"axis": 1})
    p.put("matmul", ["a", "b"], product(np.matmul))
    p.put("transpose", ["a"], np.transpose)
    p.put("concatenate", ["a", "a"], lambda x, y: np.concatenate([x, y], 1), {"axis": 1})
    p.put("stack", ["b", "b"], lambda x, y: np.stack([x, y], 0))
    p.put("flip", ["b"], np.flip)
    p.put("index", ["b"], lambda x: x[:, ::-2], index=[["slice"], ["slice", None, None, -2]])
    p.put("softmax", ["b"], softmax)
    # NumPy's max refuses an empty axis; what is written with it is about its largest element, and there is none.
    p.put("softmax", ["a"], lambda x: np.zeros(x.shape, inexact(x)))
    p.put("log_softmax", ["a"], lambda x: np.zeros(x.shape, inexact(x)))
    for axis in (0, 1):
        p.put("softmax", ["b"], lambda x: np.zeros(x.shape, inexact(x)), {"axis": axis})
    for key, axis in ("a", 1), ("b", 0):
        if dtype[0] == "f":
            p.put("logsumexp", [key], lambda x: np.log(np.sum(np.exp(x), axis=axis)), {"axes": axis})


def movement(dtype):
    p = Program("movement", dtype, a=special(dtype, (3, 4, 5)), b=special(dtype, (3, 4, 5)), c=special(dtype, (3, 2, 5)),
                o=special(dtype, (3, 1, 5, 1)), v=special(dtype, (5,)))
    p.put("reshape", ["a"], lambda x: x.reshape(4, 15), {"shape": [4, -1]})
    p.put("reshape", ["a"], lambda x: x.reshape(5, 2, 6), {"shape": [5, 2, 6]})
    p.put("ravel", ["a"], np.ravel)
    p.put("transpose", ["a"], np.transpose)
    for order in ((1, 0, 2), (2, 0, 1), (-1, 0, 1)):
        p.put("permute", ["a"], lambda x: np.transpose(x, order), {"order": list(order)})
    for axes in (0, 1, -1, (0, 2), (0, -1)):
        p.put("expand_dims", ["a"], lambda x: np.expand_dims(x, axes),
              {"axes": list(axes) if isinstance(axes, tuple) else axes})
    p = Program("known movement", dtype, a=special(dtype, (3, 4, 6)), b=special(dtype, (3, 4, 6)),
                c=special(dtype, (3, 2, 6)), o=special(dtype, (3, 1, 5, 1)), v=special(dtype, (6,)),
                e=np.broadcast_to(tame(dtype, (1, 4, 1)), (3, 4, 6)).copy())
    p.put("squeeze", ["o"], np.squeeze)
    p.put("squeeze", ["o"], lambda x: np.squeeze(x, -1), {"axes": -1})
    p.put("squeeze", ["o"], lambda x: np.squeeze(x, (1, 3)), {"axes": [1, 3]})
    p.put("broadcast_to", ["o"], lambda x: np.broadcast_to(x, (2, 3, 4, 5, 3)), {"shape": [2, 3, 4, 5, 3]})
    p.put("broadcast_to", ["v"], lambda x: np.broadcast_to(x, (4, 6)), {"shape": [4, 6]})
    p.put("add", ["e", "v"], np.add)
    p.put("maximum", ["e", "b"], np.maximum)
    for axis in (0, 1, -1):
        p.put("concatenate", ["a", "b", "a"], lambda *x: np.concatenate(x, axis), {"axis": axis})
        p.put("stack", ["a", "b"], lambda *x: np.stack(x, axis), {"axis": axis})
        p.put("flip", ["a"], lambda x: np.flip(x, axis), {"axes": axis})
        parts = {0: 3, 1: 2, -1: 3}[axis]
        for part in range(parts):
            p.put("split", ["a"], lambda x: np.split(x, parts, axis)[part], {"parts": parts, "part": part, "axis": axis})
    p.put("concatenate", ["a", "c"], lambda *x: np.concatenate(x, 1), {"axis": 1})
    p.put("flip", ["a"], np.flip)
    p.put("flip", ["a"], lambda x: np.flip(x, (0, 2)), {"axes": [0, 2]})
    p.put("stack", ["v", "v"], lambda *x: np.stack(x, -1), {"axis": -1})


def slice_of(entry):
    """An entry of an index list, as Python's."""
    if isinstance(entry, list):
        return slice(*(entry[1:] + [None] * (3 - len(entry[1:]))))
    return {"newaxis": None, "ellipsis": Ellipsis}.get(entry, entry) if isinstance(entry, str) else entry


def indexing(dtype):
    i = np.array([2, 0, -1, 1, 2, -3])
    j = np.array([[0, 3], [-1, 1]])
    k = np.array([1, 1, 0, -4, 3, 2])
    index_dtypes = ["int64", "int8", "uint8", "int32"]
    kind = index_dtypes[list(names).index(dtype) % len(index_dtypes)]
    i, j, k = (np.where(x < 0, x + n, x) if kind == "uint8" else x for x, n in ((i, 3), (j, 4), (k, 4)))
    inputs = {"a": special(dtype, (3, 4, 5)), "i": i.astype(kind), "j": j.astype(kind), "k": k.astype(kind),
              "n": np.array([], kind)}
    lists = [[0], [-1], [1, 2], [0, -2, 3], [["slice", 1]], [["slice", None, None, -1]], [["slice", 2, 0, -1], 1],
             [["slice"], ["slice", None, None, 2]], [["slice"], ["slice", 3, None, -2], ["slice", 1, 4]],
             [["slice", -2, None], ["slice", -3, -1]], [["slice", 5, 9]], [["slice"], ["slice"], ["slice", 4, None, -3]],
             [["slice"], ["slice"], ["slice", 0, 5, 4]], ["newaxis", 0], [["slice"], "newaxis", ["slice", 1, 2]],
             ["ellipsis", 1], ["ellipsis", "newaxis"], [0, "ellipsis", ["slice", None, None, -1]],
             ["@i"], [["slice"], "@j"], [["slice"], ["slice"], "@i"], ["@i", "@k"], [["slice"], "@k", "@i"],
             ["@i", ["slice", 1, 3]], [["slice", None, None, -1], "@j"], [0, "@k"], [0, ["slice"], "@i"],
             ["@i", ["slice"], 2], ["@n"], [["slice"], "@n"], [["slice", 1, None], "@j", ["slice", None, None, 2]]]

    def resolved(entries, values):
        return tuple(values[e[1:]] if isinstance(e, str) and e.startswith("@") else slice_of(e) for e in entries)

    p = Program("indexing", dtype, **inputs)
    for entries in lists:
        used = ["a"] + [e[1:] for e in entries if isinstance(e, str) and e.startswith("@")]
        p.put("index", used, lambda a, *rest: a[resolved(entries, p.values)], index=entries)
    p = Program("updates", dtype, **inputs, u=tame(dtype, ()))
    for entries in lists:
        used = ["a"] + [e[1:] for e in entries if isinstance(e, str) and e.startswith("@")]
        places = resolved(entries, p.values)

        def put_set(a, *rest):
            out = a.copy()
            out[places] = p.values["u"]
            return out

        def put_rows(a, *rest):
            out = a.copy()
            np.add.at(out, places, p.values["u"])
            return out

        p.put("set", used, put_set, index=entries, value="u")
        p.put("increment", used, put_rows, index=entries, value="u")
    # An update with its own numbers; of repeated places the last one wins.
    w = tame(dtype, (6, 4, 5))
    p = Program("known updates", dtype, **inputs, w=w, h=tame(dtype, (3, 2, 2, 5)), r=tame(dtype, (3, 2, 5)))

    def assigned(a, places, value, add=False):
        out = a.copy()
        if add:
            np.add.at(out, places, value)
        else:
            out[places] = value
        return out

    for add, op in ((False, "set"), (True, "increment")):
        p.put(op, ["a", "i"], lambda a, i: assigned(a, (i,), w, add), index=["@i"], value="w")
        p.put(op, ["a", "j"], lambda a, j: assigned(a, (slice(None), j), p.values["h"], add), index=[["slice"], "@j"], value="h")
        p.put(op, ["a"], lambda a: assigned(a, (slice(None), slice(None, None, -2)), p.values["r"], add),
              index=[["slice"], ["slice", None, None, -2]], value="r")


def creation(dtype):
    p = Program("creation", dtype, s=tame(dtype, ()), l=np.array([0, 2, 3, 1, 5, -1]))
    d = names[dtype]
    kind = {"dtype": "dtype:" + dtype}
    for stop in (0, 1, 7):
        if dtype != "bool":
            p.put("arange", [], lambda: np.arange(stop).astype(d), {"stop": stop, **kind})
    if dtype != "bool":
        for start, stop, step in ((2, 9, 3), (7, 0, -2), (3, 3, 1), (5, 2, 1)):
            p.put("arange", [], lambda: np.arange(start, stop, step).astype(d),
                  {"start": start, "stop": stop, "step": step, **kind})
    p.put("zeros", [], lambda: np.zeros((2, 3), d), {"shape": [2, 3], **kind})
    p.put("zeros", [], lambda: np.zeros((0, 3), d), {"shape": [0, 3], **kind})
    p.put("ones", [], lambda: np.ones((4,), d), {"shape": [4], **kind})
    p.put("full", ["s"], lambda s: np.full((2, 2), s), {"shape": [2, 2]})
    p.put("eye", [], lambda: np.eye(3, dtype=d), {"rows": 3, **kind})
    for offset in (-1, 0, 2):
        p.put("eye", [], lambda: np.eye(3, 5, offset, dtype=d), {"rows": 3, "columns": 5, "offset": offset, **kind})
    p.put("one_hot", ["l"], lambda l: (l[:, None] == np.arange(4)).astype(d), {"classes": 4, **kind})


def products(dtype):
    shapes = {"v": (5,), "w": (5,), "a": (3, 5), "b": (5, 4), "at": (5, 3), "c": (2, 3, 5), "d": (2, 5, 4), "e": (1, 5, 4),
              "f": (6, 1, 3, 5), "s": ()}
    p = Program("products", dtype, **{key: tame(dtype, shape) for key, shape in shapes.items()})
    for x, y in (("v", "w"), ("v", "b"), ("a", "w"), ("a", "b"), ("v", "d"), ("c", "v"), ("a", "d"), ("c", "b"),
                 ("c", "d"), ("f", "b")):
        p.put("matmul", [x, y], product(np.matmul))
    for x, y in (("s", "s"), ("s", "c"), ("d", "s"), ("v", "w"), ("v", "b"), ("a", "w"), ("a", "b"), ("v", "d"), ("c", "v"),
                 ("a", "d"), ("c", "b"), ("c", "d"), ("f", "d")):
        p.put("dot", [x, y], product(np.dot))
    p = Program("known products", dtype, **{key: tame(dtype, shape) for key, shape in shapes.items()})
    p.put("matmul", ["c", "e"], product(np.matmul))
    for y in "de":
        p.put("matmul", ["f", y], product(np.matmul))
    size = 67 if dtype != "bool" else 9
    q = Program("square products", dtype, a=tame(dtype, (5, size)), b=tame(dtype, (size, 7)))
    q.put("matmul", ["a", "b"], product(np.matmul))


def compositions(dtype):
    p = Program("compositions", dtype, a=tame(dtype, (3, 4, 5)), l=np.array([[0, 1, 4, 2], [3, 3, 0, 1], [2, 4, 0, 0]]))
    for axis in (0, 1, -1):
        p.put("softmax", ["a"], lambda x: softmax(x, axis), {"axis": axis})
        p.put("log_softmax", ["a"], lambda x: log_softmax(x, axis), {"axis": axis})
    p.put("cross_entropy", ["a", "l"], lambda a, l: -np.take_along_axis(log_softmax(a), l[..., None], -1)[..., 0])
    p.put("relu", ["a"], lambda x: np.maximum(x.astype(inexact(x)), 0))
    if dtype[0] == "f":
        p = Program("norms", dtype, a=tame(dtype, (3, 5)), g=tame(dtype, (5,)), h=tame(dtype, (5,)))

        def layer_norm(a, g, h):
            y = a.astype(long)
            deviation = y - np.mean(y, -1, keepdims=True)
            return rounded(deviation / np.sqrt(np.mean(deviation**2, -1, keepdims=True) + 1e-5) * g + h, a.dtype)
        p.put("layer_norm", ["a", "g", "h"], layer_norm)


for dtype in names:
    for topic in (reductions, movement, indexing, creation, products, compositions):
        topic(dtype)

# ---- result dtypes of mixed operands
binary = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.true_divide, "floor_divide": np.floor_divide,
          "mod": np.remainder, "pow": np.power, "maximum": np.maximum, "minimum": np.minimum, "lt": np.less,
          "eq": np.equal, "bitwise_and": np.bitwise_and, "logical_or": np.logical_or, "matmul": np.matmul,
          "dot": np.dot}
unary = {"neg": np.negative, "abs": np.abs, "sign": np.sign, "sqr": np.square, "sqrt": np.sqrt, "exp": np.exp,
         "log1p": np.log1p, "tanh": np.tanh, "sin": np.sin, "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc,
         "isnan": np.isnan, "logical_not": np.logical_not, "bitwise_not": np.invert, "sum": np.sum, "prod": np.prod,
         "mean": np.mean, "var": np.var, "std": np.std, "max": np.max, "argmin": np.argmin, "any": np.any,
         "cumsum": lambda x: np.cumsum(x)}
literals = {"true": True, "3": 3, "2.5": 2.5}
promotions = []


def result_of(function, *operands):
    try:
        return short[np.asarray(function(*operands)).dtype]
    except TypeError:
        return "refused"


for a in names:
    x = np.ones(2, names[a])
    promotions += [["unary", op, a, result_of(f, x)] for op, f in unary.items()]
    for b in names:
        y = np.ones(2, names[b])
        promotions += [["binary", op, a, b, result_of(f, x, y)] for op, f in binary.items()]
        promotions.append(["where", a, b, result_of(lambda x, y: np.where(True, x, y), x, y)])
        promotions.append(["concatenate", a, b, result_of(lambda x, y: np.concatenate([x, y]), x, y)])
    for text, literal in literals.items():
        promotions += [["literal", op, a, text, result_of(f, x, literal)] for op, f in binary.items()
                       if op not in ("matmul", "dot")]

table = {f"inputs.{key}": value for key, value in arrays.items()}
table |= {f"results.{key}": np.concatenate(value) for key, value in results.items()}
text = json.dumps({"programs": programs, "promotions": promotions}, separators=(",", ":"))
table["cases"] = np.frombuffer(text.encode(), np.uint8)
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "structured_table.npz")
np.savez_compressed(path, **table)
print(sum(len(p["cases"]) for p in programs), "cases,", len(promotions), "promotions,", os.path.getsize(path), "bytes")
