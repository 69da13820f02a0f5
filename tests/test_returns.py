"""Returns from loops that end at different times: from inside of several, and under a condition."""

from __future__ import annotations

import numpy as np
import pytest

from vectorizer import vmap
from vectorizer.errors import FallbackWarning, VectorizeTypeError
from vectorizer.testing import assert_matches_loop


def two(x):
    for i in range(3):
        for j in range(3):
            if x[i] + x[j] > 1.5:
                return i * 10 + j
    return -1


def two2(x, t):
    n = len(x)
    for i in range(n):
        s = 0.0
        j = i
        while j < n:
            s += x[j]
            if s > t:
                return i, j
            j += 1
    return -1, -1


def prime(n):
    if n < 2:
        return False
    for d in range(2, n):
        if n % d == 0:
            return False
    return True


def found_in_else(x, t):
    for i in range(3):
        for j in range(3):
            if x[i] * x[j] > t:
                return 1.0 * i + j
            if x[j] > 2 * t:
                break
        else:
            t = t / 2
    else:
        t = t + 10
    return t


def under_a_condition_in_the_outer_loop(x, t):
    total = 0.0
    for i in range(3):
        if x[i] > t:
            for j in range(4):
                total += x[j % 3]
                if total > 2:
                    return total, i
            total -= 0.25
        else:
            total += 0.125
        if total > 1.5:
            break
    return total, -1


def first_positive(x):
    for k in range(len(x)):
        if x[k] > 0:
            return k


def first_positive_by_while(x):
    k = 0
    while k < len(x):
        if x[k] > 0:
            return k, x[k]
        k += 1


def doubled_past(x, t):
    while True:
        x = 2 * x + 1
        if x > t:
            return x


def by_sector(i, v):
    if i == 0:
        return v, 0.0
    if i == 1:
        return 2 * v, v
    if i == 2:
        return 0.0, v


def by_sign(i, v):
    if i > 0:
        if v > 0.5:
            return 1.0
        elif v <= 0.5:
            return -1.0
    else:
        return 0.0


def known_kind(kind, v):
    if kind == 0:
        return v
    elif kind == 1:
        return np.sqrt(v)
    elif kind == 2:
        w = v * v
        return w + 1
    else:
        message = "unknown kind"
        raise ValueError(message)


RNG = np.random.default_rng(0)
CASES = [
    (two, (RNG.random((9, 3)),)),
    (two2, (RNG.random((9, 5)), RNG.random(9) * 3)),
    (prime, (RNG.integers(0, 50, 9),)),
    (found_in_else, (RNG.random((19, 3)), RNG.random(19))),
    (under_a_condition_in_the_outer_loop, (RNG.random((19, 3)), RNG.random(19))),
    (first_positive, (RNG.random((9, 5)) - 0.2 * np.arange(5)[::-1],)),
    (first_positive_by_while, (RNG.random((9, 5)) - 0.2 * np.arange(5)[::-1],)),
    (doubled_past, (RNG.random(9), RNG.random(9) * 20)),
    (by_sector, (RNG.integers(0, 3, 9), RNG.random(9))),
    (by_sign, (RNG.integers(-1, 3, 9), RNG.random(9))),
    (known_kind, (RNG.integers(0, 3, 9), RNG.random(9))),
]


@pytest.mark.parametrize(("function", "args"), CASES, ids=lambda v: getattr(v, "__name__", ""))
def test_is_native_and_equal_to_the_loop(function, args):
    vmapped = vmap(function, strict=True)
    assert_matches_loop(function, args, vmapped=vmapped)
    for k in (1, 2):
        assert_matches_loop(function, tuple(a[:k] for a in args), vmapped=vmapped)


@pytest.mark.parametrize("function", [by_sector, by_sign, first_positive, known_kind])
def test_what_returns_nothing_is_an_error_as_in_the_loop(function):
    bad = {
        by_sector: (np.array([0, 3, 1]), np.ones(3)),
        by_sign: (np.array([1, -1, 1]), np.array([1.0, 1.0, np.nan])),
        first_positive: (np.array([[-1.0, 1.0], [-1.0, -1.0]]),),
        known_kind: (np.array([0, 3, 1]), np.ones(3)),
    }[function]
    assert_matches_loop(function, bad)
    with pytest.raises(ValueError if function in (known_kind, by_sector) else VectorizeTypeError):
        vmap(function)(*bad)


def test_a_function_that_returns_nothing_for_all_examples_gives_none():
    with pytest.warns(FallbackWarning, match="some examples return nothing, and the loop does not"):
        assert vmap(by_sector)(np.array([3, 4]), np.ones(2)) is None
