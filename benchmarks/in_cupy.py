"""The cases as an expert writes them in CuPy by hand; several where none is fastest everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.functions import EPS

Version = Callable[..., Any]


def versions(cp: Any) -> dict[str, list[Version]]:
    """The functions of a whole batch, by the key of their case, for a library with CuPy's names."""
    return {
        "mlp": [_mlp(cp), _mlp_with_kernel(cp)],
        "options": [_black_scholes(cp)],
        "mandelbrot": [_escape_times(cp)],
        "kalman": [_kalman(cp)],
        "bodies": [_gravity(cp)],
        "distances": [_distances(cp), _distances_by_product(cp)],
    }


def _mlp(cp: Any) -> Version:
    def mlp(x, W1, b1, W2, b2):
        return cp.maximum(cp.maximum(x @ W1.T + b1, 0) @ W2.T + b2, 0)

    return mlp


def _mlp_with_kernel(cp: Any) -> Version:
    activated = cp.ElementwiseKernel("float32 y, float32 b", "float32 z", "z = fmaxf(y + b, 0.0f)", "activated")

    def mlp_with_kernel(x, W1, b1, W2, b2):
        return activated(activated(x @ W1.T, b1) @ W2.T, b2)

    return mlp_with_kernel


def _black_scholes(cp: Any) -> Version:
    price = cp.ElementwiseKernel(
        "float64 S, float64 K, float64 T, float64 r, float64 sigma",
        "float64 price",
        """
        double spread = sigma * sqrt(T);
        double d1 = (log(S / K) + (r + 0.5 * sigma * sigma) * T) / spread;
        double N1 = 0.5 * (1 + erf(d1 / sqrt(2.0))), N2 = 0.5 * (1 + erf((d1 - spread) / sqrt(2.0)));
        price = S * N1 - K * exp(-r * T) * N2
        """,
        "price",
    )
    return price


def _escape_times(cp: Any) -> Version:
    escape = cp.ElementwiseKernel(
        "complex128 c",
        "int64 steps",
        """
        double x = 0, y = 0, a = c.real(), b = c.imag();
        for (steps = 0; steps < 200 && x * x + y * y <= 4; steps++) {
            double t = x * x - y * y + a;
            y = 2 * x * y + b;
            x = t;
        }
        """,
        "escape",
    )
    return escape


def _kalman(cp: Any) -> Version:
    def kalman(ys, F, H, Q, R, x0, P0):
        batch, steps = ys.shape[:2]
        x, P = cp.tile(x0, (batch, 1)), P0  # no covariance depends on the measurements
        out = cp.empty((steps, batch, 4))
        for t in range(steps):
            x = x @ F.T
            P = F @ P @ F.T + Q
            K = P @ H.T @ cp.linalg.inv(H @ P @ H.T + R)
            x = x + (ys[:, t] - x @ H.T) @ K.T
            P = (cp.eye(4) - K @ H) @ P
            out[t] = x
        return out.swapaxes(0, 1)

    return kalman


def _gravity(cp: Any) -> Version:
    weight = cp.ElementwiseKernel(
        "float64 r2, float64 mass", "float64 w", f"double d = r2 + {EPS}; w = mass / (d * sqrt(d))", "weight"
    )

    def gravity(pos, mass):
        r = pos[:, None] - pos[:, :, None]  # from body i to body j
        w = weight(cp.einsum("bijc,bijc->bij", r, r), mass[:, None])
        return cp.einsum("bij,bijc->bic", w, r)

    return gravity


def _distances(cp: Any) -> Version:
    def distances(x, centres):
        return cp.sqrt(cp.sum((centres - x[:, None]) ** 2, axis=2))

    return distances


def _distances_by_product(cp: Any) -> Version:
    joined = cp.ElementwiseKernel(
        "float64 xx, float64 cc, float64 xc", "float64 d", "d = sqrt(fmax(xx + cc - 2 * xc, 0.0))", "joined"
    )

    def distances_by_product(x, centres):
        return joined((x * x).sum(axis=1)[:, None], (centres * centres).sum(axis=1), x @ centres.T)

    return distances_by_product
