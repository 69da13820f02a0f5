"""Recurrences that have a closed form, read off the syntax: what a loop does to the variables that it hands on.

A variable may be accumulated (``s += e``, ``m = max(m, e)``, ``if e > m: m = e``), chosen (``if c: k = i``, where a
later choice replaces an earlier one), or be the best of all (``if e > best: best = e; k = i``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import libcst as cst

from vectorizer.rewrite.control_flow import lone_jump
from vectorizer.rewrite.loop_syntax import target_names
from vectorizer.rewrite.names import names_read, nodes_of, statements_of
from vectorizer.rewrite.symbols import SYMBOLS
from vectorizer.values import Unsupported

# What compares like ``new > old`` when written the other way round, and the choice that it stands for.
SWAPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
AGREE = {"-": "+"}  # operators that may be mixed in one accumulation
PLAIN = ("+", "-", "*", "|", "&")


@dataclass
class Update:
    """``name = name op value``; "=" stands for a variable that is set anew, and read before that."""

    name: str
    op: str
    value: cst.BaseExpression


@dataclass
class Selection:
    """``if guards and new > best: best = new; k = ...``, or without a comparison ``if test: k = ...``.

    better: ">", ">=", "<" or "<=", read from the new value to the old one; empty where there is no comparison.
    new, old: the two sides of the comparison.
    values: what the variables are set to.
    first: the first hit counts, because the loop is left there.
    """

    values: dict[str, cst.BaseExpression]
    guards: list[cst.BaseExpression]
    better: str = ""
    new: cst.BaseExpression | None = None
    old: cst.BaseExpression | None = None
    first: bool = False


@dataclass
class Recurrences:
    """What is known of the variables that a loop hands on.

    updates, selections: by the id of the statement.
    scanned: variables that are also read behind their update, or (`early`) in front of it.
    """

    updates: dict[int, list[Update]] = field(default_factory=dict)
    selections: dict[int, Selection] = field(default_factory=dict)
    scanned: set[str] = field(default_factory=set)
    early: dict[str, Update] = field(default_factory=dict)


def find_recurrences(carried: set[str], body: Sequence[Any], targets: set[str]) -> Recurrences:
    """The recurrences of all variables in `carried`.  Raises Unsupported for one that has no closed form."""
    found = Recurrences()
    left = set(carried)
    for node in _compound(body, cst.If):
        selection = _selection(node, left, body, targets)
        if selection is not None:
            found.selections[id(node)] = selection
            left -= selection.values.keys()
    for name in sorted(left):
        _classify(name, body, found)
    return found


def _compound(body: Sequence[Any], kind: type) -> list[Any]:
    return [node for statement in body for node in nodes_of(statement) if isinstance(node, kind)]


def occurrences_of(name: str, nodes: Sequence[cst.CSTNode]) -> int:
    """How often a variable occurs."""
    return sum(isinstance(part, cst.Name) and part.value == name for node in nodes for part in nodes_of(node))


# --- accumulation ----------------------------------------------------------------------------------------------------


def _classify(name: str, body: Sequence[Any], found: Recurrences) -> None:
    """Finds all updates of one variable, and where else it is read."""
    updates: list[tuple[cst.CSTNode, list[Update]]] = []
    for statement in body:
        for node in nodes_of(statement):
            made = _updates(node, name)
            if made is not None and not any(_contains(outer, node) for outer, _ in updates):
                updates.append((node, made))
    written = sum(occurrences_of(name, [node]) for node, _ in updates)
    in_values = sum(occurrences_of(name, [u.value]) for _, made in updates for u in made)
    ops = {AGREE.get(u.op, u.op) for _, made in updates for u in made}
    if not updates or in_values or len(ops) > 1 or _sets_elsewhere(name, body, [node for node, _ in updates]):
        raise Unsupported(f"{name} is handed from one iteration to the next")
    for node, made in updates:
        found.updates[id(node)] = made
    if written == occurrences_of(name, body) and ops != {"="}:
        return
    _scan(name, body, updates, found)


def _scan(name: str, body: Sequence[Any], updates: list[tuple[cst.CSTNode, list[Update]]], found: Recurrences) -> None:
    """A variable that is updated once in an iteration and read in it, either always before or always behind that."""
    if len(updates) != 1 or len(updates[0][1]) != 1:
        raise Unsupported(f"{name} is handed from one iteration to the next")
    node, (update,) = updates[0]
    order = [part for statement in body for part in nodes_of(statement)]
    inside = {id(part) for part in nodes_of(node)}
    at = next(k for k, part in enumerate(order) if part is node)
    reads = [k for k, p in enumerate(order) if isinstance(p, cst.Name) and p.value == name and id(p) not in inside]
    looped = [part for part in _compound(body, cst.For) if _contains(part, node)]
    if any(_contains(loop, order[k]) for loop in looped for k in reads):
        raise Unsupported(f"{name} is handed from one iteration to the next")
    found.scanned.add(name)
    if all(k > at for k in reads) and update.op != "=":
        return
    plain = any(isinstance(s, cst.SimpleStatementLine) and node in s.body for s in body)
    if not plain or any(k > at for k in reads) or looped:
        raise Unsupported(f"{name} is handed from one iteration to the next")
    found.early[name] = update


def _contains(outer: cst.CSTNode, node: cst.CSTNode) -> bool:
    return any(part is node for part in nodes_of(outer))


def _sets_elsewhere(name: str, body: Sequence[Any], updates: Sequence[cst.CSTNode]) -> bool:
    """Whether a variable is bound by anything else than its updates."""
    known = {id(part) for node in updates for part in nodes_of(node)}
    for statement in body:
        for node in nodes_of(statement):
            bound = set[str]()
            if isinstance(node, cst.Assign):
                bound = set[str]().union(*(target_names(t.target) for t in node.targets))
            elif isinstance(node, (cst.AugAssign, cst.AnnAssign, cst.For, cst.NamedExpr)):
                bound = target_names(node.target)
            if name in bound and id(node) not in known:
                return True
    return False


def _updates(node: cst.CSTNode, name: str) -> list[Update] | None:
    """The updates of `name` that a statement makes; None where it makes none."""
    if isinstance(node, cst.AugAssign):
        if isinstance(node.target, cst.Name) and node.target.value == name:
            return [Update(name, SYMBOLS[type(node.operator)], node.value)]
        return None
    if isinstance(node, cst.If):
        return _extreme(node, name)
    if not isinstance(node, cst.Assign) or len(node.targets) != 1:
        return None
    target, value = node.targets[0].target, node.value
    if not isinstance(target, cst.Name) or target.value != name:
        return None
    if not occurrences_of(name, [value]):
        return [Update(name, "=", value)]
    return _chain(value, name) or _call(value, name) or _either(value, name)


def _chain(value: cst.BaseExpression, name: str) -> list[Update] | None:
    """``name + a - b``: the sum of what is added; ``name * a``."""
    terms: list[tuple[str, cst.BaseExpression]] = []
    while isinstance(value, cst.BinaryOperation) and not _is(value, name):
        symbol = SYMBOLS[type(value.operator)]
        if symbol not in "+-*" or terms and (symbol == "*") != (terms[-1][0] == "*"):
            return None
        if not terms and symbol in "+*" and _is(value.right, name):
            return [Update(name, symbol, value.left)]
        terms.append((symbol, value.right))
        if value.lpar and len(terms) > 1:
            return None
        value = value.left
    if not terms or not _is(value, name):
        return None
    return [Update(name, symbol, term) for symbol, term in reversed(terms)]


def _call(value: cst.BaseExpression, name: str) -> list[Update] | None:
    """``max(name, e)`` and ``np.maximum(name, e)``."""
    if not isinstance(value, cst.Call) or any(a.keyword is not None or a.star for a in value.args):
        return None
    args = [a.value for a in value.args]
    if isinstance(value.func, cst.Name) and value.func.value in ("max", "min") and len(args) > 1:
        if _is(args[0], name):
            return [Update(name, f"f{value.func.value}", arg) for arg in args[1:]]
        if len(args) == 2 and _is(args[1], name):
            return [Update(name, f"late {value.func.value}", args[0])]
    if isinstance(value.func, cst.Attribute) and value.func.attr.value in ("maximum", "minimum") and len(args) == 2:
        others = [a for a in args if not _is(a, name)]
        if len(others) == 1:
            return [Update(name, value.func.attr.value[:3], others[0])]
    return None


def _either(value: cst.BaseExpression, name: str) -> list[Update] | None:
    """``name or e``, ``name and e``."""
    if not isinstance(value, cst.BooleanOperation):
        return None
    op = "|" if isinstance(value.operator, cst.Or) else "&"
    sides = [value.left, value.right]
    others = [side for side in sides if not _is(side, name)]
    return [Update(name, op, others[0])] if len(others) == 1 else None


def _extreme(node: cst.If, name: str) -> list[Update] | None:
    """``if e > name: name = e``."""
    values = _plain_assignments(node, False)
    if values is None or set(values) != {name}:
        return None
    compared = _comparison(node.test, {name})
    if compared is None or not _same(compared[1], values[name]):
        return None
    return [Update(name, "fmax" if compared[0] in (">", ">=") else "fmin", compared[1])]


def _is(node: cst.CSTNode, name: str) -> bool:
    return isinstance(node, cst.Name) and node.value == name


def _same(one: cst.CSTNode, other: cst.CSTNode) -> bool:
    """Whether two expressions are written alike, white space apart."""
    texts = ["".join(cst.Module([]).code_for_node(node).split()) for node in (one, other)]
    return texts[0] == texts[1]


# --- choices ---------------------------------------------------------------------------------------------------------


def _selection(node: cst.If, carried: set[str], body: Sequence[Any], targets: set[str]) -> Selection | None:
    """What an `if` chooses; None where it is no such choice."""
    values = _plain_assignments(node, True)
    if not values or not set(values) <= carried or len(values) == 1 and _extreme(node, *values):
        return None
    names = set(values)
    if any(names & names_read(value) for value in values.values()):
        return None
    first = lone_jump(statements_of(node.body)) is not None
    parts = _conjunction(node.test)
    outside = {n for n in names if occurrences_of(n, body) != occurrences_of(n, [node])}
    if outside:
        return None
    reading = [part for part in parts if names & names_read(part)]
    if not reading:
        return Selection(values, parts, first=first)
    if len(reading) != 1 or first:
        return None
    guards = [part for part in parts if part is not reading[0]]
    return _best(values, guards, reading[0], targets)


def _best(
    values: dict[str, cst.BaseExpression], guards: list[cst.BaseExpression], test: cst.BaseExpression, targets: set[str]
) -> Selection | None:
    """``new > best``, where `best` is set to `new`; or ``x[i] > x[k]``, where `k` is set to `i`."""
    if not isinstance(test, cst.Comparison) or len(test.comparisons) != 1:
        return None
    symbol = SYMBOLS[type(test.comparisons[0].operator)]
    left, right = test.left, test.comparisons[0].comparator
    if symbol not in SWAPPED:
        return None
    for new, old, better in ((left, right, symbol), (right, left, SWAPPED[symbol])):
        read = set(values) & names_read(old)
        if set(values) & names_read(new) or len(read) != 1:
            continue
        name = read.pop()
        value = values[name]
        if _is(old, name) and _same(new, value):
            return Selection(values, guards, better, new, old)
        if isinstance(value, cst.Name) and value.value in targets and _same(_renamed(new, value.value, name), old):
            return Selection(values, guards, better, new, old)
    return None


def _renamed(node: cst.BaseExpression, old: str, new: str) -> cst.BaseExpression:
    """An expression in which one variable stands for another."""

    class Renamer(cst.CSTTransformer):
        def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
            return updated_node.with_changes(value=new) if original_node.value == old else updated_node

    made = node.visit(Renamer())
    assert isinstance(made, cst.BaseExpression)
    return made


def _comparison(test: cst.BaseExpression, names: set[str]) -> tuple[str, cst.BaseExpression] | None:
    """``e > name``: the comparison as seen from `e`, and `e`."""
    if not isinstance(test, cst.Comparison) or len(test.comparisons) != 1:
        return None
    symbol, right = SYMBOLS[type(test.comparisons[0].operator)], test.comparisons[0].comparator
    if symbol not in SWAPPED:
        return None
    if isinstance(right, cst.Name) and right.value in names:
        return symbol, test.left
    if isinstance(test.left, cst.Name) and test.left.value in names:
        return SWAPPED[symbol], right
    return None


def _conjunction(test: cst.BaseExpression) -> list[cst.BaseExpression]:
    """The parts of ``a and b and c``."""
    if isinstance(test, cst.BooleanOperation) and isinstance(test.operator, cst.And):
        return [*_conjunction(test.left), *_conjunction(test.right)]
    return [test]


def _plain_assignments(node: cst.If, may_break: bool) -> dict[str, cst.BaseExpression] | None:
    """The variables that an `if` without `else` sets, each once; a `break` may stand behind them."""
    if node.orelse is not None:
        return None
    values: dict[str, cst.BaseExpression] = {}
    statements = [*statements_of(node.body)]
    if may_break and isinstance(lone_jump(statements), cst.Break):
        statements.pop()
    for statement in statements:
        if not isinstance(statement, cst.SimpleStatementLine):
            return None
        for small in statement.body:
            if not isinstance(small, cst.Assign) or len(small.targets) != 1:
                return None
            pairs = _pairs(small.targets[0].target, small.value)
            if pairs is None or {n for n, _ in pairs} & values.keys():
                return None
            values |= dict(pairs)
    return values


def _pairs(target: cst.BaseExpression, value: cst.BaseExpression) -> list[tuple[str, cst.BaseExpression]] | None:
    """The names that an assignment sets, with what each is set to."""
    if isinstance(target, cst.Name):
        return [(target.value, value)]
    if not isinstance(target, cst.Tuple) or not isinstance(value, cst.Tuple):
        return None
    if len(target.elements) != len(value.elements):
        return None
    pairs = []
    for one, other in zip(target.elements, value.elements, strict=True):
        if not isinstance(one.value, cst.Name) or isinstance(other, cst.StarredElement):
            return None
        pairs.append((one.value.value, other.value))
    return pairs
