"""Backends: what is emitted for CuPy, executed on a device that is none (`fake_device.py`)."""

from __future__ import annotations

import os
import types
import warnings
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import fake_device
from tests.corpus import all_cases
from tests.fake_device import CUPY, FAKE, DeviceArray, counts, reset
from tests.test_corpus import DTYPE_OF_THE_LANES, make_arguments, read_listed, watch
from tests.test_rules import compiled
from vectorizer import array_functions, jit, vmap
from vectorizer.backends import Backend, find_backend, find_owner, known_backends, registry
from vectorizer.backends.inventory import list_names
from vectorizer.errors import FallbackWarning, VectorizeTypeError, VectorizeValueError
from vectorizer.testing import assert_matches_loop

CASES = {case.name: case for case in all_cases()}
LISTED = Path(__file__).parent / "corpus" / "on_host.txt"
UPDATE = "VECTORIZER_UPDATE_LOOPED"
HEAD = (
    f"# The cases that do not run on a device, whole or in part, beside those of looped.txt; {UPDATE}=1 writes them.\n"
)
SIZE = 3
RNG = np.random.default_rng(0)
pytestmark = pytest.mark.usefixtures("fake")
needs_cupy = pytest.mark.skipif(find_spec("cupy") is None, reason="CuPy is not installed")


def host(array: Any) -> Any:
    assert isinstance(array, DeviceArray)
    return array.host


# --- the corpus ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def on_host() -> Iterator[set[str]]:
    """The names of the cases that did not run on the device; they are written when the update is asked for."""
    found: set[str] = set()
    yield found
    if os.environ.get(UPDATE):
        LISTED.write_text(HEAD + "".join(f"{name}\n" for name in CASES if name in found), encoding="utf-8")


def listed() -> set[str]:
    return {line for line in LISTED.read_text(encoding="utf-8").splitlines() if not line.startswith("#")}


@pytest.mark.parametrize("name", [name for name in CASES if (name, SIZE) not in DTYPE_OF_THE_LANES])
def test_corpus_on_a_device(name: str, on_host: set[str]) -> None:
    case, fallbacks = CASES[name], []
    vmapped = watch(vmap(case.fun, case.in_axes, backend="fake"), fallbacks)
    assert_matches_loop(case.fun, make_arguments(case, SIZE), case.in_axes, vmapped=vmapped)
    if name in read_listed():
        return
    if fallbacks:
        on_host.add(name)
    if not os.environ.get(UPDATE):
        assert bool(fallbacks) == (name in listed()), fallbacks


# --- what CuPy lacks -------------------------------------------------------------------------------------------------

LOWERED = """
return np.vecdot(x, y)
return np.vecdot(x + 1j * y, y + 2j)
return np.matvec(a, x)
return np.vecmat(x, a)
return np.vecmat(x + 1j, a)
return np.linalg.vecdot(x, y)
return sum(np.unstack(a))
return np.unstack(a, axis=1)[0] + x
return np.block([[a, a], [a, a]])
return np.block([x, y])
return np.insert(x, 0, 1.5)
return np.insert(a, 0, 2.0, axis=1)
return np.insert(w, 0, 1.5) + x[0]
return np.nanpercentile(x, 30)
return np.nanpercentile(a, 75, axis=0)
return np.nanquantile(a, 0.2, axis=1)
return np.nanquantile(np.where(a > 0, a, np.nan), 0.5, axis=1)
return np.geomspace(1.0, 8.0, 4)[:3] * x
return np.linalg.svdvals(a)
return np.linalg.multi_dot([a, a, x])
return np.linalg.trace(a)
return np.linalg.trace(a, offset=1)
return np.linalg.diagonal(a)
return np.linalg.diagonal(a, offset=1)
return np.linalg.outer(x, y)
return np.linalg.tensordot(a, a)
return np.linalg.tensordot(a, x, axes=1)
return np.linalg.matrix_norm(a)
return np.linalg.matrix_norm(a, ord=1)
return np.linalg.matrix_norm(a, keepdims=True)
return np.linalg.vector_norm(x)
return np.linalg.vector_norm(a, axis=1)
return np.linalg.vector_norm(a, axis=1, ord=1)
return np.sum(x, where=x > 0)
return np.sum(a, axis=0, where=a > 0)
return np.prod(x, where=x > 0)
return np.max(x, initial=0.0)
return np.max(a, axis=1, initial=-1.0)
return np.min(x, initial=0.5, where=x > 0)
with np.errstate(invalid="ignore"): return np.sqrt(x)
return np.clip(x, min=0)
return np.clip(x, max=y)
return w @ np.linalg.svdvals(a)
return np.maximum.accumulate(x)
return np.minimum.accumulate(a, axis=1)
return np.fmax.accumulate(np.where(x > 0, x, np.nan))
return np.fmin.accumulate(a, axis=0)
return np.logical_and.accumulate(x > -0.5)
return np.logical_or.accumulate(a, axis=1)
return np.maximum.reduce(a, axis=1)
return np.minimum.reduce(a)
return np.fmax.reduce(a, axis=1)
return np.fmin.reduce(np.where(a > 0, a, np.nan), axis=0)
return np.fmax.reduce(x, initial=0.5)
return np.logical_and.reduce(a > -1, axis=1)
return np.logical_or.reduce(x > 1)
return np.bitwise_xor.reduce(x > 0)
return np.hypot.reduce(a, axis=1, keepdims=True)
return np.logaddexp.reduce(x)
return x.sum(where=x > 0)
return a.max(axis=1, initial=0.25)
return x[: w.argmax()].sum()
return np.nanpercentile(a, 30)
return np.searchsorted(np.sort(x), y)
return np.searchsorted(np.sort(a.ravel()), y, side="right")
return np.searchsorted(w, x) if len(w) > 5 else np.searchsorted(np.cumsum(x * x), w)
"""


