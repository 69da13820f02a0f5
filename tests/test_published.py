"""Published functions that were looped or failed inside: native, and what the loop gives."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests import published_functions as published
from vectorizer import jit, tree, vmap
from vectorizer.testing import assert_matches_loop

Rng = np.random.Generator


def normal(*shape: int) -> Callable[[Rng], Any]:
    return lambda rng: rng.normal(size=shape)


def positive(*shape: int) -> Callable[[Rng], Any]:
    return lambda rng: rng.uniform(0.2, 2, shape)


def integers(low: int, high: int, *shape: int) -> Callable[[Rng], Any]:
    return lambda rng: rng.integers(low, high, shape)


def definite(rng: Rng) -> Any:
    a = rng.normal(size=(4, 4))
    return a @ a.T + 4 * np.eye(4)


def rates(rng: Rng) -> Any:
    return {"a": rng.uniform(0.2, 2), "b": rng.uniform(0.2, 2)}


NATIVE: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (published.svd_by_rotations, (normal(4, 3),)),
    (published.gmres, (definite, normal(4), 3)),
    (published.isotonic, (normal(6),)),
    (published.masks_under_conditions, (normal(4), normal(), integers(0, 4))),
    (published.logistic_regression, (normal(8, 3), integers(0, 2, 8))),
    (published.lasso, (normal(8, 3), normal(8), positive())),
    (published.conjugate_gradient, (definite, normal(4), positive())),
    (published.damped, (normal(3, 3), normal(3), normal())),
    (published.mixture_weights, (normal(6), positive())),
    (published.broyden, (normal(2),)),
    (
        published.implied_volatility,
        (lambda rng: rng.uniform(5, 9), lambda rng: 100.0, lambda rng: rng.uniform(95, 105)),
    ),
    (published.pressure, (normal(4, 4), normal(4, 4), positive())),
    (published.bubble_sort, (normal(4),)),
    (published.heap, (normal(4),)),
    (published.american_put, (positive(), positive(), positive(), 5)),
    (published.crc16, (lambda rng: rng.integers(0, 256, 5).astype(np.uint8),)),
    (published.bits_of, (integers(0, 6),)),
    (published.area_under_curve, (normal(6), integers(0, 2, 6))),
    (published.stiff, (positive(2), rates)),
    (published.metropolis, (normal(2), normal(5, 2), positive(5))),
    (published.row_echelon, (normal(3, 4),)),
    (published.columns_from_there, (normal(4, 4), integers(0, 5))),
    (published.nearest_votes, (normal(6, 2), normal(2), integers(0, 3, 6))),
]
LOOPED: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (published.alias_before_lanes_leave, (normal(3, 3), normal(3), normal())),
    (published.outgrows, (integers(0, 6),)),
    (published.shifts_below_zero, (integers(0, 6),)),
    (published.roots_below_zero, (normal(2),)),
]


def cases(table: list[tuple[Callable[..., Any], tuple[Any, ...]]]) -> list[Any]:
    return [pytest.param(function, makers, id=function.__name__) for function, makers in table]


def stacked(items: list[Any], like: Any) -> Any:
    if isinstance(like, dict):
        return {key: stacked([item[key] for item in items], value) for key, value in like.items()}
    return np.array(items) if items else np.zeros((0, *np.shape(like)), np.asarray(like).dtype)


def batch_of(makers: tuple[Any, ...], size: int) -> tuple[list[Any], tuple[int | None, ...]]:
    """Arguments for a number of examples, with their axes; what is no maker is the same for all of them."""
    rng = np.random.default_rng(size)
    args = [stacked([m(rng) for _ in range(size)], m(rng)) if callable(m) else m for m in makers]
    return args, tuple(0 if callable(m) else None for m in makers)


@pytest.mark.parametrize("size", [0, 1, 3, 4, 9])
@pytest.mark.parametrize(("function", "makers"), cases(NATIVE))
def test_native(function, makers, size):
    args, axes = batch_of(makers, size)
    assert_matches_loop(function, args, axes, native=True)


@pytest.mark.parametrize(("function", "makers"), cases(NATIVE))
def test_last_axis(function, makers):
    args, axes = batch_of(makers, 3)
    moved = [np.moveaxis(a, 0, -1).copy() if isinstance(a, np.ndarray) else a for a in args]
    last = tuple(-1 if isinstance(a, np.ndarray) else axis for a, axis in zip(args, axes, strict=True))
    assert_matches_loop(function, moved, last, native=True)


@pytest.mark.parametrize(("function", "makers"), cases(NATIVE))
def test_one_example(function, makers):
    args = [m(np.random.default_rng(1)) if callable(m) else m for m in makers]
    expected = function(*copy.deepcopy(args))
    result = jit(function)(*copy.deepcopy(args))
    for one, other in zip(tree.leaves(expected), tree.leaves(result), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-9)


@pytest.mark.filterwarnings("ignore::vectorizer.FallbackWarning")
@pytest.mark.parametrize("size", [0, 1, 3, 8])
@pytest.mark.parametrize(("function", "makers"), cases(LOOPED))
def test_looped(function, makers, size):
    """What must be looped is: Python's numbers that outgrow NumPy's, and arrays of two names that part."""
    args, axes = batch_of(makers, size)
    assert_matches_loop(function, args, axes)


def test_dict_that_is_given_to_a_function():
    def slope(y, p):
        return p["a"] * y - p["w"][0]

    def run(y, p, tol):
        n = 0
        while y > tol and n < 9:
            y -= 0.3 * slope(y, p) + p["w"][1]
            n += 1
        return y, n

    rng = np.random.default_rng(0)
    p = {"a": rng.uniform(0, 1, 5), "w": rng.uniform(0, 1, (5, 2))}
    assert_matches_loop(run, (rng.uniform(1, 3, 5), p, 0.5), (0, 0, None), native=True)


def test_memory_that_functions_share():
    def same(a):
        return a

    def tail(a, b):
        return b[1:]

    def both(a, b):
        return np.array([a[0], b[1]])

    def program(x, y, t):
        p, q, r = tail(x, y), both(x, y), same(x)
        y[1], x[0] = 9, 5
        q += t
        x[1] = 7
        return p.sum(), q, r.sum()

    rng = np.random.default_rng(0)
    assert_matches_loop(program, (rng.normal(size=(3, 3)), rng.normal(size=(3, 3)), rng.normal(size=3)), native=True)


def test_function_that_is_given_rows_twice_under_a_condition():
    def subtract(w, x):
        w -= x

    def program(x, t):
        if t > 0:
            r = x
            subtract(x, r)
        return x

    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(4, 3)), rng.normal(size=4)
    expected = np.where((t > 0)[:, None], 0, x)
    with pytest.warns(match="writes into its argument"):
        np.testing.assert_array_equal(vmap(program)(x, t), expected)
