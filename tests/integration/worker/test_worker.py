"""The worker as a process of its own: keeps the time, stops cleanly, and never does a thing twice."""

from __future__ import annotations

import signal
import socket
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from rectiflow._clock import SetClock
from rectiflow._doctor import doctor
from rectiflow._heart import TIMED
from rectiflow._incidents import close_incident, incidents, rearm, retry_incident
from rectiflow._messages import outbox
from rectiflow._worker import beat
from rectiflow._workplace import Workplace
from rectiflow.engine.errors import InputUnusable, WorkplaceError
from rectiflow.storage import queries, workers
from rectiflow.storage.connect import writing
from rectiflow.storage.tables import table
from support.workplaces import assigned, rectiflow_process, sample_workplace, stop, wait_until

LATER = "2024-09-16T09:30"  # the tickets were due on 12 September


def _fired(place: Workplace, numbers: list[str]) -> Counter[tuple[str, str, int]]:
    flow = place.flow
    rows = [row for n in numbers for row in queries.timers_of(flow.store.engine, flow.district, n)]
    return Counter((r["number"], r["step"], r["occurrence"]) for r in rows if r["status"] in ("fired", "crossed"))


def _unsent(place: Workplace) -> int:
    return len(outbox(place.flow, status="waiting"))


def test_beat_fires_and_sends_once(place: Workplace) -> None:
    """One beat crosses what is due and hands every message over; a second finds nothing to do."""
    assigned(place, 3)
    assert isinstance(place.clock, SetClock)
    place.clock.forward(days=14)
    first, second = beat(place), beat(place)
    assert first["fired"] == 6  # of each ticket the sign clock and the rectify clock
    assert first["sent"] > 0
    assert (second["fired"], second["sent"], _unsent(place)) == (0, 0, 0)


def test_run_keeps_the_time_and_stops_on_sigterm(place: Workplace) -> None:
    """`run` fires and sends by itself; on SIGTERM it ends with 0 and says so."""
    numbers = assigned(place, 2)
    with rectiflow_process(place.folder, ["--now", LATER, "run"]) as process:
        wait_until(lambda: bool(_fired(place, numbers)) and not _unsent(place))
        code, errors = stop(process)
    assert code == 0
    assert "已停止" in errors
    assert "Traceback" not in errors


def test_interrupt_is_quiet(place: Workplace) -> None:
    """Ctrl-C stops `run` like SIGTERM, without a traceback."""
    with rectiflow_process(place.folder, ["--now", LATER, "run"]) as process:
        assert process.stdout is not None
        assert "已开始运行" in process.stdout.readline()
        code, errors = stop(process, signal.SIGINT)
    assert (code, "Traceback" in errors) == (0, False)


def test_second_run_on_one_file_is_refused(tmp_path: Path) -> None:
    """A second `run` on the same SQLite file says who is in the way and what to do, and exits with 1."""
    place = sample_workplace(tmp_path / "place")
    with rectiflow_process(place.folder, ["--now", LATER, "run"]) as first:
        assert first.stdout is not None
        first.stdout.readline()
        with rectiflow_process(place.folder, ["--now", LATER, "run"]) as second:
            _, errors = second.communicate(timeout=60)
        assert second.returncode == 1
        assert "另一个 rectiflow run" in errors
        assert stop(first)[0] == 0
    place.flow.close()


def test_two_workers_fire_every_step_once(tmp_path: Path, fresh_postgres_url: str) -> None:
    """Two workers on one PostgreSQL database share the work: every step and every message once, every chain whole."""
    place = sample_workplace(tmp_path / "place", db=fresh_postgres_url)
    numbers = assigned(place, 30)
    arguments = ["--now", LATER, "run"]
    with (
        rectiflow_process(place.folder, arguments) as one,
        rectiflow_process(place.folder, arguments) as two,
    ):
        wait_until(
            lambda: (
                len({n for n, step, _ in _fired(place, numbers) if step == "p1w-remind"}) == 30 and not _unsent(place)
            )
        )
        assert [stop(p)[0] for p in (one, two)] == [0, 0]
    steps = [tuple(s) for n in numbers for e in place.flow.history(n) if e.kind == "timer" for s in e.public["steps"]]
    assert len(steps) == sum(_fired(place, numbers).values())
    keys = [m.key for m in outbox(place.flow, status="sent")]
    assert len(keys) == len(set(keys))
    mails = list((place.folder / "outgoing" / "mail").iterdir())
    assert len(mails) == sum(m.channel == "mail" for m in outbox(place.flow, status="sent"))
    assert not [b for _, _, breaks in place.flow.audit() for b in breaks]
    place.flow.close()


def test_a_poison_ticket_becomes_an_incident_and_stops_nobody(place: Workplace) -> None:
    """A ticket whose definition is gone is put off, then an incident; the others fire meanwhile."""
    numbers = assigned(place, 2)
    engine = place.flow.store.engine
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.exec_driver_sql(f"UPDATE rectiflow_ticket SET version = 99 WHERE number = '{numbers[0]}'")  # noqa: S608
    assert isinstance(place.clock, SetClock)
    place.clock.forward(days=14)
    done = place.flow.tick()
    assert (done.fired, done.failed) == (2, 2)
    for _ in range(6):
        place.clock.forward(hours=3)
        place.flow.tick()
    found = queries.incidents(engine, place.flow.district)
    assert {i["number"] for i in found if i["kind"] == "timer"} == {numbers[0]}


