"""The bell between processes: rung after the commit, seldom, heard by others, and heard again when the server was away."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy.orm import Session

from rectiflow._flow import Rectiflow
from rectiflow.storage.bell import CHANNEL, PAUSE_SECONDS, Bell, Ear
from rectiflow.storage.connect import make_engine
from rectiflow.storage.link import Link
from support.postgres import restartable_server
from support.stores import assigned, open_office, reported
from support.workplaces import wait_until


@contextmanager
def listening(url: str) -> Generator[psycopg.Connection]:
    """Listen with a connection that has nothing to do with ours."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"LISTEN {CHANNEL}".encode())
        yield connection


@pytest.fixture
def office(migrated_postgres_url: str) -> Iterator[Rectiflow]:
    """A small office on PostgreSQL."""
    flow = open_office(make_engine(migrated_postgres_url))
    yield flow
    flow.close()


def heard(connection: psycopg.Connection, seconds: float = 5) -> list[str]:
    """Return who has rung, at most one ring, within some time."""
    return [n.payload for n in connection.notifies(timeout=seconds, stop_after=1)]


def test_a_change_that_tells_somebody_rings(office: Rectiflow, migrated_postgres_url: str) -> None:
    """An assignment writes a message: the bell rings with the process's own name."""
    number = reported(office).number
    with listening(migrated_postgres_url) as connection:
        heard(connection, 2 * PAUSE_SECONDS)
        office.do(number, "assign", by="chief", responsible_person="officer", due_on=office.today())
        assert heard(connection) == [office.owner]


def test_what_tells_nobody_is_quiet(office: Rectiflow, migrated_postgres_url: str) -> None:
    """A correction writes no message and arms nothing that is due: no ring."""
    number = assigned(office).number
    with listening(migrated_postgres_url) as connection:
        heard(connection, 2 * PAUSE_SECONDS)
        office.amend(number, by="chief", reason="写错了", description="教学楼二楼疏散通道堆放书柜")
        assert heard(connection, 3 * PAUSE_SECONDS) == []


def test_a_host_s_transaction_rings_when_it_has_committed(office: Rectiflow, migrated_postgres_url: str) -> None:
    """Joined, nothing is heard before the host commits, and nothing at all after a rollback."""
    with listening(migrated_postgres_url) as connection, Session(office.store.engine) as session:
        office.begin(session)
        with office.join(session):
            assigned(office)
        assert heard(connection, 2 * PAUSE_SECONDS) == []
        session.rollback()
        assert heard(connection, 2 * PAUSE_SECONDS) == []
        office.begin(session)
        with office.join(session):
            assigned(office)
        session.commit()
        assert heard(connection) == [office.owner]


class Ticking:
    """A clock of seconds that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Return the present second."""
        return self.now


@contextmanager
def linked(url: str) -> Generator[Link]:
    """Give a link of its own."""
    engine = make_engine(url)
    link = Link(engine)
    yield link
    link.close()
    engine.dispose()


def test_many_changes_ring_a_few_times(migrated_postgres_url: str) -> None:
    """However often it is rung within a moment: once; and again when the moment is over."""
    clock = Ticking()
    with linked(migrated_postgres_url) as link, listening(migrated_postgres_url) as connection:
        bell = Bell(link, "one", clock)
        for _ in range(50):
            bell.ring()
        clock.now += PAUSE_SECONDS + 0.01
        bell.ring()
        assert [n.payload for n in connection.notifies(timeout=0.5)] == ["one", "one"]


def test_a_bell_without_a_server_is_silent() -> None:
    """Who has committed a change is not told that a ring was lost."""
    with linked("postgresql://nobody@127.0.0.1:9/none?connect_timeout=2") as link:
        Bell(link, "one").ring()


def test_an_ear_hears_others_and_not_itself(migrated_postgres_url: str) -> None:
    """It looks once when it has connected, then for each ring of others."""
    engine = make_engine(migrated_postgres_url)
    count = Counted()
    ear = Ear(engine, "me", count)
    wait_until(lambda: count.value == 1)
    with linked(migrated_postgres_url) as link:
        Bell(link, "me").ring()
        Bell(link, "you").ring()
        wait_until(lambda: count.value == 2)
        Bell(link, "you").ring()
        wait_until(lambda: count.value == 3)
    ear.close()
    assert count.value == 3
    engine.dispose()


def test_an_ear_listens_again_when_the_server_was_away() -> None:
    """The server crashes and comes back: the ear connects again, looks, and hears as before; it says so once."""
    with restartable_server() as server:
        engine = make_engine(server.url)
        count = Counted()
        ear = Ear(engine, "me", count)
        wait_until(lambda: count.value == 1)
        server.crash()
        server.start()
        wait_until(lambda: count.value == 2)
        with linked(server.url) as link:
            Bell(link, "you").ring()
            wait_until(lambda: count.value == 3)
        ear.close()
        engine.dispose()


def test_closing_waits_for_what_a_ring_began(migrated_postgres_url: str) -> None:
    """However long that takes; nothing is cut off, and nothing new is begun."""
    engine = make_engine(migrated_postgres_url)
    begun, let_go, done = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        let_go.wait(30)
        done.set()

    ear = Ear(engine, "me", slow)
    assert begun.wait(30)
    threading.Timer(0.5, let_go.set).start()
    ear.close(seconds=0.1)
    assert done.is_set()
    engine.dispose()


def test_sqlite_has_no_bell(file_url: str) -> None:
    """On a file there is one worker, which looks often enough."""
    flow = open_office(make_engine(file_url))
    assigned(flow)
    assert flow.bell is None
    flow.close()


class Counted:
    """Counts how often it is called."""

    def __init__(self) -> None:
        self.value = 0

    def __call__(self) -> None:
        """Count once more."""
        self.value += 1
