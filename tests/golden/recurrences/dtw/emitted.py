import numpy as np


def dtw(p, q):
    assert p.shape[1] >= 1 and q.shape[1] >= 1
    p = np.asfortranarray(p)  # the batch axis innermost
    q = np.asfortranarray(q)  # the batch axis innermost
    n, m = p.shape[1], q.shape[1]
    D = np.full((p.shape[0], n + 1, 3), np.inf, order="F")  # D[i, j] of the table stands at [i, (i + j) % 3]
    D[:, 0, 0] = 0.0
    for d in range(2, n + m + 1):
        lo = max(1, d - m)
        hi = min(n + 1, d)
        D[:, lo - 1, d % 3] = np.inf  # the border of the table
        D[:, hi : hi + 1, d % 3] = np.inf
        cost = np.abs(p[:, lo - 1 : hi - 1] - q[:, d - lo - 1 : d - hi - m - 1 : -1])
        D[:, lo:hi, d % 3] = cost + np.minimum(
            np.minimum(D[:, lo - 1 : hi - 1, (d - 1) % 3], D[:, lo:hi, (d - 1) % 3]), D[:, lo - 1 : hi - 1, (d - 2) % 3]
        )
    return D[:, n, (n + m) % 3]
