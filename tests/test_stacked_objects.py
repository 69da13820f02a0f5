"""Dataclasses that functions return are stacked field by field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from vectorizer import vmap
from vectorizer.testing import assert_matches_loop


@dataclass(frozen=True)
class Point:
    x: float
    y: float


def make_point(x):
    return Point(x[0], x[1] * 2)


@pytest.mark.filterwarnings("ignore::vectorizer.FallbackWarning")
def test_a_dataclass_of_batches():
    x = np.random.default_rng(0).random((4, 2))
    assert_matches_loop(make_point, (x,))
    found = vmap(make_point)(x)
    assert isinstance(found, Point)
    np.testing.assert_array_equal(found.y, x[:, 1] * 2)
