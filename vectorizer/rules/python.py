"""Rules for Python's builtins."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.rules.elementwise import select, strengthen
from vectorizer.rules.indexing import Parts
from vectorizer.rules.table import Call, Rule, custom, register, ufunc_dtypes
from vectorizer.source.operand import COMPARE, Operand, call
from vectorizer.values import (
    MISSING,
    Affine,
    Array,
    DictV,
    ListV,
    MaskedV,
    NestedV,
    Obj,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    Value,
    derived,
    is_uniform,
    number,
    promote,
)

MASKED_TRUTH: list[Callable[[Context, Operand], Operand]] = []  # filled by the module of masks, which imports this one
FLOAT, INT, BOOL = np.dtype(float), np.dtype(np.int64), np.dtype(bool)


def verbatim(c: Call) -> str:
    first = f"{c.base.primary}." if c.base is not None else ""
    return call(first + c.function, *(a.code for a in c.args), **{k: o.code for k, o in c.keywords.items()})


def python_value(rw: Context, function: Any, c: Call) -> Array | None:
    """The number that a builtin gives for known numbers."""
    values = [a.value.const for a in c.args if isinstance(a.value, Array)]
    if c.keywords or len(values) < len(c.args) or any(v is MISSING for v in values):
        return None
    try:
        result = function(*values)
    except Exception:  # noqa: BLE001 - it raises at run time as well
        return None
    return number(result) if isinstance(result, (bool, int, float, complex)) else None


def truth(rw: Context, operand: Operand) -> Operand:
    """Whether a value is true, as a boolean for each example."""
    value = operand.value
    if isinstance(value, MaskedV) and value.is_list:
        return MASKED_TRUTH[0](rw, operand)
    if not isinstance(value, Array):
        raise Unsupported("the truth of something that varies")
    if value.rank:
        raise Unsupported("the truth of an array")
    if value.kind == "b" or not value.axes:
        return operand
    return Operand(f"{operand.at(COMPARE + 1)} != 0", value.with_(dtype=BOOL, weak=True), COMPARE, fresh=True)


@custom(builtins.len, kind="builtin")
def lower_len(rw: Context, c: Call) -> Operand:
    operand = c.args[0]
    match operand.value:
        case TupleV(items=items) | ListV(items=items):
            return Operand(call(c.function, operand.code), number(len(items)).with_(affine=Affine(len(items))))
        case DictV(items=pairs):
            return Operand(call(c.function, operand.code), number(len(pairs)).with_(affine=Affine(len(pairs))))
        case SeqV():
            return Operand(call(c.function, operand.code), Array(INT, 0, weak=True))
        case StackedV(array=array) | NestedV(array=array):
            return length(rw, operand.with_value(array), 0, c.function)
        case Array(rank=0):
            raise Unsupported("len of a number")
        case Array():
            return length(rw, operand, 0, c.function)
        case Obj(value=str() as text):
            return Operand(verbatim(c), number(len(text)))
    raise Unsupported("len of something unknown")


def length(rw: Context, operand: Operand, axis: int, function: str = "len") -> Operand:
    """The length of a logical axis."""
    value = rw.array(operand)
    dim = value.dims[axis]
    result = Array(INT, 0, weak=True, affine=dim, const=dim.const if dim is not None and dim.is_const else MISSING)
    if not value.axes and axis == 0 and function == "len":
        return Operand(call("len", operand.code), result)
    known = rw.length_of_all(dim)
    if known is not None:
        return known.with_value(result)
    return Operand(f"{operand.primary}.shape[{axis + len(value.axes)}]", result)


ITEM = ".item()"


def python_number(operand: Operand) -> Operand:
    """What a function of NumPy gives for Python numbers, as one of these, where it is the same for all examples."""
    value = operand.value
    is_number = isinstance(value, Array) and value.weak and not value.axes and not value.rank
    return Operand(f"{operand.primary}{ITEM}", value, fresh=True) if is_number else operand


def extremum(function: Any, ufunc: np.ufunc, reducer: str) -> None:
    def lower(rw: Context, c: Call) -> Operand:
        if c.keywords:
            raise Unsupported(f"{c.function} with key= or default=")
        parts = c.args
        if len(parts) == 1:
            only = parts[0]
            if isinstance(only.value, (TupleV, ListV)):
                parts = rw.items(only)
            else:
                return _reduced(rw, c, reducer)
        if not parts:
            raise Unsupported(f"{c.function} of nothing")
        if all(is_uniform(p.value) for p in parts):
            return Operand(verbatim(c), _uniform_extremum(rw, function, parts, c))
        result = parts[0]
        for part in parts[1:]:
            result = _pairwise(rw, ufunc, result, part)
        return result

    register(function, Rule(f"builtins.{function.__name__}", "builtin", lower))


def _uniform_extremum(rw: Context, function: Any, parts: list[Operand], c: Call) -> Value:
    known = python_value(rw, function, c)
    if known is not None:
        return known
    values = [rw.array(p) for p in parts]
    if any(v.rank for v in values):
        raise Unsupported(f"{c.function} of arrays")
    merged = values[0]
    for value in values[1:]:
        dtype, weak = promote(merged, value)
        merged = Array(dtype, 0, weak=weak)
    if all(v.affine is not None and v.weak for v in values):
        merged = merged.with_(
            affine=derived(function.__name__, function, *(v.affine for v in values if v.affine is not None))
        )
    return merged


def _check_kinds(values: list[Array]) -> None:
    """Which number is chosen must not decide the kind of the result."""
    if len({v.dtype for v in values if not v.weak}) > 1 or len({v.kind == "b" for v in values}) > 1:
        raise Unsupported("the lesser or greater of numbers of different kinds is one or the other")
    strong = any(v.kind in "iu" and not v.weak for v in values)  # beside an array its dtype counts, not the number only
    if strong and any(v.weak and v.kind == "f" for v in values):
        raise Unsupported("the lesser or greater of a float and an integer is one or the other")


def _pairwise(rw: Context, ufunc: np.ufunc, first: Operand, second: Operand) -> Operand:
    values = [rw.array(first), rw.array(second)]
    if any(v.rank for v in values):
        raise Unsupported("min or max of arrays")
    dtype, weak = promote(*values)
    _check_kinds(values)
    rw.check_beside_small(values)
    if not weak:
        first, second = strengthen(rw, [first, second], ufunc)
    if any(v.kind == "f" for v in values) and not rw.facts.no_nan():
        first, second = rw.temp(first, "first"), rw.temp(second, "second")
        closer = rw.compare("<" if ufunc is np.minimum else ">", second, first)
        chosen = select(rw, closer, second, first)
        return chosen.with_value(rw.array(chosen).with_(weak=weak, dtype=dtype))
    aligned, axes, rank = rw.align([first, second])
    code = call(rw.np(ufunc.__name__), *(a.code for a in aligned))
    return Operand(code, Array(dtype, rank, axes, weak=weak), fresh=True)


def _reduced(rw: Context, c: Call, reducer: str) -> Operand:
    operand = rw.as_array(c.args[0])
    value = rw.array(operand)
    if value.rank != 1:
        raise Unsupported(f"{c.function} of the rows of an array")
    if isinstance(c.args[0].value, Array) and not value.axes:
        return Operand(verbatim(c), Array(value.dtype, 0))
    weak = isinstance(c.args[0].value, StackedV) and c.args[0].value.weak
    if value.kind == "f" and not rw.facts.no_nan():
        raise Unsupported(f"{c.function} of numbers that may be nan")
    rw.hazard(f"{c.function} of nothing raises")
    axis = str(len(value.axes)) if value.axes else None
    code = call(f"{rw.np(reducer)}", operand.code, axis=axis)
    return python_number(Operand(code, Array(value.dtype, 0, value.axes, weak=weak), fresh=True))


extremum(builtins.min, np.minimum, "min")
extremum(builtins.max, np.maximum, "max")


@custom(builtins.sum, kind="builtin")
def lower_sum(rw: Context, c: Call) -> Operand:
    given = c.args[0]
    start = c.args[1] if len(c.args) > 1 else c.keywords.get("start")
    if isinstance(given.value, (TupleV, ListV)) and not is_uniform(given.value):
        total = start
        for part in rw.items(given):
            total = part if total is None else rw.binary("+", total, part)
        if total is None:
            return Operand("0", number(0))
        return total
    if isinstance(given.value, (SeqV, TupleV, ListV)) and is_uniform(given.value):
        parts = [given.value.item] if isinstance(given.value, SeqV) else list(given.value.items)
        merged = number(0) if start is None else rw.array(start)
        for item in parts:
            if not isinstance(item, Array) or item.rank:
                raise Unsupported("the sum of a list of arrays")
            dtype, weak = promote(merged, item)
            merged = Array(dtype, 0, weak=weak)
        return Operand(verbatim(c), merged.with_() if parts else merged)
    if isinstance(given.value, NestedV):
        raise Unsupported("the sum of lists or tuples")
    operand = rw.as_array(given)
    value = rw.array(operand)
    if not value.rank:
        raise Unsupported("the sum of a number")
    if start is None and may_be_empty(rw, value.dims[0]):
        raise Unsupported("the sum of what may be nothing, which is an integer")
    weak = isinstance(given.value, StackedV) and given.value.weak
    dtype = INT if value.kind == "b" else value.dtype
    result = value.with_(rank=value.rank - 1, dims=value.dims[1:], dtype=dtype, weak=weak, origins=frozenset())
    if not value.axes and isinstance(given.value, Array):
        return Operand(verbatim(c), result, fresh=True)
    if start is not None and value.kind in "iub":
        summed = ufunc_dtypes(np.add, [rw.array(start), value.with_(rank=0)])[0]
        if summed is not None and summed.kind in "fc":  # integers are added to a float one by one
            code = call(rw.np("sum"), operand.code, axis=str(len(value.axes)), dtype=rw.dtype_code(summed))
            made = Operand(code, result.with_(dtype=summed, dims=result.dims), fresh=True)
            return rw.binary("+", start, made)
    keyword = (
        rw.dtype_code(value.dtype) if value.kind in "iu" and value.dtype != INT and value.dtype is not None else None
    )
    code = call(rw.np("sum"), operand.code, axis=str(len(value.axes)), dtype=keyword)
    total = python_number(Operand(code, result, fresh=True))
    return total if start is None else rw.binary("+", start, total)


def may_be_empty(rw: Context, dim: Affine | None) -> bool:
    """Whether a sum may be one of nothing at all; inside a loop, where its length changes, that is taken for 0.0."""
    if dim is None:
        return True
    if rw.facts.samples is not None and dim.evaluate(rw.facts.samples) is None:
        return False
    return not rw.relies_on(dim - 1)


def quantifier(function: Any, reducer: str) -> None:
    def lower(rw: Context, c: Call) -> Operand:
        if is_uniform(c.args[0].value):
            return Operand(verbatim(c), Array(BOOL, 0, weak=True))
        operand = rw.as_array(c.args[0])
        value = rw.array(operand)
        if value.rank != 1:
            raise Unsupported(f"{c.function} of the rows of an array")
        return Operand(
            call(rw.np(reducer), operand.code, axis=str(len(value.axes))),
            Array(BOOL, 0, value.axes, weak=True),
            fresh=True,
        )

    register(function, Rule(f"builtins.{function.__name__}", "builtin", lower))


quantifier(builtins.any, "any")
quantifier(builtins.all, "all")


@custom(builtins.abs, kind="builtin")
def lower_abs(rw: Context, c: Call) -> Operand:
    operand = rw.as_array(c.args[0])
    value = rw.array(operand)
    dtype = value.dtype
    if dtype is not None and dtype.kind == "c":
        dtype = np.dtype(f"f{dtype.itemsize // 2}")
    if value.kind == "b" and value.weak:
        raise Unsupported("abs of a bool")
    function = c.function if not value.axes else rw.np("abs")
    result = value.with_(dtype=dtype, dims=value.dims, origins=frozenset())
    return Operand(call(function, operand.code), result, fresh=True)


@custom(builtins.pow, kind="builtin")
def lower_pow(rw: Context, c: Call) -> Operand:
    if len(c.args) != 2:
        raise Unsupported("pow with a modulus")
    if all(is_uniform(a.value) for a in c.args):
        return Operand(verbatim(c), rw.binary("**", c.args[0], c.args[1]).value)
    return rw.binary("**", c.args[0], c.args[1])


@custom(builtins.divmod, kind="builtin")
def lower_divmod(rw: Context, c: Call) -> Operand:
    quotient, remainder = rw.binary("//", c.args[0], c.args[1]), rw.binary("%", c.args[0], c.args[1])
    code = f"({quotient.code}, {remainder.code})"
    if all(is_uniform(a.value) for a in c.args):
        code = verbatim(c)
    made = Operand(code, TupleV((quotient.value, remainder.value)), fresh=True)
    if not all(is_uniform(a.value) for a in c.args):
        made.node = Parts([quotient, remainder])
    return made
