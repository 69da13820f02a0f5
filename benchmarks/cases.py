"""The cases: a function of one example, its batched arguments, and how many examples the loop is timed on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np

from benchmarks import functions, textbook

Arguments = tuple[Any, ...]
Axes = tuple[int | None, ...]


@dataclass(frozen=True)
class Case:
    """One function with its inputs.

    signature: of the function of one example, in NumPy's notation; None where all arguments are numbers.
    sample: on how many examples the slow contenders are timed; their times are scaled to the batch.
    """

    key: str
    title: str
    function: Callable[..., Any]
    make: Callable[[np.random.Generator], Arguments]
    axes: Axes
    batch: int
    sample: int
    signature: str | None = None

    def arguments(self) -> Arguments:
        return self.make(np.random.default_rng(7))

    def indices(self) -> np.ndarray:
        """The examples that the loop is run on, in order."""
        if self.sample >= self.batch:
            return np.arange(self.batch)
        return np.sort(np.random.default_rng(3).choice(self.batch, self.sample, replace=False))

    def sampled(self, arguments: Arguments) -> Arguments:
        indices = self.indices()
        return tuple(a if axis is None else a[indices] for a, axis in zip(arguments, self.axes, strict=True))

    def loop(self, arguments: Arguments) -> np.ndarray:
        examples = zip(*(repeat(a) if axis is None else a for a, axis in zip(arguments, self.axes, strict=True)))
        return np.stack([self.function(*example) for example in examples])


def convolve_inputs(r):
    return r.standard_normal((1000, 100)), r.standard_normal((1000, 3))


def tutorial_inputs(r):
    return np.stack([np.arange(5.0)] * 2), np.stack([np.array([2.0, 3.0, 4.0])] * 2)


def mlp_inputs(r):
    return (
        r.standard_normal((1024, 784)),
        r.standard_normal((256, 784)) * 0.05,
        r.standard_normal(256) * 0.1,
        r.standard_normal((10, 256)) * 0.1,
        r.standard_normal(10) * 0.1,
    )


def mahalanobis_inputs(r):
    batch, d = 10_000, 16
    L = np.tril(r.standard_normal((batch, d, d)) * 0.2)
    L[:, range(d), range(d)] = 1 + r.random((batch, d))
    return r.standard_normal((batch, d)), r.standard_normal(d), L


def black_scholes_inputs(r):
    n = 1_000_000
    return r.uniform(50, 150, n), r.uniform(50, 150, n), r.uniform(0.1, 2, n), 0.03, r.uniform(0.1, 0.6, n)


def mandelbrot_inputs(r):
    re, im = np.linspace(-2.0, 0.6, 512), np.linspace(-1.3, 1.3, 512)
    return ((re[None, :] + 1j * im[:, None]).ravel(),)


def newton_inputs(r):
    return (10 ** r.uniform(-3, 6, 100_000),)


def collatz_inputs(r):
    return (np.arange(1, 100_001, dtype=np.int64),)


def lorenz_inputs(r):
    return (r.standard_normal((10_000, 3)) * 5 + np.array([0, 0, 25.0]),)


def kalman_inputs(r, batched_noise=False):
    batch, steps, dt = 1000, 100, 0.1
    F = np.eye(4)
    F[0, 2] = F[1, 3] = dt
    H = np.zeros((2, 4))
    H[0, 0] = H[1, 1] = 1
    Q, R, x0, P0 = np.eye(4) * 0.01, np.eye(2) * 0.25, np.zeros(4), np.eye(4)
    ys = r.standard_normal((batch, steps, 2)).cumsum(1) * 0.1 + r.standard_normal((batch, steps, 2)) * 0.5
    if batched_noise:
        R, P0 = R * r.uniform(0.5, 2, (batch, 1, 1)), P0 * r.uniform(0.5, 2, (batch, 1, 1))
    return ys, F, H, Q, R, x0, P0


def noisy_kalman_inputs(r):
    return kalman_inputs(r, batched_noise=True)


def cross_entropy_inputs(r):
    return r.standard_normal((4096, 1000)) * 3, r.integers(0, 1000, 4096)


def warping_inputs(r):
    return r.standard_normal((1000, 32)).cumsum(1), r.standard_normal((1000, 32)).cumsum(1)


def average_inputs(r):
    return r.standard_normal((1000, 1000)), 0.1


def gravity_inputs(r):
    return r.standard_normal((256, 32, 3)), r.uniform(0.5, 2, (256, 32))


def matmul_inputs(r):
    return r.standard_normal((1000, 16, 16)), r.standard_normal((1000, 16, 16))


def bilinear_inputs(r):
    return r.standard_normal((256, 256)), r.uniform(-5, 260, 1_000_000), r.uniform(-5, 260, 1_000_000)


def histogram_inputs(r):
    return r.standard_normal((1000, 100)), np.linspace(-3, 3, 21)


def pairwise_inputs(r):
    return (r.standard_normal((256, 48, 3)),)


def heat_inputs(r):
    return r.standard_normal((200, 32, 32)), 0.1


def image_inputs(r):
    return r.standard_normal((256, 28, 28)), r.standard_normal((3, 3))


def pooling_inputs(r):
    return (r.standard_normal((512, 32, 32)),)


def attention_inputs(r):
    return tuple(r.standard_normal((256, 32, 16)) for _ in range(3))


def prefix_inputs(r):
    return (r.standard_normal((1000, 500)),)


def fourier_inputs(r):
    return (r.standard_normal((1000, 32)),)


def forward_inputs(r):
    return r.standard_normal((2000, 16, 16)) * 0.2 + 2 * np.eye(16), r.standard_normal((2000, 16))


def cholesky_inputs(r):
    a = r.standard_normal((1000, 12, 12))
    return (a @ a.swapaxes(1, 2) + np.eye(12),)


def edit_inputs(r):
    return r.integers(0, 4, (1000, 24)), r.integers(0, 4, (1000, 24))


def life_inputs(r):
    return (r.integers(0, 2, (128, 24, 24)),)


def floyd_inputs(r):
    return (r.uniform(1, 10, (500, 16, 16)),)


def viterbi_inputs(r):
    logs = [np.log(r.dirichlet(np.ones(k), size=s)) for s, k in ((1, 8), (8, 8), (8, 5))]
    return r.integers(0, 5, (1000, 50)), logs[0][0], logs[1], logs[2]


def knapsack_inputs(r):
    return r.uniform(1, 10, (1000, 20)), r.integers(3, 12, 20), 50


def horner_inputs(r):
    return r.uniform(-1, 1, 1_000_000), r.standard_normal(9)


def median_inputs(r):
    return (r.standard_normal((500, 200)),)


KALMAN = "(t,q),(s,s),(q,s),(s,s),(q,q),(s),(s,s)->(t,s)"
SHARED_MODEL = (0, None, None, None, None, None, None)
SHARED_DYNAMICS = (0, None, None, None, 0, None, 0)
SHARED_NET = (0, None, None, None, None)

f, t = functions, textbook
CASES = {
    case.key: case
    for case in (
        Case("a", "convolve, n = 100, k = 3", f.convolve, convolve_inputs, (0, 0), 1000, 300, "(n),(k)->(m)"),
        Case("a2", "convolve, n = 5, k = 3 (tutorial)", f.convolve, tutorial_inputs, (0, 0), 2, 2, "(n),(k)->(m)"),
        Case("b", "MLP 784-256-10", f.mlp, mlp_inputs, SHARED_NET, 1024, 1024, "(n),(h,n),(h),(o,h),(o)->(o)"),
        Case(
            "c", "Mahalanobis by solve, d = 16", f.mahalanobis, mahalanobis_inputs,
            (0, None, 0), 10_000, 5000, "(d),(d),(d,d)->()",
        ),
        Case("d", "Black-Scholes", f.black_scholes, black_scholes_inputs, (0, 0, 0, None, 0), 1_000_000, 50_000),
        Case("e", "Mandelbrot, 200 steps", f.escape_time, mandelbrot_inputs, (0,), 262_144, 8192),
        Case("f", "Newton's square root", f.newton_sqrt, newton_inputs, (0,), 100_000, 25_000),
        Case("g", "Collatz", f.collatz, collatz_inputs, (0,), 100_000, 5000),
        Case("h", "RK4 of Lorenz, 200 steps", f.runge_kutta, lorenz_inputs, (0,), 10_000, 30, "(s)->(s)"),
        Case("i", "Kalman, T = 100, model shared", f.kalman, kalman_inputs, SHARED_MODEL, 1000, 40, KALMAN),
        Case("i2", "Kalman, noise batched", f.kalman, noisy_kalman_inputs, SHARED_DYNAMICS, 1000, 40, KALMAN),
        Case(
            "j", "softmax cross-entropy, k = 1000", f.cross_entropy, cross_entropy_inputs,
            (0, 0), 4096, 4096, "(k),()->()",
        ),
        Case("k", "time warping 32 x 32", f.time_warping, warping_inputs, (0, 0), 1000, 100, "(n),(m)->()"),
        Case("l", "moving average, T = 1000", f.moving_average, average_inputs, (0, None), 1000, 200, "(t),()->(t)"),
        Case("m", "gravity, n = 32", f.gravity, gravity_inputs, (0, 0), 256, 32, "(n,c),(n)->(n,c)"),
        Case("n", "matmul by three loops, 16 x 16", f.matmul, matmul_inputs, (0, 0), 1000, 60, "(i,k),(k,j)->(i,j)"),
        Case("o", "bilinear sample, bounds checked", f.bilinear, bilinear_inputs, (None, 0, 0), 1_000_000, 50_000),
        Case("p", "histogram by a loop", f.histogram, histogram_inputs, (0, None), 1000, 300, "(n),(e)->(b)"),
        Case("pairs", "pairwise distances, n = 48", t.pairwise, pairwise_inputs, (0,), 256, 10, "(n,d)->(n,n)"),
        Case("heat", "heat equation, 32 x 32, 20 steps", t.heat, heat_inputs, (0, None), 200, 6, "(n,m),()->(n,m)"),
        Case("conv2d", "convolution 3 x 3, 28 x 28", t.conv2d, image_inputs, (0, None), 256, 20, "(n,m),(k,l)->(o,p)"),
        Case("pool", "max-pool 2 x 2 of 32 x 32", t.max_pool, pooling_inputs, (0,), 512, 40, "(n,m)->(o,p)"),
        Case(
            "attention", "attention, 32 x 16", t.attention, attention_inputs,
            (0, 0, 0), 256, 20, "(n,d),(m,d),(m,e)->(n,e)",
        ),
        Case("prefix", "prefix sum, n = 500", t.prefix_sum, prefix_inputs, (0,), 1000, 300, "(n)->(n)"),
        Case("fourier", "Fourier sum, n = 32", t.fourier, fourier_inputs, (0,), 1000, 30, "(n)->(n)"),
        Case(
            "forward", "forward substitution, n = 16", t.forward_substitution, forward_inputs,
            (0, 0), 2000, 200, "(n,n),(n)->(n)",
        ),
        Case("cholesky", "Cholesky by loops, n = 12", t.cholesky, cholesky_inputs, (0,), 1000, 100, "(n,n)->(n,n)"),
        Case("edit", "edit distance 24 x 24", t.edit_distance, edit_inputs, (0, 0), 1000, 30, "(n),(m)->()"),
        Case("life", "game of life, 24 x 24, 5 steps", t.life, life_inputs, (0,), 128, 3, "(n,m)->(n,m)"),
        Case("floyd", "shortest paths, n = 16", t.floyd_warshall, floyd_inputs, (0,), 500, 20, "(n,n)->(n,n)"),
        Case(
            "viterbi", "Viterbi, 8 states, 50 steps", t.viterbi, viterbi_inputs,
            (0, None, None, None), 1000, 30, "(t),(s),(s,s),(s,e)->()",
        ),
        Case(
            "knapsack", "knapsack, 20 items, 50 units", t.knapsack, knapsack_inputs,
            (0, None, None), 1000, 100, "(n),(n),()->()",
        ),
        Case("horner", "polynomial of degree 8", t.horner, horner_inputs, (0, None), 1_000_000, 20_000, "(),(k)->()"),
        Case("median", "moving median, n = 200", t.moving_median, median_inputs, (0,), 500, 10, "(n)->(m)"),
    )
}  # fmt: skip
