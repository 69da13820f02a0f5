"""Masks that are known from others: checks that cannot fail are left out, and so are masks that are made twice.

``if not np.all(~taken | x_is_set): raise ...`` is not needed where `x_is_set` is `taken`.  Statements are gone through
in order; each mask is a formula of what was compared (`formulas.py`), which stays what it is when variables are set
again, since its atoms say when they were computed.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import dataclass, field

from vectorizer.rewrite.dead_code import body_of, hand_on_comments, remove, walk
from vectorizer.rewrite.formulas import And, Atom, Formula, Not, Or, atoms_of, follows, has_constants
from vectorizer.rewrite.owned import Names, owned, shared_by
from vectorizer.source.statement_syntax import syntax
from vectorizer.source.statements import Stmt

ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
CONSTANTS = {"ones": True, "zeros": False}


def drop_implied(statements: list[Stmt], theirs: Collection[str]) -> None:
    """Takes checks that cannot fail out of a function, and gives masks that are made twice one name.

    theirs: the names of the user's function, which stay.
    """
    found = [syntax(s) for s in walk(statements)]
    if any(f.kind in ("def", "try", "?") or f.node is None and f.kind != "else" for f in found):
        return
    if not any(CHECK.match(s.text) for s in walk(statements)):
        return
    sets = Counter(name for f in found for name in f.stores)
    changed = {name for f in found for name in _changed(f.node)}
    constant = {name for name, count in sets.items() if count == 1} - changed
    masks = Masks(constant, constant - set(theirs), owned(statements))
    masks.block(statements)
    remove(statements, masks.twice)
    for old, new in masks.same.items():
        for statement in walk(statements):
            statement.text = re.sub(rf"(?<![\w.]){old}(?!\w)", new, statement.text)


CHECK = re.compile(r"if not np\.all\((.*)\):$")


@dataclass
class Masks:
    """What is known of masks at one place.

    constant: names that are set once, to something that does not change; `made`: those that are the rewriter's.
    own: the variables that own their memory, by the ids of statements.
    values: masks, and what they say of an example.
    facts: what is so for all examples.
    times: how often each variable has been set; `stores`: how often anything was stored into memory.
    same: masks with the name under which they were made before; `twice`: the statements that made them again.
    """

    constant: Collection[str]
    made: Collection[str]
    own: dict[int, Names]
    values: dict[str, Formula] = field(default_factory=dict)
    facts: list[Formula] = field(default_factory=list)
    times: Counter[str] = field(default_factory=Counter)
    stores: int = 0
    same: dict[str, str] = field(default_factory=dict)
    twice: set[int] = field(default_factory=set)

    def block(self, block: list[Stmt]) -> None:
        k = 0
        while k < len(block):
            statement, is_last = block[k], k + 1 == len(block) or syntax(block[k + 1]).kind not in ("elif", "else")
            if statement.body is None:
                self.simple(statement)
            elif is_last and self.is_implied_check(statement):
                hand_on_comments(block, k)
                continue
            else:
                self.inside(statement)
            k += 1

    def inside(self, statement: Stmt) -> None:
        """A block that runs or not, or again and again: what it changes is not known in it and behind it."""
        self.forget([statement])
        inner = copy(self)
        inner.values, inner.facts, inner.times = dict(self.values), list(self.facts), Counter(self.times)
        inner.block(body_of(statement))
        self.forget([statement])

    def forget(self, statements: Sequence[Stmt]) -> None:
        """Variables that statements may set are not known any more, nor is what lies in memory."""
        for statement in walk(statements):
            found = syntax(statement)
            changed = _changed(found.node)
            for name in found.stores | changed:
                self.set(name, None)
            if changed - self.own.get(id(statement), frozenset()):
                self.forget_memory()
            self.forget_shared(statement)

    def forget_memory(self) -> None:
        """Something was stored where it is not known who else sees it."""
        self.stores += 1
        self.values.clear()
        self.facts.clear()

    def forget_shared(self, statement: Stmt) -> None:
        """Masks that can be seen in another way behind a statement are not known any more; who sees it may write."""
        shared = shared_by(syntax(statement))
        self.stores += bool(shared)
        if shared & self.values.keys():
            self.forget_memory()

    def set(self, name: str, value: Formula | None) -> None:
        self.times[name] += 1
        self.values.pop(name, None)
        if value is not None:
            self.values[name] = value

    def simple(self, statement: Stmt) -> None:
        found = syntax(statement)
        match found.node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if (mask := self.formula(value)) is not None:
                earlier = self.made_before(mask) if name in self.made else None
                if earlier is not None:
                    self.same[name] = earlier
                    self.twice.add(id(statement))
                self.set(name, mask)
            case ast.Return() | ast.Break() | ast.Continue() | ast.Pass() | ast.Raise():
                pass
            case _:
                self.forget([statement])

    def made_before(self, mask: Formula) -> str | None:
        """The name of a mask that says the same, and stays."""
        found = [name for name, value in self.values.items() if value == mask and name in self.constant]
        return self.same.get(found[0], found[0]) if found and not has_constants(mask) else None

    def is_implied_check(self, statement: Stmt) -> bool:
        """Whether a statement raises an error where something does not hold that does; if not, it does behind it."""
        body = body_of(statement)
        if not CHECK.match(statement.text) or len(body) != 1 or not isinstance(syntax(body[0]).node, ast.Raise):
            return False
        match syntax(statement).node:
            case ast.If(test=ast.UnaryOp(operand=ast.Call(args=[what], keywords=[]))):
                claim = self.claim(what)
            case _:
                return False
        if claim is None:
            return False
        if follows(claim, self.facts):
            return True
        self.facts.append(claim)
        return False

    def claim(self, node: ast.expr) -> Formula | None:
        """What `np.all` asks for: a mask, or a part of one (``mask[taken]``)."""
        match node:
            case ast.Subscript(value=whole, slice=ast.Name(id=taken)) if taken in self.values:
                mask, chosen = self.formula(whole), self.values[taken]
                return None if mask is None or any(a.key[0] == "?" for a in atoms_of(chosen)) else Or(Not(chosen), mask)
        return self.formula(node)

    def formula(self, node: ast.expr) -> Formula | None:
        """What a mask says; None for what is not seen to be one."""
        match node:
            case ast.Constant(value=bool() as value):
                return value
            case ast.Name(id=name):
                return self.values.get(name, Atom(("?", name, self.times[name], self.stores)))
            case ast.UnaryOp(op=ast.Invert(), operand=operand):
                part = self.formula(operand)
                return None if part is None else Not(part)
            case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr() as op, right=right):
                sides = self.formula(left), self.formula(right)
                if sides[0] is None or sides[1] is None:
                    return None
                return And(*sides) if isinstance(op, ast.BitAnd) else Or(*sides)  # type: ignore[arg-type]
            case ast.Call(func=ast.Attribute(value=ast.Name(id="np"), attr=maker), args=[_, ast.Name(id="bool")]):
                return CONSTANTS.get(maker)
            case ast.Compare(ops=[op]) if isinstance(op, ORDER) and _is_plain(node):
                return self.atom(node)
            case ast.Call(func=ast.Attribute(value=array, attr="any" | "all")) if _is_plain(array):
                return self.atom(node)
        return None

    def atom(self, node: ast.expr) -> Atom:
        """An expression, as long as nothing that it reads has changed."""
        names = sorted({n.id for n in ast.walk(node) if isinstance(n, ast.Name)})
        return Atom((ast.unparse(node), *((n, self.times[n]) for n in names), self.stores))


def _is_plain(node: ast.expr) -> bool:
    """Whether an expression gives the same again: nothing is called that draws or remembers."""
    return not any(isinstance(n, (ast.Call, ast.NamedExpr, ast.Lambda)) for n in ast.walk(node))


def _changed(node: ast.stmt | None) -> frozenset[str]:
    """Variables whose memory a statement writes to."""
    places: list[ast.expr] = []
    match node:
        case ast.AugAssign(target=target):
            places = [target]
        case ast.Assign(targets=targets):
            places = [part for t in targets for part in (t.elts if isinstance(t, ast.Tuple) else [t])]
            places = [p for p in places if not isinstance(p, ast.Name)]
        case ast.Expr():
            places = [node.value]
    return frozenset(n.id for place in places for n in _bases(place))


def _bases(place: ast.expr) -> list[ast.Name]:
    if isinstance(place, ast.Call):
        return [n for n in ast.walk(place) if isinstance(n, ast.Name)]
    while isinstance(place, (ast.Subscript, ast.Attribute, ast.Starred)):
        place = place.value
    return [place] if isinstance(place, ast.Name) else []
