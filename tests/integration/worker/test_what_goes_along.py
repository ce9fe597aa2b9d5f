"""Which files go with which mail: the signed paper that it speaks of, and the photographs of the work it gives."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from io import BytesIO
from typing import Any

import pytest
from msgspec.structs import replace
from PIL import Image
from sqlalchemy import update

from rectiflow._clock import SetClock
from rectiflow._enclosing import KeptFiles, Papers
from rectiflow._outbox import StoreOutbox
from rectiflow._papers import draft_paper, take_step
from rectiflow._workplace import Workplace
from rectiflow.engine.enclosing import Told, spoken_of
from rectiflow.engine.moments import at_hour
from rectiflow.engine.paper import Order
from rectiflow.engine.stimulus import Attachment, Remark
from rectiflow.engine.ticket import Ticket
from rectiflow.notifiers import Contact, Sender
from rectiflow.notifiers.mime import compose_mail, files_of
from rectiflow.storage import queries
from rectiflow.storage.connect import writing
from rectiflow.storage.evidence import FolderEvidence
from rectiflow.storage.tables import table
from support.pictures import telephone_picture

DATABASES = ("sqlite",)  #: what goes along does not depend on it

SCHOOL = "town1_school2"
DAY = date(2024, 9, 2)
FOUND = [f"隐患照片{n}.jpg" for n in (1, 2)]


def post(place: Workplace, role: str) -> str:
    """Return who holds a post of the district, or of the school."""
    flow = place.flow
    unit = {"principal": SCHOOL, "safety_officer": SCHOOL, "town_leader": "town1"}.get(role)
    return flow.directory().holders(role, unit, flow.today())[0]


def kept(place: Workplace, name: str, content: bytes | None = None) -> Attachment:
    """Keep a file as evidence; a photograph of a telephone where nothing is given."""
    assert place.flow.evidence is not None
    return place.flow.evidence.put(name, telephone_picture(name) if content is None else content)


def reported(place: Workplace, *files: Attachment, **data: Any) -> str:
    """Report a hazard of the school; return its number."""
    said: dict[str, Any] = {"source": "bureau", "found_on": place.flow.today(), "category": "fire", "unit": SCHOOL}
    said |= {"description": "疏散通道堆放杂物"} | data
    return place.flow.report("hazard", by=post(place, "safety_section"), evidence=files, **said).number


def done(place: Workplace, number: str, trigger: str, by: str, *files: Attachment, **data: Any) -> Ticket:
    """Do something with a hazard."""
    return place.flow.do(number, trigger, by=post(place, by), evidence=files, **data)


def given(place: Workplace, *files: Attachment) -> str:
    """Report and assign a hazard without a paper; return its number."""
    number = reported(place, *files)
    due_on = place.flow.today() + timedelta(days=10)
    done(place, number, "assign", "safety_section", responsible_person=post(place, "safety_officer"), due_on=due_on)
    return number


def handed_in(place: Workplace, number: str) -> None:
    """Sign for it and say that it is done."""
    done(place, number, "sign", "safety_officer")
    said: dict[str, Any] = {"measures": "已清理", "completed_on": place.flow.today()}
    done(place, number, "submit", "safety_officer", kept(place, "整改后.png"), **said)


def step(place: Workplace, name: str, paper: str, by: str, **said: Any) -> str:
    """Take a step with a paper; return the id of the paper it is about."""
    hand = place.flow.hand(post(place, by), via="in-person" if name == "serve" else "self")
    return take_step(place.flow, name, paper, Order(hand=hand, **said)).paper.id


def drafted(place: Workplace, kind: str, *numbers: str) -> str:
    """Draft a paper; return its id."""
    demand: dict[str, Any] = {"due_on": date(2024, 9, 12), "responsible_person": post(place, "safety_officer")}
    data = demand if kind == "rectification_notice" else {}
    order = Order(hand=place.flow.hand(post(place, "safety_section")), data=data)
    return draft_paper(place.flow, kind, numbers, order).paper.id


def signed(place: Workplace, kind: str, *numbers: str) -> str:
    """Draft a paper and have it signed; return its id."""
    paper = drafted(place, kind, *numbers)
    return step(place, "sign", paper, "bureau_leader")


def served(place: Workplace, *numbers: str) -> str:
    """Serve a notice over some hazards; return its id."""
    return step(place, "serve", signed(place, "rectification_notice", *numbers), "safety_section")


@pytest.fixture
def prompt(place: Workplace) -> Iterator[Workplace]:
    """Give the workplace without a digest: everything goes by itself."""
    told = place.settings.outgoing.model_copy(update={"digest": ""})
    made = dataclasses.replace(place, settings=place.settings.model_copy(update={"outgoing": told}))
    yield made
    made.flow.close()


def on(place: Workplace, day: date, hour: int = 9) -> None:
    """Put the clock forward, and let the ladders do what is due then."""
    assert isinstance(place.clock, SetClock)
    place.clock.forward(seconds=(at_hour(day, hour) - place.clock.now()).total_seconds())
    place.flow.tick()


def mails(place: Workplace, role: str, occasion: str) -> list[EmailMessage]:
    """Send what waits, and return the mails of an occasion to a post that were not there before."""
    folder = place.path(place.settings.outgoing.folder)
    before = set(folder.rglob("*.eml"))
    place.deliver()
    new = sorted(p for p in folder.rglob("*.eml") if p not in before)
    found = [message_from_bytes(p.read_bytes(), policy=default) for p in new]
    address = place.flow.directory().persons[post(place, role)].email
    return [m for m in found if m["X-Rectiflow-Occasion"] == occasion and m["To"].addresses[0].addr_spec == address]


def files(mail: EmailMessage) -> list[str | None]:
    """Return the names of what goes with a mail."""
    return [part.get_filename() for part in mail.iter_attachments()]


def text(mail: EmailMessage) -> str:
    """Return the words of a mail."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


