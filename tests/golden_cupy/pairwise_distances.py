"""Distances between all pairs of points: the distance of two points under two batch axes."""

from __future__ import annotations

import cupy as cp
import numpy as np


def distances(p, q):
    assert p.shape[1] == q.shape[1]
    # p: [d], q: [d]
    r = p[:, None] - q
    return cp.sqrt(cp.einsum("...i,...i->...", r, r))


points = np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])
centres = np.array([[0.0, 0.0], [0.0, 8.0]])


def main() -> None:
    print(f"points:\n{points}\ncentres:\n{centres}\n")
    table = distances(points, centres)
    print(distances.source())
    print(f"one row a point, one column a centre:\n{table}")


if __name__ == "__main__":
    main()
