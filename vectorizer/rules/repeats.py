"""Functions that repeat, turn around and pad."""

from __future__ import annotations

from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.rules.elementwise import is_none
from vectorizer.rules.reductions import flattened
from vectorizer.rules.shapes import code_for, kept, shape_items
from vectorizer.rules.table import Call, Rule, custom, register
from vectorizer.source.operand import Operand, call, tuple_code
from vectorizer.values import Array, ListV, TupleV, Unsupported, is_uniform


@custom(np.tile, params="A reps", kind="shape")
def lower_tile(rw: Context, c: Call) -> Operand:
    bound = c.bind(("A", "reps"))
    operand = rw.as_array(bound["A"])
    value = rw.array(operand)
    reps = shape_items(rw, [bound["reps"]])
    rank = max(value.rank, len(reps))
    if not value.axes:
        return Operand(kept(c, ("A", "reps"), bound, A=operand.code), value.with_(rank=rank, weak=False), fresh=True)
    operand = rw.expand(operand, value.axes, rank)
    counts = ["1"] * (len(value.axes) + rank - len(reps)) + [r.code for r in reps]
    return Operand(
        call(c.function, operand.code, tuple_code(counts)),
        value.with_(rank=rank, weak=False, origins=frozenset()),
        fresh=True,
    )


@custom(np.repeat, method="repeat", params="a repeats axis", kind="shape")
def lower_repeat(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "repeats", "axis"))
    operand = rw.as_array(bound["a"])
    if rw.array(bound["repeats"]).axes:
        raise Unsupported("np.repeat by numbers that vary")
    whole = "axis" not in bound or is_none(bound["axis"])
    if whole and rw.array(operand).axes:
        operand = flattened(rw, operand)
    value = rw.array(operand)
    lead = len(value.axes)
    if whole:
        result = value.with_(rank=1, weak=False, origins=frozenset())
        axis = str(lead) if lead else None
    else:
        k = rw.pin_int(bound["axis"], "axis=")
        axis = rw.logical_axis(bound["axis"], value.rank, lead)
        result = value.with_(
            dims=tuple(None if j == k % value.rank else d for j, d in enumerate(value.dims)), origins=frozenset()
        )
    return Operand(kept(c, ("a", "repeats", "axis"), bound, a=code_for(c, operand), axis=axis), result, fresh=True)


def lower_roll(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "shift", "axis"))
    operand = rw.as_array(bound["a"])
    value = rw.array(operand)
    if not is_uniform(bound["shift"].value):
        raise Unsupported("np.roll by a shift that varies")
    whole = "axis" not in bound or is_none(bound["axis"])
    fresh = value.with_(origins=frozenset(), dims=value.dims)
    if not value.axes:
        return Operand(kept(c, ("a", "shift", "axis"), bound, a=operand.code), fresh, fresh=True)
    if whole:
        if value.rank != 1:
            return _rolled_flat(rw, operand, bound["shift"])
        axis: str | None = str(len(value.axes))
    else:
        given = rw.pin(bound["axis"], "axis=")
        many = given if isinstance(given, tuple) else (given,)
        codes = [str(k if k < 0 else k + len(value.axes)) for k in many]
        axis = tuple_code(codes) if isinstance(given, tuple) else codes[0]
    return Operand(kept(c, ("a", "shift", "axis"), bound, a=operand.code, axis=axis), fresh, fresh=True)


def _rolled_flat(rw: Context, operand: Operand, shift: Operand) -> Operand:
    """A roll over all axes goes through the flattened array."""
    value = rw.array(operand)
    if not value.rank or not isinstance(shift.value, Array):
        raise Unsupported("np.roll of a single number")
    named = rw.temp(operand, "operand")
    rolled = call(rw.np("roll"), flattened(rw, named).code, shift.code, axis=str(len(value.axes)))
    fresh = value.with_(origins=frozenset(), dims=value.dims)
    return Operand(f"{rolled}.reshape({named.code}.shape)", fresh, fresh=True)


