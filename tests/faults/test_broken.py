"""What breaks while it is in use: disks, connections, clocks, workers, definitions. Nothing is lost and nothing done twice."""

from __future__ import annotations

import itertools
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from threading import Barrier, Thread
from typing import Any, Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from rectiflow._clock import SetClock
from rectiflow._flow import Rectiflow
from rectiflow._outbox import DirectoryContacts, StoreOutbox
from rectiflow._sweep import Swept
from rectiflow._worker import beat
from rectiflow._workplace import Workplace
from rectiflow.engine.decision import IncidentDraft
from rectiflow.engine.errors import Refused, WorkplaceBusy, WorkplaceError
from rectiflow.notifiers import DispatchReport, TemplateSet, builtin_templates, dispatch_once
from rectiflow.storage import queries, schema
from rectiflow.storage.connect import make_engine, writing
from rectiflow.storage.store import ClaimLost, DueTimer
from rectiflow.storage.tables import METADATA, table
from support.broken import (
    BusyClock,
    Plan,
    RunningClock,
    Step,
    claimed,
    faulty_engine,
    full_disk,
    limit_pages,
    standing,
    steps_behind,
    steps_taken,
)
from support.herd import LineChannel
from support.postgres import RestartableServer, fresh_database, restartable_server
from support.stores import LEASE, NOW, assigned, counts, office, open_office, reported, rows
from support.workplaces import assigned as assigned_hazards
from support.workplaces import rectiflow_process, sample_workplace, wait_until

FULL = "所在的磁盘已满，什么也没有写入；请清理磁盘后重试。"
KEEPER = "安全股股长"
SMALL = Path(__file__).parents[1] / "data" / "small.yaml"
Keep = Callable[[Rectiflow], Rectiflow]
LOST = "的连接断了；请稍后再试，先看看刚才那一步是否已经办成。"


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with our schema, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "rectiflow.db"
    engine = make_engine(f"sqlite:///{path}")
    schema.migrate(engine)
    engine.dispose()
    return path


@pytest.fixture
def path(tmp_path: Path, migrated_file: Path) -> Path:
    """An SQLite file with our schema."""
    return Path(shutil.copy(migrated_file, tmp_path / "rectiflow.db"))


