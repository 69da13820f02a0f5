"""Emitted source, case by case: `tests/golden/<topic>/<case>` has the input, its options and what is expected.

`make golden` writes the expected files anew.
"""

from __future__ import annotations

import builtins
import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from vectorizer import vmap
from vectorizer.cli import main
from vectorizer.static.arguments import find_arguments, given_facts
from vectorizer.static.reading import read_module
from vectorizer.static.targets import Options, find_targets
from vectorizer.static.verifying import Maker, plain_function
from vectorizer.testing import assert_matches_loop

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.parent for path in GOLDEN.glob("*/*/case.toml"))
UPDATING = bool(os.environ.get("VECTORIZER_UPDATE_GOLDEN"))
RUNTIME = ("vectorizer.array_functions", "vectorizer.runtime")


@dataclass
class Case:
    """One folder.

    Keys of case.toml: function, in_axes, out_axes, args, strict: as on the command line; positive: random inputs are
    positive; sorted: arguments that are sorted; lengths: of axes, by name; libraries: what the emitted code may import
    that the input does not; tolerated: modules that need not be installed to run the input.
    """

    path: Path

    def __post_init__(self) -> None:
        self.options: dict[str, Any] = tomllib.loads((self.path / "case.toml").read_text())
        self.input = (self.path / "input.py").read_text()

    @property
    def is_error(self) -> bool:
        return self.path.parent.name == "errors"

    def run(self, command: str) -> Result:
        """The command line's answer, called from the case's folder."""
        name = self.options.get("function")
        words = [command, f"input.py:{name}" if name else "input.py"]
        for key in ("in_axes", "out_axes"):
            words += [f"--{key.replace('_', '-')}", self.options[key]] if key in self.options else []
        for arg in self.options.get("args", ()):
            words += ["--arg", arg]
        words += ["--strict"] if self.options.get("strict") else []
        before = Path.cwd()
        os.chdir(self.path)
        try:
            return CliRunner().invoke(main, words, catch_exceptions=False)
        finally:
            os.chdir(before)


@pytest.fixture(params=CASES, ids=[f"{path.parent.name}/{path.name}" for path in CASES])
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


@pytest.fixture
def emitted(case: Case) -> str:
    if case.is_error:
        pytest.skip("nothing is emitted")
    result = case.run("emit")
    assert result.exit_code == 0, result.stderr
    return result.stdout


def compare(path: Path, got: str) -> None:
    if UPDATING:
        path.write_text(got)
    assert path.read_text() == got


def test_text(case: Case) -> None:
    result = case.run("emit")
    if case.is_error:
        assert result.stdout == "" and result.exit_code in (1, 2)
        compare(case.path / "error.txt", result.stderr)
    else:
        assert result.exit_code == 0, result.stderr
        compare(case.path / "emitted.py", result.stdout)
        notes = case.path / "notes.txt"
        if result.stderr:
            compare(notes, result.stderr)
        else:
            if UPDATING:
                notes.unlink(missing_ok=True)
            assert not notes.exists()


def test_diff(case: Case) -> None:
    result = case.run("diff")
    if not case.is_error:
        compare(case.path / "emitted.diff", result.stdout)


def test_git_takes_the_diff(case: Case, emitted: str, tmp_path: Path) -> None:
    (tmp_path / "input.py").write_text(case.input)
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    patch = case.run("diff").stdout
    for options in (["--check"], []):
        subprocess.run([*git, "apply", *options], input=patch, text=True, check=True)
    assert (tmp_path / "input.py").read_text() == emitted


def test_is_clean(case: Case, emitted: str, tmp_path: Path) -> None:
    before, after = lint(case.input, tmp_path), lint(emitted, tmp_path)
    assert {rule: line for rule, line in after.items() if rule not in before} == {}


def lint(text: str, folder: Path) -> dict[str, str]:
    """What ruff's default rules object to, by rule; the folder is one where `vectorizer` is no first party."""
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--output-format=json", "--stdin-filename=x.py", "-"]
    found = subprocess.run(ruff, input=text, text=True, capture_output=True, check=False, cwd=folder)
    return {item["code"]: f"{item['location']['row']}: {item['message']}" for item in json.loads(found.stdout)}


