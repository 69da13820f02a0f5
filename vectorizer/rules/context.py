"""State of one walk over one function, and what every part of the walk needs: names, temporaries, alignment."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from vectorizer.source.operand import ATOM, PRIMARY, SUM, Operand, call, tuple_code
from vectorizer.source.statements import Change, Stmt
from vectorizer.values import (
    MISSING,
    Affine,
    Array,
    Axes,
    Axis,
    DictV,
    ListV,
    Obj,
    SeqV,
    StackedV,
    Symbol,
    TupleV,
    Unsupported,
    Value,
    union_axes,
)


class Effect(Unsupported):
    """The whole function must be looped, not this expression alone: it changes something beside its result."""


class PlanChange(Exception):
    """The walk found its plan wrong; the plan has been amended and the walk starts again."""


@dataclass
class Plan:
    """The decisions that a walk follows.  A walk that finds one of them wrong amends it and starts again.

    promoted: allocation site -> batch axes that the buffer is born with, and its dtype where that changes.
    sequential: loops (sites) that stay loops, with the reason.
    returns: the value that every `return` of a helper must have.
    """

    promoted: dict[object, Axes] = field(default_factory=dict)
    sequential: dict[object, str] = field(default_factory=dict)
    returns: Value | None = None
    no_axes: bool = False
    stored: set[object] = field(default_factory=set)
    lanes: set[object] = field(default_factory=set)

    def promote(self, site: object, axes: Axes) -> None:
        self.promoted[site] = union_axes(self.promoted.get(site, ()), axes)
        raise PlanChange

    def keep_sequential(self, site: object, reason: str) -> None:
        self.sequential.setdefault(site, reason)
        raise PlanChange


@dataclass
class Facts:
    """What is known of the call that a specialization is made for, and what the rewrite relied on.

    samples: the values of the symbols at this call; None on the command line, where nothing is run.
    conditions: affine expressions that must be >= 0 at a call for the specialization to hold.
    pins: argument or global paths whose very values the rewrite relied on.
    strict_floats: floating-point exceptions must be noticed, for the loop may raise where they occur.
    nan_free: the arguments hold no nan; uses_nan_free: the rewrite relied on that.
    """

    samples: dict[Symbol, int] | None = None
    values: dict[str, Any] = field(default_factory=dict)
    conditions: set[Affine] = field(default_factory=set)
    pins: dict[str, Any] = field(default_factory=dict)
    writes: set[str] = field(default_factory=set)
    strict_floats: bool = False
    nan_free: bool = True
    uses_nan_free: bool = False

    def no_nan(self) -> bool:
        """Whether numbers may be taken to be other than nan: the arguments hold none, which is guarded.

        Python's `min` and `max` keep the first of two numbers where one is nan; NumPy's give nan.
        """
        if self.nan_free:
            self.uses_nan_free = True
            self.strict_floats = True  # a nan that is made on the way is noticed where it is made
        return self.nan_free

    def holds(self, condition: Affine) -> bool:
        """Whether `condition` >= 0 can be relied on: provable, or true now and guarded."""
        if all(c > 0 and is_size(s) for s, c in condition.terms) and condition.const >= 0:
            return True
        if condition.is_const or self.samples is None:
            return False
        value = condition.evaluate(self.samples)
        if value is None or value < 0:
            return False
        self.conditions.add(condition)
        return True


def is_size(symbol: Symbol) -> bool:
    """Whether a symbol stands for a length, which is never negative."""
    return ".shape[" in symbol


@dataclass
class Shared:
    """What the function and the helpers emitted beside it have in common."""

    facts: Facts
    namespace: Any
    imports: dict[str, str] = field(default_factory=dict)  # name in emitted code -> import line
    helpers: dict[Any, Any] = field(default_factory=dict)
    helper_sources: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    changes: list[Change] = field(default_factory=list)
    fallbacks: list[Change] = field(default_factory=list)
    backend: Any = None
    calls: list[Any] = field(default_factory=list)
    temporaries: int = 1 << 27


Dtype: TypeAlias = "np.dtype[Any]"  # the method `np` hides the module inside of the class


class Context:
    """State and small tools; the mixins beside this module add the syntax."""

    speculating: int = 0

    def __init__(self, shared: Shared, plan: Plan, axes: Axes, names: Iterable[str]) -> None:
        self.shared = shared
        self.facts = shared.facts
        self.plan = plan
        self.axes = axes  # batch axes of the function
        self.env: dict[str, Operand] = {}
        self.out: list[Stmt] = []
        self.used: set[str] = set(names)
        self.sizes: dict[Axis, Callable[[], str]] = {}
        self.size_values: dict[Axis, Affine] = {}
        self.hazards: list[str] = []
        self.line = 0
        self.top: list[Stmt] = []
        self.returned: list[Value] = []
        self.initial: dict[str, Operand] = {}
        self.symbol_code: dict[Symbol, tuple[str, Callable[[str], str]]] = {}
        self.regions: list[Any] = []
        self.scopes: list[dict[str, str]] = []
        self.loops: list[Any] = []
        self.local_names: set[str] = set()
        self.viewed: set[object] = set()
        self.frozen: set[object] = set()
        self.site_axes: dict[object, Axes] = {}

    # --- names -----------------------------------------------------------------------------------------------------

    def fresh(self, hint: str) -> str:
        """A name that nothing in the function uses."""
        name, number = hint, 2
        while name in self.used:
            name, number = f"{hint}_{number}", number + 1
        self.used.add(name)
        return name

    def module(self, module: str, alias: str) -> str:
        """The name under which emitted code sees `module`; an import is added where the user has none."""
        existing: str | None = self.shared.namespace.alias_of(module)
        if existing is not None and existing not in self.local_names:
            return existing
        name = alias if alias not in self.local_names and not self.shared.namespace.has(alias) else f"_{alias}"
        self.shared.imports[name] = f"import {module}" if name == module else f"import {module} as {name}"
        return name

    def np(self, function: str) -> str:
        """``np.function`` as emitted code must spell it."""
        return f"{self.module('numpy', 'np')}.{function}"

    def imported(self, module: str, function: str) -> str:
        """A name imported from a module: ``from module import function``."""
        name = function
        if function in self.local_names or (
            self.shared.namespace.has(function) and not self.shared.namespace.is_import(function, module)
        ):
            name = f"_{function}"
        suffix = "" if name == function else f" as {name}"
        self.shared.imports[name] = f"from {module} import {function}{suffix}"
        return name

    # --- statements ------------------------------------------------------------------------------------------------

    def emit(self, text: str, **fields: Any) -> Stmt:
        statement = Stmt(text, line=self.line, **fields)
        self.out.append(statement)
        return statement

    def temp(self, operand: Operand, hint: str) -> Operand:
        """`operand` under a name, so that it can be used several times."""
        if operand.is_name:
            return operand
        name = self.fresh(hint)
        self.emit(f"{name} = {operand.code}", generated=name, target=name)
        return Operand(name, operand.value, fresh=operand.fresh)

    def change(self, rule: str, reason: str) -> None:
        change = Change(self.line, rule, reason)
        if change not in self.shared.changes:
            self.shared.changes.append(change)

    def guarded(self, name: str, operands: list[Operand]) -> tuple[list[Operand], bool]:
        """Operands that `name` can be computed of without harm where a condition does not hold, and whether they are."""
        return operands, False

    def hazard(self, reason: str) -> None:
        """Notes that what is emitted could raise or warn where the example's own values do not call for it."""
        self.hazards.append(reason)

    def may_share(self, *values: Value) -> frozenset[object]:
        """The memory that a result may share with `values`, for one example but not for the batch or the reverse.

        Nothing may be stored into it: once it is, the walk starts again, and ends here.
        """
        shared = frozenset[object]().union(*(v.origins for v in values if isinstance(v, Array)))
        if shared & self.plan.stored:
            raise Effect("what is stored into may be a copy for one example and a view for all, or the reverse")
        self.viewed |= shared
        return shared

    # --- axes and shapes -------------------------------------------------------------------------------------------

    def size(self, axis: Axis) -> str:
        """Code for the length of an axis."""
        return self.sizes[axis]()

    def shape_code(self, axes: Sequence[Axis], rest: Sequence[str] = ()) -> str:
        """Code for a shape tuple; a single length needs no tuple."""
        items = [*(self.size(axis) for axis in axes), *rest]
        return items[0] if len(items) == 1 and not items[0].startswith("*") else tuple_code(items)

    def array(self, operand: Operand, what: str = "an operand") -> Array:
        """The operand's value, which must be a number or an array."""
        value = operand.value
        if isinstance(value, StackedV):
            return value.array
        if not isinstance(value, Array):
            raise Unsupported(f"{what} is not known to be an array")
        return value

    def as_array(self, operand: Operand) -> Operand:
        """Tuples and lists of numbers or arrays as one array, as NumPy's functions take them."""
        value = operand.value
        if isinstance(value, Array):
            return operand
        if isinstance(value, StackedV):
            return operand.with_value(value.array)
        if isinstance(value, (TupleV, ListV)) and all(isinstance(item, (Array, TupleV, ListV)) for item in value.items):
            parts = [self.as_array(part) for part in self.items(operand)]
            if not parts:
                return Operand(f"{self.np('zeros')}(0)", Array(np.dtype(float), 1, dims=(Affine(0),)))
            return self.stack(parts)
        if isinstance(value, SeqV) and isinstance(value.item, Array):
            item = value.item
            position = len(item.axes)
            if position == 0:
                code = call(self.np("array"), operand.code)
            else:
                code = call(self.np("stack"), operand.code, axis=str(position))
            return Operand(code, Array(item.dtype, item.rank + 1, item.axes, dims=(None, *item.dims)), fresh=True)
        raise Unsupported("an operand is not known to be an array")

    def items(self, operand: Operand) -> list[Operand]:
        """The items of a tuple or list, each as an operand of its own."""
        value = operand.value
        if not isinstance(value, (TupleV, ListV)):
            raise Unsupported("the items of a sequence are not known one by one")
        parts = getattr(operand.node, "parts", None)
        if parts is not None:
            return list(parts)
        base = self.temp(operand, "items").primary
        return [Operand(f"{base}[{k}]", item) for k, item in enumerate(value.items)]

    def stack(self, parts: list[Operand], axis: int = 0) -> Operand:
        """`np.stack` of the parts along logical axis `axis`."""
        values = [self.array(part) for part in parts]
        axes = union_axes(*(value.axes for value in values))
        ranks = {value.rank for value in values}
        if len(ranks) != 1:
            raise Unsupported("arrays of different ranks are put into one")
        rank = ranks.pop()
        dtypes = [value.dtype for value in values if value.dtype is not None]
        dtype = np.result_type(*dtypes) if len(dtypes) == len(values) else None  # Python numbers count like any other
        dims = list(values[0].dims)
        axis = axis if axis >= 0 else axis + rank + 1
        dims.insert(axis, Affine(len(parts)))
        result = Array(dtype, rank + 1, axes, dims=tuple(dims))
        if not axes:
            function = "array" if axis == 0 else "stack"
            codes = f"[{', '.join(part.code for part in parts)}]"
            return Operand(call(self.np(function), codes, axis=None if axis == 0 else str(axis)), result, fresh=True)
        full = [self.spread(part, axes) for part in parts]
        codes = f"[{', '.join(part.code for part in full)}]"
        code = call(self.np("stack"), codes, axis=str(len(axes) + axis) if len(axes) + axis else None)
        if dtype is None:
            raise Unsupported("the dtype of a stacked value is not known")
        return Operand(code, result, fresh=True)

    def spread(self, operand: Operand, axes: Axes) -> Operand:
        """`operand` with all of `axes` really there, for functions that do not broadcast."""
        value = self.array(operand)
        missing = [axis for axis in axes if axis not in value.axes]
        if not missing:
            return operand
        if not value.axes and value.rank == 0:
            code = call(self.np("full"), self.shape_code(axes), operand.code)
            if value.weak and isinstance(value.const, (int, float)) and not isinstance(value.const, bool):
                code = self.filled(axes, value, operand.code)
            return Operand(code, value.with_(axes=axes, const=MISSING), fresh=True)
        aligned = self.expand(operand, axes, value.rank)
        named = self.temp(aligned, "row") if value.rank else aligned
        logical = [f"*{named.primary}.shape[{-value.rank}:]"] if value.rank else []
        code = call(self.np("broadcast_to"), named.code, self.shape_code(axes, logical))
        return Operand(code, value.with_(axes=axes, dims=value.dims))

    def filled(self, axes: Axes, value: Array, code: str, dtype: Dtype | None = None) -> str:
        """An array of `axes` full of one number, as one writes it."""
        dtype = dtype or value.dtype
        shape = self.shape_code(axes)
        name = None if dtype is None or dtype == np.float64 else self.dtype_code(dtype)
        if isinstance(value.const, (int, float)) and value.const == 0 and math.copysign(1, value.const) > 0:
            return call(self.np("zeros"), shape, *([name] if name else []))
        if isinstance(value.const, (int, float)) and value.const == 1:
            return call(self.np("ones"), shape, *([name] if name else []))
        natural = value.dtype
        return call(
            self.np("full"), shape, code, *([self.dtype_code(dtype)] if dtype is not None and dtype != natural else [])
        )

    def dtype_code(self, dtype: Dtype) -> str:
        """A dtype as one writes it: ``int``, ``float``, ``bool``, ``complex``, ``np.float32``."""
        for python in (bool, int, float, complex):
            if dtype == np.dtype(python) and python.__name__ not in self.local_names:
                return python.__name__
        if dtype.kind in "biufc":
            return self.np(dtype.name)
        raise Unsupported(f"values of dtype {dtype}")

    def expand(self, operand: Operand, axes: Axes, rank: int) -> Operand:
        """`operand` with axes of length 1 put in, so that it broadcasts against others with `axes` and `rank`."""
        value = self.array(operand)
        if not value.axes:
            return operand
        index: list[str] = [":" if axis in value.axes else "None" for axis in axes]
        index += ["None"] * (rank - value.rank)
        while index and index[0] == "None":
            index.pop(0)
        while index and index[-1] == ":":
            index.pop()
        if "None" not in index:
            return operand
        expanded = value.with_(rank=max(rank, value.rank), dims=((Affine(1),) * (rank - value.rank) + value.dims))
        return Operand(f"{operand.primary}[{', '.join(index)}]", expanded)

    def align(self, operands: Sequence[Operand]) -> tuple[list[Operand], Axes, int]:
        """Operands of an elementwise operation made to broadcast; also their common axes and rank."""
        values = [self.array(operand) for operand in operands]
        axes = union_axes(*(value.axes for value in values))
        rank = max((value.rank for value in values), default=0)
        if not axes:
            return list(operands), axes, rank
        return [self.expand(operand, axes, rank) for operand in operands], axes, rank

    def fully(self, operand: Operand, axes: Axes, rank: int) -> Operand:
        """`operand` with exactly `axes` and `rank` in its layout, axes of length 1 where it does not vary."""
        value = self.array(operand)
        index = [":" if axis in value.axes else "None" for axis in axes] + ["None"] * (rank - value.rank)
        while index and index[-1] == ":":
            index.pop()
        if "None" not in index:
            return operand
        if not value.axes and value.rank == 0:
            return operand
        return Operand(f"{operand.primary}[{', '.join(index)}]", value.with_(rank=rank))

    # --- facts about integers ----------------------------------------------------------------------------------------

    def relies_on(self, condition: Affine) -> bool:
        """Whether `condition` >= 0 may be taken for granted."""
        return self.facts.holds(condition)

    def equal(self, first: Affine | None, second: Affine | None) -> bool:
        """Whether two sizes are the same: provably, or now and guarded."""
        if first is None or second is None:
            return False
        if first == second:
            return True
        return self.relies_on(first - second) and self.relies_on(second - first)

    def print_affine(self, value: Affine) -> Operand:
        """Code for an affine integer; Unsupported where one of its symbols has no name at this point."""
        parts: list[str] = []
        for symbol, coefficient in value.terms:
            code = self.print_symbol(symbol)
            term = code if abs(coefficient) == 1 else f"{abs(coefficient)} * {code}"
            if not parts:
                parts.append(f"-{term}" if coefficient < 0 else term)
            else:
                parts.append(f"- {term}" if coefficient < 0 else f"+ {term}")
        if not parts:
            return Operand(str(value.const), Array(np.dtype(int), 0, weak=True, affine=value, const=value.const))
        if value.const:
            parts.append(f"- {-value.const}" if value.const < 0 else f"+ {value.const}")
        code = " ".join(parts)
        level = (
            ATOM if len(parts) == 1 and code.isidentifier() else PRIMARY if len(parts) == 1 and code[-1] == "]" else SUM
        )
        return Operand(code, Array(np.dtype(int), 0, weak=True, affine=value), level)

    def print_symbol(self, symbol: Symbol) -> str:
        target = Affine.of(symbol)
        for name, operand in self.env.items():
            value = operand.value
            found = isinstance(value, Array) and value.affine == target and not value.axes
            if found and not operand.lazy and operand.code == name:
                return name
        recipe = self.symbol_code.get(symbol)
        if recipe is not None:
            name, make = recipe
            if self.env.get(name) is self.initial.get(name) and name in self.initial:
                return make(name)
        for name, operand in self.env.items():
            value = operand.value
            if isinstance(value, Array) and target in value.dims and operand.code == name:
                return f"{name}.shape[{len(value.axes) + value.dims.index(target)}]"
        raise Unsupported("a length has no name here")

    def pin(self, operand: Operand, what: str) -> Any:
        """The very value of a uniform operand; a guard holds it where it comes from outside."""
        value = operand.value
        if isinstance(value, Array) and value.const is not MISSING:
            return value.const
        if isinstance(value, Obj):
            if value.pin is not None:
                self.facts.pins[value.pin] = value.value
            return value.value
        if isinstance(value, Array) and value.pin is not None and value.pin in self.facts.values:
            self.facts.pins[value.pin] = self.facts.values[value.pin]
            return self.facts.values[value.pin]
        if isinstance(value, Array) and value.affine is not None and self.facts.samples is not None and not value.axes:
            known = value.affine.evaluate(self.facts.samples)
            if known is not None:
                self.facts.conditions |= {value.affine - known, value.affine * -1 + known}
                return known
        if isinstance(value, (TupleV, ListV)):
            items = [self.pin(part, what) for part in self.items(operand)]
            return tuple(items) if isinstance(value, TupleV) else items
        if isinstance(value, DictV):
            raise Unsupported(f"{what} must be known when the function is rewritten")
        raise Unsupported(f"{what} must be known when the function is rewritten")

    def pin_int(self, operand: Operand, what: str) -> int:
        try:
            return operator.index(self.pin(operand, what))
        except TypeError:
            raise Unsupported(f"{what} is not an integer") from None

    def logical_axis(self, operand: Operand, rank: int, lead: int) -> str | None:
        """Code for a user's axis argument shifted past `lead` axes."""
        axis = self.pin_int(operand, "an axis")
        if not -rank <= axis < rank:
            raise Unsupported(f"axis {axis} is out of range for rank {rank}")
        return str(axis if axis < 0 else axis + lead)
