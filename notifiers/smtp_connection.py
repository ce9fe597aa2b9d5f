"""One connection to a mail server: made when it is needed, used for many mails, given up when its state is not known.

Before a mail's text is begun the server has nothing of it; after that, only its answer tells.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

from .address import domain_of

if TYPE_CHECKING:
    import aiosmtplib

    from .email import SmtpSettings

__all__ = ["MOST", "SmtpConnection", "trust_of"]

MOST = 14 * 60.0  #: seconds for handing over one mail, the wait for a connection and the login included
SLOW_LINE = 16 * 1024  #: bytes a second that a slow line carries
TEXT_FOLLOWS, CLOSING = 354, 421

_BREAK = re.compile(rb"\r\n|\r|\n")
_DOT = re.compile(rb"(?m)^\.")


class SmtpConnection:
    """A connection that is there or will be; `per_connection` mails later it is ended and made anew.

    Args:
        settings: of the server.
        trust: returns what decides about it, see `trust_of`; asked for each connection that is made.
    """

    def __init__(self, settings: SmtpSettings, trust: Callable[[], ssl.SSLContext | None], /) -> None:
        self._settings, self._trust = settings, trust
        self._client: aiosmtplib.SMTP | None = None
        self._mails = 0

    @property
    def is_there(self) -> bool:
        """Say whether the server is connected."""
        return self._client is not None and self._client.is_connected

    async def hand_over(self, sender: str, to: str, mail: bytes, *, began: float) -> str:
        """Run one mail transaction, on the connection there is or a new one, and return the server's answer.

        Args:
            sender: of the envelope.
            to: of the envelope.
            mail: its text.
            began: when the mail's time began, by the clock of the event loop.

        Raises:
            Dropped: the connection went away before the text was begun.
            TemporaryFailure: refused with a 4xx code; ChannelDown where connection, encryption, login or sender fail or
                take too long, Unanswered where no answer came after the text was begun.
            PermanentFailure: refused with a 5xx code.
        """
        text = _transmitted(mail)
        try:
            async with asyncio.timeout_at(began + self._settings.before_text):
                client = await self._announced(sender, to, len(mail))
        except TimeoutError as exc:
            from .smtp_answers import no_connection

            await self.abandon()
            raise no_connection(exc, self._settings.place) from exc
        return await self._handed_over(client, text, began)

    async def close(self) -> None:
        """Say goodbye to the server if it is still there."""
        import aiosmtplib

        client = self._client
        if client is not None and client.is_connected:
            transport = client.transport
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()
            await _end(transport)
        await self.abandon()

    async def abandon(self) -> None:
        """Drop a connection whose state is not known, without a word."""
        client, self._client, self._mails = self._client, None, 0
        if client is not None:
            transport = client.transport
            client.close()
            await _end(transport)

    async def _announced(self, sender: str, to: str, size: int) -> aiosmtplib.SMTP:
        """Connect where there is no connection, name sender and recipient, and return when the server wants the text."""
        import aiosmtplib

        from .smtp_answers import refusal

        if self._mails >= self._settings.per_connection:
            await self.close()
        client = await self._connected()
        self._mails += 1
        try:
            if client.is_ehlo_or_helo_needed:
                with contextlib.suppress(aiosmtplib.SMTPHeloError):  # then it is greeted by HELO with the sender
                    await client.ehlo()
            await client.mail(sender, options=[f"size={size}"] if client.supports_extension("size") else [])
            await client.rcpt(to)
            ready = await client.execute_command(b"DATA")
            if ready.code != TEXT_FOLLOWS:
                raise aiosmtplib.SMTPResponseException(ready.code, ready.message)
        except (aiosmtplib.SMTPException, OSError, ValueError) as exc:
            await self._afresh(exc)
            raise refusal(exc, self._settings.place) from exc
        return client

    async def _handed_over(self, client: aiosmtplib.SMTP, text: bytes, began: float) -> str:
        """Write the text and return the answer to it; from here on, nobody knows more than that says."""
        import aiosmtplib

        from .smtp_answers import REFUSING, quoted, refusal, unanswered

        try:
            answer = await self._answer(client, text, began)
            if answer.code // 100 == 2:
                return quoted(answer.message)
            raise aiosmtplib.SMTPDataError(answer.code, answer.message)
        except (aiosmtplib.SMTPException, OSError) as exc:
            if isinstance(exc, aiosmtplib.SMTPResponseException) and exc.code in REFUSING:
                await self._afresh(exc)
                raise refusal(exc, self._settings.place) from exc
            await self.abandon()
            raise unanswered(exc, self._settings.place) from exc

    async def _answer(self, client: aiosmtplib.SMTP, text: bytes, began: float) -> aiosmtplib.SMTPResponse:
        """Write the text and wait for the answer: as long as RFC 5321, 4.5.3.2.6, wants, and the text's size."""
        import aiosmtplib

        if client.protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        left = began + MOST - asyncio.get_running_loop().time()
        client.protocol.write(text)
        return await client.protocol.read_response(
            timeout=min(self._settings.text_timeout.total_seconds() + len(text) / SLOW_LINE, left)
        )

    async def _afresh(self, exc: Exception) -> None:
        """Make the server forget a mail that was refused, or give the connection up where that is not possible."""
        import aiosmtplib

        from .smtp_answers import REFUSING

        usable = isinstance(exc, ValueError) or (
            isinstance(exc, aiosmtplib.SMTPResponseException) and exc.code in REFUSING and exc.code != CLOSING
        )
        try:
            if usable and self.is_there and self._client is not None:
                await self._client.rset()
                return
        except (aiosmtplib.SMTPException, OSError):
            pass  # it is in no good state either
        await self.abandon()

    async def _connected(self) -> aiosmtplib.SMTP:
        """Return the connection there is, or a new one: encrypted and logged in as the settings want it."""
        import aiosmtplib

        from .smtp_answers import no_connection

        if self._client is not None and self._client.is_connected:
            return self._client
        await self.abandon()
        try:
            context = self._trust()
            client = self._client = self._new_client(context)
            await client.connect()
            if self._settings.security == "starttls":
                await client.starttls(tls_context=context)
            if self._settings.username and self._settings.password:
                await client.login(self._settings.username, self._settings.password)
        except (aiosmtplib.SMTPException, OSError, ValueError) as exc:
            await self.abandon()
            raise no_connection(exc, self._settings.place) from exc
        return client

    def _new_client(self, context: ssl.SSLContext | None) -> aiosmtplib.SMTP:
        import aiosmtplib

        s = self._settings
        return aiosmtplib.SMTP(
            hostname=s.host,
            port=s.port,
            use_tls=s.security == "tls",
            start_tls=False,  # done by hand, so that the connection can be ended properly when it fails
            tls_context=context,
            local_hostname=domain_of(s.sender),
            timeout=s.timeout.total_seconds(),
        )


def trust_of(settings: SmtpSettings) -> ssl.SSLContext | None:
    """Return what decides about trust; None where nothing is encrypted. Takes some milliseconds.

    Raises:
        OSError: a file of certificates cannot be read; ssl.SSLError where it holds none.
    """
    if settings.security == "none" or settings.tls_context is not None:
        return settings.tls_context
    context = ssl.create_default_context()
    if settings.ca_file is not None:
        context.load_verify_locations(settings.ca_file)
    return context


def _transmitted(mail: bytes) -> bytes:
    """Return a mail as it goes over the line: every line ends with CRLF, a leading dot is doubled, a dot ends it."""
    lines = _BREAK.sub(b"\r\n", mail)
    lines = lines if lines.endswith(b"\r\n") else lines + b"\r\n"
    return _DOT.sub(b"..", lines) + b".\r\n"


async def _end(transport: asyncio.BaseTransport | None) -> None:
    """Close a connection now: an encrypted one would wait for the other side, longer than our loop may live."""
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
        await asyncio.sleep(0)
