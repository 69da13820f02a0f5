"""A whole function: its parameters, its returns, the functions that it calls."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import libcst as cst

from vectorizer.rewrite.apart import keep_apart
from vectorizer.rewrite.held_lists import HeldLists, hold_lists
from vectorizer.rewrite.looped import Looped
from vectorizer.rewrite.masked_bodies import Masked
from vectorizer.rewrite.names import assigned_names, names_read, statements_of
from vectorizer.rewrite.parameters import Function, Parameter
from vectorizer.rewrite.put_in_place import with_bodies_in_place
from vectorizer.rewrite.recursion import Endless
from vectorizer.rewrite.regions import container_code
from vectorizer.rewrite.sharing import of_unknown_memory
from vectorizer.rewrite.tidy import tidy
from vectorizer.rewrite.translating import translated
from vectorizer.rewrite.unset import Flagged
from vectorizer.rewrite.user_calls import RootCalled
from vectorizer.rules import load_rules
from vectorizer.rules.context import Plan, PlanChange, Shared
from vectorizer.rules.subscripts import (
    Parts,
)
from vectorizer.source.operand import (
    Operand,
)
from vectorizer.source.statements import Stmt
from vectorizer.values import (
    Array,
    Axis,
    ListV,
    Obj,
    TupleV,
    Unsupported,
    Value,
    join,
)

__all__ = ["Function", "Parameter", "Rewriter", "rewrite"]

load_rules()

MOST_RESTARTS = 40


class Rewriter(Looped):
    """One walk over one function under one plan."""

    def __init__(self, function: Function, shared: Shared, plan: Plan, lines: dict[int, int]) -> None:
        names = names_read(function.node) | set(shared.taken) | plan.reserved
        super().__init__(shared, plan, function.axes, names)
        self.function = function
        self.module_node = cst.Module([])
        self.frames = []
        self.returns_to_caller = function.finish is not None
        self.masks = []
        self.inlined = []
        self.loop_frames = []
        self.lane_loops = []
        self.with_masks = Masked()
        self.originals = {}
        self.open_sites = []
        self.ranges = {}
        self.uses = {}
        self.steps = {}
        self.zeroed = {}
        self.spread_out = set()
        self.taken_out = {}
        self.noted = {}
        self.lost = set()
        self.yet_empty = {}
        self.assumed_at = {}
        self.changed_sites = set()
        self.tests = {}
        self.misplaced = set()
        self.tables_of_fronts = {}
        self.stored_between = {}
        self.read_between = {}
        self.counts = {}
        self.lines = lines
        self.rebound_names = assigned_names(function.node.body)
        self.local_names = self.rebound_names | set(function.parameters)
        self.live_names = names
        self.batch_names: dict[Axis, str] = {}
        self.batch_sources: dict[Axis, str] = {}
        self.returned: list[Value] = []

    def function_node(self) -> cst.FunctionDef:
        return self.function.node

    def small_Return(self, node: cst.Return) -> bool:
        if self.lane_loops and self.returned_lanes is not None:
            return self.lane_return(node)
        operand = Operand("None", Obj(None)) if node.value is None else self.value_or_loop(node.value)
        if self.loops:
            raise Unsupported("a return inside a loop that has become an axis")
        if operand.lazy:
            operand = Operand(operand.code, operand.value, operand.level)
        self.finish_return(operand)
        return True

    def emit_return(self, result: Operand) -> None:
        """``return result``, in the form that the caller asks for."""
        if self.function.finish is not None:
            result = self.function.finish(self, result)
            self.emit(f"return {self.unwrapped(result)}")
            return
        result = self.fresh_memory(self.detached(result), self.function.node)
        self.returned.append(of_unknown_memory(result.value))
        target = self.plan.returns
        if target is not None and not self.same_layout(result.value, target):
            result = self.coerced(result, target)
        self.emit(f"return {self.unwrapped(result)}")

    def detached(self, result: Operand) -> Operand:
        """One example's number is a copy of what it was read from; the caller may change that array."""
        value = result.value
        if isinstance(value, Array) and not value.rank and value.axes and value.origins:
            return Operand(f"{result.primary}.copy()", value.with_(origins=frozenset()), fresh=True)
        if not isinstance(value, (TupleV, ListV)) or not isinstance(result.node, Parts):
            return result
        parts = [self.detached(part) for part in result.node.parts]
        if all(new is old for new, old in zip(parts, result.node.parts, strict=True)):
            return result
        values = tuple(part.value for part in parts)
        kind: Value = TupleV(values, value.type_) if isinstance(value, TupleV) else ListV(values, value.site)
        return Operand(container_code(parts, value), kind, node=Parts(parts))

    @staticmethod
    def unwrapped(operand: Operand) -> str:
        """A tuple is returned without parentheses."""
        code = operand.code
        if isinstance(operand.node, Parts) and isinstance(operand.value, TupleV) and len(operand.value.items) > 1:
            bare = ", ".join(part.code for part in operand.node.parts)
            return bare if code in (f"({bare})", f"({bare},)") else code
        return code

    def run(self, name: str) -> str:
        """The text of the whole function under the name `name`."""
        self.open()
        node = self.function.node
        body = list(statements_of(node.body))
        docstring: list[Stmt] = []
        if body and is_docstring(body[0]):
            docstring = [Stmt(self.text(body[0].body[0].value))]
            body = body[1:]
        if self.plan.at_end is not None:
            body.append(self.plan.at_end)
        ended = self.call_root() if self.shared.root_called and self.function.finish is not None else self.block(body)
        self.choose_order()
        if not ended:
            self.emit_return(Operand("None", Obj(None)))
            if self.out[-1].text == "return None":
                self.out.pop()
        if self.out and isinstance(node.body, cst.IndentedBlock):
            self.out[-1].after += tuple(line for line in self.comments(node.body.footer) if line)
        theirs = names_read(node) | self.local_names
        found = [n for n in (self.shared.per_step, self.elements_per_step()) if n]
        self.shared.per_step = min(found, default=0)
        in_place = self.shared.backend is None
        parameters = set(self.function.parameters)
        statements = tidy([*self.prologue(), *self.out], parameters, theirs, self.is_taken, in_place)
        if not statements and not docstring:
            statements = [Stmt("pass")]
        if not docstring and statements:
            statements[0].leading = statements[0].leading[statements[0].leading[:1] == ("",) :]
        comment = node.body.header.comment if isinstance(node.body, cst.IndentedBlock) else None
        trailing = comment.value if comment is not None else ""
        text = "\n".join(Stmt(self.signature(name), body=[*docstring, *statements], trailing=trailing).render())
        return keep_apart(text) if self.function.finish is not None and self.function.axes else text

    def is_taken(self, name: str) -> bool:
        """Whether a name stands for something outside of the function."""
        return name in self.shared.taken or name in self.shared.imports or self.shared.namespace.has(name)

    def rewritten(
        self, function: Function, name: str, returns: Value | None = None
    ) -> tuple[str, list[Value], list[str]]:
        return rewrite(function, self.shared, name, returns)

    def call_root(self) -> bool:
        """The body of a function that calls itself: a call of what stands beside it."""
        params = self.function.node.params
        if isinstance(params.star_arg, cst.Param) or params.star_kwarg is not None:
            raise Unsupported("a function that collects arguments calls itself")
        arguments = [cst.Arg(p.name) for p in [*params.posonly_params, *params.params]]
        arguments += [cst.Arg(p.name, keyword=p.name) for p in params.kwonly_params]
        self.direct = self.node_site(called := cst.Call(self.function.node.name, arguments))
        self.finish_return(self.expression(called))
        return True

    def joined_returns(self) -> list[Value]:
        """What the function returns, as one value."""
        return [functools.reduce(join, self.returned)]

    def signature(self, name: str) -> str:
        """The head of the function, without annotations: they speak of one example."""
        params = self.function.node.params
        items = [self.parameter_code(p) for p in params.posonly_params]
        items += ["/"] if params.posonly_params else []
        items += [self.parameter_code(p) for p in params.params]
        if isinstance(params.star_arg, cst.Param):
            items.append(f"*{params.star_arg.name.value}")
        elif params.kwonly_params:
            items.append("*")
        items += [self.parameter_code(p) for p in params.kwonly_params]
        if params.star_kwarg is not None:
            items.append(f"**{params.star_kwarg.name.value}")
        return f"def {name}({', '.join(items)}):"

    def parameter_code(self, param: cst.Param) -> str:
        name = param.name.value
        return name if param.default is None else f"{name}={' '.join(self.text(param.default).split())}"


