"""Every function of the corpus against the loop, and which of them are looped."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.corpus import Case, all_cases
from tests.corpus.selfcheck import SEED, SIZES, axes_of, example
from vectorizer import jit, tree, vmap
from vectorizer.errors import FallbackWarning
from vectorizer.testing import assert_matches_loop

CASES = {case.name: case for case in all_cases()}
LISTED = Path(__file__).parent / "corpus" / "looped.txt"
UPDATE = "VECTORIZER_UPDATE_LOOPED"
HEAD = f"# The cases that are looped, in part or as a whole; {UPDATE}=1 pytest tests/test_corpus.py writes them.\n"

# Python numbers are weak: the dtype is that of the paths, not of the lanes at hand.  A single example may take the path
# that gives a Python number.
DTYPE_OF_THE_LANES = {("control.safe_ratio_float32", 1), ("control.branch_dtypes", 1), ("traps.match_on_ints", 1)}


def read_listed() -> frozenset[str]:
    lines = LISTED.read_text(encoding="utf-8").splitlines() if LISTED.exists() else []
    return frozenset(line for line in lines if line and not line.startswith("#"))


@pytest.fixture(scope="module")
def looped() -> Iterator[set[str]]:
    """The names of the cases that were looped; they are written when the update is asked for."""
    found: set[str] = set()
    yield found
    if os.environ.get(UPDATE):
        LISTED.write_text(HEAD + "".join(f"{name}\n" for name in CASES if name in found), encoding="utf-8")


def watch(function: Callable[..., Any], fallbacks: list[str]) -> Callable[..., Any]:
    """The same function, which also notes the fallbacks that it reports."""

    def watched(*args: Any) -> Any:
        given: list[warnings.WarningMessage] = []
        try:
            with warnings.catch_warnings(record=True) as given:
                warnings.simplefilter("always")
                return function(*args)
        finally:
            fallbacks.extend(str(item.message) for item in given if issubclass(item.category, FallbackWarning))
            for item in given:
                warnings.warn_explicit(item.message, item.category, item.filename, item.lineno)

    return watched


def make_arguments(case: Case, size: int) -> tuple[Any, ...]:
    return case.make(np.random.default_rng(SEED + size), size)


@pytest.mark.parametrize("name", CASES)
def test_does_what_the_loop_does(name: str, looped: set[str]) -> None:
    case, fallbacks = CASES[name], []
    vmapped = watch(vmap(case.fun, case.in_axes), fallbacks)
    for size in SIZES:
        if (name, size) not in DTYPE_OF_THE_LANES:
            assert_matches_loop(case.fun, make_arguments(case, size), case.in_axes, vmapped=vmapped)
    if fallbacks:
        looped.add(name)
    if not os.environ.get(UPDATE):
        check_listed(name, fallbacks)


def check_listed(name: str, fallbacks: list[str]) -> None:
    listed = name in read_listed()
    advice = f"If that is right, {UPDATE}=1 writes the list anew."
    assert not fallbacks or listed, f"{name} is looped, and is not listed in {LISTED.name}: {fallbacks[0]}\n{advice}"
    assert fallbacks or not listed, f"{name} is native now, and is still listed in {LISTED.name}.\n{advice}"


def test_the_list_names_cases() -> None:
    assert read_listed() <= CASES.keys()


@pytest.mark.parametrize("name", list(CASES)[::2])
def test_jit_does_what_the_call_does(name: str, fallbacks_allowed: None) -> None:
    """The function of one example alone: a batch of one, nothing of it batched."""
    case = CASES[name]
    jitted = jit(case.fun)
    arguments = make_arguments(case, 3)
    for i in (0, 2):
        one = example(arguments, axes_of(case, arguments), i)
        assert_matches_loop(case.fun, one, None, axis_size=1, vmapped=lambda *args: add_axis(jitted(*args)))


def add_axis(result: Any) -> Any:
    return tree.map_tree(lambda leaf: None if leaf is None else np.asarray(leaf)[None], result)
