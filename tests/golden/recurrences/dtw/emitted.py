import numpy as np


def dtw(p, q):
    n, m = p.shape[1], q.shape[1]
    D = np.full((p.shape[0], n + 1, m + 1), np.inf, order="F")
    D[:, 0, 0] = 0.0
    for d in range(2, n + m + 1):
        lo = max(1, d - m)
        hi = min(n + 1, d)
        i = np.arange(lo, hi)
        j = d - i
        cost = np.abs(p[:, lo - 1 : hi - 1] - q[:, j - 1])
        D[:, i, j] = cost + np.minimum(np.minimum(D[:, i - 1, j], D[:, i, j - 1]), D[:, i - 1, j - 1])
    return D[:, n, m]
