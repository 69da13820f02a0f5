import numpy as np


def safe_log_ratio(a, b):
    batch = a.shape[0]
    if np.any(b < 0):
        raise ValueError("b must not be negative")
    taken = b == 0
    result = np.empty(batch)
    result[taken] = 0.0
    rest = ~taken
    result[rest] = np.log(a[rest] / b[rest])
    return result
