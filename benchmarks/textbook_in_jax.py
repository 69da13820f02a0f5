"""The textbook's functions for `jax.jit(jax.vmap(f))`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from benchmarks.in_jax import version


@version("pairs", rewritten=True)
def pairwise(x):
    return jnp.sqrt(jnp.sum((x[:, None] - x) ** 2, axis=-1))


@version("heat", rewritten=True)
def heat(u, k):
    def step(_, u):
        inner = u[1:-1, 1:-1]
        return u.at[1:-1, 1:-1].set(inner + k * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] - 4 * inner))

    return lax.fori_loop(0, 20, step, u)


@version("conv2d", rewritten=True)
def conv2d(image, kernel):
    return jax.scipy.signal.correlate2d(image, kernel, mode="valid")


@version("conv2d", rewritten=True)
def conv2d_by_shifts(image, kernel):
    kh, kw = kernel.shape
    h, w = image.shape[0] - kh + 1, image.shape[1] - kw + 1
    return sum(image[k : k + h, m : m + w] * kernel[k, m] for k in range(kh) for m in range(kw))


@version("pool", rewritten=True)
def max_pool(image):
    h, w = image.shape
    return image.reshape(h // 2, 2, w // 2, 2).max(axis=(1, 3))


@version("attention", rewritten=True)
def attention(q, k, v):
    return jax.nn.softmax(q @ k.T / jnp.sqrt(q.shape[1]), axis=-1) @ v


@version("prefix", rewritten=True)
def prefix_sum(x):
    return jnp.cumsum(x)


@version("prefix", rewritten=True)
def prefix_by_scan(x):
    return lax.scan(lambda total, e: (total + e, total + e), 0.0, x)[1]


@version("fourier", rewritten=True)
def fourier(x):
    n = jnp.arange(len(x))
    return jnp.exp(-2j * jnp.pi * jnp.outer(n, n) / len(x)) @ x


@version("forward", rewritten=True)
def forward_substitution(L, b):
    def step(i, y):
        return y.at[i].set((b[i] - jnp.dot(L[i], y)) / L[i, i])

    return lax.fori_loop(0, len(b), step, jnp.zeros_like(b))


@version("cholesky", rewritten=True)
def cholesky(A):
    return jnp.linalg.cholesky(A)


@version("cholesky", rewritten=True)
def cholesky_by_columns(A):
    def step(j, L):
        row = L[j]
        column = A[:, j] - L @ row
        column = jnp.where(jnp.arange(len(A)) >= j, column / jnp.sqrt(column[j]), 0.0)
        return L.at[:, j].set(column)

    return lax.fori_loop(0, len(A), step, jnp.zeros_like(A))


@version("edit", rewritten=True)
def edit_distance(a, b):
    def row(above, x):
        changed = above[:-1] + (x != b)

        def cell(left, both):
            best = jnp.minimum(jnp.minimum(left, both[0]) + 1, both[1])
            return best, best

        first = above[0] + 1
        rest = lax.scan(cell, first, (above[1:], changed))[1]
        return jnp.concatenate([first[None], rest]), None

    return lax.scan(row, jnp.arange(len(b) + 1), a)[0][-1]


@version("life", rewritten=True)
def life(grid):
    def step(_, g):
        shifts = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]
        count = sum(jnp.roll(g, shift, axis=(0, 1)) for shift in shifts)
        return ((count == 3) | (count == 2) & (g == 1)).astype(g.dtype)

    return lax.fori_loop(0, 5, step, grid)


@version("floyd", rewritten=True)
def floyd_warshall(W):
    return lax.fori_loop(0, len(W), lambda k, D: jnp.minimum(D, D[:, k, None] + D[k]), W)


@version("viterbi", rewritten=True)
def viterbi(observed, start, move, emit):
    def step(score, o):
        return jnp.max(score[:, None] + move, axis=0) + emit[:, o], None

    return jnp.max(lax.scan(step, start + emit[:, observed[0]], observed[1:])[0])


@version("knapsack", rewritten=True)
def knapsack(values, weights, capacity):
    places = jnp.arange(MOST + 1)

    def step(best, item):
        v, w = item
        taken = jnp.where(places >= w, best[jnp.maximum(places - w, 0)] + v, -jnp.inf)
        return jnp.maximum(best, taken), None

    return lax.scan(step, jnp.zeros(MOST + 1), (values, weights))[0][capacity]


MOST = 50


@version("horner", rewritten=False)
def horner(x, c):
    y = 0.0
    for k in range(len(c) - 1, -1, -1):
        y = y * x + c[k]
    return y


@version("median", rewritten=True)
def moving_median(x):
    windows = jnp.stack([x[k : len(x) - 4 + k] for k in range(5)])
    return jnp.sort(windows, axis=0)[2]
