"""Blocks of statements, with the comments that stand between them."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from vectorizer.rewrite.simple import Simple
from vectorizer.source.statements import Stmt
from vectorizer.values import (
    Unsupported,
)


class Suites(Simple):
    """The walk from statement to statement.  `block` returns whether control leaves the block for good."""

    pending: tuple[str, ...] = ()  # comments that wait for the next statement
    lines: dict[int, int]  # line numbers by the id of the node
    instead: Sequence[cst.BaseStatement] = ()  # statements that take the place of the one that was walked last

    def block(self, statements: Sequence[cst.BaseStatement]) -> bool:
        waiting = [*statements]
        while waiting:
            statement = waiting.pop(0)
            start = len(self.out)
            self.line = self.line_of(statement)
            self.open_statement(statement)
            comments = self.comments(getattr(statement, "leading_lines", ()))
            self.pending += comments
            ended = self.statement(statement, waiting)
            waiting, self.instead = [*self.instead, *waiting], ()
            if len(self.out) > start and self.pending:
                self.out[start].leading = self.pending + self.out[start].leading
                self.pending = ()
            if ended:
                return True
        return False

    def jumped(self) -> bool:
        """Whether a branch may end with a jump, which has left its mark in a flag."""
        return False

    def flags_jumps(self) -> bool:
        """Whether jumps that are met here do no more than to set flags, so that control goes on behind the branch."""
        return False

    def open_statement(self, node: cst.BaseStatement) -> None:
        """What comes in front of a statement."""

    @staticmethod
    def comments(lines: Sequence[cst.EmptyLine]) -> tuple[str, ...]:
        return tuple(line.comment.value if line.comment is not None else "" for line in lines)

    def line_of(self, node: cst.CSTNode) -> int:
        return self.lines.get(id(node), self.line)

    def statement(self, node: cst.BaseStatement, rest: Sequence[cst.BaseStatement]) -> bool:
        """One statement; `rest` is what follows it in its block, for branches that end there."""
        if isinstance(node, cst.SimpleStatementLine):
            return self.simple_line(node)
        method = getattr(self, f"visit_{type(node).__name__}", None)
        if method is None:
            raise Unsupported(f"{type(node).__name__} has no rule", node)
        return bool(method(node, rest))

    def simple_line(self, node: cst.SimpleStatementLine) -> bool:
        comment = node.trailing_whitespace.comment
        start = len(self.out)
        ended = False
        for small in node.body:
            ended = self.small(small)
            if ended:
                break
        if comment is not None:
            if len(self.out) > start:
                last = next((s for s in reversed(self.out[start:]) if s.body is None), self.out[-1])
                last.trailing = last.trailing or comment.value
            else:
                self.pending += (comment.value,)
        return ended

    def small(self, node: cst.BaseSmallStatement) -> bool:
        method = getattr(self, f"small_{type(node).__name__}", None)
        if method is None:
            raise Unsupported(f"{type(node).__name__} has no rule", node)
        try:
            return bool(method(node))
        except Unsupported as error:
            error.node = error.node or node
            raise

    def nested_block(self, body: cst.BaseSuite) -> tuple[list[Stmt], bool]:
        """A block walked into a list of its own."""
        saved, self.out = self.out, []
        taken = self.taken_here()
        try:
            if isinstance(body, cst.IndentedBlock):
                ended = self.block(body.body)
            else:
                assert isinstance(body, cst.SimpleStatementSuite)
                ended = any(self.small(small) for small in body.body)  # up to the first that ends the block
            made = self.out
            if isinstance(body, cst.IndentedBlock) and made:
                made[-1].after += tuple(line for line in self.comments(body.footer) if line)
            return made, ended
        finally:
            self.out = saved
            self.forget_taken(taken)
