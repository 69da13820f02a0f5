"""Products that contract axes: matmul, dot, einsum, tensordot, and the gufuncs of linear algebra."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.rules.elementwise import GUFUNC, is_none, strengthen, ufunc_result
from vectorizer.rules.reductions import flattened, normalized, remaining, shifted
from vectorizer.rules.table import Call, Rule, custom, probe, register, value_like
from vectorizer.source.operand import PRODUCT, Operand, call
from vectorizer.values import Affine, Array, Axes, Dims, TupleV, Unsupported, union_axes


def product_dtype(values: Sequence[Array]) -> np.dtype[Any] | None:
    if any(v.dtype is None for v in values):
        return None
    return np.result_type(*(np.dtype(v.dtype) for v in values if v.dtype is not None))


def batched(rw: Context, operands: list[Operand], cores: Sequence[int]) -> tuple[list[Operand], Axes]:
    """Operands of a gufunc with core ranks `cores`: their batch axes (and extra logical axes) made to broadcast."""
    values = [rw.array(o) for o in operands]
    axes = union_axes(*(v.axes for v in values))
    if not axes:
        return operands, axes
    loop_rank = max(v.rank - core for v, core in zip(values, cores, strict=True))
    done = []
    for operand, value, core in zip(operands, values, cores, strict=True):
        index = [":" if axis in value.axes else "None" for axis in axes] + ["None"] * (loop_rank - value.rank + core)
        if not value.axes:
            done.append(operand)
            continue
        while index and index[0] == "None":
            index.pop(0)
        while index and index[-1] == ":":
            index.pop()
        if "None" in index:
            operand = Operand(f"{operand.primary}[{', '.join(index)}]", value)
        done.append(operand)
    return done, axes


def lower_matmul(rw: Context, first: Operand, second: Operand, form: str = "@") -> Operand:
    """``first @ second`` for every combination of ranks."""
    first, second = rw.as_array(first), rw.as_array(second)
    a, b = rw.array(first), rw.array(second)
    if not a.rank or not b.rank:
        raise Unsupported("matmul of a single number")
    dtype = product_dtype([a, b])
    rank = max(a.rank, b.rank, 2) - (a.rank == 1) - (b.rank == 1)
    if a.rank == 1 and b.rank == 1:
        dims: Dims = ()
    elif a.rank <= 2 and b.rank <= 2:
        dims = (a.dims[:1] if a.rank == 2 else ()) + (b.dims[1:] if b.rank == 2 else ())
    else:
        dims = ()
    value = Array(dtype, rank, union_axes(a.axes, b.axes), dims=dims)

    def operator() -> Operand:
        if form == "@":
            return Operand(f"{left.at(PRODUCT)} @ {right.at(PRODUCT + 1)}", value, PRODUCT, fresh=True)
        return Operand(call(form, left.code, right.code), value, fresh=True)

    left, right = first, second
    if not value.axes:
        return operator()
    if a.rank >= 2 and b.rank >= 2:
        (left, right), _ = batched(rw, [first, second], [2, 2])
        return operator()
    if a.rank == 1 and b.rank == 1:
        if not b.axes and len(a.axes):
            return operator()
        if not a.axes:
            return Operand(f"{second.at(PRODUCT)} @ {first.at(PRODUCT + 1)}", value, PRODUCT, fresh=True)
        (left, right), _ = batched(rw, [first, second], [1, 1])
        return (
            Operand(call(rw.np("vecdot"), left.code, right.code), value, fresh=True)
            if value.dtype is None or value.dtype.kind != "c"
            else vecdot_plain(rw, left, right, value)
        )
    if b.rank == 1:  # matrix times vector
        if not a.axes and a.rank == 2:  # x @ A.T is one product for the whole batch
            return Operand(f"{second.at(PRODUCT)} @ {transposed(first)}", value, PRODUCT, fresh=True)
        if not b.axes:
            return operator()
        (left, right), _ = batched(rw, [first, second], [2, 1])
        return Operand(call(rw.np("matvec"), left.code, right.code), value, fresh=True)
    if not b.axes and b.rank == 2:  # vector times matrix
        return operator()
    (left, right), _ = batched(rw, [first, second], [1, 2])
    if value.dtype is None or value.dtype.kind == "c":
        code = f"({left.primary}[..., None, :] @ {right.at(PRODUCT + 1)})[..., 0, :]"
        return Operand(code, value, fresh=True)
    return Operand(call(rw.np("vecmat"), left.code, right.code), value, fresh=True)


def vecdot_plain(rw: Context, left: Operand, right: Operand, value: Array) -> Operand:
    """A dot product of complex vectors without conjugation, which `vecdot` would do."""
    return Operand(call(rw.np("sum"), f"{left.at(PRODUCT)} * {right.at(PRODUCT + 1)}", axis="-1"), value, fresh=True)


def transposed(matrix: Operand) -> str:
    """Code for the transpose of a uniform matrix; a double transpose cancels."""
    code = matrix.primary
    return code[:-2] if code.endswith(".T") else f"{code}.T"


def lower_dot(rw: Context, c: Call) -> Operand:
    """`np.dot`: its meaning depends on the ranks."""
    bound = c.bind(("a", "b", "out"))
    first, second = rw.as_array(bound["a"]), rw.as_array(bound["b"])
    a, b = rw.array(first), rw.array(second)
    form = "@" if c.base is not None else c.function
    if not (a.axes or b.axes):
        kept = c.render(("a", "b"), {"a": first.primary if c.base is not None else first.code, "b": second.code})
        return Operand(kept, _dot_value(a, b), fresh=True)
    if a.rank == 0 or b.rank == 0:
        return multiply(rw, first, second)
    if b.rank <= 2:
        if a.rank > 2 and b.rank == 2 and (a.axes or b.axes):
            return contract(rw, [first, second], [_letters(a.rank - 1) + "z", "zy"], _letters(a.rank - 1) + "y")
        contraction = window_dot(rw, first, second)
        return contraction or lower_matmul(rw, first, second, "@" if form == "@" else rw.np("matmul"))
    left = _letters(a.rank - 1) + "z"
    right = "".join(string.ascii_uppercase[: b.rank - 2]) + "z" + "y"
    return contract(rw, [first, second], [left, right], left[:-1] + right[:-2] + "y")


def _dot_value(a: Array, b: Array) -> Array:
    rank = a.rank + b.rank - (2 if a.rank and b.rank else 0)
    dims: Dims = ()
    if a.rank and b.rank:
        dims = a.dims[:-1] + (b.dims[:-2] + b.dims[-1:] if b.rank > 1 else ())
    elif a.rank or b.rank:
        dims = a.dims or b.dims
    return Array(product_dtype([a, b]), rank, dims=dims)


def _letters(count: int, start: int = 0) -> str:
    return string.ascii_lowercase[start : start + count]


def multiply(rw: Context, first: Operand, second: Operand) -> Operand:
    first, second = strengthen(rw, [first, second], np.multiply)
    aligned, axes, rank = rw.align([first, second])
    value = ufunc_result(np.multiply, [rw.array(first), rw.array(second)], axes, rank)
    return Operand(f"{aligned[0].at(PRODUCT)} * {aligned[1].at(PRODUCT + 1)}", value, PRODUCT, fresh=True)


LONGEST_UNROLLED = 8


def window_dot(rw: Context, first: Operand, second: Operand) -> Operand | None:
    """A dot product with a short sliding window as shifted slices: one pass for each element of the window."""
    window = getattr(first.node, "window", None)
    if window is None:
        window, first, second = getattr(second.node, "window", None), second, first
    if window is None:
        return None
    result: Operand | None = window.dot(rw, second)
    return result


# --- einsum ---------------------------------------------------------------------------------------------------------


def axis_letters(axes: Axes, taken: str) -> dict[Any, str]:
    """A letter of einsum's for each axis: ``b`` for a batch axis where it is free."""
    letters: dict[Any, str] = {}
    for axis in axes:
        wanted = ["b"] if axis.kind == "batch" else [axis.name[0].lower()]
        free = [
            x for x in [*wanted, *string.ascii_lowercase, *string.ascii_uppercase] if x.isalpha() and x not in taken
        ]
        letters[axis] = free[0]
        taken += free[0]
    return letters


