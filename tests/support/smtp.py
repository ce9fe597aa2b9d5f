"""A real mail server for the tests: STARTTLS, login, and recipients it refuses."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

LOOPBACK = "127.0.0.1"
USER = "office"
PASSWORD = "correct horse"

REFUSALS = {
    421: "4.3.2 service not available, closing transmission channel",
    450: "4.2.1 mailbox busy, try again later",
    451: "4.3.0 local error in processing, try again later",
    452: "4.2.2 mailbox full",
    550: "5.1.1 no such user",
    552: "5.2.2 mailbox full",
    554: "5.7.1 refused by policy",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMail:
    """One message as the server took it, with the envelope it came in."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    encrypted: bool
    user: str | None

    @property
    def message(self) -> EmailMessage:
        """Parse the bytes that arrived."""
        return email.message_from_bytes(self.content, policy=email.policy.default)


@dataclass(kw_only=True)
class MailServer:
    """A running server, and what it took so far.

    ``refuse`` maps a recipient to the code it is answered with (see `REFUSALS`); it may be changed while
    the server runs, as may ``refuse_data`` (a code for the whole message, after its text), ``hang_ups`` (so many
    messages are kept and then the connection is cut) and ``silent`` (messages are kept and never answered for).
    ``connections`` counts the clients that connected, to prove that a connection was used again.
    """

    host: str = LOOPBACK
    port: int = 0
    user: str = USER
    password: str = PASSWORD
    ca_file: Path
    refuse: dict[str, int] = field(default_factory=dict[str, int])
    refuse_data: int | None = None
    hang_ups: int = 0
    silent: bool = False
    mails: list[ReceivedMail] = field(default_factory=list[ReceivedMail])
    connections: int = 0

    @property
    def client_context(self) -> ssl.SSLContext:
        """Trust this server's certificate and nothing else."""
        return ssl.create_default_context(cafile=self.ca_file)

    def check_login(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth_data: object
    ) -> AuthResult:
        """Accept the one account; a failure must be left unhandled, or the client waits for ever."""
        known = isinstance(auth_data, LoginPassword) and (
            (auth_data.login, auth_data.password) == (self.user.encode(), self.password.encode())
        )
        return AuthResult(success=known, handled=False, auth_data=self.user if known else None)


@dataclass(frozen=True, slots=True)
class RecordingHandler:
    """Answer the recipients as the server is told to, and keep what is accepted."""

    mailbox: MailServer

    async def handle_RCPT(  # noqa: N802 - the name aiosmtpd looks for
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        """Take the recipient, or refuse with the code that was asked for."""
        code = self.mailbox.refuse.get(address)
        if code is not None:
            return f"{code} {REFUSALS[code]}"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        """Keep the message."""
        if self.mailbox.refuse_data is not None:
            return f"{self.mailbox.refuse_data} {REFUSALS[self.mailbox.refuse_data]}"
        mail = ReceivedMail(
            sender=envelope.mail_from or "",
            recipients=tuple(envelope.rcpt_tos),
            content=envelope.original_content or b"",
            encrypted=session.ssl is not None,
            user=session.auth_data if session.authenticated else None,
        )
        self.mailbox.mails.append(mail)
        if self.mailbox.hang_ups:
            self.mailbox.hang_ups -= 1
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        if self.mailbox.silent:
            await asyncio.Event().wait()  # until the client goes
        return "250 2.0.0 kept"


class CountingController(Controller):
    """Run the server in a thread of its own, on a port the system chooses, and count its clients."""

    def __init__(self, mailbox: MailServer, context: ssl.SSLContext | None, *, login: bool) -> None:
        self.mailbox = mailbox
        super().__init__(
            RecordingHandler(mailbox),
            hostname=mailbox.host,
            port=0,
            tls_context=context,
            require_starttls=context is not None,
            auth_required=login,
            auth_require_tls=context is not None,
            authenticator=mailbox.check_login if login else None,
            enable_SMTPUTF8=True,
            ident="test mail server",
        )

    def factory(self) -> SMTP:
        """Serve one more client."""
        self.mailbox.connections += 1
        return SMTP(self.handler, **self.SMTP_kwargs)

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.mailbox.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # so in aiosmtpd
        self.mailbox.connections = 0  # that was the controller's own look at the server


def start_mail_server(
    folder: Path, *, starttls: bool = True, login: bool = True, refuse: Mapping[str, int] | None = None
) -> tuple[MailServer, CountingController]:
    """Start a server on the loopback address; ``controller.stop()`` ends it.

    It asks for STARTTLS and a login before it takes anything; without STARTTLS it has no login either.
    """
    authority = trustme.CA()
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    context: ssl.SSLContext | None = None
    if starttls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(LOOPBACK, "localhost").configure_cert(context)
    mailbox = MailServer(ca_file=ca_file, refuse=dict(refuse or {}))
    controller = CountingController(mailbox, context, login=login and starttls)
    controller.start()
    return mailbox, controller
