"""Emitted statements: text with the comments that stand before and behind it."""

from __future__ import annotations

from dataclasses import dataclass, field

INDENT = "    "


@dataclass
class Stmt:
    """One line, or the head of a block with its body.

    leading: comment and blank lines that stand before it.
    generated: a name that the rewriter made up and assigns here, which may be folded into its only use.
    whole: the variable all of whose array this statement sets, in the array's own dtype and shape.
    fits: what it assigns has the dtype and the shape of the array that is there, whose memory may be used again.
    safe: it cannot fail, and does nothing but move values of the examples that a loop still runs for.
    after: comment lines at the end of the block that this statement closes.
    line: the line of the user's function that it came from (1 is the first line of its text).
    """

    text: str
    leading: tuple[str, ...] = ()
    trailing: str = ""
    body: list[Stmt] | None = None
    generated: str | None = None
    line: int = 0
    pure: bool = False
    target: str | None = None
    whole: str | None = None
    after: tuple[str, ...] = ()
    fits: bool = False
    safe: bool = False

    def render(self, depth: int = 0) -> list[str]:
        pad = INDENT * depth
        lines = [pad + comment if comment else "" for comment in self.leading]
        parts = self.text.split("\n")
        lines += [pad + parts[0], *parts[1:]]
        if self.trailing:
            lines[-1] += "  " + self.trailing
        if self.body is not None:
            for statement in self.body or [Stmt("pass")]:
                lines += statement.render(depth + 1)
        return lines + [pad + comment for comment in self.after]


@dataclass
class Change:
    """Why a line of the emitted source differs from the user's; `code` is the expression that it speaks of."""

    line: int
    rule: str
    reason: str
    code: str = ""


@dataclass
class Emitted:
    """The outcome of one rewrite.

    functions: source of each emitted function, helpers first.
    imports: import lines that the source needs.
    """

    source: str
    imports: tuple[str, ...] = ()
    changes: list[Change] = field(default_factory=list)
