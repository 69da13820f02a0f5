"""Large batches in blocks and on threads: the results are those of the whole batch, bit by bit and in order."""

from __future__ import annotations

import math
import threading
import time
import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vectorizer import VectorizeValueError, blocks, threads, vmap
from vectorizer.testing import assert_matches_loop
from vectorizer.traits import Work, traits_of

SIZE = 3000
r = np.random.default_rng(5)
X, Y = r.standard_normal((SIZE, 40)), r.standard_normal(SIZE)


def smooth(x, y):
    z = np.exp(-x * x) * np.cos(x) + y
    return z / (1.0 + z * z)


def pair(x, y):
    z = np.sqrt(np.abs(x)) + y
    return {"sum": np.sum(z * z), "all": (z, y * 2)}


def root(x, y):
    a = abs(y) + 1.0
    z = a
    while abs(z * z - a) > 1e-10 * a:
        z = 0.5 * (z + a / z)
    return z + x[0]


def summed(x, y):
    total = 0.0
    for k in range(1, 40):
        total = 0.5 * total + math.sin(y) * x[k]
    return total


def distance(x, y):
    return np.linalg.norm(x - y, axis=0) + np.max(x) * np.min(x)


def settled(x, y):
    z = x - x[0]
    for k in range(30):
        z = z + 0.1 * (np.sin(z) - y * k)
    return z


FUNCTIONS = [smooth, pair, root, summed, distance, settled]


