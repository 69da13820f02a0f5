"""Arrays that one layer of `vmap` batches and another shares."""

from __future__ import annotations

import numpy as np
import pytest

from vectorizer import jit, vmap


def add_one(a, b):
    a += 1
    return a.sum() + b


def set_first(a, b):
    a[0] += b
    return a.sum()


@pytest.mark.parametrize("function", [add_one, set_first])
@pytest.mark.filterwarnings("ignore::vectorizer.FallbackWarning")
def test_each_inner_example_stores_into_what_they_share(function):
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 3)), rng.random(4)
    other = a.copy()
    expected = np.array([[function(other[i], b[j]) for j in range(4)] for i in range(2)])
    np.testing.assert_allclose(vmap(vmap(function, (None, 0)), (0, None))(a, b), expected)
    np.testing.assert_allclose(a, other)


def pair_shape(x):
    return (x[:, None, :] - x).shape


def test_the_shape_of_an_expression_in_parentheses():
    assert jit(pair_shape)(np.ones((3, 2))) == (3, 3, 2)
