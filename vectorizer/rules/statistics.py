"""Functions that NumPy has for one example only: searching, counting, convolving, interpolating, covariances."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.rules.compose import (
    apply,
    batch_size,
    composite,
    integer,
    is_missing,
    length_of,
)
from vectorizer.rules.context import Context
from vectorizer.rules.indexing import Parts
from vectorizer.rules.reductions import flattened, normalized, remaining, shifted
from vectorizer.rules.table import Call, probe
from vectorizer.source.operand import PRODUCT, Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import Affine, Array, TupleV, Unsupported, is_uniform, union_axes

INT, FLOAT = np.dtype(np.int64), np.dtype(float)
Bound = dict[str, Operand]


def known_dtype(*values: Array) -> None:
    if any(v.dtype is None for v in values):
        raise Unsupported("the dtype of an operand is not known")


# --- searching ------------------------------------------------------------------------------------------------------


@composite(np.searchsorted, "a v side sorter", "search", method="searchsorted")
def lower_searchsorted(rw: Context, c: Call, bound: Bound) -> Operand:
    """One sorted array for all examples: elementwise.  One for each: the elements before the sought one are counted."""
    table, sought = rw.as_array(bound["a"]), rw.as_array(bound["v"])
    a, v = rw.array(table), rw.array(sought)
    side = rw.pin(bound["side"], "side=") if "side" in bound else "left"
    if side not in ("left", "right") or a.rank != 1:
        raise Unsupported(f"{c.name} in a form that has no rule")
    if not a.axes:
        codes = {k: o.code for k, o in bound.items()} | {"a": table.primary, "v": sought.code}
        dtype = rw.np("searchsorted") if c.base is None else None
        code = c.render(("a", "v", "side", "sorter"), codes, dtype)
        return Operand(code, Array(INT, v.rank, v.axes, dims=v.dims), fresh=True)
    if "sorter" in bound or {a.kind, v.kind} - set("iuf") or {a.kind, v.kind} == {"i", "u"}:
        raise Unsupported(f"{c.name} of arrays that vary, in a form that has no rule")
    return _counted(rw, table, sought, side)


def _counted(rw: Context, table: Operand, sought: Operand, side: str) -> Operand:
    table = rw.temp(table, "table")
    test = f"({table.code}[..., 1:] >= {table.code}[..., :-1]).all()"
    rw.emit(
        f"if not {test}:", body=[Stmt('raise ValueError("an array that is searched must be sorted")', line=rw.line)]
    )
    rw.hazard("an array that is searched may not be sorted")
    a, v = rw.array(table), rw.array(sought)
    axes = union_axes(a.axes, v.axes)
    column = (
        Operand(f"{sought.primary}[..., None]", v.with_(rank=v.rank + 1, weak=False)) if v.axes or v.rank else sought
    )
    row = Operand(rw.expand(table, axes, v.rank + 1).code, a.with_(axes=axes))
    if v.axes:
        column = rw.expand(column, axes, v.rank + 1)
    less = f"{row.primary} {'<' if side == 'left' else '<='} {column.primary}"
    if v.kind == "f":  # NaN stands behind all numbers
        row, column = rw.temp(row, "table"), rw.temp(column, "sought")
        nan = call(rw.np("isnan"), column.code)
        beyond = f"{nan} & ~{call(rw.np('isnan'), row.code)}" if side == "left" else nan
        less = f"({row.code} {'<' if side == 'left' else '<='} {column.code}) | {beyond}"
    code = call(rw.np("count_nonzero"), less, axis="-1")
    return Operand(code, Array(INT, v.rank, axes, dims=v.dims), fresh=True)


@composite(np.digitize, "x bins right", "search")
def lower_digitize(rw: Context, c: Call, bound: Bound) -> Operand:
    operand = rw.as_array(bound["x"])
    if not is_uniform(bound["bins"].value):
        raise Unsupported("np.digitize with bins that vary")
    value = rw.array(operand)
    codes = {k: o.code for k, o in bound.items()} | {"x": operand.code}
    result = Array(INT, value.rank, value.axes, dims=value.dims)
    return Operand(c.render(("x", "bins", "right"), codes), result, fresh=True)


@composite(np.interp, "x xp fp left right period", "search")
def lower_interp(rw: Context, c: Call, bound: Bound) -> Operand:
    if not all(is_uniform(o.value) for k, o in bound.items() if k != "x"):
        raise Unsupported("np.interp between points that vary")
    operand = rw.as_array(bound["x"])
    value = rw.array(operand)
    dtype = np.asarray(probe(np.interp, 1.0, [1.0], np.ones(1, rw.array(rw.as_array(bound["fp"])).dtype))).dtype
    codes = {k: o.code for k, o in bound.items()} | {"x": operand.code}
    code = c.render(("x", "xp", "fp", "left", "right", "period"), codes)
    return Operand(code, Array(dtype, value.rank, value.axes, dims=value.dims), fresh=True)


@composite(np.isin, "element test_elements assume_unique invert kind", "search")
def lower_isin(rw: Context, c: Call, bound: Bound) -> Operand:
    operand, test = rw.as_array(bound["element"]), rw.as_array(bound["test_elements"])
    value, among = rw.array(operand), rw.array(test)
    for extra in bound.keys() - {"element", "test_elements"}:
        rw.pin(bound[extra], extra)
    if not among.axes:
        codes = {k: o.code for k, o in bound.items()} | {"element": operand.code}
        code = c.render(("element", "test_elements", "assume_unique", "invert", "kind"), codes)
        zero_d = not value.rank
        return Operand(code, Array(np.dtype(bool), value.rank, value.axes, dims=value.dims, zero_d=zero_d), fresh=True)
    if {value.kind, among.kind} - set("iufb") or {value.kind, among.kind} == {"i", "u"} or not value.rank:
        raise Unsupported(f"{c.name} in a form that has no rule")
    test = flattened(rw, test)
    axes = union_axes(value.axes, among.axes)
    column = Operand(f"{operand.primary}[..., None]", value.with_(rank=value.rank + 1))
    column, row = rw.expand(column, axes, value.rank + 1), rw.expand(test, axes, value.rank + 1)
    code = f"({column.primary} == {row.primary}).any(axis=-1)"
    if "invert" in bound and rw.pin(bound["invert"], "invert"):
        code = f"~{code}"
    return Operand(code, Array(np.dtype(bool), value.rank, axes, dims=value.dims), PRODUCT, fresh=True)


# --- counting -------------------------------------------------------------------------------------------------------


@composite(np.bincount, "x weights minlength", "count")
def lower_bincount(rw: Context, c: Call, bound: Bound) -> Operand:
    """Each example counts into its own range; a number beyond `minlength` raises, and then the loop decides."""
    if is_missing(bound, "minlength"):
        raise Unsupported("np.bincount without minlength= has a length that depends on the data")
    length = rw.array(bound["minlength"])
    operand = rw.as_array(bound["x"])
    if length.axes or length.rank or rw.array(operand).kind not in "iu" or rw.array(operand).rank != 1:
        raise Unsupported("np.bincount in a form that has no rule")
    weights = None if is_missing(bound, "weights") else rw.as_array(bound["weights"])
    rw.hazard("np.bincount of numbers out of range")
    count = bound["minlength"].code
    return counted(rw, operand, weights, count, length.affine)


def counted(rw: Context, operand: Operand, weights: Operand | None, count: str, length: Affine | None) -> Operand:
    value = rw.array(operand)
    axes = union_axes(value.axes, rw.array(weights).axes if weights is not None else ())
    operand = rw.spread(operand, axes)
    size = batch_size(rw, rw.array(operand))
    ramp = f"{call(rw.np('arange'), size)}[:, None]"
    places = call(rw.np("ravel_multi_index"), f"({ramp}, {operand.code})", f"({size}, {count})")
    weighting = None
    if weights is not None:
        if rw.array(weights).rank != 1 or not rw.equal(rw.array(weights).dims[0], value.dims[0]):
            raise Unsupported("weights whose length is not known to be that of the array")
        weighting = f"{rw.spread(weights, axes).primary}.ravel()"
    made = call(rw.np("bincount"), f"{places}.ravel()", weights=weighting, minlength=f"{size} * ({count})")
    dtype = INT if weights is None else FLOAT
    return Operand(f"{made}.reshape({size}, -1)", Array(dtype, 1, axes, dims=(length,)), fresh=True)


@composite(np.histogram, "a bins range density weights", "count")
def lower_histogram(rw: Context, c: Call, bound: Bound) -> Operand:
    """Edges that are the same for all examples: every element's bin is searched, and the bins are counted."""
    operand = flattened(rw, rw.as_array(bound["a"]))
    value = rw.array(operand)
    bins = bound.get("bins", integer(10))
    fixed = isinstance(bins.value, Array) and bins.value.rank == 0
    if not is_uniform(bins.value) or fixed and is_missing(bound, "range") or value.kind not in "if":
        raise Unsupported("np.histogram with bins that depend on the data")
    if not is_missing(bound, "range") and not is_uniform(bound["range"].value) or not is_missing(bound, "weights"):
        raise Unsupported("np.histogram in a form that has no rule")
    operand = rw.temp(operand, "values")
    limits = bound["range"].code if not is_missing(bound, "range") else None
    edges = Operand(call(rw.np("histogram_bin_edges"), operand.code, bins.code, range=limits), Array(None, 1))
    rw.hazard("np.histogram may raise")
    edges = rw.temp(edges, "edges")
    # What lies before the first edge is counted in front, what lies behind the last at the end, and both are cut off.
    bin_of = call(rw.np("searchsorted"), edges.code, operand.code, side='"right"')
    last = f"{operand.code} == {edges.code}[-1]"
    places = Operand(
        call(rw.np("where"), last, f"len({edges.code}) - 1", bin_of), Array(INT, 1, value.axes, dims=value.dims)
    )
    counts = counted(rw, places, None, f"len({edges.code}) + 1", None)
    hist = Operand(f"{counts.primary}[:, 1:-1]", rw.array(counts), fresh=True)
    dtype = _edge_dtype(rw, value, bins, bound)
    if not is_missing(bound, "density") and rw.pin(bound["density"], "density"):
        hist = rw.temp(hist, "counts")
        code = f"{hist.code} / {call(rw.np('diff'), edges.code)} / {hist.code}.sum(axis=-1, keepdims=True)"
        hist = Operand(code, Array(FLOAT, 1, value.axes), PRODUCT, fresh=True)
    ends = Operand(edges.code, Array(dtype, 1))
    made = TupleV((rw.array(hist), rw.array(ends)))
    return Operand(f"({hist.code}, {ends.code})", made, node=Parts([hist, ends]))


