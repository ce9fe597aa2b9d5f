"""What a message says of days is so on the day it is handed over, by whatever way it came late."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import select, update

from rectiflow._clock import SetClock
from rectiflow._messages import MessageView, outbox
from rectiflow._outbox import StoreOutbox
from rectiflow._reader import readable
from rectiflow._workplace import Workplace
from rectiflow.notifiers import Message, Rendered
from rectiflow.storage.connect import reading, writing
from rectiflow.storage.tables import table
from support.district import at
from support.workplaces import assigned

SCHOOL = "town1_school2"
WORDS = Rendered(channel="mail", to="a@school.example", subject="s", body=b"b", message_id="<1@x>")


def _at(place: Workplace, day: str, hour: str) -> None:
    assert isinstance(place.clock, SetClock)
    place.clock.forward(seconds=(at(day, hour) - place.clock.now()).total_seconds())
    place.flow.tick()


def _signed(place: Workplace, days: int, count: int = 1) -> list[str]:
    """Assign hazards that end so many days from now, and sign for them."""
    numbers = assigned(place, count, days=days)
    officer = place.flow.directory().holders("safety_officer", SCHOOL, place.flow.today())[0]
    for number in numbers:
        place.flow.do(number, "sign", by=officer)
    place.deliver()
    return numbers


def _words(messages: Iterable[MessageView]) -> str:
    return "\n".join(readable(m.body or b"") for m in messages)


def test_a_deadline_on_a_saturday_where_nothing_goes_at_the_weekend(place: Workplace) -> None:
    """On Monday nobody reads that it ends today: the head and the officer hear at seven how late it is, and no more at nine."""
    weekdays = {"mail_hours": "07:00-22:00 工作日", "sms_hours": "08:00-20:00 工作日"}
    outgoing = place.settings.outgoing.model_copy(update=weekdays)
    own = dataclasses.replace(place, settings=place.settings.model_copy(update={"outgoing": outgoing}))
    (number,) = _signed(own, 19)  # the 21st
    _at(own, "2024-09-18", "09:00")
    _at(own, "2024-09-18", "09:35")
    own.deliver()
    before = {m.key for m in outbox(own.flow, status="sent")}
    for moment in ("21 09:05", "22 12:00", "23 07:05", "23 08:05", "23 09:05", "23 09:35"):
        _at(own, f"2024-09-{moment[:2]}", moment[3:])
        own.deliver()
    new = [m for m in outbox(own.flow, status="sent") if m.key not in before]
    name = own.flow.directory().person_name
    head, officer = (
        own.flow.directory().holders(r, SCHOOL, own.flow.today())[0] for r in ("principal", "safety_officer")
    )
    assert "今天到期" not in _words(new)
    for person in (head, officer):
        mail, short = sorted((m for m in new if m.recipient == name(person)), key=lambda m: m.key)
        assert "整改时限提醒" in _words([mail])
        assert "下列隐患的整改时限为9月21日，已逾期2天" in _words([mail])
        assert "整改时限为9月21日，已逾期2天" in _words([short])
    dropped = {(m.recipient, m.detail) for m in outbox(own.flow, number=number, status="cancelled")}
    assert dropped == {(name(head), "同一时限前一步的提醒发得晚，已按现在的情况说过")}
    own.flow.close()


def _claimed(place: Workplace, number: str) -> tuple[StoreOutbox, Message]:
    """Take what is to be told of a deadline to the officer, by mail."""
    officer = place.flow.directory().holders("safety_officer", SCHOOL, place.flow.today())[0]
    key = f"{number}:rectify:1:1:due-remind:0:{officer}"
    box = StoreOutbox(place.flow.store, "w", place.flow.now, place.flow.district, only=[key])
    (message,) = box.claim_messages(owner="w", limit=1, lease=timedelta(minutes=5))
    return box, message


def test_words_of_yesterday_are_not_sent_today(place: Workplace) -> None:
    """On the same day a retry sends the same bytes; on the next day the message is put into words anew."""
    (number,) = _signed(place, 10)
    _at(place, "2024-09-12", "09:05")
    box, message = _claimed(place, number)
    assert (message.template, message.params["days_left"], message.params["until"]) == ("due_soon", 0, "9月12日")
    assert box.keep_rendered(message, WORDS, lease=timedelta(minutes=5))
    assert box.mark_retry(message, after=timedelta(minutes=1), error="稍后")
    _at(place, "2024-09-12", "09:07")
    box, message = _claimed(place, number)
    assert message.rendered is not None
    assert box.mark_retry(message, after=timedelta(minutes=1), error="稍后")
    for minute in ("00:05", "00:07"):  # then again the words are kept
        _at(place, "2024-09-13", minute)
        box, message = _claimed(place, number)
        assert (message.template, message.params["days_left"], message.params["days_overdue"]) == ("reminder", None, 1)
        assert (message.rendered is None) == (minute == "00:05")
        assert box.keep_rendered(message, WORDS, lease=timedelta(minutes=5))
        assert box.mark_retry(message, after=timedelta(minutes=1), error="稍后")


def test_what_an_earlier_version_wrote_is_sent(place: Workplace) -> None:
    """It does not say when its clock ends: its days are those of the day it was written."""
    (number,) = _signed(place, 10)
    _at(place, "2024-09-12", "09:05")
    m, fresh = table("message"), ("ends", "until", "hours_left", "hours_overdue")
    with reading(place.flow.store.engine) as connection:
        rows = connection.execute(select(m.c.key, m.c.params).where(m.c.status == "waiting")).all()
    with writing(place.flow.store.engine) as connection:
        for key, params in rows:
            old = {name: value for name, value in params.items() if name not in fresh}
            connection.execute(update(m).where(m.c.key == key).values(params=old))
    assert place.deliver().sent == len(rows) > 0
    told = [v for v in outbox(place.flow, number=number, status="sent") if v.key in {key for key, _ in rows}]
    assert "整改时限为2024年9月12日（含当日），今天到期" in _words(told)
