"""Functions that NumPy has for one example only, elements that the data choose, and stores."""

from __future__ import annotations

from tests.rows.case import case

case(
    """
    np.polyder(p)
    np.polyder(p, 2)
    np.polyint(p)
    np.polyint(p, 2)
    np.polyint(p, k=v)
    np.polyadd(p, x)
    np.polyadd(x, p)
    np.polysub(p, x)
    np.polysub(x, p)
    np.polysub(x, x)
    np.polymul(p, x)
    np.poly(p)
    np.polydiv(p, x)[0]
    np.roots(x)
    np.vander(x, 3)
    """,
    p="pm",
    x="pn",
    v="p",
)
case(
    """
    np.polyfit(t, y, 1)
    np.polyfit(t, y, deg=2)
    np.polyfit(t, y, 1, w=w)
    np.polyfit(t, z, 1)
    np.linalg.lstsq(x, y)[0]
    np.linalg.lstsq(x, y, rcond=None)[0]
    np.linalg.lstsq(x, z, 0.01)[0]
    a, b, c, d = np.linalg.lstsq(x, y, rcond=None); return a, c, d
    a, b, c, d = np.linalg.lstsq(x, y, rcond=None); return b
    """,
    t="fm",
    y="fm",
    z="fmk",
    w="pm",
    x="fmn",
)
case("np.linalg.tensorsolve(a, b, axes=(0,))", a="f623", b="f23")
case("np.linalg.tensorsolve(a, b)\nnp.linalg.tensorinv(a)\nnp.linalg.tensorinv(a, ind=2)", a="f2332", b="f23")
case(
    """
    np.linalg.eigvals(s)
    np.linalg.eig(s)[0]
    np.linalg.eig(s)
    np.max(np.abs(np.linalg.eigvals(s)))
    a, b = np.linalg.eig(s); return a.real, b.imag
    """,
    s="fnn",
)
case(
    """
    np.histogram(x, bins=3)
    np.histogram(x, 4)[0]
    np.histogram(x, bins=e)
    np.histogram(x, bins=[-1, 0, 2.0])
    np.histogram(x, bins=3, density=True)
    np.histogram(x, bins=3, range=(-2, 2), weights=w)
    np.histogram(x, bins=3, weights=w)[0]
    np.histogram_bin_edges(x, 3)
    np.histogram_bin_edges(x, 3, (-1, 1))
    """,
    x="nm",
    e="on",
    w="nm",
)
case(
    """
    np.histogram2d(x, y)
    np.histogram2d(x, y, 3)
    np.histogram2d(x, y, (2, 3), [[-1, 1], [-2, 2]])
    np.histogram2d(x, y, 2, weights=w)
    np.histogramdd((x, y), 3)[0]
    """,
    x="fm",
    y="fm",
    w="fm",
)
for _m in ("full", "same", "valid"):
    case(f"np.correlate(x, y, '{_m}')\nnp.convolve(x, y, '{_m}')\nnp.correlate(y, x, '{_m}')", x="an", y="am")
case("np.interp(v, o, y)\nnp.interp(v, o, y, left=0, right=k)", o="om", v="r*", y="fm", k="f")
case("np.searchsorted(np.sort(o.ravel()), v)\nnp.digitize(v, np.sort(o.ravel()))", o="f567", v="r*")  # long rows
case("np.searchsorted(o, v)\no.searchsorted(v, side='right')\nnp.digitize(v, o)", o="o7", v="r*")
case("np.isin(x, y)", x="r*", y="r*")
case(
    """
    np.ediff1d(x, [1], [2, 3])
    np.ediff1d(x, to_begin=v)
    np.ediff1d(x)
    np.gradient(x, h)
    """,
    x="fn",
    v="e",
    h="f",
)
case("np.gradient(x, t)\nnp.gradient(x, h)", x="fm", t="om", h="f")
case("np.gradient(x, h, axis=0)\nnp.gradient(x, t, axis=0)\nnp.gradient(x, u, axis=1)", x="fmn", t="om", h="f", u="on")
case("np.trapezoid(x, dx=h)\nnp.trapezoid(x, dx=h, axis=0)", x="f1+", h="f")
case(
    """
    np.cov(x, aweights=w)
    np.cov(x, fweights=i + 1, aweights=w)
    np.cov(x[0], aweights=w)
    np.cov(x, fweights=i + 1, bias=True)
    np.cov(x[0], x[1], fweights=i + 1)
    """,
    x="fmn",
    w="pn",
    i="jn",
)
case("np.packbits(x)\nnp.packbits(x, axis=0)\nnp.packbits(x, -1)", x="b1+")
case("np.unpackbits(x)\nnp.unpackbits(x, axis=0)\nnp.unpackbits(x, axis=-1, count=5)", x="u1+")
case(
    """
    np.linalg.cond(s, 2)
    np.linalg.cond(s, 1)
    np.linalg.cond(s, p='fro')
    np.linalg.pinv(s, 0.1)
    np.linalg.pinv(a=s, hermitian=True)
    np.linalg.eigh(s, 'U')[0]
    np.linalg.eigh(s)
    np.linalg.eigvalsh(a=s, UPLO='U')
    np.linalg.matrix_rank(s, 0.1)
    np.linalg.matrix_rank(s, hermitian=True)
    np.linalg.qr(s, 'complete')[1]
    np.linalg.svd(s, False, False)
    np.linalg.cholesky(s, upper=True)
    np.linalg.matrix_norm(s, keepdims=True)
    np.linalg.diagonal(s, offset=1)
    np.linalg.trace(s, offset=-1)
    """,
    s="snn",
)
case(
    """
    np.cross(w, x, axisa=0)
    np.cross(w, w, axis=0)
    np.cross(w, x, axisa=0, axisc=0)
    np.linalg.cross(w, w, axis=0)
    np.linalg.vecdot(w, w, axis=0)
    np.linalg.matrix_rank(x)
    """,
    x="fn",
    w="fnm",
)

