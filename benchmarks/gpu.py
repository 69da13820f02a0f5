"""The cases on a GPU, where there is one: this package on CuPy, torch.func.vmap and jax.jit(jax.vmap).

Writes benchmarks/results/gpu.md.  Each contender has given the loop's result before it is timed, computes from and to
arrays on the device, and is timed until the device has finished.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cases import CASES, Case
from benchmarks.contenders import JAX, OURS, TORCH, assert_equal
from benchmarks.timing import Contender, measure
from vectorizer import FallbackWarning, vmap

TARGET = Path(__file__).resolve().parent / "results" / "gpu.md"


def ours(case: Case, arguments: tuple[Any, ...]) -> Iterator[tuple[str, Callable[[], Any], Callable[[Any], Any]]]:
    import cupy

    given = [cupy.asarray(a) if isinstance(a, np.ndarray) else a for a in arguments]
    function = vmap(case.function, case.axes)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        function(*given)
    fell_back = any(issubclass(item.category, FallbackWarning) for item in told)

    def run() -> Any:
        result = function(*given)
        cupy.cuda.runtime.deviceSynchronize()
        return result

    yield "on the host" if fell_back else "", run, cupy.asnumpy


def by_torch(case: Case, arguments: tuple[Any, ...]) -> Iterator[tuple[str, Callable[[], Any], Callable[[Any], Any]]]:
    import torch

    from benchmarks import in_torch

    if not torch.cuda.is_available():
        return
    given = [torch.as_tensor(a, device="cuda") if isinstance(a, np.ndarray) else a for a in arguments]
    for version in in_torch.VERSIONS.get(case.key, ()):
        function = torch.func.vmap(version, in_dims=case.axes)

        def run(function: Any = function) -> Any:
            result = function(*given)
            torch.cuda.synchronize()
            return result

        yield version.__name__, run, lambda result: result.cpu().numpy()


def by_jax(case: Case, arguments: tuple[Any, ...]) -> Iterator[tuple[str, Callable[[], Any], Callable[[Any], Any]]]:
    import jax

    from benchmarks import in_jax

    if jax.default_backend() != "gpu":
        return
    given = [jax.numpy.asarray(a) if isinstance(a, np.ndarray) else a for a in arguments]
    for version in in_jax.VERSIONS[case.key]:
        function = jax.jit(jax.vmap(version, in_axes=case.axes))
        yield version.__name__, lambda function=function: function(*given).block_until_ready(), np.asarray


MAKERS = {OURS: (ours, "cupy"), TORCH: (by_torch, "torch"), JAX: (by_jax, "jax")}


def contenders(case: Case) -> list[Contender]:
    """Those that can run here; one that fails is told of and left out."""
    arguments = case.arguments()
    expected = case.loop(case.sampled(arguments))
    found: list[Contender] = []
    for name, (maker, module) in MAKERS.items():
        if importlib.util.find_spec(module) is None:
            continue
        try:
            for note, run, take in maker(case, arguments):
                assert_equal(take(run()), expected, case.indices(), f"{name} of {case.title}")
                found.append(Contender(name, note, run, note=note))
        except Exception as error:  # noqa: BLE001 - what one library cannot do is part of the result
            print(f"{case.key} {name}: {type(error).__name__}: {str(error).partition(chr(10))[0]}", flush=True)
    return found


def row(case: Case, rounds: int) -> str:
    found = contenders(case)
    measure(found, rounds, 0.02)
    cells = []
    for name in MAKERS:
        times = [c for c in found if c.name == name]
        best = min(times, key=lambda c: c.median, default=None)
        note = f" ({best.note})" if best is not None and name == OURS and best.note else ""
        cells.append("-" if best is None else f"{best.median * 1e3:.3g} ms{note}")
    return f"| {case.key} | {case.title} | {' | '.join(cells)} |"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--only", metavar="KEYS", help=f"cases, by commas: {','.join(CASES)}")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args(arguments)
    from tests.test_gpu import missing

    if reason := missing():
        print(f"nothing is measured: {reason}")
        return 0
    import cupy

    device = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    head = [f"# On {device}", "", f"| | case | {' | '.join(MAKERS)} |", "|---|---|" + "---|" * len(MAKERS)]
    keys = options.only.split(",") if options.only else list(CASES)
    rows = []
    for key in keys:
        rows.append(row(CASES[key], options.rounds))
        print(rows[-1], flush=True)
    if not options.only:
        TARGET.write_text("\n".join([*head, *rows]) + "\n", encoding="utf-8")
        print(f"written: {TARGET}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
