"""Gufuncs, and the functions of `numpy.linalg`, which work on the last axes."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from vectorizer.rules.compose import at_rank
from vectorizer.rules.context import Context
from vectorizer.rules.contractions import batched, lower_matmul, multiply, product_dtype
from vectorizer.rules.elementwise import GUFUNC, is_none
from vectorizer.rules.reductions import flattened, normalized, remaining, shifted
from vectorizer.rules.shapes import permuted
from vectorizer.rules.table import Call, Rule, custom, probe, register, value_like
from vectorizer.source.operand import Operand, call
from vectorizer.values import Affine, Array, TupleV, Unsupported


def core_ranks(signature: str) -> tuple[list[list[str]], list[list[str]]]:
    """The core dimensions of a gufunc's operands and results."""
    sides = signature.replace(" ", "").split("->")
    inputs, outputs = ([[d for d in part.strip("()").split(",") if d] for part in side.split("),(")] for side in sides)
    return inputs, outputs


def lower_gufunc(rw: Context, c: Call) -> Operand:
    """A gufunc: its loop dimensions broadcast, so only alignment is needed."""
    ufunc: np.ufunc = c.target
    if c.keywords:
        raise Unsupported(f"{c.name} with keywords")
    if ufunc is np.matmul:
        return lower_matmul(rw, c.args[0], c.args[1], c.function)
    assert ufunc.signature is not None
    return lower_core(rw, c, ufunc, ufunc.signature)


GUFUNC.append(lower_gufunc)


def lower_core(rw: Context, c: Call, function: Any, signature: str, options: tuple[str, ...] = ()) -> Operand:
    """A function of the trailing axes; what stands behind its operands must be known.

    options: names of the arguments behind the operands.
    """
    inputs, _ = core_ranks(signature)
    operands = [rw.as_array(arg) for arg in c.args[: len(inputs)]]
    values = [rw.array(o) for o in operands]
    given = dict(zip(options, c.args[len(inputs) :], strict=False)) | c.keywords
    if len(operands) != len(inputs) or len(c.args) > len(inputs) + len(options):
        raise Unsupported(f"{c.name} in a form that has no rule")
    for value, core in zip(values, inputs, strict=True):
        if value.rank < len(core):
            raise Unsupported(f"{c.name} of an array of rank {value.rank}")
    plain = {k: rw.pin(o, k) for k, o in given.items()}
    result = probe(function, *values, **plain)
    aligned, axes = batched(rw, operands, [len(core) for core in inputs])
    rest = (o.code for o in c.args[len(inputs) :])
    code = call(c.function, *(o.code for o in aligned), *rest, **{k: o.code for k, o in c.keywords.items()})
    rw.hazard(f"{c.name} may raise")
    return Operand(code, _keep_square(value_like(result, axes), values, inputs), fresh=True)


def _keep_square(result: Any, values: list[Array], inputs: list[list[str]]) -> Any:
    first = values[0]
    if isinstance(result, Array) and result.rank == first.rank and len(inputs) == 1 and inputs[0] == ["n", "n"]:
        return Array(result.dtype, result.rank, result.axes, dims=first.dims)
    if isinstance(result, TupleV):
        return result
    return result


def in_order(c: Call, params: tuple[str, ...], count: int) -> Call:
    """The call with its first `count` arguments by position, however they were given."""
    if len(c.args) >= count or not set(params[:count]) & c.keywords.keys():
        return c
    named = [c.keywords[p] for p in params[len(c.args) : count] if p in c.keywords]
    rest = {k: o for k, o in c.keywords.items() if k not in params[:count]}
    return Call(c.function, [*c.args, *named], rest, c.base, c.target, c.site)


def core(function: Any, signature: str, name: str | None = None, *, views: bool = False) -> None:
    """A function that works on the trailing axes and broadcasts over the others; `views`: it gives a view."""

    params = tuple(inspect.signature(function).parameters)
    options = params[len(core_ranks(signature)[0]) :]

    def lower(rw: Context, c: Call) -> Operand:
        made = lower_core(rw, in_order(c, params, len(params) - len(options)), function, signature, options)
        if not views:
            return made
        return Operand(made.code, rw.array(made).with_(origins=rw.array(c.args[0]).origins))

    register(function, Rule(name or f"numpy.linalg.{function.__name__}", "core", lower, params))


