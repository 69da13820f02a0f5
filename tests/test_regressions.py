"""What was once wrong, each against the loop at several inputs; and what must be noticed between two calls."""

from __future__ import annotations

import inspect
import math
import re
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from tests import regressions_functions
from tests.drafts import Watched, no_failure_of_our_own
from tests.regressions_functions import THEMES
from vectorizer import FallbackWarning, jit, tree, vmap
from vectorizer.testing import assert_matches_loop

DRAWS = 8
SIZES = (3, 4, 1)  # 4 is the length of the examples' arrays


def quarters(rng: np.random.Generator, *shape: int) -> Any:
    return rng.integers(-8, 9, shape) / 4


def with_nans(rng: np.random.Generator, *shape: int) -> Any:
    return np.where(rng.random(shape) < 0.3, np.nan, quarters(rng, *shape))


MAKERS: dict[str, Callable[[np.random.Generator, int], Any]] = {
    **{name: lambda rng, size: quarters(rng, size, 4) for name in "xy"},
    **{name: lambda rng, size: quarters(rng, size) for name in "st"},
    **{name: lambda rng, size: rng.integers(0, 4, size) for name in "nk"},
    **{name: lambda rng, size: rng.integers(0, 256, size).astype(np.uint8) for name in "uv"},
    "w": lambda rng, size: rng.integers(0, 256, (size, 4)).astype(np.uint8),
    "m": lambda rng, size: quarters(rng, size, 4, 3),
    "q": lambda rng, size: quarters(rng, size, 4, 4),
    "p": lambda rng, size: rng.integers(0, 4, (size, 4)),
    "c": lambda rng, size: rng.random(size) < 0.5,
    "flags": lambda rng, size: rng.random((size, 4)) < 0.5,
    "big": lambda rng, size: np.full((size, 4), 2**30, np.int32),
    "nans": lambda rng, size: with_nans(rng, size, 4),
}


def cases() -> list[Any]:
    return [
        pytest.param(function, id=f"{theme}: {function.__name__}")
        for theme, functions in THEMES.items()
        for function in functions
    ]


