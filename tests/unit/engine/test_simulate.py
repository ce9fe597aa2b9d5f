"""The world in memory: as strict as a store, and stricter."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from rectiflow.engine.decide import decide
from rectiflow.engine.decision import Decision
from rectiflow.engine.simulate import World
from rectiflow.engine.stimulus import Act, Fire, Hand
from support.district import CLERK, HEAD, RECTIFIER, SAFETY, at, codes, done, hazard, rectifying, world


def test_numbers_are_given_in_order_and_by_year() -> None:
    """A report takes the next number of the year it is recorded in."""
    place = world("2024-12-31")
    assert hazard(place) == "LZH-2024-000001"
    place.advance_to(at("2025-01-02"))
    assert hazard(place) == "LZH-2025-000002"


def test_time_does_not_run_backwards() -> None:
    """Neither by going on nor by sleeping."""
    place = world()
    for go in (place.advance_to, place.sleep_until):
        with pytest.raises(ValueError, match="backwards"):
            go(at("2024-09-01"))


def test_timers_fire_at_their_own_instant_unless_nobody_looks() -> None:
    """Going on records each step at its time; sleeping records all at the time of waking."""
    awake, asleep = world(), world()
    for place, go in ((awake, awake.advance_to), (asleep, asleep.sleep_until)):
        rectifying(place)
        go(at("2024-09-24"))
    assert [d.at for d in awake.log if d.decision.fired] == [at(f"2024-09-{day}") for day in (14, 20, 23)]
    assert [d.at for d in asleep.log if d.decision.fired] == [at("2024-09-24")]


def test_two_tickets_fire_in_the_order_of_time_and_number() -> None:
    """As a store's sweep would."""
    place = world()
    first, second = hazard(place), hazard(place)
    place.advance_to(at("2024-09-04"))
    assert [d.number for d in place.log if d.decision.fired] == [first, second]


def test_a_refusal_changes_nothing() -> None:
    """The case, the log and the clock are as before."""
    place = world()
    number = rectifying(place)
    before = (len(place.log), replace(place.cases[number].ticket), dict(place.cases[number].timers))
    codes(place.act(number, "close", HEAD))
    assert before == (len(place.log), place.cases[number].ticket, place.cases[number].timers)


def test_a_decision_from_an_old_state_is_not_carried_out() -> None:
    """What a store answers with a conflict, the world raises."""
    place = world()
    number = rectifying(place)
    snapshot = place.snapshot(number)
    act = Act(trigger="recall", hand=Hand(actor=SAFETY), data={"reason": "写错"})
    stale = decide(snapshot.workflow, snapshot, act, place.now)
    assert isinstance(stale, Decision)
    done(place.handle(number, act))
    with pytest.raises(ValueError, match="revision"):
        place.carry_out(stale, number)


def test_a_step_cannot_fire_twice() -> None:
    """The same firing carried out again is stopped by what is behind."""
    place = world()
    number = rectifying(place)
    place.advance_to(at("2024-09-13"))
    snapshot, key = place.snapshot(number), place.cases[number].clocks["rectify"].armed
    assert key is not None
    place.advance_to(at("2024-09-14"))
    again = decide(snapshot.workflow, snapshot, Fire(key=key), place.now)
    assert isinstance(again, Decision)
    late = replace(again, ticket=replace(again.ticket, rev=place.cases[number].ticket.rev + 1))
    with pytest.raises(ValueError, match="twice"):
        place.carry_out(late, number)


def test_calls_are_open_once_and_end_with_their_clock() -> None:
    """Reminded daily, one open call; signed for, it is done."""
    place = world()
    number = hazard(place)
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-09-20"))
    place.advance_to(at("2024-09-06"))
    calls = place.cases[number].calls
    assert (list(calls), calls["sign"].role, calls["sign"].callee) == (["sign"], "safety_section", RECTIFIER)
    assert calls["sign"].opened_at == at("2024-09-03")
    done(place.act(number, "sign", HEAD))
    assert place.cases[number].calls == {}


def test_a_key_of_a_host_stays_with_the_ticket() -> None:
    """The store makes it unique; the engine carries it."""
    place = world()
    answer = done(
        place.report(
            "hazard", CLERK, key="host-4711", source="bureau", found_on="2024-09-02", category="fire", description="x"
        )
    )
    assert answer.ticket.key == "host-4711"


def test_worlds_do_not_share_anything() -> None:
    """Two worlds of the same district live on their own."""
    one, other = world(), world()
    hazard(one)
    assert isinstance(other, World)
    assert other.cases == {}
