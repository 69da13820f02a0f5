"""Functions of one example, as a scientist would write them in Python and NumPy."""

from __future__ import annotations

import math

import numpy as np

EPS = 1e-3


def convolve(x, w):
    output = []
    for i in range(1, len(x) - 1):
        output.append(np.dot(x[i - 1 : i + 2], w))
    return np.array(output)


def relu(x):
    return np.maximum(x, 0)


def mlp(x, W1, b1, W2, b2):
    return relu(W2 @ relu(W1 @ x + b1) + b2)


def mahalanobis(x, mu, L):
    z = np.linalg.solve(L, x - mu)
    return np.sqrt(np.dot(z, z))


def black_scholes(S, K, T, r, sigma):
    d1 = (math.log(S / K) + (r + 0.5 * sigma**2) * T) / (sigma * math.sqrt(T))
    d2 = d1 - sigma * math.sqrt(T)
    N1 = 0.5 * (1 + math.erf(d1 / math.sqrt(2)))
    N2 = 0.5 * (1 + math.erf(d2 / math.sqrt(2)))
    return S * N1 - K * math.exp(-r * T) * N2


def escape_time(c):
    z = 0j
    n = 0
    while abs(z) <= 2 and n < 200:
        z = z * z + c
        n += 1
    return n


def newton_sqrt(a, tol=1e-10):
    x = a if a > 1 else 1.0
    while abs(x * x - a) > tol * a:
        x = 0.5 * (x + a / x)
    return x


def collatz(n):
    steps = 0
    while n != 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        steps += 1
    return steps


def lorenz(s, sigma=10.0, rho=28.0, beta=8.0 / 3.0):
    x, y, z = s
    return np.array([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])


def runge_kutta(s):
    dt = 0.01
    for _ in range(200):
        k1 = lorenz(s)
        k2 = lorenz(s + 0.5 * dt * k1)
        k3 = lorenz(s + 0.5 * dt * k2)
        k4 = lorenz(s + dt * k3)
        s = s + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return s


def kalman(ys, F, H, Q, R, x0, P0):
    x, P = x0, P0
    out = []
    for t in range(len(ys)):
        x = F @ x
        P = F @ P @ F.T + Q
        S = H @ P @ H.T + R
        K = P @ H.T @ np.linalg.inv(S)
        x = x + K @ (ys[t] - H @ x)
        P = (np.eye(4) - K @ H) @ P
        out.append(x)
    return np.stack(out)


def cross_entropy(logits, label):
    z = logits - np.max(logits)
    return np.log(np.sum(np.exp(z))) - z[label]


def time_warping(p, q):
    n, m = len(p), len(q)
    D = np.full((n + 1, m + 1), np.inf)
    D[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            cost = abs(p[i - 1] - q[j - 1])
            D[i, j] = cost + min(D[i - 1, j], D[i, j - 1], D[i - 1, j - 1])
    return D[n, m]


def moving_average(x, alpha):
    out = np.zeros_like(x)
    out[0] = x[0]
    for t in range(1, len(x)):
        out[t] = alpha * x[t] + (1 - alpha) * out[t - 1]
    return out


def gravity(pos, mass):
    n = pos.shape[0]
    acc = np.zeros((n, 3))
    for i in range(n):
        for j in range(n):
            if i != j:
                r = pos[j] - pos[i]
                r2 = np.dot(r, r) + EPS
                acc[i] += mass[j] * r / (r2 * np.sqrt(r2))
    return acc


def matmul(A, B):
    C = np.zeros((A.shape[0], B.shape[1]))
    for i in range(A.shape[0]):
        for j in range(B.shape[1]):
            s = 0.0
            for k in range(A.shape[1]):
                s += A[i, k] * B[k, j]
            C[i, j] = s
    return C


def bilinear(img, y, x):
    H, W = img.shape
    if y < 0 or y > H - 1 or x < 0 or x > W - 1:
        return 0.0
    y0 = int(math.floor(y))
    x0 = int(math.floor(x))
    y1 = min(y0 + 1, H - 1)
    x1 = min(x0 + 1, W - 1)
    fy = y - y0
    fx = x - x0
    return (1 - fy) * ((1 - fx) * img[y0, x0] + fx * img[y0, x1]) + fy * ((1 - fx) * img[y1, x0] + fx * img[y1, x1])


def histogram(x, edges):
    out = np.zeros(len(edges) - 1)
    for v in x:
        b = np.searchsorted(edges, v, side="right") - 1
        if 0 <= b < len(out):
            out[b] += 1
    return out


def affine(x):
    return x * 2 + 1
