"""A channel that is away, one that is not there, and whom neither reaches."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from rectiflow._clock import SetClock
from rectiflow._desk import call_views, waiting_calls
from rectiflow._doctor import doctor
from rectiflow._incidents import incidents
from rectiflow._messages import outbox, retry
from rectiflow._persons import Order, hand_over, register, set_reach
from rectiflow._reader import readable
from rectiflow._sheet import sheet
from rectiflow._today import today
from rectiflow._workplace import Workplace
from rectiflow.engine.stimulus import Called, Hand
from support.smtp import PASSWORD, USER, CountingController, MailServer, start_mail_server
from support.workplaces import assigned

DATABASES = ("sqlite",)  #: the queries behind are tested on both in test_worker and tests/integration/storage


def served(place: Workplace, *, port: int, ca_file: Path, digest: str = "") -> Workplace:
    """Return the workplace with a mail server, and no other channel."""
    told = place.settings.mail.model_dump() | {
        "host": "127.0.0.1",
        "port": port,
        "username": USER,
        "password": PASSWORD,
        "sender": "safety@edu.example",
        "ca_file": ca_file,
    }
    settings = place.settings.model_copy(
        update={
            "mail": type(place.settings.mail).model_validate(told),
            "outgoing": place.settings.outgoing.model_copy(update={"files": False, "digest": digest}),
        }
    )
    return dataclasses.replace(place, settings=settings)


@pytest.fixture
def nobody_there() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailServer]:
    """Run a mail server."""
    mailbox, controller = start_mail_server(tmp_path)
    yield mailbox
    controller.stop()


def officer(place: Workplace) -> str:
    """Return who answers for the hazards of the school in the tests."""
    return place.flow.directory().holders("safety_officer", "town1_school2", place.flow.today())[0]


def test_a_server_that_is_away_for_days(place: Workplace, server: MailServer, nobody_there: int) -> None:
    """Nothing counts, one incident says so, and when it is back all arrives once and the incident is closed."""
    away = served(place, port=nobody_there, ca_file=server.ca_file)
    numbers = assigned(away, 3)
    for _ in range(4):
        done = away.deliver()
        assert (done.sent, done.dead, done.retried) == (0, 0, 0)
        assert isinstance(away.clock, SetClock)
        away.clock.forward(days=1)
    waiting = outbox(away.flow, status="waiting")
    assert {m.attempts for m in waiting} == {0}
    (incident,) = [i for i in incidents(away.flow) if i.subject.startswith("channel:")]
    assert incident.message.startswith("邮件发不出去：连接不上邮件服务器 127.0.0.1")
    elsewhere = served(place, port=9, ca_file=server.ca_file)
    elsewhere.deliver()
    (changed,) = [i for i in incidents(away.flow) if i.subject.startswith("channel:")]
    assert (changed.id, changed.opened_at) == (incident.id, incident.opened_at)
    assert "127.0.0.1:9（" in changed.message  # the cause has changed, and so has what is told
    assert isinstance(place.clock, SetClock)
    place.clock.forward(days=1)
    back = served(place, port=server.port, ca_file=server.ca_file)
    done = back.deliver()
    assert done.sent == len(server.mails) >= len(numbers)
    assert [i for i in incidents(back.flow) if i.subject.startswith("channel:")] == []
    for made in (away, elsewhere, back):
        made.flow.close()


def test_who_has_only_a_telephone_while_there_are_no_short_messages(place: Workplace, server: MailServer) -> None:
    """The message waits, the doctor names them, an incident and a call are there at once, and only once."""
    made = served(place, port=server.port, ca_file=server.ca_file)
    person = officer(made)
    set_reach(made.flow, person, email="", phone="13800000001")
    (number,) = assigned(made, 1)
    for _ in range(3):
        made.deliver()
        assert isinstance(made.clock, SetClock)
        made.clock.forward(minutes=20)
    name = made.flow.directory().person_name(person)
    mine = [m for m in outbox(made.flow, number=number) if m.recipient == name]
    assert {m.status for m in mine} == {"waiting"}
    (incident,) = [i for i in incidents(made.flow) if i.subject == f"unreached:{person}"]
    assert incident.message.startswith(f"{name}只能用短信通知，短信没有配置；请电话告知")
    assert waiting_calls(made.flow, number) == ["sign"]
    said = [f.detail for f in doctor(made) if f.subject == "发送通道"]
    assert any(s.startswith("短信没有配置，") and name in s for s in said), said
    set_reach(made.flow, person, email="officer@school.example")
    made.deliver()
    assert {m.status for m in outbox(made.flow, number=number) if m.recipient == name} == {"sent"}
    assert [i for i in incidents(made.flow) if i.subject == f"unreached:{person}"] == []
    made.flow.close()


def test_one_digest_after_days_without_mail(place: Workplace, server: MailServer, nobody_there: int) -> None:
    """The one of the last day, of what is still so; those that could not be handed over are taken back."""
    away = served(place, port=nobody_there, ca_file=server.ca_file, digest="09:30")
    numbers = assigned(away, 2)
    assert isinstance(away.clock, SetClock)
    away.clock.forward(days=7, minutes=45)
    away.flow.tick()
    for _ in range(4):
        away.clock.forward(days=1)
        away.flow.tick()
        away.deliver()
    waiting = [m for m in outbox(away.flow, status="waiting") if m.key.startswith("digest:")]
    assert len(waiting) == len({m.recipient for m in waiting}) > 0
    safety = away.flow.directory().holders("safety_section", None, away.flow.today())[0]
    away.flow.void(numbers[0], by=safety, reason="重复登记")
    back = served(place, port=server.port, ca_file=server.ca_file, digest="09:30")
    back.clock.forward(days=1)  # type: ignore[attr-defined]
    back.deliver()
    sent = [m for m in outbox(back.flow, status="sent") if m.key.startswith("digest:")]
    assert len(sent) == len({m.recipient for m in sent})
    words = [readable(m.body) for m in sent if m.body]
    assert any(f"临期提醒：{numbers[1]}" in w or f"逾期催办：{numbers[1]}" in w for w in words)
    assert not [w for w in words if f"临期提醒：{numbers[0]}" in w or f"逾期催办：{numbers[0]}" in w]
    for made in (away, back):
        made.flow.close()


def test_a_channel_that_was_taken_out_of_the_settings(place: Workplace, server: MailServer, nobody_there: int) -> None:
    """Nobody is to mend it any more."""
    away = served(place, port=nobody_there, ca_file=server.ca_file)
    assigned(away, 1)
    away.deliver()
    assert [i for i in incidents(away.flow) if i.subject == "channel:mail"]
    mail = away.settings.mail.model_copy(update={"host": ""})
    bare = dataclasses.replace(away, settings=away.settings.model_copy(update={"mail": mail}))
    bare.deliver()
    assert not [i for i in incidents(bare.flow) if i.subject == "channel:mail"]
    for made in (away, bare):
        made.flow.close()


def test_a_refused_address_leads_to_a_call(place: Workplace, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Once the server says there is nobody of that name, somebody telephones; sent again, the incident is closed.

    The incident, the day's list and the log say whose message it was, and where it was to go.
    """
    folder = tmp_path / "strict"
    folder.mkdir()
    mailbox, controller = start_mail_server(folder, refuse={"gone@school.example": 550})
    made = served(place, port=mailbox.port, ca_file=mailbox.ca_file)
    person = officer(made)
    set_reach(made.flow, person, email="gone@school.example", phone="")
    (number,) = assigned(made, 1)
    made.deliver()
    assert waiting_calls(made.flow, number) == ["sign"]
    name = made.flow.directory().person_name(person)
    (dead,) = [m for m in outbox(made.flow, status="dead") if m.recipient == name]
    (incident,) = [i for i in incidents(made.flow) if i.subject == f"message:{dead.key}"]
    assert "拒收收件地址" in incident.message
    assert incident.message.startswith(f"交办没有送到{name}（邮件 gone@school.example）：")
    keeper = made.flow.directory().holders("safety_section", None, made.flow.today())[0]
    (section,) = [s for s in today(made.flow, by=keeper).sections if s.id == "undelivered"]
    assert [i.title for i in section.items] == [f"{name}（gone@school.example）：交办"]
    assert f"消息 {dead.id}（交办，{number}）未送达，不再重试" in caplog.messages
    set_reach(made.flow, person, email="here@school.example")
    assert retry(made.flow, []) == 1
    assert [i for i in incidents(made.flow) if i.subject == f"message:{dead.key}"] == []
    made.deliver()
    assert mailbox.mails[-1].recipients == ("here@school.example",)
    (sent,) = [m for m in outbox(made.flow, status="sent") if m.key == dead.key]
    assert (sent.to, sent.detail) == ("here@school.example", "邮件服务器答复 2.0.0 kept")
    controller.stop()
    made.flow.close()


