"""Checks that cannot fail and masks that are made twice are left out of emitted code; all others stay."""

from __future__ import annotations

import pytest

from tests.branch_functions import CASES
from tests.test_branches import arguments
from tests.test_tidy import read, write
from vectorizer import vmap
from vectorizer.rewrite.formulas import And, Atom, Formula, Not, Or, follows
from vectorizer.rewrite.implied import drop_implied

A, B, C = (Atom((name,)) for name in "abc")


@pytest.mark.parametrize(
    ("formula", "facts", "expected"),
    [
        (Or(A, Not(A)), (), True),
        (Or(A, B), (), False),
        (Or(Not(And(A, B)), A), (), True),
        (A, (A,), True),
        (Or(A, B), (B,), True),
        (A, (Or(A, B), Not(B)), False),  # a fact with atoms of its own is not looked at
        (And(A, B), (And(B, A),), True),
        (Or(A, Or(B, C)), (Or(A, B),), True),
        (True, (), True),
        (False, (), False),
    ],
)
def test_what_follows(formula: Formula, facts: tuple[Formula, ...], expected: bool) -> None:
    assert follows(formula, facts) is expected


def test_what_has_many_atoms_is_not_looked_at() -> None:
    many: Formula = Or(A, Not(A))
    for k in range(9):
        many = Or(many, Atom((str(k),)))
    assert not follows(many, ())


CHECK = """
if not np.all(~taken | x_is_set):
    raise UnboundLocalError("x is not set")
"""


def dropped(text: str, theirs: tuple[str, ...] = ("a", "b", "x")) -> str:
    statements = read(text)
    drop_implied(statements, theirs)
    return write(statements)


@pytest.mark.parametrize(
    "before",
    [
        "taken = a > 0\nx_is_set = taken",
        "taken = a > 0\nx_is_set = a > 0",
        "x_is_set = a > 0\ntaken = x_is_set & (b > 0)",
        "taken = a > 0\nx_is_set = taken | (b > 0)",
        "taken = a > 0\nx_is_set = np.ones(batch, bool)",
        "taken = a > 0\nother = a > 0\nx_is_set = ~taken\nx_is_set = other | x_is_set",
        "x = np.zeros(batch)\ntaken = a > 0\nx[taken] = 1.0\nx_is_set = a > 0",
        'taken = a > 0\nif not np.all(x_is_set):\n    raise UnboundLocalError("x is not set")',
    ],
)
def test_checks_that_cannot_fail(before: str) -> None:
    assert "all(~taken | " not in dropped(before + CHECK)


@pytest.mark.parametrize(
    "before",
    [
        "taken = a > 0\nx_is_set = b > 0",
        "taken = a > 0\na = b\nx_is_set = a > 0",  # another `a`
        "taken = a > 0\na[0] = 1.0\nx_is_set = a > 0",
        "v = a[1:]\ntaken = a > 0\nv[0] = 1.0\nx_is_set = a > 0",  # the same memory
        "taken = a > 0\nb = helper(a)\nx_is_set = a > 0",  # which may write to it
        "taken = a > 0\nx_is_set = taken\nx_is_set[0] = False",
        "taken = a >= 0\nx_is_set = ~(a < 0)\ntaken = b > 0",
        "taken = ~(a < 0)\nx_is_set = a >= 0",  # nan is neither
        "taken = a > 0\nx_is_set = taken\nfor k in range(3):\n    taken = b > k",
        "taken = a > 0\nx_is_set = taken\nif b.any():\n    taken = b > 0",
        "taken = a > 0\nx_is_set = taken.copy()\nshow(x_is_set)\nx_is_set = b > 0",
        "taken = draw() > 0\nx_is_set = draw() > 0",
        'taken = a > 0\nif b.any():\n    if not np.all(x_is_set):\n        raise ValueError("x")',
    ],
)
def test_checks_that_may_fail(before: str) -> None:
    assert "all(~taken | " in dropped(before + CHECK)


def test_a_mask_that_is_made_twice_has_one_name() -> None:
    text = "taken = a > 0\nother = a > 0\nx = np.where(other, a, b)\nx_is_set = b > 0" + CHECK
    assert dropped(text).startswith("taken = a > 0\nx = np.where(taken, a, b)\n")


def test_a_mask_that_is_changed_keeps_its_name() -> None:
    text = "taken = a > 0\nother = a > 0\nother[0] = True\nx_is_set = b > 0" + CHECK
    assert "other = a > 0" in dropped(text)


def test_a_name_of_the_user_stays() -> None:
    text = "taken = a > 0\nx = a > 0\nx_is_set = b > 0" + CHECK
    assert "x = a > 0" in dropped(text)


@pytest.mark.parametrize("name", ["either_of_two", "flag_and_value", "same_condition_twice", "first_above_or_zero"])
def test_functions_that_set_what_they_read_have_no_checks(name: str) -> None:
    text = vmap(CASES[name].function).source(*arguments(CASES[name], 7, 0))
    assert "_is_set" not in text
    assert "raise" not in text


def test_what_may_be_unset_is_still_checked() -> None:
    text = vmap(CASES["real_roots"].function).source(*arguments(CASES["real_roots"], 7, 0))
    assert text.count("raise UnboundLocalError") == 1  # nan: neither d >= 0 nor d < 0
