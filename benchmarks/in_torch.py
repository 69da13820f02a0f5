"""The cases for `torch.func.vmap(f)`, which runs each operation of the function at once, batched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from benchmarks.functions import EPS

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
        output.append(torch.dot(x[i - 1 : i + 2], w))
    return torch.stack(output)


@version("b", rewritten=False)
def mlp(x, W1, b1, W2, b2):
    return torch.relu(W2 @ torch.relu(W1 @ x + b1) + b2)


@version("c", rewritten=False)
def mahalanobis(x, mu, L):
    z = torch.linalg.solve(L, x - mu)
    return torch.sqrt(torch.dot(z, z))


@version("d", rewritten=False)
def black_scholes(S, K, T, r, sigma):
    d1 = (torch.log(S / K) + (r + 0.5 * sigma**2) * T) / (sigma * torch.sqrt(T))
    d2 = d1 - sigma * torch.sqrt(T)
    N1 = 0.5 * (1 + torch.erf(d1 / 2**0.5))
    N2 = 0.5 * (1 + torch.erf(d2 / 2**0.5))
    return S * N1 - K * torch.exp(-r * T) * N2


@version("e", rewritten=True)  # no condition may depend on the example: as many steps as the longest takes
def escape_time(c):
    z = torch.zeros_like(c)
    n = torch.zeros_like(c.real, dtype=torch.int64)
    for _ in range(200):
        running = torch.abs(z) <= 2
        z = torch.where(running, z * z + c, z)
        n = n + running
    return n


@version("f", rewritten=True)
def newton_sqrt(a, tol=1e-10):
    x = torch.where(a > 1, a, 1.0)
    for _ in range(30):
        x = torch.where(torch.abs(x * x - a) > tol * a, 0.5 * (x + a / x), x)
    return x


@version("g", rewritten=True)
def collatz(n):
    steps = torch.zeros_like(n)
    for _ in range(351):
        running = n != 1
        n = torch.where(running, torch.where(n % 2 == 0, n // 2, 3 * n + 1), n)
        steps = steps + running
    return steps


def lorenz(s, sigma=10.0, rho=28.0, beta=8.0 / 3.0):
    x, y, z = s.unbind()
    return torch.stack([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])


@version("h", rewritten=False)
def runge_kutta(s, dt=0.01):
    for _ in range(200):
        k1 = lorenz(s)
        k2 = lorenz(s + 0.5 * dt * k1)
        k3 = lorenz(s + 0.5 * dt * k2)
        k4 = lorenz(s + dt * k3)
        s = s + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return s


@version("i", "i2", rewritten=False)
def kalman(ys, F, H, Q, R, x0, P0):
    x, P = x0, P0
    out = []
    eye = torch.eye(4, dtype=torch.float64, device=ys.device)
    for t in range(len(ys)):
        x = F @ x
        P = F @ P @ F.T + Q
        S = H @ P @ H.T + R
        K = P @ H.T @ torch.linalg.inv(S)
        x = x + K @ (ys[t] - H @ x)
        P = (eye - K @ H) @ P
        out.append(x)
    return torch.stack(out)


@version("j", rewritten=False)
def cross_entropy(logits, label):
    z = logits - torch.max(logits)
    return torch.log(torch.sum(torch.exp(z))) - z[label]


@version("j", rewritten=True)
def cross_entropy_gather(logits, label):
    z = logits - torch.max(logits)
    return torch.log(torch.sum(torch.exp(z))) - z.gather(0, label[None])[0]


@version("k", rewritten=True)  # a list of lists in place of the array
def time_warping(p, q):
    n, m = len(p), len(q)
    inf = torch.tensor(float("inf"), dtype=torch.float64)
    D = [[inf] * (m + 1) for _ in range(n + 1)]
    D[0][0] = torch.tensor(0.0, dtype=torch.float64)
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            least = torch.minimum(torch.minimum(D[i - 1][j], D[i][j - 1]), D[i - 1][j - 1])
            D[i][j] = torch.abs(p[i - 1] - q[j - 1]) + least
    return D[n][m]


@version("l", rewritten=False)
def moving_average(x, alpha):
    out = torch.zeros_like(x)
    out[0] = x[0]
    for t in range(1, len(x)):
        out[t] = alpha * x[t] + (1 - alpha) * out[t - 1]
    return out


@version("m", rewritten=True)
def gravity_pairs(pos, mass):
    def pair(pi, pj, mj):
        r = pj - pi
        r2 = torch.dot(r, r) + EPS
        return mj * r / (r2 * torch.sqrt(r2))

    vmap = torch.func.vmap
    return vmap(lambda pi: vmap(pair, (None, 0, 0))(pi, pos, mass).sum(0))(pos)


@version("n", rewritten=True)
def matmul(A, B):
    return A @ B


@version("o", rewritten=True)
def bilinear(img, y, x):
    H, W = img.shape
    flat = img.reshape(-1)
    inside = (y >= 0) & (y <= H - 1) & (x >= 0) & (x <= W - 1)
    y, x = torch.where(inside, y, 0.0), torch.where(inside, x, 0.0)
    y0, x0 = torch.floor(y).long(), torch.floor(x).long()
    y1, x1 = torch.clamp(y0 + 1, max=H - 1), torch.clamp(x0 + 1, max=W - 1)
    fy, fx = y - y0, x - x0

    def at(row, column):
        return flat[(row * W + column)[None]][0]

    value = (1 - fy) * ((1 - fx) * at(y0, x0) + fx * at(y0, x1)) + fy * ((1 - fx) * at(y1, x0) + fx * at(y1, x1))
    return torch.where(inside, value, 0.0)


@version("p", rewritten=True)
def histogram(x, edges):
    bins = len(edges) - 1
    b = torch.searchsorted(edges, x, right=True) - 1
    inside = ((b >= 0) & (b < bins)).double()
    return torch.zeros(bins, dtype=torch.float64).scatter_add(0, b.clamp(0, bins - 1), inside)


@version("distances", rewritten=False)
def distances(x, centres):
    return torch.sqrt(torch.sum((centres - x) ** 2, dim=1))


@version("z", rewritten=False)
def affine(x):
    return x * 2 + 1
