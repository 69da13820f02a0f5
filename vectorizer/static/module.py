"""A whole file, with its functions rewritten in place: every other line stays as it is."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from vectorizer.static.facts import Fact
from vectorizer.static.looping import loop_text
from vectorizer.static.reading import StaticModule, bound_name, span
from vectorizer.static.rewriting import Rewritten, rewrite_target
from vectorizer.static.targets import OWN, Target

Statement: TypeAlias = ast.Import | ast.ImportFrom
GAP = 2  # blank lines around a function


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
        return self.applied(edits)

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
        first, last = span(done.target.node, self.module.lines)
        text = done.text if done.looped is None else self.looped(done)
        kept = [line for decorator in done.target.kept for line in self.decorator(decorator)]
        used = words([done.text, *done.helpers])
        self.imports |= {name: line for name, line in done.imports.items() if name in used}
        edits = [Edit(first, last, [*kept, *text.split("\n")])]
        helpers = [helper for helper in done.helpers if helper not in self.helpers]
        self.helpers |= set(helpers)
        lines = [line for helper in helpers for line in [*helper.split("\n"), *[""] * GAP]]
        if lines:
            top = self.above_comments(first)
            edits.append(Edit(top, top - 1, lines))
        return edits

    def decorator(self, node: ast.expr) -> list[str]:
        first, last = node.lineno, node.end_lineno or node.lineno
        return [line.rstrip("\r\n") for line in self.module.lines[first - 1 : last]]

    def above_comments(self, line: int) -> int:
        """The first of the comment lines that stand directly above a line."""
        while line > 1 and self.module.lines[line - 2].startswith("#"):
            line -= 1
        return line

    def looped(self, done: Rewritten) -> str:
        """The loop over the examples, with the imports that it needs."""
        names = {"np": self.numpy_name(), "stack_examples": self.free("stack_examples")}
        text = loop_text(done, self.module, self.free(f"_{done.target.name}_example"), names)
        used = words([text.rpartition("\n\n\n")[2]]) if done.target.layers else set()
        if names["np"] in used and names["np"] not in self.module.globals:
            self.imports[names["np"]] = f"import numpy as {names['np']}"
        if names["stack_examples"] in used:
            self.imports[names["stack_examples"]] = f"from vectorizer.runtime import {names['stack_examples']}"
        return text

    def numpy_name(self) -> str:
        namespace = self.module.namespace(self.functions[0].target.source.function)
        return namespace.alias_of("numpy") or self.free("np")

    def free(self, name: str) -> str:
        found, number = name, 2
        while found in self.names:
            found, number = f"{name}_{number}", number + 1
        return found

    # --- imports -----------------------------------------------------------------------------------------------------

    def import_edits(self, body: str) -> list[Edit]:
        edits = [edit for statement in self.top_imports() for edit in self.without_unused(statement, words_of(body))]
        missing = sorted(line for name, line in self.imports.items() if not self.is_there(name, line))
        inserted: dict[int, list[str]] = {}
        for line in missing:
            inserted.setdefault(self.place_for(line), []).append(line)
        for after, lines in inserted.items():
            self.insert(edits, after, lines)
        return edits

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
            return [Edit(self.with_blank_lines(first, last), last, [])]
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

    def with_blank_lines(self, first: int, last: int) -> int:
        """Where to begin when lines are removed, so that no more blank lines are left than the larger gap had."""
        lines = self.module.lines
        is_blank_after = last >= len(lines) or not lines[last].strip()
        while is_blank_after and first > 1 and not lines[first - 2].strip():
            first -= 1
        return first

    def insert(self, edits: list[Edit], after: int, lines: list[str]) -> None:
        """Lines after line `after`; where an import that is removed stood there, in its place."""
        for edit in edits:
            start = next((k for k in range(edit.first, edit.last + 1) if self.module.lines[k - 1].strip()), 0)
            if edit.lines == [] and start <= after <= edit.last:
                edit.first, edit.lines = start, lines
                return
        head: list[str] = []
        tail: list[str] = []
        if not self.is_import(after):
            following = self.module.lines[after : after + 1]
            head = [""] if after and self.module.lines[after - 1].strip() else []
            tail = [""] * GAP if following and following[0].strip() else []
        edits.append(Edit(after + 1, after, [*head, *lines, *tail]))

    def is_import(self, line: int) -> bool:
        return any(node.lineno <= line <= (node.end_lineno or node.lineno) for node in self.block())

    def block(self) -> list[Statement]:
        """The imports at the top of the file, before anything else."""
        found: list[Statement] = []
        for node in self.module.tree.body[_has_docstring(self.module.tree) :]:
            if not isinstance(node, Statement):
                break
            found.append(node)
        return found

    def place_for(self, line: str) -> int:
        """The line after which an import goes: the last of the same package, or where such imports stand."""
        block = [node for node in self.block() if not _is_future(node)]
        package = _package(line)
        same = [node for node in block if package in _packages(node)]
        standard = [node for node in block if all(_is_standard(name) for name in _packages(node))]
        others = [node for node in block if "vectorizer" not in _packages(node)] or block
        chosen = same or (standard if _is_standard(package) else others)
        if chosen:
            return chosen[-1].end_lineno or chosen[-1].lineno
        if block:
            return block[0].lineno - 1
        body = self.module.tree.body
        head = [*body[: _has_docstring(self.module.tree)], *(node for node in self.block() if _is_future(node))]
        return head[-1].end_lineno or head[-1].lineno if head else self.after_comments()

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
