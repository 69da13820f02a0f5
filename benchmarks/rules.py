"""Each row of the table against the loop, at batch 1,000 on small operands: `make bench-rules`.

Prints the slowest rows, as times faster than the loop; every case of the tests is measured, and a row is as slow as the
slowest of its cases that are not looped.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.timing import seconds
from tests.rows import load_cases
from tests.rows.case import Case, Variant, compiled, make, variants
from tests.rows.coverage import read_listed
from tests.rows.namespaces import owner_of
from vectorizer import vmap
from vectorizer.runtime import stack_examples

BATCH = 1000
SAMPLE = 50  # examples that the loop runs on; its time is multiplied


def with_batch(case: Case) -> Variant:
    """A variant of the case with every array batched along its first axis."""
    first = next(variants(case, 1))
    axes = tuple(None if spec[0] == "w" else 0 for spec in case.operands.values())
    return Variant(first.shapes, first.dtypes, axes, BATCH, 0)


def ratio(case: Case, rounds: int) -> float | None:
    """How many times faster than the loop; None where the loop raises."""
    f, variant = compiled(case), with_batch(case)
    args = make(case, variant)
    vectorized = vmap(f, variant.in_axes)

    def batch() -> Any:
        return vectorized(*args)

    def loop() -> Any:
        examples = ([a if axis is None else a[i] for a, axis in zip(args, variant.in_axes)] for i in range(SAMPLE))
        return stack_examples([f(*example) for example in examples])

    try:
        loop()
        batch()
    except Exception:  # noqa: BLE001 - some operands are outside of a function's domain
        return None
    found = [seconds(loop) * BATCH / SAMPLE / seconds(batch) for _ in range(rounds)]
    return float(np.median(found))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rules", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slowest", type=int, default=20, help="how many rows are printed")
    options = parser.parse_args(arguments)
    looped = read_listed()
    rows: dict[str, tuple[float, str]] = {}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for case in load_cases():
            owner = owner_of(case.expression, case.operands)
            if owner is None or case.id in looped:
                continue
            found = ratio(case, options.rounds)
            if found is not None and found < rows.get(owner, (np.inf, ""))[0]:
                rows[owner] = (found, case.id)
    print(f"{len(rows)} rows at batch {BATCH}; the {options.slowest} slowest, in times faster than the loop:")
    for owner, (found, name) in sorted(rows.items(), key=lambda item: item[1])[: options.slowest]:
        print(f"{found:8.1f}  {owner:24} {name}")
    slow = [owner for owner, (found, _) in rows.items() if found < 1]
    print("no row is slower than the loop" if not slow else f"slower than the loop: {', '.join(slow)}")


if __name__ == "__main__":
    main()
