"""Ufuncs of `scipy.special`, and functions of SciPy that take stacks or work along axes."""

from __future__ import annotations

import numpy as np
import scipy.special

from tests.rows.case import case


def of_doubles() -> list[tuple[str, int]]:
    """The ufuncs that take doubles and give one result, with the number of their operands."""
    found = []
    for name in sorted(dir(scipy.special)):
        ufunc = getattr(scipy.special, name)
        if not isinstance(ufunc, np.ufunc) or name.startswith("_") or ufunc.nout != 1 or ufunc.nin > 3:
            continue
        if "d" * ufunc.nin + "->d" in ufunc.types:
            found.append((name, ufunc.nin))
    return found


for _name, _count in of_doubles():
    _names = ["x", "y", "z"][:_count]
    case(f"scipy.special.{_name}({', '.join(_names)})", **{n: "q*" for n in _names})
case(
    """
    scipy.linalg.det(s)
    scipy.linalg.inv(s)
    scipy.linalg.cholesky(s)
    scipy.linalg.cholesky(s, lower=True)
    scipy.linalg.expm(s)
    scipy.linalg.pinv(s)
    scipy.linalg.eigvalsh(s)
    scipy.linalg.svdvals(s)
    scipy.linalg.lu(s)
    scipy.linalg.solve(s, b)
    scipy.linalg.solve(s, c)
    scipy.linalg.solve_triangular(s, b)
    scipy.linalg.solve_triangular(s, c, lower=True)
    """,
    s="snn",
    b="fn",
    c="fnk",
)

ALONG_AXES = {
    "x": """
    scipy.fft.fft(x)
    scipy.fft.rfft(x, 6)
    scipy.fft.dct(x, type=2, norm="ortho")
    scipy.fft.fftshift(x)
    scipy.integrate.trapezoid(x)
    scipy.integrate.trapezoid(x, dx=0.5)
    scipy.integrate.simpson(x)
    scipy.integrate.cumulative_trapezoid(x, initial=0)
    scipy.ndimage.gaussian_filter1d(x, 1.5)
    scipy.ndimage.uniform_filter1d(x, 3, mode="nearest")
    scipy.ndimage.minimum_filter1d(x, size=2)
    scipy.ndimage.convolve1d(x, [1.0, 2.0, 1.0])
    scipy.ndimage.gaussian_filter(x, 0.7)
    scipy.ndimage.median_filter(x, size=3)
    scipy.ndimage.laplace(x)
    scipy.signal.detrend(x)
    scipy.signal.lfilter([0.5], [1.0, -0.5], x)
    scipy.signal.savgol_filter(x, 3, 1)
    scipy.signal.hilbert(x)
    scipy.special.logsumexp(x)
    scipy.stats.circmean(x)
    scipy.stats.iqr(x)
    scipy.stats.rankdata(x)
    scipy.stats.sem(x)
    scipy.stats.skew(x)
    scipy.stats.variation(x)
    scipy.stats.zscore(x)
    """,
    "x+": """
    scipy.fft.fft(x, axis=0)
    scipy.integrate.trapezoid(x, axis=0)
    scipy.ndimage.gaussian_filter1d(x, 1.0, axis=0)
    scipy.ndimage.uniform_filter(x, 3, axes=(0,))
    scipy.signal.detrend(x, axis=0, type="constant")
    scipy.special.logsumexp(x, axis=0, keepdims=True)
    scipy.special.log_softmax(x, axis=1)
    scipy.special.softmax(x, axis=-1)
    scipy.stats.gmean(np.abs(x), axis=1)
    scipy.stats.kurtosis(x, axis=1, fisher=False)
    scipy.stats.rankdata(x, axis=0, method="min")
    scipy.stats.zscore(x, axis=1, ddof=1)
    """,
}
for _spec, _lines in ALONG_AXES.items():
    case(_lines, x="n2+" if _spec == "x+" else "n1+")
case(
    """
    scipy.integrate.trapezoid(x, y)
    scipy.integrate.cumulative_trapezoid(x, y)
    scipy.signal.fftconvolve(x, y)
    scipy.stats.entropy(np.abs(x), np.abs(y))
    """,
    x="fm",
    y="fm",
)