def rewrite(
    function: Function, shared: Shared, name: str, returns: Value | None = None
) -> tuple[str, list[Value], list[str]]:
    """Walks until the plan holds; returns the emitted function, the values that it returns, and its hazards.

    What it returns gets the form of `returns`, if that is given: a function that calls itself has relied on it.  Where
    it is refused as it stands, it is tried again with its lists as arrays, and with its nested functions in the place
    of their calls.
    """
    lines, restore = dict(shared.namespace.line_numbers(function.node)), restorer(shared)
    try:
        return walked(function, shared, name, lines, Plan(returns=returns))
    except Unsupported:
        for other, known, held in other_forms(function, lines) if function.axes else ():
            restore()
            with suppress(Unsupported):
                return walked(other, shared, name, known, Plan(returns=returns, held=held))
        raise


def other_forms(
    function: Function, lines: dict[int, int]
) -> Iterator[tuple[Function, dict[int, int], HeldLists | None]]:
    """The same function written otherwise, with its line numbers, and with which of its lists are arrays."""
    held = hold_lists(function.node)
    if held is not None:
        yield replace(function, node=held.node), held.lines(function.node, lines), held
    placed = with_bodies_in_place(function.node)
    if placed is None:
        return
    yield replace(function, node=placed), dict(lines), None
    held = hold_lists(placed)
    if held is not None:
        yield replace(function, node=held.node), held.lines(placed, lines), held


