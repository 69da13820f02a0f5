"""A Kalman filter for one track: one step of it, and the whole, batched over the tracks.

The model and the first covariance are shared, so no covariance depends on the track: `P` and `K` stay unbatched in
what is emitted for the filter.
"""

from __future__ import annotations

import cupy as cp
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def kalman_step(x, P, y, F, H, Q, R):
    assert len(F) == len(Q)
    assert len(F) == Q.shape[1]
    assert len(H) == len(R)
    assert len(H) == R.shape[1]
    assert len(H) == y.shape[1]
    # x: [s], P: [s, s], y: [o], F: [s, s], H: [o, s], Q: [s, s], R: [o, o]
    # predict
    x = x @ F.T
    P = F @ P @ F.T + Q
    # correct
    S = H @ P @ H.T + R
    K = P @ H.T @ cp.linalg.inv(S)
    x = x + (K @ (y - x @ H.T)[..., None])[..., 0]
    P = P - K @ H @ P
    return x, P


def kalman_filter(ys, F, H, Q, R, x, P):
    assert len(F) == len(P)
    assert len(F) == P.shape[1]
    assert len(F) == len(Q)
    assert len(F) == Q.shape[1]
    assert len(F) == len(x)
    assert len(H) == len(R)
    assert len(H) == R.shape[1]
    assert len(H) == ys.shape[2]
    # ys: [t, o], F: [s, s], H: [o, s], Q: [s, s], R: [o, o], x: [s], P: [s, s]
    track = []
    x = cp.broadcast_to(x, (ys.shape[0], *x.shape)).copy()
    for y in cp.moveaxis(ys, 1, 0):
        x, P = x @ F.T, F @ P @ F.T + Q
        K = P @ H.T @ cp.linalg.inv(H @ P @ H.T + R)
        x = x + (y - x @ H.T) @ K.T
        P = P - K @ H @ P
        track.append(x)
    return cp.stack(track, axis=1)


# A point that moves in a line at an almost constant speed; its position is observed.
F = np.array([[1.0, 1.0], [0.0, 1.0]])
H = np.array([[1.0, 0.0]])
Q = 0.01 * np.eye(2)
R = np.array([[0.25]])
x0 = np.zeros(2)
P0 = np.eye(2)

rng = np.random.default_rng(0)
speeds = np.array([0.5, 1.0, -1.0])
ys = (speeds[:, None] * np.arange(1, 9) + rng.normal(scale=0.5, size=(3, 8)))[:, :, None]


def main() -> None:
    print(f"observed positions, one row a track:\n{ys[:, :, 0].round(2)}\n")

    x, P = kalman_step(np.tile(x0, (3, 1)), np.tile(P0, (3, 1, 1)), ys[:, 0], F, H, Q, R)
    print(kalman_step.source())
    print(f"states after one step:\n{x.round(3)}\ncovariance of the first:\n{P[0].round(3)}\n")

    track = kalman_filter(ys, F, H, Q, R, x0, P0)
    print(kalman_filter.source())
    print(f"filtered positions:\n{track[:, :, 0].round(2)}\nspeeds at the end: {track[:, -1, 1].round(2)}")


if __name__ == "__main__":
    main()
