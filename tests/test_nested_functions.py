"""Nested functions that change what is around them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vectorizer import vmap
from vectorizer.testing import assert_matches_loop

RNG = np.random.default_rng(3)
PLACES, OTHERS, VALUES = RNG.integers(0, 6, (5, 7)), RNG.integers(0, 6, (5, 7)), RNG.integers(0, 9, (5, 6)) / 2


def components(a, b):
    parent = list(range(6))

    def find(x):
        """The root of a tree, whose paths become shorter."""
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    count = 6
    for u, v in zip(a, b):
        ru, rv = find(u), find(v)
        if ru != rv:
            parent[ru] = rv
            count -= 1
        elif find(0) == rv:
            count += 10
    return count


def unions(a, b):
    parent = np.arange(6)

    def find(x):
        while parent[x] != x:
            x = parent[x]
        return x

    def union(x, y):
        rx = find(x)
        ry = find(y)
        if rx != ry:
            parent[rx] = ry

    for i in range(len(a)):
        union(a[i], b[i])
    return parent, find(a[0]) == find(b[1])


def heap_sort(v):
    v = v.copy()

    def sift(start, end):
        root = start
        while 2 * root + 1 < end:
            child = 2 * root + 1
            if child + 1 < end and v[child] < v[child + 1]:
                child += 1
            if v[root] >= v[child]:
                return
            v[root], v[child] = v[child], v[root]
            root = child

    for start in range(len(v) // 2 - 1, -1, -1):
        sift(start, len(v))
    for end in range(len(v) - 1, 0, -1):
        v[0], v[end] = v[end], v[0]
        sift(0, end)
    return v


def counted(v):
    count, x = 0, 1

    def bump(x):
        nonlocal count
        if x > 2:
            count += 1
        return count

    total = 0
    for i in range(len(v)):
        total += bump(v[i])
    return total, count, x


def in_order(a, b):
    seen = np.zeros(6, dtype=int)

    def note(k):
        seen[k] += 1
        return seen[k]

    first = a[0] - note(b[0])
    second = seen[b[1]] + note(b[1]) * 10  # what stands on the left is read before
    third = (seen + 1)[b[2]] == note(b[2])
    return first, second, third, seen


@pytest.mark.parametrize("function", [components, unions])
def test_of_places(function: Any) -> None:
    assert_matches_loop(function, (PLACES, OTHERS), native=True)
    assert_matches_loop(function, (PLACES.T, OTHERS[0]), (-1, None), native=True)
    assert_matches_loop(function, (PLACES[:1], OTHERS[:1]), native=True)


@pytest.mark.parametrize("function", [heap_sort, counted])
def test_of_values(function: Any) -> None:
    assert_matches_loop(function, (VALUES,), native=True)
    assert_matches_loop(function, (VALUES.T,), -1, native=True)


@pytest.mark.filterwarnings("ignore::vectorizer.FallbackWarning")
def test_the_order_of_calls() -> None:
    assert_matches_loop(in_order, (PLACES, OTHERS))


def test_the_bodies_stand_in_front() -> None:
    vmapped = vmap(unions)
    vmapped(PLACES, OTHERS)
    assert "def find" not in vmapped.source()


def chained(a, b):
    calls = [0]

    def at(k):
        calls[0] += 1
        return k

    count = 0
    for u, v in zip(a, b):
        between = at(u) < at(v) < at(3)
        count += between
    return count, calls[0]


def defined_twice(a, b):
    total = [0]

    def add(k):
        total[0] += k

    add(a[0])

    def add(k):
        total[0] += 10 * k

    add(b[0])
    return total[0]


@pytest.mark.filterwarnings("ignore::vectorizer.FallbackWarning")
@pytest.mark.parametrize("function", [chained, defined_twice])
def test_calls_that_may_not_be_made_or_are_of_another_function(function: Any) -> None:
    assert_matches_loop(function, (PLACES, OTHERS))
