"""What the user is told of calls that are looped, or that run elsewhere: warnings at the line that called."""

from __future__ import annotations

import os
import sys
import warnings
from typing import TYPE_CHECKING, Any

from vectorizer import placing
from vectorizer.backends import Backend
from vectorizer.errors import FallbackWarning, VectorizeError
from vectorizer.source.frontend import FunctionSource
from vectorizer.values import Unsupported

if TYPE_CHECKING:
    from vectorizer.cache import State

PACKAGE = os.path.dirname(__file__) + os.sep


def report(
    state: State, source: FunctionSource | None, line: int, reason: str, what: str, on_host: str | None = None
) -> None:
    """Warn that something is looped, or that it runs `on_host` instead of a backend; an error under `strict=True`."""
    verb = "is looped over the examples" if state.layers else "runs as it is"
    verb = verb if on_host is None else f"runs on the host, not on {on_host}"
    message = f"{place_of(source, line)}{state.name}: {what} {verb}: {reason}"
    if state.options["strict"]:
        raise VectorizeError(message)
    warn(message)


def host_of(backend: Backend) -> str | None:
    """What `report` says of a call that does not run on a backend; None for NumPy."""
    return None if placing.is_numpy(backend) else backend.name


def place_of(source: FunctionSource | None, line: int) -> str:
    """`file:line: ` of a line of a function's text; of its first line where `line` is 0."""
    if source is None:
        return ""
    return f"{source.filename}:{source.position(line)[0] if line else source.first_line}: "


def warn(message: str) -> None:
    """A `FallbackWarning` at the line of the user's that called into the package."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, FallbackWarning, stacklevel=level)


def line_of(error: Unsupported, source: FunctionSource | None) -> int:
    """The line of a function's text on which stands what has no rule; 0 where that is not known."""
    if source is None or error.node is None:
        return 0
    from vectorizer.source.lines import number_lines

    lines = number_lines(source.node)
    waiting: list[tuple[Any, int]] = [(source.node, 0)]
    while waiting:
        node, line = waiting.pop()
        line = lines.get(id(node), line)
        if node is error.node:
            return line
        waiting += [(child, line) for child in node.children]
    return 0
