"""Mails that may not be what they say: another's, forged, by automata, unreadable; kept and shown, and nothing is done."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from sqlalchemy import update

from rectiflow._answers import receive_mail
from rectiflow._answers.listing import letter, letters, looked_at
from rectiflow._clock import SetClock
from rectiflow._messages import outbox
from rectiflow._workplace import Workplace
from rectiflow.notifiers.mime import message_id
from rectiflow.storage.connect import writing
from rectiflow.storage.tables import table
from support.answers import answer, called, head, mailed
from support.workplaces import assigned

DATABASES = ("sqlite",)  #: the queries behind are tested on both in tests/integration/storage


def test_who_is_not_the_recipient_changes_nothing(open_place: Workplace) -> None:
    """Another sender, a forged token, a token of another message's return path, none at all: kept and shown."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    before = flow.ticket(number).rev
    other = receive_mail(place, answer(mail, "签收", "stranger@school.example"))
    assert "不是这条消息的收件人" in other.outcome
    token = str(mail["Reply-To"]).partition("+")[2].partition("@")[0]
    for wrong in (token[:-1] + ("0" if token[-1] != "0" else "1"), "0" * len(token), ""):
        forged = answer(mail, f"签收 {wrong[:4]}", address).replace(token.encode(), wrong.encode())
        found = receive_mail(place, forged)
        assert found.status == "waiting", found
        assert "没有有效的回执码" in found.outcome
    assert flow.ticket(number).rev == before
    assert len(letters(flow, status="waiting")) == 4


def test_keys_are_made_once_and_kept_private(open_place: Workplace) -> None:
    """The file is for its owner alone; an older key still verifies; a broken file is said."""
    from rectiflow.engine.errors import WorkplaceError

    place = open_place
    keys = place.reply_keys.keys
    file: Path = place.folder / "secrets" / "reply.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(keys[0]) == 32
    file.write_text("ab" * 32 + "\n" + keys[0].hex())
    assert dataclasses.replace(place).reply_keys.keys == (b"\xab" * 32, keys[0])
    for broken in ("not hex", "ab", ""):
        file.write_text(broken)
        with pytest.raises(WorkplaceError, match="回执码密钥"):
            _ = dataclasses.replace(place).reply_keys.keys
    assert message_id.__doc__


def test_automata_are_dropped_and_never_answered(open_place: Workplace) -> None:
    """Out of office, lists, our own mail coming back, and two automata that talk to each other without end."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    raw = answer(mail, "我正在休假", address)
    away = raw.replace(b"From:", b"Auto-Submitted: auto-replied\r\nFrom:", 1)
    assert receive_mail(place, away).status == "dropped"
    assert receive_mail(place, mail.as_bytes()).status == "dropped"
    sent = len(outbox(flow))
    said = [receive_mail(place, answer(mail, f"您的来信已收到，编号 {n}", address)).outcome for n in range(16)]
    assert len([s for s in said if s == "已记为补充说明"]) < 14
    assert "可能是自动回复" in said[-1]
    assert len(outbox(flow)) - sent < 14


@pytest.mark.parametrize("subject", [b"=?utf-8?B?AEEAQg==?=", b"a\0b\x1b[31m", b"=?utf-8?Q?=00?= \xff\xfe"])
def test_characters_that_no_database_takes(open_place: Workplace, subject: bytes) -> None:
    """A subject with NUL or control characters, plain or coded, does not keep a mail from being received."""
    place = open_place
    principal, address = head(place)
    (number,) = assigned(place, 1)
    lines = answer(mailed(place, principal, number), "配件已订", address).split(b"\r\n")
    begin = next(n for n, line in enumerate(lines) if line.startswith(b"Subject:"))
    end = next(n for n in range(begin + 1, len(lines)) if not lines[n].startswith(b" "))
    found = receive_mail(place, b"\r\n".join([*lines[:begin], b"Subject: " + subject, *lines[end:]]))
    assert found.outcome.startswith("已记为补充说明")
    assert not set("\0\x1b") & set(letter(place.flow, found.id).subject)


def test_a_mail_of_fifty_megabytes_is_kept(open_place: Workplace) -> None:
    """Not opened, but who sent it is known, and its bytes can be had."""
    from rectiflow._answers.listing import original

    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    raw = answer(mailed(place, principal, number), "照片在附件里", address) + b"x" * (50 * 2**20)
    found = letter(flow, receive_mail(place, raw).id)
    assert (found.status, found.kind, found.sender) == ("waiting", "unreadable", address)
    assert "50 MB" in found.outcome
    assert found.subject.startswith("回复：")
    assert original(flow, found) == raw


def test_too_many_in_an_hour_are_told_once(open_place: Workplace) -> None:
    """The thirteenth of an hour is told that a person will see to it, the next ones nothing; an hour later it begins anew."""
    place = open_place
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    assert isinstance(place.clock, SetClock)

    def told() -> int:
        place.deliver(at_any_hour=True)
        receipts = (message_from_bytes(p.read_bytes(), policy=default) for p in (place.folder / "out").glob("*.eml"))
        words = (m.get_body(("plain",)).get_content() for m in receipts if m["Subject"] == f"来信收到 {number}")  # type: ignore[union-attr]
        return sum("一小时内来信过多，已留待人工处理" in text for text in words)

    found = [receive_mail(place, answer(mail, f"第 {n} 条说明", address)) for n in range(16)]
    assert [r.status for r in found] == ["unseen"] * 12 + ["waiting"] * 4
    assert told() == 1
    for n in range(20, 29):
        place.clock.forward(minutes=6)
        assert receive_mail(place, answer(mail, f"第 {n} 条说明", address)).status == "waiting"
    assert told() == 1
    place.clock.forward(minutes=60)
    assert receive_mail(place, answer(mail, "问一句", address)).status == "unseen"


def test_what_was_done_takes_no_remark_s_place(open_place: Workplace) -> None:
    """Who signs for many hazards in an hour may say something about each."""
    place = open_place
    principal, address = head(place)
    mails = [mailed(place, principal, number) for number in assigned(place, 14)]
    assert {receive_mail(place, answer(mail, "签收", address)).outcome for mail in mails} == {"签收已办理"}
    assert {receive_mail(place, answer(mail, "配件已订", address)).status for mail in mails[:12]} == {"unseen"}
    assert receive_mail(place, answer(mails[12], "配件已订", address)).status == "waiting"


def test_what_came_over_a_weekend_is_not_of_one_hour(open_place: Workplace) -> None:
    """Fetched at once after an outage: how many came in an hour goes by when the server took them in."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    assert isinstance(place.clock, SetClock)
    place.clock.forward(days=2)
    hours = [flow.now() - timedelta(hours=n) for n in range(30, 0, -1)]
    found = [receive_mail(place, answer(mail, f"第 {n} 条说明", address), came=came) for n, came in enumerate(hours)]
    assert {r.status for r in found} == {"unseen"}
    found = [receive_mail(place, answer(mail, f"问 {n}", address), came=hours[3]) for n in range(13)]
    assert [r.status for r in found].count("waiting") == 3  # two came in the hour before