def same(got: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert list(got) == list(expected)
        for name in expected:
            same(got[name], expected[name])
    elif isinstance(expected, tuple):
        for one, other in zip(got, expected, strict=True):
            same(one, other)
    else:
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("f", FUNCTIONS)
@pytest.mark.parametrize("options", [{}, {"threads": 3}, {"chunk_size": 700}, {"chunk_size": 1, "threads": 2}])
def test_blocks_give_what_the_whole_gives(f: Callable[..., Any], options: dict[str, int]) -> None:
    """Twice: the first call tries out how large the blocks should be."""
    expected = vmap(f, chunk_size=10 * SIZE)(X, Y)
    made = vmap(f, **options)
    same(made(X, Y), expected)
    same(made(X, Y), expected)
    same(made(X[: SIZE // 2], Y[: SIZE // 2]), vmap(f)(X[: SIZE // 2], Y[: SIZE // 2]))


@pytest.mark.parametrize("f", FUNCTIONS)
def test_blocks_match_the_loop(f: Callable[..., Any]) -> None:
    assert_matches_loop(f, (X[:500], Y[:500]))


@pytest.mark.parametrize(("in_axes", "out_axes"), [((1, 0), 0), ((1, 0), 1), ((0, 0), 1)])
def test_other_axes(in_axes: tuple[int, int], out_axes: int) -> None:
    x = np.ascontiguousarray(X.T) if in_axes[0] else X
    expected = smooth(X, Y[:, None])
    for _ in range(2):
        got = vmap(smooth, in_axes, out_axes, chunk_size=64, threads=2)(x, Y)
        np.testing.assert_array_equal(got, np.moveaxis(expected, 0, out_axes))


def test_a_shared_argument_as_long_as_a_block() -> None:
    def f(x, table):
        return np.sum(table * np.exp(x)) + table[0] - x * x

    table = np.arange(1.0, 65.0)
    assert_matches_loop(f, (Y[:640], table), in_axes=(0, None))
    got = vmap(f, (0, None), chunk_size=64)(Y[:640], table)
    np.testing.assert_array_equal(got, vmap(f, (0, None), chunk_size=9999)(Y[:640], table))


def test_results_whose_dtype_or_shape_differs_between_blocks() -> None:
    """No example's result may be cast to what an earlier block happened to give."""
    calls: list[int] = []

    def run(x: Any) -> Any:
        calls.append(len(x))
        return x.astype(int) if len(x) == 64 else x * 1.5

    made = blocks.in_blocks(run, "def f(x):\n    return x * 1.5\n", {0: ("x", 0)})
    got = made(Y)
    assert calls[-1] == SIZE
    np.testing.assert_array_equal(got, Y * 1.5)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    def f(x):
        total = 0.0
        for a in x:
            for b in x:
                total = total + np.cos(a * b) * (a - b)
        return total

    made = vmap(f)
    made(X)
    monkeypatch.setenv("VECTORIZER_MEMORY", str(4 << 20))
    monkeypatch.setenv("VECTORIZER_THREADS", "1")
    tracemalloc.start()
    made(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 << 20
    assert SIZE * 40 * 40 * 8 > 8 * peak  # what the whole would take up


@pytest.mark.parametrize("name", ["VECTORIZER_MEMORY", "VECTORIZER_THREADS"])
@pytest.mark.parametrize("value", ["0", "much", "-1"])
def test_settings_that_are_none(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(VectorizeValueError, match=name):
        (blocks.memory_bound if name == "VECTORIZER_MEMORY" else threads.available)()


@pytest.mark.parametrize("name", ["VECTORIZER_MEMORY", "VECTORIZER_THREADS"])
def test_a_setting_that_is_none_is_an_error_of_the_call(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """And not a loop with a warning."""
    made = vmap(lambda x: np.exp(np.sin(x) * np.cos(x)).sum())
    monkeypatch.setenv(name, "much")
    for _ in range(2):
        with pytest.raises(VectorizeValueError, match=f"{name} is 'much'"):
            made(X)
    monkeypatch.delenv(name)
    assert made(X).shape == (len(X),)


@pytest.mark.parametrize("option", ["chunk_size", "threads"])
@pytest.mark.parametrize("value", [0, -2, 1.5, True, "4"])
def test_options_that_are_none(option: str, value: Any) -> None:
    with pytest.raises(VectorizeValueError, match=option):
        vmap(smooth, **{option: value})


def all_products(x):
    total = 0.0
    for i in range(len(x)):
        for j in range(len(x)):
            total += np.cos(x[i] * x[j]) * (i - j)
    return total


def test_loops_are_axes_however_large_the_batch() -> None:
    """The temporaries are those of a block, so that the number of examples does not speak against an axis."""
    made = vmap(all_products)
    made(np.zeros((20_000, 40)))
    assert "for " not in made.source()
    made = vmap(all_products, out_axes=-1)  # not run in blocks: the result's axis is not known beforehand
    made(np.zeros((20_000, 40)))
    assert "for " in made.source()


# --- threads ---------------------------------------------------------------------------------------------------------


def test_all_pieces_run_once_on_several_threads() -> None:
    seen: list[tuple[int, int]] = []
    started = threading.Barrier(3)

    def work(k: int) -> None:
        if k < 3:
            started.wait(10)  # three threads are here at once
        seen.append((k, threading.get_ident()))

    threads.run_all(work, 50, 3)
    assert sorted(k for k, _ in seen) == list(range(50))
    assert len({ident for _, ident in seen}) == 3


def test_the_first_failure_is_raised_and_work_stops() -> None:
    seen: list[int] = []

    def work(k: int) -> None:
        seen.append(k)
        time.sleep(0.001)
        if k in (3, 4):
            raise KeyError(k)

    with pytest.raises(KeyError) as caught:
        threads.run_all(work, 500, 2)
    assert caught.value.args[0] in (3, 4)
    assert len(seen) < 20


def test_pieces_inside_of_pieces_end() -> None:
    counts: list[int] = []
    threads.run_all(lambda _: threads.run_all(counts.append, 5, 2), 6, 2)
    assert sorted(counts) == sorted(list(range(5)) * 6)


def test_threads_see_the_caller_s_errstate() -> None:
    def f(x):
        return np.log(x) + np.sqrt(x) * 2 - x

    made = vmap(f, chunk_size=100, threads=2)
    made(np.ones(SIZE))
    x = np.ones(SIZE)
    x[-1] = 0.0
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert made(x)[-1] == -np.inf
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError, match="divide by zero"):
        made(x)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        made(x)


def test_exceptions_are_the_loop_s() -> None:
    def f(x):
        return math.log(x) + math.sqrt(x) * 2 - x

    x = np.ones(SIZE)
    x[[1700, 2900]] = -1.0
    made = vmap(f, chunk_size=100, threads=2)
    made(np.ones(SIZE))
    with pytest.raises(ValueError, match="math domain error|expected a") as caught:
        made(x)
    assert any("1700" in note for note in caught.value.__notes__)


def ident_of(x: Any) -> Any:
    IDENTS.add(threading.get_ident())
    return x * 2.0


IDENTS: set[int] = set()


@pytest.mark.parametrize(
    "body",
    [
        "print(x)\n    return x + 1",
        "LOG.append(1)\n    return x + 1",
        "TABLE[0] = 1.0\n    return x + 1",
        "global LOG\n    LOG = 3\n    return x + 1",
        "return other(x) + 1",
        "return np.vectorize(other)(x)",
        "return np.random.normal(0, 1) + x",
        "return x.callback(3)",
        "return max(x, key=other)",
        "return g(x)",
        "return PYTHON(x)",
    ],
)
def test_what_threads_may_not_run(body: str) -> None:
    names = {"np": np, "LOG": [], "TABLE": np.zeros(3), "other": ident_of, "PYTHON": np.frompyfunc(ident_of, 1, 1)}
    assert not traits_of(f"def f(x, g):\n    {body}\n", names).is_pure


@pytest.mark.parametrize(
    ("body", "work"),
    [
        ("return np.exp(x) + math.pi", Work.RUN),
        ("y = np.add.reduce(x)\n    return erf(x.sum(axis=1)) + TABLE.min() + len(x)", Work.RUN),
        ("while x.any():\n        x = x[x > 1]\n    return x", Work.LANES),
        ("return (x @ x.T).astype(np.float32)", Work.PRODUCTS),
        ("out = np.zeros(3)\n    for k in range(3):\n        out[k] = h(x)\n    return out", Work.LOOPS),
        ("for k in range(3):\n        j = 2 - k\n        x = x + x[:, j]\n    return x", Work.LOOPS),
        ("for row in x:\n        x = x + row\n    return x", Work.LOOPS),
        ("for k in range(3):\n        x = x + h(k)\n    return x", Work.LOOPS),
        ("for k in range(3):\n        x = x @ x\n    return x", Work.LOOPS),
        ("for k in range(3):\n        x = np.exp(x) + k * x[:, 0]\n    return x", Work.LOOPS),
        ("for k in range(3):\n        x += x[:, k : k + 1] * x[..., k]\n    return x", Work.LOOPS),
        ("return sum([np.exp(x[:, k : k + 5]) for k in range(3)])", Work.LOOPS),
    ],
)
def test_what_threads_may_run(body: str, work: Work) -> None:
    text = f"from scipy.special import erf\ndef h(x):\n    return x\ndef f(x):\n    {body}\n"
    traits = traits_of(text, {"np": np, "math": math, "TABLE": np.zeros(3)})
    assert traits.is_pure
    assert traits.work is work


def test_functions_with_side_effects_stay_on_one_thread() -> None:
    made = blocks.in_blocks(
        ident_of, "def ident_of(x):\n    IDENTS.add(threading.get_ident())\n    return x * 2.0\n",
        {0: ("x", 0)}, options=blocks.Options(10, 4),
    )  # fmt: skip
    IDENTS.clear()
    np.testing.assert_array_equal(made(Y), Y * 2.0)
    assert IDENTS == {threading.get_ident()}
