"""A notice over several hazards: one mail, one answer for all of them."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest

from rectiflow._answers import receive_mail, receive_sms
from rectiflow._messages import outbox
from rectiflow._persons import set_reach
from rectiflow._workplace import Workplace
from support.answers import answer, called, head, interrupted, mailed, served
from support.pictures import PNG

DATABASES = ("sqlite",)  #: the queries behind are tested on both in tests/integration/storage


def test_a_notice_is_one_mail_with_the_paper_and_one_answer(open_place: Workplace) -> None:
    """Three hazards, one mail, the signed notice as Word; 签收 acknowledges it, and a remark stands with each hazard."""
    from docx import Document

    from rectiflow._papers import draft_paper, take_step
    from rectiflow.engine.paper import Order

    place, flow = open_place, open_place.flow
    _, address = head(place)
    today = flow.today()
    safety = flow.directory().holders("safety_section", None, today)[0]
    found: dict[str, Any] = {"source": "bureau", "found_on": today, "category": "fire", "unit": "town1_school2"}
    numbers = [flow.report("hazard", by=safety, description=f"第 {n} 处通道堆物", **found).number for n in range(1, 4)]
    officer = flow.directory().holders("safety_officer", "town1_school2", today)[0]
    demand = {"responsible_person": officer, "due_on": today + timedelta(days=14)}
    drafted = draft_paper(flow, "rectification_notice", numbers, Order(hand=flow.hand(safety), data=demand))
    leader = flow.directory().holders("bureau_leader", None, today)[0]
    take_step(flow, "sign", drafted.paper.id, Order(hand=flow.hand(leader)))
    take_step(flow, "serve", drafted.paper.id, Order(hand=flow.hand(safety, via="in-person")))
    place.deliver()
    mails = [message_from_bytes(p.read_bytes(), policy=default) for p in (place.folder / "out").glob("*.eml")]
    served = [m for m in mails if address in str(m["To"]) and "整改通知书" in str(m["Subject"])]
    assert len(served) == 1
    (word,) = served[0].iter_attachments()
    assert word.get_filename() == "整改通知书〔2024〕1号.docx"
    kept = place.folder / "notice.docx"
    kept.write_bytes(word.get_content())
    text = "\n".join(p.text for p in Document(str(kept)).paragraphs)
    assert "整改通知书" in text
    said = receive_mail(place, answer(served[0], "本周内整改完毕，先断电。", address))
    assert said.outcome.startswith("已记为补充说明；")
    done = receive_mail(place, answer(served[0], "签收", address))
    assert done.outcome == "签收已办理"
    for number in numbers:
        assert flow.ticket(number).state == "rectifying"
        assert [e.kind for e in flow.history(number)].count("remarked") == 1


def test_a_notice_is_signed_for_as_a_whole(open_place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """All its hazards, also after a crash; what is handed in is handed in for all, and refused for all."""
    from rectiflow._papers import paper_line

    place, flow = open_place, open_place.flow
    principal, address = head(place)
    paper, numbers = served(place, 3)
    mail = mailed(place, principal)
    early = receive_mail(place, answer(mail, "申请复查", address, ("整改后.png", PNG)))
    assert "申请复查没有办成" in early.outcome
    assert [e.kind for n in numbers for e in flow.history(n)].count("remarked") == 3
    raw = answer(mail, "签收", address)
    with monkeypatch.context() as patched:
        patched.setattr("rectiflow.storage.incoming.settle", interrupted)
        with pytest.raises(KeyboardInterrupt):
            receive_mail(place, raw)
    assert receive_mail(place, raw).outcome == "签收已办理"
    assert paper_line(flow, paper, by=principal).status == "acknowledged"
    assert {flow.ticket(n).state for n in numbers} == {"rectifying"}
    bare = receive_mail(place, answer(mail, "申请复查\n都清理了", address))
    assert "缺“佐证材料”，请附上整改后的照片，再回复一次" in bare.outcome
    done = receive_mail(place, answer(mail, "申请复查\n均已清理", address, ("整改后.png", PNG)))
    assert done.outcome == "申请复查已办理"
    assert {flow.ticket(n).state for n in numbers} == {"pending_verification"}


def test_a_short_message_signs_for_a_notice(open_place: Workplace) -> None:
    """1 in answer to the short message about a notice is for all hazards on it."""
    place, flow = open_place, open_place.flow
    principal, _ = head(place)
    set_reach(flow, principal, channels=("sms",), phone="13911112222", email="")
    _, numbers = served(place, 2)
    place.deliver()
    assert receive_sms(place, "13911112222", "1").outcome == "签收已办理"
    assert {flow.ticket(n).state for n in numbers} == {"rectifying"}


def test_an_old_notice_speaks_of_what_still_stands_on_it(open_place: Workplace) -> None:
    """A hazard that was taken back and stands on a later notice is answered for there, and by no answer to the older one."""
    from rectiflow._papers import draft_paper, take_step
    from rectiflow.engine.paper import Order

    place, flow = open_place, open_place.flow
    principal, address = head(place)
    _, (kept, moved) = served(place, 2)
    old = mailed(place, principal)
    safety, leader = (flow.directory().holders(r, None, flow.today())[0] for r in ("safety_section", "bureau_leader"))
    flow.do(moved, "recall", by=safety, reason="另行交办")
    officer = flow.directory().holders("safety_officer", "town1_school2", flow.today())[0]
    demand = {"due_on": "2024-09-25", "responsible_person": officer}
    later = draft_paper(flow, "rectification_notice", [moved], Order(hand=flow.hand(safety), data=demand)).paper.id
    take_step(flow, "sign", later, Order(hand=flow.hand(leader)))
    take_step(flow, "serve", later, Order(hand=flow.hand(safety)))
    place.deliver()
    mails = [message_from_bytes(p.read_bytes(), policy=default) for p in (place.folder / "out").glob("*.eml")]
    new = next(m for m in mails if address in str(m["To"]) and "〔2024〕2号" in str(m["Subject"]))
    assert receive_mail(place, answer(old, "签收", address)).outcome == "签收已办理"
    assert [flow.ticket(n).state for n in (kept, moved)] == ["rectifying", "assigned"]
    until = "申请延期到2024年9月30日，理由：招标。临时措施：值守"
    assert receive_mail(place, answer(old, until, address)).outcome == "申请延期到2024年9月30日已提交，等待批复"
    assert receive_mail(place, answer(old, "第一项的说明", address)).status == "unseen"
    assert [len(flow.snapshot(n).requests) for n in (kept, moved)] == [1, 0]
    assert [[e.kind for e in flow.history(n)].count("remarked") for n in (kept, moved)] == [1, 0]
    flow.do(kept, "recall", by=safety, reason="另行交办")
    gone = receive_mail(place, answer(old, "申请复查", address, ("整改后.png", PNG)))
    assert (gone.status, flow.ticket(moved).state) == ("waiting", "assigned")
    assert "这件文书上的隐患都已撤下或另行交办" in gone.outcome
    assert receive_mail(place, answer(new, "签收", address)).outcome == "签收已办理"
    assert flow.ticket(moved).state == "rectifying"


def test_what_a_supervision_paper_presses_for_is_handed_in_by_answering_it(open_place: Workplace) -> None:
    """Such a paper is not answered item by item: the hazards on it are handed in."""
    from rectiflow._papers import take_step
    from rectiflow.engine.paper import Order

    place, flow = open_place, open_place.flow
    principal, address = head(place)
    holders = flow.directory().holders
    safety, leader = (holders(role, None, flow.today())[0] for role in ("safety_section", "district_leader"))
    _, (number,) = served(place, 1)
    receive_mail(place, answer(mailed(place, principal), "签收", address))
    flow.ask(number, "挂牌督办", by=safety, level="district")
    flow.rule(number, 1, by=leader, approve=True)
    listing = flow.snapshot(number).documents[-1].id
    take_step(flow, "sign", listing, Order(hand=flow.hand(leader)))
    take_step(flow, "serve", listing, Order(hand=flow.hand(safety, via="in-person")))
    mail = mailed(place, principal)
    assert "挂牌督办通知书〔2024〕1号" in str(mail["Subject"])
    told = mail.get_body(("plain",))
    assert told is not None
    assert "整改完成后回复“申请复查”" in told.get_content()
    bare = receive_mail(place, answer(mail, "申请复查\n已清理", address))
    assert "请附上整改后的照片，再回复一次" in bare.outcome
    done = receive_mail(place, answer(mail, "申请复查\n已清理", address, ("整改后.png", PNG)))
    assert done.outcome == "申请复查已办理"
    assert flow.ticket(number).state == "pending_verification"


@pytest.mark.parametrize(
    "said", ["申请复查 {}", "{} 申请复查", "第1项申请复查，其余下周完成", "申请复查（第1项）：已清理"]
)
@pytest.mark.parametrize("whole", [True, False])
def test_single_items_are_handed_in(open_place: Workplace, said: str, whole: bool) -> None:
    """By their number or place, as the mail shows them; the others stay, and it is said which was handed in."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    _, numbers = served(place, 3)
    mail = mailed(place, principal)
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    serials = [int(number.rpartition("-")[2]) for number in numbers]
    for at, serial in enumerate(serials, start=1):
        assert f"{at}. 第 {at - 1} 处疏散通道堆放杂物（2024年9月20日前）〔{serial}号〕" in text
    assert "只有几项整改完的，写明是哪几项，如“第1项申请复查”，或“申请复查”加编号。" in " ".join(text.split())
    receive_mail(place, answer(mail, "签收", address))
    words = said.format(numbers[0] if whole else serials[0])
    done = receive_mail(place, answer(mail, words, address, ("整改后.png", PNG)))
    assert (done.status, done.outcome) == ("done", f"申请复查已办理（{numbers[0]}）")
    assert [flow.ticket(n).state for n in numbers] == ["pending_verification", "rectifying", "rectifying"]
    receipt = called(place, f"来信收到 {numbers[0]}")
    rest = f"申请复查 {serials[1]}、{serials[2]}\n也清理了"
    last = receive_mail(place, answer(receipt, rest, address, ("整改后.png", PNG)))
    assert last.outcome == f"申请复查已办理（{numbers[1]}、{numbers[2]}）"
    assert {flow.ticket(n).state for n in numbers} == {"pending_verification"}


