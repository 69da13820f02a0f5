"""Random programs around flags: booleans that branches set, variables that are None, conditions that are known.

In short loops with jumps; as everywhere, the loop over the examples says what is right.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from random import Random

import numpy as np
import pytest

from tests.programs import load_program
from vectorizer import FallbackWarning
from vectorizer.testing import assert_matches_loop

SEEDED = max(100, int(os.environ.get("VECTORIZER_PROGRAMS", "2000")) // 10)
CHUNK = 20

CONDITIONS = [
    "p is None", "p is not None", "p is None or v > p", "p is not None and v < p", "q is None", "q is not None",
    "v > t", "k > 1", "i % 2 == 0", "p is None and v > t", "q is None or q < v", "not (p is None)", "MODE == 1", "MODE",
    "c", "d", "not c", "c and d", "c or v > t", "d and MODE == 1", "not d and i > 1",
    "v == p", "p != v", "p == q", "p != q", "q != v or c", "p is not None and p == q",
]  # fmt: skip
STEPS = [
    "p = v", "p = v", "p = None", "q = v + 1", "q = None", "n += 1", "s = s + (v if p is None else v - p)",
    "s = s * 0.5", "c = v > t", "c = not c", "d = c", "d = d or v < 0", "c = False", "d = True",
    "y = x[2] if d else t", "s += y",
    "q = p", "p = q", "p, q = q, p", "p, q = v, p", "p, n = None, n + 1", "q, s = p, s + v",
]  # fmt: skip
RESULTS = ["n, s", "n, s, (t if p is None else p)", "s, c, d", "s, (0.0 if q is None else q), y"]


def write(random: Random) -> str:
    """A function of `x` (numbers), `t` (a number), `k` (an integer) and `c` (a boolean)."""
    lines = [
        "MODE = 1",
        "",
        "",
        "def program(x, t, k, c):",
        "    p = None",
        "    d = False",
        "    n = 0",
        "    s = y = 0.0",
    ]
    lines.append(random.choice(["    q = None", "    q = 0.0"]))

    def statement(indent: int, depth: int) -> None:
        pad, draw = "    " * indent, random.random()
        if depth < 3 and draw < 0.5:
            lines.append(f"{pad}if {random.choice(CONDITIONS)}:")
            block(indent + 1, depth + 1)
            if random.random() < 0.3:
                lines.append(f"{pad}elif {random.choice(CONDITIONS)}:")
                block(indent + 1, depth + 1)
            if random.random() < 0.4:
                lines.append(f"{pad}else:")
                block(indent + 1, depth + 1)
        elif draw < 0.58 and depth:
            lines.append(pad + random.choice(["break", "continue", "continue", "return s, n"]))
        elif draw < 0.62:
            lines.extend([f"{pad}if p is not None:", f"{pad}    s += p"])
        else:
            lines.append(pad + random.choice(STEPS))

    def block(indent: int, depth: int) -> None:
        for _ in range(random.randint(1, 2)):
            statement(indent, depth)

    head = random.random()
    if head < 0.4:
        lines.append("    for i, v in enumerate(x):")
    elif head < 0.7:
        lines.extend(["    for i in range(len(x)):", "        v = x[i]"])
    else:
        lines.extend(
            ["    i = -1", "    while i < len(x) - 1 and (p is None or s < 3):", "        i += 1", "        v = x[i]"]
        )
    for _ in range(random.randint(1, 4)):
        statement(2, 0)
    returns = any("return" in line for line in lines)
    lines.append(f"    return {'s, n' if returns else random.choice(RESULTS)}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("start", range(0, SEEDED, CHUNK))
def test_flag_programs(start: int, tmp_path: Path) -> None:
    for seed in range(start, start + CHUNK):
        source = write(Random(seed))
        program = load_program(source, tmp_path)
        r = np.random.default_rng(seed)
        for size in (6, 1, 5):  # 5 is the length of an example's numbers
            x, t = np.round(r.normal(size=(size, 5)), 1), r.normal(size=size)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FallbackWarning)
                try:
                    assert_matches_loop(program, (x, t, r.integers(0, 4, size), r.random(size) < 0.5), rtol=1e-9)
                except AssertionError as error:
                    if "dtype" not in str(error):  # where no example takes a branch: decision 0004
                        raise AssertionError(f"seed {seed}, {size} examples\n{source}\n{error}") from error