def _edge_dtype(rw: Context, value: Array, bins: Operand, bound: Bound) -> Any:
    if isinstance(bins.value, Array) and bins.value.rank == 0:
        limits = rw.as_array(bound["range"])
        kinds = [float if rw.array(limits).kind in "fi" else complex]
        return np.result_type(value.dtype if value.kind == "f" else FLOAT, *(k(1) for k in kinds))
    return rw.array(rw.as_array(bins)).dtype


# --- sums along an axis ----------------------------------------------------------------------------------------------


@composite(np.trapezoid, "y x dx axis", "reduction")
def lower_trapezoid(rw: Context, c: Call, bound: Bound) -> Operand:
    operand = rw.as_array(bound["y"])
    value = rw.array(operand)
    axis = rw.pin_int(bound["axis"], "an axis") if "axis" in bound else -1
    gone = normalized((axis,), value.rank)
    if "dx" in bound and not is_uniform(bound["dx"].value):
        raise Unsupported("np.trapezoid with a step that varies")
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
    if bound.keys() & {"fweights", "aweights", "dtype"}:
        raise Unsupported("a covariance with weights or dtype=")
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


# --- convolutions ----------------------------------------------------------------------------------------------------


def convolved(rw: Context, first: Operand, second: Operand, mode: str, correlate: bool) -> Operand:
    """A sum of shifted copies of the longer vector, one for each element of the shorter."""
    a, b = rw.array(first), rw.array(second)
    known_dtype(a, b)
    if a.rank != 1 or b.rank != 1 or "b" in (a.kind, b.kind) or mode not in ("full", "same", "valid"):
        raise Unsupported("a convolution in a form that has no rule")
    if None in (a.dims[0], b.dims[0]):
        raise Unsupported("a convolution of vectors of unknown length")
    long, short = a.dims[0], b.dims[0]
    assert long is not None and short is not None
    if not rw.relies_on(long - short):
        if correlate or not rw.relies_on(short - long):
            raise Unsupported("a correlation with a longer vector")
        first, second, a, b, long, short = second, first, b, a, short, long
    if not rw.relies_on(short - 1):
        raise Unsupported("a convolution with nothing")
    dtype = np.result_type(a.dtype, b.dtype)
    axes = union_axes(a.axes, b.axes)
    signal, kernel = rw.temp(first, "signal"), rw.temp(second, "kernel")
    n, m = f"{signal.code}.shape[-1]", f"{kernel.code}.shape[-1]"
    kind = None if dtype == FLOAT else rw.dtype_code(dtype)
    result, k = rw.fresh("convolved"), rw.fresh("k")
    shape = rw.shape_code(axes, [f"{n} + {m} - 1"])
    rw.emit(f"{result} = {call(rw.np('zeros'), shape, *([kind] if kind else []))}")
    position = f"{m} - 1 - {k}" if correlate else k
    factor = f"{kernel.code}[..., {position}]" if not b.axes else f"{kernel.code}[..., {position}, None]"
    factor = call(rw.np("conj"), factor) if correlate and b.kind == "c" else factor
    left = rw.expand(signal, axes, 1)
    weight = rw.expand(Operand(factor, b.with_()), axes, 1) if b.axes else Operand(factor, b)
    step = f"{result}[..., {k} : {k} + {n}] += {left.code} * {weight.code}"
    rw.emit(f"for {k} in range({m}):", body=[Stmt(step, line=rw.line)])
    return Operand(_cut(result, mode, n, m), Array(dtype, 1, axes, dims=(_length(long, short, mode),)), fresh=True)


