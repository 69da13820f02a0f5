"""Memory: which buffers values share, what is stored into, and the axes that buffers are born with."""

from __future__ import annotations

import ast
from dataclasses import replace

from vectorizer.rules.context import Context, PlanChange
from vectorizer.rules.subscripts import Masked, Parts
from vectorizer.rules.table import Call
from vectorizer.source.operand import (
    Operand,
)
from vectorizer.values import (
    Array,
    Axes,
    Axis,
    NestedV,
    StackedV,
    TupleV,
    Unsupported,
    is_copy,
    sites,
    union_axes,
)

WRITTEN_APART = "examples write different values into one array that they share"


class WritesApart(Unsupported):
    """Examples write different values into an argument that they share: it should vary along `axes`."""

    def __init__(self, name: str, axes: Axes) -> None:
        super().__init__(WRITTEN_APART)
        self.name = name
        self.axes = axes


def makes_zeros(code: str) -> bool:
    """Whether an expression is a call that makes an array of zeros, and nothing else."""
    if "zeros" not in code:
        return False
    node = ast.parse(code, mode="eval").body
    name = node.func if isinstance(node, ast.Call) else None
    makers = ("zeros", "zeros_like")
    return isinstance(name, (ast.Attribute, ast.Name)) and ast.unparse(name).rpartition(".")[2] in makers


