"""What is known of channels from one delivery to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

__all__ = ["Watch"]


@dataclass(slots=True)
class Watch:
    """What is known of channels: which work, and which are not to be tried until when, and why.

    Kept from one delivery to the next, so that a server which refuses a login is not asked again with every message.
    """

    proved: set[str] = field(default_factory=set[str])
    resting: dict[str, tuple[datetime, str]] = field(default_factory=dict[str, tuple[datetime, str]])

    def rests(self, channel: str, now: datetime) -> tuple[timedelta, str] | None:
        """Return for how long a channel is to be left alone, and why; None when it may be tried."""
        until, why = self.resting.get(channel, (now, ""))
        return (until - now, why) if until > now else None
