"""NumPy's side of the benchmarks: reads `case size count` a line, answers `seconds value`.

A case is a name of CASES, or {"arguments": [[dtype, shape, scale, shift], ...], "out": [dtype, shape],
"text": "np.add(a, b, out=out)"}: an expression of the arguments a, b, c and memory for the result. Every case writes into memory that exists already wherever NumPy allows it. The value is the sum of the
output, or for a training step the loss of the first step: what croton computed is compared with it.
"""
import json
import sys
import time

import numpy as np


def numbers(count, seed, dtype, scale=1.0, shift=0.0):
    i = np.arange(count, dtype=np.int64)
    return ((i * 7919 + seed * 104729) % 2003 / 2003 * scale + shift).astype(dtype)


def elementwise(expression):
    def make(n):
        a, b = numbers(n, 1, np.float64), numbers(n, 2, np.float64)
        out, other = np.empty(n), np.empty(n)

        def step():
            expression(a, b, out, other)
            return out
        return step
    return make


def plus_one(a, b, out, other):
    np.add(a, 1, out=out)


def linear(a, b, out, other):
    np.multiply(a, 2, out=out)
    np.multiply(b, 3, out=other)
    np.add(out, other, out=out)


def square(a, b, out, other):
    np.multiply(a, a, out=out)
    np.multiply(b, b, out=other)
    np.add(out, other, out=out)
    np.multiply(a, 2, out=other)
    np.multiply(other, b, out=other)
    np.add(out, other, out=out)


def power(a, b, out, other):
    np.power(b, 10, out=other)
    np.multiply(a, 2, out=out)
    np.add(out, other, out=out)


def sum_all(n):
    x = numbers(n, 1, np.float32)
    return lambda: x.sum()


def sum_axis(axis):
    def make(rows):
        x = numbers(rows * 1024, 1, np.float32).reshape(rows, 1024)
        return lambda: x.sum(axis=axis)
    return make


def softmax(rows):
    x = numbers(rows * 1024, 1, np.float32, 8, -4).reshape(rows, 1024)
    out = np.empty_like(x)

    def step():
        np.subtract(x, x.max(axis=1, keepdims=True), out=out)
        np.exp(out, out=out)
        np.divide(out, out.sum(axis=1, keepdims=True), out=out)
        return out
    return step


RATE = np.float32(0.1)


def batch(n):
    x = numbers(n * 784, 1, np.float32).reshape(n, 784)
    return x, np.arange(n) * 7 % 10, np.arange(n)


def scores_gradient(scores, y, rows):
    """The loss and its gradient by the scores, in the scores' memory."""
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    loss = -np.log(scores[rows, y]).mean()
    scores[rows, y] -= 1
    scores *= np.float32(1 / len(y))
    return loss


def logistic(n):
    x, y, rows = batch(n)
    w, b = np.zeros((784, 10), np.float32), np.zeros(10, np.float32)

    def step():
        nonlocal w, b
        d = x @ w
        d += b
        loss = scores_gradient(d, y, rows)
        w -= RATE * (x.T @ d)
        b -= RATE * d.sum(axis=0)
        return loss
    return step


def network(n):
    x, y, rows = batch(n)
    w1 = numbers(784 * 500, 3, np.float32, 0.1, -0.05).reshape(784, 500)
    w2 = numbers(500 * 10, 4, np.float32, 0.1, -0.05).reshape(500, 10)
    b1, b2 = np.zeros(500, np.float32), np.zeros(10, np.float32)

    def step():
        nonlocal w1, b1, w2, b2
        h = x @ w1
        h += b1
        np.tanh(h, out=h)
        d = h @ w2
        d += b2
        loss = scores_gradient(d, y, rows)
        dh = d @ w2.T
        g2 = h.T @ d
        h *= h
        np.subtract(1, h, out=h)
        dh *= h
        w2 -= RATE * g2
        b2 -= RATE * d.sum(axis=0)
        w1 -= RATE * (x.T @ dh)
        b1 -= RATE * dh.sum(axis=0)
        return loss
    return step


CASES = {"plus_one": elementwise(plus_one), "linear": elementwise(linear), "square": elementwise(square),
         "power": elementwise(power), "sum_all": sum_all, "sum_axis_0": sum_axis(0), "sum_axis_1": sum_axis(1),
         "softmax": softmax, "logistic": logistic, "network": network}


def expression(text):
    """A case that the line itself describes."""
    case = json.loads(text)
    known = {"np": np, "out": np.empty(case["out"][1], case["out"][0])}
    for seed, (dtype, shape, scale, shift) in enumerate(case["arguments"], 1):
        letter = "abc"[seed - 1]
        known[letter] = numbers(int(np.prod(shape)), seed, np.dtype(dtype), scale, shift).reshape(shape)
    return eval("lambda: " + case["text"], known)


def main():
    key, step, value = None, None, None
    for line in sys.stdin:
        name, size, count = line.rsplit(maxsplit=2)
        if key != (name, size):
            key = (name, size)
            step = expression(name) if name.startswith("{") else CASES[name](int(size))
            value = float(np.sum(step(), dtype=np.float64))
        start = time.perf_counter()
        for _ in range(int(count)):
            step()
        print(time.perf_counter() - start, value, flush=True)


main()
