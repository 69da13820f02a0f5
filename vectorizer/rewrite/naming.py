"""Names for what stands several times in the emitted code, and for nothing that is only another name."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from vectorizer.rewrite.dead_code import assigned_pairs, every_name, keep_pairs, walk
from vectorizer.source.statement_syntax import segment, span, syntax
from vectorizer.source.statements import Stmt

EXAMPLES = re.compile(r"\w+\.arange\((batch\w*)\)(\[:(, None)+\])?")
FEWEST_EXAMPLES = 3  # uses of the numbers of the examples that are worth a name; one in a loop counts as many
OWN = re.compile(r"(\w+_(if|else)|held)(_\d+)?")  # what branches and masks call their own variables
MAKES_SCOPE = (ast.Lambda, ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp)


@dataclass
class Names:
    """Which names are free.

    words: all that occur; is_taken: whether a name stands for something outside of the function.
    """

    words: set[str]
    is_taken: Callable[[str], bool]

    def fresh(self, hint: str) -> str:
        name, number = hint, 2
        while name in self.words or self.is_taken(name):
            name, number = f"{hint}_{number}", number + 1
        self.words.add(name)
        return name


def name_repeats(statements: list[Stmt], is_taken: Callable[[str], bool], theirs: Collection[str]) -> None:
    """Index arrays and windows that are made several times are made once."""
    names = Names(set(theirs).union(*map(every_name, statements)), is_taken)
    name_examples(statements, names)
    name_runs(statements, names)


# --- the numbers of all examples -------------------------------------------------------------------------------------


def name_examples(statements: list[Stmt], names: Names) -> None:
    """``np.arange(batch)`` in subscripts, which is the same everywhere."""
    weights: dict[str, int] = {}
    for statement, in_loop in with_loops(statements, False):
        for code in subscripts(statement):
            weights[code] = weights.get(code, 0) + (FEWEST_EXAMPLES if in_loop else 1)
    stored = [name for statement in walk(statements) for name in syntax(statement).stores]
    for code, weight in weights.items():
        match = EXAMPLES.fullmatch(code)
        if match is None or weight < FEWEST_EXAMPLES or stored.count(match[1]) != 1:
            continue
        first = next(k for k, s in enumerate(statements) if any(code in subscripts(part) for part in walk([s])))
        name = names.fresh("examples")
        for statement in walk(statements):
            replace_subscripts(statement, code, name)
        insert(statements, first, f"{name} = {code}", name)


def with_loops(block: list[Stmt], in_loop: bool) -> Iterator[tuple[Stmt, bool]]:
    """All statements, each with whether it is run again and again."""
    for statement in block:
        kind = syntax(statement).kind
        yield statement, in_loop or kind == "while"
        yield from with_loops(statement.body or [], in_loop or kind in ("for", "while"))


def subscripts(statement: Stmt) -> list[str]:
    """The code of everything that stands in a subscript of its own."""
    if "[" not in statement.text:
        return []
    return [segment(text_of(statement), item) for item in subscript_items(statement)]


def subscript_items(statement: Stmt) -> list[ast.expr]:
    node = syntax(statement).node
    found: list[ast.expr] = []
    for part in ast.walk(node) if node is not None else ():
        if isinstance(part, ast.Subscript):
            found += part.slice.elts if isinstance(part.slice, ast.Tuple) else [part.slice]
    return found


def text_of(statement: Stmt) -> str:
    """The text that the positions of a statement's syntax speak of."""
    return statement.text[2:] if statement.text.startswith("elif ") else statement.text


def replace_subscripts(statement: Stmt, code: str, name: str) -> None:
    if code not in statement.text:
        return
    text = text_of(statement)
    places = sorted((span(text, item) for item in subscript_items(statement)), reverse=True)
    for start, end in places:
        if text[start:end] == code:
            text = text[:start] + name + text[end:]
    statement.text = ("el" if statement.text.startswith("elif ") else "") + text


def insert(block: list[Stmt], k: int, text: str, name: str) -> None:
    """Puts an assignment in front of a statement, whose comments stay with it; not between a block and its `else`."""
    while k > 0 and block[k].text.startswith(("else:", "elif ", "except", "finally:")):
        k -= 1
    block.insert(k, Stmt(text, line=block[k].line, target=name))


# --- within a run of statements --------------------------------------------------------------------------------------


def name_runs(block: list[Stmt], names: Names) -> None:
    """What is made several times in statements that follow each other."""
    k = 0
    while k < len(block):
        if block[k].body is not None:
            name_runs(block[k].body or [], names)
            k += 1
            continue
        end = k
        while end < len(block) and block[end].body is None:
            end += 1
        k = end + name_run(block, k, end, names)


def name_run(block: list[Stmt], start: int, end: int, names: Names) -> int:
    """Names what is repeated in ``block[start:end]``; returns how many statements were added."""
    added = 0
    for hint, find in (("examples", chosen_examples), ("windows", windows), ("padded", padded)):
        places: dict[str, list[int]] = {}
        for k in range(start, end + added):
            for code in find(block[k]):
                places.setdefault(code, []).append(k)
        for code in sorted(places, key=len, reverse=True):
            found = [k for k in places[code] if code in block[k].text]
            if len(found) < 2 or sum(block[k].text.count(code) for k in set(found)) < 2:
                continue
            if is_changed(block[found[0] : found[-1]], code):
                continue
            name = names.fresh(hint)
            for k in set(found):
                block[k].text = re.sub(rf"(?<![\w.]){re.escape(code)}", name, block[k].text)
            insert(block, found[0], f"{name} = {code}", name)
            return added + 1 + name_run(block, start, end + added + 1, names) if added + 1 < 8 else added + 1
    return added