@pytest.mark.parametrize("statement", LOWERED.strip().splitlines())
def test_lowered(statement: str) -> None:
    """What stands in for functions and keywords that CuPy lacks gives what NumPy gives."""
    f = compiled("x, y, a, w", statement)
    args = (RNG.normal(size=(4, 3)), RNG.normal(size=(4, 3)), RNG.normal(size=(4, 3, 3)), RNG.normal(size=3))
    axes = (0, 0, 0, None)
    vmapped = vmap(f, axes, backend="fake")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        assert_matches_loop(f, args, axes, vmapped=vmapped, native=True)


def test_the_table_has_no_row_too_many() -> None:
    """Each row is for a function that CuPy lacks, that lacks a keyword there, or that does otherwise."""
    assert CUPY.inventory is not None
    have = {name for name in CUPY.rows if CUPY.inventory.has(name)}
    assert have == {"clip", "max", "min", "prod", "sum", "linalg.solve"}


@pytest.mark.parametrize("in_axes", [(None, 0), (0, None), 0])
@pytest.mark.parametrize("columns", [(), (2,)])
def test_stacks_of_matrices_to_solve_for_broadcast(in_axes: Any, columns: tuple[int, ...]) -> None:
    """CuPy wants one shape for both, but for the last axis."""
    axes = (0, 0) if in_axes == 0 else in_axes
    a, b = (
        RNG.normal(size=(5, *shape) if axis == 0 else shape)
        for axis, shape in zip(axes, [(3, 3), (3, *columns)], strict=True)
    )

    def solved(a: Any, b: Any) -> Any:
        return np.linalg.solve(a, b)

    assert_matches_loop(solved, (a, b), in_axes, vmapped=vmap(solved, in_axes, backend="fake"), native=True)


def test_a_function_without_a_row_runs_on_the_host() -> None:
    f = compiled("x", "return np.hypot.accumulate(x)")
    with pytest.warns(FallbackWarning, match="runs on the host, not on fake: fake_cupy has no hypot.accumulate"):
        result = vmap(f)(DeviceArray(np.array([[3.0, 4.0, 12.0]])))
    assert host(result).tolist() == [[3.0, 5.0, 13.0]]


SORTED = np.sort(RNG.random((4, 5)))
GENERATOR = np.random.default_rng(0)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x + 0 * GENERATOR.normal(),
        lambda x: x + 0 * GENERATOR.normal(size=5),
        lambda x: x + 0 * np.random.normal(),
        lambda x: x + np.random.default_rng(3).normal(),
    ],
    ids=["generator", "generator_of_arrays", "global_state", "seeded"],
)
def test_what_is_numpys_alone_runs_on_the_host(f: Any) -> None:
    with pytest.warns(FallbackWarning, match="on the host"):
        result = host(vmap(f)(DeviceArray(SORTED)))
    np.testing.assert_array_equal(result, [f(row) for row in SORTED])


