"""Polynomials as vectors of coefficients, the highest power first."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.rules.compose import composite, integer, is_missing
from vectorizer.rules.context import Context
from vectorizer.rules.definitions import require
from vectorizer.rules.searching import known_dtype
from vectorizer.rules.table import Call, probe
from vectorizer.source.operand import PRODUCT, Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import Affine, Array, Unsupported, union_axes

Bound = dict[str, Operand]
FLOAT = np.dtype(float)


def coefficients(rw: Context, operand: Operand) -> Operand:
    """A vector of coefficients whose length has a name."""
    operand = rw.as_array(operand)
    value = rw.array(operand)
    if value.rank != 1 or value.dims[0] is None:
        raise Unsupported("coefficients that are no vector of known length")
    return operand


def derivative(p: Any) -> Any:
    return p[:-1] * np.arange(len(p) - 1, 0, -1)


def antiderivative(p: Any, k: Any) -> Any:
    return np.append(p / np.arange(len(p), 0, -1), k)


@composite(np.polyder, "p m", "polynomial")
def lower_polyder(rw: Context, c: Call, bound: Bound) -> Operand:
    made = coefficients(rw, bound["p"])
    order = 1 if is_missing(bound, "m") else rw.pin_int(bound["m"], "an order")
    if order < 1:
        raise Unsupported("np.polyder of an order below one")
    for _ in range(order):
        made = rw.inline(derivative, p=made)
    return made


@composite(np.polyint, "p m k", "polynomial")
def lower_polyint(rw: Context, c: Call, bound: Bound) -> Operand:
    made = coefficients(rw, bound["p"])
    order = 1 if is_missing(bound, "m") else rw.pin_int(bound["m"], "an order")
    if order < 1:
        raise Unsupported("np.polyint of an order below one")
    constant = Operand("0.0", Array(FLOAT, 0, weak=True, const=0.0)) if is_missing(bound, "k") else bound["k"]
    constant = rw.as_array(constant)
    if rw.array(constant).rank > 1 or rw.array(constant).rank and order > 1:
        raise Unsupported("np.polyint with constants that are not known one by one")
    for _ in range(order):
        made = rw.inline(antiderivative, p=made, k=constant)
    return made


def sum_of_longer(a: Any, b: Any, n: Any) -> Any:
    return np.concatenate((a[:n], a[n:] + b))


def difference_from_longer(a: Any, b: Any, n: Any) -> Any:
    return np.concatenate((a[:n], a[n:] - b))


def difference_from_shorter(a: Any, b: Any, n: Any) -> Any:
    return np.concatenate((-b[:n], a - b[n:]))


def plain_sum(a: Any, b: Any) -> Any:
    return a + b


def plain_difference(a: Any, b: Any) -> Any:
    return a - b


def aligned(rw: Context, bound: Bound) -> tuple[Operand, Operand, Affine]:
    """Two polynomials, and by how much the first is longer."""
    one, two = (coefficients(rw, _raised(rw, bound[name])) for name in ("a1", "a2"))
    first, second = rw.array(one).dims[0], rw.array(two).dims[0]
    assert first is not None
    assert second is not None
    return one, two, first - second


def _raised(rw: Context, operand: Operand) -> Operand:
    operand = rw.as_array(operand)
    value = rw.array(operand)
    if value.rank:
        return operand
    if not value.axes:
        raise Unsupported("a polynomial that is a number")
    return Operand(f"{operand.primary}[..., None]", value.with_(rank=1, dims=(Affine(1),), weak=False))


@composite(np.polyadd, "a1 a2", "polynomial")
def lower_polyadd(rw: Context, c: Call, bound: Bound) -> Operand:
    one, two, surplus = aligned(rw, bound)
    if rw.equal(surplus, Affine()):
        return rw.inline(plain_sum, a=one, b=two)
    if rw.relies_on(surplus - 1):
        return rw.inline(sum_of_longer, a=one, b=two, n=rw.print_affine(surplus))
    if rw.relies_on(surplus * -1 - 1):
        return rw.inline(sum_of_longer, a=two, b=one, n=rw.print_affine(surplus * -1))
    raise Unsupported("polynomials of which the longer is not known")


@composite(np.polysub, "a1 a2", "polynomial")
def lower_polysub(rw: Context, c: Call, bound: Bound) -> Operand:
    one, two, surplus = aligned(rw, bound)
    if rw.equal(surplus, Affine()):
        return rw.inline(plain_difference, a=one, b=two)
    if rw.relies_on(surplus - 1):
        return rw.inline(difference_from_longer, a=one, b=two, n=rw.print_affine(surplus))
    if rw.relies_on(surplus * -1 - 1):
        return rw.inline(difference_from_shorter, a=one, b=two, n=rw.print_affine(surplus * -1))
    raise Unsupported("polynomials of which the longer is not known")


def product(a: Any, b: Any) -> Any:
    return np.convolve(a, b)


@composite(np.polymul, "a1 a2", "polynomial")
def lower_polymul(rw: Context, c: Call, bound: Bound) -> Operand:
    """Leading zeros are left away from the factors, so there must be none."""
    parts = []
    for name in ("a1", "a2"):
        part = rw.temp(coefficients(rw, bound[name]), "factor")
        test = f"({part.code}[..., 0] != 0).all()"
        require(rw, test, "the length of a product depends on leading zeros")
        parts.append(part)
    return rw.inline(product, a=parts[0], b=parts[1])


@composite(np.poly, "seq_of_zeros", "polynomial")
def lower_poly(rw: Context, c: Call, bound: Bound) -> Operand:
    """The product of the linear factors, one after the other."""
    operand = rw.temp(coefficients(rw, bound["seq_of_zeros"]), "zeros")
    value = rw.array(operand)
    if value.kind not in "iuf" or value.dtype is None:
        raise Unsupported("np.poly of complex zeros, which may be real")
    length = value.dims[0]
    assert length is not None
    if not rw.relies_on(length - 1):
        raise Unsupported("np.poly of nothing")
    dtype = np.asarray(np.poly(np.ones(2, value.dtype))).dtype
    result, k = rw.fresh("coefficients"), rw.fresh("k")
    shape = rw.shape_code(value.axes, [f"{operand.code}.shape[-1] + 1"])
    kind = "" if dtype == FLOAT else f", {rw.dtype_code(dtype)}"
    rw.emit(f"{result} = {rw.np('zeros')}({shape}{kind})")
    rw.emit(f"{result}[..., 0] = 1")
    step = f"{result}[..., 1 : {k} + 2] -= {operand.code}[..., {k}, None] * {result}[..., : {k} + 1]"
    rw.emit(f"for {k} in range({operand.code}.shape[-1]):", body=[Stmt(step, line=rw.line)])
    return Operand(result, Array(dtype, 1, value.axes, dims=(length + 1,)), fresh=True)


def companion(p: Any) -> Any:
    return np.concatenate(((-p[1:] / p[0])[None], np.eye(len(p) - 1)[:-1]))


@composite(np.roots, "p", "polynomial")
def lower_roots(rw: Context, c: Call, bound: Bound) -> Operand:
    """The eigenvalues of the companion matrix; zeros at either end would make it smaller."""
    p = rw.temp(coefficients(rw, bound["p"]), "p")
    value = rw.array(p)
    if value.dtype != FLOAT or value.dims[0] is None or not rw.relies_on(value.dims[0] - 3):
        raise Unsupported("np.roots in a form that has no rule")
    require(rw, f"({p.code}[..., [0, -1]] != 0).all()", "how many roots there are depends on zeros at the ends")
    matrix = rw.inline(companion, p=p)
    return apply_linalg(rw, rw.temp(matrix, "companion"))


def apply_linalg(rw: Context, matrix: Operand) -> Operand:
    code = call(f"{rw.np('linalg')}.eigvals", matrix.code)
    return Operand(code, Array(None, 1, rw.array(matrix).axes), fresh=True)


def scaled_fit(x: Any, y: Any, n: Any, rcond: Any) -> Any:
    powers = np.vander(x, n)
    scale = np.sqrt((powers * powers).sum(axis=0))
    return np.linalg.lstsq(powers / scale, y, rcond)[0] / scale


def scaled_fit_columns(x: Any, y: Any, n: Any, rcond: Any) -> Any:
    powers = np.vander(x, n)
    scale = np.sqrt((powers * powers).sum(axis=0))
    return np.linalg.lstsq(powers / scale, y, rcond)[0] / scale[:, None]


def weighted_fit(x: Any, y: Any, n: Any, w: Any, rcond: Any) -> Any:
    powers = np.vander(x, n) * w[:, None]
    scale = np.sqrt((powers * powers).sum(axis=0))
    return np.linalg.lstsq(powers / scale, y * w, rcond)[0] / scale


@composite(np.polyfit, "x y deg w", "polynomial")
def lower_polyfit(rw: Context, c: Call, bound: Bound) -> Operand:
    """The least squares of NumPy's own: columns of powers, scaled."""
    points, values = _as_float(rw, coefficients(rw, bound["x"])), _as_float(rw, rw.as_array(bound["y"]))
    rank = rw.array(values).rank
    degree = rw.pin_int(bound["deg"], "a degree")
    length = rw.array(points).dims[0]
    if degree < 0 or length is None or not rw.relies_on(length - degree - 1) or not 1 <= rank <= 2:
        raise Unsupported("np.polyfit in a form that has no rule")
    if not rw.equal(length, rw.array(values).dims[0]):
        raise Unsupported("np.polyfit of vectors of different lengths")
    count = integer(degree + 1)
    precision = float(np.finfo(rw.array(points).dtype or FLOAT).eps)
    rcond = Operand(f"{precision!r} * {rw.print_affine(length).at(PRODUCT + 1)}", Array(FLOAT, 0, weak=True), PRODUCT)
    if is_missing(bound, "w"):
        fit = scaled_fit if rank == 1 else scaled_fit_columns
        return rw.inline(fit, x=points, y=values, n=count, rcond=rcond)
    weights = _as_float(rw, coefficients(rw, bound["w"]))
    if rank > 1 or not rw.equal(length, rw.array(weights).dims[0]):
        raise Unsupported("np.polyfit in a form that has no rule")
    return rw.inline(weighted_fit, x=points, y=values, n=count, w=weights, rcond=rcond)


