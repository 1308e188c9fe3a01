"""Derives the polynomials of ir/prelude: weighted minimax fits by Remez' exchange, in 200 bits.

    python3 tests/data/fit_elementary.py [NAME...]

Prints, for every polynomial, the error of the exact fit, the error with coefficients of the dtype's
precision, and the coefficients, highest power first. Errors are in the weight's measure: relative to
the function that the polynomial serves. Coefficients are rounded each for itself, or one after the
other from the lowest power with the rest fitted again, whichever errs less. Needs mpmath.
"""
import sys

import mpmath
from mpmath import mpf

mpmath.mp.prec = 200
ROOT = mpmath.sqrt(mpf(1) / 2)
HALF_LN2 = mpf("0.34658")  # ln 2 / 2 and what rounding of the multiple adds
LOWEST, HIGHEST = ROOT - 1 - mpf(2) ** -20, 2 * ROOT - 1 + mpf(2) ** -20  # f in log(1 + f)
SQUARE = ((2 * ROOT - 1) / (2 * ROOT + 1)) ** 2 * (1 + mpf(2) ** -20)  # of s in atanh(s)


def rounded(value, bits):
    mantissa, exponent = mpmath.frexp(value)
    return mpmath.ldexp(mpmath.nint(mpmath.ldexp(mantissa, bits)), exponent - bits)


def largest_error(function, weight, low, high, coefficients):
    points = [low + (high - low) * i / 2000 for i in range(2001)]
    return max(abs(weight(x) * (function(x) - mpmath.polyval(coefficients[::-1], x))) for x in points if x != 0)


def extrema(errors):
    """The place of the largest error in every run of one sign."""
    runs = [[0]]
    for i in range(1, len(errors)):
        if (errors[i] > 0) == (errors[i - 1] > 0):
            runs[-1].append(i)
        else:
            runs.append([i])
    return [max(run, key=lambda i: abs(errors[i])) for run in runs]


def minimax(function, weight, low, high, powers, rounds=40):
    """Coefficients of the powers that minimise the largest weighted error on [low, high]."""
    n = len(powers)
    count = 40 * n + 200
    points = [(low + high) / 2 - (high - low) / 2 * mpmath.cos(mpmath.pi * i / count) for i in range(count + 1)]
    points = [(x, function(x), weight(x)) for x in points if x != 0]
    greatest = max(abs(w) for _, _, w in points)
    points = [p for p in points if abs(p[2]) > greatest * mpf(10) ** -12]
    chosen = sorted({round((len(points) - 1) * (1 - mpmath.cos(mpmath.pi * k / n)) / 2) for k in range(n + 1)})
    best = None
    for _ in range(rounds):
        if len(chosen) < n + 1:
            break
        matrix, right = mpmath.matrix(n + 1, n + 1), mpmath.matrix(n + 1, 1)
        for row, i in enumerate(chosen):
            x, wanted, w = points[i]
            for column, power in enumerate(powers):
                matrix[row, column] = w * x**power
            matrix[row, n] = (-1) ** row
            right[row] = w * wanted
        solution = mpmath.lu_solve(matrix, right)
        coefficients = [solution[k] for k in range(n)]
        errors = [w * (y - sum(c * x**p for c, p in zip(coefficients, powers))) for x, y, w in points]
        worst = max(abs(e) for e in errors)
        if best is None or worst < best[0]:
            best = (worst, coefficients)
        if worst < abs(solution[n]) * mpf("1.001"):
            break
        chosen = extrema(errors)
        while len(chosen) > n + 1:
            if len(chosen) == n + 2:
                chosen.pop(0 if abs(errors[chosen[0]]) < abs(errors[chosen[-1]]) else -1)
            else:
                k = min(range(len(chosen) - 1), key=lambda k: min(abs(errors[chosen[k]]), abs(errors[chosen[k + 1]])))
                del chosen[k : k + 2]
    return best[1]


