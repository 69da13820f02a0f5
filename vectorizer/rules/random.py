"""Random numbers: one draw for the whole batch, its size with the batch axes in front.

Each example draws numbers of its own, so the stream need not be the loop's, but the distribution is.  Where all
examples draw the same (from a generator that they make of a seed that they share, or because the user wants it so), a
draw stays as it is written, and its order among the others counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from vectorizer.errors import RandomnessError
from vectorizer.rules.context import Context, Effect
from vectorizer.rules.elementwise import is_none
from vectorizer.rules.shapes import shape_items
from vectorizer.rules.table import Call, Rule, register
from vectorizer.source.operand import Operand, call
from vectorizer.values import (
    INT64,
    MISSING,
    Array,
    Axes,
    DictV,
    GeneratorV,
    ListV,
    SeqV,
    TupleV,
    Unsupported,
    Value,
    is_uniform,
    union_axes,
)

FLOAT = np.dtype(np.float64)
LONG = np.dtype(np.long)  # what the legacy functions give


@dataclass(frozen=True)
class Source:
    """What a call draws from.

    prefix: what stands before the name of a function of it: ``rng.``, ``np.random.``.
    """

    value: GeneratorV
    prefix: str


LowerDraw = Callable[[Context, Call, Source], Operand]

GENERATOR: dict[str, LowerDraw] = {}  # methods of `Generator`
LEGACY: dict[str, LowerDraw] = {}  # methods of `RandomState`, which are functions of `np.random` as well


def add_row(names: str, lower: LowerDraw, generator: bool = True, legacy: bool = True) -> None:
    """Registers a lowering for methods of generators and for the legacy functions of these names."""
    for name in names.split():
        if generator:
            GENERATOR[name] = lower
        if legacy:
            LEGACY[name] = lower
            register(getattr(np.random, name), Rule(f"numpy.random.{name}", "random", _function(name, lower)))


def _function(name: str, lower: LowerDraw) -> Callable[[Context, Call], Operand]:
    """A legacy function, which draws from the one generator that all code shares."""

    def lower_function(rw: Context, c: Call) -> Operand:
        return lower(rw, c, Source(GeneratorV(is_legacy=True), rw.np("random.")))

    return lower_function


def draw(
    rw: Context, base: Operand, name: str, args: list[Operand], keywords: dict[str, Operand], site: Any
) -> Operand:
    """``base.name(*args, **keywords)`` for a generator."""
    assert isinstance(base.value, GeneratorV)
    lower = (LEGACY if base.value.is_legacy else GENERATOR).get(name)
    if lower is None:
        raise Effect(f"method {name!r} of a random generator has no rule")
    prefix = f"{base.primary}."
    return lower(rw, Call(f"{prefix}{name}", args, keywords, None, None, site), Source(base.value, prefix))


# --- who draws what --------------------------------------------------------------------------------------------------


def draw_axes(rw: Context, source: Source, name: str) -> Axes:
    """The axes along which each draws its own; none where all examples draw the same, in the order of the loop.

    Raises:
        RandomnessError: nothing may be drawn.
        Effect: all examples draw the same, but only some of them here, or in another order.
    """
    draws = rw.shared.draws
    if not source.value.is_seeded:
        note_draw(rw, name)
    is_same = source.value.is_seeded or not draws.axes
    if is_same or draws.is_partial:
        in_order(rw, name)
    if is_same:
        return ()
    if draws.is_partial and rw.shared.calls:
        raise Effect(f"{name} in a function that is called, where not all examples draw their own numbers")
    return open_axes(rw, draws.axes if draws.is_partial else rw.axes)


def note_draw(rw: Context, name: str) -> None:
    """Random numbers are drawn that differ from call to call."""
    rw.shared.drawn = True
    if rw.shared.draws.is_error:
        line = 0 if rw.shared.calls else rw.line  # lines of a function that is called are its own
        raise RandomnessError(f'{name} draws random numbers, and randomness is "error"', line)


def in_order(rw: Context, name: str) -> None:
    """Raises Effect where not all examples come by, one step after the other."""
    if rw.loops or rw.regions or rw.speculating:
        raise Effect(f"{name} gives all examples the same numbers, but is not reached by all of them in one order")


def open_axes(rw: Context, axes: Axes) -> Axes:
    """All axes that are open here: those of the examples, of the active ones in their place, and of loops."""
    here = set(axes)
    for region in rw.regions:
        if here & set(region.replaced):
            here = here - set(region.replaced) | {region.axis}
    here |= {loop.axis for loop in rw.loops}
    if any(axis not in rw.sizes for axis in here):
        raise Unsupported("random numbers along an axis whose length has no name")
    return tuple(sorted(here))


def check_call(rw: Context, name: str, axes: Axes, drawn: bool, arguments: list[Value]) -> None:
    """Whether a function may be called here that draws random numbers: it must see all the examples that are here.

    axes: those that the called function knows of.
    drawn: whether it draws, and not only from generators of its own making.

    Raises:
        Unsupported: it draws for examples that it does not see.
    """
    draws = rw.shared.draws
    if any(map(holds_seeded, arguments)):
        in_order(rw, name)
    if drawn and (not draws.axes or draws.is_partial):
        in_order(rw, name)
    elif drawn and set(axes) != set(open_axes(rw, rw.axes)):
        raise Unsupported(f"{name} draws random numbers for other examples than those that are here")


def unseen_axes(rw: Context, axes: Axes) -> Axes:
    """The axes along which a function that draws must do so and that none of its arguments has."""
    draws = rw.shared.draws
    if not draws.axes or draws.is_partial:
        return ()
    return tuple(axis for axis in open_axes(rw, rw.axes) if axis not in axes)


def holds_seeded(value: Value) -> bool:
    """Whether a generator is in a value from which all examples draw the same."""
    match value:
        case GeneratorV():
            return value.is_seeded
        case TupleV() | ListV():
            return any(map(holds_seeded, value.items))
        case SeqV():
            return holds_seeded(value.item)
        case DictV():
            return any(holds_seeded(item) for _, item in value.items)
    return False


def holds_generator(value: Value) -> bool:
    """Whether a generator is in a value."""
    match value:
        case TupleV() | ListV():
            return any(map(holds_generator, value.items))
        case SeqV():
            return holds_generator(value.item)
        case DictV():
            return any(holds_generator(item) for _, item in value.items)
    return isinstance(value, GeneratorV)


def may_loop(rw: Context, names: set[str]) -> bool:
    """Whether an expression that reads `names` may be computed example by example, on its own."""
    draws = rw.shared.draws
    if draws.is_partial or draws.is_error:
        return False
    return not any(name in rw.env and holds_seeded(rw.env[name].value) for name in names)


def drawn(rw: Context, code: str, value: Value, fresh: bool = True) -> Operand:
    """What is drawn, under a name: it is drawn once and here, however often and wherever it is used."""
    name = rw.fresh("draw")
    rw.emit(f"{name} = {code}", target=name)
    return Operand(name, value, fresh=fresh)


# --- sizes -----------------------------------------------------------------------------------------------------------


def size_items(rw: Context, bound: dict[str, Operand]) -> list[Operand] | None:
    """The lengths that are asked for; None where it is a single draw."""
    given = bound.get("size")
    if given is None or is_none(given):
        return None
    items = shape_items(rw, [given])
    if any(not isinstance(item.value, Array) or item.value.axes or item.value.kind not in "iu" for item in items):
        raise Unsupported("a number of draws that differs between the examples")
    return items


def as_written(c: Call) -> str:
    """The call as the user wrote it."""
    return call(c.function, *(a.code for a in c.args), **{k: o.code for k, o in c.keywords.items()})


def need_uniform(c: Call, operands: list[Operand]) -> None:
    """Raises Effect where draws that all examples share depend on the example."""
    if not all(is_uniform(o.value) for o in operands):
        raise Effect(f"{c.name} starts from the same state for each example, but draws from another distribution")


def may_raise(rw: Context, operands: list[Operand]) -> None:
    """Draws check what they are given."""
    if not all(isinstance(o.value, Array) and o.value.const is not MISSING for o in operands):
        rw.hazard("a draw may raise")


# --- distributions of numbers ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Distribution:
    """A distribution of numbers, whose parameters are broadcast.

    parameters: their names; those that end in ``=`` may be left out.
    extra: arguments behind the size.
    dtype: of what is drawn.
    is_weak: a single draw is a number of Python's.
    """

    parameters: str
    extra: str = ""
    dtype: np.dtype[Any] = FLOAT
    is_weak: bool = True

    def lower(self, rw: Context, c: Call, source: Source) -> Operand:
        """A draw for all examples at once."""
        names = self.parameters.replace("=", "").split()
        params = (*names, "size", *self.extra.split())
        bound = c.bind(params)
        if any(name not in bound for name in self.parameters.split() if not name.endswith("=")):
            raise Unsupported(f"{c.name} is called with too few arguments")
        size = size_items(rw, bound)
        dtype, is_weak = self.dtype_of(rw, c, bound, size)
        given = {n: rw.as_array(bound[n]) for n in names if n in bound and not is_none(bound[n])}
        axes = draw_axes(rw, source, c.name)
        may_raise(rw, list(given.values()))
        value = _value(given, size, axes, dtype, is_weak)
        if not axes:
            need_uniform(c, list(given.values()))
            return drawn(rw, as_written(c), value)
        codes: dict[str, str | None] = {k: o.code for k, o in bound.items()}
        return drawn(rw, c.render(params, codes | _batched(rw, given, size, axes, value.rank)), value)

    def dtype_of(
        self, rw: Context, c: Call, bound: dict[str, Operand], size: list[Operand] | None
    ) -> tuple[np.dtype[Any], bool]:
        """The dtype of a draw, and whether a single one is a number of Python's."""
        options = [bound[name] for name in self.extra.split() if name in bound]
        if bound.keys() & {"out", "method"} or not all(is_uniform(o.value) for o in options):
            raise Effect(f"{c.name} with out= or method= has no rule")
        if "dtype" not in bound:
            return self.dtype, self.is_weak
        wanted = rw.pin(bound["dtype"], "a dtype")
        dtype = np.dtype(wanted)
        if self.dtype == FLOAT and dtype != FLOAT and size is None:
            raise Unsupported(f"{c.name} of a single number with dtype=")
        return dtype, self.dtype == FLOAT or wanted in (int, bool)


