"""Paired measurements: in each round every contender runs once, so that what slows the machine slows all of them."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Contender:
    """One way to compute a case.

    run: computes it once.
    scale: by how much its time is multiplied, where it runs on a sample of the batch.
    first: seconds of its first call on the whole batch, where that makes something.
    note: what must be said beside its figure.
    times: seconds for the batch, one a round.
    """

    name: str
    version: str
    run: Callable[[], Any]
    scale: float = 1.0
    first: float | None = None
    note: str = ""
    times: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.times)

    def times_faster_than(self, other: Contender) -> float:
        """Median over the rounds of the ratio within a round."""
        return statistics.median(b / a for a, b in zip(self.times, other.times, strict=True))


def seconds(run: Callable[[], Any], number: int = 1) -> float:
    """Mean time of a call, without garbage collection."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        start = time.perf_counter()
        for _ in range(number):
            run()
        return (time.perf_counter() - start) / number
    finally:
        if enabled:
            gc.enable()


def measure(contenders: Sequence[Contender], rounds: int, least: float) -> None:
    """Fills `times`; short calls are repeated until a round takes `least` seconds."""
    numbers = {id(c): max(1, int(least / max(seconds(c.run), 1e-7))) for c in contenders}
    for k in range(rounds):
        shift = k % len(contenders)
        for contender in (*contenders[shift:], *contenders[:shift]):
            contender.times.append(seconds(contender.run, numbers[id(contender)]) * contender.scale)
