"""The ways to compute a case on a GPU, and the machine that they run on."""

from __future__ import annotations

import importlib.util
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

import numpy as np

from benchmarks.cases import Arguments, Case
from benchmarks.gpu_cases import SQUARE, GpuCase
from benchmarks.in_cupy import versions as by_hand
from benchmarks.timing import Contender
from vectorizer import FallbackWarning, vmap

OURS, HAND, JAX, EAGER, COMPILED = "ours", "CuPy by hand", "jax.jit(jax.vmap)", "torch vmap", "torch.compile(vmap)"
LIBRARIES = (OURS, HAND, JAX, EAGER, COMPILED)
MODULES = {JAX: "jax", EAGER: "torch", COMPILED: "torch"}
KEYS = {"mlp": "b", "options": "d", "mandelbrot": "e", "kalman": "i", "bodies": "m", "distances": "distances"}
PATIENCE = 60  # seconds for the first calls of a contender, compilation included
RESERVE = 25.0  # seconds that a case needs; what compiles for long only begins if that is left for all that follow
Made = tuple[str, Callable[[], Any], Callable[[Any], np.ndarray]]
"""A note, what computes the case and waits for the device, and what brings its result to the host."""


@dataclass
class Machine:
    """Where the contenders run.

    xp: CuPy, or what stands in for it.
    wait: returns when the device has finished.
    place: "cuda", or "cpu" where all is only tried.
    ratios: for each contender its times over ours, one a case.
    """

    xp: Any
    wait: Callable[[], Any]
    name: str
    place: str
    is_dry: bool = False
    ratios: dict[str, list[float]] = field(default_factory=dict)

    def versions(self) -> str:
        found = []
        for name in ("cupy", "cupy-cuda12x", "cupy-cuda13x", "jax", "torch", "numpy"):
            try:
                found.append(f"{name} {metadata.version(name)}")
            except metadata.PackageNotFoundError:
                continue
        return ", ".join(found)

    def release(self) -> None:
        """Gives memory back that libraries keep for themselves."""
        if self.is_dry:
            return
        try:
            self.xp.get_default_memory_pool().free_all_blocks()
            if "torch" in sys.modules:
                sys.modules["torch"].cuda.empty_cache()
        except Exception as error:  # noqa: BLE001 - after an error of CUDA all calls fail; the table is written anyway
            print(f"memory was not given back: {type(error).__name__}: {str(error)[:200]}", flush=True)


def real_machine() -> Machine:
    import cupy

    name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    return Machine(cupy, cupy.cuda.runtime.deviceSynchronize, name, "cuda")


def dry_machine() -> Machine:
    """A device that is none: it has CuPy's names, and computes with NumPy."""
    from tests.fake_device import FAKE, library
    from vectorizer.backends import register_backend

    register_backend(FAKE)
    return Machine(library, lambda: None, "no device (dry run)", "cpu", is_dry=True)


# --- contenders ------------------------------------------------------------------------------------------------------


def ours(case: GpuCase, arguments: Arguments, machine: Machine) -> Iterator[Made]:
    given = [machine.xp.asarray(a) if isinstance(a, np.ndarray) else a for a in arguments]
    function = vmap(case.function, case.axes)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        function(*given)
    fell_back = [str(item.message) for item in told if issubclass(item.category, FallbackWarning)]
    if fell_back:
        print(f"{case.key}: {fell_back[0]}", flush=True)
    yield "on the host" if fell_back else "", lambda: waited(machine, function(*given)), machine.xp.asnumpy


def hand(case: GpuCase, arguments: Arguments, machine: Machine) -> Iterator[Made]:
    given = [machine.xp.asarray(a) if isinstance(a, np.ndarray) else a for a in arguments]
    for version in by_hand(machine.xp)[case.key]:
        yield "", lambda version=version: waited(machine, version(*given)), machine.xp.asnumpy


def waited(machine: Machine, result: Any) -> Any:
    machine.wait()
    return result


def by_jax(case: GpuCase, arguments: Arguments, machine: Machine) -> Iterator[Made]:
    import jax

    from benchmarks import in_jax

    if machine.place == "cuda" and jax.default_backend() not in ("gpu", "cuda"):
        raise RuntimeError("JAX sees no GPU")
    # Products of float32 in float32, as the others compute them; for all calls: the timed ones look at it too.
    jax.config.update("jax_default_matmul_precision", "highest")
    given = [jax.numpy.asarray(a) if isinstance(a, np.ndarray) else a for a in arguments]
    for version in in_jax.VERSIONS[KEYS[case.key]]:
        function = jax.jit(jax.vmap(version, in_axes=case.axes))
        yield "", lambda function=function: function(*given).block_until_ready(), np.asarray


