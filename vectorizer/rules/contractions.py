"""Products that contract axes: matmul, dot, einsum, tensordot."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.rules.elementwise import strengthen, ufunc_result
from vectorizer.rules.reductions import flattened
from vectorizer.rules.table import Call, Rule, custom, probe, register, value_like
from vectorizer.source.operand import PRODUCT, Operand, call
from vectorizer.values import Affine, Array, Axes, Dims, Unsupported, union_axes


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
    dims: Dims = ()
    if a.rank <= 2 and b.rank <= 2:
        dims = (a.dims[:1] if a.rank == 2 else ()) + (b.dims[1:] if b.rank == 2 else ())
    value = Array(dtype, rank, union_axes(a.axes, b.axes), dims=dims)
    if not value.axes:
        return _product(first, second, value, form)
    if a.rank >= 2 and b.rank >= 2:
        (first, second), _ = batched(rw, [first, second], [2, 2])
        return _product(first, second, value, form)
    if a.rank == 1 and b.rank == 1:
        return _dot(rw, first, second, value, form)
    lower = _matrix_vector if b.rank == 1 else _vector_matrix
    return lower(rw, first, second, value, form)


def _product(first: Operand, second: Operand, value: Array, form: str = "@") -> Operand:
    """The operator or function as it stands."""
    if form == "@":
        return Operand(f"{first.at(PRODUCT)} @ {second.at(PRODUCT + 1)}", value, PRODUCT, fresh=True)
    return Operand(call(form, first.code, second.code), value, fresh=True)


def _dot(rw: Context, first: Operand, second: Operand, value: Array, form: str) -> Operand:
    """The product of two vectors, of which one at least varies."""
    a, b = rw.array(first), rw.array(second)
    if not b.axes:
        return _product(first, second, value, form)
    if not a.axes:
        return _product(second, first, value)
    if rw.has_few(a.dims[0]) and any(axis.kind == "loop" for axis in value.axes):
        return contract(rw, [first, second], ["c", "c"], "")  # `vecdot` has an inner loop for each pair
    product = all_pairs(first, second, value)
    if product is not None:
        return product
    (left, right), _ = batched(rw, [first, second], [1, 1])
    if value.dtype is not None and value.dtype.kind == "c":
        return vecdot_plain(rw, left, right, value)
    return Operand(call(rw.np("vecdot"), left.code, right.code), value, fresh=True)


def _matrix_vector(rw: Context, first: Operand, second: Operand, value: Array, form: str) -> Operand:
    a, b = rw.array(first), rw.array(second)
    if not a.axes and a.rank == 2:  # x @ A.T is one product for the whole batch
        return Operand(f"{second.at(PRODUCT)} @ {transposed(first)}", value, PRODUCT, fresh=True)
    if not b.axes:
        return _product(first, second, value, form)
    (left, right), _ = batched(rw, [first, second], [2, 1])
    return Operand(call(rw.np("matvec"), left.code, right.code), value, fresh=True)


def _vector_matrix(rw: Context, first: Operand, second: Operand, value: Array, form: str) -> Operand:
    b = rw.array(second)
    if not b.axes and b.rank == 2:
        return _product(first, second, value, form)
    (left, right), _ = batched(rw, [first, second], [1, 2])
    if value.dtype is None or value.dtype.kind == "c":
        code = f"({left.primary}[..., None, :] @ {right.at(PRODUCT + 1)})[..., 0, :]"
        return Operand(code, value, fresh=True)
    return Operand(call(rw.np("vecmat"), left.code, right.code), value, fresh=True)


def all_pairs(first: Operand, second: Operand, value: Array) -> Operand | None:
    """The dot products of all vectors along one axis with all along another: a product of matrices."""
    a, b = first.array.axes, second.array.axes
    shared = tuple(axis for axis in a if axis in b)
    if len(a) != len(shared) + 1 or len(b) != len(a) or a[:-1] != shared or b[:-1] != shared or a[-1] == b[-1]:
        return None
    if a[-1].kind != "loop" or b[-1].kind != "loop" or value.dtype is None or value.kind not in "f":
        return None
    if b[-1] < a[-1]:
        first, second = second, first
    other = f"{second.primary}.T" if not shared else f"{second.primary}.swapaxes(-2, -1)"
    return Operand(f"{first.at(PRODUCT)} @ {other}", value, PRODUCT, fresh=True)


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


register(np.dot, Rule("numpy.dot", "contraction", lower_dot, ("a", "b", "out")), "dot")
