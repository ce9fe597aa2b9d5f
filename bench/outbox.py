"""Mail out: the dispatcher's pool against one connection per message, on one server: `python -m bench.outbox`.

The server speaks STARTTLS and asks for a login, in a process of its own. Both sides send the same mails, as many at a time,
and take turns in shuffled order; the ratio is the median of the rounds' ratios. It is measured with mails that are already
in their final bytes, as before every retry, and with mails that are yet to be put into words. The naive way
is one call of `aiosmtplib.send` for each mail; beside it stands the same with the certificates read once.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
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

AT = datetime(2024, 12, 2, 1, 30, tzinfo=UTC)
PERSON = Contact(person="head", name="太和镇中心小学校长", email="head@school.example")
USER, PASSWORD, HOST = "office", "correct horse", "127.0.0.1"
GOAL = 3.0
OURS, NAIVE, CAREFUL = "dispatcher", "one call each", "one call each, certificates read once"


def main() -> None:
    """Measure, and print the rates and their ratio."""
    parser = argparse.ArgumentParser(prog="python -m bench.outbox", description=__doc__)
    parser.add_argument("--mails", type=int, default=400, help="of a side in a round")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--connections", type=int, default=4, help="at a time, of both sides")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(folder, theirs), daemon=True)
        server.start()
        port: int = ours.recv()
        settings = SmtpSettings(
            host=HOST,
            port=port,
            username=USER,
            password=PASSWORD,
            sender="safety@edu.example",
            sender_name="梁子湖区教育局",
            ca_file=Path(folder) / "ca.pem",
            connections=given.connections,
        )
        messages = written(given.mails, settings)
        worded = [replace(m, rendered=None) for m in messages]
        sides = {
            OURS: lambda: pooled(settings, messages),
            NAIVE: lambda: naive(settings, messages),
            CAREFUL: lambda: naive(settings, messages, trust=ssl.create_default_context(cafile=settings.ca_file)),
            f"{OURS}, with words": lambda: pooled(settings, worded),
            f"{NAIVE}, with words": lambda: naive(settings, worded),
        }
        rates = measured(sides, given.rounds)
        ours.send("stop")
        taken: int = ours.recv()
        server.join()
    expected = given.mails * len(sides) * given.rounds
    assert taken == expected, f"the server took {taken} of {expected}"
    for name, found in rates.items():
        print(f"{name:<40} {statistics.median(found):7.0f} /s  ({min(found):.0f}–{max(found):.0f})")
    told("sending", rates[OURS], rates[NAIVE], f"goal ≥ {GOAL:g}")
    told("sending, certificates read once", rates[OURS], rates[CAREFUL], "no goal")
    told("words and sending", rates[f"{OURS}, with words"], rates[f"{NAIVE}, with words"], "no goal")


def told(what: str, ours: Sequence[float], theirs: Sequence[float], goal: str) -> None:
    """Print the median of the rounds' ratios."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    print(f"{what}: ratio {statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f}), {goal}")


def measured(sides: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Let every side take its turn in every round, in shuffled order; return mails a second."""
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name in random.sample(list(sides), len(sides)):
            rates[name].append(sides[name]())
    return rates


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


def naive(settings: SmtpSettings, messages: Sequence[Message], *, trust: ssl.SSLContext | None = None) -> float:
    """Send each mail by one call of `aiosmtplib.send`, as many at a time; return mails a second.

    Args:
        trust: what decides about it, made beforehand; None lets every call read the certificates, as it does by default.
    """
    import aiosmtplib

    channel = SmtpChannel(settings)

    async def run() -> None:
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

if __name__ == "__main__":
    main()