def by_torch(case: GpuCase, arguments: Arguments, machine: Machine, compiled: bool = False) -> Iterator[Made]:
    import torch

    from benchmarks import in_torch

    if machine.place == "cuda" and not torch.cuda.is_available():
        raise RuntimeError("PyTorch sees no GPU")
    given = [torch.as_tensor(a, device=machine.place) if isinstance(a, np.ndarray) else a for a in arguments]
    for version in in_torch.VERSIONS[KEYS[case.key]]:
        function = torch.func.vmap(version, in_dims=case.axes)
        function = torch.compile(function) if compiled else function

        def run(function: Any = function) -> Any:
            with torch.no_grad():
                result = function(*given)
            if machine.place == "cuda":
                torch.cuda.synchronize()
            return result

        yield "", run, lambda result: result.cpu().numpy()


def by_compiled_torch(case: GpuCase, arguments: Arguments, machine: Machine) -> Iterator[Made]:
    return by_torch(case, arguments, machine, compiled=True)


MAKERS = {OURS: ours, HAND: hand, JAX: by_jax, EAGER: by_torch, COMPILED: by_compiled_torch}


def contenders(
    case: GpuCase, sized: Case, arguments: Arguments, machine: Machine, deadline: float, following: int
) -> tuple[list[Contender], dict[str, str], np.ndarray | None]:
    """Those that run here, why the others do not, by name, and the result of the first.

    following: how many cases come behind this one.
    """
    indices = sample_of(case, sized, arguments)
    taken = tuple(a if axis is None else a[indices] for a, axis in zip(arguments, case.axes, strict=True))
    expected = sized.loop(taken)
    found: list[Contender] = []
    reasons: dict[str, str] = {}
    first: np.ndarray | None = None
    for name, maker in MAKERS.items():
        if name in MODULES and importlib.util.find_spec(MODULES[name]) is None:
            reasons[name] = f"no {MODULES[name]} here"
            continue
        started = time.monotonic()
        if started > deadline - (RESERVE * following + PATIENCE if name == COMPILED else 0):
            reasons[name] = "not run: the time was over"
            continue
        try:
            with within(PATIENCE):
                for note, run, take in maker(case, arguments, machine):
                    result = take(run())
                    check(result, expected, indices, case, name)
                    first = result if first is None else first
                    found.append(Contender(name, note, run, note=note))
        except Exception as error:  # noqa: BLE001 - what one library cannot do is part of the result
            is_late = time.monotonic() - started > PATIENCE - 1
            reasons.setdefault(name, f"over {PATIENCE} s" if is_late else f"failed: {type(error).__name__}")
            print(f"{case.key}, {name}: {type(error).__name__}: {str(error)[:300]}", flush=True)
        machine.release()
    return found, reasons, first


def sample_of(case: GpuCase, sized: Case, arguments: Arguments) -> np.ndarray:
    """The examples that the loop is run on."""
    batch = len(arguments[0]) if case.key in SQUARE else sized.batch
    count = min(case.sample, batch)
    return np.sort(np.random.default_rng(3).choice(batch, count, replace=False))


def check(result: np.ndarray, expected: np.ndarray, indices: np.ndarray, case: GpuCase, who: str) -> None:
    """Raises AssertionError where a result is not the loop's; counts may differ where a rounding decides."""
    assert result[indices].shape == expected.shape, f"shape {result[indices].shape}, the loop gives {expected.shape}"
    if expected.dtype.kind in "iu":
        wrong = np.count_nonzero(result[indices] != expected)
        assert wrong <= max(1, len(expected) // 200), f"{wrong} of {len(expected)} differ from the loop's"
    else:
        scale = float(np.abs(expected).max())
        np.testing.assert_allclose(result[indices], expected, rtol=case.rtol, atol=case.rtol * scale, err_msg=who)


@contextmanager
def within(limit: int) -> Iterator[None]:
    """Raises TimeoutError where what is inside takes longer: a compiler may take minutes."""

    def stop(*_: Any) -> None:
        raise TimeoutError(f"more than {limit} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(limit)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
