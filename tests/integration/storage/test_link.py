"""Connections: one per thread, given up with it, taken anew when the server has hung up."""

from __future__ import annotations

import gc
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Any

import psycopg
import pytest

from rectiflow._flow import Rectiflow
from rectiflow.engine.errors import WorkplaceBusy
from rectiflow.storage.connect import make_engine
from rectiflow.storage.link import Link, Work
from support.stores import assigned, count, counts, first, open_office, reported

MANY = 20  #: threads; more than a pool has connections

FORK = """
import os, sys
from rectiflow.storage.connect import make_engine
from rectiflow.storage.store import Store
from support.stores import first
store = Store(make_engine(sys.argv[1]))
numbers = [store.apply(first(), prefix="LZH").number]
child = os.fork()
if child == 0:
    for _ in range(20):
        store.apply(first(), prefix="LZH")
    sys.exit(0)
for _ in range(20):
    numbers.append(store.apply(first(), prefix="LZH").number)
assert os.waitpid(child, 0)[1] == 0
numbers.append(store.apply(first(), prefix="LZH").number)
store.close()
print(numbers[-1])
"""


@pytest.fixture
def postgres_flow(migrated_postgres_url: str) -> Iterator[Rectiflow]:
    """A small office on PostgreSQL."""
    flow = open_office(make_engine(migrated_postgres_url))
    yield flow
    flow.close()


@pytest.fixture
def lasting_flow(lasting_url: str) -> Iterator[Rectiflow]:
    """A small office on a database with a connection for each thread."""
    flow = open_office(make_engine(lasting_url))
    yield flow
    flow.close()


def hang_up(url: str) -> int:
    """Let the server end every connection to this database but ours; return how many there were."""
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    query = f"SELECT count(pg_terminate_backend(pid, 5000)) {others}".encode()
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as admin:
        (ended,) = admin.execute(query).fetchone() or (0,)
    return int(ended)


def connections(flow: Rectiflow) -> int:
    """Count this process's connections: SQLite's objects (it keeps files of closed ones for others), or clients."""
    gc.collect()
    if flow.store.engine.dialect.name == "sqlite":
        return sum(isinstance(o, sqlite3.Connection) for o in gc.get_objects())
    clients = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rectiflow'"
    return int(flow.store.link.first(f"SELECT count(*) {clients}")[0])


