"""The year turns: open hazards are carried over with their number and deadlines; nothing else happens."""

from __future__ import annotations

import pytest

from rectiflow.engine.carrying import year_of
from rectiflow.engine.decision import Decision, Refusal
from rectiflow.engine.simulate import World
from rectiflow.engine.stimulus import Carry, Hand
from support.district import CLERK, HEAD, SAFETY, at, codes, done, hazard, rectifying, refused, world


def carried(place: World, number: str, year: int, by: str = CLERK) -> Decision | Refusal:
    """Carry a hazard over."""
    return place.handle(number, Carry(hand=Hand(actor=by), year=year))


def test_only_the_year_of_the_ledger_changes() -> None:
    """State, deadline and clocks stay, no timer moves, nobody is told, and the history says the year in public."""
    place = world("2024-12-27")
    number = rectifying(place, due_on="2025-02-28")
    before = place.cases[number].ticket
    decision = done(carried(place, number, 2025))
    (event,) = decision.events
    assert (event.kind, event.trigger, event.from_state, event.to_state) == (
        "carried",
        "carry",
        "rectifying",
        "rectifying",
    )
    assert event.public == {"marks": {"carried_into": 2025}, "year": 2025}
    assert (decision.clocks, decision.arm, decision.disarm, decision.messages, decision.incidents) == ((),) * 5
    after = decision.ticket
    assert (after.number, after.state, after.since, after.fields) == (
        number,
        before.state,
        before.since,
        before.fields,
    )
    assert after.marks == {**before.marks, "carried_into": 2025}
    assert (year_of(before), year_of(after)) == (2024, 2025)


def test_year_by_year() -> None:
    """What is open for years is carried over each year; never back, and never twice into the same."""
    place = world("2024-12-27")
    number = hazard(place)
    done(carried(place, number, 2025))
    assert codes(carried(place, number, 2025)) == {"already_carried"}
    place.advance_to(at("2026-01-04"))
    done(carried(place, number, 2026))
    assert [r.message for r in refused(carried(place, number, 2025)).reasons] == ["已结转到 2026 年"]


@pytest.mark.parametrize(
    ("year", "by", "expected"),
    [
        (2024, CLERK, {"year_early"}),
        (2023, SAFETY, {"year_early"}),
        (2026, CLERK, {"year_late"}),
        (2025, HEAD, {"role_missing"}),
        (2024, HEAD, {"role_missing", "year_early"}),
    ],
)
def test_what_is_not_carried_over(year: int, by: str, expected: set[str]) -> None:
    """Only who keeps the ledger, only forward, and not years ahead; every reason at once."""
    place = world("2024-12-27")
    number = hazard(place)
    assert codes(carried(place, number, year, by)) == expected


def test_the_closed_stay_where_they_are() -> None:
    """What is done with belongs to the year in which it was done; what was voided was never there."""
    place = world("2024-12-27")
    closed, voided = hazard(place), hazard(place)
    done(place.act(closed, "dismiss", SAFETY, reason="重复"))
    done(place.void(voided, CLERK, reason="录错"))
    for number in (closed, voided):
        assert codes(carried(place, number, 2025)) == {"wrong_state"}
