"""A sender killed twice while the server fails now and then: nothing is lost, everything is recorded once.

In `make soak` 10,000 messages instead of 200, and on PostgreSQL too. SMTP cannot say whether a mail was taken when the
sender dies before the answer is recorded: such a mail goes out again under the same Message-ID, and is counted here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from rectiflow._workplace import Workplace
from rectiflow.engine.decision import MessageDraft
from rectiflow.storage import queries
from support.postoffice import fate
from support.stores import rows
from support.workplaces import sample_workplace

SOAK = int(os.environ.get("RECTIFLOW_SOAK", "1"))
MESSAGES = 200 if SOAK == 1 else 10_000
AT_ONCE = 32  #: mails under way at most when a sender is killed
ROOT = Path(__file__).parents[2]


def started(*words: str) -> subprocess.Popen[bytes]:
    """Start the post office's server, or a sender."""
    return subprocess.Popen(
        [sys.executable, "-m", "support.postoffice", *words],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"},
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture(params=["sqlite"] if SOAK == 1 else ["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workplace]:
    """Give a workplace whose outbox is full, and a mail server that is moody."""
    url = None if request.param == "sqlite" else str(request.getfixturevalue("fresh_postgres_url"))
    made = sample_workplace(tmp_path / "place", db=url)
    server = started("serve", str(made.folder))
    try:
        _wait_for(made.folder / "port")
        port = (made.folder / "port").read_text()
        file = made.folder / "rectiflow.toml"
        text = file.read_text("utf-8").replace("files = true", "files = false").replace("port = 587", f"port = {port}")
        text = text.replace('host = ""', 'host = "127.0.0.1"').replace(
            'sender = ""', 'sender = "safety@bureau.example"'
        )
        text = text.replace('digest = "09:30"', 'digest = ""')  # a day's cap would hold some back
        file.write_text(text.replace('security = "starttls"', 'security = "none"'), "utf-8")
        _fill(made)
        yield made
    finally:
        server.kill()
        server.wait()
        made.flow.close()


def _fill(place: Workplace) -> None:
    flow = place.flow
    people = [p.id for p in flow.directory().persons.values() if p.email]
    drafts = [
        MessageDraft(key=f"general:{n}", recipient=people[n % len(people)], template="generic", params={"note": f"{n}"})
        for n in range(MESSAGES)
    ]
    flow.store.enqueue(flow.district, drafts, now=flow.now())


def _wait_for(file: Path) -> None:
    until = time.monotonic() + 30
    while not (file.exists() and file.read_text()):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_every_message_is_recorded_once(place: Workplace) -> None:
    """Five in a hundred are put off at first, one is refused for good; two senders are killed on the way."""
    flow, taken, base = place.flow, place.folder / "taken", place.flow.now()
    kills = 0
    for share in (0.25, 0.6):
        sender = started("send", str(place.folder), base.isoformat())
        while sender.poll() is None and _lines(taken) < share * MESSAGES:
            time.sleep(0.01)
        assert sender.poll() is None, "the sender ended before it was killed"
        sender.kill()
        sender.wait()
        kills, base = kills + 1, base + timedelta(hours=12)
    last = started("send", str(place.folder), base.isoformat())
    assert last.wait(timeout=100 * SOAK) == 0
    at_server = Counter(taken.read_text().split())
    stored = rows(flow.store.engine, "SELECT key, status, rendered_id, attempts FROM rectiflow_message")
    status = Counter(r["status"] for r in stored)
    sent = {r["rendered_id"] for r in stored if r["status"] == "sent"}
    dead = {r["rendered_id"] for r in stored if r["status"] == "dead"}
    twice = sum(n - 1 for n in at_server.values())
    sys.stdout.write(
        f"messages {MESSAGES}, killed {kills}, sent {len(sent)}, refused {len(dead)}, handed over twice {twice}\n"
    )
    assert status == {"sent": len(sent), "dead": len(dead)}
    assert len(sent) + len(dead) == len(stored) == MESSAGES
    assert sent == set(at_server)
    assert {fate(i) for i in dead} == {"never"}
    assert twice <= kills * AT_ONCE
    assert len(queries.incidents(flow.store.engine, flow.district)) == len(dead)


def _lines(file: Path) -> int:
    return file.read_bytes().count(b"\n") if file.exists() else 0