def contract(rw: Context, operands: list[Operand], inputs: list[str], output: str, sum_axes: Axes = ()) -> Operand:
    """An einsum with the batch axes of each operand written in; axes in `sum_axes` are summed over."""
    values = [rw.array(o) for o in operands]
    axes = union_axes(*(v.axes for v in values))
    letters = axis_letters(axes, "".join(inputs) + output)
    terms = ["".join(letters[x] for x in v.axes) + term for v, term in zip(values, inputs, strict=True)]
    kept = tuple(x for x in axes if x not in sum_axes)
    target = "".join(letters[x] for x in kept) + output
    dims: dict[str, Affine | None] = {}
    for value, term in zip(values, inputs, strict=True):
        dims.update(zip(term, value.dims, strict=True))
    value = Array(product_dtype(values), len(output), kept, dims=tuple(dims.get(x) for x in output))
    optimize = "True" if len(operands) > 2 else None
    code = call(rw.np("einsum"), f'"{",".join(terms)}->{target}"', *(o.code for o in operands), optimize=optimize)
    return Operand(code, value, fresh=True)


@custom(np.einsum, kind="contraction")
def lower_einsum(rw: Context, c: Call) -> Operand:
    if not c.args:
        raise Unsupported("np.einsum without subscripts")
    subscripts = rw.pin(c.args[0], "einsum's subscripts")
    if not isinstance(subscripts, str) or c.keywords.keys() - {"optimize"}:
        raise Unsupported("np.einsum in its sublist form, or with out=")
    operands = [rw.as_array(arg) for arg in c.args[1:]]
    values = [rw.array(o) for o in operands]
    text = subscripts.replace(" ", "")
    ellipsis = "..." in text
    if "->" not in text:
        names = sorted(set(text) - set(",."))
        text += "->" + ("..." if ellipsis else "") + "".join(x for x in names if text.count(x) == 1)
    left, output = text.split("->")
    inputs = left.split(",")
    shared = rw.may_share(*values) if len(values) == 1 else frozenset[object]()
    axes = union_axes(*(v.axes for v in values))
    result = probe(np.einsum, subscripts, *values)
    rank = np.ndim(result)
    if not axes:
        code = call(c.function, *(a.code for a in c.args), **{k: o.code for k, o in c.keywords.items()})
        return Operand(code, Array(np.asarray(result).dtype, rank, origins=shared), fresh=not shared)
    letters = axis_letters(axes, text)
    terms = ["".join(letters[x] for x in v.axes) + t for v, t in zip(values, inputs, strict=True)]
    target = "".join(letters[x] for x in axes) + output
    code = call(
        c.function,
        f'"{",".join(terms)}->{target}"',
        *(o.code for o in operands),
        **{k: o.code for k, o in c.keywords.items()},
    )
    return Operand(code, Array(np.asarray(result).dtype, rank, axes, origins=shared), fresh=not shared)