def test_who_was_not_reached_is_called_about_that(place: Workplace, tmp_path: Path) -> None:
    """The list says what did not arrive and not that a deadline is over; who is away is not called, the deputy is."""
    folder = tmp_path / "strict"
    folder.mkdir()
    mailbox, controller = start_mail_server(folder, refuse={"gone@school.example": 550})
    made = served(place, port=mailbox.port, ca_file=mailbox.ca_file)
    person = officer(made)
    set_reach(made.flow, person, email="gone@school.example", phone="")
    assigned(made, 1)
    made.deliver()
    keeper = made.flow.directory().holders("safety_section", None, made.flow.today())[0]
    (call,) = call_views(made.flow, by=keeper)
    assert "拒收收件地址" in call.undelivered
    name = made.flow.directory().person_name(person)
    assert (call.callee, call.stands_for) == (name, "")
    deputy = made.flow.directory().holders("principal", "town1_school2", made.flow.today())[0]
    register(made.flow, person, deputy, since=made.flow.today(), until=made.flow.today(), by=keeper)
    (call,) = call_views(made.flow, by=keeper)
    assert (call.callee, call.stands_for) == (made.flow.directory().person_name(deputy), name)
    assert call.phone == made.flow.directory().persons[deputy].phone
    controller.stop()
    made.flow.close()


