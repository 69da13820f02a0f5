"""A whole function: its parameters, its returns, the functions that it calls."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.lanes import Lanes
from vectorizer.rewrite.statements import _statements, assigned_names, names_read
from vectorizer.rewrite.tidy import tidy
from vectorizer.rewrite.walk import copies
from vectorizer.rules import load_rules
from vectorizer.rules.context import Effect, Facts, Plan, PlanChange, Shared
from vectorizer.rules.indexing import Parts
from vectorizer.rules.table import Call
from vectorizer.source.operand import Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import (
    MISSING,
    Array,
    Axes,
    Axis,
    DictV,
    FuncV,
    ListV,
    Obj,
    Opaque,
    PerExample,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    Value,
    axes_of,
    is_uniform,
    join,
    number,
)

load_rules()

MOST_RESTARTS = 40
EFFECTS = frozenset(
    "append pop write sort extend update add remove seed shuffle put place resize partition setflags clear insert".split()
)


@dataclass
class Parameter:
    """A parameter of the emitted function.

    value: its abstract value, containers included.
    moved: how the batch axes are brought to the front: (source, destination) pairs by path below the parameter.
    """

    name: str
    value: Value
    moves: dict[str, list[tuple[int, int]]] = field(default_factory=dict)


@dataclass
class Function:
    """What is to be rewritten: the syntax tree and the values of its parameters."""

    node: cst.FunctionDef
    parameters: dict[str, Parameter]
    axes: Axes
    finish: Callable[[Rewriter, Operand], Operand] | None = None


class Rewriter(Lanes):
    """One walk over one function under one plan."""

    def __init__(self, function: Function, shared: Shared, plan: Plan, lines: dict[int, int]) -> None:
        names = names_read(function.node) | set(shared.taken)
        super().__init__(shared, plan, function.axes, names)
        self.function = function
        self.module_node = cst.Module([])
        self.frames = []
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

    # --- parameters ----------------------------------------------------------------------------------------------------

    def open(self) -> None:
        for name, parameter in self.function.parameters.items():
            operand = Operand(name, parameter.value)
            self.env[name] = operand
            self.note_symbols(name, name, parameter.value)
            self.note_batch(name, parameter.value)
        self.initial = dict(self.env)
        for axis in self.axes:
            self.sizes[axis] = self.batch_size(axis)

    def note_symbols(self, root: str, path: str, value: Value) -> None:
        if isinstance(value, Array):
            lead = len(value.axes)
            for k, dim in enumerate(value.dims):
                if dim is not None and len(dim.terms) == 1 and not dim.const:
                    self.symbol_code[dim.terms[0][0]] = (root, lambda _, p=path, n=k + lead: f"{p}.shape[{n}]")  # type: ignore[misc]
            if value.affine is not None and len(value.affine.terms) == 1:
                self.symbol_code.setdefault(value.affine.terms[0][0], (root, lambda _, p=path: p))  # type: ignore[misc]
        elif isinstance(value, (TupleV, ListV)):
            for k, item in enumerate(value.items):
                self.note_symbols(root, f"{path}[{k}]", item)
        elif isinstance(value, DictV):
            for key, item in value.items:
                self.note_symbols(root, f"{path}[{key!r}]", item)

    def note_batch(self, path: str, value: Value) -> None:
        """Where the length of each batch axis can be read off."""
        if isinstance(value, Array):
            for k, axis in enumerate(value.axes):
                self.batch_sources.setdefault(axis, f"{path}.shape[{k}]")
        elif isinstance(value, (TupleV, ListV)):
            for k, item in enumerate(value.items):
                self.note_batch(f"{path}[{k}]", item)
        elif isinstance(value, DictV):
            for key, item in value.items:
                self.note_batch(f"{path}[{key!r}]", item)

    def batch_size(self, axis: Axis) -> Callable[[], str]:
        def size() -> str:
            if axis not in self.batch_names:
                source = self.batch_sources.get(axis)
                if source is None:
                    raise Unsupported("the batch size cannot be read off any argument")
                hint = "batch" if axis is self.axes[0] else f"batch_{self.axes.index(axis) + 1}"
                self.batch_names[axis] = self.fresh(hint)
            return self.batch_names[axis]

        return size

    def prologue(self) -> list[Stmt]:
        """Statements at the top: axes brought to the front, batch sizes."""
        statements: list[Stmt] = []
        for parameter in self.function.parameters.values():
            if parameter.moves:
                statements += self.move_axes(parameter)
        for axis, name in sorted(self.batch_names.items()):
            statements.append(Stmt(f"{name} = {self.batch_sources[axis]}", generated=name, target=name))
        return statements

    def move_axes(self, parameter: Parameter) -> list[Stmt]:
        if set(parameter.moves) == {""}:
            return [Stmt(f"{parameter.name} = {self.moved(parameter.name, parameter.moves[''])}")]
        code = self.rebuilt(parameter.name, "", parameter.value, parameter.moves)
        return [Stmt(f"{parameter.name} = {code}")]

    def moved(self, code: str, moves: list[tuple[int, int]]) -> str:
        for source, destination in moves:
            code = call(self.np("moveaxis"), code, str(source), str(destination))
        return code

    def rebuilt(self, code: str, path: str, value: Value, moves: Mapping[str, list[tuple[int, int]]]) -> str:
        if path in moves:
            return self.moved(code, moves[path])
        if not any(p.startswith(path) for p in moves):
            return code
        if isinstance(value, (TupleV, ListV)):
            items = [self.rebuilt(f"{code}[{k}]", f"{path}[{k}]", item, moves) for k, item in enumerate(value.items)]
            if isinstance(value, ListV):
                return f"[{', '.join(items)}]"
            return f"({', '.join(items)},)"
        if isinstance(value, DictV):
            return (
                "{"
                + ", ".join(
                    f"{k!r}: {self.rebuilt(f'{code}[{k!r}]', f'{path}[{k!r}]', v, moves)}" for k, v in value.items
                )
                + "}"
            )
        raise Unsupported("the axes of a container's items are moved")

    # --- returns ---------------------------------------------------------------------------------------------------------

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
        if self.function.finish is not None:
            result = self.function.finish(self, result)
            bare = result.code == "None"
            self.emit("return" if bare and False else f"return {self.unwrapped(result)}")
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

    # --- helpers -----------------------------------------------------------------------------------------------------------

    def call_user(self, function: types.FunctionType, c: Call) -> Operand:
        source = self.shared.namespace.source_of(function)
        if source is None:
            raise Unsupported(f"the source of {function.__name__} is not available")
        node: cst.FunctionDef = source.node
        if node.asynchronous is not None or _is_generator(node):
            raise Unsupported(f"{function.__name__} is a generator or coroutine")
        bound = self.bind_user(node, function, c)
        namespace = self.shared.namespace.inside(function)
        uniform = all(is_uniform(o.value) for o in bound.values())
        return self.call_helper(source.name, node, bound, namespace, function, c, uniform, source)

    def bind_user(self, node: cst.FunctionDef, function: types.FunctionType, c: Call) -> dict[str, Operand]:
        """Operands by parameter; defaults are the function's own."""
        params = node.params
        positional = [*params.posonly_params, *params.params]
        bound = {p.name.value: a for p, a in zip(positional, c.args, strict=False)}
        extra = c.args[len(positional) :]
        if isinstance(params.star_arg, cst.Param):
            codes = ", ".join(e.code for e in extra)
            code = f"({codes},)" if extra else "()"
            bound[params.star_arg.name.value] = Operand(
                code, TupleV(tuple(e.value for e in extra)), node=Parts(list(extra))
            )
        elif extra:
            raise Unsupported("a call with too many arguments")
        keywords = dict(c.keywords)
        for param in [*positional, *params.kwonly_params]:
            name = param.name.value
            if name in keywords:
                bound[name] = keywords.pop(name)
        if keywords or params.star_kwarg is not None:
            raise Unsupported("a call with keywords that are collected")
        defaults = function.__defaults__ or ()
        for param, default in zip(reversed(positional), reversed(defaults), strict=False):
            if param.name.value not in bound:
                bound[param.name.value] = self.default_value(default, param)
        for name, default in (function.__kwdefaults__ or {}).items():
            if name not in bound:
                bound[name] = self.default_value(default, None)
        missing = [p.name.value for p in [*positional, *params.kwonly_params] if p.name.value not in bound]
        if missing:
            raise Unsupported("a call with too few arguments")
        return bound

    def default_value(self, default: Any, param: cst.Param | None) -> Operand:
        if isinstance(default, (list, dict, set)):
            raise Unsupported("a default that can be changed")
        value = number(default) if isinstance(default, (bool, int, float, complex)) else self.value_of(default)
        return Operand("<default>", value, node=param)

    def call_helper(
        self, name: str, node: cst.FunctionDef, bound: dict[str, Operand], namespace: Any, identity: object, c: Call,
        uniform: bool, source: Any = None,
    ) -> Operand:  # fmt: skip
        """A call of a function of the user's, rewritten for the operands at hand and emitted beside this one."""
        axes = tuple(sorted({a for o in bound.values() for a in axes_of(o.value)}))
        renamed = {axis: Axis("batch" if k == 0 else f"batch_{k + 1}", (k,)) for k, axis in enumerate(axes)}
        values = {n: _rename(o.value, renamed, n) for n, o in bound.items()}
        key = (id(identity), tuple(_key(v) for v in values.values()))
        if any(k[0] == key[0] for k in self.shared.calls):
            raise Unsupported(f"{name} calls itself")
        made = self.shared.helpers.get(key)
        if made is None:
            self.shared.calls.append(key)
            saved = self.shared.namespace
            self.shared.namespace = namespace
            count = len(self.shared.helper_sources)
            try:
                made = self.make_helper(name, node, values, tuple(renamed[a] for a in axes), source)
                made = (*made[:4], [*self.shared.helper_sources[count:], made[4]])
            except Unsupported as error:
                del self.shared.helper_sources[count:]
                raise Unsupported(f"in {name}: {error.reason}") from None
            finally:
                self.shared.calls.pop()
                self.shared.namespace = saved
            self.shared.helpers[key] = made
        emitted, result, writes, hazards, texts = made
        back = {new: old for old, new in renamed.items()}
        value = _rename(result, back, None, bound)
        origins = frozenset(o for p in bound.values() if isinstance(p.value, Array) for o in p.value.origins)
        if isinstance(value, Array) and value.rank:
            copied = isinstance(result, Array) and any(isinstance(o, tuple) and o[0] == "copy" for o in result.origins)
            value = value.with_(origins=copies(origins) if copied else origins, dims=value.dims)
        for written in writes:
            if self.regions or self.loops or self.speculating:
                raise Unsupported(f"{name} writes into its argument under a condition")
            self.written(bound[written])
        if writes:
            bound = {n: self.kept(o) for n, o in bound.items()}
        self.hazards += hazards
        if uniform and is_uniform(value):
            code = call(c.function, *(a.code for a in c.args), **{k: o.code for k, o in c.keywords.items()})
            return Operand(code, value, fresh=True)
        if source is not None and re.sub(rf"\b{emitted}\b", name, texts[-1]).strip() == source.text.strip():
            return Operand(
                call(c.function, *(a.code for a in c.args), **{k: o.code for k, o in c.keywords.items()}),
                value,
                fresh=not origins,
            )
        self.shared.helper_sources += [text for text in texts if text not in self.shared.helper_sources]
        self.change("call", f"{name} is rewritten too")
        arguments = [o.code for n, o in bound.items() if o.code != "<default>" and n in values]
        keywords: list[str] = []
        positional = True
        codes = []
        order = [p.name.value for p in [*node.params.posonly_params, *node.params.params]]
        for n in order:
            o = bound[n]
            if o.code == "<default>":
                positional = False
                continue
            codes.append(o.code if positional else f"{n}={o.code}")
        for n, o in bound.items():
            if n not in order and o.code != "<default>":
                if isinstance(node.params.star_arg, cst.Param) and n == node.params.star_arg.name.value:
                    codes += [p.code for p in o.node.parts]  # type: ignore[attr-defined]
                else:
                    keywords.append(f"{n}={o.code}")
        _ = arguments
        return Operand(f"{emitted}({', '.join(codes + keywords)})", value, fresh=not origins)

    def make_helper(self, name: str, node: cst.FunctionDef, values: dict[str, Value], axes: Axes, source: Any) -> Any:
        emitted = f"{name}_batched" if axes else name
        number_ = 2
        while emitted in self.shared.taken or self.shared.namespace.has(emitted) or emitted in self.used:
            emitted, number_ = f"{name}_batched_{number_}", number_ + 1
        self.shared.taken.add(emitted)
        parameters = {}
        for n, value in values.items():
            parameters[n] = Parameter(n, _with_origins(value, n))
        writes, self.facts.writes = self.facts.writes, set()
        try:
            text, results, hazards = rewrite(Function(node, parameters, axes), self.shared, emitted)
            written = self.facts.writes
        finally:
            self.facts.writes = writes
        if not results:
            results = [Obj(None)]
        merged = results[0]
        for other in results[1:]:
            merged = join(merged, other)
        plain = re.sub(rf"\b{emitted}\b", "@", text)
        for (other, _), held in self.shared.helpers.items():
            if other == self.shared.calls[-1][0] and re.sub(rf"\b{held[0]}\b", "@", held[4][-1]) == plain:
                self.shared.taken.discard(emitted)
                return held[0], merged, written, hazards, held[4][-1]
        return emitted, merged, written, hazards, text

    def call_nested(self, function: FuncV, args: list[Operand], keywords: dict[str, Operand]) -> Operand:
        """A function defined inside: its free variables become parameters of the emitted helper."""
        node: cst.FunctionDef = function.node
        bound = self.bind_parameters(node.params, args, keywords)
        inner = assigned_names(node.body) | set(bound)
        for name in sorted(names_read(node.body) - inner):
            if name in self.env and not isinstance(self.env[name].value, (Obj,)):
                held = self.env[name]
                if isinstance(held.value, FuncV):
                    raise Unsupported("a nested function that calls another")
                bound[name] = self.read(name)
        if any(isinstance(o.value, FuncV) for o in bound.values()):
            raise Unsupported("a function is handed to a nested function")
        free = [
            n
            for n in bound
            if n
            not in {
                p.name.value for p in [*node.params.posonly_params, *node.params.params, *node.params.kwonly_params]
            }
        ]
        widened = node
        if free:
            extra = [cst.Param(cst.Name(n)) for n in free]
            plain = [
                p.with_changes(default=None, equal=cst.MaybeSentinel.DEFAULT, comma=cst.MaybeSentinel.DEFAULT)
                for p in node.params.params
            ]
            widened = node.with_changes(params=node.params.with_changes(params=[*plain, *extra]))
            for old, new in zip(_statements(node.body), _statements(widened.body), strict=True):
                _ = (old, new)
        c = Call(
            function.name, [bound[p.name.value] for p in [*widened.params.posonly_params, *widened.params.params]], {}
        )
        return self.call_helper(function.name, widened, bound, self.shared.namespace, node, c, False)

    # --- fallback at one expression -----------------------------------------------------------------------------------------

    def loop_expression(self, node: cst.BaseExpression, error: Unsupported) -> Operand:
        """``[f(x_i) for x_i in x]``: an expression without a rule, computed example by example."""
        if len(self.axes) != 1 or self.regions or self.loops or self.speculating or self.function.finish is None:
            raise error
        if not isinstance(
            node, (cst.Call, cst.BinaryOperation, cst.Subscript, cst.Attribute, cst.Tuple, cst.Comparison)
        ):
            raise error
        if _has_effect(node) or isinstance(error, Effect):
            raise error
        if any(n in self.local_names and n not in self.env for n in names_read(node)):
            raise error
        names = sorted(n for n in names_read(node) if n in self.env)
        varying = []
        for name in names:
            value = self.env[name].value
            if isinstance(value, PerExample) or isinstance(value, Array) and value.axes == self.axes and not value.weak:
                varying.append(name)
            elif (
                not is_uniform(value) or isinstance(value, FuncV) or self.env[name].lazy or self.env[name].code != name
            ):
                raise error
        if not varying or any(self.env[n].code != n for n in varying):
            raise error
        if any(isinstance(self.env[n].value, Array) and self.env[n].array.zero_d for n in varying):
            raise error
        single = {n: self.fresh(f"{n}_i") for n in varying}
        text = _renamed(node, single)
        targets = ", ".join(single.values())
        source = varying[0] if len(varying) == 1 else call("zip", *varying)
        self.note_fallback(error)
        return Operand(f"[{text} for {targets} in {source}]", PerExample())

    def note_fallback(self, error: Unsupported) -> None:
        from vectorizer.source.statements import Change

        line = self.line
        code = cst.Module([]).code_for_node(error.node).strip() if isinstance(error.node, cst.CSTNode) else ""
        change = Change(line, "fallback", error.reason, code)
        if change not in self.shared.fallbacks:
            self.shared.fallbacks.append(change)
        self.change("fallback", f"looped: {error.reason}")

    # --- the whole ------------------------------------------------------------------------------------------------------------

    def run(self, name: str) -> str:
        self.open()
        node = self.function.node
        body = list(_statements(node.body))
        docstring: list[Stmt] = []
        if body and _is_docstring(body[0]):
            docstring = [Stmt(self.text(body[0].body[0].value))]
            body = body[1:]
        ended = self.block(body)
        if not ended:
            self.emit_return(Operand("None", Obj(None)))
            if self.out[-1].text == "return None":
                self.out.pop()
        if self.out and isinstance(node.body, cst.IndentedBlock):
            self.out[-1].after += tuple(line for line in self.comments(node.body.footer) if line)
        statements = [*self.prologue(), *self.out]
        statements = tidy(statements, set(self.function.parameters))
        if not statements and not docstring:
            statements = [Stmt("pass")]
        head = self.signature(name)
        comment = node.body.header.comment if isinstance(node.body, cst.IndentedBlock) else None
        trailing = comment.value if comment is not None else ""
        return "\n".join(Stmt(head, body=[*docstring, *statements], trailing=trailing).render())

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
    taken, changes = set(shared.taken), len(shared.changes)
    imports, helpers, fallbacks = dict(shared.imports), len(shared.helper_sources), len(shared.fallbacks)
    for _ in range(MOST_RESTARTS):
        shared.taken.clear()
        shared.taken |= taken | {made[0] for made in shared.helpers.values()}
        del shared.changes[changes:]
        del shared.helper_sources[helpers:]
        del shared.fallbacks[fallbacks:]
        shared.imports.clear()
        shared.imports.update(imports)
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


