"""Functions as they are published: PolyBench, Numerical Recipes, textbooks of statistics and signal processing.

Each was looped once, or failed inside, for a reason that is none of its own; `test_published.py` has their arguments.
"""

import math

import numpy as np


def svd_by_rotations(A, sweeps=6, tol=1e-12):
    U = A.copy()
    n = U.shape[1]
    for _ in range(sweeps):
        off = 0.0
        for p in range(n - 1):
            for q in range(p + 1, n):
                alpha = np.dot(U[:, p], U[:, p])
                beta = np.dot(U[:, q], U[:, q])
                gamma = np.dot(U[:, p], U[:, q])
                off = max(off, abs(gamma) / (np.sqrt(alpha * beta) + 1e-300))
                if abs(gamma) > tol * np.sqrt(alpha * beta):
                    zeta = (beta - alpha) / (2 * gamma)
                    t = np.sign(zeta) / (abs(zeta) + np.sqrt(1 + zeta * zeta))
                    c = 1 / np.sqrt(1 + t * t)
                    s = c * t
                    up = U[:, p].copy()
                    U[:, p] = c * up - s * U[:, q]
                    U[:, q] = s * up + c * U[:, q]
        if off < tol:
            break
    return np.sqrt((U * U).sum(axis=0))


def gmres(A, b, m):
    Q = np.zeros((len(b), m + 1))
    H = np.zeros((m + 1, m))
    beta = np.linalg.norm(b)
    Q[:, 0] = b / beta
    for k in range(m):
        y = A @ Q[:, k]
        for j in range(k + 1):
            H[j, k] = np.dot(Q[:, j], y)
            y = y - H[j, k] * Q[:, j]
        H[k + 1, k] = np.linalg.norm(y)
        if H[k + 1, k] != 0:
            Q[:, k + 1] = y / H[k + 1, k]
    e1 = np.zeros(m + 1)
    e1[0] = beta
    return Q[:, :m] @ np.linalg.lstsq(H, e1, rcond=None)[0]


def isotonic(y):
    out = y.astype(float).copy()
    i = 0
    while i < len(y) - 1:
        if out[i] > out[i + 1]:
            j = i
            while j >= 0 and out[j] > out[i + 1]:
                j -= 1
            j += 1
            out[j : i + 2] = out[j : i + 2].mean()
            i = 0
        else:
            i += 1
    return out


def masks_under_conditions(x, t, k):
    places = np.array([2, 0])
    if t > 0:
        x[x > 0.5] = t
        x[k:] += 1
    else:
        x[x < 0] *= 2
        if x[0] > 0:
            x[places] = 9
            x[x > 3] = 0
    return x


def logistic_regression(X, y):
    beta = np.zeros(X.shape[1])
    for _ in range(8):
        mu = 1 / (1 + np.exp(-(X @ beta)))
        W = mu * (1 - mu)
        step = np.linalg.solve(X.T @ (W[:, None] * X) + 1e-3 * np.eye(X.shape[1]), X.T @ (y - mu))
        beta += step
        if np.max(np.abs(step)) < 1e-2:
            break
    return beta


def lasso(X, y, lam):
    beta = np.zeros(X.shape[1])
    r = y.copy()
    for _ in range(20):
        largest = 0.0
        for j in range(len(beta)):
            xj = X[:, j]
            rho = xj @ r + beta[j] * (xj @ xj)
            new = 0.0
            if rho < -lam:
                new = (rho + lam) / (xj @ xj)
            elif rho > lam:
                new = (rho - lam) / (xj @ xj)
            d = new - beta[j]
            if d != 0:
                r -= d * xj
                beta[j] = new
                largest = max(largest, abs(d))
        if largest < 1e-4:
            break
    return beta


def conjugate_gradient(A, b, tol):
    x = np.zeros_like(b)
    r = b.copy()
    p = r.copy()
    rs = r @ r
    k = 0
    while rs > tol and k < 10:
        Ap = A @ p
        alpha = rs / (p @ Ap)
        x += alpha * p
        r -= alpha * Ap
        new = r @ r
        p *= new / rs
        p += r
        rs = new
        k += 1
    return x, k


def damped(A, b, tol):
    v = b.copy()
    for _ in range(6):
        if v[0] > 0:
            v *= 0.5
        v = A @ v * 0.5
        if v.sum() > tol:
            break
    return v


def mixture_weights(x, tol):
    weights = np.full(2, 0.5)
    before = -np.inf
    for _ in range(15):
        resp = weights * np.exp(-0.5 * (x[:, None] - np.array([-1.0, 1.0])) ** 2)
        total = resp.sum(axis=1, keepdims=True)
        weights = (resp / total).mean(axis=0)
        likelihood = np.log(total).sum()
        if likelihood - before < tol:
            break
        before = likelihood
    return weights


def residual(x):
    return np.array([x[0] ** 2 + x[1] ** 2 - 4, x[0] - x[1]])


def broyden(start):
    x = start.copy()
    J = np.array([[2 * x[0] + 0.1, 2 * x[1]], [1.0, -1.0]])
    fx = residual(x)
    for n in range(20):
        if np.linalg.norm(fx) < 1e-6:
            break
        dx = np.linalg.solve(J, -fx)
        x += dx
        new = residual(x)
        J += np.outer(new - fx - J @ dx, dx) / (dx @ dx)
        fx = new
    return x, n


def implied_volatility(price, S, K):
    low, high = 1e-4, 3.0
    sigma = 0.3
    for _ in range(50):
        d1 = math.log(S / K) / sigma + sigma / 2
        call = S * 0.5 * (1 + math.erf(d1 / math.sqrt(2))) - K * 0.5 * (1 + math.erf((d1 - sigma) / math.sqrt(2)))
        vega = S * math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
        diff = call - price
        if abs(diff) < 1e-8:
            return sigma
        if diff > 0:
            high = sigma
        else:
            low = sigma
        sigma = sigma - diff / vega if vega > 1e-8 else 0.5 * (low + high)
        if not low < sigma < high:
            sigma = 0.5 * (low + high)
    return sigma


