"""Functions that take a function or a generator, written as comprehensions and loops: `map`, `reduce`, `next`, ...

What they stand for has rules already.  The syntax that is made up is the same in each walk.
"""

from __future__ import annotations

import builtins
import functools
import itertools
from collections.abc import Callable
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.comprehensions import Comprehensions
from vectorizer.rewrite.names import Renamed, assigned_names
from vectorizer.source.operand import Operand, call
from vectorizer.values import Array, Obj, StackedV, Unsupported

ZERO = cst.Integer("0")
Made = tuple[list[Any], cst.BaseExpression]  # statements, and the expression that is the result behind them


class Functional(Comprehensions):
    """Calls that are written in another way."""

    written_parts: int = 0  # how many expressions were written as statements

    def function_call(self, function: Operand, node: cst.Call) -> Operand:
        target = function.value.value if isinstance(function.value, Obj) else None
        write = WRITTEN.get(target) if isinstance(target, (type, *CALLABLE)) else None
        if write is None or any(a.star for a in node.args):
            return super().function_call(function, node)
        if target is itertools.accumulate:
            return self.accumulated(node)
        key = ("written", self.node_site(node))
        if key not in self.plan.guarded:
            self.plan.guarded[key] = write(self, node)
        made: Made | None = self.plan.guarded[key]
        if made is None:
            return super().function_call(function, node)
        return self.written_out(made, node)

    def written_out(self, made: Made, node: cst.BaseExpression) -> Operand:
        """The result of what an expression is written as."""
        statements, result = made
        if not statements:
            return self.expression(result)
        if self.loops:
            raise Unsupported("statements of an expression in a loop that has become an axis")
        if self.speculating > len(self.masks):
            self.hazard("a loop in a part of an expression that not all examples compute")
        for name in names_of(made):
            self.local_names = self.local_names | {name}
        if self.block(statements):
            raise Unsupported("control leaves an expression")
        operand = self.expression(result)
        for name in names_of(made):  # nobody reads them again
            self.env.pop(name, None)
        self.written_parts += 1
        return operand

    def new_name(self, hint: str) -> str:
        """A name for a variable of what is made up."""
        name = self.fresh(hint)
        self.plan.reserved.add(name)
        self.local_names = self.local_names | {name}
        return name

    def as_comprehension(self, node: cst.Call) -> Made | None:
        """``map(f, x)`` as ``(f(item) for item in x)``, ``filter(f, x)`` as ``(item for item in x if f(item))``."""
        plain = [a.value for a in node.args]
        if len(plain) < 2 or any(a.keyword is not None for a in node.args):
            return None
        items = [cst.Name(self.new_name("item")) for _ in plain[1:]]
        target: Any = items[0] if len(items) == 1 else cst.Tuple([cst.Element(i) for i in items])
        source = plain[1] if len(items) == 1 else called("zip", *plain[1:])
        applied = cst.Call(plain[0], [cst.Arg(i) for i in items])
        if isinstance(node.func, cst.Name) and node.func.value == "filter":
            if len(items) > 1:
                return None
            test = items[0] if isinstance(plain[0], cst.Name) and plain[0].value == "None" else applied
            return [], cst.GeneratorExp(items[0], cst.CompFor(target, source, [cst.CompIf(test)]))
        return [], cst.GeneratorExp(applied, cst.CompFor(target, source))

    def as_reduction(self, node: cst.Call) -> Made | None:
        """``reduce(f, x, first)`` as ``total = first``, and ``total = f(total, item)`` for each item."""
        plain = [a.value for a in node.args]
        if len(plain) not in (2, 3) or any(a.keyword is not None for a in node.args):
            return None
        total, item = cst.Name(self.new_name("total")), cst.Name(self.new_name("item"))
        first: cst.BaseExpression = plain[2] if len(plain) == 3 else subscripted(plain[1], cst.Index(cst.Integer("0")))
        rest = plain[1] if len(plain) == 3 else subscripted(plain[1], cst.Slice(cst.Integer("1"), None))
        applied = cst.Call(plain[0], [cst.Arg(total), cst.Arg(item)])
        loop = cst.For(item, rest, cst.IndentedBlock([assigned(total, applied)]))
        return [assigned(total, first), loop], total

    def as_search(self, node: cst.Call) -> Made | None:
        """``next((e for t in x if c), default)`` as a loop that ends at the first hit."""
        plain = [a.value for a in node.args]
        if len(plain) != 2 or not isinstance(plain[0], cst.GeneratorExp):
            return None
        generator = plain[0].for_in
        if generator.inner_for_in is not None or not generator.ifs:
            return None
        found = cst.Name(self.new_name("found"))
        names, element, tests = self.renamed(generator, plain[0].elt)
        hit = cst.IndentedBlock([assigned(found, element), cst.SimpleStatementLine([cst.Break()])])
        branch = cst.If(conjunction(tests), hit)
        loop = cst.For(names, generator.iter, cst.IndentedBlock([branch]))
        return [assigned(found, plain[1]), loop], found

    def as_extremum(self, node: cst.Call) -> Made | None:
        """``max(x, key=f)`` as the element of `x` at the place where ``[f(item) for item in x]`` is greatest."""
        plain = [a for a in node.args if a.keyword is None]
        keys = [a.value for a in node.args if a.keyword is not None and a.keyword.value == "key"]
        if len(plain) != 1 or len(keys) != 1 or len(node.args) != 2 or not isinstance(node.func, cst.Name):
            return None
        source, item = plain[0].value, cst.Name(self.new_name("item"))
        found = cst.Call(cst.Name(PLACE + node.func.value), [cst.Arg(cst.ListComp(
            cst.Call(keys[0], [cst.Arg(item)]), cst.CompFor(item, source)
        ))])  # fmt: skip
        if isinstance(source, cst.Name):
            return [], subscripted(source, cst.Index(found))
        if isinstance(source, cst.Call) and isinstance(source.func, cst.Name) and source.func.value == "range":
            if len(source.args) == 1:
                return [], called("int", found)
            if len(source.args) == 2:
                return [], cst.BinaryOperation(in_parentheses(source.args[0].value), cst.Add(), called("int", found))
        return None

    def read(self, name: str) -> Operand:
        function = PLACES.get(name)
        if function is None:
            return super().read(name)
        if not self.facts.no_nan():  # Python keeps the first where a key is nan
            raise Unsupported("the greatest by keys that may be nan")
        return Operand(self.np(function.__name__), Obj(function))

    def as_loop(self, node: cst.Call) -> Made | None:
        """``sum(e for k in range(n))`` with an `n` that differs as a loop; so `any` and `all`."""
        if len(node.args) != 1 or not isinstance(node.args[0].value, (cst.GeneratorExp, cst.ListComp)):
            return None
        generator = node.args[0].value.for_in
        if generator.inner_for_in is not None or not self.differs(generator.iter):
            return None
        return self.loop_over(node.args[0].value, node.func.value if isinstance(node.func, cst.Name) else "")

    def loop_over(
        self, given: cst.GeneratorExp | cst.ListComp, kind: str, first: cst.BaseExpression = ZERO
    ) -> Made | None:
        """The sum of what a comprehension gives, which begins with `first`, or whether any or all of it is true."""
        generator = given.for_in
        names, element, tests = self.renamed(generator, given.elt)
        total = cst.Name(self.new_name({"sum": "total", "any": "found", "all": "holds"}.get(kind, "total")))
        if kind == "sum":
            body: list[Any] = [assigned(total, cst.BinaryOperation(total, cst.Add(), in_parentheses(element)))]
        else:
            test = in_parentheses(element) if kind == "any" else cst.UnaryOperation(cst.Not(), in_parentheses(element))
            first = cst.Name(str(kind == "all"))
            lines = [assigned(total, cst.Name(str(kind == "any"))), cst.SimpleStatementLine([cst.Break()])]
            body = [cst.If(test, cst.IndentedBlock(lines))]
        if tests:
            body = [cst.If(conjunction(tests), cst.IndentedBlock(body))]
        return [assigned(total, first), cst.For(names, generator.iter, cst.IndentedBlock(body))], total

    def differs(self, node: cst.BaseExpression) -> bool:
        """Whether a comprehension runs over a range whose ends differ between the examples."""
        if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Name) or node.func.value != "range":
            return False
        mark = self.mark()
        try:
            bounds = [self.expression(a.value) for a in node.args]
        except Unsupported:
            return False
        finally:
            self.rollback(mark)
        batch = set(self.axes) | {r.axis for r in self.regions}
        return any(isinstance(b.value, Array) and set(b.value.axes) & batch for b in bounds)

    def renamed(
        self, generator: cst.CompFor, element: cst.BaseExpression
    ) -> tuple[Any, cst.BaseExpression, list[cst.BaseExpression]]:
        """The target, the element and the conditions of a comprehension; its variables get names of their own."""
        names = {name: self.new_name(name) for name in targets_of(generator.target)}
        change = Renamed(names)
        tests = [c.test.visit(change) for c in generator.ifs]
        return generator.target.visit(change), element.visit(change), tests  # type: ignore[return-value]

    def accumulated(self, node: cst.Call) -> Operand:
        """``itertools.accumulate(x)``, with a function that NumPy accumulates."""
        args, keywords = self.arguments(node)
        function = args[1].value if len(args) > 1 else Obj(np.add)
        known = ACCUMULATED.get(function.value) if isinstance(function, Obj) and callable(function.value) else None
        if keywords or known is None or not args:
            raise Unsupported("itertools.accumulate in a form that has no rule")
        given = self.as_array(args[0])
        array = self.array(given)
        if array.rank != 1 or array.kind not in "if" or known[1] and array.kind == "f" and not self.facts.no_nan():
            raise Unsupported("itertools.accumulate of other than numbers")
        weak = isinstance(args[0].value, StackedV) and args[0].value.weak
        code = call(f"{self.np(known[0])}", given.code, axis=str(len(array.axes)))
        return Operand(code, StackedV(array.with_(dims=array.dims, origins=frozenset()), weak), fresh=True)


