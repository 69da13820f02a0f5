"""What is tidied in emitted code, and what must stay as it is; every text is also run, before and after."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from tests.corpus import all_cases
from tests.test_corpus import make_arguments
from vectorizer import vmap
from vectorizer.rewrite.dead_code import drop_unread
from vectorizer.rewrite.naming import drop_renames, name_repeats
from vectorizer.rewrite.numbering import renumber
from vectorizer.rewrite.peepholes import cast_once, join_moves, name_sizes, read_lengths, shorten, take_first_values
from vectorizer.source.layout import fit
from vectorizer.source.statements import Stmt

MOVES = re.compile(r"(lanes, .*|\w+_final\[\w+\]) = ")  # what a loop over live lanes does with values


def read(text: str) -> list[Stmt]:
    """The statements of a function's body."""
    lines = textwrap.dedent(text).strip().split("\n")
    top: list[Stmt] = []
    open_blocks: list[tuple[int, list[Stmt]]] = [(0, top)]
    for line in lines:
        indent = len(line) - len(line.lstrip())
        while indent < open_blocks[-1][0]:
            open_blocks.pop()
        code, _, comment = line.strip().partition("  #")
        target = re.match(r"(\w+) = ", code)
        made = Stmt(code, target=target[1] if target else None, safe=MOVES.match(code) is not None)
        made.trailing = f"#{comment}" if comment else ""
        made.body = [] if code.endswith(":") else None
        open_blocks[-1][1].append(made)
        if made.body is not None:
            open_blocks.append((indent + 4, made.body))
    return top


def write(statements: list[Stmt]) -> str:
    return "\n".join(line for statement in statements for line in statement.render())


def arguments() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {
        "np": np, "sliding_window_view": sliding_window_view, "batch": 4, "n": 5, "x": rng.random((4, 5)),
        "c": np.array([True, False, True, False]), "y": rng.random(4), "z": rng.random((4, 5, 3)), "p": 2.0, "q": 3.0,
    }  # fmt: skip


def result_of(text: str) -> Any:
    names = arguments()
    body = textwrap.indent(text, "    ")
    exec(f"def f({', '.join(names)}):\n{body}", scope := {})
    return scope["f"](**names)


def check(tidied: Callable[[list[Stmt]], object], before: str, after: str | None) -> None:
    """`after` is None where nothing may change."""
    statements = read(before)
    tidied(statements)
    expected = write(read(before if after is None else after))
    assert write(statements) == expected
    np.testing.assert_equal(result_of(expected), result_of(write(read(before))))


# --- dead code -------------------------------------------------------------------------------------------------------


def test_a_variable_that_is_only_cut_goes() -> None:
    before = """
    lanes, v, w = np.arange(batch), y, y
    total = 0
    while lanes.size:
        total = total + w.sum()
        lanes, v, w = lanes[1:], v[1:], w[1:]
    return total
    """
    after = """
    lanes, w = np.arange(batch), y
    total = 0
    while lanes.size:
        total = total + w.sum()
        lanes, w = lanes[1:], w[1:]
    return total
    """
    statements = read(before)
    drop_unread(statements)
    drop_unread(statements)
    # the call in the first line is not known to be harmless beside others, so only the loop is cut
    assert "lanes, w = lanes[1:], w[1:]" in write(statements)
    assert result_of(write(statements)) == result_of(write(read(after)))