@needs_cupy
def test_the_inventory_is_that_of_cupy() -> None:
    import cupy
    import cupyx.scipy.special

    assert CUPY.inventory is not None
    lines = CUPY.inventory.path.read_text(encoding="utf-8").splitlines()
    assert lines[0].rpartition(".")[0] == f"# CuPy {cupy.__version__.rpartition('.')[0]}"
    assert lines[1:] == list_names(cupy, {"scipy.special": cupyx.scipy.special})


# --- where arguments lie ---------------------------------------------------------------------------------------------


def scaled(x: Any, w: Any) -> Any:
    return np.exp(-x) * w + w.sum()


def test_arrays_of_the_device_stay_there() -> None:
    x, w = RNG.normal(size=(5, 3)), RNG.normal(size=3)
    vmapped = vmap(scaled, (0, None))
    reset()
    for _ in range(3):  # the second and the third take the fast path
        result = vmapped(DeviceArray(x), DeviceArray(w))
    assert (counts.moved, counts.waits) == (0, 0)
    np.testing.assert_allclose(host(result), [scaled(row, w) for row in x])
    assert "import fake_cupy as fc" in vmapped.source()
    assert vmapped.cache_info()[:2] == (2, 1)


def test_one_function_serves_both() -> None:
    x, w = RNG.normal(size=(5, 3)), RNG.normal(size=3)
    vmapped = vmap(scaled, (0, None))
    on_device, plain = vmapped(DeviceArray(x), DeviceArray(w)), vmapped(x, w)
    assert isinstance(plain, np.ndarray)
    np.testing.assert_allclose(host(on_device), plain)
    assert "fake_cupy" not in vmapped.source()


def test_numpy_arrays_are_moved_for_the_backend_that_is_named() -> None:
    x, w = RNG.normal(size=(5, 3)), RNG.normal(size=3)
    reset()
    result = vmap(scaled, (0, None), backend="fake")(x, w)
    assert isinstance(result, np.ndarray) and counts.moved == 3
    np.testing.assert_allclose(result, [scaled(row, w) for row in x])


def test_mixing_is_an_error() -> None:
    with pytest.raises(VectorizeTypeError) as error:
        vmap(scaled, (0, None))(DeviceArray(np.ones((2, 3))), np.ones(3))
    assert str(error.value) == (
        "vmap(scaled): argument x is an array of fake_cupy and argument w is an array of numpy.\n"
        "All arrays must be of one library: fake_cupy.asarray(w) moves one."
    )
    with pytest.raises(VectorizeTypeError, match="argument x is an array of fake_cupy, but the backend is 'numpy'"):
        vmap(scaled, (0, None), backend="numpy")(DeviceArray(np.ones((2, 3))), DeviceArray(np.ones(3)))


def test_mixing_with_an_array_from_outside_is_an_error() -> None:
    table = DeviceArray(np.arange(3.0))
    params = {"w": table}

    def plain(x: Any) -> Any:
        return x * table

    def in_a_dict(x: Any) -> Any:
        return x * params["w"]

    assert host(vmap(plain)(DeviceArray(np.ones((2, 3))))).tolist() == [[0.0, 1.0, 2.0]] * 2
    for function, name in ((plain, "table"), (in_a_dict, r"params\['w'\]")):
        with pytest.raises(
            VectorizeTypeError, match=rf"{name}, which the function reads, is an array of fake_cupy, and"
        ) as error:
            vmap(function)(np.ones((2, 3)))
        assert "argument x is an array of numpy.\n" in str(error.value)
        assert "fake_cupy.asarray(x) moves one" in str(error.value)


def test_arrays_from_outside_are_no_part_of_other_mistakes() -> None:
    table = DeviceArray(np.arange(3.0))

    def moves(x: Any) -> Any:
        return x * np.asarray(table.tolist())

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)
        assert vmap(moves)(np.ones((2, 3))).tolist() == [[0.0, 1.0, 2.0]] * 2
    with pytest.raises(ZeroDivisionError):
        vmap(lambda x: len(table) / 0 + x)(np.ones((2, 3)))


