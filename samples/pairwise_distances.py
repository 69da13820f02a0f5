"""Distances between all pairs of points: the distance of two points under two batch axes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vectorizer import vmap


@vmap(in_axes=(0, None))
@vmap(in_axes=(None, 0))
def distances(p: npt.NDArray[np.float64], q: npt.NDArray[np.float64]) -> np.float64:
    # p: [d], q: [d]
    r = p - q
    return np.sqrt(np.dot(r, r))


points = np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])
centres = np.array([[0.0, 0.0], [0.0, 8.0]])


def main() -> None:
    print(f"points:\n{points}\ncentres:\n{centres}\n")
    table = distances(points, centres)
    print(distances.source())
    print(f"one row a point, one column a centre:\n{table}")


if __name__ == "__main__":
    main()
