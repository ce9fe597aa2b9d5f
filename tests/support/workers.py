"""Workers at work in a thread of the test's own process."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager

from rectiflow._worker import Worker

__all__ = ["working"]


@contextmanager
def working(worker: Worker) -> Generator[None]:
    """Let it work; at the end tell it to stop, and wait."""
    thread = threading.Thread(target=worker.work, args=(lambda: None,))
    thread.start()
    try:
        yield
    finally:
        worker.stop.set()
        thread.join()
