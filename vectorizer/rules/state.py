"""State of one walk over one function: names, statements, notes, and what rules may ask of the walk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy

from vectorizer.rules.plan import Effect, Plan, Shared
from vectorizer.source.operand import (
    Holds,
    Operand,
)
from vectorizer.source.statements import Change, Stmt
from vectorizer.values import (
    Affine,
    Array,
    Axes,
    Axis,
    Symbol,
    Value,
    sites,
)

if TYPE_CHECKING:
    from vectorizer.rules.table import Call


class State:
    """Names, statements and notes of one walk over one function."""

    speculating: int = 0  # how many attempts are open whose statements may be undone
    loop_depth: int = 0  # how many loops are open that stay loops
    direct: object = None  # the call that is a statement of its own, or all that is assigned

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
        self.in_front: list[tuple[list[Stmt], int, Any]] = []  # what stands in front of the branches that are walked
        self.returned: list[Value] = []
        self.initial: dict[str, Operand] = {}
        self.symbol_code: dict[Symbol, tuple[str, str]] = {}
        self.regions: list[Any] = []
        self.scopes: list[dict[str, str]] = []
        self.loops: list[Any] = []
        self.local_names: set[str] = set()
        self.viewed: set[object] = set()
        self.frozen: set[object] = set()
        self.maybe_unset: set[str] = set()  # variables that one path has not set
        self.site_axes: dict[object, Axes] = {}
        self.given: dict[str, set[Array]] = {}  # what expressions give, by their code, where kernels are made of them
        self.ndims: dict[str, set[int]] = {}  # and how many axes that has, those of the examples among them
        self.kernels: dict[str, bool] = {}  # the names of these, and whether they give arrays of booleans

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
        node = operand.node if isinstance(operand.node, Holds) else None
        return Operand(name, operand.value, fresh=operand.fresh, node=node)

    def change(self, rule: str, reason: str) -> None:
        change = Change(self.line, rule, reason)
        if change not in self.shared.changes:
            self.shared.changes.append(change)

    def guarded(self, name: str, operands: list[Operand]) -> tuple[list[Operand], bool]:
        """Operands that `name` can be computed of without harm where a condition does not hold; whether they are."""
        return operands, False

    def fits(self, operand: Operand, dtype: numpy.dtype[Any]) -> bool:
        """Whether all of an operand's integers are known to be within an integer dtype."""
        return False

    def harmless_index(self, index: Operand, dim: Affine | None) -> Operand | None:
        """A subscript that is within range where a condition does not hold; None where there is no such form."""
        return None

    def sum_of_product(self, product: Operand) -> Operand | None:
        """The sum of all elements of a product, without the product; None where that does not pay."""
        return None

    def hazard(self, reason: str, only_warns: bool = False) -> None:
        """Notes that what is emitted could raise or warn where the example's own values do not call for it."""
        if not (only_warns and self.on_device):  # a device does not warn
            self.hazards.append(reason)

    @property
    def on_device(self) -> bool:
        """Whether what is emitted runs on a device, where nothing warns and each look at a value is a wait."""
        return self.shared.backend is not None and self.shared.backend.is_device

    def may_share(self, *values: Value) -> frozenset[object]:
        """The memory that a result may share with `values`, for one example but not for the batch or the reverse.

        Nothing may be stored into it: once it is, the walk starts again, and ends here.
        """
        shared = frozenset[object]().union(*(v.origins for v in values if isinstance(v, Array)))
        if sites(shared) & self.plan.stored:
            raise Effect("what is stored into may be a copy for one example and a view for all, or the reverse")
        self.viewed |= sites(shared)
        return shared

    # --- what the walk adds: rules call these, the modules of `rewrite` say what they do -------------------------

    def speculate(self, thunk: Callable[[], Operand]) -> tuple[Operand, bool]:
        """Runs `thunk`; if what it emits may only be computed under a condition, it is undone and True is returned."""
        raise NotImplementedError

    def kept(self, operand: Operand) -> Operand:
        """A number that is kept while the array that it was read from may change."""
        raise NotImplementedError

    def held(self, part: Operand, is_view: bool = False) -> Operand:
        """An array under a name of its own, which stays as it is: for what is computed later, if at all."""
        raise NotImplementedError

    def inline(self, definition: Callable[..., Any], **operands: Operand) -> Operand:
        """What a function for one example gives for these operands: assignments to names and a return."""
        raise NotImplementedError

    def attribute(self, base: Operand, name: str) -> Operand:
        """``base.name``."""
        raise NotImplementedError

    def binary(self, symbol: str, left: Operand, right: Operand, spaced: str | None = None) -> Operand:
        """``left symbol right``."""
        raise NotImplementedError

    def unary(self, symbol: str, operand: Operand) -> Operand:
        """``symbol operand``."""
        raise NotImplementedError

    def compare(self, symbol: str, left: Operand, right: Operand) -> Operand:
        """A comparison, `in` and `is` included."""
        raise NotImplementedError

    def merge(self, test: Operand, body: Operand, orelse: Operand) -> Operand:
        """``np.where`` for two numbers or arrays of the same rank."""
        raise NotImplementedError

    def store(self, base: Operand, index: list[Any], operand: Operand, symbol: str | None) -> None:
        """``base[index] = operand``, or with a symbol ``base[index] op= operand``."""
        raise NotImplementedError

    def store_needs(self, base: Operand, axes: Axes) -> None:
        """The buffer behind `base` must vary along `axes`: the walk starts again."""
        raise NotImplementedError

    def written(self, base: Operand) -> None:
        """Notes that the memory behind `base` is stored into."""
        raise NotImplementedError

    def site(self, c: Call) -> object:
        """What tells the buffer that a call makes from all others."""
        raise NotImplementedError

    def promoted_axes(self, c: Call) -> Axes:
        """The axes with which the plan lets the buffer of a call be born."""
        raise NotImplementedError

    def can_size(self, axis: Axis) -> bool:
        """Whether the length of an axis has a name."""
        raise NotImplementedError

    def value_of(self, item: Any) -> Value:
        """The abstract value of a Python object that is at hand when the function is rewritten."""
        value: Value = self.shared.namespace.value_of(item)
        return value
