"""Formulas of propositional logic: what masks say of one example, and whether one follows from others."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

MOST_ATOMS = 8


@dataclass(frozen=True)
class Atom:
    """Something that is true or false, of which nothing else is known; equal keys stand for the same."""

    key: tuple[object, ...]


@dataclass(frozen=True)
class Not:
    part: Formula


@dataclass(frozen=True)
class And:
    left: Formula
    right: Formula


@dataclass(frozen=True)
class Or:
    left: Formula
    right: Formula


Formula = bool | Atom | Not | And | Or


def atoms_of(formula: Formula) -> frozenset[Atom]:
    match formula:
        case Atom():
            return frozenset((formula,))
        case Not(part):
            return atoms_of(part)
        case And(left, right) | Or(left, right):
            return atoms_of(left) | atoms_of(right)
    return frozenset()


def has_constants(formula: Formula) -> bool:
    match formula:
        case Atom():
            return False
        case Not(part):
            return has_constants(part)
        case And(left, right) | Or(left, right):
            return has_constants(left) or has_constants(right)
    return True


def holds(formula: Formula, truth: Mapping[Atom, bool]) -> bool:
    """Whether a formula holds where its atoms are as `truth` says."""
    match formula:
        case Atom():
            return truth[formula]
        case Not(part):
            return not holds(part, truth)
        case And(left, right):
            return holds(left, truth) and holds(right, truth)
        case Or(left, right):
            return holds(left, truth) or holds(right, truth)
    return formula


def follows(formula: Formula, facts: Collection[Formula]) -> bool:
    """Whether a formula holds wherever all facts do; False where there are too many atoms to see."""
    atoms = sorted(atoms_of(formula), key=repr)
    known = [fact for fact in facts if atoms_of(fact) <= set(atoms)]
    if len(atoms) > MOST_ATOMS:
        return False
    return all(holds(formula, truth) for truth in _truths(atoms) if all(holds(fact, truth) for fact in known))


def _truths(atoms: Sequence[Atom]) -> list[dict[Atom, bool]]:
    choices = itertools.product((False, True), repeat=len(atoms))
    return [dict(zip(atoms, values, strict=True)) for values in choices]
