"""Pieces of work on threads: NumPy lets go of the interpreter's lock in its inner loops."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context

from vectorizer.errors import SettingError

VARIABLE = "VECTORIZER_THREADS"


def available() -> int:
    """How many threads a call may use: `VECTORIZER_THREADS`, or as many as there are processors for this process.

    Raises:
        SettingError: the variable is set to something else than a positive integer.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if text:
        if not text.isdecimal() or not int(text):
            raise SettingError(f"{VARIABLE} is {text!r}.\nIt is a number of threads, at least 1.")
        return int(text)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Pool:
    """Threads that wait for work, made when they are first needed, anew in a forked process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.executor: ThreadPoolExecutor | None = None
        self.size = 0

    def submit(self, work: Callable[[], None], size: int) -> Future[None] | None:
        """Let one of `size` threads do it; None where no more threads are started, as at the interpreter's end."""
        try:
            with self.lock:
                if self.executor is None or self.size < size:
                    self.executor, self.size = ThreadPoolExecutor(size, "vectorizer"), size
                return self.executor.submit(work)
        except RuntimeError:
            return None


_pool = _Pool()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.__init__)  # type: ignore[misc]  # a child has no threads but its own


def run_all(work: Callable[[int], None], count: int, threads: int) -> None:
    """Call `work` with 0, 1, ... `count` - 1, each once, on this thread and up to `threads` - 1 others.

    Each thread sees the context of this one, with its `np.errstate`.  After an exception no more pieces are begun.

    Raises:
        BaseException: what the first piece that failed has raised.
    """
    lock, waiting = threading.Lock(), iter(range(count))
    failures: dict[int, BaseException] = {}

    def take() -> None:
        while True:
            with lock:
                k = None if failures else next(waiting, None)
            if k is None:
                return
            try:
                work(k)
            except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits for the result
                with lock:
                    failures[k] = error
                return

    others = [_pool.submit(_in_context(take), threads - 1) for _ in range(min(threads, count) - 1)]
    try:
        take()
    finally:
        for other in others:
            if other is not None and not other.cancel():  # what has not begun need not: this thread has done it all
                other.result()
    if failures:
        raise failures[min(failures)]


def _in_context(work: Callable[[], None]) -> Callable[[], None]:
    context = copy_context()
    return lambda: context.run(work)
