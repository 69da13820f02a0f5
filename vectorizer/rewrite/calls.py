"""Calls: of functions that have a rule, of methods, of the user's own functions."""

from __future__ import annotations

import types
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.expressions import PURE_MODULES, Expressions
from vectorizer.rules.context import Effect
from vectorizer.rules.elementwise import lower_ufunc
from vectorizer.rules.masked import masked_call
from vectorizer.rules.table import METHODS, Call, find, probe, value_like
from vectorizer.source.operand import Operand, call
from vectorizer.values import (
    MISSING,
    Affine,
    Array,
    Axis,
    DictV,
    FuncV,
    ListV,
    MaskedV,
    Obj,
    Opaque,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    Value,
    axes_of,
    is_uniform,
    join,
    union_axes,
)

IMPURE = {print, input, open, next, iter, exec, eval, setattr, delattr, globals, locals, vars}
UNIFORM_BUILTINS = {str, repr, type, ord, chr, hash, id, hasattr, callable, slice, format, set, frozenset, dict, object}


class Calls(Expressions):
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

    def arguments(self, node: cst.Call) -> tuple[list[Operand], dict[str, Operand]]:
        args: list[Operand] = []
        keywords: dict[str, Operand] = {}
        for arg in node.args:
            operand = self.argument(arg.value)
            if arg.star == "*":
                args += self.items(operand)
            elif arg.star == "**":
                raise Unsupported("a dict is unpacked into a call")
            elif arg.keyword is not None:
                keywords[arg.keyword.value] = operand
            else:
                args.append(operand)
        return args, keywords

    def argument(self, node: cst.BaseExpression) -> Operand:
        previous, self.truth_only = self.truth_only, False
        try:
            return self.expression(node)
        finally:
            self.truth_only = previous

    # --- functions ---------------------------------------------------------------------------------------------------

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
        if isinstance(target, types.FunctionType) and not self.is_library(target):
            return self.call_user(target, c)
        return self.call_unknown(target, c)

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
        if not all(is_uniform(o.value) for o in c.operands):
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

    # --- methods -----------------------------------------------------------------------------------------------------

    def method_call(self, base: Operand, name: str, node: cst.Call) -> Operand:
        value = base.value
        if isinstance(value, MaskedV):
            args, keywords = self.arguments(node)
            return masked_call(self, name, Call(name, args, keywords, base, None, self.node_site(node)), None)
        if isinstance(value, Array):
            return self.array_method(base, name, node)
        if isinstance(value, (ListV, SeqV, StackedV)):
            return self.list_method(base, name, node)
        if isinstance(value, DictV):
            return self.dict_method(base, name, node)
        if isinstance(value, TupleV) and hasattr(value.type_, "_fields"):
            raise Unsupported(f"method {name!r} of a named tuple")
        args, keywords = self.arguments(node)
        if (
            isinstance(value, Opaque)
            and all(is_uniform(o.value) for o in [*args, *keywords.values()])
            and name in _STRING_METHODS
        ):
            code = call(f"{base.primary}.{name}", *(a.code for a in args), **{k: o.code for k, o in keywords.items()})
            return Operand(code, Opaque())
        raise Unsupported(f"method {name!r} of something unknown")

    def array_method(self, base: Operand, name: str, node: cst.Call) -> Operand:
        args, keywords = self.arguments(node)
        value = self.array(base)
        if name in ("item", "tolist") and not args:
            return self._item(base, value, name)
        if name in ("fill", "sort", "put", "resize", "partition", "itemset", "setflags"):
            raise Effect(f"method {name!r} inside an expression")
        rule = METHODS.get(name)
        if rule is None or value.weak and name not in ("conjugate",):
            raise Unsupported(f"method {name!r} of {'a Python number' if value.weak else 'an array'} has no rule")
        c = Call(name, args, keywords, base, None, self.node_site(node))
        return rule.lower(self, c)

    def _item(self, base: Operand, value: Array, name: str) -> Operand:
        if value.rank:
            if name == "tolist" and value.rank == 1:
                if not value.axes:
                    return Operand(f"{base.primary}.tolist()", SeqV(Array(value.dtype, 0, weak=True), object()))
                return Operand(
                    base.code, StackedV(value.with_(dims=value.dims, origins=frozenset()), weak=True), base.level
                )
            raise Unsupported(f"method {name!r} of an array")
        if not value.axes:
            return Operand(f"{base.primary}.{name}()", value.with_(weak=True, zero_d=False))
        if value.dtype not in (np.dtype(float), np.dtype(np.int64), np.dtype(bool), np.dtype(complex)):
            code = {"f": "float", "i": "int", "u": "int", "c": "complex"}.get(value.kind)
            if code is None:
                raise Unsupported(f"method {name!r} of a value of dtype {value.dtype}")
            dtype = np.dtype({"float": float, "int": np.int64, "complex": complex}[code])  # type: ignore[arg-type]
            return Operand(
                f"{base.primary}.astype({code})", value.with_(weak=True, dtype=dtype, zero_d=False), fresh=True
            )
        return Operand(base.code, value.with_(weak=True, zero_d=False), base.level)

    def list_method(self, base: Operand, name: str, node: cst.Call) -> Operand:
        value = base.value
        args, keywords = self.arguments(node)
        if keywords or self.regions:
            raise Unsupported(f"method {name!r} of a list")
        if name == "copy" and not args and isinstance(value, (ListV, SeqV)):
            copied: Value = (
                ListV(value.items, self.node_site(node))
                if isinstance(value, ListV)
                else SeqV(value.item, self.node_site(node))
            )
            return Operand(f"{base.primary}.copy()", copied)
        if name == "pop" and isinstance(value, (ListV, SeqV)) and len(args) <= 1:
            return self._pop(base, value, args)
        if name in ("index", "count") and is_uniform(value) and is_uniform(args[0].value):
            return Operand(call(f"{base.primary}.{name}", args[0].code), Array(np.dtype(np.int64), 0, weak=True))
        raise Unsupported(f"method {name!r} of a list has no rule")

    def _pop(self, base: Operand, value: ListV | SeqV, args: list[Operand]) -> Operand:
        code = call(f"{base.primary}.pop", *(a.code for a in args))
        if isinstance(value, SeqV):
            self.uses_effect()
            return self.pinned_temp(Operand(code, value.item), "popped")
        k = self.pin_int(args[0], "a subscript") if args else -1
        items = list(value.items)
        if not -len(items) <= k < len(items):
            raise Unsupported("pop from an empty list")
        taken = items.pop(k)
        result = self.pinned_temp(Operand(code, taken), "popped")
        self.update_site(value.site, ListV(tuple(items), value.site))
        return result

    def pinned_temp(self, operand: Operand, hint: str) -> Operand:
        """A name for something that must be computed here and once."""
        name = self.fresh(hint)
        self.emit(f"{name} = {operand.code}", target=name)
        return Operand(name, operand.value)

    def uses_effect(self) -> None:
        if self.speculating or self.loops:
            raise Unsupported("a list changes inside an expression")

    def update_site(self, site: object, value: Value) -> None:
        """A list or dict has changed: every variable that names it sees it."""
        if site is None or isinstance(site, tuple):
            raise Unsupported("a list from outside the function is changed")
        for name, operand in list(self.env.items()):
            if getattr(operand.value, "site", None) == site:
                self.env[name] = Operand(operand.code, value)
            elif isinstance(operand.value, (TupleV, ListV, DictV, SeqV)) and _mentions(operand.value, site):
                raise Unsupported("a list inside another is changed")

    def dict_method(self, base: Operand, name: str, node: cst.Call) -> Operand:
        value = base.value
        assert isinstance(value, DictV)
        args, _ = self.arguments(node)
        if name == "get" and 1 <= len(args) <= 2:
            key = self.pin(args[0], "a key")
            found = value.get(key)
            if found is not None:
                return Operand(call(f"{base.primary}.get", *(a.code for a in args)), found)
            return args[1] if len(args) == 2 else Operand("None", Obj(None))
        if name in ("items", "keys", "values") and not args:
            code = f"{base.primary}.{name}()"
            keys = tuple(_key_value(k) for k, _ in value.items)
            if name == "keys":
                return Operand(code, TupleV(keys))
            if name == "values":
                return Operand(code, TupleV(tuple(v for _, v in value.items)))
            return Operand(code, TupleV(tuple(TupleV((k, v)) for k, (_, v) in zip(keys, value.items, strict=True))))
        raise Unsupported(f"method {name!r} of a dict has no rule")

    # --- the user's own functions --------------------------------------------------------------------------------------

    def call_inner(self, function: FuncV, args: list[Operand], keywords: dict[str, Operand]) -> Operand:
        """A function or lambda that is defined inside the function being rewritten."""
        if isinstance(function.node, cst.Lambda):
            return self.call_lambda(function, args, keywords)
        return self.call_nested(function, args, keywords)

    def call_lambda(self, function: FuncV, args: list[Operand], keywords: dict[str, Operand]) -> Operand:
        """A lambda is put in place of its call."""
        bound = self.bind_parameters(function.node.params, args, keywords)
        saved = dict(self.env)
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
            for name, operand in shadowed.items():
                if operand is None:
                    self.env.pop(name, None)
                else:
                    self.env[name] = operand
            _ = saved

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
        if not dot or not owner.isidentifier():
            raise Unsupported(f"method {target.__name__} of an object has no rule")
        bound = Operand(owner, Obj(target.__self__, pin=owner if owner in self.initial else None))
        return self.call_user(
            target.__func__, Call(f"{owner}.{target.__name__}", [bound, *c.args], c.keywords, None, None, c.site)
        )  # type: ignore[arg-type]

    def call_user(self, function: types.FunctionType, c: Call) -> Operand:
        raise NotImplementedError

    def call_nested(self, function: FuncV, args: list[Operand], keywords: dict[str, Operand]) -> Operand:
        raise NotImplementedError

    # --- calls with syntax of their own ----------------------------------------------------------------------------------

    def call_range(self, function: Operand, node: cst.Call) -> Operand:
        args, _ = self.arguments(node)
        if not all(isinstance(a.value, Array) and not a.value.axes for a in args):
            raise Unsupported("a range whose ends differ between the examples")
        return Operand(call(function.code, *(a.code for a in args)), SeqV(Array(np.dtype(np.int64), 0, weak=True)))

    def call_map(self, function: Operand, node: cst.Call) -> Operand:
        raise Unsupported("map outside a loop")

    def call_getattr(self, function: Operand, node: cst.Call) -> Operand:
        args, _ = self.arguments(node)
        return self.attribute(args[0], str(self.pin(args[1], "an attribute's name")))


_SPECIAL = (range, getattr)
_STRING_METHODS = {"lower", "upper", "strip", "startswith", "endswith", "split", "replace", "format", "join"}


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


def _key_value(key: Any) -> Value:
    from vectorizer.values import number

    return number(key) if isinstance(key, (bool, int, float)) else Obj(key)


def _mentions(value: Value, site: object) -> bool:
    if getattr(value, "site", None) == site:
        return True
    match value:
        case TupleV() | ListV():
            return any(_mentions(item, site) for item in value.items)
        case SeqV():
            return _mentions(value.item, site)
        case DictV():
            return any(_mentions(item, site) for _, item in value.items)
    return False


def batch_axes_of(values: list[Value]) -> tuple[Axis, ...]:
    return union_axes(*(axes_of(v) for v in values))


_ = (Affine, join)