def make_arguments(function: Callable[..., Any], seed: int, size: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    return tuple(MAKERS[name](rng, size) for name in inspect.signature(function).parameters)


def check(function: Callable[..., Any], args: Any, in_axes: Any = 0, out_axes: Any = 0, vmapped: Any = None) -> None:
    """Compare with the loop; emitted code that fails, so that the loop is run after all, is a failure."""
    vmapped = vmapped or vmap(function, in_axes, out_axes)
    seen: list[str] = []

    def run(*arguments: Any) -> Any:
        with warnings.catch_warnings(record=True) as given:
            warnings.simplefilter("always")
            result = vmapped(*arguments)
        seen.extend(str(item.message) for item in given)
        for item in given:
            warnings.warn_explicit(item.message, item.category, item.filename, item.lineno)
        return result

    assert_matches_loop(function, args, in_axes, out_axes, vmapped=run)
    own = [text for text in seen if re.search(r"the rewriter failed|the emitted code raised", text)]
    assert not own, own[0]


@pytest.mark.parametrize("function", cases())
def test_once_wrong(function: Callable[..., Any]) -> None:
    vmapped = vmap(function)
    for seed in range(DRAWS):
        check(function, make_arguments(function, seed, SIZES[seed % 3]), vmapped=vmapped)


@pytest.mark.parametrize("function", cases())
def test_once_wrong_with_the_last_axis_batched(function: Callable[..., Any]) -> None:
    for seed in range(2):
        args = [np.moveaxis(arg, 0, -1).copy() for arg in make_arguments(function, seed, 4)]
        check(function, args, -1, -1)


def wraps_without_a_warning(w):
    w[..., 0] -= 200
    return w


def test_a_number_of_an_array_is_no_scalar() -> None:
    """Behind an ellipsis there is an array without axes, whose arithmetic wraps silently; a scalar's warns."""
    given = np.zeros(3, np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert jit(wraps_without_a_warning)(given)[0] == 56


@pytest.mark.parametrize("function", cases())
def test_once_wrong_without_a_batch(function: Callable[..., Any]) -> None:
    jitted = Watched(jit(function))
    for seed in range(2):
        args = [arg[0] for arg in make_arguments(function, seed, 1)]
        alone = lambda *given: tree.map_tree(lambda leaf: np.asarray(leaf)[None], jitted(*given))
        assert_matches_loop(function, args, None, axis_size=1, vmapped=alone)
    no_failure_of_our_own(jitted)


# --- arguments of a certain kind: shared ones, empty ones ---


def takes_the_sum(x, y):
    x[0] = np.sum(y)
    return x


def fills_where(x, y):
    np.putmask(x, x > 0, y)
    np.copyto(y, x)
    return x


def target_of_a_loop_under_a_condition(x, t, n):
    s = 1.0
    if t > x[0]:
        x[0] = t
        for i in range(n):  # noqa: B007 - it must have a name, which is not set
            s = s + t
            if n > 9:
                continue
    else:
        s = s - t
    return s


def logarithm_of_the_shared(s, t):
    return np.log(s) if s > 0 and np.sqrt(s) > t else t


def shared_trips(x, k):
    s = 0.0
    for i in range(k):
        s = s + x[i]
    return s


def isinstance_of_the_shared(x, k):
    return x.sum() if isinstance(k, int) else x[0]


def breaks_before_shared_trips_end(s, t, k):
    for i in range(k):
        if t > 0 or i > 5:
            break
    for i in range(3):
        s, t = t, s + i
    return s, t


def shared_condition_of_an_expression(x, s, t):
    return (s if s > 0 else t / s) if x[0] > 0 else t


def shared_bound_of_a_loop_condition(x, k):
    i = 0
    while i < k and x[i] > 0:
        i += 1
    return i


def total_of_rows(x):
    s = 0
    for v in x:
        s += v
    return s


def shared_array_is_rebound(x, y, t):
    k = 3
    while k > 0 and max(y[-1], t) >= -1.0:
        k -= 1
        x = y[::-1]
    return x


ROWS = np.array([[0.5, 0.25, 1, 2], [-1, -2, -3, -4], [4, 3, 2, 1.0]])
ARGUMENTS = [
    pytest.param(takes_the_sum, ([1.0, 2.0], ROWS), (None, 0), id="a list of the caller's is stored into"),
    pytest.param(takes_the_sum, (ROWS[0].copy(), ROWS), (None, 0), id="an array of the caller's is stored into"),
    pytest.param(fills_where, (ROWS[0].copy(), ROWS), (None, 0), id="putmask into a shared array"),
    pytest.param(logarithm_of_the_shared, (np.float32(-1), ROWS[:, 0]), (None, 0), id="guarded shared logarithm"),
    pytest.param(shared_trips, (ROWS.astype("f4"), 2), (0, None), id="shared trips, single precision"),
    pytest.param(shared_trips, (ROWS, 0), (0, None), id="no trips"),
    pytest.param(
        target_of_a_loop_under_a_condition,
        (ROWS.copy(), ROWS[:, 1] + 0.5, np.int64(0)),
        (0, 0, None),
        id="no iteration",
    ),
    pytest.param(isinstance_of_the_shared, (ROWS, np.int64(2)), (0, None), id="a NumPy integer is no int"),
    pytest.param(
        breaks_before_shared_trips_end,
        (ROWS[:, 1], ROWS[:, 0], np.int64(2)),
        (0, 0, None),
        id="break, shared trips",
    ),
    pytest.param(
        shared_array_is_rebound,
        (ROWS[0], ROWS - 2, ROWS[:, 1]),
        (None, 0, 0),
        id="a shared array is rebound",
    ),
    pytest.param(
        shared_condition_of_an_expression, (ROWS, np.float64(-2.0), ROWS[:, 1]), (0, None, 0), id="shared condition"
    ),
    pytest.param(shared_condition_of_an_expression, (ROWS, 2.0, ROWS[:, 1]), (0, None, 0), id="shared condition holds"),
    pytest.param(
        shared_bound_of_a_loop_condition,
        (ROWS, 3),
        (0, None),
        id="shared bound in a loop condition",
    ),
    pytest.param(
        total_of_rows,
        (np.ones((3, 0)),),
        0,
        id="total of no numbers",
    ),
    pytest.param(isinstance_of_the_shared, (ROWS, 2), (0, None), id="a Python integer is one"),
]


@pytest.mark.parametrize(("function", "args", "in_axes"), ARGUMENTS)
def test_arguments(function: Callable[..., Any], args: Any, in_axes: Any) -> None:
    check(function, args, in_axes)


# --- numbers: what raises, dtypes beside Python's numbers ---


def sine(s):
    return math.sin(s)


def cosine(s):
    return math.cos(s)


def tangent(s):
    return math.tan(s)


def gamma(s):
    return math.gamma(s)


def log_gamma(s):
    return math.lgamma(s)


def square_of_a_python_number(s):
    return float(s) ** 2


def remainder_of_a_python_number(s):
    return float(s) % 0.75


EDGES = [1.0, np.inf, -np.inf, np.nan, 0.0, -1.0, 1000.0, 1e300, 5e-324]
EDGY = [sine, cosine, tangent, gamma, log_gamma, square_of_a_python_number, remainder_of_a_python_number]


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("function", EDGY)
def test_numbers_at_the_edges(function: Callable[..., Any], edge: float, fallbacks_allowed: None) -> None:
    assert_matches_loop(function, (np.array([0.5, edge]),))


FLOATS, INTEGERS, FLAGS = (0.5, 1.5, 2.5, 3.5), [0, 3, 2, 5], [True, False, True, True]


def powers_of_two(x, n):
    d = 0.0
    for j in range(4):
        d += 2**j * x[j]
    return d


def alternating(x, n):
    d = 0
    for j in range(4):
        d = d + (-1) ** j * x[j]
    return d


def plus_an_item_of_a_tuple(x, n):
    return x + FLOATS[n]


def plus_an_item_of_a_list(x, n):
    return x + INTEGERS[n]


def plus_an_item_of_flags(x, n):
    return x[0] + FLAGS[n]


def times_an_item_of_a_literal(x, n):
    return x * [1.5, 0.25, 2.0, 1.0][n]


WEAK = [
    powers_of_two, alternating, plus_an_item_of_a_tuple, plus_an_item_of_a_list, plus_an_item_of_flags,
    times_an_item_of_a_literal,
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i4", "u1"])
@pytest.mark.parametrize("function", WEAK)
def test_python_numbers_are_weak(function: Callable[..., Any], dtype: str) -> None:
    check(function, (np.abs(ROWS).astype(dtype), np.array([0, 3, 1])))


# --- Python's integers, which have no end ---


def hash_of_items(p):
    h = 7
    for v in p:
        h = h * 31 + int(v)
    return h % 1000


def product_of_a_list(p):
    total = 1
    for v in p.tolist():
        total *= v
    return total % 1009


def products_so_far(p):
    total, found = 1, []
    for v in p.tolist():
        total = total * v
        found.append(total % 1009)
    return found


def scaled_integer(p):
    return (int(p[0]) * 10**17) // 10**14


def cube_of_an_integer(p):
    n = int(p[0]) * 60000
    return n**3 % 1009, n * n * n * n % 1009


def product_of_all(p):
    return math.prod(p.tolist()) % 1009


UNBOUNDED = [hash_of_items, product_of_a_list, products_so_far, scaled_integer, cube_of_an_integer, product_of_all]


@pytest.mark.parametrize("length", [2, 20])
@pytest.mark.parametrize("function", UNBOUNDED)
def test_python_integers_do_not_wrap(function: Callable[..., Any], length: int, fallbacks_allowed: None) -> None:
    p = np.random.default_rng(0).integers(900, 1000, (3, length))
    assert_matches_loop(function, (p,))


# --- what stands in emitted code: imports, fields of named tuples ---


def error_function(s):
    return math.erf(s)


def root(s):
    return math.sqrt(s)


def breaks_by_a_helper(s):
    for _ in range(5):
        if error_function(s) > 0.8:
            break
        s = s + 0.5
    return s


def breaks_by_a_helper_that_raises(s):
    for _ in range(5):
        if root(s) > 2.0:
            break
        s = s + 0.5
    return s


class Table(NamedTuple):
    places: Any
    values: Any


def looks_up_under_a_condition(table, s):
    if s > 0:
        i = np.searchsorted(table.places, s)
        r = table.values[i - 1]
    else:
        r = 0.0
    return r


def test_a_helper_keeps_its_imports() -> None:
    check(breaks_by_a_helper, (ROWS[:, 0],))


def test_a_helper_still_raises(fallbacks_allowed: None) -> None:
    assert_matches_loop(breaks_by_a_helper_that_raises, (np.array([1.0, -1.0, 2.0]),))


def test_fields_of_a_named_tuple_under_a_condition() -> None:
    check(looks_up_under_a_condition, (Table(np.arange(3.0), ROWS), ROWS[:, 0]), (Table(None, 0), 0))


# --- what changes between two calls ---

FACTOR: Any = 2.0
SMALL: Any = np.int8(3)
TABLE: Any = np.arange(4.0)


def by_a_global(x):
    return x * FACTOR if FACTOR else x


def by_the_type_of_a_global(x):
    return x.sum() if isinstance(SMALL, int) else x[0]


def by_a_table(x):
    s = 0.0
    for i in range(4):
        s = s + TABLE[i] * x[i]
    return s


def helper(a, b=2.0):
    return a * b


def by_a_helper(x):
    return helper(x)


CHANGES = [
    pytest.param(by_a_global, "FACTOR", [2.0, 0, 3, np.ones((1, 1)), np.float32(2), True], id="a number"),
    pytest.param(by_the_type_of_a_global, "SMALL", [np.int8(3), 3, True, np.float64(1)], id="the type of a number"),
    pytest.param(by_a_table, "TABLE", [np.arange(4.0), np.arange(4), [1, 2, 3, 4], np.ones((4, 1))], id="an array"),
    pytest.param(by_a_helper, "helper", [helper, np.sin, lambda a: a - 1, lambda a: a[0]], id="a helper"),
]


@pytest.mark.parametrize(("function", "name", "values"), CHANGES)
def test_globals_are_live(
    function: Callable[..., Any], name: str, values: list[Any], monkeypatch: Any, fallbacks_allowed: None
) -> None:
    vmapped, jitted = vmap(function), jit(function)
    for value in [*values, *values]:
        monkeypatch.setitem(globals(), name, value)
        assert_matches_loop(function, (ROWS,), vmapped=vmapped)
        np.testing.assert_array_equal(jitted(ROWS[0]), function(ROWS[0]))


def test_defaults_of_a_helper_are_live(monkeypatch: Any) -> None:
    vmapped = vmap(by_a_helper)
    for defaults in ((2.0,), (3,), (np.arange(4.0),)):
        monkeypatch.setattr(helper, "__defaults__", defaults)
        assert_matches_loop(by_a_helper, (ROWS,), vmapped=vmapped)


def test_a_table_changed_in_place_is_seen(monkeypatch: Any) -> None:
    monkeypatch.setitem(globals(), "TABLE", np.arange(4.0))
    vmapped = vmap(by_a_table)
    for _ in range(2):
        assert_matches_loop(by_a_table, (ROWS,), vmapped=vmapped)
        TABLE[1] += 5


def test_closures_are_live() -> None:
    def make(k: Any) -> Any:
        def scaled(x):
            return x * k if k > 1 else x

        def put(value: Any) -> None:
            nonlocal k
            k = value

        return scaled, put

    scaled, put = make(2)
    vmapped = vmap(scaled)
    for value in (2, 0, 2.5, np.float32(3)):
        put(value)
        assert_matches_loop(scaled, (ROWS,), vmapped=vmapped)


def test_functions_have_their_parameters_made() -> None:
    for function in (f for functions in THEMES.values() for f in functions):
        assert inspect.getmodule(function) is regressions_functions
        assert set(inspect.signature(function).parameters) <= MAKERS.keys()


def zeroed_from_the_end(x, y):
    for j in range(len(x) - 1, 0, -1):
        y[j - 1] = 0
    return y


def zeroed_in_steps(x, y):
    for j in range(0, len(x) - 2):
        y[-j - 1] = 0
    return y


def summed_from_the_end(x, y):
    s = 0.0
    for j in range(1, len(x) - 1):
        s += x[-j] * y[2 * j]
    return s


@pytest.mark.parametrize("function", [zeroed_from_the_end, zeroed_in_steps, summed_from_the_end])
def test_slices_of_nothing_do_not_wrap(function: Any) -> None:
    vmapped = vmap(function)
    for length in (5, 1, 2, 3, 0, 7):
        rng = np.random.default_rng(length)
        args = rng.random((3, length)), rng.random((3, 2 * length))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FallbackWarning)
            assert_matches_loop(function, args, vmapped=vmapped)


def read_for_nothing(x, k):
    if k > 0:
        z = x[k]  # noqa: F841 - it may raise
    return x[0]


def compared_for_nothing(x, k):
    for i in range(k):
        if x[0] < x[i]:
            pass
    return x[0]


@pytest.mark.parametrize("function", [read_for_nothing, compared_for_nothing])
def test_what_is_read_for_nothing_may_raise(function: Any) -> None:
    rows = np.arange(12.0).reshape(3, 4)
    assert_matches_loop(function, (rows, np.array([1, 0, 3])))
    assert_matches_loop(function, (rows, np.array([1, 0, 7])))
    with pytest.raises(IndexError):
        vmap(function)(rows, np.array([1, 0, 7]))


def passed_on(x, t, n):
    if n > 0:
        s = x[0]
    else:
        s = (x[0], 1)
    s, t = t, s  # `s` is one thing or another
    return s + 1


def test_what_differs_between_two_paths_is_not_passed_on() -> None:
    args = np.arange(12).reshape(3, 4), np.array([-3, 8, -1])
    vmapped = vmap(passed_on, (0, 0, None))
    for n in np.arange(2):
        with pytest.warns(FallbackWarning, match="s is one thing on one path and another on the other"):
            assert vmap(passed_on, (0, 0, None))(*args, n).tolist() == [-2, 9, 0]
        assert_matches_loop(passed_on, (*args, n), (0, 0, None), vmapped=vmapped)
