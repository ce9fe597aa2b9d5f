"""Answers by short message: whose they are, and which hazard they are about."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rectiflow._answers import receive_receipt, receive_sms
from rectiflow._clock import SetClock
from rectiflow._incidents import incidents
from rectiflow._messages import outbox
from rectiflow._persons import reach, set_reach
from rectiflow._workplace import Workplace
from rectiflow.engine.decision import MessageDraft
from rectiflow.notifiers.receipts import Receipt
from support.answers import head, responsible, texted
from support.workplaces import assigned

DATABASES = ("sqlite",)  #: the queries behind are tested on both in tests/integration/storage


def test_a_short_message_answers_the_last_one(open_place: Workplace) -> None:
    """1 is 签收 of what was sent last to that number; another number, and silence of three days, ask for a person."""
    place, flow = open_place, open_place.flow
    _, number = texted(place, email="head@school.example")
    assert receive_sms(place, "13900000000", "1").status == "waiting"
    done = receive_sms(place, "13911112222", "1")
    assert (done.outcome, done.number) == ("签收已办理", number)
    assert flow.history(number)[-1].via == "sms"
    assert isinstance(place.clock, SetClock)
    place.clock.forward(days=5)
    assert "三天内" in receive_sms(place, "13911112222", "收到").outcome


def test_an_answer_is_about_what_its_sender_had_read(open_place: Workplace) -> None:
    """A late "1" speaks of what had been sent when it was written; after a digest it is the one hazard still to be signed for."""
    place, flow = open_place, open_place.flow
    principal, first = texted(place, email="head@school.example")
    written = flow.now() + timedelta(minutes=1)
    assert isinstance(place.clock, SetClock)
    place.clock.forward(hours=2)
    (second,) = assigned(place, 1)
    place.deliver()
    assert receive_sms(place, "13911112222", "1", at=written).number == first
    assert flow.ticket(second).state == "assigned"
    flow.enqueue(
        [MessageDraft(key="digest:x", recipient=principal, template="generic", params={"lines": "三条"}, urgent=True)]
    )
    place.clock.forward(minutes=5)
    place.deliver()
    assert receive_sms(place, "+86 139 1111 2222", "1").number == second
    assert "请回复那条隐患的消息" in receive_sms(place, "13911112222", "收到").outcome


@pytest.mark.parametrize(
    ("registered", "sender"),
    [("13911112222", "+8613911112222"), ("+8613911112222", "13911112222"), ("8613911112222", "139 1111 2222")],
)
def test_a_number_is_the_same_however_it_is_written(open_place: Workplace, registered: str, sender: str) -> None:
    """With or without the country's code, in the register and from the gateway; receipts too."""
    place, flow = open_place, open_place.flow
    principal, _ = texted(place, registered)
    assert receive_sms(place, sender, "1").outcome == "签收已办理"
    for n in (1, 2):
        bad = Receipt(message_id=None, vendor_id=f"{n}", phone=sender, delivered=False, code="MK:0001", at=None)
        receive_receipt(place, bad)
    assert [r.person for r in reach(flow)] == [principal]


def test_a_number_that_two_colleagues_share(open_place: Workplace) -> None:
    """The telephone of a small school answers for whom the message was for, the head."""
    place, flow = open_place, open_place.flow
    principal, _ = head(place)
    other, _ = responsible(place)
    for person in (principal, other):
        set_reach(flow, person, channels=("sms",), phone="13911112222")
    (number,) = assigned(place, 1)
    place.deliver()
    assert receive_sms(place, "13911112222", "1").outcome == "签收已办理"
    assert flow.history(number)[-1].actor == principal