@pytest.fixture
def postgres(fresh_postgres_url: str) -> str:
    """The address of a PostgreSQL database with our schema."""
    engine = make_engine(fresh_postgres_url)
    schema.migrate(engine)
    engine.dispose()
    return fresh_postgres_url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """The address of a database with our schema, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('path')}"
    return str(request.getfixturevalue("postgres"))


@pytest.fixture
def flow(url: str) -> Iterator[Rectiflow]:
    """A small office at work; its clock stands still."""
    made = open_office(make_engine(url))
    yield made
    made.close()


@pytest.fixture
def untroubled() -> Iterator[Rectiflow]:
    """An office in which nothing ever breaks, to compare with."""
    engine = make_engine("sqlite://")
    schema.migrate(engine)
    made = open_office(engine)
    yield made
    made.close()


@pytest.fixture
def kept() -> Iterator[Keep]:
    """Close what a test has opened, however it ends."""
    with ExitStack() as stack:
        yield stack.enter_context


def forward(*flows: Rectiflow, **span: float) -> None:
    """Move the clocks of offices on."""
    for flow in flows:
        assert isinstance(flow.clock, SetClock)
        flow.clock.forward(**span)


templates = cache(lambda: TemplateSet.load([builtin_templates()]))


def deliver(flow: Rectiflow, sent: Path, *, limit: int = 8) -> DispatchReport:
    """Hand over one batch of what waits, a line each."""
    outbox, contacts = StoreOutbox(flow.store, flow.owner, flow.now), DirectoryContacts(flow.directory)
    return dispatch_once(
        outbox, contacts, templates(), [LineChannel(sent)], owner=flow.owner, now=flow.now, limit=limit
    )


def complaint(work: Callable[[], object]) -> str | None:
    """Do something; return what is said where the database cannot be used."""
    try:
        work()
    except WorkplaceError as exc:
        return str(exc)
    return None


def together(works: list[Callable[[], None]]) -> None:
    """Do things at the same time."""
    threads = [Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# the disk is full -------------------------------------------------------------------------------------------------


def test_the_disk_fills_up_in_a_sweep(path: Path, untroubled: Rectiflow, kept: Keep) -> None:
    """Wherever the room ends: said so, what is written is whole; with room again every due step is taken once."""
    flow = kept(open_office(make_engine(f"sqlite:///{path}")))
    for office_ in (flow, untroubled):
        for n in range(30):
            assigned(office_, days=3 + n % 3)
    forward(flow, untroubled, days=14)
    untroubled.tick()
    said = Counter[str]()
    for more in itertools.count():
        with full_disk(flow, more):
            complained = complaint(lambda: flow.tick(limit=7))
        if complained is None:
            break
        said[complained] += 1
        assert steps_behind(flow) == steps_taken(flow)
        assert [b for *_, breaks in flow.audit() for b in breaks] == []
        forward(flow, minutes=3)  # the leases of what was claimed are over
    assert set(said) == {f"数据库“{path}”{FULL}"}
    assert said.total() > 3
    flow.tick()
    assert standing(flow) == standing(untroubled)
    assert queries.incidents(flow.store.engine, flow.district) == []


def test_the_disk_fills_up_in_an_action(path: Path, kept: Keep) -> None:
    """Wherever the room ends: nothing of the action is written, and it can be done when there is room again."""
    flow = kept(open_office(make_engine(f"sqlite:///{path}")))
    refused = 0
    for _ in range(8):
        number = reported(flow).number
        before = counts(flow.store.engine), flow.ticket(number)
        for more in itertools.count():
            with full_disk(flow, more):
                said = complaint(partial(flow.void, number, by="chief", reason="重复登记" * 900))
            if said is None:
                break
            assert said == f"数据库“{path}”{FULL}"
            refused += 1
            assert (counts(flow.store.engine), flow.ticket(number)) == before
        assert [e.kind for e in flow.history(number)] == ["reported", "voided"]
    assert refused > 8
    assert [b for *_, breaks in flow.audit() for b in breaks] == []


def test_the_disk_fills_up_under_many_threads(path: Path, kept: Keep) -> None:
    """They share commits: who is told that it is done has it on record, everybody else is told why not."""
    flow = kept(open_office(make_engine(f"sqlite:///{path}")))
    begin, done, faults = Barrier(8), list[str](), list[Exception]()

    def work(letter: str) -> None:
        limit_pages(flow, 60)
        begin.wait()
        try:
            for _ in range(100):
                done.append(reported(flow, description=letter * 2500).number)
        except Exception as exc:  # noqa: BLE001 it is looked at below
            faults.append(exc)

    together([partial(work, letter) for letter in "甲乙丙丁戊己庚辛"])
    assert {(type(f), str(f)) for f in faults} == {(WorkplaceError, f"数据库“{path}”{FULL}")}
    assert len(faults) == 8
    assert sorted(done) == [t.number for t in flow.tickets()] == [f"LZH-2024-{n + 1:06d}" for n in range(len(done))]
    assert [(lines, breaks) for _, lines, breaks in flow.audit()] == [(1, ())] * len(done)
    flow.store.close()  # the threads' connections, which are limited, with them
    assert assigned(flow).number == f"LZH-2024-{len(done) + 1:06d}"


def test_the_disk_fills_up_under_sweeping_threads(path: Path, untroubled: Rectiflow, kept: Keep) -> None:
    """Several workers in one process sweep into a full disk; with room again each due step is taken once."""
    clock = SetClock(NOW)
    flow = kept(open_office(make_engine(f"sqlite:///{path}"), clock=clock))
    for office_ in (flow, untroubled):
        for n in range(24):
            assigned(office_, days=3 + n % 3)
    clock.forward(days=14)
    forward(untroubled, days=14)
    untroubled.tick()
    begin, faults = Barrier(4), list[Exception]()

    def work(owner: int) -> None:
        limit_pages(flow, 4)
        begin.wait()
        worker = kept(office(flow.store.engine, clock=clock))
        worker.store, worker.owner = flow.store, f"w{owner}"
        try:
            worker.tick(limit=2)
        except Exception as exc:  # noqa: BLE001 it is looked at below
            faults.append(exc)

    together([partial(work, n) for n in range(4)])
    assert {(type(f), str(f)) for f in faults} == {(WorkplaceError, f"数据库“{path}”{FULL}")}
    flow.store.close()
    clock.forward(minutes=3)
    flow.tick()
    assert standing(flow) == standing(untroubled)


# the server is lost in the middle of a statement ------------------------------------------------------------------


@pytest.fixture
def plan() -> Plan:
    """What is going to fail."""
    return Plan()


@pytest.fixture
def shaky(postgres: str, plan: Plan) -> Iterator[Rectiflow]:
    """An office on PostgreSQL whose driver fails as planned."""
    made = open_office(faulty_engine(postgres, plan))
    yield made
    made.close()


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_the_server_is_lost_in_a_sweep(shaky: Rectiflow, untroubled: Rectiflow, plan: Plan, *, done: bool) -> None:
    """Each statement fails in turn, not done or done and the answer lost: every step and every message once."""
    for flow in (shaky, untroubled):
        for n in range(3):
            assigned(flow, days=4 + n)
    struck = list[str]()
    for _ in range(60):
        forward(shaky, untroubled, days=3)
        plan.arm(len(struck), done=done)
        assert (complaint(lambda: shaky.tick(limit=2)) or LOST).endswith(LOST)
        plan.disarm()
        struck += plan.struck
        forward(shaky, untroubled, minutes=3)
        shaky.tick(limit=2)
        fired = untroubled.tick().fired
        assert standing(shaky) == standing(untroubled)
        if fired > 1 and not plan.struck:
            break
    else:
        pytest.fail("there was no end of statements")
    assert any("SKIP LOCKED" in s for s in struck)
    assert "COMMIT" in struck
    assert queries.incidents(shaky.store.engine, shaky.district) == []


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_the_server_is_lost_in_an_action(shaky: Rectiflow, plan: Plan, *, done: bool) -> None:
    """Each statement of reporting and assigning fails in turn: said so; done again it is there once, numbers without gaps."""
    due, struck = shaky.today() + timedelta(days=9), list[str]()
    for at in itertools.count():
        plan.arm(at, done=done)
        number = f"LZH-2024-{at + 1:06d}"
        _twice(plan, partial(reported, shaky, key=f"k{at}"))
        _twice(plan, partial(shaky.do, number, "assign", by="chief", responsible_person="officer", due_on=due))
        plan.disarm()
        assert [e.trigger for e in shaky.history(number)] == ["report", "assign"]
        if not plan.struck:
            break
        struck += plan.struck
    assert len(struck) > 3
    assert len(standing(shaky).states) == len(struck) + 1
    assert {m["number"] for m in queries.messages(shaky.store.engine, shaky.district)} == set(standing(shaky).states)


def _twice(plan: Plan, act: Callable[[], object]) -> None:
    """Do something; where the connection breaks, do it again as a person would, who sees when it was done already."""
    with suppress(WorkplaceBusy):
        act()
        return
    try:
        act()
    except Refused:
        assert plan.done


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_the_server_is_lost_while_sending(shaky: Rectiflow, plan: Plan, tmp_path: Path, *, done: bool) -> None:
    """Each statement of a delivery fails in turn: each message is sent; twice at most where what was lost is that it was."""
    sent, struck, again = tmp_path / "sent", list[str](), 0
    sent.touch()
    for at in itertools.count():
        assigned(shaky)
        plan.arm(at, done=done)
        assert (complaint(lambda: deliver(shaky, sent, limit=2)) or LOST).endswith(LOST)
        plan.disarm()
        again += not done and "sent_at" in "".join(plan.struck)
        struck += plan.struck
        forward(shaky, minutes=11)
        while deliver(shaky, sent).claimed:
            pass
        if not plan.struck:
            break
    found = queries.messages(shaky.store.engine, shaky.district)
    assert {m["status"] for m in found} == {"sent"}
    handed = Counter(sent.read_text().splitlines())
    assert set(handed) == {m["key"] for m in found}
    assert handed.total() == len(found) + again
    assert any("rendered_body" in s for s in struck)
    assert queries.incidents(shaky.store.engine, shaky.district) == []


# the clock jumps --------------------------------------------------------------------------------------------------

MOVES = st.one_of(
    st.tuples(st.just("days"), st.integers(1, 6)),
    st.tuples(st.just("minutes"), st.integers(-50, -1)),
    st.tuples(st.just("minutes"), st.integers(1, 3)),
    st.tuples(st.sampled_from(["tick", "send", "die", "die sending"]), st.just(0)),
)


@pytest.fixture(params=["sqlite", "postgresql"])
def emptied(request: pytest.FixtureRequest) -> Callable[[], Engine]:
    """Give the same database again and again, with nothing in it."""
    if request.param == "sqlite":
        path: Path = request.getfixturevalue("path")

        def copied() -> Engine:
            return make_engine(f"sqlite:///{shutil.copy(path, path.with_suffix(f'.{next(_serial)}'))}")

        return copied
    engine = make_engine(str(request.getfixturevalue("postgres")))

    def truncated() -> Engine:
        with writing(engine) as connection:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # the history refuses to go
            connection.exec_driver_sql(f"TRUNCATE {', '.join(METADATA.tables)}")
        return engine

    return truncated


_serial = itertools.count()


@given(walk=st.lists(MOVES, min_size=6, max_size=14))
@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_clock_jumps(
    emptied: Callable[[], Engine], tmp_path: Path, kept: Keep, walk: list[tuple[str, int]]
) -> None:
    """Days ahead and minutes back, workers that die between: no step twice or too early, none missing, no message twice."""
    flow, sent = kept(open_office(emptied())), tmp_path / f"sent{next(_serial)}"
    sent.touch()
    for n in range(4):
        assigned(flow, days=2 + n)
    latest = flow.now()
    for what, amount in walk:
        if what in ("days", "minutes"):
            forward(flow, **{what: amount})
        elif what == "tick":
            flow.tick(limit=2)
        elif what == "send":
            deliver(flow, sent)
        elif what == "die":  # somebody claims and is gone
            flow.store.claim_timers(owner="gone", now=flow.now(), lease=LEASE, limit=2)
        else:
            flow.store.claim_messages(owner="gone", now=flow.now(), lease=LEASE, limit=2)
        latest = max(latest, flow.now())
        steps_taken(flow)
    final = latest + timedelta(days=1)
    _settle(flow, final, sent)
    assert steps_behind(flow) == standing(flow).taken == _expected_steps(final)
    messages = queries.messages(flow.store.engine, flow.district)
    assert {m["status"] for m in messages} == {"sent"}
    assert Counter(sent.read_text().splitlines()) == Counter(m["key"] for m in messages)
    assert queries.incidents(flow.store.engine, flow.district) == []


def _settle(flow: Rectiflow, final: datetime, sent: Path) -> None:
    """Fire and send all that is left."""
    assert isinstance(flow.clock, SetClock)
    flow.clock.set(final)
    assert flow.tick().failed == 0
    while deliver(flow, sent).claimed:
        pass


def _expected_steps(final: datetime) -> Counter[Step]:
    """Return the steps of the same hazards where somebody looked at the end alone."""
    engine = make_engine("sqlite://")
    schema.migrate(engine)
    flow = open_office(engine)
    for n in range(4):
        assigned(flow, days=2 + n)
    assert isinstance(flow.clock, SetClock)
    flow.clock.set(final)
    flow.tick()
    taken = standing(flow).taken
    flow.close()
    return taken


def test_the_clock_is_set_back_before_a_step(flow: Rectiflow) -> None:
    """What is not due any more, as the clock says now, waits; nothing that was done is done again."""
    number = assigned(flow, days=1).number
    forward(flow, days=7)
    assert flow.tick().fired == 2
    taken = steps_taken(flow)
    for _ in range(5):
        forward(flow, minutes=-20)
        assert flow.tick().fired == 0
    assert steps_taken(flow) == taken
    assert {n for n, *_ in taken} == {number}


# a worker is slower than its lease --------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [2, 3, 5, 7, 11])
def test_a_worker_that_is_overtaken(url: str, untroubled: Rectiflow, asked: int, kept: Keep) -> None:
    """It stalls anywhere in its batch, another takes over and fires: the slow one's decisions are refused."""
    clock = BusyClock(NOW)
    slow = kept(open_office(make_engine(url), clock=clock))
    quick = kept(office(slow.store.engine, clock=clock))
    for n in range(8):
        assigned(slow, days=3 + n % 2)
        assigned(untroubled, days=3 + n % 2)
    clock.forward(days=14)
    took = list[Swept]()

    def overtake() -> None:
        clock.forward(minutes=3)
        took.append(quick.tick(limit=5))

    clock.after(asked, overtake)
    late = slow.tick()
    (first,) = took
    forward(untroubled, days=14, minutes=3)
    untroubled.tick()
    assert standing(slow) == standing(untroubled)
    assert first.fired > 0
    assert first.failed == late.failed == 0
    assert queries.incidents(slow.store.engine, slow.district) == []