def _is_docstring(node: Any) -> bool:
    return (
        isinstance(node, cst.SimpleStatementLine)
        and isinstance(node.body[0], cst.Expr)
        and isinstance(node.body[0].value, (cst.SimpleString, cst.ConcatenatedString))
    )


def _is_generator(node: cst.CSTNode) -> bool:
    if isinstance(node, (cst.Yield, cst.From)):
        return True
    return any(_is_generator(c) for c in node.children if not isinstance(c, (cst.Lambda, cst.FunctionDef)))


def _has_effect(node: cst.CSTNode) -> bool:
    if isinstance(node, (cst.Await, cst.Yield, cst.NamedExpr, cst.Lambda)):
        return True
    if (
        isinstance(node, cst.Call)
        and isinstance(node.func, cst.Name)
        and node.func.value in ("print", "input", "next", "setattr")
    ):
        return True
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value in EFFECTS:
        return True
    return any(_has_effect(c) for c in node.children)


class _Rename(cst.CSTTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
        return updated_node.with_changes(value=self.names.get(updated_node.value, updated_node.value))

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.Attribute:
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        return updated_node.with_changes(keyword=original_node.keyword)


def _renamed(node: cst.BaseExpression, names: dict[str, str]) -> str:
    code = cst.Module([]).code_for_node(node.visit(_Rename(names)))  # type: ignore[arg-type]
    return f"({code})" if isinstance(node, cst.Tuple) and not node.lpar else code


def _key(value: Value) -> Any:
    """A hashable form of a value, for the table of helpers."""
    match value:
        case Array():
            return (
                "array",
                str(value.dtype),
                value.rank,
                value.axes,
                value.weak,
                repr(value.const),
                value.dims,
                value.affine,
                value.zero_d,
            )
        case TupleV() | ListV():
            return (type(value).__name__, tuple(_key(i) for i in value.items))
        case SeqV():
            return ("seq", _key(value.item))
        case StackedV():
            return ("stacked", _key(value.array), value.weak)
        case DictV():
            return ("dict", tuple((repr(k), _key(v)) for k, v in value.items))
        case Obj():
            return ("object", id(value.value))
        case FuncV():
            return ("function", id(value.node))
    return type(value).__name__


def _rename(
    value: Value, axes: Mapping[Axis, Axis], name: str | None, bound: dict[str, Operand] | None = None
) -> Value:
    """A value with other axes; lengths become the parameter's own symbols, or those of the caller again."""
    match value:
        case Array():
            renamed = tuple(sorted(axes.get(a, a) for a in value.axes))
            if name is not None:
                const = MISSING if isinstance(value.const, float) else value.const
                return value.with_(
                    axes=renamed, dims=value.dims, origins=frozenset(), affine=value.affine, const=const, pin=value.pin
                )
            return value.with_(
                axes=renamed, dims=value.dims, origins=frozenset(), affine=value.affine, const=value.const
            )
        case TupleV():
            return TupleV(
                tuple(_rename(i, axes, f"{name}[{k}]" if name else None, bound) for k, i in enumerate(value.items)),
                value.type_,
            )
        case ListV():
            return ListV(
                tuple(_rename(i, axes, f"{name}[{k}]" if name else None, bound) for k, i in enumerate(value.items)),
                object() if name is None else value.site,
            )
        case SeqV():
            inner = _rename(value.item, axes, None, {})
            return SeqV(inner, object() if name is None else value.site)
        case StackedV():
            array = _rename(value.array, axes, name, bound)
            assert isinstance(array, Array)
            return StackedV(array, value.weak)
        case DictV():
            return DictV(
                tuple((k, _rename(v, axes, f"{name}[{k!r}]" if name else None, bound)) for k, v in value.items),
                value.site,
            )
    return value


def _with_origins(value: Value, name: str) -> Value:
    if isinstance(value, Array) and (value.rank or value.zero_d):
        return value.with_(
            origins=frozenset({("argument", name)}),
            dims=value.dims,
            affine=value.affine,
            const=value.const,
            pin=value.pin,
        )
    if isinstance(value, TupleV):
        return TupleV(tuple(_with_origins(i, name) for i in value.items), value.type_)
    if isinstance(value, ListV):
        return ListV(tuple(_with_origins(i, name) for i in value.items), value.site)
    if isinstance(value, DictV):
        return DictV(tuple((k, _with_origins(v, name)) for k, v in value.items), value.site)
    return value


_ = (Facts, Opaque, np)