core(np.linalg.inv, "(n,n)->(n,n)")
core(np.linalg.pinv, "(m,n)->(n,m)")
core(np.linalg.det, "(n,n)->()")
core(np.linalg.slogdet, "(n,n)->(),()")
core(np.linalg.cholesky, "(n,n)->(n,n)")
core(np.linalg.eigh, "(n,n)->(n),(n,n)")
core(np.linalg.eigvalsh, "(n,n)->(n)")
core(np.linalg.svd, "(m,n)->(m,m),(n),(n,n)")
core(np.linalg.svdvals, "(m,n)->(n)")
core(np.linalg.qr, "(m,n)->(m,n),(n,n)")
core(np.linalg.cond, "(m,n)->()")
core(np.linalg.matrix_transpose, "(m,n)->(n,m)", views=True)
core(np.matrix_transpose, "(m,n)->(n,m)", "numpy.matrix_transpose", views=True)
core(np.linalg.matrix_norm, "(m,n)->()")
core(np.linalg.trace, "(m,n)->()")
core(np.linalg.diagonal, "(m,n)->(m)", views=True)


def is_not_zero(a: Any) -> Any:
    return (a != 0).any()


@custom(np.linalg.matrix_rank, params="A tol hermitian rtol", kind="core")
def lower_matrix_rank(rw: Context, c: Call) -> Operand:
    """The rank of a number or a vector is one, where it is not zero."""
    bound = c.bind(("A", "tol", "hermitian", "rtol"))
    operand = rw.as_array(bound["A"])
    value = rw.array(operand)
    if value.rank >= 2 or not value.axes:
        return lower_core(rw, c, np.linalg.matrix_rank, "(m,n)->()", ("tol", "hermitian", "rtol"))
    test = rw.inline(is_not_zero, a=flattened(rw, operand))
    return Operand(f"{test.primary}.astype(int)", Array(np.dtype(np.int64), 0, value.axes, weak=True), fresh=True)


@custom(np.linalg.matrix_power, params="a n", kind="core")
def lower_matrix_power(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "n"))
    value = rw.array(bound["a"])
    rw.hazard("matrix_power may raise")
    code = c.render(("a", "n"), {k: o.code for k, o in bound.items()})
    if rw.pin_int(bound["n"], "an exponent") == 1:  # the matrix itself
        return Operand(code, value.with_(dims=value.dims))
    return Operand(code, value.with_(origins=frozenset()), fresh=True)


@custom(np.linalg.solve, params="a b", kind="core")
def lower_solve(rw: Context, c: Call) -> Operand:
    """NumPy 2 takes `b` for a vector only where its rank is 1, so a batch of vectors becomes columns."""
    bound = c.bind(("a", "b"))
    first, second = rw.as_array(bound["a"]), rw.as_array(bound["b"])
    a, b = rw.array(first), rw.array(second)
    result = value_like(probe(np.linalg.solve, a, b))
    assert isinstance(result, Array)
    rw.hazard("np.linalg.solve of a singular matrix raises")
    if not (a.axes or b.axes):
        return Operand(c.render(("a", "b"), {"a": first.code, "b": second.code}), result.with_(dims=b.dims), fresh=True)
    if b.rank > 1:
        (first, second), axes = batched(rw, [first, second], [2, 2])
        return Operand(call(c.function, first.code, second.code), result.with_(axes=axes), fresh=True)
    if not b.axes:
        return Operand(call(c.function, first.code, second.code), result.with_(axes=a.axes, dims=b.dims), fresh=True)
    if not a.axes and a.rank == 2 and len(b.axes) == 1:  # one matrix, many right-hand sides
        return Operand(
            f"{call(c.function, first.code, second.primary + '.T')}.T",
            result.with_(axes=b.axes, dims=b.dims),
            fresh=True,
        )
    column = Operand(f"{second.primary}[..., None]", b.with_(rank=2))
    (first, column), axes = batched(rw, [first, column], [2, 2])
    return Operand(
        f"{call(c.function, first.code, column.code)}[..., 0]", result.with_(axes=axes, dims=b.dims), fresh=True
    )


