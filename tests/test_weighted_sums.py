"""Sums under conditions as contractions with weights, and accumulation into bins by counting."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.corpus.loops import pairwise_distances as pairwise
from vectorizer import vmap
from vectorizer.testing import assert_matches_loop

r = np.random.default_rng(3)
SIZES = (4, 1, 7, 3)


def causal(w, v):
    n, d = v.shape
    out = np.zeros((n, d))
    for i in range(n):
        for j in range(n):
            if j <= i:
                out[i] += w[i, j] * v[j]
    return out


def chosen(w, v):
    n, d = v.shape
    out = np.zeros((n, d))
    for i in range(n):
        for k in range(d):
            s = 0.0
            for j in range(n):
                if w[i, j] > 0:
                    s += w[i, j] * v[j, k]
            out[i, k] = s
    return out


def gravity(w, v):
    n = len(v)
    acc = np.zeros((n, 3))
    for i in range(n):
        for j in range(n):
            if i != j:
                r = v[j] - v[i]
                r2 = np.dot(r, r)
                acc[i] += abs(w[j, 0]) * r / (r2 * np.sqrt(r2))
    return acc


def attention(w, v):
    n = len(v)
    out = np.zeros((n, v.shape[1]))
    for i in range(n):
        scores = np.array([np.dot(v[i], v[j]) / np.sqrt(3) for j in range(n)])
        e = np.exp(scores - np.max(scores))
        p = e / np.sum(e)
        for j in range(n):
            out[i] += p[j] * v[j]
    return out


def centre(w, v):
    c = np.zeros(3)
    for j in range(len(v)):
        c += w[0, j] * v[j] / 2.0
    return c


SUMS = [causal, chosen, gravity, attention, centre]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("axes", [(0, 0), (None, 0), (0, None)])
@pytest.mark.parametrize("f", SUMS)
def test_weighted_sums(f: Callable[..., Any], axes: tuple[int | None, int | None], size: int) -> None:
    w, v = r.standard_normal((size, 7, 7)), r.standard_normal((size, 7, 3))
    args = tuple(a[0] if axis is None else a for a, axis in zip((w, v), axes, strict=True))
    assert_matches_loop(f, args, in_axes=axes, native=True)


@pytest.mark.parametrize("f", SUMS)
def test_the_product_is_not_made(f: Callable[..., Any]) -> None:
    made = vmap(f)
    made(r.standard_normal((4, 7, 7)), r.standard_normal((4, 7, 3)))
    assert "contraction" in made.explain()
    assert "for " not in made.source()


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("f", [causal, chosen, gravity])
def test_what_is_left_out_may_be_infinite(f: Callable[..., Any], bad: float) -> None:
    w, v = r.standard_normal((4, 7, 7)), r.standard_normal((4, 7, 3))
    v[1, 6, 0] = bad
    v[2, 3] = bad
    w[3, 2, 5] = bad
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of the loop
        assert_matches_loop(f, (w, v))
        assert np.isnan(vmap(f)(w, v)).sum() == sum(np.isnan(f(a, b)).sum() for a, b in zip(w, v, strict=True))


def test_nothing_warns_where_the_condition_leaves_it_out() -> None:
    w, v = r.standard_normal((4, 7, 7)), r.standard_normal((4, 7, 3))
    v[:, 6] = np.inf  # which only the last row looks at
    w[:, 6] = 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = vmap(causal)(w, np.abs(v))
    assert np.isfinite(got[:, :6]).all()
    assert np.isinf(got[:, 6]).all()


def doubled(w, v):
    total = v[0, 0] * 0
    for j in range(len(v)):
        if w[0, j] > 0:
            total += 2.0 * v[j, 1]
    return total


def doubled_rows(w, v):
    c = np.zeros(3, v.dtype)
    for j in range(len(v)):
        if w[0, j] > 0:
            c += 2.0 * v[j]
    return c


@pytest.mark.parametrize("dtype", [float, np.float32, int, complex])
@pytest.mark.parametrize("axes", [(0, 0), (None, 0), (0, None)])
@pytest.mark.parametrize("f", [doubled, doubled_rows, causal, centre])
def test_weights_of_other_dtypes(f: Callable[..., Any], axes: tuple[int | None, int | None], dtype: Any) -> None:
    w, v = r.standard_normal((5, 7, 7)), (4 * r.standard_normal((5, 7, 3))).astype(dtype)
    if dtype is complex and f in (causal, centre) or dtype is int and f is doubled_rows:
        pytest.skip("its buffer cannot hold the terms")
    args = tuple(a[0] if axis is None else a for a, axis in zip((w, v), axes, strict=True))
    assert_matches_loop(f, args, in_axes=axes, rtol=1e-5 if dtype is np.float32 else None)


# --- counting --------------------------------------------------------------------------------------------------------


def histogram(i, w):
    out = np.zeros(5, int)
    for k in range(len(i)):
        b = i[k]
        if b >= 0 and b < len(out):
            out[b] += 1
    return out


def weighed(i, w):
    out = np.ones(5) * w[0]
    for k in range(len(i)):
        j = i[k]
        if 0 <= j < 5 and w[k] > 0:
            out[j] -= w[k]
    return out


def backwards(i, w):
    out = np.zeros(5)
    for k in range(len(i)):
        j = i[k]
        if -1 < j and 4 >= j:
            out[j] += w[k]
    return out


def moved(i, w):
    """The subscript is another one than that which was compared."""
    out = np.zeros(5)
    for k in range(len(i)):
        j = i[k]
        if 0 <= j < 5:
            j = j - 2
            out[j] += w[k]
    return out


def either(i, w):
    out = np.zeros(9)
    for k in range(len(i)):
        j = i[k]
        if 0 <= j < 9 or w[k] > 0:
            out[j] += w[k]
    return out


def negated(i, w):
    out = np.zeros(9)
    for k in range(len(i)):
        j = i[k]
        if not 0 <= j < 5:
            out[j] += w[k]
    return out


def too_wide(i, w):
    out = np.zeros(9)
    for k in range(len(i)):
        j = i[k]
        if -5 < j <= 9:
            out[j - 1] += w[k]
    return out


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("axes", [(0, 0), (None, 0), (0, None)])
@pytest.mark.parametrize("f", [histogram, weighed, backwards, moved, either, negated, too_wide])
def test_bins(f: Callable[..., Any], axes: tuple[int | None, int | None], size: int) -> None:
    i, w = r.integers(-4, 9, (size, 30)), r.standard_normal((size, 30))
    args = tuple(a[0] if axis is None else a for a, axis in zip((i, w), axes, strict=True))
    assert_matches_loop(f, args, in_axes=axes)


@pytest.mark.parametrize("f", [histogram, weighed, backwards])
@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.uint8, np.uint64])
def test_bins_of_other_integers(f: Callable[..., Any], dtype: Any) -> None:
    i, w = r.integers(0, 9, (4, 30)).astype(dtype), r.standard_normal((4, 30))
    assert_matches_loop(f, (i, w))


@pytest.mark.parametrize(("f", "is_counted"), [(histogram, True), (weighed, True), (backwards, True), (moved, False),
                                               (either, False), (negated, False), (too_wide, False)])  # fmt: skip
def test_only_what_is_known_to_be_in_range_is_counted(f: Callable[..., Any], is_counted: bool) -> None:
    """A bin before the first would be one of another example."""
    made = vmap(f)
    made(r.integers(-4, 9, (4, 30)), r.standard_normal((4, 30)))
    assert ("np.bincount" in made.source()) is is_counted


# --- points with few components, all pairs ---------------------------------------------------------------------------


def nearest(x, y):
    best = np.zeros(len(x), int)
    for i in range(len(x)):
        best[i] = np.argmin(np.array([np.linalg.norm(x[i] - y[j]) for j in range(len(y))]))
    return best


def gram(x, y):
    G = np.zeros((len(x), len(y)))
    for i in range(len(x)):
        for j in range(len(y)):
            G[i, j] = np.dot(x[i], y[j])
    return G


def crossed(x, y):
    G = np.zeros((len(y), len(x)))
    for j in range(len(y)):
        for i in range(len(x)):
            G[j, i] = x[i] @ y[j] / np.dot(x[i], x[i])
    return G


def moved_points(x, y):
    """The argument is handed back, and a view of it."""
    total = 0.0
    for i in range(len(x)):
        for j in range(len(y)):
            d = x[i] - y[j]
            total += np.dot(d, d)
    return total, x, y[0], x.T


def stored_points(x, y):
    for i in range(len(x)):
        x[i] += np.sum(np.array([x[i] - y[j] for j in range(len(y))]))
    return x


@pytest.mark.parametrize("dtype", [float, np.float32, int, complex])
@pytest.mark.parametrize("d", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("axes", [(0, 0), (None, 0), (0, None), (2, 1)])
@pytest.mark.parametrize("f", [pairwise, nearest, gram, crossed, moved_points, stored_points])
def test_all_pairs(f: Callable[..., Any], axes: tuple[int | None, int | None], d: int, dtype: Any) -> None:
    x, y = ((10 * r.standard_normal((4, n, d)) + 3).astype(dtype) for n in (5, 4))
    moved = tuple(a[0] if axis is None else np.moveaxis(a, 0, axis) for a, axis in zip((x, y), axes, strict=True))
    if dtype is complex and f in (pairwise, nearest):
        pytest.skip("distances of complex points are not what these functions are for")
    single = dtype is np.float32  # sums of single precision are stored into doubles
    assert_matches_loop(f, moved, in_axes=axes, rtol=1e-4 if single else None, atol=1e-3 if single else None)


def test_components_are_pieces_of_memory() -> None:
    x, y = r.standard_normal((4, 50, 3)), r.standard_normal((4, 40, 3))
    made = vmap(pairwise)
    expected = np.sqrt(((x[:, :, None] - y[:, None]) ** 2).sum(-1))
    np.testing.assert_allclose(made(x, y), expected, rtol=1e-12)
    assert "np.moveaxis" in made.source()
    assert " @ " in vmap(gram).source(r.standard_normal((4, 50, 9)), r.standard_normal((4, 40, 9)))
