"""Lines that are too long, broken as `ruff format` breaks them: at brackets first, then at operators."""

from __future__ import annotations

import ast
import itertools
import textwrap
from collections.abc import Iterator, Sequence

from vectorizer.source.statement_syntax import kind_of, segment, span, syntax_of
from vectorizer.source.statements import INDENT

WIDTH = 120
BRACKETS = (ast.Call, ast.Subscript, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp, ast.SetComp, ast.DictComp)


def fit(text: str, width: int = WIDTH) -> str:
    """Source text with its long lines broken; a line stays as it is where no place is found for a break.

    Lines inside of strings and of statements that are several lines already are not touched.
    """
    lines = text.split("\n")
    if all(len(line) <= width for line in lines):
        return text
    alone = _lines_of_one_statement(text)
    return "\n".join(
        part
        for number, line in enumerate(lines, 1)
        for part in (_broken(line, width) if len(line) > width and number in alone else [line])
    )


def _lines_of_one_statement(text: str) -> set[int]:
    """Numbers of the lines that are one whole statement, or the head of a block."""
    found: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if body else node.end_lineno
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) or last == node.lineno:
                found.add(node.lineno)
    return found


def _broken(line: str, width: int) -> list[str]:
    """One line as several."""
    bare = line.lstrip()
    indent = line[: len(line) - len(bare)]
    code, comment = _split_comment(bare)
    is_head = code.endswith(":")
    prefix = "el" if code.startswith("elif ") else ""
    node = syntax_of(code, is_head).node
    place = _last_expression(node) if kind_of(code) != "def" or not is_head else None
    if place is None:
        return [line]
    text = code.removeprefix(prefix)
    start, end = span(text, place)
    breaker = Breaker(text, width)
    made = breaker.expression(indent, prefix + text[:start], place, text[end:] + comment, is_whole=True)
    return made if len(made) > 1 and _says_the_same(made, line, is_head) else [line]


def _says_the_same(made: Sequence[str], line: str, is_head: bool) -> bool:
    """Whether the lines are the same statement: a bracket too few would be another program."""
    try:
        first, second = (ast.parse(_runnable(text, is_head)) for text in ("\n".join(made), line))
    except SyntaxError:
        return False
    return ast.dump(first) == ast.dump(second)


def _runnable(text: str, is_head: bool) -> str:
    """A statement by itself, the head of a block with a body."""
    code = textwrap.dedent(text)
    code = code.removeprefix("el") if code.startswith("elif ") else code
    return f"{code}\n    pass" if is_head else code


def _split_comment(text: str) -> tuple[str, str]:
    """A line's code, and the comment behind it with the spaces between."""
    for place, character in enumerate(text):
        if character == "#":
            code = text[:place].rstrip()
            if syntax_of(code, code.endswith(":")).kind != "?":
                return code, text[len(code) :]
    return text, ""


def _last_expression(node: ast.stmt | None) -> ast.expr | None:
    """The expression of a statement that is broken if the statement is too long."""
    match node:
        case ast.Assign(value=value) | ast.AugAssign(value=value) | ast.Expr(value=value):
            return value
        case ast.Return(value=value) if value is not None:
            return value
        case ast.If(test=test) | ast.While(test=test):
            return test
        case ast.For(iter=iterated):
            return iterated
        case ast.Assert(test=test, msg=None):
            return test
        case ast.Raise(exc=raised) if raised is not None:
            return raised
    return None


