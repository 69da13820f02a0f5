"""From a Python callable to the source text of the function behind it.

What is found is checked: the text is compiled again and compared with the code that runs, so that a file which was
edited after its import gives an error and not a rewrite of something else.  Nothing here imports libcst before `node`
is asked for.
"""

from __future__ import annotations
import __future__ as future

import ast
import functools
import inspect
import io
import linecache
import operator
import threading
import tokenize
import types
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from vectorizer.errors import VectorizeError

if TYPE_CHECKING:
    import libcst as cst

__all__ = ["FunctionSource", "SourceUnavailable", "find_source", "unwrap"]

OWN_WRAPPER = "__vectorizer_source__"  # the attribute by which `vmap` and `jit` objects name the callable they wrap
ANONYMOUS = "anonymous"  # the name of the def that a lambda becomes, where the lambda is not assigned to a name
DEEPEST = 1000  # callables inside callables; more than this is a cycle
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


class SourceUnavailable(VectorizeError):
    """The source of a callable could not be had; `reason` is a sentence for the user."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, eq=False)
class FunctionSource:
    """The source of one function, with what is needed to run it and to point into the user's file."""

    name: str  # a plain identifier to emit the function under
    text: str  # dedented source of the def with its decorators; a lambda is turned into a def
    filename: str
    first_line: int  # the line of `filename` on which the text begins
    lambda_: bool
    function: types.FunctionType  # has the live globals, closure and defaults
    bound: tuple[object, ...]  # leading positional arguments: `self` of a bound method, a partial's
    bound_keywords: dict[str, object]
    indent: str  # what was taken away at the start of each line of a def
    origins: tuple[tuple[int, int], ...] = field(repr=False)  # per line of text: line of the file, columns to add
    file_lines: Sequence[str] = field(repr=False)  # the whole of `filename`

    @functools.cached_property
    def node(self) -> cst.FunctionDef:
        """The text, parsed by libcst."""
        import libcst as cst

        return cst.ensure_type(cst.parse_module(self.text).body[0], cst.FunctionDef)

    def position(self, line: int, column: int = 0) -> tuple[int, int]:
        """Line (from 1) and column (from 0) in the user's file of a place in `text`."""
        file_line, shift = self.origins[line - 1]
        return file_line, max(column + shift, 0)

    def line_text(self, line: int) -> str:
        """Line number `line` of the user's file, as it stands there, without its newline."""
        return self.file_lines[line - 1].rstrip("\n") if 0 < line <= len(self.file_lines) else ""


class _Found(NamedTuple):
    """A function's text and where each of its lines came from."""

    name: str
    text: str
    first_line: int
    indent: str
    origins: tuple[tuple[int, int], ...]


def find_source(fun: Callable[..., Any]) -> FunctionSource:
    """Return the source of the Python function that a call of `fun` runs, or raise `SourceUnavailable`."""
    function, bound, keywords = unwrap(fun)
    code = function.__code__
    is_lambda = code.co_name == "<lambda>"
    for lines in _iter_file_texts(function):
        found = _find_lambda(code, lines) if is_lambda else _find_def(code, lines, _likely_imports(function))
        if found is not None:
            return FunctionSource(
                found.name,
                found.text,
                code.co_filename,
                found.first_line,
                is_lambda,
                function,
                bound,
                keywords,
                found.indent,
                found.origins,
                lines,
            )
    raise SourceUnavailable(
        f"the source of {code.co_name!r} could not be had: the text at {code.co_filename}:{code.co_firstlineno} "
        "is not the code that runs (was the file changed after it was imported?)"
    )


# From a callable to a function


def unwrap(fun: object) -> tuple[types.FunctionType, tuple[object, ...], dict[str, object]]:
    """Return the plain function that a call of `fun` runs, with the positional and keyword arguments bound to it.

    Only what leaves the result of a call as it is gets unwrapped.  A function made by some other decorator with
    `functools.wraps` stands for itself: its own body is what runs.
    """
    bound: tuple[object, ...] = ()
    keywords: dict[str, object] = {}
    inner = fun
    for _ in range(DEEPEST):
        if isinstance(inner, functools.partial):
            _refuse_placeholders(inner)
            bound, keywords = inner.args + bound, {**inner.keywords, **keywords}
            inner = inner.func
        elif isinstance(inner, types.MethodType):
            bound, inner = (inner.__self__, *bound), inner.__func__
        elif (own := _own_wrapped(inner)) is not None:
            inner = own
        elif isinstance(inner, types.FunctionType):
            return inner, bound, keywords
        else:
            inner = _unwrap_object(inner, fun)
    raise SourceUnavailable(f"the source of {_name_of(fun)} could not be had: its '__call__' leads back to itself")


def _refuse_placeholders(partial: functools.partial[Any]) -> None:
    """Python 3.14 lets a partial leave out positions before bound ones; `bound` cannot say that."""
    placeholder = getattr(functools, "Placeholder", None)
    if placeholder is not None and any(argument is placeholder for argument in partial.args):
        raise SourceUnavailable(
            f"the source of {_name_of(partial.func)} could not be had: a partial with 'Placeholder' binds it"
        )


