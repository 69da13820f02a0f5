"""Origins: the sites and arguments whose memory an array may share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Earlier:
    """Memory that a site inside of a loop has made in an earlier iteration: apart from what it makes in this one."""

    site: object


def sites(origins: Iterable[object]) -> frozenset[object]:
    """Origins without regard to the iteration that made them."""
    return frozenset(_site(origin) for origin in origins)


def _site(origin: object) -> object:
    if isinstance(origin, Earlier):
        return origin.site
    return ("copy", _site(origin[1])) if isinstance(origin, tuple) and origin[0] == "copy" else origin


def is_copy(origin: object) -> bool:
    """Whether an origin stands for memory that was copied for the batch, where one example has a view."""
    return isinstance(origin, tuple) and origin[0] == "copy"


def copies(origins: frozenset[object]) -> frozenset[object]:
    """Origins of an array that holds copies of what one example's array shares memory with."""
    return frozenset(o if is_copy(o) else ("copy", o) for o in origins)
