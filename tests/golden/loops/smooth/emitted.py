import numpy as np


def smooth(x, rounds):
    batch = x.shape[0]
    y = x.copy()
    for _ in range(rounds):
        z = np.zeros((batch, y.shape[1]))
        z[:, 0] = y[:, 0]  # ends stay
        z[:, -1] = y[:, -1]
        for i in range(1, y.shape[1] - 1):
            z[:, i] = (y[:, i - 1] + 2 * y[:, i] + y[:, i + 1]) / 4
        y = z
    return y