def _own_wrapped(fun: object) -> object | None:
    """The callable inside a `vmap` or `jit` object.

    `functools.wraps` copies attributes, so a decorator written around such an object carries the attribute as well;
    its `__wrapped__` tells them apart.
    """
    if inspect.getattr_static(fun, OWN_WRAPPER, None) is None:
        return None
    own: object = getattr(fun, OWN_WRAPPER)
    return own if getattr(fun, "__wrapped__", own) is own else None


def _unwrap_object(fun: object, outer: object) -> object:
    """What a callable that is neither function, method nor partial calls, with the same arguments."""
    if isinstance(fun, functools._lru_cache_wrapper):
        return fun.__wrapped__
    if isinstance(fun, (staticmethod, classmethod)):
        return fun.__func__
    if isinstance(fun, type):
        raise SourceUnavailable(f"the source of {_name_of(outer)} could not be had: it is a class, not a function")
    call = next((vars(base)["__call__"] for base in type(fun).__mro__ if "__call__" in vars(base)), None)
    if call is None:
        raise SourceUnavailable(f"the source of {_name_of(outer)} could not be had: it cannot be called")
    if isinstance(call, types.WrapperDescriptorType):
        raise SourceUnavailable(f"the source of {_name_of(outer)} could not be had: it is not written in Python")
    return call.__get__(fun, type(fun)) if hasattr(call, "__get__") else call


def _name_of(fun: object) -> str:
    name = getattr(fun, "__qualname__", None)
    return repr(name) if isinstance(name, str) else f"a {type(fun).__name__!r} object"


# From a function to the text of its file


def _iter_file_texts(function: types.FunctionType) -> Iterator[Sequence[str]]:
    """The lines of the function's file: first as `linecache` remembers them, then as they are now.

    The remembered ones come first, as they are more likely to be what was compiled.
    """
    code = function.__code__
    remembered = linecache.getlines(code.co_filename, function.__globals__) or _interactive_lines(code)
    if not remembered:
        raise SourceUnavailable(f"the source of {code.co_name!r} could not be had: {_why_no_text(code.co_filename)}")
    yield remembered
    linecache.checkcache(code.co_filename)
    current = linecache.getlines(code.co_filename, function.__globals__)
    if current and current != remembered:
        yield current


def _interactive_lines(code: types.CodeType) -> Sequence[str]:
    """What was typed at Python's own prompt, which Python 3.13 and later remember by code object."""
    by_code: Callable[[types.CodeType], list[str]] | None = getattr(linecache, "_getlines_from_code", None)
    return by_code(code) if by_code is not None else []


def _why_no_text(filename: str) -> str:
    if filename == "<stdin>":
        return "it was typed at a prompt that does not keep what is typed"
    if filename.startswith("<"):
        return f"it was compiled from a string ({filename}), and no file has its text"
    return f"the file {filename} cannot be read"


# A def in the text of its file


def _find_def(code: types.CodeType, lines: Sequence[str], likely_imports: frozenset[str]) -> _Found | None:
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
        node = _parse_def("".join(block), indent)
        if node is not None:
            node.decorator_list.clear()  # they run outside of the function
            is_same = _twin(node, code, likely_imports) or _is_in_file(code, "".join(lines))
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


