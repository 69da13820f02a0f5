"""Expressions that are looped in some of their variants, by reason.  Whatever is looped must stand here."""

from __future__ import annotations

LOOPED = {
    "a power of a boolean": """
        x ** y
        x ** k
        x ** 2
        x ** -1
        x ** 0.5
        2 ** x
        2.5 ** x
    """,
    "a convolution in a form that has no rule": """
        np.convolve(x, [1.0, -1.0])
        np.convolve(x, y)
        np.convolve(x, y, 'same')
        np.convolve(x, y, mode='valid')
        np.convolve(y, x, mode='same')
        np.correlate(x, y)
        np.correlate(x, y, 'full')
        np.correlate(x, y, mode='same')
    """,
    "np.histogram with bins that depend on the data": """
        np.histogram(x, bins=3)[0]
        np.histogram(x, bins=4, range=(-3, 3))[0]
        np.histogram(x, bins=e)[0]
        np.histogram(x, e)
    """,
    "a mask that varies selects a different number of elements for each example": """
        np.compress(m, x).sum()
        x[m].sum()
        x[x > 0].sum()
    """,
    "np.isin in a form that has no rule": """
        np.isin(x, y)
        np.isin(x, y, assume_unique=False)
        np.isin(x, y, invert=True)
    """,
    "the lesser or greater of numbers of different kinds is one or the other": """
        max(x, y)
        min(x, 1)
        min(x, y, 2)
    """,
    ".all of a single number along an axis": """
        x.all(0)
        x.all(axis=-1)
    """,
    ".any of a single number along an axis": """
        x.any(0)
        x.any(axis=-1)
    """,
    ".argmax of a single number along an axis": """
        x.argmax(0)
        x.argmax(axis=-1)
    """,
    ".argmin of a single number along an axis": """
        x.argmin(0)
        x.argmin(axis=-1)
    """,
    ".cumprod of a single number": """
        x.cumprod(0)
        x.cumprod(axis=-1)
    """,
    ".cumsum of a single number": """
        x.cumsum(0)
        x.cumsum(axis=-1)
    """,
    ".max of a single number along an axis": """
        x.max(0)
        x.max(axis=-1)
    """,
    ".min of a single number along an axis": """
        x.min(0)
        x.min(axis=-1)
    """,
    ".prod of a single number along an axis": """
        x.prod(0)
        x.prod(axis=-1)
    """,
    ".sum of a single number along an axis": """
        x.sum(0)
        x.sum(axis=-1)
    """,
    "a call of something unknown": """
        np.frompyfunc(abs, 1, 1)(x).astype(float)
        np.vectorize(abs)(x)
    """,
    "a correlation with a longer vector": """
        np.correlate(x, y, 'full')
        np.correlate(x, y, 'valid')
    """,
    "a number is subscripted": """
        np.unstack(x[None])
        x[None].squeeze()
    """,
    "an operand is not known to be an array": """
        np.c_[x, y]
        np.r_[x, y]
    """,
    "np.all of a single number along an axis": """
        np.all(x, axis=-1)
        np.all(x, axis=0)
    """,
    "np.any of a single number along an axis": """
        np.any(x, axis=-1)
        np.any(x, axis=0)
    """,
    "np.argmax of a single number along an axis": """
        np.argmax(x, axis=-1)
        np.argmax(x, axis=0)
    """,
    "np.argmin of a single number along an axis": """
        np.argmin(x, axis=-1)
        np.argmin(x, axis=0)
    """,
    "np.cumprod of a single number": """
        np.cumprod(x, axis=-1)
        np.cumprod(x, axis=0)
    """,
    "np.cumsum of a single number": """
        np.cumsum(x, axis=-1)
        np.cumsum(x, axis=0)
    """,
    "np.digitize with bins that vary": """
        np.digitize(v, o)
        np.digitize(v, o, right=True)
    """,
    "np.ediff1d in a form that has no rule": """
        np.ediff1d(x, to_begin=0)
        np.ediff1d(x, to_end=[1.0, 2.0])
    """,
    "np.interp between points that vary": """
        np.interp(v, o, y)
        np.interp(v, o, y, left=0.0, right=1.0)
    """,
    "np.max of a single number along an axis": """
        np.max(x, axis=-1)
        np.max(x, axis=0)
    """,
    "np.min of a single number along an axis": """
        np.min(x, axis=-1)
        np.min(x, axis=0)
    """,
    "np.nanargmax of a single number along an axis": """
        np.nanargmax(x, axis=-1)
        np.nanargmax(x, axis=0)
    """,
    "np.nanargmin of a single number along an axis": """
        np.nanargmin(x, axis=-1)
        np.nanargmin(x, axis=0)
    """,
    "np.nancumprod of a single number": """
        np.nancumprod(x, axis=-1)
        np.nancumprod(x, axis=0)
    """,
    "np.nancumsum of a single number": """
        np.nancumsum(x, axis=-1)
        np.nancumsum(x, axis=0)
    """,
    "np.nanmax of a single number along an axis": """
        np.nanmax(x, axis=-1)
        np.nanmax(x, axis=0)
    """,
    "np.nanmin of a single number along an axis": """
        np.nanmin(x, axis=-1)
        np.nanmin(x, axis=0)
    """,
    "np.nanprod of a single number along an axis": """
        np.nanprod(x, axis=-1)
        np.nanprod(x, axis=0)
    """,
    "np.nanstd of a single number along an axis": """
        np.nanstd(x, axis=-1)
        np.nanstd(x, axis=0)
    """,
    "np.nansum of a single number along an axis": """
        np.nansum(x, axis=-1)
        np.nansum(x, axis=0)
    """,
    "np.prod of a single number along an axis": """
        np.prod(x, axis=-1)
        np.prod(x, axis=0)
    """,
    "np.ptp of a single number along an axis": """
        np.ptp(x, axis=-1)
        np.ptp(x, axis=0)
    """,
    "np.roll of a single number": """
        np.roll(x, 1)
        np.roll(x, k)
    """,
    "np.sum of a single number along an axis": """
        np.sum(x, axis=-1)
        np.sum(x, axis=0)
    """,
    "np.take with mode= at indices that vary": """
        np.take(x, i % 2, axis=1, mode='wrap')
        np.take(x, i, mode='clip')
    """,
    "sum has no batching rule": """
        np.ma.sum(x)
        np.ndarray.sum(x)
    """,
    ".ravel in another order": """
        x.ravel(order="F")
    """,
    "a covariance with weights or dtype=": """
        np.cov(x, fweights=np.array([1, 2, 1]))
    """,
    "a list whose items are not known one by one": """
        np.choose(i, x3)
    """,
    "a place is not an integer": """
        np.insert(x, [0, 2], v)
    """,
    "apply_along_axis has no batching rule": """
        np.apply_along_axis(np.sum, 0, x)
    """,
    "apply_over_axes has no batching rule": """
        np.apply_over_axes(np.sum, x, 0)
    """,
    "argwhere has no batching rule": """
        np.argwhere(x).sum()
    """,
    "array_equiv has no batching rule": """
        np.array_equiv(x, y)
    """,
    "asarray_chkfinite has no batching rule": """
        np.asarray_chkfinite(x)
    """,
    "attribute 'flat' has no rule": """
        x.flat[1]
    """,
    "attribute 'nbytes' has no rule": """
        x.nbytes
    """,
    "comb has no batching rule": """
        math.comb(5, i)
    """,
    "eigvals has no batching rule": """
        np.sort_complex(np.linalg.eigvals(s))
    """,
    "extract has no batching rule": """
        np.extract(m, x).sum()
    """,
    "factorial has no batching rule": """
        math.factorial(i)
    """,
    "flatnonzero has no batching rule": """
        np.flatnonzero(x).size
    """,
    "fromiter has no batching rule": """
        np.fromiter(x, float)
    """,
    "histogram_bin_edges has no batching rule": """
        np.histogram_bin_edges(x, 4, (-1, 1))
    """,
    "intersect1d has no batching rule": """
        np.intersect1d(x, y).size
    """,
    "isclose has no batching rule": """
        math.isclose(x, 1.0)
    """,
    "isqrt has no batching rule": """
        math.isqrt(i)
    """,
    "iterable has no batching rule": """
        np.iterable(x)
    """,
    "lcm has no batching rule": """
        math.lcm(i, 4)
    """,
    "lstsq has no batching rule": """
        np.linalg.lstsq(x, y)[0]
    """,
    "method 'byteswap' of an array has no rule": """
        x.byteswap().byteswap()
    """,
    "method 'compress' of an array has no rule": """
        x.compress([True, False, True])
    """,
    "method 'nonzero' of an array has no rule": """
        x.nonzero()[0].size
    """,
    "method 'view' of an array has no rule": """
        x.view(np.int64)
    """,
    "nonzero has no batching rule": """
        np.nonzero(x)[0].size
    """,
    "np.array is called with an argument 'ndmin' that has no rule": """
        np.array(x, ndmin=2)
    """,
    "np.array_equal in a form that has no rule": """
        np.array_equal(x, y)
    """,
    "np.ascontiguousarray of a single number": """
        np.ascontiguousarray(x)
    """,
    "np.bincount without minlength= has a length that depends on the data": """
        np.bincount(i)
    """,
    "np.count_nonzero of a single number along an axis": """
        np.count_nonzero(x, axis=0)
    """,
    "np.gradient over points that vary": """
        np.gradient(x, t)
    """,
    "np.histogram in a form that has no rule": """
        np.histogram(x, bins=4, range=(-2.0, 2.0), weights=w)[0]
    """,
    "np.insert in a form that has no rule": """
        np.insert(x, 1, y)
    """,
    "np.kron of different ranks": """
        np.kron(x, y)
    """,
    "np.linspace with base= or retstep=": """
        np.linspace(x, 1.0, 3, retstep=True)[1]
    """,
    "np.nanmean of a single number along an axis": """
        np.nanmean(x, axis=0)
    """,
    "np.nanvar of a single number along an axis": """
        np.nanvar(x, axis=-1)
    """,
    "np.pad in a form that has no rule": """
        np.pad(x, ((1, 2),))
    """,
    "np.take of a flattened array with mode=": """
        np.take(x, i, mode='clip')
    """,
    "polyadd has no batching rule": """
        np.polyadd(p, x)
    """,
    "polyder has no batching rule": """
        np.polyder(p)
    """,
    "polyfit has no batching rule": """
        np.polyfit(x[:, 0], y, 1)
    """,
    "polyint has no batching rule": """
        np.polyint(p)
    """,
    "polymul has no batching rule": """
        np.polymul(p, p)
    """,
    "polyval has no batching rule": """
        np.polynomial.polynomial.polyval(x, [1.0, 2.0])
    """,
    "rand has no batching rule": """
        np.random.rand(3) * 0 + x
    """,
    "real_if_close has no batching rule": """
        np.real_if_close(x)
    """,
    "reshape in another order": """
        x.reshape(-1, order="F")
    """,
    "resize has no batching rule": """
        np.resize(x, (2, 2))
    """,
    "round of a Python number to some digits is correctly rounded, unlike np.round": """
        round(x, 1)
    """,
    "setdiff1d has no batching rule": """
        np.setdiff1d(x, y).size
    """,
    "sort_complex has no batching rule": """
        np.sort_complex(x)
    """,
    "tensorsolve has no batching rule": """
        np.linalg.tensorsolve(s, b)
    """,
    "the items of a sequence are not known one by one": """
        np.transpose(x, (1, 0, *range(2, x.ndim)))
    """,
    "trim_zeros has no batching rule": """
        np.trim_zeros(x).size if x.ndim == 1 else 0
    """,
    "tuple of something that has no rule": """
        np.permute_dims(x, tuple(range(x.ndim))[::-1])
    """,
    "union1d has no batching rule": """
        np.union1d(x, y).size
    """,
    "unique has no batching rule": """
        np.unique(x).size
    """,
}
MAY_BE_LOOPED = {line.strip() for lines in LOOPED.values() for line in lines.strip().splitlines()}
