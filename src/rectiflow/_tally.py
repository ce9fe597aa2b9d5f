"""What a worker has done since it began, counted for its log and its metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from threading import Lock

__all__ = ["COUNTED", "OUTCOMES", "Tally"]

COUNTED = ("fired", "steps", "failed", "sent", "dead")
OUTCOMES = ("done", "error", "missed", "overlapped")  #: of a beat


class Tally:
    """Counts that only grow; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts = Counter[str]()
        self._beats = Counter[tuple[str, str]]()

    def add(self, **counts: int) -> None:
        """Count what was done, by the names of COUNTED."""
        with self._lock:
            self._counts.update(counts)

    def beat(self, job: str, outcome: str) -> None:
        """Count one beat of a job, with how it ended: one of OUTCOMES."""
        with self._lock:
            self._beats[job, outcome] += 1

    def counts(self) -> Mapping[str, int]:
        """Return every count by its name."""
        with self._lock:
            return {name: self._counts[name] for name in COUNTED}

    def beats(self) -> Mapping[tuple[str, str], int]:
        """Return how many beats of which job ended how."""
        with self._lock:
            return dict(self._beats)
