"""What a vectorized function shows of itself: the emitted source, its diff against the user's file, the reasons."""

from __future__ import annotations

import ast
import io
import itertools
import re
import tokenize
from typing import Any

from vectorizer.cache import Entry, State
from vectorizer.errors import VectorizeValueError
from vectorizer.reporting import place_of
from vectorizer.source.diff import unified
from vectorizer.source.frontend import FunctionSource
from vectorizer.source.layout import fit
from vectorizer.source.operand import literal
from vectorizer.spec import UNBATCHED, LeafAxes
from vectorizer.tree import children, is_container, keys, leaves


def source_text(state: State, entry: Entry) -> str:
    """The source that runs; for a function that is looped as a whole, the loop."""
    if not entry.specialization.looped:
        return entry.specialization.source
    source = _known_source(state, entry)
    return _loop_text(state, entry, source) if state.layers else _without_decorators(source.text)


def diff_text(state: State, entry: Entry) -> str:
    """A unified diff from the user's file to what runs, with the file's line numbers."""
    source = _known_source(state, entry)
    after = source_text(state, entry)
    if source.lambda_:
        return unified(source.text, after, source.filename, source.first_line)
    first = source.first_line - 1
    before = "".join(source.file_lines[first : first + source.text.count("\n")])
    return unified(before, _indented(after, source.indent), source.filename, source.first_line)


def explanation(entry: Entry) -> str:
    """One line for each change: the place in the user's file, the rule, the reason."""
    made, source = entry.specialization, entry.source
    if made.looped:
        return f"{place_of(source, made.looped_line)}loop: {made.looped}"
    return "\n".join(
        f"{place_of(source, change.line)}{change.rule}: {_in_file(change.reason, source)}" for change in made.changes
    )


def _in_file(reason: str, source: FunctionSource | None) -> str:
    """A reason in which the lines of the function's text have become lines of its file."""
    if source is None:
        return reason
    known: FunctionSource = source
    return re.sub(r"\(line (\d+)\)", lambda found: f"(line {known.position(int(found[1]))[0]})", reason)


def _known_source(state: State, entry: Entry) -> FunctionSource:
    if entry.source is None:
        raise VectorizeValueError(f"{state.name}: {entry.specialization.looped}")
    return entry.source


# The loop


def _loop_text(state: State, entry: Entry, source: FunctionSource) -> str:
    one = f"_{source.name}_example"
    imports, call = _comprehension(state, entry, one) or _mapping(state, entry, one)
    node = _definition(source.text)
    reason = " ".join(entry.specialization.looped.split())
    return f"{imports}\n\n\n{_renamed(_without_decorators(source.text), source.name, one)}\n\n" + fit(
        f"def {source.name}({_parameters(node.args)}):\n    # looped over the examples: {reason}\n    return {call}\n"
    )


def _comprehension(state: State, entry: Entry, one: str) -> tuple[str, str] | None:
    """The loop in one line, where all batch axes are the first of an array and results are stacked along the first."""
    if len(state.layers) != 1 or state.layers[0].out_axes != 0 or any(_has_stars(entry)):
        return None
    batched = []
    for name, axes in entry.axes.items():
        found = set(leaves(axes))
        if isinstance(axes, LeafAxes) and axes == (0,):
            batched.append(name)
        elif found - {LeafAxes((UNBATCHED,))}:
            return None
    passed = [_passed(entry, name, f"{name}_i" if name in batched else name) for name in entry.axes]
    targets = ", ".join(f"{name}_i" for name in batched)
    source = batched[0] if len(batched) == 1 else f"zip({', '.join(batched)})"
    imports = "from vectorizer.runtime import stack_examples"
    return imports, f"stack_examples([{one}({', '.join(passed)}) for {targets} in {source}])"


def _mapping(state: State, entry: Entry, one: str) -> tuple[str, str]:
    """The loop by `map_examples`, once for each layer."""
    function = one
    for level in reversed(range(len(state.layers))):
        axes = "".join(f"{_axes_code(spec, level)}, " for spec in entry.axes.values())
        out = _axes_code(state.layers[level].out_axes, None)
        function = f"map_examples({function}, ({axes.rstrip()}), {out})"
    passed = ", ".join(entry.axes)
    return "from vectorizer.runtime import map_examples", f"{function}({passed})"


def _has_stars(entry: Entry) -> list[bool]:
    assert entry.signature is not None
    return [p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in entry.signature.parameters.values()]


def _passed(entry: Entry, name: str, code: str) -> str:
    assert entry.signature is not None
    return (
        f"{name}={code}"
        if entry.signature.parameters[name].kind is entry.signature.parameters[name].KEYWORD_ONLY
        else code
    )


def _axes_code(spec: Any, level: int | None) -> str:
    """Axes as code; `level` picks one of each leaf's, where they are those of arguments."""
    if all(axis is UNBATCHED for axis in _at(spec, level)):
        return "None"
    if not is_container(spec) or isinstance(spec, LeafAxes):
        return str(_at(spec, level)[0])
    codes = [_axes_code(child, level) for child in children(spec)]
    if isinstance(spec, dict):
        return "{" + ", ".join(f"{literal(key)}: {code}" for key, code in zip(keys(spec), codes, strict=True)) + "}"
    return f"({', '.join(codes)}{',' * (len(codes) == 1)})"


def _at(spec: Any, level: int | None) -> list[Any]:
    return [leaf[level] if level is not None else leaf for leaf in leaves(spec)]


# Text


def _definition(text: str) -> ast.FunctionDef | ast.AsyncFunctionDef:
    node = ast.parse(text).body[0]
    assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    return node


def _without_decorators(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(lines[_definition(text).lineno - 1 :])


def _parameters(args: ast.arguments) -> str:
    """The parameters without annotations, which speak of one example."""
    for arg in [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]:
        if arg is not None:
            arg.annotation = None
    return ast.unparse(args)


def _renamed(text: str, name: str, new: str) -> str:
    """The text of a def under another name; calls of itself, which are calls for one example, go along."""
    lines = text.splitlines(keepends=True)
    named = [token for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.string == name]
    before = {token.start: previous for previous, token in _pairs(text)}
    for token in reversed(named):
        if token.type == tokenize.NAME and before.get(token.start) != ".":
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column] + new + lines[row - 1][column + len(name) :]
    return "".join(lines)


def _pairs(text: str) -> list[tuple[str, tokenize.TokenInfo]]:
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    return [(one.string, other) for one, other in itertools.pairwise(tokens)]


def _indented(text: str, indent: str) -> str:
    """Text under the indentation of the user's def; lines that begin inside a string stay as they are."""
    if not indent:
        return text
    inside = _string_lines(text)
    lines = text.splitlines(keepends=True)
    return "".join(line if k in inside or not line.strip() else indent + line for k, line in enumerate(lines, 1))


def _string_lines(text: str) -> set[int]:
    """Numbers of the lines that begin inside a string that is no docstring of a def at the top."""
    inside: set[int] = set()
    tree = ast.parse(text)
    docstrings = [
        node.body[0].value
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and isinstance(node.body[0], ast.Expr) and ast.get_docstring(node)
    ]
    for node in ast.walk(tree):
        if isinstance(node, (ast.Constant, ast.JoinedStr)) and node not in docstrings:
            inside.update(range(node.lineno + 1, (node.end_lineno or 0) + 1))
    return inside
