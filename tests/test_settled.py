"""Nests that read rows and columns which they update: with and without cycles, nan, and sums that wrap."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.loop_functions import LOOPS
from vectorizer import jit, vmap
from vectorizer.testing import assert_matches_loop

SIZE = 5  # of the batch, too: an example has as many rows as there are examples
SHORTEST = (
    "floyd", "shortest_by_min", "shortest_in_lists_of_subscripts", "shortest_by_rows", "shortest_with_next",
    "longest_by_max", "likeliest", "relaxed_to_another_dtype", "relaxed_and_read",
)  # fmt: skip
LATTICES = ("widest", "reachable", "reachable_by_if", "reachable_bits")
OTHERS = ("relaxed_through_an_alias", "relaxed_beyond_the_nest", "normalised_by_the_first")


def graphs() -> dict[str, np.ndarray]:
    """Lengths of edges: no cycle is negative, some are, all kinds of numbers."""
    rng = np.random.default_rng(5)
    plain = rng.uniform(1, 10, (SIZE, SIZE, SIZE))
    some_negative = plain.copy()
    some_negative[2] -= 6
    with_nan = plain.copy()
    with_nan[1, 2, 3] = with_nan[3, 0, 0] = np.nan
    missing = np.where(rng.random(plain.shape) < 0.4, np.inf, plain)
    both_ends = np.where(rng.random(plain.shape) < 0.2, -np.inf, missing)
    integers = rng.integers(-2, 9, plain.shape)
    return {
        "plain": plain,
        "negative cycles": some_negative,
        "nan": with_nan,
        "inf": missing,
        "both infinities": both_ends,
        "negative zeros": np.where(rng.random(plain.shape) < 0.3, -0.0, plain),
        "float32": plain.astype(np.float32),
        "integers": integers,
        "no negative integers": np.abs(integers),
        "integers that wrap": np.where(integers > 5, np.iinfo(np.int64).max, np.abs(integers)),
        "small integers": (integers * 15).astype(np.int8),
        "unsigned": (np.abs(integers) * 20).astype(np.uint8),
    }


GRAPHS = graphs()


@pytest.mark.parametrize("kind", GRAPHS)
@pytest.mark.parametrize("name", SHORTEST + LATTICES + OTHERS)
def test_graphs(name: str, kind: str, fallbacks_allowed: None) -> None:
    for axis in (0, 1, 2):
        with np.errstate(all="ignore"):
            assert_matches_loop(LOOPS[name].function, (np.moveaxis(GRAPHS[kind], 0, axis),), axis)


@pytest.mark.parametrize("first", ["plain", "negative cycles", "nan", "no negative integers"])
def test_one_specialization_for_all_graphs(first: str, fallbacks_allowed: None) -> None:
    """Whether rows stay as they are is looked at in each call."""
    for name in ("floyd", "shortest_with_next"):
        vmapped = vmap(LOOPS[name].function)
        for kind in (first, *GRAPHS):
            with np.errstate(all="ignore"):
                assert_matches_loop(LOOPS[name].function, (GRAPHS[kind],), vmapped=vmapped)


@pytest.mark.parametrize("examples", [1, 2, 7])
def test_only_one_example_has_a_negative_cycle(examples: int) -> None:
    graph = np.random.default_rng(1).uniform(1, 10, (examples, 4, 4))
    graph[-1, 1, 1] = -1
    assert_matches_loop(LOOPS["floyd"].function, (graph,))


def test_two_batch_axes() -> None:
    graph = np.random.default_rng(2).uniform(-1, 10, (3, 2, 4, 4))
    function = LOOPS["floyd"].function
    expected = np.array([[function(g) for g in row] for row in graph])
    np.testing.assert_array_equal(vmap(vmap(function))(graph), expected)


def source_of(function: Callable[..., Any], *arguments: Any) -> str:
    vmapped = vmap(function)
    vmapped(*arguments)
    return vmapped.source()


def test_a_number_for_each_row_decides() -> None:
    """The two axes of the nest in one operation; the loops behind a check."""
    source = source_of(LOOPS["floyd"].function, GRAPHS["plain"])
    assert "if not np.any(D[:, k, k] < 0):\n" in source
    assert "np.minimum(D, D[:, :, k, None] + D[:, k, None], out=D)\n" in source
    assert source.count("for ") == 3 and "        else:\n            for i in range(n):\n" in source


def test_integers_may_wrap() -> None:
    """To add what is not negative may make an integer less: whole rows are looked at."""
    source = source_of(LOOPS["floyd"].function, GRAPHS["no negative integers"])
    assert "np.any(D[:, :, k] + D[:, k, k, None] < D[:, :, k])" in source
    assert "np.any(D[:, k, k, None] + D[:, k] < D[:, k])" in source


@pytest.mark.parametrize("name", LATTICES)
def test_what_never_changes_is_not_looked_at(name: str) -> None:
    source = source_of(LOOPS[name].function, GRAPHS["plain"])
    assert len(re.findall(r"\bfor ", source)) == 1 and " if " not in source


@pytest.mark.parametrize("name", ["relaxed_through_an_alias", "relaxed_beyond_the_nest", "normalised_by_the_first"])
def test_other_nests_stay_loops(name: str) -> None:
    source = source_of(LOOPS[name].function, GRAPHS["plain"] / 10)
    assert len(re.findall(r"^ *for ", source, re.MULTILINE)) >= 2 and "else:" not in source


def test_without_a_batch(fallbacks_allowed: None) -> None:
    for graph in GRAPHS.values():
        for name in SHORTEST + LATTICES:
            function = LOOPS[name].function
            with np.errstate(all="ignore"):
                expected, result = function(graph[2]), jit(function)(graph[2])
            np.testing.assert_equal(result, expected)
