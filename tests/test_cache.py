"""The cache: what shares a specialization, what does not, and what it costs to find one."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import pytest

from vectorizer import CacheInfo, VectorizeValueError, jit, vmap
from vectorizer.cache import MOST_FAST, MOST_SPECIALIZATIONS
from vectorizer.guards import Guards
from vectorizer.values import Affine, derived

ROWS = np.arange(15.0).reshape(5, 3)


class Mode(Enum):
    FAST = 1
    SLOW = 2


@dataclass
class Settings:
    factor: float


class Plain:
    def __init__(self, factor: Any) -> None:
        self.factor = factor


def scaled(x: Any, by: Any = 2.0) -> Any:
    return x * by


def chosen(x: Any, mode: Any = None) -> Any:
    return x + 1 if mode is None else x * 2 if mode == "double" else x - 1


def of_mode(x: Any, mode: Any) -> Any:
    return x + 1 if mode is Mode.FAST else x - 1


def of_object(x: Any, settings: Any) -> Any:
    return x * settings.factor


def of_items(x: Any, items: Any) -> Any:
    return x * items[0] + items[1]


def of_pairs(x: Any, w: Any) -> Any:
    return x * w["a"][0] + w["b"]


def windows(x: Any) -> Any:
    output = []
    for i in range(1, len(x) - 1):
        output.append(x[i - 1 : i + 2].sum())
    return np.array(output)


def called(x: Any, function: Any) -> Any:
    return function(x)


def counted(function: Callable[..., Any], in_axes: Any, calls: list[tuple[Any, ...]]) -> int:
    """How many specializations some calls make; each is made twice and compared with the loop."""
    batched = vmap(function, in_axes)
    for args in [*calls, *calls, *calls]:
        got = batched(*args)
        expected = np.stack([function(x, *args[1:]) for x in args[0]])
        np.testing.assert_array_equal(got, expected)
        assert got.dtype == expected.dtype
    assert batched.cache_info().hits == 3 * len(calls) - batched.cache_info().misses
    return batched.cache_info().misses


SHARED = (0, None)
ONE = [
    pytest.param(scaled, SHARED, [(ROWS, 2.0), (ROWS, 3.5), (ROWS, float("nan"))], id="floats"),
    pytest.param(scaled, SHARED, [(ROWS, 2), (ROWS, -1), (ROWS, 10**6)], id="integers"),
    pytest.param(scaled, SHARED, [(ROWS, np.ones(3)), (ROWS[:, :2], np.zeros(2))], id="lengths of an argument"),
    pytest.param(scaled, 0, [(ROWS,), (ROWS[:2],), (ROWS[:1],), (ROWS[:, :2],), (ROWS.T,)], id="sizes"),
    pytest.param(windows, 0, [(ROWS,), (ROWS[:2],), (np.ones((2, 9)),)], id="sizes of a loop"),
    pytest.param(of_items, SHARED, [(ROWS, [1.0, 2.0]), (ROWS, [3.0, 4.0])], id="lists"),
    pytest.param(of_items, SHARED, [(ROWS, (1, ROWS[0])), (ROWS, (3, ROWS[1]))], id="tuples"),
    pytest.param(of_object, SHARED, [(ROWS, Plain(1.0)), (ROWS, Plain(2.0))], id="objects of a class"),
]
SEVERAL = [
    pytest.param(scaled, SHARED, [(ROWS, 2.0), (ROWS, 2), (ROWS, 2j), (ROWS, True)], 4, id="kinds of numbers"),
    pytest.param(scaled, SHARED, [(ROWS, np.float32(2)), (ROWS, 2.0)], 2, id="weak and strong"),
    pytest.param(scaled, SHARED, [(ROWS, np.ones(3)), (ROWS, np.ones((2, 3)))], 2, id="ranks"),
    pytest.param(scaled, 0, [(ROWS,), (ROWS.astype(np.float32),), (ROWS.astype(int),)], 3, id="dtypes"),
    pytest.param(scaled, 0, [(ROWS,), (ROWS.astype(">f8"),)], 2, id="byte orders"),
    pytest.param(chosen, SHARED, [(ROWS, None), (ROWS, "double"), (ROWS, "other")], 3, id="strings"),
    pytest.param(of_mode, SHARED, [(ROWS, Mode.FAST), (ROWS, Mode.SLOW)], 2, id="enums"),
    pytest.param(of_items, SHARED, [(ROWS, [1.0, 2.0]), (ROWS, (1.0, 2.0)), (ROWS, [1.0, 2.0, 3.0])], 3, id="kinds"),
    pytest.param(of_object, SHARED, [(ROWS, Plain(1.0)), (ROWS, Plain(ROWS[0])), (ROWS, Plain(1))], 3, id="attributes"),
    pytest.param(called, SHARED, [(ROWS, np.sin), (ROWS, np.cos)], 2, id="functions"),
]


@pytest.mark.parametrize(("function", "in_axes", "calls"), ONE)
def test_calls_that_share_a_specialization(function: Any, in_axes: Any, calls: Any) -> None:  # B056
    assert counted(function, in_axes, calls) == 1


@pytest.mark.parametrize(("function", "in_axes", "calls", "expected"), SEVERAL)
def test_calls_that_do_not(function: Any, in_axes: Any, calls: Any, expected: int) -> None:
    assert counted(function, in_axes, calls) == expected


def test_an_unbatched_dataclass_is_an_object_like_any_other() -> None:
    assert counted(of_object, SHARED, [(ROWS, Settings(1.0)), (ROWS, Settings(2.0))]) == 1


def test_an_attribute_that_changes() -> None:
    settings = Plain(2.0)
    batched = vmap(of_object, SHARED)
    for factor in (2.0, 3.0, np.arange(3.0), 4.0):
        settings.factor = factor
        np.testing.assert_array_equal(batched(ROWS, settings), ROWS * factor)
    assert batched.cache_info().misses == 2


def test_functions_that_are_not_kept_alive_do_not_lend_their_ids() -> None:
    batched = vmap(called, SHARED)
    for factor in range(20):
        scope: dict[str, Any] = {"factor": factor}
        function = eval("lambda x: x * factor", scope) if factor % 2 else np.sin
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            np.testing.assert_array_equal(batched(ROWS, function), function(ROWS))


def test_a_long_list_is_not_told_apart_by_its_items() -> None:
    def second(x: Any, items: Any) -> Any:
        return x * items[1]

    batched = vmap(second, SHARED)
    for length in (100, 200):
        values = [float(k) for k in range(length)]
        np.testing.assert_array_equal(batched(ROWS, values), ROWS * 1.0)
    assert batched.cache_info().misses == 1


def test_containers_on_the_fast_path() -> None:
    batched = vmap(of_pairs, (0, {"a": 0, "b": None}))
    weights = {"a": [ROWS[:, 0]], "b": 1.0}
    for _ in range(3):
        np.testing.assert_array_equal(batched(ROWS, weights), ROWS * ROWS[:, :1] + 1.0)
    assert len(batched._state.fast) == 1 and batched._state.fast[0].fits(ROWS, weights)
    assert not batched._state.fast[0].fits(ROWS, {"b": 1.0, "a": [ROWS[:, 0]]})
    assert not batched._state.fast[0].fits(ROWS, {"a": [ROWS[:2, 0]], "b": 1.0})
    np.testing.assert_array_equal(batched(ROWS, {"b": 2.0, "a": [ROWS[:, 0]]}), ROWS * ROWS[:, :1] + 2.0)


def test_keywords_find_the_same_specialization() -> None:
    batched = vmap(scaled, {"by": None})
    for _ in range(3):
        for result in (batched(ROWS, 2.0), batched(ROWS, by=2.0), batched(x=ROWS, by=2.0), batched(by=2.0, x=ROWS)):
            np.testing.assert_array_equal(result, ROWS * 2.0)
    assert batched.cache_info() == CacheInfo(11, 1, MOST_SPECIALIZATIONS, 1)
    assert len(batched._state.fast) == 4


def test_keywords_on_the_fast_path() -> None:
    def variadic(x: Any, *args: Any, s: Any = 1.0, **kwargs: Any) -> Any:
        return x + args[0] * s + kwargs["q"]

    batched = vmap(variadic, {"s": None})
    for factor in (1.0, 2.0, 3.0):
        result = batched(ROWS, ROWS, s=factor, q=ROWS)
        np.testing.assert_array_equal(result, np.stack([variadic(x, x, s=factor, q=x) for x in ROWS]))
        assert batched(ROWS, ROWS, q=ROWS).shape == ROWS.shape
    with pytest.raises(VectorizeValueError, match="the batch axes differ in size"):
        batched(ROWS, ROWS, s=1.0, q=ROWS[:2])
    assert all(
        fast.fits(ROWS, ROWS, **dict.fromkeys(fast.names, ROWS)) is (fast.names == ("q",))
        for fast in batched._state.fast
    )


def test_names_that_the_check_needs_may_be_parameters() -> None:
    def odd(type: Any, len: Any, list: Any, t: Any) -> Any:
        return type + len[0] + list + t

    batched = vmap(odd, (0, None, None, None))
    for _ in range(3):
        np.testing.assert_array_equal(batched(ROWS, [1.0], 2, 3.0), ROWS + 6.0)
    assert batched.cache_info().hits == 2 and batched._state.fast[0].fits(ROWS, [1.0], 2, 3.0)


def test_information_and_clearing() -> None:
    batched = vmap(scaled)
    assert batched.cache_info() == (0, 0, MOST_SPECIALIZATIONS, 0)
    for _ in range(4):
        batched(ROWS)
    assert batched.cache_info() == CacheInfo(hits=3, misses=1, maxsize=MOST_SPECIALIZATIONS, currsize=1)
    batched.cache_clear()
    assert batched.cache_info() == (0, 0, MOST_SPECIALIZATIONS, 0)
    batched(ROWS)
    assert batched.cache_info() == (0, 1, MOST_SPECIALIZATIONS, 1)


def test_what_was_used_least_recently_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vectorizer.cache.MOST_SPECIALIZATIONS", 3)
    compiled = jit(scaled)
    kinds = [np.int8, np.int16, np.int32]
    for kind in kinds:
        compiled(np.ones(2, kind))
    compiled(np.ones(2, np.int8))
    compiled(np.ones(2, np.int8))
    compiled(np.ones(2, np.int64))  # int16 goes
    assert compiled.cache_info()[:2] == (2, 4) and compiled.cache_info().currsize == 3
    compiled(np.ones(2, np.int8))
    assert compiled.cache_info().misses == 4
    compiled(np.ones(2, np.int16))
    assert compiled.cache_info().misses == 5


def test_more_kinds_than_the_fast_path_holds() -> None:
    batched = vmap(scaled, SHARED)
    kinds = [np.dtype(code) for code in "bhilBHILefdFD"]
    assert len(kinds) > MOST_FAST
    for _ in range(3):
        for kind in kinds:
            expected = np.stack([scaled(x, 2) for x in ROWS.astype(kind)])
            np.testing.assert_array_equal(batched(ROWS.astype(kind), 2), expected)
    assert batched.cache_info().misses == len({kind for kind in kinds})
    assert len(batched._state.fast) == MOST_FAST


@pytest.mark.parametrize(
    ("value", "other"),
    [
        (1, 2),
        (True, False),
        (True, 1),
        (0.0, -0.0),
        (1.0, 1),
        ("a", "b"),
        (None, 0),
        (1 + 2j, 1 - 2j),
        (Mode.FAST, Mode.SLOW),
        (np.dtype("f4"), np.dtype("f8")),
    ],
)
def test_equality_of_values(value: Any, other: Any) -> None:
    guards = Guards()
    guards.require(guards.equality("x", value))
    fits = guards.compiled(("x",), {})
    assert fits(value) and not fits(other)


def test_nan_is_like_nan() -> None:
    guards = Guards()
    guards.require(guards.equality("x", float("nan")))
    assert guards.compiled(("x",), {})(float("nan"))


@pytest.mark.parametrize(
    ("value", "like", "unlike"),
    [
        (1.0, 2.0, 1),
        (ROWS, ROWS[:1], ROWS[0]),
        ([1, 2.0], [3, 4.0], [3.0, 4.0]),
        ((1, [2]), (3, [4]), (3, [4, 5])),
        ({"a": 1}, {"a": 2}, {"b": 2}),
        ({1: "a", 2: ROWS}, {1: "a", 2: ROWS + 1}, {1: "b", 2: ROWS}),
        (list(range(100)), list(range(1, 101)), list(range(101))),
        ({(1, 2): 3}, {(1, 2): 4}, {(1, 3): 3}),
        (np.sin, np.sin, np.cos),
        (np.float32(1), np.float32(2), np.float64(1)),
    ],
    ids=str,
)
def test_likeness_of_values(value: Any, like: Any, unlike: Any) -> None:
    guards = Guards()
    guards.add("x", value)
    fits = guards.compiled(("x",), {})
    assert fits(value) and fits(like) and not fits(unlike)


def test_affine_conditions() -> None:
    guards = Guards()
    half = derived("half", lambda n: n // 2, Affine.of("x.shape[0]"))
    condition = half * 2 - Affine.of("n") + 1
    guards.require(f"{guards.affine(condition, {'x.shape[0]': 'x.shape[1]', 'n': 'n'})} >= 0")
    fits = guards.compiled(("x", "n"), {})
    assert fits(np.ones((1, 5)), 5) and not fits(np.ones((5, 1)), 5) and not fits(None, 5)


def fastest(run: Callable[[], object], rounds: int = 2000, repeats: int = 7) -> float:
    """Seconds for one run, in the fastest of several rounds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        for _ in range(rounds):
            run()
        times.append((time.perf_counter() - start) / rounds)
    return min(times)


def test_what_a_hit_costs() -> None:
    """The aim is 5 µs; a machine that is busy gets ten times as much."""
    batched, x = vmap(lambda x: x * 2 + 1), np.arange(8.0)
    batched(x), batched(x)
    assert fastest(lambda: batched(x)) - fastest(lambda: x * 2 + 1) < 50e-6
