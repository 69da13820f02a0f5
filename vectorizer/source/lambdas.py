"""A lambda in the text of its file, as the `def` that says the same."""

from __future__ import annotations

import ast
import types
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from vectorizer.source.code import find_twin, imports_of, parse, parse_file
from vectorizer.source.defs import parse_def
from vectorizer.source.texts import Found, lines_inside_strings, move_lines, tokens
from vectorizer.source.unwrapping import SourceUnavailable

ANONYMOUS = "anonymous"  # the name of the def that a lambda becomes, where the lambda is not assigned to a name


class _Lambda(NamedTuple):
    """A lambda, and the name that it is assigned to."""

    node: ast.Lambda
    name: str


def find_lambda(code: types.CodeType, lines: Sequence[str]) -> Found | None:
    """The lambda on the code's line whose own code is the same; its columns decide where several are."""
    text = "".join(lines)
    try:
        tree = parse_file(text)
    except SyntaxError:
        return None
    candidates = _iter_lambdas(tree, code.co_firstlineno)
    imports = imports_of(text)
    matches = [
        (found, twin) for found in candidates if (twin := find_twin(_without_defaults(found.node), code, imports))
    ]
    positions = list(code.co_positions())
    exact = [found for found, twin in matches if list(twin.co_positions()) == positions]
    chosen = exact or [found for found, _ in matches]
    if len({ast.dump(found.node) for found in chosen}) > 1:
        raise SourceUnavailable(
            f"the source of '<lambda>' at {code.co_filename}:{code.co_firstlineno} could not be had: several lambdas "
            "on that line are alike but for their defaults"
        )
    return _checked(_lambda_as_def(chosen[0], text), code, imports) if chosen else None


def _without_defaults(node: ast.Lambda) -> ast.Expr:
    """A lambda with nothing to be compiled but itself."""
    old = node.args
    none: list[ast.expr] = [ast.Constant(None) for _ in old.defaults]
    keywords: list[ast.expr | None] = [default and ast.Constant(None) for default in old.kw_defaults]
    arguments = ast.arguments(old.posonlyargs, old.args, old.vararg, old.kwonlyargs, keywords, old.kwarg, none)
    return ast.copy_location(ast.Expr(ast.copy_location(ast.Lambda(arguments, node.body), node)), node)


def _checked(found: Found | None, code: types.CodeType, imports: frozenset[str]) -> Found | None:
    """The def made of a lambda, if it compiles to the lambda's code: inside f-strings Python misplaces columns."""
    node = parse_def(found.text, "") if found is not None else None
    if found is None or node is None:
        return None
    return found if find_twin(node, code.replace(co_name=found.name), imports) else None


def _iter_lambdas(node: ast.AST, line: int, name: str = ANONYMOUS) -> Iterator[_Lambda]:
    """Every lambda that begins on `line`, outer before inner."""
    if isinstance(node, ast.Lambda) and node.lineno == line:
        yield _Lambda(node, name)
    target = _assigned_name(node)
    for child in ast.iter_child_nodes(node):
        if _may_contain(child, line):
            yield from _iter_lambdas(child, line, target)


def _assigned_name(node: ast.AST) -> str:
    """The name that an assignment gives to its value."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target: ast.expr = node.targets[0]
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)):
        target = node.target
    else:
        return ANONYMOUS
    return target.id if isinstance(target, ast.Name) else ANONYMOUS


def _may_contain(node: ast.AST, line: int) -> bool:
    first: int | None = getattr(node, "lineno", None)
    if first is None:
        return True
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    last: int = node.end_lineno  # type: ignore[attr-defined]  # a node with one has the other
    return min([first, *(decorator.lineno for decorator in decorators)]) <= line <= last


def _lambda_as_def(found: _Lambda, text: str) -> Found | None:
    """Write a lambda as a def, keeping its arguments and its expression as they were typed."""
    segment = ast.get_source_segment(text, found.node) or ""
    colon = _colon_of(segment)
    if colon is None:
        return None
    arguments, expression = segment[len("lambda") : colon], segment[colon + 1 :]
    head, first = f"def {found.name}(", found.node.lineno
    row = text.split("\n")[first - 1]
    column = len(row.encode()[: found.node.col_offset].decode())
    skipped = len("lambda") + len(arguments) - len(arguments.lstrip())
    gap = len(expression) - len(expression.lstrip())
    body_line = first + segment.count("\n", 0, colon + 1 + gap)
    body_column = colon + 1 + gap - (segment.rfind("\n", 0, colon + 1 + gap) + 1)
    body, origins = _return_statement(expression.strip(), body_line, len(row) - len(row.lstrip()))
    origins[0] = (body_line, origins[0][1] + body_column + (column if body_line == first else 0))
    opening = _close_arguments(head, arguments)
    header_line = first + segment.count("\n", 0, skipped)
    header = [(header_line + number, 0) for number in range(opening.count("\n"))]
    header[0] = (header_line, column + skipped - len(head) if header_line == first else 0)
    return Found(found.name, opening + body, first, "", (*header, *origins))


def _close_arguments(head: str, arguments: str) -> str:
    """`def name(arguments):` with a line break where a comment may stand before the parenthesis."""
    return f"{head}{arguments.strip()}" + ("\n):\n" if "\n" in arguments else "):\n")


def _return_statement(expression: str, line: int, indent: int) -> tuple[str, list[tuple[int, int]]]:
    """The return statement of a lambda's expression, in parentheses where its line breaks need them."""
    lines = expression.splitlines(keepends=True)
    moved = lines[:1] + move_lines(lines[1:], 4 - indent, {n - 1 for n in lines_inside_strings(expression)})
    lead, tail = ("    return (", ")\n") if not _is_one_statement(expression) else ("    return ", "\n")
    origins = [(line + number, len(old) - len(new)) for number, (old, new) in enumerate(zip(lines, moved, strict=True))]
    origins[0] = (line, -len(lead))
    return lead + "".join(moved) + tail, origins


def _is_one_statement(expression: str) -> bool:
    if "\n" not in expression:
        return True
    try:
        return not expression.startswith("#") and len(parse(f"_ = {expression}\n").body) == 1
    except SyntaxError:
        return False


def _colon_of(segment: str) -> int | None:
    """Where in the text of a lambda the colon stands that ends its arguments."""
    if not segment.startswith("lambda"):
        return None
    brackets = lambdas = 0
    starts = [0, *(number + 1 for number, character in enumerate(segment) if character == "\n")]
    for token in tokens(segment):
        if token.string in ("(", "[", "{"):
            brackets += 1
        elif token.string in (")", "]", "}"):
            brackets -= 1
        elif token.string == "lambda" and brackets == 1:
            lambdas += 1
        elif token.string == ":" and brackets == 1:
            lambdas -= 1
            if not lambdas:
                row, column = token.start
                return starts[row - 1] + column - (row == 1)
    return None
