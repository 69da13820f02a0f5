"""What is known of arrays without looking at their elements, and checks that leave them as they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.rules.compose import at_rank, composite, is_missing
from vectorizer.rules.context import Context, Effect
from vectorizer.rules.creation import converting
from vectorizer.rules.indexing import Parts
from vectorizer.rules.table import Call, Rule, custom, register
from vectorizer.source.operand import Operand, call
from vectorizer.values import Array, TupleV, Unsupported, Value, is_uniform, number

Bound = dict[str, Operand]


def lower_iterable(rw: Context, c: Call) -> Operand:
    value: Value = c.bind(("y",))["y"].value
    if not isinstance(value, Array) or value.zero_d:
        raise Unsupported("np.iterable of something unknown")
    return Operand(str(value.rank > 0), number(value.rank > 0))


register(np.iterable, Rule("numpy.iterable", "fact", lower_iterable, ("y",)))


def of_dtypes(function: Any) -> None:
    """A function of the dtypes of its arguments: it is asked now."""

    def lower(rw: Context, c: Call) -> Operand:
        values = [o.value for o in c.args]
        if c.keywords or any(isinstance(v, Array) and (v.weak and v.axes or v.dtype is None) for v in values):
            raise Unsupported(f"{c.name} in a form that has no rule")
        known = [np.ones((1,) * v.rank, v.dtype) if isinstance(v, Array) else rw.pin(o, "a dtype") for v, o in
                 zip(values, c.args, strict=True)]  # fmt: skip
        result = function(*known)
        if isinstance(result, bool):
            return Operand(str(result), number(result))
        code = rw.np(np.dtype(result).name)
        return Operand(code if isinstance(result, type) else f"{rw.np('dtype')}({code})", rw.value_of(result))

    register(function, Rule(f"numpy.{function.__name__}", "fact", lower))


of_dtypes(np.common_type)


@composite(np.asarray_chkfinite, "a dtype order", "creation", views=True)
def lower_chkfinite(rw: Context, c: Call, bound: Bound) -> Operand:
    """It raises for the batch where it would for one of the examples."""
    operand = rw.as_array(bound["a"])
    value = rw.array(operand)
    if bound.keys() - {"a"}:
        raise Unsupported(f"{c.name} in a form that has no rule")
    rw.hazard("an element may not be finite")
    return Operand(call(c.function, operand.code), value.with_(dims=value.dims, weak=False, zero_d=not value.rank))


@composite(np.require, "a dtype requirements", "creation", views=True)
def lower_require(rw: Context, c: Call, bound: Bound) -> Operand:
    operand = rw.as_array(bound["a"])
    value = rw.array(operand)
    if not is_missing(bound, "dtype") and np.dtype(rw.pin(bound["dtype"], "a dtype")) != value.dtype:
        raise Unsupported("np.require of another dtype")
    if not is_missing(bound, "requirements"):
        raise Unsupported("np.require of properties of one example's memory")
    return Operand(operand.code, value.with_(dims=value.dims, weak=False, zero_d=not value.rank), operand.level)


converting(np.asfortranarray)


@composite(np.real_if_close, "a tol", "elementwise", views=True)
def lower_real_if_close(rw: Context, c: Call, bound: Bound) -> Operand:
    operand = rw.as_array(bound["a"])
    value = rw.array(operand)
    if value.kind not in "biuf":
        raise Unsupported("whether complex numbers are close to real ones is decided for each example")
    return Operand(operand.code, value.with_(dims=value.dims, weak=False, zero_d=not value.rank), operand.level)


# --- places ----------------------------------------------------------------------------------------------------------


def places(function: Any, plain: Any, params: str) -> None:
    """diag_indices_from and its kin: indices of the shape of an example."""
    names = tuple(params.split())

    def lower(rw: Context, c: Call) -> Operand:
        bound = c.bind(names)
        operand = rw.as_array(bound["arr"])
        value = rw.array(operand)
        if not rw.array(operand).axes or "k" in bound and not is_uniform(bound["k"].value):
            raise Unsupported(f"{c.name} in a form that has no rule")
        lengths: list[Operand] = rw.items(rw.attribute(operand, "shape"))
        part = Array(np.dtype(np.intp), 1)
        if plain is np.diag_indices:
            if value.rank < 2 or not all(rw.equal(value.dims[0], d) for d in value.dims[1:]):
                raise Unsupported("np.diag_indices_from of an array that is not known to be square")
            return Operand(
                call(rw.np("diag_indices"), lengths[0].code, str(value.rank)),
                TupleV((Array(np.dtype(np.intp), 1, dims=value.dims[:1]),) * value.rank),
            )
        if value.rank != 2:
            raise Unsupported(f"{c.name} of an array of rank {value.rank}")
        k = bound["k"].code if "k" in bound else None
        return Operand(call(rw.np(plain.__name__), lengths[0].code, k=k, m=lengths[1].code), TupleV((part, part)))

    register(function, Rule(f"numpy.{function.__name__}", "fact", lower, names))


places(np.diag_indices_from, np.diag_indices, "arr")
places(np.triu_indices_from, np.triu_indices, "arr k")
places(np.tril_indices_from, np.tril_indices, "arr k")


@composite(np.ix_, "a b c d", "indexing", views=True)
def lower_ix(rw: Context, c: Call, bound: Bound) -> Operand:
    """Each vector along an axis of its own."""
    vectors = [rw.as_array(a) for a in c.args]
    count = len(vectors)
    parts = []
    for k, vector in enumerate(vectors):
        value = rw.array(vector)
        if value.rank != 1 or value.kind not in "iu":
            raise Unsupported("np.ix_ of other than vectors of integers")
        raised = at_rank(rw, vector, k + 1)
        behind = ", ".join(["..."] + ["None"] * (count - k - 1))
        code = f"{raised.primary}[{behind}]" if k + 1 < count else raised.code
        parts.append(Operand(code, rw.array(raised).with_(rank=count, origins=value.origins)))
    made = TupleV(tuple(p.value for p in parts))
    return Operand(f"({', '.join(p.code for p in parts)},)", made, node=Parts(parts))


# --- methods that read the same memory in another way ----------------------------------------------------------------


@custom(method="byteswap", params="a inplace", kind="elementwise")
def lower_byteswap(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "inplace"))
    if "inplace" in bound and rw.pin(bound["inplace"], "inplace="):
        raise Effect("byteswap in place")
    value = rw.array(bound["a"])
    code = f"{bound['a'].primary}.byteswap()"
    return Operand(code, value.with_(dims=value.dims, origins=frozenset()), fresh=True)


@custom(method="view", params="a dtype type", kind="elementwise")
def lower_view(rw: Context, c: Call) -> Operand:
    """As another dtype of the same size."""
    bound = c.bind(("a", "dtype"))
    value = rw.array(bound["a"])
    rw.may_share(value)
    dtype = np.dtype(rw.pin(bound["dtype"], "a dtype")) if "dtype" in bound else value.dtype
    if value.dtype is None or dtype is None or dtype.itemsize != value.dtype.itemsize or dtype.kind not in "biufc":
        raise Unsupported("a view as a dtype of another size")
    code = c.render(("a", "dtype"), {"a": bound["a"].primary} | {k: o.code for k, o in bound.items() if k != "a"})
    return Operand(code, value.with_(dtype=dtype, dims=value.dims))
