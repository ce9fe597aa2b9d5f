"""The outbox through a real mail server, from the row to the answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from conftest import StartMailServer
from rectiflow.notifiers import (
    RETRY_DELAYS,
    WAIT_WHILE_DOWN,
    Channel,
    Contact,
    DispatchReport,
    FileChannel,
    MemoryContacts,
    MemoryOutbox,
    Message,
    Rules,
    Sender,
    SmsLog,
    SmtpChannel,
    TemplateSet,
    dispatch_once,
)
from support.smtp import MailServer

from .conftest import START, MakeChannel, MakeMessage

PEOPLE = {
    name: Contact(person=name, name=f"{name}学校校长", email=f"{name}@s.example")
    for name in ("one", "busy", "gone", "two", "three")
}


class Post:
    """An outbox, its people and its clock, sent through one channel."""

    def __init__(self, messages: Sequence[Message], templates: TemplateSet, channel: SmtpChannel) -> None:
        self.time, self.templates, self.channel = START, templates, channel
        self.outbox = MemoryOutbox(messages, now=self.now)

    def now(self) -> datetime:
        """Tell the time."""
        return self.time

    def send(self, *, concurrency: int = 4) -> DispatchReport:
        """Send a batch with delays as they stand in the table."""
        return dispatch_once(
            self.outbox,
            MemoryContacts(PEOPLE),
            self.templates,
            [self.channel],
            owner="worker-1",
            now=self.now,
            concurrency=concurrency,
            rules=Rules(jitter=lambda delay: delay),
        )


@pytest.fixture
def messages(make_message: MakeMessage) -> list[Message]:
    """One message of a ticket of its own to each person."""
    return [make_message(id=n, number=f"LZH-2024-{n:06}", recipient=name) for n, name in enumerate(PEOPLE, 1)]


def test_a_batch_with_every_outcome(
    smtp_server: StartMailServer, make_channel: MakeChannel, templates: TemplateSet, messages: list[Message]
) -> None:
    """Refused for good, refused for now and accepted stay apart, over few connections; the retry sends the same mail."""
    server = smtp_server(refuse={"busy@s.example": 451, "gone@s.example": 550})
    post = Post(messages, templates, make_channel(server))
    assert post.send() == DispatchReport(sent=3, retried=1, dead=1)
    assert server.connections <= 4
    assert "550 5.1.1 no such user" in post.outbox.incidents[0]
    assert post.outbox.rows[1].told == "2.0.0 kept"
    stored = post.outbox.rows[2].message.rendered
    server.refuse.clear()
    post.time += RETRY_DELAYS[0]
    assert post.send() == DispatchReport(sent=1)
    assert stored is not None
    assert server.mails[-1].content == stored.body
    assert sorted(m.recipients[0] for m in server.mails) == [f"{n}@s.example" for n in ("busy", "one", "three", "two")]


def test_a_server_that_comes_back(
    smtp_server: StartMailServer, make_channel: MakeChannel, templates: TemplateSet, messages: list[Message]
) -> None:
    """While the login fails nothing is lost and no attempt is counted, and it is not tried often; then all arrive once."""
    server = smtp_server()
    post = Post(messages, templates, make_channel(server, password="wrong"))
    report = post.send(concurrency=1)
    assert (report.retried, report.waiting) == (0, 5)
    assert server.connections == 1
    post.time += WAIT_WHILE_DOWN
    assert post.send() == DispatchReport()
    post.time += timedelta(minutes=26)
    post.channel = make_channel(server)
    assert post.send() == DispatchReport(sent=5)
    ids = [m.message["Message-ID"] for m in server.mails]
    assert len(set(ids)) == 5


def test_dropped_in_mid_batch(
    dropping_server: tuple[MailServer, dict[str, int]],
    make_channel: MakeChannel,
    templates: TemplateSet,
    messages: list[Message],
) -> None:
    """A server that hangs up once in the middle costs one more connection and nothing else."""
    server, drop = dropping_server
    drop["gone@s.example"] = 1
    channel = make_channel(server, security="none", username=None, password=None, ca_file=None, connections=1)
    assert Post(messages, templates, channel).send() == DispatchReport(sent=5)
    assert (len(server.mails), server.connections) == (5, 2)


def test_connections_serve_batch_after_batch(
    smtp_server: StartMailServer, make_channel: MakeChannel, templates: TemplateSet, make_message: MakeMessage
) -> None:
    """Twelve mails in three batches of one run need no more connections than one batch."""
    server = smtp_server()
    messages = [make_message(id=n, number=f"LZH-2024-{n:06}", recipient="one") for n in range(12)]
    report = dispatch_once(
        MemoryOutbox(messages, now=lambda: START),
        MemoryContacts(PEOPLE),
        templates,
        [make_channel(server, connections=2)],
        owner="worker-1",
        now=lambda: START,
        limit=4,
        going=lambda: True,
    )
    assert report == DispatchReport(sent=12)
    assert server.connections == 2


def test_a_pace_spreads_a_batch_over_minutes(
    smtp_server: StartMailServer, make_channel: MakeChannel, templates: TemplateSet, messages: list[Message]
) -> None:
    """What the server may not get now waits without an attempt, says why, and goes later."""
    server = smtp_server()
    post = Post(messages, templates, make_channel(server, per_minute=1))
    assert post.send() == DispatchReport(sent=1, waiting=4)
    waiting = [r for r in post.outbox.rows.values() if r.state == "waiting"]
    assert {r.message.attempts for r in waiting} == {0}
    assert all("每分钟最多发送 1 条，已到上限" in r.told for r in waiting)


def test_one_ticket_arrives_in_order(
    smtp_server: StartMailServer, make_channel: MakeChannel, templates: TemplateSet, make_message: MakeMessage
) -> None:
    """The mails of one ticket arrive in their order and as one thread."""
    occasions = ("assigned", "due_soon", "urge", "submitted", "passed", "closed")
    messages = [make_message(id=9 - n, sequence=n, recipient="one", template=t) for n, t in enumerate(occasions)]
    server = smtp_server()
    assert Post(messages, templates, make_channel(server)).send() == DispatchReport(sent=6)
    assert [m.message["X-Rectiflow-Occasion"] for m in server.mails] == list(occasions)
    assert len({m.message["References"] for m in server.mails}) == 1


def test_a_rehearsal_writes_the_mail_a_server_would_get(
    smtp_server: StartMailServer,
    make_channel: MakeChannel,
    templates: TemplateSet,
    make_message: MakeMessage,
    contact: Contact,
    tmp_path: Path,
) -> None:
    """The same rows through files give the same mail, byte for byte, and a line for each short message."""
    server = smtp_server()
    rows = [make_message(id=1), make_message(id=2, sequence=2, channel="sms")]
    files = FileChannel(tmp_path, sender=Sender(address="safety@edu.example", name="梁子湖区教育局"))
    log = SmsLog(tmp_path / "sms.log", signature="梁子湖区教育局", now=lambda: START)
    ways: list[tuple[list[Channel], DispatchReport]] = [
        ([make_channel(server)], DispatchReport(sent=1, waiting=1)),
        ([files, log], DispatchReport(sent=2)),
    ]
    for channels, expected in ways:
        report = dispatch_once(
            MemoryOutbox(rows, now=lambda: START),
            MemoryContacts({"head": contact}),
            templates,
            channels,
            owner="worker-1",
            now=lambda: START,
            lease=timedelta(minutes=1),
        )
        assert report == expected
    (path,) = tmp_path.glob("*.eml")
    assert path.read_bytes() == server.mails[0].content
    assert message_from_bytes(path.read_bytes(), policy=default)["Date"] == "Mon, 02 Dec 2024 09:30:00 +0800"
    assert len((tmp_path / "sms.log").read_text(encoding="utf-8").splitlines()) == 1
