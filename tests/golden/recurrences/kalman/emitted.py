import numpy as np


def kalman(ys, F, H, Q, R, x, P):
    assert len(F) == H.shape[1]
    assert len(F) == len(P)
    assert len(F) == P.shape[1]
    assert len(F) == len(Q)
    assert len(F) == Q.shape[1]
    assert len(F) == len(x)
    assert len(H) == len(R)
    assert len(H) == R.shape[1]
    assert len(H) == ys.shape[2]
    out = []
    x = np.broadcast_to(x, (ys.shape[0], *x.shape)).copy()
    for y in np.moveaxis(ys, 1, 0):
        x, P = x @ F.T, F @ P @ F.T + Q
        K = P @ H.T @ np.linalg.inv(H @ P @ H.T + R)
        x = x + (y - x @ H.T) @ K.T
        P = (np.eye(x.shape[1]) - K @ H) @ P
        out.append(x)
    return np.stack(out, axis=1)
