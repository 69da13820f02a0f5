"""Patches: what `git apply` makes of them, and their exact text."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from vectorizer.source.diff import unified

NUMBERS = "".join(f"{n}\n" for n in range(1, 21))


def git_apply(folder: Path, patch: str, *options: str) -> subprocess.CompletedProcess[str]:
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    command = ["git", "apply", *options, "-"]
    return subprocess.run(command, cwd=folder, input=patch.encode(), capture_output=True, check=False)


def assert_applies(folder: Path, before: str, after: str, filename: str = "code.py") -> None:
    path = folder / filename
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(before.encode())
    patch = unified(before, after, filename)
    for options in (["--check"], []):
        done = git_apply(folder, patch, *options)
        assert done.returncode == 0, f"{done.stderr.decode()}\n{patch}"
    assert path.read_bytes().decode() == after


def test_equal_texts_have_no_diff() -> None:
    assert unified("a\n", "a\n", "f.py") == ""
    assert unified("", "", "f.py") == ""


def test_text() -> None:
    assert unified(NUMBERS, NUMBERS.replace("10\n", "ten\n"), "folder/f.py") == (
        "--- a/folder/f.py\n+++ b/folder/f.py\n@@ -7,7 +7,7 @@\n 7\n 8\n 9\n-10\n+ten\n 11\n 12\n 13\n"
    )


def test_no_newline_at_the_end() -> None:
    assert unified("a\nb", "a\nb\n", "f") == (
        "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n"
    )


def test_first_line_moves_the_numbers() -> None:
    assert "@@ -41,2 +41,3 @@" in unified("a\nb\n", "a\nnew\nb\n", "f.py", first_line=41)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(NUMBERS, NUMBERS.replace("3\n", "three\n"), id="several hunks"),
        pytest.param(NUMBERS, "0\n" + NUMBERS, id="added first"),
        pytest.param(NUMBERS, NUMBERS + "21\n", id="added last"),
        pytest.param(NUMBERS, NUMBERS[2:], id="first removed"),
        pytest.param(NUMBERS, NUMBERS[:-3], id="last removed"),
        pytest.param("a\nb", "a\nc", id="neither ends in a newline"),
        pytest.param("a\nb", "a\nb\n", id="newline added"),
        pytest.param("a\nb\n", "a\nb", id="newline removed"),
        pytest.param("a\n", "", id="emptied"),
        pytest.param("", "a\nb\n", id="filled"),
        pytest.param("a\n\n\n\n\nb\n", "a\n\n\nb\n", id="equal lines at both ends overlap"),
        pytest.param("a\r\nb\r\n", "a\r\nc\r\n", id="carriage returns"),
        pytest.param("a\x0cb\nc\u2028d\n", "a\x0cb\nc\u2028e\n", id="what else str.splitlines splits at"),
        pytest.param("\tx = 'é'\n", "\tx = 'ü'\n", id="not ASCII"),
        pytest.param("-- a\n++ b\n", "-- a\n-- b\n", id="looks like a header"),
    ],
)
def test_git_applies(tmp_path: Path, before: str, after: str) -> None:
    assert_applies(tmp_path, before, after)


@pytest.mark.parametrize(
    "filename", ["a b.py", "dir/sub dir/f.py", "naïve.py", 'quo"te.py', "back\\slash.py", "t\tb.py"]
)
def test_git_applies_to_unusual_names(tmp_path: Path, filename: str) -> None:
    assert_applies(tmp_path, "a\n", "b\n", filename)


def test_git_applies_a_functions_diff_to_its_file(tmp_path: Path) -> None:
    """Without first_line git would find the text only by searching; here the same text stands twice."""
    function = "def f(x):\n    return x\n"
    (tmp_path / "f.py").write_text(NUMBERS + function + NUMBERS + function + NUMBERS)
    patch = unified(function, function.replace("return x", "return x + 1"), "f.py", first_line=43)
    assert git_apply(tmp_path, patch, "--unidiff-zero").returncode == 0
    lines = (tmp_path / "f.py").read_text().splitlines()
    assert (lines[21], lines[43]) == ("    return x", "    return x + 1")


def test_git_applies_random_edits(tmp_path: Path) -> None:
    generator = random.Random(0)
    for case in range(25):
        before = [generator.choice(["a", "b", "", "    c"]) for _ in range(generator.randrange(60))]
        after = list(before)
        for _ in range(generator.randrange(1, 6)):
            place = generator.randrange(len(after) + 1)
            after[place : place + generator.randrange(4)] = generator.choices(
                ["a", "new", ""], k=generator.randrange(4)
            )
        old, new = ("\n".join(lines) + generator.choice(["", "\n"]) for lines in (before, after))
        if old != new:
            folder = tmp_path / str(case)
            folder.mkdir()
            assert_applies(folder, old, new)


def test_paths_are_made_relative() -> None:
    assert unified("a\n", "b\n", "/top/./f.py").startswith("--- a/top/f.py\n+++ b/top/f.py\n")


def test_a_long_file_with_one_change_is_quick() -> None:
    lines = ["x = 1\n"] * 200_000
    changed = [*lines[:100_000], "x = 2\n", *lines[100_001:]]
    assert unified("".join(lines), "".join(changed), "f.py").count("\n") == 2 + 1 + 8
