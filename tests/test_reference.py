"""The loop that everything is measured by: its results against `np.stack` written out by hand."""

from __future__ import annotations

import collections
import dataclasses
import fractions
import functools
import linecache
import threading
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from vectorizer.errors import VectorizeTypeError, VectorizeValueError
from vectorizer.reference import call_examples, code_of, loop
from vectorizer.runtime import stack_values
from vectorizer.spec import Layer, make_layer, resolve_call, signature_of


class Point(NamedTuple):
    x: Any
    y: Any


@dataclasses.dataclass
class State:
    mean: Any
    label: Any = None


def scaled(x: Any, by: Any) -> Any:
    return x * by


def run_layers(function: Callable[..., Any], layers: list[Layer], *args: Any, **kwargs: Any) -> Any:
    resolved = resolve_call(tuple(layers), signature_of(function), args, kwargs, "f")
    return loop(function, resolved, tuple(layers), "f")


def run(function: Callable[..., Any], *args: Any, i: Any = 0, o: Any = 0, n: int | None = None, **kwargs: Any) -> Any:
    return run_layers(function, [make_layer(i, o, n)], *args, **kwargs)


def error_text(kind: type[Exception], call: Callable[[], Any]) -> str:
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    return str(caught.value)


def same(one: Any, other: Any) -> None:
    assert type(one) is type(other)
    np.testing.assert_array_equal(one, other, strict=True)


X = np.arange(6.0).reshape(2, 3)


# -- examples --


def test_examples_come_in_order_as_views_and_scalars() -> None:
    seen: list[Any] = []
    run(lambda x, s: seen.append((x, s)), X, np.arange(2))
    assert [type(s) for _, s in seen] == [np.int64, np.int64]
    assert all(np.shares_memory(x, X) for x, _ in seen)
    assert [x.tolist() for x, _ in seen] == X.tolist()


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_an_example_is_the_view_along_its_axis(axis: int) -> None:
    array = np.arange(24).reshape(2, 3, 4)
    seen: list[Any] = []
    run(seen.append, array, i=axis)
    for i, example in enumerate(seen):
        expected = np.take(array, i, axis=axis)
        assert example.strides == np.moveaxis(array, axis, 0)[i].strides
        same(example, expected)


def test_writes_reach_the_caller() -> None:  # B105
    array = X.copy()

    def f(x: Any) -> None:
        x[0] = -1.0
        x += 1

    assert run(f, array, i=1) is None
    same(array, np.array([[0.0, 0, 0], [4, 5, 6]]))


def test_earlier_examples_write_where_later_ones_read() -> None:
    shared = np.zeros(1)

    def f(x: Any, total: Any) -> Any:
        total += x
        return total[0] + 0

    same(run(f, np.arange(4), shared, i=(0, None)), np.array([0.0, 1, 3, 6]))
    assert shared[0] == 6


def test_unbatched_arguments_are_the_same_objects() -> None:
    seen: list[Any] = []
    params = State(np.ones(2), ["a"])
    run(lambda x, p: seen.append(p), np.arange(3), params, i=(0, None))
    assert all(item is params for item in seen)


def test_containers_are_rebuilt_and_their_unbatched_parts_kept() -> None:
    seen: list[Any] = []
    fixed = {"k": object()}
    run(lambda p: seen.append(p), State(np.arange(2), fixed), i=({"mean": 0, "label": None},))
    assert [type(state) for state in seen] == [State, State]
    assert [state.mean for state in seen] == [0, 1]
    assert all(state.label is fixed for state in seen)


def test_all_kinds_of_parameters() -> None:
    def f(a: Any, /, b: Any, *args: Any, c: Any = 10, **kwargs: Any) -> Any:
        return a + 10 * b + 100 * args[0] + 1000 * args[1] + 10000 * c + 100000 * kwargs["d"]

    one = np.ones(2, int)
    result = run(f, one, 2, 3 * one, 4, i=(0, None, 0, None), c=5 * one, d=6 * one)
    same(result, np.array([654321, 654321]))


