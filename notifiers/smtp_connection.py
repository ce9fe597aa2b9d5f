"""One connection to a mail server: made when it is needed, used for many mails, given up when its state is not known."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

from .address import domain_of

if TYPE_CHECKING:
    import aiosmtplib

    from .email import SmtpSettings

__all__ = ["SmtpConnection", "trust_of"]


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

    async def hand_over(self, sender: str, to: str, mail: bytes) -> str:
        """Run one mail transaction, on the connection there is or a new one, and return the server's answer.

        Raises:
            Dropped: the connection went away; nothing is known of this mail.
            TemporaryFailure: refused with a 4xx code; ChannelDown where connection, encryption, login or sender fail.
            PermanentFailure: refused with a 5xx code.
        """
        import aiosmtplib

        from .smtp_answers import quoted, refusal

        if self._mails >= self._settings.per_connection:
            await self.close()
        client = await self._connected()
        self._mails += 1
        try:
            refused, answer = await client.sendmail(sender, [to], mail)
            for address, response in refused.items():  # "OK" does not say that everybody was accepted
                raise aiosmtplib.SMTPRecipientRefused(response.code, response.message, address)
        except (aiosmtplib.SMTPException, OSError, ValueError) as exc:
            if isinstance(exc, TimeoutError):
                await self.abandon()
            raise refusal(exc, self._settings.place) from exc
        return quoted(answer)

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


async def _end(transport: asyncio.BaseTransport | None) -> None:
    """Close a connection now: an encrypted one would wait for the other side, longer than our loop may live."""
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
        await asyncio.sleep(0)
