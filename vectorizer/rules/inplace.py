"""Methods that change the array itself: fill, sort, partition, put."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vectorizer.rules.context import Context, Effect
from vectorizer.rules.stores import fitted, prepare
from vectorizer.rules.table import METHODS, Call, Rule, register
from vectorizer.source.operand import Operand, call
from vectorizer.values import NONE, Array, Unsupported, axes_of, is_uniform, union_axes

Change = Callable[[Context, Call, dict[str, Operand], Array], str]


def changing(name: str, params: str) -> Callable[[Change], Change]:
    """Registers the code of a method that changes its array and gives None."""
    names = ("a", *params.split())

    def add(change: Change) -> Change:
        def lower(rw: Context, c: Call) -> Operand:
            bound = c.bind(names)
            target = bound["a"]
            rest = [o for k, o in bound.items() if k != "a"]
            prepare(rw, c, target, union_axes(*(axes_of(o.value) for o in rest)))
            try:
                return Operand(change(rw, c, bound, rw.array(target)), NONE)
            except Unsupported as error:
                raise Effect(error.reason) from None

        METHODS[name] = Rule(f"ndarray.{name}", "store", lower, names)
        return change

    return add


@changing("fill", "value")
def fill(rw: Context, c: Call, bound: dict[str, Operand], target: Array) -> str:
    value = rw.array(rw.as_array(bound["value"]))
    if value.rank or value.kind in "fc" and target.kind not in "fc" or value.kind == "c" and target.kind != "c":
        raise Unsupported("fill with a value of another kind")
    if not value.axes:
        return f"{bound['a'].primary}.fill({bound['value'].code})"
    return call(rw.np("copyto"), bound["a"].code, fitted(rw, bound["value"], target))


def can_store(value: Array, target: Array) -> bool:
    if value.dtype is None or target.dtype is None:
        return False
    return value.weak and value.kind == target.kind or np.can_cast(value.dtype, target.dtype)


def along(rw: Context, c: Call, bound: dict[str, Operand], target: Array) -> str:
    """A method that works along one axis, the last one by default."""
    axis = rw.pin_int(bound["axis"], "an axis") if "axis" in bound else -1
    if not -target.rank <= axis < target.rank:
        raise Unsupported("an axis that is out of range")
    for name in set(bound) - {"a", "axis"}:
        if not is_uniform(bound[name].value):
            raise Unsupported(f"{c.name} with a {name} that varies")
    codes: dict[str, str | None] = {k: o.code for k, o in bound.items()}
    codes["a"] = bound["a"].primary
    if "axis" in bound:
        codes["axis"] = str(axis if axis < 0 else axis + len(target.axes))
    return c.render(tuple(bound), codes)


changing("sort", "axis kind order stable")(along)
changing("partition", "kth axis kind order")(along)


@changing("put", "indices values mode")
def put(rw: Context, c: Call, bound: dict[str, Operand], target: Array) -> str:
    """Into the flattened array, at places that are the same for all examples or not."""
    indices, values = rw.as_array(bound["indices"]), rw.as_array(bound["values"])
    i, v = rw.array(indices), rw.array(values)
    if not (target.axes or i.axes or v.axes):
        return c.render(("a", "indices", "values", "mode"), {k: o.code for k, o in bound.items()})
    if target.rank != 1 or "mode" in bound or i.rank > 1 or v.rank > i.rank or not can_store(v, target):
        raise Unsupported("put in a form that has no rule")
    if v.rank and not rw.equal(i.dims[0], v.dims[0]):
        raise Unsupported("put of another number of values than places")
    places = rw.expand(indices, target.axes, i.rank).code
    lead = [f"{call(rw.np('arange'), rw.size(axis))}" for axis in target.axes]
    if len(lead) != 1:
        raise Unsupported("put along several batch axes")
    own = f"{lead[0]}[:, None]" if i.rank else lead[0]
    code = rw.expand(values, target.axes, i.rank).code if v.axes else values.code
    return f"{bound['a'].primary}[{own if i.axes else ':'}, {places}] = {code}"


def lower_put(rw: Context, c: Call) -> Operand:
    """`np.put`, as the method."""
    bound = c.bind(("a", "ind", "v", "mode"))
    rest = {"indices": bound["ind"], "values": bound["v"]} | ({"mode": bound["mode"]} if "mode" in bound else {})
    made: Operand = METHODS["put"].lower(rw, Call("put", list(rest.values()), {}, bound["a"], None, c.site))
    return made


register(np.put, Rule("numpy.put", "store", lower_put, ("a", "ind", "v", "mode")))