def fit(function, weight, low, high, count, bits, first):
    """Coefficients from the lowest power up; `first`: the lowest ones, where they are given."""
    low, high = mpf(low), mpf(high)
    given = [mpf(c) for c in first]

    def rest_of(known):
        return lambda x: function(x) - mpmath.polyval(known[::-1], x)

    exact = given + minimax(rest_of(given), weight, low, high, range(len(given), count))
    each = [rounded(c, bits) for c in exact]
    in_turn = list(given)
    while len(in_turn) < count:
        in_turn.append(rounded(minimax(rest_of(in_turn), weight, low, high, range(len(in_turn), count))[0], bits))
    found = min((largest_error(function, weight, low, high, c), c) for c in (each, in_turn))
    return largest_error(function, weight, low, high, exact), *found


def logarithm(scale):
    """(log(1 + f) - f) / f² times the scale, for the rest beyond the leading term."""
    return (lambda f: scale * (mpmath.log1p(f) - f) / f**2, lambda f: f**2 / (scale * mpmath.log1p(f)))


def root(function):
    """A function of s as one of z = s²."""
    return lambda z: function(mpmath.sqrt(z))


exp_q = lambda r: (mpmath.expm1(r) - r) / r**2
tanh_p = root(lambda x: (mpmath.tanh(x) / x - 1) / x**2), root(lambda x: x**3 / mpmath.tanh(x))
erf_p = root(lambda x: mpmath.erf(x) / x - 1), root(lambda x: x / mpmath.erf(x))
erf_q = (lambda t: mpmath.log(mpmath.erfc(t)) / t + 1, lambda t: t * mpmath.erfc(t))
atanh_q = root(lambda s: 2 * (mpmath.atanh(s) / s - 1) / s**2), root(lambda s: s**3 / (2 * mpmath.atanh(s)))
pow_q = (root(lambda s: 2 * (mpmath.atanh(s) / s - 1 - s**2 / 3) / s**4), root(lambda s: s**5 / (2 * mpmath.atanh(s))))
FITS = {  # function, weight, interval, coefficients, bits, first coefficients
    "exp_part f32": (exp_q, lambda r: r**2 / mpmath.expm1(r), -HALF_LN2, HALF_LN2, 6, 24, [0.5]),
    "exp_part f64": (exp_q, lambda r: r**2 / mpmath.expm1(r), -HALF_LN2, HALF_LN2, 11, 53, [0.5]),
    "exp_less_one f32": (exp_q, lambda r: r**2 / mpmath.exp(r), -HALF_LN2, HALF_LN2, 5, 24, [0.5]),
    "exp_less_one f64": (exp_q, lambda r: r**2 / mpmath.exp(r), -HALF_LN2, HALF_LN2, 10, 53, []),
    "log_part f32": (lambda f: (mpmath.log1p(f) - f + f * f / 2) / f**3, lambda f: f**3 / mpmath.log1p(f), LOWEST, HIGHEST, 8, 24, []),
    "log_rest f64": (*atanh_q, 0, SQUARE, 7, 53, []),
    "log2 f32": (*logarithm(1 / mpmath.log(2)), LOWEST, HIGHEST, 9, 24, []),
    "log10 f32": (*logarithm(1 / mpmath.log(10)), LOWEST, HIGHEST, 9, 24, []),
    "tanh f32": (*tanh_p, 0, "0.42", 5, 24, []),
    "tanh f64": (*tanh_p, 0, "0.42", 11, 53, []),
    "erf near f32": (*erf_p, 0, "0.81", 6, 24, []),
    "erf near f64": (*erf_p, 0, "0.6401", 11, 53, []),
    "erf far f32": (*erf_q, "0.89", 4, 7, 24, []),
    "erf far f64": (*erf_q, "0.8", "5.95", 20, 53, []),
    "pow_series f32": (*pow_q, 0, SQUARE, 3, 24, []),
    "pow_series f64": (*pow_q, 0, SQUARE, 8, 53, []),
}


def spelled(value, bits):
    return mpmath.nstr(value, 9) + "f" if bits == 24 else float(value).hex()


for name, row in FITS.items():
    if len(sys.argv) == 1 or name in sys.argv[1:]:
        exact, error, coefficients = fit(*row)
        print(f"{name}: {mpmath.nstr(exact, 3)} exact, {mpmath.nstr(error, 3)} rounded")
        for c in coefficients[::-1]:
            print("   ", spelled(c, row[5]))