@custom(np.linalg.norm, params="x ord axis keepdims", kind="reduction")
def lower_norm(rw: Context, c: Call) -> Operand:
    bound = c.bind(("x", "ord", "axis", "keepdims"))
    operand = rw.as_array(bound["x"])
    value = rw.array(operand)
    codes = {k: o.code for k, o in bound.items()} | {"x": operand.code}
    keep = "keepdims" in bound and bool(rw.pin(bound["keepdims"], "keepdims"))
    if "axis" not in bound or is_none(bound["axis"]):
        if value.rank == 0 and value.axes:
            codes.pop("keepdims", None)  # there is no axis to keep
            keep = False
            operand = flattened(rw, operand)
            value = rw.array(operand)
            codes["x"] = operand.code
        plain = "ord" not in bound or is_none(bound["ord"])
        if value.axes and keep and value.rank > 1:
            return _kept_norm(rw, c, operand, bound)
        if value.axes and value.rank > 2 and not plain:
            raise Unsupported("norm of an array of a higher rank")
        if value.axes and value.rank > 2:
            operand = flattened(rw, operand)
            value = rw.array(operand)
            codes["x"] = operand.code
        code, logical = shifted(rw, None, value)
    else:
        code, logical = shifted(rw, bound["axis"], value)
    if value.axes:
        codes["axis"] = code  # type: ignore[assignment]
    if "ord" in bound:
        rw.pin(bound["ord"], "ord=")
    dtype = np.asarray(probe(np.linalg.norm, np.ones(2, value.dtype))).dtype
    rank = value.rank if keep else value.rank - len(normalized(logical, value.rank))
    return Operand(c.render(("x", "ord", "axis", "keepdims"), codes), Array(dtype, rank, value.axes), fresh=True)


def _kept_norm(rw: Context, c: Call, operand: Operand, bound: dict[str, Operand]) -> Operand:
    """A norm over all axes, which stay with length one."""
    rest = {k: o for k, o in bound.items() if k == "ord"}
    whole = lower_norm(rw, Call(c.function, [operand], rest, None, c.target))
    rank = rw.array(operand).rank
    value = rw.array(whole).with_(rank=rank, dims=(Affine(1),) * rank)
    return Operand(f"{whole.primary}[{', '.join(['...', *['None'] * rank])}]", value, fresh=True)


@custom(np.trace, method="trace", params="a offset axis1 axis2", kind="reduction")
def lower_trace(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "offset", "axis1", "axis2"))
    operand = rw.as_array(bound["a"])
    value = rw.array(operand)
    lead = len(value.axes)
    if value.rank < 2:
        raise Unsupported("trace of an array of rank below 2")
    codes = {k: o.code for k, o in bound.items()} | {"a": operand.primary if c.base is not None else operand.code}
    if lead:
        for key, default in (("axis1", 0), ("axis2", 1)):
            axis = rw.pin_int(bound[key], key) if key in bound else default
            codes[key] = str(axis if axis < 0 else axis + lead)
    dtype = np.asarray(probe(np.trace, np.ones((2, 2), value.dtype))).dtype
    return Operand(
        c.render(("a", "offset", "axis1", "axis2"), codes), Array(dtype, value.rank - 2, value.axes), fresh=True
    )


@custom(np.linalg.cross, params="x1 x2 axis", kind="contraction")
def lower_linalg_cross(rw: Context, c: Call) -> Operand:
    bound = c.bind(("x1", "x2", "axis"))
    keywords = {k: o for k, o in bound.items() if k == "axis"}
    return lower_cross(rw, Call(rw.np("cross"), [bound["x1"], bound["x2"]], keywords, None, c.target))


@custom(np.cross, params="a b axisa axisb axisc axis", kind="contraction")
def lower_cross(rw: Context, c: Call) -> Operand:
    """The vectors are brought to the last axis, and the result to where it belongs."""
    bound = c.bind(("a", "b", "axisa", "axisb", "axisc", "axis"))
    places = {k: rw.pin_int(bound.pop(k), k) for k in ("axisa", "axisb", "axisc", "axis") if k in bound}
    if len(bound) != 2:
        raise Unsupported("np.cross in a form that has no rule")
    default = places.get("axis", -1)
    operands = [rw.as_array(bound[k]) for k in ("a", "b")]
    if any(rw.array(o).rank < 1 for o in operands):
        raise Unsupported("np.cross of single numbers")
    ends = [places.get(k, default) if "axis" not in places else default for k in ("axisa", "axisb", "axisc")]
    moved = [_to_the_end(rw, o, axis) for o, axis in zip(operands, ends, strict=False)]
    (left, right), spread = batched(rw, moved, [1, 1])
    values = [rw.array(o) for o in moved]
    for value in values:
        if not rw.equal(value.dims[-1], Affine(3)):
            raise Unsupported("np.cross of vectors that are not known to have three components")
    rank = max(v.rank for v in values)
    dims = values[0].dims if values[0].rank >= values[1].rank else values[1].dims
    made = Operand(
        call(rw.np("cross"), left.code, right.code), Array(product_dtype(values), rank, spread, dims=dims), fresh=True
    )
    order = list(range(rank - 1))
    order.insert(ends[2] % rank, rank - 1)
    return permuted(rw, made, order) if order != list(range(rank)) else made


