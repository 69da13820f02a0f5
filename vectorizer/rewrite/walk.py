"""Names, regions and undoing: what a walk keeps track of while it goes through statements and expressions."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn

import libcst as cst

from vectorizer.rewrite.widening import Widening
from vectorizer.rules.periodic import Wrapped
from vectorizer.rules.subscripts import Masked, Parts, masked
from vectorizer.source.operand import (
    LastValue,
    Operand,
    call,
)
from vectorizer.values import (
    Affine,
    Array,
    Axes,
    Axis,
    Conflict,
    DictV,
    ListV,
    MaskedV,
    Obj,
    PerExample,
    StackedV,
    TupleV,
    Unsupported,
    Value,
    axes_of,
    copies,
    is_alike,
    is_uniform,
    number,
    union_axes,
)

__all__ = ["ActiveRegion", "Mark", "Walk", "copies"]


@dataclass
class ActiveRegion:
    """Statements that run for some examples only: those of `mask` along the axes `replaced`, which become `axis`.

    held: the rewriter's own variable that has the numbers of the active examples, if there is one.
    """

    axis: Axis
    replaced: Axes
    mask: str
    label: str
    cache: dict[str, tuple[Operand, Operand]] = field(default_factory=dict)
    is_index: bool = False
    held: str | None = None


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
    zeroed: dict[object, tuple[tuple[int, ...], int]]
    lazy: list[tuple[Operand, int]]  # variables that have not been made, with the level of their code
    unset: frozenset[str]


class Taken(NamedTuple):
    """What has a name at some point.

    caches: for each region the restricted variables.
    lazy: variables that have none yet, with the level of their code.
    """

    caches: list[dict[str, tuple[Operand, Operand]]]
    lazy: list[tuple[Operand, int]]


class Walk(Widening):
    """The bookkeeping of a walk."""

    module_node: cst.Module
    noted: dict[str, Value]  # what variables were last set to
    truth_only: bool = False  # only the truth of the expression at hand matters
    lanes_depth: int = 0  # how many regions and loops over live lanes are open
    container_stores: int = 0  # how many items of lists and dicts were assigned under a condition
    items_open: int = 0  # how many comprehensions that stay ones are open
    helper_calls: int = 0  # how many calls of the user's functions were rewritten

    def expression(self, node: cst.BaseExpression) -> Operand:
        raise NotImplementedError

    def read(self, name: str) -> Operand:
        operand = self.env.get(name)
        if operand is not None:
            if isinstance(operand.value, Conflict):
                raise Unsupported(f"{name} is one thing on one path and another on the other")
            return self.restricted(name, operand)
        if name in self.local_names:
            self.not_set(name)
        value = self.shared.namespace.lookup(name)
        if value is not None:
            return Operand(name, value)
        if hasattr(builtins, name):
            found = getattr(builtins, name)
            return Operand(name, number(found) if isinstance(found, bool) else Obj(found))
        raise Unsupported(f"the name {name} is not known")

    def not_set(self, name: str) -> NoReturn:
        """A variable is read that may not be set."""
        raise Unsupported(f"{name} may not be set here")

    def and_flags(self, names: set[str]) -> set[str]:
        """Names, with the flags of those that have one: where a variable is read, its flag is looked at."""
        return names | {self.plan.flags[name] for name in names if name in self.plan.flags}

    def check_set(self, name: str) -> None:
        """A variable is read that some examples may not have set."""

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
            return self._restrict_items(operand, value, region, name)
        if isinstance(value, DictV):
            return self._restrict_dict(operand, value, region, name)
        if isinstance(value, StackedV):
            inner = self.restrict(operand.with_value(value.array), region, name)
            return inner.with_value(StackedV(self.array(inner), value.weak))
        if isinstance(operand.node, Masked):
            array, mask = (self.restrict(p, region, name) for p in (operand.node.array, operand.node.mask))
            assert isinstance(value, MaskedV)
            return masked(self, array, mask, operand.node.view, value.is_list, value.weak, value.from_list)
        if not isinstance(value, Array):
            if is_uniform(value):
                return operand
            raise Unsupported("a container whose items vary is used under a condition")
        if not set(value.axes) & set(region.replaced):
            return operand
        return self._restrict_array(operand, value, region, name)

    def _restrict_items(self, operand: Operand, value: TupleV | ListV, region: ActiveRegion, name: str) -> Operand:
        """A tuple or list whose items are restricted one by one."""
        parts = [self.restrict(p, region, f"{name}_{k}") for k, p in enumerate(self.items(operand))]
        values = tuple(p.value for p in parts)
        made: Value = TupleV(values, value.type_) if isinstance(value, TupleV) else ListV(values, value.site)
        codes = ", ".join(p.code for p in parts)
        return Operand(f"[{codes}]" if isinstance(value, ListV) else f"({codes},)", made, node=Parts(parts))

    def _restrict_dict(self, operand: Operand, value: DictV, region: ActiveRegion, name: str) -> Operand:
        """A dict whose items are restricted one by one; those that nobody reads are dropped again."""
        known = operand.node.parts if isinstance(operand.node, Parts) else ()
        held = known or [Operand(f"{operand.primary}[{key!r}]", item) for key, item in value.items]
        keys = [key for key, _ in value.items]
        labels = [re.sub(r"\W", "_", f"{name}_{key}") for key in keys]
        parts = [self.restrict(part, region, label) for part, label in zip(held, labels, strict=True)]
        code = ", ".join(f"{key!r}: {part.code}" for key, part in zip(keys, parts, strict=True))
        items = tuple((key, part.value) for key, part in zip(keys, parts, strict=True))
        return Operand(f"{{{code}}}", DictV(items, value.site), node=Parts(parts))

    def _restrict_array(self, operand: Operand, value: Array, region: ActiveRegion, name: str) -> Operand:
        """The elements of the active examples; all axes that the mask speaks of must be there, side by side."""
        missing = [a for a in region.replaced if a not in value.axes]
        if missing:
            operand = self.spread(operand, union_axes(value.axes, missing))
            value = self.array(operand)
        position = value.axes.index(region.replaced[0])
        end = position + len(region.replaced)
        if value.axes[position:end] != region.replaced:
            raise Unsupported("a condition over axes that are not next to each other")
        index = ", ".join([":"] * position + [region.mask])
        axes = (*value.axes[:position], region.axis, *value.axes[end:])
        origins = copies(value.origins) if value.rank else frozenset[object]()
        taken = value.with_(axes=axes, dims=value.dims, affine=None, origins=origins)
        return self.temp(Operand(f"{operand.primary}[{index}]", taken, fresh=True), f"{name}_{region.label}")

    @contextmanager
    def region(self, mask: Operand, label: str) -> Iterator[ActiveRegion]:
        """Runs what is inside for the examples of `mask` only."""
        value = self.array(mask)
        if not value.axes:
            raise Unsupported("a condition that is the same for all examples, in a place for one that is not")
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

    @contextmanager
    def if_any(self, mask: Operand) -> Iterator[None]:
        """Statements of a region; where they call functions of the user's, they only run if any example is active."""
        outer, self.out = self.out, []
        calls, taken, stores = self.helper_calls, self.taken_here(), self.container_stores
        self.in_front.append((outer, calls, taken))
        try:
            yield
            made = self.out
        finally:
            self.out = outer
            self.in_front.pop()
        if self.helper_calls == calls:
            self.out += made
        elif self.container_stores != stores:
            raise Unsupported("an item of a container is assigned in a branch that calls functions")
        else:
            self.emit(f"if {mask.code}.any():", body=made)
            self.forget_taken(taken)

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """What must be there also where `if_any` finds no active example goes in front of it."""
        if not self.in_front or self.helper_calls <= self.in_front[-1][1]:
            yield
            return
        inner, inside = self.out, self.taken_here()
        self.out, _, taken = self.in_front[-1]
        for region, held in zip(self.regions, taken.caches, strict=False):
            region.cache = dict(held)
        try:
            yield
        finally:
            self.out = inner
            for region, held in zip(self.regions, inside.caches, strict=True):
                region.cache = {**region.cache, **held}

    def taken_here(self) -> Taken:
        """What has a name at this point."""
        caches = [dict(region.cache) for region in self.regions]
        return Taken(caches, [(o, o.level) for o in self.env.values() if o.lazy])

    def forget_taken(self, before: Taken) -> None:
        """Names that were given inside of a block may not be set behind it."""
        for region, held in zip(self.regions, before.caches, strict=False):
            for name in [n for n, entry in region.cache.items() if held.get(n) is not entry]:
                del region.cache[name]
        for operand, level in before.lazy:
            operand._code, operand.level = None, level

    def target_name(self, name: str) -> str:
        """The name under which an assignment to `name` is emitted: branches that are merged later use their own."""
        if not self.scopes:
            return name
        scope = self.scopes[-1]
        if name not in scope:
            scope[name] = self.fresh(f"{name}_{scope['']}" if scope.get("") else name)
        return scope[name]

    def bind(self, name: str, operand: Operand) -> None:
        """Lets a variable of the user's stand for `operand`: it is set now, whatever it was before."""
        self.maybe_unset.discard(name)
        self.noted[name] = operand.value
        for region in self.regions:
            region.cache.pop(name, None)
        self.env[name] = operand

    def assign_name(self, name: str, operand: Operand) -> None:
        """``name = operand``."""
        if operand.lazy and not (isinstance(operand.node, LastValue) and operand.node.name != name):
            self.bind(name, self.kept_masked(operand))
            return
        operand = self.kept(operand)  # the last value of another variable is read before that is set to something else
        target = self.target_name(name)
        if operand.code != target:
            self.note_step(operand.value)
            generated = target if self.scopes else None
            before = self.env.get(name)
            again = before is not None and not before.lazy and before.code == target and self.is_repeated()
            fits = again and before is not None and is_alike(before.value, operand.value)
            code = f"{target} = {operand.code}"
            statement = self.emit(code, generated=generated, target=target, pure=True, fits=fits)
            statement.safe = isinstance(operand.node, Wrapped)
        window = operand.node if hasattr(operand.node, "window") or isinstance(operand.node, Wrapped) else None
        self.bind(name, Operand(target, operand.value, node=window, fresh=False))

    def note_step(self, value: Value) -> None:
        """Something is read or made for all examples, maybe in a loop."""

    def note_whole(self, node: cst.CSTNode) -> None:
        """What a loop does that stays one; or a comprehension."""

    def is_repeated(self) -> bool:
        """Whether what is emitted stands in a loop that stays one."""
        return False

    def mark(self) -> Mark:
        return Mark(
            len(self.out), dict(self.env), set(self.used), len(self.hazards), len(self.shared.changes),
            dict(self.shared.imports), set(self.facts.conditions), set(self.facts.writes), self.facts.strict_floats,
            len(self.shared.helper_sources), len(self.loops), len(self.regions), [dict(s) for s in self.scopes],
            dict(self.zeroed), [(o, o.level) for o in self.env.values() if o.lazy], frozenset(self.maybe_unset),
        )  # fmt: skip

    def rollback(self, mark: Mark) -> None:
        del self.out[mark.out :]
        self.env = dict(mark.env)
        self.used = mark.used | self.plan.reserved
        del self.hazards[mark.hazards :]
        del self.shared.changes[mark.changes :]
        self.shared.imports.clear()
        self.shared.imports.update(mark.imports)
        self.facts.conditions.clear()
        self.facts.conditions |= mark.conditions
        self.facts.writes.clear()
        self.facts.writes |= mark.writes
        self.facts.strict_floats = mark.strict
        self.maybe_unset = set(mark.unset)
        del self.loops[mark.loops :]
        del self.regions[mark.regions :]
        self.scopes[:] = [dict(s) for s in mark.scopes]
        self.zeroed = dict(mark.zeroed)
        for operand, level in mark.lazy:
            operand._code, operand.level = None, level  # what was made of it is gone
        for region in self.regions:
            region.cache.clear()

    def speculate(self, thunk: Callable[[], Operand]) -> tuple[Operand, bool]:
        """Runs `thunk`; if what it emits may only be computed under a condition, it is undone and True is returned."""
        mark = self.mark()
        self.speculating += 1
        try:
            operand = thunk()
        finally:
            self.speculating -= 1
        hazardous = len(self.hazards) > mark.hazards
        if hazardous:
            self.rollback(mark)
        return operand, hazardous
