"""Choices between one and zero: booleans as numbers, of the dtype and the value that the loop gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vectorizer import vmap
from vectorizer.testing import assert_matches_loop


def one_if_equal(x, y):
    return 1 if x == y else 0


def zero_if_equal(x, y):
    return 0 if x == y else 1


def zero_if_less(x, y):
    return 0.0 if x < y else 1.0


def one_if_both(x, y):
    return 1.0 if x > 0 and y > 0 else 0.0


def signs_are_kept(x, y):
    return -0.0 if x == y else 1.0


def flags_are_no_numbers(x, y):
    return True if x == y else False


def cost_of_a_change(x, y):
    cost = 0 if x == y else 1
    return 3 * cost + x


def count_of_changes(x, y):
    total = 0
    for i in range(len(x)):
        total += 0 if x[i] == y[i] else 1
    return total


def share_of_changes(x, y):
    out = np.zeros(len(x), np.float32)
    for i in range(len(x)):
        out[i] = 1 if x[i] != y[i] else 0
    return out


NUMBERS = [one_if_equal, zero_if_equal, zero_if_less, one_if_both, signs_are_kept, cost_of_a_change]
DTYPES = ["float64", "float32", "int64", "int8", "uint8"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", [*NUMBERS, flags_are_no_numbers], ids=lambda f: f.__name__)
@pytest.mark.parametrize("axes", [(0, 0), (0, None), (None, 0)], ids=str)
def test_choices_of_one_number(function: Any, dtype: str, axes: Any) -> None:
    rng = np.random.default_rng(0)
    args = [rng.integers(0, 3, 7).astype(dtype) if axis == 0 else np.dtype(dtype).type(1) for axis in axes]
    if dtype.startswith("float") and axes[0] == 0:
        args[0][2] = np.nan
    assert_matches_loop(function, tuple(args), axes)


@pytest.mark.parametrize("size", [0, 1, 4])
@pytest.mark.parametrize("function", [count_of_changes, share_of_changes], ids=lambda f: f.__name__)
@pytest.mark.parametrize("axes", [(0, 0), (1, 0), (0, None)], ids=str)
def test_choices_in_loops(function: Any, size: int, axes: Any) -> None:
    rng = np.random.default_rng(1)
    shapes = [(size,) if axis is None else (4, size) if axis == 0 else (size, 4) for axis in axes]
    assert_matches_loop(function, tuple(rng.integers(0, 2, shape) for shape in shapes), axes)


def test_signs_of_zeros() -> None:
    x = np.array([0.0, 1.0])
    assert list(np.signbit(vmap(signs_are_kept)(x, np.zeros(2)))) == [True, False]


def test_what_is_emitted() -> None:
    x, y = np.arange(3), np.array([0, 2, 2])
    one, zero, count = vmap(one_if_equal), vmap(zero_if_equal), vmap(count_of_changes)
    one(x, y), zero(x, y), count(x[None], y[None])
    assert "(x == y).astype(int)" in one.source()
    assert "(x != y).astype(int)" in zero.source()
    assert "np.count_nonzero(" in count.source()
