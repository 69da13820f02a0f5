"""Functions written for one example, with inputs for a batch: what the rewriter has to get right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import numpy as np

MODULES = ("basics", "control", "loops", "textbook", "traps")


@dataclass(frozen=True)
class Case:
    """One per-example function. Tags: `raises` (some example raises), `warns` (some example warns)."""

    name: str
    fun: Callable
    make: Callable[[np.random.Generator, int], tuple]  # (rng, batch size) -> args
    in_axes: object = 0  # int or tuple; an axis given for a dict, list or tuple holds for all its leaves
    native: bool = True  # False: a fallback is acceptable
    tags: tuple[str, ...] = ()


def all_cases() -> list[Case]:
    """Every case of every module, in the order in which they are written."""
    found = [case for module in MODULES for case in import_module(f"{__name__}.{module}").case.cases]
    names = [case.name for case in found]
    assert len(names) == len(set(names)), sorted(name for name in set(names) if names.count(name) > 1)
    return found
