"""What a call costs beyond its arithmetic, and what the first call costs."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks import functions
from benchmarks.contenders import JAX, NP_VECTORIZE, OURS, TORCH, is_installed
from benchmarks.timing import Contender, measure
from vectorizer import vmap

ROOT = Path(__file__).resolve().parent.parent
BARE = "NumPy itself"


def call_overhead(rounds: int) -> list[Contender]:
    """`x * 2 + 1` over 8 floats, each from and to NumPy arrays unless it says otherwise."""
    x = np.arange(8.0)
    expected = x * 2 + 1
    vectorized = np.vectorize(functions.affine, otypes=[float])
    mapped = vmap(functions.affine)
    found = [
        Contender(BARE, "", lambda: x * 2 + 1),
        Contender(OURS, "", lambda: mapped(x)),
        Contender(NP_VECTORIZE, "", lambda: vectorized(x)),
    ]
    if is_installed(JAX):
        import jax

        from benchmarks.in_jax import affine

        compiled, given = jax.jit(jax.vmap(affine)), jax.numpy.asarray(x)
        found.append(Contender(f"{JAX}, JAX's arrays", "", lambda: compiled(given).block_until_ready()))
        found.append(Contender(JAX, "", lambda: np.asarray(compiled(x))))
    if is_installed(TORCH):
        import torch

        from benchmarks.in_torch import affine as torch_affine

        batched, tensor = torch.func.vmap(torch_affine), torch.as_tensor(x)
        found.append(Contender(f"{TORCH}, tensors", "", lambda: batched(tensor)))
    for contender in found:
        np.testing.assert_array_equal(np.asarray(contender.run()), expected, err_msg=contender.name)
    measure(found, rounds, least=0.01)
    return found


FIRST_CALL = """
import json, time
import libcst, numpy as np
from vectorizer import vmap
from benchmarks.cases import CASES
case = CASES["a"]
arguments = case.arguments()
times = []
for _ in range(10):
    start = time.perf_counter()
    vmap(case.function, in_axes=case.axes)(*arguments)
    times.append(time.perf_counter() - start)
print(json.dumps(times))
"""


def first_calls(processes: int) -> tuple[float, float]:
    """Seconds of the first `vmap(convolve)(xs, ws)` of a process that has imported libcst, and of later ones."""
    first, later = [], []
    for times in [run_first_calls() for _ in range(processes + 1)][1:]:  # one writes the byte code of all modules
        first.append(times[0])
        later.extend(times[1:])
    return statistics.median(first), statistics.median(later)


def run_first_calls() -> list[float]:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", FIRST_CALL]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    found: list[float] = json.loads(done.stdout)
    return found
