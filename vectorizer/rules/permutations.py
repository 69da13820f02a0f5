"""Random choices and orders: of what each example has, or of what all of them share."""

from __future__ import annotations

from dataclasses import dataclass

from vectorizer.rules.context import Context, Effect
from vectorizer.rules.elementwise import is_none
from vectorizer.rules.indexing import subscript
from vectorizer.rules.random import (
    FLOAT,
    LONG,
    Source,
    add_row,
    as_written,
    draw_axes,
    drawn,
    need_uniform,
    size_items,
)
from vectorizer.rules.table import Call
from vectorizer.source.operand import PRODUCT, Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import (
    INT64,
    NONE,
    Affine,
    Array,
    Axes,
    Unsupported,
    axes_of,
    is_uniform,
)

CLOSE = "1e-8"  # how far from 1 probabilities may add up; beyond it, the loop decides


@dataclass(frozen=True)
class Population:
    """What is chosen from: the numbers below `length`, or the items of `items` along its first axis."""

    length: Operand
    items: Operand | None

    @property
    def affine(self) -> Affine | None:
        return self.length.array.affine


def population(rw: Context, operand: Operand, name: str) -> Population:
    """What a choice or permutation is made from."""
    operand = rw.as_array(operand)
    value = rw.array(operand)
    if not value.rank:
        if value.axes or value.kind not in "iu" or value.zero_d:
            raise Unsupported(f"{name} of a number that differs between the examples")
        return Population(operand, None)
    named = operand if operand.is_name else rw.temp(operand, "items")
    dim = value.dims[0]
    length = Array(INT64, 0, weak=True, affine=dim)
    return Population(Operand(f"{named.primary}.shape[{len(value.axes)}]", length), named)


def orders(rw: Context, source: Source, axes: Axes, length: Operand) -> Operand:
    """An order of the numbers below `length` for each example."""
    value = Array(INT64, 1, axes, dims=(length.array.affine,))
    if source.value.is_legacy:
        size = rw.shape_code(axes, [length.code])
        return drawn(rw, f"{rw.np('argsort')}({source.prefix}random_sample({size}), axis=-1)", value)
    every = call(rw.np("broadcast_to"), call(rw.np("arange"), length.code), rw.shape_code(axes, [length.code]))
    return drawn(rw, f"{source.prefix}permuted({every}, axis=-1)", value)


def picked(rw: Context, chosen: Population, index: Operand) -> Operand:
    """The items at the places that were drawn."""
    if chosen.items is None:
        return index
    found = subscript(rw, chosen.items, [index])
    return drawn(rw, found.code, found.value)


# --- permutations ----------------------------------------------------------------------------------------------------


def lower_permutation(rw: Context, c: Call, source: Source) -> Operand:
    """The items of an array in another order, or an order of the numbers below an integer."""
    bound = c.bind(("x",) if source.value.is_legacy else ("x", "axis"))
    if "x" not in bound or "axis" in bound and rw.pin_int(bound["axis"], "an axis") != 0:
        raise Unsupported(f"{c.name} in a form that has no rule")
    chosen = population(rw, bound["x"], c.name)
    axes = draw_axes(rw, source, c.name)
    if not axes:
        need_uniform(c, c.operands)
        return drawn(rw, as_written(c), _like_permuted(source, chosen, axes))
    if chosen.items is None:
        made = orders(rw, source, axes, chosen.length)
        return made if not source.value.is_legacy else _as_long(rw, made)
    if chosen.items.array.rank == 1 and not source.value.is_legacy:
        return permuted_rows(rw, source, chosen.items, axes)
    return picked(rw, chosen, orders(rw, source, axes, chosen.length))


def _like_permuted(source: Source, chosen: Population, axes: Axes) -> Array:
    if chosen.items is not None:
        value = chosen.items.array
        return value.with_(dims=value.dims, axes=axes, origins=frozenset(), weak=False)
    return Array(LONG if source.value.is_legacy else INT64, 1, axes, dims=(chosen.affine,))


def _as_long(rw: Context, made: Operand) -> Operand:
    """`np.argsort` gives what indices are made of; legacy permutations are C's long."""
    if made.array.dtype == LONG:
        return made
    value = made.array.with_(dtype=LONG, dims=made.array.dims)
    return drawn(rw, f"{made.primary}.astype({rw.dtype_code(LONG)})", value)


