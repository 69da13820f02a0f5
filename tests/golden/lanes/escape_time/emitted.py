import numpy as np
from vectorizer.runtime import drop_lanes


def escape_time(c, limit):
    batch = c.shape[0]
    n = 0
    lanes = np.arange(batch)  # the examples still in the loop
    n_final = np.empty(batch, int)
    z = np.full(batch, 0j)
    while lanes.size:
        done = np.flatnonzero(~(np.abs(z) <= 2))
        if done.size:
            n_final[lanes[done]] = n
            lanes, c, z = drop_lanes(done, lanes, c, z, of=batch)
            if lanes.size == 0:
                break
        if not n < limit:
            break
        z = z * z + c
        n += 1
    n_final[lanes] = n
    return n_final
