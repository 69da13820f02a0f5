"""The oracle objects to the mistakes that a rewriter makes: each right rewrite passes, and each wrong one does not.

`test_testing.py` has the messages; here are the mistakes, also with a batch as long as an axis of the examples, where
the shapes agree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from vectorizer.testing import assert_matches_loop

N = 4  # the batch size and the length of the examples' axes
RNG = np.random.default_rng(5)
A = RNG.uniform(-2, 2, (N, N, N))
X = RNG.uniform(-2, 2, (N, N))
Y = RNG.uniform(-2, 2, (N, N))
S = np.array([0.0, -1.5, 2.0, 0.0])
K = np.array([2, 0, 3, 1])
LANES = np.arange(N)


@dataclass(frozen=True)
class Rewrite:
    """A function, arguments, the right rewrite, and wrong ones by the mistake."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    right: Callable[..., Any]
    wrong: dict[str, Callable[..., Any]]
    in_axes: Any = 0


def guarded_quotient(x, s):
    return x / s if s != 0 else x


def guarded_quotient_batched(x, s):
    out = x.copy()
    out[s != 0] /= s[s != 0, None]
    return out


def stored_under_a_condition(x, s, k):
    if s > 0:
        x[k] = s
    return x


def stored_batched(x, s, k, taken):
    x[LANES[taken], k[taken]] = s[taken]
    return x.copy()


def escape(s):
    n = 0
    while s * s < 100 and n < 20:
        s = s * 2 + 1
        n += 1
    return n


def escape_batched(s, masked=True):
    n = np.zeros(len(s), int)
    for _ in range(20):
        live = s * s < 100
        s = np.where(live, s * 2 + 1, s)
        n += live if masked else live.any()
    return n


def counted(x):
    return sum(1 for v in x if v > 0)


def integers(x):
    return np.floor(x).astype(np.int32)


def view_stored(x):
    y = x[1:]
    y[0] = 7.0
    return x


def view_stored_batched(x, copied=False):
    y = x[:, 1:].copy() if copied else x[:, 1:]
    y[:, 0] = 7.0
    return x.copy()


def refuses_the_negative(s):
    if s < 0:
        raise ValueError("negative")
    return s


def refuses_all(s, kind=ValueError):
    if (s < 0).any():
        raise kind("negative")
    return s


def ordered(x):
    return np.argsort(x), np.cumsum(x)


REWRITES = [
    Rewrite(
        lambda a, x: a.sum(axis=0) + x, (A, X), lambda a, x: a.sum(axis=1) + x,
        {"the axis is not shifted": lambda a, x: a.sum(axis=0) + x,
         "another axis": lambda a, x: a.sum(axis=2) + x,
         "a negative axis is shifted": lambda a, x: a.sum(axis=-1) + x},
    ),
    Rewrite(
        lambda x, s: x * s, (X, S), lambda x, s: x * s[:, None],
        {"no axis is inserted": lambda x, s: x * s},
    ),
    Rewrite(
        lambda a, x: a + x[:, None], (A, X), lambda a, x: a + x[:, :, None],
        {"the wrong axis is inserted": lambda a, x: a + x[:, None, :],
         "the batch is an axis of the example": lambda a, x: a + x[:, None]},
    ),
    Rewrite(
        lambda a, x: a @ x, (A, X), lambda a, x: np.einsum("bij,bj->bi", a, x),
        {"a batch of vectors is a matrix": lambda a, x: a @ x,
         "the matrix is transposed": lambda a, x: np.einsum("bij,bi->bj", a, x)},
    ),
    Rewrite(
        lambda a, x: a.T * x, (A, X), lambda a, x: a.transpose(0, 2, 1) * x[:, None],
        {"the batch is transposed too": lambda a, x: a.T * x[:, None],
         "nothing is transposed": lambda a, x: a * x[:, None]},
    ),
    Rewrite(
        lambda x, y: x - y, (X, Y), lambda x, y: x - y.T,
        {"in_axes is ignored": lambda x, y: x - y},
        in_axes=(0, 1),
    ),
    Rewrite(
        lambda x, k: x[k], (X, K), lambda x, k: x[LANES, k],
        {"the subscript is of the batch": lambda x, k: x[k][:, 0],
         "one subscript for all": lambda x, k: x[:, k[0]],
         "every subscript for every example": lambda x, k: x[:, k]},
    ),
    Rewrite(
        guarded_quotient, (X, S), guarded_quotient_batched,
        {"divides and warns where the loop does not": lambda x, s: np.where(s[:, None] != 0, x / s[:, None], x),
         "no mask": lambda x, s: x / np.where(s == 0, 2, s)[:, None],
         "the mask is inverted": lambda x, s: np.where(s[:, None] == 0, x / 2, x)},
    ),
    Rewrite(
        stored_under_a_condition, (X, S, K), lambda x, s, k: stored_batched(x, s, k, s > 0),
        {"no mask": lambda x, s, k: stored_batched(x, s, k, s < 9),
         "a copy is stored into": lambda x, s, k: stored_batched(x.copy(), s, k, s > 0),
         "nothing is stored": lambda x, s, k: x},
    ),
    Rewrite(
        escape, (S,), escape_batched,
        {"examples that are done go on": lambda s: escape_batched(s, masked=False)},
    ),
    Rewrite(
        counted, (X,), lambda x: (x > 0).sum(axis=1),
        {"a float": lambda x: (x > 0).sum(axis=1) * 1.0,
         "narrower": lambda x: (x > 0).sum(axis=1, dtype=np.int32),
         "one more in one example": lambda x: (x > 0).sum(axis=1) + (LANES == 2)},
    ),
    Rewrite(
        integers, (X,), lambda x: np.floor(x).astype(np.int32),
        {"the default integer": lambda x: np.floor(x).astype(int),
         "truncated": lambda x: x.astype(np.int32)},
    ),
    Rewrite(
        view_stored, (X,), view_stored_batched,
        {"the view is a copy": lambda x: view_stored_batched(x, copied=True),
         "the argument is left alone": lambda x: view_stored_batched(x.copy())},
    ),
    Rewrite(
        refuses_the_negative, (S,), refuses_all,
        {"raises nothing": lambda s: s,
         "raises something else": lambda s: refuses_all(s, KeyError)},
    ),
    Rewrite(
        ordered, (X,), lambda x: (np.argsort(x, axis=1), np.cumsum(x, axis=1)),
        {"cumulative over the batch": lambda x: (np.argsort(x, axis=1), np.cumsum(x, axis=0)),
         "sorted over the batch": lambda x: (np.argsort(x, axis=0), np.cumsum(x, axis=1)),
         "flattened": lambda x: (np.argsort(x, axis=1), np.cumsum(x).reshape(x.shape)),
         "a list for a tuple": lambda x: [np.argsort(x, axis=1), np.cumsum(x, axis=1)]},
    ),
]  # fmt: skip
WRONG = [pytest.param(rewrite, wrong, id=name) for rewrite in REWRITES for name, wrong in rewrite.wrong.items()]


@pytest.mark.parametrize("rewrite", REWRITES)
def test_the_right_rewrite_passes(rewrite: Rewrite) -> None:
    assert_matches_loop(rewrite.function, rewrite.args, rewrite.in_axes, vmapped=rewrite.right)


@pytest.mark.parametrize(("rewrite", "wrong"), WRONG)
def test_a_wrong_one_does_not(rewrite: Rewrite, wrong: Callable[..., Any]) -> None:
    with pytest.raises(AssertionError):
        assert_matches_loop(rewrite.function, rewrite.args, rewrite.in_axes, vmapped=wrong)
