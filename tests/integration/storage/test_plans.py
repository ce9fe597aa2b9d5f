"""Cost grows with what is due, not with what is stored: every statement finds its rows by an index."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event

from rectiflow._clock import SetClock
from rectiflow._flow import Rectiflow
from rectiflow.engine.decision import CallTask
from rectiflow.engine.ticket import Document, Request
from rectiflow.storage import incoming, lost, outbox, queries
from rectiflow.storage.connect import make_engine, writing
from rectiflow.storage.queries import TicketFilter
from rectiflow.storage.statements import Statement, compile_for
from rectiflow.storage.store import Claim, Store
from rectiflow.storage.tables import table
from support.stores import (
    HOME,
    LEASE,
    NOW,
    PHOTO,
    a_key,
    a_message,
    a_run,
    a_timer,
    an_incident,
    assigned,
    first,
    lived,
    office,
    open_office,
)

GROWING = (
    *("ticket", "event", "private", "clock", "timer", "request", "document", "document_item"),
    *("task", "message", "evidence", "incident"),
)
STORED = 20_000  #: rows in each growing table when PostgreSQL is asked
RENDERED = {
    **dict.fromkeys(("rendered_channel", "rendered_to", "rendered_subject", "rendered_id"), "x"),
    "rendered_body": b"x",
    "template_version": 1,
}
FILTERS = (
    TicketFilter(due_by=NOW.date()),
    TicketFilter(overdue_on=NOW.date()),
    TicketFilter(undated=True),
    TicketFilter(open=True),
    TicketFilter(units=frozenset({"school1", "school2"})),
    TicketFilter(units=frozenset({"school1"}), open=True),
    TicketFilter(),
)


def work(flow: Rectiflow, *, key: str = "host-1") -> str:
    """Do what an office does with two hazards; return the number of the one that stays open."""
    lived(flow)
    number = assigned(flow, key=key).number
    flow.store.raise_incident(HOME.code, an_incident(), now=flow.now())
    for wanted in FILTERS:
        flow.tickets(wanted, limit=50)
        flow.tickets(wanted, after="LZH-2024-000001", limit=50)
    for wanted in FILTERS[:-1]:
        queries.count_tickets(flow.store.engine, HOME.code, wanted)
    for claimed in flow.store.claim_messages(owner="w", now=flow.now(), lease=LEASE, limit=10):
        finish(flow.store, claimed["key"])
    look(flow, number)
    return number


def finish(store: Store, key: str) -> None:
    """Send a message."""
    measure, to = outbox.Measure(since=NOW, most=99, by_channel=99), ["head@school.example", "13800000001"]
    assert outbox.let_go(store.engine, HOME.code, key, owner="w", channel="mail", addresses=to, measure=measure)
    store.keep_rendered(HOME.code, key, Claim(owner="w", now=NOW), RENDERED, lease=LEASE)
    store.finish_message(
        HOME.code, key, owner="w", status="sent", due_at=NOW, sent_at=NOW, detail="", attempts=1, now=NOW
    )


def look(flow: Rectiflow, number: str) -> None:
    """Look at every desk."""
    engine, home = flow.store.engine, HOME.code
    flow.find("1")
    flow.history(number)
    flow.actions(number, by="chief")
    for ask in (queries.incidents, queries.pending_requests, queries.open_tasks, queries.stuck_tickets):
        ask(engine, home)
    lost.lost_timers(engine, home)
    lost.put_back(engine, home)
    queries.documents(engine, home, status="draft")
    queries.messages(engine, home, status="waiting")
    queries.messages(engine, home, status="dead")
    queries.messages(engine, home, number=number)
    queries.timers_of(engine, home, number)
    queries.evidence_of(engine, home, number)
    queries.histories_of(engine, home, [number])
    queries.tickets_of(engine, home, numbers=[number], keys=["host-1"])
    queries.retry_timer(engine, home, number, a_key(), now=NOW)
    outbox.retry(engine, home, ["none"], now=NOW)
    incoming.message_of(engine, home, "0123456789abcdef" * 2)


def forty_days_later(flow: Rectiflow) -> None:
    """Let time pass and everything that is due fire."""
    clock = flow.clock
    assert isinstance(clock, SetClock)
    clock.forward(days=40)
    flow.tick()


# SQLite -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def traced(file_url: str) -> Iterator[tuple[Engine, list[str]]]:
    """A file whose connections tell every statement they run."""
    engine, told = make_engine(file_url), list[str]()

    def listen(connection: sqlite3.Connection, _record: object) -> None:
        connection.set_trace_callback(told.append)

    event.listen(engine, "connect", listen)
    yield engine, told
    engine.dispose()


def test_sqlite_searches_and_never_scans(traced: tuple[Engine, list[str]]) -> None:
    """Of all statements of a day none goes through a whole table, nor through what it keeps only for a few of it."""
    engine, told = traced
    flow = open_office(engine)
    number = work(flow)
    forty_days_later(flow)
    look(flow, number)
    list(flow.audit())
    flow.close()
    engine.dispose()
    statements = {s for s in told if s.startswith(("SELECT", "UPDATE", "DELETE", "WITH"))}
    scans: dict[str, list[str]] = {}
    with engine.connect() as connection:
        for statement in statements:
            plan = [
                str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement.replace('%', '%%')}")
            ]
            scanned = (line for line in plan if line.startswith("SCAN") and "ix_rectiflow_message_waiting" not in line)
            found = [line for line in scanned if "rectiflow_district" not in line]  # of which there is a handful
            scans.update({statement: found} if found else {})
    assert len(statements) > 50
    assert scans == {}


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (FILTERS[0], "ix_rectiflow_ticket_open_due (district=? AND is_open=? AND due_on<?)"),
        (FILTERS[1], "ix_rectiflow_ticket_open_due (district=? AND is_open=? AND due_on<?)"),
        (FILTERS[2], "ix_rectiflow_ticket_open_due (district=? AND is_open=? AND due_on=?)"),
        (FILTERS[3], "ix_rectiflow_ticket_open_due (district=? AND is_open=?)"),
        (FILTERS[4], "ix_rectiflow_ticket_unit (district=? AND unit=?)"),
        (FILTERS[5], "ix_rectiflow_ticket_unit (district=? AND unit=? AND is_open=?)"),
        (FILTERS[6], "sqlite_autoindex_rectiflow_ticket_1 (district=? AND number>?)"),
    ],
)
def test_lists_use_the_index_made_for_them(traced: tuple[Engine, list[str]], wanted: TicketFilter, index: str) -> None:
    """What is due is found by its date, a unit's by the unit, only the rest by number."""
    engine, told = traced
    queries.tickets(engine, HOME.code, wanted, limit=50)
    (statement,) = [s for s in told if s.startswith("SELECT rectiflow_ticket.")]
    with engine.connect() as connection:
        plan = [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")]
    assert plan[0] == f"SEARCH rectiflow_ticket USING INDEX {index}"


def test_a_measure_is_counted_by_address(traced: tuple[Engine, list[str]]) -> None:
    """However many messages wait or were sent, only those to the person are looked at."""
    engine, told = traced
    measure, to = outbox.Measure(since=NOW, most=9, by_channel=0), ["head@school.example"]
    outbox.let_go(engine, HOME.code, "none", owner="w", channel="mail", addresses=to, measure=measure)
    plans = list[str]()
    for statement in (s for s in told if s.startswith("SELECT rectiflow_message.")):
        with engine.connect() as connection:
            plans.append(str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all()[0][3]))
    assert plans == [
        "SEARCH rectiflow_message USING INDEX ix_rectiflow_message_going (district=? AND rendered_to=?)",
        "SEARCH rectiflow_message USING INDEX ix_rectiflow_message_to (district=? AND rendered_to=? AND sent_at>?)",
    ]


