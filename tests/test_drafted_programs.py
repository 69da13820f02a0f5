"""Random programs that are run while they are written: over arrays, nests of loops, and containers.

The loop over the examples says what is right, for several axes and for batches of all sizes, and the function itself
where there is no batch.  `VECTORIZER_PROGRAMS` says how many programs there are; `make fuzz` runs many.
"""

from __future__ import annotations

import os
from pathlib import Path
from random import Random
from types import ModuleType

import numpy as np
import pytest

from tests import array_programs, container_programs, loop_programs
from tests.drafts import Draft, Parameter, Tally, check_draft
from tests.test_properties import SLOW, time_limit

COUNT = max(60, int(os.environ.get("VECTORIZER_PROGRAMS", "2000")) // 10)
CHUNK = 20

# A kind of programs, and the greatest share of them that may be looped as a whole.
KINDS = {"arrays": (array_programs, 0.5), "loops": (loop_programs, 0.6), "containers": (container_programs, 0.7)}
# Of each this part of the programs is run: some take longer to rewrite than others.
SHARES = {"arrays": 0.7, "loops": 0.2, "containers": 0.2}
CHUNKS = [(kind, start) for kind in KINDS for start in range(0, int(COUNT * SHARES[kind]), CHUNK)]


@pytest.mark.parametrize(("kind", "start"), CHUNKS)
def test_programs(kind: str, start: int, tmp_path: Path) -> None:
    module, most = KINDS[kind]
    tally = run(module, range(start, start + CHUNK), tmp_path)
    print(tally)
    assert tally.raised <= 0.15 * tally.calls, f"too many raise: {tally}"
    assert tally.looped <= most * tally.functions, f"too many are looped: {tally}"


def run(module: ModuleType, seeds: range, folder: Path) -> Tally:
    """Compares the programs of these seeds with the loop."""
    tally = Tally()
    for seed in seeds:
        text, parameters, size = module.write_program(seed)
        out_axes = 0 if seed % 4 else -1
        try:
            with time_limit(SLOW):
                check_draft(text, parameters, size, out_axes, folder, tally, dtypes=module is array_programs)
        except (AssertionError, TimeoutError) as error:
            raise AssertionError(f"seed {seed}: {error}") from error
    return tally


def test_a_line_that_raises_or_is_inexact_is_not_kept() -> None:
    draft = Draft(Random(0), "import math\n\n\n", [Parameter("s", 2.0, None)], 1)
    assert draft.add("t = s + 1")
    assert not draft.add("t = u")
    assert not draft.add("t = 1 / (s - 2)")
    assert not draft.add("t = s / 3")
    assert draft.add("t = s / 3", last=True)
    assert draft.lines == ["t = s + 1", "t = s / 3"]
    assert draft.names() == ["s"]


def test_a_wrong_result_is_found(tmp_path: Path) -> None:
    """A program that counts its calls gives something else each time, and is found out."""
    text = "calls = []\n\n\ndef program(s):\n    calls.append(s)\n    return s + len(calls)\n"
    with pytest.raises(AssertionError, match="does not do what the loop does"):
        check_draft(text, [Parameter("s", np.ones(3), 0)], 3, 0, tmp_path, Tally())
