"""The clock jumps, and a worker is slower than its lease. No step is taken twice or too early, and none is missing."""

from __future__ import annotations

import itertools
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from rectiflow._clock import SetClock
from rectiflow._flow import Rectiflow
from rectiflow._sweep import Swept
from rectiflow.storage import queries, schema
from rectiflow.storage.connect import make_engine, writing
from rectiflow.storage.store import ClaimLost, DueTimer
from rectiflow.storage.tables import METADATA
from support.broken import (
    BusyClock,
    Keep,
    RunningClock,
    Step,
    claimed,
    deliver,
    forward,
    standing,
    steps_behind,
    steps_taken,
)
from support.stores import LEASE, NOW, assigned, office, open_office

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
    taken = [
        t for _ in range(2) for t in quick.store.claim_timers(owner=quick.owner, now=flow.now(), lease=LEASE, limit=2)
    ]
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
