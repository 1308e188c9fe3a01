"""Writes numpy_table.npz: elementwise ops on special and random values, computed by NumPy 2 (and by
mpmath where NumPy has no such function). Run it with NumPy and mpmath installed:

    python3 tests/data/make_numpy_table.py

Floating results are computed in extended precision and rounded once. Integer cases on which croton
differs from NumPy by contract (division by zero, MIN // -1, negative powers) are left out; they have
a test of their own.
"""
import os
import warnings

import mpmath
import numpy as np

warnings.filterwarnings("ignore")
rng = np.random.default_rng(20)
mpmath.mp.prec = 120
names = {"bool": "bool", "i8": "int8", "i16": "int16", "i32": "int32", "i64": "int64", "u8": "uint8",
         "u16": "uint16", "u32": "uint32", "u64": "uint64", "f32": "float32", "f64": "float64"}


def reals(dtype):
    info = np.finfo(dtype)
    special = [0.0, -0.0, 1, -1, 0.5, -0.5, 2, -2, 3, 10, -10, 1e-3, 1e3, np.inf, -np.inf, np.nan,
               info.max, info.min, info.tiny, -info.tiny, info.smallest_subnormal, 1.5, 2.5, -2.5, 88.7, 709.5,
               -103.0, -745.0, 1e30, -1e30, 22.5, 0.9, 1 + info.eps, np.pi, np.pi / 2, 355.0, 1e5, 1e6 + 0.5]
    return np.concatenate([np.array(special, dtype), (rng.standard_normal(60) * 3).astype(dtype),
                           rng.uniform(0, 1, 30).astype(dtype),
                           np.exp(rng.uniform(-80, 80, 30)).astype(dtype)])


def integers(dtype):
    info = np.iinfo(dtype)
    special = [0, 1, 2, 3, 7, info.max, info.min, info.max - 1, info.min + 1]
    special += [-1, -2, -7] if info.min < 0 else []
    return np.concatenate([np.array(special, dtype), rng.integers(info.min, info.max, 20, dtype),
                           rng.integers(0, 10, 10).astype(dtype)])


def samples(name):
    if name == "bool":
        return np.array([False, True])
    return integers(names[name]) if name[0] in "iu" else reals(names[name])


def exact(function):
    """An mpmath function as a ufunc that rounds once to the dtype of its argument."""
    def apply(a):
        out = []
        for x in a.tolist():
            try:
                out.append(float("nan") if x != x else function(mpmath.mpf(x)))
            except (ValueError, ZeroDivisionError, OverflowError):
                out.append(mpmath.nan)
        # Rounding to float32 goes through NumPy's longdouble, far more precise than needed.
        result = np.array([np.longdouble(mpmath.nstr(v, 30)) if not isinstance(v, float) else v for v in out],
                            np.longdouble).astype(a.dtype)
        return np.where((a == 0) & (result == 0), a, result)  # mpmath has no signed zero
    return apply


long = np.longdouble
unary_real = {
    "sqrt": np.sqrt, "exp": lambda a: np.exp(a.astype(long)).astype(a.dtype),
    "expm1": lambda a: np.expm1(a.astype(long)).astype(a.dtype),
    "log": lambda a: np.log(a.astype(long)).astype(a.dtype),
    "log1p": lambda a: np.log1p(a.astype(long)).astype(a.dtype),
    "log2": lambda a: np.log2(a.astype(long)).astype(a.dtype),
    "log10": lambda a: np.log10(a.astype(long)).astype(a.dtype),
    "tanh": lambda a: np.tanh(a.astype(long)).astype(a.dtype),
    "sigmoid": lambda a: (1 / (1 + np.exp(-a.astype(long)))).astype(a.dtype),
    "softplus": lambda a: np.logaddexp(long(0), a.astype(long)).astype(a.dtype),
    "erf": exact(mpmath.erf), "sin": exact(mpmath.sin), "cos": exact(mpmath.cos), "tan": exact(mpmath.tan),
}
unary_any = {"neg": np.negative, "abs": np.abs, "sign": np.sign, "sqr": np.square, "floor": np.floor,
             "ceil": np.ceil, "trunc": np.trunc, "isnan": np.isnan, "isinf": np.isinf}
binary_any = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "floor_divide": np.floor_divide,
              "mod": np.remainder, "pow": np.power, "minimum": np.minimum, "maximum": np.maximum,
              "eq": np.equal, "neq": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater,
              "ge": np.greater_equal}
bits = {"bitwise_and": np.bitwise_and, "bitwise_or": np.bitwise_or, "bitwise_xor": np.bitwise_xor}
logic = {"logical_and": np.logical_and, "logical_or": np.logical_or, "logical_xor": np.logical_xor}
table = {}


def put(op, dtype, operands, out):
    for letter, operand in zip("abc", operands):
        table[f"{op}.{dtype}.{letter}"] = operand
    table[f"{op}.{dtype}.out"] = out


for dtype in names:
    a = samples(dtype)
    real = dtype[0] == "f"
    integer = dtype[0] in "iu"
    for op, f in unary_any.items():
        if dtype == "bool" and op in ("neg", "abs", "sign", "sqr"):
            continue
        put(op, dtype, [a], f(a))
    if real:
        put("round", dtype, [a], np.rint(a))
        for op, f in unary_real.items():
            b = a[np.abs(a) > 1e-30] if op in ("sin", "cos", "tan") else a
            put(op, dtype, [b], f(b))
    x, y = (v.ravel() for v in np.meshgrid(a, rng.permutation(a)[:24]))
    for op, f in binary_any.items():
        u, v = x, y
        if dtype == "bool" and op in ("sub", "floor_divide", "mod", "pow"):
            continue
        if integer and op in ("floor_divide", "mod"):
            keep = (v != 0) & ~((u == np.iinfo(names[dtype]).min) & (v == np.array(-1).astype(v.dtype)) & (dtype[0] == "i"))
            u, v = u[keep], v[keep]
        if integer and op == "pow":
            u, v = u[(v >= 0) & (v < 40)], v[(v >= 0) & (v < 40)]
        out = f(u.astype(long), v.astype(long)).astype(u.dtype) if real and op == "pow" else f(u, v)
        if real and op in ("minimum", "maximum"):
            keep = ~((u == 0) & (v == 0))  # NumPy leaves open which zero it returns
            u, v, out = u[keep], v[keep], out[keep]
        put(op, dtype, [u, v], out)
    if real:
        put("div", dtype, [x, y], x / y)
    if integer or dtype == "bool":
        for op, f in bits.items():
            put(op, dtype, [x, y], f(x, y))
        put("bitwise_not", dtype, [a], np.invert(a))
    if dtype == "bool":
        for op, f in logic.items():
            put(op, dtype, [x, y], f(x, y))
        put("logical_not", dtype, [a], np.logical_not(a))
np.savez_compressed(os.path.join(os.path.dirname(os.path.abspath(__file__)), "numpy_table.npz"), **table)
print(len(table), "arrays")
