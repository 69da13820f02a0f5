"""Every batching rule against the loop, and the page that says what is covered."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tests.rows import load_cases
from tests.rows.case import Case, Outcome, compiled, run, variants
from tests.rows.coverage import LISTED, PAGE, VARIANTS, page, read_listed
from tests.rows.namespaces import NAMES, RAGGED, REASONS
from vectorizer.rules import load_rules
from vectorizer.rules.table import FUNCTIONS

CASES = load_cases()
LOOPED = read_listed()
WRITTEN_WITH = (
    f"NumPy {'.'.join(np.__version__.split('.')[:2])} and Python {sys.version_info[0]}.{sys.version_info[1]}."
)
CURRENT = WRITTEN_WITH in PAGE.read_text(encoding="utf-8")
OF_SOME_MACHINES = {"np.complex256", "np.float128"}  # and of some versions of Python:
OF_SOME_MACHINES |= {"operator.call", "operator.is_none", "operator.is_not_none"}


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_row_does_what_the_loop_does(case: Case) -> None:
    f = compiled(case)
    outcomes = [run(f, case, variant) for variant in variants(case, VARIANTS)]
    assert not all(o.raised for o in outcomes), "a case whose variants all raise tests little"
    check_listed(case, outcomes)


def check_listed(case: Case, outcomes: list[Outcome]) -> None:
    """Whatever is looped stands in looped.txt, with the reason; and nothing else."""
    reasons = {o.reason.replace(" / ", ", ") for o in outcomes if o.reason and not o.raised}
    listed = set(LOOPED.get(case.id, (False, ()))[1])
    if CURRENT:
        assert reasons == listed, f"`make coverage` writes {LISTED.name} anew"
    else:  # what another version says of itself may differ
        assert not reasons or listed


def test_every_case_has_operands() -> None:
    assert len(CASES) >= 1500
    assert not [case.id for case in CASES if not case.operands]


def test_table_has_rows_of_every_kind() -> None:
    load_rules()
    kinds = {rule.kind for rule in FUNCTIONS.values()}
    assert kinds >= {"reduction", "cumulative", "contraction", "core", "shape", "join", "creation", "store"}


def test_names_that_need_no_rule_exist_and_say_why() -> None:
    assert not CURRENT or not (set(REASONS) | RAGGED) - NAMES - OF_SOME_MACHINES


@pytest.mark.skipif(not CURRENT, reason="docs/coverage.md was written with another NumPy or Python, whose names differ")
def test_page_of_coverage_is_current() -> None:
    assert page(CASES, LOOPED) == PAGE.read_text(encoding="utf-8"), "`make coverage` writes it anew"
