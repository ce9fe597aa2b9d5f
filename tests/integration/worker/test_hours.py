"""What is written in the evening goes out in the morning, over the channels of a real workplace."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

from rectiflow._clock import SetClock
from rectiflow._delivery import send_at_once
from rectiflow._messages import hurry, outbox
from rectiflow._settings import read_settings
from rectiflow._workplace import Workplace
from rectiflow.engine.errors import WorkplaceError
from support.district import at
from support.workplaces import assigned


def _at(place: Workplace, day: str, hour: str) -> None:
    assert isinstance(place.clock, SetClock)
    place.clock.forward(seconds=(at(day, hour) - place.clock.now()).total_seconds())


def test_nobody_is_disturbed_at_night(place: Workplace) -> None:
    """Mails and short messages of 23:00 wait, without an attempt, for seven and eight o'clock."""
    _at(place, "2024-09-02", "23:00")
    assigned(place, 1)
    done = place.deliver()
    assert (done.sent, done.waiting > 0) == (0, True)
    waiting = outbox(place.flow, status="waiting")
    assert {m.attempts for m in waiting} == {0}
    mails = [m for m in waiting if m.channel != "sms"]
    assert {m.detail for m in mails} == {"现在不是邮件的发送时间，09-03 07:00 起自动发送"}
    _at(place, "2024-09-03", "07:00")
    assert place.deliver().sent == len(mails)
    left = outbox(place.flow, status="waiting")
    assert {m.detail for m in left} == {"现在不是短信的发送时间，09-03 08:00 起自动发送"}
    _at(place, "2024-09-03", "08:00")
    assert place.deliver().sent == len(left) == len(waiting) - len(mails)


def test_somebody_may_decide_that_it_goes_now(place: Workplace) -> None:
    """By hand the hours can be passed over, also for what was put off already."""
    _at(place, "2024-09-02", "23:00")
    assigned(place, 1)
    count = place.deliver().waiting
    assert place.deliver(at_any_hour=True).sent == 0  # put off
    assert hurry(place.flow) == count
    assert place.deliver(at_any_hour=True).sent == count


def test_one_of_them_alone_may_go_now(place: Workplace) -> None:
    """The others keep waiting, and nobody else holds it meanwhile."""
    _at(place, "2024-09-02", "23:00")
    assigned(place, 2)
    count = place.deliver().waiting
    chosen = outbox(place.flow, status="waiting")[0]
    done = send_at_once(place, [chosen.id])
    assert (done.sent, done.claimed) == (1, 1)
    assert [m.key for m in outbox(place.flow, status="sent")] == [chosen.key]
    assert len(outbox(place.flow, status="waiting")) == count - 1
    assert send_at_once(place, [chosen.id]).claimed == 0


def test_a_district_sets_its_own_hours(place: Workplace) -> None:
    """On working days only, if it says so; a Saturday's short messages wait until Monday."""
    _at(place, "2024-09-07", "10:00")
    assigned(place, 1)
    ours = place.settings.outgoing.model_copy(update={"mail_hours": "10:00-11:00", "sms_hours": "09:00-18:00 工作日"})
    own = dataclasses.replace(place, settings=place.settings.model_copy(update={"outgoing": ours}))
    done = own.deliver()
    assert done.sent > 0
    assert {m.detail for m in outbox(own.flow, status="waiting")} == {"现在不是短信的发送时间，09-09 09:00 起自动发送"}
    own.flow.close()


@pytest.mark.parametrize("key", ["mail_hours", "sms_hours"])
def test_hours_that_cannot_be_are_named(tmp_path: Path, key: str) -> None:
    """A setting that is no stretch of time is refused with its place and the form that is wanted."""
    file = tmp_path / "rectiflow.toml"
    file.write_text(f'[outgoing]\n{key} = "20点以后不发"\n', "utf-8")
    with pytest.raises(WorkplaceError) as refusal:
        read_settings(file)
    assert f"[outgoing.{key}]：“20点以后不发”不是一段时间，请写 08:00-20:00" in str(refusal.value)


def test_a_host_with_an_event_loop_sends_from_a_thread(place: Workplace) -> None:
    """Sending runs a loop of its own, which a thread that has one already does not allow."""
    assigned(place, 1)
    count = len(outbox(place.flow, status="waiting"))

    async def host() -> int:
        return (await asyncio.to_thread(place.deliver)).sent

    assert asyncio.run(host()) == count > 0
