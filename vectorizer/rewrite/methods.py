"""Calls of methods."""

from __future__ import annotations

from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.expressions import Expressions
from vectorizer.rules.context import Effect
from vectorizer.rules.indexing import is_number_that_varies, subscript
from vectorizer.rules.lookups import item_at
from vectorizer.rules.masked import masked_call
from vectorizer.rules.random import draw
from vectorizer.rules.reductions import flattened
from vectorizer.rules.table import METHODS, Call
from vectorizer.source.operand import (
    Operand,
    call,
)
from vectorizer.source.statements import Stmt
from vectorizer.values import (
    Array,
    DictV,
    GeneratorV,
    ListV,
    MaskedV,
    Obj,
    Opaque,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    Value,
    is_uniform,
    number,
)

CHANGING = ("fill", "sort", "put", "resize", "partition", "setfield", "setflags")
_STRING_METHODS = {"lower", "upper", "strip", "startswith", "endswith", "split", "replace", "format", "join"}


class Methods(Expressions):
    """What the methods of arrays, lists and dicts become."""

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

    def method_call(self, base: Operand, name: str, node: cst.Call) -> Operand:
        value = base.value
        if isinstance(value, MaskedV):
            args, keywords = self.arguments(node)
            return masked_call(self, name, Call(name, args, keywords, base, None, self.node_site(node)), None)
        if isinstance(value, Array):
            return self.array_method(base, name, node)
        if isinstance(value, (ListV, SeqV, StackedV)):
            return self.list_method(base, name, node)
        if isinstance(value, GeneratorV):
            args, keywords = self.arguments(node)
            return draw(self, base, name, args, keywords, self.node_site(node))
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
        if name == "item" and not keywords:
            whole = self.items(args[0]) if isinstance(args[0].value, TupleV) else args
            flat = flattened(self, base) if len(whole) == 1 else base
            picked = subscript(self, flat, whole)
            return self._item(picked, self.array(picked), name)
        rule = METHODS.get(name)
        if name in CHANGING and (rule is None or self.node_site(node) != self.direct):
            raise Effect(f"method {name!r} inside an expression" if rule is not None else f"method {name!r}")
        if rule is None or value.weak and name not in ("conjugate",):
            raise Unsupported(f"method {name!r} of {'a Python number' if value.weak else 'an array'} has no rule")
        c = Call(name, args, keywords, base, None, self.node_site(node))
        return rule.lower(self, c)

    def _item(self, base: Operand, value: Array, name: str) -> Operand:
        if value.rank:
            if name == "tolist" and value.rank == 1:
                if not value.axes:
                    return Operand(f"{base.primary}.tolist()", SeqV(Array(value.dtype, 0, weak=True), object()))
                # A copy, which is made where the array may change as long as the list is in use.
                return Operand(base.code, StackedV(value.with_(dims=value.dims), weak=True), base.level)
            raise Unsupported(f"method {name!r} of an array")
        if not value.axes:
            return Operand(f"{base.primary}.{name}()", value.with_(weak=True, zero_d=False))
        if value.dtype not in (np.dtype(float), np.dtype(np.int64), np.dtype(bool), np.dtype(complex)):
            code = {"f": "float", "i": "int", "u": "int", "c": "complex"}.get(value.kind)
            if code is None:
                raise Unsupported(f"method {name!r} of a value of dtype {value.dtype}")
            dtype = _PYTHON_DTYPES[code]
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
        if name in ("index", "count") and isinstance(value, StackedV) and len(args) == 1:
            return self._found_in_list(base, value, name, args[0])
        raise Unsupported(f"method {name!r} of a list has no rule")

    def _found_in_list(self, base: Operand, value: StackedV, name: str, item: Operand) -> Operand:
        """Where a number stands first in a list, or how often."""
        equal = self.temp(self.compare("==", base.with_value(value.array), item), "found")
        found = self.array(equal)
        if found.rank != 1 or value.array.rank != 1:
            raise Unsupported(f"method {name!r} of a list of lists")
        result = Array(np.dtype(np.int64), 0, found.axes, weak=True)
        axis = str(len(found.axes))
        if name == "count":
            return Operand(call(self.np("count_nonzero"), equal.code, axis=axis), result, fresh=True)
        self.hazard("a number may not be in a list")
        test = call(self.np("all"), call(self.np("any"), equal.code, axis=axis))
        self.emit(f"if not {test}:", body=[Stmt('raise ValueError("not in the list")', line=self.line)])
        return Operand(call(self.np("argmax"), equal.code, axis=axis), result, fresh=True)

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
        if name == "get" and len(args) == 2 and is_number_that_varies(args[0]):
            return item_at(self, base, args[0], args[1])
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


_PYTHON_DTYPES: dict[str, np.dtype[Any]] = {
    "float": np.dtype(float),
    "int": np.dtype(np.int64),
    "complex": np.dtype(complex),
}


def _key_value(key: Any) -> Value:
    """The abstract value of a dict's key."""
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