def chosen_examples(statement: Stmt) -> list[str]:
    """Numbers of examples that conditions have chosen, in subscripts."""
    if "flatnonzero(" not in statement.text or has_scope(statement):
        return []
    return [code for code in subscripts(statement) if re.fullmatch(r"\w+\.flatnonzero\(\w+\)(\[\w+\])*", code)]


def windows(statement: Stmt) -> list[str]:
    """Views of all windows of an array, with the slices and transposes that are taken of them."""
    if "sliding_window_view(" not in statement.text or has_scope(statement):
        return []
    found = []
    node = syntax(statement).node
    for part in ast.walk(node) if node is not None else ():
        if isinstance(part, ast.expr) and is_window(part):
            found.append(segment(text_of(statement), part))
    return found


def padded(statement: Stmt) -> list[str]:
    """Arrays with elements of their other end around them."""
    if ".pad(" not in statement.text or has_scope(statement):
        return []
    node = syntax(statement).node
    calls = [part for part in ast.walk(node) if isinstance(part, ast.Call)] if node is not None else []
    found = [c for c in calls if isinstance(c.func, ast.Attribute) and c.func.attr == "pad"]
    return [segment(text_of(statement), c) for c in found if c.args and isinstance(c.args[0], ast.Name)]


def is_window(node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="sliding_window_view")):
            return True
        case ast.Subscript(value=base, slice=index):
            items = index.elts if isinstance(index, ast.Tuple) else [index]
            return all(isinstance(item, ast.Slice) for item in items) and is_window(base)
        case ast.Call(func=ast.Attribute(value=base, attr="transpose")):
            return is_window(base)
    return False


def has_scope(statement: Stmt) -> bool:
    node = syntax(statement).node
    return node is None or any(isinstance(part, MAKES_SCOPE) for part in ast.walk(node))


def is_changed(run: list[Stmt], code: str) -> bool:
    """Whether one of these statements changes what an expression reads."""
    reads = set(re.findall(r"[A-Za-z_]\w*", code))
    for statement in run:
        node = syntax(statement).node
        if not isinstance(node, (ast.Assign, ast.AugAssign, ast.Return)) or "out=" in statement.text:
            return True
        targets = getattr(node, "targets", [getattr(node, "target", node)])
        changed = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name) and not is_index(t, n)}
        if reads & (changed | syntax(statement).stores):
            return True
    return False


def is_index(target: ast.expr, name: ast.Name) -> bool:
    """Whether a name in a target is only read there: it stands in a subscript."""
    return any(name is part for s in ast.walk(target) if isinstance(s, ast.Subscript) for part in ast.walk(s.slice))


# --- names of names --------------------------------------------------------------------------------------------------


def drop_renames(block: list[Stmt], whole: list[Stmt], theirs: Collection[str]) -> None:
    """``x_if = y`` and ``held = y`` go where `y` can be read instead."""
    for k in reversed(range(len(block))):
        statement = block[k]
        if statement.body is not None:
            drop_renames(statement.body, whole, theirs)
        elif any(own in statement.text for own in ("_if", "_else", "held")):
            node = syntax(statement).node
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                pairs = assigned_pairs(node.targets[0], node.value)
                bound = {name.id for name, _ in pairs}
                kept = [p for p in pairs if not (is_rename(*p, {*theirs}, bound) and read_instead(block, k, whole, *p))]
                if len(kept) < len(pairs):
                    keep_pairs(block, k, kept)


def is_rename(name: ast.Name, value: ast.expr, theirs: Collection[str], bound: Collection[str]) -> bool:
    """Whether a variable that was made up is only another name for one of the user's."""
    is_own = OWN.fullmatch(name.id) is not None and name.id not in theirs
    return is_own and isinstance(value, ast.Name) and value.id not in bound


def read_instead(block: list[Stmt], k: int, whole: list[Stmt], renamed: ast.Name, value: ast.expr) -> bool:
    """Reads the other name wherever the new one is read, if all of these places come before the other one changes."""
    assert isinstance(value, ast.Name)
    name, other = renamed.id, value.id
    every = walk(whole)
    if sum(name in syntax(s).stores for s in every) != 1:
        return False
    uses: list[Stmt] = []
    for statement in block[k + 1 :]:
        found = syntax(statement)
        if statement.body is not None or found.node is None or found.late:
            break
        if name in found.loads:
            uses.append(statement)
        if other in found.stores or name in found.stores:
            break
    count = sum(len(re.findall(rf"(?<![\w.]){name}(?!\w)", s.text)) for s in uses)
    total = sum(len(re.findall(rf"(?<![\w.]){name}(?!\w)", s.text)) for s in every)
    if count + 1 != total:
        return False
    for statement in uses:
        statement.text = re.sub(rf"(?<![\w.]){name}(?!\w)", other, statement.text)
    return True
