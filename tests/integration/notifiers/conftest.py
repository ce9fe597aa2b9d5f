"""Mail servers that misbehave, and the channel that meets them."""

from __future__ import annotations

import socket
import ssl
from asyncio import WriteTransport
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, Envelope, Session

from rectiflow.notifiers import Contact, Message, SmtpChannel, SmtpSettings, TemplateSet, builtin_templates
from support.smtp import LOOPBACK, CountingController, MailServer, RecordingHandler

START = datetime(2024, 12, 2, 1, 30, tzinfo=UTC)

MakeMessage = Callable[..., Message]
MakeChannel = Callable[..., SmtpChannel]


@dataclass(frozen=True, slots=True)
class DroppingHandler(RecordingHandler):
    """Close the connection without a word at the recipients in `drop`, as often as each number says."""

    drop: dict[str, int]

    async def handle_RCPT(  # noqa: N802 - the name aiosmtpd looks for
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        """Hang up, or go on as usual."""
        if self.drop.get(address, 0) > 0:
            self.drop[address] -= 1
            assert isinstance(server.transport, WriteTransport)
            server.transport.abort()
        return await RecordingHandler.handle_RCPT(self, server, session, envelope, address, rcpt_options)


class NarrowController(CountingController):
    """Takes two connections at a time and turns further ones away with 421."""

    open_now = 0

    def factory(self) -> SMTP:
        """Serve one more client, or say that there are too many."""
        controller = self

        class Narrow(SMTP):
            counted = False

            async def _handle_client(self) -> None:
                if controller.open_now >= 2:
                    await self.push("421 4.7.0 too many connections from your address")
                    assert isinstance(self.transport, WriteTransport)
                    self.transport.close()
                    return
                controller.open_now += 1
                try:
                    await super()._handle_client()
                finally:
                    controller.open_now -= 1

        self.mailbox.connections += 1
        return Narrow(self.handler, **self.SMTP_kwargs)


@pytest.fixture(scope="session")
def templates() -> TemplateSet:
    """The templates that come with the program."""
    return TemplateSet.load([builtin_templates()])


@pytest.fixture(scope="session")
def make_message() -> MakeMessage:
    """Make a message; what is not given is an assignment to the head of a school."""

    def make(**given: Any) -> Message:
        defaults: dict[str, Any] = {
            "id": 7,
            "district": "420704",
            "number": "LZH-2024-000123",
            "sequence": 1,
            "recipient": "head",
            "template": "assigned",
            "template_version": 0,
            "params": {"unit": "太和镇中心小学", "due_on": "2024年12月31日"},
            "created_at": START,
        }
        return Message(**{**defaults, **given})

    return make


@pytest.fixture(scope="session")
def make_channel() -> MakeChannel:
    """Make the channel for a server; settings not given fit a server as `smtp_server` starts it."""

    def make(server: MailServer, **given: Any) -> SmtpChannel:
        defaults: dict[str, Any] = {
            "host": server.host,
            "port": server.port,
            "username": server.user,
            "password": server.password,
            "sender": "safety@edu.example",
            "sender_name": "梁子湖区教育局",
            "ca_file": server.ca_file,
            "timeout": timedelta(seconds=10),
        }
        return SmtpChannel(SmtpSettings(**{**defaults, **given}))

    return make


@pytest.fixture(scope="session")
def contact() -> Contact:
    """The head of a school."""
    return Contact(person="head", name="太和镇中心小学校长", email="head@school.example", phone="13800000001")


@pytest.fixture
def expired_server(tmp_path: Path) -> Iterator[MailServer]:
    """A server whose certificate ran out yesterday."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    now = datetime.now(UTC)
    leaf = authority.issue_cert(LOOPBACK, not_before=now - timedelta(days=9), not_after=now - timedelta(days=1))
    leaf.configure_cert(context)
    mailbox = MailServer(ca_file=tmp_path / "ca.pem")
    controller = CountingController(mailbox, context, login=True)
    controller.start()
    yield mailbox
    controller.stop()


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[MailServer]:
    """A server that speaks TLS from the first byte and asks for no login."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(LOOPBACK).configure_cert(context)
    mailbox = MailServer(ca_file=tmp_path / "ca.pem")
    controller = CountingController(mailbox, None, login=False)
    controller.ssl_context = context
    controller.start()
    yield mailbox
    controller.stop()


@pytest.fixture
def dropping_server(tmp_path: Path) -> Iterator[tuple[MailServer, dict[str, int]]]:
    """A server without TLS that hangs up on some recipients: the mailbox, and how often for whom."""
    mailbox, drop = MailServer(ca_file=tmp_path), dict[str, int]()
    controller = CountingController(mailbox, None, login=False)
    controller.handler = DroppingHandler(mailbox, drop)
    controller.start()
    yield mailbox, drop
    controller.stop()


@pytest.fixture
def narrow_server(tmp_path: Path) -> Iterator[MailServer]:
    """A server without TLS that takes two connections at a time."""
    mailbox = MailServer(ca_file=tmp_path)
    controller = NarrowController(mailbox, None, login=False)
    controller.start()
    yield mailbox
    controller.stop()


@pytest.fixture
def closed_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that accepts connections and never says anything."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        yield listener.getsockname()[1]
