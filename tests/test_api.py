"""`vmap` and `jit` as a user meets them: kinds of callables, exceptions, fallbacks, nesting, what they show."""

from __future__ import annotations

import ast
import copy
import functools
import gc
import inspect
import math
import pickle
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from vectorizer import FallbackWarning, VectorizeError, VectorizeTypeError, VectorizeValueError, jit, vmap
from vectorizer.testing import assert_matches_loop

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(5, 3))
SQUARE = RNG.normal(size=(3, 3)) + 3 * np.eye(3)
SQUARES = RNG.normal(size=(5, 3, 3)) + 3 * np.eye(3)


def error_text(kind: type[Exception], run: Callable[[], Any]) -> str:
    with pytest.raises(kind) as caught:
        run()
    assert type(caught.value) is kind
    return str(caught.value)


def fallbacks(run: Callable[[], Any]) -> tuple[Any, list[str]]:
    """The result, and the texts of the warnings, each of which must point at this file."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = run()
    assert all(item.category is FallbackWarning and item.filename == __file__ for item in caught)
    return result, [str(item.message) for item in caught]


# --- kinds of callables ----------------------------------------------------------------------------------------------


def affine(a: Any, x: Any, *, c: Any = 1.0) -> Any:
    return a * x + c


def variadic(a: Any, *args: Any, s: Any = 1.0, **kwargs: Any) -> Any:
    return a + args[0] * args[1] + s + kwargs["q"]


@functools.lru_cache
def doubled(x: Any) -> Any:
    return x * 2


class Model:
    def __init__(self, w: Any) -> None:
        self.w = w
        self.scale = 2

    def predict(self, x: Any) -> Any:
        return x @ self.w * self.scale

    def __call__(self, x: Any) -> Any:
        return x @ self.w

    @staticmethod
    def static(x: Any) -> Any:
        return x + 1

    @classmethod
    def of_class(cls, x: Any) -> Any:
        return x + 2

    @vmap
    def batched(self, x: Any) -> Any:
        """Of a batch."""
        return x @ self.w

    @vmap(in_axes=(None, 0))
    def spelled_out(self, x: Any) -> Any:
        return x @ self.w

    @vmap(in_axes=(0, None))
    def two(self, x: Any, y: Any) -> Any:
        return x @ self.w + y

    @vmap(in_axes={"y": None})
    def by_name(self, x: Any, y: Any) -> Any:
        return x @ self.w + y

    @vmap
    @staticmethod
    def batched_static(x: Any) -> Any:
        return x.sum()

    @vmap
    @classmethod
    def batched_class(cls, x: Any) -> Any:
        return x.sum()

    @classmethod
    @vmap
    def class_batched(cls, x: Any) -> Any:
        return x.sum()

    @jit
    def compiled(self, x: Any) -> Any:
        return x * self.scale


LAMBDAS = [lambda x: x + 1, lambda x: x * 2]
MODEL = Model(SQUARE)

NATIVE = [
    pytest.param(np.dot, (ROWS, ROWS), 0, id="dot"),
    pytest.param(np.linalg.solve, (SQUARE, ROWS), (None, 0), id="solve, one matrix"),
    pytest.param(np.linalg.solve, (SQUARES, ROWS), 0, id="solve"),
    pytest.param(np.add, (ROWS, ROWS), 0, id="ufunc"),
    pytest.param(np.sum, (SQUARES,), 0, id="sum"),
    pytest.param(np.sum, (SQUARES, 0), (0, None), id="sum with an axis"),
    pytest.param(np.linalg.norm, (SQUARES,), 0, id="norm"),
    pytest.param(np.ndarray.sum, (ROWS,), 0, id="method of ndarray"),
    pytest.param(math.sqrt, (np.abs(ROWS[:, 0]),), 0, id="math.sqrt"),
    pytest.param(math.hypot, (ROWS[:, 0], ROWS[:, 1]), 0, id="math.hypot"),
    pytest.param(abs, (ROWS,), 0, id="abs"),
    pytest.param(float, (ROWS[:, 0],), 0, id="float"),
    pytest.param(np.float32, (ROWS[:, 0],), 0, id="float32"),
    pytest.param(functools.partial(np.sum, axis=1), (SQUARES,), 0, id="partial of a library function"),
    pytest.param(functools.partial(affine, 2.0), (ROWS,), 0, id="partial"),
    pytest.param(functools.partial(affine, c=3.0), (ROWS, ROWS), 0, id="partial with a keyword"),
    pytest.param(functools.partial(functools.partial(affine, c=3.0), ROWS[0]), (ROWS,), 0, id="nested partials"),
    pytest.param(functools.partial(affine, x=3.0), (ROWS,), 0, id="partial that binds a later parameter"),
    pytest.param(MODEL.predict, (ROWS,), 0, id="bound method"),
    pytest.param(MODEL, (ROWS,), 0, id="callable object"),
    pytest.param(Model.static, (ROWS,), 0, id="static method"),
    pytest.param(Model.of_class, (ROWS,), 0, id="class method"),
    pytest.param(LAMBDAS[0], (ROWS,), 0, id="first lambda on a line"),
    pytest.param(LAMBDAS[1], (ROWS,), 0, id="second lambda on a line"),
    pytest.param(doubled, (ROWS[:, 0],), 0, id="lru_cache"),
    pytest.param(jit(affine), (ROWS, ROWS), 0, id="vmap of jit"),
    pytest.param(affine, ([1, 2, 3], [1.0, 2.0, 3.0]), 0, id="lists"),
    pytest.param(LAMBDAS[0], (range(3),), 0, id="range"),
]


@pytest.mark.parametrize(("function", "args", "in_axes"), NATIVE)
def test_what_may_be_given(function: Any, args: Any, in_axes: Any) -> None:  # B163
    assert_matches_loop(function, args, in_axes, native=True)


@pytest.mark.parametrize(("function", "args", "in_axes"), NATIVE)
def test_the_fast_path_gives_the_same(function: Any, args: Any, in_axes: Any) -> None:
    batched = vmap(function, in_axes)
    first = batched(*args)
    for _ in range(3):
        np.testing.assert_array_equal(batched(*args), first)
    assert batched.cache_info()[:2] == (3, 1)


def test_all_kinds_of_parameters() -> None:
    assert_matches_loop(variadic, (ROWS, ROWS, ROWS), kwargs={"q": ROWS}, native=True)
    assert_matches_loop(variadic, (ROWS, ROWS, ROWS), kwargs={"q": ROWS, "s": ROWS}, native=True)


def test_a_decorated_function_stands_for_itself() -> None:
    def twice(function: Any) -> Any:
        @functools.wraps(function)
        def inner(x: Any) -> Any:
            return function(x) * 2

        return inner

    assert_matches_loop(twice(LAMBDAS[0]), (ROWS,), native=True)


def test_numpy_functions_show_the_call() -> None:
    solve = vmap(np.linalg.solve, in_axes=(None, 0))
    assert solve.source(SQUARE, ROWS) == "def solve(a, b):\n    return np.linalg.solve(a, b.T).T\n"
    assert solve.__name__ == "solve"


def test_without_source_it_is_looped() -> None:
    scope: dict[str, Any] = {}
    exec("def plus(x): return x + 1", scope)
    result, texts = fallbacks(lambda: vmap(scope["plus"])(ROWS))
    np.testing.assert_array_equal(result, ROWS + 1)
    [text] = texts
    assert text == (
        "plus: the whole function is looped over the examples: the source of 'plus' could not be had: "
        "it was compiled from a string (<string>), and no file has its text"
    )


def test_without_source_there_is_nothing_to_show() -> None:
    scope: dict[str, Any] = {}
    exec("def plus(x): return x + 1", scope)
    batched = vmap(scope["plus"])
    fallbacks(lambda: batched(ROWS))
    assert "could not be had" in error_text(VectorizeValueError, batched.source)
    assert "could not be had" in batched.explain()


# --- methods ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["batched", "spelled_out"])
def test_methods(name: str) -> None:
    method = getattr(MODEL, name)
    np.testing.assert_allclose(method(ROWS), ROWS @ SQUARE)
    np.testing.assert_allclose(getattr(Model(SQUARE * 2), name)(ROWS), ROWS @ SQUARE * 2)


def test_methods_with_axes_of_the_other_arguments() -> None:
    np.testing.assert_allclose(MODEL.two(ROWS, 1.0), ROWS @ SQUARE + 1)
    np.testing.assert_allclose(MODEL.by_name(ROWS, y=1.0), ROWS @ SQUARE + 1)
    np.testing.assert_allclose(MODEL.compiled(ROWS), ROWS * 2)


@pytest.mark.parametrize("name", ["batched_static", "batched_class", "class_batched"])
def test_static_and_class_methods(name: str) -> None:
    for owner in (Model, MODEL):
        np.testing.assert_allclose(getattr(owner, name)(ROWS), ROWS.sum(1))


def test_instances_share_specializations() -> None:
    Model.batched.cache_clear()
    for factor in (1, 2, 3, 4):
        np.testing.assert_allclose(Model(SQUARE * factor).batched(ROWS), ROWS @ SQUARE * factor)
    assert Model.batched.cache_info()[:2] == (3, 1)
    np.testing.assert_allclose(Model(SQUARE[0]).batched(ROWS), ROWS @ SQUARE[0])  # another rank
    assert Model.batched.cache_info().misses == 2


def test_methods_look_like_methods() -> None:
    assert str(inspect.signature(MODEL.batched)) == "(x: 'Any') -> 'Any'"
    assert str(inspect.signature(Model.batched)) == "(self, x: 'Any') -> 'Any'"
    assert MODEL.batched.__doc__ == "Of a batch."
    np.testing.assert_allclose(pickle.loads(pickle.dumps(MODEL.batched))(ROWS), ROWS @ SQUARE)
    for name in ("batched", "spelled_out"):
        np.testing.assert_allclose(vmap(getattr(MODEL, name))(SQUARES), SQUARES @ SQUARE)


# --- what is outside of the function is live -------------------------------------------------------------------------

WEIGHTS: Any = np.ones(3)
AXIS, FACTOR = 0, 2.0


def first_helper(x: Any) -> Any:
    return x + 1


def second_helper(x: Any) -> Any:
    return x * 2


helper = first_helper


def uses_globals(x: Any) -> Any:
    return (x * FACTOR).sum(axis=AXIS) + WEIGHTS.sum(axis=0)


def uses_helper(x: Any) -> Any:
    return helper(x)


def test_globals_are_guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    batched = vmap(uses_globals)

    def check(misses: int) -> None:
        for _ in range(3):
            np.testing.assert_allclose(batched(SQUARES), [uses_globals(x) for x in SQUARES])
        assert batched.cache_info().misses == misses

    check(1)
    monkeypatch.setitem(globals(), "WEIGHTS", np.full(3, 7.0))
    monkeypatch.setitem(globals(), "FACTOR", 5.0)
    check(1)  # neither rank nor dtype nor kind has changed
    monkeypatch.setitem(globals(), "AXIS", 1)
    check(2)
    monkeypatch.setitem(globals(), "WEIGHTS", np.ones((2, 3)))
    check(3)
    monkeypatch.setitem(globals(), "WEIGHTS", np.ones(3, np.float32))
    check(4)


def test_helpers_are_guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    batched = vmap(uses_helper)
    np.testing.assert_array_equal(batched(ROWS), ROWS + 1)
    np.testing.assert_array_equal(batched(ROWS), ROWS + 1)
    monkeypatch.setitem(globals(), "helper", second_helper)
    np.testing.assert_array_equal(batched(ROWS), ROWS * 2)


def test_the_closure_is_live() -> None:
    shift = 0.0

    def shifted(x: Any) -> Any:
        return x + shift

    def bump() -> None:
        nonlocal shift
        shift += 1

    batched = vmap(shifted)
    for _ in range(3):
        np.testing.assert_array_equal(batched(ROWS), ROWS + shift)
        bump()
    assert batched.cache_info()[:2] == (2, 1)


def test_defaults_are_those_of_the_function() -> None:
    made = []

    def default() -> float:
        made.append(1)
        return 2.0

    def scaled(x: Any, by: Any = default()) -> Any:  # noqa: B008 - that it is called once is what is tested
        return x * by

    np.testing.assert_array_equal(vmap(scaled)(ROWS), ROWS * 2)
    assert made == [1]


def test_nothing_is_added_to_the_module() -> None:
    before = set(globals())
    vmap(uses_helper)(ROWS)
    assert set(globals()) == before


# --- exceptions ------------------------------------------------------------------------------------------------------


def picked(x: Any, i: Any) -> Any:
    return x[i]


def refused(x: Any) -> Any:
    if x.sum() < 0:
        raise ValueError(f"negative: {x.sum()}")
    return x * 2


def inverse(x: Any) -> Any:
    return 1.0 / x.item()


def writes_and_raises(x: Any) -> Any:
    x[0] = 5.0
    if x[1] > 0:
        raise ValueError("positive")
    return x[0]


def test_exceptions_are_those_of_the_first_failing_example() -> None:  # B057
    assert_matches_loop(refused, (ROWS,))
    with pytest.raises(IndexError) as caught:
        vmap(picked, in_axes=(None, 0))(ROWS[0], np.array([0, 1, 7, 9]))
    line = picked.__code__.co_firstlineno + 1
    assert caught.value.__notes__ == [f"raised by example 2 of 4, at {__file__}:{line} in picked: return x[i]"]
    assert caught.value.__context__ is None


def test_exceptions_on_the_fast_path() -> None:
    batched = vmap(picked, in_axes=(None, 0))
    for _ in range(2):
        batched(ROWS[0], np.array([0, 1]))
    with pytest.raises(IndexError) as caught:
        batched(ROWS[0], np.array([0, 7]))
    assert caught.value.__notes__[0].startswith("raised by example 1 of 2")


def test_python_floats_raise_where_arrays_warn() -> None:
    assert_matches_loop(inverse, (np.array([1.0, 2.0]),), native=True)
    batched = vmap(inverse)
    for _ in range(2):
        batched(np.array([1.0, 2.0]))
    with pytest.raises(ZeroDivisionError, match="float division by zero"):
        batched(np.array([1.0, 0.0]))


def test_warnings_that_are_errors_come_from_the_example() -> None:
    batched = vmap(lambda x: np.log(x))
    for _ in range(2):
        with pytest.raises(RuntimeWarning, match="invalid value") as caught:
            batched(np.array([1.0, 2.0, -1.0]))
        assert caught.value.__notes__[0].startswith("raised by example 2 of 3")


def test_what_was_written_before_an_exception_is_what_the_loop_wrote() -> None:  # B105
    assert_matches_loop(writes_and_raises, (ROWS.copy(),))


def test_jit_raises_what_the_function_raises() -> None:
    with pytest.raises(ValueError, match="negative: -3") as caught:
        jit(refused)(-np.ones(3))
    assert not hasattr(caught.value, "__notes__")


def test_code_that_fails_where_the_loop_does_not() -> None:
    batched = vmap(first_helper)
    batched(ROWS)

    def broken(x: Any) -> Any:
        raise RuntimeError("a fault of ours")

    batched._state.latest.run = broken  # type: ignore[union-attr]
    for expected in (1, 0):
        result, texts = fallbacks(lambda: batched(ROWS))
        np.testing.assert_array_equal(result, ROWS + 1)
        assert len(texts) == expected
        assert all("the emitted code raised RuntimeError: a fault of ours, and the loop does not" in t for t in texts)


# --- memory ----------------------------------------------------------------------------------------------------------


OVERLAP = "an argument that is written to shares memory with another"


def swaps(x: Any, y: Any) -> None:
    x[0] = y[1]
    x[1] = y[0]


def rolls(x: Any) -> Any:
    x[0] = x[1] + 1
    return x.sum()


def test_writes() -> None:
    assert_matches_loop(rolls, (ROWS,), native=True)
    assert_matches_loop(swaps, (ROWS, ROWS + 1), native=True)


@pytest.mark.parametrize(
    "parts", [(slice(None), slice(None)), (slice(1, None), slice(-1)), (slice(-1), slice(1, None))]
)
def test_writes_into_overlapping_arguments(parts: tuple[slice, slice]) -> None:
    got, expected = ROWS.copy(), ROWS.copy()
    _, [text] = fallbacks(lambda: vmap(swaps)(got[parts[0]], got[parts[1]]))
    assert text.endswith("swaps: this call is looped over the examples: " + OVERLAP)
    for x, y in zip(expected[parts[0]], expected[parts[1]], strict=True):
        swaps(x, y)
    np.testing.assert_array_equal(got, expected)


def test_the_same_array_twice() -> None:
    got, expected = ROWS.copy(), ROWS.copy()
    fallbacks(lambda: vmap(swaps)(got, got))
    for x in expected:
        swaps(x, x)
    np.testing.assert_array_equal(got, expected)


def test_examples_that_overlap_each_other() -> None:
    got, expected = np.arange(8.0), np.arange(8.0)
    fallbacks(lambda: vmap(rolls)(sliding_window_view(got, 3, writeable=True)))
    for window in sliding_window_view(expected, 3, writeable=True):
        rolls(window)
    np.testing.assert_array_equal(got, expected)


def test_strict_refuses_what_overlaps_every_time() -> None:
    batched, array = vmap(swaps, strict=True), ROWS.copy()
    batched(array, ROWS + 1)
    for _ in range(2):
        assert error_text(VectorizeError, lambda: batched(array, array)).endswith(OVERLAP)


def test_interleaved_arguments_do_not_overlap() -> None:
    base = np.arange(24.0).reshape(4, 6)
    batched = vmap(swaps)
    expected = base.copy()
    batched(base[:, ::2], base[:, 1::2])
    for x, y in zip(expected[:, ::2], expected[:, 1::2], strict=True):
        swaps(x, y)
    np.testing.assert_array_equal(base, expected)


def test_writes_into_what_the_function_reads_from_outside() -> None:
    table = ROWS.copy()

    def reads(x: Any) -> None:
        x[0] = table[0, 1] + 1

    assert_matches_loop(reads, (ROWS,), native=True)
    fallbacks(lambda: vmap(reads)(table))
    expected = ROWS.copy()
    for x in expected:
        x[0] = expected[0, 1] + 1
    np.testing.assert_array_equal(table, expected)


def test_jit_writes_into_its_arguments() -> None:
    def fills(x: Any) -> Any:
        x[0] = 3.0
        return x

    array = np.zeros(3)
    assert jit(fills)(array) is array and array[0] == 3


def test_results_are_not_the_arguments() -> None:
    result = vmap(lambda x: x)(ROWS)
    assert not np.shares_memory(result, ROWS)


def test_nothing_is_kept_alive() -> None:  # B058
    batched = vmap(rolls)
    array = ROWS.copy()
    seen = weakref.ref(array)
    for _ in range(3):
        batched(array)
    with pytest.raises(IndexError):
        batched(array[:, :1])
    del array
    gc.collect()
    assert seen() is None
    gone = weakref.ref(batched)
    del batched
    gc.collect()
    assert gone() is None


def test_instances_are_not_kept_alive() -> None:
    model = Model(SQUARE)
    seen = weakref.ref(model)
    for _ in range(3):
        model.batched(ROWS)
    del model
    gc.collect()
    assert seen() is None


# --- nesting ---------------------------------------------------------------------------------------------------------


def distance(x: Any, y: Any) -> Any:
    return np.sqrt(((x - y) ** 2).sum())


squared = jit(lambda x: x**2)
row_sums = vmap(lambda x: x.sum())


def test_nested_vmaps_are_one_rewrite() -> None:  # B050
    pairwise = vmap(vmap(distance, in_axes=(None, 0)), in_axes=(0, None))
    expected = [[distance(x, y) for y in ROWS + 1] for x in ROWS]
    np.testing.assert_allclose(pairwise(ROWS, ROWS + 1), expected)
    assert pairwise.source().count("def ") == 1 and "for" not in pairwise.source()


def test_jit_and_vmap_in_any_order() -> None:  # B055
    expected = [distance(x, y) for x, y in zip(ROWS, ROWS + 1)]
    for batched in (jit(vmap(distance)), vmap(jit(distance)), jit(jit(vmap(distance)))):
        np.testing.assert_allclose(batched(ROWS, ROWS + 1), expected)


def test_a_jit_helper_is_rewritten_too() -> None:
    def total(x: Any) -> Any:
        return squared(x).sum()

    assert_matches_loop(total, (ROWS,), native=True)


def test_a_vmapped_helper_is_looped() -> None:
    def total(x: Any) -> Any:
        return row_sums(x) * 2

    result, texts = fallbacks(lambda: vmap(total)(SQUARES))
    np.testing.assert_allclose(result, SQUARES.sum(-1) * 2)
    assert len(texts) == 1


def test_a_partial_of_a_vmapped_function_keeps_its_batching() -> None:
    inner = functools.partial(vmap(distance, in_axes=(None, 0)), ROWS[0])
    result, texts = fallbacks(lambda: vmap(inner)(SQUARES))
    np.testing.assert_allclose(result, [[distance(ROWS[0], x) for x in rows] for rows in SQUARES])
    assert texts[0].endswith("it calls a function that is batched already")


# --- check=True ------------------------------------------------------------------------------------------------------


def test_check_finds_nothing_wrong() -> None:
    for function, args in ((first_helper, (ROWS,)), (rolls, (ROWS.copy(),)), (distance, (ROWS, ROWS + 1))):
        batched = vmap(function, check=True)
        for _ in range(3):
            batched(*args)
        assert batched.cache_info()[:2] == (2, 1)
    nested = vmap(vmap(distance, in_axes=(None, 0)), in_axes=(0, None), out_axes=1, check=True)
    assert nested(ROWS, ROWS[:2]).shape == (2, 5)
    assert jit(distance, check=True)(ROWS[0], ROWS[1]) == distance(ROWS[0], ROWS[1])


@pytest.mark.parametrize(
    ("wrong", "difference"),
    [
        (lambda x: x + np.array([1, 1, 2]), "example 0: result is array([1., 1., 2.]), not array([1., 1., 1.])"),
        (lambda x: (x + 1).astype(np.float32), "example 0: result has dtype float32, not float64"),
        (lambda x: (x + 1)[:, :2], "example 0: result has shape (2,), not (3,)"),
        (lambda x: (x + 1)[..., None], "example 0: result has rank 3, not 2"),
        (
            lambda x: (x + 1, x),
            "example 0: result is a tuple of length 2, not an array of shape (3,) and dtype float64",
        ),
        (lambda x: x + 1 + np.eye(5)[-1][:, None], "example 4: result is array([2., 2., 2.]), not array([1., 1., 1.])"),
    ],
)
def test_check_finds_what_is_wrong(wrong: Any, difference: str) -> None:
    batched = vmap(first_helper, check=True)
    zeros = np.zeros((5, 3))
    batched.source(zeros)
    batched._state.latest.run = wrong  # type: ignore[union-attr]
    result, texts = fallbacks(lambda: batched(zeros))
    np.testing.assert_array_equal(result, zeros + 1)
    assert len(texts) == 1 and texts[0].endswith(f"does not do what the loop does: {difference}")
    result, texts = fallbacks(lambda: batched(zeros))
    np.testing.assert_array_equal(result, zeros + 1)
    assert not texts and difference in batched.explain()


def test_check_looks_at_what_is_written() -> None:
    batched = vmap(rolls, check=True)
    batched.source(ROWS)
    batched._state.latest.run = lambda x: np.array([rolls(row.copy()) for row in x])  # type: ignore[union-attr]
    got, expected = ROWS.copy(), ROWS.copy()
    _, texts = fallbacks(lambda: batched(got))
    for row in expected:
        rolls(row)
    np.testing.assert_array_equal(got, expected)
    assert "example 0: x is array(" in texts[0]


# --- fallbacks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "array",
    [
        np.ma.masked_array(ROWS, ROWS > 0),
        ROWS.astype(object),
        np.array(["2020-01-01", "2021-01-01"], "M8[D]"),
        np.array(["a", "b"]),
        np.array([(1, 2.0)] * 3, [("a", int), ("b", float)]),
        ROWS.view(np.recarray),
    ],
    ids=["masked", "object", "datetime", "string", "structured", "recarray"],
)
def test_unusual_arrays_are_looped(array: Any) -> None:  # B162
    expected = np.ma.stack(list(array)) if isinstance(array, np.ma.MaskedArray) else np.stack(list(array))
    result, texts = fallbacks(lambda: vmap(lambda x: x)(array))
    assert type(result) is type(expected) and result.dtype == expected.dtype
    np.testing.assert_array_equal(result, expected)
    assert len(texts) == 1


def test_strict_refuses() -> None:
    def printed(x: Any) -> Any:
        print(x)
        return x

    line = printed.__code__.co_firstlineno
    message = error_text(VectorizeError, lambda: vmap(printed, strict=True)(ROWS))
    assert message.startswith(f"{__file__}:{line + 1}: printed: ") and "looped over the examples" in message


def test_a_result_that_varies_under_none() -> None:
    """The loop decides: values may be equal although the rewriter cannot know it."""
    batched = vmap(lambda x: x, out_axes=None)
    assert error_text(VectorizeValueError, lambda: batched(ROWS)).startswith(
        "vmap(<lambda>): out_axes is None for result, but the result varies:\n  example 0: "
    )
    result, texts = fallbacks(lambda: vmap(lambda x: x * 0, out_axes=None)(np.ones((2, 3))))
    np.testing.assert_array_equal(result, np.zeros(3))
    assert len(texts) == 1


def test_no_examples() -> None:  # B150
    assert vmap(distance)(ROWS[:0], ROWS[:0]).shape == (0,)
    batched = vmap(first_helper)
    assert batched(ROWS).shape == (5, 3) and batched(ROWS).shape == (5, 3) and batched(ROWS[:0]).shape == (0, 3)


class Duck:
    def __init__(self, array: Any) -> None:
        self.array, self.shape, self.ndim, self.dtype = array, array.shape, array.ndim, array.dtype


ERRORS = [
    pytest.param(lambda: vmap(3), VectorizeTypeError, "vmap: expected a function, got int.", id="no function"),
    pytest.param(lambda: jit(3), VectorizeTypeError, "jit: expected a function, got int.", id="no function, jit"),
    pytest.param(
        lambda: vmap(first_helper, backend="torch"),
        VectorizeValueError,
        "vmap: backend='torch' is not known; the backends are: 'cupy', 'numpy'.",
        id="backend",
    ),
    pytest.param(
        lambda: vmap(first_helper).source(),
        VectorizeValueError,
        "first_helper has not been called yet, so nothing has been rewritten.\n"
        "Call it first, or give example arguments.",
        id="not called",
    ),
    pytest.param(
        lambda: vmap(first_helper)(Duck(ROWS)),
        VectorizeTypeError,
        "vmap(first_helper): argument x is an array of shape (5, 3) and dtype float64, of type "
        f"{__name__}.Duck, but the backend is NumPy.\nPass a NumPy array, such as numpy.asarray gives.",
        id="array of another library",
    ),
    pytest.param(
        lambda: vmap(distance)(ROWS, ROWS[:2]),
        VectorizeValueError,
        "vmap(distance): the batch axes differ in size:\n  size 5: axis 0 of x, shape (5, 3)\n"
        "  size 2: axis 0 of y, shape (2, 3)\n"
        "Pass arrays with the same number of examples, name another batch axis in in_axes, "
        "or give None in in_axes for what all examples share.",
        id="sizes",
    ),
    pytest.param(
        lambda: vmap(distance)(ROWS, 1.0),
        VectorizeTypeError,
        "vmap(distance): argument y is to be batched along axis 0, but it is no array: 1.0 (float).\n"
        "Give None for it in in_axes if all examples share it, or pass an array with one entry per example.",
        id="no array",
    ),
    pytest.param(
        lambda: vmap(first_helper, axis_size=3)(ROWS),
        VectorizeValueError,
        "vmap(first_helper): axis_size is 3, but there are batch axes of another size:\n"
        "  size 5: axis 0 of x, shape (5, 3)\n"
        "Leave axis_size out where an argument is batched, or give None in in_axes for what all examples share.",
        id="axis_size",
    ),
]


@pytest.mark.parametrize(("run", "kind", "message"), ERRORS)
def test_errors(run: Callable[[], Any], kind: type[Exception], message: str) -> None:
    assert error_text(kind, run) == message


@pytest.mark.parametrize("wrong", [(ROWS, ROWS[:2]), (ROWS, 1.0), (ROWS,), (ROWS, ROWS[0, 0])])
def test_errors_do_not_depend_on_what_was_called_before(wrong: Any) -> None:
    fresh, used = vmap(distance), vmap(distance)
    for _ in range(3):
        used(ROWS, ROWS)
    kind = VectorizeTypeError if len(wrong) == 1 or type(wrong[1]) is float else VectorizeValueError
    assert error_text(kind, lambda: used(*wrong)) == error_text(kind, lambda: fresh(*wrong))


# --- an object like a function ---------------------------------------------------------------------------------------


@vmap
def decorated(x: Any) -> Any:
    """Adds one."""
    return x + 1


def test_metadata() -> None:
    assert (decorated.__name__, decorated.__doc__, decorated.__module__) == ("decorated", "Adds one.", __name__)
    assert str(inspect.signature(decorated)) == "(x: 'Any') -> 'Any'"
    assert repr(decorated) == "<vectorized decorated>"
    assert weakref.ref(decorated)() is decorated
    assert callable(vmap(in_axes=0)) and vmap(in_axes=0)(first_helper).__name__ == "first_helper"


def test_pickle_and_copy() -> None:
    plain = vmap(first_helper, in_axes=1)
    again = pickle.loads(pickle.dumps(plain))
    np.testing.assert_array_equal(again(ROWS), plain(ROWS))
    assert copy.copy(plain) is plain and copy.deepcopy(plain) is plain
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(vmap(lambda x: x))


# --- showing ---------------------------------------------------------------------------------------------------------


def test_showing_does_not_run_the_function() -> None:
    calls = []

    def noted(x: Any) -> Any:
        calls.append(1)
        return x

    batched = vmap(first_helper)
    assert "return x + 1" in batched.source(ROWS)
    assert batched.cache_info()[:2] == (0, 1)
    fallbacks(lambda: vmap(noted).source(ROWS))
    assert not calls


def test_the_diff_of_a_method_is_indented_as_the_file_is() -> None:
    diff = MODEL.batched.diff(ROWS)
    line = Model.batched.__wrapped__.__code__.co_firstlineno
    assert f"@@ -{line}," in diff
    assert "-    @vmap\n" in diff and "\n-        return x @ self.w\n" not in diff
    assert "+    def batched(self, x):\n" in diff


class Documented:
    @vmap
    def method(self, x: Any) -> Any:
        """Of a
        batch."""
        text = """
  kept"""
        print(text)
        return x


def test_the_diff_of_a_loop_is_indented_as_the_file_is() -> None:
    method = Documented().method
    fallbacks(lambda: method(ROWS))
    kept = [line for line in method.diff().splitlines() if line.startswith(" ")]
    assert kept == [
        '         """Of a',
        '         batch."""',
        '         text = """',
        '   kept"""',
        "         print(text)",
        "         return x",
    ]