class Breaker:
    """Breaks the expressions of one statement."""

    def __init__(self, text: str, width: int) -> None:
        self.text, self.width = text, width

    def expression(self, indent: str, before: str, node: ast.expr, after: str, is_whole: bool = False) -> list[str]:
        """The lines of an expression between what stands before and behind it; `is_whole`: it may get parentheses."""
        code = segment(self.text, node)
        if len(indent) + len(before) + len(code) + len(after) <= self.width:
            return [indent + before + code + after]
        if isinstance(node, ast.Tuple) and not _is_bracketed(code):
            return self.items(indent, before + "(", list(node.elts), ")" + after, "")
        if isinstance(node, BRACKETS):
            return self.bracket(indent, before, node, after)
        parts = self.operands(node)
        if len(parts) < 2:
            return [indent + before + code + after]
        inner = indent + INDENT if is_whole else indent
        lines = [indent + before + "("] if is_whole else []
        ends = is_whole and len(parts) == 2 and not isinstance(node, ast.Compare)
        if ends and (made := self.at_the_end(indent, before, node, after)):
            return made
        if is_whole and len(inner) + len(code) <= self.width:
            return [*lines, inner + code, indent + ")" + after]
        for k, (operator, part) in enumerate(parts):
            first = "" if is_whole or k else before
            last = after if not is_whole and k == len(parts) - 1 else ""
            lines += self.operand(inner, first + operator, part, last)
        return [*lines, indent + ")" + after] if is_whole else lines

    def at_the_end(self, indent: str, before: str, node: ast.expr, after: str) -> list[str]:
        """An operation with one operator, opened at the bracket that it ends with; empty where that does not fit."""
        last = node
        while (rest := self.last_operand(last)) is not None and (last is node or not self.parentheses(last)[0]):
            last = rest
        head = before + self.text[span(self.text, node)[0] : span(self.text, last)[0]]
        if self.parentheses(last)[0]:
            inner = indent + INDENT
            body = self.expression(inner, "", last, "")
            made = [indent + head, *body, indent + ")" + after]
        elif isinstance(last, BRACKETS):
            made = self.bracket(indent, head, last, after)
        else:
            return []
        return made if len(made) > 1 and all(len(line) <= self.width for line in made) else []

    @staticmethod
    def last_operand(node: ast.expr) -> ast.expr | None:
        match node:
            case ast.BinOp(right=last) | ast.IfExp(orelse=last) | ast.UnaryOp(operand=last):
                return last
            case ast.BoolOp(values=[*_, last]) | ast.Compare(comparators=[*_, last]):
                return last
        return None

    def operand(self, indent: str, before: str, part: ast.expr, after: str) -> list[str]:
        """An operand of a broken operation; one that stands in parentheses keeps them."""
        opened, closed = self.parentheses(part)
        if not opened:
            return self.expression(indent, before, part, after)
        code = segment(self.text, part)
        if len(indent) + len(before) + len(code) + len(opened + closed) + len(after) <= self.width:
            return [indent + before + opened + code + closed + after]
        return [indent + before + "(", *self.expression(indent + INDENT, "", part, ""), indent + ")" + after]

    def parentheses(self, node: ast.expr) -> tuple[str, str]:
        """The parentheses around an expression, outside of its own text."""
        start, end = span(self.text, node)
        left, right = self.text[:start].rstrip(), self.text[end:].lstrip()
        return ("(", ")") if left.endswith("(") and right.startswith(")") and not _is_call(left) else ("", "")

    def bracket(self, indent: str, before: str, node: ast.expr, after: str) -> list[str]:
        """An expression that ends with a bracket, opened."""
        code = segment(self.text, node)
        match node:
            case ast.Call(func=head, args=args, keywords=keywords):
                items: Sequence[ast.AST] = [*args, *keywords]
                opened, closed = segment(self.text, head) + "(", ")"
                if len(args) == 1 and isinstance(args[0], ast.GeneratorExp):
                    return [indent + before + code + after]
                if len(indent + before + opened) > self.width and isinstance(head, ast.Attribute):
                    rest = self.text[span(self.text, head.value)[1] : span(self.text, node)[1]]
                    return self.expression(indent, before, head.value, rest + after)
            case ast.Subscript(value=head, slice=index):
                items = list(index.elts) if isinstance(index, ast.Tuple) else [index]
                opened, closed = segment(self.text, head) + "[", "]"
                if not isinstance(index, ast.Tuple) or len(indent + before + opened) > self.width:
                    return [indent + before + code + after]
            case ast.ListComp() | ast.SetComp() | ast.DictComp():
                return self.comprehension(indent, before, node, after)
            case ast.Dict():
                return [indent + before + code + after]
            case ast.List(elts=elts) | ast.Tuple(elts=elts) | ast.Set(elts=elts):
                items = list(elts)
                opened, closed = code[0], code[-1]
            case _:
                return [indent + before + code + after]
        if not items:
            return [indent + before + code + after]
        return self.items(indent, before + opened, items, closed + after, "," if isinstance(node, ast.Tuple) else "")

    def items(self, indent: str, head: str, items: Sequence[ast.AST], tail: str, comma: str) -> list[str]:
        """Items inside of brackets: all on one line of their own, or else each on its own."""
        inner = indent + INDENT
        codes = [self.item_code(item) for item in items]
        joined = inner + ", ".join(codes)
        bare_tuple = head.endswith("(") and tail.startswith(")") and isinstance(items[0], ast.expr) and not comma
        if len(joined) <= self.width and not (bare_tuple and self.is_bare(head)):
            return [indent + head, joined, indent + tail]
        lines = [indent + head]
        for item in items:
            lines += self.item(inner, item)
        return [*lines, indent + tail]

    def is_bare(self, head: str) -> bool:
        """Whether an open bracket is one that a tuple without brackets has got."""
        return head.rstrip("(").endswith(("= ", "return ", "in "))

    def item(self, indent: str, item: ast.AST) -> list[str]:
        match item:
            case ast.keyword(arg=name, value=value):
                return self.expression(indent, f"{name}=" if name else "**", value, ",")
            case ast.Starred(value=value):
                return self.expression(indent, "*", value, ",")
        assert isinstance(item, ast.expr)
        return self.expression(indent, "", item, ",")

    def item_code(self, item: ast.AST) -> str:
        if isinstance(item, ast.keyword):
            return (f"{item.arg}=" if item.arg else "**") + segment(self.text, item.value)
        assert isinstance(item, ast.expr)
        return segment(self.text, item)

    def comprehension(self, indent: str, before: str, node: ast.expr, after: str) -> list[str]:
        """What is computed, then each `for` and `if`, on lines of their own."""
        code = segment(self.text, node)
        start, _ = span(self.text, node)
        cuts = sorted(self.clauses(node))
        inner = code[1:-1]
        places = [0, *(cut - start - 1 for cut in cuts), len(inner)]
        parts = [inner[a:b].strip() for a, b in itertools.pairwise(places)]
        if any(len(indent + INDENT + part) > self.width for part in parts):
            return [indent + before + code + after]
        return [indent + before + code[0], *(indent + INDENT + part for part in parts), indent + code[-1] + after]

    def clauses(self, node: ast.expr) -> Iterator[int]:
        """Where each `for` and `if` of a comprehension begins."""
        for clause in node.generators:  # type: ignore[attr-defined]
            start, _ = span(self.text, clause.target)
            yield self.text.rindex("for", 0, start)
            for test in clause.ifs:
                place, _ = span(self.text, test)
                yield self.text.rindex("if", 0, place)

    def operands(self, node: ast.expr) -> list[tuple[str, ast.expr]]:
        """The operands of the loosest operators of an expression, each with the operator before it."""
        flat = self.flattened(node)
        found = []
        for k, part in enumerate(flat):
            operator = ""
            if k:
                _, end = self.outer_span(flat[k - 1])
                start, _ = self.outer_span(part)
                operator = self.text[end:start].strip() + " "
            found.append((operator, part))
        return found

    def outer_span(self, node: ast.expr) -> tuple[int, int]:
        """Where an operand stands, its own parentheses included."""
        start, end = span(self.text, node)
        while self.parenthesized(start, end):
            left, right = self.text[:start].rstrip(), self.text[end:]
            start, end = len(left) - 1, end + len(right) - len(right.lstrip()) + 1
        return start, end

    def parenthesized(self, start: int, end: int) -> bool:
        left, right = self.text[:start].rstrip(), self.text[end:].lstrip()
        return left.endswith("(") and right.startswith(")") and not _is_call(left)

    def flattened(self, node: ast.expr) -> list[ast.expr]:
        match node:
            case ast.BoolOp(values=values):
                return values
            case ast.BinOp(left=left, op=op, right=right):
                same = {ast.Add, ast.Sub} if isinstance(op, (ast.Add, ast.Sub)) else {type(op)}
                if isinstance(op, (ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.MatMult)):
                    same = {ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.MatMult}
                is_chain = isinstance(left, ast.BinOp) and type(left.op) in same
                start, end = span(self.text, left)
                inner = self.flattened(left) if is_chain and not self.parenthesized(start, end) else [left]
                return [*inner, right]
            case ast.Compare(left=left, comparators=[right]):
                return [left, right]
            case ast.IfExp(body=body, test=test, orelse=orelse):
                return [body, test, orelse]
        return [node]


def _is_bracketed(code: str) -> bool:
    """Whether the text of a tuple has brackets of its own."""
    if not code.startswith("("):
        return False
    depth = 0
    for place, character in enumerate(code):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0:
            return place == len(code) - 1
    return False


def _is_call(left: str) -> bool:
    """Whether an open parenthesis is that of a call."""
    before = left[:-1]
    word = before.split(" ")[-1].split("(")[-1]
    is_end = bool(before) and (before[-1].isalnum() or before[-1] in "_)]")
    return is_end and word not in ("in", "not", "and", "or", "if")
