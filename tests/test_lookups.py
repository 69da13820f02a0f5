"""Dicts of numbers that are looked up at keys that differ between the examples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vectorizer import vmap
from vectorizer.testing import assert_matches_loop

JUMPS = {3: 11, 6: 17, 9: 2, 16: 4, 14: 19}
PRICES = {0: 0.5, 1: 1.25, 2: 2.0, 4: float("inf")}
ROWS = np.random.default_rng(0).integers(0, 6, (5, 7))


def snakes_and_ladders(rolls):
    jumps = {3: 11, 6: 17, 9: 2, 16: 4, 14: 19}
    place = 0
    for turn, roll in enumerate(rolls):
        if place + roll > 20:
            continue
        place += roll
        if place in jumps:
            place = jumps[place]
        if place == 20:
            return turn + 1, place
    return -1, place


def jumps_of_all(rolls):
    place = 0
    for roll in rolls:
        place = JUMPS.get(place + roll, place + roll)
    return place


def basket(items):
    total = 0.0
    for item in items:
        total += PRICES.get(item, 0.0) if item not in {4} else 0.0
    return total


def roman(codes):
    value = {0: 1, 1: 5, 2: 10, 3: 50, 4: 100, 5: 500}
    total = 0
    for i in range(len(codes)):
        v = value[codes[i]]
        if i + 1 < len(codes) and value[codes[i + 1]] > v:
            total -= v
        else:
            total += v
    return total


def robot(moves):
    steps = {0: (0, 1), 1: (1, 0), 2: (0, -1), 3: (-1, 0)}
    x = y = 0
    for move in moves:
        if move in steps:
            dx, dy = steps[move]
            x, y = x + dx, y + dy
    return x, y, x in {1, 2, 5}, y not in {0}


def flags_of(items):
    even = {0: True, 1: False, 2: True, 3: False, 4: True, 5: False}
    return sum(1 for item in items if even[item]), even[items[0]]


@pytest.mark.parametrize("function", [snakes_and_ladders, jumps_of_all, basket, roman, robot, flags_of])
@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8, np.float64])
def test_keys_that_differ(function: Any, dtype: Any) -> None:
    rows = ROWS.astype(dtype)
    assert_matches_loop(function, (rows,), native=dtype is np.int64)
    assert_matches_loop(function, (rows.T,), -1, native=dtype is np.int64)


@pytest.mark.filterwarnings("ignore::vectorizer.FallbackWarning")
def test_keys_that_are_not_there() -> None:
    with pytest.raises(KeyError):
        vmap(lambda item: PRICES[item])(np.array([1, 3, 0]))
    assert vmap(lambda item: PRICES[item] if item in PRICES else -1.0)(np.array([1, 3])).tolist() == [1.25, -1.0]
    assert_matches_loop(lambda item: PRICES.get(item), (np.array([1, 2]),))


def test_a_dict_of_the_module_may_change(monkeypatch: pytest.MonkeyPatch) -> None:
    vmapped = vmap(jumps_of_all)
    assert_matches_loop(jumps_of_all, (ROWS,), vmapped=vmapped)
    monkeypatch.setitem(JUMPS, 3, 5)
    assert_matches_loop(jumps_of_all, (ROWS,), vmapped=vmapped)
    monkeypatch.setitem(JUMPS, 7, 1)
    assert_matches_loop(jumps_of_all, (ROWS,), vmapped=vmapped)
