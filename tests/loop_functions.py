"""Loops as one finds them in textbooks: stencils, recurrences, searches, nests; and traps for who rewrites them.

The letters of a case say what its arguments are: `v` a vector, `m` a square matrix, `p` points in two dimensions, `h` a
short vector, `3` a 3 x 3 kernel, `i` integers below 4, `s` a number; uniform ones are `j`, such integers, `w`, a list
of weights, and `k`, a number of steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.corpus import control, loops


@dataclass(frozen=True)
class Loop:
    """A function with loops, the kinds of its arguments, and the length of its vectors where that is fixed."""

    function: Callable[..., Any]
    kinds: str
    size: int | None


LOOPS: dict[str, Loop] = {}


def case(kinds: str, size: int | None = None) -> Callable[..., Any]:
    def add(function: Callable[..., Any], name: str = "") -> Callable[..., Any]:
        LOOPS[name or function.__name__] = Loop(function, kinds, size)
        return function

    return add


def bump(a, i, v):
    a[i] += v
    return a[i]


@case("vk")
def smooth(u, steps):
    u = u.copy()
    for _ in range(steps):
        new = u.copy()
        for i in range(1, len(u) - 1):
            new[i] = 0.5 * u[i] + 0.25 * (u[i - 1] + u[i + 1])
        u = new
    return u


@case("vk")
def smooth2(u, steps):
    u = u.copy()
    new = np.zeros_like(u)
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            new[i] = 0.5 * u[i] + 0.25 * (u[i - 1] + u[i + 1])
        u[:] = new
    return u


@case("vk")
def smooth3(u, steps):
    u = u.copy()
    new = u.copy()
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            new[i] = 0.5 * u[i] + 0.25 * (u[i - 1] + u[i + 1])
        u, new = new, u
    return u


@case("mk")
def heat2d(u, steps):
    u = u.copy()
    for _ in range(steps):
        new = u.copy()
        for i in range(1, u.shape[0] - 1):
            for j in range(1, u.shape[1] - 1):
                new[i, j] = u[i, j] + 0.1 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4 * u[i, j])
        u = new
    return u


@case("v")
def argmax_loop(x):
    best = x[0]
    k = 0
    for i in range(1, len(x)):
        if x[i] > best:
            best = x[i]
            k = i
    return best, k


@case("v")
def argmin_inf(x):
    best = np.inf
    k = -1
    for i in range(len(x)):
        if x[i] < best:
            best = x[i]
            k = i
    return k


@case("v")
def last_argmax(x):
    best = x[0]
    k = 0
    for i, v in enumerate(x):
        if v >= best:
            best = v
            k = i
    return best, k


case("vs")(control.first_above, "first_match")


@case("vs")
def first_match_return(x, t):
    for i in range(len(x)):
        if x[i] > t:
            return i
    return -1


@case("vs")
def last_match(x, t):
    k = -1
    for i in range(len(x)):
        if x[i] > t:
            k = i
    return k


@case("vs")
def cond_last_value(x, t):
    last = 0.0
    for v in x:
        if v > t:
            last = v
    return last


@case("vs")
def count(x, t):
    n = 0
    for v in x:
        if v > t:
            n += 1
    return n


@case("vs")
def flag(x, t):
    found = False
    for v in x:
        if v > t:
            found = True
    return found


@case("vs")
def flag_break(x, t):
    found = False
    for v in x:
        if v > t:
            found = True
            break
    return found


@case("vs")
def flag_all(x, t):
    ok = True
    for i in range(len(x) - 1):
        if x[i] > x[i + 1]:
            ok = False
    return ok


@case("vs")
def flag_or(x, t):
    found = False
    for v in x:
        found = found or v > t
    return found


@case("vs")
def mean_cond(x, t):
    s = 0.0
    n = 0
    for v in x:
        if v > t:
            s += v
            n += 1
    return s / n if n > 0 else 0.0


@case("v")
def cumsum(x):
    out = np.zeros(len(x))
    s = 0.0
    for i in range(len(x)):
        s += x[i]
        out[i] = s
    return out


@case("v")
def cumsum_inplace(x):
    x = x.copy()
    for i in range(1, len(x)):
        x[i] += x[i - 1]
    return x


@case("v")
def cumsum_append(x):
    out = []
    s = 0.0
    for v in x:
        s += v
        out.append(s)
    return np.array(out)


@case("v")
def cumprod(x):
    out = np.empty(len(x))
    p = 1.0
    for i in range(len(x)):
        p *= x[i]
        out[i] = p
    return out


@case("v")
def cummax(x):
    out = np.empty(len(x))
    m = x[0]
    for i in range(len(x)):
        m = max(m, x[i])
        out[i] = m
    return out


@case("v")
def cummax_if(x):
    out = np.empty(len(x))
    m = -np.inf
    for i in range(len(x)):
        if x[i] > m:
            m = x[i]
        out[i] = m
    return out


@case("v")
def drawdown(x):
    m = x[0]
    worst = 0.0
    for v in x:
        m = max(m, v)
        worst = max(worst, m - v)
    return worst


@case("v")
def kadane(x):
    best = x[0]
    cur = x[0]
    for v in x[1:]:
        cur = max(v, cur + v)
        best = max(best, cur)
    return best


@case("i")
def hist(b):
    h = np.zeros(4)
    for i in range(len(b)):
        h[b[i]] += 1
    return h


@case("iv")
def hist_w(b, w):
    h = np.zeros(4)
    for i in range(len(b)):
        h[b[i]] += w[i]
    return h


@case("iv")
def hist_cond(b, w):
    h = np.zeros(4)
    for i in range(len(b)):
        if w[i] > 0:
            h[b[i]] += w[i]
    return h


case("jv")(hist_w, "hist_uniform")


@case("m")
def tri_sum(M):
    s = 0.0
    for i in range(M.shape[0]):
        for j in range(i + 1, M.shape[1]):
            s += M[i, j]
    return s


@case("v")
def tri_prefix(x):
    out = np.zeros(len(x))
    for i in range(len(x)):
        for j in range(i + 1):
            out[i] += x[j]
    return out


@case("p")
def pairs(P):
    n = len(P)
    e = 0.0
    for i in range(n):
        for j in range(i):
            d = 0.0
            for k in range(3):
                d += (P[i, k] - P[j, k]) ** 2
            e += 1.0 / np.sqrt(d + 0.01)
    return e


@case("p")
def pair_force(P):
    n = len(P)
    F = np.zeros((n, 3))
    for i in range(n):
        for j in range(i + 1, n):
            for k in range(3):
                f = P[j, k] - P[i, k]
                F[i, k] += f
                F[j, k] -= f
    return F


@case("v")
def offdiag(x):
    n = len(x)
    out = np.zeros(n)
    for i in range(n):
        for j in range(n):
            if i != j:
                out[i] += 1.0 / (abs(x[i] - x[j]) + 1)
    return out


@case("v")
def lagrange(x):
    n = len(x)
    s = 0.0
    for i in range(n):
        p = 1.0
        for j in range(n):
            if j != i:
                p *= (0.3 - x[j]) / (x[i] - x[j] + 9)
        s += p
    return s


case("m")(loops.laplacian_2d, "laplace2d")


@case("m", size=6)
def maxpool(x):
    out = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            out[i, j] = x[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max()
    return out


@case("m", size=6)
def maxpool_scalar(x):
    out = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            m = -np.inf
            for a in range(2):
                for b in range(2):
                    m = max(m, x[2 * i + a, 2 * j + b])
            out[i, j] = m
    return out


@case("m3", size=6)
def conv2d(x, w):
    out = np.zeros((4, 4))
    for i in range(4):
        for j in range(4):
            out[i, j] = np.sum(x[i : i + 3, j : j + 3] * w)
    return out


@case("m3")
def conv2d_scalar(x, w):
    kh, kw = w.shape
    H, W = x.shape
    out = np.zeros((H - kh + 1, W - kw + 1))
    for i in range(H - kh + 1):
        for j in range(W - kw + 1):
            s = 0.0
            for a in range(kh):
                for b in range(kw):
                    s += x[i + a, j + b] * w[a, b]
            out[i, j] = s
    return out


@case("vk")
def gauss_seidel(u, steps):
    u = u.copy()
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            u[i] = 0.5 * (u[i - 1] + u[i + 1])
    return u


@case("vv")
def dtw(p, q):
    n, m = len(p), len(q)
    D = np.full((n + 1, m + 1), np.inf)
    D[0, 0] = 0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            c = abs(p[i - 1] - q[j - 1])
            D[i, j] = c + min(D[i - 1, j], D[i, j - 1], D[i - 1, j - 1])
    return D[n, m]


@case("ii")
def lcs(a, b):
    n, m = len(a), len(b)
    D = np.zeros((n + 1, m + 1), int)
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            if a[i - 1] == b[j - 1]:
                D[i, j] = D[i - 1, j - 1] + 1
            else:
                D[i, j] = max(D[i - 1, j], D[i, j - 1])
    return D[n, m]


@case("ii")
def edit(a, b):
    n, m = len(a), len(b)
    D = np.zeros((n + 1, m + 1), int)
    for i in range(n + 1):
        D[i, 0] = i
    for j in range(m + 1):
        D[0, j] = j
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            cost = 0 if a[i - 1] == b[j - 1] else 1
            D[i, j] = min(D[i - 1, j] + 1, D[i, j - 1] + 1, D[i - 1, j - 1] + cost)
    return D[n, m]


@case("vwk")
def knapsack(v, w, cap):
    D = np.zeros((len(v) + 1, cap + 1))
    for i in range(1, len(v) + 1):
        for c in range(cap + 1):
            D[i, c] = D[i - 1, c]
            if w[i - 1] <= c:
                D[i, c] = max(D[i, c], D[i - 1, c - w[i - 1]] + v[i - 1])
    return D[len(v), cap]


@case("vv")
def distribute(x, y):
    n = len(x)
    out = np.zeros(n)
    e = np.zeros(n)
    s = 0.5
    for i in range(n):
        z = x[i] * y[i] + np.sin(x[i])
        s = 0.5 * s + z
        out[i] = np.exp(x[i]) * 2
        e[i] = s
    return out, e


@case("v")
def ema_sum(x):
    s = x[0]
    total = 0.0
    for i in range(len(x)):
        s = 0.9 * s + 0.1 * x[i]
        total += s * s
    return total


@case("v")
def welford(x):
    m = 0.0
    M2 = 0.0
    n = 0
    for v in x:
        n += 1
        d = v - m
        m += d / n
        M2 += d * (v - m)
    return M2 / n


@case("v")
def horner(c):
    r = 0.0
    for a in c:
        r = r * 0.5 + a
    return r


@case("vv")
def closest(P, Q):
    best = np.inf
    bi = 0
    bj = 0
    for i in range(len(P)):
        for j in range(len(Q)):
            d = abs(P[i] - Q[j])
            if d < best:
                best = d
                bi = i
                bj = j
    return best, bi, bj


@case("pp")
def kmeans_assign(X, C):
    lab = np.zeros(len(X), int)
    for i in range(len(X)):
        best = np.inf
        for k in range(len(C)):
            d = np.sum((X[i] - C[k]) ** 2)
            if d < best:
                best = d
                lab[i] = k
    return lab


@case("pp")
def kmeans_assign2(X, C):
    lab = np.zeros(len(X), int)
    for i in range(len(X)):
        best = np.inf
        kk = 0
        for k in range(len(C)):
            d = np.sum((X[i] - C[k]) ** 2)
            if d < best:
                best = d
                kk = k
        lab[i] = kk
    return lab


@case("v")
def count_changes(x):
    n = 0
    prev = x[0]
    for v in x[1:]:
        if v != prev:
            n += 1
        prev = v
    return n


@case("v")
def diff_prev(x):
    out = np.zeros(len(x))
    prev = 0.0
    for i in range(len(x)):
        out[i] = x[i] - prev
        prev = x[i]
    return out


@case("v")
def fib_like(x):
    out = np.zeros(len(x))
    a, b = 0.0, 1.0
    for i in range(len(x)):
        out[i] = a * x[i]
        a, b = b, a + b
    return out


@case("vv")
def linreg(x, y):
    n = len(x)
    sx = sy = sxx = sxy = 0.0
    for i in range(n):
        sx += x[i]
        sy += y[i]
        sxx += x[i] * x[i]
        sxy += x[i] * y[i]
    return (n * sxy - sx * sy) / (n * sxx - sx * sx + 1)


@case("v")
def minmax(x):
    lo = x[0]
    hi = x[0]
    for v in x:
        if v < lo:
            lo = v
        if v > hi:
            hi = v
    return hi - lo


@case("v")
def minmax_elif(x):
    lo = x[0]
    hi = x[0]
    for v in x:
        if v < lo:
            lo = v
        elif v > hi:
            hi = v
    return hi - lo


@case("v")
def sum_assign(x):
    s = 0.0
    for v in x:
        s = s + v * v
    return s


@case("m")
def row_argmax(M):
    out = np.zeros(len(M), int)
    for i in range(len(M)):
        k = 0
        for j in range(1, M.shape[1]):
            if M[i, j] > M[i, k]:
                k = j
        out[i] = k
    return out


@case("m")
def floyd(D):
    D = D.copy()
    n = len(D)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                D[i, j] = min(D[i, j], D[i, k] + D[k, j])
    return D


@case("vv")
def swap_arrays(x, y):
    for i in range(len(x)):
        x[i], y[i] = y[i], x[i]
    return x


@case("m", size=4)
def transpose_inplace(M):
    for i in range(4):
        for j in range(i):
            M[i, j], M[j, i] = M[j, i], M[i, j]
    return M


@case("m")
def sym_fill(M):
    n = len(M)
    S = np.zeros((n, n))
    for i in range(n):
        for j in range(i, n):
            v = M[i, j] * 2
            S[i, j] = v
            S[j, i] = v
    return S


@case("mv")
def jacobi(M, b):
    n = len(b)
    x = np.zeros(n)
    for _ in range(5):
        new = np.zeros(n)
        for i in range(n):
            s = 0.0
            for j in range(n):
                if j != i:
                    s += M[i, j] * x[j]
            new[i] = (b[i] - s) / (M[i, i] + 30)
        x = new
    return x


@case("v")
def clip_loop(x):
    out = np.zeros(len(x))
    for i in range(len(x)):
        if x[i] < -1:
            out[i] = -1
        elif x[i] > 1:
            out[i] = 1
        else:
            out[i] = x[i]
    return out


@case("v")
def cont(x):
    s = 0.0
    for v in x:
        if v < 0:
            continue
        s += np.sqrt(v)
    return s


@case("v")
def prefix_max_idx(x):
    out = np.zeros(len(x), int)
    for i in range(len(x)):
        c = 0
        for j in range(i):
            if x[j] > x[i]:
                c += 1
        out[i] = c
    return out


@case("vv")
def interleave(x, y):
    out = np.zeros(2 * len(x))
    for i in range(len(x)):
        out[2 * i] = x[i]
        out[2 * i + 1] = y[i]
    return out


@case("v")
def reverse_inplace(x):
    n = len(x)
    for i in range(n // 2):
        x[i], x[n - 1 - i] = x[n - 1 - i], x[i]
    return x


@case("mv")
def forward_sub(L, b):
    n = len(b)
    x = np.zeros(n)
    for i in range(n):
        s = b[i]
        for j in range(i):
            s -= L[i, j] * x[j]
        x[i] = s / (L[i, i] + 9)
    return x


@case("m", size=4)
def lu(M):
    M = M + 9 * np.eye(4)
    n = 4
    for k in range(n):
        for i in range(k + 1, n):
            M[i, k] = M[i, k] / M[k, k]
            for j in range(k + 1, n):
                M[i, j] -= M[i, k] * M[k, j]
    return M


case("vh")(loops.convolve_full)


@case("vh")
def fir(x, h):
    y = np.zeros(len(x))
    for i in range(len(x)):
        for k in range(len(h)):
            if i - k >= 0:
                y[i] += h[k] * x[i - k]
    return y


@case("vk")
def movavg(x, w):
    out = np.zeros(len(x) - w + 1)
    for i in range(len(x) - w + 1):
        s = 0.0
        for j in range(w):
            s += x[i + j]
        out[i] = s / w
    return out


@case("vk")
def autocorr(x, L):
    r = np.zeros(L)
    for k in range(L):
        for t in range(len(x) - k):
            r[k] += x[t] * x[t + k]
    return r


@case("v")
def rebind_index(a):
    for i in range(len(a) - 1):
        t = a[i]
        i = i + 1
        a[i] = t + 1
    return a


@case("v")
def list_alias(a):
    rows = [a, a]
    for i in range(1, len(a)):
        a[i] = rows[0][i - 1] + 1
    return a


@case("v")
def view_alias(a):
    b = a[1:]
    for i in range(len(a) - 1):
        b[i] = a[i] + 1
    return a


@case("v")
def view_alias2(a):
    b = a[::-1]
    for i in range(len(a)):
        b[i] = a[i] + 1
    return a


@case("v", size=6)
def view_reshape(a):
    b = a.reshape(2, 3)
    for i in range(2):
        for j in range(3):
            b[i, j] = a[0] + b[i, j]
    return a


@case("v")
def shifted(a):
    for i in range(len(a) - 1):
        a[i] = a[i + 1]
    return a


@case("v")
def after(a):
    i = 10
    s = 0.0
    for i in range(len(a) - 8):
        s += a[i]
    return s, i


@case("vv")
def two_stores(a, b):
    for i in range(len(a) - 1):
        b[i] = a[i]
        b[i + 1] = a[i] + 1
    return b


@case("m", size=4)
def chain(M):
    for i in range(3):
        row = M[i + 1]
        M[i] = row * 2
        row[0] = 7
    return M


@case("v")
def onehot(x):
    n = len(x)
    s = 0.0
    for i in range(n):
        tmp = np.zeros(n)
        tmp[i] = x[i]
        s += tmp.sum()
    return s


@case("v")
def onehot_keep(x):
    n = len(x)
    out = np.zeros((n, n))
    for i in range(n):
        tmp = np.zeros(n)
        tmp[i] = x[i]
        out[i] = tmp
    return out


@case("v")
def call_store(a):
    s = 0.0
    for i in range(len(a) - 1):
        bump(a, i + 1, 1.0)
        s += a[i]
    return s


@case("vv", size=4)
def alias_after(x, y):
    for _ in range(3):
        new = x.copy()
        old = new
        for i in range(1, 3):
            new[i] = old[i - 1] + y[i]
        x = new
    return x


@case("vv", size=4)
def alias_loop(x, y):
    keep = x
    for t in range(3):
        new = np.zeros(4)
        for i in range(1, 4):
            new[i] = keep[i - 1] + y[i]
        if t == 1:
            keep = new
        y = new
    return y


@case("vv", size=4)
def alias_prev_behind(x, y):
    last = x
    for _ in range(3):
        new = last + 1
        last = new
    for i in range(1, 4):
        new[i] = last[i - 1] * 2
    return new


@case("vk")
def grid(u0, T):
    n = len(u0)
    u = np.zeros((T, n))
    u[0] = u0
    for t in range(1, T):
        for i in range(1, n - 1):
            u[t, i] = u[t - 1, i - 1] + u[t - 1, i + 1]
    return u


@case("vk")
def grid_wrap(u0, T):
    n = len(u0)
    u = np.zeros((T, n))
    u[0] = u0
    for t in range(T):
        for i in range(1, n - 1):
            u[t, i] = u[t - 1, i - 1] + 1
    return u


@case("v")
def shift_right(a):
    for i in range(len(a) - 1, 0, -1):
        a[i] = a[i - 1]
    return a


@case("v")
def smear_right(a):
    for i in range(1, len(a)):
        a[i] = a[i - 1]
    return a


@case("v")
def neg_index(a):
    out = np.zeros(5)
    for i in range(len(a)):
        out[i] = a[i - 1] + a[-i]
    return out


@case("v")
def neg_inplace(a):
    for i in range(len(a)):
        a[i] = a[i - 1]
    return a


@case("v", size=6)
def far(a):
    for i in range(3):
        a[i] = a[i + 3] + a[i + 2]
    return a


@case("v", size=6)
def far2(a):
    for i in range(3):
        a[i + 3] = a[i] + 1
    return a


@case("v", size=6)
def far3(a):
    for i in range(4):
        a[i + 2] = a[i] + 1
    return a


@case("m", size=5)
def in_place_2d(a):
    for i in range(1, 5):
        for j in range(5):
            a[i, j] = a[i, j] + a[i - 1, j]
    return a


@case("m", size=5)
def in_place_2d_rev(a):
    for i in range(4, 0, -1):
        for j in range(5):
            a[i, j] = a[i, j] + a[i - 1, 4 - j]
    return a


@case("m", size=5)
def chain2(a):
    for i in range(4):
        for j in range(5):
            a[i][j] = a[i + 1][j] * 2
    return a


@case("m", size=5)
def diag(a):
    for i in range(5):
        for j in range(5):
            a[i][j] = a[i][i] + a[j][j]
    return a


@case("vv", size=6)
def order_stmts(x, y):
    for i in range(5):
        y[i + 1] = x[i]
        x[i] = y[i] * 2
    return x


@case("vv", size=6)
def order_stmts2(x, y):
    for i in range(5):
        x[i] = y[i] * 2
        y[i + 1] = x[i]
    return x


@case("vv", size=6)
def read_then_store(x, y):
    for i in range(5):
        t = x[i + 1]
        x[i] = y[i]
        y[i] = t + x[i]
    return x, y


@case("v", size=4)
def own_acc(x):
    n = len(x)
    s = 0.0
    for i in range(n):
        tmp = np.zeros(3)
        for k in range(3):
            tmp[k] += x[k]
        s += tmp[1] * x[i]
    return s


@case("v", size=4)
def own_acc2(x):
    n = len(x)
    out = np.zeros((n, 3))
    for i in range(n):
        tmp = np.zeros(3)
        for k in range(3):
            for j in range(n):
                tmp[k] += x[j] * x[i]
        out[i] = tmp
    return out


@case("v")
def own_vec(x):
    n = len(x)
    out = np.zeros((n, 2))
    for i in range(n):
        v = np.array([x[i], 1.0])
        v[1] = 3.0
        v[0] += x[0]
        out[i] = v
    return out


@case("v")
def own_uniform(x):
    n = len(x)
    s = 0.0
    for i in range(n):
        v = np.zeros(2)
        v[1] = 3.0
        s += v[1] * x[i]
    return s


@case("v")
def lazy_last(x):
    s = 0.0
    for v in x:
        s += v
    x = x * 0
    return v + s


@case("v", size=4)
def lazy_last2(x):
    s = 0.0
    for v in x:
        s += v
    x[3] = 100.0
    return v + s


@case("v")
def lazy_last3(x):
    for i in range(len(x)):
        w = x[i] * 2
    x = 3 * x
    return w


@case("vv")
def iter_rebound(x, y):
    s = 0.0
    for s in y:  # noqa: B007
        y = x + y
    y[:] = y * 2
    return s, y


@case("vv")
def iter_rebound2(x, y):
    s = 0.0
    for v in y:
        y = x + y
        s += v
    return s, y, v


@case("vs")
def search_for_else(x, t):
    for i, v in enumerate(x):  # noqa: B007
        if v > t:
            break
    else:
        i = 100
    return i, v


@case("vs")
def search_steps(x, t):
    k = 0
    w = 0.0
    for i in range(1, len(x)):
        d = x[i] - x[i - 1]
        e = d * d
        if e > t + 2:
            k += i
            w = d
            break
    return k, w, e, i


@case("vs")
def search_interp(x, t):
    xs = np.sort(x)
    for i in range(len(xs) - 1):
        if xs[i] <= t and t < xs[i + 1]:
            w = (t - xs[i]) / (xs[i + 1] - xs[i])
            return i + w
    return -1.0


@case("vs")
def search_store_at(x, t):
    for i in range(len(x)):
        if x[i] > t:
            x[i] = 99.0
            break
    return x


@case("m")
def search_per_row(M):
    out = np.zeros(len(M), int)
    n = 0
    for i in range(len(M)):
        for j in range(M.shape[1]):
            if M[i, j] > 0:
                out[i] = j
                n += 1
                break
    return out, n


@case("vs")
def search_no_hit_use(x, t):
    for i in range(len(x) - 1, -1, -1):
        if x[i] < t:
            break
    return i, x[i]


@case("is")
def search_divide(x, t):
    r = -1
    for i in range(len(x)):
        if 1.0 / x[i] > t:
            r = i
            break
    return r


@case("vs")
def search_retval(x, t):
    for v in x:
        if v > t:
            return v
    return x[-1]


@case("vs")
def search_in_time(x, t):
    n = 0
    for _s in range(3):
        for i in range(len(x)):
            if x[i] > t:
                x[i] -= 1.0
                n += 1
                break
    return x, n


@case("m3", size=6)
def window_conv2d_b(x, w):
    kh, kw = w.shape
    H, W = x.shape
    out = np.zeros((H - kh + 1, W - kw + 1))
    for i in range(H - kh + 1):
        for j in range(W - kw + 1):
            out[i, j] = np.sum(x[i : i + kh, j : j + kw] * w)
    return out


@case("m", size=6)
def window_transposed(x):
    out = np.zeros((4, 5))
    for i in range(4):
        for j in range(5):
            out[i, j] = x[j : j + 2, i : i + 3].sum() + x[j : j + 2, i : i + 3][1, 2]
    return out


@case("m", size=6)
def window_column_window(x):
    out = np.zeros((4, 6))
    for i in range(4):
        for j in range(6):
            out[i, j] = x[i : i + 3, j].max() - x[j, i : i + 3].min()
    return out


@case("m", size=6)
def window_median3(x):
    out = x.copy()
    for i in range(1, 5):
        for j in range(1, 5):
            out[i, j] = np.median(x[i - 1 : i + 2, j - 1 : j + 2])
    return out


@case("v", size=8)
def window_frames(x):
    out = []
    for k in range(4):
        out.append(x[2 * k : 2 * k + 2].sum())
    return np.array(out)


@case("m", size=6)
def window_rows(x):
    out = np.zeros((4, 6))
    for i in range(4):
        out[i] = x[i : i + 3].mean(axis=0)
    return out


@case("m", size=6)
def window_pool_size(x):
    k = 2
    H, W = x.shape
    out = np.zeros((H // k, W // k))
    for i in range(H // k):
        for j in range(W // k):
            out[i, j] = np.max(x[i * k : (i + 1) * k, j * k : (j + 1) * k])
    return out


@case("v")
def taken_out_shifted(x):
    s = 0.5
    for i in range(1, len(x)):
        d = np.cos(x[i] - x[i - 1])
        w = d * 2
        s = 0.5 * s * w + d
    return s, d, i


@case("v")
def taken_out_down(x):
    s = 0.5
    for i in range(len(x) - 1, -1, -1):
        d = np.cos(x[i])
        s = 0.5 * s * d + d
    return s


@case("v")
def taken_out_stored(x):
    s = 0.5
    for i in range(len(x) - 1):
        d = np.cos(x[i])
        s = 0.5 * s * d + d
        x[i + 1] = s
    return x


@case("v")
def taken_out_aliased(x):
    y = x
    s = 0.5
    for i in range(len(x) - 1):
        d = np.cos(y[i])
        s = 0.5 * s * d + d
        x[i + 1] = s
    return x


@case("v")
def taken_out_augmented(x):
    y = x
    s = 0.5
    for i in range(len(x) - 1):
        d = np.cos(y[i])
        s = 0.5 * s * d + d
        x += 1
    return s


@case("vv", size=6)
def taken_out_both_stored(x, y):
    s = 0.5
    out = np.zeros(6)
    for i in range(6):
        out[i] = np.sin(x[i])
        s = s * y[i] + 1
        y[i] = s
    return out, y


@case("vv", size=6)
def taken_out_store_alias(x, y):
    s = 0.5
    z = x
    for i in range(1, 6):
        x[i] = np.sin(y[i])
        s = s * 0.5 + z[i - 1]
    return x, s


@case("vv", size=6)
def taken_out_store_last(x, y):
    s = 0.5
    out = np.zeros(3)
    for i in range(6):
        out[i // 2] = np.sin(x[i])
        s = s * 0.5 + y[i]
    return out, s


@case("vv", size=6)
def taken_out_store_same(x, y):
    s = 0.5
    out = np.zeros(3)
    for i in range(6):
        out[0] = np.sin(x[i])
        s = s * 0.5 + y[i]
    return out, s


@case("vv", size=6)
def taken_out_conditional(x, y):
    s = 0.5
    d = 7.0
    for i in range(6):
        if x[i] > 0:
            d = np.cos(x[i])
        s = s * 0.5 + d
    return d, s


@case("mm")
def taken_out_products(x, W):
    h = np.zeros(len(W))
    out = np.zeros((len(x), len(W)))
    for t in range(len(x)):
        z = W @ x[t]
        h = 0.5 * h + np.sin(z)
        out[t] = h
    return out


@case("v")
def taken_out_by_call(x):
    s = 0.5
    for i in range(len(x) - 1):
        d = np.cos(x[i])
        s = 0.5 * s * d + d * bump(x, i + 1, 1.0)
    return s


@case("mv")
def gauss_elimination(M, b):
    n = len(b)
    M = M + 40 * np.eye(n)
    b = b.copy()
    for k in range(n - 1):
        for i in range(k + 1, n):
            f = M[i, k] / M[k, k]
            for j in range(k, n):
                M[i, j] -= f * M[k, j]
            b[i] -= f * b[k]
    x = np.zeros(n)
    for i in range(n - 1, -1, -1):
        s = b[i]
        for j in range(i + 1, n):
            s -= M[i, j] * x[j]
        x[i] = s / M[i, i]
    return x


@case("m", size=4)
def cholesky(M):
    n = 4
    M = M @ M.T + 9 * np.eye(4)
    L = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = 0.0
            for k in range(j):
                s += L[i, k] * L[j, k]
            if i == j:
                L[i, j] = np.sqrt(M[i, i] - s)
            else:
                L[i, j] = (M[i, j] - s) / L[j, j]
    return L


@case("v")
def selection_sort(x):
    n = len(x)
    for i in range(n):
        k = i
        for j in range(i + 1, n):
            if x[j] < x[k]:
                k = j
        x[i], x[k] = x[k], x[i]
    return x


@case("v")
def longest_increasing(x):
    n = len(x)
    L = np.ones(n, int)
    for i in range(n):
        for j in range(i):
            if x[j] < x[i] and L[j] + 1 > L[i]:
                L[i] = L[j] + 1
    return L.max()


# --- nests that go by anti-diagonals, and some that must not --------------------------------------------------


@case("ii", size=17)
def edit_distance(a, b):
    n, m = len(a), len(b)
    D = np.zeros((n + 1, m + 1), dtype=int)
    for i in range(n + 1):
        D[i, 0] = i
    for j in range(m + 1):
        D[0, j] = j
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            if a[i - 1] == b[j - 1]:
                D[i, j] = D[i - 1, j - 1]  # nothing to pay
            else:
                D[i, j] = 1 + min(D[i - 1, j], D[i, j - 1], D[i - 1, j - 1])
    return D[n, m]


@case("ii", size=17)
def common_subsequence(a, b):
    n, m = len(a), len(b)
    L = np.zeros((n + 1, m + 1), dtype=np.int64)
    for i in range(n + 1):
        for j in range(m + 1):
            if i == 0 or j == 0:
                L[i, j] = 0
            elif a[i - 1] == b[j - 1]:
                L[i, j] = L[i - 1, j - 1] + 1
            else:
                L[i, j] = max(L[i - 1, j], L[i, j - 1])
    return L[n, m]


@case("ii", size=17)
def local_alignment(a, b):
    n, m = len(a), len(b)
    H = np.zeros((n + 1, m + 1))
    best = 0.0
    for i in range(1, n + 1):
        letter = a[i - 1]
        for j in range(1, m + 1):
            score = 3 if letter == b[j - 1] else -3
            H[i, j] = max(0, H[i - 1, j - 1] + score, H[i - 1, j] - 2, H[i, j - 1] - 2)
            best = max(best, H[i, j])
    return best


@case("ii", size=17)
def global_alignment(a, b):
    n, m = len(a), len(b)
    F = np.zeros((n + 1, m + 1))
    gap = -1.0
    F[:, 0] = np.arange(n + 1) * gap
    F[0, :] = np.arange(m + 1) * gap
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            match = F[i - 1, j - 1] + (1 if a[i - 1] == b[j - 1] else -1)
            F[i, j] = max(match, F[i - 1, j] + gap, F[i, j - 1] + gap)
    return F


@case("m", size=17)
def cheapest_path(g):
    n, m = g.shape
    D = np.zeros((n, m))
    D[0, 0] = g[0, 0]
    for i in range(1, n):
        D[i, 0] = D[i - 1, 0] + g[i, 0]
    for j in range(1, m):
        D[0, j] = D[0, j - 1] + g[0, j]
    for i in range(1, n):
        for j in range(1, m):
            D[i, j] = g[i, j] + min(D[i - 1, j], D[i, j - 1])
    return D[i, j], D[-1, -1]


@case("m", size=17)
def count_paths(g):
    n, m = g.shape
    P = np.zeros((n, m), dtype=np.int64)
    P[0, 0] = 1
    for i in range(n):
        for j in range(m):
            if g[i, j] > 1:
                P[i, j] = 0
            else:
                if i > 0:
                    P[i, j] += P[i - 1, j]
                if j > 0:
                    P[i, j] += P[i, j - 1]
    return P


@case("mk", size=18)
def relax_in_place(u, steps):
    u = u.copy()
    n, m = u.shape
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                u[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
    return u


case("vv", size=17)(loops.dtw, "warped")


case("m", size=17)(loops.integral_image, "summed_area")


@case("m", size=17)
def best_cell_place(x):
    n = len(x)
    D = x.copy()
    best, row, column = -100.0, 0, 0
    for i in range(1, n):
        for j in range(1, n):
            D[i, j] = min(D[i - 1, j], D[i, j - 1]) + x[i, j]
            if D[i, j] > best:
                best = D[i, j]
                row, column = i, j
    return best, row, column


@case("m", size=17)
def order_of_cells(x):
    n = len(x)
    D = x.copy()
    s = 0.0
    for i in range(1, n):
        for j in range(1, n):
            D[i, j] = D[i - 1, j] + D[i, j - 1] + s
            s = 0.5 * s + 0.25 * x[i, j]
    return s, D[3, 3]


@case("m", size=17)
def far_corner(x):
    n = len(x)
    D = x.copy()
    for i in range(1, n):
        for j in range(n - 3):
            D[i, j] = 0.5 * D[i - 1, j + 3] + D[i, j]
            D[i, j + 1] += 0.25 * D[i, j]
    return D


@case("m", size=17)
def listed_cells(x):
    n = len(x)
    D = x.copy()
    seen = []
    for i in range(1, n):
        for j in range(1, n):
            D[i, j] = min(D[i - 1, j], D[i, j - 1]) + x[i, j]
            seen.append(D[i, j])
    return np.array(seen)


# --- elements that a loop sets again and again -------------------------------------------------------------------


@case("pp")
def nearest_label(X, C):
    labels = np.zeros(len(X), dtype=int)
    for i in range(len(X)):
        best = np.inf
        for k in range(len(C)):
            d = 0.0
            for j in range(2):
                d += (X[i, j] - C[k, j]) ** 2
            if d < best:
                best = d
                labels[i] = k
    return labels


@case("v")
def chained_products(p):
    n = len(p) - 1
    m = np.zeros((max(n, 0), max(n, 0)))
    for length in range(2, n + 1):
        for i in range(n - length + 1):
            j = i + length - 1
            m[i, j] = np.inf
            for k in range(i, j):
                q = m[i, k] + m[k + 1, j] + p[i] * p[k + 1] * p[j + 1]
                if q < m[i, j]:
                    m[i, j] = q
    return m


@case("vi")
def element_of_another_dtype(x, a):
    a = a.copy()
    for i in range(len(x)):
        for j in range(len(x)):
            if x[j] > a[i]:
                a[i] = x[j]
    return a


@case("v")
def element_among_others(x):
    x = x.copy()
    for i in range(len(x)):
        for j in range(len(x)):
            if x[j] > x[i]:
                x[i] = x[j]
    return x


@case("v")
def element_of_prefix(x):
    L = x.copy()
    for i in range(len(x)):
        for j in range(i):
            if x[j] < 0 and L[j] + 1 > L[i]:
                L[i] = L[j] + 1
    return L


@case("vi")
def last_place(x, a):
    out = np.zeros(4)
    for k in range(4):
        for i in range(len(x)):
            if a[i] == k:
                out[k] = x[i]
    return out


@case("v")
def element_then_read(x):
    out = np.zeros(len(x) + 1)
    total = 0.0
    for i in range(len(x)):
        for j in range(len(x)):
            out[i] = x[j] * 2
            total += out[i]
    return out, total


# --- ranges that are empty in some iterations of a loop that stays one -------------------------------------------


@case("vs")
def pascal_rows(x, s):
    n = len(x)
    P = np.zeros((n, n))
    for i in range(n):
        P[i, 0] = s
        P[i, i] = x[i]
        for j in range(1, i):
            P[i, j] = P[i - 1, j - 1] + P[i - 1, j]
    return P


@case("m")
def doolittle(A):
    n = len(A)
    L = np.zeros((n, n))
    U = np.zeros((n, n))
    for i in range(n):
        for k in range(i, n):
            s = 0
            for j in range(i):
                s += L[i, j] * U[j, k]
            U[i, k] = A[i, k] - s + (i == k) * 20
        for k in range(i, n):
            s = 0
            for j in range(i):
                s += L[k, j] * U[j, i]
            L[k, i] = (A[k, i] - s) / U[i, i]
    return L, U


@case("v")
def empty_range_keeps(x):
    t = 1
    out = np.zeros(len(x))
    for i in range(len(x)):
        for j in range(2, i):
            t = x[j] - out[i - 1]
        out[i] = 2 * t
    return out, t


# --- what follows from a recurrence ----------------------------------------------------------------------


@case("v")
def decay_then_weights(x):
    n = len(x)
    h = np.zeros(n)
    y = np.zeros(n)
    e = 0.0
    for t in range(1, n):
        h[t] = 0.5 * h[t - 1] + x[t] * 0.25
        y[t] = np.exp(-h[t]) * x[t]
        e += y[t] ** 2
    return y, h, e


@case("vs")
def filtered_energy(x, a):
    v, energy = 0.0, 0.0
    out = []
    for t in range(len(x)):
        v = v + a * (x[t] - v)
        out.append(np.tanh(v))
        energy += abs(v)
    return np.array(out), energy, v


@case("v")
def feeds_back(x):
    n = len(x)
    h = x.copy()
    g = 0.0
    for t in range(1, n):
        h[t] = 0.5 * h[t - 1] + g
        g = abs(h[t]) - 1
    return h, g


@case("v")
def looks_ahead(x):
    n = len(x)
    h = x.copy()
    y = np.zeros(n)
    for t in range(1, n - 1):
        h[t] = 0.5 * h[t - 1] + x[t]
        y[t] = abs(h[t + 1]) + h[t]
    return h, y


@case("v")
def looks_back_around(x):
    n = len(x)
    h = x.copy()
    y = np.zeros(n)
    s = 0.0
    for t in range(n):
        s = 0.5 * s + x[t]
        h[t] = s
        y[t] = abs(h[t - 1]) + h[t]
    return h, y


@case("v")
def follows_through_a_view(x):
    n = len(x)
    h = x.copy()
    tail = h[1:]
    y = np.zeros(n)
    s = 0.0
    for t in range(n - 1):
        s = 0.5 * s + x[t]
        h[t] = s
        y[t] = abs(tail[t]) + s
    return h, y


@case("vk")
def follows_in_rows(x, k):
    n = len(x)
    T = np.zeros((n, k))
    total = np.zeros(n)
    for t in range(1, n):
        for s in range(k):
            T[t, s] = 0.5 * T[t - 1, s] + x[t] * (s + 1)
        total[t] = np.sum(np.abs(T[t]))
    return T, total


@case("i")
def counts_then_powers(a):
    c = 0
    out = np.zeros(len(a))
    for t in range(len(a)):
        c = c * 2 % 7 + a[t]
        out[t] = abs(c - 3) ** 2
    return out, c


@case("v")
def listed_then_changed(x):
    x = x.copy()
    seen = []
    for t in range(1, len(x)):
        seen.append(x[t])
        if x[t] > 0:
            x[t] = 0.5
    return np.array(seen), x


@case("v")
def listed_some_then_changed(x):
    x = x.copy()
    seen = []
    for t in range(1, len(x)):
        if x[t] < 1:
            seen.append(x[t])
        if x[t] > 0:
            x[t] = 0.5
    return sum(seen), x


# --- buffers that change places --------------------------------------------------------------------------------


@case("mk")
def swapped_in_two_dimensions(u, steps):
    old = u.copy()
    new = u.copy()
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            for j in range(1, u.shape[1] - 1):
                new[i, j] = 0.25 * (old[i - 1, j] + old[i + 1, j] + old[i, j - 1] + old[i, j + 1])
        old, new = new, old
    return old, new


@case("vk")
def swapped_with_an_alias(u, steps):
    a = u.copy()
    b = a[1:]
    a = a[:-1]
    for _ in range(steps):
        for i in range(1, len(a)):
            b[i] = a[i - 1] + 1
        a, b = b, a
    return a, b


@case("vk")
def swapped_or_copied(u, steps):
    a = u.copy()
    b = u * 2
    for k in range(steps):
        for i in range(1, len(a)):
            b[i] = a[i - 1] + 1
        a, b = b, a
        if k > 0:
            b = a
    return a, b


@case("vk")
def swapped_through_a_third(u, steps):
    a = u.copy()
    b = u * 2
    for _ in range(steps):
        c = b
        for i in range(1, len(a)):
            c[i] = b[i - 1] + a[i - 1]
        a, b = b, a
    return a, b


# --- loops over a few numbers in loops that are axes, and `continue` -----------------------------------------------


@case("m")
def life_step(g):
    n, m = g.shape
    new = np.zeros_like(g)
    for i in range(n):
        for j in range(m):
            c = 0
            for di in (-1, 0, 1):
                for dj in (-1, 0, 1):
                    if di == 0 and dj == 0:
                        continue
                    c += g[(i + di) % n, (j + dj) % m] > 0
            if g[i, j] > 0 and (c == 2 or c == 3):
                new[i, j] = 1
            elif g[i, j] <= 0 and c == 3:
                new[i, j] = 1
    return new


@case("m")
def first_best_offset(g):
    best, row, step = -100.0, 0, 0
    for i in range(1, len(g) - 1):
        for d in (-1, 0, 1):
            if g[i + d, 0] > best:
                best = g[i + d, 0]
                row = i
                step = d
    return best, row, step


@case("v")
def offsets_in_order(x):
    last = 0.0
    for i in range(1, len(x) - 1):
        for d in (1, -1):
            if x[i + d] > 0:
                last = x[i + d]
    return last


@case("v")
def offsets_stored(x):
    out = np.zeros(len(x))
    for i in range(1, len(x) - 1):
        for d in (-1, 0, 1):
            out[i + d] = out[i] + x[i]
    return out


@case("v")
def offsets_summed(x):
    out = np.zeros(len(x))
    total = 0.0
    for i in range(2, len(x) - 2):
        for d in [-2, -1, 1, 2]:
            out[i] += x[i + d] / d
            total += x[i + d]
        out[i] = max(out[i], -1.0)
    return out, total


@case("v")
def listed_offsets(x):
    out = []
    for i in range(1, len(x) - 1):
        for d in (-1, 1):
            out.append(x[i + d] * d)
    return np.array(out)


@case("vv")
def several_continues(x, y):
    out = np.zeros(len(x))
    s = 0.0
    for i in range(len(x)):
        if x[i] < 0:
            continue
        out[i] = x[i] + 1
        if y[i] > 0:
            continue
        s += y[i]
        out[i] = y[i]
    return out, s


@case("vj")
def knapsack_items(x, w):
    best = np.zeros(8)
    for i in range(min(len(w), len(x))):
        for c in range(7, w[i] - 1, -1):
            best[c] = max(best[c], best[c - w[i]] + x[i])
    return best


@case("v")
def element_beside_the_whole(x):
    x = x.copy()
    for i in range(len(x)):
        for j in range(len(x)):
            x[i] = np.max(x) - x[j] * 0
    return x


@case("v")
def element_of_what_is_iterated(x):
    x = x.copy()
    for i in range(len(x)):
        for v in x:
            x[i] = v + 1
    return x


@case("v")
def element_behind_an_alias(x):
    x = x.copy()
    y = x[::-1]
    for i in range(len(x)):
        for j in range(len(x)):
            if y[j] > x[i]:
                x[i] = y[j]
    return x


@case("v")
def element_and_its_view(x):
    x = x.copy()
    for i in range(len(x)):
        part = x[:3]
        for j in range(len(x)):
            x[i] = part.sum() + j
    return x


@case("vv")
def stored_through_a_view(x, w):
    h = x.copy()
    y = h[::-1]
    seen = np.zeros(len(x))
    for t in range(1, len(x) - 1):
        y[t] = w[t] - 0.25 * w[t - 1]
        h[t] = 0.5 * h[t - 1] + x[t]
        seen[t] = abs(h[t])
    return h, seen


# --- what is read of what the nest itself stores ---------------------------------------------------------------------


@case("m")
def shortest_by_min(W):
    D = W.copy()
    n = len(D)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                D[i, j] = min(D[i, j], D[i, k] + D[k, j])
    return D


@case("m")
def shortest_in_lists_of_subscripts(W):
    D = W.copy()
    n = len(D)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                through = D[i][k] + D[k][j]
                if D[i][j] > through:
                    D[i][j] = through
    return D


@case("m")
def shortest_by_rows(W):
    D = W.copy()
    n = len(D)
    for k in range(n):
        for i in range(n):
            D[i] = np.minimum(D[i], D[i, k] + D[k])
    return D


@case("m")
def shortest_with_next(W):
    n = len(W)
    D = W.copy()
    following = np.zeros((n, n), dtype=int)
    for i in range(n):
        for j in range(n):
            following[i, j] = j
    for k in range(n):
        for i in range(n):
            for j in range(n):
                if D[i, k] + D[k, j] < D[i, j]:
                    D[i, j] = D[i, k] + D[k, j]
                    following[i, j] = following[i, k]
    return D, following


@case("m")
def longest_by_max(W):
    D = W.copy()
    n = len(D)
    for k in range(n):
        for i in range(n):
            step = D[i, k]
            for j in range(n):
                if step + D[k, j] > D[i, j]:
                    D[i, j] = step + D[k, j]
    return D


@case("m")
def likeliest(W):
    P = np.abs(W) / 2
    n = len(P)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                P[i, j] = max(P[i, j], P[i, k] * P[k, j])
    return P


@case("m")
def widest(W):
    D = W.copy()
    n = len(D)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                D[i, j] = max(D[i, j], min(D[i, k], D[k, j]))
    return D


@case("m")
def reachable(W):
    R = W > 0
    n = len(R)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                R[i, j] = R[i, j] or (R[i, k] and R[k, j])
    return R


@case("m")
def reachable_by_if(W):
    R = W > 0
    n = len(R)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                if R[i, k] and R[k, j]:
                    R[i, j] = True
    return R


@case("m")
def reachable_bits(W):
    R = (W > 0).astype(int)
    n = len(R)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                R[i, j] |= R[i, k] & R[k, j]
    return R


@case("m")
def relaxed_to_another_dtype(W):
    D = (4 * W).astype(int)
    n = len(D)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                if 0.5 * D[i, k] + 0.5 * D[k, j] < D[i, j]:
                    D[i, j] = 0.5 * D[i, k] + 0.5 * D[k, j]
    return D


@case("m")
def relaxed_through_an_alias(W):
    D = W.copy()
    E = D.T
    n = len(D)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                D[i, j] = min(D[i, j], D[i, k] + E[j, k])
    return D


@case("m")
def relaxed_beyond_the_nest(W):
    D = W.copy()
    n = len(D)
    for k in range(n):
        for i in range(1, n):
            for j in range(1, n):
                D[i, j] = min(D[i, j], D[i, k] + D[k, j])
    return D


@case("m")
def relaxed_and_read(W):
    D = W.copy()
    n = len(D)
    total = 0.0
    for k in range(n):
        for i in range(n):
            for j in range(n):
                D[i, j] = min(D[i, j], D[i, k] + D[k, j])
        total += D[k, k] * i + j
    return D, total


@case("m")
def normalised_by_the_first(W):
    A = W.copy()
    n = len(A)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                A[i, j] = A[i, j] - A[i, k] * A[k, j]
    return A


# --- ranges that are known at run time -------------------------------------------------------------------------------


@case("vj")
def knapsack_down(values, weights):
    capacity = len(values) + 1
    best = np.zeros(capacity + 1)
    for i in range(len(weights)):
        for c in range(capacity, weights[i] - 1, -1):
            best[c] = max(best[c], best[c - weights[i]] + values[i])
    return best


@case("vj")
def knapsack_pairs(values, weights):
    best = np.zeros(len(values) + 2)
    for v, w in zip(values, weights):
        for c in reversed(range(w, len(values) + 2)):
            if best[c - w] + v > best[c]:
                best[c] = best[c - w] + v
    return best


@case("vw")
def subsets_of_a_sum(x, weights):
    can = np.zeros(len(x) + 3, dtype=bool)
    can[0] = True
    for w in weights:
        for c in range(len(x) + 2, w - 1, -1):
            can[c] = can[c] or can[c - w]
    return np.where(can, np.sum(x), 0.0)


@case("vj")
def ways_downwards(x, weights):
    ways = np.zeros(len(x) + 2)
    ways[0] = x[0] if len(x) > 0 else 1.0
    for w in weights:
        for c in range(len(x) + 1, w - 1, -1):
            ways[c] += ways[c - w]
    return ways


@case("vj")
def coins_upwards(values, weights):
    best = np.zeros(len(values) + 2)
    for i in range(len(weights)):
        for c in range(weights[i], len(values) + 2):
            best[c] = max(best[c], best[c - weights[i]] + values[i])
    return best


@case("vj")
def shifted_copies(x, shifts):
    out = np.zeros(2 * len(x) + 4)
    for s in shifts:
        for i in range(s, len(x)):
            out[i - s] = out[i - s] + x[i]
    return out


@case("vj")
def beyond_its_end(x, shifts):
    out = np.zeros(len(x) + 5)
    for s in shifts:
        for i in range(s, len(x)):
            out[i + s] = out[i + s] + x[i - s]
    return out


@case("vj")
def stops_that_change(x, stops):
    stops = stops.copy()
    out = x.copy()
    for k in range(len(stops)):
        for i in range(stops[k], len(x)):
            out[i] = x[i - stops[k]]
            stops[k] = 0
    return out


@case("v")
def downwards(x):
    n = len(x)
    out = np.zeros(n)
    last = -1
    for i in range(n - 1, -1, -1):
        y = x[i] * 2
        out[i] = y - i
        last = i
    return out, last


@case("v")
def moved_down(x):
    x = x.copy()
    for i in range(len(x) - 1, 0, -1):
        x[i] = x[i - 1]
    return x


@case("v")
def moved_up_downwards(x):
    x = x.copy()
    for i in range(len(x) - 2, -1, -1):
        x[i] = x[i + 1] + 1
    return x


# --- the other end of an axis ----------------------------------------------------------------------------------------


@case("vk")
def heat_on_a_ring(u, steps):
    n = len(u)
    for _ in range(steps):
        new = np.zeros(n)
        for i in range(n):
            new[i] = u[i] + 0.25 * (u[(i + 1) % n] - 2 * u[i] + u[(i - 1) % n])
        u = new
    return u


@case("mk")
def heat_on_a_torus(u, steps):
    n, m = u.shape
    for _ in range(steps):
        new = np.zeros((n, m))
        for i in range(n):
            for j in range(m):
                up, down = (i - 1) % n, (i + 1) % n
                left, right = (j + m - 1) % m, (j + 1) % m
                new[i, j] = u[i, j] + 0.25 * (u[up, j] + u[down, j] + u[i, left] + u[i, right] - 4 * u[i, j])
        u = new
    return u


@case("mk")
def life(grid, steps):
    n, m = grid.shape
    for _ in range(steps):
        new = np.zeros_like(grid)
        for i in range(n):
            for j in range(m):
                count = 0
                for di in (-1, 0, 1):
                    for dj in (-1, 0, 1):
                        if di != 0 or dj != 0:
                            count += 1 if grid[(i + di) % n, (j + dj) % m] > 0 else 0
                if count == 3 or (count == 2 and grid[i, j] > 0):
                    new[i, j] = 1
        grid = new
    return grid


@case("v")
def differences_on_a_ring(x):
    out = np.zeros(len(x))
    for i in range(len(x)):
        out[i] = x[i] - x[i - 1]
    return out


@case("v")
def far_on_a_ring(x):
    n = len(x)
    out = np.zeros(n)
    for i in range(n):
        out[i] = x[(i + 3) % n] + 2 * x[(i - 4) % n] + 3 * x[i - 2 if n > 2 else 0]
    return out


@case("v")
def part_of_a_ring(x):
    n = len(x)
    out = np.zeros(n)
    for i in range(1, n):
        out[i] = x[(i + 1) % n] - x[(i - 1) % n]
    return out


@case("v")
def ring_of_another_length(x):
    n = len(x)
    out = np.zeros(n)
    for i in range(n):
        out[i] = x[(i + 1) % max(n - 1, 1)]
    return out


@case("v")
def stored_around_a_ring(x):
    n = len(x)
    out = np.zeros(n)
    for i in range(n):
        out[(i + 1) % n] = x[i]
    return out


@case("v")
def changed_around_a_ring(x):
    n = len(x)
    x = x.copy()
    for i in range(n):
        x[i] = x[(i + 1) % n] + 1
    return x


@case("m")
def corner_sums_on_a_torus(a):
    n = len(a)
    out = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            out[j, i] = a[(i + 1) % n, (j + 1) % n] + a[(i - 1) % n, (j - 2) % n] * a[i, (j + 1) % n]
    return out


# --- recurrences through an array ------------------------------------------------------------------------------------


@case("v")
def sums_in_front(x):
    out = np.zeros(len(x) + 1)
    for i in range(len(x)):
        out[i + 1] = out[i] + x[i]
    return out


@case("v")
def sums_from_the_first(x):
    out = np.ones(len(x) + 1)
    total = 0.0
    for i in range(1, len(x) + 1):
        out[i] = out[i - 1] - x[i - 1]
        total += out[i]
    return out, total


@case("v")
def highest_so_far(x):
    out = x.copy()
    for i in range(1, len(x)):
        out[i] = max(out[i - 1], x[i])
    return out


@case("m")
def sums_along_rows(a):
    out = np.zeros((len(a), len(a) + 1))
    for r in range(len(a)):
        for i in range(len(a)):
            out[r, i + 1] = out[r, i] + a[i, r] * r
    return out


@case("v")
def sums_in_small_integers(x):
    out = np.zeros(len(x) + 1, dtype=np.int8)
    for i in range(len(x)):
        out[i + 1] = out[i] + x[i]
    return out


@case("v")
def sums_from_the_other_end(x):
    out = np.zeros(len(x))
    for i in range(len(x)):
        out[i] = out[i - 1] + x[i]
    return out


@case("v")
def sums_beside_an_alias(x):
    out = np.zeros(len(x))
    other = out
    for i in range(1, len(x)):
        out[i] = out[i - 1] + x[i] + other[0]
        other[0] = x[i]
    return out


@case("v")
def sums_of_what_is_stored(x):
    out = x.copy()
    for i in range(1, len(x)):
        out[i] += out[i - 1]
    return out


# --- zeros, and what is stored over them -----------------------------------------------------------------------------


@case("v")
def marks(x):
    out = np.zeros(len(x), dtype=np.int16)
    for i in range(len(x)):
        if x[i] > 0:
            out[i] = 1
    return out


@case("v")
def marks_twice(x):
    out = np.zeros(len(x))
    for i in range(len(x)):
        if x[i] > 0:
            out[i] = 1
    for i in range(len(x)):
        if x[i] < -1:
            out[i] = x[i]
    return out


@case("vk")
def marks_again_and_again(x, steps):
    out = np.zeros(len(x))
    for t in range(steps):
        for i in range(len(x)):
            if x[i] > t:
                out[i] = x[i]
        x = x * 2
    return out


@case("v")
def marks_above_ones(x):
    out = np.zeros(len(x)).clip(1, 2)
    for i in range(len(x)):
        if x[i] > 0:
            out[i] = x[i]
    return out


# --- stores in front of a recurrence ---------------------------------------------------------------------------------


@case("vs")
def weights_then_decay(x, r):
    n = len(x)
    a, s, c = np.zeros(n), np.zeros(n), np.zeros(n)
    for i in range(1, n):
        a[i] = np.exp(-x[i]) * 2
        s[i] = 0.5 * s[i - 1] + a[i] * r
        c[i] = s[i] ** 2 + a[i]
    return a, s, c


@case("vs")
def stored_then_looked_at_elsewhere(x, r):
    n = len(x)
    a, s = np.zeros(n), 0.0
    for i in range(n):
        a[i] = np.exp(x[i])
        i = (i * 2 + 1) % n
        s = 0.5 * s + a[i] * r
    return a, s


@case("vs")
def stored_then_looked_at_by_another_loop(x, r):
    n = len(x)
    a, s = np.zeros(n), 0.0
    for i in range(n):
        a[i] = np.exp(x[i])
        for i in range(2):
            s = 0.5 * s + a[i] * r
    return a, s


@case("vs")
def looked_at_before_it_is_stored(x, r):
    a, s = np.zeros(len(x)), 0.0
    for i in range(1, len(x)):
        s = 0.5 * s + a[i] * r
        a[i] = np.exp(x[i])
        s = 0.5 * s + a[i] * r
    return a, s


@case("vs")
def stored_and_then_changed(x, r):
    a, s = np.zeros(len(x)), 0.0
    for i in range(1, len(x)):
        a[i] = np.exp(x[i])
        s = 0.5 * s + a[i] * r
        a[i] += 1
    return a, s


@case("vs")
def stored_and_seen_through_a_view(x, r):
    a, s = np.zeros(len(x)), 0.0
    v = a[1:]
    for i in range(1, len(x)):
        a[i] = np.exp(x[i])
        s = 0.5 * s + a[i] * r + v[i - 1] * s * 0.125
    return a, s
