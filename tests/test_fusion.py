"""Runs of elementwise operations inside of functions: one kernel each, with NumPy's results, dtype by dtype."""

from __future__ import annotations

import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cupy_code import Kernel, compile_with_nvcc, needs_nvcc
from tests.fake_device import DeviceArray, counts, kernels, reset
from tests.host_kernels import COMPILER
from tests.test_rules import compiled
from vectorizer import vmap
from vectorizer.errors import FallbackWarning
from vectorizer.testing import assert_matches_loop

pytestmark = [
    pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler"),
    pytest.mark.usefixtures("fake"),
]
RNG = np.random.default_rng(0)


def layer(x: Any, w: Any, b: Any) -> Any:
    return np.maximum(w @ x + b, 0)


def gelu(x: Any, w: Any, b: Any) -> Any:
    y = w @ x + b
    # the approximation by tanh
    inner = 0.7978845608 * (y + 0.044715 * y * y * y)  # its argument
    return 0.5 * y * (1 + np.tanh(inner)) / y.max()


def weights(x: Any, w: Any, b: Any) -> Any:
    r2 = np.sum(w * w, axis=1) + 1e-6
    return np.sum(b / (r2 * np.sqrt(r2))) * x[0]


def relu(x: Any) -> Any:
    return np.maximum(x, 0)


def logistic(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def gates(x: Any, w: Any, b: Any) -> Any:
    z = relu(w @ x + b)
    f = logistic(z * 2 + b)
    for _ in range(3):
        f = f * z + logistic(f)
    return f.sum()


def clipped(x: Any, w: Any, b: Any) -> Any:
    far = (b > 0.2) & (b < 0.9)
    y = np.where(far, b**2, -b) + x.mean()
    y[far] = 0.5
    return y


def branches(x: Any, w: Any, b: Any) -> Any:
    if x.sum() > 0:
        y = x * 2 + 1
    else:
        y = x / 2 - 1
    return y @ w.T + b


def normalized(x: Any, w: Any, b: Any) -> Any:
    y = w @ x
    return (y - y.mean()) / np.sqrt(y.var() + 1e-5) * b


def compared(x: Any, w: Any, b: Any) -> Any:
    return np.sum(np.abs(w - x) < 0.5, axis=1) + np.hypot(b, b + 1).max()


CASES: list[tuple[Callable[..., Any], int]] = [
    (layer, 2), (gelu, 4), (weights, 5), (gates, 7), (clipped, 7), (branches, 8), (normalized, 5), (compared, 5),
]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("function", "most"), CASES)
def test_runs_are_kernels(function: Callable[..., Any], most: int, dtype: Any) -> None:
    """The loop's results; fewer launches than there are operations."""
    for batch, in_axes in ((5, (0, None, None)), (3, (0, 0, None)), (4, (0, 0, 0)), (1, (0, None, 0))):
        shapes = [(3,), (4, 3), (4,)]
        full = [shape if axis is None else (batch, *shape) for shape, axis in zip(shapes, in_axes, strict=True)]
        args = [RNG.normal(size=shape).astype(dtype) for shape in full]
        vmapped = vmap(function, in_axes, backend="fake")
        rtol = 1e-5 if dtype is np.float32 else None
        assert_matches_loop(function, args, in_axes, vmapped=vmapped, rtol=rtol, native=True)
        assert "elementwise operations are one kernel" in vmapped.explain()
    vmapped = vmap(function, in_axes)
    given = [DeviceArray(arg) for arg in args]
    vmapped(*given)
    reset()
    vmapped(*given)
    assert counts.launches <= most


def test_what_is_taken_in_leaves_the_function() -> None:
    """With its comments; the kernel has the function's and the variable's names."""
    vmapped = vmap(gelu, (0, None, None), backend="fake")
    vmapped(RNG.normal(size=(5, 3)), RNG.normal(size=(4, 3)), RNG.normal(size=4))
    source = vmapped.source()
    kernel, function = source[: source.index("\ndef ")], source[source.index("\ndef ") :]
    assert "double inner = 0.7978845608 * (y + 0.044715 * y * y * y);  // its argument" in kernel
    assert "// the approximation by tanh" in kernel
    assert "inner" not in function and "approximation" not in function
    assert "gelu_result_kernel(" in function


def test_helpers_that_are_taken_in_are_not_emitted() -> None:
    vmapped = vmap(gates, (0, None, None), backend="fake")
    vmapped(RNG.normal(size=(5, 3)), RNG.normal(size=(4, 3)), RNG.normal(size=4))
    assert "def relu" not in vmapped.source() and "double relu(double x)" in vmapped.source()


