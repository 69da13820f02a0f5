import numpy as np
from vectorizer.runtime import stack_examples


def _kalman_example(ys, F, H, Q, R, x, P):
    out = []
    for y in ys:
        x, P = F @ x, F @ P @ F.T + Q
        K = P @ H.T @ np.linalg.inv(H @ P @ H.T + R)
        x = x + K @ (y - H @ x)
        P = (np.eye(len(x)) - K @ H) @ P
        out.append(x)
    return np.stack(out)


def kalman(ys, F, H, Q, R, x, P):
    # looped over the examples: a container that changes from one path to another
    return stack_examples([_kalman_example(ys_i, F, H, Q, R, x, P) for ys_i in ys])
