"""The Mandelbrot set by escape time: a `while` loop that ends at a different step for each point.

Writes `mandelbrot.png` where matplotlib is installed, and prints characters elsewhere.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import cupy as cp
import numpy as np
import numpy.typing as npt

escape_time_kernel = cp.ElementwiseKernel(
    "complex128 c, int64 limit",
    "int64 result",
    "result = escape_time(c, limit)",
    "escape_time_kernel",
    options=("--fmad=false",),  # as NumPy computes: each operation is rounded
    preamble="""
__device__ long long escape_time(complex<double> c, long long limit) {
    complex<double> z = complex<double>(0.0, 0.0);
    long long n = 0;
    while (hypot(z.real(), z.imag()) <= 2.0 && n < limit) {
        z = z * z + c;
        n = n + 1;
    }
    return n;
}
""",
)


def escape_time(c, limit):
    return escape_time_kernel(c, limit)


def grid(width: int, height: int) -> npt.NDArray[np.complex128]:
    re = np.linspace(-2.0, 0.6, width)
    im = np.linspace(-1.2, 1.2, height)
    return re + 1j * im[:, None]


def ascii_art(steps: npt.NDArray[np.int64], limit: int) -> str:
    """One character a point, the darker the later it escapes."""
    shades = " .:-=+*#%@"
    scale = np.log1p(steps) / np.log1p(limit) * (len(shades) - 1)
    return "\n".join("".join(shades[int(v)] for v in row) for row in scale)


def write_png(steps: npt.NDArray[np.int64], path: Path) -> None:
    from matplotlib import image

    image.imsave(path, np.log1p(steps), cmap="magma")


def main(folder: str = str(Path(__file__).parent / "out")) -> None:
    limit = 60
    points = grid(64, 24)
    steps = escape_time(points.ravel(), limit).reshape(points.shape)
    print(f"{points.size} points, at most {limit} steps each\n")
    print(escape_time.source())
    if importlib.util.find_spec("matplotlib") is None:
        print(ascii_art(steps, limit))
        print("matplotlib is not installed (vectorizer[plot]), so there is no image")
        return
    large = grid(640, 480)
    path = Path(folder) / "mandelbrot.png"
    path.parent.mkdir(exist_ok=True)
    write_png(escape_time(large.ravel(), limit).reshape(large.shape), path)
    print(f"written: {path}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