def test_a_number_that_two_units_share(open_place: Workplace) -> None:
    """Nobody knows who answered: a person looks at it, nothing is signed for."""
    place, flow = open_place, open_place.flow
    principal, _ = head(place)
    (other,) = flow.directory().holders("principal", "town1_school1", flow.today())
    for person in (principal, other):
        set_reach(flow, person, channels=("sms",), phone="13911112222")
    (number,) = assigned(place, 1)
    place.deliver()
    found = receive_sms(place, "13911112222", "1")
    assert (found.status, found.number) == ("waiting", number)
    assert "不知道是谁的答复" in found.outcome
    assert flow.ticket(number).state == "assigned"


@pytest.mark.parametrize("said", ["签收 {}", "{} 签收", "签收{}", "1 {}"])
@pytest.mark.parametrize("short", [True, False])
def test_a_number_names_the_hazard(open_place: Workplace, said: str, short: bool) -> None:
    """However it is written, the hazard that bears it is signed for, not the last one."""
    place, flow = open_place, open_place.flow
    _, first = texted(place)
    (second,) = assigned(place, 1)
    place.deliver()
    written = str(int(first.rpartition("-")[2])) if short else first
    done = receive_sms(place, "13911112222", said.format(written))
    assert (done.outcome, done.number) == ("签收已办理", first)
    assert flow.ticket(second).state == "assigned"


def test_words_with_a_number_are_about_that_hazard(open_place: Workplace) -> None:
    """Also a remark; a number that this telephone was not told of is asked back about; two at once are signed for."""
    place, flow = open_place, open_place.flow
    _, first = texted(place)
    (second,) = assigned(place, 1)
    place.deliver()
    kept = receive_sms(place, "13911112222", f"{first} 配件已到")
    assert (kept.number, kept.outcome) == (first, "已记为补充说明；还没有签收，签收请回复“1”")
    assert f"{first} 配件已到" in str(flow.history(first)[-1])
    assert "没有给这个号码发过 LZH-2024-000999" in receive_sms(place, "13911112222", "签收 LZH-2024-000999").outcome
    assert {flow.ticket(n).state for n in (first, second)} == {"assigned"}
    both = receive_sms(place, "13911112222", f"签收 {first}、{second}")
    assert both.outcome == f"签收已办理（{first}、{second}）"
    assert {flow.ticket(n).state for n in (first, second)} == {"rectifying"}


@pytest.mark.parametrize("full", [False, True])
def test_a_number_that_was_not_told_is_asked_back_about(open_place: Workplace, full: bool) -> None:
    """Whatever is asked for: filed under no hazard, nothing on record, and the receipt is headed by none."""
    place, flow = open_place, open_place.flow
    _, first = texted(place)
    assert isinstance(place.clock, SetClock)
    place.clock.forward(minutes=5)
    (second,) = assigned(place, 1)
    place.deliver()
    before = [len(flow.history(number)) for number in (first, second)]
    unknown = "LZH-2024-000999" if full else "77"
    for said in ("签收 {}", "{} 签收", "申请复查 {}", "销号 {}", "退回 {}"):
        found = receive_sms(place, "13911112222", said.format(unknown))
        assert (found.number, found.status) == (None, "done")
        verb = said.replace("{}", "").strip().replace("销号", "签收")
        assert found.outcome == f"三天内没有给这个号码发过 {unknown}，没有办理；请写消息里的编号，如“{verb} 2”"
    assert [len(flow.history(number)) for number in (first, second)] == before
    receipts = [m for m in outbox(flow) if m.occasion == "来信回执"]
    assert [m.number for m in receipts] == [None] * 5
    place.deliver()
    assert "没有办理；请写消息里的编号，如“签收 2”" in (place.folder / "sms.log").read_text()


def test_what_is_never_done_by_message_stands_with_the_hazard_it_names(open_place: Workplace) -> None:
    """销号 1 is about the first, though the second was told last; so is 退回."""
    place, flow = open_place, open_place.flow
    _, first = texted(place)
    assigned(place, 1)
    place.deliver()
    short = int(first.rpartition("-")[2])
    assert receive_sms(place, "13911112222", f"销号 {short}").number == first
    assert receive_sms(place, "13911112222", f"退回 {short}").number == first
    assert [e.kind for e in flow.history(first)].count("remarked") == 2
    assert receive_sms(place, "13911112222", "不是我校的").outcome.endswith("请回复 退回 编号")


