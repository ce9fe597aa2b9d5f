"""Email by SMTP: a few connections for many mails, every answer of the server told apart."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Literal

from .address import is_address
from .dkim_signature import DkimSettings, Signer
from .errors import KEPT, ChannelDown, ChannelNotConfigured
from .message import MAIL, Contact, Message, Rendered
from .mime import MOST_ENCLOSED, ReplyAddress, Sender, compose_mail
from .pace import HERE, Pace, Turns
from .plaintext import one_line
from .ports import Files
from .smtp_connection import MOST, SmtpConnection, trust_of
from .smtp_pool import SmtpPool
from .templates import TemplateSet

__all__ = ["ReturnPath", "Security", "SmtpChannel", "SmtpSettings"]

Security = Literal["starttls", "tls", "none"]
ReturnPath = Callable[[Rendered], str]

MOST_CONNECTIONS = 20
_NO_PASSWORD = (
    "写了 username，没有口令：请写 password_file（存放口令的文件），"
    "或设环境变量 RECTIFLOW_MAIL__PASSWORD；不用登录的，不写 username"
)
MOST_FOR_TEXT = timedelta(minutes=12)


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
    timeout: timedelta = timedelta(seconds=30)  #: for each step of the conversation before a mail's text
    text_timeout: timedelta = timedelta(minutes=10)  #: for the answer to the text, besides what its size takes
    connections: int = 4  #: at a time, 1 to 20
    per_connection: int = 100  #: mails, then it is made anew: servers end a connection that carries too many
    per_minute: int = 0  #: mails of this account; 0: the server sets no limit
    most_enclosed: int = MOST_ENCLOSED  #: bytes of a mail's attachments together
    dkim: DkimSettings | None = None  #: mails are signed when it is given
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

    @property
    def before_text(self) -> float:
        """Return how many seconds a mail may take until its text is begun, so that the text has its time."""
        return MOST - self.text_timeout.total_seconds()

    def pace(self, turns: Turns = HERE) -> Pace:
        """Return how fast this server may be spoken to."""
        name = f"mail/{self.place}/{self.username or self.sender}"
        return Pace(self.per_minute, what=f"邮件服务器 {self.place}", name=name, turns=turns)

    def _checks(self) -> list[tuple[bool, str]]:
        return [
            (not self.host.strip(), "没有填写邮件服务器地址"),
            (not 0 < self.port < 65536, f"端口 {self.port} 应在 1 到 65535 之间"),
            (self.security not in ("starttls", "tls", "none"), f"加密方式“{self.security}”应为 starttls、tls 或 none"),
            (not is_address(self.sender), f"发件地址“{one_line(self.sender)}”不是有效邮箱"),
            (not self.sender_name.strip(), "没有填写发件人名称"),
            (
                not 1 <= self.connections <= MOST_CONNECTIONS,
                f"连接数 {self.connections} 应在 1 到 {MOST_CONNECTIONS} 之间",
            ),
            (self.per_connection < 1, f"每个连接发送的封数 {self.per_connection} 应大于 0"),
            (self.per_minute < 0, f"每分钟上限 {self.per_minute} 不能是负数"),
            (self.most_enclosed < 0, f"附件总大小上限 {self.most_enclosed} 不能是负数"),
            (self.timeout <= timedelta(), "超时应大于 0 秒"),
            (not timedelta() < self.text_timeout <= MOST_FOR_TEXT, "等正文答复的时间应大于 0、不超过 12 分钟"),
            (bool(self.username) and not self.password, _NO_PASSWORD),
            (bool(self.password) and not self.username, "有口令，没有写 username；不用登录的，口令也不要给"),
            (self.security == "none" and bool(self.password), "未加密的连接上不能发送口令，请改用 starttls 或 tls"),
            (self.ca_file is not None and not self.ca_file.is_file(), f"没有证书文件 {self.ca_file}"),
        ]


class SmtpChannel:
    """The channel "mail" over a mail server.

    Mails go side by side over a few connections, each made when it is first needed and used for many mails; one that
    drops before a mail's text was begun is made anew, once per mail. A mail whose text was begun and not answered for may
    arrive twice when it is tried again: SMTP cannot do better, and the Message-ID is the same both times.

    Args:
        settings: of the server.
        return_path: the envelope sender of a mail, to which it comes back when it cannot be delivered, as
            bounce+<token>@domain; by default the sender's address.
        reply_address: where an answer to a message is read, if anywhere; see `Sender`.
        files: where attachments are read from; without it none are sent.
        turns: who counts where the server takes only so many mails a minute.

    Raises:
        ChannelNotConfigured: the key for signatures cannot be used.
    """

    name = MAIL

    def __init__(
        self,
        settings: SmtpSettings,
        /,
        *,
        return_path: ReturnPath | None = None,
        reply_address: ReplyAddress | None = None,
        files: Files | None = None,
        turns: Turns = HERE,
    ) -> None:
        self.settings = settings
        self._sender = Sender(
            address=settings.sender,
            name=settings.sender_name,
            reply_address=reply_address,
            files=files,
            most_enclosed=settings.most_enclosed,
        )
        self._return_path = return_path
        self._pace = settings.pace(turns)
        self._sign = Signer(settings.dkim, settings.sender).signed if settings.dkim else _as_it_is
        self._pool: SmtpPool | None = None

    def accepts(self, contact: Contact) -> bool:
        """Say whether the contact has a usable mail address."""
        return is_address(contact.email)

    def compose(self, message: Message, contact: Contact, *, templates: TemplateSet, at: datetime) -> Rendered:
        """Render the complete mail; see `compose_mail`."""
        return compose_mail(message, contact, templates=templates, sender=self._sender, at=at)

    async def open(self) -> None:
        """Begin; connections wait for the first messages. Those of an event loop that is gone are forgotten."""
        self._pool = self._new_pool()

    async def send(self, rendered: Rendered) -> str:
        """Hand one mail to the server and return its answer.

        Raises:
            TemporaryFailure: refused with a 4xx code; ChannelDown where connection, encryption, login or sender fail,
                Unanswered where no answer came after the text was begun, NotYet where the server has had its mails for
                this minute or all connections are taken.
            PermanentFailure: refused with a 5xx code.
        """
        if self._pool is None:
            self._pool = self._new_pool()
        sender = self._return_path(rendered) if self._return_path else self.settings.sender
        if not is_address(sender):
            raise ChannelDown(f"退信地址“{one_line(sender)}”不是有效邮箱，请核对设置；{KEPT}")
        await self._pace.turn()
        return await self._pool.send(sender, rendered.to, self._sign(rendered.body))

    async def close(self) -> None:
        """Say goodbye to the server if it is still there."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    def _new_pool(self) -> SmtpPool:
        settings, trust = self.settings, cache(partial(trust_of, self.settings))  # made once for all connections
        return SmtpPool(
            settings.connections,
            lambda: SmtpConnection(settings, trust),
            settings.place,
            patience=settings.before_text,
        )


def _as_it_is(mail: bytes) -> bytes:
    return mail
