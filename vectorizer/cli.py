"""The command line: `vectorizer emit`, `diff`, `explain` and `verify`."""

from __future__ import annotations

import ast
import functools
import io
import os
import re
import sys
import tempfile
import tokenize
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from vectorizer.source.diff import unified
from vectorizer.static.problems import InputError, Place

if TYPE_CHECKING:
    from vectorizer.static.module import Emitted
    from vectorizer.static.reading import StaticModule
    from vectorizer.static.rewriting import Rewritten

Command = TypeVar("Command", bound=Callable[..., Any])
REFUSED, WRONG_INPUT = 1, 2  # exit codes


class Axes(click.ParamType):  # type: ignore[type-arg]  # older versions of click have no parameter
    """A literal for `in_axes` or `out_axes`."""

    name = "axes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from vectorizer.static.targets import GIVEN_NONE

        try:
            axes = ast.literal_eval(value.strip())
        except (ValueError, SyntaxError):
            self.fail(f"{value!r} is no literal; axes look like 0, None, (0, None) or {{'x': 0}}", param, ctx)
        return GIVEN_NONE if axes is None else axes


class BackendName(click.ParamType):  # type: ignore[type-arg]
    """The name of a backend."""

    name = "backend"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from vectorizer.backends import find_backend
        from vectorizer.errors import VectorizeValueError

        try:
            return find_backend(value).name
        except VectorizeValueError as error:
            self.fail(str(error), param, ctx)


def shared_options(command: Command) -> Command:
    """The arguments and options that all commands have."""
    for add in (
        click.option(
            "--arg",
            "args",
            multiple=True,
            metavar="FACT",
            help='An argument of one example, such as "x: float64[n, 3]".',
        ),
        click.option("--out-axes", type=Axes(), metavar="AXES", help="Where results are stacked, such as 0."),
        click.option("--in-axes", type=Axes(), metavar="AXES", help='The axis of each argument, such as "(0, None)".'),
        click.argument("target", metavar="FILE[:FUNCTION]"),
    ):
        command = add(command)
    return command


def rewriting_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a command on rewritten functions: it is given the file and what was emitted, and what is left."""

    @functools.wraps(command)
    def run(
        target: str, in_axes: Any, out_axes: Any, args: tuple[str, ...], strict: bool, backend: str | None, **rest: Any
    ) -> None:
        command(*rewritten(target, args, options(in_axes, out_axes, strict, backend)), **rest)

    made = click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write to this file.")(run)
    made = click.option(
        "--backend", type=BackendName(), metavar="NAME", help="Emit for this library, such as cupy, and not for NumPy."
    )(made)
    made = click.option("--strict", is_flag=True, help="Refuse what would have to be looped.")(made)
    return shared_options(made)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(metadata.version("vectorizer"), prog_name="vectorizer", message="%(prog)s %(version)s")
def main() -> None:
    """Rewrites functions for one example, in Python and NumPy, into functions for a whole batch.

    Functions are those decorated with @vmap(...) or @jit in FILE, or the one that is named.  The rank and dtype of
    their arguments come from --arg, or from annotations: Float[np.ndarray, "n 3"], float, int, or
    npt.NDArray[np.float32] with a comment such as "# x: [n, d]".
    """


@main.command()
@rewriting_options
def emit(file: File, done: Emitted, output: str | None) -> None:
    """Write FILE with its functions rewritten in place.  Nothing in it is imported or run."""
    put(file.encode(done.text), output)


@main.command()
@click.option("--color/--no-color", default=None, help="Colour the patch; by default, on a terminal.")
@rewriting_options
def diff(file: File, done: Emitted, output: str | None, color: bool | None) -> None:
    """Print what `emit` changes, as a patch for `git apply`.  Nothing in FILE is imported or run."""
    patch = file.patch(done.text)
    is_coloured = output is None and (sys.stdout.isatty() if color is None else color)
    if is_coloured:
        click.echo(coloured(patch), nl=False, color=True)
    else:
        put(patch.encode(file.encoding.removesuffix("-sig")), output)


@main.command()
@rewriting_options
def explain(_file: File, done: Emitted, output: str | None) -> None:
    """Print one line for each change: its place, the rule, the reason.  Nothing in FILE is imported or run."""
    lines = [line for function in done.functions for line in explained(function)]
    put("".join(f"{line}\n" for line in lines).encode(), output)


@main.command()
@click.option("--batch", default=7, show_default=True, metavar="N", type=click.IntRange(0), help="Number of examples.")
@click.option("--trials", default=3, show_default=True, metavar="N", type=click.IntRange(1), help="How many inputs.")
@click.option("--seed", default=0, show_default=True, help="Of the random inputs.")
@shared_options
def verify(target: str, in_axes: Any, out_axes: Any, args: tuple[str, ...], batch: int, trials: int, seed: int) -> None:
    """Compare FUNCTION, vectorized, with the loop over its examples, on random inputs.

    This imports FILE and runs FUNCTION.  Lengths that are names get random numbers.
    """
    from vectorizer.static.verifying import Trials, verify_file

    try:
        file, name = read(target)
        report = verify_file(file.parsed(), name, options(in_axes, out_axes, False), args, Trials(batch, trials, seed))
    except InputError as error:
        fail(error, WRONG_INPUT)
    except AssertionError as error:
        click.echo(str(error), err=True)
        sys.exit(REFUSED)
    click.echo(report)


# Files


class File:
    """A source file: its text, line ends as they are, and how it is encoded."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            content = Path(path).read_bytes()
            self.encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
            self.text = content.decode(self.encoding)
        except OSError as error:
            raise InputError(Place(path), f"the file cannot be read: {error.strerror}") from None
        except (SyntaxError, UnicodeDecodeError) as error:
            raise InputError(Place(path), f"the file cannot be decoded: {error}") from None

    def encode(self, text: str) -> bytes:
        return text.encode(self.encoding)

    def patch(self, after: str) -> str:
        """The patch that makes `after` of the file; a byte order mark is a part of the first line."""
        mark = "\ufeff" if self.encoding == "utf-8-sig" else ""
        return unified(mark + self.text, mark + after, patch_path(self.path))

    def parsed(self) -> StaticModule:
        from vectorizer.static.reading import read_module

        return read_module(self.path, self.text)


