"""How fast a server may be spoken to: so many messages a minute, none of them holding a worker up for long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from .errors import NotYet

__all__ = ["Pace"]

MINUTE = 60.0  #: seconds
PATIENCE = 3.0  #: seconds a message waits here; one that would wait longer is given back
BURST = 4  #: the fourth part of a minute's messages may go at once, what a worker finds that looks every 15 seconds

Sleep = Callable[[float], Awaitable[object]]


class Pace:
    """A token bucket that lets no more than `per_minute` messages through in any 60 seconds.

    It is full at the beginning and knows nothing of other processes: where several workers send over one account, each
    is given its share.

    Args:
        per_minute: messages; 0 for no limit.
        what: that is limited, for messages: 邮件服务器 smtp.qq.com:465.
        clock: seconds that never go back.
        sleep: waits for some seconds.
    """

    def __init__(
        self,
        per_minute: int,
        /,
        what: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._per_minute, self._what, self._clock, self._sleep = per_minute, what, clock, sleep
        self._room = max(1, per_minute // BURST)
        self._rate = (per_minute - self._room + 1) / MINUTE  # with what may go at once not more than asked for
        self._left, self._at = float(self._room), clock()

    async def turn(self) -> None:
        """Wait until one more message may go.

        Raises:
            NotYet: that would take longer than a few seconds; says how long.
        """
        if not self._per_minute:
            return
        now = self._clock()
        self._left = min(self._room, self._left + (now - self._at) * self._rate)
        self._at = now
        wait = (1 - self._left) / self._rate
        if wait > PATIENCE:
            told = f"{self._what} 每分钟最多发送 {self._per_minute} 条，已到上限，稍后自动接着发送。"
            raise NotYet(told, after=timedelta(seconds=wait))
        self._left -= 1
        if wait > 0:
            await self._sleep(wait)
