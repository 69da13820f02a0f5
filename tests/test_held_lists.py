"""Lists of numbers that are held as arrays: what a list does, whatever is put into it, and what only a list can do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vectorizer import FallbackWarning, vmap
from vectorizer.rewrite.held_lists import hold_lists
from vectorizer.rewrite.list_growth import Growth
from vectorizer.source.frontend import find_source
from vectorizer.testing import assert_matches_loop

RNG = np.random.default_rng(5)
X = RNG.normal(size=(5, 5))  # as many examples as an example has elements
K = RNG.integers(0, 5, (5, 5))
PLACES = np.array([0, 4, 2, 2, 1])


def set_and_return(x, k):
    a = list(x)
    a[k] = a[0]
    return a


def swap(x, k):
    a = [v for v in x]
    a[0], a[k] = a[k], a[0]
    return np.array(a)


def greatest_step(x, k):
    steps = [0.0] * len(x)
    steps[k] = x[k] - x[0]
    steps[0] += x[1]
    return max(steps), steps[k]


def counted(x, k):
    counts = [0] * 3
    for v in x:
        if v > 0:
            counts[k % 3] += 1
    return counts


# --- what is put into it ---

FUNCTIONS = [set_and_return, swap, greatest_step, counted]
DTYPES = [np.float64, np.float32, np.int64, np.int32, np.uint8, np.bool_]


@pytest.mark.filterwarnings("ignore::vectorizer.FallbackWarning")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_numbers_of_any_dtype(function, dtype):
    if dtype is np.bool_ and function is greatest_step:
        pytest.skip("NumPy subtracts no booleans")
    x = np.abs(X * 4).astype(dtype)
    for size in (5, 1, 3):
        assert_matches_loop(function, (x[:size], PLACES[:size]))
    assert_matches_loop(function, (x[0], PLACES), in_axes=(None, 0))
    assert_matches_loop(function, (x.T, 3), in_axes=(1, None))


@pytest.mark.filterwarnings("ignore::vectorizer.FallbackWarning")
@pytest.mark.parametrize("function", FUNCTIONS)
def test_nan_ties_and_no_examples(function):
    x = np.array([[np.nan, 1.0, 1.0], [1.0, np.nan, -0.0], [2.0, 2.0, 2.0]])
    assert_matches_loop(function, (x, np.array([0, 1, 2])))
    assert_matches_loop(function, (X[:0], PLACES[:0]))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_nested_axes(function):
    x, k = RNG.normal(size=(2, 3, 4)), RNG.integers(0, 4, (2, 3))
    both = vmap(vmap(function))(x, k)
    for i in range(2):
        row = vmap(function)(x[i], k[i])
        one = [b[i] for b in both] if isinstance(both, (list, tuple)) else both[i]
        np.testing.assert_array_equal(one, row)
    assert_matches_loop(function, (x[0], k[0]))


# --- what raises ---


def out_of_range(x, k):
    a = [0.0] * 3
    a[k] = x[0]
    return a[0]


def not_in_it(x, k):
    a = [0] * 3
    a[k % 3] = 7
    return a.index(k)


def divided(x, k):
    a = [1.0] * 5
    a[k] = 0.0
    return 1.0 / a[2]


@pytest.mark.parametrize(
    ("function", "kind"), [(out_of_range, IndexError), (not_in_it, ValueError), (divided, ZeroDivisionError)]
)
@pytest.mark.filterwarnings("ignore::vectorizer.FallbackWarning")
def test_raises_as_the_loop_does(function, kind):
    with pytest.raises(kind):
        vmap(function)(X, PLACES)


# --- what only a list can do ---


def zeros_or_numbers(x, k):
    a = [0] * 5
    a[k] = x[0]
    return a


def paths(x, k):
    ways = [[1] * 50 for _ in range(50)]
    ways[k][k] = 0
    for i in range(1, 50):
        for j in range(1, 50):
            ways[i][j] = ways[i - 1][j] + ways[i][j - 1]
    return ways[4][4], ways[49][49] % 1000


def doubled(x, k):
    a = [1] * 5
    for _ in range(100):
        a[k] *= 2
    return a[k] % 7


def prefix_sums(x, k):
    a = [1] * 70
    a[k] = 2
    for _ in range(70):
        for i in range(1, 70):
            a[i] += a[i - 1]
    return a[69] % 1000


def rows_that_are_one(x, k):
    table = [[0.0] * 5] * 3
    table[0][k] = x[0]
    return table[2][k]


def row_by_name(x, k):
    table = [[0.0] * 5 for _ in range(3)]
    row = table[1]
    row[k] = x[0]
    return table[1][k]


def list_in_a_list(x, k):
    row = [0.0] * 5
    table = [row, row]
    row[k] = x[0]
    return table[1][k]


def grown(x, k):
    a = [0.0] * 3
    a.append(x[0])
    a[k % 4] = x[1]
    return a[3]


def taken_apart(x, k):
    a = [1.0, 2.0]
    a[k % 2] = x[0]
    first, second = a
    return first - second


def changed_elsewhere(x, k):
    a = [0.0] * 5
    put(a, k, x[0])
    a[0] += 1.0
    return a[k]


def put(a, k, v):
    a[k] = v


def changed_while_gone_through(x, k):
    a = [1.0] * 5
    total = 0.0
    for v in a:
        total += v
        a[k] = x[0]
    return total


def booleans_of_two_kinds(x, k):
    a = [False] * 5
    a[k] = x[0] > 0
    return a[0] + a[1] + a[k]


def halves(x, k):
    a = [3] * 5
    a[k] /= 2
    return a[k], a[0]


def truth(x, k):
    a = [0] * 5
    a[k] = 1
    return 1 if a else 0


def doubled_list(x, k):
    a = [0] * 5
    a[k] = 1
    return len(a * 2), len(a + a)


LISTS_ONLY: list[Any] = [
    zeros_or_numbers, paths, doubled, prefix_sums, rows_that_are_one, row_by_name, list_in_a_list, grown, taken_apart,
    changed_elsewhere, changed_while_gone_through, booleans_of_two_kinds, halves, truth, doubled_list,
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::vectorizer.FallbackWarning")
@pytest.mark.parametrize("function", LISTS_ONLY)
def test_what_only_a_list_can_do(function):
    assert_matches_loop(function, (X, PLACES))


@pytest.mark.parametrize("function", [paths, doubled, prefix_sums])
def test_integers_that_outgrow_64_bits_are_looped(function):
    with pytest.warns(FallbackWarning):
        vmap(function)(X, PLACES)


def ways_to_pay(k):
    ways = [1] + [0] * 12
    for coin in k:
        for amount in range(coin + 1, 13):
            ways[amount] += ways[amount - coin - 1]
    return ways[12], ways


def union_by_size(k):
    parent, size = list(range(5)), [1] * 5
    for i in range(len(k)):
        a, b = k[i], (i * 2) % 5
        while parent[a] != a:
            a = parent[a]
        while parent[b] != b:
            b = parent[b]
        if a == b:
            continue
        if size[a] < size[b]:
            a, b = b, a
        parent[b] = a
        size[a] += size[b]
    return max(size), parent


def catalan(k):
    c = [1] + [0] * 12
    for i in range(1, k[0] + 5):
        for j in range(i):
            c[i] += c[j] * c[i - 1 - j]
    return c


@pytest.mark.parametrize("function", [ways_to_pay, union_by_size, catalan])
def test_sums_of_items_are_looked_at(function):
    rows = np.random.default_rng(5).integers(0, 5, (len(X), 4))
    assert_matches_loop(function, (rows,), native=True)
    assert_matches_loop(function, (rows.T,), -1, native=True)


def tripled(n):
    f = [1] * 62
    for i in range(2, n + 1):
        f[i] = f[i - 1] * 3 + f[i - 2]
    return f[n] % 1000


def test_sums_of_items_that_outgrow_64_bits():
    assert_matches_loop(tripled, (np.array([3, 8, 0]),), native=True)
    with pytest.warns(FallbackWarning, match="outgrows 64 bits"):
        assert vmap(tripled)(np.array([60, 8])).tolist() == [tripled(60), tripled(8)]


# --- what is read off the syntax ---


def growth_of(function: Any, name: str) -> bool:
    return name in Growth(find_source(function).node, frozenset({name})).growing()


def by_one_step(k):
    a = [0] * 5
    for v in k:
        n = a[v] + 1
        a[v] = max(n, 3)
    return a


def by_a_running_sum(k):
    a = [0] * 5
    s = 0
    for v in k:
        s += a[v]
        a[v] = s + 1
    return a


def test_growth_is_seen():
    assert not growth_of(by_one_step, "a")
    assert growth_of(by_a_running_sum, "a")
    assert growth_of(paths, "ways")


def test_names_of_one_list_are_of_one_group():
    def two_names(k):
        a = [0] * 5
        b = a
        c = [1] * 5
        b[k] = c[k] = 1
        return a[k]

    held = hold_lists(find_source(two_names).node)
    assert held is not None
    assert held.group["a"] == held.group["b"] != held.group["c"]


def test_a_list_that_is_appended_to_is_none_of_them():
    assert hold_lists(find_source(grown).node) is None


def test_a_parameter_that_is_named_again_is_none_of_them():
    def renamed(x, y):
        x = y
        y = y.copy()
        x[0] = y[1]
        return x

    assert hold_lists(find_source(renamed).node) is None