# elements that are chosen
case(
    """
    np.nonzero(x)[0].size
    x.nonzero()[0].sum()
    len(np.nonzero(x)[0])
    np.flatnonzero(x).size
    np.flatnonzero(x)[0]
    np.flatnonzero(x)[-1]
    np.flatnonzero(x)[1]
    np.flatnonzero(x)[-2]
    np.argwhere(x).shape[0]
    np.argwhere(x).size
    len(np.argwhere(x))
    np.unique(x).size
    len(np.unique(x))
    np.unique(x).sum()
    np.unique(x)[0]
    np.unique(x)[-1]
    np.unique_values(x).size
    np.extract(x > 0, x).sum()
    x[x > 0].sum()
    x[x > 0].mean()
    x[x > 0].size
    len(x[x > 0])
    x[x > 0].max()
    x[x > 0][0]
    x[x > 0].shape[0]
    np.count_nonzero(x[x > 0])
    (x[x > 0] * 2).sum()
    np.abs(x[x < 0]).sum()
    np.sqrt(x[x > 0]).sum()
    np.log(x[x > 0]).mean()
    x[x > 0].argmax()
    np.ptp(x[x > 0])
    -x[x > 0].sum()
    y = x[x > 0]; x = x * 2; return y.sum()
    x = x + 0; y = x[x > 0]; x += 1; return y.sum(), x
    x = x + 0; m = x > 0; y = x[m]; m = x < 0; return y.sum(), x
    x = x + 0; y = np.unique(x); x[...] = 0; return y.sum(), x
    i = np.flatnonzero(x); x = x * 0; return i.sum()
    """,
    x="g1+",
)
case(
    """
    x[m].sum()
    x[m].sum(axis=0)
    x[m].mean(axis=0)
    x[m].max(axis=0)
    x[m].size
    x[m].shape[0]
    len(x[m])
    x[m][0]
    np.compress(m, x[:, 0]).sum()
    np.compress(m, x, axis=0).sum()
    x.compress(m, axis=0).sum()
    y = x + 0; y[m] = 0; return y
    y = x + 0; y[m] += 1; return y
    y = x + 0; y[m] = v; return y
    y = x + 0; y[m] = w; return y
    y = x + 0; y[m] = y[m] * 2; return y
    """,
    x="fnn",
    m="bn",
    v="f",
    w="fn",
)
case(
    """
    np.union1d(x, y).size
    np.intersect1d(x, y).size
    np.setdiff1d(x, y).sum()
    np.setxor1d(x, y).size
    np.trim_zeros(x).sum()
    np.trim_zeros(x).size
    """,
    x="im",
    y="in",
)
case(
    """
    x[:i].sum()
    x[i:].sum()
    x[i:].mean()
    x[:i + 1].max()
    x[1:i].sum()
    x[i:-1].sum()
    x[j:i + 1].sum()
    len(x[:i])
    x[:i].size
    x[i:][0]
    y = x[i:]; x = x * 2; return y.sum()
    x = x + 0; y = x[i:]; x[0] = 5; return y.sum()
    x = x + 0; x[i:] = 0; return x
    x = x + 0; x[:i] += 1; return x
    x = x + 0; x[-i:] *= v; return x
    x = np.zeros(4); x[j:i] = v; return x
    (x[:i] * 2).sum()
    """,
    x="gn",
    i="j",
    j="j",
    v="f",
)
case(
    """
    x[:i].sum()
    x[:i].sum(axis=0)
    x[1, :i].sum()
    x[j, i:].sum()
    x = x + 0; x[:i] = v; return x
    """,
    x="fmn",
    i="j",
    j="j",
    v="fn",
)

