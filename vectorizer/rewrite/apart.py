"""Results that share memory with each other: a caller may write into each of them, as `np.stack` makes them apart."""

from __future__ import annotations

import ast
import builtins

VIEWS = frozenset("T mT real imag flat".split())
VIEWING = frozenset(
    """atleast_1d atleast_2d atleast_3d ascontiguousarray broadcast_to diagonal expand_dims flip fliplr flipud imag
    matrix_transpose moveaxis permute_dims ravel real reshape rollaxis rot90 squeeze swapaxes transpose view""".split()
)


def keep_apart(text: str) -> str:
    """A function's text in which each result has memory of its own; `text` itself where that is so already."""
    function = ast.parse(text).body[-1]
    returns = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    groups = [found for value in returns if value is not None and len(found := results_in(value)) > 1]
    if not groups:
        return text
    memory = Memory(function)
    edits = {id(shared): shared for group in groups for shared in memory.shared(group)}
    if not edits:
        return text
    source = text.encode()
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node in sorted(edits.values(), key=lambda n: (n.lineno, n.col_offset), reverse=True):
        first = starts[node.lineno - 1] + node.col_offset
        last = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        code = source[first:last]
        is_primary = isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.Call))
        source = source[:first] + (code if is_primary else b"(" + code + b")") + b".copy()" + source[last:]
    return source.decode()


def results_in(value: ast.expr) -> list[ast.expr]:
    """The arrays in what is returned, however deep."""
    match value:
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Dict(values=items):
            return [found for item in items for found in results_in(item)]
        case ast.Call(func=ast.Name(id="list"), args=[inner]):
            return [inner]  # the list of its rows
    return [value]


class Memory:
    """Whose memory the variables of a function may show, whatever the order of its statements."""

    def __init__(self, function: ast.AST) -> None:
        self.sources: dict[str, set[str]] = {}
        bindings = [pair for node in ast.walk(function) for pair in bound_in(node)]
        while True:
            before = sum(map(len, self.sources.values()))
            for target, value in bindings:
                found = self.of(value)
                for name in (n.id for n in ast.walk(target) if isinstance(n, ast.Name)):
                    self.sources.setdefault(name, set()).update(found)
            if before == sum(map(len, self.sources.values())):
                break

    def of(self, node: ast.expr) -> set[str]:
        """The variables whose memory an expression may show."""
        match node:
            case ast.Name(id=name):
                return {name} | self.sources.get(name, set())
            case ast.Subscript(value=inner) | ast.Starred(value=inner) | ast.NamedExpr(value=inner):
                return self.of(inner)
            case ast.Attribute(value=inner, attr=name) if name in VIEWS:
                return self.of(inner)
            case ast.IfExp(body=body, orelse=orelse):
                return self.of(body) | self.of(orelse)
            case ast.Tuple(elts=items) | ast.List(elts=items):
                return set[str]().union(*map(self.of, items))
            case ast.Call():
                return self.of_call(node)
        return set()

    def of_call(self, node: ast.Call) -> set[str]:
        found = set[str]().union(*(self.of(keyword.value) for keyword in node.keywords if keyword.arg == "out"))
        match node.func:
            case ast.Attribute(value=inner, attr=name) if name in VIEWING:
                return found.union(self.of(inner), *map(self.of, node.args[:1]))
            case ast.Name(id=name) if not hasattr(
                builtins, name
            ):  # a function of the user's may give its argument back
                return found.union(*map(self.of, node.args))
        return found

    def shared(self, results: list[ast.expr]) -> list[ast.expr]:
        """Those of some results that must be copied; whole variables stay as they are, rather than parts of them."""
        taken: set[str] = set()
        copied = []
        for result in sorted(results, key=lambda node: not isinstance(node, ast.Name)):
            found = self.of(result)
            if found & taken:
                copied.append(result)
            taken |= found
        return copied


def bound_in(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    """Targets and values of a statement."""
    match node:
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)) if len(targets) == len(values):
            return list(zip(targets, values, strict=True))
        case ast.Assign(targets=targets, value=value):
            return [(target, value) for target in targets if isinstance(target, (ast.Name, ast.Tuple, ast.List))]
        case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
            return [(target, value)]
        case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
            return [(target, value)]
    return []
