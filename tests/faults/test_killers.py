"""A hazard, or a message, that kills the process which works on it: it takes nothing else along, and is given up at last."""

from __future__ import annotations

import pytest

from rectiflow._clock import SetClock
from rectiflow._flow import Answer, Rectiflow
from rectiflow._incidents import incidents
from rectiflow._messages import outbox
from rectiflow._reasons import reason_gone
from rectiflow._sweep import MOST_ATTEMPTS
from rectiflow._workplace import Workplace
from rectiflow.notifiers import RETRY_DELAYS, Message
from rectiflow.storage import queries
from rectiflow.storage.store import DueTimer
from support.workplaces import assigned


class Killed(BaseException):
    """What a process that dies in the middle is to the code around it: nothing is caught, nothing is cleaned up."""


def _later(place: Workplace, **span: float) -> None:
    assert isinstance(place.clock, SetClock)
    place.clock.forward(**span)


def test_a_hazard_that_kills_workers_stops_nobody(place: Workplace) -> None:
    """The others fire at the second try; after five deaths it becomes an incident, and is not tried any more."""
    flow, numbers = place.flow, assigned(place, 4)
    killer, answer, deaths = numbers[1], flow.answer, 0
    _later(place, days=14)

    def deadly(timer: DueTimer) -> Answer | None:
        if timer.number == killer:
            raise Killed
        return answer(timer)

    flow.answer = deadly  # type: ignore[method-assign]
    while not (found := incidents(flow)):
        try:
            flow.tick()
        except Killed:
            deaths += 1
        flow.owner = f"born-again-{deaths}"
        _later(place, minutes=3)
        assert deaths <= 2 * (MOST_ATTEMPTS + 1)
    rows = {n: queries.timers_of(flow.store.engine, flow.district, n) for n in numbers}
    for number in set(numbers) - {killer}:
        assert [r["step"] for r in rows[number] if r["status"] == "fired"], number
        assert max(r["attempts"] for r in rows[number]) <= 2
    assert {i.number for i in found} == {killer}
    assert "失败或处理时进程中断共 5 次" in found[0].message


def test_a_message_that_kills_workers_stops_nobody(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other hazards' messages are sent, the deadly one is given up with an incident."""
    flow, numbers = place.flow, assigned(place, 3)
    deaths = 0

    def deadly(flow: Rectiflow, message: Message) -> str | None:
        if message.number == numbers[0]:
            raise Killed
        return reason_gone(flow, message)

    monkeypatch.setattr("rectiflow._reasons.reason_gone", deadly)
    for _ in range(12 * (len(RETRY_DELAYS) + 3)):
        try:
            place.deliver()
        except Killed:
            deaths += 1
        flow.owner = f"born-again-{deaths}"
        _later(place, minutes=11)
        if not outbox(flow, status="waiting"):
            break
    status = {(m.number, m.status) for m in outbox(flow)}
    assert {n for n, s in status if s == "sent"} == set(numbers[1:])
    assert {n for n, s in status if s == "dead"} == {numbers[0]}
    assert {i.number for i in incidents(flow)} == {numbers[0]}


def test_a_lease_of_a_wrong_clock_locks_nothing(place: Workplace) -> None:
    """Claimed while the clock was a month ahead, then killed, then the clock was put right: it fires the next day."""
    flow, (number,) = place.flow, assigned(place, 1)
    _later(place, days=44)
    assert flow.store.claim_timers(owner="gone", now=flow.now(), lease=flow.lease, limit=9, district=flow.district)
    _later(place, days=-30)
    assert flow.tick().fired > 0
    rows = queries.timers_of(flow.store.engine, flow.district, number)
    assert not [r for r in rows if r["owner"] == "gone"]
