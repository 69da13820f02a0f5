"""What is wrong with a file or an option: a message with a place, for the terminal."""

from __future__ import annotations

from dataclasses import dataclass

from vectorizer.errors import VectorizeError


@dataclass(frozen=True)
class Place:
    """A place in a text that the user can look up.

    where: the file's name, or the option.
    line: from 1; 0 where the text has no lines.
    column: from 0; None where the message speaks of the whole line.
    text: the line as it stands there.
    """

    where: str
    line: int = 0
    text: str = ""
    column: int | None = None
    width: int = 1

    def __str__(self) -> str:
        return f"{self.where}:{self.line}" if self.line else self.where

    def pointed(self) -> str:
        """The line with a caret below it; empty where there is nothing to point at."""
        shown = self.text.strip()
        if not shown:
            return ""
        if self.column is None:
            return f"    {shown}\n"
        before = max(self.column - (len(self.text) - len(self.text.lstrip())), 0)
        width = max(1, min(self.width, len(shown) - before))
        return f"    {shown}\n    {' ' * before}{'^' * width}\n"


class InputError(VectorizeError):
    """A file, an option or an annotation that cannot be used; `hint` says what to do instead."""

    def __init__(self, place: Place, message: str, hint: str = "") -> None:
        self.place, self.message, self.hint = place, message, hint
        super().__init__(f"{place}: {message}")

    def report(self) -> str:
        """The whole message, as it is printed."""
        tail = f"{self.hint}\n" if self.hint else ""
        return f"{self.place}: {self.message}\n{self.place.pointed()}{tail}"