def read(target: str) -> tuple[File, str | None]:
    """The file and the function that `FILE[:FUNCTION]` names."""
    path, colon, name = target.rpartition(":")
    if colon and path and re.fullmatch(r"[^\W\d][\w.]*", name) and not os.path.exists(target):
        return File(path), name
    return File(target), None


def put(content: bytes, output: str | None) -> None:
    """Write to a file, or to the standard output."""
    if output is None:
        click.echo(content, nl=False)
        return
    try:
        write_whole(Path(output), content)
    except OSError as error:
        fail(InputError(Place(output), f"the file cannot be written: {error.strerror}"), WRONG_INPUT)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees half of it."""
    path = path.resolve()
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


# Rewriting


def rewritten(target: str, args: Sequence[str], given: Any) -> tuple[File, Emitted]:
    """The rewritten file; what the user must know about it goes to the standard error."""
    from vectorizer.static.arguments import given_facts
    from vectorizer.static.module import rewrite_module
    from vectorizer.static.targets import find_targets, inner_functions

    try:
        file, name = read(target)
        module = file.parsed()
        targets = find_targets(module, name, given)
        left = list(inner_functions(module)) if name is None else []
        done = rewrite_module(module, targets, given_facts(args, targets))
    except InputError as error:
        fail(error, WRONG_INPUT)
    for line, message in left:
        click.echo(f"{module.place(line=line)}: note: {message}, and keeps its decorator", err=True)
    for function in done.functions:
        if function.target.strict or function.target.backend not in (None, "numpy"):
            refuse_loops(function)
        for note in notes(function):
            click.echo(note, err=True, nl=False)
    return file, done


def options(in_axes: Any, out_axes: Any, strict: bool, backend: str | None = None) -> Any:
    from vectorizer.static.targets import Options

    return Options(in_axes, out_axes, strict, backend)


def refuse_loops(function: Rewritten) -> None:
    for place, message in loops(function):
        why = "strict" if function.target.strict else f"which {function.target.backend} is not for"
        fail(InputError(place, f"{message} ({why})"), REFUSED)


def loops(function: Rewritten) -> list[tuple[Place, str]]:
    """What is looped over the examples, with its place."""
    name = function.target.name
    if function.looped is not None:
        return [
            (function.looped.place, f"{name}: the whole function is looped over the examples: {function.looped.reason}")
        ]
    return [
        (
            function.place(change.line, change.code),
            f"{name}: this expression is looped over the examples: {change.reason}",
        )
        for change in function.fallbacks
    ]


def notes(function: Rewritten) -> list[str]:
    """What the user must know, as printed."""
    name, start = function.target.name, function.place(0)
    found = [f"{place}: FallbackWarning: {message}\n{place.pointed()}" for place, message in loops(function)]
    for parameter, value in function.relied.items():
        found.append(
            f"{start}: note: {name} is rewritten for {parameter}={value!r}, its default; "
            f'--arg "{parameter}: {type(value).__name__} = ..." gives another\n'
        )
    if function.warns:
        found.append(
            f"{start}: note: where Python's arithmetic or math raises for an example of {name} (a division by zero, "
            "a square root of -1), the emitted code gives nan or inf with a RuntimeWarning\n"
        )
    return found


def explained(function: Rewritten) -> list[str]:
    if function.looped is not None:
        return [f"{function.looped.place}: loop: {function.looped.reason}"]
    return [f"{function.place(change.line)}: {change.rule}: {change.reason}" for change in function.changes]


def patch_path(path: str) -> str:
    """How a patch names a file: from the current folder, where it lies below it."""
    try:
        return Path(path).resolve().relative_to(Path.cwd().resolve()).as_posix()
    except ValueError:
        return Path(path).as_posix()


def coloured(patch: str) -> str:
    """A patch in the colours that git has."""
    styles: dict[str, dict[str, Any]] = {
        "---": {"bold": True}, "+++": {"bold": True}, "@@": {"fg": "cyan"}, "-": {"fg": "red"}, "+": {"fg": "green"},
    }  # fmt: skip
    lines = []
    for line in patch.splitlines(keepends=True):
        style = next((style for start, style in styles.items() if line.startswith(start)), None)
        text = line.rstrip("\n")
        lines.append(click.style(text, **style) + line[len(text) :] if style else line)
    return "".join(lines)


def fail(error: InputError, code: int) -> NoReturn:
    click.echo(error.report(), err=True, nl=False)
    sys.exit(code)
