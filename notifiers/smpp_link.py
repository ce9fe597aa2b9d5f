"""One connection to an operator's message centre (SMPP 3.4), logged in for sending and receiving."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable

from rectiflow.engine.errors import os_reason

from .smpp_answers import Dropped, Lost, Unbound
from .smpp_pdu import (
    BIND_TRANSCEIVER,
    DELIVER_SM,
    ENQUIRE_LINK,
    GENERIC_NACK,
    HEAD,
    RESPONSE,
    UNBIND,
    BadPdu,
    Delivery,
    Pdu,
    bytes_of,
    pdu_of,
    read_delivery,
    size_of,
)

__all__ = ["SmppLink", "Took"]

FAREWELL = 5.0  #: seconds for the answer to unbind
LAST_SEQUENCE = 0x7FFFFFFF  #: (SMPP 3.4, 5.1.4)
RINVCMDID = 0x03  #: a command we do not know
TRY_AGAIN = 0x64  #: ESME_RX_T_APPN: the operator keeps it and delivers it later
NEVER = 0x65  #: ESME_RX_P_APPN

logger = logging.getLogger(__name__)

Took = Callable[[Delivery], None]


class SmppLink:
    """A connection that is made with `connect` and ended with `close`; requests go over it side by side.

    Args:
        host: of the message centre.
        port: of the message centre.
        context: what decides about trust; None for a connection that is not encrypted.
        timeout: seconds for connecting, for the login, and for each answer.
        took: is handed what the operator delivers; where it raises, the operator is asked to deliver it again.
    """

    def __init__(self, host: str, port: int, *, context: ssl.SSLContext | None, timeout: float, took: Took) -> None:
        self._host, self._port, self._context, self._timeout, self._took = host, port, context, timeout, took
        self._writer: asyncio.StreamWriter | None = None
        self._listener: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[Pdu]] = {}
        self._sequence = 0
        self._count = 0  #: of packets heard

    @property
    def alive(self) -> bool:
        """Whether the connection is there and somebody listens to it."""
        listening = self._listener is not None and not self._listener.done()
        return listening and self._writer is not None and not self._writer.is_closing()

    async def connect(self, login: bytes) -> None:
        """Connect and log in with the body of a bind_transceiver.

        Raises:
            Unbound: the login was refused.
            Dropped: the connection went away.
            OSError: no connection; TimeoutError when there was no answer in time.
        """
        opening = asyncio.open_connection(self._host, self._port, ssl=self._context)
        reader, self._writer = await asyncio.wait_for(opening, self._timeout)
        self._listener = asyncio.create_task(self._listen(reader))
        answer = await self.ask(BIND_TRANSCEIVER, login)
        if answer.status:
            raise Unbound(answer.status)

    async def ask(self, command: int, body: bytes = b"") -> Pdu:
        """Send a request and return the answer to it.

        Where nothing at all was heard while it waited, the connection is given up.

        Raises:
            Dropped: the connection had gone away, and the request was not sent.
            Lost: it went away afterwards; the request may have been carried out.
            TimeoutError: no answer in time; the same.
        """
        if not self.alive:
            raise Dropped("连接已断开")
        self._sequence = self._sequence % LAST_SEQUENCE + 1
        sequence = self._sequence
        answer = self._waiting[sequence] = asyncio.get_running_loop().create_future()
        heard = self._count
        try:
            self._say(Pdu(command=command, sequence=sequence, body=body))
            return await asyncio.wait_for(answer, self._timeout)
        except TimeoutError:
            if self._count == heard:
                self._give_up("没有应答")
            raise
        finally:
            self._waiting.pop(sequence, None)

    async def stay(self, seconds: float) -> None:
        """Take what the operator delivers, until the time is over or the connection."""
        if self._listener is not None:
            await asyncio.wait((self._listener,), timeout=seconds)

    async def close(self, *, farewell: bool) -> None:
        """End the connection; with a farewell the operator is told (unbind) and may answer."""
        if farewell and self.alive:
            with contextlib.suppress(Dropped, TimeoutError):
                await asyncio.wait_for(self.ask(UNBIND), min(FAREWELL, self._timeout))
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.cancel()
            await asyncio.wait((listener,))
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.transport.abort()  # an encrypted one would wait for the other side, longer than our loop may live
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        """Read until the connection ends; who waits for an answer then is told."""
        why = "连接已断开"
        try:
            while not reader.at_eof():
                head = await reader.readexactly(HEAD)
                pdu = pdu_of(head, await reader.readexactly(size_of(head) - HEAD))
                if not self._heard(pdu):
                    break
        except asyncio.IncompleteReadError:
            pass
        except (OSError, BadPdu, Dropped) as exc:
            why = os_reason(exc)
        finally:
            self._give_up(why)

    def _heard(self, pdu: Pdu) -> bool:
        """Take one packet; False when the operator ends the session."""
        self._count += 1
        if pdu.command & RESPONSE:
            self._answered(pdu)
            return True
        if pdu.command == DELIVER_SM:
            self._say(Pdu(command=DELIVER_SM | RESPONSE, status=self._taken(pdu), sequence=pdu.sequence, body=b"\0"))
        elif pdu.command in (ENQUIRE_LINK, UNBIND):
            self._say(Pdu(command=pdu.command | RESPONSE, sequence=pdu.sequence))
        else:
            self._say(Pdu(command=GENERIC_NACK, status=RINVCMDID, sequence=pdu.sequence))
        return pdu.command != UNBIND

    def _answered(self, pdu: Pdu) -> None:
        answer = self._waiting.get(pdu.sequence)
        if answer is not None and not answer.done():
            answer.set_result(pdu)

    def _taken(self, pdu: Pdu) -> int:
        """Hand over a delivery and return the command_status it is answered with."""
        try:
            self._took(read_delivery(pdu.body))
        except BadPdu:
            logger.warning("短信网关送来的报文无法读取", extra={"length": len(pdu.body)})
            return NEVER
        except Exception:
            logger.exception("短信网关送来的状态报告或回复没有记下，请网关稍后再送")
            return TRY_AGAIN
        return 0

    def _say(self, pdu: Pdu) -> None:
        if self._writer is None or self._writer.is_closing():
            raise Dropped("连接已断开")
        self._writer.write(bytes_of(pdu))

    def _give_up(self, why: str) -> None:
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(Lost(why))
        if self._writer is not None:
            self._writer.transport.abort()