def test_a_bare_answer_with_several_open_asks_back(open_place: Workplace) -> None:
    """The numbers are told; once one is left open, 1 means that one, whatever was sent last."""
    place, flow = open_place, open_place.flow
    _, first = texted(place)
    (second,) = assigned(place, 1)
    place.deliver()
    asked = receive_sms(place, "13911112222", "1")
    assert asked.outcome == f"有2条待签收：{first}、{second}，请回复 签收 编号"
    assert {flow.ticket(n).state for n in (first, second)} == {"assigned"}
    place.deliver()
    assert any(asked.outcome in line for line in (place.folder / "sms.log").read_text().splitlines())
    assert receive_sms(place, "13911112222", f"签收 {second}").number == second
    again = [receive_sms(place, "13911112222", "1") for _ in range(2)]
    assert [(one.number, one.outcome, one.again) for one in again] == [
        (first, "签收已办理", False),
        (first, "签收已办理", True),
    ]
    assert flow.ticket(first).state != "assigned"


def test_odd_characters_in_a_short_message(open_place: Workplace) -> None:
    """NUL and halves of characters go; the answer counts."""
    place = open_place
    texted(place, email="head@school.example")
    assert receive_sms(place, "13911112222", "\0签收\0").outcome == "签收已办理"
    assert receive_sms(place, "13911112222", "好的\ud83d").outcome == "已记为补充说明"


def test_numbers_are_masked_in_what_others_read(open_place: Workplace) -> None:
    """Incidents, histories and the log name a telephone number only in part."""
    place, flow = open_place, open_place.flow
    _, number = texted(place)
    for n in (1, 2):
        bad = Receipt(message_id=None, vendor_id=f"{n}", phone="13911112222", delivered=False, code="MK:0001", at=None)
        found = receive_receipt(place, bad)
        assert found is not None
        assert "139****2222" in found.outcome
    assigned(place, 1)
    place.deliver()
    told = [
        *(i.message for i in incidents(flow)),
        *(str(e.private) for e in flow.history(number)),
        *reach(flow)[0].troubles,
    ]
    assert len(told) > 4
    assert not [t for t in told if "13911112222" in t]


def test_a_short_message_delivered_twice(open_place: Workplace) -> None:
    """Where the gateway tells no time, the same words about the same message are the same; about the next one they are not."""
    place, flow = open_place, open_place.flow
    _, first = texted(place)
    assert isinstance(place.clock, SetClock)
    assert not receive_sms(place, "13911112222", "已派人去修").again
    place.clock.forward(minutes=20)
    place.deliver()  # the receipt goes out meanwhile
    assert receive_sms(place, "+8613911112222", "已派人去修").again
    assert [e.kind for e in flow.history(first)].count("remarked") == 1
    (second,) = assigned(place, 1)
    place.deliver()
    assert receive_sms(place, "13911112222", "已派人去修").number == second
    written = flow.now()
    place.clock.forward(minutes=1)
    later = [receive_sms(place, "13911112222", "好", at=at) for at in (written, written, flow.now())]
    assert [r.again for r in later] == [False, True, False]
    unknown = [receive_sms(place, "13900000000", "你好").again for _ in range(2)]
    assert unknown == [False, True]


def two_signed(place: Workplace) -> tuple[str, str]:
    """Give two hazards to a head who is told by short message and signs for both."""
    _, first = texted(place)
    (second,) = assigned(place, 1)
    place.deliver()
    both = receive_sms(place, "13911112222", f"签收 {first}、{second}")
    assert both.outcome == f"签收已办理（{first}、{second}）"
    return first, second


