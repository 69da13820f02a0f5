"""The cases on a GPU: functions of one example, their inputs at full and at small size, and the work that they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import functions
from benchmarks.cases import Arguments, Axes, Case, kalman_inputs


@dataclass(frozen=True)
class GpuCase:
    """One function with its inputs.

    make: gives the arguments for a generator and the batch size.
    full, small: batch sizes on a GPU, and where only is tried whether all runs.
    unit: what it is limited by, "B" for bytes or "FLOP".
    work: how much of it a call does at least, from the arguments and the result.
    dtype: that of the matrix products whose rate is the ceiling for "FLOP".
    """

    key: str
    title: str
    function: Callable[..., Any]
    make: Callable[[np.random.Generator, int], Arguments]
    axes: Axes
    full: int
    small: int
    unit: str
    work: Callable[[Arguments, np.ndarray], float]
    dtype: str = "float64"
    rtol: float = 1e-7
    sample: int = 16

    def sized(self, is_small: bool) -> Case:
        """The case at one of its sizes."""
        batch = self.small if is_small else self.full
        return Case(self.key, self.title, self.function, lambda r: self.make(r, batch), self.axes, batch, self.sample)


def distances(x, centres):
    return np.sqrt(np.sum((centres - x) ** 2, axis=1))


def mlp_inputs(r, batch):
    shapes = ((batch, 784), (256, 784), (256,), (10, 256), (10,))
    scales = (1, 0.05, 0.1, 0.1, 0.1)
    return tuple((r.standard_normal(s) * k).astype(np.float32) for s, k in zip(shapes, scales, strict=True))


def option_inputs(r, n):
    return r.uniform(50, 150, n), r.uniform(50, 150, n), r.uniform(0.1, 2, n), 0.03, r.uniform(0.1, 0.6, n)


def plane_inputs(r, side):
    re, im = np.linspace(-2.0, 0.6, side), np.linspace(-1.3, 1.3, side)
    return ((re[None, :] + 1j * im[:, None]).ravel(),)


def filter_inputs(r, batch):
    ys, *model = kalman_inputs(r)
    return (np.resize(ys, (batch, *ys.shape[1:])) + 0.01 * r.standard_normal((batch, 1, 2)), *model)


def body_inputs(r, batch):
    return r.standard_normal((batch, 32, 3)), r.uniform(0.5, 2, (batch, 32))


def point_inputs(r, batch):
    return r.standard_normal((batch, 8)), r.standard_normal((2048, 8))


def bytes_of(arguments: Arguments, result: np.ndarray) -> float:
    """The arguments read once and the result written once."""
    return float(sum(a.nbytes for a in arguments if isinstance(a, np.ndarray)) + result.nbytes)


def mlp_flops(arguments: Arguments, result: np.ndarray) -> float:
    return 2.0 * len(result) * (784 * 256 + 256 * 10)


def mandelbrot_flops(arguments: Arguments, result: np.ndarray) -> float:
    """Each step: a complex product and sum, and the square of an absolute value."""
    return 11.0 * float(result.sum())


def gravity_flops(arguments: Arguments, result: np.ndarray) -> float:
    return 20.0 * len(result) * 32 * 32


f, model = functions, (None, None, None, None, None, None)
GPU_CASES = {
    case.key: case
    for case in (
        GpuCase("mlp", "MLP 784-256-10, float32, batch 16,384", f.mlp, mlp_inputs, (0, None, None, None, None),
                16_384, 64, "FLOP", mlp_flops, "float32", 2e-3),
        GpuCase("options", "Black-Scholes, 10^7 options", f.black_scholes, option_inputs, (0, 0, 0, None, 0),
                10_000_000, 1000, "B", bytes_of, sample=1000),
        GpuCase("mandelbrot", "Mandelbrot 4096 x 4096, 200 steps", f.escape_time, plane_inputs, (0,),
                4096, 24, "FLOP", mandelbrot_flops, sample=1000),
        GpuCase("kalman", "Kalman filters, 20,000 of 100 steps", f.kalman, filter_inputs, (0, *model),
                20_000, 20, "B", bytes_of),
        GpuCase("bodies", "n-body, 4,096 systems of 32 bodies", f.gravity, body_inputs, (0, 0),
                4096, 6, "FLOP", gravity_flops, sample=4),
        GpuCase("distances", "distances, 4,096 points to 2,048 in 8 dimensions", distances, point_inputs, (0, None),
                4096, 10, "B", bytes_of),
    )
}  # fmt: skip
# The side of the plane is given for its batch size.
SQUARE = frozenset(("mandelbrot",))
