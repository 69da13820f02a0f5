"""Tables of which the last anti-diagonals are held: against the loop, for random reads, borders and results."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

import vectorizer.rewrite.wavefronts as wavefronts
from benchmarks.functions import time_warping
from tests.programs import load_program
from vectorizer import jit, vmap
from vectorizer.testing import assert_matches_loop


def common_length(p, q):
    n, m = len(p), len(q)
    L = np.zeros((n + 1, m + 1), dtype=int)
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            if p[i - 1] == q[j - 1]:
                L[i, j] = L[i - 1, j - 1] + 1
            else:
                L[i, j] = max(L[i - 1, j], L[i, j - 1])
    return L[n, m] + L[n - 1, m] * 100, L[-1, -1]


def sums_of_two(p, q):  # which follow from the anti-diagonal before only
    n, m = len(p), len(q)
    S = np.ones((n + 1, m + 1))
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            S[i, j] = 0.5 * (S[i - 1, j] + S[i, j - 1]) + p[i - 1] * q[j - 1]
    return S[n, m]


def best_on_the_way(p, q):
    n, m = len(p), len(q)
    D = np.zeros((n + 1, m + 1))
    best = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            D[i, j] = max(
                0.0, D[i - 1, j - 1] + (2.0 if p[i - 1] == q[j - 1] else -1.0), D[i - 1, j] - 0.5, D[i, j - 1] - 0.5
            )
            best = max(best, D[i, j])
    return best


def set_at_times(p, q):  # a cell that is not set holds what the table was filled with
    n, m = len(p), len(q)
    D = np.ones((n + 1, m + 1))
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            if p[i - 1] > q[j - 1]:
                D[i, j] = D[i - 1, j] + D[i, j - 1]
    return D[n, m]


def read_before_it_is_set(p, q):
    n, m = len(p), len(q)
    D = np.ones((n + 1, m + 1))
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            D[i, j] = D[i, j] + D[i - 1, j] + p[i - 1] * D[i, j - 1]
    return D[n, m]


def all_of_it(p, q):
    n, m = len(p), len(q)
    D = np.zeros((n + 1, m + 1))
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            D[i, j] = max(D[i - 1, j], D[i, j - 1]) + p[i - 1]
    return D[n, m], D[n, 1]


def border_of_numbers(p, q):
    n, m = len(p), len(q)
    D = np.zeros((n + 1, m + 1))
    for i in range(n + 1):
        D[i, 0] = i
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            D[i, j] = min(D[i - 1, j], D[i, j - 1]) + p[i - 1]
    return D[n, m]


ROLLED = {time_warping: 3, common_length: 3, sums_of_two: 2, best_on_the_way: 3}
WHOLE = [set_at_times, read_before_it_is_set, all_of_it, border_of_numbers]


def words(batch: int | None, n: int, m: int, axes: Any = (0, 0), seed: int = 0) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    made = []
    for length, axis in ((n, axes[0]), (m, axes[1])):
        shape = [length]
        if axis is not None:
            shape.insert(axis, batch)
        made.append(rng.integers(0, 3, shape) / 2)
    return tuple(made)


@pytest.mark.parametrize("function", [*ROLLED, *WHOLE], ids=lambda f: f.__name__)
def test_how_many_are_held(function: Any) -> None:
    vmapped = vmap(function)
    assert_matches_loop(function, words(5, 14, 15), (0, 0), vmapped=vmapped)
    count = ROLLED.get(function)
    assert ("anti-diagonals of" in vmapped.explain()) == (count is not None)
    assert count is None or f"% {count}]" in vmapped.source()


@pytest.mark.parametrize(
    ("axes", "sizes"),
    [((0, 0), (9, 9, 9)), ((1, 0), (1, 7, 9)), ((0, None), (4, 8, 13)), ((None, 1), (3, 12, 7)), ((0, 0), (4, 9, 6))],
    ids=str,
)
@pytest.mark.parametrize("function", ROLLED, ids=lambda f: f.__name__)
def test_axes_and_sizes(function: Any, axes: Any, sizes: Any) -> None:
    assert_matches_loop(function, words(*sizes, axes=axes), axes)


@pytest.mark.parametrize("function", ROLLED, ids=lambda f: f.__name__)
def test_other_sizes_of_one_function(function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wavefronts, "LEAST_TRIPS", {"batch": 1, "alone": 1})
    vmapped = vmap(function)
    for n, m in ((9, 8), (1, 1), (0, 3), (3, 0), (2, 7), (0, 0), (7, 1)):
        assert_matches_loop(function, words(4, n, m), (0, 0), vmapped=vmapped)


@pytest.mark.parametrize("function", ROLLED, ids=lambda f: f.__name__)
def test_one_example(function: Any) -> None:
    args = words(None, 26, 30, axes=(None, None))
    jitted = jit(function)
    np.testing.assert_array_equal(jitted(*args), function(*args))
    assert "% " in jitted.source()


@pytest.mark.parametrize(
    ("function", "batch", "is_front"),
    [(time_warping, 2500, True), (common_length, 2500, True), (all_of_it, 2500, False), (all_of_it, 40, True)],
)
def test_many_examples(function: Any, batch: int, is_front: bool) -> None:
    vmapped = vmap(function)
    assert_matches_loop(function, words(batch, 8, 9), (0, 0), vmapped=vmapped)
    assert ("lo:hi" in vmapped.source()) == is_front  # a whole table of floats takes up much memory


def test_nan_and_infinities() -> None:
    p, q = words(5, 9, 12)
    p[1, 3], p[2, 0], q[3, 11] = np.nan, np.inf, -np.inf
    for function in (time_warping, sums_of_two):
        with np.errstate(all="ignore"):
            assert_matches_loop(function, (p, q), (0, 0))


def write(random: Random) -> str:
    """A nest over a table with a random fill, border, recurrence and result."""
    choose = lambda *options: options[random.randint(0, len(options) - 1)]
    cell = lambda: f"D[i{choose('', ' - 1', ' - 1')}, j - 1]" if random.random() < 0.6 else "D[i - 1, j]"
    value = lambda: choose(
        f"min({cell()}, {cell()}) + p[i - 1]", f"0.5 * {cell()} + q[j - 1]", f"max({cell()}, {cell()}, q[j - 1])",
        f"({cell()} if p[i - 1] > q[j - 1] else {cell()}) - 0.25", "D[i - 1, j] + D[i, j - 1]",
    )  # fmt: skip
    body = choose(
        [f"D[i, j] = {value()}"],
        [f"t = {value()}", "D[i, j] = t * 0.5"],
        [f"D[i, j] = {value()}", "D[i, j] = D[i, j] * 0.5 + 1"],
        ["if p[i - 1] == q[j - 1]:", f"    D[i, j] = {value()}", "else:", f"    D[i, j] = {value()}"],
        ["if p[i - 1] == q[j - 1]:", f"    D[i, j] = {value()}"],
        [f"D[i, j] = {value()}", "if q[j - 1] > 0.5:", "    D[i, j] = D[i, j] - 1"],
        [f"D[i, j] = {choose('D[i, j]', 'D[i - 1, j - 1]')} + {value()}"],
    )
    start = choose("pass", "D[0, 0] = 3.0", "D[0, 1] = -1.0", "D[1, 0] = 2.0", "D[1, 1] = 9.0", "D[0, m] = 4.0")
    made = choose("np.zeros((n + 1, m + 1))", "np.full((n + 1, m + 1), 1.5)", "np.ones((n + 1, m + 1))")
    result = choose("D[n, m]", "D[n, m]", "D[-1, -1]", "(D[n, m], D[n - 1, m])", "D[n, m - 2]", "D[n, m] + D[0, 0]")
    lines = "\n".join(f"            {line}" for line in body)
    return f"""import numpy as np


def program(p, q):
    n, m = len(p), len(q)
    D = {made}
    {start}
    for i in range(1, n + 1):
        for j in range(1, m + 1):
{lines}
    return {result}
"""


@pytest.mark.parametrize("start", range(0, 100, 25))
def test_random_tables(start: int, tmp_path: Any, fallbacks_allowed: None) -> None:
    rolled = 0
    for seed in range(start, start + 25):
        source = write(Random(seed))
        function = load_program(source, tmp_path)
        vmapped = vmap(function)
        try:
            assert_matches_loop(function, words(4, 8, 11 - seed % 4, seed=seed), (0, 0), vmapped=vmapped)
        except AssertionError as error:
            raise AssertionError(f"{error}\n\n{source}\n--- emitted\n{vmapped.source()}") from error
        rolled += "anti-diagonals of" in vmapped.explain()
    assert rolled >= 3
