"""Variables that an iteration sets only behind a jump, read behind a loop that ends at different times."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vectorizer import vmap
from vectorizer.testing import assert_matches_loop


def last_before_a_negative(x):
    for v in x:
        if v < 0:
            break
        last = v
    return last


def descent(x, t):
    for _ in range(30):
        grad = 2 * (x - t)
        if np.linalg.norm(grad) < 0.5:
            break
        x = x - 0.2 * grad
        loss = ((x - t) ** 2).sum()
    return x, loss


def root(t):
    low, high = 0.0, t + 1
    for _ in range(20):
        if high - low < 0.1:
            break
        mid = (low + high) / 2
        f = mid * mid - t
        if f > 0:
            high = mid
        else:
            low = mid
    return mid, f


def last_positive_before_a_small_one(x):
    for v in x:
        if v > 0:
            y = v
        elif v < -1:
            break
    return y


def in_an_inner_loop(x, t):
    total = 0.0
    for i in range(2):
        for v in x:
            if v + i > t + 2:
                break
            w = v * (i + 1)
        total += w
    return total


def set_in_each_branch(x):
    for v in x:
        if v < -1:
            break
        if v > 0:
            sign = 1
        else:
            sign = -1
    return sign


RNG = np.random.default_rng(0)
ROWS = np.abs(RNG.normal(size=(9, 5)))
ROWS[np.arange(1, 9), RNG.integers(1, 5, 8)] = -2.0
CASES = [
    (last_before_a_negative, (ROWS,)),
    (descent, (RNG.normal(size=(9, 3)) * 4 + 9, RNG.normal(size=(9, 3)))),
    (root, (RNG.random(9) * 50 + 1,)),
    (last_positive_before_a_small_one, (ROWS,)),
    (in_an_inner_loop, (ROWS, ROWS[:, 0])),
    (set_in_each_branch, (ROWS,)),
]


@pytest.mark.parametrize(("function", "args"), CASES, ids=lambda v: getattr(v, "__name__", ""))
def test_lanes_leave_with_what_an_earlier_iteration_has_set(function: Any, args: Any) -> None:
    vmapped = vmap(function, strict=True)
    for rows in (slice(None), slice(1), slice(3, 5)):
        assert_matches_loop(function, tuple(a[rows] for a in args), vmapped=vmapped)


@pytest.mark.filterwarnings("ignore::vectorizer.FallbackWarning")
@pytest.mark.parametrize("function", [last_before_a_negative, last_positive_before_a_small_one, set_in_each_branch])
def test_what_is_never_set_raises_as_in_the_loop(function: Any) -> None:
    rows = ROWS.copy()
    rows[4, 0] = -2.0
    assert_matches_loop(function, (rows,))
    with pytest.raises(UnboundLocalError):
        vmap(function)(rows)
