"""Workers say that they live, and the work that waits is counted by indexes alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Engine, event

from rectiflow.storage import workers
from rectiflow.storage.connect import make_engine
from rectiflow.storage.store import Store
from rectiflow.storage.workers import Figures, Worker
from support.stores import ELSEWHERE, HOME, LEASE, NOW, a_message, a_ticket, a_timer, an_incident, first, rows

ONE = Worker(owner=f"{HOME.code}/1-a", host="甲", pid=1, version="0.1.0", started_at=NOW, beat_at=NOW)


def test_a_worker_beats_and_leaves(engine: Engine) -> None:
    """The first beat makes the row, later ones move it, the last says it stopped."""
    workers.beat(engine, ONE)
    workers.beat(engine, replace(ONE, beat_at=NOW + timedelta(seconds=30)))
    assert workers.workers(engine, HOME.code) == [replace(ONE, beat_at=NOW + timedelta(seconds=30))]
    gone = NOW + timedelta(minutes=1)
    workers.leave(engine, ONE.owner, now=gone)
    assert workers.workers(engine, HOME.code) == [replace(ONE, beat_at=gone, stopped_at=gone)]


def test_a_worker_that_slept_too_long_is_back(engine: Engine) -> None:
    """Who beats again after its row was removed, or after it was said to have stopped, is there again."""
    workers.leave(engine, ONE.owner, now=NOW)
    assert workers.workers(engine, HOME.code) == []
    workers.beat(engine, ONE)
    workers.leave(engine, ONE.owner, now=NOW)
    workers.beat(engine, ONE)
    assert workers.workers(engine, HOME.code) == [ONE]


def test_the_dead_are_forgotten_after_a_day(engine: Engine) -> None:
    """A row stays for a day after its last beat, and not longer."""
    workers.beat(engine, ONE)
    later = replace(ONE, owner=f"{HOME.code}/2-b", beat_at=NOW + workers.FORGOTTEN)
    workers.beat(engine, later)
    assert [w.owner for w in workers.workers(engine, HOME.code)] == [later.owner, ONE.owner]
    workers.beat(engine, replace(later, beat_at=later.beat_at + timedelta(seconds=1)))
    assert [w.owner for w in workers.workers(engine, HOME.code)] == [later.owner]


def test_figures_of_a_busy_database(store: Store) -> None:
    """What is due counts as late after five minutes; what a person must see to is counted by district."""
    engine = store.engine
    assert workers.figures(engine, HOME.code, now=NOW) == Figures(
        due=0, late=0, oldest=None, waiting=0, dead=0, incidents=0
    )
    for minutes in (-1, 0, 5, 6):
        timer = a_timer(NOW - timedelta(minutes=minutes))
        store.apply(first(arm=(timer,), messages=(a_message(),), incidents=(an_incident(),)), prefix="LZH")
    abroad = a_ticket(district=ELSEWHERE.code)
    store.apply(first(abroad, messages=(a_message(),), incidents=(an_incident(),)), prefix="TEST")
    for m in store.claim_messages(owner="one", now=NOW, lease=LEASE, limit=100):
        if not m["number"].endswith("-000002"):
            continue
        done: dict[str, Any] = {"status": "dead", "due_at": NOW, "sent_at": None, "detail": "x", "attempts": 1}
        store.finish_message(m["district"], m["key"], owner="one", **done)
    assert workers.figures(engine, HOME.code, now=NOW) == Figures(
        due=3, late=1, oldest=NOW - timedelta(minutes=6), waiting=3, dead=1, incidents=4
    )
    assert len(rows(engine, "SELECT * FROM rectiflow_incident")) == 5


@pytest.mark.parametrize("part", ["timer", "message", "incident"])
def test_figures_are_read_from_indexes_of_what_waits(file_url: str, part: str) -> None:
    """The plans name the partial indexes; no table is gone through."""
    engine, told = make_engine(file_url), list[tuple[str, Any]]()

    @event.listens_for(engine, "before_cursor_execute")
    def tell(*given: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        told.append((given[2], given[3]))

    workers.figures(engine, HOME.code, now=NOW)
    asked = [(sql, values) for sql, values in told if f"FROM rectiflow_{part}" in sql]
    with engine.connect() as connection:
        plans = [str(r[3]) for sql, v in asked for r in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", v)]
    engine.dispose()
    index = {
        "timer": {"ix_rectiflow_timer_armed"},
        "message": {"ix_rectiflow_message_waiting", "ix_rectiflow_message_dead"},
        "incident": {"ix_rectiflow_incident_open"},
    }
    assert {line.split("INDEX ")[1].split(" ")[0] for line in plans} == index[part]