def test_a_buffer_that_nobody_reads_goes() -> None:
    before = "lanes = np.arange(batch)\nv_final = np.empty(batch)\nv_final[lanes] = y\nreturn y"
    check(drop_unread, before, "return y")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("a = 0\na = y + 1\nreturn a", "a = y + 1\nreturn a", id="set again"),
        pytest.param("a, b = 0, 1\na = y + b\nreturn a", "b = 1\na = y + b\nreturn a", id="one of several"),
        pytest.param(
            "a, b = 0, 1\nif n > 2:\n    a = 3\nelse:\n    a = 4\nreturn a + b",
            "b = 1\nif n > 2:\n    a = 3\nelse:\n    a = 4\nreturn a + b",
            id="set again on both paths",
        ),
        pytest.param("a = 0\nif n > 9:\n    a = 3\nreturn a", None, id="set again on one path"),
        pytest.param("a = 0\nfor i in range(n - 5):\n    a = 3\nreturn a", None, id="a loop without iterations"),
        pytest.param("a = 0\nfor i in range(n):\n    b = a\n    a = i + b\nreturn a", None, id="from one to the next"),
        pytest.param("a = 0\nwhile True:\n    if n > a:\n        break\n    a = 3\nreturn a", None, id="left early"),
        pytest.param("a = 1\nf = lambda: a\nreturn f()", None, id="a lambda reads it"),
        pytest.param("a = x[0] / 0\nreturn y", None, id="it may warn"),
        pytest.param("a = 0\ndel a\nreturn y", None, id="it is deleted"),
        pytest.param("a = 2\nb = [a for a in range(3)]\nreturn a, b", None, id="a comprehension's own name"),
    ],
)
def test_dead_assignments(before: str, after: str | None) -> None:
    with np.errstate(divide="ignore"):
        check(drop_unread, before, after)


# --- first values ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("a = 2.5\na = np.full(batch, a)\nreturn a", "a = np.full(batch, 2.5)\nreturn a", id="full"),
        pytest.param(
            "a, b = n, 1\nb = y * b\na = np.where(c, a, 7)\nreturn a, b",
            "a, b = n, 1\nb = y * b\na = np.where(c, a, 7)\nreturn a, b",
            id="a variable is no constant",
        ),
        pytest.param(
            "a, b = x.shape[1], 1\na = np.where(c, 7, a)\nreturn a, b",
            "b = 1\na = np.where(c, 7, x.shape[1])\nreturn a, b",
            id="a length",
        ),
        pytest.param("a = 2\nb = a\na = np.full(batch, a)\nreturn a, b", None, id="read before"),
        pytest.param("a = 2\nif n > 1:\n    b = a\na = np.full(batch, a)\nreturn a, b", None, id="read in a block"),
        pytest.param(
            "a = x.shape[1]\nx = x[:, :2]\na = np.full(batch, a)\nreturn a, x", None, id="what it reads changes"
        ),
        pytest.param("a = 2\na = np.where(c, a, a + 1)\nreturn a", None, id="read twice"),
    ],
)
def test_first_values(before: str, after: str | None) -> None:
    check(take_first_values, before, after)