DTYPES = "bool int8 uint8 int32 int64 float32 float64 complex64".split()
PAIRS = [*zip(DTYPES, DTYPES, strict=True), *(pair.split() for pair in (
    "uint8 float32", "int64 float32", "int32 uint32", "float64 complex64"))]  # fmt: skip
OPERATIONS = """
(x + y) * 2
(x - y) * y
x * 3 - y
x * 2.5 + y
(x + 1) / y
(x * y) // 3
(x + y) % 5
-(x * y)
abs(x * y)
(x + y > 1) | (x == y)
(x <= y) & (y != 0)
np.where(x > y, x, 0) + y
np.where(x > y, 1, 0.5) * x
np.maximum(x + y, 1)
np.minimum(x, y) * 2
np.square(x + y)
(x + y) ** 2
(x * 1) ** 3
np.sqrt(x * x + y)
np.exp(x * 0.1) + y
np.arctan2(x + 0, y)
np.floor(x / 2) + y
np.sign(x - y) * 2
np.isnan(x / y) | (x > 1)
~(x > y) ^ (y > 1)
(x & y) | 1
(x ^ 3) & y
np.negative(x * 2) + 1
np.logical_not(x + y)
np.logical_and(x > 1, y) | (x < y)
np.logical_xor(x, y - 1) | (x < y)
np.clip(x * y, 1, 4)
np.clip(x + y, y, 5) * 2
np.invert(x + y) + 1
(x + 1j) * y
"""


@pytest.mark.parametrize("code", OPERATIONS.strip().splitlines())
def test_dtypes(code: str) -> None:
    """Equal and mixed dtypes: what is fused, and what is not, gives what NumPy gives; a kernel is made for some."""
    f = compiled("x, y", f"return np.stack([{code}, {code}])")
    made = 0
    for one, other in PAIRS:
        x, y = np.array([[0, 1, 3], [2, 7, 5]]).astype(one), np.array([[3, 1, 2], [4, 0, 6]]).astype(other)
        vmapped = vmap(f, backend="fake")
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                expected = np.stack([f(a, b) for a, b in zip(x, y, strict=True)])
            except TypeError:
                continue
            found = vmapped(x, y)
        made += "ElementwiseKernel(" in vmapped.source()
        assert found.dtype == expected.dtype, (one, other)
        np.testing.assert_allclose(found, expected, rtol=3e-6, err_msg=str((one, other)))
    assert made


# --- what must not be moved ------------------------------------------------------------------------------------------


def stored_between(x: Any) -> Any:
    a = x * 1.0
    y = a * 2 + 1
    a[0] = 7.0
    return (y * y - a).sum() * x


def added_between(x: Any) -> Any:
    a = x * 1.0
    y = a * 2 + 1
    a += 10
    return (y * y - a).sum() * x


def rebound_between(x: Any) -> Any:
    a = x + 1
    y = a * 2 + 1
    a = np.sum(y) + a
    return (y * y - a) / 3


def read_in_the_next_turn(x: Any) -> Any:
    y = x * 0.5
    total = x * 0
    for _ in range(3):
        total = total + y * 2
        y = total * x + 1
    return total.sum() + y


def read_later(x: Any) -> Any:
    y = x * 2 + 1
    z = y * y - 1
    return z.sum() * y


def in_a_branch(x: Any) -> Any:
    y = x * 2 + 1
    if len(x) > 2:
        y = y * y + 1
    return y.sum() + y * 3


def in_a_lambda(x: Any) -> Any:
    y = x * 2 + 1
    g = lambda t: t * y + 1  # noqa: E731
    return g(x).sum() + g(2.0) * 1.5


def twice_the_same(x: Any) -> Any:
    return (x.sum() - x) * (x.sum() + x) / x.sum()


def sorted_between(x: Any) -> Any:
    a = x * 1.0
    y = a * 2 + 1
    a.sort()
    return (y * y - a).sum() * x


MOVES = [stored_between, added_between, rebound_between, read_in_the_next_turn, read_later, in_a_branch, in_a_lambda,
         twice_the_same, sorted_between]  # fmt: skip


@pytest.mark.parametrize("function", MOVES)
def test_what_is_moved_sees_the_same(function: Callable[..., Any]) -> None:
    for batch in (1, 3, 5):
        x = RNG.normal(size=(batch, 3))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FallbackWarning)
            assert_matches_loop(function, (x,), vmapped=vmap(function, backend="fake"))


