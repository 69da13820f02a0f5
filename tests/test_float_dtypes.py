"""Python floats and NumPy floats of single precision in loops, and products that stay within the range of floats."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from vectorizer import vmap
from vectorizer.testing import assert_matches_loop


def root_again_and_again(x):
    for _ in range(3):
        x = math.sqrt(x + 1)
    return x


def norm_step_by_step(v):
    m = v[0]
    for q in v[1:]:
        m = math.hypot(m, q)
    return m


def fixed_point(x):
    n = 0
    y = x
    while n < 200:
        z = math.cos(y)
        if abs(z - y) < 1e-9:
            break
        y = z
        n += 1
    return y, n


def harmonic_shift(x):
    s = x * 1
    for k in range(1, 4):
        s += 1 / k
    return s


def scaled_by_a_sum(x):
    return x * sum(math.sin(k) for k in range(3))


def waves(x):
    s = 0.0
    for k in range(3):
        s += x * math.cos(k)
    return s


X = np.array([0.5, 1.25, 3.0])
ROWS = np.stack([X, X + 1, 2 * X])
CASES = [
    (root_again_and_again, X),
    (norm_step_by_step, ROWS),
    (fixed_point, X),
    (harmonic_shift, X),
    (scaled_by_a_sum, X),
    (waves, X),
]


@pytest.mark.filterwarnings("ignore::vectorizer.FallbackWarning")
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64], ids=lambda t: t.__name__)
@pytest.mark.parametrize(("function", "values"), CASES, ids=lambda v: getattr(v, "__name__", ""))
def test_python_floats_among_those_of_numpy(function: Any, values: Any, dtype: Any) -> None:
    assert_matches_loop(function, (values.astype(dtype),))


def scaled_product(alpha, a, b):
    c = np.zeros((a.shape[0], b.shape[1]))
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                c[i, j] += alpha * a[i, k] * b[k, j]
    return c


def scaled_dot(alpha, x, y):
    s = 0.0
    for k in range(len(x)):
        s += alpha * x[k] * y[k]
    return s


def dot_with_factors_between(alpha, x, y):
    s = 0.0
    for k in range(len(x)):
        s += 0.5 * x[k] * alpha * y[k] * 2
    return s


@pytest.mark.parametrize("function", [scaled_product, scaled_dot, dot_with_factors_between], ids=lambda f: f.__name__)
@pytest.mark.parametrize("alpha", [1e-300, 0.7], ids=str)
def test_factors_keep_products_within_range(function: Any, alpha: float) -> None:
    shape = (3, 4, 4) if function is scaled_product else (3, 4)
    rng = np.random.default_rng(0)
    large = 1e200 if alpha < 0.1 else 1.0
    a, b = rng.random(shape) * large, rng.random(shape) * large
    for axis, given in ((None, alpha), (0, np.full(3, alpha))):
        vmapped = vmap(function, (axis, 0, 0), strict=True)
        assert_matches_loop(function, (given, a, b), (axis, 0, 0), vmapped=vmapped)
