"""The dispatcher: order, outcomes, and what stops nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from msgspec.structs import replace

from rectiflow.engine.errors import WorkplaceError
from rectiflow.notifiers import (
    LATER_DELAY,
    LET_PASS,
    RETRY_DELAYS,
    WAIT_WHILE_DOWN,
    Channel,
    ChannelDown,
    Contact,
    DispatchReport,
    Enclosure,
    Gone,
    Hours,
    MemoryContacts,
    MemoryOutbox,
    Message,
    NotYet,
    PermanentFailure,
    RecordingChannel,
    Rendered,
    Rules,
    Said,
    TemplateSet,
    TemporaryFailure,
    Unanswered,
    Watch,
    always_needed,
    always_new,
    any_hour,
    choose_channel,
    dispatch_once,
)
from rectiflow.notifiers.rules import Allowed, all_of_it

from .conftest import START, Clock, MakeContact, MakeMessage


class Office:
    """One outbox with its channels, and a way to send a batch."""

    def __init__(
        self,
        messages: Sequence[Message],
        contacts: Mapping[str, Contact],
        templates: TemplateSet,
        clock: Clock,
        *channels: Channel,
        watch: Watch | None = None,
    ) -> None:
        self.watch = watch
        self.clock, self.templates, self.channels = clock, templates, channels
        self.outbox, self.contacts = MemoryOutbox(messages, now=clock), MemoryContacts(contacts)

    def send(
        self,
        *,
        limit: int = 100,
        concurrency: int = 4,
        hours: Hours = any_hour,
        gone: Gone = always_needed,
        said: Said = always_new,
        allowed: Allowed = all_of_it,
    ) -> DispatchReport:
        """Send one batch, with delays as they stand in the table."""
        return dispatch_once(
            self.outbox,
            self.contacts,
            self.templates,
            self.channels,
            owner="worker-1",
            now=self.clock,
            limit=limit,
            concurrency=concurrency,
            rules=Rules(jitter=lambda delay: delay, hours=hours, gone=gone, said=said, allowed=allowed),
            watch=self.watch,
        )


def subjects(channel: RecordingChannel) -> list[str]:
    """Return the subjects a channel sent, in order."""
    return [str(message_from_bytes(r.body, policy=default)["Subject"]) for r in channel.sent]


def test_a_message_is_stored_then_sent(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """One due message: rendered, kept, sent, and the answer recorded."""
    mail = RecordingChannel()
    office = Office([make_message()], {"p-head": make_contact()}, templates, clock, mail)
    assert office.send() == DispatchReport(sent=1)
    row = office.outbox.rows[7]
    assert (row.state, row.told) == ("sent", "已记录")
    assert row.message.rendered == mail.sent[0]
    assert office.send() == DispatchReport()


def test_rendered_before_the_first_attempt_and_never_again(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """The first attempt finds the bytes stored; the retry sends the same, whoever holds the post meanwhile."""
    stored: list[Rendered | None] = []

    class Watching(RecordingChannel):
        async def send(self, rendered: Rendered) -> str:
            """Look into the store before anything leaves."""
            stored.append(office.outbox.rows[7].message.rendered)
            return await RecordingChannel.send(self, rendered)

    mail = Watching(failures=[TemporaryFailure("450 忙")])
    office = Office([make_message()], {"p-head": make_contact()}, templates, clock, mail)
    assert office.send() == DispatchReport(retried=1)
    office.contacts = MemoryContacts({"p-head": make_contact(name="新任校长")})
    clock.forward(timedelta(minutes=1))
    assert office.send() == DispatchReport(sent=1)
    assert stored == [mail.sent[0], mail.sent[0]]
    assert "新任校长" not in mail.sent[0].body.decode(errors="replace")


@pytest.mark.parametrize("channel", ["mail", "sms"])
def test_a_corrected_address_gets_what_waits(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact, channel: str
) -> None:
    """What was put into words for an address that is no longer the person's is written anew, under the same id."""
    way = RecordingChannel(name=channel, failures=[TemporaryFailure("450 忙")])
    before = make_contact(email="wrong@school.example", phone="13800000001")
    office = Office([make_message(channel=channel)], {"p-head": before}, templates, clock, way)
    assert office.send() == DispatchReport(retried=1)
    first = office.outbox.rows[7].message.rendered
    office.contacts = MemoryContacts({"p-head": make_contact(email="right@school.example", phone="13800000002")})
    clock.forward(timedelta(minutes=1))
    assert office.send() == DispatchReport(sent=1)
    (sent,) = way.sent
    assert first is not None
    assert (first.to, sent.to) in {
        ("wrong@school.example", "right@school.example"),
        ("13800000001", "13800000002"),
    }
    assert sent.message_id == first.message_id