@pytest.mark.parametrize(
    ("function", "args", "in_axes", "expected"),
    [
        pytest.param(np.add, (X, X), 0, X + X, id="ufunc, which objects to its own defaults"),
        pytest.param(np.linalg.solve, (2 * np.eye(3), X), (None, 0), X / 2, id="function of NumPy"),
        pytest.param(functools.partial(scaled, by=3), (X,), 0, X * 3, id="B029 partial by keyword"),
        pytest.param(functools.partial(scaled, 3), (), {"by": 0}, None, id="B029 partial by position"),
        pytest.param(np.ndarray.sum, (X,), 0, X.sum(1), id="method of NumPy's class"),
        pytest.param(max, (np.arange(3), [2, 1, 0]), 0, np.array([2, 1, 2]), id="builtin without a signature"),
    ],
)
def test_all_kinds_of_functions(function: Any, args: Any, in_axes: Any, expected: Any) -> None:
    if expected is None:
        same(run(function, by=np.arange(2)), np.arange(2) * 3)
    else:
        same(run(function, *args, i=in_axes), expected)


def test_masked_arrays_keep_their_masks() -> None:
    array = np.ma.masked_array([1.0, 2.0, 3.0], mask=[False, True, False])
    assert run(lambda x: x * 2, array).tolist() == [2.0, None, 6.0]


class Foreign:
    """An array of another library, that cannot be transposed by NumPy."""

    def __init__(self, array: Any) -> None:
        self.array, self.shape, self.ndim = array, array.shape, array.ndim

    def __getitem__(self, key: Any) -> Any:
        return Foreign(self.array[key])


def test_arrays_of_other_libraries_are_indexed() -> None:
    layers = [make_layer((1, None)), make_layer((1, 0))]
    result = run_layers(lambda x, y: x.array.sum() + y, layers, Foreign(np.arange(24).reshape(2, 3, 4)), np.zeros(4))
    same(result, np.arange(24).reshape(2, 3, 4).sum(0) * 1.0)


# -- layers --


def test_nested_layers_are_nested_loops() -> None:  # B053
    a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    same(run_layers(np.dot, [make_layer((0, None)), make_layer((None, 1))], a, b), a @ b)
    same(run_layers(np.dot, [make_layer((None, 1)), make_layer((0, None))], a, b), (a @ b).T)
    same(run_layers(np.dot, [make_layer((None, 1), 1), make_layer((0, None))], a, b), a @ b)


@pytest.mark.parametrize("outer", [0, 1, 2, -1])
@pytest.mark.parametrize("inner", [0, 1, -1, -2])
@pytest.mark.parametrize("axes", [(0, 0), (2, 1), (-1, -2)])
def test_nested_axes_against_loops_by_hand(outer: int, inner: int, axes: tuple[int, int]) -> None:  # B052
    array = np.arange(24).reshape(2, 3, 4)
    rows = np.moveaxis(array, axes[0], 0)
    expected = np.stack([np.stack([x * 2 for x in np.moveaxis(row, axes[1], 0)], inner) for row in rows], outer)
    layers = [make_layer(axes[0], outer), make_layer(axes[1], inner)]
    same(run_layers(lambda x: x * 2, layers, array), expected)


def test_three_layers_of_different_sizes() -> None:  # B092
    layers = [make_layer((0, None, None)), make_layer((None, 0, None), 1), make_layer((None, None, 0))]
    x, y, z = np.arange(2), np.arange(3) * 10, np.arange(4) * 100
    same(run_layers(lambda a, b, c: a + b + c, layers, x, y, z), (x[:, None, None] + y[:, None] + z).swapaxes(1, 2))


def test_order_of_nested_calls() -> None:
    seen: list[Any] = []
    run_layers(
        lambda a, b: seen.append((int(a), int(b))), [make_layer((0, None)), make_layer((None, 0))], [0, 1], [0, 1]
    )
    assert seen == [(0, 0), (0, 1), (1, 0), (1, 1)]


