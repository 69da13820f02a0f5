"""Reductions over short windows, and sums of products of real and complex numbers."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.textbook import conv2d, fourier, max_pool
from tests.programs import load_program
from vectorizer import vmap
from vectorizer.array_functions import median_of
from vectorizer.testing import assert_matches_loop

r = np.random.default_rng(11)


def moving(name: str, width: int, folder: Path) -> Callable[..., Any]:
    """A function of its own file, with the reduction and the width in its text."""
    return load_program(
        f"""import numpy as np


def program(x):
    out = []
    for i in range(len(x) - {width - 1}):
        out.append(np.{name}(x[i : i + {width}]))
    return np.array(out)
""",
        folder,
    )


def steps(x):
    out = np.zeros(len(x) // 3)
    for i in range(len(x) // 3):
        out[i] = np.mean(x[3 * i : 3 * i + 2]) + x[3 * i : 3 * i + 2].max()
    return out


def named(x):
    """The window has a name, and is used for more."""
    out = np.zeros(len(x) - 2)
    for i in range(len(x) - 2):
        w = x[i : i + 3]
        out[i] = np.sum(w) - w[1] + np.std(w) * np.max(w * w)
    return out


def patches(x):
    h, w = x.shape
    out = np.zeros((h - 1, w))
    for i in range(h - 1):
        for j in range(w):
            out[i, j] = np.min(x[i : i + 2, j]) + np.sum(x[i : i + 2, :])
    return out


REDUCED = ["sum", "prod", "max", "min", "mean", "std", "var", "any", "all", "median", "argmax"]


@pytest.mark.parametrize("dtype", [float, np.float32, int, complex, bool])
@pytest.mark.parametrize("width", [1, 2, 3, 5, 9])
@pytest.mark.parametrize("name", REDUCED)
def test_moving_reductions(name: str, width: int, dtype: Any, tmp_path: Path) -> None:
    x = (3 * r.standard_normal((width, 12))).astype(dtype)
    assert_matches_loop(moving(name, width, tmp_path), (x,), rtol=1e-5 if dtype is np.float32 else None)


@pytest.mark.parametrize("size", [1, 4, 12])
@pytest.mark.parametrize("f", [steps, named])
def test_windows_of_vectors(f: Callable[..., Any], size: int) -> None:
    assert_matches_loop(f, (r.standard_normal((size, 12)),), native=True)


@pytest.mark.parametrize("dtype", [float, np.float32, int])
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("f", [max_pool, patches])
def test_windows_of_matrices(f: Callable[..., Any], axis: int, dtype: Any) -> None:
    x = (5 * r.standard_normal((3, 8, 9))).astype(dtype)
    assert_matches_loop(f, (np.moveaxis(x, 0, axis),), in_axes=axis, rtol=1e-5 if dtype is np.float32 else None)


@pytest.mark.parametrize("axes", [(0, 0), (0, None), (None, 0)])
def test_convolutions(axes: tuple[int | None, int | None]) -> None:
    x, k = r.standard_normal((4, 8, 9)), r.standard_normal((4, 3, 2))
    assert_matches_loop(
        conv2d, tuple(a[0] if n is None else a for a, n in zip((x, k), axes, strict=True)), in_axes=axes
    )


def test_short_windows_are_slices_and_long_ones_are_not(tmp_path: Path) -> None:
    x = r.standard_normal((4, 100))
    assert "sliding_window_view" not in vmap(moving("max", 5, tmp_path)).source(x)
    assert "sliding_window_view" in vmap(moving("max", 50, tmp_path)).source(x)


def test_max_pooling_takes_the_greater_of_two_slices() -> None:
    expected = """def max_pool(image):
    highest = np.maximum(image[:, ::2], image[:, 1::2])
    out = np.maximum(highest[:, :, ::2], highest[:, :, 1::2])
    return out
