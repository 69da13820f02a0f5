"""The command line: every option, and every message in full."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from vectorizer.cli import main

DOUBLE = """\
import numpy as np

from vectorizer import vmap


@vmap
def double(x: float):
    return np.sin(x) * 2


def add(x, y, scale=1.0):
    return (x + y) * scale
"""
DOUBLED = """\
import numpy as np


def double(x):
    return np.sin(x) * 2


def add(x, y, scale=1.0):
    return (x + y) * scale
"""
ROOTS = """\
import numpy as np

from vectorizer import vmap


@vmap
def root(x):
    return np.roots(x)
"""
NO_ROOTS = "how many roots there are depends on zeros at the ends"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "double.py").write_text(DOUBLE)
    (tmp_path / "roots.py").write_text(ROOTS)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words, catch_exceptions=False)


def refused(text: str, *words: str, name: str = "k.py") -> str:
    """The message for a file with this text; words are those after its name."""
    Path(name).write_text(text)
    result = run("emit", name, *words)
    assert (result.exit_code, result.stdout) == (2, "")
    return result.stderr


# What the commands do


def test_emit_prints_the_file() -> None:
    result = run("emit", "double.py")
    assert (result.exit_code, result.stdout, result.stderr) == (0, DOUBLED, "")


def test_emit_writes_a_file(folder: Path) -> None:
    result = run("emit", "double.py", "-o", "out.py")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert (folder / "out.py").read_text() == DOUBLED
    assert sorted(path.name for path in folder.iterdir()) == ["double.py", "out.py", "roots.py"]


def test_emit_in_place_keeps_the_mode(folder: Path) -> None:
    (folder / "double.py").chmod(0o750)
    run("emit", "double.py", "--output", "double.py")
    assert (folder / "double.py").read_text() == DOUBLED
    assert stat.S_IMODE((folder / "double.py").stat().st_mode) == 0o750


def test_a_failed_write_leaves_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def replace(old: str, new: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", replace)
    result = run("emit", "double.py", "-o", "double.py")
    assert (result.exit_code, result.stderr) == (
        2,
        "double.py: the file cannot be written: No space left on device\n",
    )
    assert sorted(path.name for path in folder.iterdir()) == ["double.py", "roots.py"]
    assert (folder / "double.py").read_text() == DOUBLE


def test_a_named_function_with_axes_and_facts() -> None:
    result = run(
        "emit",
        "double.py:add",
        "--in-axes",
        "(1, None)",
        "--out-axes",
        "-1",
        "--arg",
        "x: float64[n]",
        "--arg",
        "y: float",
    )
    assert result.exit_code == 0, result.stderr
    assert result.stdout == DOUBLE.replace(
        "    return (x + y) * scale\n", "    x = np.moveaxis(x, 1, 0)\n    return ((x + y) * scale).T\n"
    )


NOISE = """\
import numpy as np

from vectorizer import vmap


@vmap(in_axes=(0, None))
def noisy(x: float, rng: np.random.Generator):
    return x + rng.normal(size=2)
