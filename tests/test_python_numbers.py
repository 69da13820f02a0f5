"""What is the same for all examples is one of Python's numbers where the function gives one of these."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vectorizer import jit, vmap
from vectorizer.errors import FallbackWarning
from vectorizer.testing import assert_matches_loop


def greatest(n):
    best = 0
    for i in range(n):
        if i % 3 == 2:
            best = max(best, i)
    return best


def greatest_of_all(n):
    best = -1
    for i in range(n):
        if (i * 7) % 5 > best:
            best = (i * 7) % 5
    return best


def greatest_and_where(n):
    at = best = -1
    for i in range(n):
        v = (i * 7) % 5
        if v > best:
            best = v
            at = i
    return at, best


def last(n):
    last = -1
    for i in range(n):
        if i % 3 == 1:
            last = i
    return last


def first(n):
    for i in range(n):
        if i * i > 20:
            return i
    return -1


def extremes(n):
    return max(i % 4 for i in range(1, n)), min([i - 2 for i in range(n)]), sum(i * i for i in range(n))


def least_distance(n):
    m = 1e9
    for i in range(n):
        d = abs(i - 2.5)
        m = min(m, d)
    return m


def divided(n):
    best = -1
    for i in range(n):
        if -i > best:
            best = -i
    return 1 / best


FUNCTIONS = [greatest, greatest_of_all, greatest_and_where, last, first, extremes, least_distance]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("n", [7, 2])
def test_numbers_are_pythons(function: Callable[..., Any], n: int) -> None:
    expected, got = function(n), jit(function)(n)
    assert repr(got) == repr(expected)  # which tells np.int64(5) from 5


def test_they_divide_as_pythons_do() -> None:
    assert jit(divided)(0) == -1.0
    with pytest.raises(ZeroDivisionError):
        jit(divided)(3)


COMPLEX = [
    lambda w: 1 / (1j * w),  # an np.float64 is a float: Python's complex computes with it, and raises
    lambda w: 1 / (w * 1j),  # here NumPy's float computes
    lambda w: 1 / (1 + 2j * w * 0.5),
    lambda w: (1j * w).real / (1j - w).imag,
    lambda w: np.exp(1j * w) / (1j * w + 1),
    lambda w: abs(2j + w),
    lambda w: np.array([1, 2], np.complex64) * (1j * w),  # beside an array it has no dtype of its own
]


@pytest.mark.parametrize("function", COMPLEX)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("values", [[1.0, 3.0, 2.0], [1.0, 0.0, 2.0]])
@pytest.mark.parametrize("backend", ["numpy", "fake"])
@pytest.mark.usefixtures("fake")
def test_complex_numbers(function: Any, dtype: Any, values: list[float], backend: str) -> None:
    args = (np.array(values, dtype),)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning if backend == "fake" else ResourceWarning)
        assert_matches_loop(function, args, vmapped=vmap(function, backend=backend))


def test_elements_of_arrays_are_numpys() -> None:
    def greatest_element(x):
        best = x[0]
        for v in x:
            if v > best:
                best = v
        return best

    assert type(jit(greatest_element)(np.array([1, 5, 2]))) is np.int64


def ratio(x, t):
    total, n = 0.0, 0
    for v in x:
        if v > t:
            total += v
            n += 1
    return total / n  # of Python's 0.0 for examples without any


def ratio_or_zero(x, t):
    total = sum(v for v in x if v > t)
    n = sum(1 for v in x if v > t)
    try:
        return total / n
    except ZeroDivisionError:
        return -1.0


def ratio_of_list(x, t):
    chosen = [v for v in x if v > t]
    return sum(chosen) / len(chosen)


def ratio_until(x, t):
    total, n, i = 0.0, 0, 0
    while i < len(x) and x[i] > t:
        total += x[i]
        n += 1
        i += 1
    return total / n


def ratio_of_choice(x, t):
    total, n = 0.0, 0
    if x[0] > t:
        total, n = x[0], 2
    return total / n


@pytest.mark.parametrize("function", [ratio, ratio_or_zero, ratio_of_list, ratio_until, ratio_of_choice])
@pytest.mark.parametrize("dtype", [float, np.float32])
def test_python_numbers_of_some_examples_raise(function: Any, dtype: Any) -> None:
    x = np.array([[3.0, 1.0, 2.0], [0.5, 4.0, 0.25], [2.0, -1.0, 0.0]], dtype)
    assert_matches_loop(function, (x, 1.5 if function is not ratio_of_choice else 0.0), (0, None))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)
        assert_matches_loop(function, (x, 3.0), (0, None))  # of the loop, either -1.0 or ZeroDivisionError


def ratio_behind_a_loop(x, d):
    total = 0.0
    for n, v in enumerate(x, 1):
        total = total * 0.5 + v / n
    return total / d


def ratio_of_the_last_ones(x, skipped, d):
    total = 0.0
    for n, v in enumerate(x):
        if n < skipped:
            continue
        total = total * 0.5 + v
    return total / d


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_numbers_of_a_loop_that_runs_are_numpys() -> None:
    x = np.array([[3.0, 1.0, 2.0], [0.0, 0.0, 0.0]])
    assert_matches_loop(ratio_behind_a_loop, (x, 0), (0, None), native=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)
        assert_matches_loop(ratio_behind_a_loop, (x[:, :0], 0), (0, None))
        assert_matches_loop(ratio_of_the_last_ones, (x, 1, 0), (0, None, None))
        assert_matches_loop(ratio_of_the_last_ones, (x, 3, 0), (0, None, None))  # raises: it is Python's number still
