"""What time it is: the system's clock, or for rehearsals one that is set by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

__all__ = ["Clock", "SetClock", "SystemClock"]


class Clock(Protocol):
    """Tells the time, aware."""

    def now(self) -> datetime:
        """Return the present instant."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        return datetime.now(UTC)


class SetClock:
    """A clock that stands still until it is set; for rehearsals and tests only."""

    def __init__(self, moment: datetime) -> None:
        if moment.tzinfo is None:
            raise ValueError("a clock needs an aware time")
        self._moment = moment

    def now(self) -> datetime:
        """Return the instant it was set to."""
        return self._moment

    def set(self, moment: datetime) -> None:
        """Put the clock to an instant."""
        self._moment = moment

    def forward(self, **span: float) -> None:
        """Move the clock on; keywords as of `timedelta`."""
        self._moment += timedelta(**span)
