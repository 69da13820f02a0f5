"""Loops over live lanes: lanes that leave at once or never, and batches so large that others take their places."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from tests.programs import write_program
from vectorizer import FallbackWarning, runtime, vmap
from vectorizer.testing import assert_matches_loop

LARGE = 4 * runtime.FEW_LANES


@pytest.fixture(autouse=True)
def warnings_are_errors() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture
def places_taken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many lanes have taken the places of others, at each time; small batches do it as well."""
    counted: list[int] = []
    move = runtime._moved

    def moved(array: Any, moved: Any, free: Any, left: int) -> Any:
        counted.append(len(moved))
        return move(array, moved, free, left)

    monkeypatch.setattr(runtime, "FEW_LANES", 0)
    monkeypatch.setattr(runtime, "_moved", moved)
    return counted


# --- drop_lanes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 7, 40])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.2, 0.5, 1.0])
@pytest.mark.parametrize("has_left", [False, True])
def test_the_lanes_that_stay(count: int, share: float, has_left: bool, places_taken: list[int]) -> None:
    for seed in range(20):
        gone = np.random.default_rng(seed).random(count) < share
        lanes, values, rows = np.arange(count), np.arange(count) * 1.5, np.arange(3.0 * count).reshape(count, 3)
        given = values.copy(), rows.copy()
        done = np.flatnonzero(gone)
        stay, first, second = runtime.drop_lanes(done, lanes.copy(), values, rows, of=count + has_left)
        assert sorted(stay) == sorted(lanes[~gone])
        np.testing.assert_array_equal(first, given[0][stay])
        np.testing.assert_array_equal(second, given[1][stay])
        if not has_left:  # the arrays may be the caller's
            np.testing.assert_array_equal(values, given[0])
            np.testing.assert_array_equal(rows, given[1])
            assert not np.shares_memory(first, values)


def test_one_array_under_two_names_and_one_value_for_all(places_taken: list[int]) -> None:
    values = np.arange(40.0)
    constant = np.broadcast_to(np.float64(3.0), 40)
    first, second, third = runtime.drop_lanes(np.array([0, 5, 38]), values, values, constant, of=41)
    assert sum(places_taken)
    np.testing.assert_array_equal(first, second)
    assert sorted(first) == sorted(set(range(40)) - {0, 5, 38})
    np.testing.assert_array_equal(third, np.full(37, 3.0))


# --- loops ------------------------------------------------------------------------------------------------------------


def escape_time(c, limit):
    z, n = 0j, 0
    while abs(z) <= 2 and n < limit:
        z = z * z + c
        n += 1
    return n, z