# photographs ------------------------------------------------------------------------------------------------------


def test_work_that_is_given_shows_what_was_found(place: Workplace) -> None:
    """Upright, small enough for a telephone, with nothing that tells where and with what they were taken; nothing else goes."""
    number = reported(place, kept(place, "张某某拍摄.jpg"), kept(place, "记录.pdf", b"%PDF-1.4 x"))
    remark = Remark(hand=place.flow.hand(post(place, "safety_section")), evidence=(kept(place, "补拍.png"),))
    place.flow.handle(number, remark)
    said: dict[str, Any] = {"responsible_person": post(place, "safety_officer"), "due_on": date(2024, 9, 12)}
    done(place, number, "assign", "safety_section", **said)
    (mail,) = mails(place, "safety_officer", "assigned")
    assert files(mail) == FOUND
    for part in mail.iter_attachments():
        assert part.get_content_type() == "image/jpeg"
        content = part.get_content()
        assert b"Exif" not in content
        assert b"Telephone" not in content
        with Image.open(BytesIO(content)) as picture:
            assert (picture.format, picture.size) == ("JPEG", (960, 1280))  # it was taken lying on its side
            assert not picture.getexif()
            assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert "附" not in text(mail).split("您好")[1].split("请先签收")[0]
    assert "安全股领取" not in text(mail)


def test_what_cannot_go_is_named(place: Workplace) -> None:
    """Six go; the text names those beyond, one that cannot be opened, and one that is gone; the mail goes all the same."""
    taken = [kept(place, f"{n}.jpg") for n in range(5)]
    broken, gone = kept(place, "5坏.jpg", b"\xff\xd8\xff no picture"), kept(place, "6没了.jpg")
    given(place, *taken[:3], broken, gone, *taken[3:], kept(place, "7.jpg"))
    assert isinstance(place.flow.evidence, FolderEvidence)
    (place.flow.evidence.folder / gone.sha256[:2] / gone.sha256).unlink()
    (mail,) = mails(place, "safety_officer", "assigned")
    assert files(mail) == [f"隐患照片{n}.jpg" for n in range(1, 6)]
    said = text(mail)
    assert "照片打不开，不能附上，请到安全股领取：隐患照片6.jpg" in said
    assert "另有照片未附（一封最多 6 张），请到安全股领取：隐患照片7.jpg、隐患照片8.jpg" in said


