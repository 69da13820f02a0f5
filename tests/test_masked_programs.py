"""Random programs of loops that end at different times, on a device where they must go on with masks.

Kernels are switched off, so that nothing else is left for the loops.  What they compute may be computed for examples
that have left: with anything else masks are not taken.
"""

from __future__ import annotations

import dataclasses
import os
import warnings
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from tests.fake_device import FAKE
from tests.programs import load_program
from tests.test_properties import report, time_limit
from vectorizer import vmap
from vectorizer.backends import registry
from vectorizer.testing import assert_matches_loop

COUNT = int(os.environ.get("VECTORIZER_PROGRAMS", "2000")) // 20
CHUNK = 20
PATIENCE = 3
MASKS = dataclasses.replace(FAKE, name="masks", kernels=False, patience=PATIENCE)
MOST_STEPS = 7
HEADER = "import numpy as np\n\n\n"


@dataclasses.dataclass
class Writer:
    """Writes one program over a vector `x`, a matrix `a`, numbers `s` and `t`, and an integer `n`."""

    random: Random
    lines: list[str] = dataclasses.field(default_factory=list)
    loops: int = 0
    budget: int = 9

    def put(self, indent: int, text: str) -> None:
        self.lines.append("    " * indent + text)

    def choose(self, *options: str) -> str:
        return self.random.choice(options)

    def number(self) -> str:
        return self.choose(
            "s * 0.5 + t", "t - 0.25 * s", "np.sum(x * x)", "x.max() - t", "np.sum(a @ x)", "s + 1", "t * 0.75",
            "n - s", "np.abs(s) + 0.5", "np.where(s > t, s, t)", "x.mean()", "x[1] + s", "1.5", "s if t > 0 else -s",
        )  # fmt: skip

    def vector(self) -> str:
        return self.choose(
            "x * 0.5 + s", "a @ x * 0.25", "np.where(x > 0, x, -0.5 * x)", "x - t", "np.tanh(x + s)", "y - 0.5 * x",
            "np.maximum(x, y)", "x[::-1] * 0.5",
        )  # fmt: skip

    def condition(self) -> str:
        return self.choose(
            "s > t", "np.sum(x) > s", "n > 3", "x[0] < t", "t < 2", "n % 2 == 0", "s < 1 and n < 5", "not t > s",
            "s > 0 or x[2] > 1", "-1 < s < 3", "x.any()",
        )  # fmt: skip

    def result(self) -> str:
        return self.choose("x, s", "x, s", "x * 2, t", "y, s + n", "x + y, 0.5")

    def block(self, indent: int, size: int = 3) -> None:
        for _ in range(self.random.randint(1, size)):
            self.statement(indent)

    def statement(self, indent: int) -> None:
        self.budget -= 1
        kind = self.random.random()
        if self.budget > 0 and kind < 0.2 and self.loops < 3:
            self.loop(indent)
        elif self.budget > 0 and kind < 0.4:
            self.branch(indent)
        elif kind < 0.5:
            self.put(
                indent,
                self.choose("n += 1", "n = n + 2", "x[1] = s", "x[0] += t", "n += 1"),
            )
        elif kind < 0.75:
            self.put(indent, f"{self.choose('s', 't')} = {self.number()}")
        else:
            self.put(indent, f"{self.choose('x', 'y')} = {self.vector()}")

    def branch(self, indent: int) -> None:
        self.put(indent, f"if {self.condition()}:")
        jumps = self.loops and self.random.random() < 0.6
        if not jumps or self.random.random() < 0.7:
            self.block(indent + 1, 2)
        if jumps:
            self.put(indent + 1, self.choose("break", "continue", "break", f"return {self.result()}"))
        if self.random.random() < 0.3:
            self.put(indent, "else:")
            self.block(indent + 1, 2)
            if self.loops and self.random.random() < 0.3:
                self.put(indent + 1, self.choose("break", "continue", f"return {self.result()}"))

    def loop(self, indent: int) -> None:
        self.loops += 1
        name = f"k{self.loops}"
        kind = self.random.random()
        if kind < 0.5:
            self.put(indent, f"{name} = 0")
            test = "True" if kind < 0.2 else self.condition()
            self.put(indent, f"while {test}:")
            self.put(indent + 1, f"{name} += 1")
            self.put(indent + 1, f"if {name} > {MOST_STEPS}:")
            self.put(indent + 2, "break")
        elif kind < 0.8:
            self.put(indent, f"for {name} in range({self.choose('4', '5', 'p', '1, p')}):")
        else:
            self.put(indent, f"for {name} in {self.choose('w', '(0.5, 1.5, -1.0)')}:")
            self.put(indent + 1, f"s = s + {name}")
        self.block(indent + 1)
        self.loops -= 1


def write_program(random: Random) -> str:
    writer = Writer(random)
    writer.put(1, "y, n = x * 0.5, 0")
    writer.put(1, "x = x + 0.125")
    while writer.budget > 0:
        writer.statement(1)
    writer.put(1, f"return {writer.result()}")
    return HEADER + "def program(x, a, s, t, p, w):\n" + "\n".join(writer.lines) + "\n"


def make_arguments(rng: np.random.Generator, size: int) -> tuple[Any, ...]:
    return (
        rng.normal(size=(size, 3)),
        rng.normal(size=(size, 3, 3)) / 2,
        rng.normal(size=size) * 2,
        rng.normal(size=size) * 2,
        rng.integers(1, 5, size),
        rng.normal(size=3),
    )


IN_AXES = (0, 0, 0, 0, 0, None)


@pytest.fixture(autouse=True)
def masks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._known, MASKS.name, MASKS)


def check(source: str, folder: Path, seed: int) -> str:
    """Compares a program with the loop; gives what `explain` says."""
    function = load_program(source, folder)
    vmapped = vmap(function, IN_AXES, backend="masks")
    for size in (4, 1):
        args = make_arguments(np.random.default_rng(seed), size)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a device does not warn, and what has no masks runs on the host
            try:
                with time_limit(60):
                    assert_matches_loop(function, args, IN_AXES, vmapped=vmapped, rtol=1e-9)
            except (AssertionError, TimeoutError) as error:
                raise AssertionError(report(error, source, vmapped, (*args, 0), ("masks", seed))) from error
    return str(vmapped.explain())


@pytest.mark.parametrize("first", range(0, COUNT, CHUNK))
def test_random_programs(first: int, tmp_path: Path) -> None:
    told = []
    for seed in range(first, first + CHUNK):
        told.append(check(write_program(Random(seed)), tmp_path, seed))  # noqa: S311 - programs need no secrets
    assert sum("masks: " in text for text in told) >= CHUNK / 4
