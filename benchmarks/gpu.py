"""The cases on a GPU: ours on CuPy, CuPy by hand, jax.jit(jax.vmap), and torch.func.vmap, eager and compiled.

Writes benchmarks/results/gpu.md.  Each contender has given the loop's result before it is timed, computes from and to
arrays on the device, and is timed until the device has finished.  What is achieved is compared with the bandwidth of a
copy and the rate of matrix products that are measured in the same run.  `--dry-run` does all of it on the host, at
small sizes and with a device that is none, and writes nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gpu_cases import GPU_CASES, GpuCase
from benchmarks.gpu_contenders import LIBRARIES, Machine, contenders, dry_machine, real_machine
from benchmarks.timing import Contender, measure, seconds

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # the device's memory is shared with CuPy and PyTorch
TARGET = Path(__file__).resolve().parent / "results" / "gpu.md"
BUDGET = 420.0  # seconds for all of it; what would begin later is left out, and the page says so


def ceilings(machine: Machine, is_small: bool) -> dict[str, float]:
    """Bytes per second of a copy, and operations per second of matrix products, by unit and dtype."""
    xp, found = machine.xp, {}
    count = 1 << (16 if is_small else 27)
    source, target = xp.ones(count), xp.zeros(count)

    def copy() -> None:
        target[...] = source
        machine.wait()

    found["B"] = 16.0 * count / best(copy)
    side = 64 if is_small else 8192
    for dtype in ("float32", "float64"):
        a = xp.ones((side, side), dtype=dtype)

        def multiply(a: Any = a) -> None:
            a @ a
            machine.wait()

        found[f"FLOP {dtype}"] = 2.0 * side**3 / best(multiply)
    return found


def best(run: Any) -> float:
    run()
    return min(seconds(run) for _ in range(5))


def case_row(
    case: GpuCase, machine: Machine, tops: dict[str, float], rounds: int, deadline: float, following: int
) -> str:
    """One row of the table: the fastest version of each contender, and what ours achieves."""
    sized = case.sized(machine.is_dry)
    arguments = sized.arguments()
    found, reasons, result = contenders(case, sized, arguments, machine, deadline, following)
    found = timed(found, reasons, rounds, 0.001 if machine.is_dry else 0.02)
    cells, ours = [], None
    for name in LIBRARIES:
        times = [c for c in found if c.name == name]
        fastest = min(times, key=lambda c: c.median, default=None)
        if fastest is None:
            cells.append(reasons.get(name, "-"))
            continue
        ours = fastest if name == LIBRARIES[0] else ours
        cells.append(f"{fastest.median * 1e3:.3g} ms" + (f" ({fastest.note})" if fastest.note else ""))
    if ours is None or result is None:
        return f"| {case.title} | {' | '.join(cells)} | - |"
    rate = case.work(arguments, result) / ours.median
    top = tops[case.unit if case.unit == "B" else f"FLOP {case.dtype}"]
    shown = f"{rate / 1e9:.3g} G{case.unit}/s, {rate / top:.0%}"
    for name in LIBRARIES[1:]:
        times = [c.median for c in found if c.name == name]
        if times:
            machine.ratios.setdefault(name, []).append(min(times) / ours.median)
    return f"| {case.title} | {' | '.join(cells)} | {shown} |"


def timed(contenders: list[Contender], reasons: dict[str, str], rounds: int, least: float) -> list[Contender]:
    """The contenders with their times; one that fails now is left out, and the others are timed without it."""
    while contenders:
        try:
            measure(contenders, rounds, least)
        except Exception as error:  # noqa: BLE001 - what one library cannot do is part of the result
            failing = first_failing(contenders)
            if failing is None:
                raise
            reasons[failing.name] = f"failed: {type(error).__name__}"
            print(f"{failing.name}, timed: {type(error).__name__}: {str(error)[:300]}", flush=True)
            contenders = [contender for contender in contenders if contender is not failing]
            for contender in contenders:
                contender.times.clear()
        else:
            break
    return contenders


def first_failing(contenders: list[Contender]) -> Contender | None:
    for contender in contenders:
        try:
            contender.run()
        except Exception:  # noqa: BLE001 - it is told by the caller
            return contender
    return None


def safe_row(case: GpuCase, machine: Machine, *more: Any) -> str:
    """The row of a case; one that says so where none could be made, so that the others are not lost."""
    try:
        return case_row(case, machine, *more)
    except Exception as error:  # noqa: BLE001 - it is told in the table
        traceback.print_exc()
        return f"| {case.title} | failed: {type(error).__name__} |{' - |' * len(LIBRARIES)}"


def page(machine: Machine, tops: dict[str, float], rows: list[str]) -> str:
    """The results as a page of Markdown."""
    head = [f"# On {machine.name}", "", f"Measured on {date.today().isoformat()}; {machine.versions()}."]
    copied = tops["B"] / 1e9
    rates = ", ".join(f"{tops[f'FLOP {d}'] / 1e12:.3g} TFLOP/s of {d} products" for d in ("float32", "float64"))
    head += ["", f"Measured ceilings: {copied:.0f} GB/s of a copy (read and written), {rates}.", ""]
    head += [f"| case | {' | '.join(LIBRARIES)} | ours achieves |", "|---|" + "---|" * (len(LIBRARIES) + 1)]
    means = [
        f"- {name}: {float(np.exp(np.mean(np.log(ratios)))):.2f} times our time, geometric mean of {len(ratios)} cases"
        for name, ratios in machine.ratios.items()
    ]
    return "\n".join([*head, *rows, "", *means]) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--only", metavar="KEYS", help=f"cases, by commas: {','.join(GPU_CASES)}")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--dry-run", action="store_true", help="small sizes on the host; nothing is written")
    options = parser.parse_args(arguments)
    if not options.dry_run:
        from tests.test_gpu import missing

        if reason := missing():
            print(f"nothing is measured: {reason}")
            return 0
    deadline = time.monotonic() + BUDGET
    machine = dry_machine() if options.dry_run else real_machine()
    tops = ceilings(machine, options.dry_run)
    rows = []
    keys = options.only.split(",") if options.only else list(GPU_CASES)
    for following, key in zip(reversed(range(len(keys))), keys, strict=True):
        rows.append(safe_row(GPU_CASES[key], machine, tops, options.rounds, deadline, following))
        print(rows[-1], flush=True)
        if not (options.only or options.dry_run):  # after each case: what comes may end the process
            TARGET.write_text(page(machine, tops, rows), encoding="utf-8")
        machine.release()
    text = page(machine, tops, rows)
    if options.only or options.dry_run:
        print(text)
    else:
        print(f"written: {TARGET}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
