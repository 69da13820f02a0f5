"""Which loops should become axes: the model's choice against all that can and none: `python -m benchmarks.axes`.

Prints the time of each, and the model's over the better of the two; nothing should be above 1.1.  Choices that give the
same text are measured once.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np

from benchmarks.cases import CASES, Case
from benchmarks.timing import seconds
from vectorizer import vmap
from vectorizer.rewrite.comprehensions import Comprehensions
from vectorizer.rewrite.loop_axes import LoopAxes

MODEL, ALL, NONE = "model", "all", "none"
LONGEST = 20.0  # seconds: what takes longer is not run again


@contextmanager
def choosing(which: str) -> Iterator[None]:
    """All functions that are rewritten meanwhile have all loops as axes that can be, or none."""
    if which == ALL:
        with mock.patch.object(LoopAxes, "check_size", return_value=None):
            yield
    elif which == NONE:
        loops = mock.patch.object(LoopAxes, "become_axis", return_value=False)
        with loops, mock.patch.object(Comprehensions, "axis_comprehension", return_value=None):
            yield
    else:
        yield


def measure(case: Case, rounds: int) -> dict[str, float]:
    """Seconds of the fastest run of each choice, all of which give the same result."""
    arguments, calls, best, results = case.arguments(), {}, {}, {}
    for which in (MODEL, ALL, NONE):
        with choosing(which), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            calls[which] = vmap(case.function, case.axes)
            results[which] = calls[which](*arguments)
        best[which] = float("inf")
    for which in (ALL, NONE):
        np.testing.assert_allclose(results[which], results[MODEL], rtol=1e-7, atol=1e-9, err_msg=case.key)
    texts = {which: call.source() for which, call in calls.items()}
    different = [which for which in calls if which == MODEL or texts[which] != texts[MODEL]]
    for k in range(rounds):
        for which in (*different[k % len(different) :], *different[: k % len(different)]):
            if k == 0 or best[which] < LONGEST / rounds:
                best[which] = min(best[which], seconds(lambda call=calls[which]: call(*arguments)))
    return {which: best[which if which in different else MODEL] for which in calls}


def main(given: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.axes", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", metavar="KEYS", help="cases, by commas")
    parser.add_argument("--rounds", type=int, default=7)
    options: Any = parser.parse_args(given)
    for key in options.only.split(",") if options.only else CASES:
        best = measure(CASES[key], options.rounds)
        ratio = best[MODEL] / min(best[ALL], best[NONE])
        times = "  ".join(f"{which} {value * 1e3:9.2f} ms" for which, value in best.items())
        print(f"{key:10s} {times}  {ratio:5.2f}", flush=True)


if __name__ == "__main__":
    main()
