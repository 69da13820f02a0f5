"""Loops that become array operations: every one against the loop, at several lengths, dtypes and axes."""

from __future__ import annotations

import re
import warnings
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.affine import write_nest
from tests.loop_functions import LOOPS, Loop
from tests.programs import load_program
from vectorizer import jit, vmap
from vectorizer.testing import assert_matches_loop

LENGTHS = (5, 0, 1, 2)
BATCH = 3
UNIFORM = "jwk"

# How many loops are left in the emitted source for vectors of length 5.
LEFT: dict[str, int] = {
    "smooth": 1,
    "smooth2": 1,
    "smooth3": 1,
    "heat2d": 1,
    "sums_in_front": 1,
    "cumsum_inplace": 1,
    "kadane": 1,
    "gauss_seidel": 2,
    "dtw": 2,
    "lcs": 2,
    "edit": 2,
    "knapsack": 1,
    "knapsack_items": 2,
    "distribute": 1,
    "ema_sum": 1,
    "welford": 1,
    "horner": 1,
    "kmeans_assign": 2,
    "fib_like": 1,
    "minmax_elif": 1,
    "floyd": 3,
    "transpose_inplace": 1,
    "sym_fill": 2,
    "jacobi": 1,
    "reverse_inplace": 1,
    "forward_sub": 1,
    "lu": 1,
    "rebind_index": 1,
    "list_alias": 1,
    "view_alias": 1,
    "view_alias2": 1,
    "view_reshape": 2,
    "two_stores": 1,
    "chain": 1,
    "onehot": 1,
    "onehot_keep": 1,
    "call_store": 1,
    "alias_after": 2,
    "alias_loop": 1,
    "alias_prev_behind": 2,
    "grid_wrap": 2,
    "smear_right": 1,
    "neg_inplace": 1,
    "far3": 1,
    "in_place_2d": 1,
    "diag": 2,
    "order_stmts2": 1,
    "own_uniform": 1,
    "lazy_last2": 1,
    "search_divide": 1,
    "search_in_time": 1,
    "taken_out_shifted": 1,
    "taken_out_down": 1,
    "taken_out_stored": 1,
    "taken_out_aliased": 1,
    "taken_out_augmented": 1,
    "taken_out_both_stored": 1,
    "taken_out_store_alias": 1,
    "taken_out_store_last": 1,
    "taken_out_store_same": 1,
    "taken_out_conditional": 1,
    "taken_out_products": 1,
    "taken_out_by_call": 1,
    "gauss_elimination": 2,
    "cholesky": 2,
    "selection_sort": 2,
    "longest_increasing": 1,
    "decay_then_weights": 1,
    "filtered_energy": 1,
    "feeds_back": 1,
    "weights_then_decay": 1,
    "stored_then_looked_at_elsewhere": 1,
    "stored_then_looked_at_by_another_loop": 2,
    "looked_at_before_it_is_stored": 1,
    "stored_and_then_changed": 1,
    "stored_and_seen_through_a_view": 1,
    "looks_ahead": 1,
    "looks_back_around": 1,
    "follows_through_a_view": 1,
    "follows_in_rows": 1,
    "counts_then_powers": 1,
    "listed_some_then_changed": 1,
    "swapped_in_two_dimensions": 1,
    "swapped_with_an_alias": 2,
    "swapped_or_copied": 2,
    "swapped_through_a_third": 2,
    "first_best_offset": 3,
    "offsets_in_order": 2,
    "offsets_stored": 2,
    "listed_offsets": 2,
    "element_beside_the_whole": 2,
    "element_of_what_is_iterated": 2,
    "element_behind_an_alias": 2,
    "element_and_its_view": 2,
    "stored_through_a_view": 1,
    "pascal_rows": 1,
    "doolittle": 5,
    "empty_range_keeps": 2,
    "chained_products": 2,
    "element_of_another_dtype": 2,
    "element_among_others": 2,
    "element_of_prefix": 1,
    "edit_distance": 1,
    "common_subsequence": 1,
    "local_alignment": 1,
    "global_alignment": 1,
    "cheapest_path": 3,
    "count_paths": 1,
    "relax_in_place": 2,
    "warped": 1,
    "summed_area": 1,
    "best_cell_place": 2,
    "order_of_cells": 2,
    "far_corner": 2,
    "listed_cells": 2,
    "shortest_by_min": 3,
    "shortest_in_lists_of_subscripts": 3,
    "shortest_by_rows": 2,
    "shortest_with_next": 3,
    "longest_by_max": 2,
    "likeliest": 3,
    "widest": 1,
    "reachable": 1,
    "reachable_by_if": 1,
    "reachable_bits": 1,
    "relaxed_to_another_dtype": 3,
    "relaxed_through_an_alias": 3,
    "relaxed_beyond_the_nest": 3,
    "relaxed_and_read": 3,
    "normalised_by_the_first": 3,
    "knapsack_down": 2,
    "knapsack_pairs": 2,
    "subsets_of_a_sum": 2,
    "ways_downwards": 2,
    "coins_upwards": 2,
    "shifted_copies": 2,
    "beyond_its_end": 2,
    "stops_that_change": 2,
    "moved_up_downwards": 1,
    "heat_on_a_ring": 1,
    "heat_on_a_torus": 1,
    "life": 1,
    "stored_around_a_ring": 1,
    "changed_around_a_ring": 1,
    "sums_in_small_integers": 1,
    "sums_beside_an_alias": 1,
    "marks_again_and_again": 1,
}