def test_arrays_inside_containers() -> None:
    def f(params: Any, x: Any) -> Any:
        return {"y": params["w"] @ x, "z": (x.sum(), params["b"][0])}

    params = {"w": DeviceArray(np.eye(3)), "b": [DeviceArray(np.arange(2.0))]}
    result = vmap(f, (None, 0))(params, DeviceArray(np.ones((4, 3))))
    assert host(result["y"]).shape == (4, 3) and host(result["z"][0]).tolist() == [3.0] * 4
    with pytest.raises(VectorizeTypeError, match=r"argument params\['w'\].*and argument x"):
        vmap(f, (None, 0))(params, np.ones((4, 3)))


def test_writes_reach_the_callers_arrays() -> None:
    def f(x: Any) -> Any:
        x[0] = 7.0
        return x.sum()

    for array in (DeviceArray(np.ones((2, 3))), np.ones((2, 3))):
        result = vmap(f, backend="fake")(array)
        assert np.asarray(getattr(array, "host", array)).tolist() == [[7.0, 1.0, 1.0]] * 2
        assert np.asarray(getattr(result, "host", result)).tolist() == [9.0, 9.0]


OUTSIDE = np.array([1.0, 2.0, 3.0])


def test_arrays_from_outside_are_copied_and_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    f, x = vmap(lambda x: x * OUTSIDE), DeviceArray(np.ones((2, 3)))
    reset()
    assert [host(f(x)).tolist() for _ in range(3)] == [[[1.0, 2.0, 3.0]] * 2] * 3
    assert counts.moved == 1
    assert "copies: OUTSIDE is a NumPy array: it is copied to the device once, and again where it" in f.explain()
    monkeypatch.setattr("tests.test_backends.OUTSIDE", np.array([1.0, 2.0, 4.0]))
    assert host(f(x)).tolist() == [[1.0, 2.0, 4.0]] * 2
    OUTSIDE[0] = -1.0
    assert host(f(x)).tolist() == [[-1.0, 2.0, 4.0]] * 2


TABLES = {"a": [np.array([1.0, 2.0, 3.0])], "scale": 2.0}
HOLDER = types.SimpleNamespace(weights=np.array([3.0, 1.0, 2.0]))


def in_a_loop(x: Any) -> Any:
    for k in range(3):
        x = x * HOLDER.weights + TABLES["a"][0][k]
    return x


@pytest.mark.parametrize(
    ("f", "moved"),
    [
        (in_a_loop, 2),
        (lambda x: np.maximum(x, TABLES["a"][0]) * TABLES["scale"], 1),
        (lambda x: x @ HOLDER.weights, 1),
        (lambda x, w=OUTSIDE: x * w, 3),
    ],
    ids=["loop", "items", "attributes", "defaults"],
)
def test_arrays_of_numpys_in_other_places(f: Any, moved: int) -> None:
    x = RNG.normal(size=(4, 3))
    vmapped = vmap(f, (0,))
    array_functions._COPIES.clear()
    reset()
    for _ in range(3):
        found = host(vmapped(DeviceArray(x)))
    np.testing.assert_allclose(found, [f(row) for row in x])
    assert counts.moved == moved


def test_an_array_from_outside_that_is_given_back_is_a_copy() -> None:
    f = jit(lambda x: (OUTSIDE, x))
    first = f(DeviceArray(np.ones(3)))[0]
    before = host(first).copy()
    first[0] = 100.0
    np.testing.assert_array_equal(host(f(DeviceArray(np.ones(3)))[0]), before)


def test_no_examples_and_jit() -> None:
    assert host(vmap(scaled, (0, None))(DeviceArray(np.ones((0, 3))), DeviceArray(np.ones(3)))).shape == (0, 3)
    result = jit(scaled)(DeviceArray(np.ones(3)), DeviceArray(np.ones(3)))
    np.testing.assert_allclose(host(result), scaled(np.ones(3), np.ones(3)))


def test_check_compares_with_the_loop() -> None:
    vmapped = vmap(scaled, (0, None), check=True)
    result = vmapped(DeviceArray(np.ones((4, 3))), DeviceArray(np.ones(3)))
    np.testing.assert_allclose(host(result), [scaled(np.ones(3), np.ones(3))] * 4)


# --- what a device does otherwise ------------------------------------------------------------------------------------


def test_subscripts_out_of_range_raise() -> None:
    f = vmap(lambda x, i: x[i])
    x = DeviceArray(np.arange(6.0).reshape(2, 3))
    assert host(f(x, DeviceArray(np.array([2, -3])))).tolist() == [2.0, 3.0]
    with pytest.raises(IndexError) as error:
        f(x, DeviceArray(np.array([0, 3])))
    assert "example 1" in error.value.__notes__[0]


