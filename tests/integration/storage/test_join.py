"""A host's transaction joined: its rows and ours are written together, or neither."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from rectiflow._flow import Outcome, Rectiflow
from rectiflow.engine.errors import Conflict, JoinError, Refused
from rectiflow.storage import schema
from rectiflow.storage.connect import make_engine
from rectiflow.testing import memory_flow
from support.stores import assigned, count, open_office, reported, rows

FOUND: dict[str, Any] = {"source": "bureau", "category": "fire", "description": "门锁损坏", "unit": "school1"}


@pytest.fixture(params=["file", "postgresql"])
def flow(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rectiflow]:
    """A small office on a file, and on PostgreSQL."""
    file = f"sqlite:///{tmp_path / 'office.db'}"
    url = file if request.param == "file" else str(request.getfixturevalue("fresh_postgres_url"))
    engine = make_engine(url)
    schema.migrate(engine)
    opened = open_office(engine)
    yield opened
    opened.close()
    engine.dispose()


@pytest.fixture
def host(flow: Rectiflow) -> Iterator[Engine]:
    """A host's own engine on the same database, with a table of its own."""
    engine = create_engine(flow.store.engine.url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE host_case (ticket TEXT)"))
    yield engine
    engine.dispose()


def cases(flow: Rectiflow) -> list[str]:
    """Return the tickets the host has on record."""
    return [r["ticket"] for r in rows(flow.store.engine, "SELECT ticket FROM host_case")]


def test_written_together(flow: Rectiflow, host: Engine) -> None:
    """A hazard, an action on it and the host's row come with the host's commit; listeners hear of it then."""
    heard: list[Outcome] = []
    flow.on_done(heard.append)
    with Session(host) as session:
        flow.begin(session)
        ticket = flow.report("hazard", by="chief", found_on=flow.today(), session=session, **FOUND)
        session.execute(text("INSERT INTO host_case (ticket) VALUES (:t)"), {"t": ticket.number})
        with flow.join(session):
            due: dict[str, Any] = {"responsible_person": "officer", "due_on": "2024-09-20"}
            assert flow.do(ticket.number, "assign", by="chief", **due).state == "assigned"
        assert heard == []
        session.commit()
    assert cases(flow) == [ticket.number]
    assert flow.ticket(ticket.number).state == "assigned"
    assert [o.ticket.state for o in heard] == ["reported", "assigned"]
    assert [breaks for *_, breaks in flow.audit()] == [()]


def test_undone_together(flow: Rectiflow, host: Engine) -> None:
    """The host rolls back: nothing of either stays, nobody hears of it, and the number is used by the next."""
    heard: list[Outcome] = []
    flow.on_done(heard.append)
    with Session(host) as session:
        flow.begin(session)
        gone = flow.report("hazard", by="chief", found_on=flow.today(), session=session, **FOUND)
        session.execute(text("INSERT INTO host_case (ticket) VALUES (:t)"), {"t": gone.number})
        session.rollback()
    assert (cases(flow), heard, count(flow.store.engine, "ticket")) == ([], [], 0)
    assert reported(flow).number == gone.number


def test_a_refusal_leaves_the_host_its_own_rows(flow: Rectiflow, host: Engine) -> None:
    """What is refused writes nothing; the host goes on and commits."""
    number = assigned(flow).number
    with Session(host) as session:
        flow.begin(session)
        session.execute(text("INSERT INTO host_case (ticket) VALUES ('kept')"))
        with pytest.raises(Refused):
            flow.do(number, "close", by="chief", session=session)
        session.commit()
    assert cases(flow) == ["kept"]
    assert flow.ticket(number).state == "assigned"


def test_what_came_too_late_is_not_tried_again(flow: Rectiflow, host: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A conflict inside a host's transaction is the host's; our part is undone, the host's rows stay its own."""
    number = assigned(flow).number
    stale = flow.store.load(number)
    flow.do(number, "sign", by="head")
    with Session(host) as session:
        flow.begin(session)
        session.execute(text("INSERT INTO host_case (ticket) VALUES ('kept')"))

        def load(_number: str) -> Any:
            return stale

        monkeypatch.setattr(flow.store, "load", load)
        with pytest.raises(Conflict):
            flow.do(number, "sign", by="head", session=session)
        monkeypatch.undo()
        session.commit()
    assert cases(flow) == ["kept"]
    assert flow.ticket(number).state == "rectifying"
    assert [breaks for *_, breaks in flow.audit()] == [()]


def test_sessions_that_cannot_be_joined(flow: Rectiflow, host: Engine) -> None:
    """Another database; on SQLite one that was not begun by us, or has written already."""
    with Session(create_engine("sqlite://")) as other, pytest.raises(JoinError, match="另一个数据库"):
        flow.begin(other)
    with memory_flow() as inside, Session(inside.store.engine) as session, pytest.raises(JoinError, match="内存数据库"):
        inside.begin(session)
    if host.dialect.name == "postgresql":
        return
    with Session(host) as session:
        with pytest.raises(JoinError, match=r"flow\.begin"), flow.join(session):
            pass
        session.execute(text("INSERT INTO host_case (ticket) VALUES ('x')"))
        with pytest.raises(JoinError, match="已经开始写入"):
            flow.begin(session)
        session.rollback()
        flow.begin(session)
        session.commit()
        with pytest.raises(JoinError, match=r"flow\.begin"), flow.join(session):
            pass


def test_listeners_hear_of_what_is_committed_and_of_nothing_else(flow: Rectiflow, host: Engine) -> None:
    """A savepoint that the host rolls back takes its own news along, not that of what was written before and after."""
    heard: list[str] = []
    flow.on_done(lambda outcome: heard.append(outcome.ticket.number))
    for _ in range(2):  # a session is used for one transaction after another
        with Session(host) as session:
            flow.begin(session)
            with flow.join(session):
                kept = reported(flow).number
                with session.begin_nested() as savepoint:
                    lost = reported(flow).number
                    savepoint.rollback()
                with session.begin_nested():
                    also = reported(flow).number
            assert heard == []
            session.commit()
        assert heard == [kept, also]
        assert lost == also  # its number was free again
        heard.clear()
    with Session(host) as session:
        flow.begin(session)
        with flow.join(session):
            reported(flow)
            with session.begin_nested():
                reported(flow)
        session.rollback()
        flow.begin(session)
        session.commit()
    assert heard == []


def test_a_session_that_was_closed_has_committed_nothing(flow: Rectiflow, host: Engine) -> None:
    """It is used again for something else: listeners do not hear of what was thrown away."""
    heard: list[str] = []
    flow.on_done(lambda outcome: heard.append(outcome.ticket.number))
    session = Session(host)
    flow.begin(session)
    with flow.join(session):
        reported(flow)
    session.close()
    session.execute(text("SELECT 1"))
    session.commit()
    session.close()
    assert heard == []
