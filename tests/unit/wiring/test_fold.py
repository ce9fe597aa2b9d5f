"""A history folded up to a day and a cut-off: pure, and never wiser than the books were then."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from rectiflow._cases import Folded, fold
from rectiflow.engine.chain import Event

LATER = datetime(2025, 6, 1, tzinfo=UTC)


def _event(
    seq: int,
    day: date,
    marks: Mapping[str, Any],
    *,
    kind: str = "acted",
    recorded: datetime | None = None,
    private: Mapping[str, Any] | None = None,
) -> Event:
    return Event(
        district="420702",
        number="LZH-2024-000001",
        seq=seq,
        encoding=1,
        kind=kind,
        trigger="",
        from_state=None,
        to_state="",
        actor="p1",
        in_place_of=None,
        entered_by="p1",
        via="self",
        happened_on=day,
        recorded_at=recorded or datetime(day.year, day.month, day.day, 2, tzinfo=UTC),
        late=False,
        public={"marks": marks},
        private_digest="",
        previous="",
        hash="",
        private=private,
    )


FOUND = _event(
    1, date(2024, 9, 3), {"state": "reported", "category": "fire"}, kind="reported",
    private={"data": {"description": "通道堵塞"}},
)  # fmt: skip
ASSIGNED = _event(2, date(2024, 9, 5), {"state": "assigned", "served_on": "2024-09-05"})
CLOSED = _event(3, date(2024, 10, 8), {"state": "closed", "closed_on": "2024-10-08", "outcome": "rectified"})
HISTORY = [FOUND, ASSIGNED, CLOSED]


def _fold(events: list[Event], until: date, cutoff: datetime = LATER) -> Folded:
    folded = fold(events, until=until, cutoff=cutoff)
    assert folded is not None
    return folded


def test_what_happened_later_does_not_count() -> None:
    """The close-out in October is unknown at the end of September."""
    folded = _fold(HISTORY, date(2024, 9, 30))
    assert folded.marks == {"state": "assigned", "category": "fire", "served_on": "2024-09-05"}
    assert (folded.number, folded.entered_on, folded.description) == ("LZH-2024-000001", date(2024, 9, 3), "通道堵塞")


def test_what_was_recorded_later_does_not_count() -> None:
    """What happened in time but was entered after the cut-off is not in that report."""
    late = _event(2, date(2024, 9, 27), {"state": "assigned"}, recorded=datetime(2024, 10, 9, tzinfo=UTC))
    cutoff = datetime(2024, 10, 8, 1, tzinfo=UTC)
    assert _fold([FOUND, late], date(2024, 9, 30), cutoff).marks["state"] == "reported"
    assert _fold([FOUND, late], date(2024, 9, 30)).marks["state"] == "assigned"


def test_nothing_before_it_began() -> None:
    """A hazard not yet reported, or not yet recorded, is no case at all."""
    assert fold(HISTORY, until=date(2024, 9, 2), cutoff=LATER) is None
    assert fold(HISTORY, until=date(2024, 9, 30), cutoff=datetime(2024, 9, 3, 1, tzinfo=UTC)) is None
    assert fold([], until=date(2024, 9, 30), cutoff=LATER) is None


def test_an_old_ledger_counts_from_the_day_of_finding() -> None:
    """What was taken over counts from the day it was found, though its state was entered on a later day."""
    marks = {"found_on": "2024-03-12", "state": "verified", "passed_on": "2024-08-20"}
    taken_over = _event(1, date(2024, 8, 20), marks, kind="imported", recorded=datetime(2024, 9, 2, tzinfo=UTC))
    assert _fold([taken_over], date(2024, 4, 30)).marks == marks
    assert fold([taken_over], until=date(2024, 2, 28), cutoff=LATER) is None


def test_a_correction_counts_for_every_day_once_it_is_recorded() -> None:
    """A corrected category was wrong in September already; but a report made before does not know."""
    corrected = _event(
        3, date(2024, 10, 9), {"category": "food", "on_behalf": 1}, kind="amended",
        private={"after": {"description": "食堂留样不足"}},
    )  # fmt: skip
    history = [FOUND, ASSIGNED, corrected]
    now = _fold(history, date(2024, 9, 30))
    assert (now.marks["category"], now.description) == ("food", "食堂留样不足")
    assert "on_behalf" not in now.marks
    then = _fold(history, date(2024, 9, 30), datetime(2024, 10, 8, tzinfo=UTC))
    assert (then.marks["category"], then.description) == ("fire", "通道堵塞")


def test_an_erased_description_is_empty() -> None:
    """Erasing the private part leaves the figures and takes the words."""
    erased = _event(1, date(2024, 9, 3), {"state": "reported"}, kind="reported")
    assert _fold([erased], date(2024, 9, 30)).description == ""


def test_a_milestone_can_be_taken_back() -> None:
    """A mark set to nothing is nothing from then on: reopened, it is not passed any more."""
    reopened = _event(4, date(2024, 11, 4), {"state": "rectifying", "closed_on": None, "outcome": None, "reopened": 1})
    october, november = (_fold([*HISTORY, reopened], date(2024, month, 30)) for month in (10, 11))
    assert october.marks["outcome"] == "rectified"
    assert (november.marks["outcome"], november.marks["closed_on"], november.marks["reopened"]) == (None, None, 1)
