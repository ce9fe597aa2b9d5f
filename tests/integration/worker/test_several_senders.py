"""Several workers that send from one outbox at the same moment keep one measure, for a person and for a server."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from rectiflow._persons import register
from rectiflow._settings import read_settings
from rectiflow._workplace import Workplace
from rectiflow.engine.decision import MessageDraft
from rectiflow.storage.connect import writing
from rectiflow.storage.tables import table
from support.smtp import MailServer
from support.stores import rows
from support.workplaces import sample_workplace

SENDERS, MESSAGES = 3, 30


@pytest.fixture
def place(
    request: pytest.FixtureRequest, tmp_path: Path, smtp_server: Callable[..., MailServer]
) -> Iterator[Workplace]:
    """Give a workplace with a mail server and thirty messages to one person; a test sets the measures."""
    url = None if request.param == "sqlite" else str(request.getfixturevalue("fresh_postgres_url"))
    made = sample_workplace(tmp_path / "place", db=url)
    flow, server = made.flow, smtp_server(starttls=False, login=False)
    set_to(made, "files = true", "files = false", 'host = ""', 'host = "127.0.0.1"')
    set_to(made, "port = 587", f"port = {server.port}", 'security = "starttls"', 'security = "none"')
    set_to(made, 'sender = ""', 'sender = "safety@bureau.example"')
    person = next(p.id for p in flow.directory().persons.values() if p.email)
    drafts = [
        MessageDraft(key=f"general:{n}", recipient=person, template="generic", params={"note": f"{n}"}, urgent=True)
        for n in range(MESSAGES)
    ]
    flow.store.enqueue(flow.district, drafts, now=flow.now())
    yield made
    flow.close()


def set_to(place: Workplace, *words: str) -> None:
    """Change the settings: one text for another, and so on."""
    file = place.folder / "rectiflow.toml"
    text = file.read_text("utf-8")
    for old, new in zip(words[::2], words[1::2], strict=True):
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, "utf-8")


def all_send(place: Workplace) -> Counter[str]:
    """Let the workers send what is due; return how many messages are in which state."""
    began = Barrier(SENDERS)

    def send(_number: int) -> None:
        mine = Workplace(place.folder, read_settings(place.folder / "rectiflow.toml"), place.clock, rehearsal=True)
        began.wait()
        mine.deliver(limit=10)
        mine.flow.close()

    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(send, range(SENDERS)))
    stored = rows(place.flow.store.engine, "SELECT status FROM rectiflow_message WHERE key LIKE 'general:%'")
    return Counter(r["status"] for r in stored)


def test_a_day_s_measure_is_one(place: Workplace) -> None:
    """Seven are enough for one person: seven arrive, whoever sends them, and the rest is held for the digest."""
    set_to(place, "# per_day = 30", "per_day = 7")
    assert all_send(place) == {"sent": 7, "held": MESSAGES - 7}


def test_who_stands_in_is_told_once(place: Workplace) -> None:
    """What is for the absent one too goes once to who stands in, whichever of both is sent first, whoever sends it."""
    set_to(place, "# per_day = 30", "per_day = 0", "# sms_per_day = 10", "sms_per_day = 0")
    flow, m = place.flow, table("message")
    persons = [p.id for p in flow.directory().persons.values() if p.email][:2]
    register(flow, persons[1], persons[0], since=flow.today(), until=flow.today())
    with writing(flow.store.engine) as connection:
        connection.execute(m.delete())
    drafts = [
        MessageDraft(key=f"general:{n}:{person}", recipient=person, template="generic", params={}, urgent=True)
        for n in range(MESSAGES)
        for person in persons
    ]
    flow.store.enqueue(flow.district, drafts, now=flow.now())
    assert all_send(place) == {"sent": MESSAGES, "cancelled": MESSAGES}


def test_a_server_s_measure_is_one(place: Workplace) -> None:
    """Two of eight a minute may go at once, and one more every 60/7 seconds, whoever sends them; the rest waits."""
    set_to(place, "# per_minute = 60", "per_minute = 8", 'digest = "09:30"', 'digest = ""')
    began = time.monotonic()
    found = all_send(place)
    assert 2 <= found["sent"] <= 2 + (time.monotonic() - began) / (60 / 7)
    assert found["waiting"] == MESSAGES - found["sent"]
