"""Least squares, tensor equations, and eigenvalues that may be complex."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.rules.compose import composite, is_missing
from vectorizer.rules.context import Context
from vectorizer.rules.definitions import constant, require
from vectorizer.rules.indexing import Parts
from vectorizer.rules.shapes import lower_reshape, permuted
from vectorizer.rules.table import Call, probe
from vectorizer.source.operand import ATOM, PRODUCT, Operand, call, tuple_code
from vectorizer.values import Affine, Array, TupleV, Unsupported, is_uniform

Bound = dict[str, Operand]
FLOATS = (np.dtype(float), np.dtype(complex), np.dtype(np.float32))


def decomposed(a: Any) -> Any:
    return np.linalg.svd(a, full_matrices=False)


def is_small(s: Any, rcond: Any) -> Any:
    return s <= rcond * s.max()


def least_squares(u: Any, s: Any, vt: Any, small: Any, b: Any) -> Any:
    return vt.T.conj() @ np.where(small, 0, (u.T.conj() @ b) / np.where(small, 1, s))


def least_squares_columns(u: Any, s: Any, vt: Any, small: Any, b: Any) -> Any:
    return vt.T.conj() @ np.where(small[:, None], 0, (u.T.conj() @ b) / np.where(small, 1, s)[:, None])


def rank_of(small: Any) -> Any:
    return np.count_nonzero(~small)


def residual(a: Any, x: Any, b: Any) -> Any:
    rest = b - a @ x
    return np.sum(abs(rest) ** 2, axis=0, keepdims=True)


def residuals(a: Any, x: Any, b: Any) -> Any:
    rest = b - a @ x
    return np.sum(abs(rest) ** 2, axis=0)


@composite(np.linalg.lstsq, "a b rcond", "core")
def lower_lstsq(rw: Context, c: Call, bound: Bound) -> Operand:
    """By singular values, as LAPACK does it; one matrix for all examples is one call with many right-hand sides."""
    first, second = rw.as_array(bound["a"]), rw.as_array(bound["b"])
    a, b = rw.array(first), rw.array(second)
    if a.rank != 2 or not 1 <= b.rank <= 2 or a.dtype not in FLOATS or b.dtype not in FLOATS:
        raise Unsupported("np.linalg.lstsq in a form that has no rule")
    rows, columns = a.dims
    if rows is None or columns is None or not rw.equal(rows, b.dims[0]):
        raise Unsupported("np.linalg.lstsq of lengths that are not known")
    if not is_missing(bound, "rcond") and not is_uniform(bound["rcond"].value):
        raise Unsupported("np.linalg.lstsq with a threshold that varies")
    rw.hazard("np.linalg.lstsq may raise")
    kinds = [np.asarray(r).dtype for r in probe(np.linalg.lstsq, a, Array(b.dtype, b.rank))]
    if not a.axes and b.rank == 1 and len(b.axes) == 1 and rw.relies_on(rows - columns - 1):
        return _one_matrix(rw, c, bound, first, second, kinds)
    first, second = (_cast(rw, o, kinds[0]) for o in (first, second))
    first, second = rw.held(first), rw.held(second)
    decimals = np.finfo(kinds[0]).eps
    longer = rows if rw.relies_on(rows - columns) else columns
    natural = Operand(
        f"{float(decimals)!r} * {rw.print_affine(longer).at(PRODUCT + 1)}", Array(FLOATS[0], 0, weak=True), PRODUCT
    )
    threshold = natural if is_missing(bound, "rcond") else bound["rcond"]
    u, s, vt = rw.items(rw.temp(rw.inline(decomposed, a=first), "factors"))
    s = rw.temp(s, "singular")
    small = rw.temp(rw.inline(is_small, s=s, rcond=threshold), "small")
    solve = least_squares if b.rank == 1 else least_squares_columns
    x = rw.temp(rw.inline(solve, u=u, s=s, vt=vt, small=small, b=second), "solution")
    x = x.with_value(rw.array(x).with_(dims=(columns, *b.dims[1:])))

    def rest() -> Operand:
        if not rw.relies_on(rows - columns - 1):
            raise Unsupported("residuals of equations that are not overdetermined")
        require(rw, f"{small.code}.any()", "equations of lower rank have no residuals", wanted=False)
        return rw.inline(residual if b.rank == 1 else residuals, a=first, x=x, b=second)

    shape = Array(kinds[1], 1, rw.array(x).axes)
    count = rw.inline(rank_of, small=small)
    number = Operand(f"{count.primary}.astype({rw.np(kinds[2].name)})", rw.array(count).with_(dtype=kinds[2]))
    parts = [x, Operand(None, shape, make=rest), number, s]
    return Operand(None, TupleV(tuple(p.value for p in parts)), make=lambda: _tuple(parts), node=Parts(parts))


def _cast(rw: Context, operand: Operand, dtype: Any) -> Operand:
    value = rw.array(operand)
    if value.dtype == dtype:
        return operand
    return Operand(f"{operand.primary}.astype({rw.dtype_code(dtype)})", value.with_(dtype=dtype, dims=value.dims))


def _tuple(parts: list[Operand]) -> Operand:
    return Operand(tuple_code([p.code for p in parts]), TupleV(tuple(p.value for p in parts)), node=Parts(parts))


def _one_matrix(rw: Context, c: Call, bound: Bound, first: Operand, second: Operand, kinds: list[Any]) -> Operand:
    b = rw.array(second)
    rcond = bound["rcond"].code if not is_missing(bound, "rcond") else None
    made = rw.fresh("found")
    rw.emit(f"{made} = {call(c.function, first.code, f'{second.primary}.T', rcond=rcond)}")
    columns = rw.array(first).dims[1]
    x = Operand(f"{made}[0].T", Array(kinds[0], 1, b.axes, dims=(columns,)), fresh=True)

    def rest() -> Operand:
        require(rw, f"len({made}[1])", "equations of lower rank have no residuals")
        return Operand(f"{made}[1][:, None]", shape)

    shape = Array(kinds[1], 1, b.axes, dims=(Affine(1),))
    parts = [
        x,
        Operand(None, shape, make=rest),
        Operand(f"{made}[2]", Array(kinds[2], 0)),
        Operand(f"{made}[3]", Array(kinds[3], 1)),
    ]
    return Operand(None, TupleV(tuple(p.value for p in parts)), make=lambda: _tuple(parts), node=Parts(parts))


# --- tensor equations ------------------------------------------------------------------------------------------------


def solved(a: Any, b: Any) -> Any:
    return np.linalg.solve(a, b)


def inverted(a: Any) -> Any:
    return np.linalg.inv(a)


def _lengths(rw: Context, operand: Operand) -> list[Operand]:
    parts: list[Operand] = rw.items(rw.attribute(operand, "shape"))
    return parts


def _product(rw: Context, parts: list[Operand]) -> Operand:
    code = " * ".join(p.at(PRODUCT) for p in parts) if parts else "1"
    return Operand(code, Array(np.dtype(np.int64), 0, weak=True), ATOM if len(parts) < 2 else PRODUCT)


@composite(np.linalg.tensorsolve, "a b axes", "core")
def lower_tensorsolve(rw: Context, c: Call, bound: Bound) -> Operand:
    """As one matrix: the axes of the right-hand side are its rows, all others its columns."""
    first, second = rw.temp(rw.as_array(bound["a"]), "tensor"), rw.as_array(bound["b"])
    a, b = rw.array(first), rw.array(second)
    if not is_missing(bound, "axes"):
        moved = [k % a.rank for k in rw.pin(bound["axes"], "axes=")]
        first = rw.temp(permuted(rw, first, [k for k in range(a.rank) if k not in moved] + moved), "tensor")
    if b.rank >= a.rank:
        raise Unsupported("np.linalg.tensorsolve of a tensor of too low a rank")
    rest = _lengths(rw, first)[b.rank :]
    size = _product(rw, rest)
    matrix = lower_reshape(rw, first, [constant(-1), size], None)
    flat = lower_reshape(rw, rw.temp(second, "right"), [constant(-1)], None)
    return lower_reshape(rw, rw.temp(rw.inline(solved, a=matrix, b=flat), "solution"), rest, None)


@composite(np.linalg.tensorinv, "a ind", "core")
def lower_tensorinv(rw: Context, c: Call, bound: Bound) -> Operand:
    operand = rw.temp(rw.as_array(bound["a"]), "tensor")
    split = 2 if is_missing(bound, "ind") else rw.pin_int(bound["ind"], "ind=")
    lengths = _lengths(rw, operand)
    if not 0 < split <= len(lengths):
        raise Unsupported("np.linalg.tensorinv of a tensor of too low a rank")
    columns = _product(rw, lengths[split:])
    matrix = lower_reshape(rw, operand, [constant(-1), columns], None)
    return lower_reshape(rw, rw.temp(rw.inline(inverted, a=matrix), "inverse"), lengths[split:] + lengths[:split], None)


# --- eigenvalues -----------------------------------------------------------------------------------------------------


def eigen(function: Any) -> None:
    """eig and eigvals: their results are real where all eigenvalues of the matrix are.

    The examples of a batch whose eigenvalues are real have a zero imaginary part where those of others do not; their
    dtype is therefore not known.
    """

    @composite(function, "a", "core")
    def lower(rw: Context, c: Call, bound: Bound) -> Operand:
        operand = rw.as_array(bound["a"])
        value = rw.array(operand)
        if value.rank < 2 or value.dtype not in (np.dtype(float), np.dtype(complex), np.dtype(np.int64)):
            raise Unsupported(f"{c.name} in a form that has no rule")
        dtype = value.dtype if value.kind == "c" else None
        rw.hazard(f"{c.name} may raise")
        values = Array(dtype, value.rank - 1, value.axes, dims=value.dims[:-1])
        code = call(c.function, operand.code)
        if function is np.linalg.eigvals:
            return Operand(code, values, fresh=True)
        vectors = Array(dtype, value.rank, value.axes, dims=value.dims)
        return Operand(code, TupleV((values, vectors), type(np.linalg.eig(np.eye(1)))), fresh=True)


eigen(np.linalg.eigvals)
eigen(np.linalg.eig)
