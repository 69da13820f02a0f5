import numpy as np

from vectorizer import vmap


@vmap(in_axes=(0, None))
def smooth(x, rounds):
    y = x.copy()
    for _ in range(rounds):
        z = np.zeros(len(y))
        z[0] = y[0]  # ends stay
        z[-1] = y[-1]
        for i in range(1, len(y) - 1):
            z[i] = (y[i - 1] + 2 * y[i] + y[i + 1]) / 4
        y = z
    return y