def collatz(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def countdown(x, d):
    """Where `d` is 0 no example divides, and none of those that are done does."""
    total = 0.0
    while d > 0:
        total += x / d
        d -= 1
    return total


def grows(x, n):
    """Those that are done would overflow, or already are infinite or not a number."""
    k = 0
    while k < n and x < 1e300:
        x = x * x
        k += 1
    return x, k


def tripled(n):
    """A lane that is done would outgrow 64 bits if it went on."""
    k = 0
    while n % 1000 != 7 and k < 30:
        n = n * 3 + 1
        k += 1
    return n, k


def looked_up(x, table):
    """An index that is out of range for those that are done."""
    i = 0
    while i < len(table) and table[i] < x:
        i += 1
    return i


def swapped(a, b):
    """Two names for one array, and one that is read behind the loop."""
    first = a
    previous = b
    while a > b:
        previous, a = a, a - 1.0
    return first - a, previous


def stepped(x, limit):
    """Jumps that all lanes take, and some of each kind that only some do."""
    n = 0
    while x < 50:
        if n == limit:
            x = -x
            break
        n += 1
        if x < 3:
            x += 2
            continue
        if x > 40:
            return -1.0, n
        x = x * 1.5
    else:
        n += 100
    return x, n


def nested(x, n):
    total = 0.0
    for i in range(n):
        y, k = x, 0
        while y < 10 and k < 20:
            if i * k > 30:
                return -total
            y += 1 + i
            k += 1
        total += y
    return total


def rows_move(v, n):
    """The state of a lane is an array."""
    out = np.zeros(3)
    k = 0
    while k < n:
        out[k % 3] += v[k % 3] * k
        k += 1
    return out, k


def values(size: int, low: float, high: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, size)


def integers(size: int, low: int, high: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(low, high, size)


CASES: dict[str, tuple[Callable[..., Any], Callable[[int], tuple[Any, ...]], tuple[int | None, ...]]] = {
    "escape_time": (escape_time, lambda n: (values(n, -2, 1, 1) + 1j * values(n, -1, 1, 2), 30), (0, None)),
    "all at once": (escape_time, lambda n: (np.zeros(n, complex), 5), (0, None)),
    "none enters": (escape_time, lambda n: (np.zeros(n, complex), 0), (0, None)),
    "collatz": (collatz, lambda n: (integers(n, 1, 200, 1),), (0,)),
    "countdown": (countdown, lambda n: (values(n, 0, 1, 1), integers(n, -2, 9, 2)), (0, 0)),
    "grows": (
        grows,
        lambda n: (np.where(values(n, 0, 1, 2) < 0.1, np.nan, values(n, 0, 3, 1)), integers(n, 0, 8, 3)),
        (0, 0),
    ),
    "infinite": (grows, lambda n: (np.where(values(n, 0, 1, 2) < 0.2, np.inf, 0.5), integers(n, 0, 9, 3)), (0, 0)),
    "looked_up": (looked_up, lambda n: (values(n, -1, 12, 1), np.arange(10.0)), (0, None)),
    "swapped": (swapped, lambda n: (values(n, 0, 9, 1), values(n, 0, 9, 2)), (0, 0)),
    "stepped": (stepped, lambda n: (values(n, 0, 60, 1), 7), (0, None)),
    "nested": (nested, lambda n: (values(n, 0, 12, 1), integers(n, 0, 6, 2)), (0, 0)),
    "rows_move": (rows_move, lambda n: (values(3 * n, 0, 1, 1).reshape(n, 3), integers(n, 0, 9, 2)), (0, 0)),
}


# NumPy rounds products of complex numbers otherwise in arrays than one by one, and each step makes more of it.
ROUNDING = {"escape_time": 1e-9}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("size", [0, 1, 2, 37])
def test_small_batches(name: str, size: int, places_taken: list[int]) -> None:
    function, make, in_axes = CASES[name]
    assert_matches_loop(function, make(size), in_axes, rtol=ROUNDING.get(name))


@pytest.mark.parametrize("name", CASES)
def test_large_batches(name: str) -> None:
    function, make, in_axes = CASES[name]
    args = make(LARGE)
    before = [np.copy(arg) for arg in args]
    assert_matches_loop(function, args, in_axes, rtol=ROUNDING.get(name))
    for arg, old in zip(args, before, strict=True):  # what moves is never the caller's
        np.testing.assert_array_equal(arg, old)


def test_places_are_taken(places_taken: list[int]) -> None:
    function, make, in_axes = CASES["collatz"]
    assert_matches_loop(function, make(200), in_axes)
    assert sum(places_taken) > 10


def test_integers_of_lanes_that_are_done() -> None:
    """None of them goes on, so that nothing outgrows 64 bits but what the loop would give."""
    numbers = np.array([7, 2**62 + 2**62 % 1000 + 7, 1, 2] * 300, np.int64)
    numbers[1::4] -= numbers[1::4] % 1000 - 7
    assert_matches_loop(tripled, (numbers[numbers % 1000 == 7],))
    assert_matches_loop(tripled, (np.where(numbers % 1000 == 7, numbers, 2),))


def test_a_warning_of_the_loop_is_given() -> None:
    def halved(x, n):
        k = 0
        while k < n:
            x = 1 / (x - 1)
            k += 1
        return x

    function = vmap(halved)
    x, n = np.array([2.0, 1.0, 3.0]), np.array([0, 1, 1])
    with pytest.raises(RuntimeWarning, match="divide by zero"):
        function(x, n)
    n[1] = 0
    assert_matches_loop(halved, (x, n), vmapped=function)


@pytest.mark.parametrize("start", range(0, 120, 60))
def test_random_programs(start: int, tmp_path: Path, places_taken: list[int]) -> None:
    """The programs of test_properties.py, with enough examples that lanes take the places of others."""
    from tests.test_properties import ALL_BATCHED, check_program

    for seed in range(start, start + 60):
        source = write_program(Random(10_000 + seed), integers=seed % 2 == 1)
        check_program(source, tmp_path, "int64" if seed % 2 else "float64", 25, ALL_BATCHED, seed)
    assert sum(places_taken)


# --- what is emitted --------------------------------------------------------------------------------------------------


def emitted(name: str) -> str:
    function, make, in_axes = CASES[name]
    vmapped = vmap(function, in_axes)
    vmapped(*make(5))
    return vmapped.source()


def test_what_is_the_same_for_all_lanes_is_no_array() -> None:
    source = emitted("escape_time")
    assert "if not n < limit:" in source
    assert "& (n < limit)" not in source


def test_last_values_that_nobody_reads_are_not_kept() -> None:
    source = emitted("nested")
    assert "total_final" in source
    assert "k_final" not in source


def test_continue_alone_needs_no_lanes() -> None:
    def positives(x):
        total = 0.0
        for value in x:
            if value < 0:
                continue  # of no interest
            total += value
        return total

    function = vmap(positives)
    x = np.random.default_rng(0).normal(size=(5, 4))
    assert_matches_loop(positives, (x,), vmapped=function)
    assert "lanes" not in function.source(x) and "for " not in function.source(x)


def leaves_early(x, g):
    total = 0
    for v in x:
        if v > 5:
            return -1.0
        total = total + v / g
    return total


def leaves_or_not(x, g):
    total = 0
    for v in x:
        if v > g:
            break
        total += v
    else:
        total = total + 1
    return total


@pytest.mark.parametrize("function", [leaves_early, leaves_or_not])
@pytest.mark.parametrize("length", [0, 1, 3])
def test_a_loop_that_does_not_run_changes_no_dtype(function, length):
    """The variable is still the integer that it was set to."""
    vmapped = vmap(function)
    for other in (length, 2, 0, length):
        x = np.linspace(0, 9, 4 * other).reshape(4, other)
        assert_matches_loop(function, (x, np.arange(1.0, 5.0)), vmapped=vmapped, native=True)


def sieve(n):
    is_prime = np.ones(61, dtype=bool)
    is_prime[:2] = False
    i = 2
    while i * i <= n:
        if is_prime[i]:
            for j in range(i * i, n + 1, i):
                is_prime[j] = False
        i += 1
    return is_prime


def stepped(start, stop, step):
    total, last, count = 0, -1, 0
    for k in range(start, stop, step):
        total += k
        last = k
        if total > 60:
            break
        count += 1
    return total, last, count


def squares(start, stop):
    total = 0
    for k in range(start, stop):
        total += k * k
    return total


def test_steps_that_differ():
    n = np.array([2, 60, 0, 35, 36, 49])
    assert_matches_loop(sieve, (n,), native=True)
    start, stop, step = np.array([0, 3, 9, 5, -4, 7]), np.array([30, 4, -9, 5, 50, 3]), np.array([4, 9, -2, 1, 7, -5])
    assert_matches_loop(stepped, (start, stop, step), native=True)
    assert_matches_loop(stepped, (start.astype(np.int32), stop, step.astype(np.int8)), native=True)
    assert_matches_loop(stepped, (0, 20, np.abs(step)), (None, None, 0), native=True)
    step[2] = 0
    with pytest.raises(ValueError, match=r"range\(\) arg 3 must not be zero"):
        vmap(stepped)(start, stop, step)


def test_products_of_what_differs():
    start, stop = np.array([0, -3, 9]), np.array([30, 4, 5])
    assert_matches_loop(squares, (start, stop), native=True)
    far = np.array([2**40, 0, 1])
    with pytest.warns(FallbackWarning, match="outgrows 64 bits"):
        vmap(lambda a: squares(a, a + 3) % 7)(far)