# -- results --


def test_structure_of_results_is_kept() -> None:  # B041, B042, B048
    def f(x: Any) -> Any:
        return {"a": (x, [x * 2]), "b": Point(x[0], None), "c": collections.OrderedDict(z=State(1))}

    result = run(f, X)
    assert type(result["c"]) is collections.OrderedDict
    same(result["a"][0], X)
    same(result["a"][1][0], X * 2)
    assert type(result["b"]) is Point and result["b"].y is None
    same(result["c"]["z"].mean, np.array([1, 1]))


@pytest.mark.parametrize("axis", [0, 1, -1, -2])
def test_out_axis(axis: int) -> None:  # B031, B033
    same(run(lambda x: x, X, o=axis), np.stack(list(X), axis))


def test_axis_size_alone() -> None:  # B010, B045
    same(run(lambda: 7, n=3), np.array([7, 7, 7]))
    same(run(lambda x: x + 1, 1, i=None, n=2), np.array([2, 2]))


F32, F64, I8 = np.float32(1), np.float64(1), np.int8(1)

DTYPES = [
    pytest.param([0.0, F32], "float32", id="literal beside float32"),
    pytest.param([0, F32], "float32", id="int literal beside float32"),
    pytest.param([0j, F32], "complex64", id="complex literal beside float32"),
    pytest.param([0.5, I8], "float64", id="float literal beside int8"),
    pytest.param([5, I8], "int8", id="int literal beside int8"),
    pytest.param([300, I8], "int64", id="int literal that int8 cannot hold"),
    pytest.param([True, F32], "float32", id="bool beside float32"),
    pytest.param([True, 2], "int64", id="bool beside int"),
    pytest.param([F32, F64], "float64", id="float32 beside float64"),
    pytest.param([1, 2], "int64", id="ints"),
    pytest.param([1.0, 2.0], "float64", id="floats"),
    pytest.param([1, 2.0], "float64", id="int beside float"),
    pytest.param([1, 2j], "complex128", id="int beside complex"),
    pytest.param([True, False], "bool", id="bools"),
    pytest.param([np.True_, False], "bool", id="NumPy bool beside bool"),
    pytest.param([2**63, 1], "uint64", id="uint64"),
    pytest.param([2**70, 1], "object", id="beyond uint64"),
    pytest.param([2**63, -1], "object", id="neither int64 nor uint64"),
    pytest.param([10**400, 1.5], "object", id="beyond float64"),
    pytest.param([np.array(1, "f4"), 2.0], "float32", id="array of rank 0 beside float"),
    pytest.param([np.datetime64("2020-01-01"), np.datetime64("2021-01-01")], "datetime64[D]", id="dates"),
]


@pytest.mark.parametrize(("values", "dtype"), DTYPES)
@pytest.mark.parametrize("step", [1, -1])
def test_dtypes_of_stacks(values: list[Any], dtype: str, step: int) -> None:  # B047, B158
    stacked = stack_values(values[::step])
    assert stacked.dtype == np.dtype(dtype)
    assert stacked.tolist() == [v.item() if isinstance(v, np.generic | np.ndarray) else v for v in values[::step]]
    same(run(lambda k: values[k], np.arange(len(values))), stack_values(values))


def test_weak_lanes_in_nested_layers() -> None:
    layers = [make_layer((0, None)), make_layer((None, 0))]
    result = run_layers(lambda a, b: np.float32(b) if a else 0.0, layers, [False, True], [1.0, 2.0])
    same(result, np.array([[0, 0], [1, 2]], np.float32))


def test_results_that_share_memory_are_stacked_at_the_end_as_written_by_hand() -> None:
    buffer = np.zeros(2)

    def f(x: Any) -> Any:
        buffer[:] = x
        return buffer

    same(run(f, np.arange(3)), np.full((3, 2), 2.0))


# -- out_axes=None --