"""


def test_a_generator_is_an_argument() -> None:
    Path("noise.py").write_text(NOISE)
    drawn = "    draw = rng.normal(size=(x.shape[0], 2))\n    return x[:, None] + draw\n"
    assert run("emit", "noise.py").stdout == f"def noisy(x, rng):\n{drawn}"
    legacy = NOISE.replace(": np.random.Generator", "")
    Path("noise.py").write_text(legacy)
    assert run("emit", "noise.py", "--arg", "rng: RandomState").stdout.endswith(f"def noisy(x, rng):\n{drawn}")


def test_a_generator_has_no_examples() -> None:
    message = refused(NOISE.replace("(0, None)", "0"))
    assert "rng is a random generator, which all examples share: give None for it in in_axes" in message


def test_draws_are_not_verified() -> None:
    Path("noise.py").write_text(NOISE)
    result = run("verify", "noise.py")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "noisy draws random numbers, which are not those that the loop draws" in result.stderr


def test_a_loop_in_which_all_draw_the_same_is_not_emitted() -> None:
    text = NOISE.replace("(0, None)", '(0, None), randomness="same"')
    assert refused(text.replace("normal(size=2)", "normal(x)")).startswith("k.py:8: it cannot be rewritten: rng.normal")
    Path("k.py").write_text(text)
    assert "draw = rng.normal(size=2)" in run("emit", "k.py").stdout


def test_no_draws_are_emitted_where_they_are_an_error() -> None:
    assert "draws random numbers" in refused(NOISE.replace("(0, None)", '(0, None), randomness="error"'))


def test_in_axes_none_alone() -> None:
    text = "from vectorizer import vmap\n\n\n@vmap\ndef f(x: float):\n    return x\n"
    assert refused(text, "--in-axes", "None") == (
        "k.py:5: vmap(f): no argument is batched, so the number of examples is not known.\n"
        "Pass an array and give its batch axis in in_axes, or give axis_size.\n"
        "    def f(x: float):\n"
    )


def test_diff_is_a_patch(folder: Path) -> None:
    result = run("diff", "double.py")
    assert result.exit_code == 0
    assert result.stdout.startswith("--- a/double.py\n+++ b/double.py\n@@ -1,10 +1,7 @@\n")
    subprocess.run(["git", "init", "--quiet"], check=True)
    subprocess.run(["git", "apply"], input=result.stdout, text=True, check=True)
    assert (folder / "double.py").read_text() == DOUBLED


def test_diff_names_the_file_from_here(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "double.py").write_text(DOUBLE)
    for path in ("sub/double.py", str(folder / "sub" / "double.py"), "./sub/../sub/double.py"):
        assert run("diff", path).stdout.startswith("--- a/sub/double.py\n+++ b/sub/double.py\n")


def test_diff_in_colour() -> None:
    lines = run("diff", "double.py", "--color").stdout.splitlines()
    assert lines[0] == "\x1b[1m--- a/double.py\x1b[0m"
    assert lines[2] == "\x1b[36m@@ -1,10 +1,7 @@\x1b[0m"
    assert "\x1b[31m-@vmap\x1b[0m" in lines
    assert "\x1b[32m+def double(x):\x1b[0m" in lines


def test_explain() -> None:
    result = run("explain", "roots.py", "--arg", "x: float64[3]")
    assert result.stdout == f"roots.py:8: fallback: looped: {NO_ROOTS}\n"


def test_verify() -> None:
    result = run("verify", "double.py:double", "--batch", "4", "--trials", "2", "--seed", "1")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "double: equals the loop on 2 inputs\n", "")


def test_verify_says_so_when_they_differ(folder: Path) -> None:
    (folder / "bad.py").write_text("seen = []\n\n\ndef f(x: float):\n    seen.append(x)\n    return x + len(seen)\n")
    result = run("verify", "bad.py:f")
    assert result.exit_code in (0, 1)
    assert "Traceback" not in result.stderr


def test_version() -> None:
    assert run("--version").stdout == f"vectorizer {metadata.version('vectorizer')}\n"


@pytest.mark.parametrize("command", ["emit", "diff", "explain"])
def test_help_says_that_nothing_is_run(command: str) -> None:
    assert "is imported or run." in " ".join(run(command, "--help").stdout.split())


def test_help_of_verify_says_that_code_is_run() -> None:
    assert "This imports FILE and runs FUNCTION." in run("verify", "--help").stdout


def test_nothing_of_the_user_is_run(folder: Path) -> None:
    (folder / "scipy.py").write_text("raise SystemExit('imported')\n")
    (folder / "mine.py").write_text("raise SystemExit('imported')\n")
    text = "import mine\nimport scipy\n" + DOUBLE + "\nraise SystemExit(mine, scipy)\n"
    (folder / "k.py").write_text(text)
    code = "from vectorizer.cli import main; import sys; sys.path.insert(0, ''); main()"
    for command in ("emit", "diff", "explain"):
        words = [sys.executable, "-P", "-c", code, command, "k.py"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


# What stays as it is


def test_line_ends_and_encoding_stay(folder: Path) -> None:
    text = "# -*- coding: latin-1 -*-\r\n# \xe9\x0c\r\n" + DOUBLE.replace("\n", "\r\n") + "x = 1"
    (folder / "k.py").write_bytes(text.encode("latin-1"))
    run("emit", "k.py", "-o", "out.py")
    expected = "# -*- coding: latin-1 -*-\r\n# \xe9\x0c\r\n" + DOUBLED.replace("\n", "\r\n") + "x = 1"
    assert (folder / "out.py").read_bytes() == expected.encode("latin-1")


def test_other_decorators_above_stay() -> None:
    text = DOUBLE.replace("@vmap", "@register(\n    1,\n)  # first\n@vmap")
    Path("k.py").write_text(text)
    assert run("emit", "k.py").stdout == DOUBLED.replace("def double", "@register(\n    1,\n)  # first\ndef double")


# Fallbacks


def test_a_fallback_warns() -> None:
    result = run("emit", "roots.py", "--arg", "x: float64[3]")
    assert result.exit_code == 0
    assert result.stderr == (
        f"roots.py:8: FallbackWarning: root: this expression is looped over the examples: {NO_ROOTS}\n"
        "    return np.roots(x)\n"
        "           ^^^^^^^^^^^\n"
    )


def test_strict_refuses() -> None:
    result = run("emit", "roots.py", "--arg", "x: float64[3]", "--strict")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"roots.py:8: root: this expression is looped over the examples: {NO_ROOTS} (strict)\n"
        "    return np.roots(x)\n"
        "           ^^^^^^^^^^^\n"
    )


def test_strict_in_the_decorator_refuses() -> None:
    Path("k.py").write_text(ROOTS.replace("@vmap", "@vmap(strict=True)"))
    assert run("emit", "k.py", "--arg", "x: float64[3]").exit_code == 1


def test_a_decorator_below_is_looped() -> None:
    Path("k.py").write_text("from vectorizer import vmap\n\n\n@vmap\n@cached\ndef f(x: float):\n    return x\n")
    result = run("emit", "k.py")
    assert result.stdout == (
        "from vectorizer.runtime import stack_examples\n\n\n@cached\ndef _f_example(x: float):\n    return x\n\n\n"
        "def f(x):\n    # looped over the examples: what @cached makes of the function is not known\n"
        "    return stack_examples([_f_example(x_i) for x_i in x])\n"
    )
    assert result.stderr == (
        "k.py:6: FallbackWarning: f: the whole function is looped over the examples: "
        "what @cached makes of the function is not known\n    def f(x: float):\n"
    )


# Messages


def test_file_not_found() -> None:
    result = run("emit", "none.py")
    assert (result.exit_code, result.stderr) == (2, "none.py: the file cannot be read: No such file or directory\n")


def test_not_python() -> None:
    assert refused("def f(:\n    pass\n") == "k.py:1: this is not Python: invalid syntax\n    def f(:\n          ^\n"


def test_no_function() -> None:
    assert refused(DOUBLE.replace("@vmap", ""), name="d.py") == (
        "d.py: no function is decorated with @vmap or @jit\nName one: d.py:double\n"
    )


def test_unknown_function() -> None:
    result = run("emit", "double.py:triple")
    assert (result.exit_code, result.stderr) == (
        2,
        "double.py: there is no function triple\nThe functions there are: double, add.\n",
    )


def test_method() -> None:
    text = "from vectorizer import vmap\n\n\nclass C:\n    @vmap\n    def f(self, x):\n        return x\n"
    assert refused(text) == (
        "k.py:6: C.f is a method; only functions at the top level can be emitted\n"
        "    def f(self, x):\n"
        "Move its body to a function of the file, or use the decorator at run time.\n"
    )


def test_function_inside_of_if() -> None:
    text = "from vectorizer import vmap\n\nif True:\n    @vmap\n    def f(x):\n        return x\n"
    assert refused(text) == (
        "k.py:5: f does not stand at the top level of the file; only functions at the top level can be emitted\n"
        "    def f(x):\n"
        "Move its body to a function of the file, or use the decorator at run time.\n"
    )


def test_defined_twice() -> None:
    Path("k.py").write_text("def f(x):\n    return x\n\n\ndef f(x):\n    return -x\n")
    assert run("emit", "k.py:f").stderr == "k.py:5: f is defined more than once, here and on line 1\n    def f(x):\n"


def test_missing_arguments() -> None:
    text = "from vectorizer import vmap\n\n\n@vmap\ndef f(x, y):\n    # y: [n, d]\n    return x\n"
    assert refused(text) == (
        "k.py:5: rank and dtype of arguments x and y of f are not known\n"
        "    def f(x, y):\n"
        "          ^\n"
        'Give one example\'s: --arg "x: float64[n]" --arg "y: float64[n, d]"\n'
        "(a matrix is float64[n, m], a NumPy number float64, a Python number float, int, bool or complex)\n"
    )


def test_star_arguments() -> None:
    text = "from vectorizer import vmap\n\n\n@vmap\ndef f(*args):\n    return args\n"
    assert refused(text) == (
        "k.py:5: f takes any number of arguments; for how many it is emitted is not known\n"
        "    def f(*args):\n"
        "           ^^^^\n"
        "Give them all: --arg 'args: (float64[n], float64[n])'\n"
    )


def test_axes_that_are_no_literal() -> None:
    text = "from vectorizer import vmap\n\n\n@vmap(in_axes=AXES)\ndef f(x):\n    return x\n"
    assert refused(text) == (
        "k.py:4: this is no literal, and nothing is run to find out what it is\n"
        "    @vmap(in_axes=AXES)\n"
        "                  ^^^^\n"
        "Write it as a literal, such as (0, None), or give it by --in-axes and --out-axes.\n"
    )


def test_unknown_argument_of_the_decorator() -> None:
    text = "from vectorizer import vmap\n\n\n@vmap(axes=0)\ndef f(x):\n    return x\n"
    assert refused(text) == (
        "k.py:4: this argument of the decorator is not known\n"
        "    @vmap(axes=0)\n"
        "          ^^^^^^\n"
        "Give axes by keyword: @vmap(in_axes=(0, None), out_axes=0)\n"
    )


def test_axis_out_of_range() -> None:
    text = "from vectorizer import vmap\n\n\n@vmap(in_axes=2)\ndef f(x):\n    return x\n"
    assert refused(text, "--arg", "x: float64[n]") == (
        "k.py:5: in_axes gives axis 2 for x, which for one example is float64[n]: "
        "give an axis from -2 to 1, or None if all examples share it\n"
        "    def f(x):\n"
    )


def test_axes_of_nested_vmaps_on_the_command_line() -> None:
    text = "from vectorizer import vmap\n\n\n@vmap\n@vmap\ndef f(x: float):\n    return x\n"
    assert refused(text, "--in-axes", "0") == (
        "k.py:6: --in-axes and --out-axes speak of one vmap, but f has 2\n    def f(x: float):\n"
    )


def test_axes_option_that_is_no_literal() -> None:
    result = run("emit", "double.py", "--in-axes", "first")
    assert result.exit_code == 2
    assert "'first' is no literal; axes look like 0, None, (0, None) or {'x': 0}" in result.stderr


@pytest.mark.parametrize(
    ("arg", "message"),
    [
        ("x float64", "expected ':', but found 'float64'\n    x float64\n      ^^^^^^^\n"),
        ("x: flot64[n]", "flot64 is no dtype\n    x: flot64[n]\n       ^^^^^^\n"),
        ("x: float64[n", "expected ']', but the text ends here\n    x: float64[n\n                ^\n"),
        ("x: float64[-1]", "a length is a number or a name\n    x: float64[-1]\n               ^^\n"),
        ("x: float64[n] y", "'y' is not expected here\n    x: float64[n] y\n                  ^\n"),
        ("x: int = 1.5", "the value is not of this type\n    x: int = 1.5\n             ^^^\n"),
        ("x: int = k", "the value is no literal\n    x: int = k\n             ^\n"),
        (": float", 'an argument\'s name stands first\n    : float\n    ^\nFor example: --arg "x: float64[n]"\n'),
        ("x: ]", 'a type is expected here\n    x: ]\n       ^\nFor example: --arg "x: float64[n, 3]"\n'),
        ("z: float", "double has no parameter z\nThe parameters are: x.\n"),
    ],
)
def test_facts_that_cannot_be_read(arg: str, message: str) -> None:
    result = run("emit", "double.py", "--arg", arg)
    assert (result.exit_code, result.stdout) == (2, "")
    start = f"--arg {arg!r}: {message}"
    assert result.stderr.startswith(start) and (result.stderr == start or "The dtypes are:" in result.stderr)


def test_a_fact_twice() -> None:
    result = run("emit", "double.py", "--arg", "x: float", "--arg", "x: int")
    assert (result.exit_code, result.stderr) == (2, "--arg 'x: int': x is given twice\n")


def test_the_backend_of_a_decorator(folder: Path) -> None:
    """It is emitted for, unless the command line names another."""
    (folder / "on_device.py").write_text(DOUBLE.replace("@vmap\n", '@vmap(backend="cupy")\n'))
    assert "cp.sin" in run("emit", "on_device.py").stdout or "ElementwiseKernel" in run("emit", "on_device.py").stdout
    assert "import cupy as cp" in run("emit", "on_device.py").stdout
    assert run("emit", "on_device.py", "--backend", "numpy").stdout == DOUBLED
    assert "launches: " in run("explain", "on_device.py").stdout
    (folder / "on_device.py").write_text(DOUBLE.replace("@vmap\n", '@vmap(backend="tpu")\n'))
    failed = run("emit", "on_device.py")
    assert failed.exit_code == 2 and "backend='tpu' is not known; the backends are: 'cupy', 'numpy'" in failed.stderr


def test_every_option_is_documented() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## The command line")[2].partition("\n## ")[0]
    options = {
        name for command in main.commands.values() for o in command.params for name in (*o.opts, *o.secondary_opts)
    }
    named = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", section))
    assert {name for name in options if name.startswith("-")} <= named
