"""Mail out: the dispatcher's pool against one connection per message, on one server.

The server speaks STARTTLS and asks for a login, in a process of its own. Both sides send the same mails, as many at a time.
The other side is one call of `aiosmtplib.send` for each mail, with the certificates read once for all of them, as ours reads
them; beside it stands the call as it is without further ado, which reads them each time. The mails are already in
their final bytes, as before every retry; the last line has both sides put them into words first. Where a batch is small,
opening the pool weighs more: with 80 mails the ratio is about a quarter lower.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import ssl
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from msgspec.structs import replace

from rectiflow.notifiers import (
    Contact,
    MemoryContacts,
    MemoryOutbox,
    Message,
    SmtpChannel,
    SmtpSettings,
    TemplateSet,
    builtin_templates,
    dispatch,
)

from .table import Line, line

__all__ = ["lines"]

AT = datetime(2024, 12, 2, 1, 30, tzinfo=UTC)
PERSON = Contact(person="head", name="太和镇中心小学校长", email="head@school.example")
USER, PASSWORD, HOST = "office", "correct horse", "127.0.0.1"
CONNECTIONS = 4  #: at a time, of both sides
MAILS, FEWER = 200, 20  #: of a side in a round; of who reads the certificates for each


def lines(rounds: int, *, quick: bool) -> list[Line]:
    """Compare on a server of our own; quick measures the line with the goal alone."""
    from .__main__ import measured

    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        settings = SmtpSettings(
            host=HOST,
            port=server.port,
            username=USER,
            password=PASSWORD,
            sender="safety@edu.example",
            sender_name="示例区教育局",
            ca_file=Path(folder) / "ca.pem",
            connections=CONNECTIONS,
        )
        final = written(MAILS, settings)
        raw = [replace(m, rendered=None) for m in final]
        sides: dict[str, Callable[[float], float]] = {
            "pool": lambda _: pooled(settings, final),
            "each": lambda _: one_by_one(settings, final, read_once=True),
        }
        more: dict[str, Callable[[float], float]] = {
            "each, certificates too": lambda _: one_by_one(settings, final[:FEWER]),
            "pool, words": lambda _: pooled(settings, raw),
            "each, words": lambda _: one_by_one(settings, raw, read_once=True),
        }
        rates = measured(sides if quick else sides | more, rounds, 0)
        taken = server.stop()
    expected = rounds * (2 * MAILS if quick else 4 * MAILS + FEWER)
    assert taken == expected, f"the server took {taken} of {expected}"

    def against(name: str, goal: str, ours: str, theirs: str) -> Line:
        ratios = [a / b for a, b in zip(rates[ours], rates[theirs], strict=True)]
        medians = (statistics.median(rates[side]) for side in (ours, theirs))
        return line(name, goal, ratios, "{:.0f} : {:.0f}/s".format(*medians))

    first = against(f"{MAILS} mails, a connection each, certificates read once", "≥ 3", "pool", "each")
    if quick:
        return [first]
    return [
        first,
        against("the same, certificates read for each mail", "—", "pool", "each, certificates too"),
        against("the same, read once, both write the words too", "—", "pool, words", "each, words"),
    ]


def pooled(settings: SmtpSettings, messages: Sequence[Message]) -> float:
    """Send through the dispatcher, in batches as a worker does; return mails a second."""
    outbox = MemoryOutbox(messages, now=lambda: AT)
    contacts, channel = MemoryContacts({"head": PERSON}), SmtpChannel(settings)
    began = time.perf_counter()
    report = asyncio.run(
        dispatch(
            outbox,
            contacts,
            TEMPLATES,
            [channel],
            owner="bench",
            now=lambda: AT,
            concurrency=settings.connections,
            going=lambda: True,
        )
    )
    seconds = time.perf_counter() - began
    assert report.sent == len(messages)
    return len(messages) / seconds


def one_by_one(settings: SmtpSettings, messages: Sequence[Message], *, read_once: bool = False) -> float:
    """Send each mail by one call of `aiosmtplib.send`, as many at a time; return mails a second.

    Args:
        read_once: whether the certificates are read once for all, not by every call, as it does by default.
    """
    import aiosmtplib

    channel = SmtpChannel(settings)

    async def run() -> None:
        trust = ssl.create_default_context() if read_once else None
        if trust:
            trust.load_verify_locations(settings.ca_file)
        gate = asyncio.Semaphore(settings.connections)

        async def one(message: Message) -> None:
            async with gate:
                rendered = message.rendered or channel.compose(message, PERSON, templates=TEMPLATES, at=AT)
                await aiosmtplib.send(
                    rendered.body,
                    sender=settings.sender,
                    recipients=[rendered.to],
                    hostname=settings.host,
                    port=settings.port,
                    start_tls=True,
                    tls_context=trust,
                    cert_bundle=None if trust else str(settings.ca_file),
                    username=settings.username,
                    password=settings.password,
                    local_hostname="edu.example",
                )

        await asyncio.gather(*map(one, messages))

    began = time.perf_counter()
    asyncio.run(run())
    return len(messages) / (time.perf_counter() - began)


def written(mails: int, settings: SmtpSettings) -> Sequence[Message]:
    """Return messages as they stand in the outbox, each about a ticket of its own, in their final bytes."""
    channel, messages = SmtpChannel(settings), list[Message]()
    for n in range(mails):
        message = Message(
            id=n,
            district="420704",
            number=f"LZH-2024-{n:06}",
            sequence=1,
            recipient="head",
            template="assigned",
            template_version=0,
            params={"unit": "太和镇中心小学", "due_on": "2024年12月31日", "description": "疏散通道堆放课桌椅"},
            created_at=AT,
        )
        rendered = channel.compose(message, PERSON, templates=TEMPLATES, at=AT)
        messages.append(replace(message, rendered=rendered))
    return messages


class Server:
    """The server, in a process of its own."""

    def __init__(self, folder: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._end, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(folder, theirs), daemon=True)
        self._process.start()
        self.port: int = self._end.recv()

    def stop(self) -> int:
        """End it, and return how many mails it took."""
        self._end.send("stop")
        taken: int = self._end.recv()
        self._process.join()
        return taken


def serve(folder: str, end: Connection) -> None:
    """Run the server until told to stop; say its port, and at the end how many mails it took."""
    import logging
    import warnings

    import trustme
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(Path(folder) / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST).configure_cert(context)

    class Taking:
        taken = 0

        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - so in aiosmtpd
            self.taken += 1
            return "250 2.0.0 kept"

    class Here(Controller):
        def _trigger_server(self) -> None:
            assert isinstance(self.server, asyncio.Server)
            self.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()  # type: ignore[no-untyped-call]  # so in aiosmtpd

    def login(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        return AuthResult(success=True, auth_data=USER)

    handler = Taking()
    controller = Here(
        handler,
        hostname=HOST,
        port=0,
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=login,
    )
    controller.start()
    end.send(controller.port)
    end.recv()
    controller.stop()
    end.send(handler.taken)


TEMPLATES = TemplateSet.load([builtin_templates()])
