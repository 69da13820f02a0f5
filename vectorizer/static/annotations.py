"""What annotations and comments say of parameters: jaxtyping's form, NumPy's, Python's numbers, and `# x: [n, d]`."""

from __future__ import annotations

import ast
import collections
import functools
import io
import re
import tokenize
from collections.abc import Iterator
from typing import Any

import numpy as np

from vectorizer.static.facts import GENERATORS, PYTHON, ArrayFact, Dim, Fact, GeneratorFact, ScalarFact, dtype_named
from vectorizer.static.problems import InputError
from vectorizer.static.reading import StaticModule

JAXTYPING = {
    "Float": "float64",
    "Int": "int64",
    "UInt": "uint64",
    "Bool": "bool",
    "Complex": "complex128",
    **{
        f"{kind}{bits}": f"{kind.lower()}{bits}"
        for kind, sizes in {
            "Float": (16, 32, 64),
            "Complex": (64, 128),
            "Int": (8, 16, 32, 64),
            "UInt": (8, 16, 32, 64),
        }.items()
        for bits in sizes
    },
}
RANKS = re.compile(r"(?:(\w+)\s*:\s*)?\[([^\[\]]*)\]")


def annotated(arg: ast.arg, module: StaticModule, ranks: dict[str, tuple[Dim, ...]]) -> Fact | None:
    """The fact that a parameter's annotation or type comment gives; None where it gives none, or not the whole.

    Raises:
        InputError: a shape that cannot be read.
    """
    annotation = arg.annotation
    if annotation is None and arg.type_comment is not None:
        annotation = ast.Constant(arg.type_comment)
    return None if annotation is None else _read(annotation, module, ranks.get(arg.arg))


def _read(node: ast.expr, module: StaticModule, dims: tuple[Dim, ...] | None) -> Fact | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return _read(ast.parse(node.value, mode="eval").body, module, dims)
        except SyntaxError:
            return None
    name = module.qualified(node)
    if isinstance(node, ast.Name) and node.id in module.assigned:
        return _read(module.assigned[node.id], module, dims)
    if name in PYTHON:
        return ScalarFact(PYTHON[name])
    if name.removeprefix("numpy.random.") in GENERATORS and name.startswith("numpy."):
        return GeneratorFact(GENERATORS[name.removeprefix("numpy.random.")])
    if name.startswith("numpy."):
        dtype = dtype_named(name.removeprefix("numpy."))
        return ArrayFact(dtype) if dtype is not None else None
    if isinstance(node, ast.Subscript):
        return _read_subscript(node, module, dims)
    return _read_class(node.id, module) if isinstance(node, ast.Name) else None


def _read_class(name: str, module: StaticModule) -> Fact | None:
    """A named tuple of the file, if each of its fields says what it is."""
    for node in module.tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name and module.times_bound(name) == 1:
            bases = [module.qualified(base) for base in node.bases]
            fields = [f for f in node.body if isinstance(f, ast.AnnAssign) and isinstance(f.target, ast.Name)]
            facts = [_read(field.annotation, module, None) for field in fields]
            if bases == ["typing.NamedTuple"] and fields and all(fact is not None for fact in facts):
                return named_tuple(name, tuple(field.target.id for field in fields))(*facts)  # type: ignore[union-attr]
    return None


@functools.cache
def named_tuple(name: str, fields: tuple[str, ...]) -> type:
    """A type like the user's, which is not run."""
    return collections.namedtuple(name, fields)


def _read_subscript(node: ast.Subscript, module: StaticModule, dims: tuple[Dim, ...] | None) -> Fact | None:
    name = module.qualified(node.value)
    last = name.rpartition(".")[2]
    items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if last in JAXTYPING and len(items) == 2 and isinstance(items[1], ast.Constant) and isinstance(items[1].value, str):
        return ArrayFact(np.dtype(JAXTYPING[last]), _read_shape(items[1], module))
    if name in ("numpy.typing.NDArray", "numpy.ndarray"):
        dtype = _dtype_in(items[-1], module)
        return ArrayFact(dtype, dims) if dtype is not None and dims is not None else None
    if name in ("tuple", "typing.Tuple"):
        parts = [_read(item, module, None) for item in items]
        return tuple(parts) if all(part is not None for part in parts) else None
    return None


def _dtype_in(node: ast.expr, module: StaticModule) -> np.dtype[Any] | None:
    """The dtype that `np.float32` or `np.dtype[np.float32]` names."""
    if isinstance(node, ast.Subscript):
        return _dtype_in(node.slice, module)
    name = module.qualified(node)
    return dtype_named(name.removeprefix("numpy.")) if name.startswith("numpy.") or name in PYTHON else None


def _read_shape(node: ast.Constant, module: StaticModule) -> tuple[Dim, ...]:
    dims: list[Dim] = []
    for word in str(node.value).split():
        word = word.removeprefix("#").rpartition("=")[2]
        if "*" in word or "..." in word:
            raise InputError(module.place(node), "the rank is not known from this", "Give it by --arg.")
        dims.append(_dim(word))
    return tuple(dims)


def _dim(word: str) -> Dim:
    return int(word) if word.isdigit() else word if word.isidentifier() and word.strip("_") else None


# Comments


def ranks_in_comments(node: ast.FunctionDef | ast.AsyncFunctionDef, module: StaticModule) -> dict[str, tuple[Dim, ...]]:
    """Shapes by parameter: from `# x: [n, d]` above the first statement, or `# [n, d]` on a parameter's own line."""
    found: dict[str, tuple[Dim, ...]] = {}
    parameters = {arg.lineno: arg.arg for arg in _iter_args(node.args)}
    alone = {line: name for line, name in parameters.items() if line != node.lineno}
    for line, comment in _iter_comments(node, module):
        for name, shape in RANKS.findall(comment):
            owner = name or alone.get(line)
            if owner:
                found.setdefault(owner, tuple(_dim(word.strip()) for word in shape.split(",") if word.strip()))
    return found


def _iter_args(args: ast.arguments) -> Iterator[ast.arg]:
    yield from (*args.posonlyargs, *args.args, *args.kwonlyargs)


def _iter_comments(node: ast.FunctionDef | ast.AsyncFunctionDef, module: StaticModule) -> Iterator[tuple[int, str]]:
    """The comments from the function's first line to its first statement, which may have one behind it."""
    statement = node.body[0]
    is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    last = node.body[1].lineno if is_text and len(node.body) > 1 else statement.lineno
    text = "".join(module.lines[node.lineno - 1 : last])
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0] + node.lineno - 1, token.string
    except (tokenize.TokenError, IndentationError):
        return  # the text ends inside of a block
