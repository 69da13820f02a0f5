import numpy as np


def escape_time(c, limit):
    batch = c.shape[0]
    z, n = 0j, 0
    lanes = np.arange(batch)  # the examples still in the loop
    n_final = np.empty(batch, int)
    z = np.full(lanes.size, z)
    while lanes.size:
        running = (np.abs(z) <= 2) & (n < limit)
        if not running.all():
            n_final[lanes] = n
            lanes, c, z = lanes[running], c[running], z[running]
            if lanes.size == 0:
                break
        z = z * z + c
        n = n + 1
    return n_final
