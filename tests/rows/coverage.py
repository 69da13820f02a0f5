"""Writes docs/coverage.md and tests/rows/looped.txt: `python -m tests.rows.coverage`.

Every case is compared with the loop; what of it is looped, and why, goes into looped.txt, from which the page is made.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tests.rows import load_cases
from tests.rows.case import Case, compiled, run, variants
from tests.rows.namespaces import NAMES, NAMESPACES, RAGGED, REASONS, owner_of, public
from vectorizer.rules import load_rules
from vectorizer.rules.table import METHODS, UFUNC_METHODS, find

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "coverage.md"
LISTED = Path(__file__).parent / "looped.txt"
HEAD = "# Cases that are looped in some variant, with the reasons; `make coverage` writes them.\n"
VARIANTS = 4
NATIVE, PARTLY, LOOPED, NONE = "native", "native with conditions", "looped", "not applicable"
STATES = (NATIVE, PARTLY, LOOPED, NONE)
Reasons = Mapping[str, tuple[int, tuple[str, ...]]]


def examine(case: Case) -> tuple[int, int, list[str]]:
    """How many variants give a result, how many of them are looped, and why."""
    outcomes = [run(compiled(case), case, variant) for variant in variants(case, VARIANTS)]
    given = [o for o in outcomes if not o.raised]
    reasons = sorted({o.reason for o in given if o.reason})
    return len(given), sum(bool(o.reason) for o in given), reasons


def read_listed() -> dict[str, tuple[bool, tuple[str, ...]]]:
    """By case: whether all variants are looped, and the reasons."""
    found = {}
    for line in LISTED.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            how, name, reasons = line.split("\t")
            found[name] = (how == "all", tuple(reasons.split(" / ")))
    return found


def line_for(case: Case, given: int, looped: int, reasons: list[str]) -> str:
    return f"{'all' if looped == given else 'some'}\t{case.id}\t{' / '.join(r.replace(' / ', ', ') for r in reasons)}\n"


def measure(cases: list[Case]) -> str:
    """The text of looped.txt."""
    lines = []
    for case in cases:
        given, looped, reasons = examine(case)
        if looped:
            lines.append(line_for(case, given, looped, reasons))
    return HEAD + "".join(sorted(lines))


# --- the page --------------------------------------------------------------------------------------------------------


def by_owner(cases: list[Case]) -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = {}
    for case in cases:
        owner = owner_of(case.expression, case.operands)
        if owner is not None:
            found.setdefault(owner, []).append(case)
    return found


def aliases() -> dict[str, str]:
    """Names of one object, by the one that stands for all of them: the one that has cases."""
    return {name: name for name in NAMES}


def states(cases: list[Case], listed: Mapping[str, tuple[bool, tuple[str, ...]]]) -> dict[str, tuple[str, str, int]]:
    """By name: the state, what is to be said of it, and the number of cases."""
    owned = by_owner(cases)
    objects: dict[int, list[Case]] = {}
    for name, found in public():
        objects.setdefault(id(found), []).extend(owned.get(name, []))
    table = {}
    for name, found in public():
        if name in REASONS:
            table[name] = (NONE, REASONS[name], 0)
            continue
        own = owned.get(name) or objects[id(found)]
        looped = [(case, *listed[case.id]) for case in own if case.id in listed]
        if not own:
            table[name] = (LOOPED, "no batching rule", 0)
        elif not looped:
            table[name] = (NATIVE, "", len(own))
        elif len(looped) == len(own) and all(whole for _, whole, _ in looped):
            table[name] = (LOOPED, said({r for _, _, reasons in looped for r in reasons}), len(own))
        else:
            table[name] = (PARTLY, said({r for _, _, reasons in looped for r in reasons}), len(own))
    return table


def said(reasons: set[str]) -> str:
    return "; ".join(sorted(reasons)).replace("|", "\\|")


def kind_of(name: str, found: object) -> str:
    if isinstance(found, np.ufunc):
        return "ufunc"
    rule = find(found)
    if name.startswith("ndarray."):
        rule = METHODS.get(name.removeprefix("ndarray."))
    if name.startswith("ufunc."):
        rule = UFUNC_METHODS.get(name.removeprefix("ufunc."))
    return rule.kind if rule is not None else ""


def page(cases: list[Case], listed: Mapping[str, tuple[bool, tuple[str, ...]]]) -> str:
    load_rules()
    table = states(cases, listed)
    lines = [*head(cases, table)]
    kinds = {name: kind_of(name, found) for name, found in public()}
    for prefix in NAMESPACES:
        names = [n for n in table if namespace_of(n) == prefix]
        lines += [f"## {prefix}", "", "| name | kind | cases | state | looped because |", "|---|---|---|---|---|"]
        for name in names:
            state, words, count = table[name]
            if state != NONE:
                lines.append(f"| `{name.removeprefix(prefix + '.')}` | {kinds[name]} | {count} | {state} | {words} |")
        rest: dict[str, list[str]] = {}
        for name in names:
            if table[name][0] == NONE:
                rest.setdefault(table[name][1], []).append(f"`{name.removeprefix(prefix + '.')}`")
        lines += ["", *(f"Not applicable ({reason}): {', '.join(found)}." for reason, found in rest.items())]
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def namespace_of(name: str) -> str:
    return name.rpartition(".")[0] or "builtins"


def head(cases: list[Case], table: dict[str, tuple[str, str, int]]) -> list[str]:
    fixed = [s for n, (s, _, _) in table.items() if s != NONE and n not in RAGGED]
    native, partly = fixed.count(NATIVE), fixed.count(PARTLY)
    lines = [
        "# Coverage",
        "",
        "What the vectorizer has a batching rule for. `make coverage` writes this page: it compares the forms of every",
        "row with the loop, in all pairings of batched and unbatched operands, and counts what was looped.",
        f"Written with NumPy {version()} and Python {sys.version_info[0]}.{sys.version_info[1]}.",
        "",
        f"- **{NATIVE}**: in no variant of any of its cases is anything looped.",
        f"- **{PARTLY}**: some forms, dtypes or ranks are looped; the reasons stand beside it.",
        f"- **{LOOPED}**: at that expression, in the emitted source, with a `FallbackWarning`.",
        "",
        f"Of the {len(fixed)} names that take arrays or numbers and give shapes that do not depend on data,",
        f"{native} ({native / len(fixed):.1%}) are native",
        f"in all of their cases, {native + partly} ({(native + partly) / len(fixed):.1%}) in some of them at least.",
        f"There are {len(cases)} cases.",
        "",
        "| | " + " | ".join(STATES) + " |",
        "|---|---|---|---|---|",
    ]
    for prefix in NAMESPACES:
        found = [table[n][0] for n in table if namespace_of(n) == prefix]
        lines.append(f"| {prefix} | " + " | ".join(str(found.count(s)) for s in STATES) + " |")
    ragged = [table[n][0] for n in sorted(RAGGED) if n in table]
    counts = " | ".join(str(ragged.count(s)) for s in STATES)
    lines.append(f"| *of these, as many elements as the data say* | {counts} |")
    return [*lines, ""]


def version() -> str:
    return ".".join(np.__version__.split(".")[:2])


def main() -> None:
    cases = load_cases()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        LISTED.write_text(measure(cases), encoding="utf-8")
    PAGE.write_text(page(cases, read_listed()), encoding="utf-8")
    print(f"written: {PAGE.relative_to(ROOT)}, {LISTED.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
