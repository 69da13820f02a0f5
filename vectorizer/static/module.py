"""A whole file, with its functions rewritten in place: every other line stays as it is."""

from __future__ import annotations

import ast
import itertools
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from vectorizer.source.layout import fit
from vectorizer.static.facts import Fact
from vectorizer.static.looping import loop_text
from vectorizer.static.reading import StaticModule, bound_name, span
from vectorizer.static.rewriting import Rewritten, rewrite_target
from vectorizer.static.targets import OWN, Target

Statement: TypeAlias = ast.Import | ast.ImportFrom
GAP = 2  # blank lines around a function
KERNEL_BELOW_IMPORTS = re.compile(r"(?m)^((?:import|from) .*\r?\n\r?\n)\r?\n(?=\w+ = \w+\.ElementwiseKernel\()")


@dataclass
class Edit:
    """Lines `first` to `last` (from 1, both included) become `lines`; an insertion has `last = first - 1`."""

    first: int
    last: int
    lines: list[str]


@dataclass
class Emitted:
    """A rewritten file: its text, and what became of each function."""

    text: str
    functions: list[Rewritten] = field(default_factory=list)


def rewrite_module(module: StaticModule, targets: Sequence[Target], given: dict[str, Fact]) -> Emitted:
    """Rewrite functions of a file.

    Raises:
        InputError: arguments are not known, or a function cannot be emitted.
    """
    taken: set[str] = set()
    functions: list[Rewritten] = []
    for target in targets:
        done = rewrite_target(target, module, given, taken)
        taken |= {match.group(1) for helper in done.helpers for match in [re.match(r"def (\w+)", helper)] if match}
        functions.append(done)
    return Emitted(_Editor(module, functions).text(), functions)