def _strict(place: Workplace, tmp_path: Path, *gone: str) -> tuple[Workplace, CountingController]:
    """Serve a workplace by a mail server that knows nobody at some addresses."""
    folder = tmp_path / "strict"
    folder.mkdir()
    mailbox, controller = start_mail_server(folder, refuse=dict.fromkeys(gone, 550))
    return served(place, port=mailbox.port, ca_file=mailbox.ca_file), controller


@pytest.mark.parametrize("called", [False, True])
def test_the_call_is_to_whom_the_message_did_not_reach_and_no_longer(
    place: Workplace, tmp_path: Path, called: bool
) -> None:
    """Not to the responsible person, who has his mail; once the message is sent after all there is nothing to call about."""
    made, controller = _strict(place, tmp_path, "gone@school.example")
    flow, today = made.flow, made.flow.today()
    (principal,) = flow.directory().holders("principal", "town1_school2", today)
    keeper = flow.directory().holders("safety_section", None, today)[0]
    set_reach(flow, principal, email="gone@school.example", phone="")
    (number,) = assigned(made, 1)
    made.deliver()
    name = flow.directory().person_name(principal)
    assert [c.callee for c in call_views(flow, by=keeper)] == [name]
    (told,) = [e for e in sheet(flow, number, by=keeper).events if e.kind == "unreached"]
    assert ("对象", name) in told.details
    if called:
        flow.handle(number, Called(clock="sign", hand=Hand(actor=keeper, note="已电话告知")))
    set_reach(flow, principal, email="here@school.example")
    retry(flow, [])
    made.deliver()
    assert waiting_calls(flow, number) == []
    ended = [e for e in sheet(flow, number, by=keeper).events if e.kind == "reached"]
    assert [("对象", name) in e.details for e in ended] == ([] if called else [True])
    controller.stop()
    flow.close()


def test_one_call_after_another(place: Workplace, tmp_path: Path) -> None:
    """Where two are not reached and the first is after all, the other one is called."""
    made, controller = _strict(place, tmp_path, "gone@school.example", "away@school.example")
    flow, today = made.flow, made.flow.today()
    (principal,) = flow.directory().holders("principal", "town1_school2", today)
    keeper = flow.directory().holders("safety_section", None, today)[0]
    both = {"gone@school.example": principal, "away@school.example": officer(made)}
    for email, person in both.items():
        set_reach(flow, person, email=email, phone="")
    (number,) = assigned(made, 1)
    made.deliver()
    names = {flow.directory().person_name(p): p for p in both.values()}
    (first,) = call_views(flow, by=keeper)
    set_reach(flow, names[first.callee], email="here@school.example")
    retry(flow, [m.key for m in outbox(flow, status="dead") if m.recipient == first.callee])
    made.deliver()
    (other,) = call_views(flow, by=keeper)
    assert {first.callee, other.callee} == set(names)
    set_reach(flow, names[other.callee], email="there@school.example")
    retry(flow, [])
    made.deliver()
    assert waiting_calls(flow, number) == []
    controller.stop()
    flow.close()


def test_who_no_longer_answers_for_it_is_not_called(place: Workplace, tmp_path: Path) -> None:
    """Who was not reached and has left the post meanwhile is not called; who is responsible is."""
    made, controller = _strict(place, tmp_path, "gone@school.example")
    flow, today = made.flow, made.flow.today()
    (principal,) = flow.directory().holders("principal", "town1_school2", today)
    keeper = flow.directory().holders("safety_section", None, today)[0]
    set_reach(flow, principal, email="gone@school.example", phone="")
    (number,) = assigned(made, 1)
    made.deliver()
    assert [c.callee for c in call_views(flow, by=keeper)] == [flow.directory().person_name(principal)]
    hand_over(flow, Order(old=principal, new="示例二镇第一小学安全副校长", since=today), by=keeper)
    responsible = str(flow.ticket(number).fields["responsible_person"])
    assert [c.callee for c in call_views(flow, by=keeper)] == [flow.directory().person_name(responsible)]
    controller.stop()
    flow.close()