def test_a_photograph_that_is_gone(place: Workplace) -> None:
    """The mail goes without it, and says so."""
    gone = kept(place, "1.jpg")
    given(place, gone, kept(place, "2.jpg"))
    assert isinstance(place.flow.evidence, FolderEvidence)
    (place.flow.evidence.folder / gone.sha256[:2] / gone.sha256).unlink()
    (mail,) = mails(place, "safety_officer", "assigned")
    assert files(mail) == ["隐患照片2.jpg"]
    assert "附件暂不能提供，请到安全股领取：隐患照片1.jpg" in text(mail)


def test_what_is_too_large_for_a_mail(place: Workplace) -> None:
    """Papers come before photographs; what does not fit beside them is named."""
    served(place, reported(place, kept(place, "1.jpg")))
    flow = place.flow
    box = StoreOutbox(flow.store, "test", flow.now, flow.district, enclosed=Papers(flow, place.folder / "none").of)
    found = box.claim_messages(owner="test", limit=50, lease=timedelta(minutes=5))
    message = next(m for m in found if m.template == "paper_served" and m.channel is None)
    paper, photograph = enclosed = box.enclosed(message)
    content = KeptFiles(flow).read(paper.sha256)
    assert content is not None
    sender = Sender(address="a@edu.example", name="局", files=KeptFiles(flow), most_enclosed=len(content))
    contact = Contact(person="p", name="某校", email="p@edu.example")
    rendered = compose_mail(
        replace(message, attachments=enclosed), contact, templates=place.templates, sender=sender, at=flow.now()
    )
    mail = message_from_bytes(rendered.body, policy=default)
    assert isinstance(mail, EmailMessage)
    assert files(mail) == [paper.name]
    assert f"附件过大，请到安全股领取：{photograph.name}" in text(mail)
    assert all(box.enclosed(m) == () for m in found if m.channel == "sms")


def test_work_that_is_sent_back_shows_what_the_verifier_saw(place: Workplace) -> None:
    """The school has those of the finding; the head who returns a hazard adds to them."""
    number = given(place, kept(place, "1.jpg"))
    handed_in(place, number)
    verdict: dict[str, Any] = {"reason": "仍有杂物", "due_on": date(2024, 9, 20)}
    place.deliver()
    done(place, number, "fail", "safety_section", kept(place, "复查.jpg"), **verdict)
    (mail,) = mails(place, "safety_officer", "failed")
    assert files(mail) == ["复查照片1.jpg"]
    other = given(place, kept(place, "2.jpg"))
    done(
        place, other, "return", "principal", kept(place, "归属.jpg"), reason="不属本校", suggested_unit="town1_school1"
    )
    (back,) = mails(place, "safety_section", "returned")
    assert files(back) == ["隐患照片1.jpg", "现场照片1.jpg"]


# papers -----------------------------------------------------------------------------------------------------------


def test_a_notice_goes_with_the_photographs_of_its_items(place: Workplace) -> None:
    """The first of every item, then the second; whoever is told by short message gets none of it."""
    first, second = reported(place, kept(place, "1.jpg"), kept(place, "2.jpg")), reported(place, kept(place, "3.jpg"))
    served(place, first, second)
    (mail,) = mails(place, "principal", "paper_served")
    assert files(mail) == [
        "整改通知书〔2024〕1号.docx", "第1项隐患照片1.jpg", "第2项隐患照片1.jpg", "第1项隐患照片2.jpg",
    ]  # fmt: skip


def test_a_result_goes_with_the_opinion_once_it_is_signed(place: Workplace) -> None:
    """What is told before is in words, with the photographs of what is not good; nothing unsigned leaves the bureau."""
    numbers = [reported(place, kept(place, f"{n}.jpg")) for n in range(2)]
    notice = served(place, *numbers)
    for number in numbers:
        handed_in(place, number)
    place.deliver()
    evidence = {n: (kept(place, f"复查{n}.jpg"),) for n in numbers}
    failed: dict[str, Any] = {"reason": "仍有杂物", "due_on": date(2024, 9, 20)}
    opinion = step(
        place, "verify", notice, "safety_section",
        items=(numbers[0],), failed=(numbers[1],), each={numbers[1]: failed}, evidence=evidence,
    )  # fmt: skip
    (mail,) = mails(place, "principal", "paper_result")
    assert files(mail) == ["第2项复查照片1.jpg"]
    step(place, "sign", opinion, "safety_section")
    step(place, "serve", opinion, "safety_section")
    (told,) = mails(place, "principal", "paper_waiting")
    assert files(told) == ["复查意见书〔2024〕1号.docx"]


