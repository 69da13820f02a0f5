"""The text of the file that a function stands in, as lines, and lines moved to the left."""

from __future__ import annotations

import io
import linecache
import tokenize
import types
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from vectorizer.source.unwrapping import SourceUnavailable


def iter_file_texts(function: types.FunctionType) -> Iterator[Sequence[str]]:
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


def move_lines(lines: Sequence[str], columns: int, kept: set[int]) -> list[str]:
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


def lines_inside_strings(text: str) -> set[int]:
    """Numbers (from 0) of the lines that begin inside a string, where a change of indentation changes the value."""
    if '"""' not in text and "'''" not in text and "\\\n" not in text:
        return set()
    inside: set[int] = set()
    starts: list[int] = []
    for token in tokens(text):
        kind = tokenize.tok_name[token.type]
        if kind == "STRING":
            inside.update(range(token.start[0], token.end[0]))
        elif kind in ("FSTRING_START", "TSTRING_START"):
            starts.append(token.start[0])
        elif kind in ("FSTRING_END", "TSTRING_END"):
            inside.update(range(starts.pop(), token.end[0]))
    return inside


def tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    """The tokens of text that stands in parentheses, so that its line breaks and indentation mean nothing.

    Columns of the first line are one too high.
    """
    return tokenize.generate_tokens(io.StringIO(f"({text}\n)").readline)


class Found(NamedTuple):
    """A function's text and where each of its lines came from."""

    name: str
    text: str
    first_line: int
    indent: str
    origins: tuple[tuple[int, int], ...]