def test_another_way_to_write_a_number_is_no_other_number(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """+86 before it changes nothing: the retry sends the stored words."""
    sms = RecordingChannel(name="sms", failures=[TemporaryFailure("忙")])
    office = Office([make_message(channel="sms")], {"p-head": make_contact(phone="13800000001")}, templates, clock, sms)
    assert office.send() == DispatchReport(retried=1)
    office.contacts = MemoryContacts({"p-head": make_contact(phone="+8613800000001")})
    clock.forward(timedelta(minutes=1))
    assert office.send() == DispatchReport(sent=1)
    assert sms.sent[0].to == "13800000001"


def test_delays_grow_and_then_it_is_an_incident(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """One, five and thirty minutes, two and six hours; then somebody is called and it is tried on, for five days."""
    mail = RecordingChannel(failures=[TemporaryFailure("450 信箱忙")] * 99)
    office = Office([make_message()], {"p-head": make_contact()}, templates, clock, mail)
    for delay in RETRY_DELAYS:
        assert office.send() == DispatchReport(retried=1)
        clock.forward(delay - timedelta(seconds=1))
        assert office.send() == DispatchReport()
        clock.forward(timedelta(seconds=1))
    for _ in range(10):
        assert office.send() == DispatchReport(waiting=1)
        assert office.outbox.rows[7].told == "450 信箱忙，已提请打电话，仍继续试"
        clock.forward(LATER_DELAY)
    assert office.outbox.called == [(7, "已尝试 6 次仍未发出：450 信箱忙")]
    assert office.send() == DispatchReport(dead=1)
    assert office.outbox.incidents == ["试了 5 天仍未发出：450 信箱忙"]


def test_what_nobody_answers_is_not_said_many_times(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """Three copies at most: it may have arrived each time; somebody asks by telephone."""
    mail = RecordingChannel(failures=[Unanswered("没有及时应答；")] * 9)
    office = Office([make_message()], {"p-head": make_contact()}, templates, clock, mail)
    for report in (DispatchReport(retried=1), DispatchReport(retried=1), DispatchReport(dead=1), DispatchReport()):
        assert office.send() == report
        clock.forward(timedelta(days=1))
    assert len(mail.failures) == 6
    ((_, called),) = office.outbox.called
    assert called == "已交出 3 次，都没有回音，可能已经送到：没有及时应答；请电话核实，不必重发"


def test_a_channel_that_is_slow_keeps_no_other_waiting(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """Mails that hang fill the places of mail alone: the short messages are gone before the first of them."""
    gone = asyncio.Event()

    class Hanging(RecordingChannel):
        async def send(self, rendered: Rendered) -> str:
            """Wait for the short messages."""
            await asyncio.wait_for(gone.wait(), 30)
            return await RecordingChannel.send(self, rendered)

    class Quick(RecordingChannel):
        async def send(self, rendered: Rendered) -> str:
            """Say so when it was the last."""
            said = await RecordingChannel.send(self, rendered)
            if len(self.sent) == 8:
                gone.set()
            return said

    messages = [
        make_message(id=n + 100 * (way == "sms"), number=f"LZH-2024-{n:06}", channel=way)
        for way in ("mail", "sms")
        for n in range(1, 9)
    ]
    mail, sms = Hanging(), Quick(name="sms")
    office = Office(messages, {"p-head": make_contact()}, templates, clock, mail, sms)
    assert office.send(concurrency=2) == DispatchReport(sent=16)


def test_a_mail_that_waits_holds_no_short_message(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """The copy of an urgent mail goes when the mail cannot."""
    mail, sms = RecordingChannel(failures=[TemporaryFailure("451 稍后再来")]), RecordingChannel(name="sms")
    messages = [make_message(id=1), make_message(id=2, sequence=1, channel="sms"), make_message(id=3, sequence=2)]
    office = Office(messages, {"p-head": make_contact()}, templates, clock, mail, sms)
    assert office.send() == DispatchReport(sent=1, retried=1, waiting=1)
    assert len(sms.sent) == 1


def test_a_login_that_is_refused_is_not_tried_with_every_message(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """What one delivery found out about a channel the next one knows; what waits is not put into words."""
    mail, watch = RecordingChannel(failures=[ChannelDown("535", after=timedelta(minutes=30))]), Watch()
    office = Office([make_message(id=1)], {"p-head": make_contact()}, templates, clock, mail, watch=watch)
    assert office.send() == DispatchReport(waiting=1)
    office.outbox.add(make_message(id=2, number="LZH-2024-000002"))
    assert office.send() == DispatchReport(waiting=1)
    assert office.outbox.rows[2].message.rendered is None
    assert watch.rests("mail", clock()) == (timedelta(minutes=30), "535")
    clock.forward(timedelta(minutes=31))
    assert office.send() == DispatchReport(sent=2)
    assert watch.rests("mail", clock()) is None


def test_what_another_message_has_said_is_dropped(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """With the reason; by another channel it is sent."""
    mail, sms = RecordingChannel(), RecordingChannel(name="sms")
    messages = [make_message(id=1, channel="sms"), make_message(id=2, number="LZH-2024-000002", channel="mail")]
    office = Office(messages, {"p-head": make_contact()}, templates, clock, mail, sms)
    report = office.send(
        said=lambda _message, channel, _contact: "同样的内容已用短信发出" if channel == "sms" else None
    )
    assert report == DispatchReport(sent=1, dropped=1)
    assert office.outbox.rows[1].told == "同样的内容已用短信发出"


def test_what_may_pass_while_words_are_made_is_tried_again(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """A database that is busy while a file is made kills no message."""

    class Busy(MemoryOutbox):
        broken = 2

        def enclosed(self, message: Message) -> tuple[Enclosure, ...]:
            """Fail twice."""
            self.broken -= 1
            if self.broken >= 0:
                raise OSError("database is locked")
            return ()

    office = Office([make_message()], {"p-head": make_contact()}, templates, clock, RecordingChannel())
    office.outbox = Busy([make_message()], now=clock)
    for delay in RETRY_DELAYS[:2]:
        assert office.send() == DispatchReport(retried=1)
        clock.forward(delay)
    assert office.send() == DispatchReport(sent=1)


def test_a_permanent_failure_is_not_tried_again(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """A 5xx answer ends the message at once."""
    mail = RecordingChannel(failures=[PermanentFailure("550 没有此人")])
    office = Office([make_message()], {"p-head": make_contact()}, templates, clock, mail)
    assert office.send() == DispatchReport(dead=1)
    assert office.outbox.incidents == ["550 没有此人"]


def test_an_unexpected_error_is_a_failed_attempt(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """A fault of a channel's own neither loses the message nor stops the batch."""

    class Faulty(RecordingChannel):
        async def send(self, rendered: Rendered) -> str:
            """Fail for one address."""
            if rendered.to == "head@school.example":
                raise ZeroDivisionError("oops")
            return await RecordingChannel.send(self, rendered)

    messages = [make_message(), make_message(id=8, number="LZH-2024-000124", recipient="p-2")]
    contacts = {"p-head": make_contact(), "p-2": make_contact(person="p-2", email="two@school.example")}
    office = Office(messages, contacts, templates, clock, Faulty())
    assert office.send() == DispatchReport(sent=1, retried=1)
    assert office.outbox.rows[7].told == "发送时出现意外错误（ZeroDivisionError：oops）"


@pytest.mark.parametrize("poison", ["no such template", "bad parameter", "broken channel"])
def test_a_poison_message_stops_nobody(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact, poison: str
) -> None:
    """What cannot be rendered is dead with its reason; its neighbours, even of the same ticket, are sent."""

    class Picky(RecordingChannel):
        def compose(self, message: Message, contact: Contact, *, templates: TemplateSet, at: datetime) -> Rendered:
            """Fail in an unforeseen way for the poisoned row."""
            if message.id == 1 and poison == "broken channel":
                raise ValueError("坏")
            return RecordingChannel.compose(self, message, contact, templates=templates, at=at)

    bad = make_message(id=1, template="nothing" if poison == "no such template" else "assigned")
    if poison == "bad parameter":
        bad = replace(bad, template="import_summary", params={"lines": "长" * 300_000})
    messages = [bad, make_message(id=2, sequence=2), make_message(id=3, number="LZH-2024-000124")]
    mail = Picky()
    office = Office(messages, {"p-head": make_contact()}, templates, clock, mail)
    assert office.send() == DispatchReport(sent=2, dead=1)
    assert office.outbox.rows[1].state == "dead"
    assert len(office.outbox.incidents) == 1


def test_order_within_a_ticket(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """Messages of one ticket go by sequence, whatever their ids, while tickets run side by side."""
    occasions = ("assigned", "due_soon", "urge", "passed", "closed")
    messages = [
        make_message(id=100 * n - i, number=f"LZH-2024-{n:06}", sequence=i, template=t, params={})
        for n in range(1, 9)
        for i, t in enumerate(occasions)
    ]
    mail = RecordingChannel()
    office = Office(messages, {"p-head": make_contact()}, templates, clock, mail)
    assert office.send(concurrency=3) == DispatchReport(sent=40)
    for n in range(1, 9):
        mine = [s for s in subjects(mail) if s.split()[1].startswith(f"LZH-2024-{n:06}")]
        assert [s.split()[0] for s in mine] == ["隐患交办", "整改时限提醒", "逾期催办", "复查合格", "隐患销号"]


def test_concurrency_is_bounded_and_used(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """Different tickets are sent at the same time, never more than allowed."""
    running: list[int] = []

    class Counting(RecordingChannel):
        now_running = 0

        async def send(self, rendered: Rendered) -> str:
            """Count who is inside."""
            self.now_running += 1
            running.append(self.now_running)
            await asyncio.sleep(0)
            self.now_running -= 1
            return ""

    messages = [make_message(id=n, number=f"LZH-2024-{n:06}") for n in range(12)]
    office = Office(messages, {"p-head": make_contact()}, templates, clock, Counting())
    assert office.send(concurrency=3) == DispatchReport(sent=12)
    assert max(running) == 3


def test_an_unfinished_message_holds_back_the_same_person_only(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """After a failed attempt the same person's next message of the ticket waits as long; another person's goes."""
    messages = [
        make_message(id=1, sequence=1),
        make_message(id=2, sequence=2, template="urge"),
        make_message(id=3, sequence=3, recipient="p-2"),
    ]
    contacts = {"p-head": make_contact(), "p-2": make_contact(person="p-2", email="two@school.example")}
    mail = RecordingChannel(failures=[TemporaryFailure("450 忙")])
    office = Office(messages, contacts, templates, clock, mail)
    assert office.send() == DispatchReport(sent=1, retried=1, waiting=1)
    assert (office.outbox.rows[2].message.attempts, office.outbox.rows[2].due) == (0, START + RETRY_DELAYS[0])
    assert "按顺序等待" in office.outbox.rows[2].told
    clock.forward(RETRY_DELAYS[0])
    assert office.send() == DispatchReport(sent=2)
    assert [s.split()[0] for s in subjects(mail)] == ["隐患交办", "隐患交办", "逾期催办"]


def test_a_channel_that_is_down_spares_the_rest(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """Once the channel is known to be down, nothing of the batch counts an attempt, and it is told once."""
    messages = [make_message(id=n, number=f"LZH-2024-{n:06}") for n in range(1, 6)]
    mail = RecordingChannel(failures=[ChannelDown("连接不上邮件服务器")])
    office = Office(messages, {"p-head": make_contact()}, templates, clock, mail)
    assert office.send(concurrency=1) == DispatchReport(waiting=5)
    assert {office.outbox.rows[n].message.attempts for n in range(1, 6)} == {0}
    assert {office.outbox.rows[n].message.rendered for n in range(2, 6)} == {None}
    assert {office.outbox.rows[n].told for n in range(1, 6)} == {"连接不上邮件服务器"}
    assert office.outbox.down == {"mail": "连接不上邮件服务器"}
    clock.forward(WAIT_WHILE_DOWN)
    assert office.send() == DispatchReport(sent=4)  # it may be the first that takes it down: the others go before it
    assert office.outbox.down == {}
    clock.forward(LET_PASS)
    assert office.send() == DispatchReport(sent=1)


def test_no_outage_is_so_long_that_a_message_dies(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """A mail server that is away for a week costs no message an attempt."""
    outage = int(timedelta(days=7) / WAIT_WHILE_DOWN)
    mail = RecordingChannel(failures=[ChannelDown("连接不上邮件服务器")] * outage)
    office = Office([make_message()], {"p-head": make_contact()}, templates, clock, mail)
    for _ in range(outage):
        assert office.send() == DispatchReport(waiting=1)
        clock.forward(WAIT_WHILE_DOWN + LET_PASS)
    assert office.send() == DispatchReport(sent=1)
    assert office.outbox.incidents == []


def test_a_message_that_shuts_the_door_dies_alone(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """Where the channel has just worked for others, what takes it down is at fault itself and ends after six attempts."""

    class Touchy(RecordingChannel):
        async def send(self, rendered: Rendered) -> str:
            """Hang up on one mail."""
            if b"LZH-2024-000002" in rendered.body:
                raise ChannelDown("连接不上邮件服务器")
            return await RecordingChannel.send(self, rendered)

    mail, day = Touchy(), timedelta(days=1)
    messages = [
        make_message(id=n, number=f"LZH-2024-{n:06}", created_at=START + n * timedelta(minutes=1)) for n in (1, 2, 3)
    ]
    office = Office(messages, {"p-head": make_contact()}, templates, clock, mail)
    clock.forward(day)
    assert office.send(concurrency=1) == DispatchReport(sent=2, retried=1)
    for n in range(10, 15):  # each day another one goes first
        office.outbox.add(make_message(id=n, number=f"LZH-2024-{n:06}", created_at=START))
        clock.forward(day)
        office.send(concurrency=1)
    assert office.outbox.rows[2].state == "dead"
    assert [office.outbox.rows[n].state for n in (1, 3, 10, 14)] == ["sent"] * 4
    assert office.outbox.down == {}


def test_who_can_be_told_by_no_channel_there_is_is_called_once(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """The message goes on waiting for the channel; without any channel at all nobody is called."""
    mail = RecordingChannel()
    office = Office([make_message()], {"p-head": make_contact(email=None)}, templates, clock, mail)
    for _ in range(3):
        assert office.send() == DispatchReport(waiting=1)
        clock.forward(timedelta(minutes=15))
    assert office.outbox.called == [(7, "太和镇中心小学校长只能用短信通知，短信没有配置")]
    nothing = Office([make_message()], {"p-head": make_contact(email=None)}, templates, clock)
    assert nothing.send() == DispatchReport(waiting=1)
    assert nothing.outbox.called == []


def test_who_was_not_reached_is_called(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """An address the server refuses leaves somebody who does not know."""
    mail = RecordingChannel(failures=[PermanentFailure("550 没有这个人")])
    office = Office([make_message()], {"p-head": make_contact()}, templates, clock, mail)
    assert office.send() == DispatchReport(dead=1)
    assert office.outbox.called == [(7, "550 没有这个人")]


def test_a_channel_that_has_had_its_share_costs_no_attempt(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """Neither the message that was told to wait nor the others count an attempt; all are due when the channel says so."""
    messages = [make_message(id=n, number=f"LZH-2024-{n:06}") for n in range(1, 5)]
    later = timedelta(seconds=40)
    mail = RecordingChannel(failures=[NotYet("每分钟最多 1 条", after=later)])
    office = Office(messages, {"p-head": make_contact()}, templates, clock, mail)
    assert office.send(concurrency=1) == DispatchReport(waiting=4)
    assert {(r.message.attempts, r.due, r.told) for r in office.outbox.rows.values()} == {
        (0, START + later, "每分钟最多 1 条")
    }
    clock.forward(later)
    assert office.send() == DispatchReport(sent=4)


def test_batch_after_batch_over_channels_opened_once(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """While it is going on, further batches are claimed; channels are opened for the first and closed after the last."""

    class Opening(RecordingChannel):
        steps: list[str]

        async def open(self) -> None:
            """Note it."""
            self.steps.append("open")

        async def send(self, rendered: Rendered) -> str:
            """Note it."""
            self.steps.append("send")
            return await RecordingChannel.send(self, rendered)

        async def close(self) -> None:
            """Note it."""
            self.steps.append("close")

    mail = Opening()
    mail.steps = []
    outbox = MemoryOutbox([make_message(id=n, number=f"LZH-2024-{n:06}") for n in range(7)], now=clock)
    contacts = MemoryContacts({"p-head": make_contact()})

    def run(answers: list[bool]) -> DispatchReport:
        return dispatch_once(
            outbox, contacts, templates, [mail], owner="w", now=clock, limit=2, going=lambda: answers.pop(0)
        )

    assert run([True, False]) == DispatchReport(sent=4)
    assert mail.steps == ["open", "send", "send", "send", "send", "close"]
    assert run([True, True, True]) == DispatchReport(sent=3)
    mail.steps.clear()
    assert run([]) == DispatchReport()
    assert mail.steps == []


@pytest.mark.parametrize(
    ("given", "channel", "told"),
    [
        ({"email": None, "phone": None}, None, "太和镇中心小学校长没有登记邮箱或手机号，请补上后重发"),
        ({"email": "head(at)school", "phone": None}, None, "联系方式“head(at)school”不能使用"),
        ({"phone": None}, "sms", "太和镇中心小学校长没有登记手机号"),
        ({"email": None}, "mail", "太和镇中心小学校长没有登记邮箱"),
    ],
)
def test_nobody_to_reach_is_dead_with_the_reason(
    templates: TemplateSet,
    clock: Clock,
    make_message: MakeMessage,
    make_contact: MakeContact,
    given: dict[str, str | None],
    channel: str | None,
    told: str,
) -> None:
    """A contact without a usable address is an incident that says what is missing."""

    class Strict(RecordingChannel):
        def accepts(self, contact: Contact) -> bool:
            """Want an @ in mail addresses."""
            return RecordingChannel.accepts(self, contact) and (self.name != "mail" or "@" in (contact.email or ""))

    office = Office(
        [make_message(channel=channel)],
        {"p-head": make_contact(**given)},
        templates,
        clock,
        Strict(),
        Strict(name="sms"),
    )
    assert office.send() == DispatchReport(dead=1)
    assert told in office.outbox.incidents[0]


def test_an_unknown_person_is_dead(templates: TemplateSet, clock: Clock, make_message: MakeMessage) -> None:
    """A recipient nobody knows is an incident."""
    office = Office([make_message()], {}, templates, clock, RecordingChannel())
    assert office.send() == DispatchReport(dead=1)
    assert office.outbox.incidents == ["名册里没有人员 p-head，请补录人员后重发"]


@pytest.mark.parametrize(
    ("given", "channel", "missing"),
    [
        ({}, None, "邮件、短信"),
        ({"phone": None}, None, "邮件"),
        ({"email": None}, None, "短信"),
        ({}, "wecom", "wecom"),
    ],
)
def test_a_channel_not_configured_makes_it_wait(
    templates: TemplateSet,
    clock: Clock,
    make_message: MakeMessage,
    make_contact: MakeContact,
    given: dict[str, str | None],
    channel: str | None,
    missing: str,
) -> None:
    """Without the channel a message waits, as often as needed, and never dies of it."""
    office = Office([make_message(channel=channel)], {"p-head": make_contact(**given)}, templates, clock)
    for _ in range(10):
        assert office.send() == DispatchReport(waiting=1)
        clock.forward(timedelta(minutes=15))
    row = office.outbox.rows[7]
    assert (row.message.attempts, row.told) == (0, f"{missing}通道没有配置，配置后自动发送")


def test_stored_bytes_wait_for_their_channel(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """Words for a channel that is gone wait for it where the person has no other way, else they are written anew."""
    rendered = Rendered(channel="mail", to="a@b.example", subject="x", body=b"x", message_id="<1@x>")
    sms = RecordingChannel(name="sms")
    alone = make_contact(email="a@b.example", phone=None)
    office = Office([make_message(rendered=rendered)], {"p-head": alone}, templates, clock, sms)
    assert office.send() == DispatchReport(waiting=1)
    office.contacts = MemoryContacts({"p-head": make_contact(email="a@b.example")})
    clock.forward(timedelta(minutes=15))
    assert office.send() == DispatchReport(sent=1)
    assert "隐患" in sms.sent[0].body.decode()


def test_mail_first_then_sms(make_message: MakeMessage, make_contact: MakeContact) -> None:
    """Mail where there is an address, SMS otherwise; a message that names a channel gets that one or none."""
    channels = {"mail": RecordingChannel(), "sms": RecordingChannel(name="sms")}
    assert choose_channel(make_message(), make_contact(), channels) is channels["mail"]
    assert choose_channel(make_message(), make_contact(email=None), channels) is channels["sms"]
    assert choose_channel(make_message(channel="sms"), make_contact(), channels) is channels["sms"]
    assert choose_channel(make_message(channel="sms"), make_contact(phone=None), channels) is None
    assert choose_channel(make_message(), make_contact(), {"sms": channels["sms"]}) is channels["sms"]


def test_two_rows_two_channels(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """An urgent matter told twice is two rows, the second fixed to SMS."""
    mail, sms = RecordingChannel(), RecordingChannel(name="sms")
    messages = [make_message(id=1), make_message(id=2, sequence=2, channel="sms")]
    office = Office(messages, {"p-head": make_contact()}, templates, clock, mail, sms)
    assert office.send() == DispatchReport(sent=2)
    assert (len(mail.sent), len(sms.sent)) == (1, 1)


def test_newer_words_are_recorded(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """When the template changed after the row was written, the present words go out and the record says so."""
    version = templates.version("assigned")
    messages = [
        make_message(id=1, template_version=5),
        make_message(id=2, template_version=version, number="LZH-2024-000124"),
        make_message(id=3, template_version=0, number="LZH-2024-000125"),
    ]
    office = Office(messages, {"p-head": make_contact()}, templates, clock, RecordingChannel())
    office.send()
    told = [office.outbox.rows[n].told for n in (1, 2, 3)]
    assert told == [f"已记录；模板在写入后改过（5 → {version}），按现行模板发送", "已记录", "已记录"]


def test_what_is_not_begun_within_the_lease_is_given_back(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """A batch that takes too long stops before another worker may have taken its rows."""

    class Slow(RecordingChannel):
        async def send(self, rendered: Rendered) -> str:
            """Take twelve minutes."""
            clock.forward(timedelta(minutes=12))
            return await RecordingChannel.send(self, rendered)

    messages = [make_message(id=n, sequence=n) for n in range(4)]
    office = Office(messages, {"p-head": make_contact()}, templates, clock, Slow())
    report = office.send()
    assert report == DispatchReport(sent=2, waiting=2)
    assert report.claimed == 4
    assert office.send() == DispatchReport(sent=2)


def test_a_lost_claim_changes_nothing(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """When another worker has taken the row, nothing is sent and nothing recorded."""

    class Robbed(MemoryContacts):
        def contact(self, district: str, person: str, on: date) -> Contact | None:
            """Lose the claim while looking up the contact."""
            clock.forward(timedelta(minutes=21))
            office.outbox.claim_messages(owner="worker-2", limit=9, lease=timedelta(minutes=10))
            return MemoryContacts.contact(self, district, person, on)

    mail = RecordingChannel()
    office = Office([make_message()], {}, templates, clock, mail)
    office.contacts = Robbed({"p-head": make_contact()})
    assert office.send() == DispatchReport(lost=1)
    assert (mail.sent, office.outbox.rows[7].state) == ([], "waiting")


def test_contacts_are_asked_for_the_local_day(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """At 17:00 UTC it is already tomorrow in Shanghai."""
    asked: list[date] = []

    class Asked(MemoryContacts):
        def contact(self, district: str, person: str, on: date) -> Contact | None:
            """Note the day."""
            asked.append(on)
            return MemoryContacts.contact(self, district, person, on)

    clock.forward(timedelta(hours=15, minutes=30))
    office = Office([make_message()], {}, templates, clock, RecordingChannel())
    office.contacts = Asked({"p-head": make_contact()})
    office.send()
    assert asked == [date(2024, 12, 3)]


def test_an_error_of_the_store_is_raised_after_the_others_are_done(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """A database error is no message's fault: the other tickets are sent, channels closed, then it is raised."""

    class Broken(MemoryOutbox):
        def mark_sent(self, message: Message, rendered: Rendered, *, detail: str) -> bool:
            """Fail for one row."""
            if message.id == 1:
                raise OSError("database gone")
            return MemoryOutbox.mark_sent(self, message, rendered, detail=detail)

    class Closing(RecordingChannel):
        closed = 0

        async def close(self) -> None:
            """Count."""
            self.closed += 1

    messages = [make_message(id=n, number=f"LZH-2024-{n:06}") for n in (1, 2, 3)]
    mail = Closing()
    office = Office(messages, {"p-head": make_contact()}, templates, clock, mail)
    office.outbox = Broken(messages, now=clock)
    with pytest.raises(OSError, match="database gone"):
        office.send()
    assert [office.outbox.rows[n].state for n in (1, 2, 3)] == ["waiting", "sent", "sent"]
    assert mail.closed == 1


def test_limit_and_default_jitter(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """At most `limit` are claimed; a delay grows by no more than a tenth."""
    messages = [make_message(id=n, number=f"LZH-2024-{n:06}") for n in range(5)]
    mail = RecordingChannel(failures=[TemporaryFailure("450 忙")])
    outbox, contacts = MemoryOutbox(messages, now=clock), MemoryContacts({"p-head": make_contact()})
    report = dispatch_once(outbox, contacts, templates, [mail], owner="w", now=clock, limit=3)
    assert report == DispatchReport(sent=2, retried=1)
    (late,) = [r.due for r in outbox.rows.values() if r.due > START]
    assert RETRY_DELAYS[0] <= late - START <= RETRY_DELAYS[0] * 1.1


def test_what_comes_at_night_waits_for_the_morning(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """It is not an attempt, is put into words when it goes, and goes when the channel opens."""
    mail = RecordingChannel()
    office = Office([make_message()], {"p-head": make_contact()}, templates, clock, mail)
    opens = clock() + timedelta(hours=9)

    def hours(channel: str, now: datetime) -> datetime:
        assert channel == "mail"
        return max(now, opens)

    assert office.send(hours=hours) == DispatchReport(waiting=1)
    row = office.outbox.rows[7]
    assert (row.told, row.message.rendered, row.message.attempts) == (
        "现在不是邮件的发送时间，12-02 18:30 起自动发送",
        None,
        0,
    )
    clock.forward(timedelta(hours=8, minutes=59))
    assert office.send(hours=hours) == DispatchReport()
    clock.forward(timedelta(minutes=1))
    assert office.send(hours=hours) == DispatchReport(sent=1)


def test_a_retry_does_not_come_at_night(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """What failed in the evening is tried again in the morning, with the words it has."""
    mail = RecordingChannel(failures=[TemporaryFailure("450 稍后")])
    office = Office([make_message()], {"p-head": make_contact()}, templates, clock, mail)
    assert office.send() == DispatchReport(retried=1)
    words = office.outbox.rows[7].message.rendered
    clock.forward(timedelta(minutes=2))
    later = clock() + timedelta(hours=9)
    assert office.send(hours=lambda _channel, now: max(now, later)) == DispatchReport(waiting=1)
    clock.forward(timedelta(hours=9))
    assert office.send() == DispatchReport(sent=1)
    assert mail.sent == [words]


def test_what_lost_its_reason_is_dropped(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """Nobody is told what is over; it stays to be seen with its reason, and holds back nothing behind it."""
    mail = RecordingChannel()
    messages = [make_message(id=1), make_message(id=2, sequence=2)]
    office = Office(messages, {"p-head": make_contact()}, templates, clock, mail)
    report = office.send(gone=lambda message: "已办到下一环节" if message.id == 1 else None)
    assert report == DispatchReport(sent=1, dropped=1)
    assert (report.claimed, (report + report).claimed) == (2, 4)
    assert (office.outbox.rows[1].state, office.outbox.rows[1].told) == ("cancelled", "已办到下一环节")
    assert office.outbox.rows[2].state == "sent"


def test_what_cannot_be_judged_is_a_failed_attempt_of_its_own(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """Tried again at growing intervals, then given up with what is wrong; others are sent. A database away is nobody's fault."""
    messages = [make_message(id=1), make_message(id=2, number="LZH-2024-000002")]
    office = Office(messages, {"p-head": make_contact()}, templates, clock, RecordingChannel())

    def away(_message: Message) -> str | None:
        raise WorkplaceError("数据库连不上")

    def unread(message: Message) -> str | None:
        if message.id == 1:
            raise ValueError("JSON is malformed")
        return None

    with pytest.raises(WorkplaceError, match="连不上"):
        office.send(gone=away)
    assert office.outbox.rows[1].message.attempts == 0
    clock.forward(timedelta(hours=1))
    assert office.send(gone=unread) == DispatchReport(sent=1, retried=1)
    for delay in RETRY_DELAYS[:-1]:
        clock.forward(delay)
        assert office.send(gone=unread) == DispatchReport(retried=1)
    clock.forward(RETRY_DELAYS[-1])
    assert office.send(gone=unread) == DispatchReport(dead=1)
    said = "隐患的数据读不出来（ValueError：JSON is malformed），请先修复数据，再用 rectiflow outbox retry 重发"
    assert office.outbox.incidents == [said]


def test_what_may_not_be_said_for_a_fault_is_a_failed_attempt_of_its_own(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """Nothing is sent of which nobody knows whether it may be; the others are."""
    messages = [make_message(id=1), make_message(id=2, number="LZH-2024-000002")]
    office = Office(messages, {"p-head": make_contact()}, templates, clock, RecordingChannel())

    def allowed(message: Message) -> Message:
        if message.id == 1:
            raise ValueError("JSON is malformed")
        return message

    assert office.send(allowed=allowed) == DispatchReport(sent=1, retried=1)
    assert office.outbox.rows[1].message.attempts == 1


def test_a_major_hazard_does_not_wait_for_the_morning(
    templates: TemplateSet, clock: Clock, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """What is urgent about it goes at any hour; what is not waits like everything else."""
    params = {"number": "LZH-2024-000123", "severity": "重大"}
    messages = [make_message(id=1, params=params), make_message(id=2, number="B", params=params, urgency="digest")]
    office = Office(messages, {"p-head": make_contact()}, templates, clock, RecordingChannel())
    assert office.send(hours=lambda _channel, now: now + timedelta(hours=9)) == DispatchReport(sent=1, waiting=1)
