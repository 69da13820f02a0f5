"""Expressions: one method for each kind of syntax node, from a libcst node to an operand."""

from __future__ import annotations

import builtins
import operator
import types
from collections.abc import Callable
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.walk import Walk, copies
from vectorizer.rules.contractions import lower_matmul
from vectorizer.rules.elementwise import (
    DIVISIONS,
    QUIET,
    broadcast_dims,
    is_nonzero_constant,
    note_hazard,
    select,
    strengthen,
    ufunc_dtypes,
)
from vectorizer.rules.indexing import ELLIPSIS, NEWAXIS, Parts, Slice, subscript
from vectorizer.rules.masked import count, masked_elementwise
from vectorizer.rules.python import truth
from vectorizer.rules.shapes import attribute_T
from vectorizer.source.operand import (
    AND,
    ATOM,
    BIT_AND,
    BIT_OR,
    BIT_XOR,
    COMPARE,
    NOT,
    OR,
    POWER,
    PRODUCT,
    SHIFT,
    SUM,
    TERNARY,
    UNARY,
    Operand,
    call,
)
from vectorizer.values import (
    MISSING,
    Affine,
    Array,
    DictV,
    FuncV,
    ListV,
    MaskedV,
    Obj,
    Opaque,
    PerExample,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    Value,
    derived,
    is_uniform,
    join,
    number,
    promote,
    weak_type,
)

BINARY: dict[str, tuple[np.ufunc, int, Callable[[Any, Any], Any]]] = {
    "+": (np.add, SUM, operator.add),
    "-": (np.subtract, SUM, operator.sub),
    "*": (np.multiply, PRODUCT, operator.mul),
    "/": (np.divide, PRODUCT, operator.truediv),
    "//": (np.floor_divide, PRODUCT, operator.floordiv),
    "%": (np.remainder, PRODUCT, operator.mod),
    "**": (np.power, POWER, operator.pow),
    "@": (np.matmul, PRODUCT, operator.matmul),
    "&": (np.bitwise_and, BIT_AND, operator.and_),
    "|": (np.bitwise_or, BIT_OR, operator.or_),
    "^": (np.bitwise_xor, BIT_XOR, operator.xor),
    "<<": (np.left_shift, SHIFT, operator.lshift),
    ">>": (np.right_shift, SHIFT, operator.rshift),
}
COMPARISONS: dict[str, np.ufunc] = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
}  # fmt: skip
SYMBOLS: dict[type, str] = {
    cst.Add: "+", cst.Subtract: "-", cst.Multiply: "*", cst.Divide: "/", cst.FloorDivide: "//", cst.Modulo: "%",
    cst.Power: "**", cst.MatrixMultiply: "@", cst.BitAnd: "&", cst.BitOr: "|", cst.BitXor: "^", cst.LeftShift: "<<",
    cst.RightShift: ">>", cst.AddAssign: "+", cst.SubtractAssign: "-", cst.MultiplyAssign: "*", cst.DivideAssign: "/",
    cst.FloorDivideAssign: "//", cst.ModuloAssign: "%", cst.PowerAssign: "**", cst.MatrixMultiplyAssign: "@",
    cst.BitAndAssign: "&", cst.BitOrAssign: "|", cst.BitXorAssign: "^", cst.LeftShiftAssign: "<<",
    cst.RightShiftAssign: ">>", cst.LessThan: "<", cst.LessThanEqual: "<=", cst.GreaterThan: ">",
    cst.GreaterThanEqual: ">=", cst.Equal: "==", cst.NotEqual: "!=", cst.Is: "is", cst.IsNot: "is not", cst.In: "in",
    cst.NotIn: "not in", cst.Minus: "-", cst.Plus: "+", cst.BitInvert: "~", cst.Not: "not",
}  # fmt: skip

PURE_MODULES = ("numpy", "math", "cmath", "scipy", "operator", "itertools", "functools", "string", "re", "fractions", "decimal", "statistics", "collections", "dataclasses", "typing", "enum")  # fmt: skip


