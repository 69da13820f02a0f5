"""Kernels that keep arrays of their own, and store into those of an example."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cupy_code import compile_with_nvcc, needs_nvcc
from tests.fake_device import DeviceArray, counts, kernels, reset
from tests.host_kernels import COMPILER
from tests.storing_functions import CASES
from vectorizer import vmap
from vectorizer.errors import FallbackWarning
from vectorizer.testing import assert_matches_loop

pytestmark = [
    pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler"),
    pytest.mark.usefixtures("fake"),
]


@pytest.mark.parametrize("name", CASES)
def test_functions_that_store_are_one_kernel(name: str) -> None:
    """The host waits once at most, for what Python raises."""
    function, args, in_axes = CASES[name]
    vmapped = vmap(function, in_axes, backend="fake")
    assert_matches_loop(function, args, in_axes, vmapped=vmapped, native=True)
    assert "it is one kernel, in which a thread computes each example" in vmapped.explain()
    on_device = vmap(function, in_axes)
    given = [DeviceArray(np.array(arg)) if isinstance(arg, np.ndarray) else arg for arg in args]
    reset()
    on_device(*given)
    assert counts.waits <= 1 and counts.moved == 0


def test_no_examples_and_no_elements() -> None:
    for name in ("insertion sort", "bubble sort in place", "dijkstra", "like others"):
        function, args, in_axes = CASES[name]
        assert_matches_loop(
            function, [arg[:0] for arg in args], in_axes, vmapped=vmap(function, in_axes, backend="fake")
        )
    for name in ("insertion sort", "bubble sort in place"):
        function, args, in_axes = CASES[name]
        vmapped = vmap(function, in_axes, backend="fake")
        assert_matches_loop(function, (args[0][:, :0],), in_axes, vmapped=vmapped)


def stores_outside(x: Any, k: Any) -> Any:
    out = np.zeros(len(x))
    for j in range(len(x)):
        if x[j] > 3.4:
            break
        out[k + j] = x[j]
    return out


def stores_where_it_raises(x: Any, k: Any) -> Any:
    for j in range(len(x)):
        if x[j] > 3.4:
            break
        x[j] = x[k + j]
    return x


@pytest.mark.parametrize("function", [stores_outside, stores_where_it_raises])
def test_stores_out_of_range_raise_and_leave_arguments_as_the_loop_does(function: Any) -> None:
    x, k = np.arange(12.0).reshape(3, 4) / 3, np.array([-2, 0, 1])
    vmapped = vmap(function, backend="fake")
    assert_matches_loop(function, (x[:2], k[:2]), vmapped=vmapped, native=True)
    assert "it is one kernel" in vmapped.explain()
    expected = x.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)  # of what runs on the host then
        with pytest.raises(IndexError) as found:
            vmapped(x := x.copy(), np.array([0, 0, 3]))
    assert "example 2" in found.value.__notes__[0]
    for row, shift in zip(expected, (0, 0, 3), strict=True):
        try:
            function(row, shift)
        except IndexError:
            break
    np.testing.assert_array_equal(x, expected)


def one_array_into_another(x: Any, y: Any) -> Any:
    for k in range(len(x)):
        if y[k] > 1:
            break
        x[k] = y[len(y) - 1 - k]
    return x


def test_arguments_that_share_memory() -> None:
    """What is stored into is a copy in the kernel: arguments that overlap are looped."""
    for overlapping in (True, False):
        base = np.random.default_rng(0).random((3, 5))
        x = DeviceArray(base.copy())
        y = x if overlapping else DeviceArray(base.copy())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FallbackWarning)
            result = vmap(one_array_into_another)(x, y)
        expected = base.copy()
        for row, other in zip(expected, expected if overlapping else base, strict=True):
            one_array_into_another(row, other)
        np.testing.assert_array_equal(x.host, expected)
        np.testing.assert_array_equal(result.host, expected)


def heat(x: Any, steps: Any) -> Any:
    u = x.copy()
    for _ in range(steps):
        new = np.zeros(len(u))
        for k in range(1, len(u) - 1):
            new[k] = u[k] + 0.1 * (u[k - 1] - 2 * u[k] + u[k + 1])
        u = new.copy()
    return u


def doubled(x: Any) -> Any:
    out = np.zeros(len(x))
    for k in range(len(x)):
        out[k] = 2 * x[k]
    return out


def list_of_numbers(x: Any, n: Any) -> Any:
    out = [0.0] * n
    for k in range(n):
        if x > k:
            break
        out[k] = 1.5
    return out


def shared_rows(x: Any, w: Any) -> Any:
    for k in range(len(w)):
        if x > w[k]:
            break
        w[k] = x
    return x


def renamed(x: Any) -> Any:
    y = x
    for k in range(len(x)):
        if x[k] < 0:
            break
        y[k] = 0.0
    return x


@pytest.mark.parametrize(
    ("function", "args", "in_axes"),
    [
        (heat, (np.random.default_rng(0).random((3, 8)), 4), (0, None)),
        (doubled, (np.random.default_rng(0).random((3, 8)),), 0),
        (list_of_numbers, (np.array([0.5, 3.0]), 4), (0, None)),
        (shared_rows, (np.array([0.5, 0.1]), np.array([1.0, 0.3, 0.7])), (0, None)),
        (renamed, (np.random.default_rng(0).normal(size=(4, 5)),), 0),
    ],
)
def test_what_is_no_kernel_of_stores(function: Any, args: Any, in_axes: Any) -> None:
    """Array code whose steps compute many elements is better; other memory is no thread's own."""
    vmapped = vmap(function, in_axes, backend="fake")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)
        assert_matches_loop(
            function, [np.array(a) if isinstance(a, np.ndarray) else a for a in args], in_axes, vmapped=vmapped
        )
    assert "it is one kernel" not in vmapped.explain()


@needs_nvcc
def test_nvcc_takes_kernels_that_store(tmp_path: Path) -> None:
    kernels.clear()
    for function, args, in_axes in CASES.values():
        vmap(function, in_axes, backend="fake")(*args)
    assert len(kernels) >= len(CASES)
    compile_with_nvcc(kernels, tmp_path)