# edits
case("np.roll(x, s)\nnp.roll(x, s, axis=0)\nnp.roll(x, s, -1)", x="r1+", s="i")
case(
    """
    np.delete(x, s)
    np.delete(x, s, axis=0)
    np.delete(x, s, -1)
    np.insert(x, s, v)
    np.insert(x, 1, v)
    np.insert(x, [0, 1], v)
    """,
    x="f1+",
    s="j",
    v="e",
)
case("np.insert(x, 1, y)\nnp.insert(x, [0, 1, 1], y)", x="fn", y="en")
case("np.resize(x, (2, 2))\nnp.resize(x, 7)\nnp.resize(x, (3, 4, 5))", x="r*")
case("x.reshape((3, -1), order='F')\nx.flatten('F')\nnp.reshape(x, (-1, 1), order='F')\nnp.kron(x, x[0])", x="f1+")
case("np.array_equal(x, y)\nnp.array_equal(x, y, equal_nan=True)\nnp.array_equiv(x, y)", x="r*", y="r*")
case("np.take(x, i, mode='clip')\nnp.take(x, i, mode='wrap')\nx.take(i, 0, mode='clip')", x="r1+", i="i*")
case("np.linspace(x, y, 4, retstep=True)\nnp.logspace(x, y, 3, base=2)", x="p*", y="p*")
case("np.asfortranarray(x)\nnp.require(x)\nnp.asarray_chkfinite(x)\nnp.atleast_1d(x)", x="i*")
case("np.diag_indices_from(x)[0] + x\nx[np.triu_indices_from(x)]\nx[np.tril_indices_from(x, -1)]", x="fnn")
case("x[np.ix_(i, [0, 1])]\nnp.ix_(i, j)", x="fmn", i="jn", j="jk")
case("np.tril(x)\nnp.triu(x, 1)", x="rn")
case("np.argpartition(x, 1)[..., 1]\nnp.argpartition(x, 0, axis=0)[0]\nnp.extract(m, x).sum()", x="o1+", m="bn")

# stores
case(
    """
    x.sort(); return x
    x = x + 0; x.sort(axis=0); return x
    x = x + 0; x.fill(3); return x
    x = x + 0; x.fill(v); return x
    x = np.zeros(3); x.fill(v); return x
    x = x + 0; x.partition(1); return x[0]
    x = x + 0; x.put([0, 1], 2.0); return x
    x = np.zeros(3); x.put(i, w); return x
    x = np.zeros(4); np.add.at(x, i, w); return x
    x = np.zeros(4); np.maximum.at(x, i, w); return x
    x = np.ones(4); np.multiply.at(x, i, v); return x
    x = np.zeros(3); x[i] = w; return x
    x = np.zeros(3); x[i] += w; return x
    x = np.zeros((3, 3)); x[i, 1] = w; return x
    x = np.zeros((3, 3)); x[i] = w; return x
    x = np.zeros((3, 3)); x[:, i] = w; return x
    """,
    x="en",
    v="f",
    i="jn",
    w="fn",
)
case(
    """
    buf = np.zeros(3); np.copyto(buf, x); return buf
    buf = np.zeros(3); np.copyto(buf, x, where=x > 0); return buf
    buf = np.zeros(3); np.put(buf, i, 1.0); return buf
    buf = np.zeros(3); np.put_along_axis(buf, i, x, 0); return buf
    buf = np.zeros((3, 3)); np.fill_diagonal(buf, x[0]); return buf
    buf = np.zeros((3, 3)); np.fill_diagonal(buf, x); return buf
    buf = np.zeros(3); np.place(buf, x > 0, [1.0]); return buf
    buf = np.zeros(3); np.putmask(buf, x > 0, 1.0); return buf
    buf = np.ones(3); buf *= x; return buf
    buf = np.empty(3); buf[...] = x; return buf
    """,
    x="fn",
    i="jn",
)
case("x.size\nx.ndim\nx.shape\nx.itemsize\nx.nbytes\nx.dtype == float\nx.T\nx.mT\nx.real\nx.imag\nx.flat[0]", x="f2+")
case("x.byteswap()\nx.view()\nx.view(np.int64)\nx.item()\nx.tolist()", x="f")
case("x.byteswap()\nx.view()\nx.view(np.int64)\nx.item(0)\nx.tolist()", x="in")
case("i.choose([x, 2 * x, -x])", x="fn", i="jn")