def test_a_value_that_is_the_same_is_computed_once() -> None:
    vmapped = vmap(twice_the_same)
    x = DeviceArray(RNG.normal(size=(4, 3)))
    vmapped(x)
    reset()
    vmapped(x)
    assert counts.launches == 2


def test_the_check_finds_a_definition_that_is_moved_too_far(monkeypatch: pytest.MonkeyPatch) -> None:
    from vectorizer.kernels.runs import Flow

    monkeypatch.setattr(Flow, "is_plain", lambda self, statement: True)
    x = RNG.normal(size=(3, 3))
    with pytest.raises(AssertionError):
        assert_matches_loop(stored_between, (x,), vmapped=vmap(stored_between, backend="fake"))


# --- CUDA ------------------------------------------------------------------------------------------------------------


def kernels_by_hand() -> list[Kernel]:
    """Those of the benchmarks, which are written for CuPy alone."""
    from benchmarks.in_cupy import versions

    found: list[Kernel] = []
    library = types.SimpleNamespace(ElementwiseKernel=lambda a, b, c, name: found.append((a, b, c, name, "")))
    versions(library)
    assert len(found) >= 4
    return found


@needs_nvcc
def test_nvcc_takes_the_kernels_of_runs(tmp_path: Path) -> None:
    kernels.clear()
    for function, _ in CASES:
        for dtype in (np.float32, np.float64):
            vmapped = vmap(function, (0, None, None), backend="fake")
            vmapped(*(RNG.normal(size=shape).astype(dtype) for shape in [(5, 3), (4, 3), (4,)]))
    assert len(kernels) > 20
    compile_with_nvcc([*kernels, *kernels_by_hand()], tmp_path)


# --- new axes --------------------------------------------------------------------------------------------------------


def standardized(x: Any, w: Any) -> Any:
    mean, spread = x.mean(), x.var()
    return (x - mean * 2) / np.sqrt(spread + 1e-5)


def sums_and_differences(x: Any, w: Any) -> Any:
    return np.sum((x * 2 + w)[:, None] * (x - w)[None, :] + 1, axis=0)


def folded_once(x: Any, w: Any) -> Any:
    y = x * 2 + w
    return np.sum(y[..., None] * w + 1, axis=1)


def read_in_two_ways(x: Any, w: Any) -> Any:
    y = x * 2 + w
    return np.sum(y[:, None] * y + y, axis=1)


@pytest.mark.parametrize(
    ("function", "count"),
    [(standardized, 3), (sums_and_differences, 2), (folded_once, 2), (read_in_two_ways, 3)],
)
@pytest.mark.parametrize("in_axes", [(0, None), 0, (None, 0)])
def test_new_axes_are_put_into_runs(function: Any, count: int, in_axes: Any) -> None:
    """`(a + b)[:, None]` needs no array of its own: the kernel is given `a[:, None]` and `b[:, None]`."""
    shapes = [(4, 3) if axis == 0 else (3,) for axis in (in_axes or (0, 0))]
    args = [RNG.normal(size=shape) for shape in shapes]
    assert_matches_loop(function, args, in_axes, vmapped=vmap(function, in_axes, backend="fake"), native=True)
    if in_axes == (None, 0) and function is standardized:
        return  # nothing of it is batched
    vmapped = vmap(function, in_axes)
    given = [DeviceArray(arg) for arg in args]
    vmapped(*given)
    reset()
    vmapped(*given)
    assert counts.launches == count


def whole_parts(x: Any, y: Any) -> Any:
    return x // y, (x % y).max(), np.mod(x, y).sum()


def updated(x: Any, y: Any) -> Any:
    z = x * 1.0
    z %= y
    z[:1] //= 0.5
    return z.sum()


@pytest.mark.parametrize("function", [whole_parts, updated, np.divmod])
def test_quotients_of_floats_are_those_of_numpy(function: Any) -> None:
    """CuPy rounds the quotient before it takes the whole part: 1.0 // 0.1 is 10 there."""
    x, y = np.round(RNG.normal(size=(5, 4)) * 10, 1), np.full((5, 4), 0.1)
    assert (np.floor(x / y) != x // y).any()

    def divided(x: Any, y: Any) -> Any:
        return function(x, y)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)  # np.divmod runs on the host
        assert_matches_loop(divided, (x, y), vmapped=vmap(divided, backend="fake"))
