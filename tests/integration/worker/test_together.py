"""What comes due at once about several hazards is told once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from rectiflow._clock import SetClock
from rectiflow._flow import Rectiflow
from rectiflow._messages import outbox
from rectiflow._outbox import StoreOutbox
from rectiflow._reader import readable
from rectiflow._reasons import reason_gone
from rectiflow._together import gather_steps
from rectiflow._workplace import Workplace
from rectiflow.notifiers import Message
from support.workplaces import assigned


def due_tomorrow(place: Workplace, count: int) -> list[str]:
    """Let hazards be assigned, and the day come on which they should be signed for."""
    numbers = assigned(place, count)
    place.deliver()
    assert isinstance(place.clock, SetClock)
    place.clock.forward(days=1)
    assert place.flow.tick().fired >= count
    return numbers


def test_several_calls_are_one_message(place: Workplace) -> None:
    """Each of the Safety Section gets one mail and one short message about three hazards, and they name all three."""
    numbers, before = due_tomorrow(place, 3), len(outbox(place.flow, status="sent"))
    written = [m for m in outbox(place.flow, status="waiting") if m.number in numbers]
    people = {m.recipient for m in written}
    assert len(written) > 2 * len(people)
    place.deliver()
    new = [m for m in outbox(place.flow, status="sent") if m.key.startswith("together:")]
    assert len(outbox(place.flow, status="sent")) - before == len(new)
    assert Counter(m.recipient for m in new) == dict.fromkeys(people, 2)
    assert {m.key for m in outbox(place.flow, status="merged")} >= {m.key for m in written}
    mails = [readable(m.body or b"") for m in new if not m.key.endswith(":sms")]
    assert all(number in mail for number in numbers for mail in mails)
    assert all(
        "签收时限" in mail.splitlines()[0] or "主题：签收时限" in mail or "签收时限提醒" in mail for mail in mails
    )


def test_one_alone_and_what_was_signed_meanwhile_go_as_they_are(place: Workplace) -> None:
    """Of two hazards one is signed for before anything is sent: its call is dropped, the other's is told by itself."""
    one, other = due_tomorrow(place, 2)
    officer = place.flow.directory().holders("safety_officer", "town1_school2", place.flow.today())[0]
    place.flow.do(one, "sign", by=officer)
    place.deliver()
    assert not [m for m in outbox(place.flow) if m.key.startswith("together:")]
    told = [m for m in outbox(place.flow, number=other, status="sent") if m.occasion == "电话催办任务"]
    assert told
    assert {m.status for m in outbox(place.flow, number=one) if m.occasion == "电话催办任务"} == {"cancelled"}


def test_what_is_over_by_the_time_it_is_sent_is_dropped(place: Workplace) -> None:
    """The channel was away, and meanwhile one hazard was signed for: the message goes; when both were, it does not."""
    one, other = due_tomorrow(place, 2)
    flow = place.flow
    officer = flow.directory().holders("safety_officer", "town1_school2", flow.today())[0]
    assert gather_steps(flow) > 0
    (first, *_) = [m for m in outbox(flow, status="waiting") if m.key.startswith("together:")]
    flow.do(one, "sign", by=officer)
    assert reason_gone(flow, claimed(flow, first.key)) is None
    flow.do(other, "sign", by=officer)
    place.deliver()
    together = {m.status: m.detail for m in outbox(flow) if m.key.startswith("together:")}
    assert together == {"cancelled": "隐患已办到下一环节，不再提醒"}


def claimed(flow: Rectiflow, key: str) -> Message:
    """Return a message as the dispatcher has it, and leave it in the outbox."""
    rows = StoreOutbox(flow.store, "w", flow.now, flow.district, only=[key])
    (message,) = rows.claim_messages(owner="w", limit=1, lease=timedelta(minutes=1))
    assert rows.mark_waiting(message, after=timedelta(), error="")
    return message