# How a call is written in another way; None where it has another form.
WRITTEN: dict[Any, Callable[[Any, cst.Call], Made | None]] = {
    builtins.map: Functional.as_comprehension,
    builtins.filter: Functional.as_comprehension,
    functools.reduce: Functional.as_reduction,
    builtins.next: Functional.as_search,
    builtins.sum: Functional.as_loop,
    builtins.any: Functional.as_loop,
    builtins.all: Functional.as_loop,
    builtins.max: Functional.as_extremum,
    builtins.min: Functional.as_extremum,
    itertools.accumulate: Functional.as_loop,
}
PLACE = "place_of\u02b9"  # in front of names that are none of the user's
PLACES = {f"{PLACE}max": np.argmax, f"{PLACE}min": np.argmin}
CALLABLE = (type(next), type(functools.reduce), type(itertools.accumulate))
# What accumulates -> NumPy's function, and whether nan would make it another one.
ACCUMULATED: dict[Any, tuple[str, bool]] = {
    np.add: ("cumsum", False),
    builtins.max: ("maximum.accumulate", True),
    builtins.min: ("minimum.accumulate", True),
}


def names_of(made: Made) -> set[str]:
    """The variables of what is made up."""
    return {name for statement in made[0] for name in assigned_names(statement)}


def targets_of(target: cst.BaseExpression) -> list[str]:
    if isinstance(target, cst.Name):
        return [target.value]
    if isinstance(target, (cst.Tuple, cst.List)):
        return [name for element in target.elements for name in targets_of(element.value)]
    raise Unsupported("a target that is not a name")


def assigned(name: cst.Name, value: cst.BaseExpression) -> cst.SimpleStatementLine:
    return cst.SimpleStatementLine([cst.Assign([cst.AssignTarget(name)], value)])


def called(name: str, *args: cst.BaseExpression) -> cst.Call:
    return cst.Call(cst.Name(name), [cst.Arg(a) for a in args])


def subscripted(base: cst.BaseExpression, index: cst.BaseSlice) -> cst.Subscript:
    return cst.Subscript(base, [cst.SubscriptElement(index)])


def in_parentheses(node: cst.BaseExpression) -> cst.BaseExpression:
    return node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def conjunction(tests: list[cst.BaseExpression]) -> cst.BaseExpression:
    result = tests[0]
    for test in tests[1:]:
        result = cst.BooleanOperation(in_parentheses(result), cst.And(), in_parentheses(test))
    return result
