"""Expressions in kernels."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from vectorizer.kernels.arithmetic import Arithmetic
from vectorizer.kernels.counters import stays_small
from vectorizer.kernels.functions import TABLE
from vectorizer.kernels.numbers import AND, INT, OR, UNARY, Expr, NoKernel, literal, number_type
from vectorizer.values import MISSING, Array

BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>",
}  # fmt: skip
UNARY_SIGNS: dict[type[ast.unaryop], str] = {ast.USub: "-", ast.UAdd: "+", ast.Invert: "~"}
COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip


class Outside:
    """What the names of a function mean outside of it."""

    def constant(self, name: str) -> Any:
        """The Python number that a name stands for; `MISSING` where it is none."""
        raise NotImplementedError

    def items(self, name: str) -> list[Any] | None:
        """The Python numbers of a tuple or list that a name stands for; None where it is none."""
        return None

    def found(self, node: ast.expr) -> Any:
        """The object that a dotted name stands for; None where it is not known."""
        raise NotImplementedError


class Expressions(Arithmetic):
    """Expressions.

    types: the values of the function's variables.
    counters: those that never get too large for an integer of 64 bits.
    set: the variables that are certainly set at this point.
    renamed: variables whose names C++ has for something else.
    """

    outside: Outside
    types: dict[str, Array]
    counters: set[str]
    set: set[str]
    renamed: Callable[[str], str]

    def expression(self, node: ast.expr) -> Expr:
        match node:
            case ast.Constant(value=value):
                return literal(value)
            case ast.Name(id=name):
                return self.name(name)
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right) if stays_small(node, self.counters):
                one, two = self.expression(left), self.expression(right)
                is_plain = one.value == two.value == INT and MISSING in (one.const, two.const)
                return (self.counted if is_plain else self.binary)(BINARY[type(op)], one, two)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
                return self.binary(BINARY[type(op)], self.expression(left), self.expression(right))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Expr(f"!{self.test(operand).at(UNARY)}", number_type(bool, True), UNARY)
            case ast.UnaryOp(op=op, operand=operand):
                return self.unary(UNARY_SIGNS[type(op)], self.expression(operand))
            case ast.Compare(left=left, ops=ops, comparators=others):
                return self.comparisons([left, *others], ops)
            case ast.BoolOp(op=op, values=values):
                return self.bool_op(op, [self.expression(value) for value in values])
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self.choice(self.test(test), self.expression(body), self.expression(orelse))
            case ast.Call():
                return self.call(node)
            case ast.Attribute():
                return self.attribute(node)
        raise NoKernel(f"{type(node).__name__} in a function of numbers")

    def name(self, name: str) -> Expr:
        if name in self.types:
            if name not in self.set:
                raise NoKernel(f"{name} may be read before it is set")
            return Expr(self.renamed(name), self.types[name])
        found = self.outside.constant(name)
        if found is MISSING:
            raise NoKernel(f"{name} is no number")
        return literal(found)

    def test(self, node: ast.expr) -> Expr:
        """An expression of which the truth is asked."""
        if isinstance(node, ast.BoolOp):
            return self.bool_op(node.op, [self.test(value) for value in node.values])
        return self.truth(self.expression(node))

    def bool_op(self, op: ast.boolop, values: list[Expr]) -> Expr:
        if any(value.kind != "b" for value in values):
            raise NoKernel("`and` or `or` of other than booleans")
        level, sign = (AND, " && ") if isinstance(op, ast.And) else (OR, " || ")
        weak = all(value.weak for value in values)
        return Expr(sign.join(value.at(level + 1) for value in values), number_type(bool, weak), level)

    def comparisons(self, operands: list[ast.expr], ops: list[ast.cmpop]) -> Expr:
        if any(type(op) not in COMPARE for op in ops):
            raise NoKernel("`in` or `is`")
        made = [self.expression(operand) for operand in operands]
        parts = [self.compare(COMPARE[type(op)], a, b) for op, a, b in zip(ops, made, made[1:], strict=False)]
        return parts[0] if len(parts) == 1 else self.bool_op(ast.And(), parts)

    def attribute(self, node: ast.Attribute) -> Expr:
        if node.attr in ("real", "imag"):
            base = self.expression(node.value)
            if base.kind != "c" or base.value.dtype is None:
                raise NoKernel(f".{node.attr} of a real number")
            part = "f4" if base.value.dtype.itemsize == 8 else "f8"
            return Expr(f"{base.at(UNARY + 1)}.{node.attr}()", number_type(part, base.weak))
        found = self.outside.found(node)
        if type(found) in (bool, int, float, complex):
            return literal(found)
        raise NoKernel(f"attribute {node.attr}")

    def call(self, node: ast.Call) -> Expr:
        if node.keywords or any(isinstance(arg, ast.Starred) for arg in node.args):
            raise NoKernel("a call with keywords")
        if isinstance(node.func, ast.Name) and node.func.id in self.types:
            raise NoKernel("a call of a variable")
        function = self.outside.found(node.func)
        try:
            emit = TABLE.get(function)
        except TypeError:
            emit = None
        if emit is None:
            raise NoKernel(f"a call of {getattr(function, '__name__', 'something unknown')}")
        return emit(self, [self.expression(arg) for arg in node.args])