def _cut(result: str, mode: str, n: str, m: str) -> str:
    if mode == "full":
        return result
    if mode == "valid":
        return f"{result}[..., {m} - 1 : {n}]"
    return f"{result}[..., ({m} - 1) // 2 : ({m} - 1) // 2 + {n}]"


def _length(long: Affine, short: Affine, mode: str) -> Affine:
    return long if mode == "same" else long + short - 1 if mode == "full" else long - short + 1


def _mode(rw: Context, bound: Bound, default: str) -> str:
    return str(rw.pin(bound["mode"], "mode=")) if "mode" in bound else default


@composite(np.convolve, "a v mode", "convolution")
def lower_convolve(rw: Context, c: Call, bound: Bound) -> Operand:
    return convolved(rw, rw.as_array(bound["a"]), rw.as_array(bound["v"]), _mode(rw, bound, "full"), False)


@composite(np.correlate, "a v mode", "convolution")
def lower_correlate(rw: Context, c: Call, bound: Bound) -> Operand:
    return convolved(rw, rw.as_array(bound["a"]), rw.as_array(bound["v"]), _mode(rw, bound, "valid"), True)


# --- polynomials -----------------------------------------------------------------------------------------------------


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


@composite(np.gradient, "f spacing axis edge_order", "along")
def lower_gradient(rw: Context, c: Call, bound: Bound) -> Operand:
    operand = rw.as_array(bound["f"])
    value = rw.array(operand)
    axes = tuple(range(value.rank))
    if not is_missing(bound, "axis"):
        given = rw.pin(bound["axis"], "an axis")
        axes = tuple(given) if isinstance(given, tuple) else (given,)
    normalized(axes, value.rank)
    if not value.axes or "spacing" in bound and not is_uniform(bound["spacing"].value) or value.rank < 1:
        raise Unsupported("np.gradient over points that vary")
    moved = [str(k if k < 0 else k + len(value.axes)) for k in axes]
    single = len(axes) == 1
    dtype = np.asarray(probe(np.gradient, np.ones(3, value.dtype))).dtype
    if (
        "spacing" in bound
        and rw.array(rw.as_array(bound["spacing"])).dtype == FLOAT
        and not rw.array(rw.as_array(bound["spacing"])).weak
    ):
        dtype = np.result_type(dtype, FLOAT)
    order = bound["edge_order"].code if "edge_order" in bound else None
    arguments = [operand.code, *([bound["spacing"].code] if "spacing" in bound else [])]
    code = call(c.function, *arguments, axis=moved[0] if single else f"({', '.join(moved)})", edge_order=order)
    part = Array(dtype, value.rank, value.axes, dims=value.dims)
    alone = single and (value.rank == 1 or not is_missing(bound, "axis"))
    return Operand(code, part if alone else TupleV((part,) * len(axes)), fresh=True)


@composite(np.ediff1d, "ary to_end to_begin", "along")
def lower_ediff1d(rw: Context, c: Call, bound: Bound) -> Operand:
    flat = flattened(rw, rw.as_array(bound["ary"]))
    value = rw.array(flat)
    if value.kind not in "ifc" or bound.keys() - {"ary"}:
        raise Unsupported("np.ediff1d in a form that has no rule")
    return apply(rw, np.diff, flat)


@composite(np.unstack, "x axis", "split", views=True)
def lower_unstack(rw: Context, c: Call, bound: Bound) -> Operand:
    operand = rw.as_array(bound["x"])
    value = rw.array(operand)
    axis = rw.pin_int(bound["axis"], "an axis") if "axis" in bound else 0
    normalized((axis,), value.rank)
    count = length_of(rw, operand, axis)
    if count > 64:
        raise Unsupported("np.unstack into many parts")
    rest = tuple(d for k, d in enumerate(value.dims) if k != axis % value.rank)
    part = value.with_(rank=value.rank - 1, dims=rest)
    codes = {"x": operand.code, "axis": str(axis if axis < 0 else axis + len(value.axes))}
    return Operand(c.render(("x", "axis"), codes), TupleV((part,) * count))