@custom(np.tensordot, np.linalg.tensordot, params="a b axes", kind="contraction")
def lower_tensordot(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "b", "axes"))
    first, second = rw.as_array(bound["a"]), rw.as_array(bound["b"])
    a, b = rw.array(first), rw.array(second)
    axes = rw.pin(bound["axes"], "axes=") if "axes" in bound else 2
    if not (a.axes or b.axes):
        code = c.render(("a", "b", "axes"), {k: o.code for k, o in bound.items()})
        result = value_like(probe(np.tensordot, a, b, axes))
        return Operand(code, result, fresh=True)
    if isinstance(axes, int):
        pairs = [(a.rank - axes + k, k) for k in range(axes)]
    else:
        ones, twos = (list(x) if isinstance(x, (tuple, list)) else [x] for x in axes)
        pairs = [(x % a.rank, y % b.rank) for x, y in zip(ones, twos, strict=True)]
    left = list(_letters(a.rank))
    right = list(_letters(b.rank, a.rank))
    for x, y in pairs:
        right[y] = left[x]
    summed = {left[x] for x, _ in pairs}
    output = "".join(x for x in left + right if x not in summed)
    return contract(rw, [first, second], ["".join(left), "".join(right)], output)


@custom(np.inner, params="a b", kind="contraction")
def lower_inner(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "b"))
    first, second = rw.as_array(bound["a"]), rw.as_array(bound["b"])
    a, b = rw.array(first), rw.array(second)
    if not (a.axes or b.axes):
        return Operand(call(c.function, first.code, second.code), value_like(probe(np.inner, a, b)), fresh=True)
    if a.rank == 0 or b.rank == 0:
        return multiply(rw, first, second)
    if a.rank == 1 and b.rank == 1:
        return lower_matmul(rw, first, second)
    left = _letters(a.rank - 1) + "z"
    right = _letters(b.rank - 1, a.rank) + "z"
    return contract(rw, [first, second], [left, right], left[:-1] + right[:-1])


