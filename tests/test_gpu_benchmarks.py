"""The benchmarks for a GPU, tried without one: all that can be wrong before a device is asked."""

from __future__ import annotations

import time
from typing import Any

import pytest

from benchmarks import gpu, gpu_contenders
from benchmarks.gpu_cases import GPU_CASES
from tests.host_kernels import COMPILER
from vectorizer.backends import registry

pytestmark = pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler")


@pytest.fixture
def ours_and_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """JAX and PyTorch are no dependencies of the tests."""
    monkeypatch.setattr(registry, "_known", dict(registry._known))
    names = (gpu_contenders.OURS, gpu_contenders.HAND)
    monkeypatch.setattr(gpu_contenders, "MAKERS", {name: gpu_contenders.MAKERS[name] for name in names})


@pytest.mark.usefixtures("ours_and_by_hand")
@pytest.mark.parametrize("key", GPU_CASES)
def test_cases(key: str, capsys: Any) -> None:
    """Ours and CuPy's by hand run, with names that CuPy has, and give what the loop gives."""
    assert gpu.main(["--dry-run", "--only", key, "--rounds", "1"]) == 0
    printed = capsys.readouterr().out
    row = next(line for line in printed.splitlines() if line.startswith(f"| {GPU_CASES[key].title}"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1].endswith(" ms") and cells[2].endswith(" ms"), printed
    assert "failed" not in printed and "/s, " in cells[-1]


def test_a_wrong_result_is_no_time(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(registry, "_known", dict(registry._known))

    def wrong(case: Any, arguments: Any, machine: Any) -> Any:
        import numpy as np

        yield "", lambda: np.zeros(case.small), np.asarray

    monkeypatch.setattr(gpu_contenders, "MAKERS", {gpu_contenders.OURS: wrong})
    gpu.main(["--dry-run", "--only", "options", "--rounds", "1"])
    assert "failed: AssertionError" in capsys.readouterr().out


def test_what_fails_when_it_is_timed_is_left_out(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """The other contenders keep their times."""
    monkeypatch.setattr(registry, "_known", dict(registry._known))
    calls = []

    def failing(case: Any, arguments: Any, machine: Any) -> Any:
        run = next(gpu_contenders.hand(case, arguments, machine))[1]

        def once() -> Any:
            calls.append(1)
            if len(calls) > 2:
                raise MemoryError("out of memory")
            return run()

        yield "", once, machine.xp.asnumpy

    makers = {gpu_contenders.OURS: gpu_contenders.ours, gpu_contenders.HAND: failing}
    monkeypatch.setattr(gpu_contenders, "MAKERS", makers)
    assert gpu.main(["--dry-run", "--only", "options", "--rounds", "2"]) == 0
    printed = capsys.readouterr().out
    row = next(line for line in printed.splitlines() if line.startswith("| Black-Scholes"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1].endswith(" ms") and cells[2] == "failed: MemoryError"


def test_a_case_that_fails_does_not_lose_the_others(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(registry, "_known", dict(registry._known))
    monkeypatch.setattr(gpu_contenders, "MAKERS", {gpu_contenders.OURS: gpu_contenders.ours})

    def contenders(case: Any, *more: Any) -> Any:
        if case.key == "mlp":
            raise RuntimeError("no memory for the arguments")
        return gpu_contenders.contenders(case, *more)

    monkeypatch.setattr(gpu, "contenders", contenders)
    assert gpu.main(["--dry-run", "--only", "mlp,options", "--rounds", "1"]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert any(row.startswith("| MLP") and "failed: RuntimeError" in row for row in rows)
    assert any(row.startswith("| Black-Scholes") and " ms |" in row for row in rows)


def test_what_takes_too_long_is_stopped() -> None:
    with pytest.raises(TimeoutError, match="more than 1 seconds"), gpu_contenders.within(1):
        time.sleep(30)
