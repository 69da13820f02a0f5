"""The code blocks of the documentation, run in order, one namespace a file.

- A ``python`` block is executed.
- A block behind ``<!-- output -->`` is what the ``python`` block before it prints.
- A ``python`` block behind ``<!-- file: NAME -->`` is a file that the commands see; it is not executed.
- A ``console`` block holds ``$ vectorizer ...`` commands, each with what it prints below it.

``sh`` blocks are for the reader's shell, and ``text`` blocks without a comment are figures.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(
    r"(?:<!-- (?P<mark>output|file: (?P<file>[\w.]+)) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
KNOWN = {"python", "console", "sh", "text", "diff"}


@dataclass
class Block:
    language: str
    text: str
    line: int
    mark: str = ""
    file: str = ""


def read_blocks(text: str) -> list[Block]:
    return [
        Block(
            m["language"],
            m["text"],
            text.count("\n", 0, m.start("text")),
            (m["mark"] or "").split(":")[0],
            m["file"] or "",
        )
        for m in BLOCK.finditer(text)
    ]


class Page:
    """One page that is run from top to bottom, in a folder of its own."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path, self.folder = path, folder
        self.namespace: dict[str, Any] = {"__name__": f"page_{path.stem}"}
        self.printed: str | None = None

    def run(self, block: Block) -> None:
        place = f"{self.path.name}:{block.line}"
        assert block.language in KNOWN, f"{place}: blocks in {block.language!r} are not checked"
        if block.mark == "output":
            assert self.printed is not None, f"{place}: no block before this one prints"
            assert trimmed(self.printed) == trimmed(block.text), place
        elif block.mark == "file":
            (self.folder / block.file).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            self.printed = self.execute(block)
        elif block.language == "console":
            for command, expected in read_commands(block.text):
                assert trimmed(run_command(command)) == trimmed(expected), f"{place}: {command}"

    def execute(self, block: Block) -> str:
        source = (
            self.folder / f"{self.path.stem}_{block.line}.py"
        )  # a file, as functions are rewritten from their source
        source.write_text(block.text, encoding="utf-8")
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(block.text, str(source), "exec"), self.namespace)
        return printed.getvalue()


def trimmed(text: str) -> list[str]:
    """The lines of a text, but for blanks at their ends and around them."""
    return [line.rstrip() for line in text.strip().splitlines()]


def read_commands(text: str) -> Iterator[tuple[str, str]]:
    """Commands with what they print."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def run_command(command: str) -> str:
    from click.testing import CliRunner

    from vectorizer.cli import main

    program, *arguments = shlex.split(command)
    assert program == "vectorizer", f"{command} is not run here"
    outcome = CliRunner().invoke(main, arguments)
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def has_command_line() -> bool:
    return importlib.util.find_spec("vectorizer.cli") is not None


@pytest.fixture(autouse=True)
def tables_kept() -> Iterator[None]:
    """A page may add rows to the table of rules, which the tests behind it must not see."""
    from vectorizer.rules import load_rules
    from vectorizer.rules.table import FUNCTIONS, METHODS

    load_rules()
    kept = dict(FUNCTIONS), dict(METHODS)
    yield
    for table, rows in zip((FUNCTIONS, METHODS), kept, strict=True):
        table.clear()
        table.update(rows)


@pytest.mark.parametrize("path", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_page(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = Page(path, tmp_path)
    blocks = read_blocks(path.read_text(encoding="utf-8"))
    for block in blocks:
        if block.language != "console" or has_command_line():
            page.run(block)
    if not has_command_line() and any(block.language == "console" for block in blocks):
        pytest.skip("all but the console blocks is right; there is no command line yet")


@pytest.mark.parametrize("path", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), f"{path.name}: {target}"


# --- the checker itself -----------------------------------------------------------------------------------------------


def check(text: str, tmp_path: Path) -> None:
    page = Page(tmp_path / "page.md", tmp_path)
    for block in read_blocks(text):
        page.run(block)


def test_the_checker_finds_wrong_output(tmp_path: Path) -> None:
    right = "```python\nprint(1)\n```\n\n<!-- output -->\n```text\n1\n```\n"
    check(right, tmp_path)
    with pytest.raises(AssertionError, match="page.md:6"):
        check(right.replace("\n1\n", "\n2\n"), tmp_path)


def test_the_checker_runs_blocks_in_one_namespace(tmp_path: Path) -> None:
    check("```python\na = 1\n```\n\n```python\nassert a == 1\n```\n", tmp_path)
    with pytest.raises(NameError):
        check("```python\nassert b == 1\n```\n", tmp_path)


def test_the_checker_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="not checked"):
        check("```ruby\nputs 1\n```\n", tmp_path)
    with pytest.raises(AssertionError, match="no block before"):
        check("<!-- output -->\n```text\n1\n```\n", tmp_path)


def test_commands_are_read_with_their_output() -> None:
    assert list(read_commands("$ vectorizer a\nx\ny\n$ vectorizer b\n")) == [
        ("vectorizer a", "x\ny\n"),
        ("vectorizer b", ""),
    ]
