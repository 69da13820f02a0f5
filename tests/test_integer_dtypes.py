"""Integers of several sizes in sums, stores and arithmetic: in the dtypes of the loop, and with its OverflowError."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vectorizer import vmap
from vectorizer.testing import assert_matches_loop

SMALL: Any = np.int16  # set by each test
ROWS, COLUMNS = 4, 3


def row_sums(a):
    y = np.zeros(len(a), SMALL)
    for i in range(len(a)):
        for k in range(a.shape[1]):
            y[i] += a[i, k]
    return y


def row_differences(a):
    y = np.zeros(len(a), SMALL)
    for i in range(len(a)):
        for k in range(a.shape[1]):
            y[i] -= a[i, k]
    return y


def column_sums_by_rows(a):
    y = np.zeros(a.shape[1], SMALL)
    for row in a:
        y += row
    return y


def one_cell(a):
    y = np.zeros(2, SMALL)
    for v in a[0]:
        y[1] += v
    return y[1]


def total(a):
    s = SMALL(0)
    for v in a[0]:
        s += v
    return s


def total_of_products(a):
    s = SMALL(0)
    for k in range(a.shape[1]):
        s += a[0, k] * a[1, k]
    return s


def prefix_sums(a):
    y = np.zeros(a.shape[1] + 1, SMALL)
    for k in range(a.shape[1]):
        y[k + 1] = y[k] + a[0, k]
    return y


def counted_by_remainder(a):
    h = np.zeros(3, SMALL)
    for v in a[0]:
        h[v % 3] += v
    return h


def counted_where_positive(a):
    h = np.zeros(3, SMALL)
    for v in a[0]:
        if v > 1:
            h[v % 3] += v
    return h


def product(a):
    y = np.ones(1, SMALL)
    for v in a[0]:
        y[0] *= v
    return y


def stored(a):
    y = np.zeros(a.shape[1], SMALL)
    for k in range(a.shape[1]):
        y[k] = a[0, k]
    return y


def stored_in_a_slice(a):
    y = np.zeros((2, 2), SMALL)
    y[:, 1] = a[0, 1]
    return y


def stored_under_a_condition(a):
    y = np.zeros(2, SMALL)
    if a[0, 0] > 3:
        y[0] = a[0, 1]
    else:
        y[1] += a[0, 2]
    return y


def stored_as_a_python_number(a):
    y = np.zeros(a.shape[1], SMALL)
    for k in range(a.shape[1]):
        y[k] = int(a[0, k])
    return y


def listed(a):
    return np.array([a[0, 0], a[1, 1]], dtype=SMALL)


def added_as_a_python_number(a):
    return SMALL(3) + int(a[0, 0]), SMALL(3) > int(a[0, 1])


def half_a_product(a):
    s = 0.0
    for k in range(a.shape[1]):
        s += 0.5 * a[0, k] * a[1, k]
    return s


def scaled_product(a, scale=0.5):
    y = np.zeros(len(a))
    for i in range(len(a)):
        for k in range(a.shape[1]):
            y[i] += scale * a[i, k] * a[0, k]
    return y


FUNCTIONS = [
    row_sums, row_differences, column_sums_by_rows, one_cell, total, total_of_products, prefix_sums,
    counted_by_remainder, counted_where_positive, product, stored, stored_in_a_slice, stored_under_a_condition,
    stored_as_a_python_number, listed, added_as_a_python_number, half_a_product, scaled_product,
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::vectorizer.FallbackWarning")
@pytest.mark.parametrize("held", [np.uint8, np.int16, np.int32, np.int64], ids=lambda t: t.__name__)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_sums_and_stores(function: Any, held: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "SMALL", held)
    rng = np.random.default_rng(0)
    vmapped = vmap(function)
    for given in (np.bool_, np.uint8, np.int8, np.uint16, np.int32, np.int64):
        most = 1 if given is np.bool_ else min(np.iinfo(given).max, 2**31 - 1)
        for high in {min(most, 5), most}:
            a = rng.integers(high // 2, high, (3, ROWS, COLUMNS), endpoint=True).astype(given)
            assert_matches_loop(function, (a,), vmapped=vmapped)


def test_the_checks_are_native() -> None:
    a = np.random.default_rng(0).integers(0, 9, (3, ROWS, COLUMNS))
    for function in (stored, stored_in_a_slice, stored_as_a_python_number, listed, added_as_a_python_number):
        vmap(function, strict=True)(a)


def one_more(x):
    return np.array([v + 1 for v in x])


def pairs_of(x):
    return np.array([[v, v > 1] for v in x])


def steps(x):
    out = []
    for i in range(1, len(x)):
        out.append(x[i] - x[i - 1])
    return np.array(out)


@pytest.mark.filterwarnings("ignore::vectorizer.FallbackWarning")
@pytest.mark.parametrize("function", [one_more, pairs_of, steps], ids=lambda f: f.__name__)
def test_a_list_of_nothing_is_an_array_of_floats(function: Any) -> None:
    vmapped = vmap(function)
    for length in (3, 0, 1):
        assert_matches_loop(function, (np.arange(2 * length).reshape(2, length),), vmapped=vmapped)


def clamped(d, t):
    s = max(0, min(1, t))
    return d + s * d


def chosen(d, t):
    s = t
    if t > 1:
        s = 2
    return np.sum(d * s)


def capped(d, t):
    return d[0] * min(t, 3)


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::vectorizer.FallbackWarning")
@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64, np.float32], ids=lambda t: t.__name__)
@pytest.mark.parametrize("function", [clamped, chosen, capped], ids=lambda f: f.__name__)
def test_integers_for_some_examples_and_floats_for_others(function: Any, dtype: Any) -> None:
    rows = np.array([[200, 100]] * 3, dtype)
    assert_matches_loop(function, (rows, np.array([-1.0, 0.5, 5.0])))
