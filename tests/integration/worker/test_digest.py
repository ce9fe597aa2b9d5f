"""What is not urgent reaches a person once a working day, in one message."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from datetime import time
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from rectiflow._clock import SetClock
from rectiflow._digest import gather_digests
from rectiflow._messages import MessageView, cancel, outbox, retry
from rectiflow._settings import read_settings
from rectiflow._workplace import Workplace
from rectiflow.engine.decision import MessageDraft
from rectiflow.engine.errors import WorkplaceError
from rectiflow.storage import digests
from rectiflow.storage.decode import Loaded
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
    assert cancel(place.flow, [other.key], by="安全股股长") == 1
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


def test_what_becomes_restricted_is_not_told_any_more(place: Workplace) -> None:
    """It was held, or waits, with its description; by the time it is sent the hazard is restricted: a number is left."""
    held = _reminded(place, 2)
    number = str(held[0].number)
    keeper = place.flow.directory().holders("safety_section", None, place.flow.today())[0]
    place.flow.amend(number, by=keeper, reason="改类别", category="防欺凌治理")
    _at(place, "2024-09-09", "09:30")
    place.deliver()
    digests = [m for m in _status(place, "sent") if m.occasion == "每日汇总"]
    (digest,) = [m for m in digests if m.recipient == held[0].recipient]
    said = digest_text(digest)
    assert f"限制类事项：{number}，请与安全股联系" in said
    assert "第 1 处疏散通道" not in said
    assert "第 2 处疏散通道" in said


def digest_text(message: MessageView) -> str:
    """Return the plain text of a mail that was sent."""
    body = message_from_bytes(message.body or b"", policy=default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_without_a_digest_nothing_stays_held(place: Workplace) -> None:
    """Who switches it off gets what was held, one by one."""
    held = _reminded(place, 2)
    at_once = place.settings.outgoing.model_copy(update={"digest": ""})
    own = dataclasses.replace(place, settings=place.settings.model_copy(update={"outgoing": at_once}))
    own.deliver()
    assert {m.key for m in _status(own, "sent")} >= {m.key for m in held}
    own.flow.close()


def test_a_digest_late_in_the_evening_is_not_lost(place: Workplace) -> None:
    """Nobody looked before midnight, and at night nobody is disturbed: it goes in the morning, for the day before."""
    _reminded(place, 2)
    late = place.settings.outgoing.model_copy(update={"digest": "23:59"})
    own = dataclasses.replace(place, settings=place.settings.model_copy(update={"outgoing": late}))
    _at(own, "2024-09-10", "06:00")
    own.deliver()
    assert _status(own, "held")
    _at(own, "2024-09-10", "07:00")
    own.deliver()
    assert _status(own, "held") == []
    assert {m.key[:17] for m in _status(own, "sent") if m.occasion == "每日汇总"} == {"digest:2024-09-09"}
    own.flow.close()


def test_what_is_taken_out_meanwhile_is_not_in_it(place: Workplace) -> None:
    """Somebody cancels one, and then all, between the looking and the writing."""
    one, *rest = (m.key for m in _reminded(place, 2))
    flow, asked = place.flow, list[list[str]]()

    def draft(keys: Sequence[str]) -> MessageDraft:
        asked.append(list(keys))
        return MessageDraft(key="digest:x", recipient="r", template="digest", params={})

    cancel(flow, [one], by="安全股股长")
    assert digests.merge(flow.store.engine, flow.district, draft, [one, *rest], "并入", now=flow.now())
    assert asked == [rest]
    assert not digests.merge(flow.store.engine, flow.district, draft, [one, *rest], "并入", now=flow.now())


def test_who_has_the_digest_of_the_day_costs_nothing_more(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """More is held for the same people after it was written: no hazard is read until the next working day."""
    held, read, load = _reminded(place, 3), list[str](), place.flow.store.load
    _at(place, "2024-09-09", "09:30")
    place.deliver()
    place.flow.store.link.run("UPDATE rectiflow_message SET status = 'held' WHERE status = 'merged'")

    def counted(number: str) -> Loaded:
        read.append(number)
        return load(number)

    monkeypatch.setattr(place.flow.store, "load", counted)
    place.deliver()
    assert (read, len(_status(place, "held"))) == ([], len(held))
    _at(place, "2024-09-10", "09:30")
    gather_digests(place.flow, time(9, 30))
    assert len(read) == len(held)  # each is looked at once
    assert {m.key for m in _status(place, "merged")} == {m.key for m in held}


def test_a_worker_that_is_told_to_stop_leaves_the_other_digests(place: Workplace) -> None:
    """It makes one person's and ends; the next delivery makes the others'."""
    held = _reminded(place, 4)
    keeper = place.flow.directory().holders("safety_section", None, place.flow.today())[0]
    place.flow.store.link.run(
        f"UPDATE rectiflow_message SET recipient = '{keeper}' WHERE key IN ('{held[0].key}', '{held[1].key}')"  # noqa: S608
    )
    _at(place, "2024-09-09", "09:30")
    assert gather_digests(place.flow, time(9, 30), going=lambda: False) == 1
    assert gather_digests(place.flow, time(9, 30)) >= 1
    assert gather_digests(place.flow, time(9, 30)) == 0
