"""Email by SMTP: one connection for a batch, every answer of the server told apart."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .address import domain_of, is_address
from .errors import ChannelDown, ChannelNotConfigured
from .message import MAIL, Contact, Message, Rendered
from .mime import Sender, compose_mail
from .plaintext import one_line
from .templates import TemplateSet

if TYPE_CHECKING:
    import aiosmtplib

__all__ = ["Security", "SmtpChannel", "SmtpSettings"]

Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """How to reach the mail server.

    `security`: "starttls" upgrades a plain connection (usually port 587), "tls" is encrypted from the first byte
    (usually 465), "none" is for a relay on the same premises that asks for no login; a refused upgrade is an error,
    never a fallback. `ca_file` adds to the system's authorities; `tls_context` replaces everything about trust.

    Raises:
        ChannelNotConfigured: with every problem of the settings.
    """

    host: str
    port: int = 587
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    security: Security = "starttls"
    sender: str
    sender_name: str
    timeout: timedelta = timedelta(seconds=30)  #: for each step of the conversation
    ca_file: Path | None = None
    tls_context: ssl.SSLContext | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        problems = [text for wrong, text in self._checks() if wrong]
        if problems:
            raise ChannelNotConfigured("邮件通道", problems)

    @property
    def place(self) -> str:
        """Return host:port, as it stands in messages."""
        return f"{self.host}:{self.port}"

    def _checks(self) -> list[tuple[bool, str]]:
        return [
            (not self.host.strip(), "没有填写邮件服务器地址"),
            (not 0 < self.port < 65536, f"端口 {self.port} 应在 1 到 65535 之间"),
            (self.security not in ("starttls", "tls", "none"), f"加密方式“{self.security}”应为 starttls、tls 或 none"),
            (not is_address(self.sender), f"发件地址“{one_line(self.sender)}”不是有效邮箱"),
            (not self.sender_name.strip(), "没有填写发件人名称"),
            (self.timeout <= timedelta(), "超时应大于 0 秒"),
            (bool(self.username) != bool(self.password), "用户名和口令应同时填写或同时不填"),
            (self.security == "none" and bool(self.password), "未加密的连接上不能发送口令，请改用 starttls 或 tls"),
            (self.ca_file is not None and not self.ca_file.is_file(), f"没有证书文件 {self.ca_file}"),
        ]


class SmtpChannel:
    """The channel "mail" over a mail server.

    The connection is made with the first message of a batch and used for all of them, one after another; when it
    drops it is made anew, once per message. A message may arrive twice when the server took it and the connection
    broke before the answer came: SMTP cannot do better, and the Message-ID is the same both times.
    """

    name = MAIL

    def __init__(self, settings: SmtpSettings, /) -> None:
        self._settings = settings
        self._sender = Sender(address=settings.sender, name=settings.sender_name)
        self._client: aiosmtplib.SMTP | None = None
        self._turn = asyncio.Lock()

    def accepts(self, contact: Contact) -> bool:
        """Say whether the contact has a usable mail address."""
        return is_address(contact.email)

    def compose(self, message: Message, contact: Contact, *, templates: TemplateSet, at: datetime) -> Rendered:
        """Render the complete mail; see `compose_mail`."""
        return compose_mail(message, contact, templates=templates, sender=self._sender, at=at)

    async def open(self) -> None:
        """Begin a batch; the connection waits for the first message."""
        self._client, self._turn = None, asyncio.Lock()

    async def send(self, rendered: Rendered) -> str:
        """Hand one mail to the server and return its answer.

        Raises:
            TemporaryFailure: refused with a 4xx code; ChannelDown where connection, encryption, login or sender fail.
            PermanentFailure: refused with a 5xx code.
        """
        from .smtp_answers import Dropped

        async with self._turn:
            try:
                return await self._hand_over(rendered)
            except Dropped:
                await self.close()
            try:
                return await self._hand_over(rendered)
            except Dropped as exc:
                await self.close()
                told = f"邮件服务器 {self._settings.place} 两次中断连接（{exc}），请稍后再试或联系邮件管理员；"
                raise ChannelDown(f"{told}消息已保留，将自动重发。") from exc

    async def close(self) -> None:
        """Say goodbye to the server if it is still there."""
        import aiosmtplib

        client = self._client
        if client is not None and client.is_connected:
            transport = client.transport
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()
            await _end(transport)
        await self._abandon()

    async def _hand_over(self, rendered: Rendered) -> str:
        """Run one mail transaction, on the connection there is or a new one."""
        import aiosmtplib

        from .smtp_answers import quoted, refusal

        client = await self._connected()
        try:
            refused, answer = await client.sendmail(self._settings.sender, [rendered.to], rendered.body)
            for address, response in refused.items():  # "OK" does not say that everybody was accepted
                raise aiosmtplib.SMTPRecipientRefused(response.code, response.message, address)
        except (aiosmtplib.SMTPException, OSError, ValueError) as exc:
            if isinstance(exc, TimeoutError):
                await self._abandon()
            raise refusal(exc, self._settings.place) from exc
        return quoted(answer)

    async def _connected(self) -> aiosmtplib.SMTP:
        """Return the connection there is, or a new one: encrypted and logged in as the settings want it."""
        import aiosmtplib

        from .smtp_answers import no_connection

        if self._client is not None and self._client.is_connected:
            return self._client
        await self._abandon()
        try:
            context = self._context()
            client = self._client = self._new_client(context)
            await client.connect()
            if self._settings.security == "starttls":
                await client.starttls(tls_context=context)
            if self._settings.username and self._settings.password:
                await client.login(self._settings.username, self._settings.password)
        except (aiosmtplib.SMTPException, OSError, ValueError) as exc:
            await self._abandon()
            raise no_connection(exc, self._settings.place) from exc
        return client

    async def _abandon(self) -> None:
        """Drop a connection whose state is not known, without a word."""
        client, self._client = self._client, None
        if client is not None:
            transport = client.transport
            client.close()
            await _end(transport)

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

    def _context(self) -> ssl.SSLContext | None:
        """Return what decides about trust; None where nothing is encrypted."""
        if self._settings.security == "none" or self._settings.tls_context is not None:
            return self._settings.tls_context
        context = ssl.create_default_context()
        if self._settings.ca_file is not None:
            context.load_verify_locations(self._settings.ca_file)
        return context


async def _end(transport: asyncio.BaseTransport | None) -> None:
    """Close a connection now: an encrypted one would wait for the other side, longer than our loop may live."""
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
        await asyncio.sleep(0)