def _to_the_end(rw: Context, operand: Operand, axis: int) -> Operand:
    rank = rw.array(operand).rank
    normalized((axis,), rank)
    axis %= rank
    return operand if axis == rank - 1 else permuted(rw, operand, [*(k for k in range(rank) if k != axis), axis])


@custom(np.linalg.matmul, params="x1 x2", kind="contraction")
def lower_linalg_matmul(rw: Context, c: Call) -> Operand:
    bound = c.bind(("x1", "x2"))
    return lower_matmul(rw, bound["x1"], bound["x2"], rw.np("matmul"))


@custom(np.linalg.vecdot, params="x1 x2 axis", kind="contraction")
def lower_vecdot(rw: Context, c: Call) -> Operand:
    bound = c.bind(("x1", "x2", "axis"))
    axis = rw.pin_int(bound["axis"], "an axis") if "axis" in bound else -1
    parts = [_to_the_end(rw, rw.as_array(bound[k]), axis) for k in ("x1", "x2")]
    return lower_core(rw, Call(rw.np("vecdot"), parts, {}), np.vecdot, "(n),(n)->()")


@custom(np.linalg.multi_dot, params="arrays", kind="contraction")
def lower_multi_dot(rw: Context, c: Call) -> Operand:
    parts = rw.items(c.bind(("arrays",))["arrays"])
    if not any(rw.array(p).axes for p in parts):
        values = [rw.array(p) for p in parts]
        return Operand(call(c.function, c.args[0].code), value_like(probe(np.linalg.multi_dot, values)), fresh=True)
    result = parts[0]
    for part in parts[1:]:
        result = lower_matmul(rw, result, part)
    return result


@custom(np.kron, params="a b", kind="contraction")
def lower_kron(rw: Context, c: Call) -> Operand:
    """Each axis of the first stands before one of the second; then the pairs are merged."""
    bound = c.bind(("a", "b"))
    first, second = rw.as_array(bound["a"]), rw.as_array(bound["b"])
    a, b = rw.array(first), rw.array(second)
    if not (a.axes or b.axes):
        return Operand(call(c.function, first.code, second.code), value_like(probe(np.kron, a, b)), fresh=True)
    if not a.rank or not b.rank:
        return multiply(rw, first, second)
    rank = max(a.rank, b.rank)
    (first, second), axes = batched(rw, [at_rank(rw, first, rank), at_rank(rw, second, rank)], [rank, rank])
    left = ", ".join(["...", *[":", "None"] * rank])
    right = ", ".join(["...", *["None", ":"] * rank])
    product = multiply(
        rw,
        Operand(f"{first.primary}[{left}]", rw.array(first).with_(rank=2 * rank)),
        Operand(f"{second.primary}[{right}]", rw.array(second).with_(rank=2 * rank)),
    )
    value = rw.array(product).with_(rank=rank)
    named = rw.temp(product, "products")
    lead = len(axes)
    shape = [f"{named.code}.shape[{k}]" for k in range(lead)]
    shape += [f"{named.code}.shape[{k}] * {named.code}.shape[{k + 1}]" for k in range(lead, lead + 2 * rank - 2, 2)]
    return Operand(f"{named.code}.reshape({', '.join([*shape, '-1'])})", value, fresh=True)


@custom(np.linalg.vector_norm, params="x axis keepdims ord", kind="reduction")
def lower_vector_norm(rw: Context, c: Call) -> Operand:
    bound = c.bind(("x", "axis", "keepdims", "ord"))
    operand = rw.as_array(bound["x"])
    value = rw.array(operand)
    if not value.rank and value.axes:
        bound.pop("keepdims", None)  # there is no axis to keep
        operand = flattened(rw, operand)
        value = rw.array(operand)
    keep = "keepdims" in bound and bool(rw.pin(bound["keepdims"], "keepdims"))
    code, logical = shifted(rw, bound.get("axis"), value)
    dtype = np.asarray(probe(np.linalg.vector_norm, np.ones(2, value.dtype))).dtype
    dims = remaining(value, logical, keep)
    codes: dict[str, str | None] = {**{k: o.code for k, o in bound.items()}, "x": operand.code}
    codes["axis"] = code
    return Operand(
        c.render(("x", "axis", "keepdims", "ord"), codes), Array(dtype, len(dims), value.axes, dims=dims), fresh=True
    )
