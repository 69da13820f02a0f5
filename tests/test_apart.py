"""Results may be written into, each on its own, as what the loop stacks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vectorizer import tree, vmap
from vectorizer.testing import assert_matches_loop


def twice(x):
    y = x * 2
    return y, y


def row_and_all(x):
    y = x * 2
    return y[0], y


def through_a_name(x):
    y = x * 2
    z = y.T
    return {"y": y, "z": [z, z[0]]}


def reshaped(x):
    y = x * 2
    return np.reshape(y, -1), y.ravel(), y


def swapped(x):
    a, b = x * 2, x + 1
    a, b = b, a
    return a, b


def either(x, n):
    y = x + 1
    z = x - 1
    return (y if n > 0 else z), z


def helper(y):
    return y[1]


def from_a_helper(x):
    y = x * 2
    return helper(y), y


def rows_of(x):
    y = x * 2
    return list(y), y


def argument_and_row(x):
    return x[0], x, x.T


def in_a_loop(x):
    before = x * 0
    after = x * 1
    for _ in range(3):
        before = after
        after = after * 0.5
    return before, after


def numbers(x):
    s = x.sum()
    return s, s, x[0, 0], x[0, 0]


CASES: list[tuple[Any, tuple[Any, ...], Any]] = [
    *((f, (), 0) for f in (twice, row_and_all, through_a_name, reshaped, swapped, from_a_helper, rows_of)),
    *((f, (), 0) for f in (argument_and_row, in_a_loop, numbers)),
    (either, (1,), (0, None)),
    (either, (-1,), (0, None)),
]


@pytest.mark.parametrize(("function", "more", "in_axes"), CASES)
@pytest.mark.parametrize("shape", [(4, 3, 3), (1, 3, 3), (4, 2, 0), (4, 3, 1)])
@pytest.mark.parametrize("out_axis", [0, -1])
def test_no_result_shares_memory(function: Any, more: Any, in_axes: Any, shape: Any, out_axis: int) -> None:
    x = np.random.default_rng(0).normal(size=shape)
    raises = 0 in shape and function in (numbers, through_a_name)  # for want of a first element
    if not raises and not (function is rows_of and out_axis):
        vmapped = vmap(function, in_axes, out_axis)
        assert_matches_loop(function, (x, *more), in_axes, out_axis, vmapped=vmapped, native=function is not rows_of)
        found = [leaf for leaf in tree.leaves(vmapped(x, *more)) if isinstance(leaf, np.ndarray)]
        for k, one in enumerate(found):
            assert not any(np.shares_memory(one, other) for other in (x, *found[:k]))


def test_nothing_is_copied_that_is_apart() -> None:
    def step(x, v):
        a = -x
        v = v + 0.1 * a
        x = x + 0.1 * v
        return x, v, a

    vmapped = vmap(step)
    vmapped(np.ones((2, 3)), np.ones((2, 3)))
    assert "copy" not in vmapped.source()