def test_shared_results() -> None:  # B035
    same(run(lambda x, w: w.sum(), X, np.ones(3), i=(0, None), o=None), np.float64(3))
    same(run(lambda x: np.array([np.nan, 1]), X, o=None), np.array([np.nan, 1]))
    assert run(lambda x: (x, "label"), X, o=(0, None))[1] == "label"


def test_shared_along_one_of_two_layers() -> None:
    for specs, expected in ((((0, None)), [0.0, 1, 2]), ((None, 0), None)):
        layers = [make_layer((0, None), specs[0]), make_layer((None, 0), specs[1])]
        if expected is None:
            with pytest.raises(VectorizeValueError):
                run_layers(lambda a, b: a, layers, np.arange(3.0), np.arange(2))
        else:
            same(run_layers(lambda a, b: a, layers, np.arange(3.0), np.arange(2)), np.array(expected))


# -- exceptions --


def fails_at_two(x: Any) -> Any:
    if x == 2:
        raise KeyError("two")  # the line of the note
    return x


def calls_another(x: Any) -> Any:
    return fails_at_two(x)


LINE = next(n for n, text in enumerate(linecache.getlines(__file__), 1) if "# the line of the note" in text)
NOTE = f', at {__file__}:{LINE} in fails_at_two: raise KeyError("two")  # the line of the note'


class Fails:
    def __call__(self, x: Any) -> Any:
        return fails_at_two(x)

    def method(self, x: Any) -> Any:
        return fails_at_two(x)


CALLABLES = [
    pytest.param(fails_at_two, id="function"),
    pytest.param(calls_another, id="deepest frame of the file"),
    pytest.param(functools.partial(calls_another), id="partial"),
    pytest.param(functools.lru_cache(calls_another), id="under a decorator"),
    pytest.param(Fails(), id="callable object"),
    pytest.param(Fails().method, id="method"),
    pytest.param(lambda x: np.piecewise(x * 1.0, [True], [fails_at_two]), id="through a library"),
]


@pytest.mark.parametrize("function", CALLABLES)
def test_exceptions_carry_a_note(function: Any) -> None:
    with pytest.raises(KeyError) as caught:
        run(function, np.arange(4))
    assert caught.value.args == ("two",)
    assert caught.value.__notes__ == ["raised by example 2 of 4" + NOTE]


def test_note_of_nested_layers() -> None:
    with pytest.raises(KeyError) as caught:
        run_layers(lambda a, b: fails_at_two(a + b), [make_layer((0, None)), make_layer((None, 0))], [0, 1], [0, 1, 0])
    assert caught.value.__notes__ == ["raised by example (1, 1) of (2, 3)" + NOTE]


def test_note_where_there_is_no_line() -> None:
    with pytest.raises(np.linalg.LinAlgError) as caught:
        run(functools.partial(lambda inverse, x: inverse(x), np.linalg.inv), np.zeros((2, 1, 1)))
    assert caught.value.__notes__[0].startswith("raised by example 0 of 2, at ")
    with pytest.raises(TypeError) as typed:
        run(max, np.arange(2))
    assert typed.value.__notes__ == ["raised by example 0 of 2"]


def test_the_exception_is_the_same_object() -> None:
    error = ZeroDivisionError("mine")

    def f(x: Any) -> Any:
        raise error

    with pytest.raises(ZeroDivisionError) as caught:
        run(f, X)
    assert caught.value is error


def test_earlier_examples_have_run() -> None:
    array = np.zeros((3, 1))

    def f(x: Any, k: Any) -> None:
        x[0] = fails_at_two(k) + 1

    with pytest.raises(KeyError):
        run(f, array, np.array([0, 1, 2]))
    same(array, np.array([[1.0], [2.0], [0.0]]))


@pytest.mark.parametrize(
    ("function", "file"),
    [
        pytest.param(np.add, None, id="ufunc"),
        pytest.param(max, None, id="builtin"),
        pytest.param(int, None, id="class"),
        pytest.param(fails_at_two, __file__, id="function"),
    ],
)
def test_code_of(function: Any, file: str | None) -> None:
    code = code_of(function)
    assert (code.co_filename if code else None) == file


