"""Random programs, axes, dtypes and sizes: the loop is the oracle.  `make fuzz` runs many more of them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.programs import LENGTH, load_program, make_arguments, write_program
from vectorizer import tree, vmap
from vectorizer.errors import FallbackWarning, VectorizeError
from vectorizer.testing import assert_matches_loop

SEEDED = int(os.environ.get("VECTORIZER_PROGRAMS", "2000"))
CHUNK = 50
SLOW = 30  # seconds for one program: its loop takes milliseconds

ALL_BATCHED = (0,) * 7
AXES = (
    ALL_BATCHED,
    (-1,) * 7,
    (0, -1, None, 0, None, 0, None),  # n and s are shared
    (None, 0, 0, 0, 0, None, None),  # x is shared: a program that stores into it is looped
    (0, 0, 0, None, 0, 0, -1),
)
SIZES = (3, 1, LENGTH)
TOLERANCES = {"float64": 1e-9, "int64": 0.0, "float32": 1e-4, "mixed": 1e-4}


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """An error when something takes longer, where the system has alarms: emitted loops must end."""

    def stop(*_: Any) -> None:
        raise TimeoutError(f"not done after {seconds} s")

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def widen(result: Any) -> Any:
    """Results in double precision: whether an example gives a weak Python number depends on its path."""
    return tree.map_tree(lambda leaf: np.asarray(leaf).astype(np.float64), result)


def warns(function: Callable[..., Any], args: tuple[Any, ...], in_axes: Any) -> bool:
    """Whether the loop warns, as of an overflow: then sums in another order may differ."""
    axes = [(arg, axis) for arg, axis in zip(args, in_axes, strict=True)]
    size = next(np.shape(arg)[axis] for arg, axis in axes if axis is not None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            for i in range(size):
                function(*(arg.copy() if axis is None else np.moveaxis(arg, axis, 0)[i].copy() for arg, axis in axes))
        except RuntimeWarning:
            return True
        except Exception:  # noqa: BLE001 - the comparison sees it
            return False
    return False


def check_program(source: str, folder: Path, dtypes: str, size: int, in_axes: tuple[Any, ...], seed: int) -> int:
    """Compare one program with the loop; gives the number of fallbacks."""
    function = load_program(source, folder)
    if dtypes in ("float32", "mixed"):
        in_axes = ALL_BATCHED  # `widen` copies results, which must not share memory with what other examples change
    args = make_arguments(np.random.default_rng(seed), dtypes, size, in_axes)
    if warns(function, args, in_axes):
        return 0
    vmapped = vmap(function, in_axes)
    fallbacks: list[str] = []

    def run(*arguments: Any) -> Any:
        with warnings.catch_warnings(record=True) as given:
            warnings.simplefilter("always")
            result = vmapped(*arguments)
        fallbacks.extend(str(item.message) for item in given if issubclass(item.category, FallbackWarning))
        for item in given:
            warnings.warn_explicit(item.message, item.category, item.filename, item.lineno)
        return widen(result) if dtypes in ("float32", "mixed") else result

    def one(*arguments: Any) -> Any:
        result = function(*arguments)
        return widen(result) if dtypes in ("float32", "mixed") else result

    try:
        with time_limit(SLOW):
            assert_matches_loop(one, args, in_axes, vmapped=run, rtol=TOLERANCES[dtypes])
        own = [text for text in fallbacks if re.search(r"the rewriter failed|the emitted code raised", text)]
        assert not own, own[0]
    except (AssertionError, TimeoutError) as error:
        raise AssertionError(report(error, source, vmapped, args, (dtypes, size, in_axes, seed))) from error
    return len(fallbacks)


def report(error: Exception, source: str, vmapped: Any, args: tuple[Any, ...], key: tuple[Any, ...]) -> str:
    try:
        emitted = vmapped.source()
    except VectorizeError as reason:
        emitted = f"(no source: {reason})"
    given = "\n".join(f"{name} = {arg!r}" for name, arg in zip("xystncp", args, strict=True))
    program = source[source.index("def program") :]
    return f"{error}\n\n{key}\n{program}\n--- emitted\n{emitted}\n--- arguments\n{given}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: Any) -> Path:
    return tmp_path_factory.mktemp("programs")


# Hypothesis shrinks what it finds here.
@pytest.mark.parametrize("dtypes", TOLERANCES)
@given(
    random=st.randoms(use_true_random=False),
    in_axes=st.sampled_from(AXES),
    size=st.sampled_from(SIZES),
    seed=st.integers(0, 50),
)
@settings(suppress_health_check=list(HealthCheck))
def test_program(dtypes: str, random: Random, in_axes: Any, size: int, seed: int, folder: Path) -> None:
    check_program(write_program(random, integers=dtypes == "int64"), folder, dtypes, size, in_axes, seed)


# And these are many: writing a program from a seed costs next to nothing.
@pytest.mark.parametrize("start", range(0, SEEDED, CHUNK))
def test_seeded_programs(start: int, folder: Path) -> None:
    fallbacks = 0
    for seed in range(start, start + CHUNK):
        dtypes = list(TOLERANCES)[seed % 4]
        source = write_program(Random(seed), integers=dtypes == "int64")
        in_axes = AXES[seed // 4 % len(AXES)] if seed % 3 == 0 else ALL_BATCHED
        fallbacks += bool(check_program(source, folder, dtypes, SIZES[seed % 3], in_axes, seed))
    assert fallbacks < 0.8 * CHUNK, "most are looped, so that little is tested"


# --- axes, dtypes, sizes ---


def elementwise(A, v):
    return A * 2 + v, np.where(A > v, A, v[0])


def contracted(A, v):
    return A @ v, (A * v).sum(axis=1), A.max()


def accumulated(A, v):
    total = v[0]
    for row in A:
        for i in range(len(v)):
            total = total + row[i] * v[i]
    return total


def recurrent(A, v):
    state = v.copy()
    for row in A:
        state = state + row - state[0]
    return state, A[-1]


def stored(A, v):
    out = np.zeros_like(A)
    for i in range(A.shape[0]):
        out[i] = v + i
        out[i, 0] = A[i, -1]
    return out.T, out[0]


def branched(A, v):
    if v[0] > A[0, 0]:
        return A[:, 0]
    w = A[:, -1]
    return w + w


def searched(A, v):
    for i in range(len(v)):
        if v[i] > 0:
            break
    return i, np.sort(v)[0], np.argmax(A[:, i])


FUNCTIONS = [elementwise, contracted, accumulated, recurrent, stored, branched, searched]


@st.composite
def calls(draw: Any) -> dict[str, Any]:
    """A function, a dtype, sizes of which several are often equal, and axes for two arguments and for the results."""
    rows, columns, size = (draw(st.sampled_from((3, 1, 2, 4))) for _ in range(3))
    in_axes = draw(st.tuples(*(st.one_of(st.none(), st.integers(-ndim, ndim - 1)) for ndim in (3, 2))))
    if in_axes == (None, None):
        in_axes = (draw(st.integers(-3, 2)), None)
    rng = np.random.default_rng(draw(st.integers(0, 20)))
    dtypes = draw(st.tuples(*[st.sampled_from(("f8", "f4", "i8", "i4"))] * 2))
    args = []
    for shape, axis, dtype in zip(([rows, columns], [columns]), in_axes, dtypes, strict=True):
        if axis is not None:
            shape.insert(axis % (len(shape) + 1), size)
        args.append(rng.integers(-5, 6, shape).astype(dtype))
    function = draw(st.sampled_from(FUNCTIONS))
    return {"f": function, "args": tuple(args), "in_axes": in_axes, "out_axes": draw(st.sampled_from((0, -1)))}


@given(call=calls())
def test_axes_dtypes_and_sizes(call: dict[str, Any]) -> None:
    assert_matches_loop(**call)


@given(calls=st.lists(calls(), min_size=2, max_size=5))
def test_one_vectorized_function_for_all_calls(calls: list[dict[str, Any]]) -> None:
    """Guards tell apart what must be told apart: earlier calls leave no trace in later ones."""
    vmapped: dict[Any, Any] = {}
    for call in calls:
        key = call["in_axes"], call["out_axes"]
        for function in (calls[0]["f"], call["f"]):
            again = vmapped.setdefault((function, key), vmap(function, *key))
            assert_matches_loop(**{**call, "f": function}, vmapped=again)


# --- what is emitted ---

EMIT = """
import sys, warnings
from pathlib import Path
from random import Random
import numpy as np
from tests.programs import load_program, make_arguments, write_program
from vectorizer import VectorizeError, vmap

for seed in range(24):
    function = load_program(write_program(Random(seed)), Path(sys.argv[1]))
    vmapped = vmap(function)
    texts = []
    for _ in range(2):
        args = make_arguments(np.random.default_rng(seed), "float64", 3, (0,) * 7)
        try:
            texts.append(vmapped.source(*args) + vmapped.diff(*args) + vmapped.explain(*args))
        except VectorizeError as error:
            texts.append(str(error))
        vmapped.cache_clear()
    assert texts[0] == texts[1], seed
    print(texts[0])
"""


def test_the_same_is_emitted_under_two_hash_seeds(tmp_path: Path) -> None:
    root = Path(__file__).parent.parent
    texts = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)}
        command = [sys.executable, "-W", "ignore", "-c", EMIT, str(tmp_path)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        texts.append(done.stdout)
    assert texts[0] == texts[1]
    assert texts[0].count("def program") > 10
