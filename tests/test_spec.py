"""Axis specifications: what is accepted, what each leaf's axes are, and every error with its full message."""

from __future__ import annotations

import collections
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from vectorizer import tree
from vectorizer.errors import VectorizeTypeError, VectorizeValueError
from vectorizer.spec import (
    UNBATCHED,
    Layer,
    LeafAxes,
    Resolved,
    broadcast_out_axes,
    make_layer,
    normalize_out_axis,
    resolve_call,
    signature_of,
)

U = UNBATCHED


class Point(NamedTuple):
    x: Any
    y: Any


@dataclasses.dataclass
class State:
    mean: Any
    cov: Any


class Foreign:
    """An array of another library: it has a shape and refuses to become NumPy's."""

    def __init__(self, *shape: int) -> None:
        self.shape = shape
        self.ndim = len(shape)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("converted to NumPy")


def f(x, y=2.0): ...
def one(x): ...
def none(): ...
def starred(x, *args, scale=1, **kwargs): ...
def only(x, /, y, *, z=3): ...


def resolve(
    function: Callable[..., Any], in_axes: Any, *args: Any, axis_size: int | None = None, **kw: Any
) -> Resolved:
    return resolve_layers(function, [make_layer(in_axes, 0, axis_size)], *args, **kw)


def resolve_layers(function: Callable[..., Any], layers: list[Layer], *args: Any, **kw: Any) -> Resolved:
    return resolve_call(tuple(layers), signature_of(function), args, kw, function.__name__)


def error_text(kind: type[Exception], call: Callable[[], Any]) -> str:
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    return str(caught.value)


A = np.zeros((3, 4))
V = np.zeros(3)

