"""Generators that a function makes: examples that share the seed draw the same numbers."""

from __future__ import annotations

import numpy as np

from vectorizer.rules.context import Context, Effect
from vectorizer.rules.elementwise import is_none
from vectorizer.rules.random import as_written, note_draw
from vectorizer.rules.table import Call, Rule, custom, register
from vectorizer.source.operand import Operand
from vectorizer.values import Array, GeneratorV, ListV, SeqV, TupleV, Unsupported, is_uniform


def lower_new(rw: Context, c: Call, is_legacy: bool) -> Operand:
    """``default_rng(seed)``: examples that share the seed draw the same numbers."""
    bound = c.bind(("seed",))
    seed = bound.get("seed")
    if seed is not None and isinstance(seed.value, GeneratorV):
        if seed.value.is_legacy or is_legacy:
            raise Effect(f"{c.name} of another kind of generator")
        return seed
    if seed is None or is_none(seed):
        note_draw(rw, c.name)
        return made(rw, c, GeneratorV(is_legacy, is_seeded=False))
    if not isinstance(seed.value, (Array, ListV, TupleV, SeqV)):
        raise Effect(f"{c.name} of something that has a state of its own")
    if not is_uniform(seed.value):
        raise Unsupported("each example has a generator of its own seed")
    return made(rw, c, GeneratorV(is_legacy, is_seeded=True))


def made(rw: Context, c: Call, value: GeneratorV) -> Operand:
    """A new generator, under a name: it is made once and here."""
    name = rw.fresh("generator")
    rw.emit(f"{name} = {as_written(c)}", target=name)
    return Operand(name, value)


register(np.random.default_rng, Rule("numpy.random.default_rng", "random", lambda rw, c: lower_new(rw, c, False)))
register(np.random.RandomState, Rule("numpy.random.RandomState", "random", lambda rw, c: lower_new(rw, c, True)))


@custom(np.random.seed, np.random.set_state, np.random.get_state, kind="random")
def lower_state(rw: Context, c: Call) -> Operand:
    raise Effect(f"{c.name} reaches into the state of the generator that all examples share")
