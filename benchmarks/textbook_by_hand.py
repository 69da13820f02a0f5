"""The textbook's functions as an expert batches them by hand: first the idiomatic version, then the tuned one."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.by_hand import blocks, idiomatic, tuned

# --- pairwise distances -----------------------------------------------------------------------------------------------


@idiomatic("pairs")
def pairwise(X):
    return np.sqrt(((X[:, :, None] - X[:, None]) ** 2).sum(-1))


@tuned("pairs")
def pairwise_by_component(X, size=32):
    batch, n, d = X.shape
    out = np.empty((batch, n, n))
    for s, t in blocks(batch, size):
        o, term = out[s:t], np.empty((t - s, n, n))
        for k in range(d):
            x = np.ascontiguousarray(X[s:t, :, k])
            into = o if k == 0 else term
            np.subtract(x[:, :, None], x[:, None], out=into)
            np.multiply(into, into, out=into)
            if k:
                o += term
        np.sqrt(o, out=o)
    return out


# --- heat equation ----------------------------------------------------------------------------------------------------


@idiomatic("heat")
def heat(U, k):
    for _ in range(20):
        new = U.copy()
        inner = U[:, 1:-1, 1:-1]
        new[:, 1:-1, 1:-1] = inner + k * (
            U[:, :-2, 1:-1] + U[:, 2:, 1:-1] + U[:, 1:-1, :-2] + U[:, 1:-1, 2:] - 4 * inner
        )
        U = new
    return U


@tuned("heat")
def heat_in_place(U, k, size=16):
    out = np.empty_like(U)
    for s, t in blocks(len(U), size):
        u, new = U[s:t].copy(), U[s:t].copy()
        sums = np.empty((t - s, U.shape[1] - 2, U.shape[2] - 2))
        for _ in range(20):
            inner = new[:, 1:-1, 1:-1]
            np.add(u[:, :-2, 1:-1], u[:, 2:, 1:-1], out=sums)
            sums += u[:, 1:-1, :-2]
            sums += u[:, 1:-1, 2:]
            sums *= k
            np.multiply(u[:, 1:-1, 1:-1], 1 - 4 * k, out=inner)
            inner += sums
            u, new = new, u
        out[s:t] = u
    return out


# --- images -----------------------------------------------------------------------------------------------------------


@idiomatic("conv2d")
def conv2d(images, kernel):
    return np.einsum("bijkl,kl->bij", sliding_window_view(images, kernel.shape, axis=(1, 2)), kernel)


@tuned("conv2d")
def conv2d_by_shifts(images, kernel, size=16):
    kh, kw = kernel.shape
    h, w = images.shape[1] - kh + 1, images.shape[2] - kw + 1
    out = np.empty((len(images), h, w))
    for s, t in blocks(len(images), size):
        o, x, term = out[s:t], images[s:t], np.empty((t - s, h, w))
        for k in range(kh):
            for m in range(kw):
                np.multiply(x[:, k : k + h, m : m + w], kernel[k, m], out=o if k == m == 0 else term)
                if k or m:
                    o += term
    return out


@idiomatic("pool")
def max_pool(images):
    b, h, w = images.shape
    return images.reshape(b, h // 2, 2, w // 2, 2).max(axis=(2, 4))


@tuned("pool")
def max_pool_by_slices(images):
    rows = np.maximum(images[:, ::2], images[:, 1::2])
    return np.maximum(rows[:, :, ::2], rows[:, :, 1::2])


# --- attention --------------------------------------------------------------------------------------------------------


@idiomatic("attention")
def attention(q, k, v):
    scores = q @ k.swapaxes(1, 2) / np.sqrt(q.shape[-1])
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return (e / e.sum(-1, keepdims=True)) @ v


@tuned("attention")
def attention_in_place(q, k, v, size=32):
    out = np.empty((*q.shape[:2], v.shape[-1]))
    for s, t in blocks(len(q), size):
        e = (q[s:t] * (1 / np.sqrt(q.shape[-1]))) @ k[s:t].swapaxes(1, 2)
        e -= e.max(-1, keepdims=True)
        np.exp(e, out=e)
        np.matmul(e, v[s:t], out=out[s:t])
        out[s:t] /= e.sum(-1, keepdims=True)
    return out


# --- sums and transforms ----------------------------------------------------------------------------------------------


@idiomatic("prefix")
def prefix_sum(X):
    return np.cumsum(X, axis=1)


@idiomatic("fourier")
def fourier(X):
    n = np.arange(X.shape[1])
    return X @ np.exp(-2j * np.pi * np.outer(n, n) / len(n))


@tuned("fourier")
def fast_fourier(X):
    return np.fft.fft(X)


# --- linear algebra ---------------------------------------------------------------------------------------------------


@idiomatic("forward")
def forward_substitution(L, b):
    y = np.zeros_like(b)
    for i in range(b.shape[1]):
        y[:, i] = (b[:, i] - np.vecdot(L[:, i, :i], y[:, :i])) / L[:, i, i]
    return y


@tuned("forward")
def forward_by_columns(L, b, size=512):
    out = np.empty_like(b)
    for s, t in blocks(len(b), size):
        M, y = L[s:t].transpose(1, 2, 0).copy(), b[s:t].T.copy()
        term = np.empty_like(y)
        for j in range(len(y)):
            y[j] /= M[j, j]
            np.multiply(M[j + 1 :, j], y[j], out=term[j + 1 :])
            y[j + 1 :] -= term[j + 1 :]
        out[s:t] = y.T
    return out


@idiomatic("cholesky")
def cholesky(A):
    L = np.zeros_like(A)
    for j in range(A.shape[1]):
        L[:, j, j] = np.sqrt(A[:, j, j] - np.vecdot(L[:, j, :j], L[:, j, :j]))
        rest = A[:, j + 1 :, j] - np.matvec(L[:, j + 1 :, :j], L[:, j, :j])
        L[:, j + 1 :, j] = rest / L[:, j, j, None]
    return L


@tuned("cholesky")
def lapack_cholesky(A):
    return np.linalg.cholesky(A)


# --- dynamic programming ----------------------------------------------------------------------------------------------


@idiomatic("edit")
def edit_distance(A, B):
    batch, n = A.shape
    m = B.shape[1]
    a, b = np.ascontiguousarray(A.T), np.ascontiguousarray(B.T)
    D = np.zeros((n + 1, m + 1, batch), int)
    D[:, 0], D[0] = np.arange(n + 1)[:, None], np.arange(m + 1)[:, None]
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            changed = D[i - 1, j - 1] + (a[i - 1] != b[j - 1])
            D[i, j] = np.minimum(np.minimum(D[i - 1, j] + 1, D[i, j - 1] + 1), changed)
    return D[n, m]


@tuned("edit")
def edit_by_diagonals(A, B):
    batch, n = A.shape
    m = B.shape[1]
    a, b = A.T.copy(), B.T[::-1].copy()
    before = np.zeros((n + 1, batch), np.int16)
    last = np.zeros((n + 1, batch), np.int16)
    last[:2] = 1
    new = np.empty_like(last)
    for d in range(2, n + m + 1):
        low, high = max(1, d - m), min(n, d - 1)
        changed = before[low - 1 : high] + (a[low - 1 : high] != b[m - d + low : m - d + high + 1])
        o = new[low : high + 1]
        np.minimum(last[low : high + 1], last[low - 1 : high], out=o)
        o += 1
        np.minimum(o, changed, out=o)
        if d <= m:
            new[0] = d
        if d <= n:
            new[d] = d
        before, last, new = last, new, before
    return last[n].astype(int)


@idiomatic("floyd")
def floyd_warshall(W):
    D = W.copy()
    for k in range(W.shape[1]):
        D = np.minimum(D, D[:, :, k, None] + D[:, k, None, :])
    return D


@tuned("floyd")
def floyd_in_place(W, size=64):
    out = W.copy()
    for s, t in blocks(len(W), size):
        D, through = out[s:t], np.empty_like(out[s:t])
        for k in range(W.shape[1]):
            np.add(D[:, :, k, None], D[:, k, None, :], out=through)
            np.minimum(D, through, out=D)
    return out


@idiomatic("viterbi")
def viterbi(observed, start, move, emit):
    score = start + emit[:, observed[:, 0]].T
    for t in range(1, observed.shape[1]):
        score = (score[:, :, None] + move).max(1) + emit[:, observed[:, t]].T
    return score.max(1)


@tuned("viterbi")
def viterbi_batch_last(observed, start, move, emit, size=512):
    out = np.empty(len(observed))
    for s, t in blocks(len(observed), size):
        seen = observed[s:t].T.copy()
        score = start[:, None] + emit[:, seen[0]]
        for row in seen[1:]:
            new = emit[:, row]
            for k in range(len(start)):
                new[k] += (score + move[:, k, None]).max(0)
            score = new
        out[s:t] = score.max(0)
    return out


@idiomatic("knapsack")
def knapsack(values, weights, capacity):
    best = np.zeros((len(values), capacity + 1))
    for i, w in enumerate(weights):
        best[:, w:] = np.maximum(best[:, w:], best[:, :-w] + values[:, i, None])
    return best[:, capacity]


@tuned("knapsack")
def knapsack_batch_last(values, weights, capacity, size=512):
    out = np.empty(len(values))
    for s, t in blocks(len(values), size):
        v, best = values[s:t].T.copy(), np.zeros((capacity + 1, t - s))
        taken = np.empty_like(best)
        for i, w in enumerate(weights):
            np.add(best[:-w], v[i], out=taken[w:])
            np.maximum(best[w:], taken[w:], out=best[w:])
        out[s:t] = best[capacity]
    return out


# --- the rest ---------------------------------------------------------------------------------------------------------


@idiomatic("life")
def life(grids):
    for _ in range(5):
        count = sum(
            np.roll(grids, (di, dj), axis=(1, 2)) for di in (-1, 0, 1) for dj in (-1, 0, 1) if di != 0 or dj != 0
        )
        grids = ((count == 3) | (count == 2) & (grids == 1)).astype(grids.dtype)
    return grids


@tuned("life")
def life_padded(grids, size=32):
    out = np.empty_like(grids)
    n, m = grids.shape[1:]
    for s, t in blocks(len(grids), size):
        g = grids[s:t].astype(np.int8)
        for _ in range(5):
            p = np.pad(g, ((0, 0), (1, 1), (1, 1)), mode="wrap")
            rows = p[:, :-2] + p[:, 1:-1]
            rows += p[:, 2:]
            count = rows[:, :, :-2] + rows[:, :, 1:-1]
            count += rows[:, :, 2:]  # with the cell itself
            alive = count == 4
            alive &= g.view(bool)
            alive |= count == 3
            g = alive.view(np.int8)
        out[s:t] = g
    return out


@idiomatic("horner")
def horner(X, c):
    y = np.zeros_like(X)
    for k in range(len(c) - 1, -1, -1):
        y = y * X + c[k]
    return y


@tuned("horner")
def horner_in_place(X, c, size=16384):
    out = np.empty_like(X)
    for s, t in blocks(len(X), size):
        x, y = X[s:t], out[s:t]
        y[:] = c[-1]
        for k in range(len(c) - 2, -1, -1):
            y *= x
            y += c[k]
    return out


@idiomatic("median")
def moving_median(X):
    return np.median(sliding_window_view(X, 5, axis=1), axis=-1)


@tuned("median")
def median_by_network(X, size=64):
    out = np.empty((len(X), X.shape[1] - 4))
    for s, t in blocks(len(X), size):
        x = X[s:t]
        a, b, c, d, e = (x[:, k : k + out.shape[1]] for k in range(5))
        low, high = np.maximum(np.minimum(a, b), np.minimum(c, d)), np.minimum(np.maximum(a, b), np.maximum(c, d))
        # the median of five is that of e and the two in the middle of the other four
        out[s:t] = np.maximum(np.minimum(low, high), np.minimum(np.maximum(low, high), e))
    return out
