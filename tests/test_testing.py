"""The checker: it accepts right vectorized functions, and objects to wrong ones."""

from __future__ import annotations

import copy
import threading
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from vectorizer.errors import FallbackWarning, VectorizeValueError
from vectorizer.testing import assert_matches_loop

X = np.arange(12.0).reshape(3, 4)
SQUARE = np.arange(9.0).reshape(3, 3)  # the batch size is an example's size too: swapped axes do not show in the shape


class Point(NamedTuple):
    x: Any
    y: Any


def scale(x, w):
    return x * w


def raises_at_one(k):
    if k == 1:
        raise KeyError("one")
    return k


def set_first(x, k):
    x[0] = k
    return x.sum()


def set_first_batched(x, k):
    x[:, 0] = k
    return x.sum(1)


def warn_fallback(x):
    warnings.warn("kernels.py:3: no batching rule for `g`", FallbackWarning, stacklevel=2)
    return x * 2


RIGHT = [
    pytest.param(scale, (X, 2), (0, None), 0, scale, id="shared argument"),
    pytest.param(scale, (X, np.arange(4.0)), (1, 0), 1, lambda x, w: x * w, id="B031 out axis"),
    pytest.param(lambda x: x.sum(), (X,), 0, 0, lambda x: x[:, ::-1].sum(1), id="reassociated sum"),
    pytest.param(lambda x: np.log(x - 1), (X,), 0, 0, lambda x: np.log(x - 1), id="NaN, infinity, and its warnings"),
    pytest.param(lambda x: {"a": (x, None)}, (X,), 0, 0, lambda x: {"a": (x, None)}, id="B041 structure"),
    pytest.param(lambda x: (x, "m"), (X,), 0, (0, None), lambda x: (x, "m"), id="B035 shared result"),
    pytest.param(lambda x: 1.0, (X,), 0, None, lambda x: np.float64(1), id="B035 shared number"),
    pytest.param(set_first, (X, np.arange(3)), 0, 0, set_first_batched, id="B105 mutation"),
    pytest.param(lambda x: x[0], (np.zeros((0, 2), "f4"),), 0, 0, lambda x: x[:, 0], id="B150 no examples"),
    pytest.param(lambda x: x / 3, (X.astype("f2"),), 0, 0, lambda x: x / np.float16(3), id="float16"),
    pytest.param(lambda d: d, (np.array(["NaT", "2020-01-01"], "M8[D]"),), 0, 0, lambda d: d.copy(), id="NaT"),
    pytest.param(lambda s: s, (["a", "b"],), 0, 0, np.asarray, id="strings"),
    pytest.param(lambda x: 2**70, (X,), 0, 0, lambda x: np.array([2**70] * 3, object), id="objects"),
    pytest.param(warn_fallback, (X,), 0, 0, warn_fallback, id="FallbackWarning is allowed"),
    pytest.param(raises_at_one, (np.arange(3),), 0, 0, lambda k: [raises_at_one(i) for i in k], id="raises too"),
]


@pytest.mark.parametrize(("f", "args", "in_axes", "out_axes", "vmapped"), RIGHT)
def test_accepts_what_the_loop_does(f: Any, args: Any, in_axes: Any, out_axes: Any, vmapped: Any) -> None:
    before = copy.deepcopy(args)
    result = assert_matches_loop(f, args, in_axes, out_axes, vmapped=vmapped)
    for one, other in zip(before, args, strict=True):
        np.testing.assert_array_equal(one, other)
    if f is raises_at_one:
        assert result is None


def test_returns_the_vectorized_result() -> None:
    result = np.zeros(3)
    assert assert_matches_loop(lambda x: 0.0, (X,), vmapped=lambda x: result) is result


def test_keywords_and_axis_size() -> None:
    assert_matches_loop(scale, (X,), kwargs={"w": np.arange(3)}, vmapped=lambda x, w: x * w[:, None])
    assert_matches_loop(lambda: 1, (), axis_size=2, vmapped=lambda: np.array([1, 1]))


def test_arguments_that_cannot_be_copied() -> None:
    params = {"lock": threading.Lock(), "w": np.ones(4)}

    def f(x: Any, p: Any) -> Any:
        p["w"] += 1
        return x.sum()

    def batched(x: Any, p: Any) -> Any:
        p["w"] += 3
        return x.sum(1)

    assert_matches_loop(f, (X, params), (0, None), vmapped=batched)
    assert params["w"].tolist() == [1.0] * 4


