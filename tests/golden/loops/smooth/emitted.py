import numpy as np


def smooth(x, rounds):
    assert x.shape[1] >= 2
    batch = x.shape[0]
    y = x.copy()
    for _ in range(rounds):
        z = np.zeros((batch, y.shape[1]))
        z[:, 0] = y[:, 0]  # ends stay
        z[:, -1] = y[:, -1]
        z[:, 1:-1] = (y[:, :-2] + 2 * y[:, 1:-1] + y[:, 2:]) / 4
        y = z
    return y
