"""A Newton fractal: to which root of z**3 = 1 the iteration comes from each point of the plane, and how soon.

Writes `newton_fractal.png` where matplotlib is installed, and prints characters elsewhere.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vectorizer import vmap


@vmap(in_axes=(0, None))
def newton(z: complex, limit: int) -> tuple[int, int]:
    steps = 0
    while z != 0 and abs(z * z * z - 1) > 1e-9 and steps < limit:
        z = z - (z * z * z - 1) / (3 * z * z)
        steps += 1
    root = 0 if abs(z.imag) < 0.1 else 1 if z.imag > 0 else 2  # 1, and the two beside the negative axis
    return root, steps


def grid(width: int, height: int) -> npt.NDArray[np.complex128]:
    re = np.linspace(-1.6, 1.6, width)
    im = np.linspace(-1.3, 1.3, height)
    return re + 1j * im[:, None]


def ascii_art(roots: npt.NDArray[np.int64], steps: npt.NDArray[np.int64]) -> str:
    """A letter for each root, a capital where the iteration is slow."""
    letters = np.where(steps > 7, np.array(list("ABC"))[roots], np.array(list(".:-"))[roots])
    return "\n".join("".join(row) for row in letters)


def write_png(roots: npt.NDArray[np.int64], steps: npt.NDArray[np.int64], path: Path) -> None:
    from matplotlib import image

    colours = np.array([[0.9, 0.3, 0.2], [0.2, 0.6, 0.9], [0.9, 0.8, 0.2]])
    image.imsave(path, colours[roots] / (1 + 0.08 * steps[..., None]))


def main(folder: str = str(Path(__file__).parent / "out")) -> None:
    limit = 40
    points = grid(72, 27)
    roots, steps = newton(points.ravel(), limit)
    print(f"{points.size} points, {steps.sum()} steps in all, at most {steps.max()} for one point\n")
    print(newton.source())
    if importlib.util.find_spec("matplotlib") is None:
        print(ascii_art(roots.reshape(points.shape), steps.reshape(points.shape)))
        print("matplotlib is not installed (vectorizer[plot]), so there is no image")
        return
    large = grid(640, 520)
    roots, steps = newton(large.ravel(), limit)
    path = Path(folder) / "newton_fractal.png"
    path.parent.mkdir(exist_ok=True)
    write_png(roots.reshape(large.shape), steps.reshape(large.shape), path)
    print(f"written: {path}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
