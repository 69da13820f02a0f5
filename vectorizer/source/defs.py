"""The `def` of a function in the text of its file."""

from __future__ import annotations

import ast
import types
from collections.abc import Iterator, Sequence

from vectorizer.source.code import find_twin, is_in_file, parse
from vectorizer.source.texts import Found, lines_inside_strings, move_lines


def find_def(code: types.CodeType, lines: Sequence[str], likely_imports: frozenset[str]) -> Found | None:
    """The def whose first line, decorators included, is the code's.

    Only where it is not the same with the imports that are likely is the whole file compiled.
    """
    first = code.co_firstlineno
    if not 0 < first <= len(lines):
        return None
    start = lines[first - 1]
    indent = start[: len(start) - len(start.lstrip())]
    if not start.startswith(("@", "def", "async"), len(indent)):
        return None
    for end in _iter_block_ends(lines, first, indent):
        block = lines[first - 1 : end]
        node = parse_def("".join(block), indent)
        if node is not None:
            node.decorator_list.clear()  # they run outside of the function
            is_same = find_twin(node, code, likely_imports) or is_in_file(code, "".join(lines))
            return _dedent_def(node, block, first, indent) if is_same else None
    return None


def _iter_block_ends(lines: Sequence[str], first: int, indent: str) -> Iterator[int]:
    """Numbers of the lines after which a block that begins at line `first` may end.

    Each is before a line that is not indented further; most such lines end the block, some stand in brackets or in
    a string.
    """
    inside = (indent + " ", indent + "\t")
    end = first  # the last line seen that belongs to the block if it ends here
    for number in range(first + 1, len(lines) + 1):
        line = lines[number - 1]
        stripped = line.strip()
        if not line.startswith(inside) and stripped and not stripped.startswith("#"):
            yield end
            end = number
        elif line.startswith(inside) and stripped:
            end = number
    yield end


def parse_def(block: str, indent: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """Parse the text of one def, indented as it stands; `None` if it is not exactly that."""
    try:
        body = parse("if 1:\n" + block if indent else block).body
    except SyntaxError:
        return None
    if indent and len(body) == 1 and isinstance(body[0], ast.If):
        body = body[0].body
    if len(body) != 1 or not isinstance(body[0], (ast.FunctionDef, ast.AsyncFunctionDef)):
        return None
    return body[0]


def _dedent_def(node: ast.FunctionDef | ast.AsyncFunctionDef, block: Sequence[str], first: int, indent: str) -> Found:
    if not indent:
        origins = tuple((first + number, 0) for number in range(len(block)))
        return Found(node.name, "".join(block), first, indent, origins)
    kept = lines_inside_strings("".join(block).lstrip())
    if ast.get_docstring(node, clean=False) is not None:
        docstring, above = node.body[0], 2  # its position counts the line `if 1:`
        kept -= set(range(docstring.lineno - above + 1, (docstring.end_lineno or 0) - above + 1))
    moved = move_lines(block, -len(indent), kept)
    origins = tuple((first + i, len(old) - len(new)) for i, (old, new) in enumerate(zip(block, moved, strict=True)))
    return Found(node.name, "".join(moved), first, indent, origins)
