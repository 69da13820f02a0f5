"""`try` around arithmetic that raises for some examples."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from vectorizer import vmap
from vectorizer.cli import main
from vectorizer.testing import assert_matches_loop


def divide(a, b):
    try:
        return float(a) / float(b)
    except ZeroDivisionError:
        return 0.0


def root(x):
    try:
        y = math.sqrt(x)
    except ValueError:
        y = -1.0
    return y * 2


def at(x, i):
    try:
        v = x[i]
    except IndexError:
        v = 0.0
    return v


def several_statements(a, b, i):
    total = 0.0
    try:
        p = math.log(a)
        q = float(p) / float(b)
        total = p + q
    except (ValueError, ZeroDivisionError):
        total = -5.0
    else:
        total += 1.0
    return total + i


def in_a_loop(x, y):
    s = 0.0
    for k in range(3):
        try:
            s += float(x[k]) / float(y[k])
        except ZeroDivisionError:
            continue
    return s


def neighbours(x, i):
    try:
        return x[i - 1] + x[i + 1]
    except IndexError:
        return x[0]


def of_numpy_numbers(a, b):
    try:
        return a / b
    except ZeroDivisionError:
        return 0.0


def what_is_not_foreseen(a):
    try:
        if a < 0:
            raise ValueError("negative")
        y = a * 2
    except ValueError:
        y = -1.0
    return y


RNG = np.random.default_rng(0)
A = RNG.integers(-2, 3, 19).astype(float)
B = RNG.integers(-1, 2, 19).astype(float)
INDICES = RNG.integers(-6, 6, 19)
CASES = [
    (divide, (A, B)),
    (divide, (np.abs(A), np.abs(B) + 1)),
    (root, (A,)),
    (root, (A.astype(np.float32),)),
    (at, (RNG.random((19, 4)), INDICES)),
    (several_statements, (A, B, INDICES)),
    (in_a_loop, (RNG.random((19, 3)), RNG.integers(0, 2, (19, 3)).astype(float))),
    (neighbours, (RNG.random((19, 4)), INDICES)),
]


@pytest.mark.parametrize(("function", "args"), CASES, ids=lambda v: getattr(v, "__name__", ""))
def test_is_native_and_equal_to_the_loop(function, args):
    vmapped = vmap(function, strict=True)
    assert_matches_loop(function, args, vmapped=vmapped)
    for k in (1, 2):
        assert_matches_loop(function, tuple(a[:k] for a in args), vmapped=vmapped)


def test_numbers_of_numpy_do_not_raise():
    assert_matches_loop(of_numpy_numbers, (A + 3, np.abs(B) + 1), vmapped=vmap(of_numpy_numbers, strict=True))


@pytest.mark.filterwarnings("ignore::vectorizer.FallbackWarning")
@pytest.mark.parametrize("a", [A, np.abs(A)])
def test_what_is_not_foreseen_is_left_to_the_loop(a):
    assert_matches_loop(what_is_not_foreseen, (a,))


# --- emitted files, behind which no loop stands ---

FORESEEN = """\
import math

from vectorizer import vmap


@vmap
def root_of_quotient(a: float, b: float) -> float:
    try:
        y = math.sqrt(float(a) / float(b))
    except ZeroDivisionError:
        y = -1.0
    except ValueError:
        return -2.0
    else:
        y += 1.0
    return y


@vmap
def element(x, i: int) -> float:
    total = 0.0
    for k in range(3):
        try:
            total += x[i + k]
        except IndexError:
            total -= 1.0
    return total
"""
UNFORESEEN = """\
import math

from vectorizer import vmap


@vmap
def f(a: float) -> float:
    try:
        return math.gamma(a)
    except ValueError:
        return 0.0
"""


def emitted(text: str, folder: Path, *words: str) -> Any:
    """The module that is emitted for a file, and the file's own."""
    modules = []
    (folder / "source.py").write_text(text)
    words = ("emit", str(folder / "source.py"), "-o", str(folder / "made.py"), *words)
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    for name in ("source", "made"):
        spec = importlib.util.spec_from_file_location(f"{name}_of_try", folder / f"{name}.py")
        assert spec is not None and spec.loader is not None
        modules.append(importlib.util.module_from_spec(spec))
        spec.loader.exec_module(modules[-1])
    return *modules, result.stderr


def test_a_file_has_the_handlers_where_all_is_foreseen(tmp_path):
    source, made, said = emitted(FORESEEN, tmp_path, "--arg", "x: float64[n]")
    assert "FallbackWarning" not in said and "stack_examples" not in (tmp_path / "made.py").read_text()
    for name, args in (("root_of_quotient", (A, B)), ("element", (RNG.random((19, 4)), INDICES))):
        assert_matches_loop(getattr(source, name).__wrapped__, args, vmapped=getattr(made, name))


def test_a_file_is_looped_where_something_unforeseen_may_raise(tmp_path):
    source, made, said = emitted(UNFORESEEN, tmp_path)
    assert "something unforeseen may raise" in said
    assert_matches_loop(source.f.__wrapped__, (A,), vmapped=made.f)