@pytest.mark.parametrize("restricted", [False, True])
def test_an_automaton_that_answers_receipts_is_answered_once(open_place: Workplace, restricted: bool) -> None:
    """Without a header that says what it is, and below the limit of an hour: what it says to a receipt gets none."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    with writing(flow.store.engine) as connection:
        ticket = table("ticket")
        connection.execute(update(ticket).where(ticket.c.number == number).values(restricted=restricted))
    assert isinstance(place.clock, SetClock)
    before = set((place.folder / "out").glob("*.eml"))
    for n in range(8):
        place.clock.forward(minutes=10)
        receive_mail(
            place, answer(mail, ("已收到您的来信，稍后回复。", f"稍后回复，第 {n} 次。", "已收到")[n % 3], address)
        )
        place.deliver(at_any_hour=True)
        for new in set((place.folder / "out").glob("*.eml")) - before:
            before.add(new)
            mail = message_from_bytes(new.read_bytes(), policy=default)
    assert mail["X-Rectiflow-Occasion"] == ("restricted" if restricted else "answer")
    receipts = [m for m in outbox(flow) if ":answer:" in m.key]
    assert len(receipts) == 2  # for the first words, and for 已收到, which signed


def test_an_automaton_that_only_quotes_is_answered_once(open_place: Workplace) -> None:
    """Nothing but the mail that it got, which says no more in a receipt: the first gets a receipt, the receipts none."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    numbers = assigned(place, 2)
    mail, other = (mailed(place, principal, number) for number in numbers)
    receive_mail(place, answer(mail, "", address))
    receipt = called(place, f"来信收到 {numbers[0]}")
    told = len(outbox(flow))
    assert receive_mail(place, answer(receipt, "", address)).status == "waiting"
    both = answer(receipt, "见附", address).replace(b"Subject:", f"Cc: {other['Reply-To']}\r\nSubject:".encode(), 1)
    assert "2 条消息的回复地址" in receive_mail(place, both).outcome
    assert len(outbox(flow)) == told


