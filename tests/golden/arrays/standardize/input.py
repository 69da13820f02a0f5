import numpy as np

from vectorizer import vmap


@vmap
def standardize(x, mean, scale):
    # x: [n, d], mean: [d], scale: one number
    z = (x - mean) / scale
    return z * np.exp(-0.5 * np.sum(z**2, axis=1, keepdims=True))
