"""The hash chain of a ticket's history: whole as it was written, broken wherever it was touched."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from rectiflow.engine.chain import ENCODING, Event, check_chain, event_hash, private_digest
from support.district import CLERK, HEAD, SAFETY, at, done, rectifying, submit, world


def history() -> tuple[str, list[Event], str]:
    """Return a history with people's actions and a timer in it: number, events, head."""
    place = world()
    number = rectifying(place)
    place.advance_to(at("2024-09-16"))
    done(submit(place, number))
    done(place.act(number, "pass", SAFETY))
    case = place.cases[number]
    return number, list(case.events), case.ticket.head


def test_a_history_is_whole_as_it_was_written() -> None:
    """People and timers alike: each line follows the one before, the ticket remembers the last."""
    number, events, head = history()
    assert [e.kind for e in events] == ["reported", "acted", "acted", "timer", "acted", "acted"]
    assert [e.seq for e in events] == [1, 2, 3, 4, 5, 6]
    assert check_chain(number, events, head) == ()
    assert check_chain(number, []) == ()


@pytest.mark.parametrize(
    "change",
    [
        {"actor": CLERK},
        {"entered_by": CLERK},
        {"in_place_of": HEAD},
        {"via": "phone"},
        {"happened_on": date(2024, 9, 1)},
        {"recorded_at": at("2024-09-01")},
        {"late": True},
        {"trigger": "recall"},
        {"to_state": "closed"},
        {"from_state": None},
        {"kind": "imported"},
        {"number": "LZH-2024-000002"},
        {"district": "420703"},
        {"public": {"marks": {"due_on": "2025-01-01"}}},
        {"private_digest": "0" * 64},
        {"hash": "0" * 64},
    ],
)
def test_whatever_is_changed_is_found(change: dict[str, Any]) -> None:
    """One line touched: it is named."""
    number, events, head = history()
    events[2] = replace(events[2], **change)
    assert 3 in {b.seq for b in check_chain(number, events, head)}


def test_a_line_made_anew_breaks_the_next() -> None:
    """Who also computes the hash anew is found at the line after it."""
    number, events, head = history()
    forged = replace(events[2], actor=CLERK)
    events[2] = replace(forged, hash=event_hash(forged))
    assert {b.seq for b in check_chain(number, events, head)} == {4}


def test_missing_and_swapped_lines_are_found() -> None:
    """In the middle by the number, at the end by what the ticket remembers."""
    number, events, head = history()
    assert any("缺第 2 条" in b.message for b in check_chain(number, [events[0], *events[2:]], head))
    assert any("可能有记录被删" in b.message for b in check_chain(number, events[:-1], head))
    assert check_chain(number, [events[1], events[0], *events[2:]], head)


def test_the_private_part_may_be_erased_and_not_changed() -> None:
    """Erasing names and texts leaves the chain whole; another text does not fit the digest, nor does another salt."""
    number, events, head = history()
    assert events[0].private is not None
    assert check_chain(number, [replace(e, private=None, salt=None) for e in events], head) == ()
    changed = [replace(events[0], private={**events[0].private, "note": "改"}), *events[1:]]
    assert [b.seq for b in check_chain(number, changed, head)] == [1]
    salted = [replace(events[0], salt="x"), *events[1:]]
    assert [b.seq for b in check_chain(number, salted, head)] == [1]


def test_the_salt_hides_short_texts() -> None:
    """The same text under another salt has another digest."""
    assert private_digest({"note": "是"}, "a") != private_digest({"note": "是"}, "b")


def test_the_hash_does_not_depend_on_the_zone_an_instant_is_written_in() -> None:
    """The same instant in UTC and in China is the same event."""
    _, events, _ = history()
    elsewhere = events[0].recorded_at.astimezone(at("2024-09-02").tzinfo)
    assert event_hash(replace(events[0], recorded_at=elsewhere)) == events[0].hash
    assert event_hash(replace(events[0], recorded_at=elsewhere + timedelta(microseconds=1))) != events[0].hash


def test_an_encoding_of_a_later_version_is_said_so() -> None:
    """An older program does not judge what it does not know."""
    _, events, _ = history()
    with pytest.raises(ValueError, match="请升级"):
        event_hash(replace(events[0], encoding=ENCODING + 1))