def test_the_same_remark_twice_is_one(open_place: Workplace) -> None:
    """Under another Message-ID, from the same sender about the same message; what asks for something is done as it stands."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    first = answer(mail, "配件周五到货", address)
    second = first.replace(b"Message-ID: <", b"Message-ID: <x")
    assert [receive_mail(place, one).again for one in (first, second)] == [False, True]
    assert [e.kind for e in flow.history(number)].count("remarked") == 1
    sign = answer(mail, "签收", address)
    assert receive_mail(place, sign).outcome == "签收已办理"
    assert receive_mail(place, sign.replace(b"Message-ID: <", b"Message-ID: <x")).outcome == "已经签收过"


def test_the_same_question_later_is_another(open_place: Workplace) -> None:
    """While nobody has looked at the first it is the same; a week later, when somebody has, it is kept and answered anew."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    asked = [
        answer(mail, "请尽快派人来看看", address).replace(b"Message-ID: <", f"Message-ID: <{n}".encode())
        for n in range(4)
    ]
    first = receive_mail(place, asked[0])
    assert isinstance(place.clock, SetClock)
    place.clock.forward(days=2)
    assert receive_mail(place, asked[1]).again
    looked_at(flow, letter(flow, first.id), by=principal)
    assert receive_mail(place, asked[0]).again  # the very same mail stays the same
    place.clock.forward(days=6)
    later = receive_mail(place, asked[2])
    assert (later.again, later.status, later.number) == (False, "unseen", number)
    assert receive_mail(place, asked[3]).again
    assert receive_mail(place, asked[0]).again
    assert [e.kind for e in flow.history(number)].count("remarked") == 2
    assert len([m for m in outbox(flow) if m.occasion == "来信回执"]) == 2


def test_the_same_words_about_another_message_are_others(open_place: Workplace) -> None:
    """A teacher asks the same of two hazards on one day: both are kept."""
    place = open_place
    principal, address = head(place)
    found = [
        receive_mail(
            place,
            answer(mailed(place, principal, number), "请问找谁验收", address).replace(
                b"Message-ID: <", f"Message-ID: <{number}".encode()
            ),
        )
        for number in assigned(place, 2)
    ]
    assert [r.again for r in found] == [False, False]


def test_a_footer_of_a_server_makes_no_other_mail(open_place: Workplace) -> None:
    """By two ways, one of which adds lines and marks the subject: whichever comes first, it counts once."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    asked = "申请延期到9月20日，理由：等待招标。临时管控措施：专人值守"
    for number, turned in zip(assigned(place, 2), (False, True), strict=True):
        mail = mailed(place, principal, number)
        receive_mail(place, answer(mail, "签收", address))
        plain, marked = (answer(mail, f"{asked}{more}", address) for more in ("", "\n\n[scanned by gateway]"))
        own, other = (str(message_from_bytes(m, policy=default)["Message-ID"]).encode() for m in (plain, marked))
        marked = marked.replace(other, own).replace(b"Subject: ", b"Subject: [External] ")
        ways = (marked, plain) if turned else (plain, marked)
        assert [receive_mail(place, one).again for one in ways] == [False, True]
        assert len(flow.snapshot(number).requests) == 1


def test_a_mail_to_the_return_path_that_is_no_bounce(open_place: Workplace) -> None:
    """Only programs answer to the envelope: no person has to look at it."""
    from rectiflow.notifiers import Rendered

    place = open_place
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    path = place.reply_keys.return_path(
        Rendered(channel="mail", to=address, subject=None, body=b"", message_id=str(mail["Message-ID"]))
    )
    reply = message_from_bytes(answer(mail, "我正在外地", address), policy=default)
    reply.replace_header("To", path)
    done = receive_mail(place, reply.as_bytes())
    assert (done.kind, done.status) == ("automatic", "dropped")


def test_a_mail_that_is_too_large_is_told(open_place: Workplace) -> None:
    """By its header alone the sender is known, and told what to do; a stranger and an automaton are told nothing."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    token = str(mail["Reply-To"]).partition("+")[2].partition("@")[0].encode()
    raw = answer(mail, "照片在附件里", address)
    header, size = raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n", 45 * 2**20
    done = receive_mail(place, header, size=size)
    assert (done.kind, done.status, done.number) == ("unreadable", "waiting", number)
    told = called(place, f"来信收到 {number}")
    assert address in str(told["To"])
    words = told.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "邮件没有打开：邮件有 45 MB，最多 40 MB，请压缩照片或分几封发送。" in words
    before = len(outbox(flow))
    for other in (
        header.replace(address.encode(), b"stranger@school.example"),
        b"Auto-Submitted: auto-replied\r\n" + header,
        header.replace(token, b"0" * len(token)),
    ):
        assert receive_mail(place, other, size=size).status == "waiting"
    assert len(outbox(flow)) == before
    assert flow.ticket(number).state == "assigned"


