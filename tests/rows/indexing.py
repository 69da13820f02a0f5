"""Subscripts, searching, counting, and Python's own functions."""

from __future__ import annotations

from tests.rows.case import case

case(
    """
    x[i]
    x[..., i]
    x.take(i)
    np.take(x, i)
    np.take(x, i, axis=0)
    np.take(x, i, -1)
    np.take(x, i, mode='clip')
    x[i, ...]
    """,
    x="r1+",
    i="j*",
)
case(
    """
    np.take(x, i, axis=1)
    x[:, i]
    x[i, i]
    x[1, i]
    x[i, 1]
    x[i, :2]
    x[i][0]
    x[:, None, i]
    np.take(x, i % 2, axis=1, mode='wrap')
    """,
    x="r2+",
    i="jk",
)
case("x[i, j]\nx[i, :, j]\nx[:, i, j]\nx[i, None, j]", x="r3+", i="jk", j="jk")
case(
    """
    np.take_along_axis(x, i, axis=0)
    np.take_along_axis(x, i, axis=-1)
    np.take_along_axis(x, np.argsort(x, axis=-1), -1)
    """,
    x="rmn",
    i="jmn",
)
case(
    """
    np.take_along_axis(x, i, axis=0)
    np.take_along_axis(x, np.argmax(x, 0, keepdims=True), 0)
    """,
    x="rn",
    i="jn",
)
case("x[x > 0].sum()\nx[m].sum()\nnp.extract(m, x).sum()\nnp.compress(m, x).sum()", x="rn", m="bn")
case(
    """
    np.searchsorted(o, v)
    np.searchsorted(o, v, side='right')
    o.searchsorted(v)
    o.searchsorted(v, 'right')
    np.digitize(v, o)
    np.digitize(v, o, right=True)
    """,
    o="om",
    v="g*",
)
case(
    """
    np.searchsorted([0.0, 1.0, 2.0], v)
    np.digitize(v, [0.0, 1.0, 2.0])
    np.digitize(v, np.array([2.0, 1.0, 0.0]))
    np.interp(v, [0.0, 1.0, 2.0], [3.0, 1.0, 4.0])
    np.isin(v, [0.0, 1.0])
    """,
    v="r*",
)
case("np.interp(v, o, y)\nnp.interp(v, o, y, left=0.0, right=1.0)", o="om", y="fm", v="f*")
case(
    """
    np.bincount(i, minlength=4)
    np.bincount(i, weights=w, minlength=3)
    np.bincount(i, w, 5)
    """,
    i="jm",
    w="fm",
)
case("np.bincount(i)", i="jm")
case(
    """
    np.histogram(x, bins=e)[0]
    np.histogram(x, e)
    np.histogram(x, bins=[-2.0, 0.0, 1.0, 3.0])[0]
    np.histogram(x, bins=3)[0]
    np.histogram(x, 4, (-2, 2))
    np.histogram(x, bins=4, range=(-2, 2), density=True)[0]
    np.histogram(x, bins=4, range=(-2.0, 2.0), weights=w)[0]
    np.histogram_bin_edges(x, 4, (-1, 1))
    """,
    x="fm",
    e="on",
    w="fm",
)
case(
    """
    np.convolve(x, y)
    np.convolve(x, y, 'same')
    np.convolve(x, y, mode='valid')
    np.correlate(x, y)
    np.correlate(x, y, 'full')
    np.correlate(x, y, mode='same')
    np.convolve(x, [1.0, -1.0])
    np.convolve(y, x, mode='same')
    """,
    x="am",
    y="rn",
)
case(
    """
    np.convolve(x, y)
    np.convolve(x, y, 'same')
    np.correlate(x, y, 'valid')
    np.correlate(x, y, 'full')
    np.correlate(y, x, 'same')
    """,
    x="cn",
    y="cm",
)
case(
    """
    np.isin(x, y)
    np.isin(x, y, invert=True)
    np.isin(x, y, assume_unique=False)
    """,
    x="i*",
    y="in",
)
case("np.setdiff1d(x, y).size\nnp.intersect1d(x, y).size", x="in", y="im")
case(
    """
    x = x + 0; np.put_along_axis(x, i % 3, 0, axis=-1); return x
    x = x + 0; np.fill_diagonal(x, 0); return x
    np.copyto(x, 0)
    x = x[0] + 0; np.put(x, [0], 5.0); return x
    x = x[0] + 0; np.place(x, x > 0, [1.0]); return x
    np.putmask(x, x > 0, 0)
    """,
    x="fmn",
    i="jmn",
)
case(
    """
    np.ravel_multi_index((i, j), (3, 3))
    np.unravel_index(i, (2, 3))
    np.diag_indices(3)[0] + i
    np.tri(3) * i
    np.eye(3) * i
    np.identity(2) * i[0]
    """,
    i="jn",
    j="jn",
)
case(
    """
    operator.add(x, y)
    operator.mul(x, y)
    operator.neg(x)
    operator.getitem(x, 0)
    operator.lt(x, y)
    operator.matmul(x, y)
    operator.truediv(x, y)
    """,
    x="fn",
    y="fn",
)
case(
    """
    math.sqrt(abs(x))
    math.floor(x)
    math.hypot(x, 1.0)
    math.exp(x)
    math.atan2(x, 2)
    math.isnan(x)
    math.fabs(x)
    math.isclose(x, 1.0)
    math.ceil(x)
    math.trunc(float(x))
    math.pow(x, 2)
    math.copysign(1, x)
    math.log(abs(x) + 1, 2)
    math.degrees(x)
    """,
    x="r",
)
case("math.gcd(i, 6)\nmath.comb(5, i)\nmath.factorial(i)\nmath.isqrt(i)\nmath.lcm(i, 4)", i="j")
case("len(x)\nsum(x)\nmin(x)\nmax(x)\nany(x)\nall(x)\nsorted(x)[0]\nlist(x)[0]\nabs(x)", x="rn")
case("np.random.rand(3) * 0 + x", x="fn")
case(
    """
    np.vectorize(abs)(x)
    np.fromiter(x, float)
    np.ma.sum(x)
    """,
    x="fn",
)
case(
    """
    np.hanning(3) * x
    np.polynomial.polynomial.polyval(x, [1.0, 2.0])
    np.maximum.outer(x, x)
    np.subtract.outer(x, 1.0)
    np.add.outer(1.0, x)
    np.ndarray.sum(x)
    """,
    x="fn",
)
case(
    """
    x.nonzero()[0].size
    x.argpartition(1).shape
    x.tolist()
    x.nbytes
    x.itemsize
    x.flat[1]
    x.compress([True, False, True])
    x.dot(x)
    x.view(np.int64)
    x.byteswap().byteswap()
    """,
    x="fn",
)
