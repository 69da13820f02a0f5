"""The CuPy source of the samples: golden files, their names looked up in CuPy, and what they give on the fake device.

`VECTORIZER_UPDATE_GOLDEN=1` writes the files anew.
"""

from __future__ import annotations

import ast
import inspect
import os
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from tests import fake_device
from tests.test_golden import execute, lint
from vectorizer.cli import main
from vectorizer.static.arguments import find_arguments, given_facts
from vectorizer.static.reading import read_module
from vectorizer.static.targets import Options, find_targets
from vectorizer.static.verifying import Maker
from vectorizer.testing import assert_matches_loop

ROOT = Path(__file__).parent.parent
GOLDEN = Path(__file__).parent / "golden_cupy"
FACTS = {
    "mlp": ["params: [(float64[8, 6], float64[8]), (float64[8, 8], float64[8]), (float64[3, 8], float64[3])]"],
    "loss": ["params: {weight: float64[c, n], bias: float64[c], decay: float}"],
}
SAMPLES = sorted(path.stem for path in (ROOT / "samples").glob("*.py"))
UPDATING = bool(os.environ.get("VECTORIZER_UPDATE_GOLDEN"))


def words(command: str, name: str) -> list[str]:
    facts = [word for fact in FACTS.get(name, ()) for word in ("--arg", fact)]
    return [command, str(ROOT / "samples" / f"{name}.py"), "--backend", "cupy", *facts]


@pytest.mark.parametrize("name", SAMPLES)
def test_text(name: str) -> None:
    result = CliRunner().invoke(main, words("emit", name), catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    path = GOLDEN / f"{name}.py"
    if UPDATING:
        path.write_text(result.stdout)
    assert path.read_text() == result.stdout


@pytest.mark.parametrize("name", SAMPLES)
def test_diff_and_explain(name: str) -> None:
    diff = CliRunner().invoke(main, words("diff", name), catch_exceptions=False)
    assert "+import cupy as cp" in diff.stdout
    explained = CliRunner().invoke(main, words("explain", name), catch_exceptions=False)
    assert "launches: " in explained.stdout


@pytest.mark.parametrize("name", SAMPLES)
def test_is_clean(name: str, tmp_path: Path) -> None:
    before = lint((ROOT / "samples" / f"{name}.py").read_text(), tmp_path)
    after = lint((GOLDEN / f"{name}.py").read_text(), tmp_path)
    assert {rule: line for rule, line in after.items() if rule not in before} == {}


@pytest.mark.parametrize("name", SAMPLES)
def test_does_what_the_loop_does(name: str) -> None:
    """On the fake device, whose functions and keywords are CuPy's."""
    text = (GOLDEN / f"{name}.py").read_text().replace("import cupy as cp", "import fake_cupy as cp")
    after = execute(text)
    original = (ROOT / "samples" / f"{name}.py").read_text()
    before = execute(original.replace("\n@", "\n# @"))
    module = read_module("sample.py", original)
    targets = find_targets(module, None, Options())
    given = given_facts(FACTS.get(name, ()), targets)
    for target in targets:
        if len(target.layers) != 1:
            continue
        arguments = find_arguments(target, module, {key: given[key] for key in given if key in target_names(target)})
        args, _ = PositiveMaker(np.random.default_rng(2), 5).call(target, arguments)
        layer = target.layers[0]
        assert_matches_loop(
            before[target.name], args, layer.in_axes, layer.out_axes, vmapped=on_the_device(after[target.name])
        )


def target_names(target: Any) -> set[str]:
    return {arg.arg for arg in target.node.args.args}


def on_the_device(function: Any) -> Any:
    """`function`, which takes arrays of the device, for NumPy's."""
    from vectorizer import tree

    def put(leaf: Any) -> Any:
        return fake_device.asarray(leaf) if isinstance(leaf, np.ndarray) else leaf

    def take(leaf: Any) -> Any:
        return leaf.host if isinstance(leaf, fake_device.DeviceArray) else leaf

    return lambda *args: tree.map_tree(take, function(*(tree.map_tree(put, arg) for arg in args)))


class PositiveMaker(Maker):
    """Numbers for which every sample is defined; labels are those of a class."""

    def length(self, dim: int | str | None) -> int:
        return {"s": 4, "o": 2}.get(str(dim), 3) if not isinstance(dim, int) else dim

    def array(self, dtype: np.dtype[Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        made = self.random.integers(0, 3, shape) if dtype.kind == "i" else np.abs(super().array(dtype, shape))
        return made.astype(dtype)


def iter_names() -> Iterator[tuple[str, ast.AST, ast.Call | None]]:
    """The names of CuPy's that the files use, with the calls."""
    for path in sorted(GOLDEN.glob("*.py")):
        tree = ast.parse(path.read_text())
        calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and re.fullmatch(r"cp(\.\w+)+", ast.unparse(node)):
                yield ast.unparse(node).removeprefix("cp."), node, calls.get(id(node))


def test_the_files_use_cupy() -> None:
    assert {"einsum", "linalg.inv", "ElementwiseKernel"} <= {name for name, _, _ in iter_names()}


@pytest.mark.skipif(find_spec("cupy") is None, reason="CuPy is not installed")
def test_names_and_keywords_exist_in_cupy() -> None:
    """Looked up in CuPy itself, and not in the inventory that they were emitted by."""
    import cupy

    for name, _, call in iter_names():
        found: Any = cupy
        for part in name.split("."):
            found = getattr(found, part)
        if call is not None and inspect.isfunction(found):
            inspect.signature(found).bind(*call.args, **{k.arg: k.value for k in call.keywords if k.arg})
