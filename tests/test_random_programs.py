"""Random programs that draw random numbers, in which the loop decides every number.

- *degenerate*: distributions of one value, so that any number of draws in any order gives what the loop gives;
- *seeded*: each example makes a generator from one seed, so that every draw counts, and its place among the others.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from tests.programs import HEADER, PARAMETERS, Writer, load_program, make_arguments
from tests.test_properties import ALL_BATCHED, AXES, SIZES, check_program, warns
from vectorizer import FallbackWarning, vmap
from vectorizer.testing import assert_matches_loop

COUNT = int(os.environ.get("VECTORIZER_PROGRAMS", "2000")) // 20
CHUNK = 25

HELPERS = """\
g = np.random.default_rng(7)


def about(g, v):
    return g.normal(v, 0.0)


def one(g):
    return g.uniform(1.0, 1.0)


def drawn(g):
    return g.normal()


def drawn_about(g, v):
    if v > 0:
        return g.uniform() + v
    return v


"""


@dataclass
class Drawing(Writer):
    """Writes a program with draws among its numbers."""

    seeded: bool = False

    def number(self, depth: int = 0, weak: bool = False) -> str:
        return self.draw(depth) if self.one_in(6) else super().number(depth, weak)

    def vector(self, depth: int = 0) -> str:
        if not self.one_in(6):
            return super().vector(depth)
        if self.seeded:
            return self.choose("g.normal(size=4)", "g.permutation(4)", "g.random(4)")
        return self.choose(
            f"g.normal({self.array()}, 0.0)", f"g.normal({self.literal()}, 0.0, size=4)", "g.uniform(2.0, 2.0, 4)",
            "np.sort(g.permutation(4)) * 0.5", f"g.choice({self.array()}[:1], 4)",
        )  # fmt: skip

    def condition(self, depth: int = 0) -> str:
        if self.one_in(10):
            return "g.random() < 0.5" if self.seeded else self.choose("g.random() < 2", "g.random() < 0")
        return super().condition(depth)

    def draw(self, depth: int) -> str:
        if self.seeded:
            return self.choose("g.normal()", "g.random()", "float(g.integers(4))", "drawn(g)", "float(g.choice(4))")
        number = self.literal() if depth > 1 else super().number(depth + 1)
        return self.choose(
            f"g.normal({number}, 0.0)", f"g.normal({self.literal()}, 0.0)", "float(g.integers(2, 3))", "one(g)",
            f"about(g, {number})", "g.normal(0.5, 0.0, size=3).sum()", "np.random.uniform(2.0, 2.0)", "g.choice([1.5])",
        )  # fmt: skip


def write(random: Random, seeded: bool) -> str:
    """The source of a module with one function, `program`."""
    writer = Drawing(random, False, budget=random.randint(2, 10), seeded=seeded)
    writer.result = writer.choose("s, t, x, y", "s, t, x, y", "s", "x, s")
    if seeded:
        writer.put(1, "g = np.random.default_rng(3)")
    while writer.budget > 0:
        writer.block(1, ())
    writer.put(1, f"return {writer.result}")
    return HEADER + HELPERS + f"def program({', '.join(PARAMETERS)}):\n" + "\n".join(writer.lines) + "\n"


@pytest.mark.parametrize("seeded", [False, True], ids=["degenerate", "seeded"])
@pytest.mark.parametrize("start", range(0, COUNT, CHUNK))
def test_programs(start: int, seeded: bool, tmp_path: Path) -> None:
    for seed in range(start, start + CHUNK):
        random = Random(seed)
        axes = AXES[seed % len(AXES)] if seed % 3 else ALL_BATCHED
        check_program(write(random, seeded), tmp_path, "float64", SIZES[seed % len(SIZES)], axes, seed)


@pytest.mark.parametrize("start", range(0, COUNT, CHUNK))
def test_programs_of_which_all_draw_the_same(start: int, tmp_path: Path) -> None:
    """Each example with a generator in one state of its own making is what ``randomness="same"`` means."""
    for seed in range(start, start + CHUNK):
        text = write(Random(seed), seeded=True)
        shared = text.replace("    g = np.random.default_rng(3)\n", "").replace("c, p):", "c, p, g):")
        assert "default_rng(3)" not in shared
        expected, function = load_program(text, tmp_path), load_program(shared, tmp_path)
        size = SIZES[seed % len(SIZES)]
        args = make_arguments(np.random.default_rng(seed), "float64", size, ALL_BATCHED)
        if warns(expected, args, ALL_BATCHED):
            continue
        same = vmap(function, (*ALL_BATCHED, None), randomness="same")

        def run(*arguments: Any) -> Any:
            return same(*arguments, np.random.default_rng(3))

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FallbackWarning)
            assert_matches_loop(expected, args, vmapped=run, rtol=1e-9)


def test_the_check_finds_draws_in_another_order(tmp_path: Path) -> None:
    """A program that is compared with one whose draws stand in another order is found out."""
    body = "    g = np.random.default_rng(3)\n    return g.normal() - {} * g.uniform() + s\n"
    head = f"def program({', '.join(PARAMETERS)}):\n"
    made: list[Callable[..., Any]] = [load_program(HEADER + head + body.format(k), tmp_path) for k in (1, 2)]
    arguments = (None,) * 2 + (1.0,) + (None,) * 4
    assert made[0](*arguments) != made[1](*arguments)
