"""How fast a receiver may be spoken to: so many messages in a span of time, none of them holding a worker up for long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol

from .errors import NotYet

__all__ = ["BURST", "HERE", "MINUTE", "SECOND", "Limit", "MemoryTurns", "Pace", "Turns"]

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
PATIENCE = 3.0  #: seconds a message waits here; one that would wait longer is given back
BURST = 4  #: the fourth part of a minute's messages may go at once, what a worker finds that looks every 15 seconds

Limit = tuple[int, timedelta]  #: so many messages within so long
Sleep = Callable[[float], Awaitable[object]]


class Turns(Protocol):
    """Who gives out turns, to all that speak to the same receivers."""

    def take(self, name: str, *, spacing: float, ahead: float, patience: float) -> float:
        """Take the next turn at a receiver and return the seconds until it comes, 0 for now.

        Where that would be more than `patience`, nothing is taken. The generic cell rate algorithm of ITU-T I.371: turns
        lie `spacing` seconds apart, and after a quiet time they may come up to `ahead` seconds early.
        """
        ...


class MemoryTurns:
    """Gives out the turns of this process.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._free = clock, dict[str, float]()

    def take(self, name: str, *, spacing: float, ahead: float, patience: float) -> float:
        """Take the next turn; see `Turns`."""
        now = self._clock()
        free = max(self._free.get(name, now), now)
        wait = max(0.0, free - now - ahead)
        if wait <= patience:
            self._free[name] = free + spacing
        return wait


HERE = MemoryTurns()  #: of everything in this process that is given no others


class Pace:
    """Lets no more than a number of messages through in any span of time, whoever sends them.

    Args:
        most: messages; 0 for no limit.
        span: in which.
        what: that is limited, for messages: 邮件服务器 smtp.qq.com:465.
        name: tells receivers apart; a digest where an address is a secret.
        turns: who counts, for this process or for all of them.
        sleep: waits for some seconds.
    """

    def __init__(
        self,
        most: int,
        span: timedelta = MINUTE,
        /,
        *,
        what: str,
        name: str,
        turns: Turns = HERE,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._most, self._span, self._what, self._name = most, span, what, f"{name}/{span.total_seconds():g}"
        self._turns, self._sleep = turns, sleep
        room = max(1, most // BURST)
        self._spacing = span.total_seconds() / max(1, most - room + 1)  # with what goes at once no more than asked for
        self._ahead = (room - 1) * self._spacing

    async def turn(self) -> None:
        """Wait until one more message may go.

        Raises:
            NotYet: that would take longer than a few seconds; says how long.
        """
        if not self._most:
            return
        wait = self._turns.take(self._name, spacing=self._spacing, ahead=self._ahead, patience=PATIENCE)
        if wait > PATIENCE:
            often = "每秒" if self._span == SECOND else "每分钟"
            told = f"{self._what} {often}最多发送 {self._most} 条，已到上限，稍后自动接着发送。"
            raise NotYet(told, after=timedelta(seconds=wait))
        if wait > 0:
            await self._sleep(wait)