def test_a_notice_goes_with_the_first_urging_alone(prompt: Workplace) -> None:
    """Not with what is told before the day, and not again with what repeats."""
    number = reported(prompt, kept(prompt, "1.jpg"))
    served(prompt, number)
    done(prompt, number, "sign", "safety_officer")
    prompt.deliver()
    on(prompt, date(2024, 9, 9))
    (soon,) = mails(prompt, "safety_officer", "due_soon")
    assert files(soon) == []
    on(prompt, date(2024, 9, 13))
    (urged,) = mails(prompt, "principal", "urge")
    assert files(urged) == ["整改通知书〔2024〕1号.docx"]
    on(prompt, date(2024, 9, 30))
    on(prompt, date(2024, 10, 15))
    told = mails(prompt, "bureau_leader", "reminder")
    assert len(told) >= 1
    assert all(files(m) == [] for m in told)


def test_when_a_notice_goes_with_what_is_told_of_its_deadline(place: Workplace) -> None:
    """On the day itself, and the first time after it; a notice that is only signed goes with nothing but its service."""
    number = reported(place)
    notice = signed(place, "rectification_notice", number)

    def goes(occasion: str, key: str, days_left: int | None = None) -> bool:
        told = Told(
            key=f"{number}:{key}:p1",
            number=number,
            occasion=occasion,
            params={"days_left": days_left},
            at=at_hour(DAY, 9),
        )
        return spoken_of(told, place.flow.snapshot(number)) is not None

    first, again, sign = "rectify:1:1:s1:0", "rectify:1:1:s1:1", "sign:1:1:s1:0"
    assert not goes("urge", first)
    step(place, "serve", notice, "safety_section")
    assert goes("due_soon", first, 0)
    assert goes("reminder", first, 0)
    assert goes("urge", first)
    assert goes("call_task", sign)
    assert not goes("due_soon", first, 3)
    assert not goes("reminder", first)
    assert not goes("reminder", sign, 0)
    assert not goes("submitted", first)
    assert not any(goes(occasion, again, 0) for occasion in ("due_soon", "reminder", "urge", "call_task"))


def test_a_listing_goes_with_its_own_notice(place: Workplace) -> None:
    """Not with that of the lower level before it."""
    number = given(place)
    done(place, number, "sign", "safety_officer")
    place.deliver()
    flow, safety = place.flow, post(place, "safety_section")
    flow.ask(number, "挂牌督办", by=safety, level="town")
    flow.rule(number, 1, by=post(place, "town_leader"), approve=True)
    (paper,) = flow.snapshot(number).documents
    step(place, "sign", paper.id, "town_leader")
    (town,) = mails(place, "principal", "listed")
    assert files(town) == ["挂牌督办通知书〔2024〕1号.docx"]
    flow.ask(number, "挂牌督办", by=safety, level="district")
    flow.rule(number, 2, by=post(place, "district_leader"), approve=True)
    (district,) = mails(place, "principal", "listed")
    assert files(district) == []
    step(place, "sign", flow.snapshot(number).documents[-1].id, "district_leader")
    step(place, "serve", flow.snapshot(number).documents[-1].id, "safety_section")
    (letter,) = mails(place, "principal", "supervision_served")
    assert files(letter) == ["挂牌督办通知书〔2024〕2号.docx"]
    assert "实行区级挂牌督办" in text(letter)