def test_what_fits_several_is_asked_back_about(open_place: Workplace) -> None:
    """申请复查 and 申请延期 without a number, as 签收; once only one can be meant, it is that one, whatever was told last."""
    place, flow = open_place, open_place.flow
    first, second = two_signed(place)
    until = "申请延期到2024年9月30日，理由：招标。临时措施：值守"
    asked = receive_sms(place, "13911112222", until)
    assert asked.outcome.startswith(f"有2条可以申请延期：{first}、{second}，请写明编号，如“{_short(first)} 申请延期到")
    bare = receive_sms(place, "13911112222", "申请复查")
    assert bare.outcome == f"有2条可以申请复查：{first}、{second}，请写明编号，如“申请复查 {_short(first)}”"
    assert (asked.number, bare.number) == (None, None)
    named = receive_sms(place, "13911112222", f"{_short(first)} {until}")
    assert (named.number, named.outcome) == (first, "申请延期到2024年9月30日已提交，等待批复")
    assert [len(flow.snapshot(n).requests) for n in (first, second)] == [1, 0]
    safety = flow.directory().holders("safety_section", None, flow.today())[0]
    flow.do(second, "recall", by=safety, reason="另行交办")
    assert "缺“佐证材料”" in receive_sms(place, "13911112222", "申请复查").outcome
    assert [e.kind for e in flow.history(first)].count("remarked") == 1


@pytest.mark.parametrize(
    "said", ["{}签收", "签收{}，已安排整改", "签收{}号", "{}号收到", "LZH2024{:06d}签收", "lzh2024{:06d} 收到！马上办"]
)
def test_the_hazard_that_is_named_is_signed_for(open_place: Workplace, said: str) -> None:
    """However the number stands beside the words; never another."""
    place, flow = open_place, open_place.flow
    texted(place)
    (second,) = assigned(place, 1)
    (third,) = assigned(place, 1)
    place.deliver()
    done = receive_sms(place, "13911112222", said.format(_short(second)))
    assert done.outcome.startswith("签收已办理")
    assert (done.number, flow.ticket(second).state, flow.ticket(third).state) == (second, "rectifying", "assigned")


def test_several_are_signed_for_at_once(open_place: Workplace) -> None:
    """A list and a range; of one that was not told nothing is done."""
    place, flow = open_place, open_place.flow
    texted(place)
    numbers = [assigned(place, 1)[0] for _ in range(3)]
    place.deliver()
    two, three, four = map(_short, numbers)
    unknown = receive_sms(place, "13911112222", f"签收 {two}、99")
    assert unknown.outcome.startswith("三天内没有给这个号码发过 99，没有办理")
    assert receive_sms(place, "13911112222", f"{two} {three}签收").status == "done"
    assert [flow.ticket(n).state for n in numbers] == ["rectifying", "rectifying", "assigned"]
    assert receive_sms(place, "13911112222", f"签收{two}-{four}").outcome.startswith("签收已办理（")
    assert {flow.ticket(n).state for n in numbers} == {"rectifying"}


def test_a_number_in_the_midst_is_asked_back_about(open_place: Workplace) -> None:
    """What speaks of a hazard, and does not say it plainly, is filed under no other."""
    place, flow = open_place, open_place.flow
    first, second = two_signed(place)
    before = [len(flow.history(n)) for n in (first, second)]
    for text in (f"申请延期7天，{_short(first)}的配件没到", f"收到，{_short(first)}马上办"):
        asked = receive_sms(place, "13911112222", text)
        assert (asked.number, asked.outcome.partition("没有办理")[0]) == (None, f"短信里提到{first}，")
    assert [len(flow.history(n)) for n in (first, second)] == before


def test_the_last_of_what_went_out_at_one_instant(open_place: Workplace) -> None:
    """It is the one that was written last."""
    place = open_place
    principal, _ = texted(place)
    numbers = assigned(place, 3)
    place.deliver()
    assert principal
    assert receive_sms(place, "13911112222", "已派人去修").number == max(numbers)


def _short(number: str) -> int:
    return int(number.rpartition("-")[2])