@custom(np.outer, np.linalg.outer, params="a b", kind="contraction")
def lower_outer(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "b"))
    first, second = rw.as_array(bound["a"]), rw.as_array(bound["b"])
    a, b = rw.array(first), rw.array(second)
    if not (a.axes or b.axes):
        return Operand(call(c.function, first.code, second.code), value_like(probe(np.outer, a, b)), fresh=True)
    first, second = flattened(rw, first), flattened(rw, second)
    a, b = rw.array(first), rw.array(second)
    column = Operand(f"{first.primary}[..., None]", a.with_(rank=2, dims=(*a.dims, Affine(1))))
    row = Operand(f"{second.primary}[..., None, :]", b.with_(rank=2, dims=(Affine(1), *b.dims)))
    return multiply(rw, column, row)


@custom(np.vdot, params="a b", kind="contraction")
def lower_vdot(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "b"))
    first, second = flattened(rw, rw.as_array(bound["a"])), flattened(rw, rw.as_array(bound["b"]))
    a, b = rw.array(first), rw.array(second)
    if not (a.axes or b.axes):
        return Operand(call(c.function, *(x.code for x in c.args)), Array(product_dtype([a, b]), 0), fresh=True)
    (left, right), axes = batched(rw, [first, second], [1, 1])
    return Operand(call(rw.np("vecdot"), left.code, right.code), Array(product_dtype([a, b]), 0, axes), fresh=True)


# --- gufuncs --------------------------------------------------------------------------------------------------------


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


def lower_core(rw: Context, c: Call, function: Any, signature: str, keywords: dict[str, str] | None = None) -> Operand:
    inputs, _ = core_ranks(signature)
    operands = [rw.as_array(arg) for arg in c.args]
    values = [rw.array(o) for o in operands]
    if len(operands) != len(inputs):
        raise Unsupported(f"{c.name} in a form that has no rule")
    for value, core in zip(values, inputs, strict=True):
        if value.rank < len(core):
            raise Unsupported(f"{c.name} of an array of rank {value.rank}")
    plain = {k: rw.pin(o, k) for k, o in c.keywords.items()}
    result = probe(function, *values, **plain)
    aligned, axes = batched(rw, operands, [len(core) for core in inputs])
    code = call(c.function, *(o.code for o in aligned), **{k: o.code for k, o in c.keywords.items()})
    rw.hazard(f"{c.name} may raise")
    return Operand(code, _keep_square(value_like(result, axes), values, inputs), fresh=True)


def _keep_square(result: Any, values: list[Array], inputs: list[list[str]]) -> Any:
    first = values[0]
    if isinstance(result, Array) and result.rank == first.rank and len(inputs) == 1 and inputs[0] == ["n", "n"]:
        return Array(result.dtype, result.rank, result.axes, dims=first.dims)
    if isinstance(result, TupleV):
        return result
    return result


def core(function: Any, signature: str, name: str | None = None, *, views: bool = False) -> None:
    """A function that works on the trailing axes and broadcasts over the others; `views`: it gives a view."""

    def lower(rw: Context, c: Call) -> Operand:
        made = lower_core(rw, c, function, signature)
        if not views:
            return made
        return Operand(made.code, rw.array(made).with_(origins=rw.array(c.args[0]).origins))

    register(function, Rule(name or f"numpy.linalg.{function.__name__}", "core", lower))


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
core(np.linalg.matrix_rank, "(m,n)->()")
core(np.linalg.matrix_transpose, "(m,n)->(n,m)", views=True)
core(np.matrix_transpose, "(m,n)->(n,m)", "numpy.matrix_transpose", views=True)
core(np.linalg.matrix_norm, "(m,n)->()")
core(np.linalg.trace, "(m,n)->()")
core(np.linalg.diagonal, "(m,n)->(m)", views=True)
register(np.dot, Rule("numpy.dot", "contraction", lower_dot, ("a", "b", "out")), "dot")


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
        if value.rank == 0:
            raise Unsupported("norm of a single number")
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
    return lower_cross(rw, Call(c.function, [bound["x1"], bound["x2"]], keywords, None, c.target))


