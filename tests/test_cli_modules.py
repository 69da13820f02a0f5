"""Modules as people have them: what is emitted imports, and gives what the loop over the examples gives."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tests.test_cli import run
from vectorizer.cli import main
from vectorizer.testing import assert_matches_loop

X = np.linspace(-2.0, 2.0, 5)


def load(text: str | bytes, name: str) -> Any:
    """A module with this text."""
    path = Path(f"{name}.py")
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def emit(text: str | bytes, *words: str) -> bytes:
    """The emitted module, which the comparison with the loop has passed, and which is a patch away from the text."""
    Path("k.py").write_bytes(text if isinstance(text, bytes) else text.encode())
    result = run("emit", "k.py", *words)
    assert result.exit_code == 0, result.stderr
    verified = run("verify", "k.py", *words)
    assert verified.exit_code == 0, verified.stderr
    Path("patch").write_bytes(run("diff", "k.py", *words).stdout_bytes)
    subprocess.run(["git", "apply", "--whitespace=nowarn", "patch"], check=True)
    assert Path("k.py").read_bytes() == result.stdout_bytes
    return result.stdout_bytes


def emitted(text: str, *words: str) -> str:
    return emit(text, *words).decode()


# --- assignments -----------------------------------------------------------------------------------------------------

HALF = """\
import numpy as np

from vectorizer import jit, vmap


def half(x: float, w: float):
    if x > w:
        return w
    return x / 2


"""
HALF_EMITTED = """\
import numpy as np


def half(x: float, w: float):
    if x > w:
        return w
    return x / 2


"""


def test_an_assignment_becomes_the_function() -> None:
    before = HALF + "batched = vmap(half, in_axes=(0, None))\n\n\ndef use(x):\n    return half(x, 1.0)\n"
    assert emitted(before) == HALF_EMITTED + (
        "def batched(x, w):\n    return np.where(x > w, w, x / 2)\n\n\ndef use(x):\n    return half(x, 1.0)\n"
    )


def test_assignments_one_after_the_other() -> None:
    before = HALF + "# all of it\nboth = vmap(half)  # and more\none = jit(vmap(half, (None, 0)))\nSIZE = 3\n"
    assert emitted(before) == HALF_EMITTED + (
        "# all of it\n# and more\ndef both(x, w):\n    return np.where(x > w, w, x / 2)\n\n\n"
        "def one(x, w):\n    return np.where(x > w, w, x / 2)\n\n\nSIZE = 3\n"
    )


@pytest.mark.parametrize(
    "assignment",
    [
        "g = vmap(vmap(half, in_axes=(0, None)), in_axes=(None, 0))",
        "g = vmap(in_axes=(0, None), out_axes=0)(half)",
        "g = vmap(half, (None, 0), 0)",
        "g = vmap(half, in_axes={'x': 0, 'w': None})",
        "import vectorizer as vz\n\ng = vz.vmap(half)",
        "from vectorizer import vmap as v\n\ng = v(half)",
    ],
)
def test_forms_of_assignments(assignment: str) -> None:
    text = emitted(HALF + assignment + "\n")
    assert "def g(x, w):" in text and "vmap" not in text


def test_an_assignment_that_is_named() -> None:
    Path("k.py").write_text(HALF + "g = vmap(half)\nh = vmap(half, in_axes=(0, None))\n")
    text = run("emit", "k.py:h").stdout
    assert "g = vmap(half)" in text and "def h(x, w):" in text


@pytest.mark.parametrize(
    "assignment",
    [
        "g = vmap(lambda x: x + 1)",
        "g = vmap(half)\ng = None",
        "g = vmap(np.sin)",
        "g, h = vmap(half), 1",
        "g = print(vmap(half))",
    ],
)
def test_other_assignments_stay(assignment: str) -> None:
    Path("k.py").write_text(HALF + assignment + "\n")
    result = run("emit", "k.py")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("k.py: no function is decorated with @vmap or @jit\n")


def test_an_assignment_that_is_looped_calls_the_function_that_is_there() -> None:
    before = HALF.replace("x / 2", "np.roots([x, 1.0, w])[0]")
    text = emitted(before + "g = vmap(half, in_axes=(0, None))\n")
    assert "return stack_examples([half(x_i, w) for x_i in x])" in text
    assert "_half_example" not in text and text.count("def half") == 1


def test_a_recursive_function_by_assignment() -> None:
    text = emitted(
        "from vectorizer import vmap\n\n\ndef down(n: int):\n    return 0 if n <= 0 else 1 + down(n - 2)\n\n\n"
        "g = vmap(down)\n"
    )
    assert "def down(n: int):" in text


# --- any number of arguments -----------------------------------------------------------------------------------------


def test_star_arguments() -> None:
    before = """\