# -- no examples --


def test_no_examples() -> None:  # B150
    result = run(lambda x, s, w: (x.astype(np.float32) @ w, s + 1, 2.5, None), np.zeros((0, 3)), np.zeros(0, "i2"),
                 np.ones((3, 2), np.float32), i=(0, 0, None), o=(1, 0, 0, None))  # fmt: skip
    same(result[0], np.zeros((2, 0), np.float32))
    same(result[1], np.zeros(0, np.int16))
    same(result[2], np.zeros(0))
    assert result[3] is None


@pytest.mark.parametrize(("sizes", "shape"), [((0, 3), (3, 0, 2)), ((3, 0), (0, 3, 2)), ((0, 0), (0, 0, 2))])
def test_no_examples_in_nested_layers(sizes: tuple[int, int], shape: tuple[int, ...]) -> None:
    layers = [make_layer(0, 1), make_layer(0, 0)]
    same(run_layers(lambda x: x, layers, np.zeros((*sizes, 2))), np.zeros(shape))


def test_made_up_example_writes_nowhere_and_warns_not() -> None:
    shared = np.zeros(2)

    def f(x: Any, w: Any) -> Any:
        w[:] = np.log(x - 2)
        warnings.warn("loud", stacklevel=1)
        return w

    same(run(f, np.zeros((0, 2)), shared, i=(0, None)), np.zeros((0, 2)))
    same(shared, np.zeros(2))


def test_made_up_example_with_something_that_cannot_be_copied() -> None:
    lock = threading.Lock()
    same(run(lambda x, params: x, np.zeros((0, 2)), {"lock": lock}, i=(0, None)), np.zeros((0, 2)))


def test_shared_result_is_empty_where_another_layer_is_empty() -> None:
    layers = [make_layer(0, None), make_layer(0, 0)]
    same(run_layers(lambda x: x, layers, np.zeros((2, 0))), np.zeros(0))


# -- errors --


def ragged(k: Any) -> Any:
    return np.zeros(int(k))


def sometimes_none(k: Any) -> Any:
    return None if k else 1.5


