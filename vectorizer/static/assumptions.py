"""What emitted text may take for granted, and the checks that it then makes itself.

At run time a specialization's conditions are checked before it is called.  Text that is committed has nobody who does
so: what it relies on stands in it as an `assert`, so that other arguments give an error and no wrong answer.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from vectorizer.rules.context import Facts
from vectorizer.source.operand import literal
from vectorizer.spec import UNBATCHED, LeafAxes
from vectorizer.static.arguments import Arguments, StaticDescriber, iter_leaves
from vectorizer.values import Affine, Symbol

WIDTH = 100
SIZE = re.compile(r"(?P<path>.+)\.shape\[(?P<axis>\d+)\]$")


@dataclass
class StaticFacts(Facts):
    """Facts without a call: lengths are known where they are given as numbers, equal where they have one name, and
    taken to be large otherwise.  What is relied on is checked by what is emitted.

    sizes: the symbols of the arguments' lengths.
    declared: what the facts say of a length.
    """

    has_loop: ClassVar[bool] = False
    sizes: frozenset[Symbol] = frozenset()
    declared: Mapping[Symbol, Affine] = field(default_factory=dict)

    def no_nan(self) -> bool:
        """Committed code takes its numbers to be other than nan, as one who writes `np.minimum` does."""
        return True

    @classmethod
    def of(cls, describer: StaticDescriber) -> StaticFacts:
        declared = describer.declared()
        samples = {symbol: value.const for symbol, value in declared.items() if value.is_const}
        sizes = frozenset(symbol for symbol in describer.samples if SIZE.match(symbol))
        return cls(samples=samples, values=describer.known, sizes=sizes, declared=declared)

    def holds(self, condition: Affine) -> bool:
        if super().holds(condition):
            return True
        known = condition
        for symbol, _ in condition.terms:
            if symbol not in self.sizes:
                return False
            known = known.substitute(symbol, self.declared.get(symbol, Affine.of(symbol)))
        if any(count < 0 for _, count in known.terms) or (known.is_const and known.const < 0):
            return False
        self.conditions.add(condition)
        return not condition.is_const


def with_checks(text: str, facts: StaticFacts, arguments: Arguments, known: Mapping[str, Any]) -> str:
    """The emitted function with an assert at its top for what it relies on."""
    names = set(re.findall(r"[^\W\d]\w*", text))
    checks = [*_stars(arguments), *_iter_sizes(facts.conditions, arguments)]
    checks += [_same(path, value) for path, value in known.items() if path.isidentifier() and path in names]
    if not checks:
        return text
    lines = text.split("\n")
    top = _first_line(text)
    code = f"    assert {' and '.join(checks)}"
    lines[top:top] = [code] if len(code) <= WIDTH else [f"    assert {check}" for check in checks]
    return "\n".join(lines)


def _stars(arguments: Arguments) -> list[str]:
    """How many arguments `*args` takes, and which ones `**kwargs`."""
    found = []
    for name, parameter in arguments.resolved.signature.parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            found.append(f"len({name}) == {len(arguments.facts[name])}")
        elif parameter.kind is parameter.VAR_KEYWORD:
            listed = ", ".join(literal(key) for key in sorted(arguments.facts[name]))
            found.append(f"sorted({name}) == [{listed}]")
    return found


def _first_line(text: str) -> int:
    """Before which line (from 0) a function's body begins, below its docstring."""
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.FunctionDef)
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return first.end_lineno or first.lineno
    return next(k for k, line in enumerate(text.split("\n")) if line.rstrip().endswith(":")) + 1


def _same(name: str, value: Any) -> str:
    if value is None or isinstance(value, bool):
        return f"{name} is {value}"
    return f'{name} == "{value}"' if isinstance(value, str) and '"' not in repr(value) else f"{name} == {value!r}"


def _iter_sizes(conditions: set[Affine], arguments: Arguments) -> Iterator[str]:
    """Code for the conditions, without those that others imply."""
    axes = _batched_axes(arguments)
    equal = {c for c in conditions if c * -1 in conditions}
    fixed = {c.terms[0][0]: -c.const * c.terms[0][1] for c in equal if len(c.terms) == 1 and abs(c.terms[0][1]) == 1}
    for condition in sorted(equal, key=str):
        if condition.terms[0][1] > 0:
            yield _compared(condition, "==", axes)
    least: dict[tuple[tuple[Symbol, int], ...], int] = {}
    for condition in conditions - equal:
        if condition.evaluate(fixed) is None:
            least[condition.terms] = min(condition.const, least.get(condition.terms, condition.const))
    for terms, const in sorted(least.items()):
        yield _compared(Affine(const, terms), ">=", axes)


def _compared(condition: Affine, sign: str, axes: Mapping[str, LeafAxes]) -> str:
    """`condition` compared with 0, with all that is negative on the right."""
    sides: tuple[list[str], list[str]] = ([], [])
    for symbol, count in condition.terms:
        code = _length(symbol, axes)
        sides[count < 0].append(code if abs(count) == 1 else f"{abs(count)} * {code}")
    if condition.const:
        sides[condition.const < 0].append(str(abs(condition.const)))
    left, right = (" + ".join(side) or "0" for side in sides)
    return f"{left} {sign} {right}"


def _length(symbol: Symbol, axes: Mapping[str, LeafAxes]) -> str:
    """Code for a length of one example, read off the argument as it is passed."""
    match = SIZE.match(symbol)
    assert match is not None
    path, position = match["path"], int(match["axis"])
    for axis in reversed(axes.get(path, LeafAxes(()))):
        if axis is not UNBATCHED and int(axis) <= position:
            position += 1
    return f"len({path})" if position == 0 else f"{path}.shape[{position}]"


def _batched_axes(arguments: Arguments) -> dict[str, LeafAxes]:
    found: dict[str, LeafAxes] = {}
    for name, value in arguments.resolved.arguments.items():
        paths = [path for path, _ in iter_leaves(value, name)]
        leaves = [axes for _, axes in iter_leaves(arguments.resolved.axes[name], name)]
        leaves = leaves if len(leaves) == len(paths) else leaves[:1] * len(paths)
        found |= dict(zip(paths, leaves, strict=True))
    return found