from vectorizer import vmap


@vmap
def total(*xs: float):
    result = xs[0]
    for x in xs[1:]:
        result = result * x
    return result
"""
    text = emitted(before, "--arg", "xs: (float, float64)")
    assert "    assert len(xs) == 2\n" in text
    function = load(text, "out").total
    np.testing.assert_array_equal(function(X, X + 1), X * (X + 1))
    with pytest.raises(AssertionError):
        function(X, X, X)


def test_keywords_of_any_name() -> None:
    before = """\
from vectorizer import vmap


@vmap(in_axes=(1, None))
def shifted(x, *ws: float, **options):
    # x: [n]
    return x.sum() * ws[0] + options["shift"]
"""
    words = ("--arg", "x: float64[n]", "--arg", "ws: (float,)", "--arg", "options: {shift: float64}")
    function = load(emitted(before, *words), "out").shifted
    x, shift = np.arange(6.0).reshape(2, 3), np.arange(3.0)
    np.testing.assert_array_equal(function(x, 2.0, shift=shift), x.sum(axis=0) * 2 + shift)
    with pytest.raises(AssertionError):
        function(x, 2.0, other=shift)


def test_star_arguments_that_are_looped() -> None:
    before = """\
import numpy as np
from vectorizer import vmap


@vmap
def root(x: float, *rest: float, key=None):
    return np.roots([1.0, x + rest[0]])[0]
"""
    text = emitted(before, "--arg", "rest: (float, float)")
    np.testing.assert_allclose(load(text, "out").root(X, X, X), -2 * X)


# --- arguments and annotations ---------------------------------------------------------------------------------------


def test_a_named_tuple_of_the_file() -> None:
    before = """\
from typing import NamedTuple

import numpy as np
from vectorizer import vmap


class Point(NamedTuple):
    x: float
    y: float


@vmap
def norm(p: Point, s: float):
    return np.hypot(p.x, p.y) * s


@vmap(in_axes=(None, 0))
def line(p: Point, x: float):
    slope, start = p
    return x * slope + start
"""
    text = emitted(before)
    module = load(text, "out")
    np.testing.assert_allclose(module.norm(module.Point(X, X), X), np.hypot(X, X) * X)
    assert "return np.hypot(p.x, p.y) * s" in text


def test_a_named_tuple_with_its_batch_axes_behind() -> None:
    before = """\
from __future__ import annotations

from typing import NamedTuple

import numpy as np
from vectorizer import vmap


class Pair(NamedTuple):
    a: Float[np.ndarray, "n"]
    b: Float[np.ndarray, "n"]


@vmap(in_axes=1)
def product(p: Pair):
    return p.a.sum() * p.b
"""
    text = emitted(before)
    assert "p = p._replace(a=np.moveaxis(p.a, 1, 0), b=np.moveaxis(p.b, 1, 0))" in text


@pytest.mark.parametrize(
    "head",
    [
        "def f(x, k):\n    # type: (float, int) -> float\n",
        "def f(x,  # type: float\n      k,  # type: int\n      ):\n    # type: (...) -> float\n",
        'def f(x: "float", k: "int"):\n',
    ],
)
def test_type_comments(head: str) -> None:
    assert "x * k" in emitted(f"from vectorizer import vmap\n\n\n@vmap\n{head}    return x * k\n")


def test_keyword_only_arguments() -> None:
    text = emitted(
        "from vectorizer import vmap\n\n\n@vmap\ndef f(x: float, *, power: int = 2, shift: float = 0.5):\n"
        "    return x**power + shift\n"
    )
    np.testing.assert_array_equal(load(text, "out").f(X, shift=1.0), X**2 + 1.0)


# --- files -----------------------------------------------------------------------------------------------------------

SIGN = """\
from __future__ import annotations

import numpy as np
from vectorizer import vmap


@vmap
def sign(x: float):
    # keep me
    if x > 0:
        return np.sqrt(x)  # and me
    return -1.0