def _value(
    given: dict[str, Operand], size: list[Operand] | None, axes: Axes, dtype: np.dtype[Any], is_weak: bool
) -> Array:
    """What is drawn."""
    values = [o.array for o in given.values()]
    rank = max((v.rank for v in values), default=0)
    if size is None:
        shaped = [v for v in values if v.rank]
        dims = shaped[0].dims if len(shaped) == 1 else ()
        return Array(dtype, rank, axes, weak=is_weak and not rank, dims=dims)
    if rank > len(size):
        raise Unsupported("more parameters than draws")
    return Array(dtype, len(size), axes, dims=tuple(s.array.affine for s in size), zero_d=not size)


def _batched(
    rw: Context, given: dict[str, Operand], size: list[Operand] | None, axes: Axes, rank: int
) -> dict[str, str | None]:
    """Codes of parameters and size for draws along `axes`."""
    varying = union_axes(*(o.array.axes for o in given.values()))
    if set(varying) - set(axes):
        raise Effect("all examples draw the same numbers, but from other distributions")
    codes: dict[str, str | None] = {}
    if size is not None:
        codes["size"] = rw.shape_code(axes, [s.code for s in size])
    elif set(varying) != set(axes) and not rank:
        codes["size"] = rw.shape_code(axes)
    elif set(varying) != set(axes):
        widest = next(n for n, o in given.items() if o.array.rank == rank)
        given = given | {widest: rw.spread(given[widest], axes)}
    return codes | {n: rw.expand(o, axes, rank).code for n, o in given.items() if o.array.axes}