HOT = {
    "load": ["SEARCH rectiflow_ticket USING INDEX ix_rectiflow_ticket_number (number=?)"],
    "by_key": ["SEARCH rectiflow_ticket USING INDEX sqlite_autoindex_rectiflow_ticket_2 (district=? AND host_key=?)"],
    "claim_timers": ["SEARCH rectiflow_timer USING INDEX ix_rectiflow_timer_armed (due_at<?)"],
    "claim_messages": ["SEARCH rectiflow_message USING INDEX ix_rectiflow_message_waiting (due_at<?)"],
    "fire": [
        "SEARCH rectiflow_timer USING INDEX sqlite_autoindex_rectiflow_timer_1 (district=? AND number=? AND clock=?"
    ],
    "update_ticket": ["SEARCH rectiflow_ticket USING INDEX"],
    "end_task": ["SEARCH rectiflow_task USING INDEX"],
    "finish_message": [
        "SEARCH rectiflow_message USING INDEX sqlite_autoindex_rectiflow_message_1 (district=? AND key=?)"
    ],
}


@pytest.mark.parametrize("name", HOT)
def test_hot_statements_on_sqlite(file_url: str, name: str) -> None:
    """As they are prepared, with nothing handed over yet: a search by the right index, and no scan."""
    found: Statement | Mapping[Any, Statement] = getattr(compile_for("sqlite"), name)
    engine = make_engine(file_url)
    for statement in [found] if isinstance(found, Statement) else found.values():
        with engine.connect() as connection:
            values: tuple[Any, ...] = tuple(None for _ in statement.names)
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement.sql}", values)
            plan = [str(row[3]) for row in rows]
        assert not [line for line in plan if line.startswith("SCAN")]
        for expected in HOT[name]:
            assert any(line.startswith(expected) for line in plan), plan
    engine.dispose()


