"""How many messages a receiver takes in a span of time, counted where they leave, so that it never has to refuse."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

__all__ = ["Limit", "Quota", "quota_of"]

Limit = tuple[int, timedelta]  #: so many within so long


class Quota:
    """Counts what has left under some limits; it never waits, it says no."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        self._limits = tuple(limits)
        self._left: deque[datetime] = deque()

    def take(self, now: datetime) -> Limit | None:
        """Count one more that leaves now and return None; or count nothing and return the limit it would break."""
        longest = max(span for _, span in self._limits)
        while self._left and not now - longest < self._left[0] <= now:  # also what a clock set back left in the future
            self._left.popleft()
        for most, span in self._limits:
            if sum(moment > now - span for moment in self._left) >= most:
                return most, span
        self._left.append(now)
        return None


@cache
def quota_of(receiver: str, limits: tuple[Limit, ...]) -> Quota:
    """Return the one quota of a receiver in this process, however many channels are made for it.

    Args:
        receiver: tells receivers apart; a digest where its address is a secret.
    """
    return Quota(limits)
