"""A function of numbers in fewer forms of Python: `match` as `if`, `lambda` as `def`, and inner functions apart."""

from __future__ import annotations

import ast

from vectorizer.kernels.numbers import NoKernel


def plain_function(node: ast.FunctionDef) -> tuple[ast.FunctionDef, dict[str, ast.FunctionDef]]:
    """A function without its inner functions, which are given by name.

    They see the variables of the function at each call, as closures do.

    Raises:
        NoKernel: the name of an inner function stands for something else too.
    """
    inner: dict[str, ast.FunctionDef] = {}
    body: list[ast.stmt] = []
    for statement in node.body[ast.get_docstring(node) is not None :]:
        found = as_function(statement)
        if found is None:
            body.append(statement)
            continue
        if found.name in inner or found.decorator_list:
            raise NoKernel(f"{found.name} is defined twice, or decorated")
        inner[found.name] = found
    made = ast.FunctionDef(node.name, node.args, body, [], node.returns)
    rewritten = ast.fix_missing_locations(ast.copy_location(Matches().visit(made), node))
    stored = {n.id for n in ast.walk(made) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    if inner.keys() & stored:
        raise NoKernel("an inner function whose name is that of a variable")
    return rewritten, inner


def as_function(statement: ast.stmt) -> ast.FunctionDef | None:
    """An inner function, which may be a named lambda."""
    match statement:
        case ast.FunctionDef():
            return statement
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda(args=args, body=value)):
            returned = ast.copy_location(ast.Return(value), statement)
            return ast.copy_location(ast.FunctionDef(name, args, [returned], []), statement)
    return None


def free_names(node: ast.FunctionDef) -> list[str]:
    """The names that a function reads and does not set, in their order."""
    own = {arg.arg for arg in ast.walk(node.args) if isinstance(arg, ast.arg)}
    names = [part for statement in node.body for part in ast.walk(statement) if isinstance(part, ast.Name)]
    own |= {name.id for name in names if isinstance(name.ctx, ast.Store)}
    return list(dict.fromkeys(name.id for name in names if name.id not in own))


class Matches(ast.NodeTransformer):
    """`match` on numbers."""

    def __init__(self) -> None:
        self.count = 0

    def visit_Match(self, node: ast.Match) -> list[ast.stmt]:
        self.generic_visit(node)
        before: list[ast.stmt] = []
        subject = node.subject
        if not isinstance(subject, (ast.Name, ast.Constant)):
            self.count += 1
            name = "subject" if self.count == 1 else f"subject_{self.count}"
            before.append(ast.copy_location(ast.Assign([ast.Name(name, ast.Store())], subject), node))
            subject = ast.Name(name, ast.Load())
        chain: list[ast.stmt] = []
        for case in reversed(node.cases):
            tests = [self.test(subject, case.pattern), case.guard]
            needed = [test for test in tests if test is not None]
            if not needed:
                chain = case.body
                continue
            test = needed[0] if len(needed) == 1 else ast.BoolOp(ast.And(), needed)
            chain = [ast.copy_location(ast.If(test, case.body, chain), case.body[0])]
        return [*before, *(ast.fix_missing_locations(ast.copy_location(part, part)) for part in chain)]

    def test(self, subject: ast.expr, pattern: ast.pattern) -> ast.expr | None:
        """Whether a number fits a pattern; None where any does."""
        match pattern:
            case ast.MatchValue(value=value):
                return ast.Compare(subject, [ast.Eq()], [value])
            case ast.MatchOr(patterns=patterns):
                tests = [self.test(subject, inner) for inner in patterns]
                return None if None in tests else ast.BoolOp(ast.Or(), [test for test in tests if test is not None])
            case ast.MatchAs(pattern=None, name=None):
                return None
        raise NoKernel("a pattern that is no number")
