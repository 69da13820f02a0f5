"""The difference between two texts as a patch that `git apply` takes."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

CONTEXT = 3  # unchanged lines shown around a change, as git does
ESCAPES = {"\t": "\\t", "\n": "\\n", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def unified(before: str, after: str, filename: str, first_line: int = 1) -> str:
    """Return the unified diff from `before` to `after`, or an empty string if they are equal.

    `first_line` is the line of the file on which both texts begin: a function's diff then has the file's line numbers.
    """
    if before == after:
        return ""
    old, new = _split_lines(before), _split_lines(after)
    skipped, old, new = _drop_equal_ends(old, new)
    path = posixpath.normpath(filename).lstrip("/")
    header = f"--- {_quote('a/' + path)}\n+++ {_quote('b/' + path)}\n"
    return header + "".join(_iter_hunks(old, new, first_line - 1 + skipped))


def _split_lines(text: str) -> list[str]:
    """Split at newlines alone, as git does: `str.splitlines` also splits at form feeds and others."""
    lines = text.split("\n")
    last = lines.pop()
    return [line + "\n" for line in lines] + ([last] if last else [])


def _drop_equal_ends(old: list[str], new: list[str]) -> tuple[int, list[str], list[str]]:
    """Leave only what is needed for the hunks, as comparing takes the square of the length."""
    shorter = min(len(old), len(new))
    head = next((number for number in range(shorter) if old[number] != new[number]), shorter)
    tail = next((number for number in range(shorter - head) if old[-1 - number] != new[-1 - number]), shorter - head)
    start, cut = max(head - CONTEXT, 0), max(tail - CONTEXT, 0)
    return start, old[start : len(old) - cut], new[start : len(new) - cut]


def _iter_hunks(old: Sequence[str], new: Sequence[str], skipped: int) -> Iterator[str]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for group in matcher.get_grouped_opcodes(CONTEXT):
        (_, old_start, _, new_start, _), (_, _, old_end, _, new_end) = group[0], group[-1]
        yield f"@@ -{_range(old_start, old_end, skipped)} +{_range(new_start, new_end, skipped)} @@\n"
        for tag, i, j, k, m in group:
            if tag == "equal":
                yield from (_mark(" ", line) for line in old[i:j])
            else:
                yield from (_mark("-", line) for line in old[i:j])
                yield from (_mark("+", line) for line in new[k:m])


def _range(start: int, end: int, skipped: int) -> str:
    """A hunk's range of lines: an empty one is named by the line before it, and a length of 1 is left out."""
    length = end - start
    first = start + skipped + (length > 0)
    return f"{first}" if length == 1 else f"{first},{length}"


def _mark(sign: str, line: str) -> str:
    return sign + line if line.endswith("\n") else f"{sign}{line}\n\\ No newline at end of file\n"


def _quote(path: str) -> str:
    """Write a path as git does: in C's quotes if it has unusual characters, with a tab behind it if it has spaces."""
    if any(character in ESCAPES or character < " " for character in path):
        escaped = (ESCAPES.get(c) or (c if c >= " " else f"\\{ord(c):03o}") for c in path)
        return '"' + "".join(escaped) + '"'
    return path + "\t" if " " in path else path
