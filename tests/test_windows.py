"""Reductions over short windows, and sums of products of real and complex numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.textbook import conv2d, fourier, max_pool
from tests.programs import load_program
from vectorizer import vmap
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


def test_short_windows_are_copied_and_long_ones_are_not(tmp_path: Path) -> None:
    x = r.standard_normal((4, 100))
    assert "ascontiguousarray" in vmap(moving("max", 5, tmp_path)).source(x)
    assert "ascontiguousarray" not in vmap(moving("max", 50, tmp_path)).source(x)


@pytest.mark.parametrize("dtype", [float, np.float32, complex, np.complex64, int])
def test_real_times_complex(dtype: Any) -> None:
    x = (5 * r.standard_normal((4, 9))).astype(dtype)
    assert_matches_loop(fourier, (x,), native=True)


@pytest.mark.parametrize("dtype", [float, complex])
def test_real_times_complex_is_a_product_of_matrices(dtype: Any) -> None:
    assert " @ " in vmap(fourier).source(r.standard_normal((4, 9)).astype(dtype))