def permuted_rows(rw: Context, source: Source, items: Operand, axes: Axes) -> Operand:
    """Each example's row in an order of its own."""
    if set(axes_of(items.value)) - set(axes):
        raise Effect("rows that vary where their order does not")
    full = rw.spread(items, axes)
    value = items.array
    made = value.with_(axes=axes, dims=value.dims, origins=frozenset(), weak=False)
    return drawn(rw, f"{source.prefix}permuted({full.code}, axis=-1)", made)


def lower_permuted(rw: Context, c: Call, source: Source) -> Operand:
    """Each row along an axis in an order of its own."""
    bound = c.bind(("x", "axis", "out"))
    if "x" not in bound or "out" in bound and not is_none(bound["out"]):
        raise Effect(f"{c.name} with out= has no rule")
    items = rw.as_array(bound["x"])
    value = rw.array(items)
    axis = None if "axis" not in bound or is_none(bound["axis"]) else rw.pin_int(bound["axis"], "an axis")
    if not value.rank or axis is None and value.rank != 1 or axis is not None and not -value.rank <= axis < value.rank:
        raise Unsupported(f"{c.name} in a form that has no rule")
    axes = draw_axes(rw, source, c.name)
    made = value.with_(axes=axes, dims=value.dims, origins=frozenset(), weak=False)
    if not axes:
        need_uniform(c, c.operands)
        return drawn(rw, as_written(c), made)
    if set(value.axes) - set(axes):
        raise Effect("rows that vary where their order does not")
    place = (axis or 0) % value.rank - value.rank
    return drawn(rw, f"{source.prefix}permuted({rw.spread(items, axes).code}, axis={place})", made)


def lower_shuffle(rw: Context, c: Call, source: Source) -> Operand:
    """An array's items are put into another order, in place."""
    bound = c.bind(("x",) if source.value.is_legacy else ("x", "axis"))
    items = bound.get("x")
    if items is None or not isinstance(items.value, Array) or not items.value.rank or not items.is_name:
        raise Effect(f"{c.name} of something that is not one array")
    if c.site != rw.direct or "axis" in bound and rw.pin_int(bound["axis"], "an axis") != 0:
        raise Effect(f"{c.name} in a form that has no rule")
    if rw.regions or rw.loops or rw.speculating:
        raise Effect(f"{c.name} inside a loop or branch that has become an array operation")
    axes = draw_axes(rw, source, c.name)
    if set(items.value.axes) - set(axes):
        raise Effect(f"{c.name} gives all examples the same order")
    if set(axes) - set(items.value.axes):
        rw.store_needs(items, axes)
    rw.written(items)
    if not axes:
        rw.emit(as_written(c))
    elif items.value.rank == 1 and not source.value.is_legacy:
        rw.emit(f"{source.prefix}permuted({items.code}, axis=-1, out={items.code})")
    else:
        length = Operand(f"{items.primary}.shape[{len(axes)}]", Array(INT64, 0, weak=True, affine=items.value.dims[0]))
        taken = subscript(rw, items, [orders(rw, source, axes, length)])
        rw.emit(f"{items.code}[...] = {taken.code}")
    return Operand("None", NONE)


add_row("permutation", lower_permutation)
add_row("permuted", lower_permuted, legacy=False)
add_row("shuffle", lower_shuffle)


# --- choices ---------------------------------------------------------------------------------------------------------


def lower_choice(rw: Context, c: Call, source: Source) -> Operand:
    """Items of an array, or numbers below an integer, with or without putting them back."""
    params = ("a", "size", "replace", "p", *(() if source.value.is_legacy else ("axis", "shuffle")))
    bound = c.bind(params)
    if "a" not in bound or "axis" in bound and rw.pin_int(bound["axis"], "an axis") != 0:
        raise Unsupported(f"{c.name} in a form that has no rule")
    again = rw.pin(bound["replace"], "replace=") if "replace" in bound else True
    if again not in (True, False) or "shuffle" in bound and not is_uniform(bound["shuffle"].value):
        raise Unsupported(f"{c.name} in a form that has no rule")
    chosen = population(rw, bound["a"], c.name)
    size = size_items(rw, bound)
    weights = None if "p" not in bound or is_none(bound["p"]) else rw.as_array(bound["p"])
    axes = draw_axes(rw, source, c.name)
    rw.hazard("a choice may raise")
    is_shared = all(o is None or is_uniform(o.value) for o in (chosen.items, weights))
    if not axes:
        need_uniform(c, c.operands)
        return drawn(rw, as_written(c), _like_choice(source, chosen, size, axes))
    if is_shared and (again or size is None):
        codes: dict[str, str | None] = {k: o.code for k, o in bound.items()}
        codes["a"] = chosen.length.code if chosen.items is None else chosen.items.code
        codes["size"] = rw.shape_code(axes, [s.code for s in size or []])
        return drawn(rw, c.render(params, codes), _like_choice(source, chosen, size, axes))
    if again or size is None:
        index = places(rw, source, axes, chosen, size or [], weights)
    else:
        index = first_places(rw, source, axes, chosen, size, weights)
    made = picked(rw, chosen, index)
    value = _like_choice(source, chosen, size, axes)
    return made.with_value(made.array.with_(weak=value.weak, dtype=value.dtype, zero_d=value.zero_d, dims=value.dims))


