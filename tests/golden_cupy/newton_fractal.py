"""A Newton fractal: to which root of z**3 = 1 the iteration comes from each point of the plane, and how soon.

Writes `newton_fractal.png` where matplotlib is installed, and prints characters elsewhere.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import cupy as cp
import numpy as np
import numpy.typing as npt

newton_kernel = cp.ElementwiseKernel(
    "complex128 z, int64 limit",
    "int64 result_0, int64 result_1",
    "newton(z, limit, result_0, result_1)",
    "newton_kernel",
    options=("--fmad=false",),  # as NumPy computes: each operation is rounded
    preamble="""
__device__ void newton(complex<double> z, long long limit, long long& result_0, long long& result_1) {
    long long steps = 0;
    while (z != complex<double>(0.0, 0.0) && hypot((z * z * z - complex<double>(1.0, 0.0)).real(), (z * z * z - complex<double>(1.0, 0.0)).imag()) > 1e-09 && steps < limit) {
        z = z - (z * z * z - complex<double>(1.0, 0.0)) / (complex<double>(3.0, 0.0) * z * z);
        steps = steps + 1;
    }
    long long root = fabs(z.imag()) < 0.1 ? 0 : z.imag() > 0.0 ? 1LL : 2LL;  // 1, and the two beside the negative axis
    result_0 = root;
    result_1 = steps;
}
""",
)


def newton(z, limit):
    result_0, result_1 = newton_kernel(z, limit)
    return result_0, result_1


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
