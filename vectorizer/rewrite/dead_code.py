"""Dead code: assignments whose value nobody reads, found by going backwards over what was emitted."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from vectorizer.source.statement_syntax import Syntax, segment, syntax
from vectorizer.source.statements import Stmt

ALLOCATIONS = frozenset(("zeros", "ones", "empty", "full", "arange"))
FINAL = re.compile(r"(\w+)\[(\w+(?:\[\w+\])?)\] = (\w+(?:\[\w+\])?)$")
SIZES = frozenset(("shape", "size", "ndim", "inf", "nan", "pi"))


@dataclass
class Exits:
    """What is live where the innermost loop is left and where it goes on."""

    left: frozenset[str] = frozenset()
    again: frozenset[str] = frozenset()


@dataclass
class Liveness:
    """One pass backwards.

    always: names that may be read at any time.
    drop: whether dead assignments are taken out; without, the pass only looks.
    """

    always: frozenset[str]
    drop: bool = True
    exits: list[Exits] = field(default_factory=lambda: [Exits()])

    def block(self, block: list[Stmt], live: frozenset[str]) -> frozenset[str]:
        """What is live in front of a block; dead assignments are taken out of it, their comments stay."""
        k = len(block)
        while k > 0:
            k -= 1
            first = k
            while syntax(block[first]).kind in ("elif", "else") and first > 0:
                first -= 1
            if block[k].body is not None:
                live = self.compound(block[first : k + 1], live)
                k = first
            else:
                live = self.simple(block, k, live)
        return live

    def simple(self, block: list[Stmt], k: int, live: frozenset[str]) -> frozenset[str]:
        statement = block[k]
        found = syntax(statement)
        match found.node:
            case ast.Return() | ast.Raise():
                return found.loads
            case ast.Break():
                return self.exits[-1].left
            case ast.Continue():
                return self.exits[-1].again
            case ast.Assign(targets=[target]):
                pairs = assigned_pairs(target, found.node.value)
                needed = live | self.always
                kept = [p for p in pairs if p[0].id in needed or not (statement.safe or is_harmless(p[1], p[0].id))]
                if len(kept) < len(pairs):
                    if self.drop:
                        keep_pairs(block, k, kept)
                    loads = frozenset(n.id for _, part in kept for n in ast.walk(part) if isinstance(n, ast.Name))
                    return live - {name.id for name, _ in kept} | loads
        return live - found.sets | found.loads

    def compound(self, chain: list[Stmt], live: frozenset[str]) -> frozenset[str]:
        head = syntax(chain[0])
        if head.kind == "if":
            return self.branches(chain, live)
        if head.kind in ("for", "while"):
            return self.loop(chain, head, live)
        if head.kind == "with" and len(chain) == 1:
            return self.block(body_of(chain[0]), live) | head.loads
        return live | frozenset().union(*map(every_name, chain))  # what may be left in the midst keeps all names

    def branches(self, chain: list[Stmt], live: frozenset[str]) -> frozenset[str]:
        found = frozenset[str]() if syntax(chain[-1]).kind == "else" else live
        for statement in chain:
            found |= self.block(body_of(statement), live)
        return found.union(*(syntax(statement).loads for statement in chain))

    def loop(self, chain: list[Stmt], head: Syntax, live: frozenset[str]) -> frozenset[str]:
        after = live
        if len(chain) > 1:
            after = self.block(body_of(chain[1]), live)
        again = after | head.loads
        drop, self.drop = self.drop, False
        for last in (False, True):  # the first time to see what an iteration reads of the one before
            self.drop = drop and last
            while True:
                self.exits.append(Exits(live, again))
                entered = self.block(body_of(chain[0]), again)
                self.exits.pop()
                grown = again | (entered - head.sets if head.kind == "for" else entered)
                if grown == again:
                    break
                again = grown
        return again


def body_of(statement: Stmt) -> list[Stmt]:
    assert statement.body is not None
    return statement.body


def every_name(statement: Stmt) -> frozenset[str]:
    """All names in a statement and in its body."""
    own = frozenset(re.findall(r"[A-Za-z_]\w*", statement.text))
    return own.union(*map(every_name, statement.body or []))


def assigned_pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.Name, ast.expr]]:
    """The names that an assignment binds, each with what it is bound to; none where that is not so plain."""
    if isinstance(target, ast.Name):
        return [(target, value)]
    if not isinstance(target, ast.Tuple) or not isinstance(value, ast.Tuple) or len(target.elts) != len(value.elts):
        return []
    if any(isinstance(part, ast.Starred) for part in value.elts):
        return []
    names = [part for part in target.elts if isinstance(part, ast.Name)]
    distinct = len({name.id for name in names}) == len(target.elts)
    return list(zip(names, value.elts, strict=True)) if distinct else []


def keep_pairs(block: list[Stmt], k: int, kept: list[tuple[ast.Name, ast.expr]]) -> None:
    """Leaves some of the names that an assignment binds; it goes where there are none."""
    if not kept:
        hand_on_comments(block, k)
        return
    text = block[k].text
    left = ", ".join(name.id for name, _ in kept)
    block[k].text = f"{left} = {', '.join(segment(text, part) for _, part in kept)}"
    if len(kept) == 1:
        block[k].target = left


def is_harmless(value: ast.expr, name: str = "") -> bool:
    """Whether computing a value has no effect and cannot fail: constants, names, sizes, fresh arrays of constants.

    name: the variable that it is for; flags, whose names are the rewriter's, are put together of masks.
    """
    if name.endswith("_is_set") and is_logic(value):
        return True
    match value:
        case ast.Constant() | ast.Name():
            return True
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=ast.Constant()):
            return True
        case ast.Attribute(value=ast.Name(), attr=attr):
            return attr in SIZES
        case ast.Subscript(value=ast.Attribute(attr="shape") as shape, slice=ast.Constant()):
            return is_harmless(shape)
        case ast.List(elts=items) | ast.Dict(values=items):
            return all(map(is_harmless, items)) and all(map(_is_constant, getattr(value, "keys", ())))
        case ast.BinOp(left=ast.List() as items, op=ast.Mult(), right=ast.Constant(value=int())):
            return is_harmless(items)
        case ast.Call(func=ast.Attribute(value=ast.Name(), attr=attr), args=args, keywords=[]):
            return attr in ALLOCATIONS and all(is_harmless(arg) or is_shape(arg) for arg in args)
    return False


def is_logic(node: ast.expr) -> bool:
    """Whether masks are put together, and nothing else."""
    match node:
        case ast.UnaryOp(op=ast.Invert(), operand=part):
            return is_logic(part)
        case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr(), right=right):
            return is_logic(left) and is_logic(right)
    return isinstance(node, ast.Name)


def _is_constant(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant)


def is_shape(value: ast.expr) -> bool:
    return isinstance(value, ast.Tuple) and all(map(is_harmless, value.elts))


def hand_on_comments(block: list[Stmt], k: int) -> None:
    """Deletes a statement; its comments go to the one behind it."""
    gone = block.pop(k)
    comments = gone.leading + ((gone.trailing,) if gone.trailing else ())
    if k < len(block):
        block[k].leading = comments + block[k].leading
    elif block:
        block[-1].after += comments


def drop_unread(statements: list[Stmt]) -> None:
    """Takes assignments out of a function that nobody reads, buffers that are only stored into among them."""
    if any(syntax(s).kind in ("?", "try") for s in walk(statements)):
        return
    always = frozenset[str]().union(*(late_names(s) for s in walk(statements)))
    drop_buffers(statements, always)
    Liveness(always).block(statements, frozenset())


def late_names(statement: Stmt) -> frozenset[str]:
    if statement.body is not None and statement.text.startswith(("def ", "async ", "class ")):
        return every_name(statement)
    return syntax(statement).late


def walk(statements: Sequence[Stmt]) -> list[Stmt]:
    found: list[Stmt] = []
    for statement in statements:
        found.append(statement)
        found += walk(statement.body or [])
    return found


def drop_buffers(statements: list[Stmt], always: frozenset[str]) -> None:
    """Arrays that receive what examples leave a loop with, where nobody reads them."""
    read = set(always)
    stores: dict[str, list[Stmt]] = {}
    for statement in walk(statements):
        match = FINAL.match(statement.text) if statement.safe else None
        if match is not None:
            stores.setdefault(match[1], []).append(statement)
            read |= set(re.findall(r"\w+", f"{match[2]} {match[3]}"))
        elif not statement.safe:
            read |= syntax(statement).loads
    dead = {id(s) for name, found in stores.items() if name not in read for s in found}
    if dead:
        remove(statements, dead)


def remove(block: list[Stmt], gone: set[int]) -> None:
    for k in reversed(range(len(block))):
        if id(block[k]) in gone:
            hand_on_comments(block, k)
        elif block[k].body is not None:
            remove(body_of(block[k]), gone)
