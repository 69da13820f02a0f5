"""From a Python callable to the source text of the function behind it.

What is found is checked: the text is compiled again and compared with the code that runs, so that a file which was
edited after its import gives an error and not a rewrite of something else.  Nothing here imports libcst before `node`
is asked for.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vectorizer.source.code import likely_imports
from vectorizer.source.defs import find_def
from vectorizer.source.lambdas import find_lambda
from vectorizer.source.texts import iter_file_texts
from vectorizer.source.unwrapping import SourceUnavailable, unwrap

if TYPE_CHECKING:
    import libcst as cst

__all__ = ["FunctionSource", "SourceUnavailable", "find_source", "unwrap"]


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


def find_source(fun: Callable[..., Any]) -> FunctionSource:
    """Return the source of the Python function that a call of `fun` runs, or raise `SourceUnavailable`."""
    function, bound, keywords = unwrap(fun)
    code = function.__code__
    is_lambda = code.co_name == "<lambda>"
    for lines in iter_file_texts(function):
        found = find_lambda(code, lines) if is_lambda else find_def(code, lines, likely_imports(function))
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
