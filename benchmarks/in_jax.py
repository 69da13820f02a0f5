"""The cases for `jax.jit(jax.vmap(f))`; each says whether the function had to be rewritten for JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from benchmarks.functions import EPS

jax.config.update("jax_enable_x64", True)

VERSIONS: dict[str, list[Callable[..., Any]]] = {}  # the fastest counts
REWRITTEN: set[str] = set()


def version(*keys: str, rewritten: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        for key in keys:
            VERSIONS.setdefault(key, []).append(function)
            if rewritten:
                REWRITTEN.add(key)
        return function

    return add


@version("a", "a2", rewritten=False)
def convolve(x, w):
    output = []
    for i in range(1, len(x) - 1):
        output.append(jnp.dot(x[i - 1 : i + 2], w))
    return jnp.array(output)


def relu(x):
    return jnp.maximum(x, 0)


@version("b", rewritten=False)
def mlp(x, W1, b1, W2, b2):
    return relu(W2 @ relu(W1 @ x + b1) + b2)


@version("c", rewritten=False)
def mahalanobis(x, mu, L):
    z = jnp.linalg.solve(L, x - mu)
    return jnp.sqrt(jnp.dot(z, z))


@version("d", rewritten=False)
def black_scholes(S, K, T, r, sigma):
    d1 = (jnp.log(S / K) + (r + 0.5 * sigma**2) * T) / (sigma * jnp.sqrt(T))
    d2 = d1 - sigma * jnp.sqrt(T)
    N1 = 0.5 * (1 + jax.scipy.special.erf(d1 / jnp.sqrt(2)))
    N2 = 0.5 * (1 + jax.scipy.special.erf(d2 / jnp.sqrt(2)))
    return S * N1 - K * jnp.exp(-r * T) * N2


@version("e", rewritten=True)
def escape_time(c):
    start = (jnp.zeros((), jnp.complex128), jnp.int64(0))
    return lax.while_loop(lambda s: (jnp.abs(s[0]) <= 2) & (s[1] < 200), lambda s: (s[0] * s[0] + c, s[1] + 1), start)[
        1
    ]


@version("f", rewritten=True)
def newton_sqrt(a, tol=1e-10):
    return lax.while_loop(lambda x: jnp.abs(x * x - a) > tol * a, lambda x: 0.5 * (x + a / x), jnp.where(a > 1, a, 1.0))


@version("g", rewritten=True)
def collatz_where(n):
    def step(s):
        return jnp.where(s[0] % 2 == 0, s[0] // 2, 3 * s[0] + 1), s[1] + 1

    return lax.while_loop(lambda s: s[0] != 1, step, (n, jnp.int64(0)))[1]


@version("g", rewritten=True)
def collatz_shift(n):
    def step(s):
        return lax.cond(s[0] & 1 == 0, lambda n: n >> 1, lambda n: 3 * n + 1, s[0]), s[1] + 1

    return lax.while_loop(lambda s: s[0] != 1, step, (n, jnp.int64(0)))[1]


def lorenz(s, sigma=10.0, rho=28.0, beta=8.0 / 3.0):
    x, y, z = s
    return jnp.array([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])


@version("h", rewritten=True)  # as it stands it compiles for minutes: the loop is unrolled
def runge_kutta(s, dt=0.01):
    def step(_, s):
        k1 = lorenz(s)
        k2 = lorenz(s + 0.5 * dt * k1)
        k3 = lorenz(s + 0.5 * dt * k2)
        k4 = lorenz(s + dt * k3)
        return s + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)

    return lax.fori_loop(0, 200, step, s)


@version("i", "i2", rewritten=True)  # as it stands it compiles for ten seconds
def kalman(ys, F, H, Q, R, x0, P0):
    def step(carry, y):
        x, P = carry
        x = F @ x
        P = F @ P @ F.T + Q
        S = H @ P @ H.T + R
        K = P @ H.T @ jnp.linalg.inv(S)
        x = x + K @ (y - H @ x)
        P = (jnp.eye(4) - K @ H) @ P
        return (x, P), x

    return lax.scan(step, (x0, P0), ys)[1]


@version("j", rewritten=False)
def cross_entropy(logits, label):
    z = logits - jnp.max(logits)
    return jnp.log(jnp.sum(jnp.exp(z))) - z[label]


@version("k", rewritten=True)
def time_warping_table(p, q):
    n, m = len(p), len(q)
    D = jnp.full((n + 1, m + 1), jnp.inf).at[0, 0].set(0.0)

    def cell(i, j, D):
        cost = jnp.abs(p[i - 1] - q[j - 1])
        return D.at[i, j].set(cost + jnp.minimum(jnp.minimum(D[i - 1, j], D[i, j - 1]), D[i - 1, j - 1]))

    D = lax.fori_loop(1, n + 1, lambda i, D: lax.fori_loop(1, m + 1, lambda j, D: cell(i, j, D), D), D)
    return D[n, m]


@version("k", rewritten=True)
def time_warping_rows(p, q):
    m = len(q)

    def row(before, pi):
        def cell(left, u):
            qj, up, diagonal = u
            value = jnp.abs(pi - qj) + jnp.minimum(jnp.minimum(up, left), diagonal)
            return value, value

        _, values = lax.scan(cell, jnp.inf, (q, before[1:], before[:-1]))
        return jnp.concatenate([jnp.array([jnp.inf]), values]), None

    return lax.scan(row, jnp.full(m + 1, jnp.inf).at[0].set(0.0), p)[0][m]


@version("l", rewritten=True)
def moving_average_scan(x, alpha):
    def step(y, xt):
        y = alpha * xt + (1 - alpha) * y
        return y, y

    _, tail = lax.scan(step, x[0], x[1:])
    return jnp.concatenate([x[:1], tail])


@version("l", rewritten=True)
def moving_average_stores(x, alpha):
    out = jnp.zeros_like(x).at[0].set(x[0])
    return lax.fori_loop(1, len(x), lambda t, o: o.at[t].set(alpha * x[t] + (1 - alpha) * o[t - 1]), out)


@version("m", rewritten=True)
def gravity_stores(pos, mass):
    n = pos.shape[0]

    def pair(i, j, acc):
        r = pos[j] - pos[i]
        r2 = jnp.dot(r, r) + EPS
        return acc.at[i].add(jnp.where(i != j, mass[j] * r / (r2 * jnp.sqrt(r2)), 0.0))

    return lax.fori_loop(
        0, n, lambda i, acc: lax.fori_loop(0, n, lambda j, acc: pair(i, j, acc), acc), jnp.zeros((n, 3))
    )


@version("m", rewritten=True)
def gravity_pairs(pos, mass):
    def pair(pi, pj, mj):
        r = pj - pi
        r2 = jnp.dot(r, r) + EPS
        return mj * r / (r2 * jnp.sqrt(r2))

    return jax.vmap(lambda pi: jax.vmap(pair, (None, 0, 0))(pi, pos, mass).sum(0))(pos)


@version("n", rewritten=True)
def matmul(A, B):
    return A @ B


@version("o", rewritten=True)
def bilinear(img, y, x):
    H, W = img.shape
    inside = (y >= 0) & (y <= H - 1) & (x >= 0) & (x <= W - 1)
    y, x = jnp.where(inside, y, 0.0), jnp.where(inside, x, 0.0)
    y0, x0 = jnp.floor(y).astype(int), jnp.floor(x).astype(int)
    y1, x1 = jnp.minimum(y0 + 1, H - 1), jnp.minimum(x0 + 1, W - 1)
    fy, fx = y - y0, x - x0
    value = (1 - fy) * ((1 - fx) * img[y0, x0] + fx * img[y0, x1]) + fy * ((1 - fx) * img[y1, x0] + fx * img[y1, x1])
    return jnp.where(inside, value, 0.0)


@version("p", rewritten=True)
def histogram_loop(x, edges):
    bins = len(edges) - 1

    def step(t, out):
        b = jnp.searchsorted(edges, x[t], side="right") - 1
        return out.at[jnp.clip(b, 0, bins - 1)].add(jnp.where((b >= 0) & (b < bins), 1.0, 0.0))

    return lax.fori_loop(0, len(x), step, jnp.zeros(bins))


@version("p", rewritten=True)
def histogram_scatter(x, edges):
    bins = len(edges) - 1
    b = jnp.searchsorted(edges, x, side="right") - 1
    return jnp.zeros(bins).at[jnp.clip(b, 0, bins - 1)].add(jnp.where((b >= 0) & (b < bins), 1.0, 0.0))


@version("distances", rewritten=False)
def distances(x, centres):
    return jnp.sqrt(jnp.sum((centres - x) ** 2, axis=1))


@version("z", rewritten=False)
def affine(x):
    return x * 2 + 1
