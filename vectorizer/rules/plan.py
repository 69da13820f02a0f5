"""The decisions that a walk follows, what is known of the call, and what emitted functions have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from vectorizer.source.statements import Change
from vectorizer.values import (
    Affine,
    Axes,
    Axis,
    Symbol,
    Unsupported,
    Value,
    union_axes,
)


class Effect(Unsupported):
    """The whole function must be looped, not this expression alone: it changes something beside its result."""


class NeedsStatements(Unsupported):
    """An expression cannot stay one: what it does takes statements."""


class PlanChange(Exception):
    """The walk found its plan wrong; the plan has been amended and the walk starts again."""


@dataclass
class Plan:
    """The decisions that a walk follows.  A walk that finds one of them wrong amends it and starts again.

    promoted: allocation site -> batch axes that the buffer is born with, and its dtype where that changes.
    sequential: loops (sites) that stay loops, with the reason.
    returns: the value that every `return` of a helper must have.
    flags: variables that some examples do not set, with the flags that say which do; starts: what they are set to;
        first: the statements in front of which they start as zeros; nones: those that some examples set to None;
        handed_on: names (by id) that hand one of these on to another variable.
    reserved: names of variables in syntax that was made up.
    batch_last: buffers and arguments whose batch axis is innermost in memory; ordered: that has been decided.
    skewed: tables that are held by anti-diagonals, with their lengths as the user's function sees them; retabled: the
        assignments (by id) that make them, as they are made in their place; tabled: that has been decided.
    narrowed: tables that are held in a narrower dtype; rolled: those of which a few anti-diagonals are held at a time.
    collected: lists that are arrays from the start, with what is known of their items; None for those that are not.
    components: arguments with few components in the last place, each of which is one piece of memory.
    guarded: loops (sites) over ranges that follow an outer loop, as they are with a condition around the body.
    held: the function's lists that are arrays; kinds: the dtype of their items, and whether these are Python's numbers.
    at_end: a statement that is added to the function: an exception, where other examples have returned a value.
    """

    promoted: dict[object, Axes] = field(default_factory=dict)
    sequential: dict[object, str] = field(default_factory=dict)
    returns: Value | None = None
    no_axes: bool = False
    stored: set[object] = field(default_factory=set)
    lanes: set[object] = field(default_factory=set)
    made: list[object] = field(default_factory=list)  # syntax that was made up: sites are told apart by identity
    guarded: dict[object, Any] = field(default_factory=dict)
    at_end: Any = None
    flags: dict[str, str] = field(default_factory=dict)
    starts: dict[str, Value | None] = field(default_factory=dict)
    nones: set[str] = field(default_factory=set)
    first: dict[int, tuple[str, ...]] = field(default_factory=dict)
    handed_on: set[int] = field(default_factory=set)
    reserved: set[str] = field(default_factory=set)
    batch_last: set[object] = field(default_factory=set)
    components: set[object] = field(default_factory=set)
    ordered: bool = False
    skewed: dict[object, Any] = field(default_factory=dict)
    retabled: dict[object, Any] = field(default_factory=dict)
    tabled: bool = False
    narrowed: dict[object, Any] = field(default_factory=dict)
    rolled: dict[object, Any] = field(default_factory=dict)
    collected: dict[str, Any] = field(default_factory=dict)
    held: Any = None
    kinds: dict[str, Any] = field(default_factory=dict)

    def promote(self, site: object, axes: Axes) -> None:
        self.promoted[site] = union_axes(self.promoted.get(site, ()), axes)
        raise PlanChange

    def keep_sequential(self, site: object, reason: str) -> None:
        self.sequential.setdefault(site, reason)
        raise PlanChange


@dataclass
class Facts:
    """What is known of the call that a specialization is made for, and what the rewrite relied on.

    samples: the values of the symbols at this call; None on the command line, where nothing is run.
    conditions: affine expressions that must be >= 0 at a call for the specialization to hold.
    pins: argument or global paths whose very values the rewrite relied on.
    strict_floats: floating-point exceptions must be noticed, for the loop may raise where they occur.
    nan_free: the arguments hold no nan; uses_nan_free: the rewrite relied on that.
    has_loop: where the emitted code raises, the loop decides; not so for code that is written into a file.
    """

    has_loop: ClassVar[bool] = True

    samples: dict[Symbol, int] | None = None
    values: dict[str, Any] = field(default_factory=dict)
    conditions: set[Affine] = field(default_factory=set)
    pins: dict[str, Any] = field(default_factory=dict)
    writes: set[str] = field(default_factory=set)
    strict_floats: bool = False
    nan_free: bool = True
    uses_nan_free: bool = False

    def no_nan(self) -> bool:
        """Whether numbers may be taken to be other than nan: the arguments hold none, which is guarded.

        Python's `min` and `max` keep the first of two numbers where one is nan; NumPy's give nan.
        """
        if self.nan_free:
            self.uses_nan_free = True
            self.strict_floats |= self.samples is not None  # a nan made on the way is noticed
        return self.nan_free

    def holds(self, condition: Affine) -> bool:
        """Whether `condition` >= 0 can be relied on: provable, or true now and guarded."""
        if all(c > 0 and is_size(s) for s, c in condition.terms) and condition.const >= 0:
            return True
        if condition.is_const or self.samples is None:
            return False
        value = condition.evaluate(self.samples)
        if value is None or value < 0:
            return False
        self.conditions.add(condition)
        return True


def is_size(symbol: Symbol) -> bool:
    """Whether a symbol stands for a length, which is never negative."""
    return ".shape[" in symbol


@dataclass(frozen=True)
class Draws:
    """How examples draw random numbers.

    axes: the batch axes along which each example draws its own.
    is_partial: there are others, along which all examples draw the same.
    is_error: none may be drawn.
    """

    axes: Axes = ()
    is_partial: bool = False
    is_error: bool = False


@dataclass
class Shared:
    """What the function and the helpers emitted beside it have in common.

    sizes: batch sizes that are given and need not be read off an argument.
    in_blocks: whether a large batch is run in blocks of examples.
    per_step: how many elements of an example the statements in loops that stay loops handle; 0 where there are none.
    drawn: whether random numbers are drawn from a generator that lives longer than an example.
    """

    facts: Facts
    namespace: Any
    imports: dict[str, str] = field(default_factory=dict)  # name in emitted code -> import line
    helpers: dict[Any, Any] = field(default_factory=dict)
    helper_sources: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    changes: list[Change] = field(default_factory=list)
    fallbacks: list[Change] = field(default_factory=list)
    backend: Any = None  # that the function is rewritten for; None for NumPy
    fuse: Any = None  # makes kernels of runs of elementwise operations in a function's text; None where there are none
    waits_in_loops: bool = False  # what is emitted for a device waits for it at each step of a loop
    elementwise: dict[str, Any] = field(default_factory=dict)  # helpers that such kernels may take in, by emitted name
    calls: list[Any] = field(default_factory=list)  # functions that are being rewritten, the innermost last
    root: object = None  # the function that is vectorized
    root_called: bool = False  # it is found among the functions that it calls
    temporaries: int = 1 << 27
    in_blocks: bool = False
    sizes: dict[Axis, int] = field(default_factory=dict)
    draws: Draws = field(default_factory=Draws)
    per_step: int = 0
    drawn: bool = False
