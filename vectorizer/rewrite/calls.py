"""Calls: of functions that have a rule, of lambdas, of the user's own functions."""

from __future__ import annotations

import types
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.inlining import Inlining
from vectorizer.rewrite.symbols import PURE_MODULES
from vectorizer.rules.elementwise import (
    lower_ufunc,
)
from vectorizer.rules.masked import masked_call
from vectorizer.rules.random import holds_generator
from vectorizer.rules.subscripts import Parts
from vectorizer.rules.table import METHODS, Call, find, probe, value_like
from vectorizer.source.operand import (
    Operand,
    call,
)
from vectorizer.values import (
    MISSING,
    Array,
    FuncV,
    MaskedV,
    Obj,
    Opaque,
    SeqV,
    Unsupported,
    is_uniform,
    number,
)

IMPURE = {print, input, open, next, iter, exec, eval, setattr, delattr, globals, locals, vars}
UNIFORM_BUILTINS = {str, repr, type, ord, chr, hash, id, hasattr, callable, slice, format, set, frozenset, dict, object}
DRAWING = frozenset("rvs bootstrap permutation_test monte_carlo_test differential_evolution dual_annealing".split())
_SPECIAL = (range, getattr)
LONGEST_RANGE = 16  # numbers of a range that are known one by one


class Calls(Inlining):
    """What a call becomes."""

    def visit_Call(self, node: cst.Call) -> Operand:
        if isinstance(node.func, cst.Attribute):
            base = self.expression(node.func.value)
            if not (isinstance(base.value, Obj)):
                return self.fresh_memory(self.method_call(base, node.func.attr.value, node), node)
            function = self.attribute(base, node.func.attr.value)
        else:
            function = self.expression(node.func)
        return self.fresh_memory(self.function_call(function, node), node)

    def function_call(self, function: Operand, node: cst.Call) -> Operand:
        value = function.value
        if isinstance(value, FuncV):
            return self.call_inner(value, *self.arguments(node))
        if not isinstance(value, Obj):
            raise Unsupported("a call of something unknown")
        target = value.value
        special = getattr(self, f"call_{target.__name__}", None) if target in _SPECIAL else None
        if special is not None:
            result: Operand = special(function, node)
            return result
        args, keywords = self.arguments(node)
        c = Call(function.code, args, keywords, None, target, self.node_site(node))
        return self.apply(target, c)

    def apply(self, target: Any, c: Call) -> Operand:
        """The call of a known function."""
        if any(isinstance(o.value, MaskedV) for o in c.operands):
            return masked_call(self, getattr(target, "__name__", ""), c, target)
        if isinstance(target, types.MethodType) and isinstance(target.__func__, types.FunctionType):
            return self.call_method(target, c)
        if isinstance(target, np.ufunc):
            return lower_ufunc(self, c)
        rule = find(target)
        if rule is not None:
            return rule.lower(self, c)
        if isinstance(target, types.MethodDescriptorType) and target.__objclass__ is np.ndarray and c.args:
            return self.descriptor_call(target.__name__, c)
        if isinstance(target, types.FunctionType) and not self.is_library(target):
            return self.call_user(target, c)
        return self.call_unknown(target, c)

    def descriptor_call(self, name: str, c: Call) -> Operand:
        """``np.ndarray.sum(x)`` is ``x.sum()``."""
        base, rule = c.args[0], METHODS.get(name)
        if rule is None or rule.kind == "store" or not isinstance(base.value, Array) or base.value.weak:
            raise Unsupported(f"np.ndarray.{name} has no batching rule")
        return rule.lower(self, Call(name, c.args[1:], c.keywords, base, None, c.site))

    @staticmethod
    def is_library(target: Any) -> bool:
        module = getattr(target, "__module__", None) or ""
        return module.split(".")[0] in PURE_MODULES

    def call_unknown(self, target: Any, c: Call) -> Operand:
        """A function without a rule: it stays as it is where all operands are uniform and it is known to be pure."""
        name = getattr(target, "__name__", str(target))
        module = (getattr(target, "__module__", None) or type(target).__module__ or "").split(".")
        if target in IMPURE if _hashable(target) else False:
            raise Unsupported(f"{name} has an effect beside its result")
        if not all(is_uniform(o.value) and not holds_generator(o.value) for o in c.operands) or name in DRAWING:
            raise Unsupported(f"{name} has no batching rule")
        pure = (
            module[0] in PURE_MODULES and "random" not in module or (_hashable(target) and target in UNIFORM_BUILTINS)
        )
        if not pure or "random" in str(getattr(target, "__self__", "")).lower():
            raise Unsupported(f"{name} has no batching rule")
        code = call(c.function, *(a.code for a in c.args), **{k: o.code for k, o in c.keywords.items()})
        if isinstance(target, type) and issubclass(target, Exception):
            return Operand(code, Opaque())
        try:
            value = value_like(probe(target, *(a.value for a in c.args), **{k: o.value for k, o in c.keywords.items()}))
        except Unsupported:
            value = Opaque()
        seen = frozenset(o for p in c.operands if isinstance(p.value, Array) for o in p.value.origins)
        if isinstance(value, Array) and value.rank and seen:  # it may give its argument
            value = value.with_(origins=seen, dims=value.dims)
        return Operand(code, value, fresh=not seen)

    def call_inner(self, function: FuncV, args: list[Operand], keywords: dict[str, Operand]) -> Operand:
        """A function or lambda that is defined inside the function being rewritten."""
        if isinstance(function.node, cst.Lambda):
            return self.call_lambda(function, args, keywords)
        return self.call_nested(function, args, keywords)

    def call_lambda(self, function: FuncV, args: list[Operand], keywords: dict[str, Operand]) -> Operand:
        """A lambda is put in place of its call."""
        bound = self.bind_parameters(function.node.params, args, keywords)
        names: dict[str, Operand] = {}
        for name, operand in bound.items():
            named = operand if operand.lazy or operand.is_name or _literal(operand) else self.temp(operand, name)
            names[name] = named
        shadowed = {name: self.env.get(name) for name in names}
        previous = self.local_names
        self.local_names = previous | set(names)
        # Free variables of a lambda are looked up when it is called.
        self.env.update(names)
        try:
            return self.expression(function.node.body)
        finally:
            self.local_names = previous
            for name, hidden in shadowed.items():
                if hidden is None:
                    self.env.pop(name, None)
                else:
                    self.env[name] = hidden

    def bind_parameters(
        self, params: cst.Parameters, args: list[Operand], keywords: dict[str, Operand]
    ) -> dict[str, Operand]:
        """Operands by parameter, as Python would bind them; defaults are evaluated where they are missing."""
        if isinstance(params.star_arg, cst.Param) or params.star_kwarg is not None:
            raise Unsupported("a function with * parameters")
        positional = [*params.posonly_params, *params.params]
        if len(args) > len(positional):
            raise Unsupported("a call with too many arguments")
        bound = {p.name.value: a for p, a in zip(positional, args, strict=False)}
        for param in [*positional, *params.kwonly_params]:
            name = param.name.value
            if name in bound:
                continue
            if name in keywords:
                bound[name] = keywords[name]
            elif param.default is not None:
                if isinstance(param.default, (cst.List, cst.Dict, cst.Set, cst.Call, cst.ListComp)):
                    raise Unsupported("a default that is made once and can be changed")
                bound[name] = self.expression(param.default)
            else:
                raise Unsupported("a call with too few arguments")
        if set(keywords) - set(bound):
            raise Unsupported("a call with unknown keywords")
        return bound

    def call_method(self, target: types.MethodType, c: Call) -> Operand:
        """A method of an object of the user's is its function, called with the object."""
        owner, dot, _ = c.function.rpartition(".")
        if not dot or not owner.isidentifier() or not isinstance(target.__func__, types.FunctionType):
            raise Unsupported(f"method {target.__name__} of an object has no rule")
        bound = Operand(owner, Obj(target.__self__, pin=owner if owner in self.initial else None))
        inner = Call(f"{owner}.{target.__name__}", [bound, *c.args], c.keywords, None, None, c.site)
        return self.call_user(target.__func__, inner)

    def call_user(self, function: types.FunctionType, c: Call) -> Operand:
        raise NotImplementedError

    def call_nested(self, function: FuncV, args: list[Operand], keywords: dict[str, Operand]) -> Operand:
        raise NotImplementedError

    def call_range(self, function: Operand, node: cst.Call) -> Operand:
        args, _ = self.arguments(node)
        if not all(isinstance(a.value, Array) and not a.value.axes for a in args):
            raise Unsupported("a range whose ends differ between the examples")
        code = call(function.code, *(a.code for a in args))
        known = [a.array.const for a in args]
        numbers = None
        if all(isinstance(k, int) for k in known) and len(range(*known)) <= LONGEST_RANGE:
            numbers = Parts([Operand(str(k), number(k)) for k in range(*known)])
        return Operand(code, SeqV(Array(np.dtype(np.int64), 0, weak=True)), node=numbers)

    def call_map(self, function: Operand, node: cst.Call) -> Operand:
        raise Unsupported("map outside a loop")

    def call_getattr(self, function: Operand, node: cst.Call) -> Operand:
        args, _ = self.arguments(node)
        return self.attribute(args[0], str(self.pin(args[1], "an attribute's name")))


def _hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _literal(operand: Operand) -> bool:
    return (
        isinstance(operand.value, Array)
        and operand.value.const is not MISSING
        or isinstance(operand.value, (Obj, FuncV))
    )