"""


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("    ", "\t").encode(),
        lambda text: ("# coding: latin-1\n" + text.replace("keep", "k\xe9\xe9p")).encode("latin-1"),
        lambda text: text.rstrip("\n").encode(),
    ],
    ids=["CRLF", "BOM", "tabs", "latin-1", "no end of line"],
)
def test_files_keep_their_form(change: Callable[[str], bytes]) -> None:
    before = change(SIGN)
    after = emit(before)
    assert (b"\r\n" in after) == (b"\r\n" in before) and after.count(b"\r\n") in (0, after.count(b"\n"))
    assert after.startswith(b"\xef\xbb\xbf") == before.startswith(b"\xef\xbb\xbf")
    assert after.endswith(b"\n") == before.endswith(b"\n")
    module = load(after, "out")
    np.testing.assert_allclose(module.sign(X), [np.sqrt(x) if x > 0 else -1.0 for x in X])


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the syntax is new in Python 3.12")
def test_new_syntax_beside_the_function() -> None:
    text = emitted(SIGN + "\n\ntype Pair[T] = tuple[T, T]\n\n\ndef first[T](pair: Pair[T]) -> T:\n    return pair[0]\n")
    assert "type Pair[T] = tuple[T, T]" in text


def test_nested_axes_are_verified() -> None:
    before = """\
import numpy as np
from vectorizer import vmap


@vmap(in_axes=(0, None))
@vmap(in_axes=(None, 0))
def kernel(x, y):
    # x: [d], y: [d]
    distance = np.sum((x - y) ** 2)
    return np.exp(-distance) if distance < 3 else 0.0
"""
    words = ("--arg", "x: float64[d]", "--arg", "y: float64[d]")
    module = load(emitted(before, *words), "out")
    x, y = np.random.default_rng(0).random((2, 4, 3))
    expected = [[np.exp(-np.sum((a - b) ** 2)) for b in y] for a in x]
    np.testing.assert_allclose(module.kernel(x, y), expected)
    assert run("verify", "k.py").exit_code == 2  # the emitted file has nothing to verify


def test_decorated_functions_that_call_each_other() -> None:
    before = (
        SIGN + "\n\ndef twice(x):\n    return 2 * x\n\n\n@vmap\ndef g(x: float):\n    return twice(x) + twice(1.0)\n"
    )
    module = load(emitted(before), "out")
    assert_matches_loop(lambda x: 2 * x + 2.0, [X], vmapped=module.g)


def test_a_method_keeps_its_decorator() -> None:
    text = SIGN + "\n\nclass Model:\n    @vmap(in_axes=(None, 0))\n    def f(self, x):\n        return x + 1\n"
    Path("k.py").write_text(text)
    result: Result = CliRunner().invoke(main, ["emit", "k.py"])
    assert result.exit_code == 0
    assert "    @vmap(in_axes=(None, 0))\n    def f(self, x):" in result.stdout
    assert "from vectorizer import vmap" in result.stdout and "@vmap\ndef" not in result.stdout
    assert result.stderr == "k.py:17: note: Model.f is a method, and keeps its decorator\n"
    assert run("emit", "k.py", "--strict").exit_code == 2


def test_what_is_emitted_is_not_emitted_again() -> None:
    Path("k.py").write_text(SIGN)
    run("emit", "k.py", "-o", "k.py")
    once = Path("k.py").read_bytes()
    assert run("emit", "k.py", "-o", "k.py").exit_code == 2
    assert Path("k.py").read_bytes() == once


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- what was emitted wrongly ----------------------------------------------------------------------------------------

ACKERMANN = """\
def ackermann(m: int, n: int):
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann(m - 1, 1)
    return ackermann(m - 1, ackermann(m, n - 1))
"""


def test_forms_of_a_function_that_calls_itself_have_names_of_their_own() -> None:
    """One form gives the second argument as a number, which all examples share."""
    Path("k.py").write_text(ACKERMANN)
    result = run("emit", "k.py:ackermann")
    assert result.exit_code == 0, result.stderr
    m, n = np.indices((3, 4)).reshape(2, 12)
    one, batched = load(ACKERMANN, "one").ackermann, load(result.stdout_bytes, "batched").ackermann
    np.testing.assert_array_equal(batched(m, n), [one(*pair) for pair in zip(m.tolist(), n.tolist(), strict=True)])


ROOTS = """\
import math


def roots(a: float, b: float):
    if a > b:
        found = [a + b, a * b, a - b]
        return sorted(found)
    return [a - b, math.nan, math.nan]
"""


def test_a_sorted_list_beside_a_list() -> None:
    Path("k.py").write_text(ROOTS)
    result = run("emit", "--strict", "k.py:roots")
    assert result.exit_code == 0, result.stderr
    one, batched = load(ROOTS, "one").roots, load(result.stdout_bytes, "batched").roots
    expected = np.array([one(a, b) for a, b in zip(X, X[::-1], strict=True)])
    np.testing.assert_array_equal(np.stack(batched(X, X[::-1]), axis=1), expected)