def shape_of(kind: str, n: int) -> tuple[int, ...]:
    return {"v": (n,), "m": (n, n), "p": (n, 2), "h": (3,), "3": (3, 3), "i": (n,), "j": (n,), "s": ()}[kind]


def argument(rng: np.random.Generator, kind: str, n: int, axis: int | None, values: str) -> Any:
    """One argument; small multiples of a quarter, so that there are ties and sums may be reassociated."""
    if kind == "k":
        return 2
    if kind == "w":
        return [1, 2, 1, 3, 1, 2][:n]
    shape = list(shape_of(kind, n))
    if axis is not None:
        shape.insert(axis % (len(shape) + 1), BATCH)
    if kind in "ij":
        return rng.integers(0, 4, shape)
    numbers = rng.integers(-6, 7, shape)
    if values == "int64":
        return numbers if shape else int(numbers)
    made = np.asarray(numbers / 4, "float32" if values == "float32" else "float64")
    if values == "nan":
        made = np.where(rng.random(shape) < 0.3, np.nan, made)
    return made if made.ndim else made[()]


def arguments(loop: Loop, n: int, axes: tuple[Any, ...], values: str = "float64", seed: int = 0) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    size = loop.size or n
    return tuple(argument(rng, kind, size, axis, values) for kind, axis in zip(loop.kinds, axes, strict=True))


def all_axes(loop: Loop) -> list[tuple[Any, ...]]:
    """All batched in front, all at the end, and only the first that can be."""
    can = [kind not in UNIFORM for kind in loop.kinds]
    rows = [tuple(place if c else None for c in can) for place in (0, -1)]
    if sum(can) > 1:
        first = can.index(True)
        rows += [tuple(0 if c and (k == first) == keep else None for k, c in enumerate(can)) for keep in (True, False)]
    return rows


def lengths(loop: Loop) -> tuple[int, ...]:
    return LENGTHS if loop.size is None else (loop.size,)


@pytest.mark.parametrize("name", LOOPS)
def test_axes(name: str, fallbacks_allowed: None) -> None:
    loop = LOOPS[name]
    for axes in all_axes(loop):
        assert_matches_loop(loop.function, arguments(loop, 5, axes), axes)


