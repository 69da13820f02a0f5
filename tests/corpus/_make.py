"""How the inputs of a case are made: one spec for each argument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import Case

N = "n"  # a dimension as long as the batch


@dataclass(frozen=True)
class Spec:
    build: Callable[[np.random.Generator, int], Any]
    axis: int | None = 0


def _array(draw, dims, axis, dtype):
    def build(rng, n):
        shape = [n if dim == N else dim for dim in dims]
        if axis is not None:
            shape.insert(axis if axis >= 0 else axis + len(shape) + 1, n)
        return np.asarray(draw(rng, tuple(shape))).astype(dtype)

    return Spec(build, axis)


def floats(*dims, low=-2.0, high=2.0, dtype=np.float64, axis=0):
    return _array(lambda rng, shape: rng.uniform(low, high, shape), dims, axis, dtype)


def positive(*dims, low=0.2, high=3.0, dtype=np.float64, axis=0):
    return floats(*dims, low=low, high=high, dtype=dtype, axis=axis)


def ints(*dims, low=0, high=10, dtype=np.int64, axis=0):
    """Integers from low to high - 1."""
    return _array(lambda rng, shape: rng.integers(low, high, shape), dims, axis, dtype)


def bools(*dims, axis=0):
    return _array(lambda rng, shape: rng.random(shape) < 0.5, dims, axis, bool)


def complexes(*dims, axis=0, dtype=np.complex128):
    return _array(lambda rng, shape: rng.uniform(-1, 1, shape) + 1j * rng.uniform(-1, 1, shape), dims, axis, dtype)


def distinct(*dims, axis=0, dtype=np.float64):
    """Values without ties."""
    return _array(lambda rng, shape: rng.permutation(int(np.prod(shape))).reshape(shape) / 2 - 3, dims, axis, dtype)


def increasing(length, axis=0):
    """Sorted rows."""

    def build(rng, n):
        length_ = n if length == N else length
        steps = rng.uniform(0.1, 1.0, (n, length_) if axis is not None else (length_,))
        rows = np.cumsum(steps, axis=-1)
        return rows if axis in (0, None) else np.moveaxis(rows, 0, axis)

    return Spec(build, axis)


def spd(size, axis=0):
    """Symmetric positive definite matrices."""

    def build(rng, n):
        a = rng.uniform(-1, 1, (n, size, size) if axis is not None else (size, size))
        return a @ np.swapaxes(a, -1, -2) + size * np.eye(size)

    return Spec(build, axis)


def each(values, dtype=None):
    """The given values, one for each example, from the first again when they run out."""
    values = np.asarray(values, dtype=dtype)
    return Spec(lambda rng, n: values[np.arange(n) % len(values)].copy())


def const(value):
    """The same object for all examples."""
    return Spec(lambda rng, n: value.copy() if isinstance(value, np.ndarray) else value, None)


def tree(template, axis=0):
    """A dict, list or tuple of specs as one argument."""

    def build(rng, n):
        if isinstance(template, dict):
            return {key: spec.build(rng, n) for key, spec in template.items()}
        return type(template)(spec.build(rng, n) for spec in template)

    return Spec(build, axis)


class Suite:
    """The cases of one module: call it with a function and a spec for each argument."""

    def __init__(self, module):
        self.module = module.rpartition(".")[2]
        self.cases: list[Case] = []

    def __call__(self, fun, *specs, name=None, native=True, tags=()):
        def make(rng, n):
            return tuple(spec.build(rng, n) for spec in specs)

        axes = tuple(spec.axis for spec in specs)
        in_axes = 0 if all(axis == 0 for axis in axes) else axes
        if isinstance(tags, str):
            tags = (tags,)
        name = f"{self.module}.{name or fun.__name__}"
        self.cases.append(Case(name, fun, make, in_axes, native, tuple(tags)))
