"""Expressions that stand for themselves: calls that are made for what they change."""

from __future__ import annotations

from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.calls import Calls
from vectorizer.rules.gathers import locate_gather
from vectorizer.rules.subscripts import (
    FULL,
)
from vectorizer.source.operand import (
    Operand,
    call,
)
from vectorizer.values import (
    Array,
    ListV,
    Obj,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    Value,
    axes_of,
    join,
    union_axes,
)


class Effects(Calls):
    """What list.append, array.sort, np.add.at and their like become."""

    def small_Expr(self, node: cst.Expr) -> bool:
        if isinstance(node.value, (cst.SimpleString, cst.ConcatenatedString)):
            self.emit(self.text(node.value))
            return False
        if isinstance(node.value, cst.Call) and self.effect(node.value):
            return False
        self.direct = self.node_site(node.value)
        operand = self.expression(node.value)  # made for its effect: it is not looped on its own
        if operand.code != "None":
            self.emit(operand.code)
        return False

    def effect(self, node: cst.Call) -> bool:
        """Calls that are made for what they change: list.append, array.sort, np.add.at ..."""
        if not isinstance(node.func, cst.Attribute):
            return self.effect_function(node)
        name = node.func.attr.value
        base = self.expression(node.func.value)
        if isinstance(base.value, (ListV, SeqV, StackedV)) and name in (
            "append",
            "extend",
            "insert",
            "clear",
            "reverse",
            "sort",
        ):
            args, keywords = self.arguments(node)
            if keywords:
                raise Unsupported(f"list.{name} with keywords")
            self.change_list(base, name, args)
            return True
        if isinstance(base.value, Array) and name in ("fill", "sort"):
            args, keywords = self.arguments(node)
            self.change_array(base, name, args, keywords)
            return True
        if isinstance(base.value, Obj) and isinstance(base.value.value, np.ufunc) and name == "at":
            args, keywords = self.arguments(node)
            self.ufunc_at(base, args)
            return True
        return self.effect_function(node)

    def effect_function(self, node: cst.Call) -> bool:
        return False

    def ufunc_at(self, base: Operand, args: list[Operand]) -> None:
        """``np.add.at(target, index, value)``."""
        ufunc: Any = base.value.value if isinstance(base.value, Obj) else None
        symbol = {np.add: "+", np.subtract: "-", np.multiply: "*"}.get(ufunc)
        if len(args) != 3 or symbol is None:
            raise Unsupported(f"{base.code}.at in a form that has no rule")
        index = self.items(args[1]) if isinstance(args[1].value, TupleV) else [self.as_array(args[1])]
        target = self.array(args[0])
        value = self.as_array(args[2])
        needed = union_axes(*(axes_of(i.value) for i in index), self.array(value).axes)
        if set(needed) - set(target.axes):
            self.store_needs(args[0], needed)
        if self.regions or self.loops:
            raise Unsupported(f"{base.code}.at under a condition")
        self.written(args[0])
        if not needed and not target.axes:
            self.emit(call(f"{base.code}.at", *(a.code for a in args)))
            return
        anchored = [i if k or self.array(i).axes else self.spread(i, target.axes) for k, i in enumerate(index)]
        region = locate_gather(self, args[0], [*anchored, *[FULL] * (target.rank - len(index))])
        if region.moved:
            raise Unsupported(f"{base.code}.at over later axes")
        fitted = self.fully(value, region.value.axes, region.value.rank) if self.array(value).axes else value
        self.emit(call(f"{base.code}.at", args[0].code, f"({region.index})", fitted.code))

    def change_list(self, base: Operand, name: str, args: list[Operand]) -> None:
        """``base.name(*args)`` on a list; every variable that names the list sees the change."""
        value = base.value
        if self.regions or self.speculating:
            raise Unsupported("a list that only some examples change")
        if self.loops:
            self.loop_list(base, name, args)
            return
        if isinstance(value, StackedV):
            self.sequential_again("a list is changed again after the loop that filled it")
        assert isinstance(value, (ListV, SeqV))
        args = [self.kept(a) for a in args]
        if name == "append" and len(args) == 1:
            made, args = self._appended(value, args[0])
        else:
            made = self._changed_list(value, name, args)
        self.emit(call(f"{base.primary}.{name}", *(a.code for a in args)))
        self.update_site(value.site, made)

    def _appended(self, value: ListV | SeqV, item: Operand) -> tuple[Value, list[Operand]]:
        """The list with one item more, and the item in the form that all items of the list have."""
        if isinstance(value, ListV):
            return ListV((*value.items, item.value), value.site), [item]
        made = SeqV(join(value.item, item.value), value.site)
        if not self.same_layout(item.value, made.item):
            item = self.coerced(item, made.item)
        return made, [item]

    def _changed_list(self, value: ListV | SeqV, name: str, args: list[Operand]) -> Value:
        """What a list is after a method other than `append`."""
        site = value.site
        if name == "extend" and isinstance(value, ListV) and isinstance(args[0].value, (ListV, TupleV)):
            return ListV(value.items + args[0].value.items, site)
        if name == "insert" and isinstance(value, ListV) and len(args) == 2:
            items = list(value.items)
            items.insert(self.pin_int(args[0], "a position"), args[1].value)
            return ListV(tuple(items), site)
        if name == "reverse":
            return ListV(value.items[::-1], site) if isinstance(value, ListV) else value
        if name == "insert" and isinstance(value, SeqV) and len(args) == 2:
            return SeqV(join(value.item, args[1].value), site)
        raise Unsupported(f"list.{name} has no rule here")

    def loop_list(self, base: Operand, name: str, args: list[Operand]) -> None:
        raise Unsupported("a list is changed in a loop that has become an axis")

    def sequential_again(self, reason: str) -> None:
        raise Unsupported(reason)

    def change_array(self, base: Operand, name: str, args: list[Operand], keywords: dict[str, Operand]) -> None:
        value = self.array(base)
        if self.regions or self.speculating or self.loops:
            raise Unsupported(f"array.{name} under a condition")
        if name == "fill" and len(args) == 1 and not keywords:
            self.store(base, [*[FULL] * value.rank], args[0], None)
            return
        if name == "sort":
            axis = self.pin_int(args[0], "an axis") if args else -1
            if keywords or len(args) > 1:
                raise Unsupported("array.sort with keywords")
            self.written(base)
            if not value.origins:
                raise Unsupported("a sort of memory whose origin is not known")
            shifted = axis if axis < 0 else axis + len(value.axes)
            self.emit(call(f"{base.primary}.sort", *([str(shifted)] if args else [])))
            return
        raise Unsupported(f"array.{name} in a form that has no rule")