def _like_choice(source: Source, chosen: Population, size: list[Operand] | None, axes: Axes) -> Array:
    """What is chosen."""
    lengths = () if size is None else tuple(s.array.affine for s in size)
    zero_d = size == []
    if chosen.items is None:
        dtype = LONG if source.value.is_legacy else INT64
        return Array(dtype, len(lengths), axes, weak=size is None, dims=lengths, zero_d=zero_d)
    value = chosen.items.array
    zero_d = zero_d and value.rank == 1
    return Array(value.dtype, len(lengths) + value.rank - 1, axes, dims=(*lengths, *value.dims[1:]), zero_d=zero_d)


def places(
    rw: Context, source: Source, axes: Axes, chosen: Population, size: list[Operand], weights: Operand | None
) -> Operand:
    """A place for each draw, as likely as `weights` says."""
    shape = rw.shape_code(axes, [s.code for s in size])
    value = Array(INT64, len(size), axes, dims=tuple(s.array.affine for s in size))
    if weights is None:
        empty = Stmt('raise ValueError("there is nothing to choose from")')
        rw.emit(f"if {chosen.length.code} <= 0:", body=[empty])
        function = "randint" if source.value.is_legacy else "integers"
        return drawn(rw, f"{source.prefix}{function}({chosen.length.code}, size={shape})", value)
    if rw.array(weights).rank != 1 or set(rw.array(weights).axes) - set(axes):
        raise Unsupported("probabilities that are not one row for each example")
    below = cumulated(rw, chosen, weights)
    uniform = "random_sample" if source.value.is_legacy else "random"
    numbers = drawn(rw, f"{source.prefix}{uniform}({shape})", Array(FLOAT, len(size), axes, dims=value.dims))
    limits = rw.fully(below, axes, len(size) + 1) if rw.array(below).axes else below
    return drawn(rw, f"({limits.code} <= {numbers.primary}[..., None]).sum(axis=-1)", value)


def cumulated(rw: Context, chosen: Population, weights: Operand) -> Operand:
    """The probability of each place and of all before it, which must add up to 1."""
    weights = rw.temp(weights, "p")
    value = rw.array(weights)
    name = rw.fresh("cumulated")
    rw.emit(f"{name} = {rw.np('cumsum')}({weights.code}, axis=-1)", target=name)
    total = f"{rw.np('abs')}({name}[..., -1:] - 1).max() <= {CLOSE}"
    test = f"{weights.primary}.shape[-1] == {chosen.length.code} and {weights.primary}.min() >= 0 and {total}"
    rw.emit(f"if not ({test}):", body=[Stmt('raise ValueError("probabilities are not as many, or do not sum to 1")')])
    made = Operand(f"{name} / {name}[..., -1:]", Array(FLOAT, 1, value.axes, dims=value.dims), PRODUCT)
    return rw.temp(made, "cumulated")


def first_places(
    rw: Context, source: Source, axes: Axes, chosen: Population, size: list[Operand], weights: Operand | None
) -> Operand:
    """As many different places as are asked for: the first ones of an order of all."""
    count = size[0].array.affine if len(size) == 1 else None
    if weights is not None or count is None or chosen.affine is None or not rw.relies_on(chosen.affine - count):
        raise Unsupported("a choice of different items that has no rule")
    check_size(rw, chosen.affine)
    order = orders(rw, source, axes, chosen.length)
    index = ", ".join([*[":"] * len(axes), f":{size[0].code}"])
    return Operand(f"{order.code}[{index}]", Array(INT64, 1, axes, dims=(count,)))


def check_size(rw: Context, length: Affine) -> None:
    """Orders of all items must not take more memory than a loop's temporaries may."""
    samples = rw.facts.samples
    if samples is None:
        return
    total = 8 * (length.evaluate(samples) or 1)
    for symbol, size in samples.items():
        total *= max(size, 1) if symbol.startswith("size:") else 1
    if total > rw.shared.temporaries:
        raise Unsupported("the orders of all items would take too much memory")


add_row("choice", lower_choice)
