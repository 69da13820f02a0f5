"""Measures all contenders in one run and writes benchmarks/results/cpu.md: `python -m benchmarks.run --help`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

# Threads that wait must sleep: those of one contender that spin would slow down the next.  Read when torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("KMP_BLOCKTIME", "0")

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.cases import CASES, Case
from benchmarks.contenders import NAMES, NP_VECTORIZE, TORCH, contenders, is_installed
from benchmarks.lanes import count_lanes
from benchmarks.overhead import call_overhead, first_calls
from benchmarks.report import Result, machine, page
from benchmarks.timing import Contender, measure

TARGET = Path(__file__).resolve().parent / "results" / "cpu.md"


def run_case(case: Case, names: tuple[str, ...], rounds: int, least: float) -> Result:
    found = contenders(case, names)
    measure(found, rounds, least)
    best: dict[str, Contender] = {}
    for contender in found:
        if contender.name not in best or contender.median < best[contender.name].median:
            best[contender.name] = contender
    return Result(case, best, count_lanes(case))


def describe(result: Result) -> str:
    parts = [f"{name} {contender.median * 1e3:.3g} ms" for name, contender in result.best.items()]
    notes = [f"({c.note})" for c in result.best.values() if c.name == NAMES[-1] and c.note]
    if (lanes := result.lanes) is not None:
        notes.append(f"lanes executed over alive {lanes.executed / lanes.alive:.2f}")
    return " · ".join([f"{result.case.key} {result.case.title}: {parts[0]}", *parts[1:], *notes])


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--only", metavar="KEYS", help=f"cases, by commas: {','.join(CASES)}, or `overhead`")
    parser.add_argument("--quick", action="store_true", help="few rounds; np.vectorize and torch on case a only")
    parser.add_argument("-o", "--output", type=Path, help=f"default: {TARGET.relative_to(TARGET.parents[2])}")
    options = parser.parse_args(arguments)
    keys = options.only.split(",") if options.only else [*CASES, "overhead"]
    if unknown := set(keys) - {*CASES, "overhead"}:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    rounds, least = (3, 0.005) if options.quick else (9, 0.02)

    head = machine()
    print("\n".join([*head, *(f"- {name}: not installed" for name in NAMES if not is_installed(name))]), flush=True)
    results = []
    for key in keys:
        if key != "overhead":
            slow = (NP_VECTORIZE, TORCH) if options.quick and key != "a" else ()
            results.append(run_case(CASES[key], tuple(n for n in NAMES if n not in slow), rounds, least))
            print(describe(results[-1]), flush=True)
    overhead, first = [], None
    if "overhead" in keys:
        overhead, first = call_overhead(rounds), first_calls(1 if options.quick else 3)
    text = page(results, overhead, first, head)
    output = options.output
    if output is None and not (options.only or options.quick):
        output = TARGET  # a part of the cases must not replace the whole
    if output is None:
        print(f"\n{text}")
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
        print(f"written: {output}")


if __name__ == "__main__":
    main()
