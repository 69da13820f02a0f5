"""Reductions, cumulative functions, sorting, transforms, quantiles, covariances."""

from __future__ import annotations

from tests.rows.case import case

AXES = ("", ", axis=0", ", axis=-1", ", axis=None", ", axis=1, keepdims=True", ", None, keepdims=True", ", axis=(0, 1)")
REDUCTIONS = "sum prod max min mean var std any all ptp median"
NAN_REDUCTIONS = "nansum nanprod nanmax nanmin nanmean nanvar nanstd nanmedian"
for _f in f"{REDUCTIONS} {NAN_REDUCTIONS}".split():
    for _axis in AXES:
        case(f"np.{_f}(x{_axis})", x="r*" if _f.startswith("nanm") else "a*")
for _f in "argmax argmin nanargmax nanargmin".split():
    for _axis in ("", ", axis=0", ", axis=-1", ", 1, keepdims=True", ", keepdims=True"):
        case(f"np.{_f}(x{_axis})", x="r*")
for _f in "sum prod max min mean var std any all argmax argmin cumsum cumprod".split():
    case(f"x.{_f}()\nx.{_f}(axis=-1)\nx.{_f}(0)", x="a*" if "arg" not in _f else "r*")
case(
    """
    np.count_nonzero(x)
    np.count_nonzero(x, axis=0)
    np.count_nonzero(x, axis=(0, -1))
    np.count_nonzero(x, keepdims=True)
    """,
    x="a*",
)
case(
    """
    np.sum(x, dtype=np.float32)
    np.sum(x, axis=0, where=m)
    np.sum(x, where=x > 0)
    np.max(x, initial=2.0, where=m)
    np.mean(x, where=m)
    np.std(x, ddof=1)
    np.var(x, axis=0, ddof=1)
    np.var(x, axis=-1, correction=1)
    x.std(ddof=1)
    x.sum(axis=0, keepdims=True)
    x.mean(axis=-1, dtype=np.float32)
    np.sum(x, 0)
    np.min(x, -1)
    np.sum(x, initial=3.0)
    """,
    x="g1+",
    m="bn",
)
case(
    """
    np.sum(x, axis=k)
    np.cumsum(x, axis=k)
    np.argmax(x, k)
    np.max(x, axis=(0, k))
    """,
    x="f3+",
    k="w",
)
for _f in "cumsum cumprod nancumsum nancumprod".split():
    case(f"np.{_f}(x)\nnp.{_f}(x, axis=0)\nnp.{_f}(x, axis=-1)\nnp.{_f}(x, axis=None)", x="a*")
case(
    """
    np.sort(x)
    np.sort(x, axis=0)
    np.sort(x, axis=None)
    np.argsort(x, kind="stable")
    np.argsort(x, axis=0, kind="stable")
    np.argsort(x, axis=None, kind="stable")
    x.argsort(kind="stable")
    np.diff(x)
    np.diff(x, n=2)
    np.diff(x, axis=0)
    np.diff(x, 2, -1)
    np.diff(x, prepend=0)
    np.diff(x, append=x[..., :1])
    np.unwrap(x)
    np.unwrap(x, axis=0)
    np.partition(x, 1)[..., :1]
    np.partition(x, 1, axis=0)[:1]
    np.partition(x, 1, axis=None)[:1]
    np.cumulative_sum(x, axis=0)
    np.cumulative_sum(x, axis=-1, include_initial=True)
    np.cumulative_prod(x, axis=-1)
    """,
    x="g1+",
)
case(
    """
    np.lexsort((x, y))
    np.lexsort([x, y], axis=0)
    np.sort_complex(x)
    """,
    x="in",
    y="in",
)
for _f in "fft ifft rfft irfft hfft ihfft".split():
    case(f"np.fft.{_f}(x)\nnp.fft.{_f}(x, axis=0)\nnp.fft.{_f}(x, n=6)\nnp.fft.{_f}(x, 6, norm='ortho')", x="f1+")
for _f in "fft2 ifft2 rfft2 irfft2 fftn ifftn rfftn irfftn".split():
    case(f"np.fft.{_f}(x)\nnp.fft.{_f}(x, axes=(0, 1))\nnp.fft.{_f}(x, s=(4, 4), axes=(-2, -1))", x="f2+")
case(
    """
    np.fft.fftshift(x)
    np.fft.ifftshift(x)
    np.fft.fftshift(x, axes=0)
    np.fft.fftshift(x, axes=(-1,))
    """,
    x="r1+",
)
for _f in "quantile percentile nanquantile nanpercentile".split():
    case(
        f"np.{_f}(x, 0.25)\nnp.{_f}(x, 0.5, axis=0)\nnp.{_f}(x, [0.25, 0.75])\nnp.{_f}(x, (0.25, 0.5), axis=-1)\n"
        f"np.{_f}(x, [0.1, 0.9], axis=0, keepdims=True)\nnp.{_f}(x, 0.5, method='nearest')",
        x="g1+",
    )
case("np.quantile(x, q)\nnp.percentile(x, q, axis=0)", x="f1+", q="w")
case(
    """
    np.average(x)
    np.average(x, axis=0)
    np.average(x, weights=w)
    np.average(x, axis=-1, weights=w)
    np.average(x, weights=w, returned=True)
    """,
    x="gn",
    w="pn",
)
case("np.average(x, axis=1, weights=w)\nnp.average(x, axis=-1, weights=w)", x="gmn", w="pn")
case("np.average(x, weights=w)", x="fmn", w="pmn")
case(
    """
    np.trapezoid(x)
    np.trapezoid(x, dx=0.5)
    np.trapezoid(x, axis=0)
    np.trapezoid(x, dx=2)
    """,
    x="g1+",
)
case("np.trapezoid(y, x)\nnp.trapezoid(y, x=x, axis=-1)", x="on", y="f1+")
case("np.trapezoid(y, x, axis=0)", x="om", y="fmn")
case(
    """
    np.cov(x)
    np.cov(x, rowvar=False)
    np.cov(x, bias=True)
    np.cov(x, ddof=0)
    np.corrcoef(x)
    np.corrcoef(x, rowvar=False)
    """,
    x="fmn",
)
case("np.cov(x)\nnp.cov(x, y)\nnp.corrcoef(x, y)", x="fn", y="fn")
case(
    """
    np.cov(x, y, bias=True)
    np.corrcoef(x, y)
    np.cov(x, fweights=np.array([1, 2, 1]))
    """,
    x="gmn",
    y="gmn",
)
