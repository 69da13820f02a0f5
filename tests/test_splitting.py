"""Loops that fall into a recurrence and what follows from it: against the loop, for random orders of statements."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

from tests.dynamic import write_recurrence
from tests.loop_functions import LOOPS
from tests.programs import load_program
from tests.test_loops import all_axes, arguments
from vectorizer import vmap
from vectorizer.testing import assert_matches_loop

AXES = ((0, None, 0), (-1, None, 0), (0, None, None), (None, None, 0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: Any) -> Any:
    return tmp_path_factory.mktemp("recurrences")


def check(seed: int, folder: Any) -> bool:
    """One random loop against the loop over examples; whether it was split."""
    source = write_recurrence(Random(seed))
    function = load_program(source, folder)
    rng = np.random.default_rng(seed)
    axes = AXES[seed % 4]
    args: list[Any] = []
    for shape, axis in zip(((9,), (9,), ()), axes, strict=True):
        full = list(shape)
        if axis is not None:
            full.insert(axis % (len(full) + 1), 3)
        args.append(rng.integers(-4, 5, full) / 4 if full else 0.75)
    vmapped = vmap(function, axes)
    try:
        assert_matches_loop(function, tuple(args), axes, vmapped=vmapped)
    except AssertionError as error:
        raise AssertionError(f"{error}\n\n{source}\n--- emitted\n{vmapped.source()}") from error
    return "done behind the loop" in vmapped.explain()


@pytest.mark.parametrize("start", range(0, 300, 50))
def test_random_recurrences(start: int, folder: Any, fallbacks_allowed: None) -> None:
    taken = sum(check(seed, folder) for seed in range(start, start + 50))
    assert taken >= 3  # or the test would not test anything


SPLIT = ["decay_then_weights", "filtered_energy", "follows_in_rows", "counts_then_powers"]


@pytest.mark.parametrize("name", [*SPLIT, "feeds_back", "looks_ahead", "looks_back_around", "follows_through_a_view"])
def test_is_split(name: str) -> None:
    loop = LOOPS[name]
    axes = all_axes(loop)[0]
    vmapped = vmap(loop.function, axes)
    assert_matches_loop(loop.function, arguments(loop, 6, axes), axes, vmapped=vmapped)
    assert ("done behind the loop" in vmapped.explain()) == (name in SPLIT)


IN_FRONT = ["weights_then_decay"]


@pytest.mark.parametrize(
    "name",
    [
        *IN_FRONT,
        "stored_then_looked_at_elsewhere",
        "stored_then_looked_at_by_another_loop",
        "looked_at_before_it_is_stored",
        "stored_and_then_changed",
        "stored_and_seen_through_a_view",
    ],
)
def test_stores_are_made_in_front_of_the_loop(name: str) -> None:
    loop = LOOPS[name]
    axes = all_axes(loop)[0]
    vmapped = vmap(loop.function, axes)
    assert_matches_loop(loop.function, arguments(loop, 6, axes), axes, vmapped=vmapped)
    assert ("for all iterations of the loop at once" in vmapped.explain()) == (name in IN_FRONT)