class Memory(Context):
    """What a walk knows of the memory behind arrays and lists.

    zeroed: buffers that were made of zeros, with the loops that were open then and how often they were stored into.
    """

    zeroed: dict[object, tuple[tuple[int, ...], int]]

    def node_site(self, node: object) -> object:
        return id(node)

    def site(self, c: Call) -> object:
        return c.site

    def promoted_axes(self, c: Call) -> Axes:
        return self.usable(self.plan.promoted.get(c.site, ()))

    def usable(self, axes: Axes) -> Axes:
        """Axes that the plan gives a buffer: all of them must be open here."""
        open_loops = {loop.axis for loop in self.loops}
        here = {axis for axis in axes if axis.kind != "loop" or axis in open_loops}  # others have stayed loops
        for region in self.regions:  # a buffer that is made under a condition holds the active examples only
            if here & set(region.replaced):
                here = here - set(region.replaced) | {region.axis}
        if any(axis not in self.sizes for axis in here):
            raise Unsupported("a buffer that is made for some examples only")
        return tuple(sorted(here))

    def can_size(self, axis: Axis) -> bool:
        return axis.kind == "batch"

    def store_needs(self, base: Operand, axes: Axes) -> None:
        """The buffer behind `base` must vary along `axes`: it is born that way in the next walk."""
        origins = self.array(base).origins
        if not origins:
            raise Unsupported("a store into memory whose origin is not known")
        for origin in sites(origins):
            if isinstance(origin, tuple) and origin[0] == "argument":
                raise WritesApart(origin[1], axes)
            if isinstance(origin, tuple):
                raise Unsupported(WRITTEN_APART)
            open_then = self.site_axes.get(origin, ())
            wanted = [axis for axis in axes if axis in open_then]
            if set(wanted) <= set(self.plan.promoted.get(origin, ())):
                raise Unsupported("iterations store into the same place")
            self.plan.promoted[origin] = union_axes(self.plan.promoted.get(origin, ()), wanted)
        raise PlanChange

    def kept(self, operand: Operand) -> Operand:
        """A number that is kept under a name while the array that it was read from may change.

        One example's number is a copy; the batch's is a view, which must be copied if the array is stored into.
        """
        value = operand.value
        if isinstance(value, (StackedV, NestedV)):
            return self.kept_list(operand, value)
        if not isinstance(value, Array) or not value.axes or not value.origins:
            return operand
        if value.rank:
            self.freeze(value)
            return operand
        seen = frozenset(o for o in sites(value.origins) if not is_copy(o))
        if seen & self.plan.stored:
            if value.zero_d:
                raise Unsupported("a view without axes of an array that is changed")
            copied = value.with_(origins=frozenset(), affine=value.affine)
            return Operand(f"{operand.primary}.copy()", copied, fresh=True)
        self.viewed |= seen
        return operand

    def kept_masked(self, operand: Operand) -> Operand:
        """Elements that a mask chooses, kept under a name while the array and the mask may change."""
        node = operand.node
        if isinstance(node, Parts) and isinstance(operand.value, TupleV):
            parts = [self.kept_masked(p) for p in node.parts]
            return Operand(None, operand.value, make=operand.make, node=Parts(parts))
        if not isinstance(node, Masked):
            return operand
        array, mask = self.held(node.array, node.view), self.held(node.mask)
        return Operand(None, operand.value, make=operand.make, node=Masked(array, mask, node.view))

    def held(self, part: Operand, is_view: bool = False) -> Operand:
        """An array under a name of its own, which stays as it is: for what is computed later, if at all."""
        value = self.array(part)
        seen = frozenset(o for o in value.origins if not is_copy(o))
        if seen and not is_view and seen & self.plan.stored:
            part = Operand(f"{part.primary}.copy()", value.with_(origins=frozenset(), dims=value.dims), fresh=True)
        elif seen and not is_view:
            self.viewed |= seen
        name = self.fresh("held")
        self.emit(f"{name} = {part.code}", generated=name, target=name)
        return Operand(name, part.value)

    def kept_list(self, operand: Operand, value: StackedV | NestedV) -> Operand:
        """A list of numbers or rows that is held as an array, which may be a view of what the items were read from."""
        array = value.array
        seen = frozenset(o for o in sites(array.origins) if not is_copy(o))
        if not seen or operand.fresh:
            return operand
        if seen & self.plan.stored:
            if array.rank > 1:
                raise Unsupported("a list of rows of an array that is changed")
            copied = replace(value, array=array.with_(origins=frozenset(), dims=array.dims))
            return Operand(f"{operand.primary}.copy()", copied, fresh=True)
        self.viewed |= seen
        return operand

    def freeze(self, value: Array) -> None:
        """Arrays of which `value` is a copy where an example has a view: nobody may store into them any more."""
        sources = {o[1] for o in sites(value.origins) if isinstance(o, tuple) and is_copy(o)}
        if self.loop_depth and sources & self.plan.stored:
            raise Unsupported("an array that is changed is also seen through a copy")
        self.frozen |= sources

    def written(self, base: Operand) -> None:
        """Notes that the memory behind `base` is stored into; who saw it before as a view needs a copy of it."""
        origins = sites(self.array(base).origins)
        for origin in origins & self.zeroed.keys():
            self.zeroed[origin] = (self.zeroed[origin][0], self.zeroed[origin][1] + 1)
        if origins & self.frozen or any(is_copy(o) for o in origins):
            raise Unsupported("an array that is changed is also seen through a copy")
        new = {o for o in origins if o not in self.plan.stored}
        self.plan.stored |= new
        if new & self.viewed:
            raise PlanChange
        for origin in origins:
            if isinstance(origin, tuple):
                if origin[0] != "argument":
                    raise Unsupported("a store into an array from outside the function")
                self.facts.writes.add(origin[1])

    def open_loops(self) -> tuple[int, ...]:
        """The loops that stay loops around what is walked."""
        return ()

    def is_stored_first(self, base: Operand) -> bool:
        """Whether a store, which has been noted, is the first one into an array of zeros."""
        return all(self.zeroed.get(o) == (self.open_loops(), 1) for o in base.array.origins) and bool(
            base.array.origins
        )

    def is_untouched(self, base: Operand) -> bool:
        """Whether an array holds nothing but zeros, because it has just been made of them."""
        origins, made = base.array.origins, (self.open_loops(), 0)
        return bool(origins) and all(self.zeroed.get(origin) == made for origin in origins)

    def fresh_memory(self, operand: Operand, node: object) -> Operand:
        """Gives a fresh array the site of its expression as origin, and the axes that the plan gives the site."""
        value = operand.value
        if not isinstance(value, Array) or not operand.fresh or value.origins or not (value.rank or value.zero_d):
            return operand
        site = self.node_site(node)
        self.zeroed.pop(site, None)
        if makes_zeros(operand.code) and not self.regions:
            self.zeroed[site] = self.open_loops(), 0
        self.site_axes[site] = (*self.axes, *(loop.axis for loop in self.loops), *(r.axis for r in self.regions))
        axes = self.usable(self.plan.promoted.get(site, ()))
        if set(axes) - set(value.axes):
            spread = self.spread(operand, union_axes(axes, value.axes))
            operand = Operand(f"{spread.primary}.copy()", spread.value, fresh=True)
            value = self.array(operand)
        return Operand(
            operand._code,
            value.with_(origins=frozenset((site,)), dims=value.dims, affine=value.affine, const=value.const),
            operand.level,
            make=operand.make,
            fresh=True,
            factors=operand.factors,
            divisors=operand.divisors,
            node=operand.node,
        )
