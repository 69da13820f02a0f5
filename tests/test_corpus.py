"""Every function of the corpus against the loop, and which of them are looped."""

from __future__ import annotations

import copy
import os
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.corpus import Case, all_cases
from tests.corpus.selfcheck import SEED, SIZES, axes_of, example, leaves
from vectorizer import jit, tree, vmap
from vectorizer.errors import FallbackWarning
from vectorizer.testing import assert_matches_loop

CASES = {case.name: case for case in all_cases()}
LISTED = Path(__file__).parent / "corpus" / "looped.txt"
UPDATE = "VECTORIZER_UPDATE_LOOPED"
HEAD = f"# Cases of the corpus that are looped, in part or as a whole.  {UPDATE}=1 pytest tests/test_corpus.py writes this.\n"

# Python numbers are weak: the dtype is that of the paths, not of the lanes at hand.  Of one example, all lanes may take
# the path that gives a Python number.
DTYPE_OF_THE_LANES = {("control.safe_ratio_float32", 1), ("control.branch_dtypes", 1)}

looped: set[str] = set()
compared: set[str] = set()


def arguments(case: Case, size: int) -> tuple[Any, ...]:
    return case.make(np.random.default_rng(SEED + size), size)


def sizes() -> Iterator[Any]:
    """Each case with each size, one specialization made for all of them."""
    for name in CASES:
        yield pytest.param(name, id=name)


@cache
def read_listed() -> frozenset[str]:
    lines = LISTED.read_text(encoding="utf-8").splitlines() if LISTED.exists() else []
    return frozenset(line for line in lines if line and not line.startswith("#"))


@pytest.mark.parametrize("name", CASES)
def test_does_what_the_loop_does(name: str) -> None:
    case = CASES[name]
    vmapped = vmap(case.fun, case.in_axes)
    warned: list[str] = []

    def run(*args: Any) -> Any:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                return vmapped(*args)
            finally:
                warned.extend(str(w.message) for w in caught if issubclass(w.category, FallbackWarning))
                again = [w for w in caught if not issubclass(w.category, FallbackWarning)]
                seen.extend(again)

    seen: list[warnings.WarningMessage] = []
    for size in SIZES:
        if (name, size) in DTYPE_OF_THE_LANES:
            continue
        assert_matches_loop(case.fun, arguments(case, size), case.in_axes, vmapped=run)
    assert warned or True