def test_stores_in_an_order_that_is_not_defined_run_on_the_host() -> None:
    def f(x: Any, i: Any) -> Any:
        out = np.zeros(3)
        out[i] = x
        return out

    args = (np.arange(6.0).reshape(2, 3), np.array([[0, 0, 1], [2, 2, 2]]))
    with pytest.warns(FallbackWarning, match="two may be the same"):
        vmap(f, backend="fake")(*args)
    assert_matches_loop(f, args, vmapped=vmap(f, backend="fake"))


def test_exceptions_of_python_are_found() -> None:
    def f(x: Any) -> Any:
        total = 0.0
        for value in x:
            total += 1.0 / float(value)
        return total

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)
        with pytest.raises(ZeroDivisionError):
            vmap(f)(DeviceArray(np.array([[1.0, 2.0], [1.0, 0.0]])))


def descend(a: Any, b: Any) -> Any:
    x = np.zeros(2)
    steps = 0
    while np.sum((a @ x - b) ** 2) > 1e-8 and steps < 100:
        x = x - 0.2 * (a.T @ (a @ x - b))
        steps += 1
    return x, steps


def test_loops_look_only_now_and_then() -> None:
    a = np.eye(2) * RNG.uniform(1, 2, (6, 1, 1)) + 0.1 * RNG.normal(size=(6, 2, 2))
    args = (a, RNG.normal(size=(6, 2)))
    vmapped = vmap(descend)
    assert_matches_loop(descend, args, vmapped=vmap(descend, backend="fake"), native=True)
    reset()
    _, steps = vmapped(*map(DeviceArray, args))
    most = host(steps).max()
    assert 16 < most and counts.waits == most // 16 + 1
    assert "waits: `if step % 16 == 15 and not running.any():" in vmapped.explain()
    assert "masks: the loop ends at different times" in vmapped.explain()


def leaves_a_range(a: Any, b: Any) -> Any:
    x = np.zeros(2)
    for _ in range(100):
        r = a @ x - b
        if np.sum(r * r) < 1e-8:
            break
        x = x - 0.2 * (a.T @ r)
    return x


def leaves_and_skips(a: Any, b: Any) -> Any:
    x, n = np.zeros(2), 0
    while True:
        r = a @ x - b
        if np.sum(r * r) < 1e-8:
            n = n + 100
            break
        n += 1
        if n % 3 == 0:
            continue
        x = x - 0.2 * (a.T @ r)
    return x, n


def leaves_at_two_places(a: Any, b: Any) -> Any:
    x = b * 1.0
    n = 0
    while np.sum(x * x) > 1e-3 and n < 50:
        n += 1
        x = x * 0.7
        if x[0] > 1:
            x = x - 1
            break
        last = x.sum()
        if n > 20 or last < -3:
            break
        x = a @ x * 0.3
    return x, n


def reads_behind_the_loop(a: Any, b: Any) -> Any:
    x, r, size = np.zeros(2), b, 1.0
    for _ in range(60):
        r = a @ x - b
        size = np.sum(r * r)
        if size < 1e-8:
            break
        x = x - 0.2 * (a.T @ r)
    return x, r, size


@pytest.mark.parametrize("f", [leaves_a_range, leaves_and_skips, leaves_at_two_places, reads_behind_the_loop])
def test_loops_that_examples_leave(f: Any) -> None:
    """By masks: who has left keeps what it had, and the host looks only now and then."""
    for batch in (1, 2, 6):
        a = np.eye(2) * RNG.uniform(1, 2, (batch, 1, 1)) + 0.1 * RNG.normal(size=(batch, 2, 2))
        args = (a, 3 * RNG.normal(size=(batch, 2)))
        assert_matches_loop(f, args, vmapped=vmap(f, backend="fake"), native=True)
    vmapped = vmap(f)
    vmapped(*map(DeviceArray, args))
    assert "masks: the loop ends at different times" in vmapped.explain()
    reset()
    vmapped(*map(DeviceArray, args))
    assert counts.waits <= 8


