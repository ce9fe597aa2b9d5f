"""What is not urgent reaches a person once a working day, in one message."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import pytest

from rectiflow._clock import SetClock
from rectiflow._settings import read_settings
from rectiflow._upkeep import MessageView, cancel, outbox, retry
from rectiflow._workplace import Workplace
from rectiflow.engine.errors import WorkplaceError
from support.district import at
from support.workplaces import assigned


def _at(place: Workplace, day: str, hour: str) -> None:
    assert isinstance(place.clock, SetClock)
    place.clock.forward(seconds=(at(day, hour) - place.clock.now()).total_seconds())


def _status(place: Workplace, status: str) -> list[MessageView]:
    return outbox(place.flow, status=status)


def _reminded(place: Workplace, count: int) -> list[MessageView]:
    """Let reminders for hazards be written on a Monday at nine; return what is held."""
    assigned(place, count)  # on 2 September, due on the 12th
    place.deliver()
    _at(place, "2024-09-09", "09:00")
    place.flow.tick()
    return _status(place, "held")


def test_one_message_a_person_and_day(place: Workplace) -> None:
    """At half past nine each person gets one list of what was held; the messages it took in are marked, none is sent twice."""
    held = _reminded(place, 3)
    people = Counter(m.recipient for m in held)
    assert max(people.values()) > 1
    place.deliver()
    sent_before = len(_status(place, "sent"))
    assert len(_status(place, "held")) == len(held)  # not yet
    _at(place, "2024-09-09", "09:30")
    for _ in range(3):
        place.deliver()
    new = _status(place, "sent")
    assert sorted(m.recipient for m in new if m.occasion == "每日汇总") == sorted(people)
    assert len(new) - sent_before == len(people)
    assert {m.key for m in _status(place, "merged")} == {m.key for m in held}
    assert _status(place, "held") == []


def test_what_comes_later_waits_for_the_next_working_day(place: Workplace) -> None:
    """After the digest of a Friday nothing goes before Monday; a digest is made once a day, by however many workers."""
    _reminded(place, 2)
    _at(place, "2024-09-13", "09:30")
    place.flow.tick()
    place.deliver()
    _at(place, "2024-09-13", "15:00")
    place.flow.tick()
    numbers = assigned(place, 2)
    keeper = place.flow.directory().holders("safety_section", None, place.flow.today())[0]
    for number in numbers:
        place.flow.do(number, "recall", by=keeper, reason="写错")
    waiting = {m.key for m in _status(place, "held")}
    place.deliver()
    assert {m.key for m in _status(place, "held")} == waiting
    _at(place, "2024-09-14", "10:00")  # 中秋 make-up Saturday: it works
    place.deliver()
    assert _status(place, "held") == []


def test_what_lost_its_reason_is_not_in_it(place: Workplace) -> None:
    """The hazards were recalled before half past nine: nobody is reminded of them."""
    held = _reminded(place, 2)
    keeper = place.flow.directory().holders("safety_section", None, place.flow.today())[0]
    for number in {m.number for m in held}:
        place.flow.do(str(number), "recall", by=keeper, reason="写错")
    _at(place, "2024-09-09", "09:30")
    place.deliver()
    assert {m.key for m in _status(place, "cancelled")} >= {m.key for m in held}


def test_held_messages_can_be_sent_or_cancelled_by_hand(place: Workplace) -> None:
    """`outbox retry` sends one at once, `outbox cancel` takes it out."""
    one, other, *_ = _reminded(place, 2)
    assert retry(place.flow, [one.key]) == 1
    assert cancel(place.flow, [other.key]) == 1
    place.deliver()
    assert one.key in {m.key for m in _status(place, "sent")}
    assert other.key in {m.key for m in _status(place, "cancelled")}


def test_a_district_may_want_everything_at_once(place: Workplace) -> None:
    """Without a time for the digest nothing is held."""
    at_once = place.settings.outgoing.model_copy(update={"digest": ""})
    own = dataclasses.replace(place, settings=place.settings.model_copy(update={"outgoing": at_once}))
    assert _reminded(own, 2) == []
    assert _status(own, "waiting")
    own.flow.close()


def test_a_time_that_is_none_is_named(tmp_path: Path) -> None:
    """It is refused with its place and the form that is wanted."""
    file = tmp_path / "rectiflow.toml"
    file.write_text('[outgoing]\ndigest = "早上"\n', "utf-8")
    with pytest.raises(WorkplaceError, match=r"\[outgoing.digest\]：“早上”不是时间，请写 09:30"):
        read_settings(file)
