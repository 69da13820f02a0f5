"""`try` around arithmetic that raises for some examples."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vectorizer import vmap
from vectorizer.testing import assert_matches_loop


def divide(a, b):
    try:
        return float(a) / float(b)
    except ZeroDivisionError:
        return 0.0


def root(x):
    try:
        y = math.sqrt(x)
    except ValueError:
        y = -1.0
    return y * 2


def at(x, i):
    try:
        v = x[i]
    except IndexError:
        v = 0.0
    return v


def several_statements(a, b, i):
    total = 0.0
    try:
        p = math.log(a)
        q = float(p) / float(b)
        total = p + q
    except (ValueError, ZeroDivisionError):
        total = -5.0
    else:
        total += 1.0
    return total + i


def in_a_loop(x, y):
    s = 0.0
    for k in range(3):
        try:
            s += float(x[k]) / float(y[k])
        except ZeroDivisionError:
            continue
    return s


def neighbours(x, i):
    try:
        return x[i - 1] + x[i + 1]
    except IndexError:
        return x[0]


def of_numpy_numbers(a, b):
    try:
        return a / b
    except ZeroDivisionError:
        return 0.0


def what_is_not_foreseen(a):
    try:
        if a < 0:
            raise ValueError("negative")
        y = a * 2
    except ValueError:
        y = -1.0
    return y


RNG = np.random.default_rng(0)
A = RNG.integers(-2, 3, 19).astype(float)
B = RNG.integers(-1, 2, 19).astype(float)
INDICES = RNG.integers(-6, 6, 19)
CASES = [
    (divide, (A, B)),
    (divide, (np.abs(A), np.abs(B) + 1)),
    (root, (A,)),
    (root, (A.astype(np.float32),)),
    (at, (RNG.random((19, 4)), INDICES)),
    (several_statements, (A, B, INDICES)),
    (in_a_loop, (RNG.random((19, 3)), RNG.integers(0, 2, (19, 3)).astype(float))),
    (neighbours, (RNG.random((19, 4)), INDICES)),
]


@pytest.mark.parametrize(("function", "args"), CASES, ids=lambda v: getattr(v, "__name__", ""))
def test_is_native_and_equal_to_the_loop(function, args):
    vmapped = vmap(function, strict=True)
    assert_matches_loop(function, args, vmapped=vmapped)
    for k in (1, 2):
        assert_matches_loop(function, tuple(a[:k] for a in args), vmapped=vmapped)


def test_numbers_of_numpy_do_not_raise():
    assert_matches_loop(of_numpy_numbers, (A + 3, np.abs(B) + 1), vmapped=vmap(of_numpy_numbers, strict=True))


@pytest.mark.filterwarnings("ignore::vectorizer.FallbackWarning")
@pytest.mark.parametrize("a", [A, np.abs(A)])
def test_what_is_not_foreseen_is_left_to_the_loop(a):
    assert_matches_loop(what_is_not_foreseen, (a,))
