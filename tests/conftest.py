"""Hypothesis profiles, and where a fallback is no failure."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

from vectorizer.backends import registry
from vectorizer.errors import FallbackWarning

COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}

# The examples are the same in each run, so that a change that breaks nothing fails nothing.  Making a failing program
# small takes minutes: `make fuzz` does that.
QUICK = {"derandomize": True, "max_examples": 60, "phases": (Phase.explicit, Phase.reuse, Phase.generate)}
settings.register_profile("default", **QUICK, **COMMON)
settings.register_profile("ci", **QUICK, print_blob=True, **COMMON)
# Other examples in each run; failures are made small, kept in .hypothesis and tried first in the next.
settings.register_profile("fuzz", max_examples=int(os.environ.get("VECTORIZER_FUZZ_EXAMPLES", "3000")), **COMMON)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_configure(config: pytest.Config) -> None:
    """Marks that NumPy's own tests carry, some of which are run here on ours."""
    for mark in ("slow", "thread_unsafe", "leaks_references"):
        config.addinivalue_line("markers", f"{mark}: NumPy's")


@pytest.fixture
def fallbacks_allowed() -> Iterator[None]:
    """For tests that ask what comes out, and not how: a `FallbackWarning` is no error in them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)
        yield


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    """The device that is none is among the backends."""
    from tests.fake_device import FAKE

    monkeypatch.setitem(registry._known, FAKE.name, FAKE)