def source_term(b, u, rho):
    b[1:-1, 1:-1] = rho * (u[1:-1, 2:] - u[1:-1, :-2])


def pressure(u, p, rho):
    b = np.zeros_like(np.ones((4, 4)))
    for _ in range(2):
        source_term(b, u, rho)
        p[1:-1, 1:-1] = 0.25 * (p[1:-1, 2:] + p[1:-1, :-2] + p[2:, 1:-1] + p[:-2, 1:-1]) - b[1:-1, 1:-1]
    return p


def swap(a, i, j):
    a[i], a[j] = a[j], a[i]


def bubble_sort(x):
    order = np.arange(4)
    a = x.copy()
    for i in range(4):
        for j in range(3 - i):
            if a[j] > a[j + 1]:
                swap(a, j, j + 1)
                swap(order, j, j + 1)
    return a, order


def sift_down(h, n):
    i = 0
    while 2 * i + 1 < n:
        c = 2 * i + 1
        if c + 1 < n and h[c + 1] > h[c]:
            c += 1
        if h[c] <= h[i]:
            break
        swap(h, i, c)
        i = c


def heap(x):
    h = x.copy()
    sift_down(h, 4)
    return h


def american_put(S, K, sigma, n):
    u = math.exp(sigma / math.sqrt(n))
    p = (1.01 - 1 / u) / (u - 1 / u)
    v = [max(0.0, K - S * u**j * (1 / u) ** (n - j)) for j in range(n + 1)]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1):
            v[j] = max((p * v[j + 1] + (1 - p) * v[j]) / 1.01, K - S * u**j * (1 / u) ** (i - j))
    return v[0]


def crc16(data, poly=0x8408):
    crc = 0xFFFF
    for byte in data:
        low = 0xFF & byte
        for _ in range(8):
            if (crc & 1) ^ (low & 1):
                crc = (crc >> 1) ^ poly
            else:
                crc >>= 1
            low >>= 1
    crc = ~crc & 0xFFFF
    return (crc << 8 | crc >> 8 & 0xFF) & 0xFFFF


def bits_of(k):
    n = int(k)
    word = 1 << n
    reverse = 0
    for i in range(5):
        reverse = (reverse << 1) | (word >> i & 1)
    return word, reverse, n**n, 2**n


def area_under_curve(scores, labels):
    positive = negative = 0
    total = 0.0
    for i in range(len(scores)):
        if labels[i]:
            positive += 1
            for j in range(len(scores)):
                if not labels[j] and scores[i] > scores[j]:
                    total += 1.0
        else:
            negative += 1
    if positive == 0 or negative == 0:
        return np.nan
    return total / (positive * negative)


def stiff(y, rates):
    for _ in range(3):
        new = y.copy()
        for _ in range(10):
            F = np.array(
                [new[0] - y[0] + 0.1 * rates["a"] * new[0] * new[1], new[1] - y[1] + 0.1 * rates["b"] * new[1]]
            )
            J = np.eye(2)
            J[0, 0] += 0.1 * rates["a"] * new[1]
            J[0, 1] = 0.1 * rates["a"] * new[0]
            J[1, 1] += 0.1 * rates["b"]
            step = np.linalg.solve(J, -F)
            new += step
            if np.linalg.norm(step) < 1e-8:
                break
        y = new
    return y


def nearest_votes(X, q, y):
    d = ((X - q) ** 2).sum(axis=1)
    nearest = np.argpartition(d, 4)[:4]
    return np.bincount(y[nearest], minlength=3).argmax(), np.sort(d[nearest])


def metropolis(start, steps, u):
    x = start.copy()
    lp = -0.5 * (x[0] ** 2 + 10 * (x[1] - x[0] ** 2) ** 2)
    chain = np.zeros((len(u), 2))
    accepted = 0
    for k in range(len(u)):
        proposed = x + 0.3 * steps[k]
        new = -0.5 * (proposed[0] ** 2 + 10 * (proposed[1] - proposed[0] ** 2) ** 2)
        if np.log(u[k]) < new - lp:
            x, lp = proposed, new
            accepted += 1
        chain[k] = x
    return chain, accepted / len(u)


def row_echelon(A):
    rows, cols = A.shape
    r = 0
    pivots = np.full(rows, -1)
    for c in range(cols):
        if r >= rows:
            break
        p = r + np.argmax(np.abs(A[r:, c]))
        if abs(A[p, c]) < 0.3:
            continue
        A[[r, p]] = A[[p, r]]
        A[r] /= A[r, c]
        for i in range(rows):
            if i != r:
                A[i] -= A[i, c] * A[r]
        pivots[r] = c
        r += 1
    return A, pivots


def columns_from_there(A, r):
    if A[0, 0] > 0:
        A[r:, 1] *= 2
    A[r:, 2] = A[0, 0]
    A[0, r:] = 7
    A[r:, :2] -= 1
    return A, A[r:, 1].sum(), A[r:, ::2].sum(axis=0)


def alias_before_lanes_leave(A, b, tol):
    s = 0.0
    for k in range(6):
        w = A @ b * (k + 1.0)
        u = w
        if w.sum() > tol:
            break
        u += 1
        u[0] = 7
        s += w.sum()
    return s


def outgrows(k):
    return 1 << int(k) * 20, int(k) ** 40


def shifts_below_zero(k):
    return 1 << int(k) - 3


def roots_below_zero(x):
    return float(x[0]) ** 0.5, float(x[1]) ** -1
