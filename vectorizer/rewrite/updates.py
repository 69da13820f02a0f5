"""Updates of elements in nests of loops, read off the syntax: when they change an element, and what they read.

``D[i, j] = min(D[i, j], t)`` changes an element where ``t < D[i, j]``, ``R[i, j] = R[i, j] or t`` where
``not R[i, j]`` and `t`, and what stands under an ``if`` where its condition holds.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.names import names_read, statements_of

# Functions that choose one of two values, and how the one that is not kept compares with the one that is.
CHOICES = {
    builtins.min: "<", np.minimum: "<", np.fmin: "<", builtins.max: ">", np.maximum: ">", np.fmax: ">",
}  # fmt: skip
COMPARED = {cst.LessThan: "<", cst.GreaterThan: ">"}
OPERATORS: dict[str, cst.BaseCompOp] = {"<": cst.LessThan(), ">": cst.GreaterThan()}
OPPOSITE = {"<": ">", ">": "<"}
EITHER = (cst.BitOr, cst.BitOrAssign)

FunctionOf = Callable[[cst.BaseExpression], Any]  # the function that an expression names; None where that is not known


@dataclass
class Update:
    """What an iteration does to elements.

    changes: what must hold, all of it, for it to change one.
    stored: the subscripts that it stores into.
    read: expressions that it evaluates.
    passes_nan: a nan that it reads may take the place of a number.
    """

    changes: list[cst.BaseExpression]
    stored: list[cst.Subscript]
    read: list[cst.BaseExpression]
    passes_nan: bool = False


@dataclass
class _Body:
    """The statements of a nest: loops by their targets, and variables that stand for expressions."""

    loops: dict[str, cst.For] = field(default_factory=dict)
    known: dict[str, cst.BaseExpression] = field(default_factory=dict)


def find_update(node: cst.For, function_of: FunctionOf) -> tuple[dict[str, cst.For], Update] | None:
    """The loops of a nest, by their targets, and the update that is all it does beside naming what it computes."""
    body = _Body()
    loop = node
    while True:
        taken = names_read(loop.iter) & (body.loops.keys() | body.known.keys())
        if not isinstance(loop.target, cst.Name) or loop.orelse is not None or taken:
            return None
        body.loops[loop.target.value] = loop
        *before, last = statements_of(loop.body)
        if not all(_is_named(statement, body) for statement in before):
            return None
        if not isinstance(last, cst.For):
            break
        loop = last
    own = set(body.loops) | set(body.known)
    found = _update(last, function_of)
    if found is None or len(own) < len(body.loops) + len(body.known) or names_read(node.iter) & own:
        return None
    found.changes = [substituted(term, body.known) for term in found.changes]
    found.read = [substituted(part, body.known) for part in found.read] + list(body.known.values())
    return body.loops, found


def _is_named(statement: Any, body: _Body) -> bool:
    """Notes ``name = e``; False for any other statement, or a second one for the same name."""
    small = _small(statement)
    if (
        not isinstance(small, cst.Assign)
        or len(small.targets) != 1
        or not isinstance(small.targets[0].target, cst.Name)
    ):
        return False
    name = small.targets[0].target.value
    if name in body.known or name in body.loops or name in names_read(small.value):
        return False
    body.known[name] = substituted(small.value, body.known)
    return True


def _small(statement: Any) -> cst.BaseSmallStatement | None:
    line = isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1
    return statement.body[0] if line else None


def _update(statement: Any, function_of: FunctionOf) -> Update | None:
    if isinstance(statement, cst.If):
        return _under_condition(statement)
    small = _small(statement)
    if isinstance(small, cst.AugAssign) and isinstance(small.target, cst.Subscript):
        if not isinstance(small.operator, EITHER):
            return None
        return Update([_other(small.target, small.value)], [small.target], [small.target, small.value])
    if not isinstance(small, cst.Assign) or len(small.targets) != 1:
        return None
    target = small.targets[0].target
    if not isinstance(target, cst.Subscript):
        return None
    return _assigned(target, small.value, function_of)


def _under_condition(node: cst.If) -> Update | None:
    """``if test: a[i] = e; b[i] = f``; storing True changes what is not true yet."""
    if node.orelse is not None:
        return None
    changes, stored, read = [node.test], [], [node.test]
    statements = statements_of(node.body)
    for statement in statements:
        small = _small(statement)
        target = small.targets[0].target if isinstance(small, cst.Assign) and len(small.targets) == 1 else None
        if not isinstance(small, cst.Assign) or not isinstance(target, cst.Subscript):
            return None
        stored.append(target)
        read.append(small.value)
        if len(statements) == 1 and isinstance(small.value, cst.Name) and small.value.value == "True":
            changes.append(cst.UnaryOperation(cst.Not(), target))
    return Update(changes, stored, read)


def _assigned(target: cst.Subscript, value: cst.BaseExpression, function_of: FunctionOf) -> Update | None:
    """``a[i] = e`` where `e` is ``a[i]`` or something that is chosen in its place."""
    text = plain(target)
    if isinstance(value, cst.IfExp) and text in (plain(value.orelse), plain(value.body)):
        kept = plain(value.orelse) == text
        test = value.test if kept else cst.UnaryOperation(cst.Not(), _closed(value.test))
        return Update([test], [target], [value])
    if isinstance(value, cst.BooleanOperation) and isinstance(value.operator, cst.Or) and plain(value.left) == text:
        return Update([cst.UnaryOperation(cst.Not(), target), value.right], [target], [value])
    if isinstance(value, cst.BinaryOperation) and isinstance(value.operator, EITHER) and plain(value.left) == text:
        return Update([_other(target, value.right)], [target], [value])
    if (
        isinstance(value, cst.Call)
        and len(value.args) == 2
        and all(a.keyword is None and not a.star for a in value.args)
    ):
        function = function_of(value.func)
        terms = [a.value for a in value.args if plain(a.value) != text]
        if function in CHOICES and len(terms) == 1:
            passes_nan = function in (np.minimum, np.maximum)
            return Update([_compared(terms[0], CHOICES[function], target)], [target], [value], passes_nan)
    return None


def _other(target: cst.BaseExpression, term: cst.BaseExpression) -> cst.Comparison:
    """``(target | term) != target``."""
    joined = cst.BinaryOperation(target, cst.BitOr(), _closed(term), lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return cst.Comparison(joined, [cst.ComparisonTarget(cst.NotEqual(), target)])


def _compared(left: cst.BaseExpression, symbol: str, right: cst.BaseExpression) -> cst.Comparison:
    return cst.Comparison(_closed(left), [cst.ComparisonTarget(OPERATORS[symbol], right)])


def _closed(node: cst.BaseExpression) -> cst.BaseExpression:
    """An expression in parentheses, where it may need some."""
    if node.lpar or isinstance(node, (cst.Name, cst.Subscript, cst.Call, cst.BaseNumber)):
        return node
    return node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


# --- what is read of what is stored ----------------------------------------------------------------------------------


def pinned_reads(update: Update, targets: Sequence[str]) -> dict[str, dict[str, cst.BaseExpression]] | None:
    """Subscripts that read what other iterations store, by their texts, as what targets are at these iterations.

    None where something else is read of the arrays that are stored into, or nothing is.
    """
    places: dict[str, list[str]] = {}
    for stored in update.stored:
        name, index = indices_of(stored)
        own = [plain(i) for i in index]
        if not name or name in places and places[name] != own or not set(targets) <= set(own):
            return None
        places[name] = own
    found: dict[str, dict[str, cst.BaseExpression]] = {}
    for part in update.read:
        if not _note_reads(part, places, set(targets), found):
            return None
    return {text: pin for text, pin in found.items() if pin} or None


def _note_reads(
    node: cst.CSTNode, places: dict[str, list[str]], targets: set[str], found: dict[str, dict[str, cst.BaseExpression]]
) -> bool:
    """Notes what `node` reads of arrays; False for a use of one that is not known."""
    if isinstance(node, cst.Name):
        return node.value not in places
    if isinstance(node, cst.Subscript):
        name, index = indices_of(node)
        if name in places:
            pin = _pin_of(index, places[name], targets)
            if pin is None:
                return False
            found[plain(node)] = pin
            return all(_note_reads(i, places, targets, found) for i in index)
    children = [child for child in node.children if not isinstance(child, cst.BaseParenthesizableWhitespace)]
    if isinstance(node, cst.Attribute):
        children = [node.value]
    return all(_note_reads(child, places, targets, found) for child in children)


def _pin_of(index: list[cst.BaseExpression], own: list[str], targets: set[str]) -> dict[str, cst.BaseExpression] | None:
    """At which targets an iteration stores what a subscript reads; nothing where that is the same iteration."""
    pin: dict[str, cst.BaseExpression] = {}
    for place, stored in zip(index, own, strict=False):
        if plain(place) == stored:
            continue
        if stored not in targets or names_read(place) & targets:
            return None
        pin[stored] = place
    return None if targets & set(own[len(index) :]) else pin


def indices_of(node: cst.BaseExpression) -> tuple[str, list[cst.BaseExpression]]:
    """The variable and the subscripts of ``a[i, j]`` or ``a[i][j]``; no name where they are not plain."""
    index: list[cst.BaseExpression] = []
    while isinstance(node, cst.Subscript):
        found = [e.slice.value for e in node.slice if isinstance(e.slice, cst.Index)]
        if len(found) < len(node.slice):
            return "", []
        index = found + index
        node = node.value
    return (node.value, index) if isinstance(node, cst.Name) else ("", [])


# --- conditions ------------------------------------------------------------------------------------------------------


class _Substitution(cst.CSTTransformer):
    def __init__(self, values: dict[str, cst.BaseExpression]) -> None:
        super().__init__()
        self.values = values

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        value = self.values.get(updated_node.value)
        return updated_node if value is None else _closed(value)

    def visit_Attribute_attr(self, node: cst.Attribute) -> None:
        self.saved = self.values
        self.values = {}

    def leave_Attribute_attr(self, node: cst.Attribute) -> None:
        self.values = self.saved

    def visit_Arg_keyword(self, node: cst.Arg) -> None:
        self.saved = self.values
        self.values = {}

    def leave_Arg_keyword(self, node: cst.Arg) -> None:
        self.values = self.saved


def substituted(node: cst.BaseExpression, values: dict[str, cst.BaseExpression]) -> cst.BaseExpression:
    """An expression with others in the place of variables."""
    if not names_read(node) & values.keys():
        return node
    made = node.visit(_Substitution(values))
    assert isinstance(made, cst.BaseExpression)
    return made


def conjuncts(node: cst.BaseExpression) -> list[cst.BaseExpression]:
    """What is joined by `and`."""
    if isinstance(node, cst.BooleanOperation) and isinstance(node.operator, cst.And):
        return conjuncts(node.left) + conjuncts(node.right)
    return [node]


def conjunction(terms: Sequence[cst.BaseExpression]) -> cst.BaseExpression:
    """Terms joined by `and`."""
    made = terms[0]
    for term in terms[1:]:
        made = cst.BooleanOperation(_closed(made), cst.And(), _closed(term))
    return made


def plain(node: cst.CSTNode) -> str:
    """The text of an expression, spaced in one way."""
    return _spaced(cst.Module([]).code_for_node(node))


@lru_cache(maxsize=1024)
def _spaced(text: str) -> str:
    return ast.unparse(ast.parse(f"({text})", mode="eval"))


def holds_never(terms: Sequence[cst.BaseExpression], function_of: FunctionOf) -> bool:
    """Whether terms cannot all hold, whatever the values: `x` and ``not x``, or ``max(x, y) < x``."""
    texts = {plain(term) for term in terms}
    denied = {
        plain(t.expression) for t in terms if isinstance(t, cst.UnaryOperation) and isinstance(t.operator, cst.Not)
    }
    return bool(texts & denied) or any(_is_absurd(term, function_of) for term in terms)


def _is_absurd(term: cst.BaseExpression, function_of: FunctionOf) -> bool:
    """Whether a comparison holds for no numbers, nan among them."""
    if not isinstance(term, cst.Comparison) or len(term.comparisons) != 1:
        return False
    left, right = term.left, term.comparisons[0].comparator
    operator = type(term.comparisons[0].operator)
    if operator is cst.NotEqual:
        return _absorbs(left, right)
    symbol = COMPARED.get(operator)
    if symbol is None:
        return False
    return _is_bounded(left, OPPOSITE[symbol], right, function_of) or _is_bounded(right, symbol, left, function_of)


def _is_bounded(node: cst.BaseExpression, symbol: str, bound: cst.BaseExpression, function_of: FunctionOf) -> bool:
    """Whether `node` is the least (or, for ">", the greatest) of `bound` and something else."""
    if plain(node) == plain(bound):
        return True
    if not isinstance(node, cst.Call) or any(a.keyword is not None or a.star for a in node.args):
        return False
    texts = [plain(a.value) for a in node.args]
    return len(texts) > 1 and plain(bound) in texts and CHOICES.get(function_of(node.func)) == symbol


def _absorbs(left: cst.BaseExpression, right: cst.BaseExpression) -> bool:
    """Whether `left` is ``x | (x & y)``, and `right` is `x`."""
    if not isinstance(left, cst.BinaryOperation) or not isinstance(left.operator, cst.BitOr):
        return False
    inner = left.right
    if plain(left.left) != plain(right) or not isinstance(inner, cst.BinaryOperation):
        return False
    return isinstance(inner.operator, cst.BitAnd) and plain(right) in (plain(inner.left), plain(inner.right))


@dataclass
class Sum:
    """``kept + added`` is on the wrong side of `kept`: a comparison of `added` with 0 says so, for floats."""

    kept: cst.BaseExpression
    added: cst.BaseExpression
    symbol: str

    def test(self) -> cst.Comparison:
        return _compared(self.added, self.symbol, cst.Integer("0"))


def as_sum(term: cst.BaseExpression) -> Sum | None:
    """``x + d < x`` taken apart."""
    if not isinstance(term, cst.Comparison) or len(term.comparisons) != 1:
        return None
    symbol = COMPARED.get(type(term.comparisons[0].operator))
    if symbol is None:
        return None
    sides = (term.left, term.comparisons[0].comparator, symbol), (
        term.comparisons[0].comparator, term.left, OPPOSITE[symbol],
    )  # fmt: skip
    for joined, kept, sign in sides:
        if isinstance(joined, cst.BinaryOperation) and isinstance(joined.operator, cst.Add):
            for one, other in ((joined.left, joined.right), (joined.right, joined.left)):
                if plain(one) == plain(kept):
                    return Sum(kept, other, sign)
    return None