def test_threads_beyond_the_pool_do_not_wait(lasting_flow: Rectiflow) -> None:
    """Twenty threads that all hold on to theirs work at once; when they are gone, so are their connections."""
    reported(lasting_flow)
    before = connections(lasting_flow)
    barrier = Barrier(MANY, timeout=60)
    faults: list[Exception] = []

    def work() -> None:
        try:
            reported(lasting_flow)
            barrier.wait()  # nobody goes before all have come
        except Exception as exc:  # noqa: BLE001 it is looked at below
            faults.append(exc)

    threads = [Thread(target=work) for _ in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert count(lasting_flow.store.engine, "ticket") == MANY + 1
    assert connections(lasting_flow) <= before + 2  # of the pool, for what looks and what rings


def test_a_thread_that_rests_leaves_its_connection_to_the_next(lasting_flow: Rectiflow) -> None:
    """Two that did something and rest leave one connection between them, and who comes next takes that."""
    link = lasting_flow.store.link
    reported(lasting_flow)
    link.rest()
    before = connections(lasting_flow)
    link.rest()
    barrier = Barrier(2, timeout=60)

    def work() -> None:
        reported(lasting_flow)
        barrier.wait()  # nobody rests before both have a connection
        link.rest()
        barrier.wait()
        barrier.wait()

    thread = Thread(target=work)
    thread.start()
    reported(lasting_flow)
    barrier.wait()
    link.rest()
    barrier.wait()
    assert connections(lasting_flow) == before
    barrier.wait()
    thread.join()
    assert count(lasting_flow.store.engine, "ticket") == 3


def test_a_connection_left_behind_that_died_is_not_taken(postgres_flow: Rectiflow, migrated_postgres_url: str) -> None:
    """The server ends a connection nobody sits on: the next call takes another."""
    reported(postgres_flow)
    postgres_flow.store.link.rest()
    assert hang_up(migrated_postgres_url) >= 1
    assert reported(postgres_flow).number == "LZH-2024-000002"


def test_after_closing_nothing_is_open(lasting_url: str) -> None:
    """Closing gives every thread's connection back."""
    flow = open_office(make_engine(lasting_url))
    thread = Thread(target=lambda: reported(flow))
    thread.start()
    thread.join()
    reported(flow)
    path = Path(flow.store.engine.url.database or "")
    flow.close()
    if flow.store.engine.dialect.name == "sqlite":
        assert not path.with_name(f"{path.name}-wal").exists()  # the last one to leave clears up
    else:
        assert hang_up(lasting_url) == 0


def test_a_process_that_forks_keeps_its_connections(lasting_url: str) -> None:
    """Parent and child go on writing, each by a connection of its own: 42 tickets, all numbers used once."""
    engine = make_engine(lasting_url)
    open_office(engine).close()
    here = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORK, lasting_url],
        env={**os.environ, "PYTHONPATH": str(here)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == "LZH-2024-000042"
    assert count(engine, "ticket") == 42
    engine.dispose()


def test_a_connection_that_died_between_two_calls(postgres_flow: Rectiflow, migrated_postgres_url: str) -> None:
    """The server ends all connections: the very next call of every kind works."""
    number = assigned(postgres_flow).number
    calls = (
        lambda: postgres_flow.ticket(number),
        lambda: postgres_flow.do(number, "sign", by="head"),
        lambda: reported(postgres_flow),
        postgres_flow.tickets,
        lambda: list(postgres_flow.audit()),
        postgres_flow.tick,
        lambda: postgres_flow.store.apply_all([first(), first()], prefix="LZH"),
        postgres_flow.refresh,
    )
    for call in calls:
        assert hang_up(migrated_postgres_url) >= 1
        call()
    assert count(postgres_flow.store.engine, "ticket") == 4


def test_a_connection_that_dies_in_the_middle(postgres_flow: Rectiflow, migrated_postgres_url: str) -> None:
    """Within a transaction it cannot be mended: a clear message, nothing written, and the next call works."""
    assigned(postgres_flow)
    before = counts(postgres_flow.store.engine)

    def count_twice() -> None:
        with postgres_flow.store.link.transaction() as cursor:
            cursor.execute("UPDATE rectiflow_counter SET last = last + 1")
            hang_up(migrated_postgres_url)
            cursor.execute("UPDATE rectiflow_counter SET last = last + 1")

    with pytest.raises(WorkplaceBusy, match="请稍后再试，先看看刚才那一步是否已经办成"):
        count_twice()
    assert counts(postgres_flow.store.engine) == before
    assert reported(postgres_flow).number == "LZH-2024-000002"


def test_what_the_server_says_meanwhile_is_no_reason_to_leave(
    postgres_flow: Rectiflow, migrated_postgres_url: str
) -> None:
    """A notification comes in while nothing is asked: the connection is kept."""
    link = postgres_flow.store.link
    link.run("LISTEN waking")
    mine = link.first("SELECT pg_backend_pid()")
    with psycopg.connect(migrated_postgres_url.replace("+psycopg", ""), autocommit=True) as other:
        other.execute("NOTIFY waking, 'now'")
    assert link.first("SELECT pg_backend_pid()") == mine


def test_a_transaction_that_fails_is_undone(flow: Rectiflow) -> None:
    """Whatever is raised inside, the next statement begins afresh."""
    before = counts(flow.store.engine)

    def be_interrupted() -> None:
        with flow.store.link.transaction() as cursor:
            cursor.execute("INSERT INTO rectiflow_counter VALUES ('420702', 'ticket', 2024, 41)")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        be_interrupted()
    assert counts(flow.store.engine) == before
    assert reported(flow).number == "LZH-2024-000001"


def test_the_databases_own_time(flow: Rectiflow) -> None:
    """PostgreSQL tells the time, to the load as well; SQLite has none of its own."""
    number = reported(flow).number
    loaded = flow.store.load(number)
    if flow.store.engine.dialect.name == "sqlite":
        assert (flow.store.now(), loaded.read_at) == (None, None)
        return
    now = flow.store.now()
    assert now is not None
    assert loaded.read_at is not None
    assert loaded.read_at <= now
    assert now.utcoffset() is not None


# threads that write at once -----------------------------------------------------------------------------------------


def test_threads_share_commits_and_one_that_fails_harms_no_other(file_url: str) -> None:
    """Many threads at once: each work is there, each failed one is not, and there are fewer commits than works."""
    engine = make_engine(file_url)
    link = Link(engine)
    link.run("CREATE TABLE kept (k INTEGER PRIMARY KEY)")
    commits, ready, refused = list[int](), Barrier(8), list[int]()
    original = link.transaction

    @contextmanager
    def counted() -> Generator[Any]:
        with original() as cursor:
            time.sleep(0.002)  # as a slow disk would: the others come meanwhile
            yield cursor
        commits.append(1)

    link.transaction = counted  # type: ignore[method-assign]

    def put(k: int, *, twice: bool) -> None:
        def work(cursor: Any) -> int:
            cursor.execute("INSERT INTO kept VALUES (?)", [k])
            if twice:
                cursor.execute("INSERT INTO kept VALUES (?)", [k])
            return k

        assert link.write(work) == k

    def many(first: int) -> None:
        ready.wait()
        for k in range(first, 400, 8):
            try:
                put(k, twice=k % 5 == 0)
            except sqlite3.IntegrityError:
                refused.append(k)

    threads = [Thread(target=many, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [k for (k,) in link.rows("SELECT k FROM kept ORDER BY k")] == [k for k in range(400) if k % 5]
    assert sorted(refused) == list(range(0, 400, 5))
    assert len(commits) < 300
    link.close()
    engine.dispose()


def test_a_thread_that_ends_undoes_nothing_of_another() -> None:
    """In a database in memory, which has one connection for all: what a thread is about to write stays when another ends."""
    engine = make_engine("sqlite://")
    link = Link(engine)
    link.run("CREATE TABLE kept (k INTEGER PRIMARY KEY)")
    used, may_end = Event(), Event()

    def other() -> None:
        link.rows("SELECT k FROM kept")
        used.set()
        may_end.wait()

    thread = Thread(target=other)
    thread.start()
    used.wait()
    with link.transaction() as cursor:
        cursor.execute("INSERT INTO kept VALUES (1)")
        may_end.set()
        thread.join()
        assert cursor.connection.in_transaction
    assert link.rows("SELECT k FROM kept") == [(1,)]
    link.close()
    assert link.rows("SELECT k FROM kept") == [(1,)]
    engine.dispose()


def test_when_the_commit_fails_nobody_s_work_is_there(file_url: str) -> None:
    """All that were in it are told, and the next commit works again."""
    engine = make_engine(file_url)
    link = Link(engine)
    link.run("CREATE TABLE kept (k INTEGER PRIMARY KEY)")

    def putting(k: int) -> Work:
        return Work(lambda cursor: cursor.execute("INSERT INTO kept VALUES (?)", [k]))

    waiting = [putting(k) for k in (1, 2)]
    link.waiting.extend(waiting)

    def broken(cursor: Any) -> None:
        cursor.execute("INSERT INTO kept VALUES (3)")
        cursor.execute("ROLLBACK")  # what SQLite does by itself when the file cannot be written

    with pytest.raises(sqlite3.OperationalError):
        link.write(broken)
    assert all(isinstance(w.error, sqlite3.OperationalError) for w in waiting)
    assert link.rows("SELECT k FROM kept") == []
    assert link.write(lambda c: c.execute("INSERT INTO kept VALUES (4)").rowcount) == 1
    link.close()
    engine.dispose()
