"""Workers killed at random, a server restarted under them: every due step once, every message once, nothing stuck.

Longer by `make soak`, which sets RECTIFLOW_SOAK to how many times as many kills.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from rectiflow._clock import SetClock
from rectiflow._flow import Rectiflow
from rectiflow.storage import queries, schema
from rectiflow.storage.connect import make_engine
from support.herd import LEASE
from support.postgres import RestartableServer, restartable_server
from support.stores import HOME, NOW, assigned, open_office, rows

TIMES = int(os.environ.get("RECTIFLOW_SOAK", "1"))  #: how many times as long as in an ordinary run
TICKETS = 24
CLOCKS = ("sign", "rectify")  #: what they do hangs on dates alone, so that it is known beforehand
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    """What is on record after a herd has been through it, and what it said."""

    told: dict[str, int]
    steps: Counter[tuple[str, str, int, int, str, int]]
    sent: Counter[str]
    recorded: set[str]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give a new database on a file, and one on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'herd.db'}"
    else:
        yield str(request.getfixturevalue("fresh_postgres_url"))


def stocked(url: str) -> list[str]:
    """Make the database, with hazards due on different days and not signed for."""
    engine = make_engine(url)
    schema.migrate(engine)
    flow = open_office(engine)
    numbers = [assigned(flow, days=3 + n % 12).number for n in range(TICKETS)]
    flow.close()
    engine.dispose()
    return numbers


def herd(url: str, folder: Path, *options: str) -> subprocess.Popen[str]:
    """Start a herd of workers."""
    return subprocess.Popen(
        [sys.executable, "-m", "support.herd", url, str(folder / "sent"), *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(url: str, folder: Path, process: subprocess.Popen[str]) -> Outcome:
    """Wait for a herd, let one worker do what is left when all leases are over, and read what is on record."""
    out, errors = process.communicate(timeout=100 * TIMES)
    assert process.returncode == 0, errors
    told = json.loads(out)
    final = datetime.fromisoformat(told["now"]) + 2 * LEASE
    engine = make_engine(url)
    flow = Rectiflow.open(engine=engine, clock=SetClock(final), create=False)
    assert flow.tick().failed == 0
    _deliver(flow, folder / "sent")
    assert not [b for *_, breaks in flow.audit() for b in breaks]
    assert queries.stuck_tickets(engine, HOME.code) == []
    assert queries.incidents(engine, HOME.code) == []
    assert not rows(engine, "SELECT key FROM rectiflow_message WHERE status <> 'sent'")
    assert _crossed(flow) == _expected(final)
    outcome = Outcome(
        told=told,
        steps=_stepped(flow),
        sent=Counter((folder / "sent").read_text().splitlines()),
        recorded={r["key"] for r in rows(engine, "SELECT key FROM rectiflow_message")},
    )
    flow.close()
    engine.dispose()
    return outcome


def _deliver(flow: Rectiflow, sent: Path) -> None:
    from rectiflow._outbox import DirectoryContacts, StoreOutbox
    from rectiflow.notifiers import TemplateSet, builtin_templates, dispatch_once
    from support.herd import LineChannel

    templates = TemplateSet.load([builtin_templates()])
    outbox, contacts = StoreOutbox(flow.store, flow.owner, flow.now), DirectoryContacts(flow.directory)
    while dispatch_once(outbox, contacts, templates, [LineChannel(sent)], owner=flow.owner, now=flow.now).claimed:
        pass


def _crossed(flow: Rectiflow) -> Counter[tuple[str, str, str, int]]:
    """Count the steps that are behind, as the timers say."""
    found = rows(flow.store.engine, "SELECT * FROM rectiflow_timer WHERE status IN ('fired', 'crossed')")
    return Counter((r["number"], r["clock"], r["step"], r["occurrence"]) for r in found if r["clock"] in CLOCKS)


def _stepped(flow: Rectiflow) -> Counter[tuple[str, str, int, int, str, int]]:
    """Count the steps that were taken, as the history says."""
    lines = ((n, e) for n, events in queries.histories(flow.store.engine, HOME.code) for e in events)
    return Counter(
        (n, e.trigger, e.public["run"], e.public["version"], step, occurrence)
        for n, e in lines
        if e.kind == "timer"
        for step, occurrence, _ in e.public["steps"]
    )


def _expected(final: datetime) -> Counter[tuple[str, str, str, int]]:
    """Return the steps of the same hazards where nothing ever went wrong: one worker, one sweep at the end."""
    engine = make_engine("sqlite://")
    schema.migrate(engine)
    flow = open_office(engine, clock=SetClock(NOW))
    for n in range(TICKETS):
        assigned(flow, days=3 + n % 12)
    assert isinstance(flow.clock, SetClock)
    flow.clock.set(final)
    flow.tick()
    found = _crossed(flow)
    flow.close()
    return found


def judge(outcome: Outcome, kills: int) -> None:
    """Every step once, every message on record handed over; twice only where a kill came between handing over and noting."""
    twice = {key: n for key, n in outcome.sent.items() if n > 1}
    print(  # noqa: T201 the counts are what `make soak` is run for
        f"killed {outcome.told['killed']}, steps {sum(outcome.steps.values())}, messages {len(outcome.recorded)}, "
        f"handed over twice {len(twice)}"
    )
    assert outcome.told["killed"] == kills
    assert max(outcome.steps.values()) == 1
    assert set(outcome.sent) == outcome.recorded
    assert sum(n - 1 for n in twice.values()) <= 8 * max(1, kills)  # a batch at most


def test_workers_are_killed(url: str, tmp_path: Path) -> None:
    """Four workers (on a file they take turns), killed again and again at any point."""
    kills = 30 * TIMES
    stocked(url)
    outcome = finished(url, tmp_path, herd(url, tmp_path, "--kills", str(kills), "--seed", str(kills)))
    judge(outcome, kills)
    assert outcome.told["clean"] == 4  # those alive at the end stop cleanly on SIGTERM


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestartableServer]:
    """Give a server of this test alone."""
    with restartable_server() as made:
        yield made


def test_the_server_is_restarted_under_load(server: RestartableServer, tmp_path: Path) -> None:
    """PostgreSQL crashes twice under four workers; they go on when it is back, without hands."""
    stocked(server.url)
    process = herd(server.url, tmp_path, "--seconds", str(8 * TIMES))
    for _ in range(2 * TIMES):
        time.sleep(2.5)
        server.crash()
        time.sleep(0.5)
        server.start()
    outcome = finished(server.url, tmp_path, process)
    judge(outcome, 0)
    assert (outcome.told["died"], outcome.told["clean"]) == (0, 4)


def test_a_worker_that_is_stopped_gives_back_what_it_holds(tmp_path: Path) -> None:
    """SIGTERM in the middle of a sweep: nothing stays claimed."""
    url = f"sqlite:///{tmp_path / 'herd.db'}"
    stocked(url)
    process = herd(url, tmp_path, "--workers", "1", "--seconds", "2")
    out, _ = process.communicate(timeout=60)
    assert json.loads(out)["clean"] == 1
    engine = make_engine(url)
    assert not rows(engine, "SELECT number FROM rectiflow_timer WHERE owner IS NOT NULL")
    engine.dispose()
    assert process.returncode == 0