AXES = [
    pytest.param(f, 0, (A, V), {}, {"x": (0,), "y": (0,)}, id="B001 one int for every positional argument"),
    pytest.param(f, (1, 0), (A, np.zeros(4)), {}, {"x": (1,), "y": (0,)}, id="B002 one axis per argument"),
    pytest.param(f, [1, 0], (A, np.zeros(4)), {}, {"x": (1,), "y": (0,)}, id="B003 a list is a tuple"),
    pytest.param(f, (0, None), (A, 5), {}, {"x": (0,), "y": (U,)}, id="B004 None"),
    pytest.param(f, (-2, -1), (A, V), {}, {"x": (0,), "y": (0,)}, id="B005 negative axes"),
    pytest.param(f, np.int64(1), (A, A), {}, {"x": (1,), "y": (1,)}, id="NumPy int"),
    pytest.param(f, {"y": None}, (A, 5), {}, {"x": (0,), "y": (U,)}, id="B015 dict by parameter name"),
    pytest.param(f, {"x": 1, "y": 0}, (A,), {"y": np.zeros(4)}, {"x": (1,), "y": (0,)}, id="B015 dict and keyword"),
    pytest.param(f, 1, (A,), {"y": np.zeros(4)}, {"x": (1,), "y": (0,)}, id="B026 keyword on axis 0"),
    pytest.param(f, (0,), (A,), {"y": V}, {"x": (0,), "y": (0,)}, id="B028 tuple speaks of positional arguments"),
    pytest.param(f, 0, (A,), {}, {"x": (0,), "y": (U,)}, id="a default that was not passed"),
    pytest.param(f, {"y": 0}, (A,), {}, {"x": (0,), "y": (U,)}, id="a named default that was not passed"),
    pytest.param(f, None, (1,), {"y": V}, {"x": (U,), "y": (0,)}, id="None speaks of positional arguments"),
    pytest.param(
        starred, (0, 1, None), (V, A.T, 7), {"b": A},
        {"x": (0,), "args": ((1,), (U,)), "scale": (U,), "kwargs": {"b": (0,)}}, id="B025 *args and **kwargs",
    ),
    pytest.param(
        starred, {"args": (1, None), "b": 1, "scale": 0}, (V, A.T, 7), {"b": A.T, "c": V, "scale": V},
        {"x": (0,), "args": ((1,), (U,)), "scale": (0,), "kwargs": {"b": (1,), "c": (0,)}}, id="B015 names of *args",
    ),
    pytest.param(
        starred, {"args": None, "kwargs": {"b": 1}}, (V, 1, 2), {"b": A.T, "c": V},
        {"x": (0,), "args": ((U,), (U,)), "scale": (U,), "kwargs": {"b": (1,), "c": (0,)}}, id="B015 name of **kwargs",
    ),
    pytest.param(only, 0, (V, V), {"z": V}, {"x": (0,), "y": (0,), "z": (0,)}, id="all kinds of parameters"),
    pytest.param(f, (0, None), (A, print), {}, {"x": (0,), "y": (U,)}, id="B019 any object may be unmapped"),
    pytest.param(f, 0, (A, ()), {}, {"x": (0,), "y": ()}, id="B021 empty tuple"),
    pytest.param(f, 0, ([V, (V, {"k": V})], V), {}, {"x": [(0,), ((0,), {"k": (0,)})], "y": (0,)}, id="B017 prefix"),
    pytest.param(
        f, (({"a": 1, "b": None}, 0), 0), (({"b": 1, "a": A.T}, V), V), {},
        {"x": ({"b": (U,), "a": (1,)}, (0,)), "y": (0,)}, id="B016 tuple and dict",
    ),
    pytest.param(one, (Point(0, None),), (Point(V, 1),), {}, {"x": Point((0,), (U,))}, id="B016 named tuple"),
    pytest.param(one, ({"x": 0, "y": None},), (Point(V, 1),), {}, {"x": Point((0,), (U,))}, id="B016 dict for named"),
    pytest.param(one, ((0, None),), (Point(V, 1),), {}, {"x": Point((0,), (U,))}, id="B016 tuple for named tuple"),
    pytest.param(one, (State(0, None),), (State(V, 1),), {}, {"x": State((0,), (U,))}, id="B016 dataclass"),
    pytest.param(one, ({"cov": None, "mean": 0},), (State(V, 1),), {}, {"x": State((0,), (U,))}, id="B016 its fields"),
    pytest.param(
        one, ({"a": 0},), (collections.OrderedDict(a=V),), {},
        {"x": collections.OrderedDict(a=(0,))}, id="B016 OrderedDict",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("function", "in_axes", "args", "kwargs", "expected"), AXES)
def test_axes(function: Any, in_axes: Any, args: Any, kwargs: Any, expected: Any) -> None:
    resolved = resolve(function, in_axes, *args, **kwargs)
    assert resolved.axes == expected
    for name, value in resolved.arguments.items():
        leaves = tree.leaves(resolved.axes[name])
        assert len(leaves) == len(tree.leaves(value))
        assert all(type(leaf) is LeafAxes for leaf in leaves)


def test_sizes_and_defaults() -> None:
    resolved = resolve(starred, 0, V, A)
    assert resolved.sizes == (3,)
    assert resolved.arguments["scale"] == 1
    assert resolved.arguments["kwargs"] == {}
    positional, keywords = resolved.split()
    assert positional[0] is V and positional[1] is A
    assert keywords == {}
    assert resolved.defaulted == {"scale"}


def test_split_leaves_out_what_was_not_passed() -> None:
    def g(a, b=1, c=2, *, d=3): ...

    assert resolve(g, 0, V, c=V).split({"a": 5, "b": 6, "c": 7, "d": 8}) == ([5], {"c": 7})
    assert resolve(g, 0, V, b=V, d=V).split({"a": 5, "b": 6, "c": 7, "d": 8}) == ([5, 6], {"d": 8})


def test_split_follows_the_kinds_of_parameters() -> None:
    resolved = resolve(only, (0, None), V, 2, z=V)
    assert resolved.split({"x": 1, "y": 2, "z": 3}) == ([1, 2], {"z": 3})


@pytest.mark.parametrize(
    ("value", "shape", "dtype"),
    [
        pytest.param([1, 2, 3], (3,), "int64", id="list"),
        pytest.param((1.0, 2), (2,), "float64", id="tuple"),
        pytest.param([[1, 2], [3, 4]], (2, 2), "int64", id="nested list"),
        pytest.param([np.float32(1), np.float32(2)], (2,), "float32", id="list of NumPy scalars"),
        pytest.param(range(4), (4,), "int64", id="range"),
        pytest.param([], (0,), "float64", id="empty list"),
        pytest.param(["a", "b"], (2,), "<U1", id="list of strings"),
        pytest.param([[]], (1, 0), "float64", id="list of an empty list"),
        pytest.param(memoryview(b"ab"), (2,), "uint8", id="buffer"),
    ],
)
def test_array_likes_become_arrays(value: Any, shape: tuple[int, ...], dtype: str) -> None:
    array = resolve(one, 0, value).arguments["x"]
    assert isinstance(array, np.ndarray)
    assert (array.shape, array.dtype) == (shape, np.dtype(dtype))


def test_a_list_of_arrays_is_a_container() -> None:
    resolved = resolve(one, 0, [V, [4, 5, 6]])
    assert type(resolved.arguments["x"]) is list
    assert resolved.arguments["x"][0] is V
    assert np.array_equal(resolved.arguments["x"][1], [4, 5, 6])


def test_arrays_of_other_libraries_are_left_alone() -> None:
    array = Foreign(3, 2)
    resolved = resolve(one, 1, array)
    assert resolved.arguments["x"] is array
    assert resolved.sizes == (2,)
    assert resolve(one, 0, [array, array]).arguments["x"][0] is array


def test_unmapped_values_keep_their_identity() -> None:
    marker = object()
    shared = [1, {"deep": marker}, State(V, 2)]
    resolved = resolve(f, (0, None), V, shared)
    assert resolved.arguments["y"] is shared
    assert resolved.axes["y"] == [(U,), {"deep": (U,)}, State((U,), (U,))]


def test_unmapped_value_that_contains_itself() -> None:
    loop: list[Any] = [1]
    loop.append(loop)
    resolved = resolve(f, (0, None), V, loop)
    assert resolved.arguments["y"] is loop
    assert resolved.axes["y"] == LeafAxes((U,))


@pytest.mark.parametrize(
    ("layers", "args", "axes", "sizes"),
    [
        pytest.param([make_layer(), make_layer()], (A,), [(0, 0)], (3, 4), id="B050 two layers"),
        pytest.param([make_layer(1), make_layer(0)], (A,), [(1, 0)], (4, 3), id="B052 outer axis 1"),
        pytest.param([make_layer(-1), make_layer(-1)], (A,), [(1, 0)], (4, 3), id="B052 negative"),
        pytest.param([make_layer((0, None)), make_layer((None, 0))], (V, V[:2]), [(0, U), (U, 0)], (3, 2), id="outer"),
        pytest.param([make_layer(0), make_layer(((0, None), 0))], ((A, V), A), [((0, 0), (0, U)), (0, 0)], (3, 4),
                     id="layers of different depth"),
        pytest.param([make_layer(1), make_layer(1), make_layer(0)], (np.zeros((2, 3, 4)),), [(1, 1, 0)], (3, 4, 2),
                     id="B050 three layers"),
        pytest.param([make_layer(None, axis_size=5), make_layer()], (V,), [(U, 0)], (5, 3), id="axis_size outside"),
    ],
)  # fmt: skip
def test_nested_layers(layers: list[Layer], args: Any, axes: Any, sizes: tuple[int, ...]) -> None:
    resolved = resolve_layers(f, layers, *args)
    assert list(resolved.axes.values())[: len(axes)] == axes
    assert resolved.sizes == sizes


def test_axis_size_makes_all_none_legal() -> None:  # B010
    assert resolve(one, None, 3, axis_size=4).sizes == (4,)
    assert resolve(none, 0, axis_size=0).sizes == (0,)
    assert resolve(one, 0, V, axis_size=np.int32(3)).sizes == (3,)


WRAP_ERRORS = [
    pytest.param(
        dict(in_axes=True),
        VectorizeTypeError,
        "vmap: in_axes is True.\n"
        "An axis is an int, or None for an argument that all examples share; a bool is not taken for 0 or 1.",
        id="B012 True",
    ),
    pytest.param(
        dict(in_axes=(0, [np.False_])),
        VectorizeTypeError,
        "vmap: in_axes[1][0] is False.\n"
        "An axis is an int, or None for an argument that all examples share; a bool is not taken for 0 or 1.",
        id="B012 False inside",
    ),
    pytest.param(
        dict(in_axes=1.5),
        VectorizeTypeError,
        "vmap: in_axes is 1.5 (float).\nAn axis is an int, or None for an argument that all examples share; "
        "tuples, lists and dicts of these are fine too.",
        id="B013 float",
    ),
    pytest.param(
        dict(in_axes=(0, {"w": "0"})),
        VectorizeTypeError,
        "vmap: in_axes[1]['w'] is '0' (str).\nAn axis is an int, or None for an argument that all examples share; "
        "tuples, lists and dicts of these are fine too.",
        id="B013 string",
    ),
    pytest.param(
        dict(in_axes={0}),
        VectorizeTypeError,
        "vmap: in_axes is {0} (set).\nAn axis is an int, or None for an argument that all examples share; "
        "tuples, lists and dicts of these are fine too.",
        id="B013 set",
    ),
    pytest.param(
        dict(in_axes=np.array(0)),
        VectorizeTypeError,
        "vmap: in_axes is an array of shape () and dtype int64.\nAn axis is an int, or None for an argument that all "
        "examples share; tuples, lists and dicts of these are fine too.",
        id="B013 array",
    ),
    pytest.param(
        dict(in_axes=State(0, None)),
        VectorizeTypeError,
        "vmap: in_axes is a State with the fields mean, cov.\nAt its top level it is an int, None, a tuple or list "
        "with one entry per positional argument, or a dict by parameter name.",
        id="B015 dataclass at the top",
    ),
    pytest.param(
        dict(out_axes=(0, "x")),
        VectorizeTypeError,
        "vmap: out_axes[1] is 'x' (str).\nAn axis is an int, or None for a result that does not vary; "
        "tuples, lists and dicts of these are fine too.",
        id="B040 string",
    ),
    pytest.param(
        dict(out_axes=False),
        VectorizeTypeError,
        "vmap: out_axes is False.\n"
        "An axis is an int, or None for a result that does not vary; a bool is not taken for 0 or 1.",
        id="B040 bool",
    ),
    pytest.param(
        dict(axis_size=2.0),
        VectorizeTypeError,
        "vmap: axis_size is 2.0 (float).\nGive the number of examples as an int, or leave it out.",
        id="axis_size float",
    ),
    pytest.param(
        dict(axis_size=True),
        VectorizeTypeError,
        "vmap: axis_size is True (bool).\nGive the number of examples as an int, or leave it out.",
        id="axis_size bool",
    ),
    pytest.param(
        dict(axis_size=-1),
        VectorizeValueError,
        "vmap: axis_size is -1.\nThe number of examples cannot be negative.",
        id="axis_size negative",
    ),
]


@pytest.mark.parametrize(("options", "kind", "message"), WRAP_ERRORS)
def test_errors_at_wrap_time(options: dict[str, Any], kind: type[Exception], message: str) -> None:
    assert error_text(kind, lambda: make_layer(**options)) == message


SHARE = "or give None in in_axes for what all examples share."
SIZES = f"Pass arrays with the same number of examples, name another batch axis in in_axes, {SHARE}"
V4 = np.zeros(4)

CALL_ERRORS = [
    pytest.param(
        lambda: resolve(one, -3, A),
        VectorizeValueError,
        "vmap(one): argument x is to be batched along axis -3, but it has rank 2 and shape (3, 4).\n"
        "Give an axis from -2 to 1, or None if all examples share it.",
        id="B006 axis below -rank",
    ),
    pytest.param(
        lambda: resolve(f, (0, {"a": (2,)}), A, {"a": (A,)}),
        VectorizeValueError,
        "vmap(f): argument y['a'][0] is to be batched along axis 2, but it has rank 2 and shape (3, 4).\n"
        "Give an axis from -2 to 1, or None if all examples share it.",
        id="B007 axis beyond rank",
    ),
    pytest.param(
        lambda: resolve(one, 0, np.float64(3)),
        VectorizeValueError,
        "vmap(one): argument x is to be batched along axis 0, but it has rank 0 and shape ().\n"
        "Give None for it in in_axes if all examples share it, or pass an array of higher rank.",
        id="B008 NumPy scalar",
    ),
    pytest.param(
        lambda: resolve_layers(one, [make_layer(), make_layer(1)], A),
        VectorizeValueError,
        "vmap(one): argument x is to be batched along axis 1, but without the batch axes of the outer vmap it has "
        "rank 1 and shape (4,) (as passed: (3, 4)).\nGive an axis from -1 to 0, or None if all examples share it.",
        id="B007 inner layer",
    ),
    pytest.param(
        lambda: resolve_layers(one, [make_layer(2), make_layer(0)], A),
        VectorizeValueError,
        "vmap(vmap(one)): argument x is to be batched along axis 2, but it has rank 2 and shape (3, 4).\n"
        "Give an axis from -2 to 1, or None if all examples share it.",
        id="B007 outer layer",
    ),
    pytest.param(
        lambda: resolve_layers(one, [make_layer(), make_layer()], V),
        VectorizeValueError,
        "vmap(one): argument x is to be batched along axis 0, but without the batch axes of the outer vmap it has "
        "rank 0 and shape () (as passed: (3,)).\n"
        "Give None for it in in_axes if all examples share it, or pass an array of higher rank.",
        id="B007 no axes left",
    ),
    pytest.param(
        lambda: resolve(f, 0, A, 3.0),
        VectorizeTypeError,
        "vmap(f): argument y is to be batched along axis 0, but it is no array: 3.0 (float).\n"
        "Give None for it in in_axes if all examples share it, or pass an array with one entry per example.",
        id="B008 number",
    ),
    pytest.param(
        lambda: resolve(f, 0, A, y="sum"),
        VectorizeTypeError,
        "vmap(f): argument y is to be batched along axis 0, but it is no array: 'sum' (str).\n"
        "Give in_axes={'y': None} if all examples share it, or pass an array with one entry per example.",
        id="B020 keyword",
    ),
    pytest.param(
        lambda: resolve(one, 0, {"w": V, "name": None}),
        VectorizeTypeError,
        "vmap(one): argument x['name'] is to be batched along axis 0, but it is no array: None.\n"
        "Give None for it in in_axes if all examples share it, or pass an array with one entry per example.",
        id="B020 None inside a container",
    ),
    pytest.param(
        lambda: resolve(one, 0, [[1], [2, 3]]),
        VectorizeValueError,
        "vmap(one): argument x is a list of length 2, which makes no array: setting an array element with a sequence. "
        "The requested array has an inhomogeneous shape after 1 dimensions. The detected shape was (2,) + "
        "inhomogeneous part.\n"
        "Pass examples of one shape (padded, with their lengths as another argument, if need be).",
        id="ragged list",
    ),
    pytest.param(
        lambda: resolve(f, None, A, 3),
        VectorizeValueError,
        "vmap(f): no argument is batched, so the number of examples is not known.\n"
        "Pass an array and give its batch axis in in_axes, or give axis_size.",
        id="B009 all None",
    ),
    pytest.param(
        lambda: resolve(none, 0),
        VectorizeValueError,
        "vmap(none): no argument is batched, so the number of examples is not known.\n"
        "Pass an array and give its batch axis in in_axes, or give axis_size.",
        id="B022 no arguments",
    ),
    pytest.param(
        lambda: resolve(one, 0, {}),
        VectorizeValueError,
        "vmap(one): no argument is batched, so the number of examples is not known.\n"
        "Pass an array and give its batch axis in in_axes, or give axis_size.",
        id="B022 empty container",
    ),
    pytest.param(
        lambda: resolve(f, (0, 1), V4, A, axis_size=3),
        VectorizeValueError,
        "vmap(f): axis_size is 3, but there are batch axes of another size:\n"
        "  size 4: axis 0 of x, shape (4,)\n  size 4: axis 1 of y, shape (3, 4)\n"
        "Leave axis_size out where an argument is batched, or give None in in_axes for what all examples share.",
        id="B011 axis_size contradicts",
    ),
    pytest.param(
        lambda: resolve(f, (0,), A, V),
        VectorizeValueError,
        "vmap(f): in_axes has 1 entry, but 2 positional arguments were passed (x, y).\n"
        "Give one entry for each positional argument, or one int for all of them.",
        id="B014 too short",
    ),
    pytest.param(
        lambda: resolve(f, [0, 0], A),
        VectorizeValueError,
        "vmap(f): in_axes has 2 entries, but 1 positional argument was passed (x).\n"
        "Give one entry for each positional argument, or one int for all of them.",
        id="B014 too long",
    ),
    pytest.param(
        lambda: resolve(f, (0, 1), A, y=A),
        VectorizeValueError,
        "vmap(f): in_axes has 2 entries, but 1 positional argument was passed (x).\n"
        "A tuple in in_axes speaks of positional arguments only; those passed by keyword (y) are batched along "
        "axis 0.\nPass them by position, or give in_axes as a dict by parameter name, such as in_axes={'y': None}.",
        id="B028 tuple and keyword",
    ),
    pytest.param(
        lambda: resolve(f, (0, 1), x=A, y=A),
        VectorizeValueError,
        "vmap(f): in_axes has 2 entries, but 0 positional arguments were passed.\n"
        "A tuple in in_axes speaks of positional arguments only; those passed by keyword (x, y) are batched along "
        "axis 0.\nPass them by position, or give in_axes as a dict by parameter name, such as in_axes={'x': None}.",
        id="B028 keywords only",
    ),
    pytest.param(
        lambda: resolve(f, {"z": 0}, A),
        VectorizeTypeError,
        "vmap(f): in_axes names 'z', which is no parameter of it.\n"
        "A dict at the top level of in_axes names parameters; there are: x, y.",
        id="B015 unknown name",
    ),
    pytest.param(
        lambda: resolve(starred, {"args": (0,)}, V, V, V),
        VectorizeValueError,
        "vmap(starred): in_axes['args'] is a tuple of length 1, but *args received 2 arguments.\n"
        "Give one int for all of them, or a tuple of length 2.",
        id="B015 length of *args",
    ),
    pytest.param(
        lambda: resolve(one, ({"w": 0},), {"v": V}),
        VectorizeTypeError,
        "vmap(one): in_axes[0] does not match argument x:\n  in_axes[0] is a dict with the keys 'w'\n"
        "  x is a dict with the keys 'v'\nGive one axis for the whole of x, or a dict with the keys 'v'.",
        id="B018 keys",
    ),
    pytest.param(
        lambda: resolve(one, {"x": [{"w": (0, 0)}]}, [{"w": (V, V, V)}]),
        VectorizeValueError,
        "vmap(one): in_axes['x'][0]['w'] does not match argument x[0]['w']:\n"
        "  in_axes['x'][0]['w'] is a tuple of length 2\n  x[0]['w'] is a tuple of length 3\n"
        "Give one axis for the whole of x[0]['w'], or a tuple of length 3.",
        id="B018 length",
    ),
    pytest.param(
        lambda: resolve(one, ((0, None),), A),
        VectorizeTypeError,
        "vmap(one): in_axes[0] does not match argument x:\n  in_axes[0] is a tuple of length 2\n"
        "  x is an array of shape (3, 4) and dtype float64\n"
        "Give one axis for the whole of x, or None if it is the same for all examples.",
        id="B018 tuple for an array",
    ),
    pytest.param(
        lambda: resolve(one, (Point(0, 0),), State(V, V)),
        VectorizeTypeError,
        "vmap(one): in_axes[0] does not match argument x:\n  in_axes[0] is a Point with the fields x, y\n"
        "  x is a State with the fields mean, cov\n"
        "Give one axis for the whole of x, or a dict with the keys 'mean', 'cov', or another State.",
        id="B018 another class",
    ),
    pytest.param(
        lambda: resolve(starred, (0, 0, 1), V4, V, A),
        VectorizeValueError,
        "vmap(starred): the batch axes differ in size:\n"
        "  size 4: axis 0 of x, shape (4,)\n          axis 1 of args[1], shape (3, 4)\n"
        f"  size 3: axis 0 of args[0], shape (3,)\n{SIZES}",
        id="B023 B025 majority first",
    ),
    pytest.param(
        lambda: resolve(one, -1, ({"a": V, "b": [V4]}, Point(V, V))),
        VectorizeValueError,
        "vmap(one): the batch axes differ in size:\n"
        "  size 3: axis -1 of x[0]['a'], shape (3,)\n          axis -1 of x[1].x, shape (3,)\n"
        f"          axis -1 of x[1].y, shape (3,)\n  size 4: axis -1 of x[0]['b'][0], shape (4,)\n{SIZES}",
        id="B024 inside containers",
    ),
    pytest.param(
        lambda: resolve(starred, 0, V, y=V4),
        VectorizeValueError,
        "vmap(starred): the batch axes differ in size:\n"
        f"  size 3: axis 0 of x, shape (3,)\n  size 4: axis 0 of kwargs['y'], shape (4,)\n{SIZES}",
        id="B027 keyword",
    ),
    pytest.param(
        lambda: resolve(one, 0, [V] * 7 + [V4]),
        VectorizeValueError,
        "vmap(one): the batch axes differ in size:\n"
        "  size 3: axis 0 of x[0], shape (3,)\n"
        + "".join(f"          axis 0 of x[{i}], shape (3,)\n" for i in range(1, 5))
        + f"          and 2 more\n  size 4: axis 0 of x[7], shape (4,)\n{SIZES}",
        id="B023 many",
    ),
    pytest.param(
        lambda: resolve(f, 0),
        VectorizeTypeError,
        "f(x, y=2.0) cannot be called with these arguments: missing a required argument: 'x'",
        id="missing argument",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), CALL_ERRORS)
def test_errors_at_call_time(call: Callable[[], Any], kind: type[Exception], message: str) -> None:
    assert error_text(kind, call) == message


OUT_AXES = [
    pytest.param(1, V, (1,), id="B031 one axis"),
    pytest.param((1, 0), (V, V), ((1,), (0,)), id="B032 one per output"),
    pytest.param(-1, V, (-1,), id="B033 negative is kept"),
    pytest.param(None, V, (U,), id="B035 None"),
    pytest.param((1,), V, (1,), id="B038 one-element tuple for a single output"),
    pytest.param((1,), (V,), ((1,),), id="B038 one-element tuple for a tuple"),
    pytest.param((0, {"a": None}), (V, {"a": [V, V]}), ((0,), {"a": [(U,), (U,)]}), id="B043 nested prefix"),
    pytest.param(0, Point(V, [None]), Point((0,), [(0,)]), id="B041 None is a leaf"),
    pytest.param({"mean": 0, "cov": 1}, State(V, V), State((0,), (1,)), id="B043 dict for a dataclass"),
    pytest.param([0, 1], (V, V), ((0,), (1,)), id="list for a tuple"),
    pytest.param(0, (), (), id="B021 empty tuple"),
]


@pytest.mark.parametrize(("spec", "result", "expected"), OUT_AXES)
def test_out_axes(spec: Any, result: Any, expected: Any) -> None:
    found = broadcast_out_axes((make_layer(0, spec),), result, "f")
    assert found == expected
    assert all(type(leaf) is LeafAxes for leaf in tree.leaves(found))


def test_out_axes_of_nested_layers() -> None:
    layers = make_layer(0, (0, -1)), make_layer(0, {"a": 1, "b": None}), make_layer(0, 2)
    assert broadcast_out_axes(layers[1:], {"b": V, "a": V}) == {"b": (U, 2), "a": (1, 2)}
    assert broadcast_out_axes((layers[0], layers[2]), (V, [V])) == ((0, 2), [(-1, 2)])


OUT_ERRORS = [
    pytest.param(
        (0, 0, 0),
        (V, V),
        VectorizeValueError,
        "vmap(f): out_axes does not match what the function returns:\n  out_axes is a tuple of length 3\n"
        "  result is a tuple of length 2\nGive one axis for the whole of it, or a tuple of length 2.",
        id="B039 too many",
    ),
    pytest.param(
        (0, (1,)),
        (V, [V, V]),
        VectorizeValueError,
        "vmap(f): out_axes[1] does not match what the function returns:\n  out_axes[1] is a tuple of length 1\n"
        "  result[1] is a list of length 2\nGive one axis for the whole of it, or a tuple of length 2.",
        id="B039 too few, inside",
    ),
    pytest.param(
        (0, 1),
        V,
        VectorizeTypeError,
        "vmap(f): out_axes does not match what the function returns:\n  out_axes is a tuple of length 2\n"
        "  result is an array of shape (3,) and dtype float64\n"
        "Give one axis for the whole of it, or None if it is the same for all examples.",
        id="B039 tuple for an array",
    ),
    pytest.param(
        {"b": 0},
        {"a": V},
        VectorizeTypeError,
        "vmap(f): out_axes does not match what the function returns:\n  out_axes is a dict with the keys 'b'\n"
        "  result is a dict with the keys 'a'\nGive one axis for the whole of it, or a dict with the keys 'a'.",
        id="B044 wrong key",
    ),
]


@pytest.mark.parametrize(("spec", "result", "kind", "message"), OUT_ERRORS)
def test_out_axes_errors(spec: Any, result: Any, kind: type[Exception], message: str) -> None:
    assert error_text(kind, lambda: broadcast_out_axes((make_layer(0, spec),), result, "f")) == message


def test_out_axes_error_names_the_layer() -> None:
    layers = make_layer(0, {"a": 0}), make_layer()
    text = error_text(VectorizeTypeError, lambda: broadcast_out_axes(layers, (V, V), "f"))
    assert text.startswith("vmap(vmap(f)): out_axes does not match")


@pytest.mark.parametrize(("axis", "rank", "expected"), [(0, 1, 0), (-1, 3, 2), (2, 3, 2), (-3, 3, 0)])
def test_normalize_out_axis(axis: int, rank: int, expected: int) -> None:
    assert normalize_out_axis(axis, rank) == expected


@pytest.mark.parametrize("axis", [2, -3])
def test_normalize_out_axis_out_of_range(axis: int) -> None:  # B034
    assert error_text(VectorizeValueError, lambda: normalize_out_axis(axis, 2, "[0]['w']")) == (
        f"vmap: out_axes gives axis {axis} for result[0]['w'], which is out of range: with the batch axis in it the "
        "result has rank 2.\nGive an axis from -2 to 1."
    )


def test_layers_compare_and_hash_by_content() -> None:
    one, other = make_layer([0, {"a": None}], {"b": 1}, 3), make_layer((0, {"a": None}), {"b": np.int8(1)}, 3)
    assert one == other
    assert hash(one) == hash(other)
    assert one != make_layer((0, {"a": 0}), {"b": 1}, 3)
    assert one.in_axes == (0, {"a": U})
    assert make_layer(one.in_axes, one.out_axes) == make_layer((0, {"a": None}), {"b": 1})


def test_unbatched_is_a_singleton_under_pickle() -> None:
    assert pickle.loads(pickle.dumps(U)) is U
    assert repr(U) == "UNBATCHED"


def test_signature_of_what_tells_none() -> None:
    assert str(signature_of(max)) == "(*args, **kwargs)"
    assert list(resolve(lambda *args, **kwargs: 0, 0, V, k=V).axes) == ["args", "kwargs"]
