"""Loops that go over few elements of each example: the batch axis is innermost in memory, and nothing else changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.textbook import viterbi as likeliest_path
from vectorizer import vmap
from vectorizer.testing import assert_matches_loop


def forward_sums(observed, start, move, emit):
    alpha = start * emit[:, observed[0]]
    for t in range(1, len(observed)):
        new = np.zeros_like(alpha)
        for s in range(len(alpha)):
            new[s] = np.sum(alpha / (1 + move[:, s])) * emit[s, observed[t]]
        alpha = new / np.sum(new)
    return alpha


def least_of_differences(observed, start, move, emit):
    best = start - emit[:, observed[0]]
    for t in range(1, len(observed)):
        best = np.min(best[:, None] - move, axis=0) + emit[:, observed[t]]
    return best


def extremes_over_both(observed, start, move, emit):
    x = start.copy()
    for t in range(len(observed)):
        x = x * 0.5 + np.max(x[:, None] * move[0]) - (x[:, None] - start[None, :]).min() + emit[0, observed[t]]
    return x


def held_before(observed, start, move, emit):
    x = start + emit[:, observed[0]]
    for t in range(1, len(observed)):
        both = x[:, None] + move
        both[0] = 1.0
        x = np.max(both, axis=1) + emit[:, observed[t]]
    return x


FUNCTIONS = [likeliest_path, forward_sums, least_of_differences, extremes_over_both, held_before]
AXES: list[Any] = [(0, None, None, None), (0, 0, None, None), (1, 0, 2, None), (None, 0, None, None), (0, 0, 0, 0)]


def arguments(axes: Any, batch: int, steps: int, states: int = 4, seed: int = 0, dtype: Any = float) -> Any:
    rng = np.random.default_rng(seed)
    made: list[Any] = []
    for shape, axis in zip([(steps,), (states,), (states, states), (states, 3)], axes, strict=True):
        full = list(shape)
        if axis is not None:
            full.insert(axis, batch)
        made.append(rng.integers(0, 3, full) if len(shape) == 1 and shape[0] == steps else rng.random(full) + 0.5)
    return tuple(a if a.dtype.kind == "i" else a.astype(dtype) for a in made)


@pytest.mark.parametrize("batch", [1, 4, 9])
@pytest.mark.parametrize("axes", AXES, ids=str)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_against_the_loop(function: Any, axes: Any, batch: int) -> None:
    assert_matches_loop(function, arguments(axes, batch, steps=5), axes, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_nan_ties_and_dtypes(function: Any, dtype: str) -> None:
    observed, start, move, emit = arguments((0, 0, None, None), 9, steps=6, dtype=dtype)
    move[:, 1] = move[:, 0]
    start[2, 1] = np.nan
    assert_matches_loop(function, (observed, start, move, emit), (0, 0, None, None), rtol=1e-4)


def test_other_batches_of_one_specialization() -> None:
    vmapped = vmap(likeliest_path, (0, None, None, None))
    for batch, steps in ((9, 5), (2, 3), (1, 2), (4, 1)):
        args = arguments((0, None, None, None), batch, steps)
        expected = np.stack([likeliest_path(row, *args[1:]) for row in args[0]])
        np.testing.assert_allclose(vmapped(*args), expected)


def test_where_it_is_emitted() -> None:
    def source(function: Any, axes: Any, batch: int) -> str:
        vmapped = vmap(function, axes)
        vmapped(*arguments(axes, batch, steps=5))
        return str(vmapped.source())

    assert 'np.add(score[:, None], move.T, order="F")' in source(likeliest_path, (0, None, None, None), 9)
    assert 'order="F"' not in source(likeliest_path, (0, None, None, None), 3)  # fewer examples than states
    assert 'order="F"' not in source(likeliest_path, (0, 0, 0, None), 9)  # an operand has all axes, and an order
    assert 'order="F"' not in source(held_before, (0, None, None, None), 9)


# --- products over arrays in which the batch axis is innermost -------------------------------------------------------


def cholesky(A):
    n = len(A)
    L = np.zeros((n, n), A.dtype)
    for j in range(n):
        s = A[j, j]
        for k in range(j):
            s -= L[j, k] * L[j, k]
        L[j, j] = np.sqrt(s)
        for i in range(j + 1, n):
            s = A[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            L[i, j] = s / L[j, j]
    return L


def weighted_past(A):
    n = len(A)
    y = np.zeros(n)
    for t in range(n):
        s = 1.0
        for k in range(t):
            s += A[t, k] * y[k]
        y[t] = np.cos(s)
    return y


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
@pytest.mark.parametrize("size", [1, 2, 6])
@pytest.mark.parametrize("batch", [1, 6, 20])
def test_products(dtype: str, size: int, batch: int) -> None:
    rng = np.random.default_rng(3)
    a = rng.standard_normal((batch, size, size)).astype(dtype)
    A = a @ a.swapaxes(1, 2) + size * np.eye(size, dtype=dtype)
    tolerance = 1e-3 if dtype == "float32" else 1e-10
    assert_matches_loop(cholesky, (A,), (0,), rtol=tolerance)
    assert_matches_loop(cholesky, (np.moveaxis(A, 0, 1).copy(),), (1,), rtol=tolerance)
    assert_matches_loop(weighted_past, (A.real,), (0,), rtol=tolerance)


def test_products_along_the_batch() -> None:
    vmapped = vmap(cholesky)
    vmapped(np.broadcast_to(np.eye(5) * 2, (8, 5, 5)).copy())
    assert 'np.einsum("bik,bk->bi", L[:, j + 1 :, :j], L[:, j, :j])' in vmapped.source()
    assert "np.matvec" not in vmapped.source()
