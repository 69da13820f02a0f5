"""Names that the rewriter made up, with the smallest numbers that tell them apart."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Callable, Collection

from vectorizer.rewrite.dead_code import walk
from vectorizer.source.statement_syntax import syntax
from vectorizer.source.statements import Stmt

NUMBERED = re.compile(r"(.*[A-Za-z_])_(\d+)$")
WORD = re.compile(r"[A-Za-z_]\w*")


def renumber(statements: list[Stmt], theirs: Collection[str], is_taken: Callable[[str], bool]) -> None:
    """``x_5`` becomes ``x`` or ``x_2``, where these occur nowhere (any more).

    theirs: names of the user's function, which stay as they are.
    is_taken: whether a name stands for something outside of the function.
    """
    every = walk(statements)
    words = {word for statement in every for word in WORD.findall(statement.text)} | set(theirs_kept(theirs, every))
    bound = set[str]().union(*(syntax(statement).stores for statement in every))
    quoted = {w for s in every if '"' in s.text or "'" in s.text for w in WORD.findall(s.text)}
    new: dict[str, str] = {}
    for name in sorted(bound - set(theirs) - quoted, key=number_of):
        match = NUMBERED.match(name)
        if match is None:
            continue
        for number in range(1, int(match[2])):
            shorter = match[1] if number == 1 else f"{match[1]}_{number}"
            if shorter not in words and not is_builtin(shorter) and not is_taken(shorter):
                new[name] = shorter
                words.add(shorter)
                words.discard(name)
                break
    if any("_" in syntax(statement).loads for statement in every) and "_" in theirs:
        new["_"] = next(n for n in ("step", *(f"step_{k}" for k in range(2, 99))) if n not in words and not is_taken(n))
    if new:
        rename(every, new)


def is_builtin(name: str) -> bool:
    return hasattr(builtins, name) or keyword.iskeyword(name)


def number_of(name: str) -> tuple[str, int]:
    match = NUMBERED.match(name)
    return (match[1], int(match[2])) if match is not None else (name, 0)


def theirs_kept(theirs: Collection[str], every: list[Stmt]) -> set[str]:
    """Names of the user's that are still there in another way: in the comments."""
    comments = " ".join(c for s in every for c in (*s.leading, s.trailing, *s.after))
    return set(WORD.findall(comments)) & set(theirs)


def rename(every: list[Stmt], new: dict[str, str]) -> None:
    pattern = re.compile(rf"(?<![\w.])({'|'.join(map(re.escape, sorted(new, key=len, reverse=True)))})(?!\w)(?!=[^=])")
    for statement in every:
        statement.text = pattern.sub(lambda found: new[found[1]], statement.text)
        statement.target = new.get(statement.target or "", statement.target)
        statement.generated = new.get(statement.generated or "", statement.generated)
