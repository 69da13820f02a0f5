"""Reductions along short axes, inside of loops that have become axes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.textbook import viterbi
from tests.programs import load_program
from vectorizer import vmap
from vectorizer.rules import short_axes
from vectorizer.testing import assert_matches_loop

r = np.random.default_rng(23)
NAMES = ["sum", "prod", "max", "min", "mean", "any", "all"]


@pytest.fixture(autouse=True)
def few_results(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reductions with few results are taken apart as well."""
    monkeypatch.setattr(short_axes, "FEWEST_RESULTS", 0)


def rows(name: str, folder: Path) -> Callable[..., Any]:
    """A function of its own file, with the reduction in its text."""
    return load_program(
        f"""import numpy as np


def program(x, y):
    out = []
    for i in range(len(y)):
        out.append(np.{name}(x[i] + y[i]))
    return np.array(out)
""",
        folder,
    )


def nested(x, y):
    """Pairs of rows, and a condition on what they give."""
    n = len(x)
    out = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            d = np.max(np.abs(x[i] - x[j]))
            if d > y[i]:
                out[i, j] = d + (x[i] * x[j] * y[j]).sum(axis=-1)
    return out


@pytest.mark.parametrize("dtype", [float, np.float32, np.int64, np.uint8, bool, complex])
@pytest.mark.parametrize("shape", [(5, 6, 3), (3, 3, 3), (1, 4, 2), (0, 4, 2), (6, 4, 1), (6, 5, 8), (4, 2, 20)])
@pytest.mark.parametrize("name", NAMES)
def test_rows(name: str, shape: tuple[int, ...], dtype: Any, tmp_path: Path) -> None:
    f = rows(name, tmp_path)
    x, y = (20 * r.random(shape)).astype(dtype), (20 * r.random(shape[:2])).astype(dtype)
    assert_matches_loop(f, (x, y), rtol=1e-5 if dtype is np.float32 else None)


@pytest.mark.parametrize("name", NAMES)
def test_special_numbers(name: str, tmp_path: Path) -> None:
    x, y = r.integers(-1, 2, (5, 6, 4)).astype(float), np.zeros((5, 6))
    x[r.random(x.shape) < 0.2] = np.nan
    x[r.random(x.shape) < 0.2] = -0.0
    assert_matches_loop(rows(name, tmp_path), (x, y), native=True)


@pytest.mark.parametrize("shape", [(5, 6, 3), (3, 3, 3), (1, 4, 2), (4, 2, 20)])
@pytest.mark.parametrize("axes", [(0, 0), (0, None), (None, 0)])
def test_pairs_of_rows(axes: tuple[int | None, int | None], shape: tuple[int, ...]) -> None:
    given = (r.standard_normal(shape), r.random(shape[:2]))
    args = tuple(a if axis == 0 else a[0] for a, axis in zip(given, axes, strict=True))
    assert_matches_loop(nested, args, in_axes=axes, native=True)


@pytest.mark.parametrize("size", [1, 4, 8])
def test_a_later_call_may_have_another_length(size: int) -> None:
    f = vmap(viterbi, (0, None, None, None))
    for states in (5, 12, 1):
        seen, start = r.integers(0, 3, (size, 7)), r.random(states)
        move, emit = r.random((states, states)), r.random((states, 3))
        expected = np.array([viterbi(row, start, move, emit) for row in seen])
        np.testing.assert_allclose(f(seen, start, move, emit), expected)


def test_an_empty_axis_raises_as_one_example_does(tmp_path: Path) -> None:
    f = vmap(rows("max", tmp_path))
    f(r.random((3, 4, 2)), r.random((3, 4)))
    with pytest.raises(ValueError, match="zero-size array"):
        f(r.random((3, 4, 0)), r.random((3, 4)))


def test_short_axes_are_taken_element_by_element(tmp_path: Path) -> None:
    f = vmap(rows("max", tmp_path))
    assert "np.maximum(highest, terms[..., k], out=highest)" in f.source(r.random((3, 4, 5)), r.random((3, 4)))
    assert "np.max(" in f.source(r.random((3, 4, 50)), r.random((3, 4)))


def test_few_results_are_reduced_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(short_axes, "FEWEST_RESULTS", 100)
    f = rows("max", tmp_path)
    assert "np.max(" in vmap(f).source(r.random((3, 4, 5)), r.random((3, 4)))
    assert "np.maximum(" in vmap(f).source(r.random((30, 4, 5)), r.random((30, 4)))