@pytest.mark.parametrize("out_axes", [0, 1])
@pytest.mark.parametrize("axes", [(0, 0, None), (1, 0, None)])
def test_the_source_of_a_loop_runs(axes: Any, out_axes: int) -> None:
    def odd(x: Any, y: Any, n: Any = 2) -> Any:
        while_running = [odd.__name__ for _ in range(n)]
        print(while_running)
        return x * y

    args = (ROWS.T if axes[0] else ROWS, np.arange(5.0), 2)
    batched = vmap(odd, axes, out_axes)
    expected, _ = fallbacks(lambda: batched(*args))
    scope: dict[str, Any] = {}
    exec(batched.source(), scope)
    np.testing.assert_array_equal(scope["odd"](*args), expected)
    assert "# looped over the examples: " in batched.source()
    assert batched.diff().startswith(f"--- a{__file__}\n") and "loop: " in batched.explain()


def test_the_source_of_a_nested_loop_runs() -> None:
    def odd(tree: Any, y: Any) -> Any:
        print(y)
        return {"sum": tree["w"] + y, "same": None}

    batched = vmap(vmap(odd, in_axes=({"w": 0}, None)), in_axes=({"w": None}, 0))
    args = ({"w": ROWS}, np.arange(2.0))
    expected, _ = fallbacks(lambda: batched(*args))
    scope: dict[str, Any] = {}
    exec(batched.source(), scope)
    np.testing.assert_array_equal(scope["odd"](*args)["sum"], expected["sum"])
    ast.parse(batched.source())