# PostgreSQL -------------------------------------------------------------------------------------------------------


def fill(flow: Rectiflow) -> None:
    """Store one of everything, then many of it under other numbers, all of them over."""
    paper = Document(kind="listing_notice", unit="school1", drafted_on=NOW.date(), ordinal=1)
    call = CallTask(clock="sign", role="safety_section", callee="head", opened_at=NOW)
    request = Request(ordinal=1, kind="funding", status="rejected", asked_on=NOW.date())
    flow.store.apply(
        first(
            clocks=(a_run(),),
            arm=(a_timer(NOW + timedelta(days=900)),),
            requests=(request,),
            documents=(paper,),
            calls=(call,),
            messages=(a_message(),),
            evidence=(PHOTO,),
            incidents=(an_incident(),),
        ),
        prefix="LZH",
    )
    changed = {
        "number": "'OLD-' || n",
        "unit": "'school-' || mod(n, 500)",
        "is_open": "false",
        "status": "'over'",
        **{name: f"{name} || n" for name in ("key", "document", "id", "host_key")},
    }
    with writing(flow.store.engine) as connection:
        for name in GROWING:
            chosen = ", ".join(changed.get(c.name, c.name) for c in table(name).c)
            source = f"(SELECT * FROM rectiflow_{name} LIMIT 1) one, generate_series(1, {STORED}) n"  # noqa: S608
            connection.exec_driver_sql(f"INSERT INTO rectiflow_{name} SELECT {chosen} FROM {source}")  # noqa: S608
    with flow.store.link.alone() as cursor:
        cursor.execute("ANALYZE")


def gone_through(url: str) -> dict[str, int]:
    """Return how often each growing table was gone through as a whole; a client is counted when it has left."""
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        while connection.execute(others).fetchone() != (0,):
            connection.execute("SELECT pg_sleep(0.01)")
        rows = connection.execute("SELECT relname, seq_scan FROM pg_stat_user_tables")
        return {name: int(scans) for name, scans in rows if name.removeprefix("rectiflow_") in GROWING}


def test_postgresql_searches_and_never_scans(migrated_postgres_url: str) -> None:
    """With twenty thousand rows in every table, ten days' work goes through none of them; nor do prepared statements."""
    filling = open_office(make_engine(migrated_postgres_url))
    fill(filling)
    filling.close()
    before = gone_through(migrated_postgres_url)
    flow = office(make_engine(migrated_postgres_url))
    numbers = [work(flow, key=f"host-{day}") for day in range(10)]
    forty_days_later(flow)
    look(flow, numbers[0])
    assert flow.store.link.first("SELECT count(*) FROM pg_prepared_statements")[0] > 0
    flow.close()
    assert gone_through(migrated_postgres_url) == before
    with psycopg.connect(migrated_postgres_url.replace("+psycopg", "")) as connection:
        connection.execute("SELECT count(*) FROM rectiflow_event WHERE via = 'x'")
    assert gone_through(migrated_postgres_url) != before  # the counting would have told
    assert set(before) == {f"rectiflow_{name}" for name in GROWING}


def test_these_are_the_statements_that_run(store: Store) -> None:
    """The plans are of the statements that are really run: these are the same texts."""
    assert compile_for(store.engine.dialect.name) == store.statements
