"""Short forms of what is emitted: each says the same as the long one, in value, dtype, shape and memory."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Sequence

from vectorizer.rewrite.dead_code import assigned_pairs, every_name, is_harmless, keep_pairs, walk
from vectorizer.source.statement_syntax import segment, span, syntax
from vectorizer.source.statements import Stmt

Rule = Callable[[str, ast.expr, frozenset[str]], str | None]


def shorten(statements: list[Stmt]) -> None:
    """Applies every rule to every expression until none has anything to say."""
    integers = counters(statements)
    for statement in walk(statements):
        if "(" in statement.text and '"' not in statement.text and "'" not in statement.text:
            statement.text = NEEDLESS.sub(r"\1", statement.text)
        while (shorter := shortened(statement, integers)) is not None:
            statement.text = shorter


def shortened(statement: Stmt, integers: frozenset[str]) -> str | None:
    """The text of a statement with one expression in its short form; None where there is none."""
    text = statement.text
    if not MAY_BE_LONG.search(text):
        return None
    node = syntax(statement).node
    offset = 2 if text.startswith("elif ") else 0
    for part in ast.walk(node) if node is not None else ():
        rule = RULES.get(type(part))
        made = rule(text[offset:], part, integers) if rule is not None else None  # type: ignore[arg-type]
        if made is not None:
            start, end = span(text[offset:], part)
            return text[: start + offset] + made + text[end + offset :]
    return None


def counters(statements: Sequence[Stmt]) -> frozenset[str]:
    """Names that are nothing but the targets of loops over ranges: integers."""
    found, others = set[str](), set[str]()
    for statement in walk(statements):
        node = syntax(statement).node
        match node:
            case ast.For(target=ast.Name(id=name), iter=ast.Call(func=ast.Name(id="range"))):
                found.add(name)
            case ast.For(
                target=ast.Tuple(elts=[ast.Name(id=name), *rest]), iter=ast.Call(func=ast.Name(id="enumerate"))
            ):
                found.add(name)
                others |= {n.id for part in rest for n in ast.walk(part) if isinstance(n, ast.Name)}
            case _:
                others |= syntax(statement).stores
    return frozenset(found - others)


# --- subscripts of subscripts ----------------------------------------------------------------------------------------


def one_subscript(text: str, node: ast.expr, integers: frozenset[str]) -> str | None:
    """``x[:, i][:, None]`` is ``x[:, i, None]``: two views by slices, integers and new axes are one."""
    assert isinstance(node, ast.Subscript)
    if not isinstance(node.value, ast.Subscript):
        return None
    inner, outer = _items(node.value.slice), _items(node.slice)
    if not all(_is_all(item) or _is_new(item) for item in outer) or not any(map(_is_new, outer)):
        return None
    if not all(_is_basic(item, integers) for item in inner) or not any(map(_is_of_an_array, inner)):
        return None  # an item of a tuple or a list may be meant
    left, made = list(inner), list[str]()
    for item in outer:
        if _is_new(item):
            while left and not isinstance(left[0], ast.Slice) and not _is_new(left[0]):
                made.append(segment(text, left.pop(0)))
            made.append("None")
            continue
        while left and not isinstance(left[0], ast.Slice) and not _is_new(left[0]):
            made.append(segment(text, left.pop(0)))
        made.append(segment(text, left.pop(0)) if left else ":")
    made += [segment(text, item) for item in left]
    return f"{enclosed(text, node.value.value)}[{', '.join(made)}]"


def enclosed(text: str, node: ast.expr) -> str:
    """The code of an expression, in parentheses where it needs them: they are no part of the expression itself."""
    code = segment(text, node)
    return code if isinstance(node, (ast.Name, ast.Attribute, ast.Call, ast.Subscript)) else f"({code})"


def _items(index: ast.expr) -> list[ast.expr]:
    return list(index.elts) if isinstance(index, ast.Tuple) else [index]


def _is_all(item: ast.expr) -> bool:
    return isinstance(item, ast.Slice) and item.lower is item.upper is item.step is None


def _is_new(item: ast.expr) -> bool:
    return isinstance(item, ast.Constant) and item.value is None


def _is_of_an_array(item: ast.expr) -> bool:
    return isinstance(item, ast.Slice) or _is_new(item)


def _is_basic(item: ast.expr, integers: frozenset[str]) -> bool:
    return isinstance(item, ast.Slice) or _is_new(item) or is_integer(item, integers)


def is_integer(item: ast.expr, integers: frozenset[str]) -> bool:
    """Whether an expression is a Python integer for certain."""
    match item:
        case ast.Constant(value=value):
            return type(value) is int
        case ast.Name(id=name):
            return name in integers
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return is_integer(operand, integers)
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.FloorDiv() | ast.Mod(), left=left, right=right):
            return is_integer(left, integers) and is_integer(right, integers)
        case ast.Subscript(value=ast.Attribute(attr="shape"), slice=ast.Constant(value=int())):
            return True
    return False


# --- calls -----------------------------------------------------------------------------------------------------------


def short_call(text: str, node: ast.expr, integers: frozenset[str]) -> str | None:
    """``np.sum(np.where(c, 1, 0), axis=1)`` counts, as ``np.sum((x < y).astype(int), axis=1)`` does.

    ``(~(x == y)).astype(int)`` is ``(x != y).astype(int)``: it is NumPy that compares where there is an `astype`.  What
    that gives is a copy already.
    """
    assert isinstance(node, ast.Call)
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id=module), attr="sum"),
            args=[
                ast.Call(
                    func=ast.Attribute(value=ast.Name(id=other), attr="where"),
                    args=[condition, ast.Constant(value=one), ast.Constant(value=zero)],
                    keywords=[],
                )
            ],
            keywords=[ast.keyword(arg="axis", value=axis)],
        ) if module == other and type(one) is type(zero) is int and (one, zero) == (1, 0):
            return f"{module}.count_nonzero({segment(text, condition)}, axis={segment(text, axis)})"
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id=module), attr="sum"),
            args=[ast.Call(func=ast.Attribute(attr="astype", value=condition), args=[ast.Name(id="int")], keywords=[])],
            keywords=[ast.keyword(arg="axis", value=axis)],
        ) if is_comparison(condition):
            return f"{module}.count_nonzero({segment(text, condition)}, axis={segment(text, axis)})"
        case ast.Call(
            func=ast.Attribute(
                attr="astype",
                value=ast.UnaryOp(
                    op=ast.Invert(), operand=ast.Compare(ops=[ast.Eq() | ast.NotEq() as same], left=x, comparators=[y])
                ),
            ),
            args=[dtype],
            keywords=[],
        ):
            sign = "!=" if isinstance(same, ast.Eq) else "=="
            left, right = (enclosed(text, part) if is_comparison(part) else segment(text, part) for part in (x, y))
            return f"({left} {sign} {right}).astype({segment(text, dtype)})"
        case ast.Call(
            func=ast.Attribute(
                value=ast.Call(func=ast.Attribute(attr="astype"), args=[_], keywords=[]) as copied, attr="copy"
            ),
            args=[],
            keywords=[],
        ):
            return segment(text, copied)
    return None


def is_comparison(node: ast.expr) -> bool:
    """Whether an expression of arrays gives booleans for certain."""
    match node:
        case ast.UnaryOp(op=ast.Invert(), operand=operand):
            return is_comparison(operand)
        case ast.BinOp(op=ast.BitAnd() | ast.BitOr(), left=left, right=right):
            return is_comparison(left) and is_comparison(right)
    return isinstance(node, ast.Compare)


RULES: dict[type[ast.AST], Rule] = {ast.Subscript: one_subscript, ast.Call: short_call}
LONGEST_MOVE = 100  # columns of an assignment that stands for several
NEEDLESS = re.compile(r"(?<=[*+/-] )\((\d+|[A-Za-z_][\w.]*(?:\[\d+\])?)\)(?![.\[(*\w])")
MAY_BE_LONG = re.compile(r"\]\[|where\([^\n]*1, 0\)|astype\([^\n]*\.copy\(\)|sum\([^\n]*astype\(|\(~[^\n]*astype\(")


def cast_once(block: list[Stmt], whole: Sequence[Stmt], parameters: Collection[str]) -> None:
    """``c = (x < y).astype(int)``, of which nothing but ``c.astype(np.int16)`` is read, is that from the start."""
    for statement in block:
        if statement.body is not None:
            cast_once(statement.body, whole, parameters)
            continue
        match syntax(statement).node:
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.Call(func=ast.Attribute(attr="astype", value=value), args=[ast.Name(id="int")], keywords=[]),
            ) if is_comparison(value) and name not in parameters:
                code = segment(statement.text, value)
                _cast_once(statement, name, f"({code})", whole)


def _cast_once(statement: Stmt, name: str, value: str, whole: Sequence[Stmt]) -> None:
    read, stored = re.compile(rf"(?<![\w.]){name}\b(?:\.astype\(([\w.]+)\))?"), 0
    casts = set[str | None]()
    for other in walk(whole):
        stored += name in syntax(other).stores
        if other is not statement:
            casts |= {match[1] for match in read.finditer(other.text)}
    if stored != 1 or len(casts) != 1 or None in casts:
        return
    dtype = casts.pop()
    statement.text = f"{name} = {value}.astype({dtype})"
    for other in walk(whole):
        if other is not statement:
            other.text = read.sub(name, other.text)


# --- runs of statements ----------------------------------------------------------------------------------------------


def join_moves(block: list[Stmt], theirs: Collection[str]) -> None:
    """``item = a; item_2 = b; x = item; y = item_2`` is ``x, y = a, b``, where the items are used nowhere else."""
    counts: dict[str, int] = {}
    for statement in walk(block):
        for name in re.findall(r"[A-Za-z_]\w*", statement.text):
            counts[name] = counts.get(name, 0) + 1
    for name in theirs:
        counts.pop(name, None)
    _join_moves(block, counts)


def _join_moves(block: list[Stmt], counts: dict[str, int]) -> None:
    k = 0
    while k < len(block):
        statement = block[k]
        if statement.body is not None:
            _join_moves(statement.body, counts)
        elif statement.target is not None and counts.get(statement.target) == 2:
            _join_at(block, k, counts)
        k += 1


def _join_at(block: list[Stmt], k: int, counts: dict[str, int]) -> None:
    items: list[Stmt] = []
    for statement in block[k:]:
        name = statement.target
        if statement.body is not None or name is None or not statement.text.startswith(f"{name} = "):
            break
        if counts.get(name) != 2 or items and statement.leading or statement.trailing:
            break
        items.append(statement)
    count = len(items)
    moves = block[k + count : k + 2 * count]
    if count < 2 or len(moves) < count:
        return
    targets, values = [], []
    for item, move in zip(items, moves, strict=True):
        match syntax(move).node:
            case ast.Assign(targets=[ast.Name() | ast.Subscript() as place], value=ast.Name(id=name)):
                if name != item.target or move.leading or "\n" in move.text:
                    return
                targets.append(segment(move.text, place))
            case _:
                return
        values.append(item.text.partition(" = ")[2])
    text = f"{', '.join(targets)} = {', '.join(values)}"
    if len(text) > LONGEST_MOVE or any(_is_open(value) for value in values):
        return
    trailing = next((move.trailing for move in moves if move.trailing), "")
    joined = Stmt(text, leading=items[0].leading, trailing=trailing, line=moves[0].line, after=moves[-1].after)
    block[k : k + 2 * count] = [joined]


def _is_open(value: str) -> bool:
    """Whether an expression would be something else as an item of a tuple."""
    node = ast.parse(f"[{value}]", mode="eval").body
    items = node.elts if isinstance(node, ast.List) else []
    return len(items) != 1 or isinstance(items[0], (ast.Lambda, ast.NamedExpr))


def take_first_values(block: list[Stmt]) -> None:
    """``n = 0`` and then ``n = np.full(batch, n)``: the value goes to where it is read, if that is the only place."""
    for k in reversed(range(len(block))):
        statement = block[k]
        node = syntax(statement).node
        if statement.body is not None:
            take_first_values(statement.body)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            pairs = assigned_pairs(node.targets[0], node.value)
            kept = [p for p in pairs if not (_is_first(p[1]) and _takes(block, k, p[0].id, p[1]))]
            if len(kept) < len(pairs):
                keep_pairs(block, k, kept)


def _is_first(value: ast.expr) -> bool:
    return not isinstance(value, (ast.Name, ast.Call, ast.List, ast.Dict)) and is_harmless(value)


def _takes(block: list[Stmt], k: int, name: str, value: ast.expr) -> bool:
    """Puts a first value into the statement that makes an array of it under the same name."""
    code = segment(block[k].text, value)
    reads = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}
    for statement in block[k + 1 :]:
        found = syntax(statement)
        if name in every_name(statement):
            pattern = rf"{name} = \w+\.(full|where)\(((?:[^\n]*, ){name}(?:, [^\n]*)?)\)"
            if not re.fullmatch(pattern, statement.text) or found.late:
                return False
            if len(re.findall(rf"\b{name}\b", statement.text)) != 2:
                return False
            head, equals, right = statement.text.partition(" = ")
            statement.text = head + equals + re.sub(rf"\b{name}\b", lambda _: code, right)
            return True
        if statement.body is not None or found.node is None or found.stores & reads:
            return False
    return False


def read_lengths(statements: list[Stmt]) -> None:
    """``x[lanes].shape[1]`` is ``x.shape[1]``, where `lanes` holds numbers of examples: nothing need be gathered."""
    lanes, others = set[str](), set[str]()
    for statement in walk(statements):
        made = re.match(r"(\w+) = \w+\.arange\(", statement.text)
        if made is not None:
            lanes.add(made[1])
        elif not statement.safe:
            others |= syntax(statement).stores
    for name in lanes - others:
        pattern = re.compile(rf"(?<![\w.\])])(\w+)\[{name}\]\.shape\[([1-9])\]")
        for statement in walk(statements):
            if f"[{name}].shape[" in statement.text:
                statement.text = pattern.sub(r"\1.shape[\2]", statement.text)


def name_sizes(block: list[Stmt]) -> None:
    """``lanes.size`` is the number of all examples as long as `lanes` is what it was made as."""
    sizes: dict[str, str] = {}
    for statement in block:
        if statement.body is not None:
            name_sizes(statement.body)
            sizes.clear()
            continue
        for name, size in sizes.items():
            statement.text = re.sub(rf"(?<![\w.]){name}\.size\b", size, statement.text)
        sets = syntax(statement).stores
        sizes = {n: size for n, size in sizes.items() if n not in sets and size not in sets}
        made = re.fullmatch(r"(\w+) = \w+\.arange\(([A-Za-z_]\w*)\)", statement.text)
        if made is not None and made[1] != made[2]:
            sizes[made[1]] = made[2]
