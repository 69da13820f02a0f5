"""Variables of loops that are updated in their own memory, and those that must not be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchmarks.textbook import horner
from vectorizer import vmap
from vectorizer.testing import assert_matches_loop

r = np.random.default_rng(17)


def ewma(x, a):
    m = 0.0
    for t in range(len(x)):
        m = a[t] * x[t] + (1 - a[t]) * m / 2  # the older, the less
        if a[0] > 2:
            m = m - 1
    return m


def kept_before(x, a):
    """The old value has a name."""
    y, total = x[0] * 1, x[0] * 0
    for t in range(len(x)):
        before = y
        y = y * a[t] + x[t]
        total = total * 2 + before
    return total, y


def listed(x, a):
    """Each value is an item of a list."""
    y, seen = x[0] * 2, []
    for t in range(len(x)):
        y = y * a[t] + x[t] * x[t - 1]
        seen.append(y)
        seen.append(y - 1)
    return seen


def begins_as_argument(x, a):
    """The caller's array must not change."""
    y = x
    for t in range(len(a)):
        y = y * a[t] + 1
        x = x * a[t]
    return x + y


def seen_through(x, a):
    """A view of the old values."""
    y = x * 2
    first = y[1:]
    for t in range(len(a)):
        y = y * a[t] + 1
    return first.sum() + y.sum()


def swapped(x, a):
    p, q = x[0] * 1, x[1] * 1
    for t in range(len(a)):
        p, q = q, p * a[t] + q
        q = q * 2 + x[t]
    return p - q


def stored(x, a):
    out, y = np.zeros_like(x), x[0] * 0
    for t in range(len(x)):
        y = y * a[t] - x[t]
        out[t] = y
    return out


def chosen(x, a):
    """Another name for the old value, in some iterations."""
    y = x[0] * 0
    for t in range(len(a)):
        z = y if a[t] > 0.5 else x[t]
        y = y * a[t] + x[t]
        y = y - z
    return y


def vectors(x, a):
    v = x * 1
    for t in range(len(a)):
        v = v * a[t] - x
        v = np.sin(v) + v[::-1]
    return v


def twice(x, a):
    y = x[0] * 1
    for t in range(len(a)):
        y = y * a[t] + y
        y = 1 - y
    return y


def widened(x, a):
    """Integers that become floats."""
    y = x[0] // 1
    for t in range(len(a)):
        y = y * a[t] + x[t]
    return y


FUNCTIONS = [
    ewma,
    kept_before,
    listed,
    begins_as_argument,
    seen_through,
    swapped,
    stored,
    chosen,
    vectors,
    twice,
    widened,
]


@pytest.mark.parametrize("size", [0, 1, 6, 9])
@pytest.mark.parametrize("dtype", [float, np.float32, np.int64, complex])
@pytest.mark.parametrize("f", FUNCTIONS)
def test_updates_match_the_loop(f: Callable[..., Any], dtype: Any, size: int) -> None:
    x, a = (5 * r.standard_normal((size, 6))).astype(dtype), r.random(6)
    if f in (chosen, widened) and dtype is complex:
        x = x.real
    given = x.copy()
    assert_matches_loop(f, (x, a), in_axes=(0, None))
    np.testing.assert_array_equal(x, given)
    both = (x, np.tile(a, (size, 1)))
    if f is not ewma and f is not chosen:
        assert_matches_loop(f, both)


@pytest.mark.parametrize("dtype", [float, np.float32, np.int64])
@pytest.mark.parametrize("size", [1, 9, 40_000])
def test_polynomials(size: int, dtype: Any) -> None:
    x = (3 * r.standard_normal(size)).astype(dtype)
    assert_matches_loop(
        horner, (x, r.standard_normal(9)), in_axes=(0, None), rtol=1e-4 if dtype is np.float32 else None
    )


def test_polynomials_are_computed_in_place() -> None:
    text = vmap(horner, (0, None)).source(r.random(5), r.random(4))
    assert "        y *= x\n        y += c[k]\n" in text


def test_comments_stay_and_operands_keep_their_order() -> None:
    text = vmap(ewma, (0, None)).source(r.random((3, 5)), r.random(5))
    expected = """        m *= 1 - a[t]
        m /= 2
        m += a[t] * x[:, t]  # the older, the less
"""
    assert expected in text


@pytest.mark.parametrize("f", [kept_before, listed, begins_as_argument, seen_through])
def test_what_others_see_is_not_changed(f: Callable[..., Any]) -> None:
    assert "y *=" not in vmap(f, (0, None)).source(r.random((3, 6)), r.random(6))


def rotated(x, a):
    out = x * 0
    for t in range(len(x)):
        out[(t + 1) % len(x)] = x[t]
    return out


def argument_itself(x, a):
    x[0] = a[0]
    return x


def seen_twice(x, a):
    y = x * 2
    y[0] = a[0]
    return y, y


def part_beside(x, a):
    y = x * 2
    y[0] = a[0]
    return y, y[1:]


@pytest.mark.parametrize("f", [rotated, argument_itself, seen_twice, part_beside])
def test_results_do_not_share_memory(f: Callable[..., Any]) -> None:
    x, a = r.random((3, 6)), r.random(6)
    assert_matches_loop(f, (x.copy(), a), in_axes=(0, None))
    given = x.copy()
    found = vmap(f, (0, None))(given, a)
    results = [*(found if isinstance(found, tuple) else (found,)), given]
    assert not any(np.shares_memory(p, q) for k, p in enumerate(results) for q in results[:k])


def test_what_a_function_has_made_is_returned_as_it_is() -> None:
    assert ".copy()" not in vmap(rotated, (0, None)).source(r.random((3, 6)), r.random(6))