# --- short forms -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("return x[:, 0][:, None]", "return x[:, 0, None]", id="a column"),
        pytest.param("return z[:, :, 0][:, :, None]", "return z[:, :, 0, None]", id="behind"),
        pytest.param("return z[:, 1:, 0][:, None]", "return z[:, None, 1:, 0]", id="before a slice"),
        pytest.param("return z[:, -1][:, :, None]", "return z[:, -1, :, None]", id="an axis that is not named"),
        pytest.param(
            "t = 0\nfor i in range(n):\n    t = t + x[:, i][:, None]\nreturn t",
            "t = 0\nfor i in range(n):\n    t = t + x[:, i, None]\nreturn t",
            id="a counter",
        ),
        pytest.param("i = np.array([0, 1])\nreturn x[:, i][:, None]", None, id="an index array"),
        pytest.param("i = n - 4\nreturn x[:, i][:, None]", None, id="not known to be an integer"),
        pytest.param("return x[c][:, None]", None, id="a mask"),
        pytest.param("return x[:, 1:][:, 0]", None, id="no new axis"),
        pytest.param(
            "for i in range(n):\n    i = np.array([0, 1])\n    t = x[:, i][:, None]\nreturn t", None, id="set again"
        ),
        pytest.param(
            "return np.sum(np.where(x > 0.5, 1, 0), axis=1)", "return np.count_nonzero(x > 0.5, axis=1)", id="a count"
        ),
        pytest.param("return np.sum(np.where(x > 0.5, 1, 0.0), axis=1)", None, id="a sum of floats"),
        pytest.param("return np.sum(np.where(x > 0.5, 1, 0))", None, id="a sum of all"),
        pytest.param("return np.sum(np.where(x > 0.5, True, False), axis=1)", None, id="booleans"),
        pytest.param("return x.astype(int).copy()", "return x.astype(int)", id="a copy of a copy"),
        pytest.param("return x.astype(float, copy=False).copy()", None, id="no copy yet"),
        pytest.param("return batch * (5) + n", "return batch * 5 + n", id="parentheses"),
        pytest.param("return batch * (x.shape[1])", "return batch * x.shape[1]", id="parentheses around a length"),
        pytest.param("return batch * (5).bit_length()", None, id="a method of a number"),
        pytest.param(
            "return (y + x[:, :, None])[:, -1][:, None]",
            "return (y + x[:, :, None])[:, -1, None]",
            id="a column of a sum",
        ),
        pytest.param(
            "return (~((x > 0.5) == (x > 0.25))).astype(int)",
            "return ((x > 0.5) != (x > 0.25)).astype(int)",
            id="a comparison of comparisons",
        ),
    ],
)
def test_short_forms(before: str, after: str | None) -> None:
    check(shorten, before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("a = (~(y == p)).astype(int)\nreturn a", "a = (y != p).astype(int)\nreturn a", id="not equal"),
        pytest.param("a = (~(y < p)).astype(int)\nreturn a", None, id="not less, which nan is not"),
        pytest.param(
            "return np.sum((x < p).astype(int), axis=1)", "return np.count_nonzero(x < p, axis=1)", id="comparisons"
        ),
        pytest.param("return np.sum((x + p).astype(int), axis=1)", None, id="numbers"),
    ],
)
def test_short_forms_of_flags(before: str, after: str | None) -> None:
    check(shorten, before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "a = (y < 1).astype(int)\nreturn a.astype(np.int16) + a.astype(np.int16)",
            "a = (y < 1).astype(np.int16)\nreturn a + a",
            id="cast alike",
        ),
        pytest.param("a = (y < 1).astype(int)\nreturn a.astype(np.int16) + a", None, id="read as it is"),
        pytest.param("a = (y < 1).astype(int)\nreturn a.astype(np.int16) + a.astype(np.int8)", None, id="cast twice"),
        pytest.param("a = (y * 9).astype(int)\nreturn a.astype(np.int16)", None, id="numbers"),
        pytest.param("a = (y < 1).astype(int)\na = a.astype(np.int16)\nreturn a", None, id="set again"),
        pytest.param("y = (y < 1).astype(int)\nreturn y.astype(np.int16)", None, id="a parameter"),
    ],
)
def test_casts_of_flags(before: str, after: str | None) -> None:
    check(lambda statements: cast_once(statements, statements, arguments()), before, after)


def test_counts_keep_their_dtype() -> None:
    chosen = arguments()["x"] > 0.5
    assert np.count_nonzero(chosen, axis=1).dtype == np.sum(np.where(chosen, 1, 0), axis=1).dtype


# --- moves -----------------------------------------------------------------------------------------------------------


def joined(theirs: Collection[str] = ()) -> Callable[[list[Stmt]], None]:
    return lambda statements: join_moves(statements, theirs)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "item = x[:, 1].copy()\nitem_2 = x[:, 0].copy()\nx[:, 0] = item\nx[:, 1] = item_2\nreturn x",
            "x[:, 0], x[:, 1] = x[:, 1].copy(), x[:, 0].copy()\nreturn x",
            id="a swap",
        ),
        pytest.param(
            "item = x[:, 1].copy()\nitem_2 = x[:, 0].copy()\nx[:, 1] = item_2\nx[:, 0] = item\nreturn x",
            None,
            id="in another order",
        ),
        pytest.param(
            "item = y + 1\nitem_2 = y + 2\nx[:, 0] = item\nx[:, 1] = item_2\nreturn x, item_2", None, id="read again"
        ),
        pytest.param(
            "item = (p, q)\nitem_2 = p\na, b = item\nd = item_2\nreturn a, b, d", None, id="a pair is unpacked"
        ),
    ],
)
def test_moves_are_one_statement(before: str, after: str | None) -> None:
    check(joined(), before, after)