def test_the_decisions_of_a_worker_that_is_overtaken_are_refused(flow: Rectiflow, kept: Keep) -> None:
    """Of what it holds another takes a part: that part is refused, the rest of the batch is done, and all is done once."""
    for _ in range(6):
        assigned(flow, days=3)
    forward(flow, days=14)
    assert isinstance(flow.clock, SetClock)
    quick = kept(office(flow.store.engine, clock=flow.clock))
    held = flow.store.claim_timers(owner=flow.owner, now=flow.now(), lease=LEASE, limit=6)
    answers = [a for a in map(flow.answer, held) if a is not None]
    forward(flow, minutes=3)
    taken = quick.store.claim_timers(owner=quick.owner, now=flow.now(), lease=LEASE, limit=2)
    results = flow.carry_each(answers)
    lost = {t.number for t in taken}
    assert [isinstance(r, ClaimLost) for r in results] == [t.number in lost for t in held]
    assert len(lost) == 2
    for timer in taken:
        assert quick.fire(timer) is not None
        assert flow.fire(timer) is None
    quick.tick()
    assert set(steps_taken(flow).values()) == {1}
    assert standing(flow).taken


def test_a_slow_worker_that_goes_on_holds_what_it_has(url: str, kept: Keep) -> None:
    """Work that takes longer than a lease in all: it is renewed between, and nobody else gets any of it."""
    clock = RunningClock(NOW)
    flow = kept(open_office(make_engine(url), clock=clock))
    flow.lease = timedelta(seconds=60)
    for _ in range(110):
        assigned(flow, days=3)
    clock.forward(days=14)
    clock.each = {"seconds": 1}
    rival, took = kept(office(flow.store.engine, clock=clock)), list[DueTimer]()

    def going() -> bool:
        if claimed(flow.store.engine):
            took.extend(rival.store.claim_timers(owner="rival", now=clock.now(), lease=timedelta(days=1), limit=500))
        return True

    begun = clock.now()
    done = flow.tick(limit=110, going=going)
    assert clock.now() - begun > 2 * flow.lease
    assert done.failed == 0
    assert took
    assert {t.attempts for t in took} == {1}  # each hazard's other timer, which nobody held
    rival.store.release_timers(took, owner="rival")
    rival.tick()
    assert set(standing(flow).taken.values()) == {1}


