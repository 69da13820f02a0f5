import numpy as np


def convolve(x, w):
    assert w.shape[1] == 3 and x.shape[1] >= 2
    output = x[:, :-2] * w[:, 0:1]
    term = x[:, 1:-1] * w[:, 1:2]
    output += term
    np.multiply(x[:, 2:], w[:, 2:3], out=term)
    output += term
    return output