class Expressions(Walk):
    """What an expression becomes."""

    def expression(self, node: cst.BaseExpression) -> Operand:
        method = getattr(self, f"visit_{type(node).__name__}", None)
        if method is None:
            raise Unsupported(f"{type(node).__name__} has no rule", node)
        try:
            result: Operand = method(node)
        except Unsupported as error:
            error.node = error.node or node
            raise
        return result

    def text(self, node: cst.CSTNode) -> str:
        if isinstance(node, cst.Name):
            return node.value
        return self.module_node.code_for_node(node)

    # --- atoms -----------------------------------------------------------------------------------------------------

    def visit_Name(self, node: cst.Name) -> Operand:
        return self.read(node.value)

    def visit_Integer(self, node: cst.Integer) -> Operand:
        return Operand(node.value, number(node.evaluated_value))

    def visit_Float(self, node: cst.Float) -> Operand:
        return Operand(node.value, number(node.evaluated_value))

    def visit_Imaginary(self, node: cst.Imaginary) -> Operand:
        return Operand(node.value, number(node.evaluated_value))

    def visit_SimpleString(self, node: cst.SimpleString) -> Operand:
        return Operand(self.text(node), Obj(node.evaluated_value))

    visit_ConcatenatedString = visit_SimpleString

    def visit_FormattedString(self, node: cst.FormattedString) -> Operand:
        for part in node.parts:
            if isinstance(part, cst.FormattedStringExpression) and not is_uniform(
                self.expression(part.expression).value
            ):
                raise Unsupported("a string that differs between the examples")
        return Operand(self.text(node), Opaque())

    def visit_Ellipsis(self, node: cst.Ellipsis) -> Operand:
        return Operand("...", Obj(...))

    def visit_Tuple(self, node: cst.Tuple) -> Operand:
        parts = self.elements(node.elements)
        codes = [p.code if not p.lazy else p.code for p in parts]
        body = f"{codes[0]}," if len(codes) == 1 else ", ".join(codes)
        return Operand(f"({body})", TupleV(tuple(p.value for p in parts)), node=Parts(parts))

    def visit_List(self, node: cst.List) -> Operand:
        parts = self.elements(node.elements)
        code = f"[{', '.join(p.code for p in parts)}]" if parts else "[]"
        return Operand(
            code, ListV(tuple(p.value for p in parts), site=self.node_site(node)), node=Parts(parts), fresh=True
        )

    def elements(self, elements: Any) -> list[Operand]:
        parts: list[Operand] = []
        for element in elements:
            operand = self.expression(element.value)
            if isinstance(element, cst.StarredElement):
                parts += self.items(operand)
            else:
                parts.append(self.kept(operand))
        return parts

    def visit_Dict(self, node: cst.Dict) -> Operand:
        pairs: list[tuple[Any, Value]] = []
        codes: list[str] = []
        for element in node.elements:
            if not isinstance(element, cst.DictElement):
                raise Unsupported("a dict is unpacked into another")
            key, value = self.expression(element.key), self.expression(element.value)
            pairs.append((self.pin(key, "a key"), value.value))
            codes.append(f"{key.code}: {value.code}")
        return Operand("{" + ", ".join(codes) + "}", DictV(tuple(pairs), site=self.node_site(node)), fresh=True)

    def visit_Lambda(self, node: cst.Lambda) -> Operand:
        return Operand(self.text(node), FuncV("function", node, dict(self.env)))

    def visit_NamedExpr(self, node: cst.NamedExpr) -> Operand:
        assert isinstance(node.target, cst.Name)
        operand = self.expression(node.value)
        self.assign_name(node.target.value, operand)
        return self.read(node.target.value)

    # --- operators -------------------------------------------------------------------------------------------------

    def visit_BinaryOperation(self, node: cst.BinaryOperation) -> Operand:
        symbol = SYMBOLS[type(node.operator)]
        return self.binary(
            symbol, self.expression(node.left), self.expression(node.right), self.spacing(node.operator, symbol)
        )

    def spacing(self, node: cst.CSTNode, symbol: str) -> str:
        """The operator with the white space that the user put around it."""
        before, after = getattr(node, "whitespace_before", None), getattr(node, "whitespace_after", None)
        if isinstance(before, cst.SimpleWhitespace) and isinstance(after, cst.SimpleWhitespace):
            if "\n" not in before.value + after.value and "\\" not in before.value + after.value:
                return f"{before.value}{symbol}{after.value}"
        return f" {symbol} "

    def binary(self, symbol: str, left: Operand, right: Operand, spaced: str | None = None) -> Operand:
        spaced = spaced or f" {symbol} "
        if isinstance(left.value, MaskedV) or isinstance(right.value, MaskedV):
            return masked_elementwise(self, lambda parts: self.binary(symbol, *parts), [left, right])
        containers = self._binary_containers(symbol, left, right)
        if containers is not None:
            return containers
        if symbol == "@":
            return lower_matmul(self, left, right)
        ufunc, level, function = BINARY[symbol]
        left, right = self.as_array(left), self.as_array(right)
        a, b = self.array(left), self.array(right)
        if left.lazy or right.lazy:
            lazy = self._lazy_binary(symbol, left, right, function, spaced)
            if lazy is not None:
                return lazy
        value = self._python_arithmetic(symbol, function, a, b) if a.weak and b.weak else None
        if value is None:
            left, right = strengthen(self, [left, right], ufunc)
            a, b = self.array(left), self.array(right)
            self._bool_arithmetic(symbol, a, b)
            dtype = ufunc_dtypes(ufunc, [a, b])[0]
            value = Array(dtype, 0, affine=self._affine(symbol, a, b))
        elif a.axes or b.axes:
            left, right = (self._integers(o, symbol) for o in (left, right))
        (left, right), harmless = self.guarded(ufunc.__name__, [left, right])
        if not harmless:
            note_hazard(self, ufunc.__name__, [a, b])
        if a.weak and b.weak and (a.axes or b.axes) and ufunc.__name__ in DIVISIONS and not is_nonzero_constant(b):
            self.facts.strict_floats = True
        aligned, axes, rank = self.align([left, right])
        dims = broadcast_dims([a, b], rank, self)
        made = value.with_(axes=axes, rank=rank, dims=dims, affine=value.affine, const=value.const)
        factors = (*(left.factors or (left,)), *(right.factors or (right,))) if symbol == "*" else ()
        return Operand(self.infix(aligned[0], aligned[1], spaced, level), made, level, fresh=True, factors=factors)

    @staticmethod
    def infix(left: Operand, right: Operand, spaced: str, level: int) -> str:
        if level == POWER:
            return f"{left.at(POWER + 1)}{spaced}{right.at(UNARY)}"
        return f"{left.at(level)}{spaced}{right.at(level + 1)}"

    def _integers(self, operand: Operand, symbol: str) -> Operand:
        """Python's bools count as integers in arithmetic; NumPy's would not."""
        value = self.array(operand)
        if value.kind == "b" and value.weak and value.axes and symbol in "+-*//%**<<>>":
            return Operand(f"{operand.primary}.astype(int)", value.with_(dtype=np.dtype(np.int64)), fresh=True)
        return operand

    def _bool_arithmetic(self, symbol: str, a: Array, b: Array) -> None:
        if symbol == "**" and a.kind == "b" and (a.axes or b.axes):
            raise Unsupported("a power of a boolean")
        if a.weak != b.weak and "b" in (a.kind, b.kind) and a.kind == b.kind and symbol in ("+", "-", "*"):
            raise Unsupported("arithmetic between Python's and NumPy's booleans")

    def _python_arithmetic(self, symbol: str, function: Callable[[Any, Any], Any], a: Array, b: Array) -> Array | None:
        """The value of an operation between Python numbers."""
        if a.const is not MISSING and b.const is not MISSING:
            try:
                return number(function(a.const, b.const))
            except (ArithmeticError, TypeError, ValueError, KeyError):
                raise Unsupported(f"{a.const} {symbol} {b.const}") from None
        types_ = {weak_type(a), weak_type(b)}
        if symbol in ("&", "|", "^") and types_ == {bool}:
            return Array(np.dtype(bool), 0, weak=True)
        if symbol == "/" and complex not in types_:
            return Array(np.dtype(float), 0, weak=True)
        if symbol in ("**", "<<") and types_ <= {int, bool}:
            varies = a.axes or b.axes
            if symbol == "<<" and not varies:
                return Array(np.dtype(np.int64), 0, weak=True)
            if not (b.const is not MISSING and 0 <= b.const <= 3) and (varies or symbol == "**" and b.const is MISSING):
                if not varies:
                    return Array(None, 0)
                raise Unsupported("a power of Python integers may outgrow 64 bits")
        if (
            symbol == "**"
            and (a.axes or b.axes)
            and not (b.const is not MISSING and isinstance(b.const, int) and b.const >= 0)
        ):
            raise Unsupported("a power of Python numbers follows other rules than NumPy's")
        if symbol == "*" and types_ <= {int} and a.axes and b.axes and self.lanes_depth:
            raise Unsupported("a product of Python integers in a loop may outgrow 64 bits")
        if complex in types_ and symbol in ("//", "%"):
            raise Unsupported("a TypeError of complex numbers")
        dtype = np.result_type(a.dtype, b.dtype, *([np.int64] if bool in types_ else []))  # type: ignore[arg-type]
        return Array(dtype, 0, weak=True, affine=self._affine(symbol, a, b))

    def _affine(self, symbol: str, a: Array, b: Array) -> Affine | None:
        if a.affine is None or b.affine is None or a.rank or b.rank:
            return None
        if symbol == "+":
            return a.affine + b.affine
        if symbol == "-":
            return a.affine - b.affine
        if symbol == "*" and (a.affine.is_const or b.affine.is_const):
            return a.affine * b.affine.const if b.affine.is_const else b.affine * a.affine.const
        if symbol in ("//", "%", "*") and not a.axes and not b.axes:
            return derived(symbol, BINARY[symbol][2], a.affine, b.affine)
        return None

    def _lazy_binary(self, symbol: str, left: Operand, right: Operand, function: Any, spaced: str) -> Operand | None:
        """An index that is affine in a loop's target stays unmade as long as it is only used in subscripts."""
        a, b = self.array(left), self.array(right)
        affine = self._affine(symbol, a, b)
        if affine is None or not (a.weak and b.weak):
            return None
        axes = tuple(sorted({*a.axes, *b.axes}))
        value = Array(np.dtype(np.int64), 0, axes, weak=True, affine=affine)

        def make() -> Operand:
            aligned, _, _ = self.align([Operand(o.code, o.value, o.level) for o in (left, right)])
            level = BINARY[symbol][1]
            return Operand(self.infix(aligned[0], aligned[1], spaced, level), value, level)

        return Operand(None, value, make=make)

    def _binary_containers(self, symbol: str, left: Operand, right: Operand) -> Operand | None:
        a, b = left.value, right.value
        lists = (ListV, TupleV, SeqV, StackedV)
        if not isinstance(a, lists) and not isinstance(b, lists):
            if isinstance(a, Array) and isinstance(b, Array):
                return None
            if is_uniform(a) and is_uniform(b):
                return Operand(
                    f"{left.at(PRODUCT)} {symbol} {right.at(PRODUCT + 1)}", Opaque(), SUM if symbol in "+-" else PRODUCT
                )
            raise Unsupported("an operation between values of unknown kind")
        if isinstance(a, lists) and isinstance(b, lists) and symbol == "+":
            code = f"{left.at(SUM)} + {right.at(SUM + 1)}"
            if isinstance(a, TupleV) and isinstance(b, TupleV):
                return Operand(code, TupleV(a.items + b.items), SUM)
            if isinstance(a, ListV) and isinstance(b, ListV):
                return Operand(code, ListV(a.items + b.items, object()), SUM)
            if isinstance(a, (ListV, SeqV)) and isinstance(b, (ListV, SeqV)):
                from vectorizer.values import join_lists

                joined = join_lists(a, b)
                return Operand(code, joined if isinstance(joined, SeqV) else SeqV(joined, object()), SUM)
            raise Unsupported("lists of different kinds are joined")
        if symbol == "*" and (isinstance(a, (ListV, TupleV)) != isinstance(b, (ListV, TupleV))):
            sequence, count = (left, right) if isinstance(a, lists) else (right, left)
            times = count.value
            if isinstance(times, Array) and times.weak and times.kind == "i" and not times.axes:
                items = sequence.value.items  # type: ignore[union-attr]
                code = f"{left.at(PRODUCT)} * {right.at(PRODUCT + 1)}"
                if times.const is not MISSING and len(items) * times.const <= 64:
                    made: Value = (
                        ListV(items * times.const, object())
                        if isinstance(sequence.value, ListV)
                        else TupleV(items * times.const)
                    )
                    return Operand(code, made, PRODUCT)
                merged = items[0]
                for item in items[1:]:
                    merged = join(merged, item)
                return Operand(code, SeqV(merged, object()), PRODUCT)
        if isinstance(a, Array) and not a.weak or isinstance(b, Array) and not b.weak:
            return None
        raise Unsupported("an operation between lists")

    def visit_UnaryOperation(self, node: cst.UnaryOperation) -> Operand:
        symbol = SYMBOLS[type(node.operator)]
        operand = self.expression(node.expression)
        if symbol == "not":
            return self.negation(operand)
        return self.unary(symbol, operand)

    def unary(self, symbol: str, operand: Operand) -> Operand:
        operand = self.as_array(operand)
        value = self.array(operand)
        if value.const is not MISSING:
            known = {"-": operator.neg, "+": operator.pos, "~": operator.invert}[symbol](value.const)
            return Operand(f"{symbol}{operand.at(UNARY)}", number(known), UNARY)
        affine = (
            value.affine * -1 if symbol == "-" and value.affine is not None else value.affine if symbol == "+" else None
        )
        dtype = value.dtype
        if value.kind == "b" and value.weak:
            if value.axes:
                raise Unsupported("arithmetic with Python's booleans")
            dtype = np.dtype(np.int64)
        elif value.kind == "b" and symbol != "~":
            raise Unsupported("a TypeError of NumPy's booleans")
        result = value.with_(affine=affine, dtype=dtype, dims=value.dims, origins=frozenset())
        if operand.lazy:
            return Operand(None, result, make=lambda: Operand(f"{symbol}{operand.at(UNARY)}", result, UNARY))
        return Operand(f"{symbol}{operand.at(UNARY)}", result, UNARY, fresh=True)

    def negation(self, operand: Operand) -> Operand:
        if is_uniform(operand.value):
            value = operand.value
            known = number(not value.const) if isinstance(value, Array) and value.const is not MISSING else None
            return Operand(f"not {operand.at(NOT)}", known or Array(np.dtype(bool), 0, weak=True), NOT)
        as_bool = truth(self, operand)
        result = self.array(as_bool).with_(weak=True)
        return Operand(f"~{as_bool.at(UNARY)}", result, UNARY, fresh=True)

    # --- comparisons and logic -------------------------------------------------------------------------------------

    def visit_Comparison(self, node: cst.Comparison) -> Operand:
        left = self.expression(node.left)
        result: Operand | None = None
        rights = []
        for target in node.comparisons:
            right = self.expression(target.comparator)
            rights.append((target, right))
        if is_uniform(left.value) and all(is_uniform(r.value) for _, r in rights):
            return self._uniform_comparison(node, left, rights)
        for target, right in rights:
            symbol = SYMBOLS[type(target.operator)]
            part = self.compare(symbol, left, right)
            result = part if result is None else self.logical("&", result, part)
            if len(rights) > 1 and not right.is_name and not right.code.replace(".", "").isalnum():
                pass
            left = right
        assert result is not None
        return result

    def _uniform_comparison(self, node: cst.Comparison, left: Operand, rights: list[Any]) -> Operand:
        code = left.at(COMPARE + 1)
        known: Any = MISSING
        strong = False
        rank = 0
        previous = left
        for target, right in rights:
            symbol = SYMBOLS[type(target.operator)]
            code += f"{self.spacing(target.operator, symbol)}{right.at(COMPARE + 1)}"
            for value in (previous.value, right.value):
                if isinstance(value, Array):
                    rank = max(rank, value.rank)
                    strong = strong or not value.weak
            if len(rights) == 1:
                known = self._known_comparison(symbol, left, right)
            previous = right
        if known is not MISSING:
            return Operand(code, number(known), COMPARE)
        return Operand(code, Array(np.dtype(bool), rank, weak=not strong and rank == 0), COMPARE, fresh=True)

    def _known_comparison(self, symbol: str, left: Operand, right: Operand) -> Any:
        a, b = left.value, right.value
        if symbol in ("is", "is not"):
            none = [isinstance(v, Obj) and v.value is None for v in (a, b)]
            if any(none):
                both = all(none)
                if not both and any(isinstance(v, Opaque) for v in (a, b)):
                    return MISSING
                return both if symbol == "is" else not both
            if isinstance(a, Obj) and isinstance(b, Obj):
                return (a.value is b.value) == (symbol == "is")
        if (
            isinstance(a, Array)
            and isinstance(b, Array)
            and a.const is not MISSING
            and b.const is not MISSING
            and symbol in COMPARISONS
        ):
            return bool(COMPARISONS[symbol](a.const, b.const))
        if isinstance(a, Obj) and isinstance(b, Obj) and symbol in ("==", "!="):
            for v in (a, b):
                if v.pin is not None:
                    self.facts.pins[v.pin] = v.value
            return bool((a.value == b.value) == (symbol == "=="))
        return MISSING

    def compare(self, symbol: str, left: Operand, right: Operand) -> Operand:
        if symbol in ("in", "not in"):
            found = self._membership(left, right)
            return found if symbol == "in" else self.negation(found)
        if symbol in ("is", "is not"):
            none = [isinstance(o.value, Obj) and o.value.value is None for o in (left, right)]
            if any(none) and not any(isinstance(o.value, (Opaque, PerExample)) for o in (left, right)):
                both = all(none)
                return Operand(
                    f"{left.at(COMPARE + 1)} {symbol} {right.at(COMPARE + 1)}",
                    number(both == (symbol == "is")),
                    COMPARE,
                )
            raise Unsupported("the identity of values that vary")
        ufunc = COMPARISONS[symbol]
        for operand in (left, right):
            if not isinstance(operand.value, (Array, ListV, StackedV, TupleV)):
                raise Unsupported("a comparison between values of unknown kind")
        left, right = self.as_array(left), self.as_array(right)
        left, right = strengthen(self, [left, right], ufunc)
        a, b = self.array(left), self.array(right)
        aligned, axes, rank = self.align([left, right])
        weak = a.weak and b.weak
        value = Array(np.dtype(bool), rank, axes, weak=weak, dims=broadcast_dims([a, b], rank, self))
        return Operand(
            f"{aligned[0].at(COMPARE + 1)} {symbol} {aligned[1].at(COMPARE + 1)}", value, COMPARE, fresh=True
        )

    def _membership(self, left: Operand, right: Operand) -> Operand:
        if (
            isinstance(right.value, Array)
            and right.value.rank == 1
            and isinstance(left.value, Array)
            and not left.value.rank
        ):
            (a, b), axes, _ = self.align([left, right])
            equal = self.compare("==", left, right)
            lead = len(self.array(equal).axes)
            return Operand(
                f"{equal.primary}.any(axis={lead})",
                Array(np.dtype(bool), 0, self.array(equal).axes, weak=True),
                fresh=True,
            )
        if not isinstance(right.value, (TupleV, ListV)):
            raise Unsupported("membership in something unknown")
        left = self.temp(left, "value")
        result: Operand | None = None
        for part in self.items(right):
            equal = self.compare("==", left, part)
            result = equal if result is None else self.logical("|", result, equal)
        if result is None:
            raise Unsupported("membership in nothing")
        return result

    def logical(self, symbol: str, left: Operand, right: Operand) -> Operand:
        """``left & right`` of two booleans."""
        level = BIT_AND if symbol == "&" else BIT_OR
        left, right = self.as_bool(left), self.as_bool(right)
        (a, b), axes, rank = self.align([left, right])
        weak = self.array(left).weak and self.array(right).weak
        return Operand(
            f"{a.at(level)} {symbol} {b.at(level + 1)}", Array(np.dtype(bool), rank, axes, weak=weak), level, fresh=True
        )

    def as_bool(self, operand: Operand) -> Operand:
        """A uniform number as the boolean that it stands for in a condition."""
        value = self.array(operand)
        if value.kind == "b" or value.axes or value.rank:
            return operand
        return Operand(call("bool", operand.code), Array(np.dtype(bool), 0, weak=True))

    def visit_BooleanOperation(self, node: cst.BooleanOperation) -> Operand:
        conjunction = isinstance(node.operator, cst.And)
        left = self.expression(node.left)
        if is_uniform(left.value):
            return self._uniform_boolean(node, left, conjunction)
        left = self.temp(left, "condition") if self.array(left).kind != "b" else left
        as_bool = truth(self, left)
        right, hazardous = self.speculate(lambda: self.expression(node.right))
        if hazardous:
            return self._guarded_boolean(node, as_bool, conjunction, left)
        if self.array(left).kind != "b" or not isinstance(right.value, Array) or right.value.kind != "b":
            if self.truth_only:
                return self.logical("&" if conjunction else "|", as_bool, truth(self, right))
            first, second = (right, left) if conjunction else (left, right)
            return self.merge(as_bool, first, second)
        return self.logical("&" if conjunction else "|", as_bool, right)

    def _uniform_boolean(self, node: cst.BooleanOperation, left: Operand, conjunction: bool) -> Operand:
        known = left.value.const if isinstance(left.value, Array) else MISSING
        if isinstance(left.value, Obj) and not callable(left.value.value):
            known = bool(left.value.value)
        word, level = ("and", AND) if conjunction else ("or", OR)
        if known is not MISSING and bool(known) != conjunction:  # decided by the left side alone
            return left
        right, hazardous = self.speculate(lambda: self.expression(node.right))
        if is_uniform(right.value):
            value: Value = right.value if known is not MISSING else self._either(left.value, right.value)
            return Operand(f"{left.at(level)} {word} {right.at(level + 1)}", value, level)
        if known is not MISSING:
            return right
        as_bool = truth(self, right)
        if not hazardous:
            if not isinstance(left.value, Array) or left.value.kind != "b":
                left = Operand(f"bool({left.code})", Array(np.dtype(bool), 0, weak=True))
            return self.logical("&" if conjunction else "|", left, as_bool)
        value = self.array(as_bool)
        other = call(self.np("zeros" if conjunction else "ones"), self.shape_code(value.axes), "bool")
        first, second = (as_bool.at(TERNARY + 1), other) if conjunction else (other, as_bool.at(TERNARY + 1))
        return Operand(f"{first} if {left.at(TERNARY + 1)} else {second}", value, TERNARY, fresh=True)

    def _either(self, first: Value, second: Value) -> Value:
        try:
            return join(first, second)
        except Unsupported:
            return Opaque()

    def _guarded_boolean(
        self, node: cst.BooleanOperation, left: Operand, conjunction: bool, original: Operand
    ) -> Operand:
        """The right side is computed only for the examples whose left side does not decide."""
        if self.array(original).kind != "b" and not self.truth_only:
            raise Unsupported("and/or of numbers, the second of which must not always be computed")
        value = self.array(left)
        result = self.fresh("holds")
        self.emit(f"{result} = {left.code}" if left.fresh else f"{result} = {left.code}.copy()")
        held = Operand(result, value)
        mask = held if conjunction else Operand(f"~{result}", value, UNARY)
        with self.region(mask, "undecided") as region:
            right = truth(self, self.expression(node.right))
            if region.axis not in self.array(right).axes:
                right = self.spread(right, (region.axis,))
            self.emit(f"{result}[{region.mask}] = {right.code}")
        return Operand(result, value.with_(weak=value.weak), fresh=True)

    def visit_IfExp(self, node: cst.IfExp) -> Operand:
        test = self.condition(node.test)
        if is_uniform(test.value):
            return self._uniform_ternary(node, test)
        test = truth(self, test)
        mark = self.mark()
        body, hazard_one = self.speculate(lambda: self.expression(node.body))
        orelse, hazard_two = self.speculate(lambda: self.expression(node.orelse))
        if not (hazard_one or hazard_two):
            merged = self.merge_values(test, body, orelse)
            if isinstance(merged.value, Array) and merged.value.rank:
                origins = self.array(body).origins | self.array(orelse).origins
                return merged.with_value(merged.value.with_(origins=copies(origins), dims=merged.value.dims))
            return merged
        self.rollback(mark)
        return self._guarded_ternary(node, test)

    def _uniform_ternary(self, node: cst.IfExp, test: Operand) -> Operand:
        known = test.value.const if isinstance(test.value, Array) else MISSING
        if known is not MISSING:
            return self.expression(node.body if known else node.orelse)
        body, _ = self.speculate(lambda: self.expression(node.body))
        orelse, _ = self.speculate(lambda: self.expression(node.orelse))
        value = join(body.value, orelse.value)
        if isinstance(value, Array):
            body, orelse = (self.spread(self.as_array(o), value.axes) for o in (body, orelse))
        return Operand(
            f"{body.at(TERNARY + 1)} if {test.at(TERNARY + 1)} else {orelse.at(TERNARY)}",
            value,
            TERNARY,
            fresh=body.fresh and orelse.fresh,
        )

    def _guarded_ternary(self, node: cst.IfExp, test: Operand) -> Operand:
        """Each side is computed for its own examples only."""
        test = self.temp(test, "chosen")
        mask = self.array(test)
        sides: list[tuple[Any, Operand]] = []
        merged: Array | None = None
        pieces: list[tuple[str, str]] = []
        slot = self.emit("", generated=None)
        result = self.fresh("result")
        for branch, code in ((node.body, test), (node.orelse, Operand(f"~{test.code}", mask, UNARY))):
            with self.region(code, "chosen" if code is test else "others") as region:
                operand = self.as_array(self.expression(branch))
                value = self.array(operand)
                extra = [axis for axis in value.axes if axis != region.axis]
                if value.rank or extra:
                    raise Unsupported("a conditional expression between arrays that must not all be computed")
                self.emit(f"{result}[{region.mask}] = {operand.code}")
                sides.append((region, operand))
                if merged is not None:
                    self.check_mixed(merged, value)
                merged = value if merged is None else _joined(merged, value)
        assert merged is not None
        if merged.dtype is None:
            raise Unsupported("the dtype of a conditional expression is not known")
        slot.text = f"{result} = {call(self.np('empty'), self.shape_code(mask.axes), self.dtype_code(merged.dtype))}"
        _ = pieces
        return Operand(result, Array(merged.dtype, 0, mask.axes, weak=merged.weak), fresh=True)

    # --- attributes and subscripts -----------------------------------------------------------------------------------

    def visit_Attribute(self, node: cst.Attribute) -> Operand:
        base = self.expression(node.value)
        return self.attribute(base, node.attr.value)

    def attribute(self, base: Operand, name: str) -> Operand:
        value = base.value
        if isinstance(value, MaskedV) and name == "size":
            return count(self, base)
        code = f"{base.primary}.{name}"
        if isinstance(value, Array):
            return self._array_attribute(base, name)
        if isinstance(value, TupleV) and hasattr(value.type_, "_fields") and name in value.type_._fields:
            return Operand(code, value.items[value.type_._fields.index(name)])
        if isinstance(value, DictV) and value.get(("attribute", name)) is not None:
            found = value.get(("attribute", name))
            assert found is not None
            return Operand(code, found)
        if isinstance(value, Obj):
            return self.object_attribute(base, name)
        if isinstance(value, Opaque):
            return Operand(code, Opaque())
        raise Unsupported(f"attribute {name!r} of something unknown")

    def object_attribute(self, base: Operand, name: str) -> Operand:
        assert isinstance(base.value, Obj)
        owner = base.value.value
        code = f"{base.primary}.{name}"
        if isinstance(owner, (np.dtype, np.finfo, np.iinfo, types.ModuleType, type)) or owner is None:
            if not hasattr(owner, name):
                raise Unsupported(f"there is no attribute {name!r}")
            found = getattr(owner, name)
            if isinstance(owner, types.ModuleType):
                return Operand(code, self.shared.namespace.attribute_value(base, owner, name, found))
            return Operand(code, self.value_of(found))
        return Operand(code, self.shared.namespace.instance_attribute(base.value, name))

    def _array_attribute(self, base: Operand, name: str) -> Operand:
        value = self.array(base)
        lead = len(value.axes)
        code = f"{base.primary}.{name}"
        if value.weak and name not in ("real", "imag"):
            raise Unsupported(f"attribute {name!r} of a Python number")
        if name == "shape":
            named = self.temp(base, "operand") if lead and not base.is_name else base
            parts = [
                Operand(f"{named.primary}.shape[{k + lead}]", Array(np.dtype(np.int64), 0, weak=True, affine=d, const=d.const if d is not None and d.is_const else MISSING))
                for k, d in enumerate(value.dims)
            ]  # fmt: skip
            made = f"{named.primary}.shape[{lead}:]" if lead else f"{named.primary}.shape"
            return Operand(made, TupleV(tuple(p.value for p in parts)), node=Parts(parts))
        if name == "ndim":
            return Operand(str(value.rank), number(value.rank))
        if name == "size":
            return self._size(base, value)
        if name == "T":
            return attribute_T(self, base)
        if name == "mT":
            return (
                Operand(code, value.with_(dims=(*value.dims[:-2], value.dims[-1], value.dims[-2])))
                if value.rank >= 2
                else base
            )
        if name in ("real", "imag"):
            dtype = value.dtype
            if dtype is not None and dtype.kind == "c":
                dtype = np.dtype(f"f{dtype.itemsize // 2}")
            return Operand(code, value.with_(dtype=dtype, dims=value.dims))
        if name == "dtype":
            return Operand(code, Obj(value.dtype)) if value.dtype is not None else Operand(code, Opaque())
        if name in ("itemsize",):
            return Operand(code, Array(np.dtype(np.int64), 0, weak=True))
        if not value.axes and name in ("nbytes",):
            return Operand(code, Array(np.dtype(np.int64), 0, weak=True))
        raise Unsupported(f"attribute {name!r} has no rule")

    def _size(self, base: Operand, value: Array) -> Operand:
        result = Array(np.dtype(np.int64), 0, weak=True, affine=value.dims[0] if value.rank == 1 else None)
        if value.rank == 0:
            return Operand("1", number(1))
        if not value.axes:
            return Operand(f"{base.primary}.size", result)
        lead = len(value.axes)
        named = self.temp(base, "operand") if value.rank > 1 else base
        codes = [f"{named.primary}.shape[{k + lead}]" for k in range(value.rank)]
        return Operand(" * ".join(codes), result, ATOM if len(codes) == 1 else PRODUCT)

    def visit_Subscript(self, node: cst.Subscript) -> Operand:
        base = self.base_of(node.value)
        return subscript(self, base, self.indices(node.slice))

    def base_of(self, node: cst.BaseExpression) -> Operand:
        return self.expression(node)

    def indices(self, elements: Any) -> list[Any]:
        """The subscripts of a subscript expression."""
        items: list[Any] = []
        for element in elements:
            piece = element.slice
            if isinstance(piece, cst.Slice):
                items.append(self.slice_item(piece))
            elif isinstance(piece, cst.Index):
                if piece.star is not None:
                    raise Unsupported("a starred subscript")
                items += self._index_item(piece.value)
        return items

    def _index_item(self, node: cst.BaseExpression) -> list[Any]:
        if isinstance(node, cst.Ellipsis):
            return [ELLIPSIS]
        operand = self.expression(node)
        value = operand.value
        if isinstance(value, Obj) and value.value is None:
            return [NEWAXIS]
        if isinstance(value, Obj) and value.value is ...:
            return [ELLIPSIS]
        if isinstance(value, TupleV):
            return self.items(operand)
        if isinstance(value, (ListV, StackedV, SeqV)):
            return [self.as_array(operand)]
        if isinstance(value, (Array, Obj)):
            if isinstance(value, Array) and value.kind == "b" and not value.rank:
                raise Unsupported("a boolean number as a subscript")
            return [operand]
        raise Unsupported("a subscript of unknown kind")

    def slice_item(self, node: cst.Slice) -> Slice:
        parts = [self.expression(p) if p is not None else None for p in (node.lower, node.upper, node.step)]
        parts = [None if p is not None and isinstance(p.value, Obj) and p.value.value is None else p for p in parts]
        if any(p is not None and (p.lazy or not is_uniform(p.value)) for p in parts):
            return Slice(*parts, code="")
        changed = [p.code if p is not None else "" for p in parts]
        original = self.text(node)
        plain = [self.text(p) if p is not None else "" for p in (node.lower, node.upper, node.step)]
        if changed == plain:
            return Slice(*parts, code=original)
        return Slice(*parts, code=f"{changed[0]}:{changed[1]}" + (f":{changed[2]}" if changed[2] else ""))

    def value_of(self, item: Any) -> Value:
        return self.shared.namespace.value_of(item)  # type: ignore[no-any-return]

    # --- helpers for conditions --------------------------------------------------------------------------------------

    def condition(self, node: cst.BaseExpression) -> Operand:
        """An expression of which only the truth matters."""
        previous, self.truth_only = self.truth_only, True
        try:
            return self.expression(node)
        finally:
            self.truth_only = previous

    def merge(self, test: Operand, body: Operand, orelse: Operand) -> Operand:
        """``np.where`` for two numbers or arrays of the same rank."""
        if body.code == orelse.code:
            return body
        a, b = self.array(body), self.array(orelse)
        if a.rank != b.rank:
            raise Unsupported(f"a value of rank {a.rank} for some examples and of rank {b.rank} for others")
        dtype, weak = promote(a, b)
        if a.weak != b.weak or a.dtype != b.dtype:
            self.check_mixed(a, b)
        merged = select(self, test, body, orelse)
        return merged.with_value(self.array(merged).with_(weak=weak, dtype=dtype, dims=self.array(merged).dims))

    merging_results: bool = False

    def check_mixed(self, a: Array, b: Array) -> None:
        """Whether values of different dtypes may share one array without changing what follows."""
        if a.dtype is None or b.dtype is None:
            raise Unsupported("values of unknown dtype are merged")
        if a.dtype != b.dtype and not self.merging_results:
            if not a.weak and not b.weak:
                raise Unsupported("values of different dtypes for different examples")
            weak, strong = (a, b) if a.weak else (b, a)
            if not strong.weak and weak.kind in "fc" and strong.kind in "iu":
                raise Unsupported("a float for some examples and an integer for others")
        if "b" in (a.kind, b.kind) and a.kind != b.kind:
            raise Unsupported("a boolean for some examples and a number for others")

    def merge_values(self, test: Operand, body: Operand, orelse: Operand) -> Operand:
        """Tuples and lists are merged item by item."""
        a, b = body.value, orelse.value
        if isinstance(a, Array) and isinstance(b, Array):
            return self.merge(test, body, orelse)
        if isinstance(a, Obj) and isinstance(b, Obj) and a.value is b.value:
            return body
        if isinstance(a, (TupleV, ListV)) and type(a) is type(b) and len(a.items) == len(b.items):  # type: ignore[union-attr]
            test = self.temp(test, "chosen")
            parts = [
                self.merge_values(test, one, two) for one, two in zip(self.items(body), self.items(orelse), strict=True)
            ]
            codes = ", ".join(p.code for p in parts)
            values = tuple(p.value for p in parts)
            if isinstance(a, TupleV):
                return Operand(
                    f"({codes},)" if len(parts) == 1 else f"({codes})", TupleV(values, a.type_), node=Parts(parts)
                )
            return Operand(f"[{codes}]", ListV(values, a.site), node=Parts(parts))
        raise Unsupported("values of different kinds for different examples")


def _joined(first: Array, second: Array) -> Array:
    dtype, weak = promote(first, second)
    return Array(dtype, first.rank, weak=weak)


_ = (builtins, QUIET)
