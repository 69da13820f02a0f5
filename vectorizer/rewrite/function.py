"""A whole function: its parameters, its returns, the functions that it calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import libcst as cst

from vectorizer.rewrite.looped import Looped
from vectorizer.rewrite.names import assigned_names, names_read, statements_of
from vectorizer.rewrite.parameters import Function, Parameter
from vectorizer.rewrite.tidy import tidy
from vectorizer.rewrite.translating import translated
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
        names = names_read(function.node) | set(shared.taken)
        super().__init__(shared, plan, function.axes, names)
        self.function = function
        self.module_node = cst.Module([])
        self.frames = []
        self.returns_to_caller = function.finish is not None
        self.masks = []
        self.loop_frames = []
        self.lane_loops = []
        self.open_sites = []
        self.lines = lines
        self.local_names = assigned_names(function.node.body) | set(function.parameters)
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
        if isinstance(result.value, Array) and not result.value.rank and result.value.axes and result.value.origins:
            # one example's number is a copy; the caller may change the array that it was read from
            result = Operand(f"{result.primary}.copy()", result.value.with_(origins=frozenset()), fresh=True)
        self.returned.append(result.value)
        target = self.plan.returns
        if target is not None and not self.same_layout(result.value, target):
            result = self.coerced(result, target)
        self.emit(f"return {self.unwrapped(result)}")

    @staticmethod
    def unwrapped(operand: Operand) -> str:
        """A tuple is returned without parentheses."""
        code = operand.code
        if (
            isinstance(operand.node, Parts)
            and isinstance(operand.value, TupleV)
            and len(operand.value.items) > 1
            and code.startswith("(")
        ):
            return code[1:-1].removesuffix(",")
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
        ended = self.block(body)
        if not ended:
            self.emit_return(Operand("None", Obj(None)))
            if self.out[-1].text == "return None":
                self.out.pop()
        if self.out and isinstance(node.body, cst.IndentedBlock):
            self.out[-1].after += tuple(line for line in self.comments(node.body.footer) if line)
        statements = tidy([*self.prologue(), *self.out], set(self.function.parameters))
        if not statements and not docstring:
            statements = [Stmt("pass")]
        comment = node.body.header.comment if isinstance(node.body, cst.IndentedBlock) else None
        trailing = comment.value if comment is not None else ""
        return "\n".join(Stmt(self.signature(name), body=[*docstring, *statements], trailing=trailing).render())

    def rewritten(self, function: Function, name: str) -> tuple[str, list[Value], list[str]]:
        return rewrite(function, self.shared, name)

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


def rewrite(function: Function, shared: Shared, name: str) -> tuple[str, list[Value], list[str]]:
    """Walks until the plan holds; returns the emitted function, the values that it returns, and its hazards."""
    plan = Plan()
    lines = shared.namespace.line_numbers(function.node)
    restore, fallbacks = _restorer(shared), len(shared.fallbacks)
    for _ in range(MOST_RESTARTS):
        restore()
        walker = Rewriter(function, shared, plan, lines)
        try:
            text = walker.run(name)
        except PlanChange:
            continue
        except Unsupported:
            if plan.no_axes:
                if shared.fallbacks[fallbacks:]:  # what went wrong first is the reason
                    raise Unsupported(shared.fallbacks[fallbacks].reason) from None
                raise
            plan.no_axes = True  # once more, with all loops left as loops
            continue
        text = translated(walker, text)
        if function.finish is None and walker.returned:
            merged = walker.returned[0]
            for other in walker.returned[1:]:
                merged = join(merged, other)
            if plan.returns is None and any(not walker.same_layout(v, merged) for v in walker.returned):
                plan.returns = merged
                continue
            return text, [merged], walker.hazards
        return text, walker.returned, walker.hazards
    raise Unsupported("the decisions about this function do not settle")


def _restorer(shared: Shared) -> Callable[[], None]:
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
