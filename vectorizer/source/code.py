"""Whether a piece of text is the source of code that runs: it is compiled again and compared."""

from __future__ import annotations
import __future__ as future

import ast
import functools
import inspect
import operator
import threading
import types
import warnings
from collections.abc import Iterator

WRAPPER = "<wrapper>"  # a name that no user's function has
FUTURE_FLAGS = functools.reduce(
    operator.or_, (getattr(future, name).compiler_flag for name in future.all_feature_names)
)
# Of the code flags, these say what the text says; the others depend on where the function stands.
KIND_FLAGS = (
    inspect.CO_VARARGS
    | inspect.CO_VARKEYWORDS
    | inspect.CO_GENERATOR
    | inspect.CO_COROUTINE
    | inspect.CO_ASYNC_GENERATOR
)
_compiling = threading.Lock()  # `warnings.catch_warnings` is not thread-safe


def parse(text: str) -> ast.Module:
    """Parse without giving the warnings that the user saw when the file was first compiled."""
    with _compiling, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        tree: ast.Module = compile(text, "<source>", "exec", flags, dont_inherit=True)
    return tree


@functools.lru_cache(maxsize=4)
def parse_file(text: str) -> ast.Module:
    return parse(text)


def find_twin(statement: ast.stmt, code: types.CodeType, imports: frozenset[str]) -> types.CodeType | None:
    """Compile a def or lambda as it was compiled where it stands; return the code if it equals `code`."""
    try:
        with _compiling, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = _surround(statement, code, imports)
            compiled = compile(module, "<source>", "exec", code.co_flags & FUTURE_FLAGS, dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    twin = next((inner for inner in _iter_functions(compiled) if inner.co_name == code.co_name), None)
    return twin if twin is not None and is_same_code(twin, code) else None


def _surround(statement: ast.stmt, code: types.CodeType, imports: frozenset[str]) -> ast.Module:
    """Put a statement where its free variables are an outer function's and private names are its class's.

    The module's imports are there as well: Python compiles a call of an imported module's function in its own way.
    """
    class_name = _class_around(code.co_qualname)
    if class_name is not None:
        statement = ast.ClassDef(name=class_name, bases=[], keywords=[], body=[statement], decorator_list=[])
    free = [name for name in code.co_freevars if name != "__class__"]
    if free:
        stores: list[ast.stmt] = [ast.Assign([ast.Name(name, ast.Store())], ast.Constant(None)) for name in free]
        no_arguments = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
        statement = ast.FunctionDef(name=WRAPPER, args=no_arguments, body=[*stores, statement], decorator_list=[])
    above: list[ast.stmt] = [ast.Import([ast.alias(name) for name in sorted(imports)])] if imports else []
    return ast.fix_missing_locations(ast.Module(body=[*above, statement], type_ignores=[]))


def is_in_file(code: types.CodeType, text: str) -> bool:
    """Whether a file, compiled as a whole, has the code at its line."""
    try:
        compiled = _compile_file(text, code.co_flags & FUTURE_FLAGS)
    except (SyntaxError, ValueError):
        return False
    there = (inner for inner in _iter_functions(compiled) if inner.co_firstlineno == code.co_firstlineno)
    return any(is_same_code(inner, code) for inner in there)


@functools.lru_cache(maxsize=2)
def _compile_file(text: str, futures: int) -> types.CodeType:
    with _compiling, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flags = futures | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code: types.CodeType = compile(text, "<source>", "exec", flags, dont_inherit=True)
    return code


def likely_imports(function: types.FunctionType) -> frozenset[str]:
    """The names in a function that are modules in its globals: nearly always, imported under that name."""
    names: set[str] = set()
    for code in (function.__code__, *_iter_functions(function.__code__)):
        names.update(code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return frozenset(name for name in names if isinstance(function.__globals__.get(name), types.ModuleType))


@functools.lru_cache(maxsize=4)
def imports_of(text: str) -> frozenset[str]:
    """The names that the imports of a module bind, not counting those inside of functions and classes."""
    try:
        waiting: list[ast.AST] = [parse_file(text)]
    except SyntaxError:
        return frozenset()
    names: set[str] = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.expr)):
            waiting.extend(ast.iter_child_nodes(node))
    return frozenset(names - {"*"})


def _class_around(qualname: str) -> str | None:
    """The innermost class around a function: `C` for `C.method.<locals>.inner`."""
    parts = qualname.split(".")[:-1]
    while parts and parts[-1] == "<locals>":
        parts = parts[:-2]
    return parts[-1] if parts else None


def _iter_functions(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code of the functions inside of code, outer before inner; a class's body is none."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            if constant.co_flags & inspect.CO_OPTIMIZED:
                yield constant
            yield from _iter_functions(constant)


def is_same_code(found: types.CodeType, running: types.CodeType) -> bool:
    """Whether two code objects do the same; line numbers, columns and file names do not count."""
    if _signature(found) != _signature(running):
        return False
    if any(name.startswith("@py") for name in (*running.co_names, *running.co_varnames)):
        return _is_same_but_for_asserts(found, running)
    return (
        found.co_code == running.co_code
        and found.co_names == running.co_names
        and found.co_varnames == running.co_varnames
        and found.co_exceptiontable == running.co_exceptiontable
        and _is_same_constant(found.co_consts, running.co_consts)
    )


def _signature(code: types.CodeType) -> tuple[object, ...]:
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return (
        code.co_name,
        code.co_argcount,
        code.co_posonlyargcount,
        code.co_kwonlyargcount,
        code.co_varnames[:count],
        code.co_freevars,
        code.co_cellvars,
        code.co_flags & KIND_FLAGS,
    )


def _is_same_but_for_asserts(found: types.CodeType, running: types.CodeType) -> bool:
    """Compare with code in which pytest has rewritten the asserts, which gives names that begin with '@py'."""
    inner_found = [constant for constant in found.co_consts if isinstance(constant, types.CodeType)]
    inner_running = [constant for constant in running.co_consts if isinstance(constant, types.CodeType)]
    return (
        set(found.co_names) <= set(running.co_names)
        and set(found.co_varnames) <= set(running.co_varnames)
        and len(inner_found) == len(inner_running)
        and all(map(is_same_code, inner_found, inner_running))
    )


def _is_same_constant(a: object, b: object) -> bool:
    """Equality that tells 0.0 from -0.0 and 1 from True, and knows that nan is nan."""
    if type(a) is not type(b):
        return False
    if isinstance(a, types.CodeType) and isinstance(b, types.CodeType):
        return is_same_code(a, b)
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(_is_same_constant, a, b))
    if isinstance(a, frozenset) and isinstance(b, frozenset):
        return sorted(map(repr, a)) == sorted(map(repr, b))
    return repr(a) == repr(b)
