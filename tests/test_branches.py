"""Data-dependent control flow: native, equal to the loop, and without a warning that the loop would not give."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.branch_functions import CASES, Case
from vectorizer import FallbackWarning, vmap
from vectorizer.testing import assert_matches_loop

SIZES = (7, 1, 3)
MAKERS: dict[str, Any] = {
    "v": lambda rng, size: rng.normal(size=(size, 5)),
    "s": lambda rng, size: rng.normal(size=size),
    "p": lambda rng, size: rng.random(size) + 0.25,
    "n": lambda rng, size: rng.integers(0, 7, size),
    "m": lambda rng, size: rng.integers(1, 9, size),
    "z": lambda rng, size: rng.integers(-1, 2, size).astype(float),
    "i": lambda rng, size: rng.integers(-3, 9, (size, 5)),
}


def arguments(case: Case, size: int, seed: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    return tuple(MAKERS[kind](rng, size) for kind in case.kinds)


def test_there_are_enough_of_them():
    assert len(CASES) >= 60


# A fallback is an error.
@pytest.mark.parametrize("name", CASES)
def test_is_native_and_equal_to_the_loop(name: str) -> None:
    case = CASES[name]
    vmapped = vmap(case.function, strict=True)
    for seed, size in enumerate((*SIZES, *SIZES)):
        assert_matches_loop(case.function, arguments(case, size, seed), vmapped=vmapped)


@pytest.mark.parametrize("name", CASES)
def test_no_examples(name: str) -> None:
    case = CASES[name]
    assert_matches_loop(case.function, arguments(case, 0, 0))


# --- where a variable is read that is not set ---


def unset_for_some(a, b):
    if a > 0:
        d = b
    return d


def unset_after_no_iterations(n):
    for i in range(n):
        pass
    return i


def unset_in_a_branch(a, b):
    if a > 0:
        d = b
    if b > 0:
        a += d
    return a


def unset_when_nothing_is_found(x, t):
    for v in x:
        if v > t:
            found = v
    return found


A, B = np.array([1.0, -1.0, 2.0]), np.array([1.0, 2.0, 3.0])
UNSET = [
    (unset_for_some, (A, B)),
    (unset_for_some, (-np.abs(A), B)),
    (unset_after_no_iterations, (np.array([3, 0, 2]),)),
    (unset_in_a_branch, (A, B)),
    (unset_when_nothing_is_found, (np.eye(3), np.array([0.5, 2.0, 0.5]))),
]


@pytest.mark.parametrize(("function", "args"), UNSET, ids=lambda v: getattr(v, "__name__", ""))
def test_an_example_that_reads_what_it_has_not_set_raises_as_in_the_loop(function, args):
    with pytest.raises(UnboundLocalError):
        vmap(function)(*args)
    assert_matches_loop(function, args)


def test_no_check_where_the_loop_does_not_read():
    args = (A, np.where(A > 0, B, -B))
    assert_matches_loop(unset_in_a_branch, args, vmapped=vmap(unset_in_a_branch, strict=True))


# --- lists ---


def length_so_far(x):
    out = []
    total = 0
    for v in x:
        out.append(v)
        total += len(out)
    return total


def last_so_far(x):
    out = []
    total = 0.0
    for v in x:
        out.append(v)
        total += out[-1] + out[0]
    return total


def alias_of_a_list(x):
    c = [0.0, 1.0]
    b = c
    for v in x:
        c[0] += v
    return b[0]


def alias_of_a_dict(x):
    c = {"a": 0.0}
    b = c
    for v in x:
        if v > 0:
            c["a"] += v
    return b["a"]


def repeated_list(x):
    kept = [v for v in x if v > 0]
    return len(kept * 2), len(kept + kept)


def changed_flag_between_appends(x):
    out = []
    for v in x:
        up = v > 0
        if up:
            out.append(v)
        up = v > 1
        if not up:
            out.append(v * 2)
    return sum(out), len(out)


LISTS = [length_so_far, last_so_far, alias_of_a_list, alias_of_a_dict, repeated_list, changed_flag_between_appends]


@pytest.mark.filterwarnings("ignore::vectorizer.FallbackWarning")
@pytest.mark.parametrize("function", LISTS)
def test_lists_that_were_wrong(function):
    assert_matches_loop(function, (np.random.default_rng(3).normal(size=(7, 5)),))


# --- loops around loops, numbers that are cut to fit ---


def two_ranges_that_differ(x, s, t, n):
    for i in range(n):
        s, t = t, s
        for _ in range(n):
            s += 1.0
        if not i < np.sum(x[n:]):
            break
    return s


def integers_less_a_float(x, t):
    for k in range(3):
        x[k] -= t / 3
    return x


def test_the_end_of_an_outer_range_is_kept_for_the_live_examples():
    rng = np.random.default_rng(0)
    args = (rng.normal(size=(9, 4)), rng.normal(size=9), rng.normal(size=9), rng.integers(0, 4, 9))
    assert_matches_loop(two_ranges_that_differ, args, vmapped=vmap(two_ranges_that_differ, strict=True))


def test_a_float_is_cut_where_it_is_subtracted_from_an_integer_of_an_array():
    args = (np.arange(12).reshape(3, 4), np.array([1, 5, 7]))
    assert_matches_loop(integers_less_a_float, args, vmapped=vmap(integers_less_a_float, strict=True))


def test_two_appends_in_one_iteration_are_looped():
    with pytest.warns(FallbackWarning):
        vmap(changed_flag_between_appends)(np.ones((2, 3)))


# --- found by random programs ---


def set_on_one_of_two_branches_that_both_do_something(a, b):
    if a > 0:
        u = math.sqrt(a)
    else:
        b = math.sqrt(-a) + b
    if b > 1:
        b = b + u
    return b


@pytest.mark.parametrize("a", [np.array([1.0, -4.0, 2.0]), np.array([1.0, -0.25, 2.0])])
def test_a_variable_that_only_one_of_two_branches_sets(a):
    assert_matches_loop(set_on_one_of_two_branches_that_both_do_something, (a, np.array([2.0, 0.0, 0.5])))


def raised_in_place(a, v):
    a[1] += v
    return a[1]


def continue_with_an_effect(x, t):
    for i in range(1, 4):
        x[0] += t
        if t < raised_in_place(x, x[i]):
            continue
    return x


def bound_anew_and_changed_through_another_name(x, p):
    y = x
    k = 3
    while k > 0:
        k -= 1
        y[p[k]] = 1.0
        if y[2] >= k:
            x = x
            if any(v > k for v in x) and y[k] >= 1:
                continue
    return x


def target_of_a_loop_that_did_not_run(x, t, n):
    for i in range(n):
        t = t + x[i]
    if x[0] > t:
        for i in range(3):
            t += math.sqrt(abs(x[i]))
    return t


@pytest.mark.filterwarnings("ignore::vectorizer.FallbackWarning")
@pytest.mark.parametrize("seed", range(5))
def test_found_by_random_programs(seed):
    rng = np.random.default_rng(seed)
    x, t, p = rng.integers(-8, 9, (3, 4)) / 4, rng.integers(-8, 9, 3) / 4, rng.integers(0, 4, (3, 4))
    assert_matches_loop(continue_with_an_effect, (x, t))
    assert_matches_loop(bound_anew_and_changed_through_another_name, (x, p))


def test_the_target_of_a_loop_that_did_not_run_and_is_set_under_a_condition():
    x, t = np.array([[1.0, 2.0, 3.0], [-1.0, 2.0, 0.0]]), np.array([0.5, 0.5])
    vmapped = vmap(target_of_a_loop_that_did_not_run, in_axes=(0, 0, None), strict=True)
    for n in (0, 2):
        assert_matches_loop(target_of_a_loop_that_did_not_run, (x, t, n), in_axes=(0, 0, None), vmapped=vmapped)


def target_that_is_changed(x, t):
    s = t
    for s in x + 0:
        s -= x[1]
        t += s * s
    return t, s


def target_of_two_loops(x, t, n):
    s = 0.0
    for i in range(2):
        for j, s in enumerate(x + 0):
            s = s + i
        for j in range(1, 3):
            if s <= x[j]:
                if x[3 - j] >= abs(t):
                    continue
            else:
                s = s + t
    while n > 0 and s < 100:
        n -= 1
        for j in range(3):
            if x[j] > t:
                break
        if x[n % 3] > t:
            for j in range(n):
                s = s + t
        s = s + j
    return s


def test_targets_of_loops_that_are_bound_to_something_else():
    rng = np.random.default_rng(5)
    x, t, n = rng.integers(-8, 9, (9, 4)) / 4, rng.integers(-8, 9, 9) / 4, rng.integers(0, 4, 9)
    assert_matches_loop(target_that_is_changed, (x, t), vmapped=vmap(target_that_is_changed, strict=True))
    assert_matches_loop(target_of_two_loops, (x, t, n), vmapped=vmap(target_of_two_loops, strict=True))