WAITS = """
x[0] if x.sum() > 0 else x[1] | it looks at a value
x[w.argmax()] + float(w[0]) | it makes a Python number
x * w[0].item() | it makes Python numbers
x[w > 0].sum() | the size of what a mask selects
np.unique(w).sum() + x | the size of its result
np.outer(x, w)[:, x > 0] | the size of what a mask selects
x * np.histogram(w, bins=3)[0] | CuPy's histogram looks at values
np.linalg.inv(np.eye(3) + np.outer(x, x)) @ w | checks whether a matrix can be solved for
"""


@pytest.mark.parametrize("row", WAITS.strip().splitlines())
def test_waits_are_told(row: str) -> None:
    code, reason = (part.strip() for part in row.split("|"))
    f = jit(compiled("x, w", f"return {code}"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)
        f(DeviceArray(np.arange(3.0)), DeviceArray(np.array([0.0, 2.0, 1.0])))
    assert any(line.partition(": ")[2].startswith("waits:") and reason in line for line in f.explain().splitlines())


def test_launches_are_told() -> None:
    f = vmap(lambda x, y: np.exp(x) * y - x.sum())
    args = DeviceArray(np.ones((2, 3))), DeviceArray(np.ones((2, 3)))
    f(*args)
    reset()
    f(*args)
    assert f"launches: {counts.launches} at most" in f.explain()
    assert "waits" not in f.explain()


def shrinks(x: Any) -> Any:
    while np.abs(x).max() > 0.1:
        x = x * 0.5
    return x


def test_the_extreme_of_an_array_that_has_items_may_be_a_condition() -> None:
    x = RNG.normal(size=(5, 4))
    vmapped = vmap(shrinks, backend="fake")
    assert_matches_loop(shrinks, (x,), vmapped=vmapped, native=True)
    assert "masks: the loop ends at different times" in vmapped.explain()
    assert_matches_loop(shrinks, (x[:, :0],), vmapped=vmapped)  # which raises


def stores(x: Any, y: Any) -> Any:
    z = np.zeros(6)
    z[:3] = x * y
    z[3:] = np.exp(x)
    return z


def test_stores_are_launches() -> None:
    vmapped = vmap(stores)
    args = DeviceArray(np.ones((2, 3))), DeviceArray(np.ones((2, 3)))
    vmapped(*args)
    reset()
    vmapped(*args)
    told = next(line for line in vmapped.explain().splitlines() if "launches: " in line)
    assert counts.launches <= int(told.partition("launches: ")[2].split()[0])


# --- the registry ----------------------------------------------------------------------------------------------------


def test_names() -> None:
    assert {"numpy", "cupy", "fake"} <= set(known_backends())
    assert find_backend(None) is find_backend("numpy")
    with pytest.raises(
        VectorizeValueError, match="backend='tpu' is not known; the backends are: 'cupy', 'fake', 'numpy'"
    ):
        find_backend("tpu")
    with pytest.raises(VectorizeValueError, match="jit: backend='tpu' is not known"):
        jit(scaled, backend="tpu")


def test_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = metadata.EntryPoint("another", "tests.fake_device:FAKE", registry.ENTRY_POINTS)

    def entry_points(*, group: str) -> list[metadata.EntryPoint]:
        return [entry] if group == "vectorizer.backends" else []

    monkeypatch.setattr(metadata, "entry_points", entry_points)
    monkeypatch.setattr(registry, "_known", {"numpy": find_backend(None)})
    assert known_backends() == ["another", "numpy"]
    with pytest.raises(VectorizeValueError, match="'another'"):
        find_backend("another")  # the one that is loaded bears another name
    assert find_backend("fake") is FAKE


def test_a_library_that_nobody_has_imported_owns_nothing() -> None:
    absent = Backend("absent", "absent_library", "al", "absent_library.ndarray")
    assert absent.array_type is None and not absent.owns(np.ones(1))
    assert find_owner(1.0) is None and find_owner(np.ones(1)) is find_backend("numpy")


def test_the_fake_refuses_what_cupy_lacks() -> None:
    """The device of these tests is no NumPy in disguise."""
    x = DeviceArray(np.ones(3))
    for name in ("vecdot", "matvec", "insert", "nanquantile"):
        assert not hasattr(fake_device.library, name)
    with pytest.raises(TypeError):
        fake_device.library.sum(x, where=x > 0)
    with pytest.raises(TypeError):
        x + np.ones(3)
    with pytest.raises(TypeError):
        np.asarray(x)
    with pytest.raises(TypeError):
        range(x)  # type: ignore[call-overload]
    assert x[DeviceArray(np.array([4]))].host.tolist() == [1.0]