def test_the_users_own_steps_stay() -> None:
    check(joined({"item"}), "item = p\nitem_2 = q\na = item\nb = item_2\nreturn a, b", None)


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "lanes = np.arange(batch)\na = lanes.size\nlanes = lanes[1:]\nreturn a, lanes.size",
            "lanes = np.arange(batch)\na = batch\nlanes = lanes[1:]\nreturn a, lanes.size",
            id="until it changes",
        ),
        pytest.param(
            "lanes = np.arange(batch)\nwhile lanes.size:\n    lanes = lanes[1:]\nreturn np.zeros(lanes.size)",
            None,
            id="a loop may change it",
        ),
    ],
)
def test_sizes(before: str, after: str | None) -> None:
    check(name_sizes, before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "lanes = np.arange(batch)\nwhile lanes.size > x[lanes].shape[1] - 3:\n    lanes, v = lanes[1:], y[1:]\n"
            "return lanes",
            "lanes = np.arange(batch)\nwhile lanes.size > x.shape[1] - 3:\n    lanes, v = lanes[1:], y[1:]\n"
            "return lanes",
            id="numbers of examples",
        ),
        pytest.param("lanes = np.arange(batch)\nreturn z[0][lanes].shape[1]", None, id="not of a variable"),
        pytest.param("lanes = np.arange(batch)\nreturn x[lanes].shape[0]", None, id="how many they are"),
        pytest.param("lanes = np.ones((2, 3), int)\nreturn x[lanes].shape[1]", None, id="other indices"),
        pytest.param(
            "lanes = np.arange(batch)\nlanes = lanes[:, None]\nreturn x[lanes].shape[1]", None, id="it is set again"
        ),
    ],
)
def test_lengths(before: str, after: str | None) -> None:
    check(read_lengths, before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("x_2 = x\nx_5 = x_2 + 1\nreturn x_5", "x_2 = x\nx_3 = x_2 + 1\nreturn x_3", id="x is theirs"),
        pytest.param("i_2 = np.arange(n)\nreturn i_2 * x", "i = np.arange(n)\nreturn i * x", id="i has gone"),
        pytest.param("sum_2 = y\nreturn sum_2 * 2", None, id="a builtin"),
        pytest.param("w_2 = y\nreturn w_2 * 2", None, id="a global"),
        pytest.param("i_2 = y\nreturn {'i_2': i_2}", None, id="a string that says the same"),
    ],
)
def test_numbers_of_names(before: str, after: str | None) -> None:
    check(lambda statements: renumber(statements, {"x", "i", "x_2"}, lambda name: name == "w"), before, after)


