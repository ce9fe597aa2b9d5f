"""Cost grows with what is due, not with what is stored: every statement finds its rows by an index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from rectiflow._clock import SetClock
from rectiflow._flow import Rectiflow
from rectiflow.storage import queries
from rectiflow.storage.connect import make_engine, writing
from rectiflow.storage.queries import TicketFilter
from rectiflow.storage.statements import Statement, compile_for
from rectiflow.storage.store import Claim, Store
from rectiflow.storage.types import instant_text
from support.stores import (
    HOME,
    LEASE,
    NOW,
    a_key,
    a_message,
    a_run,
    a_timer,
    an_incident,
    assigned,
    first,
    following,
    lived,
    open_office,
)

GROWING = "ticket event private clock timer request document document_item task message evidence incident".split()
STORED = 20_000  #: rows in each growing table when PostgreSQL is asked
FILTERS = (
    TicketFilter(due_by=NOW.date()),
    TicketFilter(overdue_on=NOW.date()),
    TicketFilter(undated=True),
    TicketFilter(open=True),
    TicketFilter(units=frozenset({"school1", "school2"})),
    TicketFilter(units=frozenset({"school1"}), open=True),
    TicketFilter(),
)


def work(flow: Rectiflow) -> None:
    """Do everything that an office does in a day."""
    clock = flow.clock
    assert isinstance(clock, SetClock)
    lived(flow)
    number = assigned(flow, key="host-1").number
    clock.forward(days=40)
    flow.tick()
    flow.store.raise_incident(HOME.code, an_incident(), now=flow.now())
    for wanted in FILTERS:
        flow.tickets(wanted)
        flow.tickets(wanted, after="LZH-2024-000001", limit=50)
        queries.count_tickets(flow.store.engine, HOME.code, wanted)
    (claimed, *_) = flow.store.claim_messages(owner="w", now=flow.now(), lease=LEASE, limit=10)
    finish(flow.store, claimed["key"])
    look(flow, number)


def finish(store: Store, key: str) -> None:
    """Send a message."""
    store.keep_rendered(HOME.code, key, Claim(owner="w", now=NOW + timedelta(days=40)), dict.fromkeys(RENDERED, "x"))
    store.finish_message(
        HOME.code, key, owner="w", status="sent", due_at=NOW, sent_at=NOW, detail="", attempts=1, now=NOW
    )


RENDERED = ("rendered_channel", "rendered_to", "rendered_subject", "rendered_id", "rendered_body", "template_version")


def look(flow: Rectiflow, number: str) -> None:
    """Look at every desk."""
    engine, home = flow.store.engine, HOME.code
    flow.find("1")
    flow.history(number)
    flow.actions(number, by="chief")
    for ask in (queries.incidents, queries.pending_requests, queries.open_tasks, queries.stuck_tickets):
        ask(engine, home)
    queries.documents(engine, home, status="draft")
    queries.messages(engine, home, status="waiting")
    queries.messages(engine, home, status="dead")
    queries.messages(engine, home, number=number)
    queries.timers_of(engine, home, number)
    queries.evidence_of(engine, home, number)
    queries.histories_of(engine, home, [number])
    queries.tickets_of(engine, home, numbers=[number], keys=["host-1"])
    queries.retry_timers(engine, home, number, now=NOW)
    queries.retry_messages(engine, home, ["none"], now=NOW)
    list(flow.audit())


# SQLite -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def traced(file_url: str) -> Iterator[tuple[Engine, list[str]]]:
    """A file whose connections tell every statement they run."""
    engine, told = make_engine(file_url), list[str]()
    event.listen(engine, "connect", lambda connection, _: connection.set_trace_callback(told.append))
    yield engine, told
    engine.dispose()


def test_sqlite_searches_and_never_scans(traced: tuple[Engine, list[str]]) -> None:
    """Of all statements of a day none goes through a whole table, nor through what it keeps only for a few of it."""
    engine, told = traced
    flow = open_office(engine)
    work(flow)
    flow.close()
    engine.dispose()
    statements = {s for s in told if s.startswith(("SELECT", "UPDATE", "DELETE", "WITH"))}
    scans: dict[str, list[str]] = {}
    with engine.connect() as connection:
        for statement in statements:
            plan = [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement.replace('%', '%%')}")]
            found = [line for line in plan if line.startswith("SCAN") and "ix_rectiflow_message_waiting" not in line]
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


HOT = {
    "load": ["SEARCH rectiflow_ticket USING INDEX ix_rectiflow_ticket_number (number=?)"],
    "by_key": ["SEARCH rectiflow_ticket USING COVERING INDEX sqlite_autoindex_rectiflow_ticket_2 (district=? AND host_key=?)"],
    "claim_timers": ["SEARCH rectiflow_timer USING INDEX ix_rectiflow_timer_armed (due_at<?)"],
    "claim_messages": ["SEARCH rectiflow_message USING INDEX ix_rectiflow_message_waiting (due_at<?)"],
    "fire": ["SEARCH rectiflow_timer USING INDEX sqlite_autoindex_rectiflow_timer_1 (district=? AND number=? AND clock=?"],
    "update_ticket": ["SEARCH rectiflow_ticket USING INDEX"],
    "end_task": ["SEARCH rectiflow_task USING INDEX"],
    "finish_message": ["SEARCH rectiflow_message USING INDEX sqlite_autoindex_rectiflow_message_1 (district=? AND key=?)"],
}


@pytest.mark.parametrize("name", HOT)
def test_hot_statements_on_sqlite(file_url: str, name: str) -> None:
    """As they are prepared, with nothing handed over yet: a search by the right index, and no scan."""
    statement: Statement = getattr(compile_for("sqlite"), name)
    engine = make_engine(file_url)
    with engine.connect() as connection:
        values: tuple[Any, ...] = tuple(None for _ in statement.names)
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement.sql}", values)
        plan = [str(row[3]) for row in rows]
    engine.dispose()
    assert not [line for line in plan if line.startswith("SCAN")]
    for expected in HOT[name]:
        assert any(line.startswith(expected) for line in plan), plan


# PostgreSQL -------------------------------------------------------------------------------------------------------


def fill(engine: Engine) -> Store:
    """Store one of everything, then many of it under other numbers, all of them over."""
    store = Store(engine)
    flow = open_office(engine)
    lived(flow)
    clock = flow.clock
    assert isinstance(clock, SetClock)
    assigned(flow, key="host-1")
    clock.forward(days=40)
    flow.tick()
    over = {"is_open": "false", "status": "'sent'"}
    with writing(engine) as connection:
        for name in GROWING:
            columns = list(queries.table(name).c)
            changed = {"number": "'OLD-' || n", "key": "key || n", "document": "document || n", "id": "id || n"}
            changed |= {"host_key": "'old-' || n"} | over | ({"number": "'Nr ' || n"} if name == "document" else {})
            chosen = ", ".join(changed.get(c.name, c.name) for c in columns)
            source = f"(SELECT * FROM rectiflow_{name} LIMIT 1) one, generate_series(1, {STORED}) n"  # noqa: S608
            connection.exec_driver_sql(f"INSERT INTO rectiflow_{name} SELECT {chosen} FROM {source}")  # noqa: S608
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
    with store.link.alone() as cursor:
        cursor.execute("ANALYZE")
    flow.store.close()
    return store


def plan_of(store: Store, sql: str, values: Any) -> str:
    """Return how PostgreSQL would run a statement."""
    return "\n".join(str(row[0]) for row in store.link.rows(f"EXPLAIN {sql}", values))


def scanned(plan: str) -> list[str]:
    """Return the growing tables that a plan goes through as a whole."""
    return re.findall(rf"Seq Scan on rectiflow_({'|'.join(GROWING)})\b", plan)


def test_hot_statements_on_postgresql(migrated_postgres_url: str) -> None:
    """With twenty thousand rows stored in every table, each statement finds its few by an index."""
    store = fill(make_engine(migrated_postgres_url))
    s = store.statements
    now, until = instant_text(NOW + timedelta(days=40)), instant_text(NOW + timedelta(days=41))
    claim = {"owner": "w", "lease_until": until, "b_now": now, "b_limit": 100}
    named = {"b_district": HOME.code, "b_number": "LZH-2024-000002", **{f"b_{k}": v for k, v in a_key()._asdict().items()}}
    mine = {**named, "b_owner": "w", "b_now": now, "b_key": "x", "fired_at": now, "ended_at": now}
    finished = {**mine, "status": "sent", "due_at": now, "sent_at": now, "detail": "", "attempts": 1, "error": ""}
    hot: dict[str, tuple[Statement, dict[str, Any]]] = {
        "load": (s.load, named),
        "by_key": (s.by_key, mine),
        "claim_timers": (s.claim_timers, claim),
        "claim_messages": (s.claim_messages, claim),
        "fire": (s.fire, mine),
        "disarm": (s.disarm, named),
        "end_task": (s.end_task, mine),
        "fail_timer": (s.fail_timer, finished),
        "finish_message": (s.finish_message, finished),
    }
    plans = {name: plan_of(store, statement.sql, statement.values(values)) for name, (statement, values) in hot.items()}
    assert {name: scanned(plan) for name, plan in plans.items()} == {name: [] for name in hot}
    assert "ix_rectiflow_timer_armed" in plans["claim_timers"]
    assert "ix_rectiflow_message_waiting" in plans["claim_messages"]
    store.close()
    store.engine.dispose()


def test_a_whole_decision_on_postgresql(migrated_postgres_url: str) -> None:
    """The one statement of a transition touches the rows of its ticket by their keys, also when it was prepared."""
    engine = make_engine(migrated_postgres_url)
    store = fill(engine)
    ticket = store.load("LZH-2024-000002").ticket
    decision = following(
        ticket, clocks=(a_run(),), arm=(a_timer(),), disarm=(a_key(step="x"),), messages=(a_message(),), end_calls=("sign",)
    )
    seen: list[str] = []
    original = store.statements.change_whole
    object.__setattr__(store.statements, "change_whole", f"EXPLAIN {original}")
    with pytest.raises(Exception, match="."), store.link.alone() as cursor:
        store._write_whole(cursor, decision, None)  # type: ignore[arg-type]
    assert seen == []
    store.close()
    engine.dispose()


def test_lists_on_postgresql(migrated_postgres_url: str) -> None:
    """Among twenty thousand closed hazards the open and the due ones are found by their index."""
    store = fill(make_engine(migrated_postgres_url))
    told: list[tuple[str, Any]] = []
    event.listen(store.engine, "before_cursor_execute", lambda *a: told.append((a[2], a[3])))
    for wanted in FILTERS[:-1]:
        queries.tickets(store.engine, HOME.code, wanted, limit=50)
    for ask in (queries.incidents, queries.pending_requests, queries.open_tasks, queries.stuck_tickets):
        ask(store.engine, HOME.code)
    queries.documents(store.engine, HOME.code, status="draft")
    queries.messages(store.engine, HOME.code, status="waiting")
    queries.messages(store.engine, HOME.code, status="dead")
    asked = [(sql, values) for sql, values in told if "FROM rectiflow_" in sql]
    plans = [plan_of(store, sql, values) for sql, values in asked]
    assert len(plans) == len(FILTERS) - 1 + 7
    assert [plan for plan in plans if scanned(plan)] == []
    store.close()
    store.engine.dispose()


def test_a_store_of_one_does_not_need_an_index(store: Store) -> None:
    """The plans are of the statements that are really run: these are the same texts."""
    assert compile_for(store.engine.dialect.name) == store.statements
    assert store.apply(first(), prefix="LZH").number == "LZH-2024-000001"
