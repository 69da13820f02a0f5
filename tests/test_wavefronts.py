"""Nests of two loops that go by anti-diagonals: against the loop, for random offsets and orders of statements."""

from __future__ import annotations

import warnings
from random import Random
from typing import Any

import numpy as np
import pytest

import vectorizer.rewrite.wavefronts as wavefronts
from tests.dynamic import write_table
from tests.loop_functions import LOOPS
from tests.programs import load_program
from tests.test_loops import all_axes, arguments
from vectorizer import jit, vmap
from vectorizer.testing import assert_matches_loop

N, BATCH = 9, 3
AXES = ((0, 0, 0, 0), (-1, -1, -1, -1), (0, None, 0, None), (None, 0, None, 0))
# Those that must go by anti-diagonals.
NESTS = [
    "edit_distance", "common_subsequence", "local_alignment", "global_alignment", "cheapest_path", "count_paths",
    "relax_in_place", "warped", "summed_area",
]  # fmt: skip


@pytest.fixture
def small_nests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wavefronts, "LEAST_TRIPS", {"batch": 1, "alone": 1})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: Any) -> Any:
    return tmp_path_factory.mktemp("tables")


def check(seed: int, folder: Any) -> bool:
    """One random nest against the loop; whether it goes by anti-diagonals."""
    source = write_table(Random(seed))
    function = load_program(source, folder)
    rng = np.random.default_rng(seed)
    axes = AXES[seed % 4]
    args: list[Any] = []
    for shape, axis in zip(((N,), (N,), (N, N), ()), axes, strict=True):
        full = list(shape)
        if axis is not None:
            full.insert(axis % (len(full) + 1), BATCH)
        args.append(rng.integers(-4, 5, full) / 4 if full else 0.75)
    vmapped = vmap(function, axes)
    try:
        assert_matches_loop(function, tuple(args), axes, vmapped=vmapped)
    except AssertionError as error:
        raise AssertionError(f"{error}\n\n{source}\n--- emitted\n{vmapped.source()}") from error
    return "anti-diagonals" in vmapped.explain()


@pytest.mark.parametrize("start", range(0, 200, 50))
def test_random_tables(start: int, folder: Any, small_nests: None, fallbacks_allowed: None) -> None:
    taken = sum(check(seed, folder) for seed in range(start, start + 50))
    assert taken >= 5  # or the test would not test anything


@pytest.mark.parametrize("name", NESTS)
def test_goes_by_diagonals(name: str) -> None:
    loop = LOOPS[name]
    axes = all_axes(loop)[0]
    vmapped = vmap(loop.function, axes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = vmapped.explain(*arguments(loop, 17, axes))
    assert "the nest goes by anti-diagonals" in text


@pytest.mark.parametrize("shape", [(5, 0), (0, 5), (0, 0), (1, 4), (4, 1), (1, 1)])
def test_loops_that_do_not_run(shape: tuple[int, int], small_nests: None) -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 3, (3, shape[0])), rng.integers(0, 3, (3, shape[1]))
    for name in ("edit_distance", "common_subsequence", "local_alignment", "global_alignment"):
        function = LOOPS[name].function
        vmapped = vmap(function)
        vmapped(np.ones((3, 4), int), np.ones((3, 5), int))  # the same code serves other lengths where it may
        assert_matches_loop(function, (first, second), (0, 0), vmapped=vmapped)


def test_alone(small_nests: None) -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 3, 7), rng.integers(0, 3, 8)
    function = LOOPS["edit_distance"].function
    assert jit(function)(first, second) == function(first, second)


@pytest.mark.parametrize("name", ["best_cell_place", "order_of_cells", "far_corner", "listed_cells"])
def test_order_of_cells_matters(name: str, small_nests: None) -> None:
    loop = LOOPS[name]
    axes = all_axes(loop)[0]
    vmapped = vmap(loop.function, axes)
    assert_matches_loop(loop.function, arguments(loop, 17, axes), axes, vmapped=vmapped)
    assert "anti-diagonals" not in vmapped.explain()


def traced_back(x, y):
    m, n = len(x), len(y)
    best = np.zeros((m + 1, n + 1), dtype=int)
    for i in range(1, m + 1):
        for j in range(1, n + 1):
            if x[i - 1] == y[j - 1]:
                best[i, j] = best[i - 1, j - 1] + 1
            else:
                best[i, j] = max(best[i - 1, j], best[i, j - 1])
    i, j = m, n
    steps = 0
    while i > 0 and j > 0:
        if x[i - 1] == y[j - 1]:
            i, j = i - 1, j - 1
        elif best[i - 1, j] >= best[i, j - 1]:
            i -= 1
        else:
            j -= 1
        steps += 1
    return best[m, n], i, j, steps


def read_in_a_branch(x, y):
    m, n = len(x), len(y)
    best = np.zeros((m + 1, n + 1), dtype=int)
    for i in range(1, m + 1):
        for j in range(1, n + 1):
            best[i, j] = best[i - 1, j] + 1 if x[i - 1] == y[j - 1] else best[i, j - 1] * 2 - best[i - 1, j - 1]
    total = 0
    if x[0] > 0:
        for i in range(m + 1):
            for j in range(n + 1):
                if best[i, j] > total:
                    total = best[i, j] + i
    return total


@pytest.mark.parametrize("function", [traced_back, read_in_a_branch])
def test_what_some_examples_read_stands_where_it_did(function: Any, small_nests: None) -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 3, (6, 7)), rng.integers(0, 3, (6, 5))
    assert_matches_loop(function, (first, second), native=True)
    assert_matches_loop(function, (first, second[0]), (0, None), native=True)
