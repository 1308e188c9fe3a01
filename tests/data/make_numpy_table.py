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


# ---- elementary functions where their pieces meet, near their zeros, and at the ends of the range
def corners(dtype):
    """Borders of every range reduction and selection, one and a few units to either side, both signs."""
    info = np.finfo(dtype)
    borders = [0.5 * np.log(2), np.log(2), 1.5 * np.log(2), np.sqrt(0.5), np.sqrt(2), np.sqrt(2) - 1, 1 - np.sqrt(0.5),
               0.648, 0.8, 0.927734375, 1, 4, 6, 9.0109, 10, 17.33, 18.4, 20, 37.43, 40, 50, 87.34, 88.0297, 88.7228,
               89, 90, 100, 103.278, 103.972, 104, 150, 708.396, 709.09, 709.7827, 710.4758, 744.44, 745.1332, 746, 1000,
               0.25, 2, 8, 1 / 3, np.pi / 4, 3 * np.pi / 4, 2.0**-12, 2.0**-25, 2.0**-27, 2.0**-54, 2.0**24, 2.0**53,
               2.0**60, 2.0**120, float(info.tiny), float(info.tiny) * 8, float(info.smallest_subnormal) * 5,
               float(info.max) / 2, float(info.max) / 3]
    out = []
    for border in borders:
        if border > float(info.max):
            continue
        at = dtype(border)
        for steps in (0, 1, 2, 5):
            for way in (dtype(0), dtype(np.inf)):
                near = at
                for _ in range(steps):
                    near = np.nextafter(near, way)
                out += [near, -near]
    return np.append(np.unique([x for x in out if x != 0]), [dtype(0), -dtype(0)])


def rounded_once(value, dtype):
    """An mpmath number to float32 or float64, ties to even, below the normal range too."""
    if value == 0 or not mpmath.isfinite(value):
        return dtype(value)
    precision, least = (24, -149) if dtype is np.float32 else (53, -1074)
    unit = max(int(mpmath.floor(mpmath.log(abs(value), 2))) - precision + 1, least)
    rounded = float(mpmath.nint(mpmath.ldexp(value, -unit)) * mpmath.mpf(2) ** unit)
    return dtype(np.copysign(rounded, -1 if value < 0 else 1))  # mpmath has no signed zero


def nan_below(limit, function):
    return lambda x: mpmath.nan if x < limit else (-mpmath.inf if x == limit else function(x))


elementary = {
    "exp": mpmath.exp, "expm1": mpmath.expm1, "log": nan_below(0, mpmath.log),
    "log1p": nan_below(-1, mpmath.log1p), "log2": nan_below(0, lambda x: mpmath.log(x, 2)),
    "log10": nan_below(0, mpmath.log10), "tanh": mpmath.tanh, "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)), "erf": mpmath.erf, "sin": mpmath.sin, "cos": mpmath.cos,
    "tan": mpmath.tan,
}
mpmath.mp.prec = 1600  # so that arguments of 1e300 keep their last bits beside 1 and π
for dtype in ("f32", "f64"):
    real = np.dtype(names[dtype]).type
    a = corners(real)
    for op, f in elementary.items():
        # Far out the exponentials are known: 0, the argument or infinity.
        exact_out = []
        for x in a.tolist():
            far = x > 1e5 or x < -1e5
            if x == 0 and f(mpmath.mpf(0)) == 0:
                exact_out.append(real(x))  # mpmath has no signed zero
            elif far and op in ("exp", "expm1", "softplus"):
                exact_out.append(real((x if op == "softplus" else np.inf) if x > 0 else (-1 if op == "expm1" else 0)))
            elif far and op in ("tanh", "erf", "sigmoid"):
                exact_out.append(real(1 if x > 0 else (0 if op == "sigmoid" else -1)))
            else:
                exact_out.append(rounded_once(f(mpmath.mpf(x)), real))
        put(op, f"{dtype}.corners", [a], np.array(exact_out, real))

# ---- powers: what IEEE 754 says of special operands, and the ends of the range
mpmath.mp.prec = 200
for dtype in ("f32", "f64"):
    real = np.dtype(names[dtype]).type
    info = np.finfo(real)
    whole = float(2**info.nmant)  # beyond it every number is an integer
    special = [0.0, 1.0, 2.0, 3.0, 0.5, 1.5, np.inf, np.nan, float(info.max), float(info.tiny),
               float(info.smallest_subnormal), float(np.nextafter(real(1), real(2))),
               float(np.nextafter(real(1), real(0))), whole - 1, whole, whole + 1, 2 * whole - 1, 2 * whole, 4 * whole,
               whole / 2 + 0.5, 7.0, 10.0, 0.1, 149.0, 1074.0, 1e10, 1e20]
    both = np.array(special + [-v for v in special], real)
    x, y = (v.ravel() for v in np.meshgrid(both, both))
    spread = np.exp(rng.uniform(-1, 1, 1500) * np.log(float(info.max)) * 0.99)
    ends = np.where(rng.random(1500) < 0.5, np.log(float(info.max)), np.log(float(info.smallest_subnormal)))
    x = np.concatenate([x, spread.astype(real)])
    y = np.concatenate([y, (ends * rng.uniform(0.85, 1.01, 1500) / np.log(spread)).astype(real)])
    out = []
    for base, exponent in zip(x.tolist(), y.tolist()):
        ordinary = base != 0 and np.isfinite(base) and np.isfinite(exponent) and exponent != 0
        size = exponent * float(mpmath.log(abs(base))) if ordinary else np.nan
        if not ordinary or abs(size) > 800 or (base < 0 and exponent != np.floor(exponent)):
            out.append(real(np.power(long(base), long(exponent))))
        else:
            magnitude = mpmath.exp(mpmath.mpf(exponent) * mpmath.log(abs(mpmath.mpf(base))))
            out.append(rounded_once(-magnitude if base < 0 and exponent % 2 == 1 else magnitude, real))
    put("pow", f"{dtype}.corners", [x, y], np.array(out, real))
np.savez_compressed(os.path.join(os.path.dirname(os.path.abspath(__file__)), "numpy_table.npz"), **table)
print(len(table), "arrays")