def walked(
    function: Function, shared: Shared, name: str, lines: dict[int, int], plan: Plan
) -> tuple[str, list[Value], list[str]]:
    """Walks until a plan holds, which is amended on the way."""
    plain = function
    restore, fallbacks = restorer(shared), len(shared.fallbacks)
    for _ in range(MOST_RESTARTS):
        restore()
        flags = len(plan.flags)
        walker = Rewriter(function, shared, plan, lines)
        try:
            text = walker.run(name)
        except PlanChange:
            if len(plan.flags) != flags:
                found = {
                    n: getattr(plan, n) for n in ("returns", "flags", "starts", "nones", "at_end", "held", "kinds")
                }
                plan = Plan(**found)
                function = with_flags(plain, plan, lines)
            continue
        except RootCalled:
            if function.finish is None:
                raise
            shared.root_called = True
            continue
        except Endless:
            if not walker.returned:
                raise
            return "", walker.joined_returns(), walker.hazards
        except Unsupported:
            if plan.no_axes:
                if shared.fallbacks[fallbacks:]:  # what went wrong first is the reason
                    raise Unsupported(shared.fallbacks[fallbacks].reason) from None
                raise
            plan.no_axes = True  # once more, with all loops left as loops
            continue
        text = translated(walker, text)
        if function.finish is None and walker.returned:
            merged = walker.joined_returns()[0]
            if plan.returns is None and any(not walker.same_layout(v, merged) for v in walker.returned):
                plan.returns = merged
                continue
            return text, [merged], walker.hazards
        return text, walker.returned, walker.hazards
    raise Unsupported("the decisions about this function do not settle")


def with_flags(function: Function, plan: Plan, lines: dict[int, int]) -> Function:
    """The function with the flags of variables that some examples do not set; its new statements have their lines."""
    flagged = Flagged(function.node, plan.flags, plan.nones)
    for old, new in flagged.copies:
        if id(old) in lines:
            lines[id(new)] = lines[id(old)]
    plan.first, plan.handed_on = flagged.first, flagged.handed_on
    plan.made.append(flagged)  # its nodes are told apart by identity
    return replace(function, node=flagged.node)


def restorer(shared: Shared) -> Callable[[], None]:
    """What brings `shared` back to its state of now, helpers that are in its table excepted."""
    taken, imports = set(shared.taken), dict(shared.imports)
    changes, helpers, fallbacks = len(shared.changes), len(shared.helper_sources), len(shared.fallbacks)

    def restore() -> None:
        shared.taken.clear()
        shared.taken |= taken | {made.emitted for made in shared.helpers.values()}
        del shared.changes[changes:]
        del shared.helper_sources[helpers:]
        del shared.fallbacks[fallbacks:]
        shared.imports.clear()
        shared.imports.update(imports)

    return restore


def is_docstring(node: Any) -> bool:
    return (
        isinstance(node, cst.SimpleStatementLine)
        and isinstance(node.body[0], cst.Expr)
        and isinstance(node.body[0].value, (cst.SimpleString, cst.ConcatenatedString))
    )
