"""How fast a server is spoken to."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rectiflow.notifiers import MemoryTurns, NotYet, Pace
from rectiflow.notifiers.pace import SECOND


class Time:
    """Seconds that pass only when somebody sleeps, or when told to."""

    def __init__(self) -> None:
        self.now, self.slept = 0.0, list[float]()

    def __call__(self) -> float:
        """Tell the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.slept.append(seconds)
        self.now += seconds


def pace_of(per_minute: int, time: Time) -> Pace:
    """Return a pace on a made-up time."""
    turns = MemoryTurns(time)
    return Pace(per_minute, what="邮件服务器 smtp.example:587", name="mail", turns=turns, sleep=time.sleep)


def test_no_limit() -> None:
    """Zero lets everything through at once."""
    time = Time()
    pace = pace_of(0, time)
    for _ in range(1000):
        asyncio.run(pace.turn())
    assert time.slept == []


def test_a_few_at_once_then_one_after_another() -> None:
    """A quarter goes at once, the next ones wait a moment each."""
    time = Time()
    pace = pace_of(60, time)
    for _ in range(15):
        asyncio.run(pace.turn())
    assert time.now == pytest.approx(0)
    asyncio.run(pace.turn())
    assert time.now == pytest.approx(60 / 46)


def test_a_long_wait_is_given_back() -> None:
    """Nobody is held up for more than three seconds; it is said how long it takes, and nothing is used up."""
    time = Time()
    pace = pace_of(1, time)
    asyncio.run(pace.turn())
    for _ in range(3):
        with pytest.raises(NotYet, match=r"邮件服务器 smtp.example:587 每分钟最多发送 1 条，已到上限") as told:
            asyncio.run(pace.turn())
        assert told.value.after == timedelta(seconds=60)
    time.now += 60
    asyncio.run(pace.turn())
    assert time.slept == []


def test_in_a_second() -> None:
    """A limit of a second is told as one."""
    turns = MemoryTurns(Time())
    pace = Pace(1, SECOND, what="飞书群机器人", name="robot", turns=turns)
    for _ in range(4):
        turns.take("robot/1", spacing=1, ahead=0, patience=9)
    with pytest.raises(NotYet, match="飞书群机器人 每秒最多发送 1 条，已到上限"):
        asyncio.run(pace.turn())


def test_whoever_sends_there_is_counted() -> None:
    """Two channels made for one server have one measure; another server has its own."""
    time = Time()
    turns = MemoryTurns(time)
    one, other, elsewhere = (Pace(1, what="它", name=n, turns=turns, sleep=time.sleep) for n in ("a", "a", "b"))
    asyncio.run(one.turn())
    with pytest.raises(NotYet):
        asyncio.run(other.turn())
    asyncio.run(elsewhere.turn())


def test_side_by_side() -> None:
    """Those that come together wait in turn, not all for the same moment."""
    time, waits = Time(), list[float]()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def run() -> None:
        pace = Pace(40, what="它", name="it", turns=MemoryTurns(time), sleep=sleep)
        answers = await asyncio.gather(*(pace.turn() for _ in range(12)), return_exceptions=True)
        assert [type(a) for a in answers if a is not None] == [NotYet]

    asyncio.run(run())
    assert waits == [pytest.approx(60 / 31)]  # ten at once, the next after its share of a minute, the last not now


@settings(deadline=None)
@given(per_minute=st.integers(1, 200), gaps=st.lists(st.floats(0, 20), max_size=200))
def test_never_more_than_so_many_in_a_minute(per_minute: int, gaps: list[float]) -> None:
    """However they come, no 60 seconds see more than the limit."""
    time, gone = Time(), list[float]()
    pace = pace_of(per_minute, time)

    async def run() -> None:
        for gap in gaps:
            time.now += gap
            try:
                await pace.turn()
            except NotYet:
                continue
            gone.append(time.now)

    asyncio.run(run())
    for n, moment in enumerate(gone):
        assert sum(moment <= later < moment + 59.999 for later in gone[n:]) <= per_minute
