"""The few connections that carry many mails side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

from .errors import KEPT, ChannelDown, DeliveryFailure, NotYet
from .smtp_connection import SmtpConnection

__all__ = ["SmtpPool"]

REST = timedelta(minutes=1)  #: until a mail that found no connection free asks again
BUSY = range(400, 500)  #: what a server answers to one connection too many


class SmtpPool:
    """At most `most` connections, each used again and again; belongs to one event loop.

    A server that turns a further connection away while others work is asked for no more than it gave.

    Args:
        most: connections at a time.
        make: makes one; it connects when it is first used.
        place: of the server, for messages: smtp.edu.cn:587.
        patience: seconds until a mail that finds no connection free is put off.
    """

    def __init__(self, most: int, make: Callable[[], SmtpConnection], place: str, /, *, patience: float) -> None:
        self._make, self._place, self._patience = make, place, patience
        self._gate = asyncio.Semaphore(most)
        self._idle: list[SmtpConnection] = []
        self._at_work = 0

    async def send(self, sender: str, to: str, mail: bytes) -> str:
        """Hand one mail over by whichever connection is free, and return the server's answer.

        Raises:
            TemporaryFailure: refused with a 4xx code; ChannelDown where connection, encryption, login or sender fail,
                Unanswered where no answer came after the text was begun, NotYet where no connection became free.
            PermanentFailure: refused with a 5xx code.
        """
        began = asyncio.get_running_loop().time()
        while True:
            await self._turn(began)
            self._at_work += 1
            line, spared = self._idle.pop() if self._idle else self._make(), False
            try:
                return await self._twice(line, sender, to, mail, began)
            except ChannelDown as exc:
                spared = exc.code in BUSY and not line.is_there and self._at_work > 1
                if not spared:
                    raise
            except DeliveryFailure:
                raise
            except BaseException:  # nobody knows how far it came
                await line.abandon()
                raise
            finally:
                self._at_work -= 1
                if not spared:
                    self._idle.append(line)
                    self._gate.release()

    async def close(self) -> None:
        """Say goodbye on every connection."""
        lines, self._idle = self._idle, []
        await asyncio.gather(*(line.close() for line in lines))

    async def _turn(self, began: float) -> None:
        """Wait for a free connection, as long as there is time left for the mail itself."""
        try:
            async with asyncio.timeout_at(began + self._patience):
                await self._gate.acquire()
        except TimeoutError as exc:
            told = f"邮件服务器 {self._place} 的连接一直占着，还没有轮到"
            raise NotYet(f"{told}；{KEPT}", after=REST) from exc

    async def _twice(self, line: SmtpConnection, sender: str, to: str, mail: bytes, began: float) -> str:
        """Hand over, once more on a new connection if the first one broke before the text was begun."""
        from .smtp_answers import Dropped

        try:
            return await line.hand_over(sender, to, mail, began=began)
        except Dropped:
            await line.close()
        try:
            return await line.hand_over(sender, to, mail, began=began)
        except Dropped as exc:
            await line.close()
            told = f"邮件服务器 {self._place} 两次中断连接（{exc}），请稍后再试或联系邮件管理员；"
            raise ChannelDown(f"{told}{KEPT}") from exc
