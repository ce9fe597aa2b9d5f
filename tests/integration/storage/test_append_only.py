"""History is written once: triggers refuse to rewrite it, and what gets past them is found by the audit."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from rectiflow._flow import Rectiflow
from rectiflow.engine.chain import ChainBreak, check_chain
from rectiflow.engine.errors import WorkplaceError
from rectiflow.storage import queries, schema
from rectiflow.storage.connect import writing
from support.stores import HOME, assigned, lived, reported, rows, scalar

REWRITES = (
    "UPDATE rectiflow_event SET to_state = 'closed'",
    "UPDATE rectiflow_event SET hash = hash WHERE seq = 1",
    "DELETE FROM rectiflow_event WHERE seq = 1",
    "DELETE FROM rectiflow_private WHERE seq = 1",
    "UPDATE rectiflow_private SET body = '{}'",
    "UPDATE rectiflow_private SET salt = 'x'",
    "UPDATE rectiflow_private SET salt = NULL",
    "UPDATE rectiflow_private SET body = NULL",
    "UPDATE rectiflow_private SET body = NULL, salt = NULL, seq = seq + 100",
)
GUARDED = ("event", "private")


def run(engine: Engine, *statements: str) -> None:
    """Run statements in one transaction of ours."""
    with writing(engine) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def unguarded(engine: Engine, *statements: str) -> None:
    """Rewrite history as somebody with the rights of the database's owner would: without the triggers."""
    if engine.dialect.name == "postgresql":
        run(engine, "SET LOCAL session_replication_role = replica", *statements)
        return
    (triggers,) = [rows(engine, "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")]
    drops = [f"DROP TRIGGER {t['name']}" for t in triggers]
    run(engine, *drops, *statements, *(str(t["sql"]) for t in triggers))


def found(flow: Rectiflow) -> dict[str, list[str]]:
    """Return what the audit says of each number."""
    return {number: [b.message for b in breaks] for number, _, breaks in flow.audit()}


@pytest.mark.parametrize("statement", REWRITES)
def test_the_database_refuses_to_rewrite_history(flow: Rectiflow, statement: str) -> None:
    """Update and delete are refused on both tables, but for erasing a private part whole."""
    number = assigned(flow).number
    before = flow.history(number)
    with pytest.raises(DBAPIError, match="is append-only"):
        run(flow.store.engine, statement)
    assert flow.history(number) == before


@pytest.mark.parametrize("table", GUARDED)
def test_replacing_is_refused_too(flow: Rectiflow, table: str) -> None:
    """INSERT OR REPLACE deletes without saying so on SQLite; on PostgreSQL ON CONFLICT DO UPDATE is an update."""
    number = assigned(flow).number
    before = flow.history(number)
    copy = f"SELECT * FROM rectiflow_{table} WHERE seq = 1"  # noqa: S608 a name in a test
    if flow.store.engine.dialect.name == "sqlite":
        statement = f"INSERT OR REPLACE INTO rectiflow_{table} {copy}"
    else:
        key = "ON CONFLICT (district, number, seq) DO UPDATE SET number = 'x'"
        statement = f"INSERT INTO rectiflow_{table} {copy} {key}"
    with pytest.raises(DBAPIError, match="is append-only"):
        run(flow.store.engine, statement)
    with pytest.raises(Exception, match="is append-only"), flow.store.link.alone() as cursor:
        cursor.execute(statement)
    assert flow.history(number) == before


@pytest.mark.parametrize("table", GUARDED)
def test_emptying_the_table_is_refused(flow: Rectiflow, table: str) -> None:
    """TRUNCATE on PostgreSQL; on SQLite a DELETE without a condition takes the same short cut."""
    assigned(flow)
    statement = f"TRUNCATE rectiflow_{table}"
    if flow.store.engine.dialect.name == "sqlite":
        statement = f"DELETE FROM rectiflow_{table}"  # noqa: S608 a name in a test
    with pytest.raises(DBAPIError, match="is append-only"):
        run(flow.store.engine, statement)
    assert scalar(flow.store.engine, f"SELECT count(*) FROM rectiflow_{table}") == 2  # noqa: S608


