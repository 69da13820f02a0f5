"""Names, memory and undoing: what a walk keeps track of while it goes through statements and expressions."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import libcst as cst

from vectorizer.rules.context import Context
from vectorizer.rules.indexing import Parts
from vectorizer.rules.table import Call
from vectorizer.source.operand import Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import (
    MISSING,
    Affine,
    Array,
    Axes,
    Axis,
    DictV,
    ListV,
    Obj,
    PerExample,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    Value,
    axes_of,
    is_uniform,
    number,
    union_axes,
)


def _is_copy(origin: object) -> bool:
    return isinstance(origin, tuple) and origin[0] == "copy"


def copies(origins: frozenset[object]) -> frozenset[object]:
    """Origins of an array that holds copies of what one example's array shares memory with."""
    return frozenset(o if isinstance(o, tuple) and o[0] == "copy" else ("copy", o) for o in origins)


@dataclass
class ActiveRegion:
    """Statements that run for some examples only: those of `mask` along the axes `replaced`, which become `axis`."""

    axis: Axis
    replaced: Axes
    mask: str
    label: str
    cache: dict[str, tuple[Operand, Operand]] = field(default_factory=dict)
    is_index: bool = False


@dataclass
class Mark:
    """A point to which a walk can return."""

    out: int
    env: dict[str, Operand]
    used: set[str]
    hazards: int
    changes: int
    imports: dict[str, str]
    conditions: set[Affine]
    writes: set[str]
    strict: bool
    helpers: int
    loops: int
    regions: int
    scopes: list[dict[str, str]]


