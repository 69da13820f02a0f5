"""Calls of the user's own functions: each is rewritten too, and emitted beside the function."""

from __future__ import annotations

import re
import types
from dataclasses import dataclass
from typing import Any, NamedTuple

import libcst as cst

from vectorizer.rewrite.names import assigned_names, names_read
from vectorizer.rewrite.parameters import Function, Parameter, Parameters
from vectorizer.rewrite.renaming import renamed_axes, value_key, with_origins
from vectorizer.rules.subscripts import (
    Parts,
)
from vectorizer.rules.table import Call
from vectorizer.source.operand import (
    Operand,
    call,
)
from vectorizer.values import (
    Array,
    Axes,
    Axis,
    FuncV,
    Obj,
    TupleV,
    Unsupported,
    Value,
    axes_of,
    copies,
    is_copy,
    is_uniform,
    join,
    number,
)


@dataclass
class Callee:
    """A function of the user's that is called.

    identity: what tells it from others: the function itself, or for one defined inside another its syntax tree.
    source: its text; None for one that is defined inside another.
    """

    name: str
    node: cst.FunctionDef
    identity: object
    namespace: Any
    source: Any


class Helper(NamedTuple):
    """A function as it was rewritten for a call.

    writes: parameters that it stores into.
    texts: its source and that of the functions that it calls, its own last.
    """

    emitted: str
    result: Value
    writes: set[str]
    hazards: list[str]
    texts: list[str]

    def is_unchanged(self, callee: Callee) -> bool:
        """Whether the rewritten text is the user's own, which then can be called as it stands."""
        plain = re.sub(rf"\b{self.emitted}\b", callee.name, self.texts[-1])
        return bool(plain.strip() == callee.source.text.strip())