def _parse_def(block: str, indent: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """Parse the text of one def, indented as it stands; `None` if it is not exactly that."""
    try:
        body = _parse("if 1:\n" + block if indent else block).body
    except SyntaxError:
        return None
    if indent and len(body) == 1 and isinstance(body[0], ast.If):
        body = body[0].body
    if len(body) != 1 or not isinstance(body[0], (ast.FunctionDef, ast.AsyncFunctionDef)):
        return None
    return body[0]


def _dedent_def(node: ast.FunctionDef | ast.AsyncFunctionDef, block: Sequence[str], first: int, indent: str) -> _Found:
    if not indent:
        origins = tuple((first + number, 0) for number in range(len(block)))
        return _Found(node.name, "".join(block), first, indent, origins)
    kept = _lines_inside_strings("".join(block).lstrip())
    if ast.get_docstring(node, clean=False) is not None:
        docstring, above = node.body[0], 2  # its position counts the line `if 1:`
        kept -= set(range(docstring.lineno - above + 1, (docstring.end_lineno or 0) - above + 1))
    moved = _move_lines(block, -len(indent), kept)
    origins = tuple((first + i, len(old) - len(new)) for i, (old, new) in enumerate(zip(block, moved, strict=True)))
    return _Found(node.name, "".join(moved), first, indent, origins)


def _move_lines(lines: Sequence[str], columns: int, kept: set[int]) -> list[str]:
    """Indent lines by `columns`, or dedent them if it is negative; the ones numbered in `kept` (from 0) stay."""
    moved = []
    for number, line in enumerate(lines):
        body = line.lstrip(" \t")
        width = len(line) - len(body)
        if number in kept or not line.strip():
            moved.append(line)
        else:
            moved.append(" " * columns + line if columns > 0 else line[min(width, -columns) :])
    return moved


def _lines_inside_strings(text: str) -> set[int]:
    """Numbers (from 0) of the lines that begin inside a string, where a change of indentation changes the value."""
    if '"""' not in text and "'''" not in text and "\\\n" not in text:
        return set()
    inside: set[int] = set()
    starts: list[int] = []
    for token in _tokens(text):
        kind = tokenize.tok_name[token.type]
        if kind == "STRING":
            inside.update(range(token.start[0], token.end[0]))
        elif kind in ("FSTRING_START", "TSTRING_START"):
            starts.append(token.start[0])
        elif kind in ("FSTRING_END", "TSTRING_END"):
            inside.update(range(starts.pop(), token.end[0]))
    return inside


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    """The tokens of text that stands in parentheses, so that its line breaks and indentation mean nothing.

    Columns of the first line are one too high.
    """
    return tokenize.generate_tokens(io.StringIO(f"({text}\n)").readline)


# A lambda in the text of its file


class _Lambda(NamedTuple):
    """A lambda, and the name that it is assigned to."""

    node: ast.Lambda
    name: str


def _find_lambda(code: types.CodeType, lines: Sequence[str]) -> _Found | None:
    """The lambda on the code's line whose own code is the same; its columns decide where several are."""
    text = "".join(lines)
    try:
        tree = _parse_file(text)
    except SyntaxError:
        return None
    candidates = _iter_lambdas(tree, code.co_firstlineno)
    imports = _imports_of(text)
    matches = [(found, twin) for found in candidates if (twin := _twin(_without_defaults(found.node), code, imports))]
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


def _checked(found: _Found | None, code: types.CodeType, imports: frozenset[str]) -> _Found | None:
    """The def made of a lambda, if it compiles to the lambda's code: inside f-strings Python misplaces columns."""
    node = _parse_def(found.text, "") if found is not None else None
    if found is None or node is None:
        return None
    return found if _twin(node, code.replace(co_name=found.name), imports) else None


@functools.lru_cache(maxsize=4)
def _parse_file(text: str) -> ast.Module:
    return _parse(text)


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


def _lambda_as_def(found: _Lambda, text: str) -> _Found | None:
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
    return _Found(found.name, opening + body, first, "", (*header, *origins))


def _close_arguments(head: str, arguments: str) -> str:
    """`def name(arguments):` with a line break where a comment may stand before the parenthesis."""
    return f"{head}{arguments.strip()}" + ("\n):\n" if "\n" in arguments else "):\n")


def _return_statement(expression: str, line: int, indent: int) -> tuple[str, list[tuple[int, int]]]:
    """The return statement of a lambda's expression, in parentheses where its line breaks need them."""
    lines = expression.splitlines(keepends=True)
    moved = lines[:1] + _move_lines(lines[1:], 4 - indent, {n - 1 for n in _lines_inside_strings(expression)})
    lead, tail = ("    return (", ")\n") if not _is_one_statement(expression) else ("    return ", "\n")
    origins = [(line + number, len(old) - len(new)) for number, (old, new) in enumerate(zip(lines, moved, strict=True))]
    origins[0] = (line, -len(lead))
    return lead + "".join(moved) + tail, origins


def _is_one_statement(expression: str) -> bool:
    if "\n" not in expression:
        return True
    try:
        return not expression.startswith("#") and len(_parse(f"_ = {expression}\n").body) == 1
    except SyntaxError:
        return False


def _colon_of(segment: str) -> int | None:
    """Where in the text of a lambda the colon stands that ends its arguments."""
    if not segment.startswith("lambda"):
        return None
    brackets = lambdas = 0
    starts = [0, *(number + 1 for number, character in enumerate(segment) if character == "\n")]
    for token in _tokens(segment):
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


# Is the text found the text of the code that runs?


def _parse(text: str) -> ast.Module:
    """Parse without giving the warnings that the user saw when the file was first compiled."""
    with _compiling, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        tree: ast.Module = compile(text, "<source>", "exec", flags, dont_inherit=True)
    return tree


def _twin(statement: ast.stmt, code: types.CodeType, imports: frozenset[str]) -> types.CodeType | None:
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


def _is_in_file(code: types.CodeType, text: str) -> bool:
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


def _likely_imports(function: types.FunctionType) -> frozenset[str]:
    """The names in a function that are modules in its globals: nearly always, imported under that name."""
    names: set[str] = set()
    for code in (function.__code__, *_iter_functions(function.__code__)):
        names.update(code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return frozenset(name for name in names if isinstance(function.__globals__.get(name), types.ModuleType))


@functools.lru_cache(maxsize=4)
def _imports_of(text: str) -> frozenset[str]:
    """The names that the imports of a module bind, not counting those inside of functions and classes."""
    try:
        waiting: list[ast.AST] = [_parse_file(text)]
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