@pytest.mark.parametrize("signs", [True, False])
def test_a_supervision_letter_presses(prompt: Workplace, signs: bool) -> None:
    """By its number and the days; what is signed for is not to be signed for again, and nothing is to be given back."""
    number = given(prompt)
    if signs:
        done(prompt, number, "sign", "safety_officer")
    prompt.deliver()
    on(prompt, date(2024, 9, 20))
    flow = prompt.flow
    asked = next(r.ordinal for r in flow.snapshot(number).requests if r.kind == "supervision_letter")  # by the ladder
    flow.rule(number, asked, by=post(prompt, "bureau_leader"), approve=True)
    paper = flow.snapshot(number).documents[-1].id
    step(prompt, "sign", paper, "bureau_leader")
    step(prompt, "serve", paper, "safety_section")
    (letter,) = mails(prompt, "principal", "supervision_served")
    assert str(letter["Subject"]) == "督办通知〔2024〕1号 示例一镇第一小学（1项，已逾期8天）"
    assert files(letter) == ["督办通知〔2024〕1号.docx"]
    assert "立即组织整改" in text(letter)
    assert "退回" not in text(letter)
    assert ("先签收还没有签收的隐患" in text(letter)) is not signs


def test_only_the_units_own_people_are_asked_to_answer(open_place: Workplace) -> None:
    """Who else is told of a listing reads the same words without what can be answered: it is not theirs to hand in."""
    place, flow = open_place, open_place.flow
    number = given(place)
    done(place, number, "sign", "safety_officer")
    place.deliver()
    flow.ask(number, "挂牌督办", by=post(place, "safety_section"), level="district")
    flow.rule(number, 1, by=post(place, "district_leader"), approve=True)
    place.deliver()
    found = [message_from_bytes(p.read_bytes(), policy=default) for p in (place.folder / "out").glob("*.eml")]
    listed = {m["To"].addresses[0].addr_spec: text(m) for m in found if m["X-Rectiflow-Occasion"] == "listed"}
    hints = {address: "申请复查" in words for address, words in listed.items()}
    persons = flow.directory().persons
    assert hints[persons[post(place, "principal")].email or ""]
    assert not hints[persons[post(place, "safety_section")].email or ""]


def test_a_notice_that_does_not_hold_any_more(place: Workplace) -> None:
    """Given to another person of the unit it goes along; given to another unit it is off the notice."""
    number = reported(place)
    served(place, number)
    place.deliver()
    said: dict[str, Any] = {
        "reason": "调整",
        "responsible_unit": SCHOOL,
        "responsible_person": post(place, "principal"),
    }
    done(place, number, "reassign", "safety_section", **said)
    (mail,) = mails(place, "principal", "reassigned")
    assert files(mail) == ["整改通知书〔2024〕1号.docx"]
    other = "town1_school1"
    holder = place.flow.directory().holders("safety_officer", other, place.flow.today())[0]
    moved: dict[str, Any] = {"reason": "调整", "responsible_unit": other, "responsible_person": holder}
    done(place, number, "reassign", "safety_section", **moved)
    (told,) = mails(place, "principal", "reassigned")
    assert files(told) == []


@pytest.mark.parametrize("form", [True, False])
def test_a_decision_on_more_time_goes_with_its_form(place: Workplace, form: bool) -> None:
    """Where one was signed: with the mail, or with the digest that tells of it."""
    number = given(place)
    done(place, number, "sign", "safety_officer")
    place.deliver()
    asked: dict[str, Any] = {"reason": "等待配件", "new_due_on": date(2024, 9, 27), "interim": "专人看守"}
    place.flow.ask(number, "延期", by=post(place, "principal"), **asked)
    if form:
        signed(place, "extension_form", number)
    place.flow.rule(number, 1, by=post(place, "safety_section"), approve=True)
    assert mails(place, "principal", "request_decided") == []
    on(place, date(2024, 9, 3), 10)
    (digest,) = mails(place, "principal", "digest")
    assert files(digest) == (["延期审批表〔2024〕1号.docx"] if form else [])


