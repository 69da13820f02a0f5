"""More functions of one example, as they stand in textbooks: stencils, dynamic programming, linear algebra by loops."""

from __future__ import annotations

import numpy as np


def pairwise(x):
    n = len(x)
    D = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            D[i, j] = np.sqrt(np.sum((x[i] - x[j]) ** 2))
    return D


def heat(u, k):
    n, m = u.shape
    for _ in range(20):
        new = u.copy()
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                new[i, j] = u[i, j] + k * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4 * u[i, j])
        u = new
    return u


def conv2d(image, kernel):
    h, w = image.shape
    kh, kw = kernel.shape
    out = np.zeros((h - kh + 1, w - kw + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = np.sum(image[i : i + kh, j : j + kw] * kernel)
    return out


def max_pool(image):
    h, w = image.shape
    out = np.zeros((h // 2, w // 2))
    for i in range(h // 2):
        for j in range(w // 2):
            out[i, j] = np.max(image[2 * i : 2 * i + 2, 2 * j : 2 * j + 2])
    return out


def attention(q, k, v):
    n, d = q.shape
    out = np.zeros((n, v.shape[1]))
    for i in range(n):
        scores = np.array([np.dot(q[i], k[j]) / np.sqrt(d) for j in range(len(k))])
        e = np.exp(scores - np.max(scores))
        p = e / np.sum(e)
        for j in range(len(k)):
            out[i] += p[j] * v[j]
    return out


def prefix_sum(x):
    out = np.zeros_like(x)
    total = 0.0
    for i in range(len(x)):
        total += x[i]
        out[i] = total
    return out


def fourier(x):
    n = len(x)
    X = np.zeros(n, complex)
    for k in range(n):
        s = 0j
        for t in range(n):
            s += x[t] * np.exp(-2j * np.pi * k * t / n)
        X[k] = s
    return X


def forward_substitution(L, b):
    n = len(b)
    y = np.zeros(n)
    for i in range(n):
        s = b[i]
        for j in range(i):
            s -= L[i, j] * y[j]
        y[i] = s / L[i, i]
    return y


def cholesky(A):
    n = len(A)
    L = np.zeros((n, n))
    for j in range(n):
        s = A[j, j]
        for k in range(j):
            s -= L[j, k] ** 2
        L[j, j] = np.sqrt(s)
        for i in range(j + 1, n):
            s = A[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            L[i, j] = s / L[j, j]
    return L


def edit_distance(a, b):
    n, m = len(a), len(b)
    D = np.zeros((n + 1, m + 1), dtype=int)
    for i in range(n + 1):
        D[i, 0] = i
    for j in range(m + 1):
        D[0, j] = j
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            cost = 0 if a[i - 1] == b[j - 1] else 1
            D[i, j] = min(D[i - 1, j] + 1, D[i, j - 1] + 1, D[i - 1, j - 1] + cost)
    return D[n, m]


def life(grid):
    n, m = grid.shape
    for _ in range(5):
        new = np.zeros_like(grid)
        for i in range(n):
            for j in range(m):
                count = 0
                for di in (-1, 0, 1):
                    for dj in (-1, 0, 1):
                        if di != 0 or dj != 0:
                            count += grid[(i + di) % n, (j + dj) % m]
                if count == 3 or (count == 2 and grid[i, j] == 1):
                    new[i, j] = 1
        grid = new
    return grid


def floyd_warshall(W):
    D = W.copy()
    n = len(D)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                if D[i, k] + D[k, j] < D[i, j]:
                    D[i, j] = D[i, k] + D[k, j]
    return D


def viterbi(observed, start, move, emit):
    score = start + emit[:, observed[0]]
    for t in range(1, len(observed)):
        new = np.zeros(len(score))
        for s in range(len(score)):
            new[s] = np.max(score + move[:, s]) + emit[s, observed[t]]
        score = new
    return np.max(score)


def knapsack(values, weights, capacity):
    best = np.zeros(capacity + 1)
    for i in range(len(weights)):
        for c in range(capacity, weights[i] - 1, -1):
            best[c] = max(best[c], best[c - weights[i]] + values[i])
    return best[capacity]


def horner(x, c):
    y = 0.0
    for k in range(len(c) - 1, -1, -1):
        y = y * x + c[k]
    return y


def moving_median(x):
    out = []
    for i in range(len(x) - 4):
        out.append(np.median(x[i : i + 5]))
    return np.array(out)