class _Editor:
    """Puts what was rewritten into the text of its file."""

    def __init__(self, module: StaticModule, functions: Sequence[Rewritten]) -> None:
        self.module = module
        self.functions = functions
        self.imports: dict[str, str] = {}
        self.names = set(module.globals) | {done.target.name for done in functions}
        self.helpers: set[str] = set()

    def text(self) -> str:
        edits = [edit for done in self.functions for edit in self.function(done)]
        body = self.applied(edits)
        edits += self.import_edits(body)
        text = self.applied(edits)
        # isort has one blank line between the imports and what is no def
        return KERNEL_BELOW_IMPORTS.sub(r"\1", text) if any(done.target.backend for done in self.functions) else text

    def applied(self, edits: Iterable[Edit]) -> str:
        lines = list(self.module.lines)
        newline = "\r\n" if lines[0].endswith("\r\n") else "\n"
        is_ended = lines[-1].endswith("\n")
        lines[-1] += "" if is_ended else newline
        for edit in sorted(edits, key=lambda edit: (edit.first, edit.last), reverse=True):
            lines[edit.first - 1 : edit.last] = [line + newline for line in edit.lines]
        text = "".join(lines)
        return text if is_ended else text.removesuffix(newline)

    # --- functions ---------------------------------------------------------------------------------------------------

    def function(self, done: Rewritten) -> list[Edit]:
        """The function in the place of the user's, and before it, above its comments, the helpers."""
        first, last = self.span(done.target)
        text = done.text if done.looped is None else self.looped(done)
        kept = [line for decorator in done.target.kept for line in self.decorator(decorator)]
        used = words([done.text, *done.helpers])
        self.imports |= {name: line for name, line in done.imports.items() if name in used}
        helpers = [helper for helper in done.helpers if helper not in self.helpers]
        self.helpers |= set(helpers)
        above = [line for helper in helpers for line in [*fit(helper).split("\n"), *[""] * GAP]]
        lines = [*kept, *fit(text).split("\n")]
        if done.target.assigned is not None:
            return [self.in_place_of(done.target.assigned, above, lines)]
        top = self.above_comments(first)
        return [Edit(first, last, lines), *([Edit(top, top - 1, above)] if above else [])]

    def span(self, target: Target) -> tuple[int, int]:
        """The first and the last line of what a rewritten function takes the place of."""
        if target.assigned is None:
            return span(target.node, self.module.lines)
        return target.assigned.lineno, _end(target.assigned)

    def in_place_of(self, statement: ast.Assign, helpers: list[str], lines: list[str]) -> Edit:
        """A def where an assignment was: the comments go above it, and there are blank lines around it."""
        first, last = self.above_comments(statement.lineno), _end(statement)
        behind = self.module.lines[last - 1].encode()[statement.end_col_offset or 0 :].decode().strip()
        comments = [line.rstrip("\r\n") for line in self.module.lines[first - 1 : statement.lineno - 1]]
        comments += [behind] if behind.startswith("#") else []
        while self.is_blank(first - 1):
            first -= 1
        following = last + 1
        while self.is_blank(following):
            following += 1
        starts = {self.above_comments(done.target.assigned.lineno) for done in self.functions if done.target.assigned}
        gap = [""] * GAP
        if following in starts:  # it has blank lines above it
            return Edit(first, last, [*gap, *helpers, *comments, *lines])
        is_last = following > len(self.module.lines)
        return Edit(first, following - 1, [*gap, *helpers, *comments, *lines, *([] if is_last else gap)])

    def decorator(self, node: ast.expr) -> list[str]:
        first, last = node.lineno, node.end_lineno or node.lineno
        return [line.rstrip("\r\n") for line in self.module.lines[first - 1 : last]]

    def above_comments(self, line: int) -> int:
        """The first of the comment lines that stand directly above a line."""
        while line > 1 and self.module.lines[line - 2].startswith("#"):
            line -= 1
        return line

    def looped(self, done: Rewritten) -> str:
        """The loop over the examples, with the import that it needs."""
        text, needed = loop_text(done, self.module, self.free(f"_{done.target.name}_example"))
        if needed:
            name = self.free(needed)
            self.imports[name] = f"from vectorizer.runtime import {needed}" + (f" as {name}" if name != needed else "")
            head, gap, loop = text.rpartition("\n\n\n")
            text = head + gap + re.sub(rf"\b{needed}\b", name, loop)
        return text

    def free(self, name: str) -> str:
        found, number = name, 2
        while found in self.names:
            found, number = f"{name}_{number}", number + 1
        return found

    # --- imports -----------------------------------------------------------------------------------------------------

    def import_edits(self, body: str) -> list[Edit]:
        used = words_of(body)
        edits = {id(node): edit for node in self.top_imports() for edit in self.without_unused(node, used)}
        missing = [line for name, line in self.imports.items() if not self.is_there(name, line)]
        for is_standard in (True, False):
            lines = sorted((line for line in missing if _is_standard(_package(line)) == is_standard), key=_order)
            self.insert(edits, lines, is_standard)
        made = list(edits.values())
        self.close_gaps(made)
        return made

    def top_imports(self) -> list[Statement]:
        return [node for node in self.module.tree.body if isinstance(node, Statement)]

    def is_there(self, name: str, line: str) -> bool:
        if name not in self.module.imports:
            return False
        statement, alias = self.module.imports[name]
        kept = (
            ast.ImportFrom(statement.module, [alias], 0)
            if isinstance(statement, ast.ImportFrom)
            else ast.Import([alias])
        )
        return ast.unparse(kept) == line

    def without_unused(self, statement: Statement, used: set[str]) -> list[Edit]:
        """A statement without the names that only what was rewritten has used."""
        before = words_of(self.module.text)
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            return []
        kept = [a for a in statement.names if not self.is_unused(statement, a, before, used)]
        if len(kept) == len(statement.names):
            return []
        first, last = statement.lineno, statement.end_lineno or statement.lineno
        if not kept:
            return [Edit(first, last, [])]
        comment = re.search(r"\s+#.*$", self.module.line_text(last))
        names = [alias.name if alias.asname is None else f"{alias.name} as {alias.asname}" for alias in kept]
        text = f"{_head(statement)} {', '.join(names)}" + (comment.group() if comment else "")
        return [Edit(first, last, [text])]

    def is_unused(self, statement: Statement, alias: ast.alias, before: set[str], used: set[str]) -> bool:
        name = bound_name(alias)
        if name == "*" or name in used:
            return False
        own = isinstance(statement, ast.ImportFrom) and f"{statement.module}.{alias.name}" in OWN
        return own or name in before or alias.name == "vectorizer"

    def close_gaps(self, edits: list[Edit]) -> None:
        """Where lines are removed, the larger of the gaps above and below stays, and none at the top of the file."""
        removed = [
            edit for edit in sorted(edits, key=lambda edit: edit.first) if edit.last >= edit.first and not edit.lines
        ]
        for edit, following in itertools.pairwise(removed):
            if all(self.is_blank(k) for k in range(edit.last + 1, following.first)):
                following.first = edit.first
                edits.remove(edit)
        for edit in [edit for edit in removed if edit in edits]:
            above, below = edit.first, edit.last
            while self.is_blank(above - 1):
                above -= 1
            while self.is_blank(below + 1):
                below += 1
            is_first = above == 1
            edit.first = edit.first if is_first else edit.first - min(edit.first - above, below - edit.last)
            edit.last = below if is_first else edit.last

    def is_blank(self, line: int) -> bool:
        return 0 < line <= len(self.module.lines) and not self.module.lines[line - 1].strip()

    def insert(self, edits: dict[int, Edit], lines: list[str], is_standard: bool) -> None:
        """Import lines among those of the standard library, or of all others, in isort's order."""
        if not lines:
            return
        block = [node for node in self.block() if not _is_future(node)]
        section = [node for node in block if all(_is_standard(name) == is_standard for name in _packages(node))]
        kept = [node for node in block if id(node) not in edits or edits[id(node)].lines]
        same = [node for node in section if node in kept]
        for line in lines if same else []:
            earlier = [node for node in same if _order(ast.unparse(node)) < _order(line)]
            after = _end(earlier[-1]) if earlier else same[0].lineno - 1
            self.add(edits, after, [line])
        if same:
            return
        if section:
            edits[id(section[0])].lines = lines
        elif kept:
            after = kept[0].lineno - 1 if is_standard else _end(kept[-1])
            self.add(edits, after, [*lines, ""] if is_standard else ["", *lines])
        else:
            self.insert_first(edits, lines)

    def insert_first(self, edits: dict[int, Edit], lines: list[str]) -> None:
        """The first imports of a file, or the first beside one from `__future__`."""
        body = self.module.tree.body
        head = [*body[: _has_docstring(self.module.tree)], *(node for node in self.block() if _is_future(node))]
        after = _end(head[-1]) if head else self.after_comments()
        before = [""] if after and not self.is_blank(after) else []
        behind = [] if self.is_blank(after + 1) else [""] * GAP
        there = edits.get(-after - 1)
        if there is None:
            self.add(edits, after, [*before, *lines, *behind])
        else:
            end = len(there.lines) - (len(behind) if there.lines[-1] == "" else 0)
            there.lines[end:end] = ["", *lines]

    def add(self, edits: dict[int, Edit], after: int, lines: list[str]) -> None:
        """Insert lines after line `after`, behind those that are inserted there already."""
        edits.setdefault(-after - 1, Edit(after + 1, after, [])).lines += lines

    def block(self) -> list[Statement]:
        """The imports at the top of the file, before anything else."""
        found: list[Statement] = []
        for node in self.module.tree.body[_has_docstring(self.module.tree) :]:
            if not isinstance(node, Statement):
                break
            found.append(node)
        return found

    def after_comments(self) -> int:
        """The line before the first statement of a file without docstring, below a `#!` line and a heading."""
        number = 0
        for k, line in enumerate(self.module.lines, 1):
            if not line.startswith("#"):
                break
            number = k
        following = self.module.lines[number : number + 1]
        return number if number and following and not following[0].strip() else 0


def _has_docstring(tree: ast.Module) -> bool:
    return ast.get_docstring(tree, clean=False) is not None


def _is_future(node: Statement) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _end(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _order(line: str) -> tuple[bool, str]:
    """isort's order in a section: `import` before `from`, each by name."""
    return line.startswith("from "), line.split()[1].lower()


def _package(line: str) -> str:
    return line.split()[1].partition(".")[0]


def _packages(node: Statement) -> set[str]:
    if isinstance(node, ast.ImportFrom):
        return {(node.module or "").partition(".")[0]}
    return {alias.name.partition(".")[0] for alias in node.names}


def _is_standard(name: str) -> bool:
    return name in sys.stdlib_module_names


def _head(statement: Statement) -> str:
    if isinstance(statement, ast.ImportFrom):
        return f"from {'.' * statement.level}{statement.module or ''} import"
    return "import"


def words(texts: Iterable[str]) -> set[str]:
    return set(re.findall(r"[^\W\d]\w*", "\n".join(texts)))


def words_of(text: str) -> set[str]:
    """The names that a module's code uses, those in annotations and `__all__` that are strings included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 200:
            found |= words([node.value])
    return found
