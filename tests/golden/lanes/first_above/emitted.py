import numpy as np


def first_above(x, threshold):
    assert x.shape[1] >= 1
    found_2 = x > threshold[:, None]
    any_found = found_2.any(axis=1)
    i = np.where(any_found, found_2.argmax(axis=1), x.shape[1] - 1)
    found = np.where(any_found, i, -1)
    return found