def test_a_counter_without_a_name_gets_one_where_it_is_read() -> None:
    before = "t = 0\nfor _ in range(n):\n    t = t + x[:, _]\nreturn t"
    after = "t = 0\nfor step in range(n):\n    t = t + x[:, step]\nreturn t"
    check(lambda statements: renumber(statements, {"_", "t", "x"}, lambda name: False), before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "a_if, b_if = y, p\na = np.where(c, a_if + 1, b_if)\nreturn a",
            "a = np.where(c, y + 1, p)\nreturn a",
            id="both",
        ),
        pytest.param(
            "a, b = y, y + 1\na_if, b_if = b, a\na = np.where(c, a_if, a)\nb = np.where(c, b_if, b)\nreturn a, b",
            "a, b = y, y + 1\nb_if = a\na = np.where(c, b, a)\nb = np.where(c, b_if, b)\nreturn a, b",
            id="one has changed where the other name is read",
        ),
        pytest.param("held = y\nreturn held + np.sum(held)", "return y + np.sum(y)", id="held"),
        pytest.param("held = y\ny = y + 1\nreturn held, y", None, id="held while it is set again"),
        pytest.param("a_if = y\na_if = a_if + 1\nreturn a_if", None, id="it is set again"),
    ],
)
def test_names_of_names(before: str, after: str | None) -> None:
    check(lambda statements: drop_renames(statements, statements, ()), before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "batch = x.shape[0]\ni = np.ones(4, int)\n"
            "return x[np.arange(batch), i], x[np.arange(batch), i + 1], x[np.arange(batch), 0]",
            "batch = x.shape[0]\ni = np.ones(4, int)\nexamples = np.arange(batch)\n"
            "return x[examples, i], x[examples, i + 1], x[examples, 0]",
            id="three times",
        ),
        pytest.param(
            "batch = x.shape[0]\nt = 0\nfor i in range(n):\n    t += x[np.arange(batch), i]\nreturn t",
            "batch = x.shape[0]\nt = 0\nexamples = np.arange(batch)\nfor i in range(n):\n    t += x[examples, i]\n"
            "return t",
            id="in a loop",
        ),
        pytest.param("batch = x.shape[0]\nreturn x[np.arange(batch), 0]", None, id="once"),
        pytest.param(
            "batch = x.shape[0]\nreturn np.arange(batch), np.arange(batch), np.arange(batch)", None, id="no subscript"
        ),
        pytest.param(
            "v = sliding_window_view(x, 3, axis=1)[:, :, 0] + sliding_window_view(x, 3, axis=1)[:, :, 1]\nreturn v",
            "windows = sliding_window_view(x, 3, axis=1)\nv = windows[:, :, 0] + windows[:, :, 1]\nreturn v",
            id="windows",
        ),
        pytest.param(
            "a = sliding_window_view(x, 3, axis=1)[:, :, 0]\nx = x + 1\n"
            "return a, sliding_window_view(x, 3, axis=1)[:, :, 0]",
            None,
            id="windows of another array",
        ),
        pytest.param(
            "a = x[np.flatnonzero(c), 0]\nb = x[np.flatnonzero(c), 1]\nreturn a, b",
            "examples = np.flatnonzero(c)\na = x[examples, 0]\nb = x[examples, 1]\nreturn a, b",
            id="chosen examples",
        ),
        pytest.param(
            "a = x[np.flatnonzero(c), 0]\nc[0] = False\nb = x[np.flatnonzero(c), 1]\nreturn a, b",
            None,
            id="the mask changes",
        ),
    ],
)
def test_names_for_what_is_repeated(before: str, after: str | None) -> None:
    check(lambda statements: name_repeats(statements, lambda name: False, ()), before, after)


# --- long lines ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("return first, second, third", "return (\n    first,\n    second,\n    third,\n)", id="a tuple"),
        pytest.param("value = f(first, second, x)", "value = f(\n    first, second, x\n)", id="arguments on one line"),
        pytest.param(
            "value = f(first_one, second, third=1)",
            "value = f(\n    first_one,\n    second,\n    third=1,\n)",
            id="each on its own",
        ),
        pytest.param("value = [f(v, w) for v, w in a]", "value = [\n    f(v, w)\n    for v, w in a\n]", id="items"),
        pytest.param("value = first + second - third", "value = (\n    first + second - third\n)", id="a sum"),
        pytest.param(
            "value = first * second - third / (a + b)",
            "value = (\n    first * second\n    - third / (a + b)\n)",
            id="a sum of products",
        ),
        pytest.param("value = first + g(second, x)", "value = first + g(\n    second, x\n)", id="a call at the end"),
        pytest.param(
            "value = first * (second + ab)", "value = first * (\n    second + ab\n)", id="brackets at the end"
        ),
        pytest.param("value = f(first).reshape(-1, 1)", "value = f(first).reshape(\n    -1, 1\n)", id="a method"),
        pytest.param(
            "if first_one and second or t:\n    pass",
            "if (\n    first_one and second\n    or t\n):\n    pass",
            id="the head of a block",
        ),
        pytest.param("if first_one and second:\n    pass", None, id="a short head"),
        pytest.param("a = 'a string that is as long as it is'", None, id="no place for a break"),
        pytest.param("a = f(first, second, b)  # why", "a = f(\n    first, second, b\n)  # why", id="a comment"),
    ],
)
def test_long_lines(before: str, after: str | None) -> None:
    assert fit(before, 26 if after is not None else 32) == (after or before)


CASES = [case for case in all_cases() if not case.tags]


@pytest.mark.parametrize("case", CASES[::5], ids=lambda case: case.name)
def test_emitted_lines_are_not_too_long(case: Any, fallbacks_allowed: None) -> None:
    vmapped = vmap(case.fun, case.in_axes)
    vmapped(*make_arguments(case, 3))
    assert [line for line in vmapped.source().split("\n") if len(line) > 120] == []
