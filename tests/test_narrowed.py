"""Tables of integers in a narrower dtype: against the loop, for random recurrences and up to the limits."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

from benchmarks.textbook import edit_distance
from tests.programs import load_program
from vectorizer import jit, vmap
from vectorizer.testing import assert_matches_loop


def longest_common(a, b):
    n, m = len(a), len(b)
    L = np.zeros((n + 1, m + 1), np.int64)
    for i in range(n + 1):
        for j in range(m + 1):
            if i == 0 or j == 0:
                L[i, j] = 0
            elif a[i - 1] == b[j - 1]:
                L[i, j] = L[i - 1, j - 1] + 1
            else:
                L[i, j] = max(L[i - 1, j], L[i, j - 1])
    return L[n, m] / 2, L[n, m] * 100_000


def aligned(a, b):
    n, m = len(a), len(b)
    gap = 2
    F = np.full((n + 1, m + 1), -7)
    for i in range(n + 1):
        F[i, 0] = -i * 3
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            match = F[i - 1, j - 1] + (3 if a[i - 1] == b[j - 1] else -3)
            F[i, j] = max(match, F[i - 1, j] - gap, F[i, j - 1] - gap)
    return F[n, m], F[n, m - 1]


def two_tables(a, b):
    n, m = len(a), len(b)
    M = np.zeros((n + 1, m + 1), dtype=int)
    G = np.full((n + 1, m + 1), -50, dtype=int)
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            G[i, j] = max(M[i - 1, j] - 4, G[i - 1, j] - 1, M[i, j - 1] - 4)
            score = 2 if a[i - 1] == b[j - 1] else -1
            M[i, j] = max(0, M[i - 1, j - 1] + score, G[i, j])
    return M[n, m] - G[n, m]


def climb_by_650(a, b):
    n, m = len(a), len(b)
    D = np.zeros((n + 1, m + 1), dtype=int)
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            D[i, j] = max(D[i - 1, j], D[i, j - 1]) + 650
    return D[n, m] + a[0]


def sink_by_a_million(a, b):
    n, m = len(a), len(b)
    D = np.zeros((n + 1, m + 1), dtype=int)
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            D[i, j] = min(D[i - 1, j], D[i, j - 1]) - 1_000_000
    return D[n, m] + a[0]


def climb_by_billions(a, b):
    n, m = len(a), len(b)
    D = np.zeros((n + 1, m + 1), dtype=int)
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            D[i, j] = max(D[i - 1, j], D[i, j - 1]) + 1_000_000_000
    return D[n, m] + a[0]


def counts_paths(a, b):  # which grow exponentially
    n, m = len(a), len(b)
    D = np.ones((n + 1, m + 1), dtype=int)
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            D[i, j] = D[i - 1, j] + D[i, j - 1]
    return D[n, m]


def adds_arguments(a, b):  # of which the size is not known
    n, m = len(a), len(b)
    D = np.zeros((n + 1, m + 1), dtype=int)
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            D[i, j] = min(D[i - 1, j], D[i, j - 1]) + a[i - 1]
    return D[n, m]


def best_of_all(a, b):  # the variable has the dtype of the table
    n, m = len(a), len(b)
    D = np.zeros((n + 1, m + 1), dtype=int)
    best = 0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            D[i, j] = max(0, D[i - 1, j - 1] + (2 if a[i - 1] == b[j - 1] else -1))
            best = max(best, D[i, j])
    return best * 10_000


def last_of_all(a, b):
    n, m = len(a), len(b)
    D = np.zeros((n + 1, m + 1), dtype=int)
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            step = D[i - 1, j - 1] + (2 if a[i - 1] == b[j - 1] else -1)
            D[i, j] = max(0, step)
    return step * 30_000 + D[n, m]


NARROW = {
    edit_distance: "int16", longest_common: "int16", aligned: "int16", two_tables: "int16",
    climb_by_650: "int16", sink_by_a_million: "int32",
    climb_by_billions: None, counts_paths: None, adds_arguments: None, best_of_all: None, last_of_all: None,
}  # fmt: skip


def words(batch: int | None, n: int, m: int, axes: Any = (0, 0), seed: int = 0) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    made = []
    for length, axis in ((n, axes[0]), (m, axes[1])):
        shape = [length]
        if axis is not None:
            shape.insert(axis, batch)
        made.append(rng.integers(0, 3, shape))
    return tuple(made)


@pytest.mark.parametrize("function", NARROW, ids=lambda f: f.__name__)
def test_the_dtype(function: Any) -> None:
    vmapped = vmap(function)
    assert_matches_loop(function, words(5, 23, 24), (0, 0), vmapped=vmapped)
    found = [name for name in ("int16", "int32") if f"dtype=np.{name}" in vmapped.source()]
    assert found == ([NARROW[function]] if NARROW[function] else [])


@pytest.mark.parametrize(
    ("axes", "sizes"),
    [((0, 0), (9, 9, 9)), ((1, 0), (1, 7, 9)), ((0, None), (4, 1, 8)), ((None, 1), (3, 12, 7))],
    ids=str,
)
@pytest.mark.parametrize("function", NARROW, ids=lambda f: f.__name__)
def test_axes_and_sizes(function: Any, axes: Any, sizes: Any) -> None:
    assert_matches_loop(function, words(*sizes, axes=axes), axes)


@pytest.mark.parametrize("function", [f for f in NARROW if NARROW[f]], ids=lambda f: f.__name__)
def test_one_example(function: Any) -> None:
    a, b = words(None, 26, 30, axes=(None, None))
    np.testing.assert_array_equal(jit(function)(a, b), function(a, b))


def test_empty_words() -> None:
    for n, m in ((0, 8), (8, 0), (0, 0)):
        assert_matches_loop(edit_distance, words(4, n, m), (0, 0))


def test_lengths_are_guarded() -> None:
    vmapped = vmap(climb_by_650)
    for n in (20, 24, 26, 30, 24, 1):
        args = words(3, n, n)
        np.testing.assert_array_equal(vmapped(*args), [climb_by_650(*pair) for pair in zip(*args, strict=True)])
    assert "np.int32" in vmapped.source()


# --- random recurrences ----------------------------------------------------------------------------------------------


def write(random: Random) -> str:
    """A recurrence of integers, with constants of all sizes."""
    choose = lambda *options: options[random.randint(0, len(options) - 1)]
    number = lambda: choose("0", "1", "2", "-1", "-3", "40", "900", "-2000", "k", "c")

    def cell(table: str = "") -> str:
        return f"{table or choose('D', 'D', 'E')}[i{choose('', ' - 1', ' - 1')} , j - 1]".replace(" ,", ",")

    def value(depth: int = 0) -> str:
        if depth > 2:
            return choose(cell(), number())
        forms = [
            lambda: f"min({value(depth + 1)}, {value(depth + 1)})",
            lambda: f"max({value(depth + 1)}, {value(depth + 1)}, {number()})",
            lambda: f"{value(depth + 1)} + {number()}",
            lambda: f"{value(depth + 1)} - {number()}",
            lambda: f"({value(depth + 1)} if {test()} else {value(depth + 1)})",
            cell,
        ]
        return choose(*forms)()

    def test() -> str:
        return choose("a[i - 1] == b[j - 1]", "a[i - 1] < b[j - 1]", f"{cell()} < {cell()}", f"{cell()} > {number()}")

    lines = [f"t = {choose(0, 1, 7)} if {test()} else {choose(1, -2, 300)}", f"c = {choose('t', 'k', '5')}"]
    if random.random() < 0.5:
        lines += [f"if {test()}:", f"    D[i, j] = {value()}", "else:", f"    D[i, j] = {value()}"]
    else:
        lines += [f"D[i, j] = {value()} + t"]
    lines.append(f"E[i, j] = {choose('D[i, j]', value(), 'D[i, j] - t')}")
    body = "\n".join(f"            {line}" for line in lines)
    first = choose("i * 2", "-i", "i + 300", "5")
    return f"""import numpy as np


def program(a, b):
    n, m = len(a), len(b)
    k = {choose(1, -2, 60)}
    D = np.full((n + 1, m + 1), {choose(0, -9, 1000)})
    E = np.zeros((n + 1, m + 1), dtype=int)
    for i in range(n + 1):
        D[i, 0] = {first}
    for i in range(1, n + 1):
        for j in range(1, m + 1):
{body}
    return D[n, m], E[n, m] * 1000, E[n - 1, m]
"""


@pytest.mark.parametrize("start", range(0, 60, 20))
def test_random_recurrences(start: int, tmp_path: Any, fallbacks_allowed: None) -> None:
    narrow = 0
    for seed in range(start, start + 20):
        source = write(Random(seed))
        function = load_program(source, tmp_path)
        vmapped = vmap(function)
        try:
            assert_matches_loop(function, words(4, 9, 12, seed=seed), (0, 0), vmapped=vmapped)
        except AssertionError as error:
            raise AssertionError(f"{error}\n\n{source}\n--- emitted\n{vmapped.source()}") from error
        narrow += "holds all of its integers" in vmapped.source()
    assert narrow >= 8