def execute(text: str, blocked: tuple[str, ...] = (), faked: tuple[str, ...] = ()) -> dict[str, Any]:
    """A module's names; importing what is blocked fails, and what is faked holds whatever is asked of it."""

    def importing(name: str, *args: Any) -> Any:
        if name.partition(".")[0] in blocked and name not in RUNTIME:
            raise ImportError(f"{name} is blocked")
        return Anything() if name in faked else builtins.__import__(name, *args)

    named = {"__name__": "emitted", "__file__": "emitted.py"}
    scope = {"__builtins__": {**vars(builtins), "__import__": importing}, **named}
    exec(compile(text, "<golden>", "exec"), scope)
    return scope


class Anything:
    """A module or class that has every attribute and every item."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key: object) -> Any:
        return self


@pytest.mark.parametrize("batch", [1, 3, 5])
def test_equals_the_loop(case: Case, emitted: str, batch: int) -> None:
    faked = tuple(case.options.get("tolerated", ()))
    after = execute(emitted, ("vectorizer",), faked)
    before = execute(case.input.replace("\n@", "\n# @"), (), faked)
    module = read_module("input.py", case.input)
    options = Options(*(eval(case.options[key]) if key in case.options else None for key in ("in_axes", "out_axes")))
    targets = find_targets(module, case.options.get("function"), options)
    given = given_facts(case.options.get("args", ()), targets)
    for target in targets:
        arguments = find_arguments(target, module, given)
        maker = CaseMaker(np.random.default_rng(batch), batch, case.options)
        for _ in range(3):
            args, kwargs = maker.call(target, arguments)
            args = [np.sort(a) if n in case.options.get("sorted", ()) else a for n, a in zip(arguments.facts, args)]
            layer = target.layers[0]
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                assert_matches_loop(
                    before[target.name], args, layer.in_axes, layer.out_axes, kwargs=kwargs, vmapped=after[target.name]
                )


def test_is_what_runs(case: Case, emitted: str) -> None:
    """The decorator's source is in the emitted file, letter by letter but for the checks of what it relies on."""
    if case.options.get("tolerated") or "_example(" in emitted:
        pytest.skip("the input cannot be imported, or is looped")
    spec = importlib.util.spec_from_file_location("golden_input", case.path / "input.py")
    assert spec is not None and spec.loader is not None
    before = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(before)
    module = read_module("input.py", case.input)
    options = Options(*(eval(case.options[key]) if key in case.options else None for key in ("in_axes", "out_axes")))
    targets = find_targets(module, case.options.get("function"), options)
    given = given_facts(case.options.get("args", ()), targets)
    unchecked = "".join(line for line in emitted.splitlines(keepends=True) if not line.startswith("    assert "))
    for target in targets:
        args, kwargs = CaseMaker(np.random.default_rng(0), 4, case.options).call(
            target, find_arguments(target, module, given)
        )
        layer = target.layers[0]
        function = vmap(plain_function(getattr(before, target.name)), layer.in_axes, layer.out_axes)
        function(*args, **kwargs)
        for text in re.split(r"\n\n\n", re.sub(r"(?m)^(import|from) .*\n", "", function.source())):
            assert text.strip() in unchecked


class CaseMaker(Maker):
    """Random arguments as a case asks for them."""

    def __init__(self, random: np.random.Generator, batch: int, options: dict[str, Any]) -> None:
        super().__init__(random, batch)
        self.options = options

    def length(self, dim: int | str | None) -> int:
        found = self.options.get("lengths", {}).get(dim)
        return super().length(dim) if found is None else found

    def array(self, dtype: np.dtype[Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        made = super().array(dtype, shape)
        return np.abs(made) if self.options.get("positive") else made


def emit_all() -> dict[str, list[str]]:
    """What each case gives, for the processes that `test_same_bytes` starts."""
    results = {str(path): Case(path).run("emit") for path in CASES}
    return {path: [result.stdout, result.stderr] for path, result in results.items()}


def test_same_bytes_under_two_hash_seeds() -> None:
    code = (
        "import importlib.util, json, sys\n"
        f"spec = importlib.util.spec_from_file_location('golden', {__file__!r})\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "sys.modules['golden'] = module\n"
        "spec.loader.exec_module(module)\n"
        "print(json.dumps(module.emit_all()))\n"
    )
    answers = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        answers.append(json.loads(done.stdout))
    assert answers[0] == answers[1]


def test_emitting_twice_gives_the_same(case: Case) -> None:
    first, second = case.run("emit"), case.run("emit")
    assert (first.stdout, first.stderr) == (second.stdout, second.stderr)
