"""The results as a page of Markdown."""

from __future__ import annotations

import importlib.metadata
import math
import os
import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.cases import Case
from benchmarks.contenders import IDIOMATIC, JAX, LOOP, NAMES, OURS, TORCH, TUNED, is_installed
from benchmarks.lanes import LaneCount
from benchmarks.timing import Contender

RATED = NAMES[1:]  # all but the loop, which they are compared with


@dataclass
class Result:
    """The fastest contender of each name, for one case, and how many lanes ours computes."""

    case: Case
    best: dict[str, Contender]
    lanes: LaneCount | None = None

    def faster_than_loop(self, name: str) -> float | None:
        contender = self.best.get(name)
        return None if contender is None else contender.times_faster_than(self.best[LOOP])

    def ours_against(self, *names: str) -> float | None:
        """How many times as fast as the fastest of `names` ours is."""
        others = [self.best[name] for name in names if name in self.best]
        if not others or OURS not in self.best:
            return None
        return min(self.best[OURS].times_faster_than(other) for other in others)


def machine() -> list[str]:
    """What the figures depend on."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    packages = ("numpy", "libcst", "scipy", "jax", "jaxlib", "torch")
    versions = [f"{name} {_version(name)}" for name in packages]
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return [
        f"- CPU: {model}, {len(_usable_cores())} cores usable; load at the start {load}",
        f"- Python {sys.version.split()[0]}, {', '.join(versions)}",
        f"- {platform.system()}, measured on {date.today().isoformat()}",
    ]


def _usable_cores() -> Iterable[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def geometric_mean(values: Iterable[float | None]) -> float | None:
    logs = [math.log(v) for v in values if v is not None]
    return math.exp(sum(logs) / len(logs)) if logs else None


def page(results: list[Result], overhead: list[Contender], first: tuple[float, float] | None, head: list[str]) -> str:
    parts = ["# Speed on the CPU", "", *head, "", METHOD, ""]
    if results:
        parts += ["## Times faster than the loop over the examples", "", *speed_table(results), ""]
        parts += ["## Milliseconds for the batch", "", *time_table(results), ""]
        parts += notes(results)
        parts += lanes_section([(r.case.title, r.lanes) for r in results if r.lanes is not None])
    if overhead:
        parts += ["## Overhead of a call", "", *overhead_table(overhead), ""]
    if first is not None:
        parts += ["## First call of `convolve`", "", *first_call_lines(first), ""]
    return "\n".join(parts).rstrip() + "\n"


METHOD = """\
Written by `make bench`. In each round every contender runs in turn, and a ratio is the median over the rounds of the
ratio within a round. The loop is `np.stack([f(*example) for example in batch])`; it and `np.vectorize` run on a sample
of the batch, and their times are scaled. Every contender gave the loop's result before it was timed. JAX and PyTorch
run from and to arrays of their own. Where there are several versions of a function, the fastest counts; an asterisk
marks functions that had to be rewritten by hand to run there, a dagger those that `vmap` looped in whole or in part.
The last columns say how many times as fast ours is: above 1 it is faster."""


def speed_table(results: list[Result]) -> list[str]:
    against = ["ours against idiomatic", "against tuned", "against JAX"]
    header = ["case", "batch", *RATED, *against]
    rows = []
    for r in results:
        ratios = (r.ours_against(IDIOMATIC), r.ours_against(TUNED), r.ours_against(JAX))
        rows.append([_title(r), f"{r.case.batch:,}", *(_speed(r, n) for n in RATED), *map(_ratio, ratios)])
    means = [geometric_mean(r.faster_than_loop(n) for r in results) for n in RATED]
    ratios = [geometric_mean(r.ours_against(n) for r in results) for n in (IDIOMATIC, TUNED, JAX)]
    rows.append(["**geometric mean**", "", *(_number(m) for m in means), *map(_ratio, ratios)])
    return markdown(header, rows)


def time_table(results: list[Result]) -> list[str]:
    header = ["case", *NAMES, "rewriting, ours", "first call, JAX"]
    rows = []
    for r in results:
        cells = [_milliseconds(r.best[n].median) if n in r.best else _absent(n) for n in NAMES]
        firsts = [_milliseconds(r.best[n].first) if n in r.best else _absent(n) for n in (OURS, JAX)]
        rows.append([_title(r), *cells, *firsts])
    return markdown(header, rows)


def notes(results: list[Result]) -> list[str]:
    looped = [f"- {r.case.title}: {r.best[OURS].note}" for r in results if OURS in r.best and r.best[OURS].note]
    return ["Looped by `vmap`:", "", *looped, ""] if looped else []


def lanes_section(counted: list[tuple[str, LaneCount]]) -> list[str]:
    if not counted:
        return []
    rows = []
    for title, lanes in counted:
        ratios = (f"{n / lanes.alive:.2f}" for n in (lanes.executed, lanes.all_lanes))
        rows.append([title, f"{lanes.executed:,}", f"{lanes.alive:,}", *ratios])
    header = ["case", "executed by ours", "alive", "executed over alive", "all lanes to the end, over alive"]
    return ["## Lanes", "", LANES, "", *markdown(header, rows), ""]


LANES = """\
Iterations of loops that end at different times, counted for every example, on the sample of the batch: those that the
emitted code computes, those that the loop over the examples makes, and those of a loop that computes all examples
until the last is done, as a batched `lax.while_loop` does. Lanes that are done leave at once: the first two agree."""


def overhead_table(overhead: list[Contender]) -> list[str]:
    bare = overhead[0]
    rows = [[c.name, f"{c.median * 1e6:.2f}", f"{(c.median - bare.median) * 1e6:.2f}"] for c in overhead]
    return ["`x * 2 + 1` over 8 floats, all caches filled.", "", *markdown(["", "µs", "above NumPy"], rows)]


def first_call_lines(first: tuple[float, float]) -> list[str]:
    return [
        "From `vmap(convolve)` to its first result, rewriting included, libcst already imported.",
        "",
        f"- the first in a process: {_milliseconds(first[0])} ms (with the import of the rewriter's modules)",
        f"- later ones: {_milliseconds(first[1])} ms",
    ]


def markdown(header: list[str], rows: list[list[str]]) -> list[str]:
    align = ["---", *("---:" for _ in header[1:])]
    return ["| " + " | ".join(cells) + " |" for cells in (header, align, *rows)]


def _title(result: Result) -> str:
    return f"{result.case.key} {result.case.title}"


def _speed(result: Result, name: str) -> str:
    value = result.faster_than_loop(name)
    if value is None:
        return _absent(name)
    mark = {JAX: "*", TORCH: "*", OURS: "†"}.get(name, "") if result.best[name].note else ""
    return _number(value) + mark.replace("*", "\\*")


def _absent(name: str) -> str:
    return "–" if is_installed(name) else "not installed"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}" if value >= 20 else f"{value:.1f}"


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _milliseconds(value: float | None) -> str:
    return "–" if value is None else f"{value * 1e3:,.0f}" if value >= 0.1 else f"{value * 1e3:.3g}"