@pytest.mark.parametrize(
    "sender",
    [
        "{} <evil@x.example>", '"{}" <evil@x.example>', "{}:evil@x.example;", "{}, evil@x.example", "evil@x.example, {}",
        "<evil@x.example> {}", "<{}> evil@x.example", "evil@x.example\r\nFrom: {}", "{}\r\nFrom: {}", "校长 <{}>, <{}>",
    ],
)  # fmt: skip
def test_who_may_be_another_is_nobody(open_place: Workplace, sender: str) -> None:
    """An address that is only a name, one of a group, one of several: the mail waits, and nothing is done."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    raw = answer(mailed(place, principal, number), "签收", address)
    forged = raw.replace(f"From: {address}".encode(), f"From: {sender.replace('{}', address)}".encode(), 1)
    assert forged != raw
    found = receive_mail(place, forged)
    assert found.status == "waiting"
    assert "没有办理" in found.outcome
    assert flow.ticket(number).state == "assigned"
    named = raw.replace(f"From: {address}".encode(), f'From: "校长, 张" <{address}> (校长 (代))'.encode(), 1)
    assert receive_mail(place, named).outcome == "签收已办理"


def test_a_mail_to_two_reply_addresses_waits(open_place: Workplace) -> None:
    """Which of the two hazards is meant nobody can say: nothing is done with either, and the sender is told."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    numbers = assigned(place, 2)
    first, second = (mailed(place, principal, number) for number in numbers)
    raw = answer(first, "签收", address).replace(b"Subject:", f"Cc: {second['Reply-To']}\r\nSubject:".encode(), 1)
    found = receive_mail(place, raw)
    assert found.status == "waiting"
    assert "2 条消息的回复地址，没有办理；请每条消息各回一封" in found.outcome
    assert {flow.ticket(n).state for n in numbers} == {"assigned"}
    words = called(place, f"来信收到 {numbers[0]}").get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "请每条消息各回一封" in words


@pytest.mark.parametrize("header", ["List-Id: <all.school.example>", "Precedence: bulk", "Precedence: list"])
def test_an_answer_that_looks_like_a_list_s_waits(open_place: Workplace, header: str) -> None:
    """Its token and its sender are right: a person looks at it, and nothing is done; without them it is dropped."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    raw = answer(mail, "签收", address).replace(b"From:", header.encode() + b"\r\nFrom:", 1)
    found = receive_mail(place, raw)
    assert (found.status, found.number, flow.ticket(number).state) == ("waiting", number, "assigned")
    assert letter(flow, found.id).person == principal
    assert receive_mail(place, raw.replace(address.encode(), b"stranger@school.example")).status == "dropped"
    away = raw.replace(b"From:", b"Auto-Submitted: auto-replied\r\nFrom:", 1).replace(
        b"Message-ID: <", b"Message-ID: <1"
    )
    assert receive_mail(place, away).status == "dropped"


def test_nobody_shuts_another_s_answers_out(open_place: Workplace) -> None:
    """Mails in somebody's name without a token do not count; words that can only be a person's are done beyond the twelve."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    numbers = assigned(place, 2)
    mail, other = (mailed(place, principal, number) for number in numbers)
    token = str(mail["Reply-To"]).partition("+")[2].partition("@")[0].encode()
    for n in range(20):
        forged = answer(mail, f"第 {n} 封", address).replace(token, b"0" * len(token))
        assert "没有有效的回执码" in receive_mail(place, forged).outcome
    assert receive_mail(place, answer(mail, "配件已订", address)).status == "unseen"
    for n in range(13):
        receive_mail(place, answer(mail, f"说明 {n}", address))
    assert "来信过多" in receive_mail(place, answer(mail, "再说一句", address)).outcome
    assert receive_mail(place, answer(other, "签收", address)).outcome == "签收已办理"
    found = [receive_mail(place, answer(mail, f"说明之外 {n}", address)) for n in range(60)]
    assert "来信过多" in receive_mail(place, answer(mail, "签收", address)).outcome
    assert found[-1].status == "waiting"
    assert flow.ticket(numbers[0]).state == "assigned"


def test_an_answer_without_words_is_answered(open_place: Workplace) -> None:
    """Only an archive, only what was quoted: what was not taken is told, with what to write."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    found = receive_mail(place, answer(mail, "", address, ("照片.zip", b"PK\3\4" + b"0" * 400)))
    assert found.status == "waiting"
    place.deliver(at_any_hour=True)
    words = called(place, f"来信收到 {number}").get_body(("plain",)).get_content()  # type: ignore[union-attr]
    told = " ".join(words.split())
    assert "没有看到新写的文字，没有办理" in told
    assert "照片.zip" in told
    assert "写在回信正文第一行" in told
    before = len(outbox(flow))
    assert "没有看到新写的文字" in receive_mail(place, answer(mail, "", address)).outcome
    assert len(outbox(flow)) == before + 1