def _as_float(rw: Context, operand: Operand) -> Operand:
    """NumPy adds 0.0, which makes floats of integers."""
    value = rw.array(operand)
    if value.kind == "f" and value.dtype != np.dtype(np.float16):
        return operand
    if value.kind not in "iu":
        raise Unsupported("np.polyfit of other than real numbers")
    return Operand(f"{operand.primary}.astype(float)", value.with_(dtype=FLOAT, dims=value.dims, weak=False))


@composite(np.polyval, "p x", "elementwise")
def lower_polyval(rw: Context, c: Call, bound: Bound) -> Operand:
    coefficients, points = rw.as_array(bound["p"]), rw.as_array(bound["x"])
    p, x = rw.array(coefficients), rw.array(points)
    known_dtype(p, x)
    if p.rank != 1 or p.dims[0] is None or not rw.relies_on(p.dims[0] - 1) or x.weak and x.axes:
        raise Unsupported("np.polyval in a form that has no rule")
    axes = union_axes(p.axes, x.axes)
    result = Array(
        np.asarray(probe(np.polyval, Array(p.dtype, 1), Array(x.dtype, x.rank, weak=x.weak))).dtype,
        x.rank,
        axes,
        dims=x.dims,
    )
    points = rw.expand(points, axes, x.rank)
    code = coefficients.code
    if p.axes:
        moved = f"{call(rw.np('moveaxis'), coefficients.code, '-1', '0')}"
        index = [":", *(":" if axis in p.axes else "None" for axis in axes), *["None"] * x.rank]
        code = f"{moved}[{', '.join(index)}]" if "None" in index else moved
    return Operand(call(c.function, code, points.code), result, fresh=True)