def test_messages_about_a_hazard_that_cannot_be_read_stop_nobody(place: Workplace) -> None:
    """Its columns were damaged by hand: what waits and what is held about it fails, at last with an incident; the rest goes."""
    assert isinstance(place.clock, SetClock)
    flow, engine = place.flow, place.flow.store.engine
    whole, broken = assigned(place, 2)
    place.deliver()
    place.clock.forward(days=7)
    flow.tick()
    (other,) = assigned(place, 1)
    held, waiting = (
        {m.key for m in outbox(flow, status=status) if m.number in (broken, other)} for status in ("held", "waiting")
    )
    assert held
    assert waiting
    flow.store.link.run(f"UPDATE rectiflow_ticket SET fields = '[1]' WHERE number IN ('{broken}', '{other}')")  # noqa: S608
    place.clock.forward(minutes=30)
    done = beat(place)
    assert (done["sent"] > 0, done["retried"]) == (True, len(held | waiting))
    assert [w.owner for w in workers.workers(engine, flow.district)] == [
        f"{flow.district}{TIMED}{socket.gethostname()}"
    ]
    for _ in range(6):
        place.clock.forward(hours=7)
        beat(place)
    dead = {m.key: m.detail or "" for m in outbox(flow, status="dead")}
    assert dead.keys() == held | waiting
    assert all("隐患的数据读不出来" in said for said in dead.values())
    assert not [m for m in outbox(flow, status="waiting") if m.number in (whole, broken, other)]
    told = {i["key"] for i in queries.incidents(engine, flow.district) if i["kind"] == "message"}
    assert all(any(key in incident for incident in told) for key in dead)


def test_nobody_is_called_about_a_hazard_that_cannot_be_read(place: Workplace) -> None:
    """Its message was given up for another reason: it ends as not delivered, and the delivery goes on."""
    (number,) = assigned(place, 1)
    link = place.flow.store.link
    link.run("UPDATE rectiflow_message SET attempts = 9")
    link.run("UPDATE rectiflow_ticket SET fields = '[1]'")
    assert place.deliver().dead == len(outbox(place.flow, status="dead")) > 0
    assert {m.number for m in outbox(place.flow, status="dead")} == {number}


def test_a_failing_database_is_nobody_s_attempt(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was claimed when it failed is given back, at once or when it answers again; no attempt counts, nothing waits."""
    numbers, flow = assigned(place, 2), place.flow
    assert isinstance(place.clock, SetClock)
    place.clock.forward(days=14)

    def away(*_: object, **__: object) -> None:
        raise WorkplaceError("数据库磁盘已满")

    for attempt in range(7):
        with monkeypatch.context() as broken:
            broken.setattr(flow, "carry_each", away)
            if attempt % 2:
                broken.setattr(flow.store, "release_timers", away)
            with pytest.raises(WorkplaceError, match="磁盘已满"):
                flow.tick()
        assert len(flow.owed) == (2 if attempt % 2 else 0)
    assert flow.tick().fired == 4
    rows = [row for n in numbers for row in queries.timers_of(flow.store.engine, flow.district, n)]
    assert max(row["attempts"] for row in rows) == 1
    assert flow.owed == []


def test_one_incident_is_tried_again_alone(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two timers that were given up, `incident retry` arms the one its incident is about."""
    flow = place.flow
    assigned(place, 1)
    assert isinstance(place.clock, SetClock)
    place.clock.forward(days=14)
    with monkeypatch.context() as broken:
        broken.setattr("rectiflow._sweep.MOST_ATTEMPTS", 1)
        broken.setattr(flow, "answer", _broken)
        assert flow.tick().failed == 2
    one, other = incidents(flow)
    assert [f.state for f in doctor(place) if f.subject == "停滞的隐患"] == ["有问题"]
    with pytest.raises(InputUnusable, match="提醒和督办都停着"):
        close_incident(flow, one.id, by=flow.directory().holders("safety_section", None, flow.today())[0])
    keeper = flow.directory().holders("safety_section", None, flow.today())[0]
    retry_incident(flow, one.id, by=keeper)
    assert flow.tick().fired == 1
    assert [i.id for i in incidents(flow)] == [other.id]


def test_timers_that_went_astray_are_named_and_put_back(place: Workplace) -> None:
    """Gone, or said to have fired though the clock waits for them: the doctor says so, and what is owed still comes once."""
    flow = place.flow
    gone, fired, well, undated = assigned(place, 4)
    t, c = table("timer"), table("clock")
    nothing = {"due_on": None, "due_at": None, "next_step": None, "next_at": None}
    with writing(flow.store.engine) as connection:
        connection.execute(delete(t).where(t.c.number.in_([gone, undated])))
        connection.execute(update(c).where(c.c.number == undated).values(nothing))
        connection.execute(update(t).where(t.c.number == fired).values(status="fired", fired_at=flow.now()))
    assert isinstance(place.clock, SetClock)
    place.clock.forward(days=20)
    assert flow.tick().fired == 2  # the sign clock and the rectify clock of the one that is well
    bad, note = (f for f in doctor(place) if f.subject == "停滞的隐患")
    assert (bad.state, note.state) == ("有问题", "请注意")
    assert f"：{gone}、{fired}；请运行 rectiflow incident rearm" in bad.detail
    assert f"：{undated}；多为未定时限，请补时限" in note.detail
    assert rearm(flow) == [gone, fired]
    assert rearm(flow) == []
    assert flow.tick().fired == 4
    taken = [
        {(step, times): n for (_, step, times), n in _fired(place, [number]).items()} for number in (gone, fired, well)
    ]
    assert taken[0] == taken[1] == taken[2]
    assert set(taken[0].values()) == {1}
    assert [f.state for f in doctor(place) if f.subject == "停滞的隐患"] == ["请注意"]


def _broken(_: object) -> None:
    raise RuntimeError("坏了")
