"""Searching in short tables that all examples share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.functions import histogram
from vectorizer import vmap
from vectorizer.array_functions import SHORT, search_short
from vectorizer.testing import assert_matches_loop

r = np.random.default_rng(3)
DTYPES = [float, np.float32, np.int64, np.int8, np.uint8]


def grade(x, limits):
    return np.searchsorted(limits, x) + limits.searchsorted(x[0], side="right")


def table_of(name: str, count: int, dtype: Any) -> np.ndarray:
    table = np.sort((100 * r.random(count)).astype(dtype))
    if name == "equal":
        return np.repeat(table[:1], count)
    if name == "unsorted":
        return table[::-1].copy()
    if name == "nan" and table.dtype.kind == "f":
        table[-1] = np.nan
    return table


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("name", ["sorted", "equal", "unsorted", "nan"])
@pytest.mark.parametrize("count", [0, 1, 2, 7, SHORT, SHORT + 1])
@pytest.mark.parametrize(
    "kinds", [(a, b) for a in DTYPES for b in DTYPES if np.dtype(a).kind + np.dtype(b).kind != "iu"]
)
def test_places_are_those_of_searchsorted(kinds: tuple[Any, Any], count: int, name: str, side: str) -> None:
    table = table_of(name, count, kinds[0]) if count else np.zeros(0, kinds[0])
    sought = np.concatenate([(100 * r.random(10_000)).astype(kinds[1]), np.nan_to_num(table).astype(kinds[1])])
    if sought.dtype.kind == "f":
        sought[::50], sought[1::50], sought[2::50] = np.nan, np.inf, -0.0
    for numbers in (sought, sought[:12], sought[:0], sought[:10_000].reshape(100, 100)):
        found, expected = search_short(table, numbers, side), np.searchsorted(table, numbers, side)
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype


@pytest.mark.parametrize("name", ["sorted", "equal", "unsorted", "nan"])
@pytest.mark.parametrize("shape", [(60, 100), (7, 100), (1, 3), (5, 5)])
@pytest.mark.parametrize("dtype", [float, np.float32, int])
def test_histograms_match_the_loop(dtype: Any, shape: tuple[int, int], name: str) -> None:
    x = (120 * r.random(shape) - 10).astype(dtype)
    if x.dtype.kind == "f":
        x[:, 1] = np.nan
    assert_matches_loop(histogram, (x, table_of(name, 5, float)), in_axes=(0, None), native=True)


@pytest.mark.parametrize("size", [0, 1, 7, 40])
def test_searching_matches_the_loop(size: int) -> None:
    x, limits = r.random((size, 90)), np.sort(r.random(7))
    assert_matches_loop(grade, (x, limits), in_axes=(0, None), native=True)


def test_only_short_tables_are_compared_with_all() -> None:
    x = r.random((20, 50))
    assert "search_short(limits, x)" in vmap(grade, (0, None)).source(x, np.arange(5.0))
    assert "search_short" not in vmap(grade, (0, None)).source(x, np.arange(100.0))