def test_both_refuse() -> None:
    def refuses(x: Any) -> Any:
        raise VectorizeValueError("out of range")

    assert assert_matches_loop(lambda x: x, (X,), in_axes=5, vmapped=refuses) is None


HEAD = "vmap(f) does not do what the loop does: "

WRONG = [
    pytest.param(
        lambda x: x, (SQUARE,), {}, lambda x: x.T,
        "result: 6 of 9 values differ in examples 0, 1, 2; first at index [0, 1]:\n"
        "  expected np.float64(1.0)\n  got      np.float64(3.0)\n  allowed: rtol=3.08e-15, atol=2.46e-14",
        id="swapped axes, same shape",
    ),
    pytest.param(
        lambda x: x, (X,), {}, lambda x: x.T,
        "result has another shape.\n  expected (3, 4)\n  got      (4, 3)",
        id="swapped axes",
    ),
    pytest.param(
        lambda x: {"a": x, "b": (x.astype("f4"),)}, (X,), {}, lambda x: {"a": x, "b": (x,)},
        "result['b'][0] has another dtype.\n  expected float32\n  got      float64",
        id="missing cast",
    ),
    pytest.param(
        set_first, (X, np.arange(3) + 1), {}, lambda x, k: set_first_batched(x.copy(), k),
        "argument x after the call: 3 of 12 values differ in examples 0, 1, 2; first at index [0, 0]:\n"
        "  expected np.float64(1.0)\n  got      np.float64(0.0)\n  allowed: rtol=3.55e-15, atol=3.91e-14",
        id="forgotten mutation",
    ),
    pytest.param(
        lambda p: p["w"].sort(), ({"w": SQUARE[::-1].T},), {}, lambda p: p["w"].sort(0),
        "argument p['w'] after the call: 6 of 9 values differ in examples 0, 1, 2; first at index [0, 0]:\n"
        "  expected np.float64(0.0)\n  got      np.float64(6.0)\n  allowed: rtol=3.08e-15, atol=2.46e-14",
        id="mutation along the wrong axis",
    ),
    pytest.param(
        lambda x, seen: seen.append(1), (X, []), {"in_axes": (0, None)}, lambda x, seen: seen.append(1),
        "argument seen after the call has another structure.\n  expected a list of length 3\n"
        "  got      a list of length 1",
        id="mutated list",
    ),
    pytest.param(
        lambda x: int(x[0]), (X,), {}, lambda x: x[:, 0].astype(int) + [0, 0, 1],
        "result: 1 of 3 values differ in example 2; first at index [2]:\n"
        "  expected np.int64(8)\n  got      np.int64(9)",
        id="one int in one example",
    ),
    pytest.param(
        lambda x: x + 1e-9, (X,), {"out_axes": 1}, lambda x: x.T,
        "result: 12 of 12 values differ in examples 0, 1, 2; first at index [0, 0]:\n"
        "  expected np.float64(1e-09)\n  got      np.float64(0.0)\n  allowed: rtol=3.55e-15, atol=3.91e-14",
        id="small difference, out axis 1",
    ),
    pytest.param(
        lambda x: x, (np.arange(20),), {}, lambda x: -x,
        "result: 19 of 20 values differ in examples 1, 2, 3, 4, 5, 6, 7, 8, … (19 in all); first at index [1]:\n"
        "  expected np.int64(1)\n  got      np.int64(-1)",
        id="many examples",
    ),
    pytest.param(
        lambda x: (x, x), (X,), {}, lambda x: [x, x],
        "result has another structure.\n  expected a tuple of length 2\n  got      a list of length 2",
        id="another container",
    ),
    pytest.param(
        lambda x: Point(x, {"k": x}), (X,), {}, lambda x: Point(x, {"j": x}),
        "result.y has another structure.\n  expected a dict with the keys 'k'\n  got      a dict with the keys 'j'",
        id="another key",
    ),
    pytest.param(
        lambda x: 1.0, (X,), {"out_axes": None}, lambda x: 1.0,
        "result is no array.\n  expected an array of shape () and dtype float64\n  got      1.0 (float)",
        id="a number for an array",
    ),
    pytest.param(
        lambda x: (x, "m"), (X,), {"out_axes": (0, None)}, lambda x: (x, "n"),
        "result[1] differs.\n  expected 'm' (str)\n  got      'n' (str)",
        id="a shared result",
    ),
    pytest.param(
        lambda x: None, (X,), {}, lambda x: np.zeros(3),
        "result differs.\n  expected None\n  got      an array of shape (3,) and dtype float64",
        id="None expected",
    ),
    pytest.param(
        lambda x: x[0], (X,), {}, lambda x: None,
        "result is no array.\n  expected an array of shape (3,) and dtype float64\n  got      None",
        id="None given",
    ),
    pytest.param(
        raises_at_one, (np.arange(3),), {}, lambda k: k,
        "exceptions differ.\n  expected KeyError: 'one' (raised by example 1 of 3, at {file}:{line} in raises_at_one: "
        'raise KeyError("one"))\n  got      no exception',
        id="forgotten exception",
    ),
    pytest.param(
        raises_at_one, (np.arange(3),), {}, lambda k: {}["a"] if k is None else [][0],
        "exceptions differ.\n  expected KeyError: 'one' (raised by example 1 of 3, at {file}:{line} in raises_at_one: "
        'raise KeyError("one"))\n  got      IndexError: list index out of range',
        id="another exception",
    ),
    pytest.param(
        lambda x: x, (X,), {}, lambda x: x[5],
        "exceptions differ.\n  expected no exception\n  got      IndexError: index 5 is out of bounds for axis 0 with "
        "size 3",
        id="exception of its own",
    ),
    pytest.param(
        lambda d: 1 / d if d else 0.0, (np.arange(3.0),), {}, lambda d: np.where(d != 0, 1 / d, 0.0),
        "it warns where the loop does not.\n  RuntimeWarning: divide by zero encountered in divide",
        id="B122 warning of a branch not taken",
    ),
    pytest.param(
        warn_fallback, (X,), {"native": True}, warn_fallback,
        "part of it is looped.\n  kernels.py:3: no batching rule for `g`",
        id="native",
    ),
    pytest.param(
        lambda x: x + 0.5, (X,), {"rtol": 0, "atol": 0.25}, lambda x: x,
        "result: 12 of 12 values differ in examples 0, 1, 2; first at index [0, 0]:\n"
        "  expected np.float64(0.5)\n  got      np.float64(0.0)\n  allowed: rtol=0, atol=0.25",
        id="tolerances given",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("f", "args", "options", "vmapped", "message"), WRONG)
def test_objects(
    f: Callable[..., Any], args: Any, options: dict[str, Any], vmapped: Any, message: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr(f, "__name__", "f")
    line = raises_at_one.__code__.co_firstlineno + 2
    with pytest.raises(AssertionError) as caught:
        assert_matches_loop(f, args, vmapped=vmapped, **options)
    assert str(caught.value) == HEAD + message.replace("{file}", __file__).replace("{line}", str(line))


def test_the_exception_behind_a_failure_is_its_cause() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_matches_loop(lambda x: x, (X,), vmapped=lambda x: x[5])
    assert isinstance(caught.value.__cause__, IndexError)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "c8", "c16"])
