"""The case of every batching rule on a device that is none: each name and keyword that is emitted exists in CuPy.

What runs on the host instead stands in rows/on_host.txt, with the reason; VECTORIZER_UPDATE_LOOPED=1 writes it.
"""

from __future__ import annotations

import ast
import os
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fake_device import CUPY
from tests.host_kernels import COMPILER
from tests.rows import load_cases
from tests.rows.case import Case, Variant, compiled, make, variants
from tests.rows.coverage import read_listed
from vectorizer import vmap
from vectorizer.errors import FallbackWarning
from vectorizer.testing import assert_matches_loop

LISTED = Path(__file__).parent / "rows" / "on_host.txt"
UPDATE = "VECTORIZER_UPDATE_LOOPED"
HEAD = f"# Cases that run on the host when they are asked to run on CuPy, and why; {UPDATE}=1 writes them.\n"
LOOPED = read_listed()
CASES = [case for case in load_cases() if case.id not in LOOPED]
pytestmark = [
    pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler"),
    pytest.mark.usefixtures("fake"),
]


def read_reasons() -> dict[str, str]:
    lines = LISTED.read_text(encoding="utf-8").splitlines() if LISTED.exists() else []
    return dict(line.split("\t") for line in lines if not line.startswith("#"))


@pytest.fixture(scope="module")
def on_host() -> Iterator[dict[str, str]]:
    """Cases that ran on the host, with the reason; they are written when the update is asked for."""
    found: dict[str, str] = {}
    yield found
    if os.environ.get(UPDATE):
        lines = [f"{name}\t{reason}\n" for name, reason in sorted(found.items())]
        LISTED.write_text(HEAD + "".join(lines), encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_row_on_a_device(case: Case, on_host: dict[str, str]) -> None:
    variant = first_that_gives_something(case)
    if variant is None:
        pytest.skip("the loop raises for the first variants")
    reason = run(case, variant)
    if reason:
        on_host[case.id] = reason
    if not os.environ.get(UPDATE):
        assert reason == read_reasons().get(case.id, "")


def first_that_gives_something(case: Case) -> Variant | None:
    """A variant for which the loop does not raise."""
    f = compiled(case)
    for variant in variants(case, 6):
        examples = [
            [a if axis is None else np.moveaxis(a, axis, 0)[0] for a, axis in zip(args, variant.in_axes, strict=True)]
            for args in [make(case, variant)]
        ]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                f(*examples[0])
        except Exception:  # noqa: BLE001, S112 - any exception is the user's
            continue
        return variant
    return None


def run(case: Case, variant: Variant) -> str:
    """Compares one variant with the loop; why it ran on the host, or nothing."""
    vmapped = vmap(compiled(case), variant.in_axes, backend="fake")
    told: list[str] = []

    def watched(*args: Any) -> Any:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            try:
                return vmapped(*args)
            finally:
                told.extend(str(w.message) for w in seen if issubclass(w.category, FallbackWarning))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of the loop: a device gives none
        assert_matches_loop(compiled(case), make(case, variant), variant.in_axes, vmapped=watched)
    if not told:
        check_names(vmapped.source())
        return ""
    return re.sub(r"\s+", " ", told[0].partition("not on fake: ")[2] or told[0]).partition(": /tmp")[0]


def check_names(source: str) -> None:
    """All names of the library's in emitted source are CuPy's, and so are the keywords of their calls."""
    assert CUPY.inventory is not None
    tree = ast.parse(source)
    calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        dotted = re.fullmatch(r"fc\.([\w.]+)", ast.unparse(node)) if isinstance(node, ast.Attribute) else None
        if dotted is None or id(node) in inner:
            continue
        name = dotted[1]
        assert CUPY.inventory.has(name), name
        call = calls.get(id(node))
        if call is not None and not any(isinstance(arg, ast.Starred) for arg in call.args):
            assert CUPY.inventory.takes(name, [k.arg for k in call.keywords if k.arg], len(call.args)) is None


def test_the_check_finds_what_cupy_lacks() -> None:
    check_names("import fake_cupy as fc\ny = fc.linalg.norm(x, axis=1)\n")
    for wrong in ("fc.vecdot(x, y)", "fc.sum(x, where=y)", "fc.linalg.svdvals(x)"):
        with pytest.raises(AssertionError):
            check_names(f"import fake_cupy as fc\nz = {wrong}\n")