class Walk(Context):
    """The bookkeeping of a walk."""

    module_node: cst.Module
    speculating: int = 0
    truth_only: bool = False
    lanes_depth: int = 0

    def expression(self, node: cst.BaseExpression) -> Operand:
        raise NotImplementedError

    # --- names -------------------------------------------------------------------------------------------------------

    def read(self, name: str) -> Operand:
        operand = self.env.get(name)
        if operand is not None:
            return self.restricted(name, operand)
        if name in self.local_names:
            raise Unsupported(f"{name} may not be set here")
        value = self.shared.namespace.lookup(name)
        if value is not None:
            return Operand(name, value)
        if hasattr(builtins, name):
            found = getattr(builtins, name)
            return Operand(name, number(found) if isinstance(found, bool) else Obj(found))
        raise Unsupported(f"the name {name} is not known")

    def restricted(self, name: str, operand: Operand) -> Operand:
        """A variable as the active regions see it."""
        for region in self.regions:
            if not set(axes_of(operand.value)) & set(region.replaced):
                if isinstance(operand.value, PerExample):
                    raise Unsupported("a looped value under a condition")
                continue
            cached = region.cache.get(name)
            if cached is not None and cached[0] is operand:
                operand = cached[1]
                continue
            taken = self.restrict(operand, region, name)
            region.cache[name] = (operand, taken)
            operand = taken
        return operand

    def restrict(self, operand: Operand, region: ActiveRegion, name: str) -> Operand:
        """`operand` for the active examples only."""
        value = operand.value
        if isinstance(value, (TupleV, ListV)):
            parts = [self.restrict(p, region, f"{name}_{k}") for k, p in enumerate(self.items(operand))]
            made: Value = (
                TupleV(tuple(p.value for p in parts), value.type_)
                if isinstance(value, TupleV)
                else ListV(tuple(p.value for p in parts), value.site)
            )
            codes = ", ".join(p.code for p in parts)
            code = f"[{codes}]" if isinstance(value, ListV) else f"({codes},)"
            return Operand(code, made, node=Parts(parts))
        if isinstance(value, StackedV):
            inner = self.restrict(operand.with_value(value.array), region, name)
            return inner.with_value(StackedV(self.array(inner), value.weak))
        if not isinstance(value, Array):
            if is_uniform(value):
                return operand
            raise Unsupported("a container whose items vary is used under a condition")
        if not set(value.axes) & set(region.replaced):
            return operand
        missing = [a for a in region.replaced if a not in value.axes]
        if missing:
            operand = self.spread(operand, union_axes(value.axes, missing))
            value = self.array(operand)
        position = value.axes.index(region.replaced[0])
        if value.axes[position : position + len(region.replaced)] != region.replaced:
            raise Unsupported("a condition over axes that are not next to each other")
        index = ", ".join([":"] * position + [region.mask])
        axes = (*value.axes[:position], region.axis, *value.axes[position + len(region.replaced) :])
        origins = copies(value.origins) if value.rank else frozenset[object]()
        taken = Operand(
            f"{operand.primary}[{index}]",
            value.with_(axes=axes, dims=value.dims, affine=None, origins=origins),
            fresh=True,
        )
        return self.temp(taken, f"{name}_{region.label}")

    @contextmanager
    def region(self, mask: Operand, label: str) -> Iterator[ActiveRegion]:
        """Runs what is inside for the examples of `mask` only."""
        value = self.array(mask)
        named = self.temp(mask, label)
        last = value.axes[-1]
        axis = Axis(f"{label}:{named.code}", last.depth, "lanes")
        region = ActiveRegion(axis, value.axes, named.code, label)
        self.sizes[axis] = lambda: call(self.np("count_nonzero"), named.code)
        self.regions.append(region)
        self.lanes_depth += 1
        try:
            yield region
        finally:
            self.regions.pop()
            self.lanes_depth -= 1

    def target_name(self, name: str) -> str:
        """The name under which an assignment to `name` is emitted: branches that are merged later use their own."""
        if not self.scopes:
            return name
        scope = self.scopes[-1]
        if name not in scope:
            scope[name] = self.fresh(f"{name}_{scope['']}" if scope.get("") else name)
        return scope[name]

    def assign_name(self, name: str, operand: Operand) -> None:
        """``name = operand``."""
        for region in self.regions:
            region.cache.pop(name, None)
        if operand.lazy:
            self.env[name] = operand
            return
        operand = self.kept(operand)
        target = self.target_name(name)
        if operand.code != target:
            generated = target if self.scopes else None
            self.emit(f"{target} = {operand.code}", generated=generated, target=target, pure=True)
        window = operand.node if hasattr(operand.node, "window") else None
        self.env[name] = Operand(target, operand.value, node=window, fresh=False)

    def loops_or_lanes(self) -> bool:
        return bool(self.lanes_depth)

    # --- memory ------------------------------------------------------------------------------------------------------

    def node_site(self, node: object) -> object:
        return id(node)

    def site(self, c: Call) -> object:
        return c.site

    def promoted_axes(self, c: Call) -> Axes:
        return self.usable(self.plan.promoted.get(c.site, ()))

    def usable(self, axes: Axes) -> Axes:
        """Axes that the plan gives a buffer: all of them must be open here."""
        here = set(axes)
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
        for origin in origins:
            if isinstance(origin, tuple):
                raise Unsupported("examples write different values into one array that they share")
            open_then = self.site_axes.get(origin, ())
            wanted = [axis for axis in axes if axis in open_then]
            if set(wanted) <= set(self.plan.promoted.get(origin, ())):
                raise Unsupported("iterations store into the same place")
            self.plan.promoted[origin] = union_axes(self.plan.promoted.get(origin, ()), wanted)
        from vectorizer.rules.context import PlanChange

        raise PlanChange

    def kept(self, operand: Operand) -> Operand:
        """A number that is kept under a name while the array that it was read from may change.

        One example's number is a copy; the batch's is a view, which must be copied if the array is stored into.
        """
        value = operand.value
        if isinstance(value, StackedV):
            return self.kept_list(operand, value)
        if not isinstance(value, Array) or not value.axes or not value.origins:
            return operand
        if value.rank:
            self.freeze(value)
            return operand
        seen = frozenset(o for o in value.origins if not _is_copy(o))
        if seen & self.plan.stored:
            copied = value.with_(origins=frozenset(), affine=value.affine)
            return Operand(f"{operand.primary}.copy()", copied, fresh=True)
        self.viewed |= seen
        return operand

    def kept_list(self, operand: Operand, value: StackedV) -> Operand:
        """A list of numbers or rows that is held as an array, which may be a view of what the items were read from."""
        array = value.array
        seen = frozenset(o for o in array.origins if not _is_copy(o))
        if not seen or operand.fresh:
            return operand
        if seen & self.plan.stored:
            if array.rank > 1:
                raise Unsupported("a list of rows of an array that is changed")
            copied = StackedV(array.with_(origins=frozenset(), dims=array.dims), value.weak)
            return Operand(f"{operand.primary}.copy()", copied, fresh=True)
        self.viewed |= seen
        return operand

    def freeze(self, value: Array) -> None:
        """Arrays of which `value` is a copy where an example has a view: nobody may store into them any more."""
        sources = {o[1] for o in value.origins if _is_copy(o)}  # type: ignore[index]
        if self.loop_depth and sources & self.plan.stored:
            raise Unsupported("an array that is changed is also seen through a copy")
        self.frozen |= sources

    loop_depth: int = 0

    def written(self, base: Operand) -> None:
        origins = self.array(base).origins
        if origins & self.frozen or any(_is_copy(o) for o in origins):
            raise Unsupported("an array that is changed is also seen through a copy")
        new = {o for o in origins if o not in self.plan.stored}
        self.plan.stored |= new
        if new & self.viewed:
            from vectorizer.rules.context import PlanChange

            raise PlanChange
        for origin in self.array(base).origins:
            if isinstance(origin, tuple):
                if origin[0] != "argument":
                    raise Unsupported("a store into an array from outside the function")
                self.facts.writes.add(origin[1])

    def fresh_memory(self, operand: Operand, node: object) -> Operand:
        """Gives a fresh array the site of its expression as origin, and the axes that the plan gives the site."""
        value = operand.value
        if not isinstance(value, Array) or not operand.fresh or value.origins or not (value.rank or value.zero_d):
            return operand
        site = self.node_site(node)
        self.site_axes[site] = (*self.axes, *(loop.axis for loop in self.loops), *(r.axis for r in self.regions))
        axes = self.usable(self.plan.promoted.get(site, ()))
        if set(axes) - set(value.axes):
            spread = self.spread(operand, union_axes(axes, value.axes))
            operand = Operand(f"{spread.primary}.copy()", spread.value, fresh=True)
            value = self.array(operand)
        made = Operand(
            operand._code,
            value.with_(origins=frozenset((site,)), dims=value.dims, affine=value.affine, const=value.const),
            operand.level,
            make=operand.make,
            fresh=True,
            factors=operand.factors,
            node=operand.node,
        )
        return made

    # --- undoing -----------------------------------------------------------------------------------------------------

    def mark(self) -> Mark:
        return Mark(
            len(self.out), dict(self.env), set(self.used), len(self.hazards), len(self.shared.changes),
            dict(self.shared.imports), set(self.facts.conditions), set(self.facts.writes), self.facts.strict_floats,
            len(self.shared.helper_sources), len(self.loops), len(self.regions), [dict(s) for s in self.scopes],
        )  # fmt: skip

    def rollback(self, mark: Mark) -> None:
        del self.out[mark.out :]
        self.env = dict(mark.env)
        self.used = set(mark.used)
        del self.hazards[mark.hazards :]
        del self.shared.changes[mark.changes :]
        self.shared.imports.clear()
        self.shared.imports.update(mark.imports)
        self.facts.conditions.clear()
        self.facts.conditions |= mark.conditions
        self.facts.writes.clear()
        self.facts.writes |= mark.writes
        self.facts.strict_floats = mark.strict
        del self.loops[mark.loops :]
        del self.regions[mark.regions :]
        self.scopes[:] = [dict(s) for s in mark.scopes]
        for region in self.regions:
            region.cache.clear()

    def speculate(self, thunk: Callable[[], Operand]) -> tuple[Operand, bool]:
        """Runs `thunk`; if what it emits may only be computed under a condition, it is undone and True is returned."""
        mark = self.mark()
        self.speculating += 1
        try:
            operand = thunk()
            if not operand.lazy:
                _ = operand.code
        finally:
            self.speculating -= 1
        hazardous = len(self.hazards) > mark.hazards
        if hazardous:
            hazards = self.hazards[mark.hazards :]
            self.rollback(mark)
            self.last_hazards = hazards
        return operand, hazardous

    # --- widening ----------------------------------------------------------------------------------------------------

    def coerced(self, operand: Operand, target: Value) -> Operand:
        """`operand` in the representation of `target`: with its axes and, where it varies, its dtype."""
        value = operand.value
        if value == target or not isinstance(target, Array):
            return (
                operand.with_value(target)
                if value != target and self.same_layout(value, target)
                else self._coerced_container(operand, target)
            )
        if not isinstance(value, (Array, StackedV)):
            raise Unsupported("a value of another kind on another path")
        array = self.as_array(operand)
        value = self.array(array)
        missing = set(target.axes) - set(value.axes)
        if not missing and (not target.axes or value.dtype == target.dtype or target.dtype is None):
            return array.with_value(target)
        if missing and not value.axes and value.rank == 0 and target.dtype is not None:
            code = self.filled(target.axes, value, array.code, target.dtype)
            return Operand(code, target, fresh=True)
        if missing:
            array = self.spread(array, target.axes)
            if target.rank:
                array = Operand(f"{array.primary}.copy()", array.value, fresh=True)
        if target.dtype is not None and value.dtype != target.dtype:
            array = Operand(f"{array.primary}.astype({self.dtype_code(target.dtype)})", array.value, fresh=True)
        return Operand(array.code, target, array.level, fresh=True)

    def _coerced_container(self, operand: Operand, target: Value) -> Operand:
        value = operand.value
        if value == target:
            return operand
        if (
            isinstance(value, (TupleV, ListV))
            and isinstance(target, (TupleV, ListV))
            and len(value.items) == len(target.items)
        ):
            parts = [self.coerced(p, t) for p, t in zip(self.items(operand), target.items, strict=True)]
            codes = ", ".join(p.code for p in parts)
            code = f"[{codes}]" if isinstance(target, ListV) else f"({codes},)" if len(parts) == 1 else f"({codes})"
            return Operand(code, target, node=Parts(parts))
        raise Unsupported("a container that changes from one path to another")

    def same_layout(self, value: Value, target: Value) -> bool:
        """Whether a value can be seen as `target` without being changed."""
        match value, target:
            case Array(), Array():
                return value.axes == target.axes and (
                    not value.axes or value.dtype == target.dtype or target.dtype is None
                )
            case (TupleV(), TupleV()) | (ListV(), ListV()):
                return len(value.items) == len(target.items) and all(map(self.same_layout, value.items, target.items))
            case ListV(), SeqV():
                return all(self.same_layout(item, target.item) for item in value.items)
            case SeqV(), SeqV():
                return self.same_layout(value.item, target.item)
            case DictV(), DictV():
                return [k for k, _ in value.items] == [k for k, _ in target.items] and all(
                    self.same_layout(a, b) for (_, a), (_, b) in zip(value.items, target.items, strict=True)
                )
        return value == target or (is_uniform(value) and is_uniform(target) and not isinstance(target, Array))


_ = (MISSING, Stmt)