"""
    assert vmap(max_pool).source(r.standard_normal((3, 8, 6))) == expected


def by_argument(x, k):
    """How wide windows are is an argument."""
    out = np.zeros(len(x) - k + 1)
    for i in range(len(x) - k + 1):
        out[i] = np.max(x[i : i + k]) - np.mean(x[i : i + k])
    return out


def shifted_windows(x):
    """Windows that start behind the start, with gaps between them, in the middle of three dimensions."""
    n, m, c = x.shape
    out = np.zeros((m // 4, n, c - 1))
    for i in range(n):
        for j in range(m // 4):
            for k in range(c - 1):
                out[j, i, k] = np.sum(x[i, 4 * j + 1 : 4 * j + 3, k : k + 2]) + x[i, 4 * j : 4 * j + 3, k].min()
    return out


def rows_of_windows(x):
    """Other dimensions of the window stay."""
    out = np.zeros((len(x) - 2, x.shape[1] - 1))
    for i in range(len(x) - 2):
        out[i] = np.max(x[i : i + 3, 1:], axis=0)
    return out


def median_filter(x):
    out = x.copy()
    for i in range(1, x.shape[0] - 1):
        for j in range(1, x.shape[1] - 1):
            out[i, j] = np.median(x[i - 1 : i + 2, j - 1 : j + 2])
    return out


def every_other(x):
    return np.array([np.median(x[i : i + 4]) for i in range(0, len(x) - 3, 2)])


def chosen(x, t):
    """Windows are reduced for some examples only."""
    out = np.zeros(len(x))
    if t > 0:
        for i in range(len(x) - 2):
            out[i] = x[i : i + 3].max() + np.prod(x[i : i + 3])
    return out


@pytest.mark.parametrize("dtype", [float, np.float32, np.uint8, np.int16, bool])
@pytest.mark.parametrize("shape", [(3, 7, 9, 5), (1, 4, 8, 2), (9, 4, 9, 3), (0, 4, 8, 2)])
def test_windows_of_several_dimensions(shape: tuple[int, ...], dtype: Any) -> None:
    x = (60 * r.random(shape)).astype(dtype)
    assert_matches_loop(shifted_windows, (x,), rtol=1e-5, native=True)


@pytest.mark.parametrize("dtype", [float, np.float32, np.uint8, int])
@pytest.mark.parametrize("shape", [(3, 7, 9), (1, 4, 8), (3, 3, 3), (0, 4, 8)])
@pytest.mark.parametrize("f", [rows_of_windows, median_filter])
def test_windows_of_images(f: Callable[..., Any], shape: tuple[int, ...], dtype: Any) -> None:
    x = (60 * r.random(shape)).astype(dtype)
    assert_matches_loop(f, (x,), native=True)
    assert "sliding_window_view" not in vmap(f).source(x)


@pytest.mark.parametrize("k", [1, 2, 3, 7, 40])
def test_windows_whose_width_is_an_argument(k: int) -> None:
    assert_matches_loop(by_argument, (r.standard_normal((7, 50)), k), in_axes=(0, None), native=True)


def test_wide_windows_are_not_slices_where_narrow_ones_were() -> None:
    f, x = vmap(by_argument, (0, None)), r.standard_normal((7, 50))
    assert "sliding_window_view" not in f.source(x, 3)
    assert "sliding_window_view" in f.source(x, 40)


@pytest.mark.parametrize("size", [1, 4, 11])
def test_windows_for_some_examples(size: int) -> None:
    assert_matches_loop(chosen, (r.standard_normal((size, 11)), r.standard_normal(size)), native=True)
    assert_matches_loop(chosen, (r.standard_normal((size, 11)), np.full(size, -1.0)), native=True)


@pytest.mark.parametrize("special", [np.nan, -0.0, np.inf])
@pytest.mark.parametrize("name", ["max", "min", "sum", "prod", "mean", "any", "all", "median"])
def test_special_numbers_in_windows(name: str, special: float, tmp_path: Path) -> None:
    x = np.where(r.random((5, 12)) < 0.2, special, r.integers(-1, 2, (5, 12)))
    for width in (2, 5, 7):
        assert_matches_loop(moving(name, width, tmp_path), (x,), native=True)


def test_numbers_between_the_windows_are_not_added(tmp_path: Path) -> None:
    """Infinities of both signs in a gap would give nan, with a warning that the loop does not give."""
    x = r.standard_normal((3, 5, 9, 5))
    x[:, :, 0::4], x[:, 1:, 3::4] = np.inf, -np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_matches_loop(shifted_windows, (x,), native=True)


@pytest.mark.parametrize("length", [4, 5, 12, 13])
def test_medians_of_every_other_window(length: int) -> None:
    assert_matches_loop(every_other, (r.standard_normal((5, length)),), native=True)


@pytest.mark.parametrize("dtype", [float, np.float32, np.uint8, np.int64])
@pytest.mark.parametrize("count", range(1, 26))
def test_medians_of_arrays(count: int, dtype: Any) -> None:
    x = (40 * r.random((count, 200))).astype(dtype)
    if x.dtype.kind == "f":
        x[r.random(x.shape) < 0.02] = np.nan
    found, expected = median_of(list(x)), np.median(x, axis=0)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype


@pytest.mark.parametrize("dtype", [float, np.float32, complex, np.complex64, int])
def test_real_times_complex(dtype: Any) -> None:
    x = (5 * r.standard_normal((4, 9))).astype(dtype)
    assert_matches_loop(fourier, (x,), native=True)


@pytest.mark.parametrize("dtype", [float, complex])
def test_real_times_complex_is_a_product_of_matrices(dtype: Any) -> None:
    assert " @ " in vmap(fourier).source(r.standard_normal((4, 9)).astype(dtype))
