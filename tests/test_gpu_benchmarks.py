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


def test_what_takes_too_long_is_stopped() -> None:
    with pytest.raises(TimeoutError, match="more than 1 seconds"), gpu_contenders.within(1):
        time.sleep(30)
