import numpy as np

from vectorizer import vmap


@vmap(in_axes=(0, None, None, None, None, None, None))
def kalman(ys, F, H, Q, R, x, P):
    out = []
    for y in ys:
        x, P = F @ x, F @ P @ F.T + Q
        K = P @ H.T @ np.linalg.inv(H @ P @ H.T + R)
        x = x + K @ (y - H @ x)
        P = (np.eye(len(x)) - K @ H) @ P
        out.append(x)
    return np.stack(out)
