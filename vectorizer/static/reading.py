"""What a file says about its names, found by reading: imports, constants, functions.  Nothing of it is run.

A name that is bound more than once, or changed by `global`, is not known.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.machinery
import os
import re
import sys
import types
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from vectorizer.guards import Guards
from vectorizer.namespace import LIBRARIES, LiveNamespace
from vectorizer.source.frontend import FunctionSource
from vectorizer.static.constants import UNKNOWN, NotKnown, evaluate
from vectorizer.static.problems import InputError, Place
from vectorizer.values import Opaque, Value

READABLE = frozenset({*LIBRARIES, "vectorizer", "random", "numbers", "typing", "collections"})


@dataclass
class StaticModule:
    """A file, parsed.

    globals: what is known of each name at the top level; `UNKNOWN` where that is nothing.
    functions: the defs at the top level, the last of each name.
    imports: the statement that binds each imported name, those under `if` and `try` included.
    assigned: the expressions that names stand for, bound once.
    bound: how often the top level binds each name; one that `global` changes counts as bound twice.
    has_star: whether it imports all names of a module that is not read.
    sources: stand-ins of the functions, which are never run, with their sources.
    """

    filename: str
    text: str
    tree: ast.Module
    lines: list[str]
    globals: dict[str, Any] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = field(default_factory=dict)
    imports: dict[str, tuple[ast.Import | ast.ImportFrom, ast.alias]] = field(default_factory=dict)
    sources: dict[Any, FunctionSource | None] = field(default_factory=dict)
    assigned: dict[str, ast.expr] = field(default_factory=dict)
    has_star: bool = False
    bound: Counter[str] = field(default_factory=Counter)

    def place(self, node: ast.AST | None = None, line: int = 0) -> Place:
        """Where a node stands, for messages."""
        if node is None:
            return Place(self.filename, line, self.line_text(line))
        first, column = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
        text = self.line_text(first)
        start = len(text.encode()[:column].decode())
        same_line = getattr(node, "end_lineno", first) == first
        end = len(text.encode()[: getattr(node, "end_col_offset", 0)].decode()) if same_line else len(text)
        return Place(self.filename, first, text, start, end - start)

    def line_text(self, line: int) -> str:
        return self.lines[line - 1].rstrip("\r\n") if 0 < line <= len(self.lines) else ""

    def qualified(self, node: ast.expr) -> str:
        """The dotted name that an expression stands for, import aliases resolved: `numpy.typing.NDArray`."""
        if isinstance(node, ast.Attribute):
            base = self.qualified(node.value)
            return f"{base}.{node.attr}" if base else ""
        if not isinstance(node, ast.Name):
            return ""
        if node.id not in self.imports:
            return node.id
        statement, alias = self.imports[node.id]
        if isinstance(statement, ast.Import):
            return alias.name if alias.asname else alias.name.partition(".")[0]
        return f"{'.' * statement.level}{statement.module or ''}.{alias.name}"

    def times_bound(self, name: str) -> int:
        """How often the top level binds a name."""
        return self.bound[name]

    def namespace(self, function: types.FunctionType) -> StaticNamespace:
        return StaticNamespace(function, Guards(), self)

    def stub_of(self, name: str) -> types.FunctionType:
        found: types.FunctionType = self.globals[name]
        return found


def read_module(filename: str, text: str) -> StaticModule:
    """Parse a file and find out what its names are.

    Raises:
        InputError: it is not Python.
    """
    lines = [line + "\n" for line in text.split("\n")]  # `splitlines` splits at form feeds too, Python does not
    lines[-1] = lines[-1].removesuffix("\n")
    lines = lines if lines[-1] else lines[:-1]
    if re.search(r"\r(?!\n)", text):
        raise InputError(Place(filename), "it has line ends that are neither \\n nor \\r\\n")
    try:
        tree = _parse(text, filename)
    except SyntaxError as error:
        line = error.lineno or 1
        shown = lines[line - 1].rstrip() if line <= len(lines) else ""
        place = Place(filename, line, shown, max((error.offset or 1) - 1, 0))
        raise InputError(place, f"this is not Python: {error.msg}") from None
    except ValueError as error:
        raise InputError(Place(filename), f"this is not Python: {error}") from None
    module = StaticModule(filename, text, tree, lines)
    _Reader(module).read()
    return module


def _parse(text: str, filename: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the user sees them when the file is compiled
        try:
            tree = ast.parse(text, filename, type_comments=True)
        except SyntaxError:  # perhaps in such a comment alone
            return ast.parse(text, filename)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            _note_types(node)
    return tree


def _note_types(node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    """Gives the parameters what ``# type: (float, int) -> float`` below the head of a function says of them."""
    try:
        found = ast.parse(node.type_comment or "", mode="func_type")
    except SyntaxError:
        return
    plain = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    for arg, type_ in zip(plain, getattr(found, "argtypes", ()), strict=False):
        arg.type_comment = arg.type_comment or ast.unparse(type_)


