"""A reminder whose reason has gone before it was sent is not sent; what waited for a channel is."""

from __future__ import annotations

import dataclasses

from rectiflow._clock import SetClock
from rectiflow._health import examine
from rectiflow._upkeep import outbox, put_off
from rectiflow._workplace import Workplace
from support.workplaces import assigned


def _reminded(place: Workplace) -> str:
    """Let the day come on which a hazard should be signed for, with what is told of it written and not sent; return its number."""
    (number,) = assigned(place, 1)
    place.deliver()
    assert isinstance(place.clock, SetClock)
    place.clock.forward(days=1)
    assert place.flow.tick().fired > 0
    return number


def test_a_hazard_that_moved_on_is_not_reminded_of(place: Workplace) -> None:
    """It was recalled meanwhile: what the ladder had to say is cancelled with the reason, what the recall says is sent."""
    number = _reminded(place)
    keeper = place.flow.directory().holders("safety_section", None, place.flow.today())[0]
    waiting = {m.key for m in outbox(place.flow, status="waiting")}
    assert waiting
    place.flow.do(number, "recall", by=keeper, reason="交办有误")
    told = {m.key for m in outbox(place.flow, status="waiting")} - waiting
    done = place.deliver()
    assert (done.sent, done.dropped) == (len(told), len(waiting))
    cancelled = outbox(place.flow, status="cancelled")
    assert {m.key for m in cancelled} == waiting
    assert {m.detail for m in cancelled} == {"隐患已办到下一环节，不再提醒"}


def test_what_still_holds_is_sent(place: Workplace) -> None:
    """Nothing has happened meanwhile: everything goes out."""
    _reminded(place)
    waiting = len(outbox(place.flow, status="waiting"))
    done = place.deliver()
    assert (done.sent, done.dropped) == (waiting, 0)


def test_a_channel_that_is_configured_sends_what_waited_for_it(place: Workplace) -> None:
    """Without one the messages wait and somebody is told; with one they go at once, not a quarter of an hour later."""
    assigned(place, 1)
    none = place.settings.outgoing.model_copy(update={"files": False})
    bare = dataclasses.replace(place, settings=place.settings.model_copy(update={"outgoing": none}))
    count = bare.deliver().waiting
    assert count > 0
    told = put_off(bare.flow)
    assert told is not None
    assert told[0] == count
    assert any("没有配置发送通道" in note for note in examine(bare).notes)
    bare.flow.close()
    assert place.deliver().sent == count
    assert put_off(place.flow) is None