@custom(np.cross, params="a b axisa axisb axisc axis", kind="contraction")
def lower_cross(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "b", "axisa", "axisb", "axisc", "axis"))
    axes = {k: rw.pin_int(bound.pop(k), k) for k in ("axis", "axisa", "axisb", "axisc") if k in bound}
    if set(axes.values()) - {-1} or len(bound) != 2:
        raise Unsupported("np.cross with axes")
    (left, right), spread = batched(rw, [rw.as_array(bound["a"]), rw.as_array(bound["b"])], [1, 1])
    values = [rw.array(left), rw.array(right)]
    if any(v.rank < 1 for v in values):
        raise Unsupported("np.cross of single numbers")
    for value in values:
        if not rw.equal(value.dims[-1], Affine(3)):
            raise Unsupported("np.cross of vectors that are not known to have three components")
    return Operand(
        call(c.function, left.code, right.code),
        Array(
            product_dtype(values),
            max(v.rank for v in values),
            spread,
            dims=values[0].dims if values[0].rank >= values[1].rank else values[1].dims,
        ),
        fresh=True,
    )


@custom(np.linalg.matmul, params="x1 x2", kind="contraction")
def lower_linalg_matmul(rw: Context, c: Call) -> Operand:
    bound = c.bind(("x1", "x2"))
    return lower_matmul(rw, bound["x1"], bound["x2"], rw.np("matmul"))


@custom(np.linalg.vecdot, params="x1 x2 axis", kind="contraction")
def lower_vecdot(rw: Context, c: Call) -> Operand:
    bound = c.bind(("x1", "x2", "axis"))
    if "axis" in bound and rw.pin_int(bound["axis"], "an axis") != -1:
        raise Unsupported("np.linalg.vecdot along another axis than the last")
    return lower_core(rw, Call(rw.np("vecdot"), [bound["x1"], bound["x2"]], {}), np.vecdot, "(n),(n)->()")


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
    if a.rank != b.rank or not 1 <= a.rank <= 2 or len(union_axes(a.axes, b.axes)) != 1:
        raise Unsupported("np.kron of different ranks")
    left = ", ".join([*[":"] * len(a.axes), *[":", "None"] * a.rank])
    right = ", ".join([*[":"] * len(b.axes), *["None", ":"] * b.rank])
    product = multiply(
        rw,
        Operand(f"{first.primary}[{left}]", a.with_(rank=2 * a.rank)),
        Operand(f"{second.primary}[{right}]", b.with_(rank=2 * b.rank)),
    )
    value = rw.array(product).with_(rank=a.rank)
    named = rw.temp(product, "products")
    size = f"{named.code}.shape[0]"
    if a.rank == 1:
        return Operand(f"{named.code}.reshape({size}, -1)", value, fresh=True)
    rows = f"{named.code}.shape[1] * {named.code}.shape[2]"
    return Operand(f"{named.code}.reshape({size}, {rows}, -1)", value, fresh=True)


@custom(np.linalg.vector_norm, params="x axis keepdims ord", kind="reduction")
def lower_vector_norm(rw: Context, c: Call) -> Operand:
    bound = c.bind(("x", "axis", "keepdims", "ord"))
    operand = rw.as_array(bound["x"])
    value = rw.array(operand)
    if not value.rank:
        raise Unsupported("norm of a single number")
    keep = "keepdims" in bound and bool(rw.pin(bound["keepdims"], "keepdims"))
    code, logical = shifted(rw, bound.get("axis"), value)
    dtype = np.asarray(probe(np.linalg.vector_norm, np.ones(2, value.dtype))).dtype
    dims = remaining(value, logical, keep)
    codes: dict[str, str | None] = {**{k: o.code for k, o in bound.items()}, "x": operand.code}
    codes["axis"] = code
    return Operand(
        c.render(("x", "axis", "keepdims", "ord"), codes), Array(dtype, len(dims), value.axes, dims=dims), fresh=True
    )
