"""Names, literals and displays."""

from __future__ import annotations

from typing import Any

import libcst as cst

from vectorizer.rewrite.examples import Examples
from vectorizer.rules.subscripts import (
    Parts,
)
from vectorizer.source.operand import (
    Operand,
)
from vectorizer.values import (
    Array,
    DictV,
    FuncV,
    ListV,
    Obj,
    Opaque,
    TupleV,
    Unsupported,
    Value,
    is_uniform,
    number,
)


class Atoms(Examples):
    """What the smallest expressions become, and the entry for all others."""

    def expression(self, node: cst.BaseExpression) -> Operand:
        method = getattr(self, f"visit_{type(node).__name__}", None)
        if method is None:
            raise Unsupported(f"{type(node).__name__} has no rule", node)
        truth_only = self.truth_only
        self.truth_only = truth_only and keeps_truth(node)
        try:
            result: Operand = method(node)
        except Unsupported as error:
            error.node = error.node or node
            raise
        finally:
            self.truth_only = truth_only
        if self.shared.fuse is not None:
            self.note(result)
        return result

    def note(self, operand: Operand) -> None:
        """Notes the dtype of an expression, its axes, and whether it is a Python number, for kernels."""
        value = operand.value
        if isinstance(value, Array) and not operand.lazy:
            noted = Array(value.dtype, 0, weak=value.weak and not value.axes)
            self.given.setdefault(operand.code, set()).add(noted)
            self.ndims.setdefault(operand.code, set()).add(len(value.axes) + value.rank)

    def text(self, node: cst.CSTNode) -> str:
        if isinstance(node, cst.Name):
            return node.value
        return self.module_node.code_for_node(node)

    def visit_Name(self, node: cst.Name) -> Operand:
        self.check_set(node.value)
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
        codes = [p.code for p in parts]
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
            key, value = self.expression(element.key), self.kept(self.expression(element.value))
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


def keeps_truth(node: cst.BaseExpression) -> bool:
    """Whether only the truth of an expression's operands matters where only its own truth does."""
    if isinstance(node, cst.UnaryOperation):
        return isinstance(node.operator, cst.Not)
    return isinstance(node, (cst.BooleanOperation, cst.IfExp))