class UserCalls(Parameters):
    """What a call of a function with source at hand becomes."""

    def call_user(self, function: types.FunctionType, c: Call) -> Operand:
        """A call of a function of the user's whose source is at hand."""
        source = self.shared.namespace.source_of(function)
        if source is None:
            raise Unsupported(f"the source of {function.__name__} is not available")
        node: cst.FunctionDef = source.node
        if node.asynchronous is not None or _is_generator(node):
            raise Unsupported(f"{function.__name__} is a generator or coroutine")
        bound = self.bind_user(node, function, c)
        callee = Callee(source.name, node, function, self.shared.namespace.inside(function), source)
        return self.call_helper(callee, bound, c)

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

    def call_helper(self, callee: Callee, bound: dict[str, Operand], c: Call) -> Operand:
        """A call of a function of the user's, rewritten for the operands at hand and emitted beside this one."""
        uniform = callee.source is not None and all(is_uniform(o.value) for o in bound.values())
        axes = tuple(sorted({a for o in bound.values() for a in axes_of(o.value)}))
        renamed = {axis: Axis("batch" if k == 0 else f"batch_{k + 1}", (k,)) for k, axis in enumerate(axes)}
        made = self._helper_for(callee, bound, renamed)
        back = {new: old for old, new in renamed.items()}
        value = renamed_axes(made.result, back, None)
        origins = frozenset(o for p in bound.values() if isinstance(p.value, Array) for o in p.value.origins)
        if isinstance(value, Array) and value.rank:
            copied = isinstance(made.result, Array) and any(is_copy(o) for o in made.result.origins)
            value = value.with_(origins=copies(origins) if copied else origins, dims=value.dims)
        if made.writes and c.site != self.direct:
            raise Unsupported(f"{callee.name} writes into its argument in the middle of an expression")
        bound = self._note_writes(callee.name, made.writes, bound)
        self.hazards += made.hazards
        as_written = call(c.function, *(a.code for a in c.args), **{k: o.code for k, o in c.keywords.items()})
        own = self.shared.backend is None or callee.source is not None and made.is_unchanged(callee)
        if uniform and is_uniform(value) and own:
            return Operand(as_written, value, fresh=True)
        if callee.source is not None and made.is_unchanged(callee):
            return Operand(as_written, value, fresh=not origins)
        self.shared.helper_sources += [text for text in made.texts if text not in self.shared.helper_sources]
        self.change("call", f"{callee.name} is rewritten too")
        return Operand(f"{made.emitted}({argument_codes(callee.node, bound)})", value, fresh=not origins)

    def _helper_for(self, callee: Callee, bound: dict[str, Operand], renamed: dict[Axis, Axis]) -> Helper:
        """The rewritten function for operands like these, from the table or made now."""
        values = {n: renamed_axes(o.value, renamed, n) for n, o in bound.items()}
        key = (id(callee.identity), tuple(value_key(v) for v in values.values()))
        if any(k[0] == key[0] for k in self.shared.calls):
            raise Unsupported(f"{callee.name} calls itself")
        found: Helper | None = self.shared.helpers.get(key)
        if found is not None:
            return found
        self.shared.calls.append(key)
        saved, self.shared.namespace = self.shared.namespace, callee.namespace
        count = len(self.shared.helper_sources)
        try:
            made = self.make_helper(callee, values, tuple(sorted(renamed.values())))
            made = made._replace(texts=[*self.shared.helper_sources[count:], *made.texts])
        except Unsupported as error:
            del self.shared.helper_sources[count:]
            raise Unsupported(f"in {callee.name}: {error.reason}") from None
        finally:
            self.shared.calls.pop()
            self.shared.namespace = saved
        self.shared.helpers[key] = made
        return made

    def _note_writes(self, name: str, writes: set[str], bound: dict[str, Operand]) -> dict[str, Operand]:
        """Arguments that the called function writes into are written here; numbers read from them are kept apart."""
        for written in writes:
            if self.regions or self.loops or self.speculating:
                raise Unsupported(f"{name} writes into its argument under a condition")
            self.written(bound[written])
        return {n: self.kept(o) for n, o in bound.items()} if writes else bound

    def make_helper(self, callee: Callee, values: dict[str, Value], axes: Axes) -> Helper:
        """Rewrites a function of the user's; one whose text is that of another already emitted is that one."""
        emitted = self._helper_name(callee.name, bool(axes))
        parameters = {n: Parameter(n, with_origins(value, n)) for n, value in values.items()}
        writes, self.facts.writes = self.facts.writes, set()
        try:
            text, results, hazards = self.rewritten(Function(callee.node, parameters, axes), emitted)
            written = self.facts.writes
        finally:
            self.facts.writes = writes
        merged = results[0] if results else Obj(None)
        for other in results[1:]:
            merged = join(merged, other)
        plain = re.sub(rf"\b{emitted}\b", "@", text)
        for (identity, _), held in self.shared.helpers.items():
            same = identity == self.shared.calls[-1][0]
            if same and re.sub(rf"\b{held.emitted}\b", "@", held.texts[-1]) == plain:
                self.shared.taken.discard(emitted)
                return Helper(held.emitted, merged, written, hazards, [held.texts[-1]])
        return Helper(emitted, merged, written, hazards, [text])

    def _helper_name(self, name: str, batched: bool) -> str:
        """A name for a rewritten function that nothing else has."""
        emitted, count = f"{name}_batched" if batched else name, 2
        while emitted in self.shared.taken or self.shared.namespace.has(emitted) or emitted in self.used:
            emitted, count = f"{name}_batched_{count}", count + 1
        self.shared.taken.add(emitted)
        return emitted

    def rewritten(self, function: Function, name: str) -> tuple[str, list[Value], list[str]]:
        """The text of a function, what it returns and its hazards."""
        raise NotImplementedError

    def call_nested(self, function: FuncV, args: list[Operand], keywords: dict[str, Operand]) -> Operand:
        """A function defined inside: its free variables become parameters of the emitted helper."""
        node: cst.FunctionDef = function.node
        bound = self.bind_parameters(node.params, args, keywords)
        self._bind_free(node, bound)
        if any(isinstance(o.value, FuncV) for o in bound.values()):
            raise Unsupported("a function is handed to a nested function")
        params = node.params
        own = {p.name.value for p in [*params.posonly_params, *params.params, *params.kwonly_params]}
        free = [n for n in bound if n not in own]
        if free:
            extra = [cst.Param(cst.Name(n)) for n in free]
            absent = cst.MaybeSentinel.DEFAULT
            plain = [p.with_changes(default=None, equal=absent, comma=absent) for p in params.params]
            node = node.with_changes(params=params.with_changes(params=[*plain, *extra]))
        c = Call(function.name, [bound[p.name.value] for p in [*node.params.posonly_params, *node.params.params]], {})
        callee = Callee(function.name, node, function.node, self.shared.namespace, None)
        return self.call_helper(callee, bound, c)

    def _bind_free(self, node: cst.FunctionDef, bound: dict[str, Operand]) -> None:
        """Adds to `bound` what an inner function reads of the variables around it."""
        inner = assigned_names(node.body) | set(bound)
        for name in sorted(names_read(node.body) - inner):
            if name in self.env and not isinstance(self.env[name].value, Obj):
                if isinstance(self.env[name].value, FuncV):
                    raise Unsupported("a nested function that calls another")
                bound[name] = self.read(name)


def argument_codes(node: cst.FunctionDef, bound: dict[str, Operand]) -> str:
    """The arguments of a call; behind a default that is left away they are given by name."""
    codes: list[str] = []
    keywords: list[str] = []
    positional = True
    order = [p.name.value for p in [*node.params.posonly_params, *node.params.params]]
    for name in order:
        if bound[name].code == "<default>":
            positional = False
            continue
        codes.append(bound[name].code if positional else f"{name}={bound[name].code}")
    for name, operand in bound.items():
        if name in order or operand.code == "<default>":
            continue
        star = node.params.star_arg
        if isinstance(star, cst.Param) and name == star.name.value:
            assert isinstance(operand.node, Parts)
            codes += [p.code for p in operand.node.parts]
        else:
            keywords.append(f"{name}={operand.code}")
    return ", ".join(codes + keywords)


def _is_generator(node: cst.CSTNode) -> bool:
    if isinstance(node, (cst.Yield, cst.From)):
        return True
    return any(_is_generator(c) for c in node.children if not isinstance(c, (cst.Lambda, cst.FunctionDef)))
