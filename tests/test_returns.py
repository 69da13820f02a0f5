"""Returns from loops that end at different times: from inside of several, and under a condition."""

from __future__ import annotations

import numpy as np
import pytest

from vectorizer import vmap
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


RNG = np.random.default_rng(0)
CASES = [
    (two, (RNG.random((9, 3)),)),
    (two2, (RNG.random((9, 5)), RNG.random(9) * 3)),
    (prime, (RNG.integers(0, 50, 9),)),
    (found_in_else, (RNG.random((19, 3)), RNG.random(19))),
    (under_a_condition_in_the_outer_loop, (RNG.random((19, 3)), RNG.random(19))),
]


@pytest.mark.parametrize(("function", "args"), CASES, ids=lambda v: getattr(v, "__name__", ""))
def test_is_native_and_equal_to_the_loop(function, args):
    vmapped = vmap(function, strict=True)
    assert_matches_loop(function, args, vmapped=vmapped)
    for k in (1, 2):
        assert_matches_loop(function, tuple(a[:k] for a in args), vmapped=vmapped)
