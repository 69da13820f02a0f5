import numpy as np


def first_above(x, threshold):
    assert x.shape[1] >= 1
    batch = x.shape[0]
    found = -1
    lanes = np.arange(batch)  # the examples still in the loop
    found_final = np.empty(batch, int)
    found = np.full(lanes.size, found)
    for i in range(x.shape[1]):
        leave = x[lanes, i] > threshold
        found = np.where(leave, i, found)
        if leave.any():
            found_final[lanes] = found
            lanes, found, threshold = lanes[~leave], found[~leave], threshold[~leave]
            if lanes.size == 0:
                break
    found_final[lanes] = found
    return found_final
