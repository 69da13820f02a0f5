"""Functions that are defined inside the function: what they read of the variables around them becomes parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import libcst as cst

from vectorizer.rewrite.callees import Callee
from vectorizer.rewrite.names import assigned_names, names_read, parameter_names
from vectorizer.rewrite.user_calls import UserCalls
from vectorizer.rules.table import Call
from vectorizer.source.operand import Operand
from vectorizer.values import FuncV, Obj, Unsupported, Value


@dataclass(frozen=True)
class Surroundings:
    """The names that a nested function sees: other nested functions and itself, and then what is outside of all."""

    outside: Any
    functions: dict[str, FuncV]

    def lookup(self, name: str) -> Value | None:
        found = self.functions.get(name)
        outer: Value | None = self.outside.lookup(name) if found is None else found
        return outer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.outside, name)


class NestedFunctions(UserCalls):
    """What a call of a nested function becomes."""

    def call_nested(self, function: FuncV, args: list[Operand], keywords: dict[str, Operand]) -> Operand:
        """A function defined inside: its free variables become parameters of the emitted helper."""
        node: cst.FunctionDef = function.node
        bound = self.bind_parameters(node.params, args, keywords)
        functions = self._bind_free(node, bound)
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
        namespace = Surroundings(self.shared.namespace, functions) if functions else self.shared.namespace
        return self.call_helper(Callee(function.name, node, function.node, namespace, None), bound, c)

    def _bind_free(self, node: cst.FunctionDef, bound: dict[str, Operand]) -> dict[str, FuncV]:
        """Adds to `bound` what a nested function reads of the variables around it, also through others that it calls.

        Returns these others.
        """
        functions: dict[str, FuncV] = {}
        own = assigned_names(node.body) | parameter_names(node)
        left: list[Any] = [node]
        while left:
            part = left.pop()
            inner = assigned_names(part.body) | parameter_names(part)
            for name in sorted(names_read(part.body) - inner - functions.keys()):
                value = self.env[name].value if name in self.env else self._nested(name)
                if isinstance(value, FuncV):
                    functions[name] = value
                    left.append(value.node)
                elif value is not None and not isinstance(value, Obj):
                    if part is not node and name in own:
                        raise Unsupported("a nested function calls another that reads a variable of the same name")
                    bound[name] = self.read(name)
        return functions

    def _nested(self, name: str) -> FuncV | None:
        """A function that stands beside the nested function that is being rewritten."""
        namespace = self.shared.namespace
        return namespace.functions.get(name) if isinstance(namespace, Surroundings) else None