def test_a_notice_too_many_for_a_day_goes_with_the_digest(place: Workplace) -> None:
    """Once, with the signed paper: nothing else brings it."""
    told = place.settings.outgoing.model_copy(update={"per_day": 1})
    strict = dataclasses.replace(place, settings=place.settings.model_copy(update={"outgoing": told}))
    given(strict)
    strict.deliver()
    served(strict, reported(strict), reported(strict))
    assert mails(strict, "principal", "paper_served") == []
    on(strict, date(2024, 9, 3), 10)
    (digest,) = mails(strict, "principal", "digest")
    assert files(digest) == ["整改通知书〔2024〕1号.docx"]
    assert text(digest).count("· 整改通知书送达：") == 1
    strict.flow.close()


def test_a_decision_told_at_once(prompt: Workplace) -> None:
    """Without a digest the form goes with the decision; a form of another request does not."""
    number = given(prompt)
    done(prompt, number, "sign", "safety_officer")
    asked: dict[str, Any] = {"reason": "等待配件", "new_due_on": date(2024, 9, 27), "interim": "专人看守"}
    prompt.flow.ask(number, "延期", by=post(prompt, "principal"), **asked)
    signed(prompt, "extension_form", number)
    prompt.flow.ask(number, "整改资金", by=post(prompt, "principal"), funds="2.5")
    prompt.deliver()
    prompt.flow.rule(number, 2, by=post(prompt, "bureau_leader"), approve=True)
    (money,) = mails(prompt, "principal", "request_decided")
    assert files(money) == []
    prompt.flow.rule(number, 1, by=post(prompt, "safety_section"), approve=True)
    (time,) = mails(prompt, "principal", "request_decided")
    assert files(time) == ["延期审批表〔2024〕1号.docx"]


def test_a_closing_goes_with_its_form(prompt: Workplace) -> None:
    """Of one hazard, and of those of a notice that are closed in one go: one form, once."""
    numbers = [reported(prompt) for _ in range(3)]
    notice = served(prompt, *numbers)
    for number in numbers:
        handed_in(prompt, number)
        done(prompt, number, "pass", "verifier")
    signed(prompt, "closeout_form", *numbers[:2])
    prompt.deliver()
    step(prompt, "close", notice, "safety_section", items=tuple(numbers[:2]))
    (told,) = mails(prompt, "principal", "paper_closed")
    assert files(told) == ["销号审批表〔2024〕1号.docx"]
    signed(prompt, "closeout_form", numbers[2])
    prompt.deliver()
    done(prompt, numbers[2], "close", "safety_section")
    (mail,) = mails(prompt, "principal", "closed")
    assert files(mail) == ["销号审批表〔2024〕2号.docx"]


def test_what_is_restricted_has_no_files(place: Workplace) -> None:
    """Neither what is from the beginning, nor a paper on which a hazard has become so since it was told of."""
    secret = reported(place, kept(place, "1.jpg"), category="around_dispute", description="某事")
    said: dict[str, Any] = {"responsible_person": post(place, "safety_officer"), "due_on": date(2024, 9, 12)}
    done(place, secret, "assign", "safety_section", **said)
    first, second = reported(place, kept(place, "2.jpg")), reported(place, kept(place, "3.jpg"))
    served(place, first, second)
    with writing(place.flow.store.engine) as connection:
        ticket = table("ticket")
        connection.execute(update(ticket).where(ticket.c.number == second).values(restricted=True))
    (mail,) = mails(place, "principal", "paper_served")
    assert files(mail) == []
    sent = [
        message_from_bytes(p.read_bytes(), policy=default)
        for p in place.path(place.settings.outgoing.folder).rglob("*.eml")
    ]
    assert [m for m in sent if m["X-Rectiflow-Occasion"] == "restricted"]
    assert all(files(m) == [] for m in sent)


def test_files_are_not_kept_once_more(place: Workplace) -> None:
    """What was sent is on record by its words and the names of its files; the files are among the evidence."""
    served(place, reported(place, kept(place, "1.jpg")))
    place.deliver()
    rows = queries.messages(place.flow.store.engine, place.flow.district, status="sent", words=True)
    body = next(bytes(r["rendered_body"]) for r in rows if r["template"] == "paper_served" and r["channel"] is None)
    assert b"multipart/mixed" in body
    assert len(body) < 40_000
    assert [name.rpartition(".")[2] for name, _ in files_of(body)] == ["docx", "jpg"]
