"""Tidying: what the walk leaves behind that nobody would write by hand."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection

from vectorizer.rewrite.dead_code import drop_unread
from vectorizer.rewrite.handed_over import hand_over
from vectorizer.rewrite.implied import drop_implied
from vectorizer.rewrite.in_place import update_in_place
from vectorizer.rewrite.naming import drop_renames, name_repeats
from vectorizer.rewrite.numbering import renumber
from vectorizer.rewrite.peepholes import cast_once, join_moves, name_sizes, read_lengths, shorten, take_first_values
from vectorizer.source.statements import Stmt

NAME = re.compile(r"[A-Za-z_]\w*")
SIMPLE_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*) = ")


def tidy(
    statements: list[Stmt],
    parameters: set[str],
    theirs: Collection[str] | None = None,
    is_taken: Callable[[str], bool] = lambda name: False,
    in_place: bool = False,
) -> list[Stmt]:
    """Folds generated names that are used once, drops assignments that nobody reads, shortens what can be.

    theirs: the names of the user's function; without them, all names stay as they are.
    is_taken: whether a name stands for something outside of the function.
    in_place: whether arrays are updated where they are.
    """
    for _ in range(10):
        before = render(statements)
        statements = set_whole(statements)
        statements = fold_constants(statements)
        statements = fold_block(statements, statements)
        statements = rename_copies(statements, statements, parameters)
        statements = drop_dead(statements, statements)
        take_first_values(statements)
        drop_renames(statements, statements, theirs or parameters)
        if theirs is not None:
            drop_implied(statements, theirs)
        drop_unread(statements)
        if render(statements) == before:
            break
    name_sizes(statements)
    read_lengths(statements)
    if theirs is not None:
        join_moves(statements, theirs)
    shorten(statements)
    cast_once(statements, statements, parameters)
    if theirs is not None:
        name_repeats(statements, is_taken, theirs)
        renumber(statements, theirs, is_taken)
    hand_over(statements)
    if in_place:
        update_in_place(statements)
    return without_gaps(statements)


NUMBER = re.compile(r"-?\d[\w.+]*|-?\.\d\w*|True|False")
MADE = re.compile(r"(\w+) = (?:\w+\.)?(zeros|empty|zeros_like|empty_like)\(")


def set_whole(block: list[Stmt]) -> list[Stmt]:
    """An array that is made and then set as a whole is made as what it is set to."""
    result = list(block)
    for k, s in enumerate(block):
        if s.body is not None:
            s.body = set_whole(s.body)
        match = MADE.match(s.text)
        if match is None or s.target != match.group(1):
            continue
        later = next((t for t in block[k + 1 :] if not ends_in_order(t) or total_count([t], match.group(1))), None)
        if later is None or later.whole != match.group(1):
            continue
        split = re.match(r"[^=]*? (\+?)= (.*)$", later.text, re.DOTALL)
        if split is None or split.group(1) and "empty" in match.group(2) or later.whole in names_in(split.group(2)):
            continue
        later.text, later.target, later.whole = f"{later.whole} = {split.group(2)}", later.whole, None
        later.leading = s.leading + later.leading
        result.remove(s)
    return result


def fold_constants(block: list[Stmt]) -> list[Stmt]:
    """``z = 0.0; z = np.full(n, z)`` becomes ``z = np.full(n, 0.0)``."""
    result = list(block)
    for k, s in enumerate(block):
        if s.body is not None:
            s.body = fold_constants(s.body)
        for name, number in constants_of(s).items():
            later = next((t for t in block[k + 1 :] if t.body is not None or name in names_in(t.text)), None)
            again = later is not None and later.body is None and later.target == name and assigns(later, name)
            if later is None or not again or names_in(later.text).count(name) != 2:
                continue
            folded = substitute(later.text, name, number)
            if folded is None:
                continue
            later.text = folded
            rest = {other: value for other, value in constants_of(s).items() if other != name}
            if rest:
                s.text = f"{', '.join(rest)} = {', '.join(rest.values())}"
                s.target = next(iter(rest)) if len(rest) == 1 else None
                continue
            later.leading = s.leading + later.leading
            later.trailing = later.trailing or s.trailing
            result.remove(s)
    return result


def constants_of(statement: Stmt) -> dict[str, str]:
    """The names that ``a = 1`` or ``a, b = 1, 2`` sets to numbers; none of other statements."""
    left, equals, right = statement.text.partition(" = ")
    names, numbers = left.split(", "), right.split(", ")
    fits = equals and statement.body is None and len(names) == len(set(names)) == len(numbers)
    if not fits or not all(map(str.isidentifier, names)) or not all(map(NUMBER.fullmatch, numbers)):
        return {}
    return dict(zip(names, numbers, strict=True))


def rename_copies(block: list[Stmt], whole: list[Stmt], parameters: set[str]) -> list[Stmt]:
    """``b = ...; a = b``, where `b` is not used any more, becomes ``a = ...``."""
    result = list(block)
    for k, s in enumerate(block):
        if s.body is not None:
            s.body = rename_copies(s.body, whole, parameters)
            continue
        match = re.fullmatch(r"(\w+) = (\w+)", s.text)
        if match is None or match.group(2) in parameters or not match.group(2).isidentifier():
            continue
        new, old = match.groups()
        first = next((n for n, t in enumerate(block) if t.text.startswith(f"{old} = ")), None)
        if first is None or first >= k or not all(map(ends_in_order, block[first:k])):
            continue
        span = [part for t in block[first:k] for part in (t, *(t.body or []))]
        inside = sum(names_in(t.text).count(old) for t in span) + 1
        if inside != total_count(whole, old) or any(new in names_in(t.text) for t in span):
            continue
        for t in span:
            t.text = re.sub(rf"(?<![\w.]){old}(?!\w)", new, t.text)
            t.target = new if t.target == old or t.text.startswith(f"{new} = ") else t.target
            t.generated = new if t.generated == old else t.generated
        span[-1].trailing = span[-1].trailing or s.trailing
        result.remove(s)
        return rename_copies(result, whole, parameters)
    return result


def ends_in_order(statement: Stmt) -> bool:
    """Whether what stands behind a statement always follows: plain ones, and loops over nothing else."""
    if statement.body is None:
        return True
    jumps = re.compile(r"(break|continue|return|raise|yield)\b")
    plain = all(s.body is None and not jumps.match(s.text) for s in statement.body)
    return plain and statement.text.startswith("for ")


def total_count(statements: list[Stmt], name: str) -> int:
    return sum(names_in(s.text).count(name) + total_count(s.body or [], name) for s in statements)


def without_gaps(statements: list[Stmt]) -> list[Stmt]:
    """Blank lines one by one, as they are left where a definition has gone."""
    for statement in statements:
        kept = [line for k, line in enumerate(statement.leading) if line or not k or statement.leading[k - 1]]
        statement.leading = tuple(kept)
        without_gaps(statement.body or [])
    return statements


def render(statements: list[Stmt]) -> str:
    return "\n".join(line for s in statements for line in s.render())


def names_in(text: str) -> list[str]:
    return NAME.findall(text)


def count_loads(statements: list[Stmt], name: str) -> int:
    """How often a name occurs, its own assignments as a simple target not counted."""
    total = 0
    for s in statements:
        words = names_in(s.text).count(name)
        if s.target == name and s.body is None and assigns(s, name):
            words -= 1
        total += words
        if s.body is not None:
            total += count_loads(s.body, name)
    return total


def assigns(statement: Stmt, name: str) -> bool:
    return statement.text.startswith(f"{name} = ")


def count_assignments(statements: list[Stmt], name: str) -> int:
    total = 0
    pattern = re.compile(rf"\b{name}\b[^=!<>\n]*(?<![=!<>])=(?!=)|\bfor\b[^\n]*\b{name}\b[^\n]*\bin\b")
    for s in statements:
        total += bool(pattern.match(s.text)) or bool(re.match(rf"for\b[^\n]*\b{name}\b", s.text))
        if s.body is not None:
            total += count_assignments(s.body, name)
    return total


def right_side(statement: Stmt, name: str) -> str:
    return statement.text[len(name) + 3 :]


def fold_block(block: list[Stmt], whole: list[Stmt]) -> list[Stmt]:
    """Generated names with one use, in a later statement of the same block, are put in place of that use."""
    k = 0
    result = list(block)
    while k < len(result):
        s = result[k]
        if s.body is not None:
            s.body = fold_block(s.body, whole)
        elif s.generated is not None and assigns(s, s.generated) and foldable(s, result, k, whole):
            del result[k]
            whole = result if whole is block else whole
            continue
        k += 1
    return result


def foldable(s: Stmt, block: list[Stmt], k: int, whole: list[Stmt]) -> bool:
    """Folds `s` into its only use if nothing between the two changes what it computes."""
    name = s.generated
    assert name is not None
    if count_loads(whole, name) != 1 or count_assignments(whole, name) != 1:
        return False
    code = right_side(s, name)
    reads = set(names_in(code))
    for later in block[k + 1 :]:
        words = names_in(later.text)
        if name in words:
            if later.body is not None and later.text.startswith("while"):  # its condition is computed again and again
                return False
            if assigns_any(later, {name}):
                return False
            replaced = substitute(later.text, name, code)
            if replaced is None or len(replaced) > 110 and "\n" not in replaced:
                return False
            later.text = replaced
            later.leading = s.leading + later.leading
            later.trailing = later.trailing or s.trailing
            return True
        if later.body is not None:
            return False
        if changes(later, reads):
            return False
    return False


def assigns_any(statement: Stmt, names: set[str]) -> bool:
    match = SIMPLE_ASSIGNMENT.match(statement.text)
    return match is not None and match.group(1) in names


def changes(statement: Stmt, reads: set[str]) -> bool:
    """Whether a statement may change the value of one of the names, or the memory behind it."""
    match = SIMPLE_ASSIGNMENT.match(statement.text)
    if match is not None:
        return match.group(1) in reads or "out=" in statement.text
    try:
        tree = ast.parse(statement.text).body[0]
    except SyntaxError:
        return True
    if isinstance(tree, ast.Assign) and all(isinstance(t, (ast.Name, ast.Tuple)) for t in tree.targets):
        bound = {n.id for t in tree.targets for n in ast.walk(t) if isinstance(n, ast.Name)}
        plain = all(
            isinstance(n, (ast.Name, ast.Tuple, ast.Store, ast.Load)) for t in tree.targets for n in ast.walk(t)
        )
        return not plain or bool(bound & reads)
    return not isinstance(tree, (ast.Pass, ast.Assert))


def substitute(text: str, name: str, code: str) -> str | None:
    """`text` with its one occurrence of `name` replaced by `code`, in parentheses where they are needed."""
    match = re.search(rf"(?<![\w.]){name}(?!\w)(?!\s*=[^=])", text)
    if match is None:
        return None
    start, end = match.span()
    text, start, end = with_room(text, start, end, code)
    bare = text[:start] + code + text[end:]
    wrapped = text[:start] + f"({code})" + text[end:]
    try:
        return bare if same_tree(bare, wrapped) else wrapped
    except SyntaxError:
        return None


def with_room(text: str, start: int, end: int, code: str) -> tuple[str, int, int]:
    """Spaces around a power whose operand becomes more than a name or a number."""
    if re.fullmatch(r"-?[\w.]+", code):
        return text, start, end
    if text[end:].startswith("**"):
        text = f"{text[:end]} ** {text[end + 2 :]}"
    if re.search(r"[\w)\]]\*\*$", text[:start]):
        text = f"{text[: start - 2]} ** {text[start:]}"
        start, end = start + 2, end + 2
    return text, start, end


def same_tree(first: str, second: str) -> bool:
    """Whether two statements mean the same (a block's head is completed for the parser)."""
    one, two = (t + " pass" if t.endswith(":") else t for t in (first, second))
    for prefix in ("elif", "else"):
        if one.startswith(prefix):
            one, two = "if x: pass\n" + one, "if x: pass\n" + two
    wrap = "def f():\n " if one.startswith("return") else ""
    if wrap:
        one, two = wrap + one, wrap + two
    return ast.dump(ast.parse(one)) == ast.dump(ast.parse(two))


PURE_CONSTANT = re.compile(r"(-?[\w.]+|\[\]|\{\}|np\.arange\([^()]*\)|\w+\.shape\[\d+\])$")


def drop_dead(block: list[Stmt], whole: list[Stmt]) -> list[Stmt]:
    """Drops assignments of constants to names that are not read before they are assigned again."""
    result: list[Stmt] = []
    carried: tuple[str, ...] = ()
    for k, s in enumerate(block):
        if s.body is not None:
            s.body = drop_dead(s.body, whole)
        dead = s.body is None and s.target is not None and assigns(s, s.target) and is_dead(s, block, k, whole)
        if dead:
            carried += s.leading
            if s.trailing:
                carried += (s.trailing,)
            continue
        s.leading = carried + s.leading
        carried = ()
        result.append(s)
    return result


def is_dead(s: Stmt, block: list[Stmt], k: int, whole: list[Stmt]) -> bool:
    name = s.target
    assert name is not None
    code = right_side(s, name)
    harmless = PURE_CONSTANT.match(code) is not None or s.generated is not None and is_pure(code)
    if not harmless:
        return False
    if count_loads(whole, name) == 0 and count_assignments(whole, name) >= 1 and not loads_elsewhere(whole, name):
        return True
    for later in block[k + 1 :]:
        if later.body is not None:
            return False
        if later.target == name and assigns(later, name) and name not in names_in(right_side(later, name)):
            return True
        if name in names_in(later.text):
            return False
    return False


def loads_elsewhere(statements: list[Stmt], name: str) -> bool:
    return any(name in names_in(s.text) and not assigns(s, name) for s in statements) or any(
        loads_elsewhere(s.body, name) for s in statements if s.body is not None
    )


def is_pure(code: str) -> bool:
    """Whether an expression only reads, and what is there for certain."""
    try:
        tree = ast.parse(code, mode="eval")
    except SyntaxError:
        return False
    nodes = list(ast.walk(tree))
    if any(isinstance(n, (ast.Call, ast.NamedExpr, ast.Await)) for n in nodes):
        return False
    return not any(isinstance(n, ast.Subscript) and may_miss(n.slice) for n in nodes)


EXAMPLES = re.compile(r"(taken|rest|lanes|leave|inner|active)(_\d+)?$")  # how masks and lanes of examples are named


def may_miss(index: ast.expr) -> bool:
    """Whether a subscript may be out of range: the examples of a branch are there, and slices always are."""
    items = index.elts if isinstance(index, ast.Tuple) else [index]
    plain = (ast.Slice, ast.Constant)
    return any(not isinstance(i, plain) and not (isinstance(i, ast.Name) and EXAMPLES.match(i.id)) for i in items)
