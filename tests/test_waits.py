"""What `explain` says of waits is what happens: each line at which the host waits for the device is told."""

from __future__ import annotations

import ast
import dataclasses
import linecache
import re
import warnings
from typing import Any

import numpy as np
import pytest

from tests.corpus import all_cases
from tests.fake_device import FAKE, DeviceArray, counts, reset
from tests.host_kernels import COMPILER
from tests.kernel_functions import OF_ARRAYS, OF_NUMBERS
from tests.storing_functions import CASES as STORING
from tests.test_corpus import make_arguments
from tests.test_rules import compiled
from vectorizer import jit, tree, vmap
from vectorizer.backends import registry
from vectorizer.errors import FallbackWarning

PLAIN = dataclasses.replace(FAKE, name="plain", kernels=False)
CORPUS = {case.name: case for case in all_cases() if not case.tags}
pytestmark = [
    pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler"),
    pytest.mark.usefixtures("fake"),
]


def on_device(leaf: Any) -> Any:
    return DeviceArray(np.array(leaf)) if isinstance(leaf, np.ndarray) else leaf


def statement_at(filename: str, line: int) -> str:
    """The statement of emitted code that a line belongs to, or the head of a compound one."""
    tree = ast.parse("".join(linecache.getlines(filename)))
    around = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and node.lineno <= line <= node.end_lineno]
    return head_of(max(around, key=lambda node: (node.lineno, -node.end_lineno)))


def head_of(node: ast.stmt) -> str:
    for part in ("body", "orelse"):
        if hasattr(node, part):
            setattr(node, part, [ast.Pass()] if part == "body" else [])
    return ast.unparse(node)


def parsed(text: str) -> str:
    """A line that is told, as `statement_at` spells it."""
    for more in ("", "\n    pass"):
        try:
            return head_of(ast.parse(text + more).body[0])
        except SyntaxError:
            continue
    return text


def check(vmapped: Any, args: Any) -> bool:
    """Calls a function twice; whether it ran on the device, where each wait is one that is told."""
    for _ in range(2):  # the first call may try more than one form
        given = tree.map_tree(on_device, tuple(args))
        reset()
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            try:
                vmapped(*given)
            except Exception:  # noqa: BLE001 - the user's own
                return False
        if any(issubclass(item.category, FallbackWarning) for item in seen):
            return False
    explained = vmapped.explain()
    if "loop: " in explained and "runs on the host" in explained:
        return False
    told = {parsed(text) for text in re.findall(r"waits: `(.*)` waits for the device", explained)}
    waited = {statement_at(*place) for place in counts.waiting}
    assert waited <= told, (waited - told, vmapped.source())
    assert counts.waits == 0 or told
    return True


@pytest.mark.parametrize("kernels", [True, False])
@pytest.mark.parametrize("name", CORPUS)
def test_waits_of_the_corpus(name: str, kernels: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CORPUS[name]
    monkeypatch.setitem(registry._known, "fake", FAKE if kernels else dataclasses.replace(PLAIN, name="fake"))
    check(vmap(case.fun, case.in_axes), make_arguments(case, 3))


@pytest.mark.parametrize("name", [*OF_NUMBERS, *OF_ARRAYS, *STORING])
def test_waits_of_loops_without_kernels(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    function, args, in_axes = (OF_NUMBERS | OF_ARRAYS | STORING)[name]
    monkeypatch.setitem(registry._known, "fake", dataclasses.replace(PLAIN, name="fake"))
    check(vmap(function, in_axes), args)


EXPRESSIONS = """
x[0] if x.sum() > 0 else x[1]
x[w.argmax()] + float(w[0])
x * w[0].item() + int(w[1])
x[w > 0].sum()
np.unique(w).sum() + x
np.intersect1d(w, x).sum()
np.nonzero(w)[0].sum() + x[0]
np.where(w > 0)[0].sum() + x[0]
np.average(x, weights=w)
x * np.histogram(w, bins=3)[0]
np.linalg.inv(np.eye(3) + np.outer(x, x)) @ w
np.linalg.solve(np.eye(3) + np.outer(x, x), w)
np.cumsum(x) * w
x.sum() if 0 < w[0] < 2 and w[1] > 1 else w.sum()
sum(v for v in x if v > 0)
[v for v in x if not v > 0][0] * w
x if w[1] in (2.0, 3.0) else w
x if any(v > 1 for v in w) else w
max(x[0], w[1]) + min(x)
x[int(w[2]) :].sum()
x[: w.argmax()].sum()
np.delete(x, 1) * w[0]
np.bincount(w.astype(int))[0] * x
np.argwhere(w)[0] * x[0]
sorted(x)[0] + w
round(float(x[1])) * w
np.nanmax(w) * x
np.take(x, w.astype(int))
x[w.astype(int)]
np.searchsorted(np.sort(w), x)
np.sum([v * 2 for v in x]) + w
np.extract(w > 0, x)
np.compress(w > 0, x)
bool(w[0]) or x
not w[1]
np.trim_zeros(w)
math.sqrt(w[1]) * x
math.floor(w[1]) + x
len(x[w > 1])
np.percentile(x, 30) + w
np.interp(x, np.sort(w), x)
np.median(x) * w
"""


@pytest.mark.parametrize("code", EXPRESSIONS.strip().splitlines())
@pytest.mark.parametrize("batched", [False, True])
def test_waits_of_expressions(code: str, batched: bool) -> None:
    function = compiled("x, w", f"return {code}")
    x, w = np.arange(3.0), np.array([0.0, 2.0, 1.0])
    if batched:
        check(vmap(function, (0, None)), (np.stack([x, x + 1]), w))
        check(vmap(function), (np.stack([x, x + 1]), np.stack([w, w])))
    else:
        check(jit(function), (x, w))


def test_most_are_compared() -> None:
    """The comparison is one: most of the functions run on the device, and many of them wait."""
    compared = waiting = 0
    for function, args, in_axes in (OF_NUMBERS | OF_ARRAYS | STORING).values():
        compared += check(vmap(function, in_axes), args)
        waiting += counts.waits > 0
    assert compared > 0.9 * len(OF_NUMBERS | OF_ARRAYS | STORING) and waiting > 10


def test_a_wait_that_is_not_told_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from vectorizer.backends import costs

    monkeypatch.setattr(costs, "SIZED", frozenset())
    with pytest.raises(AssertionError):
        check(jit(compiled("x, w", "return np.unique(w).sum() + x")), (np.arange(3.0), np.ones(3)))
