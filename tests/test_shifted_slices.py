"""Slices that are shifted: by numbers known at run time, around the end of an axis, by one for running sums."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from tests.loop_functions import LOOPS
from vectorizer import vmap
from vectorizer.testing import assert_matches_loop

WEIGHTS = {
    "plain": np.array([2, 3, 1, 2]),
    "zero": np.array([0, 3, 0, 6]),
    "too heavy": np.array([6, 7, 2, 100]),
    "list": [2, 3, 1, 2],
    "small": np.array([2, 3, 1, 6], dtype=np.int8),
    "unsigned": np.array([2, 3, 1, 6], dtype=np.uint64),
    "none": np.array([], dtype=int),
}
DOWNWARDS = ("knapsack_down", "knapsack_pairs", "ways_downwards", "coins_upwards", "shifted_copies", "beyond_its_end")


def sources(name: str, *arguments: Any, axes: Any = 0) -> str:
    vmapped = vmap(LOOPS[name].function, axes)
    vmapped(*arguments)
    return vmapped.source()


@pytest.mark.parametrize("kind", WEIGHTS)
@pytest.mark.parametrize("name", [*DOWNWARDS, "subsets_of_a_sum"])
def test_weights(name: str, kind: str, fallbacks_allowed: None) -> None:
    """Four examples with four values each."""
    weights = WEIGHTS[kind]
    values = np.random.default_rng(0).integers(-8, 9, (4, 4)) / 4
    values = values[:, : len(weights)]
    for axis in (0, 1):
        assert_matches_loop(LOOPS[name].function, (np.moveaxis(values, 0, axis), weights), (axis, None))


@pytest.mark.parametrize("name", ["knapsack_down", "knapsack_pairs", "ways_downwards"])
def test_weights_that_raise(name: str) -> None:
    """A negative weight reads behind the end of the table: an IndexError, whichever item has it."""
    values = np.ones((3, 4))
    for weights in (np.array([-1, 1, 1, 1]), np.array([1, 2, 3, -2])):
        with pytest.raises(IndexError):
            LOOPS[name].function(values[0], weights)
        with pytest.raises(IndexError):
            vmap(LOOPS[name].function, (0, None))(values, weights)


def test_one_specialization_for_all_weights() -> None:
    """The weights are looked at in each call, not relied on."""
    function = LOOPS["knapsack_down"].function
    vmapped = vmap(function, (0, None))
    values = np.random.default_rng(0).integers(-8, 9, (3, 4)) / 4
    for kind in ("plain", "zero", "too heavy", "plain"):
        assert_matches_loop(function, (values, WEIGHTS[kind]), (0, None), vmapped=vmapped)
    assert vmapped.cache_info().misses == 1


def test_reversed_order_reads_old_values() -> None:
    source = sources("knapsack_down", np.ones((3, 4)), WEIGHTS["plain"], axes=(0, None))
    assert "if 0 <= weights_i <= " in source and "best[:, weights_i:]" in source and "::-1" not in source


def test_forward_order_is_a_recurrence() -> None:
    source = sources("coins_upwards", np.ones((3, 4)), WEIGHTS["plain"], axes=(0, None))
    assert "else:" not in source and source.count("for ") == 2


def test_weights_that_differ() -> None:
    rng = np.random.default_rng(3)
    values, weights = rng.integers(-8, 9, (3, 4)) / 4, rng.integers(0, 7, (3, 4))
    assert_matches_loop(LOOPS["knapsack_down"].function, (values, weights), (0, 0))


@pytest.mark.parametrize("examples", [1, 3, 6])
@pytest.mark.parametrize(
    "name", [name for name in LOOPS if name.endswith(("_ring", "_torus"))] + ["life", "ring_of_another_length"]
)
def test_rings(name: str, examples: int, fallbacks_allowed: None) -> None:
    """Lengths of 1 to 6, of which one is the number of examples, and some are less than what is reached over."""
    loop = LOOPS[name]
    for n in range(1, 7):
        shape = (n, n) if "m" in loop.kinds else (n,)
        rest = (3,) if "k" in loop.kinds else ()
        values = np.random.default_rng(n).integers(0, 4, (examples, *shape)) / 1.0
        for axis in range(len(shape) + 1):
            axes = (axis, *(None for _ in rest))
            assert_matches_loop(loop.function, (np.moveaxis(values, 0, axis), *rest), axes)


@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.uint8, np.float32, bool])
def test_cells_of_other_dtypes(dtype: type) -> None:
    grids = np.random.default_rng(0).integers(0, 2, (3, 5, 4)).astype(dtype)
    assert_matches_loop(LOOPS["life"].function, (grids, 3), (0, None))


def test_rolled_along_one_axis_and_padded_along_two() -> None:
    ring = sources("heat_on_a_ring", np.ones((3, 5)), 2, axes=(0, None))
    assert "np.roll(u, -1, axis=1)" in ring and "%" not in ring and "arange" not in ring
    torus = sources("life", np.ones((3, 5, 5)), 2, axes=(0, None))
    assert torus.count('np.pad(grid, ((0, 0), (1, 1), (1, 1)), mode="wrap")') == 1 and "%" not in torus


@pytest.mark.parametrize("name", ["stored_around_a_ring", "changed_around_a_ring", "ring_of_another_length"])
def test_neither_rolled_nor_padded(name: str) -> None:
    source = sources(name, np.ones((3, 5)))
    assert "roll" not in source and "pad" not in source


@pytest.mark.parametrize("name", ["sums_in_front", "sums_along_rows", "sums_from_the_other_end"])
def test_running_sums_from_zeros(name: str) -> None:
    source = sources(name, np.ones((3, 4, 4)) if "m" in LOOPS[name].kinds else np.ones((3, 4)))
    assert re.search(r"= np\.cumsum\(.*, axis=\d\)\n", source) and "for " not in source


def test_sums_in_place() -> None:
    """What nothing else can see is added to where it is; what has another name is not."""

    def twice(x):
        n = len(x)
        out = np.zeros(n)
        for i in range(n):
            s = 0.0
            for d in (-1, 1, 2):
                s += x[(i + d) % n] * d
            t = s
            s += x[i]
            out[i] = s * t
        return out

    x = np.arange(12.0).reshape(3, 4)
    assert_matches_loop(twice, (x,))


def test_marks_in_small_integers() -> None:
    x = np.array([[1.0, -1.0, 2.0], [0.0, 3.0, -2.0]])
    assert_matches_loop(LOOPS["marks"].function, (x,))
    source = sources("marks", x)
    assert ".astype(np.int16)" in source and "where" not in source and "zeros" not in source
