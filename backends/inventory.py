"""The functions that a library has, with their parameters, read from a file, so that the library need not be there.

Each line is a dotted name and its parameters; a star among them takes any.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FUNCTION = re.compile(r"^(?P<name>[\w.]+)(?:\((?P<parameters>.*)\))?$")
SPACES = ("", "linalg", "fft", "random", "lib.stride_tricks", "ndarray")
# What the methods of ufuncs are there for, where they are for some alone: CuPy raises NotImplementedError for others.
METHODS = {
    "accumulate": ("add", "multiply"),
    "at": ("add", "bitwise_and", "bitwise_or", "bitwise_xor", "maximum", "minimum", "subtract"),
    "outer": None,
    "reduce": ("add", "multiply"),
    "reduceat": ("add",),
}


@dataclass(frozen=True, eq=False)
class Inventory:
    """A file with names."""

    path: Path

    @functools.cached_property
    def names(self) -> Mapping[str, tuple[str, ...] | None]:
        """Parameters by dotted name; None for what is no function."""
        found: dict[str, tuple[str, ...] | None] = {}
        for line in self.path.read_text(encoding="utf-8").splitlines():
            match = FUNCTION.match(line)
            if match is not None:
                parameters = match["parameters"]
                found[match["name"]] = None if parameters is None else tuple(parameters.split())
        return found

    def has(self, name: str) -> bool:
        return name in self.names

    def takes(self, name: str, keywords: Iterable[str], positional: int = 0) -> str | None:
        """What of a call a function does not take; None where it takes all."""
        parameters = self.names[name]
        if parameters is None or "*" in parameters:
            return None
        missing = [keyword for keyword in keywords if keyword not in parameters]
        if missing:
            return f"{name} with {missing[0]}="
        return f"{name} with {positional} arguments" if positional > len(parameters) else None


def list_names(library: Any, extra: Mapping[str, Any]) -> list[str]:
    """The lines of a file for a library that is at hand.

    extra: further modules, by the name under which they are listed.
    """
    spaces = {space: functools.reduce(getattr, filter(None, space.split(".")), library) for space in SPACES}
    lines = [line for space, owner in {**spaces, **extra}.items() for line in _list_space(space, owner, library)]
    return sorted(lines)


def _list_space(space: str, owner: Any, library: Any) -> Iterator[str]:
    for name in dir(owner):
        found = getattr(owner, name, None)
        if name.startswith("_") or inspect.ismodule(found):
            continue
        dotted = f"{space}.{name}" if space else name
        yield dotted + _parameters(found)
        if not space and isinstance(found, library.ufunc):
            for method, only in METHODS.items():
                if only is None or name in only:
                    yield f"{dotted}.{method}{_parameters(getattr(found, method))}"


def _parameters(found: Any) -> str:
    if not callable(found) or isinstance(found, type):
        return ""
    try:
        names = [
            "*" if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) else name
            for name, p in inspect.signature(found).parameters.items()
            if name != "self"
        ]
    except (TypeError, ValueError):
        names = _documented(found)
    return f"({' '.join(dict.fromkeys(names))})"


def _documented(found: Any) -> list[str]:
    """Parameters as the first line of a docstring has them; any, where it does not say."""
    first = (getattr(found, "__doc__", None) or "").strip().partition("\n")[0]
    match = re.match(r"^[\w.]+\((?P<inside>.*)\)", first)
    if match is None:
        return ["*"]
    parts = [part.strip() for part in match["inside"].replace("\\", "").split(",")]
    takes_any = ["*"] if any(part.startswith("*") and len(part) > 1 for part in parts) else []
    plain = [part.partition("=")[0].split()[-1] for part in parts if part and not part.startswith(("*", "/"))]
    return [name for name in plain if name != "self"] + takes_any
