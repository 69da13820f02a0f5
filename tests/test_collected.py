"""Lists that a loop over time appends to, and that become one array: against the loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vectorizer import jit, vmap
from vectorizer.testing import assert_matches_loop


def states(x, A, n):
    out = []
    for t in range(len(x)):
        n = A @ n + x[t]
        out.append(n)
    return np.stack(out)


def numbers(x, A, n):
    v, out = 0.0, []
    for t in range(len(x)):
        v = v + 0.5 * (x[t, 0] - np.sin(v))
        out.append(v)
    return np.array(out), v


def counts(x, A, n):
    k = 0
    out = []
    for t in range(len(x)):
        k = (k * 3 + (1 if x[t, 0] > n[0] else 2)) % 7
        out.append(k)
    return np.asarray(out)


def two_lists(x, A, n):
    means = []
    ends = []
    for t in range(len(x)):
        n = np.tanh(A @ n + x[t])
        means.append(np.mean(n))
        ends.append(n[::-1])
    return {"means": np.array(means), "ends": np.stack(ends) * 2}


def matrices(x, A, n):
    P = A * 1.0
    out = []
    for t in range(len(x)):
        P = A @ P + x[t, 0]
        out.append(P)
    return np.sum(np.stack(out), axis=0)


def copies(x, A, n):
    m = n.copy()
    out = []
    for t in range(len(x)):
        m += np.tanh(m) * x[t]
        out.append(m.copy())
    return np.array(out)


def copies_of_a_sum(x, A, n):  # the loop becomes an axis
    m = n.copy()
    out = []
    for t in range(len(x)):
        m += x[t]
        out.append(m.copy())
    return np.array(out)


# Those in which the list must stay one.


def changed_behind(x, A, n):
    m = n.copy()
    out = []
    for t in range(len(x)):
        m += x[t]
        out.append(m)
    return np.stack(out)


def changed_at_the_end(x, A, n):
    m = n.copy()
    out = []
    for t in range(len(x)):
        out.append(m)
    m[0] = 9.0
    return np.stack(out)


def changed_by_another_name(x, A, n):
    m = n.copy()
    k = m
    out = []
    for t in range(len(x)):
        np.add(m, x[t], out=m)
        out.append(k)
    return np.stack(out)


def at_times(x, A, n):
    out = []
    for t in range(len(x)):
        n = A @ n + x[t]
        if t % 2 == 0:
            out.append(n)
    return np.stack(out)


def with_first(x, A, n):
    out = []
    out.append(n)
    for t in range(len(x)):
        n = A @ n + x[t]
        out.append(n)
    return np.stack(out)


def read_again(x, A, n):
    out = []
    for t in range(len(x)):
        n = A @ n + x[t]
        out.append(n)
    return np.stack(out), out[-1]


def until(x, A, n):
    out = []
    for t in range(len(x)):
        n = A @ n + x[t]
        out.append(n)
        if t == 3:
            break
    return np.stack(out)


def same_for_all(x, A, n):
    out = []
    v = 1.0
    for t in range(len(x)):
        v = v * 0.5 + t
        out.append(v)
    return np.array(out) * x[:, 0]


ARRAYS = [states, numbers, counts, two_lists, matrices, copies, copies_of_a_sum]
LISTS = [
    changed_behind,
    changed_at_the_end,
    changed_by_another_name,
    at_times,
    with_first,
    read_again,
    until,
    same_for_all,
]
AXES: list[Any] = [(0, None, None), (0, 0, 0), (2, None, 1), (None, 0, None)]


def arguments(axes: Any, batch: int, steps: int, size: int = 3, dtype: Any = float) -> Any:
    rng = np.random.default_rng(2)
    made = []
    for shape, axis in zip([(steps, size), (size, size), (size,)], axes, strict=True):
        full = list(shape)
        if axis is not None:
            full.insert(axis, batch)
        made.append((rng.standard_normal(full) / 2).astype(dtype))
    return tuple(made)


@pytest.mark.parametrize("axes", AXES, ids=str)
@pytest.mark.parametrize("function", [*ARRAYS, *LISTS], ids=lambda f: f.__name__)
def test_against_the_loop(function: Any, axes: Any) -> None:
    for batch, steps in ((4, 6), (3, 3), (1, 5)):
        assert_matches_loop(function, arguments(axes, batch, steps), axes, rtol=1e-12)


@pytest.mark.parametrize("function", [*ARRAYS, *LISTS], ids=lambda f: f.__name__)
def test_float32(function: Any) -> None:
    axes = (0, None, None)
    assert_matches_loop(function, arguments(axes, 5, 4, dtype=np.float32), axes, rtol=1e-4)


@pytest.mark.parametrize(
    "function", [states, counts, two_lists, matrices, copies, copies_of_a_sum], ids=lambda f: f.__name__
)
def test_what_is_emitted(function: Any) -> None:
    vmapped = vmap(function, (0, 0, 0))
    args = arguments((0, 0, 0), 4, 6)
    vmapped(*args)
    assert ".append(" not in vmapped.source()
    x = args[0][0], args[1][0], args[2][0]
    expected, found = function(*x), jit(function)(*x)
    for key in expected if isinstance(expected, dict) else [slice(None)]:
        for one, other in zip(np.atleast_1d(expected[key]), np.atleast_1d(found[key]), strict=True):
            np.testing.assert_allclose(other, one)


@pytest.mark.parametrize("function", LISTS[:-1], ids=lambda f: f.__name__)
def test_what_stays_a_list(function: Any) -> None:
    vmapped = vmap(function, (0, 0, 0))
    vmapped(*arguments((0, 0, 0), 4, 6))
    assert "is an array from the start" not in vmapped.explain()


def test_no_steps() -> None:
    args = arguments((0, None, None), 4, 0)
    with pytest.raises(ValueError, match="at least one array"):
        vmap(states, (0, None, None))(*args)
    assert_matches_loop(counts, args, (0, None, None))