@pytest.mark.parametrize("values", ["float64", "float32", "int64", "nan"])
@pytest.mark.parametrize("name", LOOPS)
def test_values_and_lengths(name: str, values: str, fallbacks_allowed: None) -> None:
    """One vectorized function for all lengths, so that guards must tell them apart."""
    loop = LOOPS[name]
    axes = all_axes(loop)[0]
    vmapped = vmap(loop.function, axes)
    for n in lengths(loop)[: 1 if values == "float32" else None]:  # without iterations, a Python float stays one
        args = arguments(loop, n, axes, values, seed=n)
        with np.errstate(all="ignore"):
            assert_matches_loop(loop.function, args, axes, vmapped=vmapped)


@pytest.mark.parametrize("name", LOOPS)
def test_jit(name: str, fallbacks_allowed: None) -> None:
    """The function of one example alone."""
    loop = LOOPS[name]
    jitted = jit(loop.function)
    none = (None,) * len(loop.kinds)

    def add_axis(result: Any) -> Any:
        return tuple(map(add_axis, result)) if isinstance(result, tuple) else np.asarray(result)[None]

    for n in lengths(loop):
        args = arguments(loop, n, none, seed=n)
        assert_matches_loop(loop.function, args, None, axis_size=1, vmapped=lambda *a: add_axis(jitted(*a)))


@pytest.mark.parametrize("name", LOOPS)
def test_loops_left(name: str, fallbacks_allowed: None) -> None:
    loop = LOOPS[name]
    axes = all_axes(loop)[0]
    vmapped = vmap(loop.function, axes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        source = vmapped.source(*arguments(loop, 5, axes))
    short = r"\w+ in range\(1, terms(?:_\d+)?\.shape\["  # the elements along a short axis, one by one
    assert len(re.findall(rf"^\s*(?:for|while) (?!{short})", source, re.MULTILINE)) <= LEFT.get(name, 0), source


def test_a_dependence_is_explained() -> None:
    loop = LOOPS["smear_right"]
    vmapped = vmap(loop.function)
    args = arguments(loop, 5, (0,))
    lines = vmapped.explain(*args).splitlines()
    first = loop.function.__code__.co_firstlineno
    place = f"(line {first + 3})"
    reason = f"an iteration reads a[i - 1] {place} that an earlier one stores as a[i] {place}"
    assert any(reason in line for line in lines), lines


# --- random nests ----------------------------------------------------------------------------------------------------

AXES = ((0, 0, 0, 0), (-1, -1, -1, -1), (0, None, 0, 0), (None, 0, None, 0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: Any) -> Any:
    return tmp_path_factory.mktemp("nests")


def check_nest(source: str, folder: Any, axes: tuple[Any, ...], seed: int, integers: bool) -> None:
    """One random nest, batched and alone."""
    function = load_program(source, folder)
    rng = np.random.default_rng(seed)
    args = []
    for shape, axis in zip(((6,), (6,), (6, 6), ()), axes, strict=True):
        full = list(shape)
        if axis is not None:
            full.insert(axis % (len(full) + 1), BATCH)
        value = rng.integers(-4, 5, full)
        args.append(value if integers else value / 4)
    vmapped = vmap(function, axes)
    try:
        assert_matches_loop(function, args, axes, vmapped=vmapped)
    except AssertionError as error:
        raise AssertionError(f"{error}\n\n{source}\n--- emitted\n{vmapped.source()}") from error


@given(
    random=st.randoms(use_true_random=False),
    axes=st.sampled_from(AXES),
    seed=st.integers(0, 20),
    integers=st.booleans(),
)
@settings(suppress_health_check=list(HealthCheck))
def test_random_nests(
    random: Random, axes: Any, seed: int, integers: bool, folder: Any, fallbacks_allowed: None
) -> None:
    check_nest(write_nest(random), folder, axes, seed, integers)


@pytest.mark.parametrize("start", range(0, 400, 50))
def test_seeded_nests(start: int, folder: Any, fallbacks_allowed: None) -> None:
    for seed in range(start, start + 50):
        check_nest(write_nest(Random(seed)), folder, AXES[seed % 4], seed, seed % 2 == 0)
