"""A function that has no rewrite, emitted as the loop over its examples."""

from __future__ import annotations

import ast
import textwrap
from typing import Any

from vectorizer.spec import UNBATCHED, LeafAxes
from vectorizer.static.problems import InputError
from vectorizer.static.reading import StaticModule, span
from vectorizer.static.rewriting import Rewritten
from vectorizer.static.targets import Target
from vectorizer.tree import Tree, is_container, leaves

WIDTH = 84


def loop_text(done: Rewritten, module: StaticModule, one: str, names: dict[str, str]) -> str:
    """The user's function under the name `one`, and below it a function that calls it for each example.

    `names` has the names of `np` and `stack_examples` in the file; those that were used are left in it.

    Raises:
        InputError: the batch cannot be looped over in one line: nested `vmap`, or axes inside of containers.
    """
    target = done.target
    assert done.looped is not None
    kept = original_text(target, module)
    if not target.layers:
        return kept
    renamed = _renamed(kept, target.name, one)
    body = [f"# {line}" for line in _comment(done.looped.reason)]
    body += _wrapped(f"return {_stacked(target, done, one, names, module)}")
    head = f"def {target.name}({_parameters(target)}):"
    return f"{renamed.rstrip()}\n\n\n" + "\n".join([head, *(f"    {line}" for line in body)])


def original_text(target: Target, module: StaticModule) -> str:
    """The function as it stands in the file, without the decorators that are removed or kept above it."""
    _, last = span(target.node, module.lines)
    above = min([target.node.lineno, *(decorator.lineno for decorator in target.others)])
    return "".join(module.lines[above - 1 : last]).replace("\r\n", "\n").rstrip()


def _wrapped(line: str) -> list[str]:
    """A line, broken inside of its outer parentheses if it is long."""
    if len(line) <= WIDTH:
        return [line]
    start = line.index("(stack" if line.startswith("return np.moveaxis(stack") else "(") + 1
    return [line[:start], f"    {line[start:-1]}", ")"]


def _comment(reason: str) -> list[str]:
    return textwrap.wrap(f"looped over the examples: {reason}", WIDTH, subsequent_indent="  ")


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
    for arg in [*bare.args.posonlyargs, *bare.args.args, *bare.args.kwonlyargs]:
        arg.annotation = None
    return ast.unparse(bare.args)


def _stacked(target: Target, done: Rewritten, one: str, names: dict[str, str], module: StaticModule) -> str:
    axes = done.arguments.resolved.axes
    if len(target.layers) != 1:
        raise _cannot(target, module, "more than one vmap")
    batched: dict[str, int] = {}
    for name, spec in axes.items():
        found = _axis(spec)
        if found is None:
            raise _cannot(target, module, f"the items of {name} are batched one by one")
        if found is not UNBATCHED:
            batched[name] = int(found)
    singles = {name: f"{name}_i" for name in batched}
    codes = [_example_argument(name, singles.get(name, name), target) for name in axes]
    call = f"{one}({', '.join(codes)})"
    listed = f"[{call} for {_targets(singles)} in {_iterable(batched, target, names)}]"
    return _result(listed, target, names, module)


def _axis(spec: Tree) -> Any:
    """The one axis of an argument; None where its items differ, or lie inside of a container."""
    if isinstance(spec, LeafAxes):
        return spec[0]
    return UNBATCHED if all(leaf[0] is UNBATCHED for leaf in leaves(spec)) else None


def _cannot(target: Target, module: StaticModule, why: str) -> InputError:
    return InputError(
        module.place(line=target.node.lineno), f"{target.name} cannot be emitted, not even as a loop: {why}"
    )


def _example_argument(name: str, code: str, target: Target) -> str:
    return f"{name}={code}" if name in {arg.arg for arg in target.node.args.kwonlyargs} else code


def _targets(singles: dict[str, str]) -> str:
    return ", ".join(singles.values()) if singles else "_"


def _iterable(batched: dict[str, int], target: Target, names: dict[str, str]) -> str:
    if not batched:
        return f"range({target.layers[0].axis_size})"
    codes = [name if axis == 0 else f"{names['np']}.moveaxis({name}, {axis}, 0)" for name, axis in batched.items()]
    return codes[0] if len(codes) == 1 else f"zip({', '.join(codes)})"


def _result(listed: str, target: Target, names: dict[str, str], module: StaticModule) -> str:
    out_axes = target.layers[0].out_axes
    stacked = f"{names['stack_examples']}({listed})"
    if out_axes == 0:
        return stacked
    if out_axes is UNBATCHED or is_container(out_axes):
        raise _cannot(target, module, f"out_axes={out_axes!r}".replace("UNBATCHED", "None"))
    return f"{names['np']}.moveaxis({stacked}, 0, {out_axes})"
