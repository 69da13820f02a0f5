"""Functions that call themselves: native, and equal to the loop."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.corpus.control import ackermann
from vectorizer import vmap
from vectorizer.testing import assert_matches_loop


def factorial(n):
    if n <= 1:
        return 1
    return n * factorial(n - 1)


def gcd(a, b):
    if b == 0:
        return a
    return gcd(b, a % b)


def search(a, t, lo, hi):
    """Binary search."""
    if lo > hi:
        return -1
    mid = (lo + hi) // 2
    if a[mid] == t:
        return mid
    if a[mid] < t:
        return search(a, t, mid + 1, hi)
    return search(a, t, lo, mid - 1)


def find(a, t):
    return search(a, t, 0, len(a) - 1)


def power(x, n):
    if n == 0:
        return 1.0
    half = power(x, n // 2)
    if n % 2 == 0:
        return half * half
    return half * half * x


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def is_even(n):
    if n == 0:
        return True
    return is_odd(n - 1)


def is_odd(n):
    if n == 0:
        return False
    return is_even(n - 1)


def digits(n):
    return n % 10 + digits(n // 10) if n > 0 else 0


def legendre(n, x):
    if n == 0:
        return 1.0
    if n == 1:
        return x
    return ((2 * n - 1) * x * legendre(n - 1, x) - (n - 1) * legendre(n - 2, x)) / n


def fft(x):
    n = len(x)
    if n <= 1:
        return x
    even = fft(x[::2])
    odd = fft(x[1::2])
    t = np.exp(-2j * np.pi * np.arange(n // 2) / n) * odd
    return np.concatenate([even + t, even - t])


def collatz(n):
    if n == 1:
        return 0
    if n % 2 == 0:
        return 1 + collatz(n // 2)
    return 1 + collatz(3 * n + 1)


def simpson(a, b, eps):
    c = (a + b) / 2
    h = b - a
    s = h / 6 * (np.sin(a) + 4 * np.sin(c) + np.sin(b))
    d, e = (a + c) / 2, (c + b) / 2
    s2 = h / 12 * (np.sin(a) + 4 * np.sin(d) + 2 * np.sin(c) + 4 * np.sin(e) + np.sin(b))
    if abs(s2 - s) < 15 * eps:
        return s2 + (s2 - s) / 15
    return simpson(a, c, eps / 2) + simpson(c, b, eps / 2)


def hanoi(n):
    if n == 0:
        return 0
    return 2 * hanoi(n - 1) + 1


def total(x):
    if len(x) == 0:
        return 0.0
    return x[0] + total(x[1:])


def gcd_steps(a, b):
    if b == 0:
        return a, 0
    g, k = gcd_steps(b, a % b)
    return g, k + 1


def egcd(a, b):
    if a == 0:
        return b, 0, 1
    g, y, x = egcd(b % a, a)
    return g, x - (b // a) * y, y


def count_paths(m, n):
    if m == 1 or n == 1:
        return 1
    return count_paths(m - 1, n) + count_paths(m, n - 1)


RNG = np.random.default_rng(0)
N = RNG.integers(0, 12, 9)
SORTED = np.sort(RNG.integers(0, 50, (9, 20)), -1)
CASES = [
    (factorial, (N,), 0),
    (gcd, (RNG.integers(1, 100, 9), RNG.integers(1, 100, 9)), 0),
    (find, (SORTED, RNG.integers(0, 50, 9)), 0),
    (find, (SORTED[0], RNG.integers(0, 50, 9)), (None, 0)),
    (power, (RNG.random(9), N), 0),
    (power, (RNG.random(9), 5), (0, None)),
    (fib, (N,), 0),
    (ackermann, (N % 3, N % 4), 0),
    (is_even, (N,), 0),
    (digits, (N * 777,), 0),
    (legendre, (4, RNG.random(9)), (None, 0)),
    (legendre, (N % 5, RNG.random(9)), 0),
    (fft, (RNG.random((9, 8)),), 0),
    (collatz, (N + 1,), 0),
    (simpson, (np.zeros(9), RNG.random(9) * 5, 1e-8), (0, 0, None)),
    (hanoi, (N,), 0),
    (total, (RNG.random((9, 5)),), 0),
    (gcd_steps, (N, N[::-1]), 0),
    (egcd, (N, N[::-1]), 0),
    (count_paths, (N % 5 + 1, N % 3 + 1), 0),
]


@pytest.mark.parametrize(("function", "args", "in_axes"), CASES, ids=lambda v: getattr(v, "__name__", ""))
def test_is_native_and_equal_to_the_loop(function, args, in_axes):
    vmapped = vmap(function, in_axes, strict=True)
    assert_matches_loop(function, args, in_axes, vmapped=vmapped)


def endless(n):
    return endless(n + 1)


def test_a_function_that_never_ends_raises_what_the_loop_raises():
    with pytest.warns(UserWarning, match="calls itself without end"), pytest.raises(RecursionError):
        vmap(endless)(N)


def test_calls_of_other_kinds_have_functions_of_their_own() -> None:
    m, n = np.array([0, 1, 2, 2]), np.array([3, 0, 1, 2])
    assert_matches_loop(ackermann, (m, n), native=True)
    assert_matches_loop(ackermann, (2, n), (None, 0), native=True)  # a call that is the same for all examples
    assert_matches_loop(ackermann, (m, 2), (0, None), native=True)
    assert_matches_loop(ackermann, (m, np.int64(2)), (0, None), native=True)


def area(a, b):
    def f(x):
        return math.exp(-x * x)

    def simpson(a, b):
        return (b - a) / 6 * (f(a) + 4 * f((a + b) / 2) + f(b))

    lows, highs = np.zeros(40), np.zeros(40)
    lows[0], highs[0] = a, b
    top, total = 1, 0.0
    while top > 0:
        top -= 1
        low, high = lows[top], highs[top]
        middle = (low + high) / 2
        halves = simpson(low, middle) + simpson(middle, high)
        if abs(halves - simpson(low, high)) < 1e-6:
            total += halves
        else:
            lows[top], highs[top] = low, middle
            lows[top + 1], highs[top + 1] = middle, high
            top += 2
    return total


def test_what_a_nested_function_calls_is_emitted_with_it() -> None:
    a, b = np.array([0.0, 0.5, 0.25]), np.array([1.5, 2.0, 1.0])
    assert_matches_loop(area, (a, b), native=True)
    assert_matches_loop(area, (a[1], b), (None, 0), native=True)
    assert_matches_loop(area, (a, b[1]), (0, None), native=True)
