"""Each module imports only what stands in its own layer or in one below it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import vectorizer.errors

PACKAGE = Path(vectorizer.errors.__file__).parent
# Lowest first; what stands in one row may import each other, except for the rewriting passes.
LAYERS = [
    ["errors"],
    ["spec", "tree", "values"],
    ["reference", "stacking", "testing"],
    ["source"],
    ["backends", "rules"],
    ["analysis"],
    ["rewrite"],
    ["kernels"],
    ["compiling", "cutting", "describing", "finishing", "guards", "namespace", "pipeline"],
    ["static"],
    [
        "blocks",
        "cache",
        "callables",
        "calling",
        "checking",
        "kinds",
        "listing",
        "placing",
        "randomness",
        "reporting",
        "threads",
        "traits",
    ],
    ["api"],
    ["arguments", "broadcasting", "core_dims", "gathering"],
    ["cli", "__main__"],
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
# Emitted code imports these, which import nothing of the package; `__init__` offers everything.
APART = {"array_functions": set[str](), "runtime": set[str](), "__init__": {*RANK, "array_functions", "runtime"}}
# The oracle stands low, as `check=True` asks for it, and calls `vmap` when it is called: inside of functions it may.
LAZY = {("reference", "api"), ("testing", "api")}


def iter_modules() -> Iterator[tuple[str, Path]]:
    """Layer and path of every module."""
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).with_suffix("").parts[0], path


def iter_imports(path: Path) -> Iterator[tuple[str, bool]]:
    """The layers that a module imports, each with whether the import is inside of a function."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        for name in imported_names(node, path):
            parts = name.split(".")
            if parts[0] == "vectorizer" and len(parts) > 1:
                yield parts[1], id(node) in inside


def imported_names(node: ast.AST, path: Path) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = node.module or ""
    if node.level:
        package = ["vectorizer", *path.relative_to(PACKAGE).parts[:-1]]
        base = ".".join([*package[: len(package) - node.level + 1], *([base] if base else [])])
    return [f"{base}.{alias.name}" for alias in node.names]


def explain(layer: str, imported: str, is_lazy: bool) -> str | None:
    """What is wrong with an import, or `None`."""
    if layer in APART:
        return None if imported in APART[layer] or layer == "__init__" else "emitted code imports none of the package"
    if imported not in RANK:
        return None  # a name of the package itself, such as a version, or `runtime`
    if RANK[imported] <= RANK[layer] or (is_lazy and (layer, imported) in LAZY):
        return None
    return f"{imported} stands above {layer}"


@pytest.mark.parametrize(
    ("layer", "path"), [pytest.param(*module, id=str(module[1].relative_to(PACKAGE))) for module in iter_modules()]
)
def test_imports_stay_in_order(layer: str, path: Path) -> None:
    assert layer in RANK or layer in APART, f"{path.name} has no place in LAYERS"
    wrong = [reason for name, is_lazy in iter_imports(path) if (reason := explain(layer, name, is_lazy))]
    assert not wrong


def test_the_check_finds_a_wrong_import() -> None:
    assert explain("rules", "analysis", False) == "analysis stands above rules"
    assert explain("testing", "api", False) == "api stands above testing"
    assert explain("testing", "api", True) is None
    assert explain("runtime", "values", False) == "emitted code imports none of the package"
    assert explain("cli", "errors", False) is None


def test_the_check_reads_every_form_of_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    path = tmp_path / "rules" / "table.py"
    path.parent.mkdir()
    path.write_text(
        "import numpy, vectorizer.api\nfrom vectorizer import cli\nfrom vectorizer.cache.disk import x\n"
        "from .. import pipeline\nfrom ..source.diff import unified\nfrom . import other\n"
        "def f():\n    import vectorizer.values\n"
    )
    assert sorted(iter_imports(path)) == [
        ("api", False),
        ("cache", False),
        ("cli", False),
        ("pipeline", False),
        ("rules", False),
        ("source", False),
        ("values", True),
    ]


def test_the_documented_layers_are_these() -> None:
    page = (Path(__file__).parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.partition("## Layers")[2]
    modules = {name for name, _ in iter_modules()} - APART.keys()
    assert {name for name in modules if f"`{name}.py`" not in table and f"`{name}/`" not in table} == set()
