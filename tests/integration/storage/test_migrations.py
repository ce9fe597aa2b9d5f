"""The schema is made by its migrations, once, in one transaction, beside whatever else is in the database."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from threading import Thread

import psycopg
import pytest
from alembic import command
from psycopg import sql
from sqlalchemy import Engine, inspect

from rectiflow._flow import Rectiflow
from rectiflow.engine.decision import IncidentDraft, MessageDraft
from rectiflow.engine.errors import SchemaTooNew, WorkplaceError
from rectiflow.storage import incoming, organisation, queries, schema
from rectiflow.storage.connect import make_engine, writing
from rectiflow.storage.store import Store
from rectiflow.storage.tables import METADATA
from support.stores import HOME, NOW, assigned, counts, open_office, rows, scalar

SCRIPT = """
import sys
from rectiflow.storage import schema
from rectiflow.storage.connect import make_engine
print(schema.migrate(make_engine(sys.argv[1])))
"""


@pytest.fixture(params=("file", "memory", "postgresql"))
def empty_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database with nothing in it, of every kind."""
    urls = {"file": f"sqlite:///{tmp_path / 'new.db'}", "memory": "sqlite://"}
    engine = make_engine(urls.get(request.param) or str(request.getfixturevalue("fresh_postgres_url")))
    yield engine
    engine.dispose()


@pytest.fixture(params=("file", "postgresql"))
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with nothing in it that several processes can open."""
    if request.param == "file":
        return f"sqlite:///{tmp_path / 'new.db'}"
    return str(request.getfixturevalue("fresh_postgres_url"))


def tables(engine: Engine) -> set[str]:
    """Return the names of all tables."""
    return set(inspect(engine).get_table_names())


def stamp(engine: Engine, revision: str) -> None:
    """Say that the database is on another revision."""
    with writing(engine) as connection:
        connection.exec_driver_sql(f"UPDATE {schema.VERSION_TABLE} SET version_num = '{revision}'")  # noqa: S608


def test_a_new_database_is_made_ready(empty_engine: Engine) -> None:
    """All tables and all triggers; the second time there is nothing to do."""
    assert schema.current_revision(empty_engine) is None
    assert schema.migrate(empty_engine)
    assert not schema.migrate(empty_engine)
    assert tables(empty_engine) == {*METADATA.tables, schema.VERSION_TABLE}
    assert schema.trigger_problems(empty_engine) == []
    schema.check_schema(empty_engine)
    assert schema.current_revision(empty_engine) is not None


def test_the_migrations_make_what_the_tables_declare(empty_engine: Engine) -> None:
    """Alembic finds no difference between the migrated database and the declared tables."""
    schema.migrate(empty_engine)
    with empty_engine.connect() as connection:
        command.check(schema.alembic_config(connection))


def test_no_schema_is_made_unless_asked_for(empty_engine: Engine) -> None:
    """Opening without `create` says what to do and leaves the database alone."""
    with pytest.raises(WorkplaceError, match="里还没有隐患数据表，请先运行 rectiflow init"):
        schema.check_schema(empty_engine)
    assert tables(empty_engine) == set()


def test_a_newer_schema_is_left_alone(engine: Engine) -> None:
    """A database of a later version is neither used nor changed."""
    stamp(engine, "9999")
    for attempt in (schema.migrate, schema.check_schema):
        with pytest.raises(SchemaTooNew, match=r"由更新版本的程序建立（9999），请升级程序后再用；数据没有动过"):
            attempt(engine)
    assert schema.current_revision(engine) == "9999"


def test_an_older_schema_is_not_used_as_it_is(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has to be migrated first, and the message says how."""
    monkeypatch.setattr("rectiflow.storage.schema._head", lambda: "9999")
    with pytest.raises(WorkplaceError, match=r"的结构是旧版（0008），请运行 rectiflow init 升级"):
        schema.check_schema(engine)


def test_a_migration_that_fails_leaves_nothing(empty_engine: Engine) -> None:
    """One of our tables' names is taken: nothing is made; when the name is free again, everything is."""
    with writing(empty_engine) as connection:
        connection.exec_driver_sql("CREATE TABLE rectiflow_unit (x integer)")
    with pytest.raises(Exception, match="already exists"):
        schema.migrate(empty_engine)
    assert tables(empty_engine) == {"rectiflow_unit"}
    with writing(empty_engine) as connection:
        connection.exec_driver_sql("DROP TABLE rectiflow_unit")
    assert schema.migrate(empty_engine)


def test_what_had_come_back_before_is_known_after(empty_engine: Engine) -> None:
    """As an open incident or the count of its address said; what was only sent is not."""
    engine, home = empty_engine, HOME.code
    schema.migrate(engine)
    store = Store(engine)
    drafts = [
        MessageDraft(key=k, recipient="head", template="assigned", params={}) for k in ("refused", "gone", "well")
    ]
    store.enqueue(home, drafts, now=NOW)
    incoming.fault(
        engine, home, channel="mail", address="a@b.example", at=NOW, detail="550", hard=True,
        limits=incoming.Limits(hard=2, any=5, days=30), by="gone",
    )  # fmt: skip
    incident = IncidentDraft(key="returned:refused", kind="message", message="550")
    store.raise_incident(home, incident, now=NOW)
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE rectiflow_message SET status = 'sent', sent_at = created_at")
        connection.exec_driver_sql("DROP INDEX ix_rectiflow_message_returned")
        connection.exec_driver_sql("ALTER TABLE rectiflow_message DROP COLUMN returned_at")
    stamp(engine, "0007")
    schema.migrate(engine)
    assert {m["key"] for m in queries.messages(engine, home, status="returned")} == {"refused", "gone"}
    assert [m["key"] for m in queries.messages(engine, home, status="sent")] == ["well"]


