"""What emitted code is like, as far as running it in blocks goes: its kind of work, and whether threads may run it."""

from __future__ import annotations

import ast
import builtins
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

FEWEST_OPERATIONS = 3  # fewer have no temporaries that could stay in the cache
# Products go through BLAS, which has threads of its own, and is better with many examples at once.
PRODUCTS = frozenset(("matmul", "dot", "inner", "tensordot", "multi_dot"))
LIBRARIES = ("numpy", "math", "cmath", "operator", "scipy", "vectorizer.array_functions", "vectorizer.runtime")
# Parts of NumPy that call back, draw, print, or change what other code sees.
APART = frozenset((
    "random", "vectorize", "frompyfunc", "apply_along_axis", "apply_over_axes", "piecewise", "fromfunction", "fromiter",
    "save", "savez", "savetxt", "savez_compressed", "load", "seterr", "seterrcall", "setbufsize", "set_printoptions",
    "show_config", "map_examples", "memmap", "tofile", "dump",
))  # fmt: skip
HARMLESS = frozenset((
    "abs", "all", "any", "bool", "complex", "dict", "divmod", "enumerate", "float", "int", "isinstance", "len", "list",
    "max", "min", "pow", "range", "reversed", "round", "slice", "sorted", "sum", "tuple", "zip",
))  # fmt: skip
METHODS = frozenset((*dir(np.ndarray), *dir(list), *dir(dict), *dir(tuple), *dir(str))) - APART


class Work(Enum):
    """RUN: array operations one behind the other.  LANES: and loops that examples leave one by one.
    PRODUCTS: of matrices.  LOOPS: with operations of the interpreter's for each step.
    """

    RUN, LANES, PRODUCTS, LOOPS = range(4)


@dataclass(frozen=True)
class Traits:
    """What there is to know.

    operations: how many array operations there are in the text.
    is_pure: threads may run it side by side.
    uses_blas: it multiplies matrices or calls `np.linalg`.
    """

    work: Work
    operations: int
    is_pure: bool
    uses_blas: bool = False


def traits_of(source: str, namespace: Mapping[str, Any]) -> Traits:
    """The traits of emitted source that sees the globals `namespace`."""
    tree = ast.parse(source)
    operations = sum(map(_is_operation, _outside_subscripts(tree)))
    work = _work(tree)
    uses_lapack = any(isinstance(node, ast.Attribute) and node.attr == "linalg" for node in ast.walk(tree))
    return Traits(work, operations, _is_pure(tree, namespace), uses_lapack or work is Work.PRODUCTS)


def _work(tree: ast.Module) -> Work:
    nodes = list(ast.walk(tree))
    has_while = any(isinstance(node, ast.While) for node in nodes)
    multiplies = any(isinstance(n, ast.MatMult) or isinstance(n, ast.Attribute) and n.attr in PRODUCTS for n in nodes)
    if any(isinstance(node, (ast.For, ast.comprehension)) for node in nodes):
        return Work.LOOPS
    if multiplies:
        return Work.PRODUCTS
    return Work.LANES if has_while else Work.RUN


def _outside_subscripts(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(node, ast.Subscript) and child is node.slice and not isinstance(child, ast.Compare)):
            yield from _outside_subscripts(child)


def _is_operation(node: ast.AST) -> bool:
    return isinstance(node, (ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call, ast.AugAssign))


# --- side effects ----------------------------------------------------------------------------------------------------


def _is_pure(tree: ast.Module, namespace: Mapping[str, Any]) -> bool:
    """Whether nothing is called or stored into that another thread may see."""
    nodes = list(ast.walk(tree))
    if any(isinstance(n, (ast.Global, ast.Nonlocal, ast.Yield, ast.YieldFrom, ast.Await)) for n in nodes):
        return False
    own = {n.name for n in nodes if isinstance(n, ast.FunctionDef)}
    local = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    local |= {n.arg for n in nodes if isinstance(n, ast.arg)}
    imported = {a.asname or a.name: f"{n.module}" for n in nodes if isinstance(n, ast.ImportFrom) for a in n.names}
    known = _Known(own, local, imported, namespace)
    stores = [n for n in nodes if isinstance(n, (ast.Attribute, ast.Subscript)) and not isinstance(n.ctx, ast.Load)]
    calls = [n for n in nodes if isinstance(n, ast.Call)]
    return all(map(known.may_store, stores)) and all(map(known.may_call, calls))


@dataclass(frozen=True)
class _Known:
    """Names in emitted code: functions of its own, local variables, what it imports (with the module), globals."""

    own: set[str]
    local: set[str]
    imported: dict[str, str]
    namespace: Mapping[str, Any]

    def may_store(self, target: ast.Attribute | ast.Subscript) -> bool:
        node: ast.AST = target
        while isinstance(node, ast.Subscript):
            node = node.value
        return isinstance(node, ast.Name) and node.id in self.local

    def may_call(self, call: ast.Call) -> bool:
        if any(keyword.arg == "key" for keyword in call.keywords):  # a function that is called back
            return False
        attributes: list[str] = []
        node: ast.AST = call.func
        while isinstance(node, ast.Attribute):
            attributes.append(node.attr)
            node = node.value
        if APART & set(attributes):
            return False
        if not isinstance(node, ast.Name) or node.id in self.local:
            return bool(attributes) and attributes[0] in METHODS
        if node.id in self.own:
            return not attributes
        if node.id in self.imported:
            return _is_library(self.imported[node.id]) and node.id not in APART
        found = self.namespace.get(node.id, vars(builtins).get(node.id))
        if isinstance(found, types.ModuleType):
            return bool(attributes) and _is_library(found.__name__)
        if isinstance(found, np.ndarray):
            return bool(attributes) and attributes[0] in METHODS
        if attributes:
            return False
        if isinstance(found, np.ufunc):
            return any("O" not in types for types in found.types)  # not one that was made of a Python function
        if isinstance(found, type) and issubclass(found, np.generic):
            return True
        if found is vars(builtins).get(node.id):
            return node.id in HARMLESS
        name = getattr(found, "__name__", "")
        return _is_library(getattr(found, "__module__", None) or "") and name not in APART


def _is_library(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in LIBRARIES) and ".random" not in module
