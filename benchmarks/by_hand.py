"""The cases as an expert batches them by hand: first the idiomatic version, then the tuned one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.special import erf  # NumPy has none

from benchmarks.functions import EPS

Batched = Callable[..., Any]
IDIOMATIC: dict[str, list[Batched]] = {}
TUNED: dict[str, list[Batched]] = {}  # several where none is fastest everywhere; the fastest counts


def idiomatic(*keys: str) -> Callable[[Batched], Batched]:
    return _add(IDIOMATIC, keys)


def tuned(*keys: str) -> Callable[[Batched], Batched]:
    return _add(TUNED, keys)


def _add(table: dict[str, list[Batched]], keys: tuple[str, ...]) -> Callable[[Batched], Batched]:
    def add(function: Batched) -> Batched:
        for key in keys:
            table.setdefault(key, []).append(function)
        return function

    return add


def blocks(batch: int, size: int) -> Iterator[tuple[int, int]]:
    for start in range(0, batch, size):
        yield start, min(batch, start + size)


def on_two_threads(function: Batched, batched: tuple[bool, ...]) -> Batched:
    """`function` on each half of the batch at the same time."""
    pool = ThreadPoolExecutor(2)

    def run(*args):
        batch = len(next(a for a, flag in zip(args, batched) if flag))
        halves = [slice(0, batch // 2), slice(batch // 2, batch)]
        parts = [[a[half] if flag else a for a, flag in zip(args, batched)] for half in halves]
        return np.concatenate(list(pool.map(lambda part: function(*part), parts)))

    run.__name__ = f"{function.__name__}, two threads"
    return run


# --- a: convolve ------------------------------------------------------------------------------------------------------


@idiomatic("a", "a2")
def windows_einsum(X, W):
    return np.einsum("bik,bk->bi", sliding_window_view(X, 3, axis=1), W)


@tuned("a", "a2")
def shifted_products(X, W):
    out = X[:, :-2] * W[:, 0:1]
    term = X[:, 1:-1] * W[:, 1:2]
    out += term
    np.multiply(X[:, 2:], W[:, 2:3], out=term)
    out += term
    return out


# --- b: MLP -----------------------------------------------------------------------------------------------------------


@idiomatic("b")
def mlp(X, W1, b1, W2, b2):
    return np.maximum(np.maximum(X @ W1.T + b1, 0) @ W2.T + b2, 0)


@tuned("b")
def mlp_in_place(X, W1, b1, W2, b2):
    h = X @ W1.T
    h += b1
    np.maximum(h, 0, out=h)
    out = h @ W2.T
    out += b2
    return np.maximum(out, 0, out=out)


# --- c: Mahalanobis ---------------------------------------------------------------------------------------------------


@idiomatic("c")
def mahalanobis(X, mu, L):
    z = np.linalg.solve(L, (X - mu)[..., None])[..., 0]
    return np.sqrt(np.einsum("bd,bd->b", z, z))


# --- d: Black-Scholes -------------------------------------------------------------------------------------------------


@idiomatic("d")
def black_scholes(S, K, T, r, sigma):
    spread = sigma * np.sqrt(T)
    d1 = (np.log(S / K) + (r + 0.5 * sigma**2) * T) / spread
    d2 = d1 - spread
    N1 = 0.5 * (1 + erf(d1 / math.sqrt(2)))
    N2 = 0.5 * (1 + erf(d2 / math.sqrt(2)))
    return S * N1 - K * np.exp(-r * T) * N2


@tuned("d")
def black_scholes_blocked(S, K, T, r, sigma):
    size, root = 16384, 1 / math.sqrt(2)
    out = np.empty(len(S))
    buffers = np.empty((3, size))
    for s, t in blocks(len(S), size):
        d2, d1, u = buffers[:, : t - s]
        Tb, sb, Kb, Sb = T[s:t], sigma[s:t], K[s:t], S[s:t]
        np.sqrt(Tb, out=d2)
        d2 *= sb
        np.divide(Sb, Kb, out=d1)
        np.log(d1, out=d1)
        np.multiply(sb, sb, out=u)
        u *= 0.5
        u += r
        u *= Tb
        d1 += u
        d1 /= d2
        np.subtract(d1, d2, out=d2)
        for d, factor in ((d1, Sb), (d2, Kb)):
            d *= root
            erf(d, out=d)
            d += 1
            d *= 0.5
            d *= factor
        np.multiply(Tb, -r, out=u)
        np.exp(u, out=u)
        d2 *= u
        np.subtract(d1, d2, out=out[s:t])
    return out


tuned("d")(on_two_threads(black_scholes_blocked, (True, True, True, False, True)))


# --- e: Mandelbrot ----------------------------------------------------------------------------------------------------


@idiomatic("e")
def escape_time_masked(c):
    z = np.zeros_like(c)
    n = np.zeros(c.shape, np.int64)
    for _ in range(200):
        running = np.abs(z) <= 2
        if not running.any():
            break
        z[running] = z[running] ** 2 + c[running]
        n[running] += 1
    return n


@tuned("e")
def escape_time_compacted(c, size=65536, group=8):
    out = np.empty(c.size, np.int64)
    with np.errstate(over="ignore", invalid="ignore"):
        for s, t in blocks(c.size, size):
            _escape_block(c[s:t], out[s:t], group)
    return out


def _escape_block(c, out, group):
    """Parts apart, dense steps by groups, and the points that have escaped left out between the groups."""
    cr, ci = c.real.copy(), c.imag.copy()
    lanes, zr, zi = np.arange(c.size), np.zeros(c.size), np.zeros(c.size)
    count = np.zeros(c.size, np.uint8)
    a2, b2, norm, alive = np.empty(c.size), np.empty(c.size), np.empty(c.size), np.empty(c.size, bool)
    step = 0
    while True:
        for _ in range(group):
            np.multiply(zr, zr, out=a2)
            np.multiply(zi, zi, out=b2)
            np.add(a2, b2, out=norm)
            np.less_equal(norm, 4.0, out=alive)
            np.add(count, alive.view(np.uint8), out=count)
            np.multiply(zr, zi, out=zi)
            np.add(zi, zi, out=zi)
            np.add(zi, ci, out=zi)
            np.subtract(a2, b2, out=zr)
            np.add(zr, cr, out=zr)
        step += group
        if step >= 200:
            out[lanes] = count
            return
        left = np.count_nonzero(alive)
        if left < 0.85 * len(alive):
            done = ~alive
            out[lanes[done]] = count[done]
            if left == 0:
                return
            lanes, cr, ci, zr, zi, count = (v[alive] for v in (lanes, cr, ci, zr, zi, count))
            a2, b2, norm, alive = a2[:left], b2[:left], norm[:left], np.empty(left, bool)


# --- f: Newton's square root ------------------------------------------------------------------------------------------


@idiomatic("f")
def newton_sqrt(a, tol=1e-10):
    x = np.where(a > 1, a, 1.0)
    while True:
        running = np.abs(x * x - a) > tol * a
        if not running.any():
            return x
        x = np.where(running, 0.5 * (x + a / x), x)


@tuned("f")
def newton_sqrt_blocked(a, tol=1e-10, size=16384):
    out = np.empty_like(a)
    for s, t in blocks(len(a), size):
        ab, x = a[s:t], out[s:t]
        np.maximum(ab, 1.0, out=x)
        bound, r, running = tol * ab, np.empty_like(ab), np.empty(len(ab), bool)
        while True:
            np.multiply(x, x, out=r)
            np.subtract(r, ab, out=r)
            np.abs(r, out=r)
            np.greater(r, bound, out=running)
            if not running.any():
                break
            np.divide(ab, x, out=r)
            r += x
            r *= 0.5
            np.copyto(x, r, where=running)
    return out


# --- g: Collatz -------------------------------------------------------------------------------------------------------


@idiomatic("g")
def collatz(n):
    n = n.copy()
    steps = np.zeros_like(n)
    while True:
        running = n != 1
        if not running.any():
            return steps
        n = np.where(running, np.where(n % 2 == 0, n // 2, 3 * n + 1), n)
        steps += running


@tuned("g")
def collatz_compacted(n, group=8):
    out = np.empty(len(n), np.int64)
    v, lanes, step = n.copy(), np.arange(len(n)), 0
    half, odd = np.empty_like(v), np.empty_like(v)
    while len(v):
        for _ in range(group):
            hit = np.flatnonzero(v == 1)
            if hit.size:
                out[lanes[hit]] = step
                v[hit] = 0  # which stays 0
            np.bitwise_and(v, 1, out=odd)
            np.right_shift(v, 1, out=half)
            v += v  # odd: half + (2 v + half + 2) is 3 v + 1; even: half
            v += half
            v += 2
            v *= odd
            v += half
            step += 1
        left = np.count_nonzero(v)
        if left < 0.9 * len(v):
            alive = v != 0
            v, lanes, half, odd = v[alive], lanes[alive], half[:left], odd[:left]
    return out


# --- h: Runge-Kutta ---------------------------------------------------------------------------------------------------


def lorenz(S, sigma=10.0, rho=28.0, beta=8.0 / 3.0):
    x, y, z = S
    return np.stack([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])


@idiomatic("h")
def runge_kutta(S):
    dt, s = 0.01, np.ascontiguousarray(S.T)
    for _ in range(200):
        k1 = lorenz(s)
        k2 = lorenz(s + 0.5 * dt * k1)
        k3 = lorenz(s + 0.5 * dt * k2)
        k4 = lorenz(s + dt * k3)
        s = s + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return np.ascontiguousarray(s.T)


def _lorenz_into(q, k, w):
    x, y, z = q
    np.subtract(y, x, out=k[0])
    np.multiply(k[0], 10.0, out=k[0])
    np.subtract(28.0, z, out=k[1])
    np.multiply(k[1], x, out=k[1])
    np.subtract(k[1], y, out=k[1])
    np.multiply(x, y, out=k[2])
    np.multiply(z, 8.0 / 3.0, out=w)
    np.subtract(k[2], w, out=k[2])


@tuned("h")
def runge_kutta_in_place(S):
    dt, s = 0.01, np.ascontiguousarray(S.T)
    k, total, p, w = np.empty_like(s), np.empty_like(s), np.empty_like(s), np.empty(s.shape[1])
    for _ in range(200):
        _lorenz_into(s, total, w)
        np.multiply(total, 0.5 * dt, out=p)
        for step in (0.5 * dt, dt):
            np.add(p, s, out=p)
            _lorenz_into(p, k, w)
            np.multiply(k, step, out=p)
            np.add(k, k, out=k)
            np.add(total, k, out=total)
        np.add(p, s, out=p)
        _lorenz_into(p, k, w)
        np.add(total, k, out=total)
        np.multiply(total, dt / 6, out=total)
        np.add(s, total, out=s)
    return np.ascontiguousarray(s.T)


# --- i, i2: Kalman ----------------------------------------------------------------------------------------------------


@idiomatic("i")
def kalman_shared_covariance(ys, F, H, Q, R, x0, P0):
    batch, steps, _ = ys.shape
    x, P, eye = np.broadcast_to(x0, (batch, 4)), P0, np.eye(4)
    out = np.empty((steps, batch, 4))
    yt = np.ascontiguousarray(ys.transpose(1, 0, 2))
    for t in range(steps):
        x = x @ F.T
        P = F @ P @ F.T + Q
        K = P @ H.T @ np.linalg.inv(H @ P @ H.T + R)
        x = x + (yt[t] - x @ H.T) @ K.T
        P = (eye - K @ H) @ P
        out[t] = x
    return np.ascontiguousarray(out.transpose(1, 0, 2))


@idiomatic("i2")
def kalman_batched(ys, F, H, Q, R, x0, P0):
    batch, steps, _ = ys.shape
    x, P, eye = np.broadcast_to(x0, (batch, 4)), P0, np.eye(4)
    out = np.empty((batch, steps, 4))
    for t in range(steps):
        x = x @ F.T
        P = F @ P @ F.T + Q
        K = P @ H.T @ np.linalg.inv(H @ P @ H.T + R)
        x = x + (K @ (ys[:, t] - x @ H.T)[..., None])[..., 0]
        P = (eye - K @ H) @ P
        out[:, t] = x
    return out


def _inverse_2x2(S):
    det = S[0, 0] * S[1, 1]
    det -= S[0, 1] * S[1, 0]
    np.divide(1.0, det, out=det)
    inverse = np.empty_like(S)
    np.multiply(S[1, 1], det, out=inverse[0, 0])
    np.multiply(S[0, 0], det, out=inverse[1, 1])
    np.negative(det, out=det)
    np.multiply(S[0, 1], det, out=inverse[0, 1])
    np.multiply(S[1, 0], det, out=inverse[1, 0])
    return inverse


@tuned("i2")
def kalman_batch_last(ys, F, H, Q, R, x0, P0):
    """Products with the shared matrices as one product each, by Kronecker products; the inverse by its formula."""
    batch, steps, _ = ys.shape
    out = np.empty((steps, 4, batch))
    yt, Rt = np.ascontiguousarray(ys.transpose(1, 2, 0)), np.ascontiguousarray(R.transpose(1, 2, 0))
    x, P = np.repeat(x0[:, None], batch, 1), np.ascontiguousarray(P0.transpose(1, 2, 0))
    FF, HH, HI, Qv = np.kron(F, F), np.kron(H, H), np.kron(np.eye(4), H), Q.reshape(16, 1)
    for t in range(steps):
        x = F @ x
        Pv = FF @ P.reshape(16, batch)
        Pv += Qv
        S = (HH @ Pv).reshape(2, 2, batch)
        S += Rt
        PH = (HI @ Pv).reshape(4, 2, batch)
        inverse = _inverse_2x2(S)
        K0 = PH[:, 0] * inverse[0, 0] + PH[:, 1] * inverse[1, 0]
        K1 = PH[:, 0] * inverse[0, 1] + PH[:, 1] * inverse[1, 1]
        r = yt[t] - H @ x
        x = x + K0 * r[0] + K1 * r[1]
        HP = np.matmul(H, Pv.reshape(4, 4 * batch)).reshape(2, 4, batch)
        P = Pv.reshape(4, 4, batch) - K0[:, None] * HP[0][None] - K1[:, None] * HP[1][None]
        out[t] = x
    return np.ascontiguousarray(out.transpose(2, 0, 1))


# --- j: softmax cross-entropy -----------------------------------------------------------------------------------------


@idiomatic("j")
def cross_entropy(Z, y):
    z = Z - Z.max(1, keepdims=True)
    return np.log(np.exp(z).sum(1)) - z[np.arange(len(y)), y]


@tuned("j")
def cross_entropy_blocked(Z, y, size=64):
    out = np.empty(len(y))
    buffer = np.empty((size, Z.shape[1]))
    for s, t in blocks(len(y), size):
        z, Zb = buffer[: t - s], Z[s:t]
        np.subtract(Zb, Zb.max(1, keepdims=True), out=z)
        chosen = z[np.arange(t - s), y[s:t]]
        np.exp(z, out=z)
        out[s:t] = np.log(z.sum(1)) - chosen
    return out


tuned("j")(on_two_threads(cross_entropy_blocked, (True, True)))


# --- k: time warping --------------------------------------------------------------------------------------------------


@idiomatic("k")
def time_warping(A, B):
    (batch, n), m = A.shape, B.shape[1]
    At, Bt = np.ascontiguousarray(A.T), np.ascontiguousarray(B.T)
    D = np.full((n + 1, m + 1, batch), np.inf)
    D[0, 0] = 0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            least = np.minimum(np.minimum(D[i - 1, j], D[i, j - 1]), D[i - 1, j - 1])
            D[i, j] = np.abs(At[i - 1] - Bt[j - 1]) + least
    return D[n, m]


@tuned("k")
def time_warping_diagonals(A, B):
    (batch, n), m = A.shape, B.shape[1]
    At, Br = np.ascontiguousarray(A.T), np.ascontiguousarray(B.T[::-1])
    before, last, new = (np.full((n + 1, batch), np.inf) for _ in range(3))
    before[0] = 0.0
    buffer = np.empty((n, batch))
    for d in range(2, n + m + 1):
        low, high = max(1, d - m), min(n, d - 1)
        cost, row = buffer[: high - low + 1], new[low : high + 1]
        np.subtract(At[low - 1 : high], Br[m - d + low : m - d + high + 1], out=cost)
        np.abs(cost, out=cost)
        np.minimum(last[low : high + 1], last[low - 1 : high], out=row)
        np.minimum(row, before[low - 1 : high], out=row)
        row += cost
        new[low - 1] = np.inf
        if high < n:
            new[high + 1] = np.inf
        before, last, new = last, new, before
    return last[n].copy()


# --- l: exponential moving average ------------------------------------------------------------------------------------


@idiomatic("l")
def moving_average(X, alpha):
    out = np.empty_like(X)
    out[:, 0] = X[:, 0]
    for t in range(1, X.shape[1]):
        out[:, t] = alpha * X[:, t] + (1 - alpha) * out[:, t - 1]
    return out


@tuned("l")
def moving_average_batch_last(X, alpha):
    y = np.ascontiguousarray(X.T)
    y[1:] *= alpha
    term, before = np.empty(len(X)), y[0]
    for row in y[1:]:
        np.multiply(before, 1 - alpha, out=term)
        np.add(row, term, out=row)
        before = row
    return np.ascontiguousarray(y.T)


# --- m: gravity -------------------------------------------------------------------------------------------------------


@idiomatic("m")
def gravity(pos, mass):
    r = pos[:, None, :, :] - pos[:, :, None, :]
    r2 = (r * r).sum(-1) + EPS
    return np.einsum("bij,bijc->bic", mass[:, None, :] / (r2 * np.sqrt(r2)), r)


@tuned("m")
def gravity_blocked(pos, mass, size=8):
    out = np.empty_like(pos)
    for s, t in blocks(len(pos), size):
        p = np.ascontiguousarray(pos[s:t].transpose(2, 0, 1))
        d = p[:, :, None, :] - p[:, :, :, None]
        r2, q = d[0] * d[0], d[1] * d[1]
        r2 += q
        np.multiply(d[2], d[2], out=q)
        r2 += q
        r2 += EPS
        np.sqrt(r2, out=q)
        r2 *= q
        np.divide(mass[s:t, None, :], r2, out=r2)
        d *= r2
        out[s:t] = d.sum(-1).transpose(1, 2, 0)
    return out


# --- n: matmul --------------------------------------------------------------------------------------------------------


@idiomatic("n")
def matmul(A, B):
    return A @ B


# --- o: bilinear sample -----------------------------------------------------------------------------------------------


@idiomatic("o")
def bilinear(img, y, x):
    H, W = img.shape
    inside = (y >= 0) & (y <= H - 1) & (x >= 0) & (x <= W - 1)
    y, x = np.where(inside, y, 0.0), np.where(inside, x, 0.0)
    y0, x0 = np.floor(y).astype(np.int64), np.floor(x).astype(np.int64)
    y1, x1 = np.minimum(y0 + 1, H - 1), np.minimum(x0 + 1, W - 1)
    fy, fx = y - y0, x - x0
    value = (1 - fy) * ((1 - fx) * img[y0, x0] + fx * img[y0, x1]) + fy * ((1 - fx) * img[y1, x0] + fx * img[y1, x1])
    return np.where(inside, value, 0.0)


@tuned("o")
def bilinear_blocked(img, y, x, size=16384):
    H, W = img.shape
    flat, out = img.ravel(), np.empty(len(y))
    for s, t in blocks(len(y), size):
        _bilinear_block(flat, H, W, y[s:t], x[s:t], out[s:t])
    return out


def _bilinear_block(flat, H, W, y, x, out):
    inside = y >= 0
    inside &= y <= H - 1
    inside &= x >= 0
    inside &= x <= W - 1
    y, x = y * inside, x * inside
    y0, x0 = y.astype(np.int64), x.astype(np.int64)  # not negative, so that this is the floor
    y -= y0
    x -= x0
    corner = y0 * W
    corner += x0
    right, down = (x0 < W - 1).view(np.int8), (y0 < H - 1) * W
    upper, step = flat.take(corner), flat.take(corner + right)
    step -= upper
    step *= x
    upper += step
    corner += down
    lower = flat.take(corner)
    corner += right
    step = flat.take(corner)
    step -= lower
    step *= x
    lower += step
    lower -= upper
    lower *= y
    upper += lower
    np.multiply(upper, inside, out=out)


# --- p: histogram -----------------------------------------------------------------------------------------------------


@idiomatic("p")
def histogram(X, edges):
    batch, bins = len(X), len(edges) - 1
    b = np.searchsorted(edges, X, side="right")  # 0 below all, bins + 1 above all
    b += (np.arange(batch) * (bins + 2))[:, None]
    counts = np.bincount(b.ravel(), minlength=batch * (bins + 2))
    return counts.reshape(batch, bins + 2)[:, 1:-1].astype(float)


@tuned("p")
def histogram_by_comparison(X, edges, size=64):
    batch, bins = len(X), len(edges) - 1
    out = np.empty((batch, bins))
    offset = (np.arange(size) * (bins + 2))[:, None]
    for s, t in blocks(batch, size):
        x = X[s:t]
        b = np.zeros(x.shape, np.int8)
        for edge in edges:
            b += (x >= edge).view(np.int8)
        counts = np.bincount((b + offset[: t - s]).ravel(), minlength=(t - s) * (bins + 2))
        out[s:t] = counts.reshape(t - s, bins + 2)[:, 1:-1]
    return out