def test_threads_migrate_at_once(empty_url: str) -> None:
    """Four threads with an engine each: one migrates, nobody fails."""
    answers: list[object] = []

    def migrate() -> None:
        engine = make_engine(empty_url)
        try:
            answers.append(schema.migrate(engine))
        except Exception as exc:  # noqa: BLE001 it is the answer
            answers.append(exc)
        finally:
            engine.dispose()

    threads = [Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers, key=str) == [False, False, False, True]


def test_processes_migrate_at_once(empty_url: str) -> None:
    """Three processes at once: one migrates, nobody fails, and the schema is right."""
    arguments = [sys.executable, "-c", SCRIPT, empty_url]
    started = [subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = [process.communicate(timeout=100)[0].strip() for process in started]
    assert sorted(answers) == ["False", "False", "True"]
    engine = make_engine(empty_url)
    schema.check_schema(engine)
    engine.dispose()


# PostgreSQL: a schema of one's own --------------------------------------------------------------------------------


def in_schema(url: str, path: str) -> str:
    """Put a search path into an address."""
    return f"{url}&options=-csearch_path%3D{path}"


def schemas_of_tables(url: str) -> set[str]:
    """Return the schemas in which tables of ours lie."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        query = b"SELECT DISTINCT schemaname FROM pg_tables WHERE tablename LIKE 'rectiflow%'"
        return {str(row[0]) for row in connection.execute(query)}


@pytest.mark.parametrize("name", ["rectiflow", "%22%E9%9A%90%E6%82%A3 Db%22"], ids=["plain", "quoted"])
def test_a_named_schema_is_made_and_used(fresh_postgres_url: str, name: str) -> None:
    """The first schema of the search path is ours; it is made when it is not there, and all goes on in it."""
    with Rectiflow.open(in_schema(fresh_postgres_url, name.replace(" ", "%5C%20"))) as opened:
        flow = open_office(opened.store.engine)
        number = assigned(flow).number
        assert [breaks for *_, breaks in flow.audit()] == [()]
        assert flow.ticket(number).state == "assigned"
        assert schema.trigger_problems(flow.store.engine) == []
        with flow.store.engine.connect() as connection:
            command.check(schema.alembic_config(connection))
        flow.close()
    assert schemas_of_tables(fresh_postgres_url) == {"rectiflow" if name == "rectiflow" else "隐患 Db"}


def test_two_schemas_in_one_database(fresh_postgres_url: str) -> None:
    """A workplace in `public` and one in a schema before it on the path do not see each other."""
    first = make_engine(fresh_postgres_url)
    schema.migrate(first)
    second = make_engine(in_schema(fresh_postgres_url, "rectiflow,public"))
    assert schema.current_revision(second) is None
    assert schema.migrate(second)
    open_office(first).close()
    assert organisation.districts(second) == {}
    with writing(second) as connection:
        connection.exec_driver_sql("DROP TRIGGER rectiflow_event_no_update ON rectiflow_event")
    assert len(schema.trigger_problems(second)) == 1
    assert schema.trigger_problems(first) == []
    assert schemas_of_tables(fresh_postgres_url) == {"public", "rectiflow"}
    first.dispose()
    second.dispose()


@pytest.mark.parametrize(
    ("right", "message"),
    [("CREATE", "不允许这个用户这样做；请让数据库管理员授予权限"), ("ALL", "里没有可用的模式（schema）")],
)
def test_who_may_not_make_tables_is_told(fresh_postgres_url: str, right: str, message: str) -> None:
    """An account without the right: one clear message, nothing made."""
    role = f"rectiflow_reader_{right.lower()}"
    with psycopg.connect(fresh_postgres_url.replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        admin.execute(f"REVOKE {right} ON SCHEMA public FROM public".encode())
        engine = make_engine(fresh_postgres_url.replace("postgres:@", f"{role}:@", 1))
        try:
            with pytest.raises(WorkplaceError, match=message):
                schema.migrate(engine)
            assert schemas_of_tables(fresh_postgres_url) == set()
        finally:
            engine.dispose()
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def test_no_migration_copies_a_guarded_table() -> None:
    """Batch mode would make the table anew, without its triggers: these tables only ever get columns added."""
    scripts = files("rectiflow.storage.migrations.versions").iterdir()
    texts = {script.name: script.read_text(encoding="utf-8") for script in scripts if script.name.endswith(".py")}
    assert len(texts) > 1
    for name, script in texts.items():
        assert not re.search(
            r"batch_alter_table\(\s*[\"']rectiflow_(event|private|document_text|inspection|finding)[\"']", script
        ), name


def test_every_row_belongs_to_a_district() -> None:
    """`district` leads the primary key of every table; the districts have their code, workers and turns are of all."""
    leading = {name: next(c.name for c in table.primary_key) for name, table in METADATA.tables.items()}
    assert leading.pop("rectiflow_district") == "code"
    assert leading.pop("rectiflow_worker") == "owner"
    assert leading.pop("rectiflow_turn") == "name"
    assert set(leading.values()) == {"district"}


def test_the_counting_of_these_tests_sees_every_table(engine: Engine) -> None:
    """What the other tests count is there."""
    assert set(counts(engine).values()) == {0}
    assert scalar(engine, f"SELECT version_num FROM {schema.VERSION_TABLE}") == "0008"  # noqa: S608 our own name
    assert rows(engine, "SELECT * FROM rectiflow_district") == []
    assert HOME.code not in organisation.districts(engine)
