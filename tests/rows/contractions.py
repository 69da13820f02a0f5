"""Products, and linear algebra."""

from __future__ import annotations

from tests.rows.case import case

case("np.dot(x, y)\nx.dot(y)\nnp.inner(x, y)\nnp.vdot(x, y)", x="an", y="an")
case(
    """
    np.dot(x, y)
    np.inner(x, y)
    np.outer(x, y)
    np.multiply.outer(x, y)
    np.kron(x, y)
    """,
    x="f*",
    y="f*",
)
case("np.dot(x, y)\nx @ y\nnp.matmul(x, y)", x="fmn", y="fn")
case("np.dot(y, x)\ny @ x\nnp.matmul(y, x)", x="cnm", y="cn")
case(
    """
    np.dot(x, y)
    x @ y
    np.dot(x, z)
    x @ z
    np.matmul(z, w)
    z @ w
    np.dot(z, w)
    """,
    x="fmn",
    y="fnk",
    z="flnm",
    w="flmk",
)
case("np.matmul(z, y)\nz @ y\nnp.dot(z, y)\ny2 @ z", z="flnm", y="fm", y2="fn")
case("np.vecdot(x, y)\nnp.linalg.vecdot(x, y)", x="a1+", y="an")
case("np.matvec(x, y)\nnp.vecmat(z, x)", x="amn", y="an", z="am")
case(
    """
    np.tensordot(x, y, axes=1)
    np.tensordot(x, y, 1)
    np.tensordot(x, y, axes=([1], [0]))
    np.tensordot(x, y, axes=0)
    """,
    x="fmn",
    y="fnk",
)
case(
    """
    np.tensordot(x, y)
    np.tensordot(x, y, axes=((0, 1), (0, 1)))
    np.tensordot(x, y, axes=(0, 0))
    np.tensordot(x, y, axes=([1, 0], [1, 0]))
    """,
    x="fmn",
    y="fmn",
)
case(
    """
    np.einsum('ij,jk->ik', x, y)
    np.einsum('ij,jk', x, y)
    np.einsum('ij,jk->', x, y)
    np.einsum('ij,...j->...i', x, z)
    """,
    x="fmn",
    y="fnk",
    z="fn",
)
case(
    """
    np.einsum('ii', s)
    np.einsum('ii->i', s)
    np.einsum('ij->ji', s)
    np.einsum('i,ij,j', v, s, v)
    np.einsum('i,ij,j->', v, s, v, optimize=True)
    """,
    s="fnn",
    v="fn",
)
case(
    """
    np.cross(x, y)
    np.linalg.cross(x, y)
    np.cross(z, x)
    np.cross(x, z, axis=-1)
    """,
    x="fn",
    y="fn",
    z="fmn",
)
case("np.linalg.multi_dot([x, y, z])\nnp.linalg.multi_dot([x, y])", x="fmn", y="fnk", z="fkm")
case(
    """
    np.trace(x)
    x.trace()
    np.trace(x, offset=1)
    np.trace(x, axis1=-2, axis2=-1)
    np.linalg.trace(x)
    np.diagonal(x)
    x.diagonal()
    np.diagonal(x, 1)
    np.diagonal(x, axis1=0, axis2=-1)
    np.linalg.diagonal(x)
    np.diag(x)
    """,
    x="r2+",
)
case(
    """
    np.diag(x)
    np.diag(x, 1)
    np.diag(x, k=-1)
    np.diagflat(x)
    np.diagflat(x, 1)
    np.vander(x)
    np.vander(x, 4)
    np.vander(x, N=2, increasing=True)
    """,
    x="rn",
)
for _f in "inv det slogdet cholesky eigvalsh eigh pinv matrix_rank cond svdvals qr svd eigvals".split():
    _post = {"eigh": "[0]", "qr": "[1].shape", "svd": "[1]", "slogdet": "[1]"}.get(_f, "")
    _wrap = "np.sort_complex({})" if _f == "eigvals" else "{}"
    case(_wrap.format(f"np.linalg.{_f}(s){_post}"), s="snn")
    case(_wrap.format(f"np.linalg.{_f}(s){_post}"), s="slnn")
case(
    """
    np.linalg.svd(x, compute_uv=False)
    np.linalg.pinv(x)
    np.linalg.matrix_rank(x)
    np.linalg.svd(x, full_matrices=False)[1]
    np.linalg.eigh(x.T @ x).eigenvalues
    np.linalg.qr(x, mode='r')
    """,
    x="fmn",
)
case(
    """
    np.linalg.solve(s, b)
    np.linalg.solve(s, B)
    np.linalg.solve(s + 1, b)
    np.linalg.inv(s) @ b
    np.linalg.tensorsolve(s, b)
    """,
    s="snn",
    b="fn",
    B="fnk",
)
case("np.linalg.solve(s, B)", s="slnn", B="fnk")
case(
    """
    np.linalg.matrix_power(s, 3)
    np.linalg.matrix_power(s, 0)
    np.linalg.matrix_power(s, -1)
    """,
    s="snn",
)
case(
    """
    np.linalg.norm(x)
    np.linalg.norm(x, axis=0)
    np.linalg.norm(x, axis=-1, keepdims=True)
    np.linalg.norm(x, 1)
    np.linalg.norm(x, np.inf)
    np.linalg.norm(x, ord=2)
    np.linalg.norm(x, ord=-np.inf, axis=-1)
    np.linalg.norm(x, keepdims=True)
    np.linalg.vector_norm(x)
    np.linalg.vector_norm(x, axis=-1)
    np.linalg.vector_norm(x, ord=1, axis=0)
    np.linalg.vector_norm(x, keepdims=True)
    """,
    x="a1+",
)
case(
    """
    np.linalg.norm(x, 'fro')
    np.linalg.norm(x, 'nuc')
    np.linalg.norm(x, axis=(0, 1))
    np.linalg.matrix_norm(x)
    np.linalg.matrix_norm(x, ord=1)
    np.linalg.matrix_transpose(x)
    np.matrix_transpose(x)
    x.mT
    """,
    x="f2+",
)
case("np.linalg.outer(x, y)", x="fn", y="fm")
case("np.linalg.matmul(x, y)\nnp.linalg.tensordot(x, y, axes=1)", x="fmn", y="fnk")
case(
    """
    np.linalg.lstsq(x, y)[0]
    np.polyfit(x[:, 0], y, 1)
    """,
    x="fmn",
    y="fm",
)
case(
    """
    np.polyval(p, x)
    np.polyval([1.0, 2.0, 3.0], x)
    np.polyval(x, 2.0)
    np.polyder(p)
    np.polyint(p)
    np.polymul(p, p)
    np.polyadd(p, x)
    """,
    p="fm",
    x="fn",
)
case("np.polyval(p, x)", p="fm", x="f*")
