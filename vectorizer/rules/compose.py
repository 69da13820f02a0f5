"""Rules that are written in terms of other rules, and what they share: uniform calls, slices, outputs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.rules.indexing import FULL, Slice, subscript
from vectorizer.rules.table import Call, Rule, find, gives_view, probe, register, value_like
from vectorizer.source.operand import Operand, call
from vectorizer.values import Affine, Array, Obj, Opaque, TupleV, Unsupported, Value, is_uniform, number

NO_ORIGINS = frozenset[object]()


def is_missing(bound: dict[str, Operand], name: str) -> bool:
    """Whether an argument was not given, or given as None."""
    operand = bound.get(name)
    return operand is None or isinstance(operand.value, Obj) and operand.value.value is None


def verbatim(c: Call) -> str:
    """The call as it was written."""
    first = f"{c.base.primary}." if c.base is not None else ""
    return call(first + c.function, *(a.code for a in c.args), **{k: o.code for k, o in c.keywords.items()})


def keyword_values(c: Call) -> dict[str, Value]:
    return {name: operand.value for name, operand in c.keywords.items()}


def uniform_call(c: Call, function: Any, origins: frozenset[object] = NO_ORIGINS) -> Operand:
    """A call whose operands are the same for all examples stays as it is.

    origins: the memory that the result may share.
    """
    values, keywords = [o.value for o in ([c.base] if c.base is not None else []) + c.args], keyword_values(c)
    try:
        value: Value = value_like(probe(function, *values, **keywords))
        if not origins and gives_view(function, *values, **keywords):
            arrays = [v for v in [*values, *keywords.values()] if isinstance(v, Array)]
            origins = NO_ORIGINS.union(*(v.origins for v in arrays))
    except Unsupported:
        value = Opaque()
    if origins:
        return Operand(verbatim(c), _with_origins(value, origins))
    return Operand(verbatim(c), value, fresh=True)


def _with_origins(value: Value, origins: frozenset[object]) -> Value:
    if isinstance(value, Array):
        return value.with_(origins=origins)
    if isinstance(value, TupleV):
        return TupleV(tuple(_with_origins(item, origins) for item in value.items), value.type_)
    raise Unsupported("parts of an array in a list")


Body = Callable[[Context, Call, dict[str, Operand]], Operand]


def composite(
    function: Any, params: str, kind: str, method: str | None = None, *, views: bool = False
) -> Callable[[Body], Body]:
    """Registers a lowering that is given the operands by name, some of which vary; `views`: it may give views."""
    names = tuple(params.split())
    wanted = required(function)

    def add(body: Body) -> Body:
        def lower(rw: Context, c: Call) -> Operand:
            bound = c.bind(names)
            if len(bound) < wanted:
                raise Unsupported(f"{c.name} is called with too few arguments")
            if all(is_uniform(o.value) for o in c.operands):
                shared = rw.may_share(*(o.value for o in c.operands)) if views else NO_ORIGINS
                return uniform_call(c, function, shared)
            return body(rw, c, bound)

        register(function, Rule(f"numpy.{function.__name__}", kind, lower, names), method)
        return body

    return add


def required(function: Any) -> int:
    """How many arguments a function cannot do without."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 0
    return sum(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def apply(rw: Context, function: Any, *args: Operand, **keywords: Operand) -> Operand:
    """The call of a NumPy function that has a rule."""
    c = Call(rw.np(function.__name__), list(args), dict(keywords), None, function)
    rule = find(function)
    if rule is None:
        raise Unsupported(f"np.{function.__name__} has no batching rule")
    return rule.lower(rw, c)


def integer(k: int) -> Operand:
    return Operand(str(k), number(k))


def along_axis(operand_rank: int, axis: int, item: Any) -> list[Any]:
    """A subscript with `item` at logical axis `axis`."""
    axis %= operand_rank
    return [*[FULL] * axis, item]


def between(rw: Context, operand: Operand, axis: int, lower: str, upper: str) -> Operand:
    """``x[..., lower:upper, ...]`` along a logical axis."""
    rank = rw.array(operand).rank
    item = Slice(
        integer(int(lower)) if lower else None, integer(int(upper)) if upper else None, None, f"{lower}:{upper}"
    )
    return subscript(rw, operand, along_axis(rank, axis, item))


def length_of(rw: Context, operand: Operand, axis: int) -> int:
    """A length that is known now; a guard holds it."""
    dim = rw.array(operand).dims[axis]
    if dim is None:
        raise Unsupported("a length that must be known is not")
    return rw.pin_int(Operand("", Array(np.dtype(np.int64), 0, weak=True, affine=dim)), "a length")


def batch_size(rw: Context, value: Array) -> str:
    """Code for the length of the only batch axis."""
    if len(value.axes) != 1:
        raise Unsupported("a function that can be batched along one axis only")
    return rw.size(value.axes[0])


def at_rank(rw: Context, operand: Operand, rank: int) -> Operand:
    """`operand` with logical axes of length one in front, so that it has `rank`."""
    value = rw.array(operand)
    if value.rank >= rank:
        return operand
    extra = rank - value.rank
    index = ", ".join([":"] * len(value.axes) + ["None"] * extra)
    if not value.axes and not value.rank:
        code = call(rw.np("reshape"), operand.code, f"({'1, ' * rank})" if rank > 1 else "1")
        return Operand(code, value.with_(rank=rank, weak=False, dims=(Affine(1),) * rank))
    dims = (*(Affine(1),) * extra, *value.dims)
    return Operand(f"{operand.primary}[{index}]", value.with_(rank=rank, dims=dims, weak=False))
