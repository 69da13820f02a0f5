"""Kernels: the C++ of functions of numbers, compiled for the host and compared with the loop; compiled by `nvcc`."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cupy_code import compile_with_nvcc, needs_nvcc
from tests.fake_device import DeviceArray, counts, kernels, reset
from tests.host_kernels import COMPILER
from tests.kernel_functions import NO_KERNEL, OF_ARRAYS, OF_NUMBERS
from vectorizer import vmap
from vectorizer.errors import FallbackWarning
from vectorizer.testing import assert_matches_loop

pytestmark = [
    pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler"),
    pytest.mark.usefixtures("fake"),
]
SIGNED = np.array([-7, -3, -1, 0, 1, 2, 5, 8])
DIVISORS = np.array([3, -2, 4, 5, -3, 2, -5, 3])
REALS = np.array([-2.5, -1.0, -0.0, 0.0, 0.3, 1.0, 2.5, 7.0])
POSITIVE = np.abs(REALS) + 0.5


def mandelbrot(c: Any, limit: Any) -> Any:
    z, n = 0j, 0
    while abs(z) <= 2 and n < limit:
        z = z * z + c  # the step
        n += 1
    return n


def collatz(n: Any) -> Any:
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def newton(a: Any) -> Any:
    x = a
    for _ in range(50):
        following = 0.5 * (x + a / x)
        if abs(following - x) < 1e-12:
            break
        x = following
    return x


def cdf(x: Any) -> Any:
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


def option(s: Any, k: Any, t: Any, rate: Any) -> Any:
    d1 = (math.log(s / k) + (rate + 0.02) * t) / (0.2 * math.sqrt(t))
    return s * cdf(d1) - k * math.exp(-rate * t) * cdf(d1 - 0.2 * math.sqrt(t))


def divisions(a: Any, b: Any) -> Any:
    return a // b, a % b, a / b, -a // b


def wraps(a: Any, b: Any) -> Any:
    return a * b + a - b, -a * a * a


def bits(a: Any, b: Any) -> Any:
    return a & b | 6, a ^ b, ~a, a >> 2


def fibonacci(n: Any) -> Any:
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def factorial(n: Any) -> Any:
    product = 1
    for k in range(2, int(n) + 1):
        product *= k
    return float(product)


def counts_down(n: Any, x: Any) -> Any:
    total = x * 0
    for k in range(n, -3, -2):
        if k == 2:
            continue
        total += k * x
    return total


def clamped(x: Any) -> Any:
    if x < 0:
        return 0.0
    elif x > 2:
        return 2.0
    return min(max(x, 0.25), 1.5)


def numpy_functions(x: Any, y: Any) -> Any:
    a = np.sqrt(x) + np.hypot(x, y) - np.arctan2(x, y)
    b = np.where(x > y, np.floor(x), np.ceil(y)) * np.sign(x)
    return a + np.tanh(b), np.maximum(x, np.minimum(y, 1)), np.isnan(a) | (x == y)


def powers(x: Any) -> Any:
    return x**2 + x**3, x**5, np.power(x, 0.5)


def rounded(x: Any) -> Any:
    return int(x) + math.floor(x) - math.ceil(x), round(x), float(int(x)) / 2


def chained(x: Any, y: Any) -> Any:
    if not (0 < x < y <= 2.5 or x == 7) and y != 0:
        return x
    return y + 1


def swap(a: Any, b: Any) -> Any:
    while b:
        a, b = b, a % b
    return a


def shadows(exp: Any, double: Any) -> Any:
    log = exp * 2 + double
    new = log - 1
    return new * log if new > 0 else exp


def guarded(x: Any) -> Any:
    if x < -100:
        raise ValueError("too small")
    assert x == x
    return x * 2 + 1


SCALE = 2.5


def outside(x: Any) -> Any:
    return x * SCALE + math.pi - np.e if x > 0 else x / SCALE


def float32s(x: Any) -> Any:
    y = x * 0.1 + 1
    while y > 1.5:
        y = y / 3
    return y * y - x % 0.7


def small_integers(a: Any, b: Any) -> Any:
    c = a * b + a
    return c - b if c > 3 else -c


def degrees(x: Any) -> Any:
    d = math.radians(x) if x > 0 else math.degrees(x)
    return d + x * 2 - 1


def complexes(z: Any) -> Any:
    w = z * z.conjugate() if False else z * (1 + 2j) - z / (3 - 1j)
    return abs(w) + w.real - w.imag, w


def wide(dtype: Any) -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    limits = np.iinfo(dtype)
    return tuple(rng.integers(limits.min, limits.max, 64, dtype, endpoint=True) for _ in range(2))  # type: ignore[return-value]


PLANE = (REALS + 1j * REALS[::-1]) / 3
CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...], Any]] = {
    "mandelbrot": (mandelbrot, (PLANE, 40), (0, None)),
    "mandelbrot complex64": (mandelbrot, (PLANE.astype(np.complex64), 40), (0, None)),
    "mandelbrot limits": (mandelbrot, (PLANE, np.arange(8)), 0),
    "collatz": (collatz, (np.arange(1, 60),), 0),
    "collatz wraps": (collatz, (np.array([2**62 + 2**60, 27]),), 0),
    "newton": (newton, (POSITIVE,), 0),
    "newton float32": (newton, (POSITIVE.astype(np.float32),), 0),
    "option": (option, (POSITIVE * 30, POSITIVE[::-1] * 30, POSITIVE, 0.05), (0, 0, 0, None)),
    "fibonacci": (fibonacci, (np.arange(60),), 0),
    "factorial": (factorial, (np.arange(19.0),), 0),
    "counts down": (counts_down, (np.arange(8), REALS), 0),
    "clamped": (clamped, (REALS,), 0),
    "numpy": (numpy_functions, (POSITIVE, REALS), 0),
    "numpy of nan": (numpy_functions, (REALS, np.where(REALS > 1, np.nan, REALS)), 0),
    "powers": (powers, (POSITIVE,), 0),
    "rounded": (rounded, (REALS,), 0),
    "chained": (chained, (REALS, REALS[::-1]), 0),
    "swap": (swap, (np.arange(1, 30), np.arange(30, 1, -1)), 0),
    "swap with one for all": (swap, (np.arange(1, 30), 36), (0, None)),
    "shadows": (shadows, (REALS, POSITIVE), 0),
    "guarded": (guarded, (REALS,), 0),
    "outside": (outside, (REALS,), 0),
    "float32": (float32s, (POSITIVE.astype(np.float32) * 9,), 0),
    "degrees": (degrees, (REALS * 40,), 0),
    "divide floats": (divisions, (REALS, np.array([0.3, -0.7, 2, -1, 0.1, 3, -2.5, 0.5])), 0),
    "divide floats of both signs": (divisions, (np.array([1e17, -5.0, 5.0, -0.0]), np.array([3.0, 5.0, -5.0, 2.0])), 0),
    "two batches": (option, (POSITIVE * 30, POSITIVE * 20, POSITIVE, 0.05), (0, 0, 0, None)),
    **{
        f"{name} {np.dtype(dtype)}": (function, wide(dtype), 0)
        for name, function in {"wraps": wraps, "bits": bits, "small": small_integers}.items()
        for dtype in (np.int8, np.int16, np.int32, np.int64)
    },
    **{
        f"divide {np.dtype(dtype)}": (divisions, (SIGNED.astype(dtype), DIVISORS.astype(dtype)), 0)
        for dtype in (np.int16, np.int32, np.int64)
    },
    **{
        f"{name} {np.dtype(dtype)}": (function, wide(dtype), 0)
        for name, function in {"wraps": wraps, "bits": bits}.items()
        for dtype in (np.uint8, np.uint32, np.uint64)
    },
}


def standardize(x: Any, mean: Any, scale: Any) -> Any:
    z = (x - mean) / scale
    return np.where(z > 0, np.sqrt(np.abs(z)), z * 0.5) + 1


def outer_scaled(x: Any, y: Any) -> Any:
    return (x * 2 + 1) ** 2 - y / 3


def smaller_result(x: Any, y: Any) -> Any:
    z = x * y + 1  # noqa: F841 - that it is not used is what is tried
    return y * 2 - 1 + y * 3


def writes(x: Any, y: Any) -> Any:
    x += y * 2 - 1
    return x * 2 + y


ELEMENTWISE = [
    (standardize, [(3,), (), ()], True),
    (standardize, [(2, 3), (3,), (2, 1)], True),
    (standardize, [(), (3,), (4, 1)], True),
    (outer_scaled, [(3, 1), (4,)], True),
    (smaller_result, [(2, 3), (3,)], False),
    (writes, [(3,), (3,)], False),
]


@pytest.mark.parametrize(("function", "shapes", "is_kernel"), ELEMENTWISE)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_elementwise_functions_of_arrays(function: Any, shapes: Any, is_kernel: bool, dtype: Any) -> None:
    rng = np.random.default_rng(0)
    for batch in (1, 3, 4):
        for batched in (range(len(shapes)), [0], [len(shapes) - 1]):
            axes = tuple(0 if k in batched else None for k in range(len(shapes)))
            full = [(batch, *shape) if k in batched else shape for k, shape in enumerate(shapes)]
            args = [rng.normal(size=shape).astype(dtype)[()] for shape in full]
            vmapped = vmap(function, axes, backend="fake")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FallbackWarning)  # where examples all write into one array
                assert_matches_loop(function, args, axes, vmapped=vmapped)
            assert ("it is one kernel" in vmapped.explain()) == is_kernel


def kernel_of(name: str) -> Any:
    function, args, in_axes = CASES[name]
    vmapped = vmap(function, in_axes, backend="fake")
    with np.errstate(all="ignore"):
        vmapped(*args)
    return vmapped


@pytest.mark.parametrize("name", CASES)
def test_kernels_do_what_the_loop_does(name: str) -> None:
    function, args, in_axes = CASES[name]
    vmapped = vmap(function, in_axes, backend="fake")
    assert_matches_loop(function, args, in_axes, vmapped=vmapped, native=True)
    if "wraps uint64" not in name:
        assert "ElementwiseKernel(" in vmapped.source()


@pytest.mark.parametrize("name", [*OF_NUMBERS, *OF_ARRAYS])
def test_what_scientists_write_is_one_kernel(name: str) -> None:
    function, args, in_axes = (OF_NUMBERS | OF_ARRAYS)[name]
    vmapped = vmap(function, in_axes, backend="fake")
    assert_matches_loop(function, args, in_axes, vmapped=vmapped, native=True)
    told = vmapped.explain()
    assert "it is one kernel, in which a thread computes each example" in told and "loop over" not in told


@pytest.mark.parametrize("name", NO_KERNEL)
def test_what_array_code_does_better_is_no_kernel(name: str) -> None:
    function, args, in_axes = NO_KERNEL[name]
    vmapped = vmap(function, in_axes, backend="fake")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)  # a list of Python's numbers
        assert_matches_loop(function, args, in_axes, vmapped=vmapped)
        assert not len(args[0]) or "it is one kernel" not in vmapped.explain()


def test_a_kernel_reads_arrays_where_they_are() -> None:
    function, args, _ = OF_ARRAYS["spikes"]
    vmapped = vmap(function, (0, None))
    current = DeviceArray(args[0])
    vmapped(current, 5.0)
    reset()
    vmapped(current, 5.0)
    assert (counts.waits, counts.moved) == (0, 0) and counts.launches <= 2
    assert "launches: 2 at most" in vmapped.explain() and "waits" not in vmapped.explain()


def outside_the_row(x: Any, k: Any) -> Any:
    while x[k] > 0:
        k = k + 1
    return k


def never_entered(x: Any, n: Any) -> Any:
    for k in range(n):
        if x > k:
            break
    return k


@pytest.mark.parametrize(
    ("function", "args", "error"),
    [
        (outside_the_row, (np.array([[1.0, 2.0, -1.0], [1.0, 1.0, 1.0]]), np.array([0, 0])), IndexError),
        (outside_the_row, (np.array([[1.0, -2.0, -1.0], [1.0, 1.0, 1.0]]), np.array([0, -4])), IndexError),
        (never_entered, (np.array([1.0, 2.0]), np.array([3, 0])), UnboundLocalError),
    ],
)
def test_subscripts_and_targets_raise_what_python_raises(function: Any, args: Any, error: type[Exception]) -> None:
    vmapped = vmap(function, backend="fake")
    assert_matches_loop(function, [arg[:1] for arg in args], vmapped=vmapped, native=True)
    assert "it is one kernel" in vmapped.explain()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)  # of what runs on the host then
        with pytest.raises(error) as found:
            vmapped(*args)
    assert "example 1" in found.value.__notes__[0]


def test_tables_from_outside_are_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    function, args, in_axes = OF_NUMBERS["tables"]
    vmapped = vmap(function, in_axes, backend="fake")
    assert_matches_loop(function, args, in_axes, vmapped=vmapped, native=True)
    monkeypatch.setitem(function.__globals__, "TABLE", (1.0, -2.0, 5.0))
    function.__globals__["WEIGHTS"][1] = 7
    try:
        assert_matches_loop(function, args, in_axes, vmapped=vmapped, native=True)
    finally:
        function.__globals__["WEIGHTS"][1] = 2


def test_a_kernel_is_one_launch() -> None:
    vmapped = vmap(mandelbrot, (0, None))
    points = DeviceArray(PLANE)
    vmapped(points, 40)
    reset()
    vmapped(points, 40)
    assert (counts.launches, counts.waits, counts.moved) == (1, 0, 0)
    assert "launches: 1 at most" in vmapped.explain() and "waits" not in vmapped.explain()
    assert "// the step" in vmapped.source()


def test_nested_batches_broadcast() -> None:
    inner = vmap(mandelbrot, (None, 0), backend="fake")
    grid = vmap(inner, (0, None))(PLANE, np.array([5, 20, 60]))
    assert grid.tolist() == [[mandelbrot(c, limit) for limit in (5, 20, 60)] for c in PLANE]


RAISING = [
    (lambda x: (1 / int(x) + 1) * 2 - 1, [2.0, 0.0], ZeroDivisionError),
    (lambda x: math.sqrt(x) + math.log(x + 1) - 2, [1.0, -0.5], ValueError),
    (lambda x: math.exp(x) * 2 + 1 - 3, [1.0, 1000.0], OverflowError),
    (lambda x: int(x) + 1 if x > 0 else int(x) - 1, [1.0, np.nan], ValueError),
    (lambda x: float(x) ** -2 + 1 if x < 5 else x * 3.0, [1.0, 0.0], ZeroDivisionError),
    (guarded, [1.0, -101.0], ValueError),
    (lambda x: math.trunc(x) + 1 if x > 0 else math.trunc(x) * 2, [1.5, np.inf], OverflowError),
    (guarded, [1.0, np.nan], AssertionError),
]


@pytest.mark.parametrize(("function", "values", "error"), RAISING)
def test_kernels_raise_what_python_raises(function: Any, values: list[float], error: type[Exception]) -> None:
    vmapped = vmap(function, backend="fake")
    fine = np.array(values[:1])
    assert_matches_loop(function, (fine,), vmapped=vmapped, native=True)
    assert "ElementwiseKernel(" in vmapped.source()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)  # of what runs on the host then
        with pytest.raises(error) as found:
            vmapped(np.array(values))
    assert "example 1" in found.value.__notes__[0]


def test_integers_beyond_64_bits_are_pythons() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        result = vmap(factorial, backend="fake")(np.array([5.0, 30.0]))
    assert "runs on the host, not on fake: the emitted code raised ArithmeticError" in str(told[-1].message)
    assert result.tolist() == [120.0, float(math.factorial(30))]


def text_in_a_branch(x: Any) -> Any:
    return {"a": 1.0, "b": 2.0}["a" if x > 0 else "b"] * x


def unset(x: Any) -> Any:
    for k in range(int(x)):
        y = k * x
    return y + 1


def mixed(x: Any, y: Any) -> Any:
    s = 0.5
    for _ in range(2):
        s = s * y if x > y else s
    return s + x


@pytest.mark.parametrize(("function", "count"), [(text_in_a_branch, 1), (unset, 1), (mixed, 2)])
def test_what_is_no_kernel_is_done_otherwise(function: Any, count: int) -> None:
    args = (np.array([1.0, 2.0, 3.0], np.float32), np.array([0.5, 2.5, 1.0]))[:count]
    vmapped = vmap(function, backend="fake")
    assert_matches_loop(function, args, vmapped=vmapped)
    assert "it is one kernel" not in vmapped.explain()


def test_a_constant_from_outside_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    vmapped = vmap(outside, backend="fake")
    assert_matches_loop(outside, (REALS,), vmapped=vmapped, native=True)
    monkeypatch.setitem(outside.__globals__, "SCALE", 4.0)
    assert_matches_loop(outside, (REALS,), vmapped=vmapped, native=True)


def test_the_check_finds_a_wrong_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that divides as C++ does is found."""
    from vectorizer.kernels import support

    wrong = "template <typename T> __device__ T floor_quotient(T a, T b) { return b == 0 ? 0 : a / b; }\n"
    monkeypatch.setitem(support.FUNCTIONS, "floor_quotient", wrong)
    with pytest.raises(AssertionError, match="values differ"):
        assert_matches_loop(divisions, (SIGNED, DIVISORS), vmapped=vmap(divisions, backend="fake"))


# --- CUDA ------------------------------------------------------------------------------------------------------------


@needs_nvcc
def test_nvcc_takes_all_kernels(tmp_path: Path) -> None:
    kernels.clear()
    for name in CASES:
        kernel_of(name)
    for function, args, in_axes in (OF_NUMBERS | OF_ARRAYS).values():
        vmap(function, in_axes, backend="fake")(*args)
    assert len(kernels) > 90
    compile_with_nvcc(kernels, tmp_path)