def test_a_private_part_can_be_erased_and_the_chain_holds(flow: Rectiflow) -> None:
    """Names and free text go with their salt; ids, dates and the chain stay; nothing can be put in their place."""
    number = lived(flow).number
    erase = f"UPDATE rectiflow_private SET body = NULL, salt = NULL WHERE number = '{number}'"  # noqa: S608
    run(flow.store.engine, erase)
    history = flow.history(number)
    assert {(e.private, e.salt) for e in history} == {(None, None)}
    assert [e.actor for e in history] == ["chief", "chief", "head", "officer", "deputy", "chief"]
    assert found(flow) == {number: []}
    run(flow.store.engine, erase)
    with pytest.raises(DBAPIError, match="is append-only"):
        run(flow.store.engine, "UPDATE rectiflow_private SET body = '{}', salt = 'x'")


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (["UPDATE rectiflow_event SET to_state = 'closed' WHERE seq = 2"], "内容与校验值不符，被改动过"),
        (["UPDATE rectiflow_event SET actor = 'deputy' WHERE seq = 1"], "内容与校验值不符，被改动过"),
        (["UPDATE rectiflow_event SET happened_on = '2020-01-01' WHERE seq = 6"], "内容与校验值不符，被改动过"),
        (["UPDATE rectiflow_event SET public = '{}' WHERE seq = 3"], "内容与校验值不符，被改动过"),
        (["UPDATE rectiflow_event SET previous = 'x' WHERE seq = 4"], "与上一条记录不衔接"),
        (
            ["UPDATE rectiflow_private SET body = '{\"data\": {}}' WHERE seq = 1"],
            "人员与文字部分与校验值不符，被改动过",
        ),
        (["DELETE FROM rectiflow_event WHERE seq = 3"], "缺第 3 条记录"),
        (["DELETE FROM rectiflow_event WHERE seq = 6"], "末条记录与隐患登记的不一致，可能有记录被删"),
        (["UPDATE rectiflow_ticket SET head = 'x'"], "末条记录与隐患登记的不一致，可能有记录被删"),
        (["DELETE FROM rectiflow_ticket"], "隐患登记缺失，只剩办理记录"),
        (["DELETE FROM rectiflow_event"], "办理记录全部缺失"),
    ],
)
def test_the_audit_finds_what_was_manipulated(flow: Rectiflow, statements: Sequence[str], message: str) -> None:
    """Whatever somebody with all rights changes behind our back, the audit names the number and the line."""
    number = lived(flow).number
    assert found(flow) == {number: []}
    unguarded(flow.store.engine, *statements)
    assert message in found(flow)[number]


def test_the_audit_names_only_what_was_touched(flow: Rectiflow) -> None:
    """One of three is manipulated: the other two are whole, and the line is named."""
    numbers = [lived(flow).number, reported(flow).number, assigned(flow).number]
    unguarded(
        flow.store.engine,
        f"UPDATE rectiflow_event SET via = 'paper' WHERE number = '{numbers[2]}' AND seq = 2",  # noqa: S608
    )
    audit = {number: (lines, breaks) for number, lines, breaks in flow.audit()}
    assert [lines for lines, _ in audit.values()] == [6, 1, 2]
    assert [[b.seq for b in breaks] for _, breaks in audit.values()] == [[], [], [2]]


def test_an_audit_beside_somebody_at_work_is_quiet(flow: Rectiflow) -> None:
    """What is written while the audit reads is no break: each history and its ticket are read at one moment."""
    numbers = [assigned(flow).number for _ in range(3)]
    breaks: list[ChainBreak] = []
    for number, _, found_breaks in flow.audit():
        for other in numbers if number == numbers[0] else ():
            flow.do(other, "sign", by="head")
        breaks += found_breaks
    assert breaks == []
    assert [len(flow.history(n)) for n in numbers] == [3, 3, 3]


@pytest.mark.parametrize("trigger", ["event_no_update", "event_no_delete", "private_no_update", "private_no_delete"])
def test_a_missing_trigger_is_noticed(engine: Engine, trigger: str) -> None:
    """Opening refuses and names it."""
    schema.check_schema(engine)
    table = trigger.split("_")[0]
    on = f" ON rectiflow_{table}" if engine.dialect.name == "postgresql" else ""
    run(engine, f"DROP TRIGGER rectiflow_{trigger}{on}")
    assert len(schema.trigger_problems(engine)) == 1
    with pytest.raises(WorkplaceError, match=f"rectiflow_{trigger} 不在了.*请运行 rectiflow audit verify 核对"):
        schema.check_schema(engine)


def test_a_trigger_switched_off_is_noticed(engine: Engine) -> None:
    """PostgreSQL can disable a trigger and keep it; SQLite cannot."""
    if engine.dialect.name == "postgresql":
        run(engine, "ALTER TABLE rectiflow_event DISABLE TRIGGER rectiflow_event_no_truncate")
        assert len(schema.trigger_problems(engine)) == 1
        run(engine, "ALTER TABLE rectiflow_event ENABLE ALWAYS TRIGGER rectiflow_event_no_truncate")
    assert schema.trigger_problems(engine) == []


def test_a_chain_of_another_ticket_does_not_fit(flow: Rectiflow) -> None:
    """Two histories that say the same are chained apart: the number is in the hash."""
    one, two = reported(flow), reported(flow)
    events = queries.events_of(flow.store.engine, HOME.code, one.number)
    assert check_chain(one.number, events, one.head) == ()
    assert check_chain(two.number, events, two.head) != ()
    assert one.head != two.head