FLOATS = {
    "beta": "a b", "chisquare": "df", "exponential": "scale=", "f": "dfnum dfden", "gamma": "shape scale=",
    "gumbel": "loc= scale=", "laplace": "loc= scale=", "logistic": "loc= scale=", "lognormal": "mean= sigma=",
    "noncentral_chisquare": "df nonc", "noncentral_f": "dfnum dfden nonc", "normal": "loc= scale=", "pareto": "a",
    "power": "a", "rayleigh": "scale=", "standard_cauchy": "", "standard_t": "df", "triangular": "left mode right",
    "uniform": "low= high=", "vonmises": "mu kappa", "wald": "mean scale", "weibull": "a",
}  # fmt: skip
INTEGERS = {
    "binomial": "n p", "geometric": "p", "hypergeometric": "ngood nbad nsample", "logseries": "p",
    "negative_binomial": "n p", "poisson": "lam=", "zipf": "a",
}  # fmt: skip
STANDARD = {"random": "", "standard_normal": "", "standard_exponential": "", "standard_gamma": "shape"}

for _name, _parameters in FLOATS.items():
    add_row(_name, Distribution(_parameters).lower)
for _name, _parameters in INTEGERS.items():
    add_row(_name, Distribution(_parameters, dtype=INT64).lower, legacy=False)
    add_row(_name, Distribution(_parameters, dtype=LONG).lower, generator=False)
for _name, _parameters in STANDARD.items():
    _extra = "dtype method out" if _name == "standard_exponential" else "dtype out"
    add_row(_name, Distribution(_parameters, _extra).lower, legacy=False)
    add_row(_name, Distribution(_parameters).lower, generator=False)
add_row("random_sample", Distribution("").lower, generator=False)
add_row("ranf sample", Distribution("").lower, generator=False)
add_row("integers", Distribution("low high=", "dtype endpoint", INT64, is_weak=False).lower, legacy=False)
add_row("randint", Distribution("low high=", "dtype", LONG).lower, generator=False)


def lower_of_shape(rw: Context, c: Call, source: Source) -> Operand:
    """``rand(d0, d1, ...)``: the lengths stand by themselves."""
    if c.keywords or any(not isinstance(s.value, Array) or s.value.axes or s.value.rank for s in c.args):
        raise Unsupported(f"{c.name} in a form that has no rule")
    axes = draw_axes(rw, source, c.name)
    dims = tuple(s.array.affine for s in c.args)
    value = Array(FLOAT, len(c.args), axes, weak=not c.args, dims=dims)
    return drawn(rw, call(c.function, *(rw.size(axis) for axis in axes), *(s.code for s in c.args)), value)


add_row("rand randn", lower_of_shape, generator=False)
