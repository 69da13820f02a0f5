"""A function that has no rewrite, emitted as the loop over its examples."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable

from vectorizer.source.operand import literal
from vectorizer.spec import UNBATCHED, LeafAxes
from vectorizer.static.arguments import parameters_of
from vectorizer.static.reading import StaticModule, span
from vectorizer.static.rewriting import Rewritten
from vectorizer.static.targets import Target
from vectorizer.tree import Tree, children, is_container, leaves, map_tree

WIDTH = 84


def loop_text(done: Rewritten, module: StaticModule, one: str) -> tuple[str, str]:
    """The user's function under the name `one`, and below it a function that calls it for each example.

    Also the name in `vectorizer.runtime` that it needs; empty without a batch.
    """
    target = done.target
    assert done.looped is not None
    kept = original_text(target, module)
    if target.assigned is not None:  # the function for one example is there already
        one = target.node.name
    elif not target.layers:
        return kept, ""
    if not target.layers:
        return f"def {target.name}({_parameters(target)}):\n    return {one}({', '.join(done.arguments.facts)})", ""
    needed, call = _comprehension(done, one) or _mapping(done, one)
    body = textwrap.wrap(f"looped over the examples: {done.looped.reason}", WIDTH, subsequent_indent="  ")
    lines = [f"def {target.name}({_parameters(target)}):", *(f"    # {line}" for line in body), f"    return {call}"]
    above = f"{_renamed(kept, target.name, one).rstrip()}\n\n\n" if target.assigned is None else ""
    return above + "\n".join(lines), needed


def original_text(target: Target, module: StaticModule) -> str:
    """The function as it stands in the file, without the decorators that are removed or kept above it."""
    _, last = span(target.node, module.lines)
    above = min([target.node.lineno, *(decorator.lineno for decorator in target.others)])
    return "".join(module.lines[above - 1 : last]).replace("\r\n", "\n").rstrip()


def _renamed(text: str, name: str, one: str) -> str:
    """The text of a def with another name; calls of itself, which are calls for one example, go along."""
    lines = text.split("\n")
    nodes = ast.walk(ast.parse(text))
    places: set[tuple[int, int]] = {
        (node.lineno, node.col_offset) for node in nodes if isinstance(node, ast.Name) and node.id == name
    }
    for line, column in sorted(places, reverse=True):
        encoded = lines[line - 1].encode()
        lines[line - 1] = (encoded[:column] + one.encode() + encoded[column + len(name.encode()) :]).decode()
    for k, line_text in enumerate(lines):
        for word in ("def ", "async def "):
            if line_text.startswith(word + name):
                lines[k] = word + one + line_text[len(word + name) :]
                return "\n".join(lines)
    return "\n".join(lines)


def _parameters(target: Target) -> str:
    args = target.node.args
    bare = ast.parse(f"def f({ast.unparse(args)}): ...").body[0]
    assert isinstance(bare, ast.FunctionDef)
    for arg in parameters_of(bare):
        arg.annotation = None
    return ast.unparse(bare.args)


def _comprehension(done: Rewritten, one: str) -> tuple[str, str] | None:
    """The loop in one line, where batch axes are the first of arrays and results are stacked along the first."""
    target = done.target
    axes = done.arguments.resolved.axes
    batched = [name for name, spec in axes.items() if isinstance(spec, LeafAxes) and spec == (0,)]
    others = [leaf for name, spec in axes.items() if name not in batched for leaf in leaves(spec)]
    if len(target.layers) != 1 or target.layers[0].out_axes != 0 or any(axis is not UNBATCHED for (axis,) in others):
        return None
    if not batched:
        singles, source = ["_"], f"range({target.layers[0].axis_size})"
    else:
        singles = [_single(name, axes) for name in batched]
        source = batched[0] if len(batched) == 1 else f"zip({', '.join(batched)})"
    codes = {**{name: name for name in axes}, **dict(zip(batched, singles, strict=False))}
    passed = ", ".join(_passed(name, code, target) for name, code in codes.items())
    return "stack_examples", f"stack_examples([{one}({passed}) for {', '.join(singles)} in {source}])"


def _single(name: str, axes: Iterable[str]) -> str:
    """The name of one example's part of an argument."""
    found = f"{name}_i"
    while found in axes:
        found += "_"
    return found


def _passed(name: str, code: str, target: Target) -> str:
    args = target.node.args
    if args.vararg is not None and name == args.vararg.arg:
        return f"*{code}"
    if args.kwarg is not None and name == args.kwarg.arg:
        return f"**{code}"
    return f"{name}={code}" if name in {arg.arg for arg in args.kwonlyargs} else code


def _mapping(done: Rewritten, one: str) -> tuple[str, str]:
    """The loop by `map_examples`, once for each layer."""
    target, axes = done.target, done.arguments.resolved.axes
    names = ", ".join(axes)
    function = one
    args = target.node.args
    if args.kwonlyargs or args.vararg is not None or args.kwarg is not None:
        function = f"lambda {names}: {one}({', '.join(_passed(name, name, target) for name in axes)})"
    for level in reversed(range(len(target.layers))):
        codes = [_axes_code(map_tree(lambda leaf, k=level: leaf[k], spec)) for spec in axes.values()]
        listed = f"({', '.join(codes)}{',' if len(codes) == 1 else ''})"
        function = f"map_examples({function}, {listed}, {_axes_code(target.layers[level].out_axes)})"
    return "map_examples", f"{function}({names})"


def _axes_code(spec: Tree) -> str:
    """Axes as code."""
    if is_container(spec) and all(axis is UNBATCHED for axis in leaves(spec)):
        return "None"
    if isinstance(spec, dict):
        return "{" + ", ".join(f"{literal(key)}: {_axes_code(item)}" for key, item in spec.items()) + "}"
    if is_container(spec):
        codes = [_axes_code(item) for item in children(spec)]
        return f"({', '.join(codes)}{',' if len(codes) == 1 else ''})"
    return "None" if spec is UNBATCHED else str(spec)