# a definition is gone ---------------------------------------------------------------------------------------------


@pytest.fixture
def place(url: str, tmp_path: Path) -> Iterator[Workplace]:
    """Give a workplace on a database of either kind."""
    made = sample_workplace(tmp_path / "place", db=url)
    yield made
    made.flow.close()


class Cli(Protocol):
    """What the fixture ``cli`` is: one call of ``rectiflow`` in a workplace."""

    def __call__(self, place: Workplace, *words: str, now: str = "2024-09-02T10:00") -> tuple[int, str]:
        """Run it in this process, through the console entry; return the exit code and all that was said."""
        ...


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line at 80 columns, by the head of the Safety Section."""
    from rectiflow.cli import main

    monkeypatch.setenv("COLUMNS", "80")

    def call(place: Workplace, *words: str, now: str = "2024-09-02T10:00") -> tuple[int, str]:
        monkeypatch.chdir(place.folder)
        monkeypatch.setattr(sys, "argv", ["rectiflow", "--as", KEEPER, "--now", now, *words])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = "".join(capsys.readouterr())
        assert "Traceback" not in said
        assert "程序出错" not in said
        assert isinstance(stopped.value.code, int)
        return stopped.value.code, said

    return call


def reopened(place: Workplace) -> Workplace:
    """Open a workplace once more, as another process would, under the same clock."""
    return Workplace(place.folder, place.settings, place.clock, rehearsal=True)


def major(place: Workplace) -> str:
    """Put a hazard on record that lives by another definition than the rest; return its number."""
    flow = place.flow
    given: dict[str, Any] = {"source": "bureau", "category": "fire", "unit": "town1_school2", "description": "外墙开裂"}
    return flow.report(
        "major_hazard", by=flow.directory().find_person(KEEPER).id, found_on=flow.today(), **given
    ).number


def test_a_definition_that_is_gone_for_a_while(place: Workplace, cli: Cli) -> None:
    """Its timer becomes an incident and stops nobody; when the definition is back `incident retry` makes it fire, once."""
    engine, number, others = place.flow.store.engine, major(place), assigned_hazards(place, 2)
    row = _take_definition(engine, "major_hazard")
    worker = reopened(place)
    forward(place.flow, days=14)
    first = beat(worker)
    assert (first["fired"], first["failed"]) == (4, 2)  # of each hazard two clocks
    assert first["sent"] > 0
    for n in range(8):
        assert len(queries.incidents(engine, place.flow.district)) == (2 if n > 3 else 0)
        forward(place.flow, hours=3)
        assert beat(worker)["failed"] == (2 if n < 4 else 0)
    waiting = queries.incidents(engine, place.flow.district)
    assert [(i["kind"], i["number"]) for i in waiting] == [("timer", number)] * 2
    for incident in waiting:
        assert "试了 5 次都没有办成：NotFound: 没有流程 major_hazard 第 1 版" in incident["message"]
    assert {n for n, *_ in steps_taken(place.flow)} == set(others)
    with writing(engine) as connection:
        connection.execute(table("definition").insert(), [row])
    now = "2024-09-18T10:00"
    code, listed = cli(place, "incident", "list", now=now)
    for incident in waiting:
        assert incident["id"] in listed
        code, said = cli(place, "incident", "retry", incident["id"].lower(), now=now)
        assert (code, said.strip()) == (0, f"{incident['id']} 已重新排队并结束。")
    assert cli(place, "tick", now=now)[0] == 0
    worker.flow.close()
    taken = standing(place.flow).taken
    assert {n for n, *_ in taken} == {number, *others}
    assert queries.incidents(engine, place.flow.district) == []


def test_a_definition_that_is_still_gone(place: Workplace, cli: Cli) -> None:
    """Tried again too soon it fails anew: another incident is opened, the first one stays closed."""
    engine, number = place.flow.store.engine, major(place)
    _take_definition(engine, "major_hazard")
    ids = list[str]()
    for _ in range(2):
        for _ in range(5):
            forward(place.flow, days=1)
            worker = reopened(place)
            worker.flow.tick()
            worker.flow.close()
        waiting = queries.incidents(engine, place.flow.district)
        assert [i["number"] for i in waiting] == [number] * 2
        ids += [i["id"] for i in waiting]
        for incident in waiting:
            assert cli(place, "incident", "retry", incident["id"], now=f"{place.flow.today()}T09:30")[0] == 0
    assert len(set(ids)) == 4
    assert {i["status"] for i in queries.incidents(engine, place.flow.district, open_only=False)} == {"closed"}


def test_the_doctor_finds_a_definition_that_is_gone(place: Workplace, cli: Cli) -> None:
    """It names the version and how many hazards hang on it, and says no; lists send people to it."""
    number = major(place)
    assigned_hazards(place, 2)
    assert cli(place, "doctor")[0] == 0
    row = _take_definition(place.flow.store.engine, "major_hazard")
    code, said = cli(place, "doctor")
    assert code == 1
    plain = "".join(said.split())
    assert "流程定义有问题流程major_hazard第1版的定义不在数据库里" in plain, said
    assert "1条隐患" in plain
    code, said = cli(place, "ticket", "show", number)
    assert code != 0
    assert "rectiflow doctor" in said
    with writing(place.flow.store.engine) as connection:
        connection.execute(table("definition").insert(), [row])
    assert cli(place, "doctor")[0] == 0


def _take_definition(engine: Engine, workflow: str) -> dict[str, Any]:
    """Remove a definition from the database; return its row."""
    d = table("definition")
    with writing(engine) as connection:
        row = connection.execute(d.select().where(d.c.workflow == workflow)).mappings().one()
        connection.execute(d.delete().where(d.c.workflow == workflow))
    return dict(row)


# files that are wrong ---------------------------------------------------------------------------------------------

CALENDARS = {
    "day of rest and of work": (
        "years:\n  2027: {holidays: [2027-02-05..2027-02-11], workdays: [2027-02-06, 2027-02-20]}\n",
        ["有 1 处问题", "2027-02-06 同时写在 holidays 和 workdays 里，请只留一处"],
    ),
    "years": (
        "years:\n  '2027': {}\n  明年: {}\n  2026: {holidays: [2027-01-01]}\n",
        [
            "有 3 处问题",
            "years.2027：年份请写四位数字",
            "years.明年：年份",
            "years.2026.holidays：2027-01-01 不在 2026 年",
        ],
    ),
    "a year twice": ("years:\n  2027: {}\n  2027: {}\n", ["第 3 行第 3 列附近"]),
    "broken": ("years:\n  2027: {holidays: [2027-01-01}\n", ["第 2 行第 31 列附近不合 YAML 写法"]),
    "tabs": ("years:\n\t2027: {}\n", ["第 2 行第 1 列附近不合 YAML 写法"]),
    "backwards": (
        "terms:\n  - {name: 秋, from: 2025-01-17, to: 2024-09-02}\nyears: {2027: {holidays: [2027-02-05..2027-02-01]}}\n",
        ["有 2 处问题", "秋 的结束日期早于开始日期", "years.2027.holidays 第 1 项：2027-02-05..2027-02-01 不是日期"],
    ),
}


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    """A workplace on a file in which nothing is changed."""
    made = sample_workplace(tmp_path_factory.mktemp("ordinary"))
    assigned_hazards(made, 1)
    yield made
    made.flow.close()


@pytest.mark.parametrize("wrong", CALENDARS)
def test_a_calendar_file_that_is_wrong(ordinary: Workplace, cli: Cli, wrong: str) -> None:
    """Nobody works by half a calendar: whatever is called names every problem with its place, and writes nothing."""
    written, parts = CALENDARS[wrong]
    file, before = ordinary.folder / "calendar.yaml", counts(ordinary.flow.store.engine)
    file.write_text(written, encoding="utf-8")
    try:
        for words in (("ticket", "list"), ("ticket", "do", "1", "签收"), ("tick",), ("run",)):
            code, said = cli(ordinary, *words, now="2024-09-30T10:00")
            unwrapped = "".join(said.split())
            assert code == 1
            assert "calendar.yaml" in unwrapped
            assert [p for p in parts if "".join(p.split()) not in unwrapped] == []
        assert cli(ordinary, "doctor")[0] == 1
    finally:
        file.unlink()
    assert counts(ordinary.flow.store.engine) == before
    assert cli(ordinary, "ticket", "list")[0] == 0


SPANS = (
    "-2 workdays",
    "0 days",
    "3651 days",
    "999999 hours",
    "99999999 days",
    "2.5 days",
    "1e3 days",
    "P3D",
    "三天",
    "'-'",
)


@pytest.mark.parametrize("span", SPANS)
def test_a_length_of_time_that_is_absurd(ordinary: Workplace, cli: Cli, span: str) -> None:
    """Negative, nothing, longer than ten years or no length at all: each place of it is named by line and column."""
    good, wrong = SMALL.read_text("utf-8"), ordinary.folder / "wrong.yaml"
    bad = good.replace("within: 2 workdays", f"within: {span}", 1).replace("every: 5 workdays", f"every: {span}", 1)
    wrong.write_text(bad.replace("decide_within: 2 workdays", f"decide_within: {span}", 1), encoding="utf-8")
    places = [
        f"wrong.yaml:{number}:{line.index(key) + len(key) + 1}"
        for number, line in enumerate(wrong.read_text("utf-8").splitlines(), 1)
        for key in (" within: ", "every: ", "decide_within: ")
        if key + span in line
    ]
    code, said = cli(ordinary, "workflow", "check", "wrong.yaml")
    assert code == 1
    assert len(places) > 1
    assert [p for p in places if p not in said.replace("\n", "")] == []
    assert said.count("S206") == len(places)


@pytest.mark.parametrize("days", ["-5", "0", "3651", "1000000000", "999999999999999999999999999", "2.5", "五天"])
def test_a_number_of_days_that_is_absurd(flow: Rectiflow, days: str) -> None:
    """A clock whose length stands in a field: the field is named with what fits, and nothing changes."""
    given: dict[str, Any] = {"source": "bureau", "found_on": flow.today(), "category": "fire", "unit": "school1"}
    number = flow.report("hard_to_rectify", by="chief", description="护坡开裂", **given).number
    before = counts(flow.store.engine)
    with pytest.raises(Refused, match=r"监测间隔（天）：“.*”(不合常理，应在|不是整数)"):
        flow.amend(number, by="chief", reason="写错了", monitor_every=days)
    assert counts(flow.store.engine) == before


@pytest.mark.parametrize("due", ["2024-08-30", "0001-01-01", "9999-12-31", "2024-02-30", "-3", "99999999999-01-01"])
def test_a_deadline_that_is_absurd(flow: Rectiflow, due: str) -> None:
    """In the past, thousands of years away, on no day at all: it is named and nothing changes."""
    number = reported(flow).number
    before = counts(flow.store.engine)
    with pytest.raises(Refused, match="整改时限"):
        flow.do(number, "assign", by="chief", responsible_person="officer", due_on=due)
    assert counts(flow.store.engine) == before


# a newer schema ---------------------------------------------------------------------------------------------------


def test_a_database_of_a_newer_version(place: Workplace, cli: Cli) -> None:
    """Whatever is called says so and what to do; nothing is changed, and a worker does not begin."""
    numbers = assigned_hazards(place, 1)
    engine, version = place.flow.store.engine, f"UPDATE {schema.VERSION_TABLE} SET version_num = :v"  # noqa: S608 our own name
    known = schema.current_revision(engine)
    with writing(engine) as connection:
        connection.execute(text(version), {"v": "9999"})
    before = everything(engine)
    calls = (("ticket", "list"), ("ticket", "do", numbers[0], "签收"), ("tick",), ("run",), ("init", "."), ("today",))
    for words in calls:
        code, said = cli(place, *words, now="2024-09-30T10:00")
        assert code == 1, words
        assert "由更新版本的程序建立（9999），请升级程序后再用；数据没有动过。" in "".join(said.split("\n"))
    assert everything(engine) == before
    with writing(engine) as connection:
        connection.execute(text(version), {"v": known})
    assert cli(place, "tick", now="2024-09-30T10:00")[0] == 0
    assert standing(place.flow).taken


def everything(engine: Engine, district: str | None = None) -> dict[str, list[str]]:
    """Return every row of a database, or of one district."""
    where = "" if district is None else " WHERE district = :d"
    names = [n for n in METADATA.tables if district is None or "district" in METADATA.tables[n].c]
    return {n: sorted(map(str, rows(engine, f"SELECT * FROM {n}{where}", d=district))) for n in names}  # noqa: S608


# PostgreSQL is away -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[RestartableServer]:
    """Give a server that may be stopped."""
    with restartable_server() as made:
        yield made


@pytest.fixture
def far(server: RestartableServer, tmp_path: Path) -> Iterator[Workplace]:
    """A workplace on a database of that server."""
    with fresh_database(server.url) as url:
        made = sample_workplace(tmp_path / "far", db=url)
        yield made
        made.flow.close()


def test_the_server_is_away_for_a_command(far: Workplace, server: RestartableServer, cli: Cli) -> None:
    """Each command says what is away and what to do, with exit code 1; when it is back everything goes on."""
    (number,) = assigned_hazards(far, 1)
    directory = far.flow.directory()
    (principal,) = directory.holders("principal", "town1_school2", far.flow.today())
    sign = ("--as", directory.person_name(principal), "ticket", "do", number, "签收")
    server.crash()
    try:
        for words in (("ticket", "list"), sign, ("tick",), ("doctor",), ("run",), ("today",), ("incident", "list")):
            code, said = cli(far, *words)
            assert code == 1, words
            assert re.search("数据库“.*”(连不上|的服务器正在停止或启动)", "".join(said.split("\n"))), said
    finally:
        server.start()
    assert cli(far, *sign)[0] == 0
    assert far.flow.ticket(number).state == "rectifying"
    assert [e.trigger for e in far.flow.history(number)] == ["report", "assign", "sign"]


def test_the_server_is_away_while_a_worker_runs(far: Workplace, server: RestartableServer) -> None:
    """It says so, stays, and goes on by itself: what came due meanwhile is fired once, every message goes out once."""

    def settled(numbers: set[str]) -> bool:
        waiting = queries.messages(far.flow.store.engine, far.flow.district, status="waiting")
        return {n for n, *_ in steps_behind(far.flow)} == numbers and not waiting

    before = assigned_hazards(far, 2)
    with rectiflow_process(far.folder, ["--now", "2024-09-16T09:30", "run"]) as process:
        lines = told(process)
        wait_until(lambda: settled(set(before)), seconds=30)
        server.crash()
        try:
            wait_until(lambda: any(re.search("数据库“.*”(连不上|的连接断了)", line) for line in lines), seconds=30)
        finally:
            server.start()
        after = assigned_hazards(far, 2)
        wait_until(lambda: settled({*before, *after}), seconds=30)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert standing(far.flow).taken
    assert queries.incidents(far.flow.store.engine, far.flow.district) == []
    mails = list((far.folder / "outgoing" / "mail").iterdir())
    found = queries.messages(far.flow.store.engine, far.flow.district, status="sent")
    assert len(mails) == sum(m["rendered_channel"] == "mail" for m in found)


def told(process: subprocess.Popen[str]) -> list[str]:
    """Return the list into which what a process complains of is written, line by line."""
    lines = list[str]()

    def follow() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            lines.append(line)

    Thread(target=follow, daemon=True).start()
    return lines


# two workplaces on one database -----------------------------------------------------------------------------------


def test_two_workplaces_on_one_database(postgres: str, tmp_path: Path, cli: Cli) -> None:
    """No command in one folder touches the other's hazards, and a sweep serves its own district alone."""
    ours = sample_workplace(tmp_path / "ours", db=postgres)
    theirs = sample_workplace(tmp_path / "theirs", db=postgres, code="420703", prefix="HRQ")
    engine = ours.flow.store.engine
    (number,), (other,) = assigned_hazards(ours, 1), assigned_hazards(theirs, 1)
    assert (number, other) == ("LZH-2024-000001", "HRQ-2024-000001")
    message = queries.messages(engine, "420703")[0]["key"]
    theirs.flow.store.raise_incident("420703", IncidentDraft(key="x", kind="timer", message="x"), now=theirs.flow.now())
    (incident,) = queries.incidents(engine, "420703")
    before = everything(engine, "420703")
    calls = (
        *(("ticket", "do", other, action) for action in ("签收", "recall")),
        ("ticket", "show", other),
        ("ticket", "history", other),
        ("ticket", "actions", other),
        ("ticket", "amend", other, "--reason", "x", "隐患描述=乙"),
        ("ticket", "void", other, "--reason", "x"),
        ("ticket", "undo", other),
        ("request", "new", other, "延期"),
        ("request", "approve", other),
        ("notice", "draft", other),
        ("call", "done", other, "--result", "x"),
        ("outbox", "cancel", message),
        ("outbox", "show", message),
        ("outbox", "retry", message),
        ("incident", "show", incident["id"]),
        ("incident", "retry", incident["id"]),
        ("incident", "close", incident["id"]),
    )
    for words in calls:
        code, said = cli(ours, *words)
        assert code != 0, (words, said)
    for words in (("ticket", "list"), ("outbox", "list"), ("incident", "list"), ("today",), ("audit", "verify")):
        code, said = cli(ours, *words)
        assert (code, "HRQ" in said) == (0, False), words
    assert everything(engine, "420703") == before
    assert cli(ours, "ticket", "do", number, other, "签收")[1].startswith(f"没有编号为 {other} 的隐患")
    assert ours.flow.ticket(number).state == "assigned"
    for place, mine in ((ours, number), (theirs, other)):
        assert standing(place.flow).taken == Counter()  # the other district's worker leaves it alone
        assert cli(place, "tick", now="2024-09-16T10:00")[0] == 0
        assert {n for n, *_ in standing(place.flow).taken} == {mine}
        assert {m["status"] for m in queries.messages(engine, place.flow.district)} == {"sent"}
        place.flow.close()
    engine.dispose()
