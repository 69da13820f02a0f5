"""Line numbers of statements, without libcst's position metadata, which costs more than the whole rewrite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import libcst as cst


def number_lines(node: cst.FunctionDef) -> dict[int, int]:
    """The line of each statement in the function's text, by the id of its node; the first line of the text is 1."""
    found: dict[int, int] = {}
    module = cst.Module([])

    def height(part: Any) -> int:
        return module.code_for_node(part).count("\n")

    def block(body: cst.BaseSuite, end: int) -> int:
        """Numbers the statements of a block that ends before line `end`, from the last to the first."""
        if not isinstance(body, cst.IndentedBlock):
            return end - height(body)
        return statements(body.body, end - len(body.footer))

    def statements(parts: Sequence[Any], end: int) -> int:
        for part in reversed(parts):
            end = statement(part, end)
        return end

    def statement(part: Any, end: int) -> int:
        start = end - height(part)
        found[id(part)] = start + len(getattr(part, "leading_lines", ()))
        tail = end
        orelse = getattr(part, "orelse", None)
        if orelse is not None:
            if isinstance(orelse, cst.If):
                tail = statement(orelse, tail)
            else:
                block(orelse.body, tail)
                tail -= height(orelse)
        if isinstance(getattr(part, "body", None), cst.IndentedBlock):
            block(part.body, tail)
        return start

    total = height(node) + 1
    block(node.body, total)
    return found