def test_which_items_are_handed_in_is_asked(open_place: Workplace) -> None:
    """Where something is not done, only some are spoken of, or none bears the number: a remark, and how it is written."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    _, numbers = served(place, 3)
    mail = mailed(place, principal)
    receive_mail(place, answer(mail, "签收", address))
    example = f"请写明是哪几项，如“申请复查 {int(numbers[0].rpartition('-')[2])}”或“第1项申请复查”"
    for text in (
        "申请复查\n已清理两处，还有一处正在采购",
        f"申请复查\n{numbers[0]} 已清理",
        "第4项申请复查",
        "申请复查 4321",
        "照片是整改后的，请来复查",
    ):
        asked = receive_mail(place, answer(mail, text, address, ("整改后.png", PNG)))
        assert asked.outcome.startswith("已记为补充说明；没有办理"), text
        assert example in asked.outcome, text
        assert asked.status == "unseen"
    assert {flow.ticket(n).state for n in numbers} == {"rectifying"}
    receipts = [m for m in outbox(flow) if m.occasion == "来信回执"]
    assert len(receipts) == 6
    said = receive_mail(place, answer(mail, "第2项的配件已到", address))
    assert said.outcome == "已记为补充说明"
    assert [[e.kind for e in flow.history(n)].count("remarked") for n in numbers] == [5, 6, 5]


def test_a_notice_is_signed_for_as_a_whole_whatever_is_named(open_place: Workplace) -> None:
    """And that is said; a receipt that is answered is about the notice, too."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    _, numbers = served(place, 2)
    mail = mailed(place, principal)
    remarked = receive_mail(place, answer(mail, "第1项的钥匙在传达室", address))
    assert remarked.outcome == "已记为补充说明；还没有签收，签收请在第一行只写“签收”"
    receipt = called(place, f"来信收到 {numbers[0]}")
    done = receive_mail(place, answer(receipt, "第1项签收", address))
    assert done.outcome == "签收已办理（这件文书各项一次签收）"
    assert {flow.ticket(n).state for n in numbers} == {"rectifying"}
    asked = receive_mail(place, answer(mail, "第2项申请延期到2024年9月30日，理由：招标。临时措施：值守", address))
    assert asked.outcome == f"申请延期到2024年9月30日已提交，等待批复（{numbers[1]}）"
    assert [len(flow.snapshot(n).requests) for n in numbers] == [0, 1]