@custom(np.flip, params="m axis", kind="shape")
def lower_flip(rw: Context, c: Call) -> Operand:
    bound = c.bind(("m", "axis"))
    operand = rw.as_array(bound["m"])
    value = rw.array(operand)
    lead = len(value.axes)
    if not lead:
        return Operand(kept(c, ("m", "axis"), bound, m=operand.code), value.with_(dims=value.dims))
    if "axis" not in bound or is_none(bound["axis"]):
        codes = [str(lead + k) for k in range(value.rank)]
        axis = codes[0] if len(codes) == 1 else tuple_code(codes)
    else:
        given = rw.pin(bound["axis"], "axis=")
        many = given if isinstance(given, tuple) else (given,)
        codes = [str(k if k < 0 else k + lead) for k in many]
        axis = tuple_code(codes) if isinstance(given, tuple) else codes[0]
    return Operand(kept(c, ("m", "axis"), bound, m=operand.code, axis=axis), value.with_(dims=value.dims))


def flip_axis(function: Any, axis: int) -> None:
    def lower(rw: Context, c: Call) -> Operand:
        operand = rw.as_array(c.args[0])
        value = rw.array(operand)
        if not value.axes:
            return Operand(call(c.function, operand.code), value.with_(dims=value.dims))
        return Operand(
            call(rw.np("flip"), operand.code, axis=str(len(value.axes) + axis)), value.with_(dims=value.dims)
        )

    register(function, Rule(f"numpy.{function.__name__}", "shape", lower))


flip_axis(np.flipud, 0)
flip_axis(np.fliplr, 1)


@custom(np.pad, params="array pad_width mode", kind="shape")
def lower_pad(rw: Context, c: Call) -> Operand:
    extra = {k: o for k, o in c.keywords.items() if k not in ("array", "pad_width", "mode")}
    c = Call(c.function, c.args, {k: o for k, o in c.keywords.items() if k not in extra}, c.base, c.target)
    bound = c.bind(("array", "pad_width", "mode"))
    operand = rw.as_array(bound["array"])
    value = rw.array(operand)
    if any(rw.array(o).axes for o in extra.values() if isinstance(o.value, Array)):
        raise Unsupported("np.pad with values that vary")
    tail = {k: o.code for k, o in extra.items()}
    if not value.axes:
        return Operand(
            call(c.function, *(a.code for a in c.args), **{k: o.code for k, o in c.keywords.items()}, **tail),
            value.with_(dims=()),
            fresh=True,
        )
    if not value.rank:
        raise Unsupported("np.pad of a single number")
    width = (
        rw.pin(bound["pad_width"], "pad_width") if not isinstance(bound["pad_width"].value, (TupleV, ListV)) else None
    )
    if isinstance(width, int):
        code = (
            f"[(0, 0)] * {len(value.axes)} + [({width}, {width})] * {value.rank}"
            if value.rank > 1
            else tuple_code(["(0, 0)"] * len(value.axes) + [f"({width}, {width})"])
        )
    else:
        items = rw.items(bound["pad_width"])
        pairs = all(isinstance(i.value, (TupleV, ListV)) for i in items)
        if pairs and len(items) == value.rank:
            code = tuple_code(["(0, 0)"] * len(value.axes) + [i.code for i in items])
        elif pairs and len(items) == 1:
            code = tuple_code(["(0, 0)"] * len(value.axes) + [items[0].code] * value.rank)
        elif not pairs and len(items) == 2 and value.rank >= 1:
            both = bound["pad_width"].code
            code = tuple_code(["(0, 0)"] * len(value.axes) + [both] * value.rank)
        else:
            raise Unsupported("np.pad in a form that has no rule")
    codes = {k: o.code for k, o in bound.items()} | {"array": operand.code, "pad_width": code}
    rendered = c.render(("array", "pad_width", "mode"), codes)
    if tail:
        rendered = rendered[:-1] + ", " + ", ".join(f"{k}={v}" for k, v in tail.items()) + ")"
    return Operand(rendered, value.with_(dims=(), origins=frozenset()), fresh=True)
