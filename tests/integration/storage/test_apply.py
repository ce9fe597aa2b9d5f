"""One decision is one transaction: guarded by the ticket's version, numbered once, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Engine

from rectiflow._flow import Rectiflow
from rectiflow.engine.decision import CallTask, Crossing, Decision
from rectiflow.engine.errors import Conflict, InputUnusable, NotFound
from rectiflow.engine.ticket import Document, Ticket
from rectiflow.storage.connect import writing
from rectiflow.storage.store import KeyTaken, Store
from support.stores import (
    ELSEWHERE,
    HOME,
    NOW,
    PHOTO,
    a_key,
    a_message,
    a_run,
    a_ticket,
    a_timer,
    an_event,
    an_incident,
    assigned,
    counts,
    first,
    following,
    reported,
    rows,
    scalar,
)

PAPER = Document(kind="listing_notice", unit="school1", drafted_on=date(2024, 9, 2), ordinal=1)


def everything() -> Decision:
    """Return a first decision that writes a row into every table."""
    return first(
        clocks=(a_run(),),
        arm=(a_timer(),),
        messages=(a_message(),),
        documents=(PAPER,),
        calls=(CallTask(clock="rectify", role="safety_section", callee="head", opened_at=NOW),),
        evidence=(PHOTO,),
        incidents=(an_incident(),),
    )


def together(*work: Callable[[], Any]) -> list[Any]:
    """Do several things at the same moment, each in a thread of its own; return what each answered or raised."""
    barrier, answers = Barrier(len(work)), list[Any](work)

    def one(index: int) -> None:
        barrier.wait()
        try:
            answers[index] = work[index]()
        except Exception as exc:  # noqa: BLE001 it is the answer
            answers[index] = exc

    threads = [Thread(target=one, args=(index,)) for index in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


# the version guard ------------------------------------------------------------------------------------------------


def test_a_decision_on_an_older_version_is_a_conflict(store: Store) -> None:
    """Who decided on what has changed since gets a Conflict, and nothing of it is written."""
    stored = store.apply(first(), prefix="LZH")
    store.apply(following(stored, changes={"state": "assigned"}), prefix="LZH")
    before = counts(store.engine)
    late = following(
        stored, changes={"state": "closed"}, clocks=(a_run(),), messages=(a_message(),), incidents=(an_incident(),)
    )
    with pytest.raises(Conflict) as raised:
        store.apply(late, prefix="LZH")
    assert raised.value.number == stored.number
    assert counts(store.engine) == before
    assert store.load(stored.number).ticket.state == "assigned"


def test_of_two_at_once_one_wins(store: Store) -> None:
    """Two threads that decided on the same version: one is carried out, the other conflicts."""
    stored = store.apply(first(), prefix="LZH")
    work = [lambda s=state: store.apply(following(stored, changes={"state": s}), prefix="LZH") for state in "ab"]
    answers = together(*work)
    assert sorted(type(a).__name__ for a in answers) == ["Conflict", "Ticket"]
    winner = next(a for a in answers if isinstance(a, Ticket))
    assert store.load(stored.number).ticket == winner
    assert counts(store.engine)["event"] == 2


def test_a_ticket_that_does_not_exist(store: Store) -> None:
    """Loading it says so in Chinese, changing it conflicts."""
    with pytest.raises(NotFound, match="没有编号为“LZH-2024-000099”的隐患"):
        store.load("LZH-2024-000099")
    missing = a_ticket(number="LZH-2024-000099")
    with pytest.raises(Conflict):
        store.apply(following(missing), prefix="LZH")
    assert set(counts(store.engine).values()) == {0}


# numbers ----------------------------------------------------------------------------------------------------------


def test_numbers_count_by_district_and_year(store: Store) -> None:
    """Each district counts for itself, and anew every local year."""
    new_year = an_event(recorded_at=NOW.replace(year=2024, month=12, day=31, hour=16))  # 2025 in China
    decisions = [
        (first(), "LZH"),
        (first(), "LZH"),
        (first(a_ticket(district=ELSEWHERE.code)), "TEST"),
        (replace(first(), events=(new_year,)), "LZH"),
        (first(), "LZH"),
    ]
    numbers = [store.apply(d, prefix=p).number for d, p in decisions]
    assert numbers == ["LZH-2024-000001", "LZH-2024-000002", "TEST-2024-000001", "LZH-2025-000001", "LZH-2024-000003"]


def test_a_number_is_never_given_twice(store: Store) -> None:
    """Not after a failed attempt, and not after the ticket that had it is gone."""
    assert store.apply(first(), prefix="LZH").number.endswith("1")
    store.apply(first(a_ticket(key="k")), prefix="LZH")
    with pytest.raises(KeyTaken):
        store.apply(first(a_ticket(key="k")), prefix="LZH")
    with writing(store.engine) as connection:
        connection.exec_driver_sql("DELETE FROM rectiflow_ticket")
    assert store.apply(first(), prefix="LZH").number == "LZH-2024-000003"


def test_threads_get_numbers_of_their_own(store: Store) -> None:
    """Eight reports at once: eight numbers without a gap."""
    answers = together(*[lambda: store.apply(first(), prefix="LZH").number for _ in range(8)])
    assert sorted(answers) == [f"LZH-2024-{n:06d}" for n in range(1, 9)]


def test_more_than_a_million(store: Store) -> None:
    """The number grows longer, it does not wrap."""
    with writing(store.engine) as connection:
        connection.exec_driver_sql(
            f"INSERT INTO rectiflow_counter VALUES ('{HOME.code}', 'ticket', 2024, 999999)"  # noqa: S608 our own
        )
    assert store.apply(first(), prefix="LZH").number == "LZH-2024-1000000"


def test_a_paper_is_numbered_when_it_is_signed(store: Store) -> None:
    """A draft has no number; signing takes the next one of its kind, district and year, and keeps it."""
    stored = [store.apply(first(documents=(PAPER,)), prefix="LZH") for _ in range(2)]
    assert [d.number for t in stored for d in store.load(t.number).documents] == [None, None]
    signed = replace(PAPER, status="signed", signed_by="leader", signed_on=date(2024, 9, 3))
    for ticket in reversed(stored):
        kept = store.load(ticket.number).documents[0]
        store.apply(following(ticket, documents=(replace(signed, id=kept.id),)), prefix="LZH")
    other = replace(signed, kind="supervision_letter", signed_on=date(2025, 1, 2))
    third = store.apply(first(documents=(other,)), prefix="LZH")
    found = [store.load(t.number).documents[0].number for t in (*stored, third)]
    assert found == ["挂牌督办通知书〔2024〕2号", "挂牌督办通知书〔2024〕1号", "督办通知〔2025〕1号"]
    again = store.load(stored[0].number)
    store.apply(following(again.ticket, documents=(again.documents[0],)), prefix="LZH")
    assert store.load(stored[0].number).documents[0].number == "挂牌督办通知书〔2024〕2号"


# a host's key -----------------------------------------------------------------------------------------------------


def test_a_hosts_key_answers_with_the_first_ticket(flow: Rectiflow) -> None:
    """The same key again returns the ticket as it is now and writes nothing."""
    one = reported(flow, key="host-4711")
    assigned_one = flow.do(
        one.number, "assign", by="chief", responsible_person="officer", due_on=flow.today() + timedelta(days=9)
    )
    before = counts(flow.store.engine)
    again = reported(flow, key="host-4711", description="另一段描述")
    assert again == assigned_one
    assert counts(flow.store.engine) == before
    assert reported(flow, key="host-4712").number != one.number
    assert reported(flow).number != reported(flow).number


def test_a_hosts_key_from_several_threads(flow: Rectiflow) -> None:
    """Six threads with one key: one ticket, and everybody gets it."""
    answers = together(*[lambda: reported(flow, key="host-4711").number for _ in range(6)])
    assert set(answers) == {"LZH-2024-000001"}
    assert counts(flow.store.engine)["ticket"] == 1
    assert reported(flow).number == "LZH-2024-000002"


def test_a_hosts_key_belongs_to_its_district(store: Store) -> None:
    """Two districts may use the same key."""
    store.apply(first(a_ticket(key="k")), prefix="LZH")
    other = store.apply(first(a_ticket(key="k", district=ELSEWHERE.code)), prefix="TEST")
    assert store.by_key(ELSEWHERE.code, "k") == other.number
    assert store.by_key(HOME.code, "none") is None


# timers -----------------------------------------------------------------------------------------------------------


def timers(engine: Engine) -> list[tuple[str, int, str, Any]]:
    """Return step, occurrence, status and whether it has fired, in order."""
    found = rows(engine, "SELECT * FROM rectiflow_timer ORDER BY step, occurrence, run, version")
    return [(r["step"], r["occurrence"], r["status"], r["fired_at"] is not None) for r in found]


def test_arming_again_moves_the_row(store: Store) -> None:
    """The same step of the same run and version keeps its row: only the instant moves, and who held it lets go."""
    stored = store.apply(first(arm=(a_timer(),)), prefix="LZH")
    (claimed,) = store.claim_timers(owner="w", now=NOW, lease=timedelta(minutes=2), limit=9)
    assert claimed.attempts == 1
    store.apply(following(stored, arm=(a_timer(NOW + timedelta(days=1)),)), prefix="LZH")
    assert timers(store.engine) == [("p1w-remind", 0, "armed", False)]
    assert store.claim_timers(owner="w", now=NOW, lease=timedelta(minutes=2), limit=9) == []
    (again,) = store.claim_timers(owner="v", now=NOW + timedelta(days=1), lease=timedelta(minutes=2), limit=9)
    assert (again.due_at, again.attempts) == (NOW + timedelta(days=1), 1)


def test_a_step_that_is_behind_is_never_armed_again(store: Store) -> None:
    """Fired or crossed is for ever, whatever a later decision says."""
    crossed = (
        Crossing(key=a_key(step="a"), nominal_at=NOW),
        Crossing(key=a_key(step="b"), nominal_at=NOW, how="crossed"),
    )
    stored = store.apply(first(crossed=crossed), prefix="LZH")
    store.apply(following(stored, arm=(a_timer(step="a"), a_timer(step="b"), a_timer(step="c"))), prefix="LZH")
    assert timers(store.engine) == [("a", 0, "fired", True), ("b", 0, "crossed", True), ("c", 0, "armed", False)]


def test_disarming_removes_what_is_armed_only(store: Store) -> None:
    """An armed step goes; the ones behind stay as a record."""
    behind = Crossing(key=a_key(step="a"), nominal_at=NOW)
    stored = store.apply(first(crossed=(behind,), arm=(a_timer(step="b"), a_timer(step="c"))), prefix="LZH")
    gone = (a_key(step="a"), a_key(step="b"), a_key(step="b", run=2))
    store.apply(following(stored, disarm=gone), prefix="LZH")
    assert timers(store.engine) == [("a", 0, "fired", True), ("c", 0, "armed", False)]


def test_crossed_steps_keep_their_nominal_and_their_real_time(store: Store) -> None:
    """After downtime each step stands with the instant it belonged to and the one it was crossed at."""
    nominal = [NOW - timedelta(days=n) for n in (3, 2, 1)]
    crossed = tuple(
        Crossing(key=a_key(occurrence=n), nominal_at=at, how="crossed" if n < 2 else "fired")
        for n, at in enumerate(nominal)
    )
    store.apply(first(crossed=crossed), prefix="LZH")
    kept = rows(store.engine, "SELECT status, due_at, fired_at FROM rectiflow_timer ORDER BY occurrence")
    assert [r["status"] for r in kept] == ["crossed", "crossed", "fired"]
    assert [str(r["due_at"])[:10] for r in kept] == ["2024-08-30", "2024-08-31", "2024-09-01"]
    assert {str(r["fired_at"])[:10] for r in kept} == {"2024-09-02"}


# calls, messages, incidents ---------------------------------------------------------------------------------------


def test_one_call_is_open_per_ticket_and_clock(store: Store) -> None:
    """A second call for the same clock waits for the first; when the clock ends, it is done."""
    call = CallTask(clock="sign", role="safety_section", callee=None, opened_at=NOW)
    stored = store.apply(first(calls=(call,)), prefix="LZH")
    stored = store.apply(following(stored, calls=(call, replace(call, clock="assign"))), prefix="LZH")
    found = rows(store.engine, "SELECT clock, status FROM rectiflow_task ORDER BY clock")
    assert [(r["clock"], r["status"]) for r in found] == [("assign", "open"), ("sign", "open")]
    stored = store.apply(following(stored, end_calls=("sign",)), prefix="LZH")
    store.apply(following(stored, calls=(call,)), prefix="LZH")
    found = rows(store.engine, "SELECT clock, status, ended_at FROM rectiflow_task ORDER BY clock, seq")
    assert [(r["clock"], r["status"], r["ended_at"] is None) for r in found] == [
        ("assign", "open", True),
        ("sign", "done", False),
        ("sign", "open", True),
    ]


def test_the_same_message_is_written_once(store: Store) -> None:
    """A key that is in the outbox already is left as it is."""
    stored = store.apply(first(messages=(a_message(),)), prefix="LZH")
    store.apply(following(stored, messages=(a_message(template="other"), a_message("3"))), prefix="LZH")
    found = rows(store.engine, "SELECT key, template FROM rectiflow_message ORDER BY key")
    home = f"{stored.number}:"
    assert [(r["key"], r["template"]) for r in found] == [(f"{home}2:head", "urge"), (f"{home}3:head", "urge")]


def test_one_incident_is_open_per_key(store: Store) -> None:
    """It is opened anew only after it was closed."""
    store.raise_incident(HOME.code, an_incident(), now=NOW)
    store.raise_incident(HOME.code, an_incident(message="又一次"), now=NOW)
    store.raise_incident(HOME.code, an_incident("other"), now=NOW)
    assert [r["message"] for r in rows(store.engine, "SELECT message FROM rectiflow_incident ORDER BY key")] == [
        "岗位空缺",
        "岗位空缺",
    ]
    with writing(store.engine) as connection:
        connection.exec_driver_sql("UPDATE rectiflow_incident SET status = 'closed'")
    store.raise_incident(HOME.code, an_incident(message="又一次"), now=NOW)
    assert scalar(store.engine, "SELECT message FROM rectiflow_incident WHERE status = 'open'") == "又一次"


# what cannot be kept ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("character", ["\0", "\ud83d"], ids=["null", "half an emoji"])
def test_text_that_no_database_can_keep(flow: Rectiflow, character: str) -> None:
    """A null character, half an emoji: the same refusal on every database, nothing written, wherever it stands."""
    number = assigned(flow).number
    before = counts(flow.store.engine)
    text = f"疏散通道{character}堵塞"
    tries: tuple[Callable[[], Any], ...] = (
        lambda: reported(flow, description=text),
        lambda: reported(flow, key=text),
        lambda: flow.do(number, "sign", by="head", note=text),
        lambda: flow.void(number, by="chief", reason=text),
    )
    for attempt in tries:
        with pytest.raises(InputUnusable, match="文字里有不能保存的字符"):
            attempt()
    assert counts(flow.store.engine) == before
    with pytest.raises((InputUnusable, NotFound)):
        flow.ticket(f"LZH{character}")
    assert reported(flow, description="反斜杠 \\u0000 不是空字符").fields["description"] == "反斜杠 \\u0000 不是空字符"


# one transaction --------------------------------------------------------------------------------------------------


def refuse_inserts(engine: Engine, table: str) -> None:
    """Let every insert into a table fail, as a broken disk would in the middle of a transaction."""
    with writing(engine) as connection:
        if engine.dialect.name == "sqlite":
            raising = f"BEGIN SELECT RAISE(ABORT, 'no room in {table}'); END"
            connection.exec_driver_sql(f"CREATE TRIGGER refusing BEFORE INSERT ON rectiflow_{table} {raising}")
            return
        connection.exec_driver_sql(
            "CREATE FUNCTION refusing() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION 'no room in {table}'; END $$"
        )
        connection.exec_driver_sql(
            f"CREATE TRIGGER refusing BEFORE INSERT ON rectiflow_{table} FOR EACH ROW EXECUTE FUNCTION refusing()"
        )


@pytest.mark.parametrize("table", ["private", "clock", "timer", "document_item", "task", "message", "incident"])
def test_a_failure_in_the_middle_leaves_nothing(store: Store, table: str) -> None:
    """Whichever table fails: no ticket, no event, no number taken; afterwards everything works again."""
    refuse_inserts(store.engine, table)
    with pytest.raises(Exception, match=f"no room in {table}"):
        store.apply(everything(), prefix="LZH")
    assert set(counts(store.engine).values()) == {0}
    with writing(store.engine) as connection:
        on = "" if store.engine.dialect.name == "sqlite" else f" ON rectiflow_{table}"
        connection.exec_driver_sql(f"DROP TRIGGER refusing{on}")
    assert store.apply(everything(), prefix="LZH").number == "LZH-2024-000001"
    assert set(counts(store.engine).values()) >= {1}


def test_a_failing_change_leaves_the_ticket_as_it_was(flow: Rectiflow) -> None:
    """The same through the whole engine: version, state, clocks and history stay; the next try succeeds."""
    ticket = assigned(flow)
    before = counts(flow.store.engine)
    refuse_inserts(flow.store.engine, "private")
    with pytest.raises(Exception, match="no room in private"):
        flow.do(ticket.number, "sign", by="head")
    assert counts(flow.store.engine) == before
    assert flow.ticket(ticket.number) == ticket
    assert [breaks for *_, breaks in flow.audit()] == [()]


def test_several_decisions_are_all_or_none(store: Store) -> None:
    """One of fifty fails: none is there; without it they are, numbered in their order."""
    store.apply(first(a_ticket(key="taken")), prefix="LZH")
    many = [first(a_ticket(key=f"row-{n}")) for n in range(49)]
    with pytest.raises(KeyTaken):
        store.apply_all([*many, first(a_ticket(key="taken"))], prefix="LZH")
    assert counts(store.engine)["ticket"] == 1
    stored = store.apply_all(many, prefix="LZH")
    assert [t.number for t in stored] == [f"LZH-2024-{n:06d}" for n in range(2, 51)]
    assert [store.load(t.number).ticket for t in stored] == stored


def test_a_conflict_among_several_undoes_all(store: Store) -> None:
    """Two changes in one transaction, the second on an old version: the first is undone too."""
    one, two = (store.apply(first(), prefix="LZH") for _ in range(2))
    store.apply(following(two), prefix="LZH")
    with pytest.raises(Conflict):
        store.apply_all([following(one, changes={"state": "closed"}), following(two)], prefix="LZH")
    assert store.load(one.number).ticket == one