class _Reader:
    """Fills in a `StaticModule`."""

    def __init__(self, module: StaticModule) -> None:
        self.module = module
        self.bound = Counter(_iter_bound(module.tree))
        self.bound.update(dict.fromkeys(_iter_globals(module.tree), 2))
        module.bound = self.bound

    def read(self) -> None:
        module = self.module
        module.globals.update(dict.fromkeys(self.bound, UNKNOWN))
        for statement in module.tree.body:
            self.statement(statement)
        for name, node in module.functions.items():
            if self.bound[name] == 1 and not node.decorator_list:  # what a decorator makes of it is not known
                module.globals[name] = self.stub(node)

    def statement(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Import() | ast.ImportFrom():
                for alias in statement.names:
                    self.imported(statement, alias)
            case ast.If() | ast.Try():
                for node in ast.walk(statement):
                    if isinstance(node, (ast.Import, ast.ImportFrom)):
                        self.module.imports |= {bound_name(alias): (node, alias) for alias in node.names}
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.module.functions[statement.name] = statement
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self.constants(target, value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self.constant(name, value)

    def constants(self, target: ast.expr, value: ast.expr) -> None:
        """What `A = ...` and `A, B = ..., ...` bind."""
        if isinstance(target, ast.Name):
            self.constant(target.id, value)
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            is_starred = any(isinstance(item, ast.Starred) for item in (*target.elts, *value.elts))
            for item, part in zip(target.elts, value.elts, strict=False) if not is_starred else ():
                self.constants(item, part)

    def constant(self, name: str, value: ast.expr) -> None:
        if self.bound[name] != 1:
            return
        self.module.assigned[name] = value
        with contextlib.suppress(NotKnown):
            self.module.globals[name] = evaluate(value, self.module.globals)

    def imported(self, statement: ast.Import | ast.ImportFrom, alias: ast.alias) -> None:
        name = bound_name(alias)
        if name == "*":
            self.imported_all(statement)
            return
        self.module.imports[name] = (statement, alias)
        if self.bound[name] != 1 and not isinstance(statement, ast.Import):
            return
        if isinstance(statement, ast.ImportFrom):
            found = UNKNOWN if statement.level else library(statement.module or "", alias.name)
        else:
            found = library(alias.name)
            if found is not UNKNOWN and not alias.asname:
                found = sys.modules[name]
        if self.bound[name] == 1 or self.only_imported(name):
            self.module.globals[name] = found

    def imported_all(self, statement: ast.Import | ast.ImportFrom) -> None:
        found = library(getattr(statement, "module", None) or "") if not getattr(statement, "level", 0) else UNKNOWN
        self.module.has_star |= found is UNKNOWN
        public = getattr(found, "__all__", None) or [name for name in dir(found) if not name.startswith("_")]
        names = public if found is not UNKNOWN else []
        self.module.globals.update({name: getattr(found, name) for name in names if not self.bound[name]})

    def only_imported(self, name: str) -> bool:
        """Whether all that binds a name are imports of one package: `import scipy.linalg` and `import scipy.fft`."""
        bindings = [
            alias
            for statement in self.module.tree.body
            if isinstance(statement, ast.Import)
            for alias in statement.names
            if alias.asname is None and alias.name.partition(".")[0] == name
        ]
        return len(bindings) == self.bound[name]

    def stub(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> types.FunctionType:
        """A function object with the parameters and defaults of the user's, whose body is none of the user's."""
        made = stub(node, self.module)
        self.module.sources[made] = source_of(node, self.module, made)
        return made


def stub(node: ast.FunctionDef | ast.AsyncFunctionDef, module: StaticModule) -> types.FunctionType:
    source = ast.FunctionDef(
        name=node.name,
        args=_without_annotations(node.args),
        body=[ast.Raise(ast.Name("NotImplementedError", ast.Load()))],
        decorator_list=[],
    )
    if sys.version_info >= (3, 12):
        source.type_params = []
    tree = ast.fix_missing_locations(ast.Module([ast.copy_location(source, node)], []))
    outer = compile(tree, module.filename, "exec", dont_inherit=True)
    code = next(constant for constant in outer.co_consts if isinstance(constant, types.CodeType))
    made = types.FunctionType(code, module.globals, node.name)
    made.__defaults__ = tuple(default(value, module) for value in node.args.defaults) or None
    pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    made.__kwdefaults__ = {arg.arg: default(value, module) for arg, value in pairs if value is not None}
    made.__module__ = "<read>"
    return made


def default(node: ast.expr, module: StaticModule) -> Any:
    try:
        return evaluate(node, module.globals)
    except NotKnown:
        return UNKNOWN


def _without_annotations(args: ast.arguments) -> ast.arguments:
    """The parameters alone: a default makes a parameter optional, so `None` stands for each."""

    def bare(arg: ast.arg) -> ast.arg:
        return ast.arg(arg.arg)

    return ast.arguments(
        posonlyargs=[bare(arg) for arg in args.posonlyargs],
        args=[bare(arg) for arg in args.args],
        vararg=bare(args.vararg) if args.vararg else None,
        kwonlyargs=[bare(arg) for arg in args.kwonlyargs],
        kw_defaults=[None if value is None else ast.Constant(None) for value in args.kw_defaults],
        kwarg=bare(args.kwarg) if args.kwarg else None,
        defaults=[ast.Constant(None) for _ in args.defaults],
    )


def source_of(
    node: ast.FunctionDef | ast.AsyncFunctionDef, module: StaticModule, function: types.FunctionType
) -> FunctionSource:
    """The text of a function at the top level, as `find_source` gives it for one that runs."""
    first, last = span(node, module.lines)
    lines = module.lines[first - 1 : last]
    text = "".join(lines).replace("\r\n", "\n")
    text = text if text.endswith("\n") else text + "\n"
    origins = tuple((first + number, 0) for number in range(len(lines)))
    return FunctionSource(
        node.name, text, module.filename, first, False, function, (), {}, "", origins, tuple(module.lines)
    )


def span(node: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> tuple[int, int]:
    """The first and the last line of a def, its decorators and the comments that end its body included."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    last = end = node.end_lineno or node.lineno
    for number in range(end + 1, len(lines) + 1):
        line = lines[number - 1]
        if line.strip() and not (line.startswith((" ", "\t")) and line.lstrip().startswith("#")):
            break
        if line.strip():
            last = number
    return first, last


class StaticNamespace(LiveNamespace):
    """What names outside of the function mean, for a function that is read and not run."""

    def __init__(self, function: types.FunctionType, guards: Guards, module: StaticModule) -> None:
        super().__init__(function, guards, module.sources)
        self.module = module

    def lookup(self, name: str) -> Value | None:
        if self.globals.get(name, UNKNOWN if self.module.has_star else None) is UNKNOWN:
            return Opaque()
        return super().lookup(name)

    def value_of(self, item: Any) -> Value:
        return Opaque() if item is UNKNOWN else super().value_of(item)

    def inside(self, function: types.FunctionType) -> StaticNamespace:
        return StaticNamespace(function, self.guards, self.module)

    def source_of(self, function: types.FunctionType) -> FunctionSource | None:
        return self.sources.get(function)


# What binds a name


def bound_name(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


def _iter_bound(node: ast.AST) -> Iterator[str]:
    """The names that the top level of a module binds, once for each time."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
                continue
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from map(bound_name, names)
                continue
            case ast.Lambda():
                continue
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.ExceptHandler(name=str(name)):
                yield name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                yield name
        yield from _iter_bound(child)


def _iter_globals(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield from node.names


# Libraries


def library(module: str, attribute: str | None = None) -> Any:
    """A module of NumPy, SciPy or Python, or something in it; `UNKNOWN` for all others, which are not imported."""
    if module.partition(".")[0] not in READABLE or not _is_installed(module.partition(".")[0]):
        return UNKNOWN
    try:
        found = importlib.import_module(module)
        if attribute is None:
            return found
        if hasattr(found, attribute):
            return getattr(found, attribute)
        return importlib.import_module(f"{module}.{attribute}")
    except ImportError:
        return UNKNOWN


def _is_installed(package: str) -> bool:
    """Whether a library would come from where libraries are, and not from a user's file of that name."""
    if package in sys.modules or package in sys.builtin_module_names:
        return True
    here = os.path.realpath(os.getcwd())
    folders = [folder for folder in sys.path if folder and os.path.realpath(folder) != here]
    spec = importlib.machinery.PathFinder.find_spec(package, folders)
    own = importlib.machinery.PathFinder.find_spec(package)
    return spec is not None and own is not None and spec.origin == own.origin