ERRORS = [
    pytest.param(
        lambda: run(lambda x: {"name": "a"}, X),
        VectorizeTypeError,
        "vmap(f): result['name'] is 'a' (str) for example 0; such results cannot be stacked.\n"
        "Return numbers and arrays; for what is the same for all examples, give None in out_axes.",
        id="B046 string",
    ),
    pytest.param(
        lambda: run(lambda k: (1, fractions.Fraction(1, 2) if k else 1), [0, 1]),
        VectorizeTypeError,
        "vmap(f): result[1] is Fraction(1, 2) (Fraction) for example 1; such results cannot be stacked.\n"
        "Return numbers and arrays; for what is the same for all examples, give None in out_axes.",
        id="B046 object",
    ),
    pytest.param(
        lambda: run(sometimes_none, [0, 1, 1]),
        VectorizeTypeError,
        "vmap(f): result is None for some examples only:\n  example 0: 1.5 (float)\n  example 1: None\n"
        "Return None for every example or for none; `nan` may stand for a missing number.",
        id="B048 None for some",
    ),
    pytest.param(
        lambda: run(lambda k: [1] * int(k), [1, 2]),
        VectorizeValueError,
        "vmap(f): result does not have the same structure for all examples:\n  example 0: a list of length 1\n"
        "  example 1: a list of length 2\nReturn the same containers of the same lengths for every example.",
        id="lists of different lengths",
    ),
    pytest.param(
        lambda: run(lambda k: ({"a": 1} if k else {"b": 1},), [0, 1]),
        VectorizeValueError,
        "vmap(f): result[0] does not have the same structure for all examples:\n  example 0: a dict with the keys "
        "'b'\n  example 1: a dict with the keys 'a'\n"
        "Return the same containers of the same lengths for every example.",
        id="dicts with other keys",
    ),
    pytest.param(
        lambda: run(lambda k: (1, 2) if k else 1, [0, 1]),
        VectorizeValueError,
        "vmap(f): result does not have the same structure for all examples:\n  example 0: 1 (int)\n"
        "  example 1: a tuple of length 2\nReturn the same containers of the same lengths for every example.",
        id="tuple for some",
    ),
    pytest.param(
        lambda: run_layers(lambda a, b: ragged(a + b), [make_layer((0, None)), make_layer((None, 0))], [0, 1], [1, 1]),
        VectorizeValueError,
        "vmap(vmap(f)): result does not have the same shape for all examples:\n  example (0, 0): shape (1,)\n"
        "  example (1, 0): shape (2,)\nReturn arrays of one shape, padded if need be.",
        id="shapes, nested",
    ),
    pytest.param(
        lambda: run(lambda x: x, X, o=2),
        VectorizeValueError,
        "vmap: out_axes gives axis 2 for result, which is out of range: with the batch axis in it the result has "
        "rank 2.\nGive an axis from -2 to 1.",
        id="B034 out axis out of range",
    ),
    pytest.param(
        lambda: run(lambda x: (x, x[0]), X, o=(0, None)),
        VectorizeValueError,
        "vmap(f): out_axes is None for result[1], but the result varies:\n  example 0: np.float64(0.0)\n"
        "  example 1: np.float64(3.0)\nGive the position of its batch axis in out_axes.",
        id="B036 varies",
    ),
    pytest.param(
        lambda: run(lambda x: "big" if x else "small", [0, 1], o=None),
        VectorizeValueError,
        "vmap(f): out_axes is None for result, but the result varies:\n  example 0: 'small'\n  example 1: 'big'\n"
        "Give the position of its batch axis in out_axes.",
        id="B036 object varies",
    ),
    pytest.param(
        lambda: run(lambda x: np.linalg.inv(x), np.zeros((0, 2, 2))),
        VectorizeValueError,
        "vmap(f): there are no examples (batch sizes (0,)), and running it on an example of ones to learn the shapes "
        "and dtypes of its results raised LinAlgError: Singular matrix\n"
        "Call it with at least one example, or handle the empty batch before the call.",
        id="B150 made-up example raises",
    ),
    pytest.param(
        lambda: run(lambda x: (x, 1.0), np.zeros(0), o=(0, None)),
        VectorizeValueError,
        "vmap(f): out_axes is None for result[1], but there are no examples (batch sizes (0,)) to take its value "
        "from.\nGive an axis in out_axes, or call it with at least one example.",
        id="B150 shared result of no examples",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), ERRORS)
def test_errors(call: Callable[[], Any], kind: type[Exception], message: str) -> None:
    assert error_text(kind, call) == message


# -- single examples --


def test_call_examples() -> None:
    layers = (make_layer((0, None)), make_layer((None, 0)))
    resolved = resolve_call(layers, signature_of(divmod), (np.array([7, 9]), np.array([2, 4, 5])), {}, "divmod")
    assert call_examples(divmod, resolved, layers, [0, 4, -1 % 6]) == [(3, 1), (2, 1), (1, 4)]


def test_call_examples_names_the_example() -> None:
    layers = (make_layer(),)
    resolved = resolve_call(layers, signature_of(fails_at_two), (np.arange(4),), {}, "f")
    with pytest.raises(KeyError) as caught:
        call_examples(fails_at_two, resolved, layers, [3, 2])
    assert caught.value.__notes__ == ["raised by example 2 of 4" + NOTE]


def test_call_examples_wants_the_layers_of_the_call() -> None:
    resolved = resolve_call((make_layer(),), signature_of(abs), (X,), {}, "abs")
    with pytest.raises(ValueError, match="^2 layers, but 1 batch sizes$"):
        call_examples(abs, resolved, (make_layer(), make_layer()), [0])
