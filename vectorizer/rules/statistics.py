"""Areas, averages, covariances."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.rules.compose import (
    apply,
    composite,
    integer,
    is_missing,
)
from vectorizer.rules.context import Context
from vectorizer.rules.definitions import require
from vectorizer.rules.indexing import Parts
from vectorizer.rules.reductions import normalized, remaining, shifted
from vectorizer.rules.table import Call, probe
from vectorizer.source.operand import PRODUCT, Operand, call
from vectorizer.values import Affine, Array, TupleV, Unsupported, is_uniform, union_axes

INT, FLOAT = np.dtype(np.int64), np.dtype(float)
Bound = dict[str, Operand]


def known_dtype(*values: Array) -> None:
    if any(v.dtype is None for v in values):
        raise Unsupported("the dtype of an operand is not known")


# --- sums along an axis ----------------------------------------------------------------------------------------------


def scaled_area(y: Any, axis: Any, dx: Any) -> Any:
    return np.trapezoid(y, axis=axis) * dx


@composite(np.trapezoid, "y x dx axis", "reduction")
def lower_trapezoid(rw: Context, c: Call, bound: Bound) -> Operand:
    operand = rw.as_array(bound["y"])
    value = rw.array(operand)
    axis = rw.pin_int(bound["axis"], "an axis") if "axis" in bound else -1
    gone = normalized((axis,), value.rank)
    if "dx" in bound and not is_uniform(bound["dx"].value):
        step = rw.as_array(bound["dx"])
        if rw.array(step).rank or rw.array(step).dtype != FLOAT or "x" in bound:
            raise Unsupported("np.trapezoid with steps that vary")
        return rw.inline(scaled_area, y=operand, axis=integer(axis), dx=step)
    negative = axis % value.rank - value.rank
    codes: dict[str, str | None] = {k: o.code for k, o in bound.items()}
    axes, dtypes = value.axes, [Array(value.dtype, 1)]
    if not is_missing(bound, "x"):
        points = rw.as_array(bound["x"])
        p = rw.array(points)
        if p.rank != 1:
            raise Unsupported("np.trapezoid over points of a higher rank")
        axes = union_axes(axes, p.axes)
        dtypes.append(Array(p.dtype, 1))
        if p.axes:
            index = [":"] * len(p.axes) + ["None"] * (value.rank - 1)
            index.insert(len(p.axes) + axis % value.rank, ":")
            placed = (
                Operand(f"{points.primary}[{', '.join(index)}]", p.with_(rank=value.rank)) if value.rank > 1 else points
            )
            codes["x"] = rw.expand(placed, axes, value.rank).code
            operand = rw.expand(operand, axes, value.rank)
    dtype = np.asarray(probe(np.trapezoid, *dtypes)).dtype
    codes |= {"y": operand.code, "axis": str(negative) if negative != -1 or "axis" in bound else None}
    dims = tuple(d for k, d in enumerate(value.dims) if k not in gone)
    return Operand(c.render(("y", "x", "dx", "axis"), codes), Array(dtype, value.rank - 1, axes, dims=dims), fresh=True)


@composite(np.average, "a axis weights returned keepdims", "reduction")
def lower_average(rw: Context, c: Call, bound: Bound) -> Operand:
    operand = rw.as_array(bound["a"])
    if is_missing(bound, "weights") and "returned" not in bound:
        keywords = {k: o for k, o in bound.items() if k in ("axis", "keepdims")}
        return apply(rw, np.mean, operand, **keywords)
    if is_missing(bound, "weights") or rw.array(operand).rank == 0:
        raise Unsupported("np.average in a form that has no rule")
    weights = rw.as_array(bound["weights"])
    axes = union_axes(rw.array(operand).axes, rw.array(weights).axes)
    operand = rw.temp(rw.spread(operand, axes), "values")
    value, w = rw.array(operand), rw.array(weights)
    known_dtype(value, w)
    code, logical = shifted(rw, bound.get("axis"), value)
    spread = _weights(rw, operand, weights, logical)
    keep = "keepdims" in bound and bool(rw.pin(bound["keepdims"], "keepdims"))
    returned = "returned" in bound and bool(rw.pin(bound["returned"], "returned"))
    rw.hazard("np.average raises where the weights sum to zero")
    codes = {k: o.code for k, o in bound.items()} | {"a": operand.code, "weights": spread, "axis": code}
    dtype = np.asarray(probe(np.average, np.ones(2, value.dtype), weights=np.ones(2, w.dtype))).dtype
    dims = remaining(value, logical, keep)
    result = Array(dtype, len(dims), axes, dims=dims)
    text = c.render(("a", "axis", "weights", "returned", "keepdims"), codes)
    return Operand(text, TupleV((result, result)) if returned else result, fresh=True)


def _weights(rw: Context, operand: Operand, weights: Operand, logical: tuple[int, ...]) -> str:
    """The weights in a shape that np.average takes for the whole batch."""
    value, w = rw.array(operand), rw.array(weights)
    shape = f"{operand.code}.shape"
    if w.rank == value.rank:
        full = rw.expand(weights, value.axes, value.rank)
        return full.code if w.axes == value.axes else call(rw.np("broadcast_to"), full.code, shape)
    if w.rank != 1 or len(logical) != 1:
        raise Unsupported("np.average with weights of another rank")
    if not w.axes:
        return weights.code
    index = [":" if axis in w.axes else "None" for axis in value.axes] + ["None"] * value.rank
    index[len(value.axes) + logical[0] % value.rank] = ":"
    return call(rw.np("broadcast_to"), f"{weights.primary}[{', '.join(index)}]", shape)


# --- covariances -----------------------------------------------------------------------------------------------------


def _observations(rw: Context, bound: Bound) -> Operand:
    """The variables as the rows of one matrix."""
    rows = "rowvar" not in bound or bool(rw.pin(bound["rowvar"], "rowvar"))
    parts = []
    for name in ("x", "y") if "x" in bound else ("m", "y"):
        if is_missing(bound, name):
            continue
        part = rw.as_array(bound[name])
        value = rw.array(part)
        if value.kind not in "fiub" or not 1 <= value.rank <= 2:
            raise Unsupported("a covariance of complex numbers or of arrays of a higher rank")
        if not rows and value.rank == 2:
            if rw.equal(value.dims[0], Affine(1)) or value.dims[0] is None or not rw.relies_on(value.dims[0] - 2):
                raise Unsupported("a covariance over a single row")
            part = Operand(f"{part.primary}.mT", value.with_(dims=value.dims[::-1]))
        if value.dtype != FLOAT:
            part = Operand(f"{part.primary}.astype(float)", rw.array(part).with_(dtype=FLOAT, dims=rw.array(part).dims))
        parts.append(part)
    if len(parts) == 1:
        return parts[0]
    rank = max(rw.array(p).rank for p in parts)
    if rank == 1:
        return rw.stack(parts)
    raised = [p if rw.array(p).rank == 2 else _as_row(rw, p) for p in parts]
    return apply(
        rw, np.concatenate, Operand("", TupleV(tuple(p.value for p in raised)), node=Parts(raised)), axis=integer(0)
    )


def _as_row(rw: Context, operand: Operand) -> Operand:
    value = rw.array(operand)
    return Operand(f"{operand.primary}[..., None, :]", value.with_(rank=2, dims=(Affine(1), *value.dims)))


def covariance(rw: Context, bound: Bound) -> Operand:
    if "dtype" in bound:
        raise Unsupported("a covariance with dtype=")
    if not (is_missing(bound, "fweights") and is_missing(bound, "aweights")):
        return weighted_covariance(rw, bound)
    degrees = 0 if "bias" in bound and rw.pin(bound["bias"], "bias") else 1
    if not is_missing(bound, "ddof"):
        degrees = rw.pin_int(bound["ddof"], "ddof")
    matrix = _observations(rw, bound)
    value = rw.array(matrix)
    length = value.dims[-1]
    if degrees < 0 or length is None or not rw.relies_on(length - degrees - 1):
        raise Unsupported("a covariance of too few observations")
    if value.rank == 2 and (value.dims[0] is None or not rw.relies_on(value.dims[0] - 2)):
        raise Unsupported("a covariance of a number of variables that is not known")
    matrix = rw.temp(matrix, "observations")
    mean = call(rw.np("mean"), matrix.code, axis="-1", keepdims="True")
    centred = rw.temp(Operand(f"{matrix.code} - {mean}", value.with_(dims=value.dims), fresh=True), "centred")
    count = f"({centred.code}.shape[-1] - {degrees})" if degrees else f"{centred.code}.shape[-1]"
    if value.rank == 1:
        code = f"{call(rw.np('vecdot'), centred.code, centred.code)} / {count}"
        return Operand(code, Array(FLOAT, 0, value.axes, zero_d=True), PRODUCT, fresh=True)
    code = f"{centred.code} @ {centred.code}.mT / {count}"
    return Operand(code, Array(FLOAT, 2, value.axes, dims=value.dims[:1] * 2), PRODUCT, fresh=True)


def weighted_products(x: Any, w: Any, lost: Any) -> Any:
    centred = x - (x * w).sum(axis=1, keepdims=True) / w.sum()
    return (centred * w) @ centred.T / (w.sum() - lost)


def weighted_square(x: Any, w: Any, lost: Any) -> Any:
    centred = x - (x * w).sum() / w.sum()
    return (centred * w * centred).sum() / (w.sum() - lost)


def share(w: Any, a: Any, ddof: Any) -> Any:
    return ddof * (w * a).sum() / w.sum()


def product_of(f: Any, a: Any) -> Any:
    return f * a


def weighted_covariance(rw: Context, bound: Bound) -> Operand:
    degrees = 0 if "bias" in bound and rw.pin(bound["bias"], "bias") else 1
    if not is_missing(bound, "ddof"):
        degrees = rw.pin_int(bound["ddof"], "ddof")
    given = {k: rw.as_array(bound[k]) for k in ("fweights", "aweights") if not is_missing(bound, k)}
    matrix = rw.temp(_observations(rw, bound), "observations")
    length = rw.array(matrix).dims[-1]
    for name, weights in given.items():
        w = rw.array(weights)
        if w.rank != 1 or w.kind not in ("iu" if name == "fweights" else "iuf") or not rw.equal(w.dims[0], length):
            raise Unsupported("a covariance with weights in a form that has no rule")
        require(rw, f"({weights.code} >= 0).all()", f"{name} cannot be negative", raises=True)
    if "aweights" in given and rw.array(given["aweights"]).dtype != FLOAT:
        w = rw.array(given["aweights"])
        cast = Operand(f"{given['aweights'].primary}.astype(float)", w.with_(dtype=FLOAT, dims=w.dims))
        given["aweights"] = rw.temp(cast, "aweights")
    parts = list(given.values())
    joint = rw.inline(product_of, f=parts[0], a=parts[1]) if len(parts) == 2 else parts[0]
    joint = rw.temp(joint, "weights")
    lost = integer(degrees)
    if "aweights" in given and degrees:
        lost = rw.temp(rw.inline(share, w=joint, a=given["aweights"], ddof=lost), "lost")
    rank = rw.array(matrix).rank
    total = call(rw.np("sum"), joint.code, axis="-1")
    require(rw, f"({total} - {lost.at(PRODUCT)} > 0).all()", "a covariance of too few observations")
    made = rw.inline(weighted_products if rank == 2 else weighted_square, x=matrix, w=joint, lost=lost)
    return made.with_value(rw.array(made).with_(zero_d=rank == 1))


@composite(np.cov, "m y rowvar bias ddof fweights aweights dtype", "contraction")
def lower_cov(rw: Context, c: Call, bound: Bound) -> Operand:
    return covariance(rw, bound)


@composite(np.corrcoef, "x y rowvar", "contraction")
def lower_corrcoef(rw: Context, c: Call, bound: Bound) -> Operand:
    made = rw.temp(covariance(rw, bound), "covariance")
    value = rw.array(made)
    rw.hazard("np.corrcoef divides by the deviations")
    if value.rank == 0:
        return Operand(f"{made.code} / {made.code}", value.with_(), PRODUCT, fresh=True)
    diagonal = call(rw.np("diagonal"), made.code, axis1="-2", axis2="-1")
    deviation = rw.temp(Operand(call(rw.np("sqrt"), diagonal), value.with_(rank=1)), "deviation")
    scaled = f"{made.code} / {deviation.code}[..., :, None] / {deviation.code}[..., None, :]"
    return Operand(call(rw.np("clip"), scaled, "-1", "1"), value.with_(dims=value.dims), fresh=True)
