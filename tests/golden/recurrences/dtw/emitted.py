import numpy as np


def dtw(p, q):
    n, m = p.shape[1], q.shape[1]
    D = np.full((p.shape[0], n + 1, m + 1), np.inf, order="F")
    D[:, 0, 0] = 0.0
    for i in range(1, n + 1):
        cost_all = np.abs(p[:, i - 1][:, None] - q)
        for j in range(1, m + 1):
            cost = cost_all[:, j - 1]
            D[:, i, j] = cost + np.minimum(np.minimum(D[:, i - 1, j], D[:, i, j - 1]), D[:, i - 1, j - 1])
    return D[:, n, m]