@pytest.mark.parametrize(("roundings", "accepted"), [(1, True), (1000, False)])
def test_tolerance_scales_with_the_dtype(dtype: str, roundings: int, accepted: bool) -> None:
    error = roundings * np.finfo(dtype).eps
    x = np.ones((2, 1), dtype)
    got = (x * (1 + error)).astype(dtype)
    if accepted:
        assert_matches_loop(lambda v: v, (x,), vmapped=lambda v: got)
    else:
        with pytest.raises(AssertionError):
            assert_matches_loop(lambda v: v, (x,), vmapped=lambda v: got)


def test_tolerance_scales_with_the_length() -> None:
    x = np.full((2, 10_000), 0.1)
    running = [sum(row.tolist()) for row in x]
    assert running != x.sum(1).tolist()
    assert_matches_loop(lambda v: v.sum(), (x,), vmapped=lambda v: np.array(running))


def test_a_cancelling_sum_is_compared_by_the_size_of_its_terms() -> None:
    x = np.array([[1e8, 0.1, -1e8, -0.1]])
    assert_matches_loop(lambda v: ((v[0] + v[1]) + v[2]) + v[3], (x,), vmapped=lambda v: (v[:, :2] + v[:, 2:]).sum(1))


def test_default_is_vmap(monkeypatch: Any) -> None:
    import vectorizer

    seen: list[Any] = []

    def vmap(fun: Any, in_axes: Any, out_axes: Any, *, axis_size: Any) -> Any:
        seen.append((in_axes, out_axes, axis_size))
        return lambda x: x.T * 2

    monkeypatch.setattr(vectorizer, "vmap", vmap, raising=False)
    assert_matches_loop(lambda x: x * 2, (X,), 1, 0, axis_size=4)
    assert seen == [(1, 0, 4)]
